"""The graph for those who have no Graphviz: a terminal, a notebook, a plain SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import pytest

import autograd as ag
import nn
from autograd.core.graph import topological_order
from autograd.paths.explain import explain
from autograd.paths.names import names
from autograd.pictures import draw as drawing
from autograd.pictures import notebook
from autograd.pictures.draw import draw
from autograd.pictures.plain import plain_svg
from tests.autograd.pictures.dot import cells, chain, needs_dot, parsed
from tests.autograd.pictures.lecture import NASTY, network
from tests.effort import LONG
from tests.engines import once


def test_a_tree_has_every_value_in_full_once() -> None:
    loss, _ = network()
    assert "no gradient has been computed" in draw(loss).text()
    loss.backward()
    text = draw(loss).text()
    order = topological_order(loss)
    assert text.count("data ") == len(order)
    for name in names(order).values():
        full = rf"(^|─ ){re.escape(name)}( = \S.*?)?( \*)? +data "
        assert len(re.findall(full, text, re.MULTILINE)) == 1
    assert "a[1]2 ↑" in text
    assert "a[1]2 = ReLU *" in text


@once
def test_a_tree_of_a_large_graph_says_what_is_missing() -> None:
    many = 100_000 if LONG else 10_000
    lines = draw(chain(many), full=True).text(50).splitlines()
    assert len(lines) == 52
    assert lines[50] == f"… {many - 49:,} more values"


@needs_dot
def test_bands_are_as_wide_as_what_crosses_and_their_color_is_the_sign() -> None:
    net = nn.MLP(2, [6, 6, 1], activation="tanh", seed=1)
    output, w = net([0.5, -0.3]), net.layers[0].neurons[0].weights[0]
    total = explain(output, w, through="auto")
    nodes, arrows = parsed(draw(output, wrt=w, through="auto").source)
    widths = {a["head"]: a for a in arrows if a["tail"] == "wrt"}
    largest = max(abs(x.contribution) for x in total.crossings)
    for i, x in enumerate(total.crossings):
        band = widths[f"v{i}"]
        share = abs(x.contribution) / largest
        assert float(band["penwidth"]) == pytest.approx(max(0.5, 16 * share), rel=1e-2)
        assert band["color"] == drawing_color(x.contribution)
        assert total.title(x.node) in cells(nodes[f"v{i}"]["label"])[0][0]
    with pytest.raises(ValueError, match="through goes with view='paths'"):
        draw(output, through="auto")


def drawing_color(contribution: float) -> str:
    return "#7b68b5" if contribution < 0 else "#e07b1f"


def test_without_dot_a_display_and_an_svg_are_the_plain_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "available", lambda: False)
    loss, _ = network()
    loss.label = NASTY
    draw(loss, tmp_path / "loss.svg")
    written = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert written == draw(loss)._repr_svg_()
    root = ElementTree.fromstring(written)
    assert {x.tag.rpartition("}")[2] for x in root.iter()} == {
        *("svg", "rect", "path", "text", "g")
    }
    assert len([x for x in root.iter() if x.tag.endswith("}g")]) == 35


def test_without_dot_neurons_and_paths_are_shown_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawing, "available", lambda: False)
    loss, parameters = network()
    weight = parameters["W[1]2,2"]
    root = ElementTree.fromstring(draw(loss, view="neurons")._repr_svg_())
    said = [x.text or "" for x in root.iter() if x.tag.endswith("}text")]
    assert {"a[1]1 5", "a[1]2 5", "a[1]3 5", "a[2]1 6", "a[2]2 6"} <= set(said)
    root = ElementTree.fromstring(draw(loss, wrt=weight)._repr_svg_())
    said = [x.text or "" for x in root.iter() if x.tag.endswith("}text")]
    assert said[-3:] == str(explain(loss, weight)).splitlines()
    assert len([x for x in root.iter() if x.tag.endswith("}g")]) == 10


@once
def test_what_would_keep_dot_busy_is_the_plain_picture(tmp_path: Path) -> None:
    draw(chain(6_000), tmp_path / "a.svg", view="values")
    text = (tmp_path / "a.svg").read_text()
    assert text.count("<g>") == 6_001
    with pytest.raises(ValueError, match=r"as PNG"):
        draw(chain(6_000), tmp_path / "a.png", view="values")


def test_the_plain_picture_shows_the_numbers() -> None:
    a = ag.Value(1.5, label="a")
    output = a * 0.0 + ag.exp(a)
    output.backward()
    order = topological_order(output)
    svg = plain_svg(order, names(order))
    assert "stroke-dasharray" in svg
    assert ">4.482<" in svg


def test_a_notebook_shows_values_rules_and_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[type, object] = {}
    formatters = {"text/html": SimpleNamespace(for_type=told.__setitem__)}
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters=formatters))
    python = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(notebook.sys.modules, "IPython", python)
    notebook.register((ag.Value,))
    a = ag.Value(2.0, label="<b>&")
    html = told[ag.Value](a * 3.0 + a)  # type: ignore[operator]
    assert "&lt;b&gt;&amp;" in html
    assert set(re.findall(r"<(\w+)", html)) == {"table", "tr", "td"}
    rows = told[dict](ag.RULES)  # type: ignore[operator]
    assert rows.count("<tr>") == len(ag.RULES)
    assert told[dict]({}) is None  # type: ignore[operator]
    for rule in ag.RULES.values():
        assert "<math" in told[type(rule)](rule)  # type: ignore[operator]


@pytest.mark.parametrize(
    "label", ["&" * 16_384, "W[1]1," + "9" * 5_000, "שלום <b> \n" + "x" * 10_000]
)
@needs_dot
def test_no_label_is_too_much_anywhere(label: str, tmp_path: Path) -> None:
    a = ag.Value(2.0, label=label)
    output = a * a
    for view, wrt in (("values", None), ("neurons", None), ("paths", a)):
        draw(output, tmp_path / "a.png", view=view, wrt=wrt, timeout=1e308)
    assert len(str(explain(output, a))) < 1_000
    assert len(draw(output).text()) < 1_000
