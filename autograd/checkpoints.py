"""Checkpoints: a stretch of a computation without its graph.

``checkpoint(f)(*x)`` runs f, takes the derivatives of each output by the inputs with
a sweep of its own, and lets go of the graph: what stays is one node per output, whose
operands are the inputs and these derivatives. ``backward`` of either engine passes
it as any other node. Only a derivative of second or higher order needs the graph
again, and then f runs once more, from the inputs.

A loop of n steps in √n checkpoints thus holds √n nodes and the graph of one stretch.
Griewank and Walther, Evaluating Derivatives (2008), chapters 10 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import graph
from autograd.higher import dependents, fresh, frontier
from autograd.nesting import flatten, is_value
from autograd.rules import RULES, Reduction

__all__ = ["checkpoint"]

ROW = Reduction(
    "checkpoint",
    (0, lambda slope, x, z, n: slope),
    "z, whose derivative by each x is the slope beside it: (*slopes, *xs, z)",
    whole=lambda *operands: operands[-1],
)
object.__setattr__(ROW, "name", "checkpoint")


class Recipe(str):
    """The label of a checkpoint's node, which also keeps how to compute it again."""

    run: Callable[[Sequence[Any]], tuple[Any, list[Any]]]


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f without a graph in memory: its derivatives are taken at once.

    First derivatives cost one sweep over f's graph for each output. Values that f
    closes over are differentiated too; but what was computed outside, by a long graph
    of its own, is better passed as an argument, as the sweep would walk that graph.
    ``f`` must compute the same when it runs again.

    Args:
        f: a function of scalars, arrays, or nested lists, tuples and dicts of them,
            that returns the like.

    Returns:
        A function with the arguments of ``f`` and its results.

    Raises:
        TypeError: an argument or a result holds something that is no scalar.
        ValueError: a list in it is ragged.

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
        scalars, build = flatten(arguments, "checkpoint: arguments")

        def run(inputs: Sequence[Any]) -> tuple[list[Any], Any]:
            """f's results with ``inputs`` in place of the Values among the scalars."""
            it = iter(inputs)
            placed = [next(it) if is_value(x) else x for x in scalars]
            return flatten(f(*build(placed), **keywords), "checkpoint: the result")

        values = [x for x in scalars if is_value(x)]
        ends = [x.detach() for x in values]
        outputs, nest = run(ends)
        RULES.setdefault("checkpoint", ROW)
        return nest([_closed(y, k, run, values, ends) for k, y in enumerate(outputs)])

    return derived


def _closed(
    output: Any,
    k: int,
    run: Callable[[Sequence[Any]], tuple[list[Any], Any]],
    values: list[Any],
    ends: list[Any],
) -> Any:
    """Output ``k`` as one node on the inputs and on what f closes over."""
    between = dependents([output], ends) if is_value(output) else []
    if not between:
        return output
    closed = frontier([output], ends)
    recorded = {node: node.partials for node in between}
    adjoints = graph.reverse_sweep(
        between, {output: 1.0}, lambda node, i: recorded[node][i]
    )
    slopes = [adjoints.get(x, 0.0) for x in (*ends, *closed)]

    def again(xs: Sequence[Any]) -> tuple[Any, list[Any]]:
        inputs = [fresh(x) for x in xs[: len(ends)]]
        result = run(inputs)[0][k]
        return result, [*inputs, *frontier([result], inputs)]

    xs = [*values, *closed]
    node = xs[0]._apply("checkpoint", (*slopes, *xs, output.data))
    recipe = Recipe("checkpoint")
    recipe.run = again
    node.label = recipe
    return node
