"""Whether operations record: ``no_grad``, for each thread."""

from __future__ import annotations

import sys
import threading
from contextlib import ContextDecorator
from typing import Any


class _Recording(threading.local):
    """Whether operations in this thread record their operands, and who looks on."""

    suspended = 0
    recorder: Any = None


here = _Recording()
suspensions = 0  # in all threads together: while it is 0, nobody needs to ask
recorders = 0  # the same of what compiles a program from what this thread does
_lock = threading.Lock()


def record_into(recorder: Any) -> None:
    """From now on tell a recorder what this thread does with Values; None ends it.

    Nodes go into its list ``made``. For what no node says, there are its methods
    ``lt``, ``le``, ``eq``, ``ne``, ``gt``, ``ge``, ``truth``, ``detach`` and ``read``.
    """
    global recorders
    with _lock:
        recorders += (recorder is not None) - (here.recorder is not None)
    here.recorder = recorder
    native = sys.modules.get("autograd.native.engine")
    if native is not None:
        native.record_into(None if recorder is None else recorder.made)


def asked(what: str, *operands: Any) -> Any:
    """What this thread's recorder answers, NotImplemented if there is none."""
    recorder = here.recorder
    return NotImplemented if recorder is None else getattr(recorder, what)(*operands)


class no_grad(ContextDecorator):  # noqa: N801  # the name that users know
    """Within it, in this thread, results are leaves that remember nothing.

    It can be nested, and decorates functions too.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.operands
    (9.0, ())
    """

    def __enter__(self) -> None:
        global suspensions
        if recorders:
            asked("read", self, "no_grad")
        with _lock:
            suspensions += 1
        here.suspended += 1

    def __exit__(self, *_: object) -> None:
        global suspensions
        with _lock:
            suspensions -= 1
        here.suspended -= 1
