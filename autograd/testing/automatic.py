"""Derivatives along directions as this package computes them, and what they are worth.

A derivative along several directions is a graph: of f, of its slope along the first
one, and so on, so that all orders are asked in the same way. Of a graph two more
things can be known: how large the terms are that make its number, which bounds what
rounding did to it; and what its rules say in many digits, without any rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.core import choice, graph
from autograd.core.plain import is_value
from autograd.derivatives import fresh, transforms
from autograd.derivatives.sweeps import sweep, value_of, with_recording
from autograd.table.rules import RULES
from autograd.testing.estimate import Direction

__all__ = ["Derivative"]


class Derivative:
    """The derivative of f along directions, at a point, as a graph.

    Args:
        f: a function of a list of scalars.
        xs: the point.
        directions: one for each differentiation; none for f itself.
    """

    @with_recording
    def __init__(
        self,
        f: Callable[[list[Any]], Any],
        xs: Sequence[float],
        directions: Sequence[Direction] = (),
    ) -> None:
        self.inputs: list[Any] = [choice.Value(x) for x in xs]
        self.output = fresh.scalar("check_gradients", f(self.inputs))
        for direction in directions:
            slopes = sweep(self.output, self.inputs, stop=True)
            terms = (value_of(slopes[i]) * u for i, u in direction.items())
            self.output = sum(terms, value_of(0.0))

    @property
    def number(self) -> float:
        """What it is in floats."""
        return float(fresh.number(self.output))

    def slopes(self) -> list[float]:
        """Its derivatives by every input, by the engine's own sweep."""
        return [float(y) for y in transforms.slopes(self.output, self.inputs, True)]

    def along(self, direction: Direction) -> float:
        """Its slope along a direction, in floats."""
        slopes = self.slopes()
        return math.fsum(slopes[i] * u for i, u in direction.items())

    def _sweep(self, partial: Callable[[float], float]) -> dict[Any, float]:
        if not is_value(self.output):
            return {}
        order = graph.topological_order(self.output)
        return graph.reverse_sweep(
            order, {self.output: 1.0}, lambda node, i: partial(node.partials[i])
        )

    def size(self) -> float:
        """How large its terms are: Σ |adjoint · data|, without what is not finite."""
        adjoints = self._sweep(lambda x: x)
        terms = (abs(adjoint * node.data) for node, adjoint in adjoints.items())
        return math.fsum(filter(math.isfinite, terms))

    def path_sizes(self) -> list[float]:
        """For every input the sum over all paths of the size of its product."""
        adjoints = self._sweep(abs)
        return [adjoints.get(x, 0.0) for x in self.inputs]

    def formula(self, direction: Direction) -> tuple[float, float] | None:
        """The slope along a direction by the rules in many digits, and its terms' size.

        None if mpmath is not there, or a rule takes floats only.
        """
        try:
            from autograd.testing.precise import Precise, mp, number
        except ImportError:
            return None
        values: dict[Any, Any] = {x: Precise(x.data) for x in self.inputs}
        tangents = {self.inputs[i]: mp.convert(u) for i, u in direction.items()}
        sizes = {x: abs(u) for x, u in tangents.items()}
        try:
            for node in graph.topological_order(self.output):
                if node in values:
                    continue
                operands = [values[x] if is_value(x) else x for x in node.operands]
                if not any(map(is_value, node.operands)):
                    values[node] = Precise(node.data)
                    continue
                rule = RULES[node.op]
                values[node] = z = rule.value(*operands)
                for i, x in graph.live(node):
                    if x in tangents:
                        slope = number(rule.partial(i, operands, z))
                        for sums, factor in ((tangents, slope), (sizes, abs(slope))):
                            sums[node] = sums.get(node, 0) + sums[x] * factor
            if not is_value(self.output) or self.output not in tangents:
                return 0.0, 0.0
            return float(tangents[self.output]), float(sizes[self.output])
        except Exception:  # whatever a user's rule raises at a number that is no Value
            return None
