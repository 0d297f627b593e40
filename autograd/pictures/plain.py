"""The graph value by value as SVG, without Graphviz: the explorer's layout, drawn.

For where there is no ``dot``, and for graphs that would keep it busy for minutes.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from autograd.core.graph import Node
from autograd.paths.labels import shortened, visible
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.pictures.layout import place
from autograd.pictures.palette import GUIDE, INK, MUTED, PALE, largest, tint
from autograd.pictures.values import NOT_COMPUTED, gradient, legend, uses

__all__ = ["plain_svg"]

MARGIN = 12
LETTERS = 20
"""Of a name that a box has room for."""


def plain_svg(order: Sequence[Node], names: Mapping[Node, str]) -> str:
    """The picture as the text of an SVG file.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        names: what to call them.
    """
    index = {node: i for i, node in enumerate(order)}
    shown = [uses(node) for node in order]
    operands = [
        [None if x.__class__ is float else index[x] for x in (given[k] for k in ks)]
        for given, ks in zip((node.operands for node in order), shown)
    ]
    layout = place(operands)
    scale = largest(node.grad for node in order)
    computed = order[-1].grad != 0.0
    lines, boxes = [], []
    for i, node in enumerate(order):
        partials = node.partials
        for k, route in zip(shown[i], layout.routes[i]):
            if route is not None:
                lines += _line(route, partials[k])
        boxes.append(_box(layout.boxes[i], node, names[node], scale, computed))
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN + 24
    said = legend(order) if computed else NOT_COMPUTED
    foot = f'<text x="0" y="{layout.height + 20:g}" fill="{MUTED}">{said}</text>'
    size = f'width="{width:g}" height="{height:g}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="{-MARGIN} {-MARGIN} {width:g} {height:g}" fill="{INK}" '
        'font-family="DejaVu Sans,Verdana,Geneva,sans-serif" font-size="11">'
    )
    back = f'<rect x="{-MARGIN}" y="{-MARGIN}" {size} fill="white"/>'
    return "\n".join([head, back, *lines, *boxes, foot, "</svg>", ""])


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
    box: tuple[float, float, float, float],
    node: Node,
    name: str,
    scale: float,
    computed: bool,
) -> str:
    x, y, width, height = box
    top, middle, right = y + (height - 66) / 2, x + width / 2, x + width - 9
    made = f" = {operation(node)}" if node.op else ""
    called = html.escape(visible(shortened(name + made, LETTERS)))
    look = 'text-anchor="middle" font-weight="bold"'
    rows = [f'<text x="{middle:g}" y="{top + 18:g}" {look}>{called}</text>']
    for row, (key, said) in enumerate(
        [("data", number(node.data)), ("grad", gradient(node, computed))]
    ):
        down = top + 37 + 18 * row
        rows.append(f'<text x="{x + 9:g}" y="{down:g}">{key}</text>')
        rows.append(f'<text x="{right:g}" y="{down:g}" text-anchor="end">{said}</text>')
    fill = tint(node.grad, scale)
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9" '
        f'fill="{fill}" stroke="{INK}" stroke-width="{0.8 if node.op else 1.8}"/>'
        f"{''.join(rows)}</g>"
    )
