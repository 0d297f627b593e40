"""The pieces of DOT that the views are written with, and any text made safe in them.

A label is text, whatever stands in it: markup, quotes, Graphviz's own escapes such
as a backslash before N, control characters. It shows as it was written, and where
no glyph exists for it, as a visible stand-in.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from autograd.pictures.palette import INK
from autograd.pictures.render import FONT

LONGEST = 60
"""Characters of a label that a box shows; its tooltip has all of them."""

_CONTROLS = {
    **{c: 0x2400 + c for c in range(32)},  # ␀ and so on
    ord("\t"): ord("⇥"),  # fonts have these two more often than ␉ and ␊
    ord("\n"): ord("↵"),
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),  # no UTF-8 for lone surrogates
    0xFFFE: 0xFFFD,
    0xFFFF: 0xFFFD,
}


def visible(text: str) -> str:
    """The text with what cannot be printed replaced by what stands for it.

    >>> visible("a" + chr(0) + chr(10) + "b")
    'a␀↵b'
    """
    return text.translate(_CONTROLS)


def shortened(text: str, longest: int = LONGEST) -> str:
    """The beginning of a long text, with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def text(label: str, longest: int = LONGEST) -> str:
    """A label as text within an HTML-like label of DOT.

    >>> text('<b> "q" ' + chr(92) + "N")
    '&lt;b&gt; &quot;q&quot; \\\\\\\\N'
    """
    return html.escape(visible(shortened(label, longest))).replace("\\", "\\\\")


def quoted(label: str) -> str:
    """A label as an attribute between quotes, all of it.

    Graphviz takes backslashes in a tooltip away one more time in some versions than
    in others, so that a look-alike stands in.
    """
    return f'"{html.escape(visible(label)).replace(chr(92), "⧵")}"'


def font(inner: str, color: str = "", size: float = 0.0, bold: bool = False) -> str:
    """Text, already safe, in a color, size or weight."""
    if not inner:
        return inner
    if bold:
        inner = f"<B>{inner}</B>"
    attributes = f' COLOR="{color}"' if color else ""
    attributes += f' POINT-SIZE="{size:g}"' if size else ""
    return f"<FONT{attributes}>{inner}</FONT>" if attributes else inner


def cell(inner: str, align: str = "LEFT", span: int = 1, fill: str = "") -> str:
    """One cell of a table."""
    attributes = f' ALIGN="{align}"'
    attributes += f' COLSPAN="{span}"' if span > 1 else ""
    attributes += f' BGCOLOR="{fill}"' if fill else ""
    return f"<TD{attributes}>{inner}</TD>"


def table(rows: Iterable[Sequence[str]], padding: int = 1, border: str = "") -> str:
    """A table of rows of cells, as an HTML-like label; a border has a color."""
    body = "".join(f"<TR>{''.join(row)}</TR>" for row in rows)
    outer = f'BORDER="1" COLOR="{border}"' if border else 'BORDER="0"'
    return (
        f'<<TABLE {outer} CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">'
        f"{body}</TABLE>>"
    )


def raised(inner: str) -> str:
    """A label of an arrow, some way above its line."""
    rows = [[cell(inner, "CENTER")], ['<TD HEIGHT="4"></TD>']]
    return table(rows, padding=0)


def attributes(**pairs: str) -> str:
    """A list of attributes; a value is bare if it is a word, markup or quoted."""
    return ", ".join(
        f"{name}={value}"
        if value.isidentifier() or value[:1] in '<"'
        else f'{name}="{value}"'
        for name, value in pairs.items()
    )


def statement(name: str, **pairs: str) -> str:
    """A node with its attributes."""
    return f"  {name} [{attributes(**pairs)}];"


def arrow(tail: str, head: str, **pairs: str) -> str:
    """An edge with its attributes."""
    listed = f" [{attributes(**pairs)}]" if pairs else ""
    return f"  {tail} -> {head}{listed};"


def digraph(lines: Iterable[str], **pairs: str) -> str:
    """A graph from left to right, in the style of all the pictures."""
    style = {
        "rankdir": "LR",
        "bgcolor": "white",
        "fontname": FONT,
        "fontcolor": INK,
        "nodesep": "0.14",
        "ranksep": "0.45",
        **pairs,
    }
    head = [
        "digraph autograd {",
        f"  graph [{attributes(**style)}];",
        f"  node [{attributes(shape='box', fontname=FONT, fontsize='11')}];",
        f"  edge [{attributes(fontname=FONT, fontsize='9', arrowsize='0.6')}];",
    ]
    return "\n".join([*head, *lines, "}", ""])
