"""scan: the loop that it stands for, eagerly, under transforms and in programs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd as ag
from tests.autograd.program.test_compiled import bits


class State(NamedTuple):
    h: Any
    c: Any


def step(w: Any, state: Any, x: Any) -> Any:
    """A cell with two numbers of state, whose result is one of them."""
    c = state.c * ag.sigmoid(w[0] * x + state.h) + ag.maximum(x, w[1])
    return State(ag.tanh(c), c), state.h * x


def by_loop(w: Any, xs: Any) -> Any:
    state, ys = State(0.5, 0.0), []
    for x in xs:
        state, y = step(w, state, x)
        ys.append(y)
    return state.h * state.c + sum(ys)


def by_scan(w: Any, xs: Any) -> Any:
    state, ys = ag.scan(lambda s, x: step(w, s, x), State(0.5, 0.0), xs)
    return state.h * state.c + sum(ys)


def mixed(f: Any) -> Any:
    """Forward mode over reverse, as a function of w alone is none."""
    return lambda w, xs: ag.jvp(ag.grad(f, argnums=(0, 1)), (w, xs), (w, xs))


@pytest.mark.parametrize("run", [lambda f: f, ag.compile])
@pytest.mark.parametrize("transform", [lambda f: f, ag.grad, ag.hessian, mixed])
def test_a_scan_has_the_bits_of_its_loop(transform: Any, run: Any) -> None:
    scanned, looped = (run(transform(f)) for f in (by_scan, by_loop))
    for w, xs in (([0.3, -0.2], [0.5, -1.5, 0.1]), ([-0.0, 0.0], [-0.0, 2.0])):
        assert bits(scanned(w, xs)) == bits(looped(w, xs))


def test_a_scan_records_the_graph_of_its_loop() -> None:
    a, b = ([ag.Value(0.3), ag.Value(-0.2)] for _ in range(2))
    by_scan(a, [0.5, 1.5]).backward()
    by_loop(b, [0.5, 1.5]).backward()
    assert [x.grad for x in a] == [x.grad for x in b]


def test_parts_of_the_input_and_of_the_results_are_nested_alike() -> None:
    def f(carry: Any, x: Any) -> Any:
        (a, b), c = x["pair"], x["row"]
        return carry + a * b, {"sum": (a + b, c.sum()), "row": 2 * c, "none": None}

    xs = {"pair": ([1.0, 2.0], range(2)), "row": np.arange(4.0).reshape(2, 2)}
    carry, ys = ag.scan(lambda c, x: (f(c, x)[0], f(c, x)[1]["sum"]), 0.0, xs)
    assert carry == 2.0
    assert ys == ([1.0, 3.0], [1.0, 5.0])
    _, rows = ag.scan(lambda c, x: (c, f(c, x)[1]["row"]), 0.0, xs)
    assert rows.tolist() == [[0.0, 2.0], [4.0, 6.0]]
    _, lists = ag.scan(lambda c, x: (c, [x, c]), 3.0, [1.0, 2.0])
    assert lists == [[1.0, 3.0], [2.0, 3.0]]


def test_steps_without_input_or_result_and_no_steps_at_all() -> None:
    assert ag.scan(lambda c, x: (2 * c, x), 1.0, length=3) == (8.0, None)
    assert ag.scan(lambda c, x: (2 * c, x), 1.0, []) == (1.0, [])
    assert ag.scan(lambda c, x: (c + x, None), 0.0, [1.0, 2.0], 2) == (3.0, None)


def test_a_step_may_be_a_checkpoint() -> None:
    def end(wrap: Any) -> Any:
        w = ag.Value(0.7)
        ag.scan(wrap(lambda h, x: (ag.tanh(w * h + x), h)), 0.1, [0.2, 0.3])[
            0
        ].backward()
        return w.grad

    assert end(ag.checkpoint) == pytest.approx(end(lambda f: f), rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((3.0, 0.0, [1.0]), TypeError, "f must be a function, got float"),
        ((lambda c, x: c, 0.0, [1.0]), TypeError, "a pair, .* got float in step 0"),
        ((lambda c, x: (c, x, x), 0.0, [1.0]), TypeError, "got tuple of 3 in step 0"),
        ((lambda c, x: (c, x), 0.0), TypeError, "length must say how many"),
        ((lambda c, x: (c, x), 0.0, 3.0), TypeError, "xs must be a list .* got float"),
        (
            (lambda c, x: (c, x), 0.0, ([1.0], 2.0)),
            TypeError,
            r"xs\[1\] must be a list",
        ),
        ((lambda c, x: (c, x), 0.0, None, -1), TypeError, "length must be an int"),
        (
            (lambda c, x: (c, x), 0.0, {"a": [1.0], "b": [1.0, 2.0]}),
            ValueError,
            r"one number of steps, got xs\['a'\]: 1, xs\['b'\]: 2",
        ),
        ((lambda c, x: (c, x), 0.0, [1.0], 2), ValueError, "xs: 1, length: 2"),
        (
            (lambda c, x: ([c, c], None), 0.0, [1.0]),
            ValueError,
            r"the state after step 0 .* expected ·, got \[· ·\]",
        ),
        (
            (lambda c, x: (c, [x] * int(x)), 0.0, [1.0, 2.0]),
            ValueError,
            r"the result of step 1 .* expected \[·\], got \[· ·\]",
        ),
        ((lambda c, x: ("a", x), 0.0, [1.0]), TypeError, "step 0 must be a Value"),
    ],
)
def test_what_does_not_fit_is_named(arguments: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        ag.scan(*arguments)


def recurrent(w: Any, xs: Any) -> Any:
    """Forty equal steps over three numbers of state, each read by its neighbour."""

    def cell(state: Any, x: Any) -> Any:
        shifted = [*state[1:], state[0]]
        after = [ag.tanh(w[0] * s + w[1] * t) + x for s, t in zip(state, shifted)]
        return after, ag.maximum(after[0], w[2]) * after[1]

    state, ys = ag.scan(cell, [0.1, 0.2, 0.3], list(xs) * 20)
    return ag.sum(ys) + state[2]


@pytest.mark.parametrize("executor", [None, "arrays"])
def test_steps_that_repeat_run_as_the_loop_that_they_are(executor: Any) -> None:
    w, points = [0.5, -0.3, 0.2], [[0.1, -0.4], [-0.2, 0.3], [0.7, 0.6]]
    slope = ag.grad(recurrent, argnums=(0, 1))
    program = ag.compile(slope, executor=executor)
    for xs in points:
        assert bits(program(w, xs)) == bits(slope(w, xs))
    assert program.stats()["packs"] > 40
    by_w, by_xs = program.map(w, points, in_axes=(None, 0))
    for k, xs in enumerate(points):
        alone = [y[k] for y in by_w], [y[k] for y in by_xs]
        assert bits(alone) == bits(slope(w, xs))


def test_a_part_of_the_steps_may_be_run_by_itself(engine: str) -> None:
    """As where another executor has the packs in between."""
    program = ag.compile(ag.grad(recurrent))
    w, xs = [0.5, -0.3, 0.2], [0.1, -0.4]
    program(w, xs)
    (recordings,) = program._recordings.values()
    machine = recordings[0].machine()
    if machine.native is None:
        pytest.skip("the reference engine runs packs one by one")
    packs = machine.packs
    found = []
    for step in (packs.count, 7, 1):
        memory = np.zeros(packs.doubles(machine.block))
        memory[: packs.uniform] = packs.numbers
        memory[packs.inputs] = [*w, *xs]
        for k in range(0, packs.count, step):
            last = min(k + step, packs.count)
            machine.native.run(memory, k, last, machine.block, 1, None, None)
        found.append(bits(memory[packs.outputs].tolist()))
    assert found[0] == found[1] == found[2] == bits(ag.grad(recurrent)(w, xs))
