"""A map that threads share gives what one thread gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as ag
from tests.exact import same


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as threads:
        yield threads


def test_threads_give_the_bits_of_one(pool: ThreadPoolExecutor) -> None:
    program = ag.compile(lambda x, y: (ag.exp(x) * y, ag.sin(y)))
    x, y = np.random.default_rng(0).standard_normal((2, 1001))
    alone = program.map(x, y)
    for chunk in (None, 1, 7, 1000, 1001, 5000):
        for _ in range(2):  # the first call makes the short way
            shared = program.map(x, y, executor=pool, chunk=chunk)
            assert same([p.tolist() for p in shared], [p.tolist() for p in alone])


def test_results_of_threads_share_no_memory(pool: ThreadPoolExecutor) -> None:
    program = ag.compile(lambda x: 2 * x)
    x = np.arange(100.0)
    first, second = (program.map(x, executor=pool, chunk=9) for _ in range(2))
    first[:] = 0.0
    assert second.tolist() == (2 * x).tolist()
    assert x.tolist() == np.arange(100.0).tolist()


def test_each_example_takes_its_path_in_threads(pool: ThreadPoolExecutor) -> None:
    program = ag.compile(lambda x: ag.sqrt(x) if x > 1.0 else x * x)
    high, mixed = np.linspace(2.0, 3.0, 50), np.linspace(0.0, 3.0, 50)
    for x in (high, high, mixed, high):
        found = program.map(x, executor=pool, chunk=8)
        assert found.tolist() == [math.sqrt(a) if a > 1.0 else a * a for a in x]


def test_threads_raise_what_the_function_raises(pool: ThreadPoolExecutor) -> None:
    program = ag.compile(lambda x: ag.log(x))
    x = np.linspace(1.0, 2.0, 50)
    for _ in range(2):
        program.map(x, executor=pool, chunk=8)
    x[30], x[40] = 0.0, -1.0
    with pytest.raises(ValueError, match="example 30"):
        program.map(x, executor=pool, chunk=8)


def test_what_is_no_array_of_doubles_goes_the_long_way(
    pool: ThreadPoolExecutor,
) -> None:
    program = ag.compile(lambda x, y: x * y)
    x = np.arange(20.0)
    for y in (x, x, x.astype(np.float32), x.tolist(), np.repeat(x, 2)[::2]):
        found = program.map(x, y, executor=pool, chunk=6)
        assert found.tolist() == (x * x).tolist()
    with pytest.raises(ValueError, match="examples"):
        program.map(x, x[:-1], executor=pool)
    with pytest.raises(ValueError, match="chunk"):
        program.map(x, x, executor=pool, chunk=0)
