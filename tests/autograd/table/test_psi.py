"""ψ and its derivatives on floats: right to rounding, and at poles as Γ in ``math``."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd as ag
from autograd.table import psi
from autograd.table.primitive import PRIMITIVES
from tests.engines import once

pytestmark = once

ROOT = psi.ROOT


def units(found: float, n: int, x: float) -> float:
    """The error of ψ⁽ⁿ⁾(x) in units of ε (|f| + |x f'|)."""
    with mpmath.workdps(50):
        exact, slope = mpmath.psi(n, mpmath.mpf(x)), mpmath.psi(n + 1, mpmath.mpf(x))
        scale = mpmath.mpf(2) ** -53 * (abs(exact) + abs(x * slope))
        return float(abs(exact - found) / (scale + mpmath.mpf(2) ** -1022))


@given(
    n=st.integers(0, 4) | st.integers(0, 60),
    x=st.floats(-30, 30) | st.floats(1e-3, 1e6) | st.floats(1, 2),
)
@example(n=0, x=ROOT)
@example(n=1, x=-1e-20)
@example(n=2, x=-0.5)
@example(n=3, x=1e17)
def test_polygammas_are_right_within_four_roundings(n: int, x: float) -> None:
    try:
        found = psi.polygamma(n, x)
    except (ValueError, OverflowError):  # which the next tests look at
        return
    assert units(found, n, x) <= 4


@given(x=st.floats(0.1, 1e10) | st.floats(ROOT - 0.6, ROOT + 0.6))
@example(x=ROOT)
@example(x=math.nextafter(ROOT, 2))
def test_digamma_of_a_positive_number_is_within_ten_ulp(x: float) -> None:
    with mpmath.workdps(60):
        exact = mpmath.digamma(mpmath.mpf(x))
        assert abs(psi.digamma(x) - exact) <= 10 * math.ulp(float(exact))


@pytest.mark.parametrize("x", [0.0, -0.0, -1.0, -7.0, -1e300, -math.inf])
def test_a_pole_raises_what_math_raises_at_gammas(x: float) -> None:
    for f in (math.gamma, psi.digamma, lambda x: psi.polygamma(2, x)):
        with pytest.raises(ValueError, match="math domain error"):
            f(x)


def test_what_is_too_large_overflows() -> None:
    for f in (math.gamma, psi.digamma, lambda x: psi.polygamma(40, x)):
        with pytest.raises(OverflowError, match="math range error"):
            f(1e-310)


@pytest.mark.parametrize("n", [-1, 0.5, 1001, math.nan, math.inf])
def test_an_order_that_is_none_is_named(n: float) -> None:
    with pytest.raises(ValueError, match=f"from 0 to 1000, got {n!r}"):
        psi.polygamma(n, 1.0)


def test_at_the_ends_it_has_its_limits() -> None:
    assert psi.digamma(math.inf) == math.inf
    assert math.copysign(1.0, psi.polygamma(1, math.inf)) == 1.0
    assert math.copysign(1.0, psi.polygamma(2, math.inf)) == -1.0
    assert math.isnan(psi.polygamma(3, math.nan) + psi.digamma(math.nan))
    assert [psi.limit(n, 0.0) for n in (0, 1, 2)] == [-math.inf, math.inf, -math.inf]
    assert [psi.limit(n, -0.0) for n in (0, 1, 2)] == [math.inf, math.inf, math.inf]
    assert math.isnan(psi.limit(2, -3.0) + psi.limit(1, -math.inf))
    assert psi.limit(3, -3.0) == math.inf
    gamma = PRIMITIVES["gamma"]  # too large for floats it is positive, whole x or not
    assert [gamma.limit(x) for x in (171.7, 172.0, 172.2)] == [math.inf] * 3
    assert gamma.limit(0.0) == -gamma.limit(-0.0) == math.inf


def test_gamma_is_that_of_math_and_its_derivatives_go_on(engine: str) -> None:
    x = ag.Value(4.5)
    y = ag.gamma(x)
    y.backward()
    assert y.data == math.gamma(4.5)
    assert x.grad == math.gamma(4.5) * psi.digamma(4.5)
    assert ag.derivative(ag.lgamma, 9)(4.5) == pytest.approx(
        psi.polygamma(8, 4.5), rel=1e-14
    )
    assert ag.grad(ag.grad(x.__class__.digamma))(4.5) == psi.polygamma(2, 4.5)
    exact = float(mpmath.diff(mpmath.gamma, 4.5, 5))
    assert ag.derivative(ag.gamma, 5)(4.5) == pytest.approx(exact, rel=1e-12)
    program = ag.compile(ag.value_and_grad(lambda x: ag.lgamma(x) + ag.gamma(x)))
    eager = ag.value_and_grad(lambda x: ag.lgamma(x) + ag.gamma(x))
    assert program(2.25) == eager(2.25)


def test_an_order_has_no_slope() -> None:
    n, x = ag.Value(2.0), ag.Value(3.5)
    y = ag.polygamma(n, x)
    y.backward()
    assert (n.grad, x.grad) == (0.0, psi.polygamma(3, 3.5))
