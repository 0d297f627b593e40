"""The table of primitives: the functions that are not made of others, one row each.

A row says all that any reader must know of one: its real function, how C spells it to
the same bits, the limit that IEEE 754 has where Python raises, the function on mpmath's
numbers, and NumPy's and the C engine's vector functions if those serve. Derivatives
stand in :mod:`autograd.table.rules` alone, which is written with these functions, so
that a rule is evaluated on floats, recorded on Values and printed as C on symbols
without a second copy of it.

To add a primitive, add its row here, and to the rules the row of that name::

    rsqrt = primitive("rsqrt", lambda x: 1 / math.sqrt(x), "1.0 / sqrt({})",
                      lambda x: math.copysign(math.inf, x) if x == 0 else math.nan,
                      exact=lambda mp, x: 1 / mp.sqrt(x), js="1 / Math.sqrt({})")

    "rsqrt": Rule("1/√", rsqrt, (lambda x, z: -z / (2 * x),),
                  "reciprocal square root", (POSITIVE,)),
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from autograd.table import psi
from autograd.table.primitive import C_LIBRARY, Scalar, apply, at, overflow, primitive

# What takes more than a line.


def power(x: Scalar, y: Scalar) -> Scalar:
    """``x ** y``, and a ValueError where two real numbers have a complex power."""
    z = x**y
    if z.__class__ is complex and not isinstance(x, complex):
        raise ValueError(
            f"{x!r} ** {y!r} is complex: a negative base takes integer exponents only"
        )
    return z


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


# Limits where Python raises.


def _quotient_limit(x: float, y: float) -> float:
    """x / y at y = 0."""
    if x == 0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def _power_limit(x: float, y: float) -> float:
    """x ** y where Python raises or turns complex: a pole, an overflow, nan."""
    odd = math.fmod(y, 2.0) in (1.0, -1.0)
    if x == 0:
        return math.copysign(math.inf, x) if odd else math.inf
    if x < 0 and y != math.floor(y):
        return math.nan
    return -math.inf if x < 0 and odd else math.inf


def _odd_overflow(x: float) -> float:
    return math.copysign(math.inf, x)


def _atanh_limit(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else math.nan


def _itself(x: float) -> float:
    return x


def _sum_limit(*xs: float) -> float:
    """math.fsum where an intermediate sum overflows, or inf - inf."""
    if not all(map(math.isfinite, xs)):
        return sum(xs)
    return math.ldexp(1.0, 64) * math.fsum(math.ldexp(x, -64) for x in xs)


# On mpmath's numbers, real and complex.


def _odd(name: str) -> Callable[[Any, Any], Any]:
    """An odd function from its positive half, away from the branch cut."""

    def exact(mp: Any, x: Any) -> Any:
        function = getattr(mp, name)
        return function(x) if x.real >= 0 else -function(-x)

    return exact


def _exact_power(mp: Any, x: Any, y: Any) -> Any:
    if not y.imag and y.real == mp.floor(y.real):
        return x ** int(y.real)
    return mp.exp(y * mp.log(x)) if x else x * 0


def _exact_atan2(mp: Any, y: Any, x: Any) -> Any:
    if abs(y.real) <= abs(x.real):
        turn = 0 if x.real > 0 else mp.pi if y.real >= 0 else -mp.pi
        return mp.atan(y / x) + turn
    return (mp.pi / 2 if y.real > 0 else -mp.pi / 2) - mp.atan(x / y)


def _exact_copysign(mp: Any, x: Any, y: Any) -> Any:
    return x if (x.real >= 0) == (y.real >= 0) else -x


def _exact_trunc(mp: Any, x: Any) -> Any:
    return mp.floor(x.real) if x.real >= 0 else mp.ceil(x.real)


def _exact_round(mp: Any, x: Any, digits: Any) -> Any:
    n = int(digits.real)
    if abs(n) > 400:
        return x.real if n > 0 else mp.mpf(0)
    scale = mp.mpf(10) ** n
    return mp.nint(x.real * scale) / scale


def _to_120_digits(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes mpmath long; a step of 1e-40 leaves 40 of these digits."""

    def exact(mp: Any, *xs: Any) -> Any:
        with mp.workdps(120):
            return function(mp, *xs)

    return exact


@_to_120_digits
def _exact_lgamma(mp: Any, x: Any) -> Any:
    if x.real > 0:
        return mp.loggamma(x)
    sine = mp.sinpi(x)
    return mp.log(mp.pi / (sine if sine.real > 0 else -sine)) - mp.loggamma(1 - x)


@_to_120_digits
def _exact_polygamma(mp: Any, n: Any, x: Any) -> Any:
    n = int(mp.nint(n.real))
    if n == 0 or x.real > 0:
        return mp.psi(n, x)
    part = x - mp.floor(x.real)  # mpmath itself would step from x to here
    return mp.psi(n, part) + (-1) ** (n + 1) * (mp.psi(n, 1 - part) - mp.psi(n, 1 - x))


def _length(mp: Any, *xs: Any) -> Any:
    return mp.sqrt(sum(x * x for x in xs))


def _exact_distance(mp: Any, *pq: Any) -> Any:
    return _length(mp, *map(operator.sub, *halves(pq)))


_PLAIN = (float, int)


def where(condition: Any, x: Scalar, y: Scalar) -> Scalar:
    """``x`` if the condition holds, else ``y``; rules branch with it, never with if."""
    plain = x.__class__ in _PLAIN and y.__class__ in _PLAIN
    if not (plain and condition.__class__ is bool):
        answer = apply("where", (condition, x, y))
        if answer is not NotImplemented:
            return answer
    return x if condition else y


# The table is laid out by hand: a formatter would take its rows apart.
# fmt: off

# Arithmetic, which Python writes with operators
primitive("add", operator.add, "{} + {}", operands=2, raises=False, array="add",
          exact=lambda mp, x, y: x + y)
primitive("sub", operator.sub, "{} - {}", operands=2, raises=False, array="subtract",
          exact=lambda mp, x, y: x - y)
primitive("mul", operator.mul, "{} * {}", operands=2, raises=False, array="multiply",
          exact=lambda mp, x, y: x * y)
primitive("truediv", operator.truediv, "{} / {}", _quotient_limit, operands=2,
          array="divide", exact=lambda mp, x, y: x / y)
primitive("floordiv", operator.floordiv, "floor_divide({}, {})", _quotient_limit,
          operands=2, header="floats.h",
          exact=lambda mp, x, y: mp.floor((x / y).real))
primitive("mod", operator.mod, "modulo({}, {})", operands=2, header="floats.h",
          exact=lambda mp, x, y: x - y * mp.floor((x / y).real))
primitive("pow", power, "pow({}, {})", _power_limit, operands=2, exact=_exact_power)
primitive("neg", operator.neg, "-{}", raises=False, array="negative",
          exact=lambda mp, x: -x)
primitive("pos", operator.pos, "{}", raises=False, array="positive",
          exact=lambda mp, x: x)
primitive("abs", abs, "fabs({})", raises=False, array="absolute",
          exact=lambda mp, x: x if x.real >= 0 else -x)
fma = primitive("fma", getattr(math, "fma", _fma), "fma({}, {}, {})",
                lambda x, y, w: x * y + w, operands=3,
                exact=lambda mp, x, y, w: x * y + w)

# Exponentials, logarithms and roots
exp   = primitive("exp", math.exp, C_LIBRARY, overflow, vector="vector_exp")
exp2  = primitive("exp2", getattr(math, "exp2", _exp2),
                  C_LIBRARY if sys.version_info >= (3, 11) else "pow(2.0, {})",
                  overflow, exact=lambda mp, x: mp.exp(x * mp.ln2))
expm1 = primitive("expm1", math.expm1, C_LIBRARY, overflow, vector="vector_expm1")
log   = primitive("log", math.log, C_LIBRARY, at(0.0, -math.inf), vector="vector_log")
log1p = primitive("log1p", math.log1p, C_LIBRARY, at(-1.0, -math.inf),
                  vector="vector_log1p")
log2  = primitive("log2", math.log2, C_LIBRARY, at(0.0, -math.inf),
                  exact=lambda mp, x: mp.log(x) / mp.ln2)
log10 = primitive("log10", math.log10, C_LIBRARY, at(0.0, -math.inf),
                  exact=lambda mp, x: mp.log(x) / mp.ln10)
sqrt  = primitive("sqrt", math.sqrt, C_LIBRARY, array="sqrt")
cbrt  = primitive("cbrt", getattr(math, "cbrt", _cbrt),
                  C_LIBRARY if sys.version_info >= (3, 11) else "", exact=_odd("cbrt"))

# Circular functions and their inverses
sin   = primitive("sin", math.sin, C_LIBRARY)
cos   = primitive("cos", math.cos, C_LIBRARY)
tan   = primitive("tan", math.tan, C_LIBRARY)
asin  = primitive("asin", math.asin, C_LIBRARY)
acos  = primitive("acos", math.acos, C_LIBRARY)
atan  = primitive("atan", math.atan, C_LIBRARY)
atan2 = primitive("atan2", math.atan2, C_LIBRARY, operands=2, exact=_exact_atan2)

# Hyperbolic functions and their inverses
sinh  = primitive("sinh", math.sinh, C_LIBRARY, _odd_overflow)
cosh  = primitive("cosh", math.cosh, C_LIBRARY, overflow)
tanh  = primitive("tanh", math.tanh, C_LIBRARY, vector="vector_tanh")
asinh = primitive("asinh", math.asinh, C_LIBRARY, exact=_odd("asinh"))
acosh = primitive("acosh", math.acosh, C_LIBRARY)
atanh = primitive("atanh", math.atanh, C_LIBRARY, _atanh_limit,
                  exact=lambda mp, x: (mp.log1p(x) - mp.log1p(-x)) / 2)

# Error functions
erf  = primitive("erf", math.erf, C_LIBRARY, vector="vector_erf")
erfc = primitive("erfc", math.erfc, C_LIBRARY, vector="vector_erfc")

# The gamma function, by Python's own algorithm, and its logarithm's derivatives
gamma     = primitive("gamma", math.gamma, limit=lambda x: -psi.limit(0, x),
                      exact=_to_120_digits(lambda mp, x: mp.gamma(x)))
lgamma    = primitive("lgamma", math.lgamma, limit=overflow, exact=_exact_lgamma)
digamma   = primitive("digamma", psi.digamma, limit=lambda x: psi.limit(0, x),
                      exact=_to_120_digits(lambda mp, x: mp.psi(0, x)))
polygamma = primitive("polygamma", psi.polygamma, limit=psi.limit, operands=2,
                      exact=_exact_polygamma)

# Signs, rounding and remainders
copysign  = primitive("copysign", math.copysign, C_LIBRARY, operands=2, raises=False,
                      array="copysign", exact=_exact_copysign)
# Python's whole numbers have no negative zero, hence the + 0.0.
floor     = primitive("floor", math.floor, "floor({}) + 0.0", _itself,
                      js="Math.floor({}) + 0", exact=lambda mp, x: mp.floor(x.real))
ceil      = primitive("ceil", math.ceil, "ceil({}) + 0.0", _itself,
                      js="Math.ceil({}) + 0", exact=lambda mp, x: mp.ceil(x.real))
trunc     = primitive("trunc", math.trunc, "trunc({}) + 0.0", _itself,
                      js="Math.trunc({}) + 0", exact=_exact_trunc)
round_to  = primitive("round", lambda x, digits: round(float(x), int(digits)),
                      operands=2, exact=_exact_round)
fmod      = primitive("fmod", math.fmod, C_LIBRARY, operands=2, js="{} % {}",
                      exact=lambda mp, x, y: x - y * _exact_trunc(mp, x / y))
remainder = primitive("remainder", math.remainder, operands=2,
                      exact=lambda mp, x, y: x - y * mp.nint((x / y).real))

# Of any number of operands, by algorithms of Python's own
hypot = primitive("hypot", math.hypot, operands=0, exact=_length)
dist  = primitive("dist", lambda *pq: math.dist(*halves(pq)), operands=0,
                  exact=_exact_distance)
fsum  = primitive("fsum", lambda *xs: math.fsum(xs), limit=_sum_limit, operands=0,
                  exact=lambda mp, *xs: sum(xs))
# fmt: on
