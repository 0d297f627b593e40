"""Reverse mode on the tape: the sweep of eager Values, written down instead of run.

The adjoint of an entry is the sum, over its uses, of the user's adjoint times the local
derivative. Uses are added in the order of the engines' sweep, from the last entry of
a depth-first walk to the first, so that a program's derivatives have the bits of
``backward``. What is appended are ordinary entries, which can be differentiated
again, and which later passes turn into folds like any other sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.tape import (
    LEAVES,
    ROWS,
    Number,
    Tape,
    entry_of,
    shape_of_partial,
)
from autograd.table.primitives import where
from autograd.table.rules import RULES, Reduction, Rule

__all__ = ["order_from", "push", "sweep"]

ENDS = {*LEAVES, *ROWS, "detach"}
"""Operations that no derivative goes through."""


def operands_of(tape: Tape, k: int) -> tuple[int, ...]:
    """What an entry was computed from, as a derivative sees it."""
    return () if tape.ops[k] in ENDS else tape.args[k]


def order_from(tape: Tape, output: int, stop: Sequence[int] = ()) -> list[int]:
    """The entries that ``output`` depends on: the engines' depth-first walk.

    It is :func:`autograd.core.graph.topological_order` on a tape, with partials of
    rows written out on the way.
    """
    order: list[int] = []
    seen = set(stop)
    stack: list[int | None] = [tape.expanded(output)]
    while stack:
        k = stack.pop()
        if k is None:
            done = stack.pop()
            assert done is not None
            order.append(done)
        elif k not in seen:
            seen.add(k)
            stack += [k, None]
            for a in operands_of(tape, k):
                a = tape.expanded(a)
                if a not in seen and tape.ops[a] != "number":
                    stack.append(a)
    return order


def sweep(
    tape: Tape,
    output: int,
    inputs: Sequence[int],
    stop: bool = True,
    seed: int | None = None,
) -> list[int]:
    """Append the derivatives of an entry by others.

    Args:
        tape: grows.
        output, inputs: entries.
        stop: whether the walk ends at the inputs; else one may depend on another.
        seed: an entry for the output's own adjoint, if not 1.

    Returns:
        An entry for each input.
    """
    native = getattr(tape, "sweep", None)
    if native is not None:
        found: list[int] = native(output, inputs, stop, seed)
        return found
    output = tape.expanded(output)
    inputs = [tape.expanded(x) for x in inputs]
    order = order_from(tape, output, inputs if stop else ())
    active = set(inputs)
    between = []
    for k in order:
        if any(tape.expanded(a) in active for a in operands_of(tape, k)):
            active.add(k)
            between.append(k)
    # What a fresh ``grad`` adds to is 0.0: a derivative is never -0.0.
    zero = Number(tape, tape.constant(0.0))
    adjoints: dict[int, Any] = {**dict.fromkeys(inputs, zero)}
    adjoints[output] = 1.0 if seed is None else Number(tape, seed)
    reached: dict[int, Any] = {output: True}
    for k in reversed(between):
        if k in adjoints and adjoints[k] is not zero:
            _spread(tape, k, active, adjoints, reached)
    return [entry_of(tape, adjoints[x]) for x in inputs]


def _spread(
    tape: Tape,
    k: int,
    active: set[int],
    adjoints: dict[int, Any],
    reached: dict[int, Any],
) -> None:
    """Give an entry's adjoint to its operands.

    ``reached`` says under which condition an entry is part of the graph at all: a
    branch of ``where`` that is not taken is not, and an infinite slope in it must not
    leak through a zero.
    """
    adjoint, here = adjoints[k], reached[k]
    args = [tape.expanded(a) for a in tape.args[k]]
    for i, a in enumerate(args):
        if a not in active:
            continue
        there = here
        if tape.ops[k] == "where":
            taken = Number(tape, args[0])
            chosen = (1, 0) if i == 1 else (0, 1)
            part = where(taken, *((adjoint, 0) if i == 1 else (0, adjoint)))
            own = where(taken, *chosen)
            there = own if here is True else own * here
        else:
            partial = _partial(tape, k, i)
            if here is not True and partial.__class__ is Number:
                partial = where(here, partial, 0)
            part = times(adjoint, partial)
        before = adjoints.get(a)
        adjoints[a] = part if before is None else plus(before, part)
        if there is True or reached.get(a) is True:
            reached[a] = True
        else:
            reached[a] = there if a not in reached else where(there, 1, reached[a])


def _partial(tape: Tape, k: int, i: int) -> Any:
    """The derivative of an entry by its operand ``i``: a float or a Number."""
    op, args = tape.ops[k], tape.args[k]
    row = RULES[op]
    if isinstance(row, Reduction) and row.together:
        column, term = divmod(i, len(args) // row.columns)
        if (k, column) not in tape.columns:
            given = [Number(tape, a) for a in args]
            partials = row.column(column, given, Number(tape, k))
            tape.columns[k, column] = [entry_of(tape, x) for x in partials]
        return Number(tape, tape.columns[k, column][term])
    operands = [Number(tape, a) for a in args]
    z = Number(tape, k)
    if isinstance(row, Reduction):
        found = row.partial(i, operands, z)
        return found if found.__class__ is Number else float(found)
    shape = shape_of_partial(row, i)
    if shape.__class__ is float:
        return shape
    if shape is not None:
        return [*operands, z][int(shape)]
    return Number(tape, tape.add(f"{op}:{i}", (*args, k)))


def shape_of(op: str, i: int) -> float | int | None:
    """What the native sweep asks of a row's partial: :func:`shape_of_partial`."""
    row = RULES[op]
    assert isinstance(row, Rule)
    return shape_of_partial(row, i)


def partial_of(tape: Tape, k: int, i: int) -> float | int:
    """The derivative of an entry by its operand ``i``: a float, or an entry."""
    found = _partial(tape, k, i)
    return found if found.__class__ is float else entry_of(tape, found)


def push(tape: Tape, output: int, known: dict[int, Any]) -> int | None:
    """Append the tangent of an entry: forward mode, as ``derivatives.sweeps`` does it.

    Args:
        tape: grows.
        output: an entry.
        known: the tangents of the inputs, floats or Numbers, and of what was walked
            over before, None where no input reaches. Grows.

    Returns:
        The entry of the tangent, or None if no input reaches the output.
    """
    output = tape.expanded(output)
    for k in order_from(tape, output, list(known)):
        total: Any = None
        args = [tape.expanded(a) for a in operands_of(tape, k)]
        tangents = [known.get(a) for a in args]
        if tape.ops[k] == "where" and any(t is not None for t in tangents[1:]):
            chosen = [0.0 if t is None else t for t in tangents[1:]]
            known[k] = where(Number(tape, args[0]), *chosen)
            continue
        for i, tangent in enumerate(tangents):
            if tangent is not None:
                part = times(tangent, _partial(tape, k, i))
                total = part if total is None else plus(total, part)
        known[k] = total
    found = known.get(output)
    return None if found is None else entry_of(tape, found)


def times(adjoint: Any, partial: Any) -> Any:
    """A product that makes no entry for a factor of exactly 1."""
    for one, other in ((adjoint, partial), (partial, adjoint)):
        if one.__class__ is float:
            if one == 1.0:
                return other
            if one == -1.0:
                return -other
    return adjoint * partial


def plus(x: Any, y: Any) -> Any:
    """A sum that makes no entry for a part of exactly 0."""
    if y.__class__ is float and y == 0.0:
        return x
    return y if x.__class__ is float and x == 0.0 else x + y
