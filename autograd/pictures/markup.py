"""The pieces of DOT that the views are written with, and any text made safe in them.

A label is text, whatever stands in it: markup, quotes, Graphviz's own escapes such
as a backslash before N, control characters. It shows as it was written, and where
no glyph exists for it, as a visible stand-in.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from autograd.paths.labels import FIRST, LONGEST, shortened, visible
from autograd.pictures.palette import INK, MUTED
from autograd.pictures.render import FONT


def text(label: str, longest: int = LONGEST) -> str:
    """A label as text within an HTML-like label of DOT.

    >>> text('<b> "q" ' + chr(92) + "N")
    '&lt;b&gt; &quot;q&quot; \\\\\\\\N'
    """
    safe = html.escape(visible(shortened(label, longest))).replace("\\", "\\\\")
    return f"\u200e{safe}" if FIRST in safe[1:] else safe  # rightward as a whole


LONGEST_HINT = 2_000
"""Characters of a tooltip: in some versions Graphviz takes no more than 16,384, and
one that is escaped counts up to six."""


def quoted(label: str) -> str:
    """A label as an attribute between quotes, all of it unless it is very long.

    Graphviz takes backslashes in a tooltip away one more time in some versions than
    in others, so that a look-alike stands in.
    """
    label = visible(shortened(label, LONGEST_HINT))
    return f'"{html.escape(label).replace(chr(92), "⧵")}"'


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


def caption(said: str) -> dict[str, str]:
    """A line below the picture."""
    line = font(text(said, 300), MUTED, 10)
    return {"label": f"<{line}>", "labelloc": "b", "labeljust": "l"}


DEEP = 4
"""Steps above which a picture goes down instead of to the right: a page scrolls so."""

UNIT = re.compile(r"(.*[az]\[\d+\])(\d+)(.*)", re.DOTALL)


def in_order(called: Iterable[tuple[str, str, int]]) -> list[str]:
    """Statements that keep the units of each layer in their order.

    Args:
        called: of each box its identifier, its name, and how deep it stands.
    """
    layers: dict[tuple[str, str, int], list[tuple[int, str]]] = defaultdict(list)
    for identifier, name, depth in called:
        match = UNIT.fullmatch(name)
        if match:
            layers[match[1], match[3], depth].append((int(match[2]), identifier))
    return [
        f"  {{ rank=same; {' -> '.join(x for _, x in sorted(units))} [style=invis]; }}"
        for units in layers.values()
        if len(units) > 1
    ]


def digraph(lines: Iterable[str], depth: int, **pairs: str) -> str:
    """A graph in the style of all the pictures, so many steps deep."""
    style = {
        "rankdir": "TB" if depth > DEEP else "LR",
        "bgcolor": "white",
        "fontname": FONT,
        "fontcolor": INK,
        "nodesep": "0.14",
        "ranksep": "0.3" if depth > DEEP else "0.45",
        "fontsize": "11",
        **pairs,
    }
    head = [
        "digraph autograd {",
        f"  graph [{attributes(**style)}];",
        f"  node [{attributes(shape='box', fontname=FONT, fontsize='11')}];",
        f"  edge [{attributes(fontname=FONT, fontsize='9', arrowsize='0.6')}];",
    ]
    return "\n".join([*head, *lines, "}", ""])
