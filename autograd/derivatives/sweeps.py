"""Sweeps over Values: what they compute can be differentiated again.

The engines' own sweeps carry floats and use the partials that were recorded. Here
the table's partials are evaluated once more, on the Values of the graph, so that a
partial is a graph itself; the chain rule then makes a graph of the gradient, and
there is no second set of rules for second derivatives.

The numbers are those of the engines' sweeps, bit for bit. A factor of exactly 1
makes no node, and what is 0 everywhere stays the number 0.0: it has no derivative,
and costs nothing in any higher order. At a singular point partials are IEEE limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeVar

from autograd.core import choice, graph, limits
from autograd.core import recording as recorders
from autograd.core.graph import Node
from autograd.core.plain import check_value, is_value
from autograd.core.recording import resumed as recording
from autograd.table.custom import advice
from autograd.table.primitive import apply
from autograd.table.rules import RULES, Reduction

__all__ = [
    "Partials",
    "dependents",
    "gradient",
    "pullback",
    "pushforward",
    "recording",
    "value_of",
    "with_recording",
]

T = TypeVar("T")


def value_of(x: Any) -> Any:
    """``x`` as a Value: a number becomes a node without operands but that number.

    It is no leaf, so that nobody takes it for a variable.
    """
    return x if hasattr(x, "_apply") else choice.Value(x)._apply("pos", (x,))


def with_recording(function: Callable[..., T]) -> Callable[..., T]:
    """The function, within :func:`recording` where it needs to be."""

    @wraps(function)
    def call(*arguments: Any, **keywords: Any) -> T:
        if recorders.suspensions and recorders.suspended():
            with recording():
                return function(*arguments, **keywords)
        return function(*arguments, **keywords)

    return call


def dependents(
    outputs: Iterable[Node], inputs: Sequence[Node], stop: bool = True
) -> list[Node]:
    """The nodes between inputs and outputs, operands first.

    Args:
        outputs, inputs: Values.
        stop: whether what the inputs themselves were computed from is left alone.
            Without it, an input may depend on another one.
    """
    order: list[Node] = []
    seen: set[Node] = set(inputs) if stop else set()
    for output in outputs:
        order += graph.topological_order(output, seen)
    active = set(inputs)
    between = []
    # A program may take the other branch: there, who goes on asks what is chosen.
    passed = graph.live if recorders.here.recorder is None else graph.edges
    for node in order:
        if any(x in active for _, x in passed(node)):
            active.add(node)
            between.append(node)
    return between


class Partials:
    """The partials of recorded nodes, evaluated on the Values of the graph.

    ``partials(node, i)`` is a number where the partial is the same everywhere, and
    a Value otherwise.
    """

    def __init__(self) -> None:
        self._checked: set[Node] = set()
        self._recomputed: dict[Node, list[Any]] = {}
        self._node: Node = None
        self._known: tuple[Any, Any] = ((), ())
        self._columns: dict[tuple[Node, int], list[Any]] = {}

    def __call__(self, node: Node, i: int) -> Any:
        if node.op == "checkpoint":
            if node not in self._recomputed:
                self._recomputed[node] = recomputed(node)
            return self._recomputed[node][i]
        rule, (operands, _) = RULES[node.op], self._of(node)
        try:
            if isinstance(rule, Reduction) and rule.together:
                partial = self._together(rule, i, node)
            else:
                partial = rule.partial(i, operands, node)
        except limits.FAILURES:  # of constants alone, which as Values take their limits
            partial = rule.partial(i, list(map(value_of, operands)), node)
        except (TypeError, AttributeError) as error:
            raise advice(rule, i, error) from error
        if not hasattr(partial, "_apply"):
            return float(partial)
        if partial.op and all(x.__class__ is float for x in partial.operands):
            partial = partial.data  # made of constants: the branch of a ``where``
        self._check(node, i, partial)
        return partial

    def _of(self, node: Node) -> tuple[Any, Any]:
        """Its operands and recorded partials, which a wide node makes once for all."""
        if node is not self._node:
            self._node, self._known = node, (node.operands, node.partials)
        return self._known

    def _together(self, rule: Reduction, i: int, node: Node) -> Any:
        """One of the partials that a row has by whole columns."""
        operands, _ = self._of(node)
        column, term = divmod(i, len(operands) // rule.columns)
        if (node, column) not in self._columns:
            found = rule.column(column, operands, node)
            self._columns[node, column] = found
        return self._columns[node, column][term]

    def _check(self, node: Node, i: int, partial: Any) -> None:
        """That no operand has other data now than when the node was recorded."""
        number = partial if partial.__class__ is float else partial.data
        operands, partials = self._of(node)
        same = _identical(number, partials[i])
        if same and node not in self._checked:
            self._checked.add(node)
            rule = RULES[node.op]
            numbers = [x if x.__class__ is float else x.data for x in operands]
            same = _identical(limits.value(rule, numbers), node.data)
        if not same:
            raise ValueError(
                f"cannot differentiate {node.op!r} again: .data of one of its operands "
                "has changed since it was recorded; compute the output anew"
            )


def rerun(node: Node) -> tuple[Any, list[Node]]:
    """What a checkpoint computed, once more with its graph, and the inputs of that."""
    *_, z = node.operands
    xs = node.operands[len(node.operands) // 2 : -1]
    with recording():
        output, inputs = node._kept(xs)
    if not _identical(output.data, z):
        raise ValueError(
            f"cannot differentiate a checkpoint again: its function gave {z!r} when it "
            f"first ran, and {output.data!r} now; it must compute the same, and .data "
            "of what it uses must be the same"
        )
    return output, inputs


def recomputed(node: Node) -> list[Any]:
    """The partials of a checkpoint by all its operands, from its graph.

    Raises:
        ValueError: they are not those that were recorded.
    """
    output, inputs = rerun(node)
    slopes = sweep(output, inputs, stop=True)
    for x, before in zip(slopes, node.partials[len(inputs) :]):
        now = x if x.__class__ is float else x.data
        if not _identical(now, before):
            raise ValueError(
                f"cannot differentiate a checkpoint again: its slope was {before!r} "
                f"when it first ran, and is {now!r} now; .data of a Value has changed"
            )
    return [0.0] * len(slopes) + slopes + [0.0]


def _identical(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def times(adjoint: Any, partial: Any) -> Any:
    """A product of numbers or Values that makes a node only where it must."""
    for one, other in ((adjoint, partial), (partial, adjoint)):
        if one.__class__ is float:
            if other.__class__ is float:
                return one * other
            if one == 1.0:
                return other
            if one == -1.0:
                return -other
            if one == 0.0 and one * other.data == 0.0:  # 0 · inf is no constant
                return one * other.data
    return adjoint * partial


def plus(x: Any, y: Any) -> Any:
    """A sum of numbers or Values that makes a node only where it must."""
    if y.__class__ is float and y == 0.0:
        return x
    return y if x.__class__ is float and x == 0.0 else x + y


def pullback(
    order: Sequence[Node], adjoints: dict[Node, Any], inputs: Iterable[Node]
) -> dict[Node, Any]:
    """Carry adjoints back to the inputs, through the nodes that depend on them.

    Args:
        order: those nodes, as :func:`dependents` gives them.
        adjoints: what is known at the start: floats or Values. Changed.
        inputs: Values.

    Returns:
        ``adjoints``, with an entry for every node on the way.
    """
    partial = Partials()
    active = {*order, *inputs}
    with limits.limits():
        for node in reversed(order):
            if node not in adjoints:
                continue
            adjoint = adjoints[node]
            zero = adjoint.__class__ is float and adjoint == 0.0
            recorded = node.partials if zero else ()
            for i, operand in graph.live(node):
                if operand not in active:
                    continue
                part = adjoint * recorded[i] if zero else math.nan
                if part != part:  # 0 · inf is no constant
                    part = times(adjoint, partial(node, i))
                before = adjoints.get(operand)
                adjoints[operand] = part if before is None else plus(before, part)
    return adjoints


def pushforward(
    outputs: Sequence[Node], inputs: Sequence[Node], seeds: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """Carry tangents forward in many directions.

    Args:
        outputs, inputs: Values; what the inputs were computed from is left alone.
        seeds: for each direction the tangents of the inputs, floats or Values, or None
            for one that stays.

    Returns:
        The tangents of each output, never -0.0; 0.0 where nothing that moves gets.
    """
    if recorders.here.recorder is not None:
        tangents: list[list[Any]] = recorders.here.recorder.push(outputs, inputs, seeds)
        return tangents
    moved = [_pushed(outputs, inputs, seed) for seed in seeds]
    return list(map(list, zip(*moved)))


def _pushed(
    outputs: Sequence[Node], inputs: Sequence[Node], seed: Sequence[Any]
) -> list[Any]:
    """The tangents in one direction: the dual numbers (node, tangent) of each node."""
    known = {x: t for x, t in zip(inputs, seed) if t is not None}
    partial, native = Partials(), choice.native.get("tangent_graph")
    with limits.limits():
        if native is not None:
            moved: list[Any] = native(outputs, inputs, seed, partial)
            return moved
        for node in dependents(outputs, inputs):
            total: Any = None
            for i, operand in graph.live(node):
                if operand in known:
                    part = times(known[operand], partial(node, i))
                    total = part if total is None else plus(total, part)
            if total is not None:
                known[node] = total
        return [positive_zero(known.get(y, 0.0)) for y in outputs]


def positive_zero(x: Any) -> Any:
    """``x``, with -0.0 as 0.0: what adding to a fresh ``grad`` makes of it."""
    data = x if x.__class__ is float else x.data
    return 0.0 + x if data == 0.0 and math.copysign(1.0, data) < 0 else x


def sweep(output: Node, inputs: Sequence[Node], stop: bool) -> list[Any]:
    """The derivatives of ``output`` by each input: Values, or floats if constant."""
    if recorders.here.recorder is not None:
        derivatives: list[Any] = recorders.here.recorder.sweep(output, inputs, stop)
        return derivatives
    if not hasattr(output, "_apply"):
        return [0.0] * len(inputs)
    native = choice.native.get("adjoint_graph")
    if native is not None:
        with limits.limits():
            found: list[Any] = native(output, inputs, stop, Partials())
            return found
    adjoints = pullback(dependents([output], inputs, stop), {output: 1.0}, inputs)
    return [positive_zero(adjoints.get(x, 0.0)) for x in inputs]


def gradient(output: Node, inputs: Iterable[Node]) -> list[Any]:
    """The derivatives of a Value by others, as Values to be differentiated again.

    No ``grad`` is touched. An input may be a leaf or a node on the way, and the
    derivative by it then counts everything that depends on it, as ``backward`` does.

    Args:
        output: a Value.
        inputs: Values.

    Returns:
        One Value for each input, 0.0 where the output does not depend on it.

    Raises:
        TypeError: ``output`` or an input is no Value.
        ValueError: ``.data`` of a Value has changed since ``output`` was computed.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> (slope,) = gradient(x**3, [x])
    >>> (curvature,) = gradient(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
    """
    if not isinstance(inputs, Iterable):
        raise TypeError(
            f"gradient: inputs must be a list of Values, got {type(inputs).__name__}"
        )
    inputs = list(inputs)
    check_value(output, "gradient: output")
    for i, x in enumerate(inputs):
        check_value(x, f"gradient: inputs[{i}]")
    return [value_of(x) for x in sweep(output, inputs, stop=False)]


class Mark:
    """What a transform's own leaves keep, which says whether it still runs.

    While it does, they are variables to the transforms within; afterwards they are
    constants to everybody.
    """

    running = True


def fresh(x: Any) -> Node:
    """A new input for a transform: a leaf, or an edge of slope 1 to a Value.

    Derivatives by it stop there; those of an outer transform go through.
    """
    if is_value(x):
        return x._apply("pos", (x,))
    answer = apply("pos", (x,))
    return choice.Value(x) if answer is NotImplemented else answer


def variables(scalars: list[Any], mark: Mark) -> tuple[list[Node], bool]:
    """A fresh input for each scalar, and whether one of the scalars is a Value."""
    native = choice.native.get("variables")
    if native is not None:
        found: tuple[list[Node], bool] = native(scalars, mark)
        return found
    inputs, live = list(map(fresh, scalars)), False
    for x, scalar in zip(inputs, scalars):
        if is_value(scalar):
            live = True
        else:
            x._kept = mark
    return inputs, live
