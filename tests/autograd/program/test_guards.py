"""What a function decides by comparing is decided alike when it is replayed."""

from __future__ import annotations

import math
import operator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd as ag
from tests.exact import bits

COMPARISONS = [
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
]


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "other",
    [
        *(2**53 + 1, 10**400, -(10**400), True, 3, np.float32(0.1), np.int64(3)),
        *(Fraction(1, 10), Fraction(1, 2), Decimal("0.1"), Decimal("Infinity")),
        *(1 + 0j, 1 + 1j, math.inf, math.nan, "text", None),
    ],
    ids=lambda x: f"{x!r:.20}",
)
def test_a_comparison_with_any_number_has_the_outcome_of_eager(
    compare: Any, other: Any
) -> None:
    def f(x: Any) -> Any:
        return ag.where(compare(x, other), 1.0, 0.0) + (compare(other, x) and 2.0)

    program = ag.compile(f)
    points = [0.5, 0.1, math.nextafter(0.1, 1.0), 3.0, 1.0, 2.0**53, 2.0**53 + 2]
    for x in (*points, math.inf, -math.inf, math.nan):
        try:
            expected = f(ag.Value(x))
        except InvalidOperation:  # nan has no place among Decimals
            continue
        except TypeError:
            with pytest.raises(TypeError):
                program(x)
        else:
            assert program(x) == expected


def test_a_condition_computes_as_a_bool() -> None:
    def f(x: Any) -> list[Any]:
        c = x > 0
        numbers = [-c, abs(c), c * x, c + 1, c - c, 2**c, x / (c + 1)]
        return [float(y) if isinstance(y, int) else y for y in numbers]

    program = ag.compile(f)
    for x in (1.5, -1.5, 2.5, -0.0):
        assert bits(program(x)) == bits(f(ag.Value(x)))
