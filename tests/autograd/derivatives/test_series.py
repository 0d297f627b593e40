"""The power series of every row has mpmath's derivatives to the fourth order."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

import autograd as ag
from autograd.derivatives import series
from autograd.table.rules import RULES, Rule
from autograd.testing.precise import Precise, mp, number

POINTS = {"acosh": 1.3}
"""Where a row is looked at; all others at 0.6."""

# Rows of several operands, on a curve through them.
CURVES: dict[str, Any] = {
    "pow": lambda x: x**x,
    "truediv": lambda x: ag.sin(x) / x,
    "mul": lambda x: x * ag.exp(x),
    "atan2": lambda x: ag.atan2(x, 2 + x),
    "hypot": lambda x: ag.hypot(x, 2.0),
    "dist": lambda x: ag.dist([x, 1.0], [2.0, x]),
    "logsumexp": lambda x: ag.logsumexp([x, x * x, 0.5]),
    "bce": lambda p: ag.bce(p / 2, p / 3),
    "bce_with_logits": lambda x: ag.bce_with_logits(x, 0.25),
    "elu": lambda x: ag.elu(-x, 1.5),
    "fma": lambda x: ag.fma(x, x, x),
    "fmod": lambda x: ag.fmod(x * x, 5.0),
    "maximum": lambda x: ag.maximum(x**3, -x),
    "where": lambda x: ag.where(x > 0, ag.sin(x), x),
}
SINGLE = [n for n, r in RULES.items() if len(r.partials) == 1 and isinstance(r, Rule)]


def truth(f: Any, x: float, n: int) -> float:
    """The n-th derivative of a function of mpmath's numbers, by differences."""
    with mp.workdps(20):  # differences of order 4 take five times as many
        return float(mp.diff(lambda t: number(f(Precise(t))), mp.mpf(x), n))


def nested(f: Any, n: int) -> Any:
    for _ in range(n):
        f = ag.grad(f)
    return f


@pytest.mark.parametrize("name", [*SINGLE, *CURVES])
def test_derivatives_to_the_fourth_order(name: str) -> None:
    x = POINTS.get(name, 0.6)
    f = CURVES.get(name) or (lambda v: v._apply(name, (v,)))
    for n in range(5):
        expected = truth(f, x, n)
        # Cancellation is relative to the function where a derivative happens to be 0.
        floor = 1e-15 if abs(expected) < 1e-12 else 0.0
        assert ag.derivative(f, n)(x) == pytest.approx(expected, rel=1e-12, abs=floor)
        assert nested(f, n)(ag.Value(x)).data == pytest.approx(
            expected, rel=1e-12, abs=floor
        )


def test_high_orders() -> None:
    assert ag.derivative(ag.exp, 40)(1.0) == pytest.approx(math.e, rel=1e-12)
    assert ag.derivative(ag.sin, 41)(0.5) == pytest.approx(math.cos(0.5), rel=1e-12)
    # (1/x)⁽ⁿ⁾ = (-1)ⁿ n! / xⁿ⁺¹
    assert ag.derivative(lambda x: 1 / x, 30)(2.0) == pytest.approx(
        math.factorial(30) / 2.0**31, rel=1e-12
    )


def test_the_cost_is_polynomial() -> None:
    """Doubling the order multiplies the multiplications by at most 2³."""

    def count(n: int) -> int:
        calls = 0
        original = series._multiply

        def multiply(x: Any, y: Any) -> Any:
            nonlocal calls
            calls += 1
            return original(x, y)

        series._multiply = multiply
        try:
            ag.derivative(lambda x: ag.erf(ag.sin(x) / x) ** 1.5, n)(0.7)
        finally:
            series._multiply = original
        return calls

    assert count(24) <= 9 * count(12)


def test_taylor_of_a_polynomial_ends() -> None:
    assert ag.taylor(lambda x: x * x * x, 5)(2.0) == [8.0, 12.0, 6.0, 1.0, 0.0, 0.0]
    assert ag.taylor(lambda x: 3, 2)(1.0) == [3.0, 0.0, 0.0]


def test_values_in_give_values_out() -> None:
    x = ag.Value(0.4)
    y = ag.derivative(ag.sin, 2)(x)
    y.backward()
    assert y.data == pytest.approx(-math.sin(0.4), rel=1e-15)
    assert x.grad == pytest.approx(-math.cos(0.4), rel=1e-15)


def test_singular_points_are_limits() -> None:
    assert ag.derivative(ag.sqrt, 2)(0.0) == -math.inf
    assert ag.derivative(lambda x: x**2, 2)(0.0) == 2.0


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: ag.derivative(ag.sin, -1), ValueError, "at least 0, got -1"),
        (lambda: ag.derivative(ag.sin, 1.5), TypeError, "int, got float"),
        (lambda: ag.derivative(ag.sin, 171), ValueError, "at most 170"),
        (lambda: math.exp(series.Series([1.0])), TypeError, "autograd.exp"),
        (lambda: ag.derivative(ag.sin, 1)([1.0]), TypeError, "scalar.*got list"),
        (lambda: ag.derivative(lambda x: [x], 1)(1.0), TypeError, "got list of 1"),
    ],
)
def test_bad_input_says_what_was_expected(run: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        run()


@pytest.mark.parametrize(
    ("f", "n", "x", "true"),
    [
        (lambda x: 1 / x, 60, 1e6, math.factorial(60) / Fraction(10) ** 366),
        (lambda x: ag.exp(x * 0.01), 120, 0.0, Fraction(0.01) ** 120),
        (lambda x: 1 / x, 40, 1e-4, math.factorial(40) * Fraction(10) ** 164),
        (lambda x: x**3, 3, 1e-200, Fraction(6)),
    ],
)
def test_no_coefficient_on_the_way_leaves_the_range_of_floats(
    f: Any, n: int, x: float, true: Fraction
) -> None:
    # Each of n steps rounds a few times, and 1e-4 is no float: n ulp of its power.
    assert ag.derivative(f, n)(x) == pytest.approx(float(true), rel=4e-16 * n, abs=0)


def test_coefficients_that_are_floats_are_given_though_others_are_not() -> None:
    found = ag.taylor(lambda x: 1 / x, 60)(1e6)
    assert found[:2] == [1e-6, -1e-12]
    assert found[45] == pytest.approx(-1e-276, rel=1e-14, abs=0)
    assert found[60] == 0.0  # 1e-366 is none


def test_a_scale_changes_no_digit() -> None:
    low = ag.taylor(lambda x: ag.exp(ag.sin(x)), 8)(0.3)
    f = ag.taylor(lambda x: ag.exp(ag.sin(x)) * 2.0**-1000, 8)(0.3)
    assert [c * 2.0**1000 for c in f] == low


def test_a_program_of_derivatives_never_raises_either() -> None:
    for f, x in ((ag.sqrt, 0.0), (ag.asin, 1.0), (lambda x: ag.sqrt(x) % 3.0, 0.0)):
        for n in (1, 2, 3):
            way = ag.derivative(f, n)
            assert repr(ag.compile(way)(x)) == repr(way(x))


def chosen(x: Any) -> Any:
    return ag.where(x > 0.3, x**4, ag.exp(-x) * x)


BEHIND: dict[str, Any] = {
    "a choice by data": ag.derivative(chosen, 3),
    "a choice that is scaled": ag.taylor(lambda x: ag.exp(chosen(x)), 5),
    "two choices": ag.derivative(lambda x: ag.where(x < 1.0, chosen(x), x) * x, 2),
    "a gradient": ag.derivative(lambda x: ag.grad(lambda y: ag.exp(y) ** 1.5)(x), 2),
    "a gradient of a choice": ag.derivative(ag.grad(chosen), 2),
    "a tangent": ag.derivative(lambda x: ag.jvp(lambda y: y**5, (x,), (x,))[1], 2),
    "another derivative": ag.derivative(lambda x: ag.derivative(chosen)(x) * x, 2),
    "a checkpoint": ag.derivative(lambda x: ag.checkpoint(chosen)(x) * x, 2),
    "an entry by data": lambda x: ag.derivative(
        lambda y: (
            ag.take([y**3, ag.sin(y), ag.exp(y)], ag.minimum(abs(ag.trunc(x)), 2)) * y
        ),
        3,
    )(x),
    "a gradient around": ag.grad(
        lambda w: ag.derivative(lambda x: ag.sin(w * chosen(x)), 2)(w)
    ),
}
"""Derivatives of any order behind what leaves the engine's graph in a program."""


@pytest.mark.parametrize("name", BEHIND)
@pytest.mark.parametrize("executor", [None, "arrays"])
def test_a_program_of_derivatives_sees_what_its_graph_does_not_say(
    name: str, executor: str | None
) -> None:
    way = BEHIND[name]
    program = ag.compile(way, executor=executor)
    for x in (1.0, -2.5, 0.7, -0.2, 2.0, 1.0):
        assert repr(program(x)) == repr(way(x)) != "0.0"
    xs = [1.0, -2.5, 0.7, 1.5]
    together = program.map(xs)
    if name != "a choice that is scaled":
        assert together.tolist() == [way(x) for x in xs]
