"""Many workers: chunks of examples on whatever has ``concurrent.futures``' interface.

A chunk is computed by a machine, which is pickled once and kept by each worker under
its checksum; a worker that has not seen it says so, and gets it. Chunks are added up in
their order, whoever is late. A chunk whose worker died is computed again.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any

from autograd.program.machine import Machine

__all__ = ["CHUNK", "spread", "submitted"]

CHUNK = 8192
"""Examples of a chunk, unless the caller says how many."""

ATTEMPTS = 3
"""So often a chunk is tried before its error ends the call."""

PATIENCE = 5.0
"""Seconds after which an executor is asked whether it still is one."""

KEPT = 16
"""So many machines a worker keeps."""

_machines: OrderedDict[tuple[int, str], Any] = OrderedDict()
"""By process, since one that was forked finds those of another."""


def work(key: str, machine: bytes | None, chunk: Any, rest: tuple[Any, ...]) -> Any:
    """One chunk in a worker; None if it needs the machine first."""
    here = os.getpid(), key
    if here not in _machines:
        if machine is None:
            return None
        _machines[here] = pickle.loads(machine)
        while len(_machines) > KEPT:
            _machines.popitem(last=False)
    return _machines[here].map(chunk, *rest)


def spread(
    machine: Machine,
    columns: Any,
    parameters: Any,
    ieee: bool,
    fixed: dict[int, float],
    executor: Any = None,
    chunk: int | None = None,
) -> tuple[Any, Any, Any]:
    """What ``machine.map`` gives, chunk by chunk.

    Args:
        machine, columns, parameters, ieee, fixed: as of ``Machine.map``.
        executor: has ``submit``; None for this thread.
        chunk: examples of a chunk.

    Raises:
        RuntimeError: a chunk failed again and again; the message has its number.
    """
    import numpy as np

    rest = parameters, ieee, fixed
    size = chunk or (CHUNK if executor is not None else max(1, columns.shape[1]))
    starts = range(0, max(1, columns.shape[1]), size)
    chunks = [np.ascontiguousarray(columns[:, k : k + size]) for k in starts]
    if executor is None:
        results = [machine.map(part, *rest) for part in chunks]
    else:
        results = submitted(machine, chunks, rest, executor)
    found = np.concatenate([r[0] for r in results], axis=1)
    failed = np.concatenate([r[2] for r in results])
    sums = results[0][1]
    for _, more, _ in results[1:]:
        sums = sums + more
    return found, sums, failed


def submitted(
    machine: Any, chunks: Sequence[Any], rest: tuple[Any, ...], executor: Any
) -> list[Any]:
    """What ``machine.map(chunk, *rest)`` gives for all chunks, in their order."""
    pickled = pickle.dumps(machine)
    key = f"{hashlib.sha256(pickled).hexdigest()} {getattr(machine, 'whose', '')}"
    _machines[os.getpid(), key] = (
        machine  # for workers that are threads of this process
    )
    results: list[Any] = [None] * len(chunks)
    tried = [0] * len(chunks)
    waiting = {
        i: _submit(executor, key, None, chunks[i], rest) for i in range(len(chunks))
    }
    while waiting:
        i = next(iter(waiting))
        future = waiting.pop(i)
        try:
            if future is None:  # the executor takes nothing any more
                results[i] = machine.map(chunks[i], *rest)
                continue
            results[i] = _result(future, executor)
            if results[i] is None:
                waiting[i] = _submit(executor, key, pickled, chunks[i], rest)
        except Exception as error:
            tried[i] += 1
            if tried[i] == ATTEMPTS:
                for other in waiting.values():
                    if other is not None:
                        other.cancel()
                raise RuntimeError(
                    f"chunk {i} of {len(chunks)} failed {ATTEMPTS} times: {error!r}"
                ) from error
            waiting[i] = _submit(executor, key, pickled, chunks[i], rest)
    return results


def _result(future: Any, executor: Any) -> Any:
    """What a future gives, however long that takes.

    CPython's pool of processes may lose what is submitted while it breaks, and its
    future is then never done. A broken executor takes nothing more, and so says so.
    """
    while True:
        try:
            return future.result(timeout=PATIENCE)
        except Late:
            if future.done():
                return future.result()  # or the work's own error
            executor.submit(int)


def _submit(
    executor: Any, key: str, machine: bytes | None, chunk: Any, rest: tuple[Any, ...]
) -> Any:
    """The future of a chunk; None if the executor is broken for good."""
    try:
        return executor.submit(work, key, machine, chunk, rest)
    except BrokenExecutor:
        return None
