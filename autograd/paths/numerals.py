"""Numbers as people read them: a few digits, true signs, and sums that add up.

A printed number is a decimal like any other: what is printed here can be multiplied
and added with a pencil. Equations are therefore printed with as many digits as they
need to hold as they stand, and where a reasonable number of digits does not do, with
the sign ≈ instead of =. Halves are rounded up, as JavaScript does it on the page.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import reduce
from typing import NamedTuple

__all__ = ["Printed", "aligned", "counted", "number", "printed", "signed"]

EXACT = Context(prec=800, rounding=ROUND_HALF_UP, Emin=-(10**6), Emax=10**6, traps=[])
"""Digits for every double and for the products of their first few, whatever the
program has made of the context that it computes in."""


def number(x: float, digits: int = 4) -> str:
    """A number to so many significant digits, with a true minus sign.

    >>> number(-0.00087654), number(1.5), number(-0.0), number(float("-inf"))
    ('−0.0008765', '1.5', '−0', '−∞')
    >>> number(1.2345e200), number(123456.0)
    ('1.235e200', '1.235e5')
    """
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "∞" if x > 0 else "−∞"
    return _spelled(EXACT.normalize(_rounded(x, digits)), digits)


def signed(x: float, digits: int = 4) -> str:
    """The same with its plus sign, for the terms of a sum.

    >>> signed(0.25)
    '+0.25'
    """
    return _with_plus(number(x, digits))


def counted(n: float) -> str:
    """A whole number, in full up to 21 digits.

    >>> counted(2**60), counted(2**1000000)
    ('1,152,921,504,606,846,976', 'about 10^301030')
    """
    if n == math.inf:
        return "more than 10^308"
    return f"{int(n):,}" if n < 10**21 else f"about 10^{math.log10(n):.0f}"


def _rounded(x: float, digits: int) -> Decimal:
    return Context(digits, ROUND_HALF_UP).create_decimal(x)


def _spelled(x: Decimal, digits: int | None = None) -> str:
    """A decimal, by a power of ten where its digits do not reach its point."""
    place, n = _place(x), x.adjusted()
    if not x:
        text = f"{x:f}" if -9 < place <= 0 else "-0" if x.is_signed() else "0"
    elif -4 <= n < (n - place + 1 if digits is None else digits):
        text = f"{x:f}"
    else:
        text = f"{EXACT.scaleb(x, -n):f}e{n}"
    return text.replace("-", "−")


def _with_plus(text: str) -> str:
    return text if text.startswith("−") or text == "nan" else f"+{text}"


def _place(x: Decimal) -> int:
    """The power of ten of the last digit."""
    exponent = x.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


class Printed(NamedTuple):
    """A sum of products in print.

    Attributes:
        digits: how many the factors have.
        factors: of each term.
        terms: of each its sign = or ≈, and its value.
        total: likewise.
    """

    digits: int
    factors: list[list[str]]
    terms: list[tuple[str, str]]
    total: tuple[str, str]


FACTORS = range(3, 9)
TERMS = {4: 0.0, 5: 1.1, 6: 2.1, 3: 3.1, 2: 5.0}
"""Digits of the factors, and of the largest term with what they count for."""

CHOICES = sorted(
    ((d, s, coarse) for d in FACTORS for s in TERMS for coarse in (0, 1)),
    key=lambda c: c[0] + TERMS[c[1]] + c[2] * (0.4 if c[1] > 3 else 2.5),
)
"""Digits of the factors, of the largest term, and by how many the total has fewer: a
total of two digits is worse than factors of some more."""

APART = 11
"""Powers of ten by which terms may cancel before that is no longer shown in digits."""


def printed(terms: Sequence[tuple[Sequence[float], float]], total: float) -> Printed:
    """Print products and their sum so that they hold as printed, or say ≈.

    The product of the factors as they are printed is the term as it is printed, when
    rounded to its last digit; and so for the sum of the terms and the total.

    Args:
        terms: the factors of each, none where a term is only a number, and its value.
        total: the sum.

    >>> printed([([3.14159], 3.14159), ([0.5, 0.25], 0.125)], 3.26659)
    Printed(digits=4, factors=[['3.142'], ['0.5', '0.25']], terms=[('=', '+3.142'), \
('=', '+0.125')], total=('=', '+3.267'))
    """
    values = [value for _, value in terms]
    for digits, places, coarse in (*CHOICES, (5, 4, 0)):
        shown = _column([*values, total], places, coarse)
        factors = [_factors(own, digits) for own, _ in terms]
        held = [_holds(*pair) for pair in zip(factors, shown)]
        held.append(_adds_up(shown[:-1], shown[-1]))
        if all(held):
            break
    texts = [
        (
            "=" if holds else "≈",
            _with_plus(number(value) if x is None else _spelled(x)),
        )
        for holds, x, value in zip(held, _without_zeros(shown), [*values, total])
    ]
    return Printed(
        digits,
        [[number(factor, digits) for factor in own] for own, _ in terms],
        texts[:-1],
        texts[-1],
    )


def _factors(factors: Sequence[float], digits: int) -> list[Decimal]:
    return [_rounded(factor, digits) for factor in factors]


def _column(values: Sequence[float], digits: int, coarse: int) -> list[Decimal | None]:
    """The values to one place, small ones to two digits, nan and inf as None."""
    sizes = [
        EXACT.create_decimal(abs(x)).adjusted()
        for x in values
        if x and math.isfinite(x)
    ]
    if not sizes:
        return [None if not math.isfinite(x) else Decimal(0) for x in values]
    place = max(sizes) - digits + 1
    if values[-1] and math.isfinite(values[-1]) and max(sizes) - sizes[-1] < APART:
        place = min(place, sizes[-1] - 1)
    shown: list[Decimal | None] = []
    for i, x in enumerate(values):
        exact = EXACT.create_decimal(x)
        place += coarse * (i == len(values) - 1)
        own = min(place, exact.adjusted() - 1) if x else place
        finite = math.isfinite(x)
        shown.append(EXACT.quantize(exact, Decimal((0, (1,), own))) if finite else None)
    return shown


def _near(x: Decimal, y: Decimal) -> bool:
    """Whether ``x`` is ``y`` when rounded to its places."""
    off = EXACT.abs(EXACT.subtract(x, y))
    return EXACT.scaleb(off, -_place(y)) < Decimal("0.5")


def _holds(factors: Sequence[Decimal], term: Decimal | None) -> bool:
    if not factors:
        return True
    if term is None:
        return not all(map(Decimal.is_finite, factors))
    return _near(reduce(EXACT.multiply, factors), term)


def _adds_up(terms: Sequence[Decimal | None], total: Decimal | None) -> bool:
    if total is None:
        return None in terms
    known = [x for x in terms if x is not None]
    return len(known) == len(terms) and _near(
        reduce(EXACT.add, known, Decimal(0)), total
    )


def _without_zeros(column: Sequence[Decimal | None]) -> list[Decimal | None]:
    """The same without zeros at the end of all the decimals."""
    places = [_place(EXACT.normalize(x)) for x in column if x]
    last = Decimal((0, (1,), min([0, *places])))
    return [
        x if x is None or _place(x) >= _place(last) else EXACT.quantize(x, last)
        for x in column
    ]


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers with their decimal points below each other.

    >>> aligned(["+4", "−1.26", "+12.5"])
    [' +4   ', ' −1.26', '+12.5 ']
    """
    points = [len(re.split("[.e]", text)[0]) for text in texts]
    padded = [" " * (max(points) - point) + text for point, text in zip(points, texts)]
    return [text.ljust(max(map(len, padded))) for text in padded]
