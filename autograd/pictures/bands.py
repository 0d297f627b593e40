"""One gradient by the nodes of a cut: each a band as wide as what crosses there.

The color is the sign, so that terms which cancel are seen as what they are.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.core.graph import Node
from autograd.paths.explain import CutSum, explain
from autograd.paths.numerals import counted
from autograd.pictures.markup import (
    BANDS,
    ENDS,
    MUTED,
    arrow,
    box,
    cell,
    digraph,
    font,
    largest,
    quoted,
    text,
)
from autograd.pictures.paths import sum_table
from autograd.pictures.values import title, tooltip

__all__ = ["bands_view"]

WIDEST = 16.0
"""Of a band, in points."""


def bands_view(
    output: Node, wrt: Node, through: Any, limit: int | None = None
) -> tuple[str, int]:
    """DOT text with a band for each node of a cut, and the number of boxes.

    Args:
        output: what is differentiated.
        wrt: by what.
        through: the cut, as :func:`~autograd.paths.explain.explain` takes it.
        limit: of how many nodes; all by default.
    """
    total = explain(output, wrt, limit, through=through)
    assert isinstance(total, CutSum)
    named, summed = total.named(), total.table
    scale = largest([*(x.contribution for x in total.crossings), total.rest])
    lines = []
    for name, node in (("wrt", wrt), ("output", output)):
        called = named[node]
        lines.append(_box(name, title(node, called), [], tooltip(node, called)))

    def band(name: str, share: float) -> None:
        size = abs(share) / scale if scale and math.isfinite(share) else 1.0
        look = {
            "color": quoted(BANDS[share < 0.0]),
            "penwidth": f"{max(0.5, WIDEST * size):.3g}",
            "arrowhead": "none",
            "tailport": "e",
            "headport": "w",
            "tooltip": quoted(repr(share)),
        }
        lines.extend([arrow("wrt", name, **look), arrow(name, "output", **look)])

    shown = summed.printed
    order = []
    for i, x in enumerate(total.crossings):
        product = " · ".join(shown.factors[i])
        called, (sign, value) = named[x.node], shown.terms[i]
        said = [_paths(x.count), f"{product} {sign} {value}"]
        order.append(f"v{i}")
        hint = tooltip(x.node, called)
        lines.append(_box(order[-1], title(x.node, called), said, hint))
        band(order[-1], x.contribution)
    if total.others:
        others = _paths(total.others, "other ")
        order.append("rest")
        lines.append(_box("rest", others, [shown.terms[-1][1]], quoted(others)))
        band("rest", total.rest)
    lines.append(f"  {{ rank=same; {' -> '.join(order)} [style=invis]; }}")
    pens = [f"{BANDS[x.contribution < 0.0]} solid" for x in total.crossings]
    legend = "yellow: the two ends; orange: positive, purple: negative; width: size"
    label = sum_table(summed, pens, legend)
    look = {"labelloc": "b", "labeljust": "l", "ranksep": "1.1"}
    return digraph(lines, 2, label=label, **look), len(order) + 2


def _paths(count: float, which: str = "") -> str:
    return f"{counted(count)} {which}path{'s' * (count != 1)}"


def _box(name: str, called: str, rows: list[str], hint: str) -> str:
    said = [[cell(font(called, bold=True), "CENTER")]]
    said += [[cell(font(text(row), MUTED, 9), "CENTER")] for row in rows]
    return box(name, said, hint, "white" if rows else ENDS, 1.0)
