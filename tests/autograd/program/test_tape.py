"""The native engine's tape and passes are those of the reference, entry by entry."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import choice
from autograd.program import adjoint
from autograd.program.entries import Entries
from autograd.program.passes import simplify
from autograd.program.passes.lower import lower
from autograd.program.passes.simplify import simplified
from autograd.program.tape import Number, Tape, entry_of, new_tape, row_of
from autograd.table.rules import RULES, Reduction
from autograd.testing import expressions
from autograd.testing.strategies import Expression
from tests.exact import same

ROWS = [name for name in RULES if name != "checkpoint"]


@pytest.fixture(autouse=True)
def native(engine: str) -> Any:
    if engine != "native":
        pytest.skip("compares the native engine with the reference")
    return choice.module()


def columns(tape: Tape) -> dict[str, Any]:
    """All that a tape says, with numbers by their bits."""
    numbers = [None if x is None else struct.pack("<d", x) for x in tape.numbers]
    return {
        "ops": list(tape.ops),
        "args": list(tape.args),
        "numbers": numbers,
        "checked": list(tape.checked),
        "labels": dict(tape.labels),
    }


def copied(tape: Tape) -> Tape:
    """The same entries on a tape of the reference."""
    copy = Tape()
    for op, args, x, checked in zip(tape.ops, tape.args, tape.numbers, tape.checked):
        k = copy.add(op, args, x, checked)
        if op == "number":
            assert x is not None
            copy.shared(x, k)
    copy.labels.update(tape.labels)
    return copy


def written(e: Expression, tape: Tape) -> tuple[list[int], int]:
    """An expression on a tape: its inputs, every other one a parameter, and it."""
    inputs = [
        tape.add("parameter" if i % 2 else "input", (), x)
        for i, x in enumerate(e.point)
    ]
    output = e(*(Number(tape, k) for k in inputs))
    return inputs, entry_of(tape, output)


@given(expressions(operations=[name for name in ROWS if name != "where"]))
def test_values_come_onto_the_tape_in_the_order_of_the_reference(
    e: Expression,
) -> None:
    made: list[Any] = []
    native = choice.module()
    leaves = [ag.Value(x, label=f"x{i}") for i, x in enumerate(e.point)]
    native.record_into(made)  # type: ignore[attr-defined]
    try:
        output = e(*leaves) * 2.0 + leaves[0]
    finally:
        native.record_into(None)  # type: ignore[attr-defined]
    tapes = []
    for tape, kind in ((Tape(), Entries), (new_tape(), native.Entries)):  # type: ignore[attr-defined]
        entries = kind(tape)
        entries.inputs([1.5, -0.0])
        stand_in = entries.stand_in(1, 2.5)
        tapes.append(
            (
                entries.known(leaves[0]),
                entries.entry(output, made),
                entries.entry(leaves[-1], made),
                entries.known(stand_in),
                stand_in.data,
                entries.parameters,
                entries.leaves,
                columns(tape),
            )
        )
    assert tapes[0] == tapes[1]


@given(expressions(operations=ROWS), st.booleans())
def test_derivatives_of_every_order_are_the_same_entries(
    e: Expression, stop: bool
) -> None:
    tape = new_tape()
    inputs, output = written(e, tape)
    reference = copied(tape)
    wanted = [output]
    for _ in range(2):  # derivatives of derivatives write partials out
        found = [
            adjoint.sweep(t, sum_of(t, wanted), inputs, stop) for t in (tape, reference)
        ]
        assert found[0] == found[1]
        assert columns(tape) == columns(reference)
        wanted = found[0]
    for k in wanted:
        assert struct.pack("<d", tape.value(k)) == struct.pack("<d", reference.value(k))
        assert tape.depends(k) == reference.depends(k)
        assert tape.on_parameters(k) == reference.on_parameters(k)


SEEDS = st.lists(
    st.lists(
        st.sampled_from([None, 0.0, -0.0, 1.0, -1.0, 2.5, 0]), min_size=8, max_size=8
    ),
    max_size=3,
)


@given(expressions(operations=ROWS), SEEDS)
def test_tangents_in_many_directions_are_the_same_entries(
    e: Expression, seeds: list[list[float | int | None]]
) -> None:
    tape = new_tape()
    inputs, output = written(e, tape)
    reference = copied(tape)
    wanted = [output, inputs[0]]
    directions = [seed[: len(inputs)] for seed in seeds]
    for _ in range(2):
        found = [adjoint.push(t, wanted, inputs, directions) for t in (tape, reference)]
        assert found[0] == found[1]
        assert columns(tape) == columns(reference)
        moved = [k for row in found[0] for k in row if k is not None]
        wanted = [*moved, output]


def sum_of(tape: Tape, entries: Sequence[int]) -> int:
    """The sum of some entries, each times its position, on a tape."""
    total: Any = 0.0
    for i, k in enumerate(entries):
        total = total + Number(tape, k) * (1.0 + i)
    return entry_of(tape, total)


@given(expressions(operations=ROWS), st.booleans())
def test_a_choice_by_data_is_the_same_on_both(e: Expression, seeded: bool) -> None:
    tape = new_tape()
    inputs, output = written(e, tape)
    x, y = Number(tape, inputs[0]), Number(tape, output)
    chosen = ag.where(x < y, y * x, ag.where(y <= 0.5, x, y))
    outer = ag.where(chosen > x, chosen * y, x + 1.0)
    reference = copied(tape)
    k = outer.index
    seed = inputs[-1] if seeded else None
    for t in (tape, reference):
        adjoint.sweep(t, k, inputs, False, seed)
    assert columns(tape) == columns(reference)


@given(expressions(operations=ROWS), st.booleans())
def test_simplified_tapes_are_the_same(e: Expression, checked: bool) -> None:
    tape = new_tape()
    inputs, output = written(e, tape)
    more = e(*(Number(tape, tape.constant(x)) for x in e.point))
    again = e(*(Number(tape, k) for k in inputs))
    outputs = [output, more.index, again.index, *adjoint.sweep(tape, output, inputs)]
    for k in range(len(tape)):
        if checked and tape.args[k]:
            tape.checked[k] = True
    reference = copied(tape)
    (new, place), (same, there) = (simplified(t, outputs) for t in (tape, reference))
    assert list(place) == list(there)
    assert columns(new) == columns(same)


@pytest.mark.parametrize(
    "op", [n for n, r in RULES.items() if isinstance(r, Reduction)]
)
@pytest.mark.parametrize("started", [False, True])
def test_reductions_are_written_out_and_derived_alike(op: str, started: bool) -> None:
    made = []
    for tape in (Tape(), new_tape()):
        xs = [tape.add("input", (), float(i)) for i in range(1, 6 + started)]
        args = (*xs[:3], xs[1], xs[3], xs[1], *xs[4:])
        z = tape.add(op, args if op != "dot" or started else args[:-1])
        slopes = adjoint.sweep(tape, z, xs)
        (tangent,) = adjoint.push(tape, [z], xs, [[1.0, None, 2.0, *xs[3:]]])
        outputs = [z, *slopes, *(t for t in tangent if t is not None)]
        new, place = simplified(tape, outputs)
        made.append((columns(new), [place[k] for k in outputs]))
    assert made[0] == made[1]


def test_a_reduction_asks_python_once_for_each_column_and_not_for_each_operand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(module: Any, name: str) -> None:
        real = getattr(module, name)

        def counting(*args: Any) -> Any:
            if name != "rewritten" or isinstance(row_of(args[1]), Reduction):
                asked.append(name)
            return real(*args)

        monkeypatch.setattr(module, name, counting)

    for name in ("partial_of", "column_of"):
        counted(adjoint, name)
    counted(simplify, "rewritten")
    for op, often in (
        ("sum", []),
        ("dot", []),
        ("mean", ["column_of"]),
        ("dist", ["column_of", "column_of"]),
        ("logsumexp", ["column_of", "rewritten"]),
    ):
        asked.clear()
        tape = new_tape()
        xs = [tape.add("input", (), float(i)) for i in range(40)]
        z = tape.add(op, tuple(xs))
        simplified(tape, [z, *adjoint.sweep(tape, z, xs)])
        assert asked == often, op


@given(expressions(operations=ROWS), st.integers(0, 3))
def test_packs_are_the_same(e: Expression, purpose: int) -> None:
    tape = new_tape()
    inputs, output = written(e, tape)
    total = Number(tape, output)
    for i, k in enumerate(inputs):  # folds of every kind, and what may follow them
        x = Number(tape, k)
        fold = (total + x * x - x) + total * -1.0
        total = ag.relu(fold) if i % 2 else ag.relu(fold) + fold
        total = total * ag.relu(total - x)
    slopes = adjoint.sweep(tape, total.index, inputs, stop=False)
    outputs = [output, total.index, *([] if purpose & 1 else slopes)]
    sums = slopes if purpose & 1 else []
    packs = []
    for t in (tape, copied(tape)):
        new, place = simplified(t, [*outputs, *sums])
        packs.append(
            lower(
                new,
                [place[k] for k in inputs[::2]],
                [place[k] for k in inputs[1::2]],
                [place[k] for k in outputs],
                [place[k] for k in inputs[::2]] if purpose & 2 else [],
                [place[k] for k in sums],
            )
        )
    one, other = packs
    assert one.rows == other.rows
    assert (one.slots, one.once) == (other.slots, other.once)
    for name in ("numbers", "inputs", "parameters", "outputs", "totals"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("code", "start", "operands", "index"):
        np.testing.assert_array_equal(
            getattr(one.flat, name), getattr(other.flat, name)
        )


def test_a_tape_is_asked_for_what_it_has() -> None:
    tape = new_tape()
    k = tape.add("input", (), 2.0)
    with pytest.raises(IndexError, match="entry 7 of a tape of 1"):
        tape.add("exp", (7,))
    with pytest.raises(IndexError, match="entry 7 of a tape of 1"):
        tape.value(7)
    with pytest.raises(IndexError):
        tape.ops[1]
    with pytest.raises(TypeError, match="grows"):
        tape.ops[k] = "exp"
    with pytest.raises(TypeError, match="must be a str"):
        tape.add(3)  # type: ignore[arg-type]
    assert len(tape) == len(list(tape.ops)) == 1
    assert tape.bytes > 0


def test_a_row_of_the_users_is_asked_in_python() -> None:
    before = RULES["tanh"]
    tape = new_tape()
    k = tape.add("tanh", (tape.constant(0.5),))
    RULES["tanh"] = RULES["sinh"]
    try:
        assert tape.value(k) == ag.sinh(0.5)
    finally:
        RULES["tanh"] = before


def test_a_program_says_what_memory_it_takes() -> None:
    leaves = [ag.Value(0.5) for _ in range(100)]
    program = ag.compile(lambda x: ag.sum([w * x for w in leaves]))
    program(2.0)
    stats = program.stats()
    assert stats["tape_bytes"] >= stats["operations"] * 21  # at least what one takes
    machine = next(iter(program._recordings.values()))[0].machine(True)
    assert stats["lanes"] == sum(p.m0 * p.m1 for p in machine.packs.packs)
    assert stats["pack_bytes"] >= 8 * machine.packs.uniform


def test_a_slope_that_is_another_rows_value_is_computed_once() -> None:
    for row, slope in (ag.sin, "cos"), (ag.erfc, "exp_minus_square"):
        orders = [ag.derivative(row, order) for order in (1, 3)]

        def slopes(x: Any, orders: Any = orders) -> Any:
            return [order(x) for order in orders]

        program = ag.compile(slopes)
        assert same(program(0.3), slopes(0.3))
        packs = str(program).partition("packs")[2]
        assert packs.count(f"  {slope}:") == 1
