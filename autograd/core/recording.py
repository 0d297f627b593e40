"""Whether operations record: ``no_grad``, for each thread."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator


class _Recording(threading.local):
    """Whether operations in this thread record their operands."""

    suspended = 0


here = _Recording()
suspensions = 0  # in all threads together: while it is 0, nobody needs to ask
_lock = threading.Lock()


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
        with _lock:
            suspensions += 1
        here.suspended += 1

    def __exit__(self, *_: object) -> None:
        global suspensions
        with _lock:
            suspensions -= 1
        here.suspended -= 1
