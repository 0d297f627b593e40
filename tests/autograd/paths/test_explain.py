"""A gradient taken apart agrees with backward, and with walking every path."""

from __future__ import annotations

import gc
import math
import random
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core.graph import NOTHING, count_paths, edges, times, topological_order
from autograd.paths.between import Between
from autograd.paths.explain import explain
from autograd.paths.search import _PRODUCT, _class
from tests.engines import once


def walked(output: Any, wrt: Any) -> Iterator[tuple[tuple[int, ...], list[float]]]:
    """Every path, by walking it: the operand positions and the local derivatives."""
    if output is wrt:
        yield (), []
        return
    for k, operand in edges(output):
        for positions, partials in walked(operand, wrt):
            yield (*positions, k), [*partials, output.partials[k]]


def exact(partials: list[float]) -> Fraction:
    return math.prod(map(Fraction, partials), start=Fraction(1))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    """A random graph with sharing: its output and all its nodes."""
    numbers = st.floats(-4, 4).map(lambda x: round(x, 2))
    nodes = [ag.Value(draw(numbers)) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(0, 9))):
        x, y = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        made = draw(
            st.sampled_from(
                [
                    lambda x, y: x + y,
                    lambda x, y: x * y,
                    lambda x, y: x - 0.5 * y,
                    lambda x, y: ag.relu(x),
                    lambda x, y: ag.tanh(x),
                    lambda x, y: ag.dot([x, y, 2.0], [y, y, x], x),
                ]
            )
        )
        nodes.append(made(x, y))
    return nodes[-1], nodes


@given(graphs(), st.data())
def test_all_paths_are_those_that_a_walk_finds(
    graph: tuple[Any, list[Any]], data: st.DataObject
) -> None:
    output, nodes = graph
    wrt = data.draw(st.sampled_from(nodes))
    paths = list(walked(output, wrt))
    taken = explain(output, wrt, limit=len(paths) + 1)
    assert taken.count == len(paths) == len(taken.paths)
    assert taken.rest == 0.0
    assert sorted(p.positions for p in taken.paths) == sorted(k for k, _ in paths)
    for path in taken.paths:
        assert path.nodes[0] is wrt
        assert path.nodes[-1] is output
        for operand, user, k, partial in zip(
            path.nodes, path.nodes[1:], path.positions, path.partials
        ):
            assert user.operands[k] is operand
            assert user.partials[k] == partial
        true = exact(list(path.partials))
        rounding = abs(true) * len(path.partials) * Fraction(2) ** -52
        assert (
            abs(Fraction(path.contribution) - true) <= rounding + Fraction(2) ** -1074
        )


SLOPES = [
    *(0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0),
    *(math.inf, -math.inf, math.nan),
    *(1e200, -1e-200, 1.7e308, 3e-310, 5e-324, -5e-324),
]


@st.composite
def harsh_graphs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A graph of any local derivatives, many alike: its output and its first node.

    Each graph has few different ones, so that ties, zeros and infinities meet.
    """
    slopes = st.sampled_from(draw(st.lists(st.sampled_from(SLOPES), min_size=1)))
    nodes = [ag.Value(1.0)]
    for _ in range(draw(st.integers(1, 7))):
        operands = draw(st.lists(st.sampled_from(nodes[-3:]), min_size=1, max_size=3))
        nodes.append(ag.sum([x * draw(slopes) for x in operands]))
    return nodes[-1], nodes[0]


def size(partials: list[float]) -> tuple[int, Fraction]:
    """What paths are ordered by: nan, inf, and the exact sizes down to 0."""
    zero, infinite = 0.0 in partials, any(map(math.isinf, partials))
    if any(map(math.isnan, partials)) or (zero and infinite):
        return 2, Fraction(0)
    return (1, Fraction(0)) if infinite else (0, abs(exact(partials)))


@given(
    st.one_of(
        harsh_graphs(),
        st.tuples(graphs(), st.data()).map(
            lambda drawn: (drawn[0][0], drawn[1].draw(st.sampled_from(drawn[0][1])))
        ),
    ),
    st.integers(0, 6),
)
def test_the_shown_paths_are_the_largest_in_order(
    graph: tuple[Any, Any], limit: int
) -> None:
    output, wrt = graph
    sizes = sorted((size(p) for _, p in walked(output, wrt)), reverse=True)
    taken = explain(output, wrt, limit)
    assert taken.count == len(sizes)
    assert len(taken.paths) == min(limit, len(sizes))
    for path, (kind, largest) in zip(taken.paths, sizes):
        found_kind, found = size(list(path.partials))
        assert found_kind == kind
        rounding = 2 * len(path.partials) * Fraction(2) ** -53
        assert abs(found - largest) <= largest * rounding
        if kind == 2:
            assert math.isnan(path.contribution)
        elif kind == 1 or found > 2 * Fraction(2) ** 1023:
            assert math.isinf(path.contribution)
        elif found < Fraction(2) ** 1023:
            off = abs(abs(Fraction(path.contribution)) - found)
            assert off <= found * rounding + Fraction(2) ** -1074


def test_a_path_through_the_smallest_float_keeps_its_place_and_its_product() -> None:
    a = ag.Value(1.0)
    tiny = 5e-324
    # 0.5 · 5e-324 rounds to 0, but not 0.5 · 5e-324 · 1e300.
    output = a * 0.5 * tiny * 1e300 + a * 1e-30
    taken = explain(output, a)
    assert [path.contribution for path in taken.paths] == [
        pytest.approx(tiny * 0.5e300, rel=1e-15),
        1e-30,
    ]


@pytest.mark.parametrize("zero_first", [True, False])
def test_a_path_of_product_zero_is_none_of_the_largest(zero_first: bool) -> None:
    a, b = ag.Value(0.0), ag.Value(1.0)
    parts = [a * b, ag.tanh(b)]
    output = parts[not zero_first] + parts[zero_first]
    (path,) = explain(output, b, limit=1).paths
    assert path.contribution == parts[1].partials[0] > 0.4


def test_the_class_of_a_product_is_what_floats_give() -> None:
    numbers = [0.0, -2.0, math.inf, math.nan, NOTHING]
    for x, row in zip(numbers, _PRODUCT):
        assert row == [_class(times(x, y)) for y in numbers]


@given(graphs(), st.data())
def test_the_total_is_what_backward_gives_bit_for_bit_and_nothing_changes(
    graph: tuple[Any, list[Any]], data: st.DataObject
) -> None:
    output, nodes = graph
    wrt = data.draw(st.sampled_from(nodes))
    before = [(x.data, x.grad, x.label) for x in topological_order(output)]
    taken = explain(output, wrt, limit=2)
    assert before == [(x.data, x.grad, x.label) for x in topological_order(output)]
    output.backward()
    assert taken.total == wrt.grad
    if taken.count > 2:
        assert taken.rest == taken.total - math.fsum(
            path.contribution for path in taken.paths
        )


def test_the_output_itself_has_one_empty_path() -> None:
    x = ag.Value(2.0)
    for output in (x, x * x):
        taken = explain(output, output)
        assert (taken.count, taken.total, taken.rest) == (1, 1.0, 0.0)
        assert taken.paths[0].nodes == (output,)
        assert taken.paths[0].partials == ()
        assert taken.paths[0].contribution == 1.0


def test_what_the_output_does_not_depend_on_has_no_path_and_gradient_0() -> None:
    taken = explain(ag.Value(2.0) * 3.0, ag.Value(1.0, label="other"))
    assert (taken.count, taken.total, taken.rest, taken.paths) == (0, 0.0, 0.0, ())
    assert "0 paths" in str(taken)


def test_parallel_edges_are_two_paths() -> None:
    a = ag.Value(3.0)
    taken = explain(a * a, a)
    assert [path.positions for path in taken.paths] == [(0,), (1,)]
    assert taken.total == 6.0


def test_2_to_the_60_paths() -> None:
    a = x = ag.Value(1.0, label="a")
    for _ in range(60):
        x = x * 0.75 + x * 0.5
    taken = explain(x, a, limit=3)
    assert taken.count == 2**60
    assert [p.contribution for p in taken.paths] == [
        0.75**60,
        pytest.approx(0.75**59 * 0.5, rel=1e-13),
        pytest.approx(0.75**59 * 0.5, rel=1e-13),
    ]
    assert taken.total == pytest.approx(1.25**60, rel=1e-13)
    assert "1,152,921,504,606,846,976" in str(taken)


def test_the_count_is_exact_where_no_node_lies_on_all_paths() -> None:
    a = x = y = ag.Value(1.0)
    fibonacci, before = 1, 0
    for _ in range(300):
        x, y = x + y, x
        fibonacci, before = fibonacci + before, fibonacci
    counted = explain(x, a, limit=0).count
    # x_0 = x_-1 = a, so that the paths to x_n are F_(n + 2).
    assert counted == fibonacci + before


@once
def test_a_count_of_2_to_the_100000_is_exact_and_is_printed() -> None:
    a = x = ag.Value(1.0)
    for _ in range(100_000):
        x = x + x
    taken = explain(x, a, limit=2)
    assert taken.count == 2**100_000
    assert taken.total == math.inf
    assert "about 10^30103 paths" in str(taken)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 9])
def test_the_count_is_exact_however_wide_the_graph_is(width: int) -> None:
    r = random.Random(width)
    a = ag.Value(1.0)
    nodes = [a] * width
    for _ in range(400):
        nodes.append(ag.sum(r.choices(nodes[-width:], k=r.randint(1, 3))))
    assert explain(nodes[-1], a, limit=0).count == count_paths(nodes[-1], a)


@once
def test_the_count_holds_few_numbers_at_a_time() -> None:
    a = x = y = ag.Value(1.0)
    for _ in range(30_000):
        x, y = x + y, x
    between = Between(x, a)
    tracemalloc.start()
    count = between.count()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count.bit_length() == 20_828  # of a number of 0.69 bits per step
    assert peak < 20e6  # all 30,000 together would take 40 MB


def test_products_that_over_or_underflow_on_the_way_are_ranked_and_right() -> None:
    a = ag.Value(1.0)
    huge = a
    for factor in (1e200, 1e200, 1e-300):
        huge = huge * factor
    tiny = a
    for factor in (1e-200, 1e-200, 1e250, 1e250):
        tiny = tiny * factor
    taken = explain(huge + tiny * 3.0, a)
    assert [path.contribution for path in taken.paths] == [
        pytest.approx(3e100, rel=1e-14),
        pytest.approx(1e100, rel=1e-14),
    ]


def test_a_nan_is_the_largest_and_an_infinity_the_next() -> None:
    a = ag.Value(0.0)
    nan = (a * 0.0) * math.inf  # 0 · inf along the path
    infinite = ag.sqrt(a)
    taken = explain(ag.sum([a, infinite, nan, 0.0 * a]), a)
    shown = [path.contribution for path in taken.paths]
    assert math.isnan(shown[0])
    assert shown[1:] == [math.inf, 1.0, 0.0]
    assert math.isnan(taken.total)
    assert math.isnan(explain(ag.sum([a, infinite, nan, 0.0 * a]), a, 1).rest)


def test_a_path_through_inf_then_0_is_told_from_one_through_0_alone() -> None:
    a = ag.Value(0.0)
    branch = 0.0 * ag.sqrt(a)  # inf, then 0
    taken = explain(branch + 0.0 * a, a)
    assert math.isnan(taken.paths[0].contribution)
    assert taken.paths[1].contribution == 0.0


def test_a_path_through_inf_then_what_was_not_chosen_contributes_0() -> None:
    a = ag.Value(0.0)
    taken = explain(ag.relu(ag.sqrt(a)) + a, a)
    assert [path.contribution for path in taken.paths] == [1.0, 0.0]
    assert taken.total == 1.0
    assert taken.rest == 0.0


def test_random_large_graphs_agree_with_a_full_sort() -> None:
    r = random.Random(5)
    nodes = [ag.Value(1.0)]
    for _ in range(40):
        x, y = r.choice(nodes[-4:]), r.choice(nodes[-4:])
        nodes.append(x * r.choice([0.5, 2.0, -3.0]) + y)
    output, wrt = nodes[20], nodes[0]
    sizes = sorted((abs(exact(p)) for _, p in walked(output, wrt)), reverse=True)
    assert len(sizes) > 100
    taken = explain(output, wrt, limit=len(sizes))
    found = [abs(exact(list(path.partials))) for path in taken.paths]
    assert found == sizes  # products of small powers: no rounding


@pytest.mark.parametrize("wrong", [1e-6, -1e-15, math.nan])
def test_sums_that_differ_by_more_than_rounding_are_an_error(
    wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = ag.Value(0.7)
    output = ag.tanh(a * a) * ag.exp(a)
    right = Between._sweep_ahead

    def sweep(between: Between) -> tuple[float, float]:
        total, error = right(between)
        return total + wrong * 100 * abs(total), error

    explain(output, a)
    monkeypatch.setattr(Between, "_sweep_ahead", sweep)
    with pytest.raises(ArithmeticError, match="further apart than rounding"):
        explain(output, a)


def test_cancellation_and_underflow_are_within_the_bound() -> None:
    r = random.Random(3)
    for _ in range(20):
        nodes = [ag.Value(r.uniform(-1, 1)) for _ in range(3)]
        for _ in range(400):
            x, y = r.choice(nodes[-9:]), r.choice(nodes[-9:])
            nodes.append(r.choice([x - y, x * y, x + y * 1e-9, ag.sin(x) - x * 1e-300]))
        taken = explain(nodes[-1], nodes[0], limit=3)
        nodes[-1].backward()
        assert taken.total == nodes[0].grad


def test_the_table_is_aligned_and_in_the_lectures_notation() -> None:
    w, v = ag.Value(0.5, label="W[1]1,1"), ag.Value(2.0, label="W[2]1,1")
    b, c = ag.Value(0.1, label="b[1]1"), ag.Value(-1.0, label="b[2]1")
    a = ag.relu(ag.dot([w], [3.0], b))
    loss = ag.bce(ag.sigmoid(ag.dot([v], [a], c)), 1.0)
    text = str(explain(loss, w))
    lines = text.splitlines()
    assert lines[0].startswith(
        "path 1  W[1]1,1 → z[1]1 → a[1]1 → z[2]1 → ŷ → L  3 · 1 · 2 · "
    )
    assert lines[-1].startswith("sum     of 1 path = ∂L/∂W[1]1,1 ")
    assert len({line.rindex("= ") for line in lines}) == 1


def test_what_has_no_name_has_its_number() -> None:
    a = ag.Value(3.0)
    assert "= ∂v2/∂v1" in str(explain(a * a, a))
    a.label = "a"
    assert "= ∂v2/∂a" in str(explain(a * a, a))
    assert "= ∂v2/∂wrt" in str(explain(a * a, ag.Value(1.0)))


def test_a_limit_may_be_any_whole_number() -> None:
    a = ag.Value(3.0)
    assert len(explain(a * a, a, limit=np.int64(1)).paths) == 1


def test_the_garbage_collector_is_left_as_it_was() -> None:
    a = ag.Value(3.0)
    assert gc.isenabled()
    explain(a * a, a)
    assert gc.isenabled()
    with pytest.raises(ValueError, match="nowhere"):
        explain(a * a, a, through="nowhere")
    assert gc.isenabled()
    gc.disable()
    try:
        explain(a * a, a)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_bad_arguments_are_named() -> None:
    a = ag.Value(1.0)
    with pytest.raises(TypeError, match="output must be a Value, got float"):
        explain(1.0, a)
    with pytest.raises(TypeError, match="wrt must be a Value, got str"):
        explain(a, "a")
    with pytest.raises(TypeError, match="limit must be an int, got float"):
        explain(a, a, limit=2.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="limit must not be negative, got -1"):
        explain(a, a, limit=-1)
