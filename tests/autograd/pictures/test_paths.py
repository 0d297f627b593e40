"""The paths view shows the paths of explain, and a table that sums to the gradient."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest

import autograd as ag
import nn
from autograd.core.graph import topological_order
from autograd.paths.explain import explain
from autograd.paths.numerals import number
from autograd.pictures.draw import draw
from autograd.pictures.markup import (
    PATHS,
)
from tests.autograd.paths.test_numerals import decimal, near
from tests.autograd.pictures.dot import (
    cells,
    needs_dot,
    parsed,
    read,
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

    table = cells(nodes[""]["label"])[:-1]
    assert [row[1] for row in table] == ["path 1", "path 2", "sum"]
    for row, path in zip(table, taken.paths):
        assert row[2].endswith("z[3]1 → ŷ → L")
        assert len(row) == 5 + len(path.partials)
    assert all(adds_up(table))

    colored = {
        (a["tail"], a["head"]): a["color"].split(":")
        for a in arrows
        if a["color"].startswith(PATHS[:2])
    }
    assert sum(colors == list(PATHS[:2]) for colors in colored.values()) == 4
    for color, path in zip(PATHS, taken.paths):
        on = [a for a in arrows if color in a["color"].split(":")]
        row = table[taken.paths.index(path)]
        assert sorted(read(cells(a["label"])[0][0]) for a in on) == sorted(
            read(cell.removeprefix("· ")) for cell in row[3:-2]
        )
        assert {repr(p) for p in path.partials} == {
            a["tooltip"].split(" = ")[1] for a in on
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
    table = cells(nodes[""]["label"])[:-1]
    assert [row[1] for row in table] == [*(f"path {i}" for i in range(1, 5)), "", "sum"]
    assert "28 other paths" in table[4][2]
    assert {c for a in arrows for c in a["color"].split(":")} >= set(PATHS)
    assert all(adds_up(table))


def test_a_hundred_paths_stand_in_blocks_on_a_line() -> None:
    a = ag.Value(0.5, label="a")
    loss = ag.sum([(a * (k / 100)).tanh() for k in range(1, 101)])
    source = draw(loss, wrt=a, limit=100).source
    assert "rankdir=LR" in source
    joints = re.findall(r"^  (n\d+j\d+) \[shape=point", source, re.MULTILINE)
    heads = re.findall(r"^  n\d+ -> (\w+) \[", source, re.MULTILINE)
    into = [heads.count(head) for head in (*joints, joints[0].split("j")[0])]
    assert sum(into) == 100  # each path ends in one block
    assert len(into) > 2
    assert max(into) < 40


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
def test_where_names_are_missing_there_are_numbers() -> None:
    a = ag.Value(3.0, label="a")
    nodes, _ = parsed(draw(a * a, wrt=a).source)
    said = [cells(b["label"])[2][0] for n, b in nodes.items() if n.startswith("n")]
    assert sorted(said) == ["∂v2/∂a = 6", "∂v2/∂v2 = 1"]
    assert "∂v2/∂a" in nodes[""]["label"]


def adds_up(table: list[list[str]]) -> Iterator[bool]:
    """Whether each row of a picture's table, and its sum, hold as they are printed."""
    *rows, total = ([cell for cell in row if cell] for row in table)
    for row in rows:
        values = [decimal(cell.removeprefix("· ")) for cell in row if number_like(cell)]
        yield near(math.prod(values[:-1]), values[-1]) or "≈" in row or len(values) == 1
    yield (
        near(sum(decimal(row[-1]) for row in rows), decimal(total[-1])) or "≈" in total
    )


def number_like(cell: str) -> bool:
    return re.fullmatch(r"(· )?[+−]?[\d.]+(e−?\d+)?", cell) is not None


def test_a_picture_multiplies_out_and_adds_up_as_printed() -> None:
    approximate = rows = 0
    for seed in range(40):
        net = nn.MLP(2, [3, 2, 1], activation="tanh", output="sigmoid", seed=seed)
        loss = ag.bce(net([0.7, -1.3]), 1.0)
        for limit in (1, 4):
            source = draw(loss, wrt=net.parameters()[1], limit=limit).source
            label = re.search(r"label=<(<TABLE.*?</TABLE>)>", source)
            assert label is not None
            table = cells(label[1])[:-1]  # but the legend
            assert all(adds_up(table))
            approximate += sum("≈" in row for row in table)
            rows += len(table)
    assert approximate < rows / 20


@needs_dot
@pytest.mark.parametrize("limit", [0, 1, 2, 5, 9, 40])
def test_the_ways_out_of_a_box_add_up_to_the_derivative_in_it(limit: int) -> None:
    net = nn.MLP(2, [3, 3, 1], activation="tanh", output="sigmoid", seed=3)
    loss = ag.bce(net([0.7, -1.3]), 1.0)
    nodes, arrows = parsed(draw(loss, wrt=net.parameters()[1], limit=limit).source)
    said = {
        name: read(cells(box["label"])[2][0].split(" = ")[1])
        for name, box in nodes.items()
        if re.fullmatch(r"n\d+", name)
    }
    for name, adjoint in said.items():
        out = 0.0
        for a in arrows:
            if a["tail"] == name and a["head"] in said:
                out += float(a["tooltip"].split(" = ")[1]) * said[a["head"]]
            elif a["tail"] == name:
                out += read(cells(nodes[a["head"]]["label"])[1][0].split(" = ")[1])
        if any(a["tail"] == name for a in arrows):
            assert out == pytest.approx(adjoint, rel=2e-3, abs=1e-6)
        else:
            assert adjoint == 1.0


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
