"""What a row of the table of primitives is, and the function that it makes.

The function accepts every kind of number: a float goes to ``math``, a complex number to
``cmath``, and any other number type (a :class:`Value`, a symbol, a power series)
answers for itself through ``_apply(name, operands)``, as NumPy's
``__array_function__`` lets an array answer.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "C_LIBRARY",
    "PRIMITIVES",
    "Primitive",
    "Scalar",
    "apply",
    "at",
    "nan",
    "overflow",
    "primitive",
]

Scalar = Any
"""Any number type: float, complex, Fraction, Value, or one of our own."""


@dataclass(frozen=True)
class Primitive:
    """One row: a function that is not made of others.

    Attributes:
        name: of its row in the table of rules, which has its derivatives.
        real: the function of floats; ints and Fractions come here too.
        c: its text in C with ``{}`` for each operand, which must give the bits of
            ``real`` wherever that is finite; empty if C has no such function, and the
            C engine then calls ``real``.
        header: where C finds that: ``math.h``, or a file in ``native/``.
        limit: what IEEE 754 gives where ``real`` raises, and C's text, too: -inf for
            1 / sqrt(-0.0).
        raises: whether ``real`` raises on some floats, where C gives inf or nan.
        on_complex: the function of complex numbers, if it has one.
        exact: the function on mpmath's numbers, behind their context; mpmath's own
            function of that name if there is none. It is differentiated by the complex
            step, so where it chooses, the real part alone decides.
        array: NumPy's function, where IEEE 754 defines the result to the last bit.
        js: its text in JavaScript, unless ``Math`` or ``explorer_math.js`` has one of
            that name; C's if it is an operator; empty if a page cannot compute it.
        vector: the function of ``native/elementary.h``, for ``exact=False``.
    """

    name: str
    real: Callable[..., Any]
    c: str
    limit: Callable[..., float]
    raises: bool
    on_complex: Callable[[complex], complex] | None
    exact: Callable[..., Any] | None
    array: str
    js: str
    vector: str
    header: str


PRIMITIVES: dict[str, Primitive] = {}
"""Every row by its name."""

C_LIBRARY = "the C library's function, which Python's math calls"


def nan(*_: float) -> float:
    """The limit of what has none."""
    return math.nan


def overflow(*_: float) -> float:
    """The limit of what only grows too large."""
    return math.inf


def at(pole: float, limit: float) -> Callable[[float], float]:
    """``limit`` at ``pole``, and nan elsewhere outside the domain."""
    return lambda x: limit if x == pole else math.nan


def primitive(
    name: str,
    real: Callable[..., Any],
    c: str = "",
    limit: Callable[..., float] = nan,
    *,
    operands: int = 1,
    raises: bool = True,
    on_complex: Callable[[complex], complex] | None = None,
    exact: Callable[..., Any] | None = None,
    array: str = "",
    js: str = "",
    vector: str = "",
    header: str = "math.h",
) -> Callable[..., Scalar]:
    """Add a row, and give its function of every kind of number.

    Args:
        operands: how many it takes; 0 if any number.
        others: as :class:`Primitive` has them. ``C_LIBRARY`` spells in C what Python's
            ``math`` has from there; complex is ``cmath``'s function of that name.
    """
    if c == C_LIBRARY:
        c = f"{name}({', '.join(['{}'] * operands)})"
    js = js or ("" if any(map(str.isalpha, c)) else c)
    on_complex = on_complex or getattr(cmath, name, None)
    PRIMITIVES[name] = Primitive(
        name, real, c, limit, raises, on_complex, exact, array, js, vector, header
    )
    if operands != 1:
        return _of_several(name, real)
    return _of_one(name, real, on_complex)


def apply(name: str, operands: tuple[Any, ...]) -> Any:
    """Let the first operand that has rules of its own answer for the operation.

    ``NotImplemented`` means that every operand is a plain number.
    """
    for operand in operands:
        answer = getattr(operand, "_apply", None)
        if answer is not None:
            return answer(name, operands)
    return NotImplemented


def _of_one(
    name: str, real: Callable[[Any], Any], on_complex: Callable[[Any], Any] | None
) -> Callable[[Scalar], Scalar]:
    """A function of one number: ``real`` on floats, the type's own on the rest."""

    def function(x: Scalar) -> Scalar:
        if x.__class__ is float:
            return real(x)
        answer = getattr(x, "_apply", None)
        if answer is not None:
            return answer(name, (x,))
        if on_complex is not None and isinstance(x, complex):
            return on_complex(x)
        return real(x)

    function.__name__ = function.__qualname__ = name
    return function


def _of_several(name: str, real: Callable[..., Any]) -> Callable[..., Scalar]:
    """The same for a function of two or more numbers."""

    def function(*operands: Scalar) -> Scalar:
        answer = apply(name, operands)
        return real(*operands) if answer is NotImplemented else answer

    function.__name__ = function.__qualname__ = name
    return function
