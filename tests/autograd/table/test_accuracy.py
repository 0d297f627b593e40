"""Every row's value and its first three derivatives are right to a few ulp.

The truth is finite differences on numbers of hundreds of digits, of the function that
the row is by its definition (:mod:`autograd.testing.precise`). So no partial is its own
judge, neither as the engines record it nor as higher derivatives and series take it
apart. The arguments are tiny, ordinary and huge ones and all where a row takes another
branch.

With ε = 2^-53, the bound of a value is 4 ε |f|, of a slope 8 ε |f'|. Higher derivatives
are sums of several terms, and have a zero where these cancel: their bound is 16 and
32 ε (|f| + Σ |x ∂f/∂x|), which near 0 is relative to f again. A row that cannot do as
well says so by ``units``, the factor of ε Σ |x ∂f/∂x| in its value and slopes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import pytest

import autograd as ag
from autograd.table.rules import RULES, Interval, Rule
from autograd.testing.precise import EXACT, Precise, mp, number
from tests.effort import sample
from tests.engines import on_each, once
from tests.exact import bits

ULP = (4, 8, 16, 32)
EPS = mp.mpf(2) ** -53
TINY = mp.mpf(2) ** -1074
LARGEST = mp.mpf(2) ** 1024 - mp.mpf(2) ** 970

ORDINARY = (
    *(0.3, 0.5, 0.7, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1.3, 2.0, 3.0, 8.0, 19.0, 30.7),
    *(36.9, 300.0, 709.5, 740.0),
)
EXTREME = (5e-324, 1e-300, 1e-150, 1e-20, 1e-8, 1e-3, 1e5, 1e16, 1e100, 1e155, 1.7e308)
FEW = (0.0, 1e-30, 1e-9, 0.5, 1.1, 40.0, 1e9)
FAR = (1e-300, 1e-150, 1e100, 1e155)

STENCILS: tuple[dict[int, int], ...] = (
    {0: 1},
    {1: 1, -1: -1},
    {1: 1, 0: -2, -1: 1},
    {2: 1, 1: -2, -1: 2, -2: -1},
    {2: 1, 1: -4, 0: 6, -1: -4, -2: 1},
)
"""The factors of f(x + kh) in hⁿ f⁽ⁿ⁾(x), twice that for odd n."""


class Case(NamedTuple):
    """A row as a function of its free operands, others being fixed."""

    name: str
    free: int
    fixed: tuple[float, ...] = ()

    def __str__(self) -> str:
        return self.name + (f"{list(self.fixed)}" if self.fixed else "")

    def of(self, *xs: Any) -> Any:
        operands = (*xs, *self.fixed)
        carrier = next(x for x in operands if hasattr(x, "_apply"))
        return carrier._apply(self.name, operands)

    def exact(self, xs: Sequence[Any]) -> Any:
        exact = EXACT.get(self.name)
        if exact is not None:
            return exact(*xs, *map(mp.mpf, self.fixed))
        return number(self.of(*map(Precise, xs)))

    @property
    def digits(self) -> int:
        """Those of a step: mpmath has 120 in all for some functions."""
        return 25 if self.name in GAMMAS else 40

    def points(self) -> Iterator[tuple[float, ...]]:
        if self.name in GAMMAS:
            yield from ((x,) for x in GAMMAS[self.name])
            return
        domain: Sequence[Interval] = getattr(RULES[self.name], "domain", ())
        numbers = (0.0, *ORDINARY, *EXTREME) if self.free == 1 else FEW
        axes = [
            sorted({s * x for x in numbers for s in (1, -1) if s * x in interval})
            for interval in domain or (Interval(),) * self.free
        ]
        far = [(x, y) for x in FAR for y in (0.3, x, 1e3 * x)] if self.free == 2 else []
        swapped = [(y, x) for x, y in far]
        for xs in (*itertools.product(*axes[: self.free]), *far, *swapped):
            if RULES[self.name].kink is None:
                if all(x in interval for x, interval in zip(xs, domain)):
                    yield xs
            elif max(map(abs, xs)) <= 1e9 and xs[0]:  # where its steps are seen
                yield xs


GAMMAS = {
    "gamma": (1e-300, 1e-8, 1e-3, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 30.7, -0.5, -1.3, -7.7),
    "lgamma": (1e-300, 1e-8, 1e-3, 0.3, 1.0, 1.4, 1.5, 2.0, 3.0, 30.7, 1e5, 1e16, -1.3),
    "digamma": (
        1e-150,
        1e-8,
        1e-3,
        0.3,
        1.0,
        1.4,
        1.5,
        2.0,
        3.0,
        30.7,
        1e5,
        1e16,
        -1.3,
    ),
}
"""A few points for what mpmath takes long for: digamma's derivatives are polygammas."""

ABSOLUTE = ("logsumexp", "softmax_cross_entropy")
"""Rows whose third derivatives p (1 − p)(1 − 2p) have the rounding of a p near ½, which
no operand near 0 moves as much: as their docs say, ε of it stays."""

CASES = [
    Case(name, len(rule.partials))
    for name, rule in RULES.items()
    if isinstance(rule, Rule)
    and len(rule.partials) <= 2
    and name not in ("relu_at", "round", "polygamma")
]
CASES += [
    *(Case("round", 1, (0.0,)), Case("fma", 2, (0.3,)), Case("sum", 2), Case("dot", 2)),
    *(Case("hypot", 2), Case("hypot", 1, (1e-9, 0.25)), Case("dist", 2, (1.0, -2.0))),
    *(Case("logsumexp", 2), Case("logsumexp", 1, (0.5, -40.0)), Case("mean", 2)),
    Case("softmax_cross_entropy", 2, (1.0, 0.0)),
    Case("softmax_cross_entropy", 1, (0.5, 0.75, 0.25)),
]


@cache
def truth(case: Case, xs: tuple[float, ...], n: int) -> dict[tuple[int, ...], Any]:
    """The derivatives up to order ``n`` that exist there, by the operands' orders."""
    sizes = [abs(math.log10(abs(x))) if x else 0 for x in xs]
    beyond = 700 if max(map(abs, xs)) > 10 else 0
    with mp.workdps(int(460 + beyond + 4 * sum(sizes))):
        h = [mp.mpf(10) ** -case.digits * min(abs(mp.mpf(x)) or 1, 1) for x in xs]
        seen: dict[tuple[int, ...], Any] = {}

        def difference(orders: Sequence[int], shift: tuple[int, int] = (0, 0)) -> Any:
            total = mp.mpf(0)
            for terms in itertools.product(*(STENCILS[o].items() for o in orders)):
                place = tuple(
                    k + (shift[1] if j == shift[0] else 0)
                    for j, (k, _) in enumerate(terms)
                )
                if place not in seen:
                    at = [mp.mpf(x) + k * d for x, k, d in zip(xs, place, h)]
                    seen[place] = case.exact(at)
                total += math.prod(w for _, w in terms) * seen[place]
            scale = mp.mpf(1)
            for o, d in zip(orders, h):
                scale *= d**o * (2 if o % 2 else 1)
            return total / scale

        found = {}
        apart = mp.mpf(10) ** (15 - case.digits)
        for orders in itertools.product(range(n + 1), repeat=len(xs)):
            if sum(orders) <= n:
                found[orders] = difference(orders)
        for i, d in enumerate(h):  # no kink, no jump, no end of the domain nearby
            for o in (1, 2):
                terms = {0: -1, 1: 1} if o == 1 else {0: 1, 1: -2, 2: 1}
                left, right = (
                    sum(
                        w * difference([0] * len(xs), shift=(i, side * k))
                        for k, w in terms.items()
                    )
                    / (side * d) ** o
                    for side in (-1, 1)
                )
                size = max(abs(left), abs(right))
                if not abs(left - right) <= size * apart + TINY * 1e-30:
                    return {}
        return found


def nested(case: Case, xs: tuple[float, ...], n: int) -> dict[tuple[int, ...], float]:
    """The derivatives up to order ``n`` from gradients of gradients."""
    leaves = list(map(ag.Value, xs))
    count = len(xs)
    known = {(0,) * count: case.of(*leaves)}
    for _ in range(n):
        for orders, y in list(known.items()):
            for i, slope in enumerate(ag.gradient(y, leaves)):
                next_ = tuple(o + (j == i) for j, o in enumerate(orders))
                known.setdefault(next_, slope)
    return {orders: y.data for orders, y in known.items()}


Claims = dict[tuple[int, ...], float]


def claimed(case: Case, xs: tuple[float, ...], n: int) -> list[Claims]:
    """What an engine says of the derivatives, from gradients and from a series."""
    try:
        ways = [nested(case, xs, n)]
    except (ArithmeticError, ValueError):  # no value there
        return []
    if case.free == 1:
        series = ag.taylor(case.of, n)(*xs)
        ways.append({(k,): c * math.factorial(k) for k, c in enumerate(series) if k})
    return ways


def errors(
    case: Case, xs: tuple[float, ...], claims: dict[tuple[int, ...], float]
) -> Iterator[tuple[float, tuple[int, ...], float, str]]:
    """How many times the bound each claim is off, where the truth is known."""
    n = max(map(sum, claims))
    try:
        exact = truth(case, xs, n + 1)
    except (ZeroDivisionError, OverflowError, ValueError):  # no such number nearby
        return
    by_order: dict[int, bool] = {}
    for orders, t in exact.items():
        fits = abs(t) <= LARGEST
        by_order[sum(orders)] = by_order.get(sum(orders), True) and bool(fits)
    for orders, claim in claims.items():
        order = sum(orders)
        if orders not in exact or not all(by_order[o] for o in range(order + 1)):
            continue  # it, or what it is made of, is beyond the floats
        if order == 3 and case.free == 2 and max(map(abs, xs)) > 1e154:
            continue  # so is a product of operands in it
        t = exact[orders]
        moved = mp.mpf(0)
        for i, x in enumerate(xs):
            further = tuple(o + (j == i) for j, o in enumerate(orders))
            moved += abs(mp.mpf(x) * exact[further])
        units = RULES[case.name].units
        weight = units if order < 2 else max(units, ULP[order])
        steep = max(1, *(abs(mp.mpf(x)) for x in xs)) ** 2
        own = ULP[order] if units <= 8 else units
        bound = EPS * (own * abs(t) + weight * moved)
        bound += TINY * min(4 * steep, mp.mpf(10) ** 7)
        if order == 3 and case.name in ABSOLUTE:
            bound += EPS
        off = float(abs(claim - t) / bound) if math.isfinite(claim) else math.inf
        yield off, orders, claim, mp.nstr(t, 17)


@once
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_and_its_first_derivatives_are_right_to_a_few_ulp(case: Case) -> None:
    seen, worst = 0, []
    for xs in sample(case.points(), 3 if case.free == 1 else 9):
        ways = [
            way for found in on_each(partial(claimed, case, xs, 3)) for way in found
        ]
        for claims in {str(bits(way)): way for way in ways}.values():
            for off, *said in errors(case, xs, claims):
                seen += 1
                if not off <= 1:
                    worst.append((off, xs, claims is ways[0], *said))
    assert not worst, sorted(worst, key=lambda w: -w[0])[:8]
    assert seen >= 20
