"""Schedules are the closed forms of their formulas, and refuse bad numbers."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

EPS = 2.0**-52
rates = st.floats(1e-6, 10)
counts = st.integers(0, 1000)


@given(rates, counts)
def test_constant_never_changes(rate: float, step: int) -> None:
    assert nn.Constant(rate)(step) == rate


@given(rates, st.integers(1, 50), st.floats(0.1, 1), counts)
def test_step_is_flat_and_then_falls_by_its_factor(
    rate: float, every: int, factor: float, step: int
) -> None:
    decay = nn.Step(rate, every, factor)
    start = step - step % every
    assert decay(step) == decay(start)
    # Each of the two powers is rounded, with libm's error of an ulp.
    assert math.isclose(
        decay(start + every), factor * decay(start), rel_tol=8 * EPS, abs_tol=1e-300
    )


@given(rates, st.floats(0.5, 1), st.integers(0, 500))
def test_exponential_falls_by_its_factor_at_every_step(
    rate: float, factor: float, step: int
) -> None:
    decay = nn.Exponential(rate, factor)
    assert decay(0) == rate
    assert math.isclose(decay(step + 1), factor * decay(step), rel_tol=8 * EPS)


@given(rates, st.integers(1, 100), st.floats(0, 1e-6))
def test_cosine_goes_from_the_rate_to_the_end_symmetrically_and_stays(
    rate: float, steps: int, end: float
) -> None:
    decay = nn.Cosine(rate, steps, end)
    path = [decay(step) for step in range(steps + 3)]
    assert abs(path[0] - rate) <= 2 * EPS * rate
    assert path[steps:] == [end] * 3
    for a, b in zip(path, reversed(path[: steps + 1])):
        assert abs(a + b - (rate + end)) <= 8 * EPS * rate
    assert all(a >= b - 2 * EPS * rate for a, b in pairwise(path))


@given(st.integers(1, 50), rates)
def test_warmup_rises_in_a_line_and_hands_over(steps: int, rate: float) -> None:
    rise = nn.LinearWarmup(steps, nn.Exponential(rate, 0.5))
    for k in range(steps):
        expected = rate * (k + 1) / (steps + 1)
        assert math.isclose(rise(k), expected, rel_tol=2 * EPS)
    assert [rise(steps + k) for k in range(3)] == [rate, rate / 2, rate / 4]


def test_schedules_show_their_numbers_and_can_be_pickled() -> None:
    decay = nn.LinearWarmup(5, nn.Cosine(0.1, 100))
    assert pickle.loads(pickle.dumps(decay)) == decay
    assert "Cosine(rate=0.1, steps=100, end=0.0)" in repr(decay)
    assert nn.LinearWarmup(5, 0.1)(5) == 0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Constant(-1.0), "rate must be"),
        (lambda: nn.Step(0.1, every=0), "every must be a whole number, at least 1"),
        (lambda: nn.Step(0.1, every=1, factor=-1.0), "factor must be"),
        (lambda: nn.Exponential(0.1, factor=math.nan), "factor must be"),
        (lambda: nn.Cosine(0.1, steps=0), "steps must be"),
        (lambda: nn.Cosine(0.1, steps=5, end=-1.0), "end must be"),
        (lambda: nn.LinearWarmup(0, 0.1), "steps must be"),
        (lambda: nn.LinearWarmup(5, -0.1), "then must be"),
    ],
)
def test_a_number_out_of_range_is_named(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
