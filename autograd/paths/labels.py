"""Labels as text that does no harm, whatever stands in them.

A label shows as it was written, and where no glyph exists for a character or it would
change what stands around it, as a visible stand-in.
"""

from __future__ import annotations

import unicodedata

__all__ = ["shortened", "visible"]

LONGEST = 60
"""Characters of a label that a box or a table shows."""

_CONTROLS = {
    **{c: 0x2400 + c for c in range(32)},  # ␀ and so on
    ord("\t"): ord("⇥"),  # fonts have these two more often than ␉ and ␊
    ord("\n"): ord("↵"),
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0x200E, 0x2010), 0xFFFD),  # marks and overrides of direction
    **dict.fromkeys(range(0x2028, 0x202F), 0xFFFD),
    0x2066: 0xFFFD,
    0x2067: 0xFFFD,
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),  # no UTF-8 for lone surrogates
    0xFFFE: 0xFFFD,
    0xFFFF: 0xFFFD,
}

FIRST, LAST = "\u2068", "\u2069"
"""Text that keeps its direction, and what stands around it its own."""


def visible(text: str) -> str:
    """The text with what cannot be printed replaced by what stands for it.

    >>> visible("a" + chr(0) + chr(10) + "b")
    'a␀↵b'
    """
    text = text.translate(_CONTROLS)
    if text.isascii():
        return text
    if text.count(FIRST) != text.count(LAST):
        text = text.replace(FIRST, "�").replace(LAST, "�")
    leftward = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text)
    return FIRST + text + LAST if leftward and FIRST not in text else text


def shortened(text: str, longest: int = LONGEST) -> str:
    """The beginning of a long text, with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
