"""A checkpoint has the derivatives of its function and none of its graph."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

import autograd as ag
from autograd import graph


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
    if ag.engine == "reference":  # the native engine's memory is not Python's
        peak(2, 2)
        small, large = peak(20, 20), peak(40, 40)
        assert large <= 2.6 * small


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


def test_plain_numbers_and_constants_pass() -> None:
    assert ag.checkpoint(lambda x: x + 1)(2.0) == 3.0
    x = ag.Value(2.0)
    a, b = ag.checkpoint(lambda x: [x * 2, 5.0])(x)
    assert (a.data, b) == (4.0, 5.0)


def test_a_replaced_label_is_an_error_in_higher_orders() -> None:
    x = ag.Value(2.0)
    y = ag.checkpoint(lambda x: x * x)(x)
    y.label = "mine"
    y.backward()
    assert x.grad == 4.0
    with pytest.raises(ValueError, match="label was replaced"):
        ag.gradient(y, [x])
