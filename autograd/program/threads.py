"""Threads of this process share a map: each fills its part of the results.

Nothing travels, so nothing is copied: a thread reads its part of the arguments where
they are. What is not for the short way goes the way of all executors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograd.program.memory import fresh

__all__ = ["in_threads", "is_pool"]

CHUNK = 1 << 15
"""Examples of a part, unless the caller says how many."""


def is_pool(executor: Any) -> bool:
    """Whether an executor is the standard library's, of threads."""
    module = sys.modules.get("concurrent.futures.thread")
    return module is not None and executor.__class__ is module.ThreadPoolExecutor


def in_threads(
    run: Callable[..., Any],
    outputs: int,
    args: tuple[Any, ...],
    pool: Any,
    chunk: int | None,
) -> Any:
    """What a mapper gives for arrays of examples, computed by the threads of a pool.

    Args:
        run: a mapper of C, which takes a tuple of arrays for its results, too.
        outputs: how many results it has.
        args: arrays, with the examples first.
        pool: threads.
        chunk: examples of a part.

    Returns:
        An array for each output; NotImplemented if some part is not for the mapper.
    """
    import numpy as np

    if not args or not all(isinstance(x, np.ndarray) and x.ndim for x in args):
        return NotImplemented
    count = len(args[0])
    if count == 0 or any(len(x) != count for x in args):
        return NotImplemented
    found = tuple(fresh(count) for _ in range(outputs))
    size = chunk or CHUNK
    parts = [
        pool.submit(
            run,
            *(x[k : k + size] for x in args),
            tuple(x[k : k + size] for x in found),
        )
        for k in range(0, count, size)
    ]
    answers = [part.result() for part in parts]
    return NotImplemented if any(x is NotImplemented for x in answers) else found
