"""A layered drawing: right of the operands, nothing on anything, no box crossed."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from autograd.pictures.layout import (
    GAP,
    LANES,
    PASSED,
    PITCH,
    RUN,
    WAYPOINT,
    WIDTH,
    Layout,
    place,
)
from tests.engines import once

pytestmark = once

Graph = list[list[int | None]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Random graphs with sharing, parallel edges and constants."""
    operands: Graph = []
    for node in range(draw(st.integers(1, 24))):
        pool = st.none() | st.integers(0, node - 1) if node else st.none()
        most = draw(st.sampled_from([4, 4, 4, 40]))
        operands.append(draw(st.lists(pool, max_size=most)))
    return operands


def curves(layout: Layout) -> list[list[tuple[float, float]]]:
    return [route for routes in layout.routes for route in routes if route]


@given(graphs())
def test_every_value_stands_right_of_its_operands(operands: Graph) -> None:
    layout = place(operands)
    for node, xs in enumerate(operands):
        for x in xs:
            if x is not None:
                assert layout.boxes[x][0] + PITCH <= layout.boxes[node][0]


@given(graphs())
def test_no_two_boxes_overlap(operands: Graph) -> None:
    layout = place(operands)
    for (x, y, w, h), (u, v, p, q) in combinations(layout.boxes, 2):
        assert x + w <= u or u + p <= x or y + h <= v or v + q <= y


@given(graphs())
def test_edges_join_their_boxes_and_cross_no_other(operands: Graph) -> None:
    layout = place(operands)
    for node, (xs, routes) in enumerate(zip(operands, layout.routes)):
        assert len(xs) == len(routes)
        left, top, _, height = layout.boxes[node]
        for x, route in zip(xs, routes):
            assert (x is None) == (route is None)
            if x is None or route is None:
                continue
            a, b, w, h = layout.boxes[x]
            assert route[0] == (a + w, b + h / 2)
            assert route[-1][0] == left
            assert top <= route[-1][1] <= top + height
            # Bends lie between two layers, or lead along the bar where a block meets;
            # a line within one keeps clear of boxes.
            for i, ((p, q), (r, s)) in enumerate(pairwise(route)):
                if i % 2 == 0:
                    assert r - p in (PITCH - WIDTH - RUN, 0)
                else:
                    assert q == s
                if i % 2 or p == r:
                    for u, v, m, n in layout.boxes:
                        across = u < max(r, p + 1) and p < u + m
                        assert not (across and v < max(q, s) and min(q, s) < v + n)


@given(graphs())
def test_edges_enter_a_box_in_different_places(operands: Graph) -> None:
    for entries in place(operands).labels:
        places = [entry for entry in entries if entry]
        assert len(set(places)) == len(places)


@given(graphs())
def test_everything_lies_within_the_stated_size(operands: Graph) -> None:
    layout = place(operands)
    points = [point for route in curves(layout) for point in route]
    points += [(x + w, y + h) for x, y, w, h in layout.boxes]
    points += [(x, y) for x, y, _, _ in layout.boxes]
    for x, y in points:
        assert 0 <= x <= layout.width
        assert -0.01 <= y <= layout.height + 0.01


@given(graphs())
def test_the_same_graph_is_drawn_in_the_same_way(operands: Graph) -> None:
    assert place(operands) == place(operands)


def test_a_leaf_stands_right_before_its_first_user() -> None:
    chain: Graph = [[], [0], [1], [2], [], [3, 4]]
    layout = place(chain)
    assert layout.boxes[4][0] == layout.boxes[3][0]


def test_a_tree_is_drawn_without_crossings() -> None:
    tree: Graph = [[], [], [], [], [0, 2], [1, 3], [4, 5]]
    layout = place(tree)
    middle = [y + h / 2 for _, y, _, h in layout.boxes]
    upper, lower = ({0, 2}, {1, 3}) if middle[4] < middle[5] else ({1, 3}, {0, 2})
    assert max(middle[i] for i in upper) < min(middle[i] for i in lower)


def test_the_first_operand_stands_on_top() -> None:
    # Leaves 0, 1, 2 as a topological order lists them: the first operand last.
    layout = place([[], [], [], [2, 1, 0]])
    assert layout.boxes[2][1] < layout.boxes[1][1] < layout.boxes[0][1]


def test_what_is_wide_is_about_as_high_as_wide() -> None:
    for terms, depth in ((100, 1), (100, 3), (1000, 1)):
        chains: Graph = []
        for _ in range(terms):
            chains += [[]] + [[len(chains) + k] for k in range(depth - 1)]
        last = [depth * (term + 1) - 1 for term in range(terms)]
        layout = place([*chains, last[::-1]])
        assert 0.5 < layout.width / layout.height < 2
        # All blocks are centered on the line that leads to the sum.
        middles = [y + h / 2 for x, y, _, h in layout.boxes]
        assert abs(middles[-1] - layout.height / 2) < layout.height / 4


def test_a_few_operands_stand_abreast_however_much_is_computed_for_each() -> None:
    layout = place([*([] for _ in range(8)), list(range(8))])
    assert {x for x, _, _, _ in layout.boxes[:-1]} == {0.0}


def far(n: int, alike: bool = False) -> Graph:
    """A chain whose values also use one from long before, or all the first."""
    rng = random.Random(0)
    return [[], [0], *([i - 1, 0 if alike else rng.randrange(i)] for i in range(2, n))]


def test_edges_from_afar_take_lanes_below_a_long_chain() -> None:
    n = 500
    layout = place(far(n))
    bottom = layout.height - WAYPOINT * LANES
    lanes = set()
    for (p, q), (r, s) in (
        pair for route in curves(layout) for pair in pairwise(route)
    ):
        if q == s > bottom:
            lanes.add(q)
        elif q == s:
            left = int(p // PITCH)
            for u, v, m, k in layout.boxes[left : left + 2]:
                assert not (u < r and p < u + m and v < q < v + k)
        else:
            assert r - p == PITCH - WIDTH - RUN
    assert 1 < len(lanes) <= LANES
    assert bottom + GAP > max(y + h for _, y, _, h in layout.boxes)
    assert [box[0] for box in layout.boxes] == [PITCH * i for i in range(n)]


def test_a_long_picture_grows_as_its_graph_does() -> None:
    for alike in (False, True):
        for n in (500, 1000):
            points = sum(map(len, curves(place(far(n, alike)))))
            assert points < 2 * PASSED + 4 * 2 * n
