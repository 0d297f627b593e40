"""Number types that the rows of the table are evaluated on, for tests alone.

A row is ordinary Python over any number type, so the truth about it needs no
second table: a number of 450 digits, stepped off the real line by 1e-40
of itself, has the derivative of the exact function in its imaginary part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath

from autograd.table.number import Comparisons, Operations
from autograd.table.rules import RULES, Reduction, Rule

mp = mpmath.MPContext()
mp.dps = 450  # e^-700 beside 1 takes 304 of them, and the step 40 more

STEP = mp.mpf(10) ** -40  # of an operand up to 1; the error is its square
SIDE = mp.mpf(10) ** -25  # how far to the left and right a second derivative looks
SMALLEST = mp.mpf(2) ** -1074
NORMAL = mp.mpf(2) ** -1022  # below it, rounding is absolute
EPS = mp.mpf(2) ** -53
LARGEST = mp.mpf(2) ** 1024 - mp.mpf(2) ** 970  # from here on, floats round to inf
JUMP = mp.mpf(10) ** -10  # a function that changes more between the sides jumps there


class Precise(Comparisons, Operations):
    """A complex number of 450 digits; its real part alone decides comparisons."""

    __slots__ = ("number",)

    def __init__(self, number: Any) -> None:
        self.number = mp.mpc(number)

    def __repr__(self) -> str:
        return f"Precise({mp.nstr(self.number, 20)})"

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            return x if condition else y
        exact = EXACT.get(name)
        if exact is None:  # an operation made of others: its row takes it apart
            return RULES[name].value(*operands)
        return Precise(exact(*map(number, operands)))

    def __bool__(self) -> bool:
        return bool(self.number.real != 0)

    def _compare(self, compare: Any, other: Any) -> bool:
        return bool(compare(self.number.real, number(other).real))


def number(x: Any) -> Any:
    """The mpmath number in ``x``."""
    return x.number if isinstance(x, Precise) else mp.mpc(x)


def _odd(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An odd function from its positive half, away from the branch cut."""
    return lambda x: function(x) if x.real >= 0 else -function(-x)


def _atan2(y: Any, x: Any) -> Any:
    if abs(y.real) <= abs(x.real):
        turn = 0 if x.real > 0 else mp.pi if y.real >= 0 else -mp.pi
        return mp.atan(y / x) + turn
    return (mp.pi / 2 if y.real > 0 else -mp.pi / 2) - mp.atan(x / y)


def _trunc(x: Any) -> Any:
    return mp.floor(x.real) if x.real >= 0 else mp.ceil(x.real)


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
    "pow": lambda x, y: mp.exp(y * mp.log(x)),
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


def value(rule: Rule | Reduction, operands: Sequence[Any]) -> Any:
    """The exact function of a row, at real or complex operands."""
    return number(rule.value(*map(Precise, operands)))


def size(x: Any) -> Any:
    """What a relative step is relative to, also at 0."""
    return max(abs(mp.mpf(x)), NORMAL)


def derivative(rule: Rule | Reduction, i: int, operands: Sequence[Any]) -> Any:
    """The derivative of the exact function by operand ``i``, by the complex step.

    f(x + ih) = f(x) + ih f'(x) - h² f''(x) / 2 - …, so that Im f(x + ih) / h has no
    subtraction in it: Squire and Trapp, SIAM Review 40 (1998), 110-112.
    """
    h = min(abs(mp.mpf(operands[i])) or mp.mpf(10) ** -110, 1) * STEP
    stepped = [mp.mpc(x) for x in operands]
    stepped[i] += mp.mpc(0, h)
    return value(rule, stepped).imag / h


def shifted(operands: Sequence[Any], i: int, side: int) -> list[Any]:
    """The operands with operand ``i`` moved a very little to one side."""
    moved = [mp.mpf(x) for x in operands]
    moved[i] += side * size(operands[i]) * SIDE
    return moved


def rounding_error(
    computed: float,
    function: Callable[[Sequence[Any]], Any],
    operands: Sequence[float],
) -> float | None:
    """How far a computed number is from the truth, in units of float rounding.

    The unit is the mixed forward-backward one, ε (|f| + Σ |x_i ∂f/∂x_i|): what one
    rounding of the result and of each operand costs. Below the smallest normal
    float, a rounding costs 2^-1074 instead.

    Returns:
        The error, or None where the function jumps or leaves the range of floats.
    """
    try:
        truth = function(operands).real
        sides = [
            [function(shifted(operands, i, side)).real for side in (-1, 1)]
            for i in range(len(operands))
        ]
    except (ZeroDivisionError, ValueError):  # mpmath at a pole
        return None
    if not mp.isfinite(truth) or abs(truth) > LARGEST:
        return None
    scale = abs(truth)
    for left, right in sides:
        change = max(abs(left - truth), abs(right - truth))
        if not change <= JUMP * (scale + SMALLEST):
            return None
        scale += change / SIDE  # |x ∂f/∂x|, since the shift is relative
    return float(abs(mp.mpf(computed) - truth) / (EPS * scale + SMALLEST))
