"""Each pass by itself: what it leaves, and that it changes no bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.program.arrays import Arrays
from autograd.program.packs import FOLD, MINUS, PLUS, PRODUCT, flatten, restore
from autograd.program.passes.folds import Instruction, folded
from autograd.program.passes.fuse import fused
from autograd.program.passes.grids import grids, runs
from autograd.program.passes.join import joined
from autograd.program.passes.lower import lower
from autograd.program.passes.simplify import live, simplified
from autograd.program.tape import Number, Tape


def inputs(tape: Tape, *numbers: float) -> list[Number]:
    return [Number(tape, tape.add("input", (), x)) for x in numbers]


def test_dead_code_goes() -> None:
    tape = Tape()
    x, y = inputs(tape, 1.0, 2.0)
    ag.exp(x * y)
    wanted = (x + y).index
    assert live(tape, [wanted]) == [x.index, y.index, wanted]


def test_constants_are_computed_by_their_rows_and_nothing_is_assumed() -> None:
    tape = Tape()
    (x,) = inputs(tape, 1.0)
    two = Number(tape, tape.constant(2.0))
    kept = [x * 0.0, x + 0.0, 0.0 - x, x * 1.0]
    outputs = [(two * 3.0 + 1.0).index, *(k.index for k in kept)]
    new, place = simplified(tape, outputs)
    assert new.numbers[place[outputs[0]]] == 7.0
    assert [new.ops[place[k.index]] for k in kept] == ["mul", "add", "sub", "mul"]


def test_common_parts_are_one_and_zeros_of_two_signs_are_two() -> None:
    tape = Tape()
    x, y = inputs(tape, 1.0, 2.0)
    same = [ag.exp(x * y), ag.exp(x * y)]
    other = [x + 0.0, x + -0.0]
    _, place = simplified(tape, [k.index for k in same + other])
    assert place[same[0].index] == place[same[1].index]
    assert place[other[0].index] != place[other[1].index]


def test_an_operation_that_raises_is_left_to_run() -> None:
    tape = Tape()
    k = tape.add("log", (tape.constant(-1.0),), None, checked=True)
    new, place = simplified(tape, [k])
    assert new.ops[place[k]] == "log"


def test_chains_are_folds_unless_somebody_else_reads_a_part() -> None:
    tape = Tape()
    a, b, c, d = inputs(tape, 1.0, 2.0, 3.0, 4.0)
    total = a * b + c * d + a - d
    (found,) = folded(tape, [total.index], [False] * len(tape))
    assert found.op == "fold"
    assert found.kinds == (PRODUCT, PRODUCT, PLUS, MINUS)
    assert found.args[-1] == -1
    tape = Tape()
    a, b, c, d = inputs(tape, 1.0, 2.0, 3.0, 4.0)
    part = a * b + c
    total = part + d
    found_all = folded(tape, [part.index, total.index], [False] * len(tape))
    assert [x.node for x in found_all] == [part.index, total.index]


def test_what_is_the_same_for_all_examples_is_no_part_of_what_varies() -> None:
    tape = Tape()
    w, x = inputs(tape, 1.0, 2.0)
    total = w * w + w + x
    varies = [False] * len(tape)
    varies[x.index] = varies[total.index] = True
    first, second = folded(tape, [total.index], varies)
    assert second.args == (x.index, x.index, first.node)


def test_relu_and_its_partial_are_parts_of_the_folds_before() -> None:
    fold = Instruction(4, "fold", (0, 1, -1), (PRODUCT,))
    relu = Instruction(5, "relu", (4,))
    slope = Instruction(6, "relu:0", (4, 5))
    adjoint = Instruction(7, "fold", (2, 3, -1), (PRODUCT,))
    product = Instruction(8, "mul", (7, 6))
    share = Instruction(9, "where", (6, 8, 0))
    varies = [False] * 10
    both = [product, share]
    first, second = fused([fold, relu, slope, adjoint, *both], [5, 9], varies)
    assert first == fold._replace(node=5, after="relu")
    assert second == adjoint._replace(node=9, after="relu:0", beside=(5,))
    unchanged = fused([fold, relu], [4, 5], varies)
    assert unchanged == [fold, relu]
    alone = Instruction(7, "mul", (2, 3))
    first, second = fused([fold, relu, slope, alone, *both], [5, 9], varies)
    assert second == adjoint._replace(node=9, after="relu:0", beside=(5,))
    varies[9] = True  # what is the same for all examples is computed once for all
    assert alone in fused([fold, relu, slope, alone, *both], [5, 9], varies)


slots = st.lists(st.integers(0, 5), min_size=1, max_size=30)


@given(slots)
def test_grids_cover_every_lane_once_and_in_order(numbers: list[int]) -> None:
    array = np.array([numbers])
    covered = []
    for first, m0, m1 in grids([array]):
        step = [numbers[first + m1] - numbers[first] if m0 > 1 else 0]
        step += [numbers[first + 1] - numbers[first] if m1 > 1 else 0]
        for i in range(m0):
            for j in range(m1):
                covered.append(first + i * m1 + j)
                expected = numbers[first] + i * step[0] + j * step[1]
                assert numbers[covered[-1]] == expected
    assert covered == list(range(len(numbers)))


@given(slots)
def test_runs_cover_every_term_and_are_affine(numbers: list[int]) -> None:
    array = np.array([numbers]).T
    at = 0
    for t, e in runs([array]):
        assert t == at < e
        assert len(set(np.diff(numbers[t:e]).tolist())) <= 1
        at = e
    assert at == len(numbers)


def test_a_matrix_product_is_one_pack_without_an_index() -> None:
    tape = Tape()
    rows = [inputs(tape, *[1.0] * 6) for _ in range(5)]
    vector = inputs(tape, *[2.0] * 6)
    outputs = []
    for row in rows:
        total: Any = 0.0
        for w, x in zip(row, vector):
            total = total + w * x
        outputs.append(total.index)
    leaves = list(range(36))
    packs = lower(tape, leaves, [], outputs)
    (p,) = packs.packs
    assert (p.op, p.terms, p.m0 * p.m1) == (FOLD, 6, 5)
    assert all(x.index is None for x in p.operands)
    (same,) = restore(flatten(packs.packs))
    for field in ("op", "terms", "kind", "begin", "start", "m0", "m1"):
        assert getattr(same, field) == getattr(p, field)
    memory = np.zeros(packs.doubles(8))
    memory[: packs.uniform] = packs.numbers
    memory[packs.inputs] = np.arange(36.0)
    Arrays(packs).run(memory, 0, 1, 8, 1, None, None)
    numbers = np.arange(36.0)
    expected = numbers[:30].reshape(5, 6) @ numbers[30:]
    assert memory[packs.outputs].tolist() == expected.tolist()


def test_packs_that_were_cut_are_joined_and_keep_their_bits() -> None:
    """Causal attention: rows of unequal length, read from two matrices."""

    def scores(theta: Any) -> Any:
        keys, queries = theta[:160].reshape(10, 16), theta[160:].reshape(10, 16)
        total = 0.0
        for i in range(10):
            products = [sum(map(lambda a, b: a * b, queries[i], k)) for k in keys[:i]]
            for p in products:
                total = total + ag.exp(p - i) / (1.0 + p * p)
        return total

    program = ag.compile(ag.value_and_grad(scores), executor="arrays")
    theta = np.cos(np.arange(320.0))
    value, gradient = program(theta)
    expected, slopes = ag.value_and_grad(scores)(theta)
    assert value == expected
    assert gradient.tolist() == slopes.tolist()
    packs = next(iter(program._recordings.values()))[0].machine().packs
    fewer = joined(packs.packs, packs.uniform)
    assert len(fewer) < 0.6 * packs.count
    assert sum(p.m0 * p.m1 * p.terms for p in fewer if p.op == FOLD) == sum(
        p.m0 * p.m1 * p.terms for p in packs.packs if p.op == FOLD
    )
