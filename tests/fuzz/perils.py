"""What happens around a computation: signals, threads, forks, full disks, no memory.

Each peril takes a seed, does one thing that may go wrong, and asserts that nothing was
lost: gradients are those of whole sweeps, states are as they were, errors are said.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import autograd as ag
import nn
from autograd.core import choice
from autograd.core.plain import is_value
from tests.fuzz.programs import Program, Step, observed, random_program, resolved, run


class Interrupted(BaseException):
    """What the signal handlers here raise."""


def _graph(seed: int, size: int = 300) -> tuple[list[Any], Any]:
    """Leaves and an output of a graph that takes a while to sweep."""
    source = random.Random(seed)
    leaves = [ag.Value(source.uniform(-1, 1)) for _ in range(5)]
    nodes = list(leaves)
    for _ in range(size):
        x, y = source.choice(nodes[-20:]), source.choice(nodes[-20:])
        nodes.append(ag.tanh(x * y + source.uniform(-1, 1)) if size % 2 else x * y + x)
    return leaves, ag.sum(nodes)


def signals(seed: int) -> None:
    """A signal that raises in a sweep leaves every grad of a leaf whole."""
    source = random.Random(seed)
    leaves, output = _graph(seed, source.randrange(50, 3000))
    output.backward()
    once = [x.grad for x in leaves]

    def interrupt(*_: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    sweeps = 1
    try:
        with contextlib.suppress(Interrupted):
            signal.setitimer(signal.ITIMER_REAL, source.uniform(1e-6, 3e-3))
            while sweeps < 200:
                output.backward()
                sweeps += 1
    finally:
        with contextlib.suppress(Interrupted):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    counts = []
    for count in range(sweeps, sweeps + 2):  # the last one may just have ended
        total = [0.0] * len(once)
        for _ in range(count):
            total = [t + g for t, g in zip(total, once)]
        counts.append(observed(total))
    assert observed([x.grad for x in leaves]) in counts


def handlers(seed: int) -> None:
    """A signal handler that sweeps the same graph while it is swept."""
    leaves, output = _graph(seed, 1000)
    expected = ag.gradient(output, leaves)
    seen = []

    def sweep(*_: Any) -> None:
        seen.append([y.data for y in ag.gradient(output, leaves)])

    before = signal.signal(signal.SIGALRM, sweep)
    try:
        signal.setitimer(signal.ITIMER_REAL, random.Random(seed).uniform(1e-6, 1e-3))
        for _ in range(10):
            output.backward()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(observed(s) == observed([y.data for y in expected]) for s in seen)


def threads(seed: int) -> None:
    """Threads that differentiate functions of the same leaves get their own numbers."""
    leaves, output = _graph(seed, 301)
    f = lambda x: output * x + ag.sin(x * leaves[0])
    expected = observed([ag.grad(f)(0.5).data, ag.grad(ag.grad(f))(0.5).data])
    found: list[Any] = []

    def work() -> None:
        for _ in range(3):
            found.append(
                observed([ag.grad(f)(0.5).data, ag.grad(ag.grad(f))(0.5).data])
            )

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert found == [expected] * 9


def forks(seed: int) -> None:
    """The child of a fork during a sweep of another thread goes on."""
    leaves, output = _graph(seed, 2001)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            output.backward()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # a child that hangs dies of it
            output.backward()
            os._exit(0 if math.isfinite(leaves[0].grad) else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        worker.join(60)


def tasks(seed: int) -> None:
    """Tasks that interleave: no_grad in one is not no_grad in another."""
    source = random.Random(seed)
    turns = [source.random() for _ in range(8)]

    async def quiet() -> bool:
        with ag.no_grad():
            for _ in range(3):
                await asyncio.sleep(0)
            return bool((ag.Value(1.0) * 2).operands)

    async def loud() -> bool:
        await asyncio.sleep(0)
        return bool((ag.Value(1.0) * 2).operands)

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(quiet() if t < 0.5 else loud() for t in turns))

    # In a thread of its own: in this one a loop may run, such as Playwright's.
    with ThreadPoolExecutor(1) as thread:
        told = thread.submit(asyncio.run, everybody()).result()
    assert told == [t >= 0.5 for t in turns]
    assert (ag.Value(1.0) * 2).operands


def finalizers(seed: int) -> None:
    """A finalizer that sweeps whatever is being swept or freed."""
    leaves, output = _graph(seed, 200)
    expected = observed([y.data for y in ag.gradient(output, leaves)])
    seen: list[Any] = []

    class Last(str):
        def __del__(self) -> None:
            seen.append(observed([y.data for y in ag.gradient(output, leaves)]))

    for _ in range(3):
        x = ag.Value(1.0)
        for _ in range(20):
            x = x * 1.5
            x.label = Last("last")
        x.backward()
        del x
        gc.collect()
    assert seen == [expected] * 60


def disks(seed: int) -> None:
    """A disk that is full is said, and what stood in a file stands there still."""
    net = nn.MLP(2, [2, 1], seed=seed)
    x = ag.Value(2.0, "x")
    with tempfile.TemporaryDirectory() as folder:
        for write in (
            lambda path: net.save(path),
            lambda path: ag.draw(x * x, path),
        ):
            path = Path(folder, "kept.dot")
            write(path)
            before = path.read_bytes()
            limited = os.fork()
            if limited == 0:
                _without_room(lambda path=path, write=write: write(path))
            assert os.waitpid(limited, 0)[1] == 0
            assert path.read_bytes() == before
            assert os.listdir(folder) == ["kept.dot"]
            path.unlink()
        full = Path("/dev/full")
        if full.exists():
            try:
                net.save(full)
            except OSError:
                assert full.is_char_device()
            else:
                raise AssertionError("a full device took a file")


def _without_room(write: Callable[[], Any]) -> None:
    """In a child: a file may not grow beyond a few bytes."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))
    try:
        write()
    except OSError:
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
    os._exit(1)


def allocations(seed: int) -> None:
    """Each allocation of a random program fails in turn; then it runs as before."""
    fail = getattr(choice.module(), "_fail_allocation", None)
    if fail is None:
        return
    program = random_program(seed)
    # NumPy's own scalars crash without memory: the sign of one does.
    steps = tuple(
        Step(
            s.kind, s.name, tuple(0.5 if hasattr(x, "dtype") else x for x in s.operands)
        )
        for s in program.steps
    )
    program = Program(program.point, steps)

    def work() -> Any:
        inputs = list(map(ag.Value, program.point))
        output = resolved(run(program, inputs)[-1])
        if is_value(output):
            output.backward()
        return observed(inputs)

    expected = work()
    for n in range(1, 2000):
        with contextlib.suppress(MemoryError, SystemError):
            if not fail(n, work):
                break
    assert work() == expected


PERILS: dict[str, Callable[[int], None]] = {
    f.__name__: f
    for f in (signals, handlers, threads, forks, tasks, finalizers, disks, allocations)
    if sys.platform != "win32" or f in (threads, tasks, finalizers)
}
