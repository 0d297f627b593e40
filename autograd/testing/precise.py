"""A number of as many digits as are asked for, on which every row can be evaluated.

A row is ordinary Python over any number type, and so is a function that is made of
rows: run on these numbers, which are mpmath's, it is known to hundreds of digits, and
its derivative by nothing but subtraction. A number may be complex: then its real part
alone decides comparisons, and a step off the real line gives a derivative too.

mpmath is needed here alone, and only by who imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped, import-not-found, unused-ignore]

from autograd.table.number import Comparisons, Operations
from autograd.table.rules import RULES

__all__ = ["EXACT", "Precise", "mp", "number"]

mp = mpmath.MPContext()
mp.dps = 450  # e^-700 beside 1 takes 304 of them, and a step of 1e-40 more


class Precise(Comparisons, Operations):
    """A number of ``mp.dps`` digits; its real part alone decides comparisons."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number = mp.convert(number)

    def __repr__(self) -> str:
        return f"Precise({mp.nstr(self.number, 20)})"

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            return x if condition else y
        exact = EXACT.get(name)
        if exact is None:  # an operation made of others: its row takes it apart
            return RULES[name].value(*operands)
        numbers = [number(x) for x in operands]
        z = exact(*numbers)
        if isinstance(z, mp.mpc) and not any(isinstance(x, mp.mpc) for x in numbers):
            if z.imag:
                raise ValueError(f"{name}: no real value outside its domain")
            z = z.real
        return Precise(z)

    def detach(self) -> Precise:
        """The number itself: what is hidden from a sweep is part of the value."""
        return self

    def __bool__(self) -> bool:
        return bool(self.number.real != 0)

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> bool:
        return bool(compare(self.number.real, number(other).real))


def number(x: Any) -> Any:
    """The mpmath number in ``x``, a Value's data included."""
    if isinstance(x, Precise):
        return x.number
    return mp.convert(x.data if hasattr(x, "_apply") else x)


def _odd(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An odd function from its positive half, away from the branch cut."""
    return lambda x: function(x) if x.real >= 0 else -function(-x)


def _power(x: Any, y: Any) -> Any:
    if not y.imag and y.real == mp.floor(y.real):
        return x ** int(y.real)
    return mp.exp(y * mp.log(x)) if x else x * 0


def _atan2(y: Any, x: Any) -> Any:
    if abs(y.real) <= abs(x.real):
        turn = 0 if x.real > 0 else mp.pi if y.real >= 0 else -mp.pi
        return mp.atan(y / x) + turn
    return (mp.pi / 2 if y.real > 0 else -mp.pi / 2) - mp.atan(x / y)


def _trunc(x: Any) -> Any:
    return mp.floor(x.real) if x.real >= 0 else mp.ceil(x.real)


def _round(x: Any, digits: Any) -> Any:
    n = int(digits.real)
    if abs(n) > 400:
        return x.real if n > 0 else mp.mpf(0)
    scale = mp.mpf(10) ** n
    return mp.nint(x.real * scale) / scale


def _distance(*pq: Any) -> Any:
    n = len(pq) // 2
    return mp.sqrt(sum((p - q) ** 2 for p, q in zip(pq[:n], pq[n:])))


def _bce(p: Any, y: Any) -> Any:
    return -((1 - y) * mp.log(1 - p) + y * mp.log(p))


EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "truediv": lambda x, y: x / y,
    "floordiv": lambda x, y: mp.floor((x / y).real),
    "mod": lambda x, y: x - y * mp.floor((x / y).real),
    "pow": _power,
    "neg": lambda x: -x,
    "pos": lambda x: x,
    "abs": lambda x: x if x.real >= 0 else -x,
    "fma": lambda x, y, w: x * y + w,
    "exp": mp.exp,
    "exp2": lambda x: mp.exp(x * mp.ln2),
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "sqrt": mp.sqrt,
    "cbrt": _odd(mp.cbrt),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": _atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": _odd(mp.asinh),
    "acosh": mp.acosh,
    "atanh": lambda x: (mp.log1p(x) - mp.log1p(-x)) / 2,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "floor": lambda x: mp.floor(x.real),
    "ceil": lambda x: mp.ceil(x.real),
    "trunc": _trunc,
    "fmod": lambda x, y: x - y * _trunc(x / y),
    "remainder": lambda x, y: x - y * mp.nint((x / y).real),
    "round": _round,
    "copysign": lambda x, y: x if (x.real >= 0) == (y.real >= 0) else -x,
    "hypot": lambda *xs: mp.sqrt(sum(x * x for x in xs)),
    "dist": _distance,
    "fsum": lambda *xs: sum(xs),
    # Compositions in the form of their definition, so that a row cannot be
    # its own judge where it takes another form for the sake of rounding.
    "degrees": lambda x: x * 180 / mp.pi,
    "radians": lambda x: x * mp.pi / 180,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "bce": _bce,
    "bce_with_logits": lambda x, y: mp.log1p(mp.exp(x)) - x * y,
    "logsumexp": lambda *xs: mp.log(sum(map(mp.exp, xs))),
}
