"""Forward sweeps over floats: many directions at once; what stays is absent."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import testing
from autograd.core import choice, forward


def tangents(*arguments: Any) -> list[list[float]]:
    return choice.module().tangents(*arguments)


def units(n: int) -> list[list[float | None]]:
    return [[1.0 if i == j else None for i in range(n)] for j in range(n)]


@given(testing.expressions(), st.data())
def test_both_engines_have_the_bits_of_the_written_out_sweep(
    e: testing.Expression, data: st.DataObject
) -> None:
    inputs = [ag.Value(x) for x in e.point]
    output = e(*inputs)
    if not isinstance(output, ag.Value):
        return
    entry = st.none() | st.floats(-2.0, 2.0)
    seeds = data.draw(
        st.lists(
            st.lists(entry, min_size=len(inputs), max_size=len(inputs)), max_size=3
        )
    )
    outputs = [output, inputs[0], output.operands[0]]
    outputs = [y for y in outputs if isinstance(y, ag.Value)]
    expected = forward.tangents(outputs, inputs, seeds)
    assert repr(tangents(outputs, inputs, seeds)) == repr(expected)


def test_more_directions_than_a_word_has_bits() -> None:
    n = 150
    inputs = [ag.Value(float(i)) for i in range(n)]
    pairs = [x * y for x, y in pairwise(inputs)]
    outputs = [*pairs, ag.sum(pairs), inputs[7]]
    rows = tangents(outputs, inputs, units(n))
    assert [len(row) for row in rows] == [n] * len(outputs)
    for row, output in zip(rows, outputs):
        assert row == choice.module().gradients(output, inputs)[0]


def test_what_does_not_move_adds_no_zero_times_infinity() -> None:
    x, y = ag.Value(0.0), ag.Value(2.0)
    z = ag.sqrt(x) + y
    assert tangents([z], [x, y], units(2)) == [[math.inf, 1.0]]
    assert math.isnan(tangents([z], [x, y], [[0.0, 1.0]])[0][0])


def test_what_the_inputs_come_from_is_left_alone() -> None:
    a = ag.Value(3.0)
    x = a * a
    assert tangents([x * a, a], [x], [[2.0]]) == [[6.0], [0.0]]
    assert (x.grad, a.grad) == (0.0, 0.0)


def test_nothing_in_gives_nothing_out() -> None:
    x = ag.Value(1.0)
    assert tangents([], [x], [[1.0]]) == []
    assert tangents([x, x], [x], []) == [[], []]
    assert tangents([x], [], [[]]) == [[0.0]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0], [], []), TypeError, r"outputs\[0\] must be a Value, got float"),
        (([], ["x"], []), TypeError, r"inputs\[0\] must be a Value, got str"),
        (
            ([], None, [[1.0, 2.0]]),
            ValueError,
            r"seeds\[0\] must have 1 entries, got 2",
        ),
        (([], None, [["x"]]), TypeError, r"seeds\[0\]\[0\] must be a float.*got str"),
    ],
)
def test_bad_input_names_what_came(arguments: Any, error: Any, message: str) -> None:
    outputs, inputs, seeds = arguments
    with pytest.raises(error, match=message):
        tangents(outputs, [ag.Value(1.0)] if inputs is None else inputs, seeds)


def test_an_input_that_comes_twice_is_an_error() -> None:
    x = ag.Value(1.0)
    with pytest.raises(ValueError, match="inputs must be distinct"):
        tangents([x], [x, x], [[1.0, 1.0]])
