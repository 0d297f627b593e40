"""Scenes hold every value and every edge, in groups that open down to the values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import autograd as ag
from autograd.core.graph import edges, topological_order
from autograd.paths.names import names
from autograd.pictures import scenes
from tests.autograd.pictures.lecture import network


def graphs() -> Iterator[Any]:
    """A network, one on several examples, a wide layer, a chain and a sum."""
    yield network()[0]
    w = [ag.Value(0.1 * k, label=f"W[1]{k},1") for k in range(1, 60)]
    b = [ag.Value(0.1, label=f"b[1]{k}") for k in range(1, 60)]
    for examples, units in ((30, 5), (2, 59)):
        xs = [ag.Value(0.1 * e) for e in range(examples)]
        yield ag.sum([ag.tanh(w[j] * x + b[j]) for x in xs for j in range(units)])
    chain = ag.Value(1.0)
    for _ in range(90):
        chain = chain.sin() * 1.5
    yield chain
    yield ag.sum([ag.Value(float(k)).exp() for k in range(70)])


@pytest.mark.parametrize("most", [300, 20])
@pytest.mark.parametrize("which", range(5))
def test_every_value_and_every_edge_is_drawn_in_some_scene(
    which: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "MOST", most)
    order = topological_order(list(graphs())[which])
    index = {node: i for i, node in enumerate(order)}
    operands = [
        [None if x.__class__ is float else index[x] for x in node.operands]
        for node in order
    ]
    made = scenes.scenes(order, names(order), operands)
    drawn = {i for scene in made["scenes"] for i in scene["items"] if i >= 0}
    assert drawn == set(range(len(order)))
    lines = {(a, b, k) for scene in made["scenes"] for a, b, k, _ in scene["lines"]}
    for i, node in enumerate(order):
        for k, x in edges(node):
            stand_ins, g = {(index[x], k)}, made["inside"][index[x]]
            while g >= 0:
                stand_ins.add((~g, -1))
                g = made["groups"][g][1]
            assert any((source, i, place) in lines for source, place in stand_ins)
    for scene in made["scenes"]:
        ends = {end for a, b, *_ in scene["lines"] for end in (a, b)}
        assert ends <= set(scene["items"])
    for g, (_, parent, size, roots) in enumerate(made["groups"]):
        assert parent < g  # so that nothing lies in itself
        assert 1 < size < len(order) + 1
        assert roots
    opened = {scene.get("group") for scene in made["scenes"]} - {None}
    assert opened == set(range(len(made["groups"])))
