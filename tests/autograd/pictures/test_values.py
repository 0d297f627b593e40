"""The values view shows every number of its graph, each as it is."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd as ag
from autograd.core.graph import edges, topological_order
from autograd.paths.names import names
from autograd.paths.numerals import number
from autograd.pictures.draw import draw
from autograd.pictures.markup import (
    UNDEFINED,
)
from autograd.pictures.values import wrapped
from autograd.table.rules import RULES
from tests.autograd.pictures.dot import (
    MINUS,
    cells,
    needs_dot,
    parsed,
    read,
    shown,
)
from tests.autograd.pictures.lecture import network
from tests.exact import same


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
        if output.grad:
            assert same(read(grad[1]), shown(node.grad))
        else:  # no backward() yet
            assert grad[1] == "–"
        assert repr(node.data) in box["tooltip"]
        assert (f"grad {node.grad!r}" in box["tooltip"]) == bool(output.grad)
    for i, k, x in constants:
        assert same(read(nodes[f"c{i}_{k}"]["label"].split("= ")[-1]), shown(x))
    position = {node: i for i, node in enumerate(order)}
    uses = [
        (f"n{position[x]}", f"n{i}", node.partials[k])
        for i, node in enumerate(order)
        for k, x in edges(node)
    ]
    drawn = [a for a in arrows if a["tail"][0] == "n"]
    assert sorted((a["tail"], a["head"]) for a in drawn) == sorted(
        (tail, head) for tail, head, _ in uses
    )
    for tail, head, partial in uses:
        said = [a for a in drawn if (a["tail"], a["head"]) == (tail, head)]
        texts = [a.get("label", "").strip() for a in said]
        expected = "" if partial == 1.0 else f"×{number(partial, 3)}"
        assert expected in texts
        assert any(a["tooltip"].endswith(f" = {partial!r}") for a in said)


@needs_dot
@pytest.mark.parametrize("elementary", [False, True])
def test_every_number_of_the_lectures_network_is_shown(elementary: bool) -> None:
    loss, _ = network(elementary=elementary)
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
def test_a_checkpoint_is_one_box_with_its_slopes_on_the_arrows() -> None:
    a, b = ag.Value(2.0, label="a"), ag.Value(5.0, label="b")
    output = ag.checkpoint(lambda x, y: x * x * y + 1.0)(a, b)
    output.backward()
    nodes, arrows = parsed(draw(output).source)
    assert sorted(cells(b["label"])[0][0] for n, b in nodes.items() if n) == [
        "a",
        "b",
        "v3 = checkpoint",
    ]
    assert sorted(arrow["label"].strip() for arrow in arrows) == ["×20", "×4"]


@needs_dot
def test_a_row_of_ones_own_is_drawn_with_its_symbol_and_names() -> None:
    scaled = ag.rule(
        lambda x, k: k * x * x,
        [lambda x, k, z: 2 * k * x, lambda x, k, z: x * x],
        name="test_scaled",
        symbol="k<x²",
    )
    a = ag.Value(3.0, label="a")
    try:
        output = scaled(a, 0.5) + scaled(a, a)
        output.backward()
        check_values(output)
        labels = [
            box.get("label", "") for box in parsed(draw(output).source)[0].values()
        ]
        assert "k = 0.5" in labels
        assert sum("k&lt;x²" in label for label in labels) == 2
    finally:
        del RULES["test_scaled"]


def test_what_is_wide_stands_in_blocks_on_a_line() -> None:
    xs = [ag.Value(float(k), label=f"x{k}") for k in range(90)]
    for count, direction in ((9, "TB"), (90, "LR")):
        out = ag.sum([x.exp() for x in xs[:count]]).sin().exp().tanh().cos().sin()
        source = draw(out).source
        assert f"rankdir={direction}" in source
        assert ("shape=point" in source) == (count > 16)
    total = next(x for x in topological_order(out) if x.op == "sum")
    order = topological_order(out)
    row, blocks = wrapped(order)
    place, deep = blocks[order.index(total)]
    assert place == sorted(place)
    assert {*place} == {*range(len(deep))}
    assert max(place.count(k) for k in range(len(deep))) < 60
    # Two boxes deep each, and the line runs below them.
    assert [row[x] for x in total.operands] == [
        row[total] + 1 + sum(deep[:k]) for k in place
    ]
