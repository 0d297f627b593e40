"""What the C engine asks Python: rows that C cannot compute to the same bits.

Every result here that is not finite, every exception, every row made at run time
goes through the reference engine's own functions, so that there is one behaviour.
"""

from __future__ import annotations

import operator
from typing import Any

from autograd.core import recording
from autograd.core.value import Value, gradients, leaves

_SIGNS = ("lt", "le", "eq", "ne", "gt", "ge")  # as C numbers them


def compare(data: float, other: Any, sign: int) -> Any:
    """What the reference engine says of a Value and a number that is no float."""
    return Value(data)._compare(getattr(operator, _SIGNS[sign]), other)


def misuse(name: str, args: tuple[Any, ...], named: Any = None) -> None:
    """Raise what the reference engine raises for a call that does not fit.

    Args:
        name: of a method, of ``__new__``, or of a function of the engine.
        args, named: what it was called with, but for ``self``.
    """
    functions = {"__new__": Value, "gradients": gradients, "leaves": leaves}
    call: Any = functions.get(name) or getattr(Value(0.0), name)
    recorder, recording.here.recorder = recording.here.recorder, None
    try:
        call(*args, **(named or {}))
    finally:
        recording.here.recorder = recorder
    raise TypeError(f"{name}() does not take these arguments")
