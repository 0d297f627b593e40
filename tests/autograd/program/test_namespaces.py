"""Programs on arrays of other libraries: here of the strictest that there is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd.program import namespaces
from autograd.testing import Expression, expressions
from tests.autograd.program.test_compiled import ROWS
from tests.effort import share
from tests.exact import bits

xp = pytest.importorskip("array_api_strict")

ARITHMETIC = ["add", "sub", "mul", "neg", "abs", "maximum", "where", "relu", "fma"]


def numbers(x: Any) -> Any:
    """An array of the library as NumPy's, which it must be."""
    assert isinstance(x, xp._array_object.Array), type(x)
    return np.asarray(x)


@share(0.5)
@given(expressions(operations=ARITHMETIC))
def test_arithmetic_and_its_derivatives_have_the_bits_of_floats(e: Expression) -> None:
    f = ag.value_and_grad(lambda x: e(*x))
    x = np.array(e.point)
    value, gradient = f(x)
    found = ag.compile(f)(xp.asarray(x))
    assert bits(numbers(found[0]).tolist()) == bits(float(value))
    assert bits(numbers(found[1]).tolist()) == bits(gradient.tolist())


@share(0.5)
@given(expressions(operations=ROWS))
def test_rows_are_the_library_s_or_python_s(e: Expression) -> None:
    points = np.array([np.multiply(e.point, 1 - k / 64) for k in range(5)])
    program = ag.compile(lambda x: e(*x), errors="ieee")
    expected = program.map(points)
    found = numbers(program.map(xp.asarray(points)))
    together = np.isfinite(expected) & np.isfinite(found)
    assert np.allclose(found[together], expected[together], rtol=1e-6, atol=1e-300)


def test_nothing_passes_behind_a_choice_even_where_nobody_can_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slope = ag.grad(lambda x: ag.maximum(0.0, x[0] * x[1]))
    x = [-1.0, math.inf]
    program = ag.compile(slope, errors="ieee")
    program(xp.asarray([1.0, 2.0]))
    assert numbers(program(xp.asarray(x))).tolist() == slope(x) == [0.0, 0.0]
    traced = ag.compile(slope, errors="ieee")
    traced(xp.asarray([1.0, 2.0]))
    monkeypatch.setattr(namespaces, "library", lambda x: (xp, None))  # as JAX's are
    for _ in range(2):
        assert numbers(traced(xp.asarray(x))).tolist() == [0.0, 0.0]
        assert traced.stats()["recordings"] == 2


def test_structures_are_those_of_the_function_and_arrays_stay_what_they_are() -> None:
    program = ag.compile(lambda x, y: {"a": [x[0] * y, 3.0], "b": x * 2, "c": x[0] > y})
    x = xp.asarray([1.0, 2.0])
    found = program(x, xp.asarray(0.5))
    assert numbers(found["a"][0]) == 0.5
    assert found["a"][1] == 3.0
    assert numbers(found["b"]).tolist() == [2.0, 4.0]
    assert numbers(found["c"]).dtype == bool
    assert program(x, 0.5)["b"].dtype == program(xp.asarray([1, 2]), 0.5)["b"].dtype
    assert program(np.array([1.0, 2.0]), 0.5)["b"].tolist() == [2.0, 4.0]


def test_every_path_through_the_function_is_taken() -> None:
    program = ag.compile(lambda x: ag.sqrt(x) if x > 0 else -x)
    assert [float(program(xp.asarray(x))) for x in (4.0, -3.0, 9.0)] == [2, 3, 3]
    points = np.array([4.0, -3.0, 9.0, -1.0])
    assert numbers(program.map(xp.asarray(points))).tolist() == [2.0, 3.0, 3.0, 1.0]


def test_exceptions_are_those_of_the_function_and_name_the_example() -> None:
    program = ag.compile(ag.log)
    with pytest.raises(ValueError, match=r"log\(0\.0\)"):
        program(xp.asarray(0.0))
    assert program(xp.asarray(1.0)) == 0.0
    with pytest.raises(ValueError, match="example 1"):
        program.map(xp.asarray([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"\(2, 3\) has no axis 2"):
        program.map(xp.zeros((2, 3)), in_axes=2)
    with pytest.raises(TypeError, match="executor="):
        program.map(xp.asarray([1.0]), executor=_Anything())


class _Anything:
    def submit(self, *_: Any) -> None:
        """Nothing is ever submitted."""


@pytest.mark.parametrize("count", [0, 1, 7, 8, 29])
def test_gradients_over_examples_have_the_bits_of_numpy_s(count: int) -> None:
    w, b = ag.Value(0.3), ag.Value(-0.2)
    program = ag.compile(lambda x, y: (w * x + b - y) * (w * x + b - y) if x > 0 else b)
    x, y = np.cos(np.arange(2.0 * count)).reshape(2, count)
    grads = []
    for convert in (np.asarray, xp.asarray):
        w.grad = b.grad = 0.0
        found = program.backward(convert(x), convert(y), scale=0.1)
        grads.append((w.grad, b.grad))
    assert numbers(found).tolist() == program.map(x, y).tolist()
    assert grads[0] == grads[1]


def test_gradients_of_tables_over_examples_have_the_bits_of_numpy_s() -> None:
    table = [[ag.Value(i - j / 3) for j in range(2)] for i in range(4)]
    leaves = [x for row in table for x in row]

    def f(ix: Any, x: Any) -> Any:
        (a, b), (c, d) = (ag.take(table, i) for i in ix)
        return ag.tanh(a * b * x) + c * d * x

    program = ag.compile(f)
    ix, x = np.arange(60.0).reshape(30, 2) ** 2 % 4, np.cos(np.arange(30.0))
    grads = []
    for convert in (np.asarray, xp.asarray):
        for leaf in leaves:
            leaf.grad = 0.0
        program.backward(convert(ix), convert(x), scale=0.1)
        grads.append([leaf.grad for leaf in leaves])
    assert grads[0] == grads[1]


def test_sums_need_no_order_where_a_program_is_not_exact() -> None:
    w = ag.Value(0.5)
    program = ag.compile(lambda x: ag.sum([w * t for t in x]), exact=False)
    x = np.cos(np.arange(60.0)).reshape(20, 3)
    found = numbers(program.backward(xp.asarray(x)))
    assert np.allclose(found, 0.5 * x.sum(axis=1), rtol=1e-14)
    assert w.grad == pytest.approx(x.sum(), rel=1e-12)


def test_a_library_without_float64_is_refused() -> None:
    class Half:
        """JAX as it is until it is asked for float64."""

        __name__ = "jax.numpy"
        float64 = xp.float64

        @staticmethod
        def astype(x: Any, _: Any) -> Any:
            return xp.astype(x, xp.float32)

    from autograd.program.namespaces import as_float64

    with pytest.raises(TypeError, match="jax_enable_x64"):
        as_float64(Half(), xp.asarray([1.0], dtype=xp.float32))


def test_a_lookup_takes_its_entry_where_the_arrays_are() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    program = ag.compile(lambda i, w: [x * w for x in ag.take(rows, i)])
    found = program(xp.asarray(2.0), xp.asarray(10.0))
    assert [float(x) for x in found] == [50.0, 60.0]
    many = program.map(xp.asarray([0.0, 2.0, 1.0]), xp.asarray([1.0, 1.0, 2.0]))
    assert numbers(many[1]).tolist() == [2.0, 6.0, 8.0]
    with pytest.raises(IndexError, match=r"example 1.*got 3"):
        program.map(xp.asarray([0.0, 3.0]), xp.asarray([1.0, 1.0]))
