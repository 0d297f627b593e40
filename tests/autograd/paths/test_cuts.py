"""A gradient grouped by a cut: the terms are the paths', the cut is the narrowest."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.core.graph import edges
from autograd.paths.between import Between
from autograd.paths.cuts import narrowest
from autograd.paths.explain import CutSum, explain
from tests.autograd.paths.test_explain import graphs


def walked(output: Any, wrt: Any) -> list[tuple[list[Any], Fraction]]:
    """Every path, by walking it: its nodes and its exact product."""
    if output is wrt:
        return [([wrt], Fraction(1))]
    return [
        ([*nodes, output], product * Fraction(output.partials[k]))
        for k, operand in edges(output)
        for nodes, product in walked(operand, wrt)
    ]


def rounding(paths: list[tuple[list[Any], Fraction]]) -> float:
    """How far two ways to add up the paths may be apart."""
    return float(sum(abs(product) for _, product in paths)) * 2.0**-40 + 1e-300


def test_a_factor_is_as_exact_as_its_own_paths_whatever_the_other_factor_is() -> None:
    x = ag.Value(1.44)
    y = (x - 0.5 * x) * x
    (row,) = explain(y * 0.0, x, through=[y]).crossings
    assert (row.contribution, row.adjoint) == (0.0, 0.0)
    found = row.before().total
    assert abs(found - row.tangent) <= rounding(walked(y, x))


@given(graphs(), st.data())
def test_each_path_is_in_the_row_of_the_first_node_that_it_crosses_at(
    graph: tuple[Any, list[Any]], data: st.DataObject
) -> None:
    output, nodes = graph
    wrt = data.draw(st.sampled_from(nodes))
    through = data.draw(st.lists(st.sampled_from(nodes), max_size=4))
    paths = walked(output, wrt)
    taken = explain(output, wrt, through=through)
    assert taken.count == len(paths)
    assert taken.total == explain(output, wrt).total
    rows = {x.node: x for x in taken.crossings}
    own: dict[Any, list[Fraction]] = {node: [] for node in rows}
    missed = []
    for way, product in paths:
        first = next((node for node in way if node in rows), None)
        (missed if first is None else own[first]).append(product)
    slack = rounding(paths)
    for node, row in rows.items():
        assert row.count == len(own[node]) > 0
        assert abs(row.contribution - sum(own[node])) <= slack
        assert row.contribution == row.adjoint * row.tangent
        assert row.after().total == row.adjoint
        opened = row.before()
        assert abs(opened.total - row.tangent) <= rounding(walked(node, wrt))
        assert opened.count * row.after().count == row.count
    assert taken.others == len(missed)
    assert abs(taken.rest - sum(missed)) <= slack
    added = math.fsum([*(x.contribution for x in taken.crossings), taken.rest])
    assert abs(added - taken.total) <= slack


@given(graphs(), st.data())
def test_thenarrowest_cut_is_a_cut_and_none_is_narrower(
    graph: tuple[Any, list[Any]], data: st.DataObject
) -> None:
    output, nodes = graph
    between = Between(output, data.draw(st.sampled_from(nodes)))
    last = len(between.order) - 1
    if last < 1:
        return
    pairs = {
        (between.operand[e], i) for i in range(last + 1) for e in between.incoming(i)
    } - {(0, last)}
    users = [[i for j, i in sorted(pairs) if j == k] for k in range(last + 1)]

    def cuts(removed: Any) -> bool:
        reached = {0}
        for j, i in sorted(pairs):
            if j in reached and i not in removed:
                reached.add(i)
        return last not in reached

    found = narrowest(users, 0, last, last + 1)
    assert found is not None
    assert cuts(found)
    for smaller in itertools.combinations(range(1, last), max(0, len(found) - 1)):
        assert not cuts(smaller) or not found
    if found:
        assert narrowest(users, 0, last, len(found)) is None


def mlp() -> tuple[Any, Any, nn.MLP]:
    net = nn.MLP(2, [10] * 10 + [1], activation="tanh", seed=1)
    return net([1.5, -0.8]), net.layers[0].neurons[0].weights[0], net


def test_ten_to_the_ninth_paths_are_ten_rows() -> None:
    output, w, _net = mlp()
    taken = explain(output, w, through="auto")
    assert taken.count == 10**9
    assert [x.count for x in taken.crossings] == [10**8] * 10
    assert (taken.rest, taken.others) == (0.0, 0)
    assert math.fsum(x.contribution for x in taken.crossings) == pytest.approx(
        taken.total, rel=1e-13
    )
    assert [row.split()[0] for row in str(taken).splitlines()] == [
        *(f"z[2]{j}" for j in range(1, 11)),
        "sum",
    ]
    inner = taken.crossings[3].after(through="auto")  # and so on, down to one path
    assert isinstance(inner, CutSum)
    assert [x.count for x in inner.crossings] == [10**7] * 10


@pytest.mark.parametrize("through", ["a[5]", "layer"])
def test_a_layer_is_a_cut_by_its_name_and_by_itself(through: str) -> None:
    output, w, net = mlp()
    taken = explain(output, w, through=net.layers[4] if through == "layer" else through)
    names = [taken.title(x.node) for x in taken.crossings]
    assert names == [f"a[5]{j}" for j in range(1, 11)]
    few = explain(output, w, 3, through) if through != "layer" else taken
    assert sum(x.count for x in few.crossings) + few.others == 10**9


def test_the_lectures_two_paths_cross_at_its_two_units() -> None:
    net = nn.MLP(2, [3, 2, 1], activation="relu", output="sigmoid", seed=1)
    w = net.layers[0].neurons[1].weights[1]
    taken = explain(ag.bce(net([1.5, -0.8]), 1.0), w, through="auto")
    assert [x.count for x in taken.crossings] == [1, 1]


def test_where_all_paths_run_together_there_is_one_row_or_none() -> None:
    a = ag.Value(2.0, label="a")
    assert len(explain(ag.exp(ag.sin(a)), a, through="auto").crossings) == 1
    both = explain(a * a, a, through="auto")
    assert (both.crossings, both.others, both.rest) == ((), 2, 4.0)
    assert explain(a * a, ag.Value(1.0), through="auto").count == 0
    assert explain(a, a, through=a).total == 1.0


def test_what_skips_the_cut_is_the_rest() -> None:
    a = ag.Value(0.5, label="a")
    taken = explain(a + ag.sin(a), a, through="auto")
    assert [x.contribution for x in taken.crossings] == [math.cos(0.5)]
    assert (taken.rest, taken.others) == (1.0, 1)


def test_a_nan_of_a_closed_way_does_not_reach_the_others() -> None:
    a = ag.Value(0.0)
    infinite, plain = ag.sqrt(a), a * 2.0
    taken = explain(ag.relu(infinite) + plain, a, through=[infinite, plain])
    shown = {x.node: x.contribution for x in taken.crossings}
    assert math.isnan(shown[infinite])
    assert shown[plain] == 2.0


def test_bad_cuts_are_named() -> None:
    a = ag.Value(1.0, label="a")
    for wrong in (3, [1.0], [a, "a"]):
        with pytest.raises(TypeError, match="through must be Values, a layer"):
            explain(a * a, a, through=wrong)
    with pytest.raises(ValueError, match="through='h': no value is called so"):
        explain(a * a, a, through="h")


def test_a_crossing_is_opened_though_all_nodes_have_the_same_number() -> None:
    a, b = ag.Value(0.0), ag.Value(0.0)
    inner = ag.sum([ag.sum([a, a, a]), b])
    output = ag.sum([a, a, inner])
    taken = explain(output, a, through=[inner, output])
    assert [x.before().count for x in taken.crossings] == [2, 3]
