"""The checker is right about right and wrong, and says so where it cannot tell."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

import autograd as ag
from autograd.table.rules import RULES
from autograd.testing import GradientError, UndecidedError, estimate
from tests.autograd.testing import planted
from tests.effort import LONG
from tests.engines import once


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    before = set(RULES)
    yield
    for name in set(RULES) - before:
        del RULES[name]


@pytest.fixture(params=["digits", "floats"])
def digits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With mpmath, and as if it was not installed."""
    if request.param == "floats":
        monkeypatch.setitem(sys.modules, "mpmath", None)
        monkeypatch.delitem(sys.modules, "autograd.testing.precise", raising=False)
    return str(request.param)


@once
@pytest.mark.usefixtures("digits")
def test_of_functions_of_all_sizes_none_gets_a_false_verdict() -> None:
    """The long form has thousands: ``HYPOTHESIS_PROFILE=long``."""
    told: list[str] = []
    verdicts = planted.count(range(3000 if LONG else 30), told.append)
    assert not told
    undecided = sum(n for (_, found), n in verdicts.items() if found == "undecided")
    assert undecided <= 0.05 * verdicts.total()
    kinds = {kind for kind, found in verdicts if found != "undecided"}
    assert kinds == set(planted.KINDS)


@pytest.mark.usefixtures("digits")
def test_flat_ground_far_away_does_not_hide_a_wrong_slope() -> None:
    bump = ag.rule(lambda x: ag.erfc(1000 * abs(x)), [0.0], name="my_bump")
    with pytest.raises(GradientError, match=r"numerical -1031\.26"):
        ag.check_gradients(bump, 3e-4)


@pytest.mark.usefixtures("digits")
def test_a_feature_much_narrower_than_its_place_is_found() -> None:
    ag.check_gradients(lambda x: ag.sigmoid(1000 * (x - 1)), 1.0005, order=2)


def test_a_large_term_does_not_hide_a_wrong_small_one() -> None:
    sin = _wrong_sin()
    with pytest.raises(GradientError, match=r"order 1 by x\[0\]\[1\]"):
        ag.check_gradients(lambda x: 1e20 * x[0] + sin(x[1]), [1.0, 2.0])


def _wrong_sin() -> Any:
    return ag.rule(lambda x: ag.sin(x), [lambda x, z: 1.001 * ag.cos(x)], name="my_sin")


@pytest.mark.parametrize(
    ("name", "x", "said"),
    [
        ("abs", 0.0, "a kink: the slope is -1 on the left and 1 on the right"),
        ("relu", 0.0, "a kink: the slope is 0 on the left and 1 on the right"),
        ("floor", 2.0, "a jump"),
        ("sqrt", 0.0, "the end of its domain"),
        ("cbrt", 0.0, "a singular point"),
    ],
)
def test_where_there_is_no_derivative_the_error_says_why(
    name: str, x: float, said: str
) -> None:
    with pytest.raises(UndecidedError, match=said):
        ag.check_gradients(lambda x: x._apply(name, (x,)), x)


def test_a_kink_of_a_slope_shows_at_the_second_order() -> None:
    with pytest.raises(UndecidedError, match="a kink: the derivative of order 2 is 0 "):
        ag.check_gradients(lambda x: ag.relu(x) ** 2, 0.0)


def test_a_kink_is_seen_in_floats_too() -> None:
    f = ag.rule(lambda x: math.fabs(x), [lambda x, z: 0 * x], name="my_abs")
    with pytest.raises(UndecidedError, match="a kink"):
        ag.check_gradients(f, 0.0)


def test_noise_is_no_pass() -> None:
    f = ag.rule(
        lambda x: math.erf(x) + 1e-3 * math.floor(1e3 * math.sin(1e6 * x)),
        [lambda x, z: ag.exp(-x * x) * (2 / math.sqrt(math.pi))],
        name="my_noisy",
    )
    with pytest.raises(UndecidedError, match="estimated error"):
        ag.check_gradients(f, 0.5, order=1)


def test_what_changes_when_it_is_asked_again_is_not_judged() -> None:
    source = random.Random(0)
    with pytest.raises(UndecidedError, match="when it is asked again"):
        ag.check_gradients(lambda x: x * source.random(), 0.5)


@once
def test_a_function_of_a_thousand_inputs_is_checked_along_random_directions() -> None:
    source = random.Random(0)
    xs = [source.uniform(-2, 2) for _ in range(300)]
    chain = lambda x: ag.sum((b - a * a) ** 2 for a, b in pairwise(x))
    calls = 0

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return chain(x)

    ag.check_gradients(counted, xs)
    assert calls < 100
    sin = _wrong_sin()
    with pytest.raises(GradientError, match=r"x\[0\]\[150\] = "):
        ag.check_gradients(lambda x: chain(x) + 10 * sin(x[150]), xs)


def test_a_wrong_second_derivative_of_many_inputs_is_found() -> None:
    cos = ag.rule(lambda x: ag.cos(x), [lambda x, z: -1.001 * ag.sin(x)], name="my_cos")
    sin = ag.rule(lambda x: ag.sin(x), [lambda x, z: cos(x)], name="my_sin")
    xs = [0.1 * k for k in range(1, 40)]
    with pytest.raises(GradientError, match="order 2 by"):
        ag.check_gradients(lambda x: ag.sum(x) ** 2 + 100 * sin(x[7]), xs)


def test_an_input_without_influence_has_the_slope_0() -> None:
    ag.check_gradients(lambda x: x[0] * x[2], [1.0, 2.0, 3.0])
    lost = lambda x: x[0] * x[2] + _detached(x[1])
    with pytest.raises(GradientError, match=r"x\[0\]\[1\].*automatic 0\.0"):
        ag.check_gradients(lost, [1.0, 2.0, 3.0])


def _detached(x: Any) -> Any:
    return x.detach()


def test_the_worst_input_both_numbers_and_the_tolerance_are_named() -> None:
    detached = lambda x: x["a"][0] ** 2 + x["a"][1] * x["a"][1].detach()
    with pytest.raises(GradientError) as caught:
        ag.check_gradients(detached, {"a": [1.0, 3.0]})
    message = str(caught.value)
    assert "x[0]['a'][1] = 3.0" in message
    assert "automatic 3.0, numerical 6.0" in message
    assert "tolerance" in message


def test_both_estimates_agree_within_their_error() -> None:
    f = lambda xs: ag.exp(ag.sin(xs[0])) / (1 + xs[0] * xs[0])
    true = ag.grad(f)([0.7])[0]
    digits = estimate.in_many_digits(f, [0.7], [{0: 1.0}], f([0.7]), 1.0, true)
    floats = estimate.by_differences(f, [0.7], {0: 1.0}, 1.0)
    assert digits is not None
    assert digits.number == pytest.approx(true, rel=1e-14)
    assert abs(floats.number - digits.number) <= floats.error < 1e-9


@pytest.mark.parametrize("name", ["erf", "cbrt", "erfc", "abs", "log1p", "expm1"])
@pytest.mark.usefixtures("digits")
def test_rows_of_one_operand(name: str) -> None:
    ag.check_gradients(lambda x: x._apply(name, (x,)), 0.7, order=3)


def test_near_the_end_of_a_domain() -> None:
    ag.check_gradients(lambda x: ag.erf(ag.log(x)), 1e-3)


def test_what_floats_cannot_see_is_undecided_without_more_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    monkeypatch.delitem(sys.modules, "autograd.testing.precise", raising=False)
    with pytest.raises(UndecidedError, match=r"cannot tell: .* rounding may have"):
        ag.check_gradients(lambda x: ag.erf(ag.log(x)), 1e-3)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
@pytest.mark.usefixtures("digits")
def test_a_function_of_any_size_is_checked(size: float) -> None:
    """Nothing that is wrong hides behind a tolerance for functions of size 1."""
    ag.check_gradients(lambda x: size * ag.sin(x), 0.5)
    sin = _wrong_sin()
    with pytest.raises(GradientError, match="order 1 by x"):
        ag.check_gradients(lambda x: size * sin(x), 0.5)


def test_terms_that_cancel_are_no_error() -> None:
    ag.check_gradients(lambda x: ag.log(ag.exp(x)) - x, 0.7)
    ag.check_gradients(lambda x: ag.sin(x) ** 2 + ag.cos(x) ** 2 - 1, 0.7)
    ag.check_gradients(lambda x: ag.sin(x + 1e12 - 1e12), 0.7)


def test_what_rounding_took_before_is_no_error() -> None:
    """exp(1e-43) is 1 to a float, and its logarithm 0."""
    ag.check_gradients(lambda x, y: ag.exp(y) ** x, 1.0, 1e-43)


def test_a_wrong_rule_does_not_hide_behind_terms_that_cancel() -> None:
    sin = ag.rule(lambda x: ag.sin(x), [lambda x, z: 0 * x], name="my_sin")
    small = lambda x: ag.sin(x) ** 2 + ag.cos(x) ** 2 + 1e-14 * sin(x)
    with pytest.raises(GradientError, match="its rules in many digits give"):
        ag.check_gradients(small, 0.7, order=1)


@pytest.mark.parametrize("slope", [math.inf, math.nan])
def test_a_partial_that_is_no_number_is_caught(slope: float) -> None:
    f = ag.rule(lambda x: ag.sin(x), [lambda x, z: slope], name="my_infinite")
    with pytest.raises(GradientError, match="order 1 by x"):
        ag.check_gradients(f, 0.5, order=1)
