"""The checks find what is wrong, and the strategies draw what they promise."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import testing
from autograd.table.rules import RULES, Rule
from autograd.testing import check


@given(testing.expressions(20))
@settings(max_examples=25)
def test_random_expressions_pass_at_their_point(e: testing.Expression) -> None:
    ag.check_gradients(e, *e.point)


@given(st.data())
@settings(max_examples=60)
def test_floats_in_lie_in_the_domain(data: st.DataObject) -> None:
    rule = RULES[data.draw(st.sampled_from(sorted(RULES)))]
    xs = data.draw(testing.floats_in(rule))
    if isinstance(rule, Rule):
        assert len(xs) == len(rule.partials)
        assert all(x in interval for x, interval in zip(xs, rule.domain))
    else:
        assert len(xs) % rule.columns == 0


def test_expressions_share_parts_and_run_on_any_number() -> None:
    e = testing.random_expression(3, 40, ["add", "mul", "sub"])
    used = [k for _, positions in e.nodes for k in positions]
    assert len(used) > len(set(used))
    point = [Fraction(x) for x in e.point]
    assert float(e(*point)) == pytest.approx(e(*e.point), rel=1e-12)
    names = []
    e(*e.point, evaluate=lambda name, xs: names.append(name) or xs[0])
    assert names == [name for name, _ in e.nodes]


def test_the_worst_input_both_numbers_and_the_tolerance_are_named() -> None:
    detached = lambda x: x["a"][0] ** 2 + x["a"][1] * x["a"][1].detach()
    with pytest.raises(testing.GradientError) as caught:
        ag.check_gradients(lambda x: _on_values(detached, x), {"a": [1.0, 3.0]})
    message = str(caught.value)
    assert "x[0]['a'][1]" in message
    assert "automatic 3.0" in message
    assert "numerical 6.0" in message or "numerical 5.99999" in message
    assert "tolerance" in message


def _on_values(f: Any, x: Any) -> Any:
    """f where it is given Values; elsewhere it has no value."""
    if not hasattr(x["a"][0], "backward"):
        raise TypeError("Values only")
    return f(x)


def test_complex_step_and_differences_agree() -> None:
    f = lambda x: ag.exp(ag.sin(x)) / (1 + x * x)
    step = check._complex_step(lambda xs: f(xs[0]), [0.7], 0)
    differences = check._differences(lambda xs: f(xs[0]), [0.7], 0)
    assert step is not None
    assert step.number == pytest.approx(ag.grad(f)(0.7), rel=1e-14)
    assert abs(differences.number - step.number) <= 10 * differences.error + 1e-13
    assert differences.error < 1e-9


@pytest.mark.parametrize("name", ["erf", "cbrt", "erfc", "abs", "log1p", "expm1"])
def test_rows_with_and_without_complex_values(name: str) -> None:
    ag.check_gradients(lambda x: x._apply(name, (x,)), 0.7, order=3)


def test_near_the_end_of_a_domain() -> None:
    ag.check_gradients(lambda x: ag.erf(ag.log(x)), 1e-3)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_a_function_of_any_size_is_checked(size: float) -> None:
    """Nothing that is wrong hides behind a tolerance for functions of size 1."""
    right = lambda x: size * ag.sin(x)
    ag.check_gradients(right, 0.5)
    wrong = lambda x: size * (ag.sin(x) + 1e-3 * (x - x.detach()))
    with pytest.raises(testing.GradientError, match="order 1 by x"):
        ag.check_gradients(lambda x: _on_values_alone(wrong, x), 0.5)


def _on_values_alone(f: Any, x: Any) -> Any:
    if not hasattr(x, "backward"):
        raise TypeError("Values only")
    return f(x)


def test_terms_that_cancel_are_no_error() -> None:
    ag.check_gradients(lambda x: ag.log(ag.exp(x)) - x, 0.7)
    ag.check_gradients(lambda x: ag.sin(x) ** 2 + ag.cos(x) ** 2 - 1, 0.7)


@pytest.mark.parametrize("slope", [math.inf, math.nan])
def test_a_partial_that_is_no_number_is_caught(slope: float) -> None:
    f = ag.rule(lambda x: ag.sin(x), [lambda x, z: slope], name="my_infinite")
    try:
        with pytest.raises(testing.GradientError, match="order 1 by x"):
            ag.check_gradients(f, 0.5, order=1)
    finally:
        del RULES["my_infinite"]


def test_a_numerical_derivative_that_tells_nothing_is_no_pass() -> None:
    noisy = lambda x: ag.erf(x) + ag.floor(1e3 * ag.sin(1e6 * x))
    with pytest.raises(testing.GradientError, match=r"estimated error [0-9.]*e\+"):
        ag.check_gradients(noisy, 0.5, order=1)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one number"):
        ag.check_gradients(lambda: 1.0)
    with pytest.raises(ValueError, match="order must be at least 1"):
        ag.check_gradients(ag.sin, 1.0, order=0)
    with pytest.raises(TypeError, match="plain numbers"):
        ag.check_gradients(ag.sin, ag.Value(1.0))
    with pytest.raises(ValueError, match="no operation 'nope'"):
        testing.floats_in("nope")
    with pytest.raises(ValueError, match="no operation 'nope'"):
        testing.random_expression(0, 5, ["nope"])


def test_importing_autograd_does_not_import_hypothesis() -> None:
    code = "import sys, autograd; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
