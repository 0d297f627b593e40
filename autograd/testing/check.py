"""Are the derivatives of a function right? Each is compared with a numerical one.

A comparison has three outcomes: right; wrong; and *cannot tell*, which is an error of
its own, because a check that tells nothing had better be told. What a derivative may
be off is its tolerance, and what rounding did to terms that cancel. Where rounding
could hide an error, the rules themselves, evaluated in many digits, decide.

A function of a few inputs is checked by each derivative alone. One of many is checked
along a few random directions, whose entries are scaled so that each has a like share:
a wrong one shows in any. Only then are the halves of a direction looked through for
the culprit, and the halves of these.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from autograd.derivatives.nesting import Build, flatten
from autograd.testing.automatic import Derivative
from autograd.testing.estimate import (
    EPS,
    SMALLEST,
    Direction,
    Estimate,
    by_differences,
    in_many_digits,
)

__all__ = ["GradientError", "UndecidedError", "check_gradients"]

ROUNDING = 32 * EPS
"""What rounding may do to a derivative, relative to the terms that make it."""

ENTRIES = 16
"""Up to how many derivatives of an order are checked one by one."""

CHAINS = 2
"""How many random directions are tried where there are more."""


class GradientError(AssertionError):
    """A derivative differs from the numerical one."""


class UndecidedError(AssertionError):
    """Nobody can tell whether a derivative is right: there is none, or too much noise.

    The message says which: a kink, a jump, the end of a domain; or rounding, which
    more digits help against: install mpmath, and write the function with operators and
    the functions of this package, so that it can be evaluated in many digits.
    """


class Comparison(NamedTuple):
    """What became of one derivative, and the sentence that says it."""

    verdict: Literal["right", "wrong", "undecided"]
    excess: float = 0.0
    message: str = ""


@dataclass
class _Scalars:
    """A function of nested arguments as one of a flat list."""

    f: Callable[..., Any]
    build: Build

    def __call__(self, xs: Sequence[Any]) -> Any:
        return self.f(*self.build(xs))


def check_gradients(
    f: Callable[..., Any], *x: Any, order: int = 2, tolerance: float = 1e-6
) -> None:
    """Compare the derivatives of f with numerical ones, order by order.

    The numerical ones come from the values of f alone, in many digits, if mpmath is
    installed and f takes other numbers than Values and floats: if it is made of
    operators and the functions of this package. Otherwise they are differences of the
    derivatives one order below, in floats, at steps over many decades.

    Of many inputs, random directions are checked (always the same ones), and single
    derivatives only to name the wrong one.

    Args:
        f: a function that returns a scalar, of scalars, arrays, or nested lists,
            tuples and dicts of them.
        x: the arguments: plain numbers. Choose a point away from kinks.
        order: up to which order to check.
        tolerance: the relative difference that is allowed.

    Raises:
        GradientError: a derivative is wrong; the message names the worst input, both
            numbers and the tolerance.
        UndecidedError: nobody can tell; the message says why.
        TypeError, ValueError: as :func:`autograd.grad`; or ``order`` is below 1.

    >>> from autograd import sin
    >>> check_gradients(lambda x, y: x * sin(y), 2.0, 3.0)
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"check_gradients: order must be at least 1, got {order!r}")
    if not tolerance > 0:
        raise ValueError(
            f"check_gradients: tolerance must be positive, got {tolerance}"
        )
    scalars, build = flatten(x, "check_gradients: x")
    if not all(isinstance(s, (int, float)) or hasattr(s, "dtype") for s in scalars):
        raise TypeError("check_gradients: x must be plain numbers, not Values")
    if not scalars:
        raise ValueError("check_gradients: x must have at least one number, got none")
    check = _Check(
        _Scalars(f, build), [float(s) for s in scalars], _names(x), tolerance
    )
    number, again = check.value(), check.value()
    if number != again and (number == number or again == again):
        raise UndecidedError(
            f"cannot tell: f gives {number!r}, and {again!r} when it is asked again"
        )
    for k in range(1, order + 1):
        found = [check.culprit(directions) for directions in check.directions(k)]
        for verdict, error in (("wrong", GradientError), ("undecided", UndecidedError)):
            those = [c for c in found if c.verdict == verdict]
            if those:
                raise error(max(those, key=lambda c: c.excess).message)


@dataclass
class _Check:
    """A function at a point, the names of its inputs, and what is allowed."""

    f: Callable[[Sequence[Any]], Any]
    xs: list[float]
    names: list[str]
    tolerance: float

    def value(self) -> float:
        """What the function gives at the point."""
        return Derivative(self.f, self.xs).number

    def directions(self, order: int) -> Iterator[list[Direction]]:
        """Along what to differentiate: every input, or random directions."""
        n = len(self.xs)
        if n**order <= ENTRIES:
            for key in itertools.product(range(n), repeat=order):
                yield [{i: 1.0} for i in key]
            return
        for seed in range(CHAINS):
            source = random.Random(seed)
            chain: list[Direction] = []
            for k in range(order):
                parts = self._random(source, chain)
                if k == order - 1:
                    yield from ([*chain, part] for part in parts)
                chain.append(parts[0])

    def _random(
        self, source: random.Random, before: Sequence[Direction]
    ) -> list[Direction]:
        """Random weights by which each slope has a like share; those of 0 apart."""
        derivative = Derivative(self.f, self.xs, before)
        shares: Direction = {}
        zeros: Direction = {}
        singular: list[Direction] = []
        for i, (slope, size) in enumerate(
            zip(derivative.slopes(), derivative.path_sizes())
        ):
            weight = source.choice((-1, 1)) * source.uniform(0.5, 1)
            share = max(abs(slope), 1e-8 * size)
            if not math.isfinite(share):
                singular.append({i: 1.0})
            elif 1e-200 < share < 1e200:
                shares[i] = weight / share  # type: ignore[index]
            else:
                zeros[i] = weight * (abs(self.xs[i]) or 1.0)  # type: ignore[index]
        return [*filter(None, (shares, zeros)), *singular]

    def culprit(self, directions: list[Direction]) -> Comparison:
        """The comparison along directions; if not right, of the inputs to blame."""
        found = self.compare(directions)
        if found.verdict == "right":
            return found
        for k in reversed(range(len(directions))):
            entries = list(directions[k].items())
            if len(entries) == 1:
                continue
            half = len(entries) // 2
            for part in (entries[:half], entries[half:]):
                within = self.culprit(
                    [*directions[:k], dict(part), *directions[k + 1 :]]
                )
                if within.verdict != "right":
                    return within
            # Each alone is allowed what adds up to too much here.
            return Comparison("right") if k == len(directions) - 1 else found
        return found

    def compare(self, directions: list[Direction]) -> Comparison:
        """The derivative along directions beside the numerical one."""
        *before, last = directions
        derivative = Derivative(self.f, self.xs, before)
        exact = derivative.along(last)
        original = Derivative(self.f, self.xs) if before else derivative
        estimate = in_many_digits(
            self.f, self.xs, directions, original.number, original.size(), exact
        )
        if estimate is None:
            estimate = by_differences(
                lambda xs: self._float(before, xs), self.xs, last, derivative.size()
            )
        # Of many entries together, one has to show.
        share = math.sqrt(sum(map(len, directions)) / len(directions))
        return self._judge(directions, derivative, exact, estimate, share)

    def _float(self, directions: Sequence[Direction], xs: Sequence[float]) -> float:
        """The derivative along directions at another point."""
        if not directions:
            return Derivative(self.f, xs).number
        return Derivative(self.f, xs, directions[:-1]).along(directions[-1])

    def _judge(
        self,
        directions: list[Direction],
        derivative: Derivative,
        exact: float,
        estimate: Estimate,
        share: float,
    ) -> Comparison:
        number, error = estimate.number, estimate.error
        off = abs(exact - number)
        allowed = self.tolerance / share * abs(number) + SMALLEST
        why = estimate.trouble
        if not why:
            unit = max(abs(number), abs(exact), estimate.unit)
            constant = exact == number == estimate.unit == 0
            coarse = not (constant or error <= max(self.tolerance * unit, SMALLEST))
            if off <= allowed + error and not coarse:
                return Comparison("right")
            # To first order, and whatever remains of a second one.
            rounding = ROUNDING * max(
                Derivative(self.f, self.xs, directions).size(), estimate.unit
            )
            if not off <= allowed + error + rounding:
                message = self._message(directions, exact, estimate)
                message += f"; they differ by {off:.1e}, the tolerance is {allowed:.1e}"
                if rounding > allowed:
                    message += f", and rounding may have done {rounding:.1e}"
                excess = off / (allowed + error + rounding)
                return Comparison("wrong", _or_inf(excess), message)
            formula = derivative.formula(directions[-1])
            if coarse or formula is None:
                why = "rounding may have done that"
            elif abs(formula[0] - number) <= allowed + error + 4 * EPS * formula[1]:
                return Comparison("right")
            else:
                message = self._message(directions, exact, estimate)
                message += f"; its rules in many digits give {formula[0]!r}"
                return Comparison("wrong", 1.0, message)
        message = f"cannot tell: {self._message(directions, exact, estimate)}; {why}"
        return Comparison("undecided", 0.0, message)

    def _message(
        self, directions: list[Direction], exact: float, estimate: Estimate
    ) -> str:
        by = ", ".join(
            self.names[next(iter(d))] if len(d) == 1 else f"{len(d)} inputs together"
            for d in directions
        )
        at = ", ".join(
            f"{self.names[i]} = {self.xs[i]!r}"
            for i in dict.fromkeys(next(iter(d)) for d in directions if len(d) == 1)
        )
        found = f"automatic {exact!r}"
        if not estimate.trouble:
            found += (
                f", numerical {estimate.number!r} "
                f"({estimate.method}, estimated error {estimate.error:.1e})"
            )
        at = f", at {at}" if at else ""
        return f"derivative of order {len(directions)} by {by}{at}: {found}"


def _or_inf(excess: float) -> float:
    return excess if excess == excess else math.inf


def _names(x: Any, name: str = "x") -> list[str]:
    """Where each scalar of a nested argument stands."""
    if isinstance(x, dict):
        return [n for key, y in x.items() for n in _names(y, f"{name}[{key!r}]")]
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple, range)):
        return [n for i, y in enumerate(x) for n in _names(y, f"{name}[{i}]")]
    return [name]
