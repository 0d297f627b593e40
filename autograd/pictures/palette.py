"""Colors of the pictures: what a gradient looks like.

A gradient is tinted by its sign and size, orange for plus and purple for minus:
the two ends stay apart for every kind of color vision. All fills are light enough
that one dark ink has at least the contrast 4.5 : 1 on each, as WCAG 2 asks for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

INK = "#1b1b1f"
"""All text on fills."""

MUTED = "#5b6470"
"""Secondary text and lines, on white."""

GUIDE = "#8793a0"
"""Edges."""

PALE = "#c6cdd4"
"""Outlines and edges of what is shown for context only."""

CONSTANT = "#eaf0f5"
"""Fill of a constant."""

UNDEFINED = "#f6e58d"
"""Fill of a gradient that is nan."""

NEUTRAL = (255, 255, 255)
PLUS = (241, 152, 66)
MINUS = (153, 134, 200)
UNSIGNED = (158, 172, 186)

PATHS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")
"""One color per path, of the eight by Okabe and Ito. They color lines, never text."""

BANDS = ("#e07b1f", "#7b68b5")
"""Of a positive and a negative contribution: the tints, dark enough for lines."""

ENDS = "#fdf6d8"
"""Fill of the two ends of the paths."""


def tint(x: float, scale: float) -> str:
    """The fill for a gradient: its size relative to ``scale`` on a root scale.

    The root keeps small gradients visible beside a large one.

    >>> tint(0.0, 1.0), tint(1.0, 1.0), tint(-1.0, 1.0), tint(math.nan, 1.0)
    ('#ffffff', '#f19842', '#9986c8', '#f6e58d')
    """
    return _blend(x, scale, PLUS if x > 0.0 else MINUS)


def shade(size: float, scale: float) -> str:
    """The same in grey, for a length, which has no sign.

    >>> shade(0.0, 1.0), shade(1.0, 1.0)
    ('#ffffff', '#9eacba')
    """
    return _blend(size, scale, UNSIGNED)


def _blend(x: float, scale: float, end: tuple[int, int, int]) -> str:
    if math.isnan(x):
        return UNDEFINED
    if x == 0.0:
        return _hex(NEUTRAL)
    t = math.sqrt(min(1.0, abs(x) / scale)) if scale > 0.0 else 1.0
    return _hex(round(n + t * (e - n)) for n, e in zip(NEUTRAL, end))


def largest(xs: Iterable[float]) -> float:
    """The largest finite size, the scale of the tints; 0.0 if there is none."""
    return max((abs(x) for x in xs if math.isfinite(x)), default=0.0)


def _hex(rgb: Iterable[int]) -> str:
    return "#" + "".join(f"{c:02x}" for c in rgb)


def contrast(color: str, other: str) -> float:
    """The contrast of two colors after WCAG 2, from 1 to 21.

    >>> round(contrast("#000000", "#ffffff"), 6)
    21.0
    """
    light, dark = sorted((_luminance(color), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    def linear(c: float) -> float:
        return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
