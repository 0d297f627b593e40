"""Many examples in one run: each has the bits of a call, and sums have one order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.testing import Expression, expressions
from tests.autograd.program.test_compiled import ROWS, Library
from tests.benchmarks import workloads
from tests.exact import bits


def summed(terms: Any) -> float:
    """Example k to accumulator k mod 8, and the eight in pairs."""
    a = [0.0] * 8
    for k, x in enumerate(terms):
        a[k % 8] += x
    return ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))


@given(expressions(operations=ROWS), st.integers(1, 20))
def test_examples_have_the_bits_of_single_calls(e: Expression, count: int) -> None:
    points = [[x * (1 - k / 1024) for x in e.point] for k in range(count)]
    try:
        expected = [e(*map(ag.Value, x)) for x in points]
    except (ValueError, ArithmeticError):
        return
    found = ag.compile(lambda x: e(*x)).map(points)
    assert bits(found) == bits(expected)


@pytest.mark.parametrize("executor", [None, "arrays"])
@pytest.mark.parametrize("block", [8, 64, None])
def test_a_sum_over_examples_has_one_order(executor: Any, block: Any) -> None:
    w = workloads.WORKLOADS["moons"]
    data = workloads.two_moons(45)
    model = w.build(Library, data)
    parameters = w.parameters(model)

    def loss(point: Any, label: Any) -> Any:
        return w.forward(Library, model, {"points": [point], "labels": [label]})

    expected, rows = [], []
    for point, label in zip(data["points"], data["labels"]):
        y = loss(list(map(ag.Value, point)), ag.Value(label))
        y.backward(seed=0.1)
        expected.append(y)
        rows.append([p.grad for p in parameters])
        for p in parameters:
            p.grad = 0.0
    program = ag.compile(loss, executor=executor)
    if block is not None:
        program.map(data["points"], data["labels"])
        (recordings,) = program._recordings.values()
        for recording in recordings:
            recording.machine(False, (0, 1, 2), True).block = block
    found = program.backward(data["points"], data["labels"], scale=0.1)
    assert bits(found) == bits(expected)
    grads = {p: p.grad for p in parameters}
    for p, column in zip(parameters, zip(*rows)):
        assert grads[p] == summed(column)


def test_axes_are_those_of_vmap() -> None:
    f = ag.compile(lambda x, y: x[0] * y["a"] + x[1])
    x, y = np.arange(6.0).reshape(3, 2), {"a": np.array([1.0, 2.0, 3.0])}
    expected = [1.0, 7.0, 17.0]
    assert f.map(x, y).tolist() == expected
    assert f.map(x.T, y, in_axes=(1, 0)).tolist() == expected
    assert f.map(x.T, y, in_axes=(-1, {"a": 0})).tolist() == expected
    assert f.map(x, {"a": 2.0}, in_axes=(0, None)).tolist() == [1.0, 7.0, 13.0]
    assert f.map(x.tolist(), y={"a": [1, 2, 3]}).tolist() == expected
    assert f.map(x.astype(np.float32)[::-1], y).tolist() == [9.0, 7.0, 1.0]
    assert f.map(x.astype(">f8"), y).tolist() == expected


def test_results_have_the_structure_of_f_with_a_leading_axis() -> None:
    f = ag.compile(lambda x: {"a": x * 2, "b": (x > 1, "s", [x])})
    found = f.map([1.0, 2.0])
    assert found["a"].tolist() == [2.0, 4.0]
    assert found["b"][0].tolist() == [False, True]
    assert found["b"][1:] == ("s", [pytest.approx([1.0, 2.0])])
    arrays = ag.compile(lambda x: x.reshape(2, 2) * 2).map(
        np.arange(12.0).reshape(3, 4)
    )
    assert arrays.tolist() == (np.arange(12.0) * 2).reshape(3, 2, 2).tolist()
    assert ag.compile(lambda x: x[0] + x[1]).map(np.zeros((0, 2))).shape == (0,)


def test_each_path_takes_its_own_examples() -> None:
    w = ag.Value(2.0)
    f = lambda x: w * x if x > 0 else (x * x * w if x < -1 else x + w)
    xs = [1.0, -4.0, 0.0, 3.0, -9.0, -0.5] * 5
    program = ag.compile(f)
    assert program.map(xs).tolist() == [f(x).data for x in xs]
    assert program.backward(xs, scale=0.5).tolist() == [f(x).data for x in xs]
    grad, w.grad = w.grad, 0.0
    for x in xs:
        (f(x) * 0.5).backward()
    assert grad == pytest.approx(w.grad, rel=1e-12)


def test_exceptions_name_the_first_example() -> None:
    w = ag.Value(1.0)
    program = ag.compile(lambda x: w * ag.log(x))
    for points in ([1.0, 2.0, -1.0, 0.0], [-1.0, 2.0]):
        expected = points.index(-1.0)
        with pytest.raises(ValueError, match=rf"example {expected}: .*log\(-1\.0\)"):
            program.backward(points)
        assert w.grad == 0.0
    assert program.map([1.0]).tolist() == [0.0]


def test_what_does_not_depend_on_examples_is_computed_once() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: ag.exp(w) * x + ag.exp(w * 2))
    program.map([1.0, 2.0])
    (recordings,) = program._recordings.values()
    packs = recordings[0].machine(False, (0,)).packs
    assert sum(p.op == 1 for p in packs.packs[packs.once :]) == 0


def test_an_operation_on_a_parameter_and_an_example() -> None:
    w = ag.Value(3.0)
    program = ag.compile(lambda x: ag.hypot(w, x, w * 2, x))
    assert program.map([4.0, 5.0]).tolist() == [
        ag.hypot(w, x, w * 2, x).data for x in (4.0, 5.0)
    ]


def test_a_nested_result_needs_a_seed() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: [w * x, w * w])
    with pytest.raises(ValueError, match="seed="):
        program.backward([1.0, 2.0])
    program.backward([1.0, 2.0], seed=[1.0, 10.0])
    assert w.grad == 1.0 + 2.0 + 2 * 40.0


@pytest.mark.parametrize(
    ("args", "axes", "message"),
    [
        (([1.0], [1.0, 2.0]), 0, "different numbers of examples"),
        ((1.0, [1.0]), 0, "argument 0 must be an array"),
        (([1.0], [1.0]), 3, "has no axis 3"),
        (([1.0], [1.0]), (0,), "in_axes has 1 entries"),
        (([1.0], ["a"]), 0, "argument 1 must be a rectangular array"),
        (([[1.0], [1.0, 2.0]], [1.0]), 0, "argument 0 must be a rectangular array"),
        ((1.0, 2.0), None, "needs an argument with an axis"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    args: Any, axes: Any, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        ag.compile(lambda x, y: x).map(*args, in_axes=axes)


def test_all_parameters_are_one_array() -> None:
    ws = [ag.Value(float(k)) for k in range(5)]
    program = ag.compile(lambda x: sum(w * x for w in ws))
    program.backward([1.0, 2.0])
    assert program.data.tolist() == [w.data for w in program.parameters]
    assert program.grad.tolist() == [3.0] * 5
    program.data -= 0.5 * program.grad
    assert sorted(w.data for w in ws) == [-1.5, -0.5, 0.5, 1.5, 2.5]
    with pytest.raises(ValueError, match="5 parameters"):
        program.data = [1.0]


def test_an_example_that_raises_is_named_where_lanes_lie_side_by_side() -> None:
    program = ag.compile(lambda x: [ag.log(y) for y in x])
    x = np.ones((1600, 3))
    x[700, 2] = x[1500, 1] = -1.0
    with pytest.raises(ValueError, match="example 700"):
        program.map(x)
