"""A row says where its operands may lie, and all its partials at once or one by one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.table.row import (
    FROM_ONE,
    NONZERO,
    OPEN_UNIT,
    POSITIVE,
    REAL,
    UNIT,
    Interval,
)
from autograd.table.rules import RULES, Reduction
from tests.effort import share

REDUCTIONS = [name for name, rule in RULES.items() if isinstance(rule, Reduction)]


@pytest.mark.parametrize(
    ("interval", "text", "inside", "outside"),
    [
        (REAL, "ℝ", [0.0, -1e308, math.inf], [math.nan]),
        (NONZERO, "ℝ∖{0}", [1.0, -math.inf], [0.0, -0.0]),
        (POSITIVE, "(0, ∞)", [5e-324, math.inf], [0.0, -1.0, math.nan]),
        (FROM_ONE, "[1, ∞)", [1.0, 2.0], [0.5, math.nan]),
        (UNIT, "[-1, 1]", [-1.0, 1.0], [1.5, math.inf]),
        (OPEN_UNIT, "(-1, 1)", [0.0], [-1.0, 1.0]),
    ],
    ids=str,
)
def test_an_interval_says_what_lies_in_it(
    interval: Interval, text: str, inside: list[float], outside: list[float]
) -> None:
    assert str(interval) == text
    assert all(x in interval for x in inside)
    assert not any(x in interval for x in outside)


@pytest.mark.parametrize("name", REDUCTIONS)
@share(0.5)
@given(
    numbers=st.lists(st.floats(0.5, 8.0), min_size=1, max_size=5), start=st.booleans()
)
def test_a_reductions_row_has_the_partial_by_each_operand(
    name: str, numbers: list[float], start: bool
) -> None:
    rule = RULES[name]
    assert isinstance(rule, Reduction)
    operands = [x + c for c in range(rule.columns) for x in numbers]
    if start and name == "dot":
        operands.append(0.25)
    z = float(rule.value(*operands))
    row = rule.row(operands, z)
    assert row == [rule.partial(i, operands, z) for i in range(len(operands))]
    values = tuple(map(ag.Value, operands))
    assert values[0]._apply(name, values).partials == tuple(map(float, row))


@pytest.mark.parametrize("name", ["hypot", "dist"])
def test_at_a_singular_point_each_partial_takes_its_limit(name: str) -> None:
    zeros = tuple(ag.Value(0.0) for _ in range(4))
    partials = zeros[0]._apply(name, (*zeros[:3], 0.0)).partials
    assert all(map(math.isnan, partials[:3]))
    assert partials[3] == 0.0
