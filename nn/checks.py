"""Arguments looked at once, with messages that say what was expected.

Everything here either gives the argument back in its plain form or raises with
the argument's name, what came, and what is allowed.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Collection
from typing import Any

from autograd.core.plain import is_value

__all__ = [
    "as_list",
    "choice",
    "generator",
    "is_value",
    "real",
    "same_length",
    "switch",
    "whole",
]


def whole(name: str, x: Any, at_least: int = 1) -> int:
    """A whole number that is not too small, as an int.

    Args:
        name: what the caller calls the argument.
        x: an int or a NumPy integer.
        at_least: the smallest that is allowed.

    Raises:
        TypeError: ``x`` is no whole number (a bool is none here).
        ValueError: ``x`` is smaller.

    >>> whole("width", 3)
    3
    """
    expected = f"{name} must be a whole number, at least {at_least}"
    if isinstance(x, bool) or not hasattr(type(x), "__index__"):
        raise TypeError(f"{expected}, got {x!r} of type {type(x).__name__}")
    number = operator.index(x)
    if number < at_least:
        raise ValueError(f"{expected}, got {number}")
    return number


def real(
    name: str, x: Any, low: float = 0.0, below: float = math.inf, above: bool = False
) -> float:
    """A finite number within [low, below), or within (low, below) if ``above``.

    Raises:
        TypeError: ``x`` is no real number.
        ValueError: ``x`` lies outside, or is not finite.

    >>> real("momentum", 0.9, below=1.0)
    0.9
    """
    interval = (
        f"{'(' if above else '['}{low:g}, {'∞' if below == math.inf else f'{below:g}'})"
    )
    expected = f"{name} must be a number in {interval}"
    refused = isinstance(x, (bool, str, bytes)) or is_value(x)
    if refused or not hasattr(type(x), "__float__"):
        raise TypeError(f"{expected}, got {x!r} of type {type(x).__name__}")
    number = float(x)
    if not (low <= number < below and math.isfinite(number)) or (
        above and number == low
    ):
        raise ValueError(f"{expected}, got {number!r}")
    return number


def choice(name: str, x: Any, allowed: Collection[str]) -> str:
    """One of a few words.

    Raises:
        ValueError: ``x`` is none of them; the message lists them.

    >>> choice("reduction", "mean", ("mean", "sum"))
    'mean'
    """
    if not isinstance(x, str) or x not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {x!r}")
    return x


def switch(name: str, x: Any) -> bool:
    """True or False, and nothing that only counts as one of them.

    Raises:
        TypeError: ``x`` is no bool.

    >>> switch("nesterov", True)
    True
    """
    if not isinstance(x, bool):
        raise TypeError(f"{name} must be True or False, got {x!r:.60}")
    return x


def generator(seed: Any) -> random.Random | None:
    """The generator that a seed stands for; None for the global one of ``random``.

    Raises:
        TypeError: ``seed`` is no whole number, no ``random.Random`` and not None.

    >>> generator(3).random() == random.Random(3).random()
    True
    """
    if seed is None or isinstance(seed, random.Random):
        return seed
    if isinstance(seed, bool) or not hasattr(type(seed), "__index__"):
        raise TypeError(
            "seed must be a whole number, a random.Random or None, "
            f"got {type(seed).__name__}"
        )
    return random.Random(int(seed))


def as_list(x: Any) -> list[Any] | None:
    """The entries of a sequence, array or table's rows; None for a single number.

    A NumPy array becomes (nested) lists of Python floats, at once and exactly.

    >>> import numpy as np
    >>> as_list(np.array([[1.0, 2.0]])), as_list((3.0,)), as_list(3.0)
    ([[1.0, 2.0]], [3.0], None)
    """
    if isinstance(x, (str, bytes)):
        return None  # text is no sequence of numbers: let the caller refuse it
    if hasattr(x, "to_numpy"):  # a table iterates over its columns' names
        x = x.to_numpy()
    if hasattr(x, "tolist"):
        x = x.tolist()
    return list(x) if hasattr(type(x), "__iter__") else None


def same_length(first: str, m: int, second: str, n: int) -> None:
    """Refuse two sequences of different lengths, or without entries.

    Raises:
        ValueError: with both lengths.
    """
    if m != n:
        raise ValueError(f"{first} has {m} entries, {second} has {n}")
    if not n:
        raise ValueError(f"{first} and {second} must not be empty")
