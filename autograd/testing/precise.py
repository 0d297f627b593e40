"""A number of as many digits as are asked for, on which every row can be evaluated.

A row is ordinary Python over any number type, and so is a function that is made of
rows: run on these numbers, which are mpmath's, it is known to hundreds of digits, and
its derivative by nothing but subtraction. A number may be complex: then its real part
alone decides comparisons, and a step off the real line gives a derivative too.

mpmath is needed here alone, and only by who imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath  # type: ignore[import-untyped, import-not-found, unused-ignore]

from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import PRIMITIVES
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
        exact = EXACT.get(name) or _primitive(name)
        if exact is None:  # made of others: its row takes it apart
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


def _primitive(name: str) -> Callable[..., Any] | None:
    """A primitive on mpmath's numbers; None if the name is not one's."""
    primitive = PRIMITIVES.get(name)
    if primitive is None:
        return None
    if primitive.exact is not None:
        return partial(primitive.exact, mp)
    if not hasattr(mp, name):
        raise TypeError(
            f"mpmath has no function {name!r}: the primitive's row, in "
            "autograd/table/primitives.py, must say what is (exact=…)"
        )
    function: Callable[..., Any] = getattr(mp, name)
    return function


def _bce(p: Any, y: Any) -> Any:
    return -((1 - y) * mp.log(1 - p) + y * mp.log(p))


def _cross_entropy(*xys: Any) -> Any:
    n = len(xys) // 2
    log_sum = mp.log(sum(map(mp.exp, xys[:n])))
    return sum(y * (log_sum - x) for x, y in zip(xys[:n], xys[n:]))


EXACT: dict[str, Callable[..., Any]] = {
    "degrees": lambda x: x * 180 / mp.pi,
    "radians": lambda x: x * mp.pi / 180,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "bce": _bce,
    "bce_with_logits": lambda x, y: mp.log1p(mp.exp(x)) - x * y,
    "logsumexp": lambda *xs: mp.log(sum(map(mp.exp, xs))),
    "softmax_cross_entropy": _cross_entropy,
}
"""Compositions in the form of their definition, so that a row is not its own judge
where it takes another form for the sake of rounding."""
