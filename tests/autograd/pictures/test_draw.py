"""Drawing reads a graph and changes nothing; what is too large is refused."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd as ag
from autograd.core.graph import topological_order
from autograd.pictures.draw import draw
from autograd.pictures.render import RenderError
from tests.autograd.pictures.dot import (
    cells,
    chain,
    needs_dot,
    parsed,
)
from tests.autograd.pictures.lecture import network
from tests.engines import once

ROOT = Path(__file__).parents[3]


@needs_dot
def test_one_leaf_is_a_picture(tmp_path: Path) -> None:
    for form in ("png", "svg", "pdf", "dot"):
        path = tmp_path / f"leaf.{form}"
        draw(ag.Value(1.0), path)
        assert path.stat().st_size > 100
    nodes, arrows = parsed(draw(ag.Value(1.0)).source)
    assert cells(nodes["n0"]["label"]) == [["v1"], ["data ", "1"], ["grad ", "–"]]
    assert not arrows


def test_equal_graphs_give_equal_bytes_in_any_process_and_on_any_engine() -> None:
    code = (
        "import sys\n"
        "from tests.autograd.pictures.test_draw import every_source\n"
        "sys.stdout.buffer.write(every_source().encode())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "AUTOGRAD_PURE": pure},
        ).stdout
        for seed, pure in (("1", "1"), ("2", "0"))
    }
    assert outputs == {every_source().encode()}


def every_source() -> str:
    """The DOT text of all views of two graphs."""
    texts = []
    for elementary in (False, True):
        loss, parameters = network(elementary)
        loss.backward()
        texts += [draw(loss, view=view).source for view in ("values", "neurons")]
        texts.append(draw(loss, wrt=parameters["W[1]2,2"]).source)
    return "\n".join(texts)


def test_drawing_changes_nothing() -> None:
    loss, parameters = network()
    loss.backward()
    before = [(x.data, x.grad, x.label, x.partials) for x in topological_order(loss)]
    for view in ("values", "neurons"):
        draw(loss, view=view)
    draw(loss, wrt=parameters["W[1]2,2"])
    after = [(x.data, x.grad, x.label, x.partials) for x in topological_order(loss)]
    assert before == after
    loss.backward()
    for parameter, (_, grad, _, _) in zip(topological_order(loss), before):
        if not parameter.op:
            assert parameter.grad == 2 * grad


def test_above_200_values_neurons_are_the_default_and_full_undoes_it() -> None:
    x = ag.Value(1.0)
    for _ in range(200):
        x = x * 1.01
    assert "201 values collapsed" in draw(x).source
    assert "collapsed" not in draw(x, full=True).source
    assert "collapsed" not in draw(x.operands[0]).source


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    for name in ("graph.jpg", "graph"):
        with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf, \.dot or \.html"):
            draw(ag.Value(1.0), tmp_path / name)


def test_bad_arguments_are_named(tmp_path: Path) -> None:
    x = ag.Value(1.0)
    with pytest.raises(ValueError, match="view must be one of values, paths, neurons"):
        draw(x, view="tree")
    with pytest.raises(ValueError, match="view='paths' needs wrt="):
        draw(x, view="paths")
    with pytest.raises(ValueError, match="wrt goes with view='paths'"):
        draw(x, view="values", wrt=x)
    for timeout in (0, math.nan, math.inf):
        with pytest.raises(ValueError, match="timeout must be positive and finite"):
            draw(x, timeout=timeout)
    with pytest.raises(TypeError, match="timeout must be a number, got str"):
        draw(x, timeout="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path must be a str or a path, got int"):
        draw(x, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="output must be a Value, got float"):
        draw(1.0)
    with pytest.raises(TypeError, match="wrt must be a Value, got str"):
        draw(x, wrt="x")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        draw(x, tmp_path / "none" / "graph.dot")


def test_too_large_graphs_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"write an \.svg or the \.dot text"):
        draw(chain(1_000), tmp_path / "a.png", view="values")
    draw(chain(5_000), tmp_path / "a.dot", view="values")
    assert (tmp_path / "a.dot").read_text().count("->") == 5_000


@needs_dot
def test_jupyter_gets_svg_and_the_text_can_be_rendered_again(tmp_path: Path) -> None:
    drawing = draw(chain(2))
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert "<svg" in bundle["image/svg+xml"]
    assert drawing._repr_svg_() == bundle["image/svg+xml"]
    drawing.render(tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == bundle["image/svg+xml"]
    assert drawing.to_graphviz().source == drawing.source
    drawing.render(tmp_path / "again.dot")
    assert (tmp_path / "again.dot").read_text() == drawing.source


def test_a_file_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.dot").write_text("before")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        draw(ag.Value(1.0), tmp_path / "a.dot")
    assert os.listdir(tmp_path) == ["a.dot"]
    assert (tmp_path / "a.dot").read_text() == "before"


@needs_dot
def test_a_path_is_a_string_a_path_or_bytes_and_its_suffix_of_any_case(
    tmp_path: Path,
) -> None:
    for path in (tmp_path / "a.svg", f"{tmp_path}/b.SVG", os.fsencode(f"{tmp_path}/c")):
        draw(ag.Value(1.0), path + b".svg" if isinstance(path, bytes) else path)
    written = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(written) == 3
    assert len(set(written)) == 1


@once
@needs_dot
def test_what_is_above_a_limit_is_drawn_if_forced(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="stopped after"):
        draw(chain(1_000), tmp_path / "a.png", view="values", force=True, timeout=0.01)
    draw(chain(1_001), tmp_path / "a.svg", view="values", timeout=120)
    assert (tmp_path / "a.svg").read_bytes().count(b"tanh") >= 1_001


@once
@needs_dot
def test_constants_do_not_count_towards_a_limit(tmp_path: Path) -> None:
    x = ag.Value(1.0)
    for _ in range(999):
        x = x * 1.0
    drawing = draw(x, tmp_path / "a.svg", view="values", timeout=120)
    assert drawing.boxes == 1_000
    with pytest.raises(RenderError, match="stopped after"):  # tried, and not refused
        draw(x, tmp_path / "a.png", view="values", timeout=0.01)
