"""The table of derivative rules: every differentiable operation is one row.

A row holds the symbol that a graph shows, the value, one partial derivative per
operand, and a few words; then, if need be, where it is defined and where it has a
kink. The functions are ordinary Python over any number type: they branch with
``where`` and never with ``if``, and integer constants stay integers. In a partial,
``z`` is the result, so that a rule can reuse it. No other file states a derivative:
the engines, higher derivatives, power series, the C code, the pictures, the
documentation and the tests all read these rows.

To add an operation, add a row::

    "cube": Rule("x³", lambda x: x**3, (lambda x, z: 3 * x * x,), "the cube of x"),

It is then a function (``autograd.cube``), a method (``Value.cube``), a line of C
in the native engine, and a case of every test that iterates the table.

The partials are written to be right to a few units in the last place over their
whole domain; where the usual textbook form cancels, the comment says so. What takes
more than a line has a name here, and stands below the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from autograd.table.primitive import PRIMITIVES
from autograd.table.row import (
    ABOVE_MINUS_ONE,
    AT_0,
    AT_0_FIRST,
    AT_HALF_INTEGERS,
    AT_HALVES,
    AT_INTEGERS,
    AT_MULTIPLES,
    FROM_ONE,
    LABEL,
    NONNEGATIVE,
    NONZERO,
    OPEN_UNIT,
    ORDER,
    POSITIVE,
    PROBABILITY,
    REAL,
    TIE,
    UNIT,
    WITHOUT_POLES,
    Interval,
    Kink,
    Reduction,
    Rule,
    Table,
)

# The table is laid out by hand: a formatter would take its rows apart.
# fmt: off
# isort: off
from autograd.table.primitives import (
    acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, ceil, copysign, cos, cosh,
    digamma, dist, erf, erfc, exp, exp2, expm1, floor, fma, fmod, fsum, gamma, halves,
    hypot, lgamma, log, log10, log1p, log2, polygamma, power, remainder, round_to,
    sin, sinh, sqrt, tan, tanh, trunc, where,
)
# isort: on
from autograd.table.primitive import apply

__all__ = ["ALIASES", "RULES", "Interval", "Kink", "Reduction", "Rule"]

LN_2 = math.log(2)
LOG2_E, LOG10_E = math.log2(math.e), math.log10(math.e)
DEGREES, RADIANS = 180 / math.pi, math.pi / 180
SQRT_HALF = math.sqrt(0.5)
TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)
ONE_OVER_SQRT_2PI = 1 / math.sqrt(2 * math.pi)

RULES = Table({
    # Arithmetic
    "add":      Rule("+", lambda x, y: x + y, (1, 1), "x + y"),
    "sub":      Rule("−", lambda x, y: x - y, (1, -1), "x - y"),
    "mul":      Rule("×", lambda x, y: x * y, (lambda x, y, z: y, lambda x, y, z: x),
                     "x y"),
    "truediv":  Rule("÷", lambda x, y: x / y,
                     (lambda x, y, z: 1 / y, lambda x, y, z: -z / y),
                     "x / y", (REAL, NONZERO)),
    "floordiv": Rule("⌊÷⌋", lambda x, y: x // y, (0, 0),
                     "the largest whole number not above x / y, as Python's ``x // y``",
                     (REAL, NONZERO), AT_MULTIPLES, choice=True),
    "mod":      Rule("mod", lambda x, y: x % y, (1, lambda x, y, z: -(x // y)),
                     "x - y ⌊x / y⌋, as Python's ``x % y``",
                     (REAL, NONZERO), AT_MULTIPLES, choice=True),
    "pow":      Rule("^", power,
                     (lambda x, y, z: power_slope(x, y, z),
                      lambda x, y, z: power_log(1, x, y)),
                     "x to the power y, with slope 0 in x at y = 0 for every x",
                     (POSITIVE, REAL), units=8,  # where z leaves the normal range
                     book=(lambda x, y, z: y * power(x, y - 1),
                           lambda x, y, z: z * log(x))),
    "power_log": Rule("^ lnⁿ", lambda n, x, y: nth_power_log(n, x, y),
                      (0, lambda n, x, y, z: power_log_slope(n, x, y, z),
                          lambda n, x, y, z: power_log(n + 1, x, y)),
                      "x^y (log x)^n, the derivative of order n of x^y by y, a row of "
                      "its own: x^y may underflow where its slope by x does not",
                      (ORDER, POSITIVE, REAL), units=8),
    "neg":      Rule("−", lambda x: -x, (-1,), "-x"),
    "pos":      Rule("=", lambda x: +x, (1,), "x itself, as a node of its own"),
    "abs":      Rule("|·|", abs,
                     (lambda x, z: where(x > 0, 1, where(x < 0, -1, abs(x))),),
                     "the absolute value of x, with slope 0 at 0, which higher "
                     "derivatives follow: that of abs(x)**2 is 0 there", kink=AT_0),
    "fma":      Rule("fma", lambda x, y, w: fma(x, y, w),
                     (lambda x, y, w, z: y, lambda x, y, w, z: x, 1),
                     "x y + w with one rounding"),

    # Exponentials, logarithms and roots
    "exp":   Rule("exp",   exp,   (lambda x, z: z,),        "e to the power x"),
    "exp2":  Rule("exp2",  exp2,  (lambda x, z: z * LN_2,), "2 to the power x"),
    "expm1": Rule("expm1", expm1, (lambda x, z: exp(x),),  # z + 1 cancels where z ≈ -1
                  "e to the power x, minus 1, accurate near 0"),
    "log":   Rule("log",   log,   (lambda x, z: 1 / x,),
                  "natural logarithm", (POSITIVE,)),
    "log1p": Rule("log1p", log1p, (lambda x, z: 1 / (1 + x),),
                  "natural logarithm of 1 + x, accurate near 0", (ABOVE_MINUS_ONE,)),
    "log2":  Rule("log2",  log2,  (lambda x, z: LOG2_E / x,),
                  "logarithm to the base 2", (POSITIVE,)),
    "log10": Rule("log10", log10, (lambda x, z: LOG10_E / x,),
                  "logarithm to the base 10", (POSITIVE,)),
    "sqrt":  Rule("√",     sqrt,  (lambda x, z: 1 / (2 * z),),
                  "square root", (NONNEGATIVE,)),
    "cbrt":  Rule("∛",     cbrt,  (lambda x, z: 1 / (3 * z * z),), "cube root"),

    # Circular functions and their inverses
    "sin":   Rule("sin",  sin,  (lambda x, z: cos(x),),    "sine of x radians"),
    "cos":   Rule("cos",  cos,  (lambda x, z: -sin(x),),   "cosine of x radians"),
    "tan":   Rule("tan",  tan,  (lambda x, z: 1 + z * z,), "tangent of x radians"),
    "one_minus_square":
             Rule("1 − x²", lambda x: (1 - x) * (1 + x), (lambda x, z: -2 * x,),
                  "1 - x² without cancellation, as a row of its own: the slope of the "
                  "product would cancel near 0, and be 0 · ∞ in that of asin at 1"),
    "asin":  Rule("asin", asin, (lambda x, z: 1 / sqrt(one_minus_square(x)),),
                  "arc sine in radians", (UNIT,),
                  book=(lambda x, z: 1 / sqrt((1 - x) * (1 + x)),)),
    "acos":  Rule("acos", acos, (lambda x, z: -1 / sqrt(one_minus_square(x)),),
                  "arc cosine in radians", (UNIT,),
                  book=(lambda x, z: -1 / sqrt((1 - x) * (1 + x)),)),
    "atan":  Rule("atan", atan, (lambda x, z: atan_slope(x),),
                  "arc tangent in radians", book=(lambda x, z: 1 / (1 + x * x),)),
    "atan2": Rule("atan2", lambda y, x: atan2(y, x),
                  (lambda y, x, z: x / hypot(y, x) / hypot(y, x),  # the square of the
                   lambda y, x, z: -y / hypot(y, x) / hypot(y, x)),  # length overflows
                  "the angle of the point (x, y), in radians"),
    "degrees": Rule("degrees", lambda x: x * DEGREES, (DEGREES,), "radians to degrees"),
    "radians": Rule("radians", lambda x: x * RADIANS, (RADIANS,), "degrees to radians"),

    # Hyperbolic functions and their inverses
    "sinh":  Rule("sinh", sinh, (lambda x, z: cosh(x),),         "hyperbolic sine"),
    "cosh":  Rule("cosh", cosh, (lambda x, z: sinh(x),),         "hyperbolic cosine"),
    "tanh":  Rule("tanh", tanh, (lambda x, z: 4 * sigmoid_slope(2 * x),),
                  "hyperbolic tangent", book=(lambda x, z: sech_squared(x),)),
    "asinh": Rule("asinh", asinh, (lambda x, z: 1 / hypot(1, x),),
                  "inverse hyperbolic sine"),
    "acosh": Rule("acosh", acosh, (lambda x, z: 1 / sqrt(x - 1) / sqrt(x + 1),),
                  "inverse hyperbolic cosine", (FROM_ONE,)),  # x x - 1 cancels near 1
    "atanh": Rule("atanh", atanh, (lambda x, z: 1 / one_minus_square(x),),
                  "inverse hyperbolic tangent", (OPEN_UNIT,),
                  book=(lambda x, z: 1 / ((1 - x) * (1 + x)),)),

    # Error functions
    "erf":  Rule("erf",  erf,  (lambda x, z: TWO_OVER_SQRT_PI * exp_minus_square(x),),
                 "error function"),
    "erfc": Rule("erfc", erfc, (lambda x, z: -TWO_OVER_SQRT_PI * exp_minus_square(x),),
                 "complementary error function"),
    "exp_minus_square":
            Rule("e^-x²", lambda x: gaussian(x), (lambda x, z: product(z, -2 * x),),
                 "e^(-x²), the slope of erf but for a factor, as a row of its own: "
                 "what keeps its digits is no formula to differentiate",
                 book=(lambda x, z: -2 * x * z,)),

    # The gamma function and its logarithm, as Python computes them, and the logarithm's
    # derivatives: ψ, within 8 ulp at x > 0, and ψ⁽ⁿ⁾ for each whole n, ψ' within 3.
    "gamma":     Rule("Γ", gamma, (lambda x, z: z * digamma(x),),
                      "gamma function, (x - 1)! at whole x", (WITHOUT_POLES,),
                      units=8),
    "lgamma":    Rule("ln|Γ|", lgamma, (lambda x, z: digamma(x),),
                      "logarithm of the absolute value of the gamma function",
                      (WITHOUT_POLES,), units=64),  # Python's own, near x = 1.5
    "digamma":   Rule("ψ", digamma, (lambda x, z: polygamma(1, x),),
                      "digamma function, the derivative of lgamma", (WITHOUT_POLES,),
                      units=8),
    "polygamma": Rule("ψ⁽ⁿ⁾", lambda n, x: polygamma(n, x),
                      (0, lambda n, x, z: polygamma(n + 1, x)),
                      "the derivative of order n of digamma, n a whole number",
                      (ORDER, WITHOUT_POLES)),

    # Activations
    "sigmoid":    Rule("σ", lambda x: logistic(x), (lambda x, z: sigmoid_slope(x),),
                       "1 / (1 + e^-x)", book=(lambda x, z: logistic_slope(x),)),
    "sigmoid_slope":
                  Rule("σ′", lambda x: logistic_slope(x),
                       (lambda x, z: -z * tanh(x / 2),),
                       "σ(x) σ(-x), the slope of σ as a row of its own: its own slope "
                       "is odd, and would cancel near 0"),
    "softplus":   Rule("softplus", lambda x: larger(x, 0) + log1p(exp(-abs(x))),
                       (lambda x, z: sigmoid(x),),
                       "log(1 + e^x)"),
    "relu":       Rule("ReLU", lambda x: relu(x),
                       (lambda x, z: where(x > 0, 1, where(x <= 0, 0, x)),),
                       "x if positive, else 0, with slope 0 at 0", kink=AT_0,
                       choice=True),
    "relu_at":    Rule("ReLU", lambda x, at_zero: relu(x),
                       (lambda x, at_zero, z:
                            where(x > 0, 1, where(x == 0, at_zero, relu(x))), 0),
                       "x if positive, else 0, with slope ``at_zero`` at 0",
                       kink=AT_0_FIRST, choice=True),
    "leaky_relu": Rule("leaky ReLU", lambda x, slope: where(x > 0, x, slope * x),
                       (lambda x, slope, z: where(x > 0, 1, where(x <= 0, slope, x)),
                        lambda x, slope, z: where(x > 0, 0, x)),
                       "x if positive, else slope · x, with that slope at 0",
                       kink=AT_0_FIRST, defaults=(0.01,)),
    "elu":        Rule("ELU",
                       lambda x, alpha: where(x > 0, x, alpha * expm1(smaller(x, 0))),
                       (lambda x, alpha, z: where(x > 0, 1, alpha * exp(smaller(x, 0))),
                        lambda x, alpha, z: where(x > 0, 0, expm1(smaller(x, 0)))),
                       "x if positive, else alpha (e^x - 1)",
                       kink=AT_0_FIRST, defaults=(1.0,)),
    "gelu":       Rule("GELU", lambda x: product(erfc(-x * SQRT_HALF) / 2, x),
                       (lambda x, z: erfc(-x * SQRT_HALF) / 2  # 1 + erf cancels
                            + product(normal_density(x), x),),
                       "x Φ(x), Φ the standard normal distribution function",
                       units=8),  # erfc takes over the rounding of x √½
    "silu":       Rule("SiLU", lambda x: product(sigmoid(x), x),
                       (lambda x, z: sigmoid(x) + product(sigmoid_slope(x), x),),
                       "x σ(x)", units=8,  # its slope is 0 at -1.278
                       book=(lambda x, z: sigmoid(x) * (1 + x * sigmoid(-x)),)),

    # Losses
    "bce":             Rule("BCE",
                            lambda p, y: -(y_log_1_minus_x(1 - y, p) + y_log_x(y, p)),
                            (lambda p, y, z: bce_slope(p, y),
                             lambda p, y, z: log1p(-p) - log(p)),
                            "binary cross-entropy -[(1 - y) log(1 - p) + y log p] of a "
                            "probability p", (PROBABILITY, LABEL), units=8,  # p = ½
                            book=(lambda p, y, z: (1 - y) / (1 - p) - y / p, None)),
    "bce_with_logits": Rule("BCE∘σ",
                            lambda x, y: product(where(x > 0, 1 - y, y), abs(x))
                                + log1p(exp(-abs(x))),
                            (lambda x, y, z: sigmoid_minus(x, y), lambda x, y, z: -x),
                            "binary cross-entropy of the probability σ(x)",
                            (REAL, LABEL), units=8,  # the slope is 0 at σ(x) = y
                            book=(lambda x, y, z: sigmoid(x) - y, None)),

    # Choices
    "maximum":  Rule("max", lambda x, y: larger(x, y),
                     (lambda x, y, z: where(x >= y, 1, where(y > x, 0, z)),
                      lambda x, y, z: where(x >= y, 0, where(y > x, 1, z))),
                     "the larger of x and y; at a tie the first, as Python's ``max``",
                     kink=TIE, choice=True),
    "minimum":  Rule("min", lambda x, y: smaller(x, y),
                     (lambda x, y, z: where(x <= y, 1, where(y < x, 0, z)),
                      lambda x, y, z: where(x <= y, 0, where(y < x, 1, z))),
                     "the smaller of x and y; at a tie the first, as Python's ``min``",
                     kink=TIE, choice=True),
    "where":    Rule("where", where,
                     (0, lambda condition, x, y, z: where(condition, 1, 0),
                         lambda condition, x, y, z: where(condition, 0, 1)),
                     "x if the condition holds, else y; the other one is no part of "
                     "the graph", choice=True),
    "copysign": Rule("copysign", lambda x, y: copysign(x, y),
                     (lambda x, y, z: copysign(1, x) * copysign(1, y), 0),
                     "the size of x with the sign of y", kink=AT_0_FIRST, choice=True),

    # Rounding and remainders
    "floor":     Rule("⌊·⌋", floor, (0,),
                      "the largest whole number not above x", kink=AT_INTEGERS,
                      choice=True),
    "ceil":      Rule("⌈·⌉", ceil, (0,),
                      "the smallest whole number not below x", kink=AT_INTEGERS,
                      choice=True),
    "trunc":     Rule("trunc", trunc, (0,),
                      "x without its fraction", kink=AT_INTEGERS,
                      choice=True),
    "round":     Rule("round", lambda x, digits: round_to(x, digits), (0, 0),
                      "x rounded to so many decimals, halves to even, as Python's "
                      "``round``", kink=AT_HALF_INTEGERS, defaults=(0.0,),
                      choice=True),
    "fmod":      Rule("fmod", lambda x, y: fmod(x, y),
                      (1, lambda x, y, z: floor((z - x) / y + 0.5)),
                      "x - y trunc(x / y), with the sign of x",
                      (REAL, NONZERO), AT_MULTIPLES, choice=True),
    "remainder": Rule("remainder", lambda x, y: remainder(x, y),
                      (1, lambda x, y, z: floor((z - x) / y + 0.5)),
                      "x - n y, n the whole number nearest to x / y, as IEEE 754",
                      (REAL, NONZERO), AT_HALVES, choice=True),

    # Reductions: any number of operands
    "sum":       Reduction("Σ", (1,), "the sum of xs", step=lambda t, x: t + x),
    "mean":      Reduction("mean", (lambda x, z, n: 1 / n,),
                           "the sum of xs over their number",
                           step=lambda t, x: t + x, finish=lambda t, n: t / n),
    "dot":       Reduction("·", (lambda w, x, z, n: x, lambda w, x, z, n: w),
                           "start + Σ w x, a neuron's pre-activation; its partials are "
                           "the row (x, w, 1)",
                           step=lambda t, w, x: t + w * x),
    "fsum":      Reduction("Σ", (1,), "the sum of xs with one rounding", whole=fsum),
    "hypot":     Reduction("hypot", (lambda x, z, n: x / z,),
                           "√(Σ x²), the length of the vector xs; at 0 its slopes are "
                           "0 / 0 = nan",
                           whole=hypot, kink=Kink("xs = 0", lambda t: (0.0, 0.0)),
                           together=(lambda x, z: directions(x, z),)),
    "dist":      Reduction("dist",
                           (lambda p, q, z, n: (p - q) / z,
                            lambda p, q, z, n: (q - p) / z),
                           "the Euclidean distance of the points p and q; at p = q its "
                           "slopes are 0 / 0 = nan",
                           whole=dist, kink=Kink("p = q", lambda t: (t, t)),
                           together=(lambda p, q, z: directions(differences(p, q), z),
                                     lambda p, q, z: directions(differences(q, p), z))),
    "logsumexp": Reduction("logsumexp",
                           (lambda x, z, n: exp(x - z),),  # which takes over z's error
                           "log Σ e^x, whose partials are the softmax of xs",
                           whole=lambda *xs: log_sum_exp(xs),
                           together=(lambda x, z: softmax(x)[0],), units=8),
    "softmax_cross_entropy":
                 Reduction("CE∘softmax", (None, None),
                           "Σ y (log Σ e^x - x), the cross-entropy of softmax(xs), "
                           "whose partials by xs are Σ y softmax(xs) - ys",
                           whole=lambda *xys: cross_entropy(*halves(xys)),
                           together=(lambda x, y, z: cross_entropy_slopes(x, y),
                                     lambda x, y, z: surprisals(x)), units=8),
})
# fmt: on


# What takes more than a line.


def as_row(name: str, value: Callable[..., Any]) -> Callable[..., Any]:
    """A function that other types of numbers know as a row, with its own partials."""

    def function(*operands: Any) -> Any:
        answer = apply(name, operands)
        return value(*operands) if answer is NotImplemented else answer

    return function


def relu(x: Any) -> Any:
    """max(x, 0), and nan at nan."""
    return where(x <= 0, 0, x)


def logistic(x: Any) -> Any:
    """1 / (1 + e^-x) without overflow: e^-|x| never exceeds 1."""
    e = exp(-abs(x))
    return where(x >= 0, 1, e) / (1 + e)


def logistic_slope(x: Any) -> Any:
    """σ(x) σ(-x). The textbook z (1 - z) is 0 from x = 37 on, where this is e^-x."""
    e = exp(-abs(x))
    return e / ((1 + e) * (1 + e))


def sech_squared(x: Any) -> Any:
    """1 / cosh(x)². The textbook 1 - z z is 77 % wrong at x = 19."""
    e = exp(-2 * abs(x))
    return 4 * e / ((1 + e) * (1 + e))


sigmoid: Callable[[Any], Any] = as_row("sigmoid", logistic)
sigmoid_slope: Callable[[Any], Any] = as_row("sigmoid_slope", logistic_slope)
one_minus_square: Callable[[Any], Any] = as_row(
    "one_minus_square", lambda x: (1 - x) * (1 + x)
)


def gaussian(x: Any) -> Any:
    """e^(-x²), with x² in two parts: the exact square of the head, and the rest.

    Rounding x² first would cost x² units in the last place of the result. The rest t is
    below 2^-14, where the series of e^t ends in t³.
    """
    a = smaller(abs(x), 40)  # e^-1600 is 0 already, and a larger a overflows
    s = 134217729 * a  # 2**27 + 1, Veltkamp's splitter
    head = s - (s - a)
    t = -(a - head) * (a + head)
    e = exp(-head * head)
    return e + e * (t + t * t * (0.5 + t / 6))


exp_minus_square: Callable[[Any], Any] = as_row("exp_minus_square", gaussian)


def normal_density(x: Any) -> Any:
    """e^(-x²/2) / √(2π)."""
    return ONE_OVER_SQRT_2PI * exp_minus_square(x * SQRT_HALF)


def product(weight: Any, x: Any) -> Any:
    """weight · x, and 0 where the weight is 0, though x be infinite."""
    return where(weight == 0, 0, weight * x)


def atan_slope(x: Any) -> Any:
    """1 / (1 + x²), from 1/x where x² may overflow."""
    far = abs(x) > 1
    s = where(far, 1 / where(far, x, 1), x)
    return where(far, s * s, 1) / (1 + s * s)


def larger(x: Any, y: Any) -> Any:
    """The larger number; the first at a tie; nan where either is nan."""
    return where(x >= y, x, where(y > x, y, x + y))


def smaller(x: Any, y: Any) -> Any:
    """The smaller number; the first at a tie; nan where either is nan."""
    return where(x <= y, x, where(y < x, y, x + y))


def y_log_x(y: Any, x: Any) -> Any:
    """y log x, and 0 at x = y = 0."""
    return y * log(where(x == 0, where(y == 0, 1, x), x))


def y_log_1_minus_x(y: Any, x: Any) -> Any:
    """y log(1 - x), and 0 at x = 1, y = 0."""
    return y * log1p(where(x == 1, where(y == 0, 0, -x), -x))


def bce_slope(p: Any, y: Any) -> Any:
    """(1 - y) / (1 - p) - y / p, as (p - y) / (p (1 - p)) where these two cancel."""
    variance = p * (1 - p)
    near = abs(p - y) < variance / 2
    bracket = share(1 - y, 1 - p) - share(y, p)
    return where(near, (p - y) / where(near, variance, 1), bracket)


def share(y: Any, x: Any) -> Any:
    """y / x, and 0 at 0 / 0, where √y has the slope in y that y / x has: inf."""
    return where(x == 0, where(y == 0, sqrt(y), y / x), y / x)


def sigmoid_minus(x: Any, y: Any) -> Any:
    """σ(x) - y, which cancels where a network is right and sure, and about 0."""
    near = (0.5 - y) + tanh(x / 2) / 2
    return where(abs(x) < 1, near, (1 - y) * sigmoid(x) - y * sigmoid(-x))


def differences(ps: Sequence[Any], qs: Sequence[Any]) -> list[Any]:
    """From q to p in each coordinate."""
    return [p - q for p, q in zip(ps, qs)]


def directions(xs: Sequence[Any], z: Any) -> list[Any]:
    """x / z of each x, z being the length of the vector xs; nan at 0.

    The largest one's is 1 / √(1 + t²), t the length of the others over it: the slope
    of that is -t² / z there, what is left of 1 / z - x² / z³.
    """
    top, place = largest([abs(x) for x in xs])
    x_top = xs[0]
    for k, x in enumerate(xs):
        x_top = where(place == k, x, x_top)
    x_top = where(top == 0, math.nan, x_top)
    squares: Any = where(top >= 0, 0, top)  # nan has no direction
    for k, x in enumerate(xs):
        ratio = where(place == k, 0, x / x_top)
        squares = squares + ratio * ratio
    unit = 1 / sqrt(1 + squares)
    length = where(top == 0, math.nan, z)
    return [where(place == k, copysign(unit, x), x / length) for k, x in enumerate(xs)]


def largest(xs: Sequence[Any]) -> tuple[Any, Any]:
    """The largest number, and where it first stands; nan where one is nan."""
    found: list[tuple[Any, Any]] = [(x, k) for k, x in enumerate(xs)]
    while len(found) > 1:  # in pairs, so that a program has few steps in a row
        pairs = zip(found[::2], found[1::2])
        met = [(larger(x, y), where(y > x, j, i)) for (x, i), (y, j) in pairs]
        found = met + found[2 * len(met) :]
    return found[0]


FEW = 1000
"""Terms of a sum whose exponentials are kept, at most."""


def exponentials(xs: Sequence[Any]) -> tuple[Any, Any, list[Any], Any]:
    """The largest x and its place; e^(x - top) of each other x, and their sum.

    It is what everything about Σ e^x is made of. Only differences to the largest are
    taken, so that size does not matter; e^0 of the largest itself is left out, since
    it would hide small others. Value and partials of a row ask in turn, so that the
    answer for some floats is kept for the next, if it is not large.
    """
    few = len(xs) <= FEW and all(x.__class__ is float for x in xs)
    return kept_exponentials(*xs) if few else new_exponentials(xs)


def new_exponentials(xs: Sequence[Any]) -> tuple[Any, Any, list[Any], Any]:
    """What :func:`exponentials` gives."""
    top, place = largest(xs)
    powers = [where(place == k, 0, exp(x - top)) for k, x in enumerate(xs)]
    others: Any = 0
    for e in powers:
        others = others + e
    return top, place, powers, others


@lru_cache(maxsize=1)
def kept_exponentials(*xs: float) -> tuple[Any, Any, list[Any], Any]:
    """The same of floats; 0.0 and -0.0 have one answer, since e^x has."""
    return new_exponentials(xs)


def log_sum_exp(xs: Sequence[Any]) -> Any:
    """log Σ e^x, shifted by the largest x so that nothing overflows."""
    top, _, _, others = exponentials(xs)
    return where(abs(top) == math.inf, top, top + log1p(others))


def softmax(xs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """e^x / Σ e^x of each x, and 1 minus that, of which neither cancels."""
    _, place, powers, others = exponentials(xs)
    unit = 1 / (1 + others)  # the largest one's; no other one's is above 1/2
    ps = [where(place == k, unit, e * unit) for k, e in enumerate(powers)]
    return ps, [where(place == k, others * unit, 1 - p) for k, p in enumerate(ps)]


def surprisals(xs: Sequence[Any]) -> list[Any]:
    """-log softmax(xs): log Σ e^x - x of each x, by their differences alone."""
    top, place, _, others = exponentials(xs)
    rest = log1p(others)
    return [where(place == k, rest, (top - x) + rest) for k, x in enumerate(xs)]


def cross_entropy(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Σ y (log Σ e^x - x), where a term of weight 0 is none, though x be -inf."""
    total: Any = 0
    for y, surprisal in zip(ys, surprisals(xs)):
        total = total + where(y == 0, 0, y * surprisal)
    return total


def cross_entropy_slopes(xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
    """p Σ y - y of each p of the softmax, which cancels where the network is sure.

    It is p times the other labels less y times the other shares.
    """
    left = [0, *accumulate(ys[:-1])]  # sums from either end: nothing is taken away
    right = [0, *accumulate(ys[:0:-1])][::-1]
    shares = zip(*softmax(xs), ys, left, right)
    return [p * (before + after) - y * q for p, q, y, before, after in shares]


def power_slope(x: Any, y: Any, z: Any) -> Any:
    """y x^(y-1), or y z / x where y - 1 would round: x^(y-1) takes that over.

    At y = 0 that quotient is 0 for every x, and has the right slope in y, 1 / x.
    """
    direct = y * power(x, y - 1)
    quotient = y * z / where(abs(x) > 0, x, 1)
    return where(by_quotient(y, z), quotient, direct)


def by_quotient(y: Any, z: Any) -> Any:
    """Whether y - 1 would round, and z = x^y is far from the ends of the floats."""
    exact = where(abs(y) < 1, 0, where((y - 1) + 1 == y, 1, 0))
    normal = where(abs(z) > 1e-280, where(abs(z) < 1e280, 1, 0), 0)
    return (1 - exact) * normal


def nth_power_log(n: Any, x: Any, y: Any) -> Any:
    """x^y (log x)^n, and 0 where x and x^y are."""
    z = power(x, y)
    return z * power(log(where(x == 0, where(z == 0, 1, x), x)), n)


power_log: Callable[..., Any] = as_row("power_log", nth_power_log)


def power_log_slope(n: Any, x: Any, y: Any, z: Any) -> Any:
    """n x^(y-1) (log x)^(n-1) + y x^(y-1) (log x)^n, as :func:`power_slope` has it."""
    direct = n * power_log(n - 1, x, y - 1) + y * power_log(n, x, y - 1)
    below = where(n == 0, 0, n * power_log(n - 1, x, y))
    quotient = (below + y * z) / where(abs(x) > 0, x, 1)
    direct = where(n == 0, y * power(x, y - 1), direct)
    return where(by_quotient(y, power(x, y)), quotient, direct)


CHECKPOINT = Reduction(
    "checkpoint",
    (0, lambda slope, x, z, n: slope),
    "z, whose derivative by each x is the slope beside it: (*slopes, *xs, z)",
    whole=lambda *operands: operands[-1],
)
"""A stretch of a computation as one row; in the table only where it has been used."""

for _name, _rule in {**RULES, "checkpoint": CHECKPOINT}.items():
    object.__setattr__(_rule, "name", _name)
for _name in PRIMITIVES:
    if _name not in RULES:
        raise LookupError(
            f"the primitive {_name!r} of autograd/table/primitives.py has no row in "
            "autograd/table/rules.py: add one of that name, with its derivatives"
        )

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
    "rint": "round",
    "deg2rad": "radians",
    "rad2deg": "degrees",
}
"""Other names of the same rows: NumPy's, so that ``np.arcsin`` finds a method."""
