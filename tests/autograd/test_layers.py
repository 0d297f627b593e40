"""The folders are layers: each one imports from those below it alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
from tests.engines import once

ROOT = Path(autograd.__file__).parent

LAYERS = (
    *("table", "core", "native", "derivatives", "formula", "paths", "program"),
    *("pictures", "testing"),
)
"""From the bottom up."""


def imported(path: Path) -> Iterator[str]:
    """The layers that a file imports from, within its functions, too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "autograd":
            names = [f"autograd.{a.name}" for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "autograd" and rest.split(".")[0] in LAYERS:
                yield rest.split(".")[0]


@once
def test_every_folder_is_a_layer() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert folders == set(LAYERS)


@once
@pytest.mark.parametrize("layer", LAYERS)
def test_no_import_climbs(layer: str) -> None:
    below = LAYERS[: LAYERS.index(layer) + 1]
    for path in (ROOT / layer).rglob("*.py"):
        assert set(imported(path)) <= set(below), path
