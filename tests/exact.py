"""What is the same to the last bit: one measure for all tests that compare numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core.plain import is_value


def bits(x: Any) -> Any:
    """A number as its bits, all nan alike, and containers of numbers likewise.

    A Value is its data, an array a list; what is no number stays as it is.
    """
    if isinstance(x, dict):
        return {key: bits(y) for key, y in x.items()}
    if isinstance(x, (list, tuple)):
        return [bits(y) for y in x]
    if isinstance(x, np.ndarray):
        return bits(x.tolist())
    if is_value(x):
        x = x.data
    if isinstance(x, complex):
        return [bits(x.real), bits(x.imag)]
    return float(x).hex() if isinstance(x, (float, np.floating)) else x


def same(x: Any, y: Any) -> bool:
    """Whether two numbers, or containers of numbers, have the same bits."""
    if all(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in (x, y)):
        first, second = (np.where(np.isnan(a), np.nan, a) for a in (x, y))
        return first.shape == second.shape and first.tobytes() == second.tobytes()
    return bool(bits(x) == bits(y))
