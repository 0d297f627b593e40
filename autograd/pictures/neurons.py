"""The graph neuron by neuron: one box for each, with its parameters and gradients.

It is for graphs too large to show value by value. What belongs to no neuron is
collapsed into boxes that say how many values they hold; all boxes together hold
the whole graph, and the line below says so.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from autograd.core.graph import Node
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.pictures.groups import Group, grouped
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
    largest,
    pale,
    quoted,
    shade,
    table,
    text,
    tint,
)
from autograd.pictures.values import NOT_COMPUTED, legend

__all__ = ["neurons_view"]

MANY_WEIGHTS = 8
"""Weights of a neuron above which their norm stands for them."""


def neurons_view(
    order: Sequence[Node], names: Mapping[Node, str], full: bool = False
) -> tuple[str, int]:
    """DOT text with a box for each neuron, and the number of boxes but constants.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        names: what to call them.
        full: list all weights of a neuron, however many.
    """
    grouping = grouped(order)
    identifier = {group: f"g{i}" for i, group in enumerate(grouping.groups)}
    scale = largest(node.grad for node in order)
    units = sorted(
        (group for group in grouping.groups if group.units),
        key=lambda group: next(iter(group.units)),
    )
    layers: dict[tuple[str, int], list[str]] = defaultdict(list)
    constants: dict[Given, str] = {}
    inputs = []
    for group in units:
        unit = next(iter(group.units))
        layers[unit[:2]].append(_neurons(identifier[group], group, names, scale, full))
        given = _given(group)
        if given:
            name = constants.setdefault(given, f"k{len(constants)}")
            inputs.append(arrow(name, identifier[group], color=PALE))
    lines = []
    for i, ((network, layer), boxes) in enumerate(layers.items()):
        lines += _cluster(f"cluster_{i}", f"{network} layer {layer}".strip(), boxes)
    for group in reversed(grouping.groups):  # its order is from the right
        if not group.units:
            lines.append(_rest(identifier[group], group, names, scale))
    lines += [_constants(name, given) for given, name in constants.items()] + inputs
    rank = {group: i for i, group in enumerate(units)}
    for (tail, head), times in sorted(
        grouping.uses.items(), key=lambda use: [rank.get(group, -1) for group in use[0]]
    ):
        used = f"{times:,} uses" if times > 1 else "1 use"
        lines.append(
            arrow(identifier[tail], identifier[head], color=GUIDE, tooltip=quoted(used))
        )
    count = len(grouping.groups)
    shortened = not full and any(len(x.parameters) > MANY_WEIGHTS + 1 for x in units)
    said = _footer(len(order), count, shortened)
    computed = order[-1].grad != 0.0
    footer = caption(f"{said}; {legend(order) if computed else NOT_COMPUTED}")
    if units:  # they are declared in order, which Graphviz is not to improve on
        footer["mclimit"] = "0.001"
    return digraph(lines, 0, **footer), count


def _footer(values: int, boxes: int, shortened: bool) -> str:
    """The line that says how much is collapsed, and how to see it."""
    said = f"{_size(values)} in {boxes:,} {'box' if boxes == 1 else 'boxes'}"
    if boxes < values:
        said = said.replace(" in ", " collapsed into ")
        said += '; every value in a box of its own: draw(…, view="values")'
    return said + ("; every weight in a row of its own: full=True" if shortened else "")


def _cluster(name: str, title: str, boxes: Iterable[str]) -> list[str]:
    """The neurons of one layer in a frame."""
    head = [
        f"  subgraph {name} {{",
        f"    label=<{font(text(title), MUTED, 12)}>; labelloc=t; labeljust=c;",
        f'    style="rounded,filled"; fillcolor="#f6f8fa"; color="{PALE}"; margin=10;',
    ]
    return [*head, *(f"  {box}" for box in boxes), "  }"]


def norm(xs: Iterable[float]) -> float:
    """The length of a vector, and nan if there is one in it."""
    xs = list(xs)
    return math.nan if any(map(math.isnan, xs)) else math.hypot(*xs)


def _row(name: str, nodes: Sequence[Node], scale: float) -> list[str]:
    """A value and its gradient; of many values their lengths as vectors."""
    mark, data, grad = "", nodes[0].data, nodes[0].grad
    fill = tint(grad, scale)
    if len(nodes) > 1:
        mark, data = "‖·‖ ", norm(x.data for x in nodes)
        grad = norm(x.grad for x in nodes)
        fill = shade(grad, scale)
    return [
        cell(text(name)),
        cell(f"{mark}{number(data)}", "RIGHT"),
        cell(font(mark + number(grad), bold=True), "RIGHT", fill=fill),
    ]


def _neurons(
    identifier: str,
    group: Group,
    names: Mapping[Node, str],
    scale: float,
    full: bool,
) -> str:
    """The box of one neuron, or of a layer with very many."""
    every = [neuron for found in group.units.values() for neuron in found]
    a, z, alone = every[0].activation, every[0].pre_activation, len(group.units) == 1
    called = names[a] if len(every) == 1 or a.label else names[a].rsplit("(", 1)[0]
    name = called if alone else f"{len(group.units):,} neurons"
    affine = "w·x" if every[0].bias is None else "w·x + b"
    title = f"{name} = {affine}" if a is z else f"{name} = {operation(a)}({affine})"
    rows = [[cell(font(text(title), bold=True), "CENTER", 3)]]
    rows += [[cell(""), *(cell(font(c, MUTED, 9), "RIGHT") for c in ("data", "grad"))]]
    once = len(every) == len(group.units)
    label = "out" if once else f"{len(every) // len(group.units):,} examples"
    rows.append(_row(label, [neuron.activation for neuron in every], scale))
    biases = {neuron.bias for neuron in every}
    for kind in ("weights", "biases"):
        own = [p for p in group.parameters if (p in biases) == (kind == "biases")]
        if full or (alone and len(own) <= MANY_WEIGHTS):
            rows += [_row(names[p], [p], scale) for p in own]
        elif own:
            label = f"{names[own[0]]} … {names[own[-1]]}"
            rows.append(_row(label if alone else f"{len(own):,} {kind}", own, scale))
    size = _size(len(group.nodes))
    rows.append([cell(font(size, MUTED, 9), "RIGHT", 3)])
    return box(identifier, rows, quoted(f"{title}; {size}"), pen=1.2, padding=3)


def _size(values: int) -> str:
    return f"{values:,} values" if values != 1 else "1 value"


def _rest(
    identifier: str,
    group: Group,
    names: Mapping[Node, str],
    scale: float,
) -> str:
    """The box of values that belong to no neuron."""
    roots = group.roots
    root = roots[-1]
    leaves = all(not node.op for node in group.nodes)
    if len(roots) == 1:
        name, symbol = names[root], operation(root)
        title = name if not root.op or name == symbol else f"{name} = {symbol}"
        rows = [
            [cell("data "), cell(number(root.data), "RIGHT")],
            [cell("grad "), cell(font(number(root.grad), bold=True), "RIGHT")],
        ]
        fill = tint(root.grad, scale)
    else:
        grad = norm(x.grad for x in roots)
        called = sorted({operation(x) for x in roots})
        kind = called[0] if len(called) == 1 else ""
        title = f"{len(roots):,} × {kind}" if kind else f"{len(roots):,} values"
        if all(x.label and not x.op for x in roots):
            title = f"{names[roots[-1]]} … {names[roots[0]]}"
        rows = [
            [cell("‖data‖ "), cell(number(norm(x.data for x in roots)), "RIGHT")],
            [cell("‖grad‖ "), cell(font(number(grad), bold=True), "RIGHT")],
        ]
        fill = shade(grad, scale)
    if len(group.nodes) > 1:
        rows.append([cell(font(text(_contents(group), 80), size=9), "CENTER", 2)])
    rows = [[cell(font(text(title), bold=True), "CENTER", 2)], *rows]
    hint = quoted(f"{title}; {_contents(group)}")
    return box(identifier, rows, hint, fill, 1.8 if leaves else 0.8)


def _contents(group: Group) -> str:
    """How many values a box holds, and of which operations."""
    kinds = Counter(operation(node) for node in group.nodes)
    if len(kinds) == 1:
        return _size(len(group.nodes))
    common = kinds.most_common(4)
    listed = [f"{count:,} {kind}" for kind, count in common]
    others = len(group.nodes) - sum(count for _, count in common)
    listed += [f"{others:,} more"] if others else []
    return f"{_size(len(group.nodes))}: {', '.join(listed)}"


Given = tuple[tuple[float, ...], ...]
"""The constants that the neurons of a group multiply, example by example."""


def _given(group: Group) -> Given:
    unit = next(iter(group.units.values()))
    rows = tuple(tuple(x for x in n.inputs if x.__class__ is float) for n in unit)
    return rows if any(rows) else ()


def _constants(identifier: str, given: Given) -> str:
    """A box for the numbers that go into a layer."""
    width = len(given[0])
    if len(given) > 1:
        said = [f"{len(given):,} examples", f"of {width:,} constants"]
    elif width <= MANY_WEIGHTS:
        said = [number(x) for x in given[0]]
    else:
        said = [f"{width:,} constants", f"‖x‖ {number(norm(given[0]))}"]
    rows = [[cell(text(line), "CENTER")] for line in said]
    return pale(identifier, table(rows), '"constants"', CONSTANT)
