"""Text is readable on every fill, and a sign is seen without its color."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from autograd.paths.numerals import number
from autograd.pictures.palette import (
    CONSTANT,
    ENDS,
    INK,
    MUTED,
    PATHS,
    UNDEFINED,
    contrast,
    shade,
    tint,
)
from tests.autograd.pictures.dot import (
    MINUS,
)


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
