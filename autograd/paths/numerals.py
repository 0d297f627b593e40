"""Numbers as people read them: a few digits, true signs."""

from __future__ import annotations

import math


def number(x: float, digits: int = 4) -> str:
    """A number to so many significant digits, with a true minus sign.

    >>> number(-0.00087654), number(1.5), number(-0.0), number(float("-inf"))
    ('−0.0008765', '1.5', '−0', '−∞')
    """
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:.{digits}g}".replace("-", "−")


def signed(x: float, digits: int = 4) -> str:
    """The same with its plus sign, for the terms of a sum.

    >>> signed(0.25)
    '+0.25'
    """
    text = number(x, digits)
    return text if text.startswith("−") or text == "nan" else f"+{text}"
