"""Parts nest, and hold what the page says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import autograd as ag
import nn
from autograd.core.graph import edges, topological_order
from autograd.paths.names import names
from autograd.pictures import parts
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
def test_parts_lie_in_each_other_and_say_what_leaves_them(
    which: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST", most)
    order = topological_order(list(graphs())[which])
    index = {node: i for i, node in enumerate(order)}
    made = parts.parts(order, names(order))
    groups, inside = made["groups"], made["inside"]
    within: list[set[int]] = [set() for _ in groups]
    for i, g in enumerate(inside):
        while g >= 0:
            within[g].add(i)
            assert groups[g][2] < g  # so that nothing lies in itself
            g = groups[g][2]
    for own, (_, _, _, size, _, roots) in zip(within, groups):
        assert 1 < size == len(own)
        used = {index[x] for i in set(index.values()) - own for _, x in edges(order[i])}
        assert set(roots) == own & (used | {len(order) - 1}) != set()
    # Whatever opens has boxes that can be taken in.
    for g in range(-1, len(groups)):
        direct = sum(x == g for x in inside) + sum(group[2] == g for group in groups)
        assert direct <= max(most, 60, 2 * len(order) ** 0.5)


def test_layers_have_their_neurons_and_these_their_examples() -> None:
    net = nn.MLP(2, [2, 1], seed=0)
    loss = ag.mean([ag.softplus(net(x)) for x in ([1.0, 2.0], [3.0, 4.0])])
    order = topological_order(loss)
    groups = parts.parts(order, names(order))["groups"]
    found = {name: groups[parent][0] for name, _, parent, *_ in groups if parent >= 0}
    neurons = {f"a[1]{j}": "layer 1" for j in (1, 2)}
    units = [*neurons, "a[2]1"]
    examples = {f"{a}, ex. {k}": a for a in units for k in (1, 2)}
    assert found == {**neurons, **examples}
