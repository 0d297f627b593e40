"""Text is readable on every fill, and a sign is seen without its color."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from autograd.paths.numerals import number
from autograd.pictures.markup import (
    CONSTANT,
    ENDS,
    INK,
    MUTED,
    PATHS,
    UNDEFINED,
    shade,
    tint,
)
from tests.autograd.pictures.dot import (
    MINUS,
)


def contrast(color: str, other: str) -> float:
    """The contrast of two colors after WCAG 2, from 1 to 21."""
    light, dark = sorted((_luminance(color), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    def linear(c: float) -> float:
        return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@given(st.floats(-1, 1), st.floats(0, 1))
def test_text_is_readable_on_every_fill(x: float, scale: float) -> None:
    assert contrast(INK, tint(x, scale)) >= 4.5
    assert contrast(INK, shade(abs(x), scale)) >= 4.5


def test_text_is_readable_on_the_other_fills() -> None:
    for fill in (UNDEFINED, CONSTANT, ENDS, "#f6f8fa", "#ffffff"):
        assert contrast(INK, fill) >= 4.5
        assert contrast(MUTED, fill) >= 4.5
    for color in PATHS:
        assert contrast(color, "#ffffff") >= 3.0  # WCAG 1.4.11, for lines


def test_the_sign_of_a_gradient_is_seen_in_grey_or_by_its_minus() -> None:
    assert number(-0.5).startswith(MINUS)
    assert tint(0.5, 1.0) != tint(-0.5, 1.0)
    assert tint(math.inf, 1.0) == tint(1.0, 1.0)
