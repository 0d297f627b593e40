"""What the C engine asks Python: rows that C cannot compute to the same bits.

Every result here that is not finite, every exception, every row made at run time
goes through the reference engine's own functions, so that there is one behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.core import limits
from autograd.core.value import Value
from autograd.table.rules import Reduction, Rule


def value(rule: Rule | Reduction, numbers: Sequence[float]) -> float:
    """The value of a row on floats, or the exception of float arithmetic."""
    try:
        z = rule.value(*numbers)
    except limits.FAILURES as error:
        z = limits.failed(rule, numbers, error)
    return float(z)


def misuse(name: str, args: tuple[Any, ...], named: dict[str, Any] | None) -> None:
    """Raise what the reference engine raises for a call that does not fit."""
    getattr(Value(0.0), name)(*args, **(named or {}))
    raise TypeError(f"{name}() does not take these arguments")


def backward(*args: Any, **named: Any) -> None:
    """Raise what the reference engine raises for such a call of ``backward``."""
    misuse("backward", args, named)
