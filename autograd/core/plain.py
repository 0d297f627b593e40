"""Plain numbers: what may stand beside a Value, and the float that it stands for."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

values: tuple[type, ...] = ()
"""The type Value of each engine that is loaded."""


def is_value(x: Any) -> bool:
    """Whether ``x`` is a Value of either engine, whatever it says of its class.

    >>> from autograd import Value
    >>> is_value(Value(1.0)), is_value(1.0)
    (True, False)
    """
    return type(x) in values


def check_value(x: object, name: str) -> None:
    """Raise a TypeError unless ``x`` is a Value of either engine."""
    if not is_value(x):
        raise TypeError(f"{name} must be a Value, got {type(x).__name__}")


def as_float(x: Any, name: str = "operand") -> float:
    """A plain number as the float that it stands for.

    Args:
        x: an int, float, bool, Fraction or NumPy scalar.
        name: what the caller calls it, for the message.

    Raises:
        TypeError: ``x`` is anything else; the message names its type.
        OverflowError: ``x`` is an int too large for a float.
    """
    if is_number(x):
        return float(x)
    hint = ""
    if hasattr(x, "_apply"):
        hint = ": write its .data for the number, or .detach() for a new leaf"
    raise TypeError(
        f"{name} must be a real number (int, float, bool, Fraction or NumPy scalar), "
        f"got {type(x).__name__}{hint}"
    )


def is_numpy_scalar(x: Any) -> bool:
    """Whether ``x`` is a real number of NumPy's."""
    numpy = sys.modules.get("numpy")  # not imported yet: then x is none of its types
    return (
        numpy is not None
        and isinstance(x, (numpy.floating, numpy.integer, numpy.bool_))
        and not isinstance(x, numpy.timedelta64)  # an integer to NumPy, with a unit
    )


def is_number(x: Any) -> bool:
    """Whether ``x`` is a plain number that may stand beside a Value."""
    return isinstance(x, (int, float, Fraction)) or is_numpy_scalar(x)
