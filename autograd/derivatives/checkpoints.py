"""Checkpoints: a stretch of a computation without its graph.

``checkpoint(f)(*x)`` runs f, takes the derivatives of each output by the inputs with
a sweep of its own, and lets go of the graph: what stays is one node per output, whose
operands are the Values that it depends on and these derivatives. ``backward`` of
either engine passes it as any other node, and so do pictures and sums over paths. Only
a derivative of second or higher order needs the graph again, and then f runs once
more for each output, from the inputs.

A loop of n steps in √n checkpoints thus holds √n nodes and the graph of one stretch.
Griewank and Walther, Evaluating Derivatives (2008), chapters 10 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from autograd.core import choice, graph, limits
from autograd.core.graph import Node
from autograd.core.plain import is_value
from autograd.core.recording import here
from autograd.derivatives.nesting import flatten
from autograd.derivatives.sweeps import dependents, fresh
from autograd.table.rules import CHECKPOINT, RULES

__all__ = ["checkpoint"]

Run = Callable[[Sequence[Any]], tuple[list[Any], Any]]


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f without a graph in memory: its derivatives are taken at once.

    What stays is a number for each output and each Value that it depends on, and
    costs one sweep over f's graph for each output: little where a long stretch has a
    small state, more than the graph where a wide one has many outputs of many inputs.
    The derivatives are those of f up to rounding, as their products are taken in
    another order.

    Values that f closes over are differentiated too. If they were computed outside,
    or f computes with them alone, it runs twice, to tell what is its own; pass them as
    arguments to spare that. ``f`` must compute the same whenever it runs again.

    Args:
        f: a function of scalars, arrays, or nested lists, tuples and dicts of them,
            that returns the like.

    Returns:
        A function with the arguments of ``f`` and its results.

    Raises:
        TypeError: an argument or a result holds something that is no scalar.
        ValueError: from a derivative of higher order, f
            did not compute the same again.

    >>> from autograd import Value, sin
    >>> x = Value(0.0)
    >>> y = checkpoint(lambda x: sin(x) * sin(x) + x)(x)
    >>> y.backward()
    >>> y.op, x.grad
    ('checkpoint', 1.0)
    """
    if not callable(f):
        raise TypeError(f"checkpoint: f must be a function, got {type(f).__name__}")

    def derived(*arguments: Any, **keywords: Any) -> Any:
        if here.recorder is not None:  # a program has no graph to do without
            return f(*arguments, **keywords)
        scalars, build = flatten(arguments, "checkpoint: arguments")
        values = [x for x in scalars if is_value(x)]
        # Who keeps ``run`` must not keep the graph that the Values come from.
        numbers = [None if is_value(x) else x for x in scalars]

        def run(inputs: Sequence[Any]) -> tuple[list[Any], Any]:
            """f's results with ``inputs`` in place of the Values among the scalars."""
            it = iter(inputs)
            placed = [next(it) if x is None else x for x in numbers]
            return flatten(f(*build(placed), **keywords), "checkpoint: the result")

        stretch = Stretch(run, [x.detach() for x in values])
        outputs, nest = run(stretch.ends)
        inputs = stretch.first_inputs(outputs)
        sources = [*values, *inputs[len(values) :]]
        RULES.setdefault(CHECKPOINT.name, CHECKPOINT)
        return nest(stretch.nodes(outputs, inputs, sources))

    return derived


class Stretch:
    """One call of the user's function, apart from the graph that it stands in.

    Args:
        run: the function, from as many inputs as there were Values to its results as
            a flat list, and their nesting.
        ends: leaves with the data of these Values.
    """

    def __init__(self, run: Run, ends: list[Node]) -> None:
        self.run = run
        self.ends = ends
        self.outside: list[Node] = []  # results that it uses and did not make
        self.limits = limits.taking_limits()

    def first_inputs(self, outputs: list[Any]) -> list[Node]:
        """The inputs of the first run, which finds the results from outside.

        A leaf that the function uses is as good as an argument. But a result that
        depends on no argument is its own or not: the function runs again, and what
        then is the same Value was there before.
        """
        inputs = self.inputs(outputs, self.ends)
        if not any(x.op for x in inputs):
            return inputs
        order = _nodes(outputs, self.ends)
        before = set(order) & set(_nodes(self.run(self.ends)[0], self.ends))
        inside = (node for node in order if node not in before)
        used = dict.fromkeys((*_operands(inside), *filter(is_value, outputs)))
        self.outside = [x for x in used if x in before]
        return self.inputs(outputs, self.ends)

    def inputs(self, outputs: list[Any], ends: list[Node]) -> list[Node]:
        """The ends, and what the function closes over or gives back unchanged."""
        found = list(filter(is_value, outputs))
        between = dependents(found, [*ends, *self.outside])
        own = {*between, *ends}
        beside = dict.fromkeys((*_operands(between), *found))
        return [*ends, *(x for x in beside if x not in own)]

    def nodes(
        self, outputs: list[Any], inputs: list[Node], sources: list[Node]
    ) -> list[Any]:
        """Each output as one node on the sources of the inputs that it depends on."""
        places = {x: i for i, x in enumerate(inputs)}
        ends = set(inputs)
        return [self.node(k, y, places, ends, sources) for k, y in enumerate(outputs)]

    def node(
        self,
        k: int,
        output: Any,
        places: dict[Node, int],
        ends: set[Node],
        sources: list[Node],
    ) -> Any:
        """Output ``k`` as a node on its sources, if it depends on any input."""
        if not is_value(output):
            return output
        if output in places:
            return sources[places[output]]
        slopes = self.slopes(output, places, ends)
        taken = sorted(slopes)
        if not taken:
            return output
        xs = [sources[i] for i in taken]
        operands = (*(slopes[i] for i in taken), *xs, output.data)
        node = xs[0]._apply("checkpoint", operands)
        node._kept = partial(self.again, k, taken, len(places))
        return node

    def slopes(
        self, output: Node, places: dict[Node, int], ends: set[Node]
    ) -> dict[int, float]:
        """The derivatives by those inputs that the output depends on, by their place.

        ``ends`` has the inputs, for the walk to stop there; as it came, it is left.
        """
        if not self.outside:  # the inputs are leaves
            engine = choice.module()
            reached = [x for x in engine.leaves(output) if x in places]
            derivatives = engine.gradients(output, reached)[0]
            return {places[x]: d for x, d in zip(reached, derivatives)}
        order = graph.topological_order(output, ends)
        ends.difference_update(order)
        recorded = {node: node.partials for node in order}
        adjoints = graph.reverse_sweep(
            order, {output: 1.0}, lambda node, i: recorded[node][i]
        )
        return {places[x]: d for x, d in adjoints.items() if x in places}

    def again(
        self, k: int, taken: list[int], count: int, xs: Sequence[Any]
    ) -> tuple[Any, list[Node]]:
        """Output ``k`` once more with its graph, and the inputs in place of ``xs``."""
        ends = list(self.ends)
        for i, x in zip(taken, xs):
            if i < len(ends):
                ends[i] = fresh(x)
        with limits.limits(self.limits):  # as when it first ran
            outputs, _ = self.run(ends)
        inputs = self.inputs(outputs, ends)
        if len(inputs) != count:
            raise ValueError(
                f"checkpoint: the function used {count} Values when it first ran and "
                f"{len(inputs)} now; it must compute the same again"
            )
        return outputs[k], [inputs[i] for i in taken]


def _operands(nodes: Iterable[Node]) -> Iterator[Node]:
    """What the nodes use, constants left out."""
    return (x for node in nodes for _, x in graph.edges(node))


def _nodes(outputs: list[Any], ends: list[Node]) -> list[Node]:
    """The nodes of all outputs down to the ends, operands first."""
    order: list[Node] = []
    seen = set(ends)
    for output in filter(is_value, outputs):
        order += graph.topological_order(output, seen)
    return order
