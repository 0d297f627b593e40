"""A graph as SVG without Graphviz: a scene of the explorer, drawn.

For where there is no ``dot``, and for graphs that would keep it busy for minutes.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from autograd.core.graph import Node
from autograd.paths.labels import shortened, visible
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.pictures.markup import (
    GUIDE,
    INK,
    MUTED,
    PALE,
    largest,
    tint,
)
from autograd.pictures.neurons import norm
from autograd.pictures.scenes import scenes
from autograd.pictures.values import NOT_COMPUTED, gradient, legend, uses

__all__ = ["plain_svg"]

MARGIN = 12
LETTERS = 20
"""Of a name that a box has room for."""


def plain_svg(
    order: Sequence[Node],
    names: Mapping[Node, str],
    collapsed: bool = False,
    notes: Sequence[str] = (),
) -> str:
    """The picture as the text of an SVG file.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them, or
            some of them.
        names: what to call them.
        collapsed: whether neurons, and else stretches of the graph, are one box each.
        notes: lines below the picture.
    """
    index = {node: i for i, node in enumerate(order)}
    shown = [uses(node) for node in order]
    operands = [
        [index.get(x) for x in (node.operands[k] for k in ks)]
        for node, ks in zip(order, shown)
    ]
    drawn = scenes(order, names, operands, collapsed)
    scene, groups = drawn["scenes"][0], drawn["groups"]
    scale = largest(node.grad for node in order)
    computed = order[-1].grad != 0.0
    lines, boxes = [], []
    for _, i, k, route in scene["lines"]:
        partial = order[i].partials[shown[i][k]] if k >= 0 else 1.0
        lines += _line(list(zip(route[::2], route[1::2])), partial)
    for i, box in zip(scene["items"], scene["boxes"]):
        roots = [order[i]] if i >= 0 else [order[r] for r in groups[~i][3]]
        title = (
            f"{groups[~i][0]} {groups[~i][2]:,}" if i < 0 else _title(roots[0], names)
        )
        boxes.append(_box(box, roots, title, scale, computed))
    said = [legend(order) if computed else NOT_COMPUTED, *notes]
    width, height = (x + 2 * MARGIN for x in scene["size"])
    width = max([width, *(7.2 * len(line) for line in notes)])
    foot = [
        f'<text x="0" y="{height - 4 + 16 * i:g}" fill="{MUTED}" '
        'font-family="DejaVu Sans Mono,monospace" '
        f'xml:space="preserve">{html.escape(visible(line))}</text>'
        for i, line in enumerate(said)
    ]
    size = f'width="{width:g}" height="{height + 16 * len(said):g}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="{-MARGIN} {-MARGIN} {width:g} {height + 16 * len(said):g}" '
        f'fill="{INK}" font-family="DejaVu Sans,Verdana,Geneva,sans-serif" '
        'font-size="11">'
    )
    back = f'<rect x="{-MARGIN}" y="{-MARGIN}" {size} fill="white"/>'
    return "\n".join([head, back, *lines, *boxes, *foot, "</svg>", ""])


def _title(node: Node, names: Mapping[Node, str]) -> str:
    return names[node] + (f" = {operation(node)}" if node.op else "")


def _line(route: Sequence[tuple[float, float]], partial: float) -> list[str]:
    (x, y), *rest = route
    path = f"M{x:g},{y:g}"
    for i, (u, v) in enumerate(rest):
        m = (x + u) / 2
        curve = f"C{m:g},{y:g} {m:g},{v:g} {u:g},{v:g}"
        path += f"L{u:g},{v:g}" if i % 2 else curve
        x, y = u, v
    dashes = ' stroke-dasharray="4"' if partial == 0.0 else ""
    color = PALE if partial == 0.0 else GUIDE
    line = f'<path d="{path}" fill="none" stroke="{color}"{dashes}/>'
    if partial == 1.0:
        return [line]
    at = f'x="{x - 6:g}" y="{y - 3:g}" text-anchor="end" fill="{MUTED}" font-size="9"'
    return [line, f"<text {at}>×{number(partial, 3)}</text>"]


def _box(
    box: Sequence[float],
    roots: Sequence[Node],
    title: str,
    scale: float,
    computed: bool,
) -> str:
    """A value, or a group by what leaves it."""
    x, y, width, height = box
    top, middle, right = y + (height - 66) / 2, x + width / 2, x + width - 9
    called = html.escape(visible(shortened(title, LETTERS)))
    look = 'text-anchor="middle" font-weight="bold"'
    rows = [f'<text x="{middle:g}" y="{top + 18:g}" {look}>{called}</text>']
    one, *others = roots
    said = [number(one.data), gradient(one, computed)]
    if others:
        sizes = norm(v.data for v in roots), norm(v.grad for v in roots)
        said = [f"‖·‖ {number(size)}" for size in sizes]
    for row, (key, text) in enumerate(zip(("data", "grad"), said)):
        down = top + 37 + 18 * row
        rows.append(f'<text x="{x + 9:g}" y="{down:g}">{key}</text>')
        rows.append(f'<text x="{right:g}" y="{down:g}" text-anchor="end">{text}</text>')
    fill = "white" if others else tint(one.grad, scale)
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9" '
        f'fill="{fill}" stroke="{INK}" stroke-width="{0.8 if one.op else 1.8}"/>'
        f"{''.join(rows)}</g>"
    )
