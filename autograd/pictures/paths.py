"""One gradient as the sum that it is: each path in its color, and their products.

Only what lies on the paths from a value to the output is shown, and in grey the
other operands that the partials were computed from, as the other factor
of a product. An edge that several paths share has the colors of all. Where more paths
leave a box than are drawn, a dashed stub says how many and what they contribute, so
that the ways out of a box add up to the derivative in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

from autograd.core.graph import Node
from autograd.paths.between import Between
from autograd.paths.explain import explain
from autograd.paths.numerals import counted, number, signed
from autograd.paths.tables import Table
from autograd.pictures.layout import blocks
from autograd.pictures.markup import (
    ENDS,
    INK,
    MUTED,
    PALE,
    PATHS,
    arrow,
    box,
    cell,
    digraph,
    font,
    in_order,
    pale,
    quoted,
    raised,
    statement,
    table,
    text,
)
from autograd.pictures.values import constant, into, line_of, title, tooltip, uses
from autograd.table.rules import RULES, Reduction

__all__ = ["paths_view", "sum_table"]

LONG = 2_000
"""Characters of a row; it is abridged already."""

STYLES = ("solid", "dashed", "dotted")
"""Of the lines, so that there are more looks than colors."""


def paths_view(output: Node, wrt: Node, limit: int) -> tuple[str, int]:
    """DOT text with the largest paths, and the number of boxes on them.

    Args:
        output: what is differentiated.
        wrt: by what. If ``output`` does not depend on it, the two stand alone.
        limit: how many paths to draw.
    """
    total = explain(output, wrt, limit)
    named, summed = total.named(), total.table
    digits = summed.printed.digits
    between = Between(output, wrt)
    place = {node: i for i, node in enumerate(between.order)} or {wrt: 0, output: 1}
    adjoints, counts = [0.0, 1.0], [0.0, 1.0]
    if between.order:
        adjoints, counts = between.adjoints(), between.counts()

    # For each node on a path, the positions of the operands that the paths come by.
    steps: dict[Node, dict[int, list[str]]] = {wrt: {}, output: {}}
    colors: dict[Node, list[str]] = {wrt: [], output: []}
    for i, path in enumerate(total.paths):
        for node in path.nodes:
            colors.setdefault(node, []).append(PATHS[i % len(PATHS)])
        for node, k in zip(path.nodes[1:], path.positions):
            steps.setdefault(node, {}).setdefault(k, []).append(_pen(i))

    # Declared path by path, so that Graphviz tends to draw the first one on top.
    shown = list(dict.fromkeys([*(x for p in total.paths for x in p.nodes), *steps]))
    identifier = {node: f"n{place[node]}" for node in shown}
    missing = {node: [counts[place[node]], adjoints[place[node]]] for node in shown}
    lines = []
    inner = sorted(shown, key=place.__getitem__)
    at = {node: i for i, node in enumerate(inner)}
    others = {node: _others(node, set(steps.get(node, ())), at) for node in inner}
    drawn = [
        [at[node.operands[k]] for k in steps.get(node, ())] + [None] * len(others[node])
        for node in inner
    ]
    joined = blocks(drawn)
    used = Counter(x for xs in drawn for x in xs)
    wide = any(len(deep) > 1 for _, deep in joined)
    for node in shown:
        own, partials = colors[node], node.partials
        operands, (block, deep) = node.operands, joined[at[node]]
        found = iter(block)
        outline = own[0] if len(own) == 1 < len(total.paths) else INK
        slope = f"∂{named[output]}/∂{named[node]} ="
        said = f"{slope if len(slope) < 24 else '∂ ='} {number(adjoints[place[node]])}"
        ends = node is wrt or node is output
        lines.append(_box(identifier[node], node, named[node], said, outline, ends))
        for k, pens in steps.get(node, {}).items():
            x = operands[k]
            missing[x][0] -= counts[place[node]]
            missing[x][1] -= partials[k] * adjoints[place[node]]
            look = _step(partials[k], pens, digits, f"∂{named[node]}/∂{named[x]}")
            if wide and used[at[x]] == 1:
                look["weight"] = "2"  # with what it is used for
            lines.append(into(identifier[node], next(found), identifier[x], look))
        for k in others[node]:
            name = f"{identifier[node]}_{k}"
            look = {"color": PALE, "arrowsize": "0.4"}
            lines.append(_other(name, node, k, named))
            lines.append(into(identifier[node], next(found), name, look))
        lines += line_of(identifier[node], deep)
    for node, (count, sum_) in missing.items():
        if count > 0 and node is not output and between.order:
            lines += _stub(identifier[node], count, sum_)
    pens = [_pen(i) for i in range(len(total.paths))]
    legend = "yellow: the two ends; grey: other operands, other paths"
    label = sum_table(summed, pens, legend)
    steps_on = {node: i for p in total.paths for i, node in enumerate(p.nodes)}
    lines += in_order((identifier[x], named[x], steps_on.get(x, 0)) for x in shown)
    # What blocks join leads to the right; else a page scrolls down.
    deepest = 0 if wide else max((len(p.partials) for p in total.paths), default=1)
    picture = digraph(lines, deepest, label=label, labelloc="b", labeljust="l")
    return picture, len(shown)


def _pen(i: int) -> str:
    """The color and style of a path."""
    return f"{PATHS[i % len(PATHS)]} {STYLES[i // len(PATHS) % len(STYLES)]}"


def _step(partial: float, pens: list[str], digits: int, symbol: str) -> dict[str, str]:
    """The look of a step of the paths of these pens, with what it multiplies by."""
    styles = {pen.split()[1] for pen in pens}
    return {
        "color": f'"{":".join(pen.split()[0] for pen in pens)}"',
        "style": styles.pop() if len(styles) == 1 else "solid",
        "penwidth": "1.8",
        "fontcolor": INK,
        "label": raised(f" ×{number(partial, digits)} "),
        "tooltip": quoted(f"{symbol} = {partial!r}"),
    }


def _stub(tail: str, count: float, contribution: float) -> list[str]:
    """Where paths leave that are not drawn: how many, and their sum."""
    said = f"{counted(count)} other path{'s' * (count != 1)}"
    rows = [[cell(said, "CENTER")], [cell(f"Σ = {signed(contribution)}", "CENTER")]]
    box = statement(
        f"{tail}_more",
        label=table(rows),
        shape="plaintext",
        fontcolor=MUTED,
        fontsize="9",
        margin="0",
        tooltip=quoted(f"{said}, together {contribution!r}"),
    )
    return [box, arrow(tail, f"{tail}_more", color=MUTED, style="dashed")]


def _box(
    identifier: str, node: Node, name: str, slope: str, outline: str, end: bool
) -> str:
    rows = [
        [cell(font(title(node, name), bold=True), "CENTER")],
        [cell(number(node.data), "CENTER")],
        [cell(font(text(slope), MUTED, 9), "CENTER")],
    ]
    fill = ENDS if end else "white"
    return box(identifier, rows, tooltip(node, name), fill, 1.8, outline)


def _others(node: Node, taken: set[int], inside: Container[Node]) -> list[int]:
    """The operands that the derivatives by the ``taken`` ones were computed from.

    Those ``inside`` have boxes already.

    The row tells: a partial that is a number needs none, a term of a reduction
    only its own, and an operand whose own partial is 0 everywhere is a setting.
    """
    if not node.op or not taken:
        return []
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
    needed = needed.intersection(uses(node)) - taken
    return [k for k in sorted(needed) if node.operands[k] not in inside]


def _other(identifier: str, node: Node, k: int, named: dict[Node, str]) -> str:
    """A pale box with an operand that is on none of the paths."""
    x = node.operands[k]
    if x.__class__ is float:
        said, hint = text(constant(node, k)), '"a constant"'
    else:
        name = named.get(x) or x.label
        said, hint = text(f"{name} {number(x.data)}".strip()), tooltip(x, name)
    look = {"fontcolor": MUTED, "fontsize": "9"}
    return pale(identifier, f"<{said}>", hint, "white", **look)


def sum_table(summed: Table, pens: Sequence[str], legend: str) -> str:
    """The table of the paths with their sum, and what the looks say."""
    shown = summed.printed
    width = max((len(row.factors) for row in summed.rows), default=0)
    rows = []
    for i, (label, said, _, sign, value) in enumerate(summed.cells()):
        last = label == "sum"
        color = pens[i].split()[0] if i < len(pens) else ""
        line = {"solid": "━━", "dashed": "╍╍", "dotted": "┅┅"}
        swatch = line[pens[i].split()[1]] if color else ""
        factors = [] if last else shown.factors[i]
        marks = [] if last else summed.rows[i].symbols
        cells = [
            cell(
                ("· " if k else "") + (f if isinstance(m, tuple) else f"[{f}]"), "RIGHT"
            )
            for k, (f, m) in enumerate(zip(factors, marks))
        ]
        cells += [cell("")] * (0 if last else width - len(factors))
        span = 1 + width if last else 1
        rows.append(
            [
                cell(font(swatch, color)),
                cell(font(text(label), bold=True)),
                cell(font(text(said, LONG), bold=last), span=span),
                *cells,
                cell(font(sign, bold=True)),
                cell(font(text(value.strip()), bold=True), "RIGHT"),
            ]
        )
    rows.append([cell(""), cell(font(text(legend, 300), MUTED, 9), span=4 + width)])
    return table(rows, padding=4, border=PALE)
