"""The power series of every row has mpmath's derivatives to the fourth order."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

import autograd as ag
from autograd.derivatives import series
from autograd.table.rules import RULES

PLAIN = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "sqrt": mpmath.sqrt,
    "cbrt": mpmath.cbrt,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "degrees": mpmath.degrees,
    "radians": mpmath.radians,
    "abs": abs,
    "neg": lambda x: -x,
}
# Rows of several operands, on a curve through them.
CURVES: dict[str, tuple[Any, Any]] = {
    "pow": (lambda x: x**x, lambda x: x**x),
    "truediv": (lambda x: ag.sin(x) / x, lambda x: mpmath.sin(x) / x),
    "mul": (lambda x: x * ag.exp(x), lambda x: x * mpmath.exp(x)),
    "atan2": (lambda x: ag.atan2(x, 2 + x), lambda x: mpmath.atan2(x, 2 + x)),
    "hypot": (lambda x: ag.hypot(x, 2.0), lambda x: mpmath.sqrt(x * x + 4)),
    "dist": (
        lambda x: ag.dist([x, 1.0], [2.0, x]),
        lambda x: mpmath.sqrt((x - 2) ** 2 + (1 - x) ** 2),
    ),
    "logsumexp": (
        lambda x: ag.logsumexp([x, x * x, 0.5]),
        lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(x * x) + mpmath.exp(0.5)),
    ),
    "bce": (
        lambda p: ag.bce(p / 2, p / 3),
        lambda p: -((1 - p / 3) * mpmath.log(1 - p / 2) + p / 3 * mpmath.log(p / 2)),
    ),
    "bce_with_logits": (
        lambda x: ag.bce_with_logits(x, 0.25),
        lambda x: mpmath.log1p(mpmath.exp(x)) - x / 4,
    ),
    "elu": (lambda x: ag.elu(-x, 1.5), lambda x: 1.5 * mpmath.expm1(-x)),
    "fma": (lambda x: ag.fma(x, x, x), lambda x: x * x + x),
    "fmod": (lambda x: ag.fmod(x * x, 5.0), lambda x: x * x),
    "maximum": (lambda x: ag.maximum(x**3, -x), lambda x: x**3),
    "where": (lambda x: ag.where(x > 0, ag.sin(x), x), mpmath.sin),
}


def truth(f: Any, x: float, n: int) -> float:
    with mpmath.workdps(60):
        return float(mpmath.diff(f, mpmath.mpf(x), n, h=mpmath.mpf(10) ** -10))


def nested(f: Any, n: int) -> Any:
    for _ in range(n):
        f = ag.grad(f)
    return f


@pytest.mark.parametrize("name", [*PLAIN, *CURVES])
def test_derivatives_to_the_fourth_order(name: str) -> None:
    x = 1.3 if name == "acosh" else 0.6
    row = lambda v: v._apply(name, (v,))
    f, exact = CURVES[name] if name in CURVES else (row, PLAIN[name])
    for n in range(5):
        expected = truth(exact, x, n)
        # Cancellation is relative to the function where a derivative happens to be 0.
        floor = 1e-15 if abs(expected) < 1e-12 else 0.0
        assert ag.derivative(f, n)(x) == pytest.approx(expected, rel=1e-12, abs=floor)
        assert nested(f, n)(ag.Value(x)).data == pytest.approx(
            expected, rel=1e-12, abs=floor
        )


def test_every_smooth_row_of_one_operand_is_checked() -> None:
    flat = {"floor", "ceil", "trunc", "pos", "relu"}
    single = {n for n, r in RULES.items() if len(getattr(r, "domain", ())) <= 1}
    single = {n for n in single if hasattr(RULES[n], "parameters")}
    single = {n for n in single if len(RULES[n].partials) == 1}
    assert single - flat <= set(PLAIN)


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
