"""DOT text as Graphviz itself reads it, so that its numbers can be compared."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import Any

import pytest

import autograd as ag
from autograd.paths.numerals import number

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="Graphviz's program dot is not on the PATH"
)


MINUS = "−"


def read(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("∞", "inf").replace("×", ""))


def shown(x: float) -> float:
    """What four significant digits leave of a number."""
    return read(number(x))


def cells(label: str) -> list[list[str]]:
    """The text in each cell of an HTML-like label, row by row."""
    rows = re.findall(r"<TR>(.*?)</TR>", label, re.DOTALL)
    return [
        [
            html.unescape(re.sub(r"<[^>]*>", "", inner)).replace("\\\\", "\\")
            for inner in re.findall(r"<TD[^>]*>(.*?)</TD>", row, re.DOTALL)
        ]
        for row in rows
    ]


def parsed(source: str) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """The nodes by name and the edges, as Graphviz reads them."""
    answer = subprocess.run(
        ["dot", "-Tdot_json"], input=source.encode(), capture_output=True, check=True
    )
    graph = json.loads(answer.stdout)
    by_id = {o["_gvid"]: o for o in graph.get("objects", [])}
    arrows = [
        {
            **edge,
            "tail": by_id[edge["tail"]]["name"],
            "head": by_id[edge["head"]]["name"],
        }
        for edge in graph.get("edges", [])
        if edge.get("style") != "invis"  # these keep units in their order
    ]
    nodes = {o["name"]: o for o in by_id.values() if "shape" in o or "nodes" not in o}
    nodes[""] = graph
    return nodes, arrows


def chain(n: int) -> Any:
    x = ag.Value(1.0)
    for _ in range(n):
        x = ag.tanh(x)
    return x
