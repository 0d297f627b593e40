"""The paths view shows the paths of explain, and a table that sums to the gradient."""

from __future__ import annotations

import pytest

import autograd as ag
from autograd.core.graph import topological_order
from autograd.paths.explain import explain
from autograd.paths.numerals import number
from autograd.pictures.draw import draw
from autograd.pictures.palette import (
    PATHS,
)
from tests.autograd.pictures.dot import (
    cells,
    needs_dot,
    parsed,
    read,
    shown,
)
from tests.autograd.pictures.lecture import network


@needs_dot
def test_the_paths_are_colored_and_their_table_sums_to_the_gradient() -> None:
    loss, parameters = network()
    w = parameters["W[1]2,2"]
    nodes, arrows = parsed(draw(loss, wrt=w).source)
    taken = explain(loss, w, 4)
    loss.backward()
    assert taken.total == w.grad
    assert taken.count == 2

    table = cells(nodes[""]["label"])
    assert [row[1] for row in table] == ["path 1", "path 2", "sum"]
    for row, contribution in zip(
        table, [*(path.contribution for path in taken.paths), taken.total]
    ):
        assert row[4] == "="
        assert read(row[5]) == shown(contribution)
    for row, path in zip(table, taken.paths):
        factors = [float(f"{p:.3g}") for p in path.partials if p != 1.0]
        assert [read(t) for t in row[3].split(" · ")] == factors
        assert row[2].endswith("z[3]1 → ŷ → L")

    colored = {
        (a["tail"], a["head"]): a["color"].split(":")
        for a in arrows
        if a["color"].startswith(PATHS[:2])
    }
    assert sum(colors == list(PATHS[:2]) for colors in colored.values()) == 4
    for color, path in zip(PATHS, taken.paths):
        on = [a for a in arrows if color in a["color"].split(":")]
        assert sorted(read(cells(a["label"])[0][0]) for a in on) == sorted(
            float(f"{p:.3g}") for p in path.partials
        )
        assert {repr(p) for p in path.partials} == {
            a["tooltip"].removeprefix("local derivative ") for a in on
        }
    said = {tuple(row[0] for row in cells(b["label"])) for b in nodes.values()}
    for path in taken.paths:
        for node in path.nodes:
            name = taken.named()[node]
            numbers = number(node.data), f"∂L/∂{name} = {number(node.grad)}"
            assert any(s[1:] == numbers and s[0].startswith(name) for s in said)
    others = {b["label"] for name, b in nodes.items() if "_" in name}
    weights = ["W[2]1,2", "W[2]2,2", "W[3]1,1", "W[3]1,2"]
    (x2,) = (x for x in topological_order(loss) if x.label == "x2")
    assert others == {
        f"x2 {number(x2.data)}",
        "y = 1",
        *(f"{label} {number(parameters[label].data)}" for label in weights),
    }


@needs_dot
def test_of_many_paths_four_are_drawn_and_the_rest_is_one_row() -> None:
    a = x = ag.Value(1.0, label="a")
    for _ in range(5):
        x = x * 0.75 + x * 0.5
    nodes, arrows = parsed(draw(x, wrt=a).source)
    table = cells(nodes[""]["label"])
    assert [row[1] for row in table] == [*(f"path {i}" for i in range(1, 5)), "", "sum"]
    assert "28 other paths" in table[4][2]
    assert {c for a in arrows for c in a["color"].split(":")} >= set(PATHS)
    amounts = [read(row[5]) for row in table]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], rel=1e-3)


@needs_dot
def test_a_square_has_two_parallel_colored_edges() -> None:
    a = ag.Value(3.0, label="a")
    _, arrows = parsed(draw(a * a, wrt=a).source)
    assert [arrow["color"] for arrow in arrows] == list(PATHS[:2])


@needs_dot
def test_a_value_without_paths_stands_alone() -> None:
    nodes, arrows = parsed(draw(ag.Value(1.0) * 2.0, wrt=ag.Value(5.0)).source)
    assert not arrows
    assert "of 0 paths" in nodes[""]["label"]


@needs_dot
def test_where_names_are_missing_the_adjoint_is_called_that() -> None:
    a = ag.Value(3.0, label="a")
    nodes, _ = parsed(draw(a * a, wrt=a).source)
    said = [cells(b["label"])[2][0] for n, b in nodes.items() if n.startswith("n")]
    assert sorted(said) == ["adjoint 1", "adjoint 6"]
    assert "∂output/∂a" in nodes[""]["label"]


@needs_dot
def test_a_checkpoint_and_a_row_of_ones_own_are_steps_like_others() -> None:
    a = ag.Value(3.0, label="a")
    f = ag.checkpoint(lambda x: x * x * x)
    taken = explain(f(a) * a, a)
    nodes, arrows = parsed(draw(f(a) * a, wrt=a).source)
    assert sorted(p.contribution for p in taken.paths) == [27.0, 81.0]
    assert sorted(cells(arrow["label"])[0][0].strip() for arrow in arrows) == [
        "×27",
        "×27",
        "×3",
    ]
    assert len(nodes) - 1 == 3  # the slope stands on the arrow, and in no box
