"""Elementary functions that accept every kind of number.

One definition serves them all: a float goes to ``math``, a complex number to
``cmath``, and any other number type (a :class:`Value`, a symbol, a power
series) answers for itself through ``_apply(name, operands)``, as NumPy's
``__array_function__`` lets an array answer. The rules of :mod:`autograd.table.rules`
are written with these functions alone, so that a rule is evaluated on floats,
recorded on Values and printed as C on symbols without a second copy of it.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "dist",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "fma",
    "fmod",
    "fsum",
    "hypot",
    "log",
    "log10",
    "log1p",
    "log2",
    "power",
    "remainder",
    "round_to",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    "where",
]

Scalar = Any
"""Any number type: float, complex, Fraction, Value, or one of our own."""


def apply(name: str, operands: tuple[Any, ...]) -> Any:
    """Let the first operand that has rules of its own answer for the operation.

    ``NotImplemented`` means that every operand is a plain number.
    """
    for operand in operands:
        answer = getattr(operand, "_apply", None)
        if answer is not None:
            return answer(name, operands)
    return NotImplemented


def _unary(name: str, real: Callable[[Any], Any]) -> Callable[[Scalar], Scalar]:
    """A function of one number: ``real`` on floats, the type's own on the rest."""
    on_complex = getattr(cmath, name, None)

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


def _several(name: str, real: Callable[..., Any]) -> Callable[..., Scalar]:
    """The same for a function of two or more numbers."""

    def function(*operands: Scalar) -> Scalar:
        answer = apply(name, operands)
        return real(*operands) if answer is NotImplemented else answer

    function.__name__ = function.__qualname__ = name
    return function


def halves(pq: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split ``(p1, …, pn, q1, …, qn)`` into its two points."""
    return pq[: len(pq) // 2], pq[len(pq) // 2 :]


def _cbrt(x: float) -> float:
    """``math.cbrt`` for Python 3.10, from the same C library through NumPy."""
    import numpy

    return float(numpy.cbrt(float(x)))


def _exp2(x: float) -> float:
    """``math.exp2`` for Python 3.10: ``math.pow`` raises as it does."""
    return math.pow(2.0, x)


def _fma(x: float, y: float, z: float) -> float:
    """``math.fma`` for Python before 3.13: one rounding, by exact arithmetic."""
    x, y, z = float(x), float(y), float(z)
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        total = x * y + z
        if math.isnan(total) and not (math.isnan(x) or math.isnan(y) or math.isnan(z)):
            raise ValueError("invalid operation in fma")
        return total
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if not exact:
        return x * y + z
    try:
        return float(exact)
    except OverflowError:
        raise OverflowError("overflow in fma") from None


exp = _unary("exp", math.exp)
exp2 = _unary("exp2", getattr(math, "exp2", _exp2))
expm1 = _unary("expm1", math.expm1)
log = _unary("log", math.log)
log1p = _unary("log1p", math.log1p)
log2 = _unary("log2", math.log2)
log10 = _unary("log10", math.log10)
sqrt = _unary("sqrt", math.sqrt)
cbrt = _unary("cbrt", getattr(math, "cbrt", _cbrt))

sin = _unary("sin", math.sin)
cos = _unary("cos", math.cos)
tan = _unary("tan", math.tan)
asin = _unary("asin", math.asin)
acos = _unary("acos", math.acos)
atan = _unary("atan", math.atan)
sinh = _unary("sinh", math.sinh)
cosh = _unary("cosh", math.cosh)
tanh = _unary("tanh", math.tanh)
asinh = _unary("asinh", math.asinh)
acosh = _unary("acosh", math.acosh)
atanh = _unary("atanh", math.atanh)

erf = _unary("erf", math.erf)
erfc = _unary("erfc", math.erfc)

floor = _unary("floor", math.floor)
ceil = _unary("ceil", math.ceil)
trunc = _unary("trunc", math.trunc)

atan2 = _several("atan2", math.atan2)
hypot = _several("hypot", math.hypot)
fmod = _several("fmod", math.fmod)
remainder = _several("remainder", math.remainder)
copysign = _several("copysign", math.copysign)
round_to = _several("round", lambda x, digits: round(float(x), int(digits)))
fma = _several("fma", getattr(math, "fma", _fma))
dist = _several("dist", lambda *pq: math.dist(*halves(pq)))
fsum = _several("fsum", lambda *xs: math.fsum(xs))


_PLAIN = (float, int)


def power(x: Scalar, y: Scalar) -> Scalar:
    """``x ** y``, and a ValueError where two real numbers have a complex power."""
    z = x**y
    if z.__class__ is complex and not isinstance(x, complex):
        raise ValueError(
            f"{x!r} ** {y!r} is complex: a negative base takes integer exponents only"
        )
    return z


def where(condition: Any, x: Scalar, y: Scalar) -> Scalar:
    """``x`` if the condition holds, else ``y``; rules branch with it, never with if."""
    plain = x.__class__ in _PLAIN and y.__class__ in _PLAIN
    if not (plain and condition.__class__ is bool):
        answer = apply("where", (condition, x, y))
        if answer is not NotImplemented:
            return answer
    return x if condition else y
