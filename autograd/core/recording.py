"""Whether operations record: ``no_grad``, for each context, be it thread or task."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any


class _Recording(threading.local):
    """Who looks on what this thread does."""

    recorder: Any = None


here = _Recording()
suspensions = 0  # in all contexts together: while it is 0, nobody needs to ask
recorders = 0  # the same of what compiles a program from what this thread does
_lock = threading.Lock()


def record_into(recorder: Any) -> None:
    """From now on tell a recorder what this thread does with Values; None ends it.

    Nodes go into its list ``made``. For what no node says, there are its methods
    ``lt``, ``le``, ``eq``, ``ne``, ``gt``, ``ge``, ``truth``, ``as_float``,
    ``as_int``, ``raising``, ``detach`` and ``read``.
    """
    global recorders
    with _lock:
        recorders += (recorder is not None) - (here.recorder is not None)
    here.recorder = recorder
    native = sys.modules.get("autograd.native.engine")
    if native is not None:
        native.record_into(None if recorder is None else recorder.made)


@contextmanager
def unrecorded() -> Iterator[None]:
    """While it lasts, what this thread does with Values is told to nobody."""
    before = here.recorder
    if before is None:
        yield
        return
    record_into(None)
    try:
        yield
    finally:
        record_into(before)


def asked(what: str, *operands: Any) -> Any:
    """What this thread's recorder answers, NotImplemented if there is none."""
    recorder = here.recorder
    return NotImplemented if recorder is None else getattr(recorder, what)(*operands)


def read(x: Any, what: str) -> None:
    """Tell this thread's recorder of what no program can do again; it may refuse."""
    if recorders:
        asked("read", x, what)


_blocks: ContextVar[tuple[list[bool], ...]] = ContextVar("no_grad", default=())
"""The blocks of ``no_grad`` that this context is in, the innermost last.

Each is whether it still lasts: a task that began within one may outlive it.
"""


def suspended() -> bool:
    """Whether this context is within a ``no_grad`` that lasts."""
    return any(lasts for (lasts,) in _blocks.get())


@contextmanager
def resumed() -> Iterator[None]:
    """While it lasts, operations in this context are recorded, within no_grad too.

    A derivative needs its function's graph, whoever asks for it; a ``no_grad`` in the
    function itself holds.
    """
    token = _blocks.set(())
    try:
        yield
    finally:
        _blocks.reset(token)


def _count(by: int) -> None:
    global suspensions
    with _lock:
        suspensions += by
        native = sys.modules.get("autograd.native.engine")
        if native is not None:
            native.count_suspensions(by)


class no_grad(ContextDecorator):  # noqa: N801  # the name that users know
    """Within it, in this thread or task, results are leaves that remember nothing.

    It can be nested, and decorates functions too, also generators and coroutines.

    Raises:
        RuntimeError: it is left more often than it was entered.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.operands
    (9.0, ())
    """

    def __enter__(self) -> None:
        read(self, "no_grad")
        block = [True]
        _count(1)
        try:
            _blocks.set((*_blocks.get(), block))
        except BaseException:  # for want of memory, though it may be set
            block[0] = False
            _count(-1)
            raise

    def __exit__(self, *_: object) -> None:
        blocks = _blocks.get()
        k = len(blocks) - 1
        while k >= 0 and not blocks[k][0]:
            k -= 1
        if k < 0:
            raise RuntimeError("no_grad: left more often than entered")
        blocks[k][0] = False
        try:
            _blocks.set(blocks[:k])
        finally:
            _count(-1)

    def __call__(self, function: Any) -> Any:
        """The function within ``no_grad``; a generator, while it is not waiting."""
        if inspect.isgeneratorfunction(function):
            return wraps(function)(partial(_steps, self, function))
        if inspect.isasyncgenfunction(function):
            return wraps(function)(partial(_asynchronous_steps, self, function))
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def call(*arguments: Any, **named: Any) -> Any:
            with self:
                return await function(*arguments, **named)

        return call


def _steps(within: no_grad, function: Any, *arguments: Any, **named: Any) -> Any:
    generator = function(*arguments, **named)
    go_on: Any = partial(next, generator)
    while True:
        try:
            with within:
                found = go_on()
        except StopIteration as end:
            return end.value
        try:
            go_on = partial(generator.send, (yield found))
        except GeneratorExit:
            with within:
                generator.close()
            raise
        except BaseException as error:
            go_on = partial(generator.throw, error)


async def _asynchronous_steps(
    within: no_grad, function: Any, *arguments: Any, **named: Any
) -> Any:
    generator = function(*arguments, **named)
    go_on: Any = generator.__anext__
    while True:
        try:
            with within:
                found = await go_on()
        except StopAsyncIteration:
            return
        try:
            go_on = partial(generator.asend, (yield found))
        except GeneratorExit:
            with within:
                await generator.aclose()
            raise
        except BaseException as error:
            go_on = partial(generator.athrow, error)
