"""How the pictures look: the pieces of DOT that they are written with, and the colors.

A gradient is tinted by its sign and size, orange for plus and purple for minus: the two
ends stay apart for every kind of color vision. All fills are light enough that one dark
ink has at least the contrast 4.5 : 1 on each, as WCAG 2 asks for.

A label is text, whatever stands in it: markup, quotes, Graphviz's own escapes such as a
backslash before N, control characters. It shows as it was written, and where no glyph
exists for it, as a visible stand-in.
"""

from __future__ import annotations

import html
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from autograd.paths.labels import FIRST, LONGEST, shortened, visible
from autograd.paths.names import unit
from autograd.pictures.render import FONT

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


def box(
    name: str,
    rows: Iterable[Sequence[str]],
    hint: str,
    fill: str = "white",
    pen: float = 0.8,
    color: str = INK,
    padding: int = 1,
) -> str:
    """A box with rows of cells."""
    return statement(
        name,
        label=table(rows, padding),
        style="rounded,filled",
        fillcolor=fill,
        color=color,
        fontcolor=INK,
        penwidth=f"{pen:g}",
        margin="0.08,0.05",
        tooltip=hint,
    )


def pale(name: str, label: str, hint: str, fill: str, **pairs: str) -> str:
    """A small box with what is shown for context only."""
    return statement(
        name,
        label=label,
        style="rounded,filled",
        fillcolor=fill,
        color=PALE,
        margin="0.06,0.03",
        height="0.2",
        width="0.3",
        tooltip=hint,
        **{"fontcolor": INK, **pairs},
    )


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


def in_order(called: Iterable[tuple[str, str, int]]) -> list[str]:
    """Statements that keep the units of each layer in their order.

    Args:
        called: of each box its identifier, its name, and how deep it stands.
    """
    layers: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for identifier, name, depth in called:
        found = unit(name)
        if found:
            layers[found[0], depth].append((found[1], identifier))
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
