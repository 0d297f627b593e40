"""The lecture's names, read off a graph whose parameters alone are labeled.

A network labels its weights ``W[l]j,k`` and its biases ``b[l]j``; training labels
nothing else and so pays nothing. When a graph is shown, the sum that ends with
``b[l]j`` must be the pre-activation ``z[l]j``, what is made of it the activation
``a[l]j``, a logistic unit alone in the last layer ``ŷ``, and the loss ``L``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd.core.graph import Node, edges
from autograd.table.number import OPERATORS, UNARY
from autograd.table.rules import RULES, Rule

__all__ = ["NUMBERED", "Neuron", "Unit", "names", "neurons", "operation"]

ACTIVATIONS = frozenset(
    name
    for name, rule in RULES.items()
    if isinstance(rule, Rule)
    and name not in {*OPERATORS, *UNARY}
    and len(rule.partials) - len(rule.defaults) == 1
) | {"relu_at"}
"""Rows that a network may apply to a pre-activation: the functions of one number."""

LOSSES = frozenset({"bce", "bce_with_logits"})
"""Rows that are the loss of one example wherever they stand."""

SUMS = frozenset({"add", "sum", "fsum", "dot", "fma"})
"""Rows that a pre-activation may be written with, besides the product."""

NUMBERED = re.compile(r"v\d+′*")
"""What values without a name are called: v and their number, as on a Wengert list."""

PARAMETER = re.compile(
    r"(?s)(.*?)(?:W\[(N)\](N),(N)|b\[(N)\](N))".replace("N", r"\d{1,9}")
)


class Unit(NamedTuple):
    """Which neuron: the network's prefix (mostly empty), layer and unit, from 1."""

    network: str
    layer: int
    unit: int

    def name(self, letter: str) -> str:
        """The lecture's name of one of the neuron's numbers, such as ``z[1]2``."""
        return f"{self.network}{letter}[{self.layer}]{self.unit}"


@dataclass(frozen=True)
class Neuron:
    """One neuron at work in a graph: for one example, if the graph has several.

    ``inputs`` are the other factors of the weights, Values or constants.
    ``activation`` is what leaves the neuron: the pre-activation itself if linear.
    ``inner`` are the nodes that were computed for it, the activation included.
    """

    unit: Unit
    weights: tuple[Node, ...]
    inputs: tuple[Node | float, ...]
    bias: Node | None
    pre_activation: Node
    activation: Node
    inner: tuple[Node, ...]


_UNIT = re.compile(r"(.*[az]\[\d+\])(\d+)(.*)", re.DOTALL)


def unit(name: str) -> tuple[str, int] | None:
    """What the units of a layer are called but for their number, and the number.

    >>> unit("a[1]12"), unit("L")
    (('a[1]#', 12), None)
    """
    match = _UNIT.fullmatch(name)
    return (f"{match[1]}#{match[3]}", int(match[2])) if match else None


def unit_of(label: str) -> tuple[Unit, int] | None:
    """The neuron and the position of a parameter: weights from 1, the bias at 0.

    >>> unit_of("W[1]2,3")
    (Unit(network='', layer=1, unit=2), 3)
    >>> unit_of("weight") is None
    True
    """
    match = PARAMETER.fullmatch(label)
    if match is None:
        return None
    network, wl, wj, wk, bl, bj = match.groups()
    if wl is not None:
        return Unit(network, int(wl), int(wj)), int(wk)
    return Unit(network, int(bl), int(bj)), 0


def names(order: Sequence[Node]) -> dict[Node, str]:
    """What to call each node of a graph.

    A label, if it has one; else its name in the lecture's notation, if its neuron
    can be recognized by the labels of the parameters; else v and its number. No two
    are called alike: where a graph holds several examples, the derived names count
    them, ``z[1]2(3)`` being that of the third, and so do labels that occur again.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them, the
            output last.

    Returns:
        A name for every node.

    >>> from autograd import Value, dot, sigmoid
    >>> from autograd.core.graph import topological_order
    >>> w, b = Value(0.5, label="W[1]1,1"), Value(1.0, label="b[1]1")
    >>> order = topological_order(sigmoid(dot([w], [2.0], b)))
    >>> list(names(order).values())
    ['b[1]1', 'W[1]1,1', 'z[1]1', 'ŷ']
    """
    found = neurons(order)
    derived = _derived(order, found)
    total = Counter(name for node, name in derived.items() if node is not order[-1])
    seen: Counter[str] = Counter()
    answer: dict[Node, str] = {}
    labels = Counter(node.label for node in order if node.label)
    # The order is from the right, so that going back meets the first example first.
    for i, node in reversed(list(enumerate(order, 1))):
        # Which a checkpoint is labeled with, to find what it calls.
        name = "" if node.op and node.label == operation(node) else node.label
        if name and labels[name] > 1:
            seen[name] += 1
            name += f"({seen[name]})" if seen[name] > 1 else ""
        elif not name:
            name = derived.get(node, "")
            if name and node is not order[-1]:
                seen[name] += 1
                if total[name] > 1 or node.op in LOSSES:
                    name += f"({seen[name]})"
            name = name or f"v{i}"
            while name in labels:
                name += "′"
        answer[node] = name
    return {node: answer[node] for node in order}


def operation(node: Node) -> str:
    """The symbol of a node's operation in the table; ``leaf`` if it has none.

    A ``dot`` is written out, since a lone dot is easily overlooked.
    """
    if node.op == "dot":
        return "w·x + b" if len(node.operands) % 2 else "w·x"
    return RULES[node.op].symbol if node.op else "leaf"


def _derived(order: Sequence[Node], found: Sequence[Neuron]) -> dict[Node, str]:
    """The lecture's names of the nodes that have one, examples not yet counted."""
    derived = {node: "L" for node in order if node.op in LOSSES}
    units: dict[tuple[str, int], set[int]] = defaultdict(set)
    for neuron in found:
        units[neuron.unit[:2]].add(neuron.unit.unit)
    last = dict(sorted(units))
    for neuron in found:
        unit, z, a = neuron.unit, neuron.pre_activation, neuron.activation
        derived[z] = unit.name("z")
        if a is not z:
            alone = unit.layer == last[unit.network] and len(units[unit[:2]]) == 1
            probability = alone and a.op == "sigmoid"
            derived[a] = f"{unit.network}ŷ" if probability else unit.name("a")
    if found and order[-1].op:
        derived.setdefault(order[-1], "L")  # what a network's outputs are made into
    return derived


def neurons(order: Sequence[Node]) -> list[Neuron]:
    """The neurons that the parameters' labels give away, in topological order.

    A pre-activation is a ``dot``, or products added up one by one, in which every
    weight is a ``W[l]j,k`` of one l and j, with ``b[l]j`` if the graph has it.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
    """
    parameters: dict[Node, tuple[Unit, int]] = {}
    for node in order:
        if node.label and not node.op:
            parameter = unit_of(node.label)
            if parameter is not None:
                parameters[node] = parameter
    if not parameters:
        return []
    biased = {unit for unit, position in parameters.values() if position == 0}

    sums: dict[Node, Unit] = {}
    consumed: set[Node] = set()
    activations: dict[Node, Node] = {}
    for node in order:
        op = node.op
        if op == "mul" or op in SUMS:
            unit = _sum_of(node, parameters, sums)
            if unit is not None:
                sums[node] = unit
                consumed.update(x for _, x in edges(node) if sums.get(x) == unit)
        elif op in ACTIVATIONS:
            z = node.operands[0]
            if z in sums:
                activations.setdefault(z, node)

    found = []
    for node, unit in sums.items():
        if node not in consumed:
            neuron = _neuron(node, unit, parameters, sums, activations.get(node, node))
            if neuron.weights and (neuron.bias is not None) == (unit in biased):
                found.append(neuron)
    return found


def _products(node: Node) -> Iterator[tuple[Any, Any]]:
    """The pairs of factors that a node multiplies."""
    operands = node.operands
    if node.op in ("mul", "fma"):
        yield operands[0], operands[1]
    elif node.op == "dot":
        n = len(operands) // 2
        yield from zip(operands[:n], operands[n : 2 * n])


def _addends(node: Node) -> Sequence[Any]:
    """What a node adds to its products."""
    operands = node.operands
    if node.op == "mul":
        return ()
    if node.op == "fma":
        return operands[2:]  # type: ignore[no-any-return]
    if node.op == "dot":
        return operands[len(operands) // 2 * 2 :]  # type: ignore[no-any-return]
    return operands  # type: ignore[no-any-return]


def _weight_first(
    w: Any, x: Any, parameters: dict[Node, tuple[Unit, int]]
) -> tuple[Any, Any] | None:
    """The product as weight and input, None unless just one factor is a parameter."""
    if (w in parameters) == (x in parameters):
        return None
    return (w, x) if w in parameters else (x, w)


def _sum_of(
    node: Node, parameters: dict[Node, tuple[Unit, int]], sums: dict[Node, Unit]
) -> Unit | None:
    """The unit whose pre-activation this node is, or is a part of, if it is."""
    units: set[Unit] = set()
    for w, x in _products(node):
        product = _weight_first(w, x, parameters)
        if product is None or parameters[product[0]][1] == 0:
            return None
        units.add(parameters[product[0]][0])
    for x in _addends(node):
        if x in sums:
            units.add(sums[x])
        elif x in parameters and parameters[x][1] == 0:
            units.add(parameters[x][0])
        elif x.__class__ is not float or x != 0.0:
            return None
    return units.pop() if len(units) == 1 else None


def _neuron(
    top: Node,
    unit: Unit,
    parameters: dict[Node, tuple[Unit, int]],
    sums: dict[Node, Unit],
    activation: Node,
) -> Neuron:
    """Take a pre-activation apart, down to its parameters and inputs."""
    products: list[tuple[int, Node, Any]] = []
    bias = None
    inner = [activation] if activation is not top else []
    stack, seen = [top], {top}
    while stack:
        node = stack.pop()
        inner.append(node)
        for w, x in _products(node):
            product = _weight_first(w, x, parameters)
            assert product is not None
            products.append((parameters[product[0]][1], *product))
        for x in _addends(node):
            if x in parameters:
                bias = x
            elif x in sums and x not in seen:
                seen.add(x)
                stack.append(x)
    products.sort(key=lambda product: product[0])
    return Neuron(
        unit,
        tuple(w for _, w, _ in products),
        tuple(x for _, _, x in products),
        bias,
        top,
        activation,
        tuple(inner),
    )
