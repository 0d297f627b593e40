"""What was not chosen passes no derivative, not even 0 · ∞: however it is asked for.

Each row that chooses, or is a step, has here a point where one of its partials is 0 by
structure. An infinite slope is put in front of it, or behind it. A slope that is 0
because it rounds to 0 is one all the same: there, IEEE 754 says nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.table.primitive import apply
from autograd.table.rules import RULES, Reduction
from tests.autograd.program.test_export import built, needs_cc
from tests.exact import bits

POINTS: list[tuple[str, int, tuple[float, ...]]] = [
    ("floordiv", 0, (7.5, 2.0)),
    ("floordiv", 1, (7.5, 2.0)),
    ("mod", 1, (1.5, 2.0)),
    ("fmod", 1, (1.5, 2.0)),
    ("remainder", 1, (0.5, 2.0)),
    ("relu", 0, (-1.5,)),
    ("relu_at", 0, (-1.5, 0.5)),
    ("relu_at", 1, (1.5, 0.5)),
    ("maximum", 0, (1.5, 2.0)),
    ("maximum", 1, (2.0, 2.0)),
    ("minimum", 0, (2.0, 1.5)),
    ("minimum", 1, (1.5, 2.0)),
    ("where", 1, (0.0, 1.5, 2.0)),
    ("where", 2, (1.0, 1.5, 2.0)),
    ("copysign", 1, (1.5, 2.0)),
    ("floor", 0, (1.5,)),
    ("ceil", 0, (1.5,)),
    ("trunc", 0, (1.5,)),
    ("round", 0, (1.25, 0.0)),
    ("round", 1, (1.25, 0.0)),
]
"""A row, one of its operands, and numbers at which it has no slope by that one."""


def in_front(name: str, i: int, xs: tuple[float, ...]) -> Callable[[Any], Any]:
    """√(row − its value): an infinite slope at a dead edge."""
    value = RULES[name].value(*xs)

    def f(x: Any) -> Any:
        return ag.sqrt(_row(name, i, xs, x) - value) + x

    return f


def behind(name: str, i: int, xs: tuple[float, ...]) -> Callable[[Any], Any]:
    """The row of √(x − its value) + that value: a dead edge, then an infinite slope."""

    def f(x: Any) -> Any:
        return _row(name, i, xs, ag.sqrt(x - xs[i]) + xs[i]) + x

    return f


def _row(name: str, i: int, xs: tuple[float, ...], x: Any) -> Any:
    operands = [*xs[:i], x, *xs[i + 1 :]]
    if name == "where":
        return ag.where(bool(operands[0]), *operands[1:])
    return x._apply(name, tuple(operands))


def backward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        leaf = ag.Value(x)
        f(leaf).backward()
        return leaf.grad

    return call


def by_paths(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        leaf = ag.Value(x)
        sums = ag.explain(f(leaf), leaf)
        total = math.fsum(path.contribution for path in sums.paths)
        assert total == sums.total or math.isnan(total + sums.total)
        return sums.total

    return call


def by_crossings(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        leaf = ag.Value(x)
        return ag.explain(f(leaf), leaf, through="auto").total

    return call


def twice(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        leaf = ag.Value(x)
        (slope,) = ag.gradient(f(leaf), [leaf])
        return ag.gradient(slope, [leaf])[0].data

    return call


SLOPES: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "grad": ag.grad,
    "jvp": lambda f: lambda x: ag.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: ag.vjp(f, x)[1](1.0)[0],
    "jacobian": ag.jacobian,
    "derivative": ag.derivative,
    "taylor": lambda f: lambda x: ag.taylor(f, 2)(x)[1],
    "checkpoint": lambda f: ag.grad(ag.checkpoint(f)),
}
HIGHER: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "hessian": ag.hessian,
    "hessian_diagonal": ag.hessian_diagonal,
    "hvp": lambda f: lambda x: ag.hvp(f)(x, 1.0),
    "jvp of jvp": lambda f: SLOPES["jvp"](SLOPES["jvp"](f)),
    "derivative 2": lambda f: ag.derivative(f, 2),
    "derivative 3": lambda f: ag.derivative(f, 3),
    "grad of hessian": lambda f: ag.grad(ag.hessian(f)),
    "checkpoint": lambda f: ag.hessian(ag.checkpoint(f)),
}
ON_GRAPHS = {"backward": backward, "explain": by_paths, "crossings": by_crossings}
WAYS = [
    *((name, way, 1.0) for name, way in (SLOPES | ON_GRAPHS).items()),
    *((name, way, 0.0) for name, way in (HIGHER | {"gradient": twice}).items()),
]


def test_every_row_that_chooses_is_here() -> None:
    assert {name for name, *_ in POINTS} == {n for n, r in RULES.items() if r.choice}


PLACES = pytest.mark.parametrize("where", [in_front, behind])


@PLACES
@pytest.mark.parametrize(("_", "way", "true"), WAYS, ids=[w[0] for w in WAYS])
def test_nothing_passes_a_dead_edge(_: str, way: Any, true: float, where: Any) -> None:
    for name, i, xs in POINTS:
        assert way(where(name, i, xs))(xs[i]) == true, (name, i)


@PLACES
@pytest.mark.parametrize(
    ("executor", "ways"), [(None, {**SLOPES, **HIGHER}), ("arrays", {"grad": ag.grad})]
)
def test_nothing_passes_a_dead_edge_of_a_program(
    where: Any, executor: str | None, ways: dict[str, Any]
) -> None:
    for name, i, xs in POINTS:
        f = where(name, i, xs)
        for asked, way in ways.items():
            program = ag.compile(way(f), executor=executor)
            assert program(xs[i]) == way(f)(xs[i]), (name, i, asked)
        batch = ag.compile(ag.grad(f), executor=executor).map([xs[i]] * 3)
        assert batch.tolist() == [1.0] * 3, (name, i)


def test_a_program_chooses_for_each_example() -> None:
    root = ag.grad(lambda x: ag.sqrt(ag.maximum(0.0, x)))
    assert ag.compile(root).map([-1.0, 4.0, -2.0]).tolist() == [0.0, 0.25, 0.0]
    w = ag.Value(1.0)
    program = ag.compile(lambda x: ag.sqrt(ag.relu(w * x)))
    program.backward([-1.0, 4.0, -2.0])
    assert w.grad == 1.0


@needs_cc
@PLACES
def test_nothing_passes_a_dead_edge_in_c(tmp_path: Path, where: Any) -> None:
    f = where("maximum", 0, (1.5, 2.0))
    program = ag.compile(f)
    program(1.5)
    call = built(tmp_path, program.to_c("f", gradient=True), "f")
    assert call([1.5], [], 2) == (0, [f(1.5 + 0.0 * ag.Value(0)).data, 1.0])


def test_the_dead_edge_stays_in_view() -> None:
    a, b = ag.Value(1.0), ag.Value(2.0)
    y = ag.maximum(a, b)
    assert y.operands == (a, b)
    assert y.partials == (0.0, 1.0)
    assert ag.explain(y, a).count == 1


def test_what_is_not_reached_has_gradient_zero_after_every_sweep() -> None:
    a = ag.Value(2.0)
    inner = a * a
    inner.backward()
    ag.maximum(inner, 9.0 + inner - inner).backward()
    assert inner.grad == 0.0
    assert a.grad == 4.0


@pytest.mark.parametrize("way", [*SLOPES.values(), backward, by_paths])
def test_a_slope_that_rounds_to_zero_is_a_number(way: Any) -> None:
    flat = way(lambda x: ag.sqrt(0.0 * x))
    assert math.isnan(flat(1.0))
    assert math.isnan(way(lambda x: ag.sqrt(ag.exp(x)))(-800.0))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: ag.sqrt(0.0 * x), 1.0),
        (lambda x: 0.0 * ag.exp(x), math.inf),
        (lambda x: 0.0 * x * x * x, math.nan),
    ],
)
def test_zero_times_infinity_is_no_constant_in_a_second_derivative(
    f: Any, x: float
) -> None:
    ways = (ag.hessian(f), ag.grad(ag.grad(f)), ag.derivative(f, 2))
    for way in (*ways, ag.grad(f), *map(ag.compile, ways)):
        assert math.isnan(way(x))


def test_a_rule_of_ones_own_may_choose() -> None:
    clip = ag.rule(
        lambda x: ag.where(x > 1, 1, x),
        [lambda x, z: ag.where(x > 1, 0, 1)],
        name="clip_at_one",
        choice=True,
    )
    try:
        for way in (*SLOPES.values(), backward):
            assert way(lambda x: ag.sqrt(1 - clip(x)))(2.0) == 0.0
        program = ag.compile(ag.grad(lambda x: ag.sqrt(1 - clip(x))))
        assert program(2.0) == 0.0
    finally:
        del RULES["clip_at_one"]


INFINITE: list[tuple[Callable[..., Any], tuple[float, ...]]] = [
    (lambda x: ag.maximum(0.0, x * math.inf), (-1.0,)),
    (lambda x: ag.minimum(0.0, x * math.inf), (1.0,)),
    (lambda x: ag.relu(1.0 + x * math.inf), (-1.0,)),
    (lambda x: ag.maximum(0.0, x * math.inf) + 3.0 * x, (-1.0,)),
    (lambda x, y: ag.maximum(0.0, x * y), (-1.0, math.inf)),
    (lambda x, y: ag.maximum(0.0, x * (1e308 * y)), (-1.0, 1e10)),
    (lambda x, y: ag.maximum(0.0, x * y * y * x * x), (-1.0, 1e200)),
    (lambda x, y: ag.maximum(0.0, -ag.exp(x) * (math.inf * y)), (2.0, 3.0)),
    (lambda x, y: ag.maximum(0.0, ag.dot([math.inf, y], [x, y])), (-1.0, 2.0)),
    (lambda x, y: ag.where(ag.sqrt(x) < y, 1.0, x * math.inf), (1.0, 2.0)),
]
"""Products behind a choice not taken, and arguments where a factor is infinite."""

EXECUTORS = pytest.mark.parametrize("executor", [None, "arrays"])
DRAWN = (
    *("add", "sub", "mul", "mul", "mul", "neg", "maximum", "minimum", "relu", "abs"),
    *("where", "sqrt", "exp", "tanh", "dot"),
)
EXTREME = st.sampled_from(
    [math.inf, -math.inf, 0.0, -0.0, 1e200, 1e308, 5e-324, -2.5, -1.0, 0.5, 1.0, 3.0]
)


@st.composite
def extreme(draw: Any) -> tuple[Callable[..., Any], list[tuple[float, ...]]]:
    """A function with choices and constants of any size, and points."""
    arity = draw(st.integers(1, 3))
    nodes: list[tuple[str, list[Any]]] = []
    for n in range(arity, arity + draw(st.integers(2, 8))):
        name = draw(st.sampled_from(DRAWN))
        row = RULES[name]
        size = 2 * row.columns if isinstance(row, Reduction) else len(row.partials)
        operand = st.integers(0, n - 1) | st.just(n - 1) | EXTREME
        nodes.append((name, draw(st.lists(operand, min_size=size, max_size=size))))

    def f(*xs: Any) -> Any:
        found = list(xs)
        for name, operands in nodes:
            given = tuple(found[k] if isinstance(k, int) else k for k in operands)
            answer = apply(name, given)
            plain = answer is NotImplemented
            found.append(RULES[name].value(*given) if plain else answer)
        return found[-1]

    f.__qualname__ = repr(nodes)  # what a failure shows
    return f, draw(st.lists(st.tuples(*[EXTREME] * arity), min_size=2, max_size=6))


def fine(f: Callable[..., Any], points: Any) -> list[tuple[tuple[float, ...], Any]]:
    """The points where a function does not raise, and what it gives there."""
    found = []
    for point in points:
        with suppress(ValueError, ArithmeticError):
            found.append((point, f(*point)))
    return found


@EXECUTORS
@pytest.mark.parametrize("exact", [True, False])
def test_nothing_passes_what_is_infinite_behind_a_choice_of_a_program(
    executor: str | None, exact: bool
) -> None:
    for f, xs in INFINITE:
        places = tuple(range(len(xs)))
        ones = (1.0,) * len(xs)
        ways: list[Any] = [
            ag.value_and_grad(f, argnums=places),
            ag.hessian(f, argnums=places),
            lambda *xs, f=f, ones=ones: ag.jvp(f, xs, ones),
        ]
        points = [ones, xs, (2.0,) * len(xs), xs]
        for eager in ways:
            program = ag.compile(eager, exact=exact, executor=executor)
            told = [eager(*point) for point in points]
            for _ in range(2):
                assert bits(program(*ones)) == bits(told[0])
                assert bits(program(*xs)) == bits(told[1])
            for _ in range(2):
                found = np.array(flat(program.map(*map(np.array, zip(*points)))))
                assert bits(found.T) == bits(list(map(flat, told)))


def flat(x: Any) -> list[Any]:
    """The numbers, or arrays, in nested tuples."""
    return [z for y in x for z in flat(y)] if isinstance(x, tuple) else [x]


@EXECUTORS
def test_a_sum_behind_a_choice_is_in_eagers_order(executor: str | None) -> None:
    f = lambda x: ag.exp(ag.where(x, x * x, x))
    for eager in (ag.hessian(f), ag.derivative(f, 3)):
        program = ag.compile(eager, executor=executor)
        for x in (math.inf, -2.5, 0.7):
            assert bits(program(x)) == bits(eager(x))


@EXECUTORS
def test_what_is_multiplied_with_a_constant_0_passes_nothing_further(
    executor: str | None,
) -> None:
    def f(x: Any) -> Any:
        z = x * ag.sqrt(x)
        return z - z

    def g(x: Any) -> Any:
        z = ag.sqrt((x + x) ** 2)
        return (z + z) * 0.0

    def h(x: Any) -> Any:
        z = ag.sqrt(x)
        return x * (z + z) * 0.0 + x * x

    def constant_of_a_dot(x: Any) -> Any:
        z = ag.maximum(x * ag.relu(x), x * ag.relu(x))
        return ag.dot([x, 1e200], [x, z - z])

    def infinite_from_behind(x: Any) -> Any:
        return ag.maximum(x, x) * 1e200 * 1e200

    slope = ag.value_and_grad(infinite_from_behind)
    assert bits(ag.compile(slope, executor=executor)(math.inf)) == bits(slope(math.inf))
    program = ag.compile(ag.hessian(constant_of_a_dot), executor=executor)
    for x in (math.inf, -math.inf):
        assert bits(program(x)) == bits(ag.hessian(constant_of_a_dot)(x))
    for eager in (ag.hessian(f), ag.hessian(g), ag.hessian(h)):
        program = ag.compile(eager, executor=executor)
        for x in (math.inf, 1e308, 5e-324, 2.0):  # slopes of sqrt, and theirs, overflow
            assert bits(program(x)) == bits(eager(x))


@EXECUTORS
def test_what_comparisons_alone_make_0_passes_nothing_further(
    executor: str | None,
) -> None:
    def f(x: Any) -> Any:
        z = ag.sqrt(x)
        return ag.minimum(z - z, x)

    def g(x: Any) -> Any:
        return abs(ag.sqrt(x)) * ag.where(x > 1.0, 3.0, 0.0)

    def h(x: Any) -> Any:
        z = ag.sqrt(x)
        return x * (abs(z) - ag.maximum(z, -z))

    for eager in (ag.hessian(f), ag.hessian(g), ag.hessian(h), ag.hessian(ag.grad(g))):
        program = ag.compile(eager, executor=executor)
        for x in (5e-324, 1e-300, 0.5, 2.0, 1e308):  # the slopes of the slope overflow
            assert bits(program(x)) == bits(eager(x))
        for x in (5e-324, 2.0):
            assert bits(ag.compile(eager, executor=executor)(x)) == bits(eager(x))


@EXECUTORS
def test_a_gradient_over_examples_passes_0_times_infinity(executor: str | None) -> None:
    w = ag.Value(math.inf)
    program = ag.compile(lambda x: abs(x * w) - abs(x * w), executor=executor)
    program.backward(np.array([math.inf, math.inf]))
    assert math.isnan(w.grad)


@EXECUTORS
@given(extreme())
def test_programs_have_the_bits_of_eager_at_extreme_numbers(
    executor: str | None, drawn: Any
) -> None:
    f, points = drawn
    places = tuple(range(len(points[0])))
    ways: list[Any] = [
        ag.value_and_grad(f, argnums=places),
        ag.hessian(f, argnums=places),
        lambda *xs: ag.jvp(f, xs, xs),
    ]
    for eager in ways:
        program = ag.compile(eager, executor=executor)
        known = fine(eager, points)
        for point, told in known:
            assert bits(program(*point)) == bits(told)
        if known:
            columns = zip(*(point for point, _ in known))
            found = np.array(flat(program.map(*map(np.array, columns))))
            assert bits(found.T) == bits([flat(told) for _, told in known])


@EXECUTORS
@given(extreme(), EXTREME)
def test_sums_over_extreme_examples_have_the_bits_of_eager(
    executor: str | None, drawn: Any, weight: float
) -> None:
    f, points = drawn
    w = ag.Value(weight)
    slope = ag.value_and_grad(lambda w, *xs: f(*xs[:-1], xs[-1] * w))
    known = fine(slope, [(weight, *point) for point in points])
    program = ag.compile(lambda *xs: f(*xs[:-1], xs[-1] * w), executor=executor)
    for _ in range(2 if known else 0):
        w.grad = 0.0
        columns = list(zip(*(point for point, _ in known)))[1:]
        program.backward(*map(np.array, columns))
        every = [r for found in program._recordings.values() for r in found]
        paths: dict[bytes, list[float]] = {}  # each adds up its own
        for point, told in known:
            path = next(r for r in every if r.follows(r.outputs_at(point[1:])))
            paths.setdefault(path.outcomes.tobytes(), []).append(told[1])
        if len(paths) <= 2:  # the sum of two is the same in either order
            assert bits(w.grad) == bits(sum(map(added, paths.values()), 0.0))


def added(numbers: list[float]) -> float:
    """A sum over examples in its documented order."""
    sums = [0.0] * 8
    for k, x in enumerate(numbers):
        sums[k % 8] += x
    while len(sums) > 1:
        sums = [x + y for x, y in zip(sums[::2], sums[1::2])]
    return sums[0]


@EXECUTORS
def test_a_nan_that_a_program_goes_on_with_is_none(executor: str | None) -> None:
    def f(x: Any, y: Any) -> Any:
        slope = ag.grad(lambda x: ag.maximum(0.0, x * y))(x)
        return ag.where(slope < 1.0, 2.0 * x, 3.0 * x)

    program = ag.compile(f, executor=executor)
    assert program(2.0, 3.0) == 6.0
    assert program(-2.0, math.inf) == -4.0
    assert program.map([2.0, -2.0], [3.0, math.inf]).tolist() == [6.0, -4.0]
    mapped = ag.compile(f, executor=executor)
    x, y = np.array([2.0, 3.0]), np.array([3.0, 4.0])
    assert mapped.map(x, y).tolist() == [6.0, 9.0]
    x[1], y[1] = -2.0, math.inf
    for _ in range(2):
        assert mapped.map(x, y).tolist() == [6.0, -4.0]


def test_a_nan_is_recorded_carefully_once() -> None:
    program = ag.compile(ag.grad(lambda x: ag.maximum(0.0, x * math.inf)))
    for x in (1.0, -1.0, math.nan, 2.0, -2.0, math.nan):
        program(x)
    assert program.stats()["recordings"] == 2
    assert ag.compile(ag.grad(lambda x: x * math.inf))(0.0) == math.inf


def test_a_program_that_is_loaded_refuses_a_nan_that_may_be_none(
    tmp_path: Path,
) -> None:
    program = ag.compile(ag.grad(lambda x: ag.maximum(0.0, x * math.inf)))
    assert program(1.0) == math.inf
    program.save(tmp_path / "hasty")
    assert program(-1.0) == 0.0
    program.save(tmp_path / "careful")
    with pytest.raises(RuntimeError, match="no recording of this path"):
        ag.load_program(tmp_path / "hasty")(-1.0)
    assert ag.load_program(tmp_path / "careful")(-1.0) == 0.0


@needs_cc
def test_c_refuses_a_nan_that_may_be_none(tmp_path: Path) -> None:
    program = ag.compile(lambda x, y: ag.maximum(0.0, x * y))
    program(1.0, 2.0)
    call = built(tmp_path, program.to_c("f", gradient=True), "f")
    assert call([2.0, 3.0], [], 3) == (0, [6.0, 3.0, 2.0])
    assert call([-1.0, math.inf], [], 3)[0] == -1
