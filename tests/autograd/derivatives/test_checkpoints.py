"""A checkpoint has the derivatives of its function and none of its graph."""

from __future__ import annotations

import gc
import math
import os
import pickle
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import testing
from autograd.core import graph
from tests.effort import share


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """The row is in the table from the first checkpoint on: other tests iterate it."""
    yield
    ag.RULES.pop("checkpoint", None)


def step(x: Any, v: Any) -> tuple[Any, Any]:
    return x + 0.01 * v, v - 0.01 * ag.sin(x)


def loop(x: Any, v: Any, steps: int) -> tuple[Any, Any]:
    for _ in range(steps):
        x, v = step(x, v)
    return x, v


def in_stretches(x: Any, v: Any, stretches: int, steps: int) -> tuple[Any, Any]:
    stretch = ag.checkpoint(lambda x, v: loop(x, v, steps))
    for _ in range(stretches):
        x, v = stretch(x, v)
    return x, v


def test_gradients_are_those_of_the_plain_loop() -> None:
    plain = [ag.Value(1.0), ag.Value(0.5)]
    kept = [ag.Value(1.0), ag.Value(0.5)]
    exact, output = loop(*plain, 100)[0], in_stretches(*kept, 10, 10)[0]
    exact.backward()
    output.backward()
    assert output.data == exact.data
    for a, b in zip(kept, plain):
        assert a.grad == pytest.approx(b.grad, rel=1e-13)


def test_a_loop_needs_the_memory_of_the_root_of_its_length() -> None:
    """Four times the steps cost twice the nodes and at most 2.6 times the memory."""

    def nodes(stretches: int, steps: int) -> int:
        start = [ag.Value(1.0), ag.Value(0.5)]
        return len(graph.topological_order(in_stretches(*start, stretches, steps)[0]))

    def peak(stretches: int, steps: int) -> int:
        gc.collect()
        tracemalloc.start()
        output = in_stretches(ag.Value(1.0), ag.Value(0.5), stretches, steps)[0]
        output.backward()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert nodes(40, 40) <= 2.1 * nodes(20, 20)
    if ag.engine == "reference":  # Python does not trace the native engine's memory
        peak(2, 2)
        small, large = peak(20, 20), peak(40, 40)
        assert large <= 2.6 * small


RESIDENT = """
import autograd as ag

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if "VmHWM" in line)

def loop(x, v, depth):
    if not depth:
        return x + 0.01 * v, v - 0.01 * ag.sin(x)
    stretch = lambda x, v: loop(x, v, depth - 1)
    if {checkpoints} and depth > 1:
        stretch = ag.checkpoint(stretch)
    for _ in range(30):
        x, v = stretch(x, v)
    return x, v

start = ag.Value(1.0), ag.Value(0.5)
before = peak()
loop(*start, 3)[0].backward()
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="sizes differ")
def test_the_native_engines_process_stays_small(engine: str) -> None:
    """30³ steps in checkpoints of checkpoints."""
    if engine != "native":
        pytest.skip("its memory is Python's, which the test above traces")

    def peak(checkpoints: bool) -> int:
        run = subprocess.run(
            [sys.executable, "-c", RESIDENT.format(checkpoints=checkpoints)],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(ag.__file__).parents[1]),
                "AUTOGRAD_PURE": "0",
            },
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return int(run.stdout)

    assert peak(checkpoints=True) < peak(checkpoints=False) / 8


def test_nested_checkpoints_hold_no_inner_graph() -> None:
    outer = ag.checkpoint(lambda x, v: in_stretches(x, v, 5, 5))
    x, v = ag.Value(1.0), ag.Value(0.5)
    y = outer(x, v)[0]
    assert len(graph.topological_order(y)) == 3
    by_x, by_v = ag.gradient(y, [x, v])
    exact = ag.grad(lambda x, v: loop(x, v, 25)[0], (0, 1))(1.0, 0.5)
    assert (by_x.data, by_v.data) == pytest.approx(exact, rel=1e-13)


def test_higher_orders_run_the_function_again() -> None:
    f = lambda x: ag.exp(ag.sin(x)) * x
    g = ag.checkpoint(f)
    assert ag.derivative(g, 4)(0.3) == pytest.approx(
        ag.derivative(f, 4)(0.3), rel=1e-13
    )
    assert ag.grad(ag.grad(ag.grad(g)))(0.3) == pytest.approx(
        ag.grad(ag.grad(ag.grad(f)))(0.3), rel=1e-13
    )


def test_a_checkpoint_whose_value_is_0_is_no_constant() -> None:
    double = ag.checkpoint(lambda x: x + x)
    assert ag.derivative(lambda x: double(x) * double(x), 2)(0.0) == 8.0


def test_what_the_function_closes_over_is_differentiated() -> None:
    w = ag.Value(3.0)
    x = ag.Value(2.0)
    y = ag.checkpoint(lambda x: w * w * x * x)(x)
    y.backward()
    assert (x.grad, w.grad) == (36.0, 24.0)
    assert ag.gradient(ag.gradient(y, [w])[0], [x])[0].data == 24.0
    assert ag.grad(lambda u: ag.checkpoint(lambda x: u * x * x)(u))(3.0) == 27.0
    inner = lambda w: ag.checkpoint(lambda x: w * (w * w) * x)(2.0 * w)
    assert ag.grad(inner)(3.0) == 8 * 3.0**3
    assert ag.grad(ag.grad(inner))(3.0) == 24 * 3.0**2


def test_an_input_that_comes_back_unchanged_is_the_input() -> None:
    x = ag.Value(2.0)
    assert ag.checkpoint(lambda x: x)(x) is x
    start = [ag.Value(2.0), ag.Value(3.0)]
    x, v = start
    for _ in range(3):
        x, v = ag.checkpoint(lambda x, v: (v, x * v))(x, v)
    (x * v).backward()  # x³ v⁵
    assert [a.grad for a in start] == [3 * 4.0 * 3.0**5, 5 * 8.0 * 3.0**4]


def test_parameters_alone_make_no_graph_either() -> None:
    """What f computes of its closure alone is its own, what it finds there is not."""
    w = [ag.Value(0.1 * i) for i in range(5)]
    f = lambda xs: ag.tanh(ag.dot([ag.sin(a) for a in w], xs))
    y = ag.checkpoint(f)([1.0, 2.0, 3.0, 4.0, 5.0])
    assert set(graph.topological_order(y)) == {*w, y}
    by_w = [d.data for d in ag.gradient(y, w)]
    exact = [d.data for d in ag.gradient(f([1.0, 2.0, 3.0, 4.0, 5.0]), w)]
    assert by_w == exact

    u, x = ag.Value(3.0), ag.Value(2.0)
    h = u * u
    g = lambda x: h * (u * h) * x
    y = ag.checkpoint(g)(x)
    assert set(graph.topological_order(y)) == {u, h, x, y}
    y.backward()
    assert (x.grad, h.grad, u.grad) == (243.0, 108.0, 810.0)
    exact = ag.gradient(ag.gradient(g(x), [u])[0], [u, h, x])
    again = ag.gradient(ag.gradient(y, [u])[0], [u, h, x])
    assert [d.data for d in again] == [d.data for d in exact]


def test_closures_in_nested_checkpoints() -> None:
    inner = lambda w: ag.checkpoint(lambda: ag.sin(w) * w)() * w
    f = lambda w: ag.checkpoint(lambda: inner(w))()
    exact = ag.derivative(lambda w: ag.sin(w) * w * w, 2)(0.3)
    assert ag.grad(ag.grad(f))(0.3) == pytest.approx(exact, rel=1e-13)
    assert ag.derivative(f, 2)(0.3) == pytest.approx(exact, rel=1e-13)


ENTIRE = ["add", "sub", "mul", "sin", "tanh", "atan", "softplus"]
"""Operations that are defined everywhere."""


@given(
    testing.expressions(8, ENTIRE), testing.expressions(8, ENTIRE), st.integers(0, 3)
)
@share(0.5)
def test_all_derivatives_are_those_without_checkpoints(
    e: testing.Expression, outer: testing.Expression, way: int
) -> None:
    def f(x: Any, wrap: Any) -> Any:
        xs = (x * outer.arity)[: outer.arity]
        h = outer(*xs)  # a result from outside
        if way == 0:
            return wrap(e)(*x) * h
        if way == 1:
            return wrap(lambda *xs: e(*xs) * h)(*x)
        if way == 2:
            a, b = wrap(lambda y: (e(*y) + h * x[0], y[0]))(x)
            return a * b
        return wrap(lambda: wrap(lambda: e(*x) * h)() * x[0])()

    x, v = list(e.point), [1.0 + 0.5 * i for i in range(e.arity)]
    plain = lambda x: f(x, lambda g: g)
    kept = lambda x: f(x, ag.checkpoint)
    for take in (
        lambda f: ag.grad(f)(x),
        lambda f: [h for row in ag.hessian(f)(x) for h in row],
        lambda f: ag.hvp(f)(x, v),
        lambda f: ag.jvp(ag.grad(f), (x,), (v,))[1],
        lambda f: ag.taylor(lambda t: f([y + t for y in x]), 4)(0.0),
    ):
        exact = take(plain)
        size = max(1.0, *map(abs, exact))
        assert take(kept) == pytest.approx(exact, rel=1e-10, abs=1e-12 * size)


def test_an_output_keeps_only_what_it_depends_on() -> None:
    xs = [ag.Value(float(i)) for i in range(50)]
    ys = ag.checkpoint(lambda xs: [ag.sin(x) for x in xs])(xs)
    assert [y.partials for y in ys] == [(0.0, math.cos(x.data), 0.0) for x in xs]


def test_changed_data_is_an_error_and_no_wrong_number() -> None:
    w, x = ag.Value(3.0), ag.Value(2.0)
    y = ag.checkpoint(lambda x: w * x * x)(x)
    for changed, data in ((x, 5.0), (w, 5.0), (x, -2.0)):
        before, changed.data = changed.data, data
        with pytest.raises(ValueError, match="cannot differentiate a checkpoint again"):
            ag.gradient(y, [x])
        changed.data = before
    assert ag.gradient(y, [x])[0].data == 12.0


def test_a_function_that_raises_when_it_runs_again_leaves_all_as_it_was() -> None:
    runs = 0

    def f(x: Any) -> Any:
        nonlocal runs
        runs += 1
        if runs > 1:
            raise RuntimeError("again")
        return ag.exp(x)

    x = ag.Value(1.0)
    y = ag.checkpoint(f)(x)
    with pytest.raises(RuntimeError, match="again"):
        ag.gradient(y, [x])
    with pytest.raises(ValueError, match="math domain"):  # and no limit instead
        ag.log(ag.Value(0.0))
    y.backward()
    assert x.grad == math.e


def test_no_grad_outside_keeps_nothing_and_a_later_one_does_no_harm() -> None:
    x = ag.Value(2.0)
    f = ag.checkpoint(lambda x: x**3)
    y = f(x)
    with ag.no_grad():
        assert f(x).operands == ()
        assert ag.gradient(y, [x])[0].data == 12.0


def test_a_long_chain_is_released_without_recursion() -> None:
    step = ag.checkpoint(lambda y: y * 0.5 + 1.0)
    x = y = ag.Value(1.0)
    for _ in range(10_000):
        y = step(y)
    y.backward()
    assert (y.data, x.grad) == (2.0, 0.0)
    del y


def test_plain_numbers_and_constants_pass() -> None:
    assert ag.checkpoint(lambda x: x + 1)(2.0) == 3.0
    assert ag.checkpoint(lambda x: x * x)(np.array([2.0])).dtype == float
    x = ag.Value(2.0)
    a, b = ag.checkpoint(lambda x: [x * 2, 5.0])(x)
    assert (a.data, b) == (4.0, 5.0)


def test_a_label_changes_nothing_in_higher_orders() -> None:
    x = ag.Value(2.0)
    y = ag.checkpoint(lambda x: x**3)(x)
    assert y.label == ""
    y.label = "y"
    (slope,) = ag.gradient(y, [x])
    (curvature,) = ag.gradient(slope, [x])
    assert (slope.data, curvature.data) == (12.0, 12.0)


def test_a_relabelled_argument_keeps_the_type_of_an_answer() -> None:
    def f(x: Any) -> Any:
        x.label = "x"
        return x * x

    assert ag.grad(f)(3.0) == 6.0


def test_what_is_detached_from_an_argument_is_a_leaf_like_others() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(x.detach())
        return x * x

    ag.grad(f)(3.0)
    slope = ag.grad(lambda x: x * kept[0])(2.0)
    assert isinstance(slope, ag.Value)  # of what it closes over, as of any leaf


def test_a_checkpoint_of_a_method_is_collected_with_its_object() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = ag.Value(2.0)
            self.loss = ag.checkpoint(self.f)(self.w) * 1.0

        def f(self, w: Any) -> Any:
            return w * w

    alive = [weakref.ref(Model()) for _ in range(20)]
    gc.collect()
    assert not any(model() for model in alive)


def test_the_result_of_a_checkpoint_pickles_once_detached() -> None:
    y = ag.checkpoint(lambda x: x * x)(ag.Value(3.0)).detach()
    assert pickle.loads(pickle.dumps(y)).data == 9.0


def test_a_function_that_catches_what_floats_raise_does_so_when_it_runs_again() -> None:
    def f(x: Any) -> Any:
        try:
            return ag.log(x)
        except ValueError:
            return x * x * x

    kept = ag.checkpoint(f)
    for x in (2.0, 0.0, -1.0):
        plain: Any = f
        again: Any = kept
        for _ in range(3):
            plain, again = ag.grad(plain), ag.grad(again)
            assert again(x) == plain(x)
