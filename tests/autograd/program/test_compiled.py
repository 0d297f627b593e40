"""A program gives what its function gives: the same bits, types and exceptions."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd.testing import Expression, expressions
from tests.benchmarks import workloads
from tests.exact import bits

ROWS = (
    *("add", "sub", "mul", "truediv", "neg", "pow", "exp", "log", "sqrt", "sin"),
    *("tanh", "sigmoid", "softplus", "relu", "maximum", "abs", "dot", "sum", "mean"),
    *("hypot", "logsumexp", "where", "atan2", "gelu", "copysign"),
)


@given(expressions(operations=ROWS))
def test_values_and_gradients_have_the_bits_of_eager(e: Expression) -> None:
    eager = ag.value_and_grad(lambda x: e(*x))
    program = ag.compile(eager)
    for scale in (1.0, 0.9990234375):
        point = [x * scale for x in e.point]
        assert bits(program(point)) == bits(eager(point))


@given(expressions(max_nodes=10))
def test_second_derivatives_have_the_bits_of_eager(e: Expression) -> None:
    eager = ag.hessian(lambda x: e(*x))
    assert bits(ag.compile(eager)(list(e.point))) == bits(eager(list(e.point)))


@given(expressions(operations=ROWS))
def test_leaves_get_the_gradients_of_eager(e: Expression) -> None:
    leaves = [ag.Value(x) for x in e.point]
    program = ag.compile(lambda: e(*leaves))
    for _ in range(2):
        e(*leaves).backward()
        expected = [x.grad for x in leaves]
        for x in leaves:
            x.grad = 0.0
        program().backward()
        assert bits([x.grad for x in leaves]) == bits(expected)
        for x in leaves:
            x.grad, x.data = 0.0, x.data * 0.9990234375


class Library:
    """The engine, as the workloads want it."""

    leaf = staticmethod(lambda x: ag.Value(x))
    constant = staticmethod(lambda x: x)
    relu = staticmethod(lambda x: ag.relu(x))
    exp = staticmethod(lambda x: ag.exp(x))
    log = staticmethod(lambda x: ag.log(x))
    number = staticmethod(lambda x: x.detach())


@pytest.mark.parametrize("name", ["moons", "transformer"])
def test_workloads_have_the_bits_of_eager(name: str) -> None:
    w = workloads.WORKLOADS[name]
    data = (
        workloads.transformer_data(4, 8, 2, 6)
        if name == "transformer"
        else workloads.two_moons(20)
    )
    model = w.build(Library, data)
    parameters = w.parameters(model)
    program = ag.compile(lambda: w.forward(Library, model, data))
    loss = w.forward(Library, model, data)
    loss.backward()
    expected = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    found = program()
    assert bits(found) == bits(loss)
    found.backward()
    assert bits([p.grad for p in parameters]) == bits(expected)


def test_a_result_is_of_the_type_of_f() -> None:
    named = ag.compile(lambda x: {"a": x * 2, "b": [x, (x + 1,)], "c": None, "d": "s"})
    assert named(1.5) == {"a": 3.0, "b": [1.5, (2.5,)], "c": None, "d": "s"}
    array = ag.compile(lambda x: x * 2 + 1)(np.arange(6.0).reshape(2, 3))
    assert array.dtype == float
    assert array.tolist() == [[1.0, 3.0, 5.0], [7.0, 9.0, 11.0]]
    assert ag.compile(lambda x: x > 2)(3.0) is True
    w = ag.Value(3.0)
    loss = ag.compile(lambda x: w * x)(2.0)
    assert loss.operands == (2.0, w, 6.0)
    with ag.no_grad():
        assert not ag.compile(lambda x: w * x)(2.0).operands
    assert ag.compile(lambda: w)() is w


def test_parameters_are_read_at_each_call() -> None:
    w = ag.Value(3.0)
    program = ag.compile(lambda x: w * x)
    assert program(2.0).data == 6.0
    w.data = 5.0
    assert program(2.0).data == 10.0
    assert program.parameters == [w]


def test_structures_are_recorded_each_for_itself() -> None:
    program = ag.compile(lambda x, n=2, flag=True: x**n if flag else x)
    assert program(3.0) == program(3.0, 2) == program(3.0, n=2) == 9.0
    assert program(3.0, 3) == 27.0
    assert program(3.0, flag=False) == 3.0
    assert program([2.0][0], 1) == 2.0
    assert ag.compile(lambda x: sum(x))([1.0, 2.0]) == 3.0


def test_a_program_within_something_that_records_is_its_function() -> None:
    cube = ag.compile(lambda x: x**3)
    assert ag.grad(cube)(2.0) == 12.0
    assert ag.compile(ag.grad(cube))(2.0) == 12.0
    assert ag.grad(ag.grad(cube))(2.0) == 12.0
    assert ag.compile(cube) is cube
    w = ag.Value(2.0)
    inner = ag.compile(lambda x: w * x * x)
    outer = ag.compile(lambda x: inner(x) + 1)
    outer(3.0).backward()
    assert w.grad == 9.0
    assert ag.derivative(lambda x: ag.exp(cube(x)), 3)(0.5) == pytest.approx(
        ag.derivative(lambda x: ag.exp(x**3), 3)(0.5)
    )


def test_transforms_within_a_program() -> None:
    f = lambda x: ag.exp(x[0]) * x[1] ** 3 + ag.sin(x[0] * x[1])
    x = [0.3, 0.7]
    for transform in (
        ag.grad(f),
        ag.hessian(f),
        ag.jacobian(lambda x: [f(x), x[0] / x[1]]),
        lambda x: ag.derivative(lambda t: f([t, x[1]]), 3)(x[0]),
        lambda x: ag.jvp(f, (x,), ([1.0, 2.0],)),
        lambda x: ag.vjp(f, x)[1](2.0),
        lambda x: ag.hvp(f)(x, [1.0, -1.0]),
        lambda x: ag.grad(lambda t: ag.grad(lambda s: f([s, t]))(x[0]) * t)(x[1]),
    ):
        assert bits(ag.compile(transform)(x)) == bits(transform(x))
        x = [0.4, 0.6]


# Exceptions


def test_exceptions_are_those_of_f() -> None:
    f = lambda x, y: ag.log(x) / y
    program = ag.compile(f)
    assert program(1.0, 2.0) == 0.0
    for point in ((-1.0, 2.0), (1.0, 0.0), (-1.0, 0.0)):
        with pytest.raises((ValueError, ZeroDivisionError)) as expected:
            f(*map(ag.Value, point))
        with pytest.raises(type(expected.value)) as found:
            program(*point)
        assert str(found.value) == str(expected.value)
    assert program(1.0, 2.0) == 0.0
    assert program(math.inf, 2.0) == math.inf  # log(inf) is no failure


def test_ieee_gives_limits_instead_of_exceptions() -> None:
    program = ag.compile(lambda x: 1 / x, errors="ieee")
    assert program(2.0) == 0.5
    assert program(0.0) == math.inf


# Guards


def test_what_comparisons_decide_is_compared_again() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        if x > 1:
            return x * 2
        return -x if x < 0 else x * x

    program = ag.compile(f)
    for x in (2.0, -1.0, 0.5, 3.0, -4.0, 1.0, math.nan):
        expected = f(x)
        calls.clear()
        assert bits(program(x)) == bits(expected)
    calls.clear()
    assert program(7.0) == 14.0
    assert not calls
    assert ag.compile(lambda xs: sorted(xs))([3.0, 1.0, 2.0]) == [1.0, 2.0, 3.0]
    largest = ag.compile(lambda xs: max(xs) * 2)
    assert largest([3.0, 1.0]) == 6.0
    assert largest([3.0, 4.0]) == 8.0


def test_loops_as_long_as_the_data_say() -> None:
    def newton(x: Any) -> Any:
        y = x
        while abs(y * y - x) > 1e-9:
            y = (y + x / y) / 2
        return y

    program = ag.compile(newton)
    for x in (2.0, 9.0, 2.0, 100.0):
        assert program(x) == newton(x)


def test_where_chooses_by_data_without_a_guard() -> None:
    program = ag.compile(lambda x: ag.where(x > 0, ag.sqrt(abs(x)), -x))
    assert [program(x) for x in (4.0, -9.0, 0.0)] == [2.0, 9.0, 0.0]
    assert "1 recording>" in repr(program)
    slope = ag.compile(ag.grad(lambda x: ag.where(x > 0, ag.sqrt(x * x), 3 * x)))
    assert [slope(x) for x in (4.0, -9.0, 0.0)] == [1.0, 3.0, 3.0]
    count = ag.compile(lambda xs, t: sum(x > t for x in xs))
    assert count([1.0, 2.0, 3.0], 1.5) == 2.0
    assert count([1.0, 2.0, 3.0], 0.5) == 3.0
    assert "1 recording>" in repr(count)


def test_a_number_taken_from_an_argument_is_compared_again() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * math.log(y) + len(range(int(y))) + math.copysign(1.0, y - 1)

    for g in (f, lambda x, y: ag.grad(lambda t: f(t, y))(x)):
        program = ag.compile(g)
        for y in (2.0, 2.5, 1.0, 2.0, math.nextafter(1.0, 0.0)):
            assert bits(program(3.0, y)) == bits(g(3.0, y))
    signs = ag.compile(lambda x: math.copysign(1.0, x))
    assert [signs(x) for x in (0.0, -0.0, 3.0, -3.0)] == [1.0, -1.0, 1.0, -1.0]
    nan = ag.compile(lambda x: str(float(x)))
    assert [nan(x) for x in (math.nan, 1.0, math.nan)] == ["nan", "1.0", "nan"]
    assert nan.stats()["recordings"] == 2
    logarithm = ag.compile(lambda x: math.log(x), branches=4)
    with pytest.raises(RuntimeError, match=r"test_compiled.*autograd.exp\(x\)"):
        logarithm.map([1.0, 2.0, 3.0, 4.0, 5.0])


def test_a_number_that_a_derivative_goes_through_is_not_taken() -> None:
    w = ag.Value(2.0)
    for f in (
        ag.grad(lambda x: x * math.log(x)),
        ag.grad(lambda x, y=3.0: x * math.log(y * x)),
        lambda x: w * math.log(w),
    ):
        with pytest.raises(TypeError, match=r"not silently a float"):
            ag.compile(f)(2.0)


def test_int_is_taken_also_where_a_derivative_goes_through() -> None:
    w = ag.Value(2.5)
    for f in (
        lambda x: ag.jacobian(lambda x: [x * int(x)])(x),
        lambda x: ag.hessian(lambda x: x * x * int(3 * x))(x),
        lambda x: x * int(w) + int(w * x),
    ):
        program = ag.compile(f)
        for x in (2.0, 2.75, -1.5, 2.0, 1e9):
            w.data = x / 2
            assert bits(program(x)) == bits(f(x))


def test_too_many_branches_name_the_line() -> None:
    program = ag.compile(
        lambda x: [x > t for t in range(3)] and (x if x > 1 else -x), branches=1
    )
    program(2.0)
    with pytest.raises(RuntimeError, match=r"test_compiled\.py"):
        program(0.0)


def test_builtin_choices_among_many_values_are_told_what_to_write() -> None:
    xs = [[float((7 * i + k) % 5) + k / 100 for k in range(5)] for i in range(5)]
    for f, message in (
        (lambda xs: min(xs), r"reduce\(autograd.minimum, values\) for min\(values\)"),
        (lambda xs: max(xs) * 2, r"reduce\(autograd.maximum, values\) for max"),
        (lambda xs: sorted(xs)[0], r"sorted\(\) has a path for each order"),
        (lambda xs: xs[0] if xs[0] < xs[1] < xs[2] else xs[1] + xs[2], "where"),
    ):
        program = ag.compile(f, branches=1)
        with pytest.raises(RuntimeError, match=message):
            program.map(xs)
    smallest = ag.compile(lambda xs: functools.reduce(ag.minimum, xs), branches=1)
    assert smallest.map(xs).tolist() == list(map(min, xs))


def test_a_recording_that_runs_out_of_memory_says_how_long_it_was() -> None:
    def f(x: Any) -> Any:
        for _ in range(1500):
            x = x * 1.5
        raise MemoryError

    with pytest.raises(MemoryError, match=r"1,500 operations.*map.*checkpoint"):
        ag.compile(f)(2.0)


def test_called_with_values_a_program_gives_a_graph_to_look_at() -> None:
    w = ag.Value(3.0, label="w")
    program = ag.compile(lambda x: ag.tanh(w * x))
    program(0.5)
    output = program(x := ag.Value(0.5, label="x"))
    assert "tanh" in str(ag.explain(output, x))
    assert "tanh" in ag.draw(output).source
    output.backward()
    assert (x.grad, w.grad) == ag.grad(lambda t, v: ag.tanh(v * t), (0, 1))(0.5, 3.0)


def test_comparisons_of_parameters_are_guards() -> None:
    w = ag.Value(1.0)
    program = ag.compile(lambda x: w * x if w > 0 else x - w)
    assert program(2.0).data == 2.0
    w.data = -1.0
    assert program(2.0).data == 3.0


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.data * 2,
        lambda x: f"{x:.2f}",
        lambda x: repr(x),
        lambda x: x.grad,
        lambda x: (x * x).partials,
        lambda x: (x * x).backward(),
        lambda x: setattr(x, "data", 3.0),
    ],
)
def test_numbers_that_would_be_frozen_are_refused(f: Any) -> None:
    with pytest.raises(TypeError, match=r"compile: .*test_compiled.py"):
        ag.compile(f)(2.0)
    assert ag.Value(3.0).data == 3.0  # eager mode is as it was


def test_no_grad_within_f_is_refused() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            return x * x

    with pytest.raises(TypeError, match="no_grad"):
        ag.compile(f)(2.0)
    assert f(ag.Value(2.0)).data == 4.0


def test_detach_stops_derivatives_and_is_replayed() -> None:
    slope = ag.compile(ag.grad(lambda x: x * x.detach()))
    assert [slope(3.0), slope(4.0)] == [3.0, 4.0]


def test_an_exception_while_recording_leaves_everything_as_it_was() -> None:
    def f(x: Any) -> Any:
        if x > 1:
            raise KeyboardInterrupt
        return x * 2

    program = ag.compile(f)
    with pytest.raises(KeyboardInterrupt):
        program(2.0)
    assert (ag.Value(2.0) > 1) is True
    assert program(0.5) == 1.0


def test_bad_options_are_named() -> None:
    with pytest.raises(TypeError, match="f must be a function"):
        ag.compile(3)
    with pytest.raises(ValueError, match="errors"):
        ag.compile(abs, errors="x")
    with pytest.raises(ValueError, match="branches"):
        ag.compile(abs, branches=0)


# Looking at a program


def test_a_program_shows_its_tape_and_its_packs() -> None:
    w = ag.Value(2.0, label="w")
    program = ag.compile(lambda xs: ag.exp(sum(w * x for x in xs)) if w > 0 else w)
    program([1.0, 2.0])
    shown = str(program)
    for part in ("v0 = ", "exp(", "guard: ", "fold of 2 products", "return v"):
        assert part in shown
    stats = program.stats()
    assert stats["guards"] == stats["parameters"] == stats["recordings"] == 1
    assert stats["packs"] > 0
    assert stats["bytes"] > 0


def test_check_names_the_first_operation_that_is_not_finite() -> None:
    def f(x: Any) -> Any:
        y = x * 1e308
        y.label = "large"
        return ag.tanh(y * x)

    program = ag.compile(f)
    assert program(100.0) == 1.0
    assert program(1e-3, check=True) == f(ag.Value(1e-3)).data
    with pytest.raises(FloatingPointError, match=r"mul 'large' gave inf at \(100.0,"):
        program(100.0, check=True)
    with pytest.raises(FloatingPointError, match="example 1: mul 'large'"):
        program.map([1e-3, 100.0], check=True)
    assert program.map([1e-3], check=True).tolist() == [program(1e-3)]
    ieee = ag.compile(lambda x: ag.log(x) + 1.0, errors="ieee")
    assert ieee(0.0) == -math.inf
    with pytest.raises(FloatingPointError, match=r"log gave -inf at \(0.0\)"):
        ieee(0.0, check=True)


def test_constants_keep_the_sign_of_zero() -> None:
    f = lambda x: [x * -0.0, -0.0 + x * 0.0, x + -0.0, 0.0 + x]
    program = ag.compile(f)
    for x in (1.0, -1.0, 0.0, -0.0):
        assert bits(program(x)) == bits(f(x))


def test_results_can_be_differentiated_again_by_the_leaves() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: w**3 * x)
    (slope,) = ag.gradient(program(2.0), [w])
    (curvature,) = ag.gradient(slope, [w])
    assert (slope.data, curvature.data) == (24.0, 24.0)


def test_solvers_and_checks_take_programs() -> None:
    f = ag.compile(lambda x: (x[0] - 1) ** 2 + x[0] * x[1] ** 2)
    ag.check_gradients(f, [0.3, 0.7])
    assert f([1j, 0.0]) == -2j
    assert f.stats()["recordings"] < 2
    value, slope = ag.scipy_objective(f)(np.array([0.3, 0.7]))
    assert value == f([0.3, 0.7])
    assert slope.tolist() == ag.grad(f)([0.3, 0.7])


def test_a_long_sum_of_equal_terms_is_told_what_to_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograd.program.recording.LONG", 500)
    monkeypatch.setattr("autograd.program.recording.REPEATED", 50)
    xs = [i / 100 for i in range(100)]

    def loss(w: Any, xs: Any) -> Any:
        return sum(ag.tanh(w * x) ** 2 for x in xs)

    def chain(w: Any, xs: Any) -> Any:
        for x in xs:
            w = ag.tanh(w * x) + x * w
        return w

    with pytest.warns(RuntimeWarning, match=r"equal terms of a sum: .*program\.map"):
        ag.compile(ag.grad(loss))(0.5, xs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ag.compile(ag.grad(chain))(0.5, xs)


@pytest.mark.parametrize("transform", [ag.hvp, ag.value_grad_and_hvp])
def test_what_takes_a_vector_too_is_compiled_as_it_is(transform: Any) -> None:
    product = transform(lambda x: x[0] ** 2 * x[1])
    x, v = [2.0, 3.0], [1.0, 0.5]
    assert bits(ag.compile(product)(x, v)) == bits(product(x, v))
