"""The notebook runs from top to bottom, and its pictures and tables are there."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.engines import once

ROOT = Path(__file__).parent.parent.parent
NOTEBOOK = ROOT / "demos" / "chain_rule.ipynb"

nbformat = pytest.importorskip(
    "nbformat", reason="nbformat is not installed (extra: browser)"
)
nbclient = pytest.importorskip(
    "nbclient", reason="nbclient is not installed (extra: browser)"
)
pytest.importorskip("ipykernel", reason="ipykernel is not installed (extra: browser)")
pytestmark = [
    once,
    pytest.mark.skipif(
        shutil.which("dot") is None, reason="its pictures need Graphviz's dot"
    ),
]


@pytest.fixture(scope="module")
def cells(engine: str, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The notebook's code cells after a run in an empty folder, on this engine."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("AUTOGRAD_PURE", "1" if engine == "reference" else "0")
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        client = nbclient.NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute()  # raises if a cell does
    page = folder / "output" / "chain_rule.html"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(cell: Any, kind: str) -> list[str]:
    """What a cell shows of one MIME type."""
    return [o.data[kind] for o in cell.outputs if kind in o.get("data", {})]


def printed(cell: Any) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


def test_every_cell_runs_in_order_without_a_warning(cells: list[Any]) -> None:
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    streams = [o.name for c in cells for o in c.outputs if o.output_type == "stream"]
    assert set(streams) == {"stdout"}


def test_every_drawing_is_shown_inline_as_svg(cells: list[Any]) -> None:
    shown = [
        cell for cell in cells if cell.source.splitlines()[-1].startswith("ag.draw")
    ]
    assert len(shown) == 4
    for cell in shown:
        (picture,) = outputs(cell, "image/svg+xml")
        root = ElementTree.fromstring(picture[picture.index("<svg") :])
        assert root.tag.endswith("svg")
        assert len(root.findall(".//{http://www.w3.org/2000/svg}text")) > 5


def test_the_lectures_weight_has_two_paths_whose_sum_is_its_gradient(
    cells: list[Any],
) -> None:
    (cell,) = [c for c in cells if c.source.startswith("paths = ag.explain(L, W)")]
    rows = [
        line.rsplit("=", 1)[1].strip().replace("−", "-")
        for line in printed(cell).splitlines()
    ]
    first, second, total = map(float, rows)
    assert first * second < 0 < abs(first) - abs(second)
    assert first + second == pytest.approx(total, rel=1e-2)
    (compared,) = [c for c in cells if c.source.startswith("layer1, layer2, layer3")]
    by_hand, engine = map(
        float, re.findall(r"-?\d\.\d+", outputs(compared, "text/plain")[0])
    )
    assert by_hand == pytest.approx(engine, rel=1e-14)
    assert engine == pytest.approx(total, rel=1e-2)


def test_the_outputs_that_are_kept_are_current(cells: list[Any]) -> None:
    kept = [c for c in nbformat.read(NOTEBOOK, as_version=4).cells if "outputs" in c]
    assert len(kept) == len(cells)
    for old, new in zip(kept, cells):
        assert printed(old) == printed(new)
        for kind in ("text/plain", "image/svg+xml"):
            before, now = outputs(old, kind), outputs(new, kind)
            # Graphviz places things otherwise from version to version.
            words = [re.sub(r"<[^>]*>", " ", "".join(x)).split() for x in (before, now)]
            assert words[0] == words[1]
