"""New arrays that begin where memory is best used: on a large page, or a cache line.

Memory comes from the system when it is first touched, a page at a time. NumPy asks for
pages of 2 MB where an array is large, but what does not fill one comes in hundreds of
small pages, which cost as much as the results of a short function.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["aligned", "fresh"]

PAGE = 1 << 18
"""Doubles of a large page."""

LARGE = 2 * PAGE if sys.platform == "linux" else 1 << 62
"""From so many doubles on, NumPy asks for large pages."""


def fresh(count: int) -> Any:
    """A float64 array for that many numbers, on whole large pages where it is large."""
    import numpy as np

    if count < LARGE:
        return np.empty(count)
    return aligned(np.empty(-(-count // PAGE) * PAGE + PAGE), count, PAGE)


def aligned(room: Any, count: int, unit: int) -> Any:
    """So many numbers of a larger array, from the first on whose address is a multiple
    of ``unit`` numbers."""
    start = -(room.ctypes.data // room.itemsize) % unit
    return room[start : start + count]
