"""What the rows of the table must be, in many digits, for tests alone.

A row is ordinary Python over any number type, so the truth about it needs no
second table: a number of 450 digits, stepped off the real line by 1e-40
of itself, has the derivative of the exact function in its imaginary part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.table.rules import Reduction, Rule
from autograd.testing.precise import Precise, mp, number

STEP = mp.mpf(10) ** -40  # of an operand up to 1; the error is its square
SIDE = mp.mpf(10) ** -25  # how far to the left and right a second derivative looks
SMALLEST = mp.mpf(2) ** -1074
NORMAL = mp.mpf(2) ** -1022  # below it, rounding is absolute
EPS = mp.mpf(2) ** -53
LARGEST = mp.mpf(2) ** 1024 - mp.mpf(2) ** 970  # from here on, floats round to inf
JUMP = mp.mpf(10) ** -10  # a function that changes more between the sides jumps there


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
