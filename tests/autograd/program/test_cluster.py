"""A cluster of processes, by Dask: a worker is killed in the middle."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autograd as ag
from tests.engines import once

pytestmark = once  # the processes choose an engine of their own

distributed = pytest.importorskip("distributed")


@contextmanager
def cluster() -> Iterator[tuple[Any, list[int]]]:
    """An executor of two processes, and their ids."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as workers,
        distributed.Client(workers) as client,
        client.get_executor(pure=False) as executor,
    ):
        yield executor, list(client.run(os.getpid).values())


def test_a_worker_of_a_cluster_is_killed_and_the_sums_stay() -> None:
    w = ag.Value(0.3)
    program = ag.compile(lambda x: ag.tanh(w * x[0]) * x[1])
    points = np.random.default_rng(0).standard_normal((4000, 2))
    expected = program.backward(points, scale=1e-3, chunk=100).tolist(), w.grad
    w.grad = 0.0
    with cluster() as (executor, pids):
        os.kill(pids[0], signal.SIGKILL)
        found = program.backward(points, scale=1e-3, chunk=100, executor=executor)
    assert (found.tolist(), w.grad) == expected


def test_a_worker_is_killed_while_chunks_load_themselves() -> None:
    w = ag.Value(0.3)
    program = ag.compile(lambda x: ag.tanh(w * x[0]) * x[1])
    chunks = [functools.partial(points_of, k) for k in range(12)]
    expected = program.backward(chunks).tolist(), w.grad
    w.grad = 0.0
    with cluster() as (executor, pids):
        kill = threading.Timer(0.2, os.kill, [pids[0], signal.SIGKILL])
        kill.start()
        found = program.backward(chunks, executor=executor)
        kill.join()
    assert (found.tolist(), w.grad) == expected


def points_of(k: int) -> Any:
    """Chunk ``k``, which takes a while to load."""
    time.sleep(0.1)
    return np.random.default_rng(k).standard_normal((100, 2))
