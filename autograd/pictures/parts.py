"""What the explorer collapses: layers, neurons, examples, and stretches of the rest.

Each part lies in at most one other: a layer holds its neurons, a neuron its examples,
and a large part that is neither, stretches of the topological order, so that whatever
is opened has boxes that can be taken in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.core.graph import Node, edges
from autograd.paths.names import Neuron, Unit, unit
from autograd.pictures.groups import grouped

__all__ = ["parts"]

MOST = 200
"""Values up to which a graph without neurons is shown whole, and parts are not cut."""

LAYER, NEURON, OTHER = range(3)
"""How early a part is opened, where all parts of a kind are."""


class Part(NamedTuple):
    """Values that are shown as one: what for, and in which part they lie, or -1."""

    name: str
    kind: int
    members: list[int]
    parent: int


def parts(order: Sequence[Node], called: Mapping[Node, str]) -> dict[str, Any]:
    """The parts of a graph as the page's script reads them.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        called: their names.

    Returns:
        ``groups``, each with its name, kind, parent, how many values it has, as which
        unit it stands, and which of them are used outside; and ``inside``, the
        innermost of each value, or -1.
    """
    index = {node: i for i, node in enumerate(order)}
    users: list[list[int]] = [[] for _ in order]
    for i, node in enumerate(order):
        for _, x in edges(node):
            users[index[x]].append(i)
    found = _parts(order, called, index)
    inside = [-1] * len(order)
    groups = []
    for g, part in enumerate(found):  # inner ones come later
        own = set(part.members)
        roots = [
            i
            for i in part.members
            if i == len(order) - 1 or not own.issuperset(users[i])
        ]
        size, order_of = len(own), unit(part.name)
        groups.append([part.name, part.kind, part.parent, size, order_of, roots])
        for i in part.members:
            inside[i] = g
    return {"groups": groups, "inside": inside}


def _parts(
    order: Sequence[Node], called: Mapping[Node, str], index: Mapping[Node, int]
) -> list[Part]:
    """All parts of more than one value, each before those in it."""
    found: list[Part] = []
    layers: dict[tuple[str, int], dict[Unit, list[Neuron]]] = defaultdict(dict)
    groups = grouped(order).groups
    for group in groups:
        for one, neurons in group.units.items():
            layers[one[:2]][one] = neurons[::-1]  # the first example first
    taken: set[int] = set()
    for (network, layer), units in sorted(layers.items()):
        own = {one: sorted(_own(units[one], index, taken)) for one in sorted(units)}
        parent = -1
        if len(own) > 1:
            parent = len(found)
            members = sorted(i for x in own.values() for i in x)
            name = f"{network} layer {layer}".strip()
            found.append(Part(name, LAYER, members, -1))
        for one, members in own.items():
            if len(members) > 1:
                found.append(Part(one.name("a"), NEURON, members, parent))
                found += _examples(units[one], len(found) - 1, found[-1].name, index)
    if len(order) <= MOST and not layers:
        return []
    for group in groups:
        if group.units or len(group.nodes) == 1:
            continue
        name = called[group.roots[-1]] + " …" * (len(group.roots) > 1)
        members = sorted(index[node] for node in group.nodes)
        if len(groups) > 1:
            found.append(Part(name, OTHER, members, -1))
        if len(members) > MOST:
            parent = len(found) - 1 if len(groups) > 1 else -1
            found += _stretches(members, parent, order, called)
    return found


def _own(
    neurons: Iterable[Neuron], index: Mapping[Node, int], taken: set[int]
) -> Iterator[int]:
    """A unit's values: those of all examples, and parameters that none before has."""
    for neuron in neurons:
        for x in (*neuron.inner, *neuron.weights, neuron.bias):
            if x is not None and index[x] not in taken:
                taken.add(index[x])
                yield index[x]


def _examples(
    neurons: Sequence[Neuron], parent: int, name: str, index: Mapping[Node, int]
) -> list[Part]:
    """A part for each example, many of them in parts of a hundred."""
    found: list[Part] = []
    own = [sorted(index[x] for x in neuron.inner) for neuron in neurons]
    if len(own) == 1:
        return []
    step = len(own) if len(own) <= MOST else MOST // 2
    for first in range(0, len(own), step):
        some, around = own[first : first + step], parent
        if step < len(own):
            around = parent + 1 + len(found)
            members = [i for example in some for i in example]
            said = f"{name}, ex. {first + 1}–{first + len(some)}"
            found.append(Part(said, OTHER, members, parent))
        found += [
            Part(f"{name}, ex. {first + k}", OTHER, example, around)
            for k, example in enumerate(some, 1)
            if len(example) > 1
        ]
    return found


def _stretches(
    members: list[int], parent: int, order: Sequence[Node], called: Mapping[Node, str]
) -> Iterator[Part]:
    """A large part cut along the topological order, into pieces about as many."""
    size = max(MOST // 2, int(len(members) ** 0.5))
    for start in range(0, len(members), size):
        some = members[start : start + size]
        ends = [called[order[i]] for i in (some[0], some[-1])]
        yield Part(" … ".join(ends), OTHER, some, parent)
