"""Random operands and expressions to check derivatives on, for Hypothesis and without.

Hypothesis is imported by its strategies alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd.table.primitive import apply
from autograd.table.rules import RULES, Interval, Reduction, Rule

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Expression", "expressions", "floats_in", "random_expression"]


@dataclass(frozen=True)
class Expression:
    """A random expression with shared parts, and a point where it is smooth.

    ``nodes`` has (row, positions of the operands): position k < arity is input k,
    position arity + k the result of node k. The last node is the result.
    """

    point: tuple[float, ...]
    nodes: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def arity(self) -> int:
        """How many inputs it has."""
        return len(self.point)

    def __call__(self, *xs: Any, evaluate: Callable[..., Any] | None = None) -> Any:
        """The result on any number type, by ``evaluate(row, operands)`` if given."""
        if len(xs) != self.arity:
            raise TypeError(f"the expression has {self.arity} inputs, got {len(xs)}")
        results = list(xs)
        for name, positions in self.nodes:
            operands = tuple(results[k] for k in positions)
            results.append((evaluate or _evaluate)(name, operands))
        return results[-1]


def _evaluate(name: str, operands: tuple[Any, ...]) -> Any:
    answer = apply(name, operands)
    return RULES[name].value(*operands) if answer is NotImplemented else answer


Operation = Rule | Reduction | str | Callable[..., Any]
"""A row of the table, its name, or its function."""

SMOOTH = (
    *("add", "sub", "mul", "truediv", "neg", "pow", "exp", "log", "sqrt"),
    *("sin", "cos", "tanh", "atan", "sigmoid", "softplus"),
)
"""The rows that a random expression is made of unless told otherwise."""

LARGEST = 100.0
"""No part of a random expression is larger, and no partial."""


def _grow(
    choose: Callable[[Sequence[Any]], Any],
    point: tuple[float, ...],
    count: int,
    rows: Sequence[Rule | Reduction],
) -> Expression:
    """An expression of at most ``count`` nodes, each inside its row's domain."""
    numbers = list(point)
    nodes: list[tuple[str, tuple[int, ...]]] = []
    for _ in range(count):
        rule = choose(rows)
        size = 2 * rule.columns if isinstance(rule, Reduction) else len(rule.partials)
        positions = tuple(choose(range(len(numbers))) for _ in range(size))
        z = _smooth(rule, [numbers[k] for k in positions])
        if z is not None:
            nodes.append((rule.name, positions))
            numbers.append(z)
    if not nodes:
        nodes.append(("add", (0, len(point) - 1)))
    return Expression(point, tuple(nodes))


def _row(name: str, operation: Operation) -> Rule | Reduction:
    """The row that is meant by itself, its name, or its function."""
    if isinstance(operation, (Rule, Reduction)):
        return operation
    found: Any = getattr(operation, "__name__", operation)
    if found not in RULES:
        raise ValueError(f"{name}: there is no operation {found!r}")
    return RULES[found]


def _smooth(rule: Rule | Reduction, operands: list[float]) -> float | None:
    """A row's value; None outside its domain or near its ends, or if it is large."""
    margin = 0.05
    for x, interval in zip(operands, getattr(rule, "domain", ())):
        if any(y not in interval for y in (x - margin, x, x + margin)):
            return None
    try:
        z = float(rule.value(*operands))
        slopes = [float(rule.partial(i, operands, z)) for i in range(len(operands))]
        if rule.kink is not None:  # the slopes must not jump nearby
            for move in (-margin, margin):
                moved = [x + move * (i + 1) for i, x in enumerate(operands)]
                w = float(rule.value(*moved))
                near = [float(rule.partial(i, moved, w)) for i in range(len(moved))]
                if any(abs(a - b) > 0.5 for a, b in zip(slopes, near)):
                    return None
    except (ValueError, ArithmeticError):
        return None
    return z if all(abs(y) <= LARGEST for y in (z, *slopes)) else None


def random_expression(
    seed: int,
    max_nodes: int = 30,
    operations: Sequence[Operation] = SMOOTH,
    arity: int = 3,
) -> Expression:
    """A random expression, the same for the same seed, without Hypothesis.

    Args:
        seed: any int.
        max_nodes: the most nodes that it has.
        operations: rows, or their names or functions.
        arity: the number of inputs.

    >>> random_expression(1) == random_expression(1)
    True
    """
    source = random.Random(seed)
    point = tuple(source.uniform(-2, 2) for _ in range(arity))
    rows = [_row("operations", operation) for operation in operations]
    return _grow(source.choice, point, max_nodes, rows)


def expressions(
    max_nodes: int = 30, operations: Sequence[Operation] = SMOOTH
) -> SearchStrategy[Expression]:
    """A Hypothesis strategy: random expressions with shared parts.

    Each is drawn together with a point of its domain, away from kinks, so that
    ``check_gradients(e, *e.point)`` holds for each ``e``.

    Args:
        max_nodes: the most nodes that one has.
        operations: rows, or their names or functions, those of custom rules too.

    Raises:
        ValueError: there is no such row.
    """
    from hypothesis import strategies as st

    rows = [_row("operations", operation) for operation in operations]

    @st.composite
    def strategy(draw: st.DrawFn) -> Expression:
        arity = draw(st.integers(1, 4))
        point = draw(st.tuples(*[st.floats(-2, 2)] * arity))
        count = draw(st.integers(1, max_nodes))
        return _grow(lambda xs: draw(st.sampled_from(xs)), point, count, rows)

    return strategy()


def floats_in(rule: Operation) -> SearchStrategy[tuple[float, ...]]:
    """A Hypothesis strategy: operands of a row, each inside its domain.

    Args:
        rule: a row of the table, its name, or its function.

    Returns:
        Tuples of floats, one for each operand; one to four terms for a reduction.

    Raises:
        ValueError: there is no such row.
    """
    from hypothesis import strategies as st

    rule = _row("floats_in", rule)
    if isinstance(rule, Reduction):
        term = st.tuples(*[_inside(Interval())] * rule.columns)
        terms = st.lists(term, min_size=1, max_size=4)
        return terms.map(lambda ts: tuple(x for column in zip(*ts) for x in column))
    domain = rule.domain or (Interval(),) * len(rule.partials)
    return st.tuples(*map(_inside, domain))


def _inside(interval: Interval) -> SearchStrategy[float]:
    """Numbers of an interval, everyday ones if it has no end."""
    from hypothesis import strategies as st

    if interval.whole:
        first = int(interval.low)
        return st.integers(first, first + 10).map(float)
    low = interval.low if math.isfinite(interval.low) else -40.0
    high = interval.high if math.isfinite(interval.high) else max(40.0, low + 40.0)
    return st.floats(low, high).filter(lambda x: x in interval)
