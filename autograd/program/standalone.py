"""What an exported C file brings along: Python's functions that C's library lacks.

Each has the bits of Python's, from version 3.11 on, and gives inf or nan where Python
raises. They are written in plain C99, without fused operations but ``fma`` itself.
"""

from __future__ import annotations

from typing import Any

from autograd.native.emit import Block, Expression, text
from autograd.table.primitives import copysign, floor, fmod, halves, where

__all__ = ["INSTEAD", "helpers"]

FSUM = """\
/* The sum of n numbers with one rounding, as math.fsum: parts that do not overlap. */
static double
python_fsum(const double *x, int n)
{
    double parts[64], special = 0.0; /* a double has room for 40 such parts */
    int count = 0, finite = 1;
    for (int k = 0; k < n; k++) {
        double sum = x[k];
        int kept = 0;
        if (!isfinite(sum)) {
            finite = 0;
            special += sum;
            continue;
        }
        for (int j = 0; j < count; j++) {
            const double large = fabs(sum) < fabs(parts[j]) ? parts[j] : sum;
            const double small = fabs(sum) < fabs(parts[j]) ? sum : parts[j];
            sum = large + small;
            const double rest = small - (sum - large);
            if (rest != 0.0) {
                parts[kept++] = rest;
            }
        }
        if (!isfinite(sum)) {
            return sum;
        }
        parts[kept] = sum;
        count = kept + (sum != 0.0);
    }
    if (!finite) {
        return special;
    }
    double sum = 0.0, rest = 0.0;
    while (count > 0 && rest == 0.0) {
        const double before = sum, part = parts[--count];
        sum = before + part;
        rest = part - (sum - before);
    }
    /* Half way between two numbers, the parts below say which one is nearer. */
    if (count > 0 && rest * parts[count - 1] > 0.0) {
        const double other = sum + 2.0 * rest;
        if (other - sum == 2.0 * rest) {
            sum = other;
        }
    }
    return sum;
}
"""

HYPOT = """\
/* The length of a vector, as math.hypot: squares in two parts, one Newton step. */
static double
python_hypot(const double *x, int n)
{
    double largest = 0.0, unit = 1.0, sum = 1.0, squares = 0.0, rounded = 0.0;
    int exponent, undefined = 0;
    for (int k = 0; k < n; k++) {
        undefined = undefined || isnan(x[k]);
        largest = fabs(x[k]) > largest ? fabs(x[k]) : largest;
    }
    if (isinf(largest) || undefined) {
        return isinf(largest) ? largest : NAN;
    }
    if (largest == 0.0 || n == 1) {
        return largest;
    }
    if (largest < 2.2250738585072014e-308) {
        unit = 2.2250738585072014e-308; /* whose multiples are exact */
    }
    frexp(largest / unit, &exponent);
    const double scale = ldexp(1.0, -exponent);
    for (int k = 0; k <= n; k++) {
        /* last of all, what the root of the sum leaves of it */
        const double root = sqrt(sum - 1.0 + (squares + rounded));
        const double a = k < n ? x[k] / unit * scale : root;
        const double square = k < n ? a * a : -a * a;
        squares += fma(k < n ? a : -a, a, -square);
        const double before = sum;
        sum = before + square;
        rounded += square - (sum - before);
        if (k == n) {
            const double rest = sum - 1.0 + (squares + rounded);
            return (root + rest / (2.0 * root)) / scale * unit;
        }
    }
    return largest;
}
"""

HELPERS = {"python_fsum": FSUM, "python_hypot": HYPOT}


def helpers(block: Block) -> list[str]:
    """The texts of those functions that some statements call."""
    statements = "\n".join(block.statements)
    return [x for name, x in HELPERS.items() if f"{name}(" in statements]


def of_many(name: str, terms: list[str], x: Any) -> Any:
    """A helper's value of terms."""
    array = f"(const double[]){{{', '.join(terms)}}}"
    return x.block.let(f"{name}({array}, {len(terms)})")


def expression(operands: tuple[Any, ...]) -> Any:
    """The first operand that is none of Python's numbers."""
    return next(x for x in operands if isinstance(x, Expression))


def hypot(*xs: Any) -> Any:
    """``math.hypot``."""
    return of_many("python_hypot", list(map(text, xs)), expression(xs))


def dist(*pq: Any) -> Any:
    """``math.dist`` of two points."""
    terms = [f"{text(p)} - {text(q)}" for p, q in zip(*halves(pq))]
    return of_many("python_hypot", terms, expression(pq))


def fsum(*xs: Any) -> Any:
    """``math.fsum``."""
    return of_many("python_fsum", list(map(text, xs)), expression(xs))


def mod(x: Any, y: Any) -> Any:
    """``x % y`` of Python's floats: C's remainder, with the sign of y."""
    m = fmod(x, y)
    moved = where(y < 0, where(m > 0, m + y, m), where(m < 0, m + y, m))
    return where(m == 0, copysign(0.0, y), moved)


def floordiv(x: Any, y: Any) -> Any:
    """``x // y`` of Python's floats, which is not always the floor of x / y."""
    m = fmod(x, y)
    moved = where(y < 0, where(m > 0, 1, 0), where(m < 0, 1, 0))
    quotient = (x - m) / y - moved
    whole = floor(quotient)
    whole = where(quotient - whole > 0.5, whole + 1, whole)
    whole = where(quotient == 0, copysign(0.0, x / y), whole)
    return where(y == 0, x / y, whole)


def remainder(x: Any, y: Any) -> Any:
    """``math.remainder``, which is exact, as C's is."""
    return expression((x, y)).block.let(f"remainder({text(x)}, {text(y)})")


INSTEAD = {f.__name__: f for f in (hypot, dist, fsum, mod, floordiv, remainder)}
"""Operations that the engine leaves to Python, or to C of its own."""
