"""Chunks on many workers: the same bits, whoever is late and whoever dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.program import workers
from tests.engines import once


def program_and_points() -> tuple[Any, Any, Any]:
    w = ag.Value(0.3)
    program = ag.compile(lambda x: ag.tanh(w * x[0]) * x[1] if x[0] > -2 else w * x[1])
    points = np.random.default_rng(0).standard_normal((1000, 2))
    return program, w, points


def pool() -> ProcessPoolExecutor:
    """Two processes that start anew: a fork of a process with threads, as that of the
    tests' runner is, may find a lock of the C library held for good."""
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


def run(program: Any, w: Any, points: Any, **options: Any) -> tuple[Any, float]:
    w.grad = 0.0
    found = program.backward(points, scale=1e-3, **options)
    return found.tolist(), w.grad


def test_threads_give_the_bits_of_one_thread() -> None:
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=64)
    with ThreadPoolExecutor(4) as threads:
        assert run(program, w, points, chunk=64, executor=threads) == expected


@once  # the processes choose an engine of their own
def test_processes_give_the_bits_of_one_thread() -> None:
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=64)
    with pool() as processes:
        assert run(program, w, points, chunk=64, executor=processes) == expected
        mapped = program.map(points, executor=processes, chunk=100)
    assert mapped.tolist() == expected[0]


@once  # the processes choose an engine of their own
def test_a_worker_that_dies_changes_nothing() -> None:
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=16)
    with pool() as processes:
        list(processes.map(time.sleep, [0.1, 0.1]))  # both are there
        os.kill(next(iter(processes._processes)), signal.SIGKILL)
        assert run(program, w, points, chunk=16, executor=processes) == expected


class Forgetful:
    """Loses what was submitted while it broke, as a pool of processes may."""

    def __init__(self, futures: int) -> None:
        self.futures = futures

    def submit(self, function: Any, *args: Any) -> Future[Any]:
        self.futures -= 1
        if self.futures < 0:
            raise BrokenExecutor("a child process terminated")
        return Future()


class Slow:
    """Takes longer than anybody's patience, and is asked whether it is well."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, function: Any, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if function is int:
            self.asked += 1
        else:
            threading.Timer(0.2, self.finish, (future, function, args)).start()
        return future

    def finish(self, future: Future[Any], function: Any, args: Any) -> None:
        future.set_result(function(*args))


def test_what_a_broken_executor_has_lost_is_computed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.01)
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=16)
    assert run(program, w, points, chunk=16, executor=Forgetful(70)) == expected


def test_a_slow_executor_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.05)
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=250)
    slow = Slow()
    assert run(program, w, points, chunk=250, executor=slow) == expected
    assert slow.asked > 0


class Flaky:
    """Fails some calls: those whose number is in ``failing``."""

    def __init__(self, failing: Any) -> None:
        self.failing, self.calls = failing, 0

    def submit(self, function: Any, *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls += 1
        if self.calls in self.failing:
            future.set_exception(OSError("the machine is gone"))
        else:
            future.set_result(function(*args))
        return future


def test_a_chunk_that_fails_is_computed_again() -> None:
    program, w, points = program_and_points()
    expected = run(program, w, points, chunk=100)
    flaky = Flaky({2, 5, 11})
    assert run(program, w, points, chunk=100, executor=flaky) == expected
    assert flaky.calls > 10


def test_a_chunk_that_always_fails_ends_the_call_with_its_number() -> None:
    program, w, points = program_and_points()
    program.map(points)

    class Broken(Flaky):
        def submit(self, function: Any, *args: Any) -> Future[Any]:
            bad = args[2].shape[1] and args[2][0, 0] == points[300, 0]
            self.failing = {self.calls + 1} if bad else ()
            return super().submit(function, *args)

    with pytest.raises(RuntimeError, match=r"chunk 3 of 10 failed 3 times.*is gone"):
        run(program, w, points, chunk=100, executor=Broken(()))
    assert w.grad == 0.0


def test_exceptions_name_the_example_of_all() -> None:
    program = ag.compile(lambda x: ag.log(x))
    points = np.ones(1000)
    points[777] = -1.0
    with (
        ThreadPoolExecutor(2) as threads,
        pytest.raises(ValueError, match="example 777"),
    ):
        program.map(points, executor=threads, chunk=50)


def test_bad_executors_are_named() -> None:
    program = ag.compile(lambda x: x)
    with pytest.raises(TypeError, match="executor must have a method submit"):
        program.map([1.0], executor=3)
    with pytest.raises(ValueError, match="chunk must be"):
        program.map([1.0], chunk=0)


def test_threads_may_record_and_run_at_once() -> None:
    program = ag.compile(lambda x: x * x if x > 0 else -x)
    numbers = [float(k - 40) for k in range(80)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(program, numbers))
    assert found == [x * x if x > 0 else -x for x in numbers]
