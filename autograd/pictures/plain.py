"""A graph as SVG without Graphviz, laid out as the explorer lays it out.

For where there is no ``dot``, and for graphs that would keep it busy for minutes.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograd.core.graph import Node, topological_order
from autograd.paths.labels import shortened, visible
from autograd.paths.names import operation, unit
from autograd.paths.numerals import number
from autograd.pictures.groups import grouped
from autograd.pictures.layout import BARE, PORT, Points, place
from autograd.pictures.markup import GUIDE, INK, MUTED, PALE, largest, tint
from autograd.pictures.neurons import norm
from autograd.pictures.values import NOT_COMPUTED, gradient, legend, uses

__all__ = ["plain_svg"]

MARGIN = 12
LETTERS = 20
"""Of a name that a box has room for."""


@dataclass(eq=False)
class Item:
    """A box: the values that it shows, its name and more, the boxes with lines to it.

    A line has a partial, or None if it stands for several.
    """

    roots: list[Node]
    name: str
    more: str
    _operands: list[Item] = field(default_factory=list)
    partials: list[float | None] = field(default_factory=list)


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
    items = _groups(order, names) if collapsed else _values(order, names)
    rank = {item: i for i, item in enumerate(items)}
    # Groups may use each other in a circle; a line backward is no part of the layout.
    layout = place(
        [
            [rank[x] if rank[x] < rank[item] else None for x in item._operands]
            for item in items
        ],
        [BARE if collapsed else PORT] * len(items),
        [unit(item.name) for item in items],
    )
    scale = largest(node.grad for node in order)
    computed = order[-1].grad != 0.0
    lines, boxes = [], []
    for i, (item, box) in enumerate(zip(items, layout.boxes)):
        left, top, _, height = box
        for k, (x, partial) in enumerate(zip(item._operands, item.partials)):
            a, b, w, h = layout.boxes[rank[x]]
            end = layout.labels[i][k] or (left, top + height / 2)
            route = layout.routes[i][k] or [(a + w, b + h / 2), end]
            lines += _line(route, end, partial)
        boxes.append(_box(box, item.roots, item.name + item.more, scale, computed))
    said = [legend(order) if computed else NOT_COMPUTED, *notes]
    width, height = (x + 2 * MARGIN for x in (layout.width, layout.height))
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


def _values(order: Sequence[Node], names: Mapping[Node, str]) -> list[Item]:
    """A box for each value."""
    items: dict[Node, Item] = {}
    for node in order:
        made = f" = {operation(node)}" if node.op else ""
        items[node] = item = Item([node], names[node], made)
        operands, partials = node.operands, node.partials
        for k in uses(node):
            x = operands[k]
            if x.__class__ is not float and x in items:
                item._operands.append(items[x])
                item.partials.append(partials[k])
    return list(items.values())


def _groups(order: Sequence[Node], names: Mapping[Node, str]) -> list[Item]:
    """A box for each group, in an order in which lines lead forward if they can."""
    grouping = grouped(order)
    items = {}
    for group in grouping.groups:
        name = names[group.roots[-1]] + " …" * (len(group.roots) > 1)
        for one in list(group.units)[:1]:
            name = f"layer {one.layer}" if len(group.units) > 1 else one.name("a")
        several = f" {len(group.nodes):,}" if len(group.nodes) > 1 else ""
        items[group] = Item(group.roots, name, several)
    for tail, head in grouping.uses:
        items[head]._operands.append(items[tail])
        items[head].partials.append(None)
    every = Item([], "", "", list(reversed(items.values())))
    found: list[Item] = topological_order(every)[:-1]
    return found


def _line(route: Points, end: tuple[float, float], partial: float | None) -> list[str]:
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
    if partial is None or partial == 1.0:
        return [line]
    x, y = end
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
