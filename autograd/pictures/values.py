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


def tooltip(node: Node, name: str) -> str:
    """All there is to know about a node, every digit of it."""
    made = f" = {operation(node)}" if node.op else ""
    return quoted(f"{name}{made}; data {node.data!r}; grad {node.grad!r}")


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
    row, blocks = wrapped(order, used)
    wide = any(len(steps) > 1 for _, steps in blocks.values())
    lines = []
    for i, node in reversed(list(enumerate(order))):
        head, (block, steps) = f"n{i}", blocks[node]
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
            if place:
                look["arrowhead"] = "none"
            if wide and (tail[0] == "c" or used[operands[k]] == 1):
                look["weight"] = "2"  # with what it is used for
            lines.append(arrow(tail, f"{head}_{place}" if place else head, **look))
        for place, length in enumerate(steps[:-1], 1):  # a line that blocks join
            lines.append(statement(f"{head}_{place}", shape="point", width="0.03"))
            look = {"color": GUIDE, "weight": "999", "minlen": str(length)}
            if place > 1:
                look["arrowhead"] = "none"
            ahead = f"{head}_{place - 1}" if place > 1 else head
            lines.append(arrow(f"{head}_{place}", ahead, **look))
    lines += in_order((f"n{i}", names[x], row[x]) for i, x in enumerate(order) if x.op)
    said = legend(order) if computed else NOT_COMPUTED
    # A page scrolls down; but a line that blocks join goes to the right.
    return digraph(lines, 0 if wide else max(row.values()), **caption(said)), len(order)


ABREAST = 16
"""Operands of a node above which they stand in blocks, one behind the other."""

Blocks = tuple[list[int], list[int]]
"""For each operand its block, and for each block how many boxes it is deep."""


def wrapped(
    order: Sequence[Node], used: Mapping[Node, int]
) -> tuple[dict[Node, int], dict[Node, Blocks]]:
    """How far each node is from the output, and the blocks that its operands stand in.

    An operand stands with all that is used for it alone, as many beside each other as
    make the picture about as high as wide.
    """
    shown = {node: [node.operands[k] for k in uses(node)] for node in order}
    depth: dict[Node, int] = {}
    for node in order:
        depth[node] = 1 + max((depth[x] for _, x in edges(node)), default=0)
    parallel = Counter(depth[x] for x, xs in shown.items() if len(xs) > ABREAST)
    most = max(ABREAST, 1.4 * sum(1 + len(xs) for xs in shown.values()) ** 0.5)
    most /= max(parallel.values(), default=1)
    size: dict[Node, tuple[int, float]] = {}
    blocks: dict[Node, Blocks] = {}
    for node in order:
        found, deep, broad = [], [0], [0.0]
        for x in shown[node]:
            steps, breadth = 1, 0.5  # of a constant
            if x.__class__ is not float:
                steps, breadth = size[x] if used[x] == 1 else (1, 1.0)
            if len(shown[node]) > ABREAST and 0 < broad[-1] > most - breadth:
                deep.append(0)
                broad.append(0.0)
            deep[-1] = max(deep[-1], steps)
            broad[-1] += breadth
            found.append(len(deep) - 1)
        blocks[node] = found, deep
        size[node] = 1 + sum(deep), max(1.0, *broad)
    row = dict.fromkeys(order, 0)
    for node in reversed(order):
        found, deep = blocks[node]
        for place, x in zip(found, shown[node]):
            if x.__class__ is not float:
                row[x] = max(row[x], row[node] + sum(deep[:place]) + 1)
    return row, blocks


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
    return box(identifier, rows, tooltip(node, name), tint(node.grad, scale), pen)


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
