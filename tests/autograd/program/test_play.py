"""A program called with Values makes the graph of its function, without running it."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core.graph import topological_order
from autograd.core.plain import is_value
from tests.autograd.native.test_parity import programs
from tests.exact import bits, same

V = ag.Value
W = [V(0.3), V(-0.7)]


@pytest.fixture(autouse=True)
def only_native(engine: str) -> None:
    if engine != "native":
        pytest.skip("the reference engine runs the function itself")


def shown(result: Any, inputs: list[Any]) -> Any:
    """A structure with each Value in it as its whole graph, each input as its place."""
    if isinstance(result, (list, tuple)):
        return type(result).__name__, [shown(x, inputs) for x in result]
    if not is_value(result):
        return type(result).__name__, bits(result)
    places = {id(x): f"input {i}" for i, x in enumerate(inputs)}
    places |= {id(w): f"leaf {i}" for i, w in enumerate(W)}
    told: dict[int, Any] = {}
    for k, x in enumerate(topological_order(result)):
        operands = [told[id(y)][0] if is_value(y) else bits(y) for y in x.operands]
        name = places.get(id(x), k)
        told[id(x)] = name, x.op, bits(x), operands, bits(x.partials)
    return list(told.values())


def height(x: Any, y: Any) -> Any:
    return (x[0] * x[0] + x[1] * x[1]) - y[0] * y[0] * x[1] - y[1] * y[1]


def branch(x: Any, y: Any) -> Any:
    return x * y if x > y else [x - y, (2.0 * x, y)]


PLAYED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "arithmetic": (lambda x, y: (x + 2.0) * y - x / y + 3.0**x, (1.5, -2.0)),
    "an argument": (lambda x, y: [x, y, x * y], (1.5, -2.0)),
    "parts without a Value": (lambda x, y: (x * 2.0, [y * 3.0, ag.exp(y)]), (1.5, 2.0)),
    "rows": (lambda x, y: ag.exp(x) * ag.tanh(y) + ag.hypot(x, y).relu(), (0.5, 2.0)),
    "reductions": (
        lambda x, y: ag.dot(x, [*y, 2.0]) + ag.sum(y) * ag.logsumexp([*x, 1.0]),
        ([1.0, 2.0, 3.0], [4.0, 5.0]),
    ),
    "builtin sum": (lambda x: sum(a * a for a in x), ([1.0, 2.0, 3.0],)),
    "choice by data": (lambda x, y: ag.where(x > y, x * y, ag.sqrt(x)), (1.5, 2.0)),
    "sums of comparisons": (lambda x, y: ((x > y) + (x <= 2.0)) * y, (1.5, 1.0)),
    "one path": (branch, (3.0, 2.0)),
    "another path": (branch, (1.0, 2.0)),
    "detach": (lambda x: (x - x.detach()) * x, (1.5,)),
    "closure": (lambda x: x * W[0] + ag.sin(W[1]) * W[0], (1.5,)),
    "a list and a number": (lambda x, y: [y * a for a in x], ([1.0, 2.0], 3.0)),
}

DERIVED: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "gradient": (
        lambda x, y: ag.grad(lambda y: height(x, y))(y),
        ([1.0, 2.0], [3.0, 4.0]),
    ),
    "value and gradient": (
        lambda x, y: ag.value_and_grad(lambda z: ag.exp(x * z) * z + W[0] * z)(y),
        (0.5, 0.7),
    ),
    "slope that is an operand": (lambda x, y: ag.grad(lambda z: z * y)(x), (0.5, 0.7)),
    "slope without a Value": (
        lambda x, y: ag.grad(lambda z: x * 3.0 - z * z)(y),
        (0.5, 0.7),
    ),
    "beside what has no Value": (
        lambda x, y: (ag.grad(lambda z: z**3)(x), y * 2.0),
        (0.5, 0.7),
    ),
    "partials of rows": (
        lambda x, y: ag.grad(lambda z: z**x + ag.tanh(z) / (1.0 + z))(y),
        (0.5, 0.7),
    ),
    "a value without a Value, beside a tangent of one": (
        lambda x, y: ag.jvp(lambda z: z * 2.0, (x,), (y,)),
        (0.5, 0.7),
    ),
    "forward mode": (
        lambda x, y: ag.jvp(lambda z: ag.sin(z) * x, (y,), (x,)),
        (0.5, 0.7),
    ),
    "Hessian": (
        lambda x: ag.hessian(lambda z: z[0] ** 3 * z[1] + ag.exp(z[1]))(x),
        ([0.5, 0.7],),
    ),
    "choice": (
        lambda x, y: ag.grad(lambda z: ag.where(z > x, z * z * x, ag.exp(z * x)))(y),
        (0.5, 0.7),
    ),
}


def flat(x: Any) -> list[Any]:
    return [z for y in x for z in flat(y)] if isinstance(x, (list, tuple)) else [x]


def nested(x: Any, live: list[bool]) -> Any:
    """The same with Values in place of some of its numbers."""
    if isinstance(x, (list, tuple)):
        return type(x)(nested(y, live) for y in x)
    return V(x) if live.pop(0) else x


def choices(x: Any) -> list[list[bool]]:
    """All are Values, or only one, or all but one."""
    n = len(flat(x))
    one = [[i == j for j in range(n)] for i in range(n)]
    others = [[i != j for j in range(n)] for i in range(n)] if n > 1 else []
    return [[True] * n, *one, *others]


@pytest.mark.parametrize("name", PLAYED)
def test_the_graph_is_that_of_the_function(name: str) -> None:
    f, numbers = PLAYED[name]
    program = ag.compile(f)
    for live in choices(numbers):
        arguments = nested(numbers, list(live))
        inputs = [x for x in flat(arguments) if is_value(x)]
        for _ in range(2):
            assert shown(program(*arguments), inputs) == shown(f(*arguments), inputs)
        assert shown(program._live(*arguments), inputs) == shown(f(*arguments), inputs)


@pytest.mark.parametrize("name", DERIVED)
def test_derivatives_within_have_the_type_the_number_and_the_slopes(name: str) -> None:
    f, numbers = DERIVED[name]
    program = ag.compile(f)
    for live in choices(numbers):
        found = []
        for function in (f, program, lambda *xs: program._live(*xs)):
            arguments = nested(numbers, list(live))
            results = flat(function(*arguments))
            inputs = [x for x in flat(arguments) if is_value(x)]
            total = ag.sum([y * (i + 1.0) for i, y in enumerate(results)])
            if is_value(total):
                total.backward()
            known = set(map(id, inputs))
            own = [is_value(y) and not y.op and id(y) not in known for y in results]
            kinds = [*(type(y).__name__ for y in results), *own]
            found.append((kinds, bits(results), bits([x.grad for x in inputs])))
        assert found[0] == found[1] == found[2]


@given(programs(), st.data())
def test_random_graphs_are_those_of_the_function(case: Any, data: Any) -> None:
    numbers, steps = case

    def f(*xs: Any) -> Any:
        nodes = list(xs)
        for name, operands in steps:
            given = tuple(nodes[a] if isinstance(a, int) else a for a in operands)
            live = next((x for x in given if is_value(x)), None)
            nodes.append(0.0 if live is None else live._apply(name, given))
        return [x for x in nodes[len(xs) :] if is_value(x)]

    program = ag.compile(f)
    inputs = list(map(V, numbers))
    outcomes = []
    for function in (f, program, program):
        try:
            outcomes.append(shown(function(*inputs), inputs))
        except (ValueError, ArithmeticError) as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_the_function_is_not_run_again() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(x)
        return x * x

    program = ag.compile(f)
    x = V(3.0)
    for _ in range(3):
        y = program(x)
        y.backward()
    assert len(runs) == 1
    assert x.grad == 18.0
    assert program(4.0) == 16.0
    assert len(runs) == 1  # one recording serves numbers, too


def test_a_path_that_was_not_taken_yet_is_recorded() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(x)
        return x * x if x > 0.0 else -x

    program = ag.compile(f)
    assert [program(V(x)).data for x in (2.0, -3.0, 4.0, -5.0)] == [4.0, 3.0, 16.0, 5.0]
    assert len(runs) == 2


@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.log(x.data) * x,
        lambda x: V(2.0) if x.data > 1.0 else x,
        lambda x: x * int(x),
        lambda x: [x * 2.0, x > 1.0],
        lambda x: {"y": x * 2.0},
        lambda x: np.array([x, x * 2.0]),
        lambda x: (x * 2.0, 3.0, "text"),
        lambda x: ag.checkpoint(lambda z: z * z)(x),
        lambda x: ag.grad(lambda z: 3.0 * z)(x),
        lambda x: ag.derivative(lambda z: z**3, 3)(x),
        lambda x: ag.take([x, 2.0 * x], 1.0),
        lambda x: ag.grad(lambda z: ag.grad(lambda w: ag.hypot(w, z))(x))(x),
    ],
)
def test_what_is_not_played_is_what_the_function_gives(f: Callable[..., Any]) -> None:
    program = ag.compile(f)
    x = V(1.5)
    for _ in range(3):
        ours, theirs = program(x), f(x)
        assert type(ours) is type(theirs)
        assert repr(ours) == repr(theirs)
    ours, theirs = (flat(y if isinstance(y, list) else [y]) for y in (ours, theirs))
    for y, z in zip(ours, theirs):
        if is_value(y):
            assert same(ag.gradient(y, [x]), ag.gradient(z, [x]))


def test_a_number_that_the_function_takes_out_of_a_value_is_its_own_error() -> None:
    program = ag.compile(lambda x: math.log(x))
    assert program(2.0) == math.log(2.0)
    for _ in range(2):
        with pytest.raises(TypeError, match="not silently a float"):
            program(V(2.0))
    assert program(3.0) == math.log(3.0)


def test_exceptions_and_limits_are_those_of_the_function() -> None:
    program = ag.compile(lambda x, y: ag.log(x) / y)
    assert program(V(1.0), 2.0).data == 0.0
    with pytest.raises(ValueError, match="log"):
        program(V(-1.0), 2.0)
    with pytest.raises(ZeroDivisionError):
        program(V(2.0), 0.0)
    assert program(V(math.inf), 2.0).data == math.inf
    assert program(V(math.e), 2.0).data == 0.5


def test_without_recording_and_within_another_program_it_is_the_function() -> None:
    program = ag.compile(lambda x: x * x)
    x = V(3.0)
    program(x)
    with ag.no_grad():
        assert program(x).operands == ()
    outer = ag.compile(lambda x: program(x) + program(2.0 * x))
    assert outer(3.0) == 45.0
    assert ag.grad(outer)(3.0) == 30.0


def test_what_changes_outside_is_recorded_anew() -> None:
    factor = 2.0

    def f(x: Any) -> Any:
        return factor * x

    program = ag.compile(f)
    assert program(V(3.0)).data == 6.0
    factor = 5.0
    assert program(V(3.0)).data == 15.0
    assert program(V(3.0)).data == 15.0


def test_transforms_of_a_program_have_the_bits_of_those_of_its_function() -> None:
    def f(x: Any) -> Any:
        return ag.exp(x[0] * x[1]) / (1.0 + x[1] ** 2) + ag.dot(x, x) * x[0]

    program, x = ag.compile(f), [0.3, -1.7]
    for _ in range(2):
        for transform in (ag.grad, ag.hessian, ag.value_and_grad):
            assert same(transform(program)(x), transform(f)(x))
        assert same(ag.hvp(program)(x, [1.0, 2.0]), ag.hvp(f)(x, [1.0, 2.0]))


def test_a_derivative_without_a_value_is_no_variable_of_an_outer_function() -> None:
    program = ag.compile(lambda x, y: ag.grad(lambda z: x * x - z * z)(y))
    outer = ag.value_and_grad(lambda x: x * program(x, 3.0))
    for _ in range(2):
        assert outer(2.0) == (-12.0, -6.0)
        assert [type(x) for x in outer(2.0)] == [float, float]


def test_a_program_that_is_dropped_frees_what_it_played() -> None:
    w = V(2.0)

    def f(x: Any) -> Any:
        return x * w

    program = ag.compile(f)
    y = program(V(3.0))
    kept = weakref.ref(f)
    del program, f
    gc.collect()
    assert kept() is None
    assert y.data == 6.0


def test_a_damaged_player_is_refused() -> None:
    program = ag.compile(lambda x, y: x * y)
    program(2.0, 3.0)
    ((recording,),) = program._recordings.values()
    a, b = recording.inputs
    (k,) = recording.outputs
    made = recording.tape.player
    good = [a, b], [], [a, b, k], [k], [], b"", bytes(3), (), ("tuple", (None, None))
    assert made(*good, None, None)(V(2.0), 3.0).data == 6.0
    array = "array", (1,), np.empty
    with pytest.raises(TypeError, match="array"):
        made(*good, array, None)(V(2.0), 3.0)
    for i, bad, error in (
        (0, [a], ValueError),
        (1, [a], ValueError),
        (2, [k, 99], IndexError),
        (2, [a, b], ValueError),
        (3, [k, k], ValueError),
        (5, b"1", ValueError),
        (6, b"", ValueError),
        (7, (V(1.0),), ValueError),
        (8, None, ValueError),
        (8, ("list", ()), ValueError),
    ):
        with pytest.raises(error):
            made(*good[:i], bad, *good[i + 1 :], None, None)
