"""A large graph as a small one: every value in exactly one group.

The neurons that the parameters' labels give away are groups: one for each unit,
for however many examples, and one for a whole layer if it has very many. Of the
rest, a value that is used by one group alone joins it, as the terms of a sum do; a
labeled value and the output begin a group of their own. Groups of one kind that
connect the same others are put together, and if there are still too many, the
unrecognized ones are cut into slices by their depth. Nothing is dropped: the
groups' sizes add up to the graph's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.core.graph import Node, edges
from autograd.paths.names import LOSSES, Neuron, Unit, neurons

__all__ = ["Group", "Grouping", "grouped"]

MANY_UNITS = 24
"""Units of a layer above which the layer is one group."""

MANY_ALIKE = 12
"""Labeled values above which those that are used alike are one group."""

MANY_GROUPS = 120
"""Unrecognized groups above which they are cut into slices."""

SLICES = 20


@dataclass(eq=False)
class Group:
    """Values that are shown as one.

    Attributes:
        nodes: the values in it.
        roots: those of them that others, or nobody, use.
        units: the neurons in it by unit, each as often as there are examples.
        parameters: those of its values that are the units' weights and biases.
    """

    nodes: list[Node] = field(default_factory=list)
    roots: list[Node] = field(default_factory=list)
    units: dict[Unit, list[Neuron]] = field(default_factory=dict)
    parameters: list[Node] = field(default_factory=list)


@dataclass
class Grouping:
    """The groups in topological order, and how often one uses another."""

    groups: list[Group]
    uses: dict[tuple[Group, Group], int]


def grouped(order: Sequence[Node]) -> Grouping:
    """Put every value of a graph into one group.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
    """
    member = _units(order)
    _cones(order, member)
    _alike(order, member)
    if len(order) > MANY_GROUPS and len(set(member.values())) == 1:  # one blob
        member = {node: Group() for node in order}
    _slices(order, member)
    groups: dict[Group, None] = {}
    uses: dict[tuple[Group, Group], int] = defaultdict(int)
    for node in order:
        group = member[node]
        groups.setdefault(group)
        group.nodes.append(node)
        for _, operand in edges(node):
            if member[operand] is not group:
                uses[member[operand], group] += 1
    for tail, _ in uses:
        groups.setdefault(tail)
    outward = {
        operand
        for node in order
        for _, operand in edges(node)
        if member[operand] is not member[node]
    }
    for group in groups:
        group.roots = [x for x in group.nodes if x in outward or x is order[-1]]
    return Grouping(list(groups), dict(uses))


def _units(order: Sequence[Node]) -> dict[Node, Group]:
    """The groups of the neurons, with their parameters."""
    layers: dict[tuple[str, int], dict[Unit, list[Neuron]]] = defaultdict(dict)
    for neuron in neurons(order):
        layers[neuron.unit[:2]].setdefault(neuron.unit, []).append(neuron)
    member: dict[Node, Group] = {}
    for layer in sorted(layers):
        whole = Group()
        for unit, instances in sorted(layers[layer].items()):
            group = whole if len(layers[layer]) > MANY_UNITS else Group()
            group.units[unit] = instances
            for neuron in instances:
                for node in neuron.inner:
                    member[node] = group
                for node in (*neuron.weights, neuron.bias):
                    if node is not None and node not in member:
                        member[node] = group
                        group.parameters.append(node)
    return member


def _cones(order: Sequence[Node], member: dict[Node, Group]) -> None:
    """Let each remaining value join the one group that uses it, or begin one."""
    users: dict[Node, Group | None] = {}
    for node in reversed(order):
        if node not in member:
            user = users.get(node)
            begins = node.label or node.op in LOSSES or user is None or user.units
            member[node] = Group() if begins or user is None else user
        group = member[node]
        for _, operand in edges(node):
            users[operand] = group if users.get(operand, group) is group else None


def _alike(order: Sequence[Node], member: dict[Node, Group]) -> None:
    """Put groups together that begin with one operation and connect the same others."""
    roots: dict[Group, Node] = {}
    sources: dict[Group, set[Group]] = defaultdict(set)
    targets: dict[Group, set[Group]] = defaultdict(set)
    for node in order:
        group = member[node]
        if not group.units:
            roots[group] = node  # the last one is what the others are computed for
        for _, operand in edges(node):
            if member[operand] is not group:
                sources[group].add(member[operand])
                targets[member[operand]].add(group)
    kinds: dict[object, list[Group]] = defaultdict(list)
    for group, root in roots.items():
        if root is not order[-1]:
            kind = (root.op, bool(root.label), frozenset(sources[group]))
            kinds[kind, frozenset(targets[group])].append(group)
    instead: dict[Group, Group] = {}
    for alike in kinds.values():
        if len(alike) > (MANY_ALIKE if roots[alike[0]].label else 1):
            instead.update(dict.fromkeys(alike, alike[0]))
    _replace(member, instead)


def _slices(order: Sequence[Node], member: dict[Node, Group]) -> None:
    """If there are too many unrecognized groups, cut them by their depth."""
    depth: dict[Node, int] = {}
    deepest: dict[Group, int] = {}
    for node in order:
        depth[node] = 1 + max((depth[x] for _, x in edges(node)), default=0)
        group = member[node]
        if not group.units:
            deepest[group] = max(deepest.get(group, 0), depth[node])
    deepest.pop(member[order[-1]], None)
    if len(deepest) <= MANY_GROUPS:
        return
    steps = sorted(deepest.values())
    bounds = sorted({steps[len(steps) * i // SLICES] for i in range(1, SLICES)})
    slices = [Group() for _ in range(len(bounds) + 1)]
    instead = {
        group: slices[sum(bound <= steps for bound in bounds)]
        for group, steps in deepest.items()
    }
    _replace(member, instead)


def _replace(member: dict[Node, Group], instead: dict[Group, Group]) -> None:
    for node, group in member.items():
        if group in instead:
            member[node] = instead[group]
