"""Chunks that load themselves: the same bits wherever they are loaded and computed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd as ag
from tests.autograd.program.test_workers import Flaky, pool
from tests.engines import once


def made() -> tuple[Any, list[Any]]:
    """A program of two paths, of which the second comes late, and its parameters."""
    ws = [ag.Value(0.3), ag.Value(-0.2)]

    def loss(x: Any, y: Any) -> Any:
        z = ag.tanh(ws[0] * x[0]) + y
        return {"z": z * z, "parts": [z if x[1] < 1.5 else z * ws[1], 1.0]}

    return ag.compile(loss), ws


def load(k: int, count: int = 40) -> Any:
    """Chunk ``k``: points and labels."""
    draw = np.random.default_rng(k)
    points = draw.uniform(-1.0, 1.0, (count, 2)) + (1.0 if k == 3 else 0.0)
    return points, draw.uniform(-1.0, 1.0, count)


CHUNKS = [partial(load, k) for k in range(6)]
SEED = {"z": 1.0, "parts": [0.5, 0.0]}


def run(program: Any, ws: list[Any], **options: Any) -> Any:
    for w in ws:
        w.grad = 0.0
    found = program.backward(CHUNKS, scale=0.1, seed=SEED, **options)
    assert np.array_equal(found["z"], program.map(CHUNKS, **options)["z"])
    return found["z"].tolist(), found["parts"][0].tolist(), [w.grad for w in ws]


def test_they_are_what_all_examples_are_chunk_by_chunk() -> None:
    program, ws = made()
    z, parts, grads = run(program, ws)
    assert program.stats()["recordings"] == 2
    for w in ws:
        w.grad = 0.0
    rows = [program.backward(*chunk(), scale=0.1, seed=SEED) for chunk in CHUNKS]
    assert z == np.concatenate([row["z"] for row in rows]).tolist()
    assert parts == np.concatenate([row["parts"][0] for row in rows]).tolist()
    assert grads == [w.grad for w in ws]


def test_threads_give_the_same_bits() -> None:
    expected = run(*made())
    with ThreadPoolExecutor(3) as threads:
        assert run(*made(), executor=threads) == expected


@once  # the processes choose an engine of their own
def test_processes_give_the_same_bits() -> None:
    expected = run(*made())
    with pool() as processes:
        program, ws = made()
        assert run(program, ws, executor=processes) == expected
        assert program.stats()["recordings"] == 2
        ws[0].data = 0.7  # a step: the workers get the new numbers
        here, there = (
            program.map(CHUNKS, executor=executor)["z"].tolist()
            for executor in (None, processes)
        )
    assert here == there != expected[0]


def test_one_argument_needs_no_tuple_and_lists_of_functions_are_chunks() -> None:
    program = ag.compile(lambda x: x * 2)
    found = program.map([lambda: [1.0, 2.0], lambda: np.array([3.0])])
    assert found.tolist() == [2.0, 4.0, 6.0]
    found = program.map([lambda: np.array([[1.0, 2.0], [1.0, 2.0]])], in_axes=1)
    assert found.tolist() == [[2.0, 2.0], [4.0, 4.0]]


def test_a_chunk_that_does_not_load_is_named() -> None:
    def broken() -> Any:
        raise OSError("no such file")

    w = ag.Value(0.3)
    program = ag.compile(lambda x: x * w)
    program(1.0)
    chunks = [lambda: [1.0], broken, lambda: [2.0]]
    with pytest.raises(OSError, match="no such file"):
        program.backward(chunks)
    with (
        ThreadPoolExecutor(1) as threads,
        pytest.raises(RuntimeError, match=r"chunk 1 of 3 failed 3 times.*no such file"),
    ):
        program.backward(chunks, executor=threads)
    assert w.grad == 0.0
    flaky = Flaky({1, 3})
    assert program.map([chunks[0], chunks[2]], executor=flaky).tolist() == [0.3, 0.6]
