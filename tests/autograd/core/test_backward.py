"""Adjoints belong to the sweep: whoever comes between finds every grad whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import pytest

import autograd as ag
from autograd.core import choice

SWEEPS = ("core/backward.py", "core/graph.py")
"""The modules of a reference sweep; that of the C engine runs no Python code."""


@contextmanager
def at_line(k: int, act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` at the k-th line that a sweep runs, as a signal handler would be."""
    left = k

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.replace("\\", "/").endswith(SWEEPS):
            return None
        if event == "line":
            left -= 1
            if left == -1:
                sys.settrace(None)
                act()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def graph() -> tuple[list[Any], list[Any], Any]:
    """Two leaves, two inner nodes and an output, the leaves with a grad already."""
    leaves = [ag.Value(2.0), ag.Value(3.0)]
    product = leaves[0] * leaves[1]
    output = product + product.exp() + leaves[0]
    for leaf in leaves:
        leaf.grad = 100.0
    return leaves, [product, output], output


def grads(nodes: list[Any]) -> list[float]:
    return [node.grad for node in nodes]


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("k", range(0, 120, 3))
def test_an_interrupted_backward_adds_all_or_nothing(k: int) -> None:
    leaves, inner, output = graph()
    before = grads(leaves) + grads(inner)
    with suppress(KeyboardInterrupt), at_line(k, interrupt):
        output.backward()
    found = grads(leaves) + grads(inner)
    leaves, inner, output = graph()
    output.backward()
    assert found in (before, grads(leaves) + grads(inner))


@pytest.mark.parametrize("k", range(0, 120, 3))
def test_a_backward_within_a_backward_counts_both(k: int) -> None:
    leaves, _, output = graph()
    with at_line(k, output.backward):
        output.backward()
    found = grads(leaves)
    fired = found[1] != 100.0 + graph_slopes()[1]
    expected = [100.0 + (1 + fired) * slope for slope in graph_slopes()]
    assert found == pytest.approx(expected, rel=1e-15)


def graph_slopes() -> list[float]:
    leaves, _, output = graph()
    slopes: list[float] = choice.module().gradients(output, leaves)[0]
    return slopes


@pytest.mark.parametrize("k", range(0, 90, 3))
def test_gradients_leave_every_grad_to_whoever_sets_it_meanwhile(k: int) -> None:
    leaves, inner, output = graph()
    nodes = leaves + inner
    fired = []

    def act() -> None:
        fired.append(True)
        for i, node in enumerate(nodes):
            node.grad = float(i)

    before = grads(nodes)
    with at_line(k, act):
        choice.module().gradients(output, leaves)
    assert grads(nodes) == ([0.0, 1.0, 2.0, 3.0] if fired else before)


def test_a_finalizer_that_runs_backward_during_backward_ends() -> None:
    leaves, _, output = graph()

    class Dying:
        def __del__(self) -> None:
            output.backward()

    keep = [Dying()]
    with at_line(20, keep.clear):
        output.backward()
    keep.clear()
    assert leaves[1].grad == pytest.approx(100.0 + 2 * graph_slopes()[1], rel=1e-15)
