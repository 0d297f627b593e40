"""A sum over examples, which a program records for one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import autograd as ag
from tests.benchmarks.gradbench.function import flat


def like(nested: Any, numbers: Iterator[Any]) -> Any:
    """Other numbers, nested in the same way."""
    if isinstance(nested, dict):
        return {name: like(part, numbers) for name, part in nested.items()}
    if isinstance(nested, (list, tuple)):
        return [like(part, numbers) for part in nested]
    return next(numbers)


class Sum:
    """Σ term(parameters, *example) as a function of nested parameters.

    The parameters are leaf Values, which the program reads at each run.
    """

    def __init__(self, term: Callable[..., Any]) -> None:
        self.term = term
        self.leaves: list[Any] = []
        self.program: Any = None

    def _set(self, parameters: Any) -> None:
        numbers = flat(parameters)
        if len(numbers) != len(self.leaves):
            self.leaves = [ag.Value(number) for number in numbers]
            nested = like(parameters, iter(self.leaves))
            self.program = ag.compile(lambda *example: self.term(nested, *example))
        for leaf, number in zip(self.leaves, numbers):
            leaf.data, leaf.grad = number, 0.0

    def value(self, parameters: Any, *examples: Sequence[Any]) -> float:
        """The sum over examples, each argument of which has one more axis."""
        self._set(parameters)
        return float(self.program.map(*examples).sum())

    def gradient(self, parameters: Any, *examples: Sequence[Any]) -> Any:
        """Its derivative by each parameter, nested as they are."""
        self._set(parameters)
        self.program.backward(*examples)
        return like(parameters, (leaf.grad for leaf in self.leaves))
