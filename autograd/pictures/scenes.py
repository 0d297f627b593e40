"""What the explorer draws at once: scenes, of values and of groups that open into more.

A small graph is one scene with all its values. A graph with neurons, and a large one,
has a scene of groups (see :mod:`autograd.pictures.groups`), and each group one of its
own: a layer shows its neurons, a neuron its examples, and what is neither, stretches of
the topological order, until a scene holds values. Around what is in a group stand those
that it has edges with, so that every edge is seen where it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.core.graph import Node, topological_order
from autograd.paths.names import Neuron, Unit
from autograd.pictures.groups import grouped
from autograd.pictures.layout import PORT, place

__all__ = ["MOST", "scenes"]

MOST = 200
"""Boxes of a scene, those around it not counted."""

BARE = 2.0
"""Between two edges that enter a group, which have no labels."""

Units = Mapping[Unit, Sequence[Neuron]]


@dataclass
class Part:
    """A group: its name, the numbers of its values, and the group that it lies in."""

    name: str
    members: list[int]
    parent: int
    units: Units


@dataclass(eq=False)
class Item:
    """A box of a scene: a value by its number i, or group g as ~g."""

    number: int
    entries: list[tuple[Item, int]] = field(default_factory=list)

    @property
    def _operands(self) -> list[Item]:
        return [source for source, _ in self.entries]


def scenes(
    order: Sequence[Node],
    called: Mapping[Node, str],
    operands: Sequence[Sequence[int | None]],
    collapsed: bool | None = None,
) -> dict[str, Any]:
    """The scenes of a graph as the page's script reads them, and its groups.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        called: their names.
        operands: for each of them the numbers of its operands, None for a constant.
        collapsed: whether to give the scene of groups alone, or that of all values.

    Returns:
        ``groups``, each with its name, its parent, how many values it has, and which of
        them are used outside; ``inside``, the innermost group of each value or -1; and
        ``scenes``, the first one to be shown first.
    """
    n = len(order)
    users: list[list[tuple[int, int]]] = [[] for _ in order]
    for i, xs in enumerate(operands):
        for k, x in enumerate(xs):
            if x is not None:
                users[x].append((i, k))
    parts = [] if collapsed is False else _parts(order, called)
    inside = [-1] * n
    for g, part in enumerate(parts):  # inner ones come later
        for i in part.members:
            inside[i] = g

    def within(g: int) -> Callable[[int], int]:
        """What stands for a value in the scene of group ``g``: nearest to it."""
        around = set(_upward(parts, g))
        seen: dict[int, int] = {}

        def item(i: int) -> int:
            h = inside[i]
            if h not in seen:
                chain = [p for p in _upward(parts, h) if p not in around]
                seen[h] = ~chain[-1] if chain else n
            return i if seen[h] == n else seen[h]

        return item

    shown = []
    if collapsed is False or (n <= MOST and not (collapsed and parts)):
        shown.append(_scene("all values", range(n), lambda i: i, operands, users))
    if parts:
        shown.append(_scene("groups", range(n), within(-1), operands, users))
    for g, part in enumerate(parts if collapsed is None else []):
        shown.append(_scene(part.name, part.members, within(g), operands, users))
        shown[-1]["group"] = g
    groups = []
    for part in parts:
        own = set(part.members)
        roots = [
            i
            for i in part.members
            if i == n - 1 or any(user not in own for user, _ in users[i])
        ]
        groups.append([part.name, part.parent, len(own), roots])
    return {"groups": groups, "inside": inside, "scenes": shown}


def _upward(parts: Sequence[Part], g: int) -> list[int]:
    """A group and those that it lies in."""
    chain = []
    while g >= 0:
        chain.append(g)
        g = parts[g].parent
    return chain


def _parts(order: Sequence[Node], called: Mapping[Node, str]) -> list[Part]:
    """All groups, each before those in it."""
    index = {node: i for i, node in enumerate(order)}
    groups = grouped(order).groups
    if len(groups) == 1 or (len(order) <= MOST and not any(x.units for x in groups)):
        return _stretches(Part("", list(range(len(order))), -1, {}), -1, order, called)
    parts = []
    for group in groups:
        if len(group.nodes) > 1:
            root = group.roots[-1]
            name = f"{called[root]}{' …' if len(group.roots) > 1 else ''}"
            for unit in list(group.units)[:1]:
                several = len(group.units) > 1
                name = f"layer {unit.layer}" if several else unit.name("a")
            members = [index[node] for node in group.nodes]
            parts.append(Part(name, members, -1, group.units))
    for g, part in enumerate(parts):  # which grows
        if len(part.members) <= MOST:
            continue
        if len(part.units) > 1:
            for unit, found in part.units.items():
                own = {
                    index[x]
                    for neuron in found
                    for x in (*neuron.inner, *neuron.weights, neuron.bias)
                    if x is not None
                }
                members = sorted(own.intersection(part.members))
                parts.append(Part(unit.name("a"), members, g, {unit: found}))
        elif part.units:
            (examples,) = part.units.values()
            step = max(1, MOST // 2 // len(examples[0].inner))
            for first in range(0, len(examples), step):
                some = examples[first : first + step]
                members = sorted(index[x] for neuron in some for x in neuron.inner)
                name = f"{part.name}, examples {first + 1} to {first + len(some)}"
                parts.append(Part(name, members, g, {}))
        else:
            parts += _stretches(part, g, order, called)
    return parts


def _stretches(
    part: Part, parent: int, order: Sequence[Node], called: Mapping[Node, str]
) -> list[Part]:
    """A large group cut along the topological order, into pieces about as many."""
    size = max(MOST // 2, int(len(part.members) ** 0.5))
    found = []
    if len(part.members) > MOST:
        for start in range(0, len(part.members), size):
            members = part.members[start : start + size]
            ends = [called[order[i]] for i in (members[0], members[-1])]
            found.append(Part(" … ".join(ends), members, parent, {}))
    return found


def _scene(
    title: str,
    members: Iterable[int],
    item: Callable[[int], int],
    operands: Sequence[Sequence[int | None]],
    users: Sequence[Sequence[tuple[int, int]]],
) -> dict[str, Any]:
    """The boxes and lines of what is in a group and around it."""
    items: dict[int, Item] = {}
    known: set[tuple[int, int, int]] = set()

    def box(i: int) -> Item:
        number = item(i)
        return items.setdefault(number, Item(number))

    def link(i: int, j: int, k: int) -> None:
        """The edge from value j into place k of value i."""
        source, target = box(j), box(i)
        place = k if source.number >= 0 and target.number >= 0 else -1
        line = (source.number, target.number, place)
        if source is not target and line not in known:
            known.add(line)
            target.entries.append((source, place))

    own = set(members)
    for i in members:
        box(i)
        for k, j in enumerate(operands[i]):
            if j is not None:
                link(i, j, k)
        for user, k in users[i]:
            if user not in own:
                link(user, i, k)

    every = Item(0, [(x, -1) for x in reversed(items.values())])
    order: list[Item] = topological_order(every)[:-1]
    rank = {x: i for i, x in enumerate(order)}
    # Groups may use each other in a circle; a line backward is no part of the layout.
    layout = place(
        [[rank[s] if rank[s] < rank[x] else None for s, _ in x.entries] for x in order],
        ports=[PORT if x.number >= 0 else BARE for x in order],
    )
    lines = []
    for x, routes, (left, top, _, height) in zip(order, layout.routes, layout.boxes):
        for (source, place_), route in zip(x.entries, routes):
            a, b, w, h = layout.boxes[rank[source]]
            points = route or [(a + w, b + h / 2), (left, top + height / 2)]
            flat = [round(c, 1) for point in points for c in point]
            lines.append([source.number, x.number, place_, flat])
    return {
        "title": title,
        "items": [x.number for x in order],
        "boxes": [[round(c, 1) for c in box] for box in layout.boxes],
        "lines": lines,
        "size": [layout.width, layout.height],
    }
