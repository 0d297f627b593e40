"""The graph value by value: one box for each number, one arrow for each use of it.

The operation is part of the box of its result. A box is tinted by the sign and
size of its gradient, and an arrow carries the partial that the chain rule
multiplies by there, left out where it is 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from autograd.core.graph import Node, edges
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.pictures.layout import Blocks, blocks
from autograd.pictures.markup import (
    CONSTANT,
    GUIDE,
    MUTED,
    PALE,
    arrow,
    box,
    caption,
    cell,
    digraph,
    font,
    in_order,
    largest,
    pale,
    quoted,
    statement,
    text,
    tint,
)
from autograd.table.number import BINARY
from autograd.table.rules import RULES, Reduction, Rule

__all__ = ["values_view"]


def title(node: Node, name: str) -> str:
    """A name with the operation that made it, such as ``z = w·x + b``."""
    return f"{text(name)} = {text(operation(node))}" if node.op else text(name)


def tooltip(node: Node, name: str, computed: bool = False) -> str:
    """All there is to know about a node, every digit of it."""
    made = f" = {operation(node)}" if node.op else ""
    grad = f"; grad {node.grad!r}" if computed or node.grad else ""
    return quoted(f"{name}{made}; data {node.data!r}{grad}")


def factor(partial: float) -> str:
    """What an arrow says: nothing for ×1."""
    return "" if partial == 1.0 else f"×{number(partial, 3)}"


def values_view(order: Sequence[Node], names: Mapping[Node, str]) -> tuple[str, int]:
    """DOT text with every value of a graph, and the number of boxes but constants.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        names: what to call them.
    """
    scale = largest(node.grad for node in order)
    computed = order[-1].grad != 0.0
    position = {node: i for i, node in enumerate(order)}
    used = Counter(x for node in order for _, x in edges(node))
    row, joined = wrapped(order)
    wide = any(len(steps) > 1 for _, steps in joined)
    lines = []
    for i, node in reversed(list(enumerate(order))):
        head, (block, steps) = f"n{i}", joined[i]
        lines.append(value_box(head, node, names[node], scale, computed))
        operands, partials = node.operands, node.partials
        for place, k in zip(block, uses(node)):
            if operands[k].__class__ is float:
                tail, said = f"c{i}_{k}", f'"{constant(node, k)}"'
                lines.append(pale(tail, said, '"a constant"', CONSTANT))
                look = {"color": PALE}
            else:
                tail = f"n{position[operands[k]]}"
                look = looks(partials[k], names[node], names[operands[k]])
            if wide and (tail[0] == "c" or used[operands[k]] == 1):
                look["weight"] = "2"  # with what it is used for
            lines.append(into(head, place, tail, look))
        lines += line_of(head, steps)
    lines += in_order((f"n{i}", names[x], row[x]) for i, x in enumerate(order) if x.op)
    said = legend(order) if computed else NOT_COMPUTED
    # A page scrolls down; but a line that blocks join goes to the right.
    return digraph(lines, 0 if wide else max(row.values()), **caption(said)), len(order)


def into(head: str, block: int, tail: str, look: dict[str, str]) -> str:
    """An arrow into a box, or where its block joins the line that leads there."""
    if block == 0:
        return arrow(tail, head, **look)
    return arrow(tail, f"{head}j{block}", **look, arrowhead="none")


def line_of(head: str, steps: Sequence[int]) -> list[str]:
    """The line that the blocks join, which are so many steps deep."""
    lines = []
    for block, length in enumerate(steps[:-1], 1):
        look = {"color": GUIDE, "weight": "999", "minlen": str(length)}
        lines.append(statement(f"{head}j{block}", shape="point", width="0.03"))
        lines.append(into(head, block - 1, f"{head}j{block}", look))
    return lines


def wrapped(order: Sequence[Node]) -> tuple[dict[Node, int], list[Blocks]]:
    """How far each node is from the output, and the blocks its operands stand in."""
    position = {node: i for i, node in enumerate(order)}
    shown = [
        [position.get(x) for x in (node.operands[k] for k in uses(node))]
        for node in order
    ]
    found = blocks(shown)
    row = [0] * len(order)
    for i in reversed(range(len(order))):
        for block, x in zip(found[i][0], shown[i]):
            if x is not None:
                row[x] = max(row[x], row[i] + sum(found[i][1][:block]) + 1)
    return dict(zip(order, row)), found


NOT_COMPUTED = "no gradient has been computed from here: call backward()"


def legend(order: Sequence[Node]) -> str:
    """What the looks of the boxes say, as far as they occur."""
    grads = [node.grad for node in order]
    said = ["orange: positive gradient"] if any(x > 0 for x in grads) else []
    said += ["purple: negative"] if any(x < 0 for x in grads) else []
    said += ["yellow: nan"] if any(map(math.isnan, grads)) else []
    said.append("thick border: leaf")
    if any(node.partials[k] == 0.0 for node in order for k, _ in edges(node)):
        said.append("dashed: partial 0")
    return "; ".join(said)


def uses(node: Node) -> list[int]:
    """The positions of the operands to show: all, but what only repeats something.

    A row of many operands whose first ones have the partial 0 everywhere, as a
    checkpoint's, keeps its slopes there: they stand on the arrows already.
    """
    rule = RULES[node.op] if node.op else None
    repeating = isinstance(rule, Reduction) and 0 in rule.partials
    return [
        k
        for k, x in enumerate(node.operands)
        if not (repeating and x.__class__ is float)
    ]


def constant(node: Node, k: int) -> str:
    """A constant operand, with the name that its row gives it, as ``y = 1``."""
    rule, said = RULES[node.op], number(node.operands[k])
    if isinstance(rule, Rule) and rule.name not in BINARY:
        return f"{rule.parameters[k]} = {said}"
    return said


def gradient(node: Node, computed: bool) -> str:
    """What a box shows of it: a dash before there is any."""
    return number(node.grad) if computed or node.grad else "–"


def value_box(
    identifier: str, node: Node, name: str, scale: float, computed: bool
) -> str:
    """A box with a value's name, data and gradient, tinted."""
    rows = [
        [cell(font(title(node, name), bold=True), "CENTER", span=2)],
        [cell("data "), cell(number(node.data), "RIGHT")],
        [cell("grad "), cell(font(gradient(node, computed), bold=True), "RIGHT")],
    ]
    pen = 0.8 if node.op else 1.8
    hint = tooltip(node, name, computed)
    return box(identifier, rows, hint, tint(node.grad, scale), pen)


def looks(partial: float, head: str, tail: str) -> dict[str, str]:
    """An arrow with the partial on it, dashed where nothing gets through."""
    pairs = {"color": PALE if partial == 0.0 else GUIDE, "fontcolor": MUTED}
    if partial == 0.0:
        pairs["style"] = "dashed"
    said = factor(partial)
    if said:
        pairs["label"] = f'" {said} "'
    pairs["tooltip"] = quoted(f"∂{head}/∂{tail} = {partial!r}")
    return pairs
