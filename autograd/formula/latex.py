"""Names and numbers in LaTeX, for any label and every numeral."""

from __future__ import annotations

import re

__all__ = ["latex_name", "latex_number", "latex_text"]

_INDEXED = re.compile(
    r"(.*?)([A-Za-z]|ŷ)(?:\[(\d+)\])?(\d+(?:,\d+)?)?(?:\((\d+)\))?", re.DOTALL
)

_SPECIAL = {
    "\\": r"\backslash ",
    "^": r"\wedge ",
    "~": r"\sim ",
    **{c: f"\\{c}" for c in "{}$&#%_"},
}


def latex_name(name: str) -> str:
    """A value's name in the lecture's notation; any other label as the text it is.

    >>> latex_name("W[1]2,3"), latex_name("ŷ(4)"), latex_name("v12")
    ('W^{[1]}_{2,3}', '\\\\hat{y}^{(4)}', 'v_{12}')
    >>> latex_name("my loss")
    '\\\\text{my loss}'
    """
    match = _INDEXED.fullmatch(name)
    if match is None or (match[1] and match[3] is None):
        return latex_text(name)
    prefix, letter, layer, unit, example = match.groups()
    above = (f"[{layer}]" if layer else "") + (f"({example})" if example else "")
    return (
        latex_text(prefix)
        + letter.replace("ŷ", r"\hat{y}")
        + (f"^{{{above}}}" if above else "")
        + (f"_{{{unit}}}" if unit else "")
    )


def latex_text(text: str) -> str:
    """Text within mathematics, in which nothing is a command.

    >>> latex_text("50% of {x}")
    '\\\\text{50}\\\\%\\\\text{ of }\\\\{\\\\text{x}\\\\}'
    """
    pieces = re.split(r"([\\^~{}$&#%_])", text)
    return "".join(
        _SPECIAL.get(piece, f"\\text{{{piece}}}") for piece in pieces if piece
    )


def latex_number(text: str) -> str:
    """A numeral as :mod:`~autograd.paths.numerals` writes it.

    >>> latex_number("−1.5e−10"), latex_number("+∞")
    ('-1.5\\\\cdot10^{-10}', '+\\\\infty')
    """
    text = text.strip().replace("−", "-").replace("∞", r"\infty")
    if text.endswith("nan"):
        return r"\mathrm{nan}"
    return re.sub(r"e(-?\d+)", r"\\cdot10^{\1}", text)
