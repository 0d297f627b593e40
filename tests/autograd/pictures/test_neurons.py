"""The neurons view shows every parameter with its gradient, or says what it sums up."""

from __future__ import annotations

import math
import os
import random
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import autograd as ag
import nn
from autograd.core.graph import topological_order
from autograd.pictures.draw import draw
from tests.autograd.pictures.dot import (
    cells,
    needs_dot,
    parsed,
    read,
    shown,
)
from tests.autograd.pictures.lecture import network
from tests.engines import once


@needs_dot
def test_every_neuron_shows_its_parameters_and_gradients() -> None:
    loss, parameters = network(elementary=True)
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
    size = len(topological_order(loss))
    assert f"{size} values collapsed into 9 boxes" in nodes[""]["label"]


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


@once
@needs_dot
def test_ten_thousand_leaves_are_drawn_collapsed(tmp_path: Path) -> None:
    leaves = [ag.Value(float(i), label=f"v{i}") for i in range(10_000)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf * leaf
    drawing = draw(total, tmp_path / "leaves.png")
    assert "29,998 values collapsed into 2 boxes" in drawing.source
    with pytest.raises(ValueError, match=r"more than the 1,000 .* as PNG"):
        draw(total, tmp_path / "values.png", view="values")
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


@needs_dot
def test_the_units_of_a_layer_stand_in_their_order_from_the_top() -> None:
    for width in (3, 5):
        picture = draw(
            nn.MLP(2, [width, width, 1], seed=1)([0.5, -0.3]), view="neurons"
        )
        root = ElementTree.fromstring(picture._repr_svg_())
        heights = {
            "".join(line.itertext()).split(" = ")[0]: float(line.attrib["y"])
            for line in root.iter("{http://www.w3.org/2000/svg}text")
        }
        for layer in (1, 2):
            units = [f"a[{layer}]{j}" for j in range(1, width + 1)]
            assert sorted(units, key=heights.__getitem__) == units


@needs_dot
@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_a_wide_layer_is_one_box_that_counts_its_weights_and_biases(
    bias: float,
) -> None:
    net = nn.MLP(10, [40, 1], seed=0)
    for neuron in net.layers[0].neurons:
        neuron.bias.data = bias  # a Value of 0.0 is false, and a bias all the same
    output = net([0.1] * 10)
    output.backward()
    nodes, _ = parsed(draw(output, view="neurons").source)
    (box,) = (b for b in nodes.values() if ">40 neurons" in b.get("label", ""))
    rows = {row[0]: row[1:] for row in cells(box["label"])}
    weights = [w for neuron in net.layers[0].neurons for w in neuron.weights]
    biases = [neuron.bias for neuron in net.layers[0].neurons]
    for name, parameters in (("400 weights", weights), ("40 biases", biases)):
        for said, xs in zip(
            rows[name], ([p.data for p in parameters], [p.grad for p in parameters])
        ):
            assert read(said.removeprefix("‖·‖ ")) == shown(math.hypot(*xs))


def test_a_picture_without_a_collapsed_value_says_so() -> None:
    source = draw(ag.Value(1.0, label="a"), view="neurons").source
    assert "1 value in 1 box; no gradient" in source
