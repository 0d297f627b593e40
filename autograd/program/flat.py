"""All parameters at once: their numbers and gradients as one array.

Python needs a microsecond for each Value that it reads; the C engine fills a buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.core import choice
from autograd.core.graph import Node

__all__ = ["read", "read_grad", "write", "write_grad"]


def read(leaves: Sequence[Node]) -> Any:
    """The leaves' numbers as a new float64 array."""
    return _read(leaves, "read", "data")


def write(leaves: Sequence[Node], numbers: Any) -> None:
    """Set the leaves' numbers.

    Raises:
        ValueError: there are more or fewer numbers than leaves.
    """
    _write(leaves, numbers, "write", "data")


def read_grad(leaves: Sequence[Node]) -> Any:
    """The leaves' gradients as a new float64 array."""
    return _read(leaves, "read_grad", "grad")


def write_grad(leaves: Sequence[Node], numbers: Any) -> None:
    """Set the leaves' gradients.

    Raises:
        ValueError: there are more or fewer numbers than leaves.
    """
    _write(leaves, numbers, "write_grad", "grad")


def add_grad(leaves: Sequence[Node], numbers: Any) -> None:
    """Add to the leaves' gradients."""
    array = _fitting(leaves, numbers)
    native = getattr(choice.module(), "add_grad", None)
    if native is not None:
        native(list(leaves), array)
        return
    for x, number in zip(leaves, array.tolist()):
        x.grad += number


def _write(leaves: Sequence[Node], numbers: Any, function: str, attribute: str) -> None:
    array = _fitting(leaves, numbers)
    native = getattr(choice.module(), function, None)
    if native is not None:
        native(list(leaves), array)
        return
    for x, number in zip(leaves, array.tolist()):
        setattr(x, attribute, number)


def _read(leaves: Sequence[Node], function: str, attribute: str) -> Any:
    import numpy as np

    native = getattr(choice.module(), function, None)
    if native is None:
        return np.array([getattr(x, attribute) for x in leaves], dtype=float)
    found = np.empty(len(leaves))
    native(list(leaves), found)
    return found


def _fitting(leaves: Sequence[Node], numbers: Any) -> Any:
    import numpy as np

    array = np.array(numbers, dtype=float)  # a copy: "=d", as Dask gives, is not "d"
    if array.shape != (len(leaves),):
        raise ValueError(
            f"there are {len(leaves)} parameters, got an array of shape {array.shape}"
        )
    return array
