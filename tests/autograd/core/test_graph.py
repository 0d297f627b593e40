"""Walking random graphs that share nodes: both directions agree exactly.

Over ``Fraction`` there is no rounding, so that reverse and forward mode must give
the same number. Over floats the engine's ``backward`` adds the same products in
the same order as :func:`autograd.core.graph.reverse_sweep`, and so gives the same bits.
"""

from __future__ import annotations

import gc
import itertools
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import graph
from autograd.table.rules import RULES, Reduction
from tests.exact import same

# Rows that give a Fraction for Fractions, value and partials; the 1 / n of "mean"
# is the one division of two ints, and so a float.
RATIONAL = (
    *("add", "sub", "mul", "truediv", "neg", "abs", "maximum", "minimum", "where"),
    *("relu", "relu_at", "leaky_relu", "sum", "dot", "mod", "pow"),
)

Step = tuple[str, tuple[int, ...]]
"""A row, and the positions of its operands among the nodes before it."""


@st.composite
def steps(draw: st.DrawFn, names: tuple[str, ...], leaves: int) -> list[Step]:
    """Operations on what stands before them: old nodes and recent ones, shared."""
    found: list[Step] = []
    for size in range(leaves, leaves + draw(st.integers(1, 12))):
        name = draw(st.sampled_from(names))
        rule = RULES[name]
        count = len(rule.partials)
        if isinstance(rule, Reduction):
            count *= draw(st.integers(1, 3))
        position = st.integers(0, size - 1) | st.integers(max(0, size - 3), size - 1)
        found.append((name, tuple(draw(position) for _ in range(count))))
    return found


class Node:
    """An operation on Fractions, in the shape that the sweeps walk."""

    def __init__(self, op: str, operands: tuple[Any, ...], data: Fraction) -> None:
        self.op = op
        self.operands = self._operands = operands
        self.data = data

    def partial(self, i: int) -> Fraction:
        """The local derivative by operand ``i``, which must be exact."""
        partial = RULES[self.op].partial(
            i, list(map(fraction, self.operands)), self.data
        )
        assert isinstance(partial, (int, Fraction))
        return Fraction(partial)


def fraction(operand: Any) -> Fraction:
    return operand.data if isinstance(operand, Node) else Fraction(operand)


def rational_graph(leaves: list[Fraction], recipe: list[Step]) -> list[Node]:
    """Run a recipe over Fractions; a step that divides by 0 gives a leaf."""
    nodes = [Node("", (), x) for x in leaves]
    for name, positions in recipe:
        operands: tuple[Any, ...] = tuple(nodes[p] for p in positions)
        if name == "pow":
            operands = (operands[0], float(positions[1] % 5 - 2))
        try:
            node = Node(name, operands, fraction(0))
            node.data = Fraction(RULES[name].value(*map(fraction, operands)))
            for i, _ in graph.edges(node):
                node.partial(i)
        except ZeroDivisionError:
            node = Node("", (), Fraction(1, 3))
        if node.data.denominator > 10**60:  # a tower of powers takes for ever
            node = Node("", (), Fraction(2, 3))
        nodes.append(node)
    return nodes


@given(
    leaves=st.lists(st.fractions(-3, 3, max_denominator=8), min_size=3, max_size=3),
    recipe=steps(RATIONAL, 3),
)
def test_reverse_equals_forward_exactly_over_fractions(
    leaves: list[Fraction], recipe: list[Step]
) -> None:
    nodes = rational_graph(leaves, recipe)
    output = nodes[-1]
    order = graph.topological_order(output)
    adjoints = graph.reverse_sweep(order, {output: Fraction(1)}, Node.partial)
    for node in nodes:  # inner nodes too: a tangent may start anywhere
        tangents = graph.forward_sweep(order, {node: Fraction(1)}, Node.partial)
        if node is not output:
            assert adjoints.get(node, 0) == tangents.get(output, 0)


@given(
    leaves=st.lists(st.fractions(-3, 3, max_denominator=8), min_size=3, max_size=3),
    recipe=steps(RATIONAL, 3),
)
def test_the_gradient_is_the_sum_over_all_paths(
    leaves: list[Fraction], recipe: list[Step]
) -> None:
    nodes = rational_graph(leaves, recipe)
    output = nodes[-1]
    order = graph.topological_order(output)
    ones = graph.reverse_sweep(order, {output: 1}, lambda node, i: 1)
    if sum(ones[leaf] for leaf in nodes[:3] if leaf in ones) > 2000:
        return  # too many paths to walk one by one
    sums: dict[Node, Fraction] = {}
    counts: dict[Node, int] = {}
    paths = [(output, Fraction(1))]
    while paths:
        node, product = paths.pop()
        sums[node] = sums.get(node, Fraction(0)) + product
        counts[node] = counts.get(node, 0) + 1
        paths += [(x, product * node.partial(i)) for i, x in graph.edges(node)]
    adjoints = graph.reverse_sweep(order, {output: Fraction(1)}, Node.partial)
    assert {**dict.fromkeys(sums, 0), **adjoints} == sums
    assert {node: graph.count_paths(output, node) for node in order} == counts


FLOAT_ROWS = tuple(name for name in RULES if name != "dist")
LEAF_DATA = st.floats(-3, 3) | st.sampled_from(
    [0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 5e-324, 1e308]
)


def float_graph(leaves: list[Any], recipe: list[Step]) -> list[Any]:
    """Run a recipe on the engine under test; what raises on floats gives a leaf."""
    nodes = [ag.Value(x) for x in leaves]
    for name, positions in recipe:
        operands = tuple(nodes[p] for p in positions)
        try:
            nodes.append(operands[0]._apply(name, operands))
        except (ArithmeticError, ValueError):
            nodes.append(ag.Value(0.5))
    return nodes


GRAPHS = {
    "leaves": st.lists(LEAF_DATA, min_size=3, max_size=3),
    "recipe": steps(FLOAT_ROWS, 3),
}


@given(**GRAPHS, seed=st.floats())
def test_backward_gives_the_bits_of_the_reverse_sweep(
    leaves: list[float], recipe: list[Step], seed: float
) -> None:
    nodes = float_graph(leaves, recipe)
    output = nodes[-1]
    output.backward(seed)
    order = graph.topological_order(output)
    partials = {node: node.partials for node in order}
    adjoints = graph.reverse_sweep(
        order, {output: seed}, lambda node, i: partials[node][i]
    )
    for node in nodes:
        if node is output and node.operands:
            assert same(node.grad, seed)
        elif node in adjoints:
            assert same(node.grad, 0.0 + adjoints[node])  # sums start at 0.0
        else:
            assert same(node.grad, 0.0)


@given(**GRAPHS)
def test_backward_twice_gives_exactly_twice_at_leaves_and_once_inside(
    leaves: list[float], recipe: list[Step]
) -> None:
    nodes = float_graph(leaves, recipe)
    nodes[-1].backward()
    once = [node.grad for node in nodes]
    nodes[-1].backward()
    for node, grad in zip(nodes, once):
        assert same(node.grad, grad if node.operands else grad + grad)


@given(**GRAPHS, power=st.integers(-3, 3))
def test_backward_with_a_seed_scales_every_gradient(
    leaves: list[float], recipe: list[Step], power: int
) -> None:
    seed = 2.0**power  # scaling by it rounds nothing, short of over- and underflow
    one, scaled = float_graph(leaves, recipe), float_graph(leaves, recipe)
    one[-1].backward()
    scaled[-1].backward(seed)
    numbers = [x.grad for x in one] + [p for x in one for p in x.partials]
    parts = [abs(p) for p in numbers if p == p]
    if all(p == 0 or 1e-140 < p < 1e140 for p in parts):  # nor do their products
        for x, y in zip(one, scaled):
            assert same(y.grad, x.grad * seed) or x.grad != x.grad


@given(**GRAPHS)
def test_the_order_is_topological_without_repeats_and_the_same_every_time(
    leaves: list[float], recipe: list[Step]
) -> None:
    output = float_graph(leaves, recipe)[-1]
    order = graph.topological_order(output)
    position = {node: k for k, node in enumerate(order)}
    assert len(position) == len(order)
    assert order[-1] is output
    for node in order:
        for _, operand in graph.edges(node):
            assert position[operand] < position[node]
    again = graph.topological_order(output)
    assert all(x is y for x, y in itertools.zip_longest(order, again))


@given(**GRAPHS)
def test_later_changes_of_data_do_not_corrupt_a_recorded_graph(
    leaves: list[float], recipe: list[Step]
) -> None:
    kept, changed = float_graph(leaves, recipe), float_graph(leaves, recipe)
    for node in changed:
        node.data = 123.0
    kept[-1].backward()
    changed[-1].backward()
    for x, y in zip(kept, changed):
        assert same(x.grad, y.grad)
        assert len(x.partials) == len(y.partials)
        assert all(map(same, x.partials, y.partials))


def test_a_ladder_of_two_to_the_thousand_paths_is_summed_in_a_thousand_steps() -> None:
    x = y = ag.Value(1.0)
    for _ in range(1000):
        y = y + y
    y.backward()
    assert x.grad == 2.0**1000
    assert graph.count_paths(y, x) == 2**1000
    assert graph.count_paths(x, y) == 0


def test_a_chain_of_200_000_nodes_is_built_walked_and_freed_without_recursion() -> None:
    gc.collect()
    gc.disable()
    try:
        x = ag.Value(1.0)
        y = x
        for _ in range(100_000):
            y = (y + 1.0) * 1.0
        y.backward()
        assert x.grad == 1.0
        assert len(graph.topological_order(y)) == 200_001
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("width", [1, 100_000])
def test_a_fan_in_and_a_fan_out_of_any_width_is_summed(width: int) -> None:
    x = ag.Value(2.0)
    squares = [x * x for _ in range(width)]  # out of x, and into the sum
    total = ag.sum(squares)
    total.backward()
    assert total.data == 4.0 * width
    assert x.grad == 4.0 * width
    assert len(total.operands) == width


def test_a_graph_leaves_nothing_for_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = ag.Value(0.5)
        for _ in range(100):
            y = ag.dot([x, x], [x.tanh(), 2.0], x.exp()) + ag.where(x > 0, x, 1.0 / x)
            y.backward()
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_forward_and_reverse_leave_out_what_does_not_depend() -> None:
    x, y = ag.Value(2.0), ag.Value(3.0)
    z = x * 2.0
    order = graph.topological_order(z + y)
    reached = graph.forward_sweep(order, {x: 1.0}, lambda node, i: node.partials[i])
    assert y not in reached
    assert reached[z] == 2.0
    started = graph.reverse_sweep(order, {z: 1.0}, lambda node, i: node.partials[i])
    assert y not in started
    assert started[x] == 2.0


def test_the_order_is_depth_first_from_the_right() -> None:
    a, b = ag.Value(1.0, label="a"), ag.Value(2.0, label="b")
    names = [x.op or x.label for x in graph.topological_order((a + b) * a.exp())]
    assert names == ["a", "exp", "b", "add", "mul"]
