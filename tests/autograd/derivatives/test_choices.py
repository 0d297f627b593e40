"""What was not chosen passes no derivative, not even 0 · ∞: however it is asked for.

Each row that chooses, or is a step, has here a point where one of its partials is 0 by
structure. An infinite slope is put in front of it, or behind it. A slope that is 0
because it rounds to 0 is one all the same: there, IEEE 754 says nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
from autograd.table.rules import RULES
from tests.autograd.program.test_export import built, needs_cc

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


def test_zero_times_infinity_is_no_constant_in_a_second_derivative() -> None:
    def f(x: Any) -> Any:
        return ag.sqrt(0.0 * x)

    ways = (ag.hessian(f), ag.grad(ag.grad(f)), ag.derivative(f, 2))
    for way in (*ways, ag.grad(f), *map(ag.compile, ways)):
        assert math.isnan(way(1.0))


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
