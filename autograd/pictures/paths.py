"""One gradient as the sum that it is: each path in its color, and their products.

Only what lies on the paths from a value to the output is shown, and in grey the
other operands that the local derivatives were computed from, as the other factor
of a product. An edge that several paths share has the colors of all.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograd.core.graph import Node
from autograd.paths.explain import Between, PathSum, explain
from autograd.paths.numerals import number
from autograd.pictures.markup import (
    arrow,
    cell,
    digraph,
    font,
    quoted,
    raised,
    statement,
    table,
    text,
)
from autograd.pictures.palette import ENDS, INK, MUTED, PALE, PATHS
from autograd.pictures.values import constant, title, tooltip, uses
from autograd.table.rules import RULES, Reduction

__all__ = ["paths_view"]


def paths_view(output: Node, wrt: Node) -> tuple[str, int]:
    """DOT text with the largest paths, and the number of boxes on them.

    Args:
        output: what is differentiated.
        wrt: by what. If ``output`` does not depend on it, the two stand alone.
    """
    total = explain(output, wrt, limit=len(PATHS))
    named = total.named()
    between = Between(output, wrt)
    adjoints = {wrt: 0.0, output: 1.0}
    if between.order:
        adjoints = dict(zip(between.order, between.adjoints()))

    # For each node on a path, the positions of the operands that the paths come by.
    steps: dict[Node, dict[int, list[str]]] = {wrt: {}, output: {}}
    colors: dict[Node, list[str]] = {wrt: [], output: []}
    for color, path in zip(PATHS, total.paths):
        for node in path.nodes:
            colors.setdefault(node, []).append(color)
        for node, k in zip(path.nodes[1:], path.positions):
            steps.setdefault(node, {}).setdefault(k, []).append(color)

    # Declared path by path, so that Graphviz tends to draw the first one on top.
    shown = list(dict.fromkeys([*(x for p in total.paths for x in p.nodes), *steps]))
    position = {node: i for i, node in enumerate(between.order)} or {wrt: 0, output: 1}
    identifier = {node: f"n{position[node]}" for node in shown}
    lines = []
    for node in shown:
        own, into = colors[node], steps.get(node, {})
        outline = own[0] if len(own) == 1 < len(total.paths) else INK
        said = f"{_slope(total, node)} {number(adjoints[node])}"
        ends = node is wrt or node is output
        lines.append(_box(identifier[node], node, named[node], said, outline, ends))
        for k, shared in into.items():
            lines.append(
                _step(
                    identifier[node.operands[k]],
                    identifier[node],
                    node.partials[k],
                    shared,
                )
            )
        for k in _others(node, set(into)):
            x = node.operands[k]
            if x.__class__ is float or x not in identifier:
                name = f"{identifier[node]}_{k}"
                lines.append(_other(name, node, k, named))
                lines.append(arrow(name, identifier[node], color=PALE, arrowsize="0.4"))
    return digraph(lines, label=_sum(total), labelloc="b", labeljust="l"), len(shown)


def _slope(total: PathSum, node: Node) -> str:
    """The left side of the line with a node's derivative."""
    over, under = total.title(total.output), total.title(node)
    short = over and under and len(over) + len(under) <= 20
    return f"∂{over}/∂{under} =" if short else "adjoint"


def _step(tail: str, head: str, partial: float, colors: list[str]) -> str:
    """One step of the paths of these colors, with what it multiplies by."""
    return arrow(
        tail,
        head,
        color=f'"{":".join(colors)}"',
        penwidth="1.8",
        fontcolor=INK,
        label=raised(f" ×{number(partial, 3)} "),
        tooltip=quoted(f"local derivative {partial!r}"),
    )


def _box(
    identifier: str, node: Node, name: str, slope: str, outline: str, end: bool
) -> str:
    rows = [
        [cell(font(title(node, name), bold=True), "CENTER")],
        [cell(number(node.data), "CENTER")],
        [cell(font(text(slope), MUTED, 9), "CENTER")],
    ]
    return statement(
        identifier,
        label=table(rows),
        style="rounded,filled",
        fillcolor=ENDS if end else "white",
        color=outline,
        fontcolor=INK,
        penwidth="1.8",
        margin="0.08,0.05",
        tooltip=tooltip(node, name),
    )


def _others(node: Node, taken: set[int]) -> Iterator[int]:
    """The operands that the derivatives by the ``taken`` ones were computed from.

    The row tells: a partial that is a number needs none, a term of a reduction
    only its own, and an operand whose own partial is 0 everywhere is a setting.
    """
    if not node.op or not taken:
        return
    rule, n = RULES[node.op], len(node.operands)
    if isinstance(rule, Reduction):
        terms = n // rule.columns
        needed = {
            column * terms + k % terms
            for k in taken
            if k < terms * rule.columns
            for column in range(rule.columns)
        }
    elif any(callable(rule.partials[k]) for k in taken):
        needed = {k for k in range(n) if callable(rule.partials[k])}
    else:
        needed = set()
    yield from sorted(needed.intersection(uses(node)) - taken)


def _other(identifier: str, node: Node, k: int, named: dict[Node, str]) -> str:
    """A pale box with an operand that is on none of the paths."""
    x = node.operands[k]
    if x.__class__ is float:
        said, hint = text(constant(node, k)), '"a constant"'
    else:
        name = named.get(x) or x.label
        said, hint = text(f"{name} {number(x.data)}".strip()), tooltip(x, name)
    return statement(
        identifier,
        label=f"<{said}>",
        style="rounded",
        color=PALE,
        fontcolor=MUTED,
        fontsize="9",
        margin="0.05,0.02",
        height="0.2",
        width="0.3",
        tooltip=hint,
    )


def _sum(total: PathSum) -> str:
    """The table of the paths, whose last line is their sum."""
    rows = []
    swatches = [*PATHS[: len(total.paths)], "", ""]  # for the others, and the sum
    for (index, nodes, product, contribution), color in zip(total.rows(), swatches):
        last = index == "sum"
        rows.append(
            [
                cell(font("━━", color) if color else ""),
                cell(font(text(index), bold=True)),
                cell(font(text(nodes, 500), bold=last)),
                cell(text(product, 500)),
                cell(font("=", bold=True)),
                cell(font(text(contribution), bold=True), "RIGHT"),
            ]
        )
    return table(rows, padding=4, border=PALE)
