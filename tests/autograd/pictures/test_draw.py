"""A picture shows the numbers that the graph has, all of them, and nothing breaks it.

The DOT text is parsed back by Graphviz itself, and every number on it is compared
with the graph.
"""

from __future__ import annotations

import html
import json
import math
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.explain import explain
from autograd.graph import edges, topological_order
from autograd.pictures import render
from autograd.pictures.draw import draw
from autograd.pictures.groups import grouped
from autograd.pictures.names import names
from autograd.pictures.palette import (
    CONSTANT,
    ENDS,
    INK,
    MUTED,
    PATHS,
    UNDEFINED,
    contrast,
    number,
    shade,
    tint,
)

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="Graphviz's program dot is not on the PATH"
)

MINUS = "−"


def read(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("∞", "inf").replace("×", ""))


def shown(x: float) -> float:
    """What four significant digits leave of a number."""
    return float(f"{x:.4g}")


def same(x: float, y: float) -> bool:
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y and math.copysign(1.0, x) == math.copysign(1.0, y)


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
    ]
    nodes = {o["name"]: o for o in by_id.values() if "shape" in o or "nodes" not in o}
    nodes[""] = graph
    return nodes, arrows


def lecture(seed: int = 22, elementary: bool = False) -> tuple[Any, dict[str, Any]]:
    """The lecture's network M-3-2-1 with two inputs, and its parameters."""
    r = random.Random(seed)
    a = [ag.Value(1.5, label="x1"), ag.Value(-0.8, label="x2")]
    parameters = {}
    for layer, width in enumerate([3, 2, 1], 1):
        out = []
        for j in range(1, width + 1):
            ws = [
                ag.Value(r.uniform(-1, 1), label=f"W[{layer}]{j},{k}")
                for k in range(1, len(a) + 1)
            ]
            b = ag.Value(r.uniform(-0.3, 0.3), label=f"b[{layer}]{j}")
            parameters.update({p.label: p for p in [*ws, b]})
            if elementary:
                z = ws[0] * a[0]
                for w, x in zip(ws[1:], a[1:]):
                    z = z + w * x
                z = z + b
            else:
                z = ag.dot(ws, a, b)
            out.append(ag.sigmoid(z) if layer == 3 else ag.relu(z, 1.0))
        a = out
    return ag.bce(a[0], 1.0), parameters


def check_values(output: Any) -> None:
    """Every value, constant, edge and number of a graph stands in its picture."""
    order = topological_order(output)
    called = names(order)
    nodes, arrows = parsed(draw(output, full=True).source)
    constants = [
        (i, k, x)
        for i, node in enumerate(order)
        for k, x in enumerate(node.operands)
        if x.__class__ is float
    ]
    assert len(nodes) - 1 == len(order) + len(constants)
    for i, node in enumerate(order):
        box = nodes[f"n{i}"]
        title, data, grad = cells(box["label"])
        assert title[0].startswith(called[node])
        assert same(read(data[1]), shown(node.data))
        assert same(read(grad[1]), shown(node.grad))
        assert repr(node.data) in box["tooltip"]
        assert repr(node.grad) in box["tooltip"]
    for i, k, x in constants:
        assert same(read(nodes[f"c{i}_{k}"]["label"].split("= ")[-1]), shown(x))
    position = {node: i for i, node in enumerate(order)}
    uses = [
        (f"n{position[x]}", f"n{i}", node.partials[k])
        for i, node in enumerate(order)
        for k, x in edges(node)
    ]
    drawn = [arrow for arrow in arrows if arrow["tail"].startswith("n")]
    assert sorted((a["tail"], a["head"]) for a in drawn) == sorted(
        (tail, head) for tail, head, _ in uses
    )
    for tail, head, partial in uses:
        said = [a for a in drawn if (a["tail"], a["head"]) == (tail, head)]
        texts = [a.get("label", "").strip() for a in said]
        expected = "" if partial == 1.0 else f"×{number(partial, 3)}"
        assert expected in texts
        assert any(a["tooltip"] == f"local derivative {partial!r}" for a in said)


@needs_dot
@pytest.mark.parametrize("elementary", [False, True])
def test_every_number_of_the_lectures_network_is_shown(elementary: bool) -> None:
    loss, _ = lecture(elementary=elementary)
    check_values(loss)
    loss.backward()
    check_values(loss)


@needs_dot
def test_nan_inf_and_negative_zero_are_shown_as_they_are() -> None:
    a = ag.Value(0.0)
    output = ag.sqrt(a) * -0.0 + ag.Value(math.nan) * ag.Value(-math.inf) + a * a
    output.backward()
    check_values(output)
    source = draw(output).source
    assert UNDEFINED in source
    assert f"{MINUS}0<" in source


@needs_dot
def test_one_leaf_is_a_picture(tmp_path: Path) -> None:
    for form in ("png", "svg", "pdf", "dot"):
        path = tmp_path / f"leaf.{form}"
        draw(ag.Value(1.0), path)
        assert path.stat().st_size > 100
    nodes, arrows = parsed(draw(ag.Value(1.0)).source)
    assert cells(nodes["n0"]["label"]) == [["leaf"], ["data ", "1"], ["grad ", "0"]]
    assert not arrows


def test_equal_graphs_give_equal_bytes_in_another_process_too() -> None:
    code = (
        "import sys; sys.path[:0] = [{folder!r}]\n"
        "from autograd import _engine\n"
        "_engine.use({engine!r})\n"
        "import test_draw\n"
        "sys.stdout.buffer.write(test_draw.every_source().encode())"
    )
    code = code.format(folder=os.fspath(Path(__file__).parent), engine=ag.engine)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {every_source().encode()}


def every_source() -> str:
    """The DOT text of all views of two graphs."""
    texts = []
    for elementary in (False, True):
        loss, parameters = lecture(elementary=elementary)
        loss.backward()
        texts += [draw(loss, view=view).source for view in ("values", "neurons")]
        texts.append(draw(loss, wrt=parameters["W[1]2,2"]).source)
    return "\n".join(texts)


def test_drawing_changes_nothing() -> None:
    loss, parameters = lecture()
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


def test_the_lectures_network_is_drawn_in_under_a_second_besides_dot() -> None:
    loss, parameters = lecture(elementary=True)
    start = time.process_time()
    for view in ("values", "neurons"):
        draw(loss, view=view)
    draw(loss, wrt=parameters["W[1]2,2"])
    assert time.process_time() - start < 1.0


# The paths view


@needs_dot
def test_the_paths_are_colored_and_their_table_sums_to_the_gradient() -> None:
    loss, parameters = lecture()
    w = parameters["W[1]2,2"]
    nodes, arrows = parsed(draw(loss, wrt=w).source)
    taken = explain(loss, w, 4)
    loss.backward()
    assert taken.total == w.grad
    assert taken.count == 2

    table = cells(nodes[""]["label"])
    assert [row[1] for row in table] == ["path 1", "path 2", "sum"]
    for row, contribution in zip(
        table, [*(path.contribution for path in taken.paths), taken.total]
    ):
        assert read(row[4].removeprefix("= ")) == shown(contribution)
    for row, path in zip(table, taken.paths):
        factors = [float(f"{p:.3g}") for p in path.partials if p != 1.0]
        assert [read(t) for t in row[3].split(" · ")] == factors
        assert row[2].endswith("z[3]1 → ŷ → L")

    colored = {
        (a["tail"], a["head"]): a["color"].split(":")
        for a in arrows
        if a["color"].startswith(PATHS[:2])
    }
    assert sum(colors == list(PATHS[:2]) for colors in colored.values()) == 4
    for color, path in zip(PATHS, taken.paths):
        on = [a for a in arrows if color in a["color"].split(":")]
        assert sorted(read(cells(a["label"])[0][0]) for a in on) == sorted(
            float(f"{p:.3g}") for p in path.partials
        )
        assert {repr(p) for p in path.partials} == {
            a["tooltip"].removeprefix("local derivative ") for a in on
        }
    others = {b["label"] for name, b in nodes.items() if "_" in name}
    weights = ["W[2]1,2", "W[2]2,2", "W[3]1,1", "W[3]1,2"]
    assert others == {
        f"x2 {MINUS}0.8",
        "y = 1",
        *(f"{label} {number(parameters[label].data)}" for label in weights),
    }


@needs_dot
def test_of_many_paths_four_are_drawn_and_the_rest_is_one_row() -> None:
    a = x = ag.Value(1.0, label="a")
    for _ in range(5):
        x = x * 0.75 + x * 0.5
    nodes, arrows = parsed(draw(x, wrt=a).source)
    table = cells(nodes[""]["label"])
    assert [row[1] for row in table] == [*(f"path {i}" for i in range(1, 5)), "", "sum"]
    assert "28 other paths" in table[4][2]
    assert {c for a in arrows for c in a["color"].split(":")} >= set(PATHS)
    amounts = [read(row[4].removeprefix("= ")) for row in table]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], rel=1e-3)


@needs_dot
def test_a_square_has_two_parallel_colored_edges() -> None:
    a = ag.Value(3.0, label="a")
    _, arrows = parsed(draw(a * a, wrt=a).source)
    assert [arrow["color"] for arrow in arrows] == list(PATHS[:2])


@needs_dot
def test_a_value_without_paths_stands_alone() -> None:
    nodes, arrows = parsed(draw(ag.Value(1.0) * 2.0, wrt=ag.Value(5.0)).source)
    assert not arrows
    assert "of 0 paths" in nodes[""]["label"]


# The neurons view


@needs_dot
def test_every_neuron_shows_its_parameters_and_gradients() -> None:
    loss, parameters = lecture(elementary=True)
    loss.backward()
    nodes, _ = parsed(draw(loss, view="neurons").source)
    rows = {
        row[0]: row[1:]
        for box in nodes.values()
        for row in cells(box.get("label", ""))
        if len(row) == 3
    }
    for label, parameter in parameters.items():
        assert read(rows[label][0]) == shown(parameter.data)
        assert read(rows[label][1]) == shown(parameter.grad)
    titles = {cells(b["label"])[0][0] for n, b in nodes.items() if n.startswith("g")}
    assert {"a[1]2 = ReLU(w·x + b)", "ŷ = σ(w·x + b)", "L = BCE", "x1"} <= titles
    assert "57 values collapsed into 9 boxes" in nodes[""]["label"]


@needs_dot
def test_wide_neurons_show_norms_unless_full() -> None:
    ws = [ag.Value(0.1 * k, label=f"W[1]1,{k}") for k in range(1, 21)]
    b = ag.Value(0.5, label="b[1]1")
    z = ag.dot(ws, [0.01 * k for k in range(20)], b)
    z.backward()
    nodes, _ = parsed(draw(z, view="neurons").source)
    (box,) = (b for n, b in nodes.items() if n.startswith("g"))
    rows = {row[0]: row[1:] for row in cells(box["label"])}
    norm = rows["W[1]1,1 … W[1]1,20"]
    assert read(norm[0].split()[1]) == shown(math.hypot(*(w.data for w in ws)))
    assert read(norm[1].split()[1]) == shown(math.hypot(*(w.grad for w in ws)))
    assert "full=True" in nodes[""]["label"]
    full, _ = parsed(draw(z, view="neurons", full=True).source)
    (box,) = (b for n, b in full.items() if n.startswith("g"))
    assert "W[1]1,13" in {row[0] for row in cells(box["label"])}


@st.composite
def graphs(draw_: st.DrawFn) -> Any:
    """A random graph with sharing, some of it labeled as a network's parameters."""
    label = st.sampled_from(["", "", "a", "W[1]1,1", "W[1]1,2", "b[1]1", "b[2]1"])
    nodes = [
        ag.Value(draw_(st.floats(-2, 2)), label=draw_(label))
        for _ in range(draw_(st.integers(1, 6)))
    ]
    for _ in range(draw_(st.integers(0, 30))):
        x, y = draw_(st.sampled_from(nodes)), draw_(st.sampled_from(nodes))
        made = draw_(
            st.sampled_from([ag.Value.__add__, ag.Value.__mul__, ag.Value.tanh])
        )
        node = made(x) if made is ag.Value.tanh else made(x, y)
        node.label = draw_(st.sampled_from(["", "", "", "named"]))
        nodes.append(node)
    return nodes[-1]


@given(graphs())
def test_the_groups_hold_every_value_once(output: Any) -> None:
    order = topological_order(output)
    grouping = grouped(order)
    held = [node for group in grouping.groups for node in group.nodes]
    assert sorted(map(id, held)) == sorted(map(id, order))
    member = {id(node): group for group in grouping.groups for node in group.nodes}
    uses = [
        (member[id(x)], member[id(node)])
        for node in order
        for _, x in edges(node)
        if member[id(x)] is not member[id(node)]
    ]
    assert {pair: uses.count(pair) for pair in uses} == grouping.uses


def test_above_200_values_neurons_are_the_default_and_full_undoes_it() -> None:
    x = ag.Value(1.0)
    for _ in range(200):
        x = x * 1.01
    assert "201 values collapsed" in draw(x).source
    assert "collapsed" not in draw(x, full=True).source
    assert "collapsed" not in draw(x.operands[0]).source


@needs_dot
def test_ten_thousand_leaves_are_drawn_collapsed(tmp_path: Path) -> None:
    leaves = [ag.Value(float(i), label=f"v{i}") for i in range(10_000)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf * leaf
    start = time.process_time()
    drawing = draw(total, tmp_path / "leaves.png")
    assert time.process_time() - start < 10
    assert "29,998 values collapsed into 2 boxes" in drawing.source
    with pytest.raises(ValueError, match=r"more than the 1,000 .* as PNG"):
        draw(total, tmp_path / "values.png", view="values")
    with pytest.raises(ValueError, match=r"more than the 5,000 .* as SVG"):
        draw(total, tmp_path / "values.svg", view="values")
    assert os.listdir(tmp_path) == ["leaves.png"]


@needs_dot
def test_a_tangle_of_thousands_is_cut_into_slices() -> None:
    r = random.Random(1)
    nodes = [ag.Value(r.random()) for _ in range(50)]
    for _ in range(3000):
        x, y = r.sample(nodes[-60:], 2)
        nodes.append(ag.tanh(x + y) if r.random() < 0.5 else x * y)
    for i, node in enumerate(nodes[50:]):
        node.label = f"v{i}"
    drawing = draw(ag.sum(nodes))
    assert drawing.boxes <= 25
    held = sum(
        int(count.replace(",", ""))
        for count in re.findall(r">([\d,]+) values:", drawing.source)
    )
    assert held == len(topological_order(ag.sum(nodes)))


# Files, limits and engines


def chain(n: int) -> Any:
    x = ag.Value(1.0)
    for _ in range(n):
        x = ag.tanh(x)
    return x


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
    with pytest.raises(ValueError, match="timeout must be positive"):
        draw(x, timeout=0)
    with pytest.raises(TypeError, match="output must be a Value, got float"):
        draw(1.0)
    with pytest.raises(TypeError, match="wrt must be a Value, got str"):
        draw(x, wrt="x")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        draw(x, tmp_path / "none" / "graph.dot")


def test_too_large_graphs_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"write an \.svg or the \.dot text"):
        draw(chain(1_000), tmp_path / "a.png", view="values")
    with pytest.raises(ValueError, match=r"neurons', write the \.dot text"):
        draw(chain(5_000), tmp_path / "a.svg", view="values")
    draw(chain(5_000), tmp_path / "a.dot", view="values")
    assert (tmp_path / "a.dot").read_text().count("->") == 5_000
    with pytest.raises(ValueError, match="as SVG"):
        draw(chain(5_000), view="values")._repr_mimebundle_()


@needs_dot
def test_a_bitmap_that_was_scaled_down_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="to fit"):
        draw(chain(500), tmp_path / "a.png", view="values", timeout=120)


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


NASTY = [
    "<script>alert(1)</script>",
    '"',
    "\\N \\G \\l \\",
    "&lt;b&gt; &amp;",
    "a\nb\r\tc",
    "nul\0bell\x07",
    "\ud800 lone \uffff",
    "🙂 é ß 漢字",
    "]]> --> <!-- {a|b} <B>",
    "'; DROP",
    "W[1]<,&",
    " ",
]


@needs_dot
@pytest.mark.parametrize("label", NASTY)
def test_a_label_is_text_in_every_view_and_format(label: str, tmp_path: Path) -> None:
    stands_for = {
        **{i: 0x2400 + i for i in range(32)},
        9: 0x21E5,
        10: 0x21B5,
        0xD800: 0xFFFD,
        0xFFFF: 0xFFFD,
    }
    a = ag.Value(2.0, label=label)
    output = a * 3.0 + a
    output.label = label
    for view, wrt in (("values", None), ("neurons", None), ("paths", a)):
        path = tmp_path / "a.svg"
        draw(output, path, view=view, wrt=wrt)
        root = ElementTree.parse(path).getroot()
        texts = [
            "".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")
        ]
        expected = " ".join(label.translate(stands_for).split())
        assert any(expected in " ".join(t.split()) for t in texts)
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    draw(output, tmp_path / "a.png")


def test_a_label_of_any_length_is_shortened_in_the_box_only() -> None:
    source = draw(ag.Value(1.0, label="x" * 10_000)).source
    assert "x" * 10_000 in source
    assert f"<B>{'x' * 59}…</B>" in source


def program(folder: Path, text: str) -> None:
    """Put a program called dot there."""
    path = folder / "dot"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_slow_dot_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    program(
        tmp_path,
        "import os, subprocess, sys, time\n"
        "sleep = 'import time; time.sleep(60)'\n"
        "child = subprocess.Popen([sys.executable, '-c', sleep])\n"
        f"open({os.fspath(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)\n",
    )
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    start = time.monotonic()
    with pytest.raises(render.RenderError, match="stopped after 2 seconds"):
        draw(ag.Value(1.0), tmp_path / "a.svg", timeout=2)
    assert time.monotonic() - start < 20
    assert not (tmp_path / "a.svg").exists()
    left = [int(pid) for pid in pids.read_text().split()]
    while left and time.monotonic() - start < 20:  # dying takes the system a moment
        left = [pid for pid in left if running(pid)]
    assert not left


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "State:\tZ" in status.read_text())


def test_what_a_failing_dot_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "import sys\nsys.exit('out of luck')\n")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(render.RenderError, match="exit code 1: out of luck"):
        draw(ag.Value(1.0), tmp_path / "a.svg")
    assert os.listdir(tmp_path) == ["dot"]


def test_a_dot_without_fonts_is_an_error_and_no_blank_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "print('the same boxes whatever the letters')\n")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    for form in ("png", "pdf"):
        with pytest.raises(render.NoUsableFont, match="fonts-dejavu"):
            draw(ag.Value(1.0), tmp_path / f"a.{form}")
    assert os.listdir(tmp_path) == ["dot"]


@needs_dot
def test_the_real_dot_without_fonts_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{tmp_path}/none</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", os.fspath(tmp_path / "fonts.conf"))
    monkeypatch.setattr(render, "_fonts", {})
    with pytest.raises(render.NoUsableFont):
        draw(ag.Value(1.0), tmp_path / "a.png")


def test_without_dot_the_text_is_saved_and_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    with pytest.raises(render.GraphvizNotFound) as caught:
        draw(ag.Value(1.0), tmp_path / "graph.png")
    said = str(caught.value)
    for part in ("apt-get", "dnf", "brew", "winget", "conda", "pygraphviz", "wrapper"):
        assert part in said
    assert os.fspath(tmp_path / "graph.dot") in said
    assert (tmp_path / "graph.dot").read_text() == draw(ag.Value(1.0)).source
    assert os.listdir(tmp_path) == ["graph.dot"]


@needs_dot
def test_without_dot_pygraphviz_draws_in_a_child_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dot = shutil.which("dot")
    (tmp_path / "pygraphviz.py").write_text(
        "import subprocess\n"
        "class AGraph:\n"
        "    def __init__(self, string): self.string = string\n"
        "    def draw(self, format, prog, args):\n"
        f"        command = [{dot!r}, '-T' + format, *args.split()]\n"
        "        source = self.string.encode()\n"
        "        return subprocess.check_output(command, input=source)\n"
    )
    drawn = draw(ag.Value(1.0, label="ŷ"))._repr_svg_()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "empty"))
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    assert draw(ag.Value(1.0, label="ŷ"))._repr_svg_() == drawn
    draw(ag.Value(1.0), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "pygraphviz" not in sys.modules


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


# Colors


@given(st.floats(-1, 1), st.floats(0, 1))
def test_text_is_readable_on_every_fill(x: float, scale: float) -> None:
    assert contrast(INK, tint(x, scale)) >= 4.5
    assert contrast(INK, shade(abs(x), scale)) >= 4.5


def test_text_is_readable_on_the_other_fills() -> None:
    for fill in (UNDEFINED, CONSTANT, ENDS, "#f6f8fa", "#ffffff"):
        assert contrast(INK, fill) >= 4.5
        assert contrast(MUTED, fill) >= 4.5
    for color in PATHS:
        assert contrast(color, "#ffffff") >= 3.0  # WCAG 1.4.11, for lines


def test_the_sign_of_a_gradient_is_seen_in_grey_or_by_its_minus() -> None:
    assert number(-0.5).startswith(MINUS)
    assert tint(0.5, 1.0) != tint(-0.5, 1.0)
    assert tint(math.inf, 1.0) == tint(1.0, 1.0)
