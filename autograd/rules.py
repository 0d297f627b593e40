"""The table of derivative rules: every differentiable operation is one row.

A row holds the symbol that a graph shows, the value, and one partial derivative
per operand. The functions are ordinary Python over any number type: they branch
with ``where`` and never with ``if``, and integer constants stay integers. In a
partial, ``z`` is the result, so that a rule can reuse it. No other file states
a derivative: the engines, higher derivatives, power series, the C code, the
pictures, the documentation and the tests all read these rows.

To add an operation, add a row::

    "cube": Rule("x³", lambda x: x**3, (lambda x, z: 3 * x * x,), "the cube of x"),

It is then a function (``autograd.cube``), a method (``Value.cube``), a line of C
in the native engine, and a case of every test that iterates the table.

The partials are written to be right to a few units in the last place over their
whole domain; where the usual textbook form cancels, the comment says so.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.scalar import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    copysign,
    cos,
    cosh,
    dist,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    fma,
    fmod,
    fsum,
    hypot,
    log,
    log1p,
    log2,
    log10,
    power,
    remainder,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    trunc,
    where,
)

__all__ = ["ALIASES", "RULES", "Interval", "Kink", "Reduction", "Rule"]


@dataclass(frozen=True)
class Interval:
    """Where one operand may lie: an interval of the line, perhaps without 0.

    >>> print(POSITIVE), 0.0 in POSITIVE
    (0, ∞)
    (None, False)
    """

    low: float = -math.inf
    high: float = math.inf
    closed: bool = False
    without_zero: bool = False

    def __contains__(self, x: float) -> bool:
        if self.without_zero and x == 0:
            return False
        if self.closed:
            return self.low <= x <= self.high
        return self.low < x < self.high or (
            math.isinf(x) and x in (self.low, self.high)
        )

    def __str__(self) -> str:
        if self.low == -math.inf and self.high == math.inf:
            return "ℝ∖{0}" if self.without_zero else "ℝ"
        left = f"[{self.low:g}" if self.closed else f"({self.low:g}"
        right = "∞)" if self.high == math.inf else f"{self.high:g}"
        return f"{left}, {right}" + (
            "" if self.high == math.inf else "]" if self.closed else ")"
        )


REAL = Interval()
NONZERO = Interval(without_zero=True)
POSITIVE = Interval(low=0)
NONNEGATIVE = Interval(low=0, closed=True)
FROM_ONE = Interval(low=1, closed=True)
ABOVE_MINUS_ONE = Interval(low=-1)
UNIT = Interval(-1, 1, closed=True)
OPEN_UNIT = Interval(-1, 1)
PROBABILITY = Interval(0, 1)
LABEL = Interval(0, 1, closed=True)


@dataclass(frozen=True)
class Kink:
    """Where a rule has no derivative and takes a one-sided one instead.

    ``text`` says where, in mathematics; ``at(t)`` gives operands that lie there,
    for any real ``t``, so that a test can go and look.
    """

    text: str
    at: Callable[[float], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Rule:
    """One row: an operation of a fixed number of operands.

    ``partials[i](*operands, z)`` is the derivative by operand ``i``; one that is
    the same everywhere is written as that number. ``domain`` has one interval per
    operand, each the whole line unless it says otherwise.
    ``defaults`` stand for trailing operands that a caller leaves out.
    """

    symbol: str
    value: Callable[..., Any]
    partials: tuple[Callable[..., Any] | float, ...]
    doc: str
    domain: tuple[Interval, ...] = ()
    kink: Kink | None = None
    defaults: tuple[float, ...] = ()
    name: str = field(default="", init=False)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The operands' names, as the row itself writes them."""
        return tuple(inspect.signature(self.value).parameters)

    def partial(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The derivative by operand ``i``, on whatever number type comes."""
        partial = self.partials[i]
        return partial(*operands, z) if callable(partial) else partial


@dataclass(frozen=True, eq=False)
class Reduction:
    """One row: an operation of any number of operands, in equal columns.

    ``dot`` has two columns, so its operands are ``(*ws, *xs)``, and after them
    the number that the sum starts with, if there is one. ``partials[c]`` is the
    derivative by an operand of column ``c``, given one term's operands, the
    result ``z`` and the number of terms ``n``. Where the value is a fold,
    ``step(total, *term)`` adds one term and ``finish(total, n)`` ends it; any
    other value is ``whole(*operands)``.
    """

    symbol: str
    partials: tuple[Callable[..., Any] | float, ...]
    doc: str
    step: Callable[..., Any] | None = None
    finish: Callable[[Any, int], Any] | None = None
    whole: Callable[..., Any] | None = None
    kink: Kink | None = None
    name: str = field(default="", init=False)

    @property
    def columns(self) -> int:
        """How many operands one term has."""
        return len(self.partials)

    def terms(self, operands: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The operands of each term, without the start."""
        n = len(operands) // self.columns
        return list(zip(*(operands[c * n : (c + 1) * n] for c in range(self.columns))))

    def value(self, *operands: Any) -> Any:
        """The result, on whatever number type comes, added left to right."""
        if self.whole is not None:
            return self.whole(*operands)
        assert self.step is not None
        n = len(operands) // self.columns
        total = operands[-1] if len(operands) % self.columns else 0
        if self.columns == 1:
            for x in operands:
                total = self.step(total, x)
        else:
            for w, x in zip(operands[:n], operands[n : 2 * n]):
                total = self.step(total, w, x)
        return total if self.finish is None else self.finish(total, n)

    def partial(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The derivative by operand ``i``; the start enters a sum as it is."""
        n = len(operands) // self.columns
        column, term = divmod(i, n) if n else (self.columns, 0)
        if column >= self.columns:
            return 1
        partial = self.partials[column]
        if not callable(partial):
            return partial
        return partial(*(operands[c * n + term] for c in range(self.columns)), z, n)


# Constants, rounded once. 134217729 = 2**27 + 1 is Veltkamp's splitter.
LN_2 = math.log(2)
LN_10 = math.log(10)
SQRT_HALF = math.sqrt(0.5)
TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
ONE_OVER_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
DEGREES = 180 / math.pi
RADIANS = math.pi / 180


def magnitude(x: Any) -> Any:
    """|x| with slope 1 at 0, for smooth functions that are computed from |x|.

    ``abs`` has slope 0 at 0, which is no branch of |x|: σ computed through it would
    have the right slope there, and a wrong second derivative.
    """
    return where(x >= 0, x, -x)


def relu(x: Any) -> Any:
    """max(x, 0), and nan at nan."""
    return where(x <= 0, 0, x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x) without overflow: e^-|x| never exceeds 1."""
    e = exp(-magnitude(x))
    return where(x >= 0, 1, e) / (1 + e)


def sigmoid_slope(x: Any) -> Any:
    """σ(x) σ(-x). The textbook z (1 - z) is 0 from x = 37 on, where this is e^-x."""
    e = exp(-magnitude(x))
    return e / ((1 + e) * (1 + e))


def sech_squared(x: Any) -> Any:
    """1 / cosh(x)². The textbook 1 - z z is 77 % wrong at x = 19."""
    e = exp(-2 * magnitude(x))
    return 4 * e / ((1 + e) * (1 + e))


def exp_minus_square(x: Any) -> Any:
    """e^(-x²), with x² in two parts: the exact square of the head, and the rest.

    Rounding x² first would cost x² units in the last place of the result.
    """
    a = smaller(magnitude(x), 40)  # e^-1600 is 0 already, and a larger a overflows
    s = 134217729 * a
    head = s - (s - a)
    return exp(-head * head) * exp(-(a - head) * (a + head))


def larger(x: Any, y: Any) -> Any:
    """The larger number; the first at a tie; nan where either is nan."""
    return where(x >= y, x, where(y > x, y, x + y))


def smaller(x: Any, y: Any) -> Any:
    """The smaller number; the first at a tie; nan where either is nan."""
    return where(x <= y, x, where(y < x, y, x + y))


def y_log_x(y: Any, x: Any) -> Any:
    """y log x, and 0 where y = 0 whatever x is."""
    return y * log(where(y == 0, 1, x))


def y_log_1_minus_x(y: Any, x: Any) -> Any:
    """y log(1 - x), and 0 where y = 0 whatever x is."""
    return y * log1p(where(y == 0, 0, -x))


def share(y: Any, x: Any) -> Any:
    """y / x, and 0 at 0 / 0."""
    return where(x == 0, where(y == 0, 0, y / x), y / x)


def log_sum_exp(*xs: Any) -> Any:
    """log Σ e^x, shifted by the largest x so that nothing overflows.

    The largest itself is the 1 of log1p: added to small others it would hide them.
    """
    top = xs[0]
    for x in xs[1:]:
        top = larger(top, x)
    others: Any = -1
    for x in xs:
        others = others + where(x == top, 1, 0)
    for x in xs:
        others = others + where(x == top, 0, exp(x - top))
    return top + log1p(others)


def power_slope(x: Any, y: Any, z: Any) -> Any:
    """y x^(y-1), or y z / x for |y| < 1, where y - 1 would round y away.

    At y = 0 that quotient is 0 for every x, and has the right slope in y, 1 / x.
    """
    direct = y * power(x, y - 1)
    small = where(abs(y) < 1, 1, 0)
    normal = where(abs(z) > 1e-280, where(abs(z) < 1e280, 1, 0), 0)
    quotient = y * z / where(abs(x) > 0, x, 1)
    return where(small * normal, quotient, direct)


AT_0 = Kink("x = 0", lambda t: (0.0,))
TIE = Kink("x = y", lambda t: (t, t))
AT_INTEGERS = Kink("x ∈ ℤ", lambda t: (float(round(t)),))
AT_MULTIPLES = Kink("x ∈ y ℤ", lambda t: (3.0 * round(t), 3.0))
AT_HALVES = Kink("x ∈ y (ℤ + ½)", lambda t: (2.0 * round(t) + 1.0, 2.0))

RULES: dict[str, Rule | Reduction] = {
    # Arithmetic
    "add": Rule("+", lambda x, y: x + y, (1, 1), "x + y"),
    "sub": Rule("−", lambda x, y: x - y, (1, -1), "x - y"),
    "mul": Rule("×", lambda x, y: x * y, (lambda x, y, z: y, lambda x, y, z: x), "x y"),
    "truediv": Rule(
        "÷",
        lambda x, y: x / y,
        (lambda x, y, z: 1 / y, lambda x, y, z: -z / y),
        "x / y",
        domain=(REAL, NONZERO),
    ),
    "floordiv": Rule(
        "⌊÷⌋",
        lambda x, y: x // y,
        (0, 0),
        "the largest whole number not above x / y, as Python's ``x // y``",
        domain=(REAL, NONZERO),
        kink=AT_MULTIPLES,
    ),
    "mod": Rule(
        "mod",
        lambda x, y: x % y,
        (1, lambda x, y, z: -(x // y)),
        "x - y ⌊x / y⌋, as Python's ``x % y``",
        domain=(REAL, NONZERO),
        kink=AT_MULTIPLES,
    ),
    "pow": Rule(
        "^",
        lambda x, y: power(x, y),
        (power_slope, lambda x, y, z: where(z == 0, 0, z * log(x))),
        "x to the power y, with slope 0 in x at y = 0 for every x",
        domain=(POSITIVE, REAL),
    ),
    "neg": Rule("−", lambda x: -x, (-1,), "-x"),
    "pos": Rule("=", lambda x: +x, (1,), "x itself, as a node of its own"),
    "abs": Rule(
        "|·|",
        lambda x: abs(x),
        (lambda x, z: where(x > 0, 1, where(x < 0, -1, abs(x))),),
        "the absolute value of x, with slope 0 at 0",
        kink=AT_0,
    ),
    "fma": Rule(
        "fma",
        lambda x, y, w: fma(x, y, w),
        (lambda x, y, w, z: y, lambda x, y, w, z: x, 1),
        "x y + w with one rounding",
    ),
    # Exponentials, logarithms and roots
    "exp": Rule("exp", lambda x: exp(x), (lambda x, z: z,), "e to the power x"),
    "exp2": Rule(
        "exp2", lambda x: exp2(x), (lambda x, z: z * LN_2,), "2 to the power x"
    ),
    "expm1": Rule(
        "expm1",
        lambda x: expm1(x),
        (lambda x, z: exp(x),),  # z + 1 cancels for large negative x
        "e to the power x, minus 1, accurate near 0",
    ),
    "log": Rule(
        "log", lambda x: log(x), (lambda x, z: 1 / x,), "natural logarithm", (POSITIVE,)
    ),
    "log1p": Rule(
        "log1p",
        lambda x: log1p(x),
        (lambda x, z: 1 / (1 + x),),
        "natural logarithm of 1 + x, accurate near 0",
        (ABOVE_MINUS_ONE,),
    ),
    "log2": Rule(
        "log2",
        lambda x: log2(x),
        (lambda x, z: 1 / x / LN_2,),
        "logarithm to the base 2",
        (POSITIVE,),
    ),
    "log10": Rule(
        "log10",
        lambda x: log10(x),
        (lambda x, z: 1 / x / LN_10,),
        "logarithm to the base 10",
        (POSITIVE,),
    ),
    "sqrt": Rule(
        "√",
        lambda x: sqrt(x),
        (lambda x, z: 1 / (2 * z),),
        "square root",
        (NONNEGATIVE,),
    ),
    "cbrt": Rule("∛", lambda x: cbrt(x), (lambda x, z: 1 / (3 * z * z),), "cube root"),
    # Circular functions and their inverses
    "sin": Rule("sin", lambda x: sin(x), (lambda x, z: cos(x),), "sine of x radians"),
    "cos": Rule(
        "cos", lambda x: cos(x), (lambda x, z: -sin(x),), "cosine of x radians"
    ),
    "tan": Rule(
        "tan", lambda x: tan(x), (lambda x, z: 1 + z * z,), "tangent of x radians"
    ),
    "asin": Rule(
        "asin",
        lambda x: asin(x),
        (lambda x, z: 1 / sqrt((1 - x) * (1 + x)),),  # 1 - x x cancels near ±1
        "arc sine in radians",
        (UNIT,),
    ),
    "acos": Rule(
        "acos",
        lambda x: acos(x),
        (lambda x, z: -1 / sqrt((1 - x) * (1 + x)),),
        "arc cosine in radians",
        (UNIT,),
    ),
    "atan": Rule(
        "atan",
        lambda x: atan(x),
        (lambda x, z: 1 / (1 + x * x),),
        "arc tangent in radians",
    ),
    "atan2": Rule(
        "atan2",
        lambda y, x: atan2(y, x),
        # Two divisions by the distance: its square would over- and underflow.
        (
            lambda y, x, z: x / hypot(y, x) / hypot(y, x),
            lambda y, x, z: -y / hypot(y, x) / hypot(y, x),
        ),
        "the angle of the point (x, y), in radians",
    ),
    "degrees": Rule("degrees", lambda x: x * DEGREES, (DEGREES,), "radians to degrees"),
    "radians": Rule("radians", lambda x: x * RADIANS, (RADIANS,), "degrees to radians"),
    # Hyperbolic functions and their inverses
    "sinh": Rule("sinh", lambda x: sinh(x), (lambda x, z: cosh(x),), "hyperbolic sine"),
    "cosh": Rule(
        "cosh", lambda x: cosh(x), (lambda x, z: sinh(x),), "hyperbolic cosine"
    ),
    "tanh": Rule(
        "tanh", lambda x: tanh(x), (lambda x, z: sech_squared(x),), "hyperbolic tangent"
    ),
    "asinh": Rule(
        "asinh",
        lambda x: asinh(x),
        (lambda x, z: 1 / hypot(1, x),),
        "inverse hyperbolic sine",
    ),
    "acosh": Rule(
        "acosh",
        lambda x: acosh(x),
        (lambda x, z: 1 / sqrt(x - 1) / sqrt(x + 1),),  # x x - 1 cancels and overflows
        "inverse hyperbolic cosine",
        (FROM_ONE,),
    ),
    "atanh": Rule(
        "atanh",
        lambda x: atanh(x),
        (lambda x, z: 1 / ((1 - x) * (1 + x)),),
        "inverse hyperbolic tangent",
        (OPEN_UNIT,),
    ),
    # Error functions
    "erf": Rule(
        "erf",
        lambda x: erf(x),
        (lambda x, z: TWO_OVER_SQRT_PI * exp_minus_square(x),),
        "error function",
    ),
    "erfc": Rule(
        "erfc",
        lambda x: erfc(x),
        (lambda x, z: -TWO_OVER_SQRT_PI * exp_minus_square(x),),
        "complementary error function",
    ),
    # Activations
    "sigmoid": Rule(
        "σ", lambda x: sigmoid(x), (lambda x, z: sigmoid_slope(x),), "1 / (1 + e^-x)"
    ),
    "softplus": Rule(
        "softplus",
        lambda x: larger(x, 0) + log1p(exp(-abs(x))),
        (lambda x, z: sigmoid(x),),
        "log(1 + e^x)",
    ),
    "relu": Rule(
        "ReLU",
        lambda x: relu(x),
        (lambda x, z: where(x > 0, 1, where(x <= 0, 0, x)),),
        "x if positive, else 0, with slope 0 at 0",
        kink=AT_0,
    ),
    "relu_at": Rule(
        "ReLU",
        lambda x, at_zero: relu(x),
        (
            lambda x, at_zero, z: where(x > 0, 1, where(x == 0, at_zero, relu(x))),
            0,
        ),
        "x if positive, else 0, with slope ``at_zero`` at 0",
        kink=Kink("x = 0", lambda t: (0.0, t)),
    ),
    "leaky_relu": Rule(
        "leaky ReLU",
        lambda x, slope: where(x > 0, x, slope * x),
        (
            lambda x, slope, z: where(x > 0, 1, where(x <= 0, slope, x)),
            lambda x, slope, z: where(x > 0, 0, x),
        ),
        "x if positive, else slope · x, with that slope at 0",
        kink=Kink("x = 0", lambda t: (0.0, t)),
        defaults=(0.01,),
    ),
    "elu": Rule(
        "ELU",
        lambda x, alpha: where(x > 0, x, alpha * expm1(smaller(x, 0))),
        (
            lambda x, alpha, z: where(x > 0, 1, alpha * exp(smaller(x, 0))),
            lambda x, alpha, z: where(x > 0, 0, expm1(smaller(x, 0))),
        ),
        "x if positive, else alpha (e^x - 1)",
        kink=Kink("x = 0", lambda t: (0.0, t)),
        defaults=(1.0,),
    ),
    "gelu": Rule(
        "GELU",
        lambda x: x * erfc(-x * SQRT_HALF) / 2,  # 1 + erf cancels for negative x
        (
            lambda x, z: (
                erfc(-x * SQRT_HALF) / 2
                + x * ONE_OVER_SQRT_2PI * exp_minus_square(x * SQRT_HALF)
            ),
        ),
        "x Φ(x), Φ the standard normal distribution function",
    ),
    "silu": Rule(
        "SiLU",
        lambda x: x * sigmoid(x),
        (lambda x, z: sigmoid(x) * (1 + x * sigmoid(-x)),),
        "x σ(x)",
    ),
    # Losses
    "bce": Rule(
        "BCE",
        lambda p, y: -(y_log_1_minus_x(1 - y, p) + y_log_x(y, p)),
        (
            lambda p, y, z: share(1 - y, 1 - p) - share(y, p),
            lambda p, y, z: log1p(-p) - log(p),
        ),
        "binary cross-entropy -[(1 - y) log(1 - p) + y log p] of a probability p",
        (PROBABILITY, LABEL),
    ),
    "bce_with_logits": Rule(
        "BCE∘σ",
        lambda x, y: larger(x, 0) - x * y + log1p(exp(-abs(x))),
        # σ(x) - y cancels where the network is right and sure.
        (
            lambda x, y, z: (1 - y) * sigmoid(x) - y * sigmoid(-x),
            lambda x, y, z: -x,
        ),
        "binary cross-entropy of the probability σ(x)",
        (REAL, LABEL),
    ),
    # Choices
    "maximum": Rule(
        "max",
        lambda x, y: larger(x, y),
        (
            lambda x, y, z: where(x >= y, 1, where(y > x, 0, z)),
            lambda x, y, z: where(x >= y, 0, where(y > x, 1, z)),
        ),
        "the larger of x and y; at a tie the first, as Python's ``max``",
        kink=TIE,
    ),
    "minimum": Rule(
        "min",
        lambda x, y: smaller(x, y),
        (
            lambda x, y, z: where(x <= y, 1, where(y < x, 0, z)),
            lambda x, y, z: where(x <= y, 0, where(y < x, 1, z)),
        ),
        "the smaller of x and y; at a tie the first, as Python's ``min``",
        kink=TIE,
    ),
    "where": Rule(
        "where",
        lambda condition, x, y: where(condition, x, y),
        (
            0,
            lambda condition, x, y, z: where(condition, 1, 0),
            lambda condition, x, y, z: where(condition, 0, 1),
        ),
        "x if the condition holds, else y; the other one is no part of the graph",
    ),
    "copysign": Rule(
        "copysign",
        lambda x, y: copysign(x, y),
        (lambda x, y, z: copysign(1, x) * copysign(1, y), 0),
        "the size of x with the sign of y",
        kink=Kink("x = 0", lambda t: (0.0, t)),
    ),
    # Rounding and remainders
    "floor": Rule(
        "⌊·⌋",
        lambda x: floor(x),
        (0,),
        "the largest whole number not above x",
        kink=AT_INTEGERS,
    ),
    "ceil": Rule(
        "⌈·⌉",
        lambda x: ceil(x),
        (0,),
        "the smallest whole number not below x",
        kink=AT_INTEGERS,
    ),
    "trunc": Rule(
        "trunc",
        lambda x: trunc(x),
        (0,),
        "x without its fraction",
        kink=AT_INTEGERS,
    ),
    "fmod": Rule(
        "fmod",
        lambda x, y: fmod(x, y),
        (1, lambda x, y, z: (z - x) / y),
        "x - y trunc(x / y), with the sign of x",
        domain=(REAL, NONZERO),
        kink=AT_MULTIPLES,
    ),
    "remainder": Rule(
        "remainder",
        lambda x, y: remainder(x, y),
        (1, lambda x, y, z: (z - x) / y),
        "x - n y, n the whole number nearest to x / y, as IEEE 754",
        domain=(REAL, NONZERO),
        kink=AT_HALVES,
    ),
    # Reductions: any number of operands
    "sum": Reduction("Σ", (1,), "the sum of xs", step=lambda t, x: t + x),
    "mean": Reduction(
        "mean",
        (lambda x, z, n: 1 / n,),
        "the sum of xs over their number",
        step=lambda t, x: t + x,
        finish=lambda t, n: t / n,
    ),
    "dot": Reduction(
        "·",
        (lambda w, x, z, n: x, lambda w, x, z, n: w),
        "start + Σ w x, a neuron's pre-activation; its partials are the row (x, w, 1)",
        step=lambda t, w, x: t + w * x,
    ),
    "fsum": Reduction("Σ", (1,), "the sum of xs with one rounding", whole=fsum),
    "hypot": Reduction(
        "hypot",
        (lambda x, z, n: x / z,),
        "√(Σ x²), the length of the vector xs",
        whole=hypot,
        kink=Kink("xs = 0", lambda t: (0.0, 0.0)),
    ),
    "dist": Reduction(
        "dist",
        (lambda p, q, z, n: (p - q) / z, lambda p, q, z, n: (q - p) / z),
        "the Euclidean distance of the points p and q",
        whole=dist,
        kink=Kink("p = q", lambda t: (t, t)),
    ),
    "logsumexp": Reduction(
        "logsumexp",
        (lambda x, z, n: exp(x - z),),  # within ε |z| of the softmax, as z is rounded
        "log Σ e^x, whose partials are the softmax of xs",
        whole=log_sum_exp,
    ),
}

for _name, _rule in RULES.items():
    object.__setattr__(_rule, "name", _name)

ALIASES = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "absolute": "abs",
    "fabs": "abs",
    "power": "pow",
    "deg2rad": "radians",
    "rad2deg": "degrees",
}
"""Other names of the same rows: NumPy's, so that ``np.arcsin`` finds a method."""
