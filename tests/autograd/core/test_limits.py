"""Arithmetic that never raises: where Python does, it takes the limit of IEEE 754."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import limits
from autograd.core.limits import IEEE
from autograd.table.functions import FUNCTIONS
from autograd.table.rules import RULES, Reduction
from tests.effort import share
from tests.engines import once

NUMBERS = st.floats() | st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 0.5, math.inf, -math.inf, math.nan, 1e308, 800.0]
)

AS_IN_C: dict[str, Callable[..., Any]] = {
    "truediv": np.divide,
    "pow": np.power,
    "mod": np.remainder,
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "log2")},
    **{name: getattr(np, name) for name in ("log10", "sqrt", "sin", "cos", "tan")},
    **{name: getattr(np, name) for name in ("sinh", "cosh", "tanh", "fmod")},
    "asin": np.arcsin,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}


@once
@pytest.mark.parametrize("name", AS_IN_C)
@share(0.5)
@given(data=st.data())
def test_where_python_raises_the_result_is_that_of_c(
    name: str, data: st.DataObject
) -> None:
    rule = RULES[name]
    count = len(rule.partials)
    numbers = data.draw(st.lists(NUMBERS, min_size=count, max_size=count))
    try:
        expected = rule.value(*numbers)
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            expected = float(AS_IN_C[name](*map(np.float64, numbers)))
    found = limits.evaluate(rule.value, *numbers)
    assert repr(found) == repr(float(expected))


@once
@pytest.mark.parametrize("name", RULES)
@share(0.5)
@given(data=st.data())
def test_no_row_raises_on_any_numbers_neither_value_nor_partials(
    name: str, data: st.DataObject
) -> None:
    rule = RULES[name]
    count = len(rule.partials) * (3 if isinstance(rule, Reduction) else 1)
    numbers = data.draw(st.lists(NUMBERS, min_size=count, max_size=count))
    z = limits.evaluate(rule.value, *numbers)
    assert type(z) is float
    for i in range(count):
        assert type(limits.partial(rule, i, numbers, z)) is float


@once
@given(x=NUMBERS, y=NUMBERS)
def test_comparisons_and_truth_are_those_of_the_float(x: float, y: float) -> None:
    for op in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq):
        assert op(IEEE(x), IEEE(y)) is op(x, y)
        assert op(IEEE(x), y) is op(x, y)
    assert bool(IEEE(x)) is bool(x)


@once
def test_an_exact_sum_overflows_only_if_its_result_does() -> None:
    inf = math.inf
    fsum = RULES["fsum"].value
    assert limits.evaluate(fsum, 1e308, 1e308, -1e308, -1e308) == 0.0
    assert limits.evaluate(fsum, 1e308, 1e308) == inf
    assert limits.evaluate(fsum, -1e308, -1e308) == -inf
    assert math.isnan(limits.evaluate(fsum, inf, -inf))


def test_within_limits_a_value_takes_the_limit_instead_of_raising() -> None:
    x = ag.Value(0.0)
    with pytest.raises(ZeroDivisionError):
        1.0 / x
    with limits.limits():
        assert limits.taking_limits()
        with limits.limits():
            pass
        assert (1.0 / x).data == math.inf
        assert x.log().data == -math.inf
        assert (x / 0.0).data != (x / 0.0).data
        assert (ag.Value(1000.0).exp()).data == math.inf
    assert not limits.taking_limits()
    with pytest.raises(ValueError, match="log"):
        x.log()


def test_limits_end_with_an_exception_too() -> None:
    with pytest.raises(KeyError), limits.limits():
        raise KeyError
    assert not limits.taking_limits()


def test_every_function_that_raises_says_its_row_and_operands() -> None:
    for name, bad in (("log", -1.0), ("sqrt", -4.0), ("acos", 2.0), ("exp", 1e4)):
        with pytest.raises((ValueError, OverflowError), match=rf"{name}\({bad!r}\)"):
            FUNCTIONS[name](ag.Value(bad))
    many = [ag.Value(x) for x in (math.inf, -math.inf, 1.0, 2.0, 3.0)]
    with pytest.raises(ValueError, match=r"fsum\(inf, -inf, 1\.0, 2\.0, …\)"):
        ag.fsum(many)
