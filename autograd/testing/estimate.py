"""Numerical derivatives from values alone, each with how far off it may be.

In many digits a difference quotient is as good as the derivative: the step is so small
that only a kink or a jump makes its two sides differ. In floats no step is good for
every function, since a large one leaves what the function does near the point and a
small one drowns in rounding. So all are tried, over many decades, from the smallest
on: each says an interval that holds the derivative, and the first one that contradicts
those before it has left the neighborhood (Lepski, Theory of Probability and Its
Applications 35, 1991, who so chooses a bandwidth). The narrowest before it is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Direction", "Estimate", "by_differences", "in_many_digits", "moved"]

Direction = Mapping[int, float]
"""How much each input moves; those that are not there stay."""

EPS = 2.0**-52
SMALLEST = 1e-290
"""Smaller derivatives are not told apart: products on the way underflow there."""

STEP = 1e-30
"""The step in many digits, relative to the smallest input that moves, or to itself."""

CLOSE = 1e-12
"""How much the two sides may differ before a smaller step is asked why."""


class Estimate(NamedTuple):
    """A numerical derivative: its number, how far off it may be, and how it was found.

    ``unit`` is the size of slopes around, beside which an error is small or not;
    ``trouble`` says why there is no derivative to be found.
    """

    number: float
    error: float
    method: str
    unit: float = 0.0
    trouble: str = ""


def moved(xs: Sequence[Any], step: Any, direction: Direction) -> list[Any]:
    """The point ``step`` times the direction away."""
    point = list(xs)
    for i, u in direction.items():
        point[i] = point[i] + step * u
    return point


# In many digits


def in_many_digits(
    f: Callable[[list[Any]], Any],
    xs: Sequence[float],
    directions: Sequence[Direction],
    value: float,
    size: float,
    expected: float,
) -> Estimate | None:
    """The mixed derivative of f along directions, by quotients in many digits.

    Args:
        f: the function of a list of numbers, whatever their type.
        xs: the point.
        directions: one for each differentiation.
        value: of f at the point, in floats.
        size: how large the terms are that make it.
        expected: what it will be compared with, which says how many digits it takes.

    Returns:
        None if mpmath is not there, or f takes floats only.
    """
    try:
        from autograd.testing.precise import Precise, mp, number
    except ImportError:
        return None

    k = len(directions)
    moves = [(abs(xs[i]), abs(u)) for d in directions for i, u in d.items() if u]
    method = "differences in many digits"
    with mp.workdps(40):
        size = max(size, abs(value), SMALLEST)
        step = STEP * min(mp.mpf(x or STEP) / u for x, u in moves)
        unit = size * max(mp.mpf(u) / (x or 1.0) for x, u in moves) ** k
        least = unit * mp.mpf(10) ** -60
        if expected and math.isfinite(expected):
            least = min(least, abs(mp.mpf(expected)))
        digits = 40 + 10 * k + int(mp.log10(size / step**k / least))
    with mp.workdps(digits):
        known: dict[tuple[Any, ...], Any] = {}

        def at(step: Any, chosen: tuple[int, ...]) -> Any:
            key = (step * any(chosen), chosen)
            if key not in known:
                point: list[Any] = list(map(mp.mpf, xs))
                for direction, taken in zip(directions, chosen):
                    if taken:
                        point = moved(point, step, direction)
                known[key] = number(f(list(map(Precise, point))))
            return known[key]

        def quotient(step: Any) -> Any:
            subsets = itertools.product((0, 1), repeat=k)
            signed = ((-1) ** (k - sum(s)) * at(step, s) for s in subsets)
            return mp.fsum(signed) / step**k

        try:
            here = at(step, (0,) * k)
        except Exception:  # whatever f raises at a number that is no Value
            return None
        if not abs(here - value) <= 1e-6 * size:
            return None  # another branch than in floats
        try:
            right, left = quotient(step), quotient(-step)
            gap, largest = abs(right - left), max(abs(right), abs(left))
            unit = max(unit, largest)
            if gap > CLOSE * largest or math.isinf(expected):
                near, before, coarser = step / 10**10, gap, right
                right, left = quotient(near), quotient(-near)
                gap = abs(right - left)
                growing = abs(right) > 1e3 * abs(coarser) and math.isinf(expected)
                if gap > 1e-5 * before + least or growing:
                    trouble = _kink(k, left, right, gap / before if before else 1)
                    return Estimate(math.nan, math.inf, method, trouble=trouble)
                step = near
        except (ValueError, ArithmeticError):
            trouble = "the end of its domain: f is not defined on both sides"
            return Estimate(math.nan, math.inf, method, trouble=trouble)
        noise = size * 2 ** (k + 3) / step**k / mp.mpf(10) ** digits
        found = (right + left) / 2
        return Estimate(_float(found), _float(gap + noise), method, _float(unit))


def _kink(order: int, left: Any, right: Any, growth: Any) -> str:
    sides = f"{_float(left):.6g} on the left and {_float(right):.6g} on the right"
    if order > 1:
        return f"a kink: the derivative of order {order} is {sides}"
    if abs(left - right) <= 1e-5 * abs(left):
        return "a singular point: quotients grow without end"
    if growth > 10:
        return "a jump, or a slope without end"
    return f"a kink: the slope is {sides}"


def _float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.copysign(math.inf, x)


# In floats


class _Quotient(NamedTuple):
    """What is known at one step: the central quotient, its rounding, and the sides."""

    step: float
    central: float
    rounding: float
    gap: float
    change: float


def by_differences(
    f: Callable[[list[float]], float],
    xs: Sequence[float],
    direction: Direction,
    size: float,
) -> Estimate:
    """The derivative of f along a direction, by central differences in floats.

    Args:
        f: the function of a list of floats.
        xs: the point.
        direction: in which to differentiate.
        size: how large the terms are that make f, whose rounding is its noise.
    """
    method = "differences of floats"
    ratio, steps = _steps(xs, direction)
    found: list[_Quotient] = []
    best = Estimate(math.nan, math.inf, method)
    low, high = -math.inf, math.inf
    centers: list[float] = []
    for quotient in _quotients(f, xs, direction, size, steps):
        found.append(quotient)
        if len(found) < 2:
            continue
        finer = found[-2]
        power = ratio * ratio - 1
        center = finer.central + (finer.central - quotient.central) / power
        rounding = (ratio**2 * finer.rounding + quotient.rounding) / power
        centers.append(center)
        if len(centers) < 3:
            continue
        older, old = centers[-3:-1]
        error = max(abs(center - old), 4 * abs(old - older)) + rounding
        if center - error > high or center + error < low:
            break
        low, high = max(low, center - error), min(high, center + error)
        if error < best.error:
            best = Estimate(center, error, method, quotient.change / quotient.step)
    if _bent(found, ratio):
        return Estimate(math.nan, math.inf, method, trouble="a kink")
    return best


def _steps(xs: Sequence[float], direction: Direction) -> tuple[float, Iterator[float]]:
    """Their ratio, and the steps, the smallest first: decades if an input is 0."""
    scale = min((abs(xs[i]) or 1.0) / abs(u) for i, u in direction.items() if u)
    if all(xs[i] for i, u in direction.items() if u):
        return 2.0, (math.ldexp(scale, k) for k in range(-48, 12))
    return 10.0, (scale * 10.0**k for k in range(-150, 4))


def _quotients(
    f: Callable[[list[float]], float],
    xs: Sequence[float],
    direction: Direction,
    size: float,
    steps: Iterator[float],
) -> Iterator[_Quotient]:
    """The quotients at all steps, until f is not defined there."""
    try:
        here = f(list(xs))
        for step in steps:
            right = f(moved(xs, step, direction))
            left = f(moved(xs, -step, direction))
            noise = 4 * EPS * (size + max(abs(right), abs(left)))
            gap = ((right - here) - (here - left)) / step
            change = max(abs(right - here), abs(left - here))
            central = (right - left) / (2 * step)
            if not math.isfinite(central + gap + noise):
                return
            yield _Quotient(step, central, noise / step, gap, change)
    except (ValueError, ArithmeticError):
        return


def _bent(found: Sequence[_Quotient], ratio: float) -> bool:
    """Whether the sides differ by the same at steps that shrink: smooth ones do not.

    Asked where the difference first rises out of the rounding, at the smallest steps.
    """
    for q, wider, widest in zip(found, found[1:], found[2:]):
        if abs(q.gap) > 40 * q.rounding:
            return all(0.8 < w.gap / q.gap < 1.25 for w in (wider, widest))
    return False
