"""Reverse mode on the tape: the sweep of eager Values, written down instead of run.

The adjoint of an entry is the sum, over its uses, of the user's adjoint times the local
derivative. Uses are added in the order of the engines' sweep, from the last entry of
a depth-first walk to the first, so that a program's derivatives have the bits of
``backward``. What is appended are ordinary entries, which can be differentiated
again, and which later passes turn into folds like any other sum.

What passes no derivative is known to a graph when it is recorded, to a program when
it runs. So where a row chooses, a share is chosen, too; and what may be infinite behind
that is multiplied with only where some choice leads there. Behind a ``where`` of the
function itself, that is everything; behind other rows, partials that are computed. One
that is an operand is infinite where a value was, which is rare, and to choose for each
would cost much: a tape where that is left out is *hasty*. If its program gives nan, a
careful one is asked, which chooses everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.program.tape import (
    LEAVES,
    ROWS,
    Number,
    Shape,
    Tape,
    entry_of,
    partial_is_step,
    row_of,
    shape_of_partial,
)
from autograd.table.primitives import where
from autograd.table.rules import RULES, Reduction

__all__ = ["order_from", "push", "sweep"]

ENDS = {*LEAVES, *ROWS, "detach"}
"""Operations that no derivative goes through."""


def operands_of(tape: Tape, k: int) -> tuple[int, ...]:
    """What an entry was computed from, as a derivative sees it."""
    return () if tape.ops[k] in ENDS else tape.args[k]


def order_from(
    tape: Tape, outputs: Sequence[int], stop: Sequence[int] = ()
) -> list[int]:
    """The entries that ``outputs`` depend on: the engines' depth-first walk.

    It is :func:`autograd.core.graph.topological_order` on a tape, with partials of
    rows written out on the way.
    """
    order: list[int] = []
    seen = set(stop)
    stack: list[int | None] = [*map(tape.expanded, reversed(outputs))]
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
                a = a if a in seen else tape.expanded(a)
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
    order = order_from(tape, [output], inputs if stop else ())
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
    reached = Reached(tape, between)
    for k in reversed(between):
        if k in adjoints and adjoints[k] is not zero:
            _spread(tape, k, active, adjoints, reached)
    return [entry_of(tape, adjoints[x]) for x in inputs]


class Reached:
    """Under which condition derivatives get to an entry: a Number, or True for always.

    It is kept only of what leads to a partial that may be infinite, if ``between`` says
    what there is.
    """

    def __init__(self, tape: Tape, between: Sequence[int] | None = None) -> None:
        self.tape = tape
        self.when: dict[int, Any] = {}
        self.strict: set[int] = set()  # behind a ``where`` of the function itself
        self.everywhere = between is None or tape.careful
        self.leads: set[int] = set()
        for k in between or ():
            args = map(tape.expanded, operands_of(tape, k))
            if may_be_infinite(tape.ops[k]) or any(a in self.leads for a in args):
                self.leads.add(k)

    def guarded(self, come: int, op: str, partial: Any) -> Any:
        """A partial of ``op`` that is multiplied with what comes from an entry."""
        here = self.when.get(come, True)
        if here is True or partial.__class__ is not Number:
            return partial
        if self.tape.careful or come in self.strict:
            return partial  # the product is chosen
        if may_be_infinite(op):
            return where(here, partial, 0)
        self.tape.hasty = True
        return partial

    def passed(self, come: int, share: Any) -> Any:
        """A product with what comes from an entry, chosen as a whole: so its own
        derivatives know what passes nothing, and meet its factors in eager's order."""
        if not self.tape.careful and come not in self.strict:
            return share
        here = self.when.get(come, True)
        return share if here is True else where(here, share, 0)

    def add(self, come: int, to: int, taken: Any, strict: bool) -> None:
        """Get from an entry to another one, if ``taken`` holds."""
        there = self.when.get(come, True)
        strict = strict or (there is not True and come in self.strict)
        if taken is not True:
            there = taken if there is True else where(there, taken, 0)
        if there is True:
            self.when[to] = True
        elif not (strict or self.everywhere or to in self.leads):
            self.when[to] = self.tape.hasty = True
        elif to not in self.when:
            self.when[to] = there
        elif self.when[to] is not True:
            self.when[to] = where(there, 1, self.when[to])
        if strict:
            self.strict.add(to)


def may_be_infinite(op: str) -> bool:
    """Whether a partial of a row may be infinite where its operands are not."""
    row = row_of(op)
    if isinstance(row, Reduction):
        return bool(row.together)
    count = range(len(row.partials))
    computed = [
        isinstance(shape_of_partial(row, i), (tuple, type(None))) for i in count
    ]
    return not row.choice and True in computed


def traits(op: str) -> int:
    """What the native sweep asks of a row: bits of what may be, and what chooses; and
    of a partial: whether it is a step."""
    if ":" in op:
        return 8 * partial_is_step(op)
    return int(may_be_infinite(op)) + 2 * int(row_of(op).choice)


def _spread(
    tape: Tape, k: int, active: set[int], adjoints: dict[int, Any], reached: Reached
) -> None:
    """Give an entry's adjoint to its operands."""
    adjoint, op = adjoints[k], tape.ops[k]
    branches = op == "where"
    args = [tape.expanded(a) for a in tape.args[k]]
    for i, a in enumerate(args):
        if a not in active or (branches and i == 0):
            continue
        if branches:
            condition = Number(tape, args[0])
            part = where(condition, *((adjoint, 0) if i == 1 else (0, adjoint)))
            taken = where(condition, *((1, 0) if i == 1 else (0, 1)))
        else:
            share = _share(tape, adjoint, op, _partial(tape, k, i), k, reached)
            if share is None:
                continue
            part, taken = share
        before = adjoints.get(a)
        adjoints[a] = part if before is None else plus(before, part)
        reached.add(k, a, taken, branches and not tape.is_share(k))


def _share(
    tape: Tape, x: Any, op: str, partial: Any, come: int, reached: Reached
) -> tuple[Any, Any] | None:
    """x times a partial of ``op``, and the condition under which that is passed.

    ``come`` is where x comes from. None of a step; where a row has not chosen, what is
    passed is 0, whatever x is.
    """
    choice = row_of(op).choice
    partial = reached.guarded(come, op, partial)
    if choice and partial.__class__ is float and partial == 0.0:
        return None
    share, taken = times(x, partial), True
    if partial.__class__ is Number:
        if x.__class__ is Number and share.__class__ is Number:
            share, taken = _stepped(tape, x, partial, share, choice)
        share = reached.passed(come, share)
    if not choice or partial.__class__ is float:
        return share, taken
    if x.__class__ is Number or not math.isfinite(x):
        share = where(partial, share, 0)
        tape.share(share.index)
    return share, partial if taken is True else where(taken, partial, 0)


def _stepped(
    tape: Tape, x: Number, partial: Number, product: Number, choice: bool
) -> tuple[Any, Any]:
    """A product with what is a plain number to Values, and whether it passes anything:
    where that is 0, it is a constant, and passes only what is nan."""
    steps = [tape.is_step(x.index), tape.is_step(partial.index)]
    if _is_zero(x) or _is_zero(partial) or sum(steps) != 1 or (choice and steps[1]):
        return product, True
    if not tape.careful:
        tape.hasty = True
        return product, True
    step = x if steps[0] else partial
    found: Any = where(step, product, vanishing(product))
    tape.share(found.index)
    return found, where(step, 1, where(product == product, 0, 1))


def _partial(tape: Tape, k: int, i: int) -> Any:
    """The derivative of an entry by its operand ``i``: a float or a Number."""
    op, args = tape.ops[k], tape.args[k]
    row = RULES[op]
    own, column = args, i
    if isinstance(row, Reduction):
        n = len(args) // row.columns
        if i >= n * row.columns:  # what a sum starts with
            return 1.0
        column, term = divmod(i, n)
        own = args[term : n * row.columns : n]
    shape = shape_of_partial(row, column)
    if shape.__class__ is float:
        return shape
    if isinstance(shape, tuple):
        return times(shape[1], Number(tape, tape.add(shape[0], own)))
    if shape is not None:
        at = [*own, k][int(shape)]
        if tape.ops[at] == "number" and math.isfinite(tape.value(at)):
            return tape.value(at)
        return Number(tape, at)
    if isinstance(row, Reduction):
        found = column_of(tape, k, column)[term]
        return found if found.__class__ is float else Number(tape, int(found))
    return Number(tape, tape.add(f"{op}:{i}", (*args, k)))


def column_of(tape: Tape, k: int, column: int) -> list[float | int]:
    """The derivatives of a reduction by a column of operands: floats and entries."""
    if (k, column) not in tape.columns:
        row = RULES[tape.ops[k]]
        assert isinstance(row, Reduction)
        given = [Number(tape, a) for a in tape.args[k]]
        tape.columns[k, column] = [
            x.index if x.__class__ is Number else float(x)
            for x in row.column(column, given, Number(tape, k))
        ]
    return tape.columns[k, column]


def shape_of(op: str, i: int) -> Shape:
    """What the native sweep asks of a row's partial: :func:`shape_of_partial`."""
    return shape_of_partial(RULES[op], i)


def partial_of(tape: Tape, k: int, i: int) -> float | int:
    """The derivative of an entry by its operand ``i``: a float, or an entry."""
    found = _partial(tape, k, i)
    return found if found.__class__ is float else entry_of(tape, found)


def push(
    tape: Tape,
    outputs: Sequence[int],
    inputs: Sequence[int],
    seeds: Sequence[Sequence[float | int | None]],
) -> list[list[int | None]]:
    """Append the tangents of entries in many directions: one forward sweep.

    Args:
        tape: grows.
        outputs, inputs: entries; the walk ends at the inputs.
        seeds: for each direction the tangents of the inputs: floats, entries, or None
            for one that stays.

    Returns:
        For each output an entry for each direction, None where it stays.
    """
    native = getattr(tape, "push", None)
    if native is not None:
        pushed: list[list[int | None]] = native(outputs, inputs, seeds)
        return pushed
    outputs = list(map(tape.expanded, outputs))
    inputs = list(map(tape.expanded, inputs))
    order = order_from(tape, outputs, inputs)
    tangents: dict[int, list[Any]] = {
        x: [_term(tape, seed[j]) for seed in seeds] for j, x in enumerate(inputs)
    }
    moved = [Reached(tape) for _ in seeds]
    for reached in moved:
        reached.strict = moved[0].strict  # in one direction is in all
    for k in order:
        args = [tape.expanded(a) for a in operands_of(tape, k)]
        first = 1 if tape.ops[k] == "where" else 0
        moving = [i for i in range(first, len(args)) if args[i] in tangents]
        if not moving:
            continue
        if first:
            either = [tangents.get(a, [None] * len(seeds)) for a in args[1:]]
            tangents[k] = [
                _chosen(tape, k, args, x, y, when)
                for (x, y), when in zip(zip(*either), moved)
            ]
            continue
        edges = [(args[i], _partial(tape, k, i)) for i in moving]
        columns = zip(*(tangents[args[i]] for i in moving))
        tangents[k] = [
            _inner(tape, k, column, edges, when) for column, when in zip(columns, moved)
        ]
    return [
        [None if t is None else _fresh(tape, t) for t in tangents[y]]
        if y in tangents
        else [None] * len(seeds)
        for y in outputs
    ]


def _fresh(tape: Tape, tangent: Any) -> int:
    """A tangent as a result: as every derivative, never -0.0."""
    return entry_of(tape, plus(Number(tape, tape.constant(0.0)), tangent))


def _term(tape: Tape, seed: Any) -> Any:
    """A seed as what is computed with."""
    return Number(tape, seed) if seed.__class__ is int else seed


def _chosen(
    tape: Tape, k: int, args: Sequence[int], x: Any, y: Any, moved: Reached
) -> Any:
    """The tangent of a choice."""
    if x is None and y is None:
        return None
    taken = Number(tape, args[0])
    found = where(taken, *(0.0 if t is None else t for t in (x, y)))
    for a, t, own in ((args[1], x, (1, 0)), (args[2], y, (0, 1))):
        if t is not None:
            moved.add(a, k, where(taken, *own), not tape.is_share(k))
    return found


def _inner(
    tape: Tape, k: int, tangents: Sequence[Any], edges: Sequence[Any], moved: Reached
) -> Any:
    """The sum of the tangents times the partials; None if no operand moves."""
    total: Any = None
    for tangent, (a, partial) in zip(tangents, edges):
        share = None
        if tangent is not None:
            share = _share(tape, tangent, tape.ops[k], partial, a, moved)
        if share is not None:
            total = share[0] if total is None else plus(total, share[0])
            moved.add(a, k, share[1], False)
    return total


def times(adjoint: Any, partial: Any) -> Any:
    """A product that makes no entry for a factor of exactly 1, and that is a constant
    where 0 times a number is 0, as an eager one."""
    for one, other in ((adjoint, partial), (partial, adjoint)):
        if one.__class__ is float:
            if one == 1.0:
                return other
            if one == -1.0:
                return -other
    product = adjoint * partial
    if product.__class__ is Number and (_is_zero(adjoint) or _is_zero(partial)):
        return vanishing(product)
    return product


def vanishing(product: Number) -> Any:
    """A product with 0, which is a constant where it is 0."""
    constant = Number(product.tape, product.tape.add("detach", (product.index,)))
    found: Any = where(product == product, constant, product)
    product.tape.vanishing.add(found.index)
    return found


def _is_zero(x: Any) -> bool:
    """Whether something is the constant 0, a product with that, or a sum of such."""
    if x.__class__ is Number:
        return bool(x.tape.is_zero(x.index))
    return bool(x == 0.0)


def plus(x: Any, y: Any) -> Any:
    """A sum that makes no entry for a part of exactly 0."""
    if y.__class__ is float and y == 0.0:
        return x
    return y if x.__class__ is float and x == 0.0 else x + y
