"""take: indexing by data, eager and in programs, with the same bits and exceptions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.program.packs import DOTS, TAKE
from tests.autograd.program.test_compiled import bits
from tests.autograd.program.test_mapped import summed

EXECUTORS = [None, "arrays"]


def embedding(n: int, width: int) -> list[list[Any]]:
    return [
        [ag.Value((3.0 * i - j) / 8, label=f"e{i},{j}") for j in range(width)]
        for i in range(n)
    ]


def score(table: Any, ix: Any, w: Any) -> Any:
    """A loss of several lookups, of which some may be of one entry."""
    rows = [ag.take(table, i) for i in ix]
    return ag.sum([ag.tanh(a * w - b * a) for row in rows for a, b in pairwise(row)])


def test_a_plain_index_takes_an_entry_as_it_is_nested() -> None:
    table = embedding(3, 2)
    assert [x.data for x in ag.take(table, 2)] == [x.data for x in table[2]]
    assert [x.operands for x in ag.take(table, 2.0)] == [(x,) for x in table[2]]
    assert ag.take([1.5, 2.5], np.int64(1)) == ag.take([1.5, 2.5], np.array(1)) == 2.5
    assert ag.take(np.arange(6.0).reshape(3, 2), 1).tolist() == [2.0, 3.0]
    assert ag.take([{"a": 1.0}, {"a": 2.0}], ag.Value(1.0)) == {"a": 2.0}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
def test_a_program_looks_up_what_each_call_says(n: int, executor: Any) -> None:
    table = embedding(n, 3)
    program = ag.compile(lambda ix: ag.take(table, ix[0]), executor=executor)
    for i in range(n):
        assert bits(program(np.array([i]))) == bits(table[i])
    assert program.stats()["recordings"] == 1


@pytest.mark.parametrize("executor", EXECUTORS)
@given(ix=st.lists(st.integers(0, 4), min_size=3, max_size=3))
def test_gradients_have_the_bits_of_eager(executor: Any, ix: list[int]) -> None:
    table = embedding(5, 3)
    leaves = [x for row in table for x in row]
    program = ag.compile(lambda ix: score(table, ix, 0.7), executor=executor)
    program(np.array([0, 1, 2])).backward()
    program(np.array(ix))
    for x in leaves:
        x.grad = 0.0
    score(table, ix, 0.7).backward()
    expected = [x.grad for x in leaves]
    for x in leaves:
        x.grad = 0.0
    program(np.array(ix)).backward()
    assert bits([x.grad for x in leaves]) == bits(expected)
    assert program.stats()["recordings"] == 1


@pytest.mark.parametrize("executor", EXECUTORS)
def test_examples_look_up_each_for_itself(executor: Any) -> None:
    table = embedding(5, 3)
    leaves = [x for row in table for x in row]
    ix = np.array([[k % 5, (k * k) % 5] for k in range(20)])
    program = ag.compile(lambda ix: score(table, ix, 0.7), executor=executor)
    found = program.backward(ix)
    grads = [x.grad for x in leaves]
    for x in leaves:
        x.grad = 0.0
    eager = [score(table, row, 0.7) for row in ix.tolist()]
    assert bits(found) == bits(eager)
    for y in eager:
        y.backward()
    assert grads == pytest.approx([x.grad for x in leaves], rel=1e-13, abs=1e-15)
    assert program.stats()["recordings"] == 1


def test_a_lookup_among_scores_leaves_a_layers_gradient_a_sum_of_products() -> None:
    model = nn.MLP(6, [5, 3], seed=1)

    def loss(x: Any, label: Any) -> Any:
        scores = model(x)
        return ag.logsumexp(*scores) - ag.take(scores, label)

    program = ag.compile(loss)
    program.backward(np.ones((9, 6)), np.arange(9) % 3)
    (recording,) = next(iter(program._recordings.values()))
    (machine,) = (m for key, m in recording._machines.items() if key[2])
    sizes = {p.op: p.m0 * p.m1 for p in machine.packs.packs if p.m0 * p.m1 >= 5 * 6}
    assert sizes == {DOTS: 5 * 6}


def test_the_derivative_of_a_lookup_has_a_choice_for_each_entry_of_the_table() -> None:
    lanes = []
    for n in (10, 20):
        table = embedding(n, 2)
        program = ag.compile(lambda i, t=table: ag.take(t, i)[0] * ag.take(t, i)[1])
        program(np.array(3)).backward()
        lanes.append(program.stats()["lanes"])
    assert lanes[1] - lanes[0] <= 3 * 20


def two_tables(table: Any, other: Any, ix: Any, w: Any) -> Any:
    """Lookups of two tables by the same indices, and of one of them by another one."""
    rows = [[*ag.take(table, i), *ag.take(other, i)] for i in ix[:-1]]
    return score(table, ix[-1:], w) + ag.sum([a * b * w for a, *_, b in rows])


def also_read(table: Any, other: Any, ix: Any, w: Any) -> Any:
    """One of the parameters is used by itself, too; so is a whole table."""
    whole = ag.dot([row[0] for row in other], range(len(other)))
    return score(table, ix, w) * table[0][0] + score(other, ix, w) * whole


def in_two_columns(table: Any, other: Any, ix: Any, w: Any) -> Any:
    """A parameter is in two tables, and twice in one."""
    mixed = [*table[1:], other[0][:2], table[1]]
    return score(table, ix, w) + score(mixed, ix[:1], w) + score(other, ix, w)


def by_another_lookup(table: Any, other: Any, ix: Any, w: Any) -> Any:
    """The index is what another lookup found."""
    at = ag.take([2.0, 0.0, 1.0], ix[0])
    return score(table, [at, ix[1]], w) * ag.take(other, ix[1])[1]


def chosen(table: Any, other: Any, ix: Any, w: Any) -> Any:
    """Lookups behind a choice, of which some pass nothing."""
    x, y = ag.take(table, ix[0])[0], ag.take(other, ix[1])[0]
    return ag.where(w > 0.5, x * y, ag.relu(y)) + ag.maximum(x, w)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "loss", [two_tables, also_read, in_two_columns, by_another_lookup, chosen]
)
@given(
    ix=st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=19),
    fixed=st.booleans(),
)
def test_sums_over_examples_give_each_entry_what_it_was_read_for(
    executor: Any, loss: Any, ix: list[tuple[int, ...]], fixed: bool
) -> None:
    tables = embedding(3, 2), embedding(3, 3)
    leaves = [x for table in tables for row in table for x in row]
    ws = [((k * 5) % 7 - 2) / 3 for k in range(len(ix))]
    if fixed:
        ix = ix[:1] * len(ix)
    rows, expected = [], []
    for row, w in zip(ix, ws):
        expected.append(loss(*tables, [ag.Value(i) for i in row], ag.Value(w)))
        expected[-1].backward(seed=0.3)
        rows.append([x.grad for x in leaves])
        for x in leaves:
            x.grad = 0.0
    program = ag.compile(lambda ix, w: loss(*tables, ix, w), executor=executor)
    indices = np.array(ix[0] if fixed else ix)
    found = program.backward(
        indices, np.array(ws), in_axes=(None if fixed else 0, 0), scale=0.3
    )
    assert bits(found) == bits(expected)
    assert bits([x.grad for x in leaves]) == bits([*map(summed, zip(*rows))])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_examples_cost_what_they_look_up_and_not_the_table(executor: Any) -> None:
    counts = []
    for n in (10, 1000):
        table = embedding(n, 4)
        program = ag.compile(lambda ix, t=table: score(t, ix, 0.7), executor=executor)
        program.backward(np.arange(20).reshape(10, 2) % n)
        stats = program.stats()
        counts.append([stats[name] for name in ("packs", "lanes")])
    assert counts[0] == counts[1]


@pytest.mark.parametrize("index", [5, -1, 1.5, float("nan"), float("inf")])
def test_an_index_out_of_range_is_named(index: float) -> None:
    table = embedding(5, 1)
    message = rf"whole number from 0 to 4, .* 5 entries, got {index:g}"
    with pytest.raises(IndexError, match=message):
        ag.take(table, index)
    with pytest.raises(IndexError, match=message):
        ag.take(table, ag.Value(index))
    for executor in EXECUTORS:
        program = ag.compile(lambda i: ag.take(table, i)[0], executor=executor)
        assert program(3.0).data == table[3][0].data
        with pytest.raises(IndexError, match=message):
            program(float(index))
        with pytest.raises(IndexError, match=f"example 2: .*{message}"):
            program.map([1.0, 2.0, float(index), 9.0])
        assert program(3.0).data == table[3][0].data


def test_what_is_no_table_or_no_index_is_refused() -> None:
    with pytest.raises(TypeError, match="table must be a sequence, got float"):
        ag.take(1.0, 0)
    with pytest.raises(TypeError, match="index must be a number, got str"):
        ag.take([1.0], "0")
    with pytest.raises(IndexError, match="0 entries"):
        ag.take([], 0)
    with pytest.raises(TypeError, match=r"table\[1\] is"):
        ag.compile(lambda i: ag.take([[1.0], [1.0, 2.0]], i))(1.0)


def test_programs_that_look_up_are_files_and_text_of_c(tmp_path: Any) -> None:
    table = embedding(3, 1)
    program = ag.compile(lambda i, x: ag.take(table, i)[0] * x)
    expected = program(2.0, 3.0).data
    program.save(tmp_path / "p")
    assert ag.load_program(tmp_path / "p")(2.0, 3.0).data == expected
    assert "int lookup(" in program.to_c("lookup", gradient=True)


def test_a_choice_by_data_has_tangents() -> None:
    f = lambda x: ag.where(x[0] > x[1], x[0] * x[0] * x[1], x[1] * x[1])
    product = ag.compile(lambda x: ag.jvp(ag.grad(f), (x,), ([1.0, 2.0],)))
    for x in ([2.0, 1.0], [1.0, 2.0]):
        expected = ag.jvp(ag.grad(f), (x,), ([1.0, 2.0],))
        assert bits(product(x)) == bits(expected)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_lookup_is_one_instruction_however_large_the_table_is(executor: Any) -> None:
    table = np.arange(6000.0).reshape(3000, 2)
    program = ag.compile(lambda i, w: ag.take(table, i) @ w, executor=executor)
    w = np.array([0.5, -2.0])
    assert program(2999.0, w) == table[2999] @ w
    indices = np.arange(0.0, 3000.0, 7.0)
    found = program.map(indices, w, in_axes=(0, None))
    assert found.tolist() == (table[::7] @ w).tolist()
    (recording,) = next(iter(program._recordings.values()))
    for machine in recording._machines.values():
        packs = [p for p in machine.packs.packs if p.op == TAKE]
        assert sum(p.m0 * p.m1 for p in packs) == 2
        assert machine.packs.lanes < 20


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_table_may_be_another_one_for_every_example(executor: Any) -> None:
    program = ag.compile(lambda table, i: ag.take(table, i), executor=executor)
    tables = np.arange(120.0).reshape(30, 4)
    indices = np.arange(30.0) % 4
    expected = tables[np.arange(30), indices.astype(int)]
    assert program.map(tables, indices).tolist() == expected.tolist()
    last = program.map(tables, 3.0, in_axes=(0, None))
    assert last.tolist() == tables[:, 3].tolist()
    one = program.map(tables[5], indices, in_axes=(None, 0))
    assert one.tolist() == tables[5][indices.astype(int)].tolist()
