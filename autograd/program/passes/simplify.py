"""What the outputs need, once: dead code, constants, common parts, written-out sums.

No pass changes a bit: nothing is assumed of 0 · x, x + 0 or 1 / x. Constants are
computed by the rows themselves, and are the same only if their bits are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.core import limits
from autograd.program.tape import (
    LEAVES,
    Number,
    Tape,
    compute,
    entry_of,
    row_of,
    value_of_row,
)
from autograd.table.primitive import PRIMITIVES
from autograd.table.rules import RULES, Reduction

__all__ = ["WHOLE", "live", "simplified"]

WHOLE = {name for name in PRIMITIVES if isinstance(RULES[name], Reduction)}
"""Reductions with an algorithm of their own; the others are loops over rows."""


def live(tape: Tape, outputs: Sequence[int]) -> list[int]:
    """The entries that the outputs depend on, in the order of the tape."""
    needed = bytearray(len(tape))
    stack = list(outputs)
    for k in stack:
        needed[k] = 1
    while stack:
        for a in tape.args[stack.pop()]:
            if not needed[a]:
                needed[a] = 1
                stack.append(a)
    return [k for k, wanted in enumerate(needed) if wanted]


def simplified(tape: Tape, outputs: Sequence[int]) -> tuple[Tape, Sequence[int]]:
    """A tape of what the outputs need.

    Returns:
        The new tape, and the new entry of each old one; -1 for one that is dropped.
    """
    native = getattr(tape, "simplified", None)
    if native is not None:
        found: tuple[Tape, Sequence[int]] = native(outputs)
        return found
    new = Tape()
    place = [-1] * len(tape)
    known: dict[tuple[str, tuple[int, ...], bool], int] = {}
    again = False
    for k in live(tape, outputs):
        op, checked = tape.ops[k], tape.checked[k]
        args = tuple(place[a] for a in tape.args[k])
        if op in LEAVES:
            number = tape.numbers[k]
            if op == "number":
                assert number is not None
                place[k] = new.constant(number)
            else:
                place[k] = new.add(op, (), number)
            continue
        if op in ("pos", "detach"):
            place[k] = args[0]
            continue
        if op == "where" and args[1] == args[2]:  # the same in every case
            place[k], again = args[1], True
            continue
        # Of two that are one, of which one is checked, that one is.
        constant = all(new.ops[a] == "number" for a in args)
        apart = checked and (constant or is_loop(op))
        if (key := (op, args, apart)) not in known:
            known[key] = rewritten(new, op, args, checked)
            again |= not constant and loop_of(op) == ([], [])
        place[k] = known[key]
        if checked and not apart:
            new.checked[place[k]] = True
    if not again:
        return new, place
    # What a value and its partials were written out with is the same, and what only
    # chose is dead.
    once, at = simplified(new, [place[k] for k in outputs])
    return once, [-1 if k < 0 else at[k] for k in place]


def is_loop(op: str) -> bool:
    """Whether an operation is a reduction that is a loop over rows."""
    if ":" in op or op in WHOLE or op == "detach":
        return False
    return isinstance(row_of(op), Reduction)


Line = tuple[str, tuple[int, ...]]


def loop_of(op: str) -> tuple[list[Line], list[Line]] | None:
    """What the native pass asks of an operation: None if it is no loop over rows.

    Returns:
        The rows that add a term, whose operands are by number: 0 for the sum so far,
        then those of the term, then what came before; and those of the end, where 1
        is the number of terms. Without any for a term, the operation is
        :func:`rewritten`.
    """
    if not is_loop(op):
        return None
    row = row_of(op)
    assert isinstance(row, Reduction)
    step = [] if row.step is None else _lines(row.step, 1 + row.columns)
    finish = [] if row.finish is None else _lines(row.finish, 2)
    known = step and (row.finish is None or finish)
    return (step, finish) if known else ([], [])


def _lines(body: Callable[..., Any], count: int) -> list[Line]:
    """A function of numbers row by row; nothing if it takes constants."""
    scratch = Tape()
    found = body(*(Number(scratch, scratch.add("input")) for _ in range(count)))
    if "number" in scratch.ops or entry_of(scratch, found) != len(scratch) - 1:
        return []
    return list(zip(scratch.ops, scratch.args))[count:]


def rewritten(new: Tape, op: str, args: tuple[int, ...], checked: bool) -> int:
    """An operation on the new tape: a constant, a loop over rows, or itself."""
    if all(new.ops[a] == "number" for a in args):
        numbers = [new.value(a) for a in args]
        if not checked:
            return new.constant(compute(op, numbers))
        try:
            return new.constant(float(value_of_row(op)(*numbers)))
        except limits.FAILURES:
            return new.add(op, args, None, checked)  # it raises when it runs
    if is_loop(op):
        before = len(new)
        found = entry_of(new, row_of(op).value(*(Number(new, a) for a in args)))
        for k in range(before, len(new)):
            new.checked[k] = checked and new.ops[k] != "number"
        return found
    return new.add(op, args, None, checked)
