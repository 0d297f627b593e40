"""Groups hold every value of a graph once, whatever is labeled in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core.graph import edges, topological_order
from autograd.pictures.groups import grouped


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


def test_a_large_graph_without_neurons_is_no_single_group() -> None:
    x = ag.Value(1.0)
    for _ in range(300):
        x = x.sin()
    assert 10 <= len(grouped(topological_order(x)).groups) <= 30
