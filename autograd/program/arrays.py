"""The executor without a compiler: each pack is a few calls of NumPy, made once.

What a call does is known before it runs: views of the memory, index arrays, room for
what is between. So a program is a list of functions and their arguments, and to run it
is to go through the list. Packs that were cut for C are joined before.

Arithmetic, square roots and choices are the processor's, and have Python's bits.
Elementary functions are ``math``'s, lane by lane, since an array library's have bits of
their own on some machines; without ``exact`` they are NumPy's where it has them.
Terms are added one after the other: NumPy does so along an axis that is outermost in
memory, and in pairs along the innermost one.

A lane never raises: where Python would, it is inf or nan, and if the pack is checked
its examples are reported, so that the caller can ask the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd.core import limits
from autograd.program import packs as kinds
from autograd.program.packs import Operand, Pack, Packs
from autograd.program.passes.join import factors, joined
from autograd.program.passes.simplify import live
from autograd.program.tape import Number, Tape, entry_of, value_of_row
from autograd.table.primitive import PRIMITIVES

__all__ = ["SAME_BITS", "Arrays", "formula", "paired"]

COMPARISONS = {"less": np.less, "less_equal": np.less_equal, "equal": np.equal}

SAME_BITS: dict[str, Callable[..., Any]] = {
    **{p.name: getattr(np, p.array) for p in PRIMITIVES.values() if p.array},
    **COMPARISONS,
}
"""Operations that IEEE 754 defines to the last bit."""

WITHIN_ULPS: dict[str, Callable[..., Any]] = {
    p.name: getattr(np, p.name)
    for p in PRIMITIVES.values()
    if p.vector and hasattr(np, p.name)
}
"""Elementary functions that need not be Python's where a program is not exact."""

AT_ONCE = 1 << 15
"""So many products are computed before they are added; of more, term after term."""

KEPT = 4
"""For so many sizes of blocks the calls are kept."""


@cache
def formula(name: str, count: int) -> tuple[Tape, int] | None:
    """What a row computes, as entries of a tape, of which ``count`` are its operands.

    Returns:
        The tape and its result; None for a row that does more than compute.
    """
    tape = Tape()
    operands = [Number(tape, tape.add("input")) for _ in range(count)]
    try:
        return tape, entry_of(tape, value_of_row(name)(*operands))
    except TypeError:
        return None


def one_by_one(name: str, operands: Sequence[Any], out: Any) -> None:
    """A row for each lane, on Python's floats; its limit where it raises."""
    alike = len({x.shape for x in operands}) == 1
    together = operands if alike else np.broadcast_arrays(*operands)
    columns = [x.ravel().tolist() for x in together]
    row = value_of_row(name)
    try:
        real = PRIMITIVES[name].real if name in PRIMITIVES else row
        numbers = list(map(real, *columns))
    except limits.FAILURES:
        numbers = [limits.number(row, *lane) for lane in zip(*columns)]
    out[...] = np.array(numbers, dtype=float).reshape(together[0].shape)


class Arrays:
    """The executor of a program, on memory of its own layout (see ``packs``)."""

    def __init__(self, packs: Packs, exact: bool = True) -> None:
        self.packs = packs
        self.exact = exact
        self._joined: dict[tuple[int, int], list[Pack]] = {}
        self._calls: dict[int, dict[Any, _Calls]] = {}

    def run(
        self,
        memory: Any,
        first: int,
        last: int,
        block: int,
        examples: int,
        sums: Any,
        failed: Any,
    ) -> None:
        """Run packs ``first`` to ``last`` for the examples of one block.

        Args:
            memory: float64, of ``packs.doubles(block)``; one that is used again, and
                by nobody else meanwhile.
            block: lanes of memory for each slot that varies.
            examples: how many of them there are.
            sums: float64 (sums, 8), which grow.
            failed: uint8 (block,), set for each example in which a checked pack gave a
                number that is not finite; None if nobody wants to know.
        """
        kept = self._calls.setdefault(id(memory), {})
        key = first, last, block, examples
        if key not in kept:
            while len(kept) >= KEPT:
                del kept[next(iter(kept))]
            if key[:2] not in self._joined:
                some = self.packs.packs[first:last]
                self._joined[first, last] = joined(some, self.packs.uniform)
            kept[key] = _Calls(self, memory, self._joined[first, last], block, examples)
        kept[key].run(sums, failed)


class _Calls:
    """The calls of some packs for one memory, which it keeps."""

    def __init__(
        self,
        arrays: Arrays,
        memory: Any,
        packs: Sequence[Pack],
        block: int,
        examples: int,
    ) -> None:
        self.packs, self.exact = arrays.packs, arrays.exact
        self.memory, self.block, self.examples = memory, block, examples
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.sums = np.zeros((self.packs.sums, 8))
        self.finite: list[Any] = []  # by checked pack, (lanes, examples)
        self._room = np.empty(AT_ONCE)
        self._used = 0
        for p in packs:
            self._used = 0
            self._pack(p)

    def run(self, sums: Any, failed: Any) -> None:
        """Make the calls."""
        if sums is not None:
            self.sums[...] = sums
        with np.errstate(all="ignore"):
            for function, operands in self.calls:
                function(*operands)
        if sums is not None:
            sums[...] = self.sums
        if failed is not None:
            for finite in self.finite:
                if not finite.all():
                    failed[: finite.shape[1]] |= ~finite.all(axis=0)

    def call(self, function: Callable[..., Any], *operands: Any) -> None:
        self.calls.append((function, operands))

    def room(self, shape: tuple[int, ...]) -> Any:
        """An array for what is needed within one pack."""
        size = math.prod(shape)
        if self._used + size > len(self._room):
            return np.empty(shape)
        self._used += size
        return self._room[self._used - size : self._used].reshape(shape)

    def _pack(self, p: Pack) -> None:
        if p.op in kinds.ADDS_UP:
            self._add_up(p)
            return
        out = self.view(p, p.out)
        if p.op == kinds.FOLD:
            self._fold(p, out)
        elif p.op == kinds.MANY:
            terms = self.view(p, p.operands[0], p.terms)
            terms = terms if p.terms > 1 else [terms]
            self.call(one_by_one, self.packs.rows[p.row], terms, out)
        elif p.op == kinds.TAKE:
            table, index = p.operands
            places = self.places(p, table.slots(p.terms, p.m0, p.m1))
            self.call(take, self.memory, places, self.view(p, index), out)
        else:
            operands = [self.view(p, x) for x in p.operands]
            self.row(self.packs.rows[p.row], operands, out)
        if p.checked:
            examples = 1 if p.out.base < self.packs.uniform else self.examples
            finite = np.empty((p.m0 * p.m1, examples), bool)
            self.call(np.isfinite, out, finite.reshape(out.shape))
            self.finite.append(finite)

    def _fold(self, p: Pack, out: Any) -> None:
        n = factors(p)
        terms = [self.view(p, x, p.terms) for x in p.operands[:n]]
        start: Any = p.start
        if p.begin != kinds.NUMBER:
            begin = p.operands[n] if p.begin == kinds.OPERAND else p.out
            start = self.view(p, begin)
        total = self.room(out.shape) if p.after else out
        if p.terms > 1 and p.terms * out.size <= AT_ONCE:
            self._at_once(p, terms, start, total)
        else:
            self._in_turn(p, terms, start, total)
        if p.after == kinds.VALUE:
            self.row(self.packs.rows[p.after_row], [total], out)
        elif p.after == kinds.TIMES:
            e, slope = self.view(p, p.operands[-1]), self.room(out.shape)
            self.row(self.packs.rows[p.after_row], [e, e], slope)
            self.call(np.multiply, total, slope, total)
            self.row("where", [slope, total, 0.0], out)

    def _at_once(self, p: Pack, terms: list[Any], start: Any, total: Any) -> None:
        """All terms as rows, which are then added one by one."""
        rows = self.room((p.terms, *total.shape))
        if p.kind == kinds.PRODUCT:
            self.call(np.multiply, *terms, rows)
        elif p.kind == kinds.PLUS:
            self.call(np.copyto, rows, *terms)
        else:
            self.call(np.negative, *terms, rows)
        if p.begin != kinds.NUMBER or total.size == 1:
            self.call(np.add, start, rows[0, ...], rows[0, ...])
            start = -0.0
        if total.size == 1:
            self.call(np.add.accumulate, rows, 0, None, rows)
            self.call(np.copyto, total, rows[-1, ...])
        else:
            self.call(np.add.reduce, rows, 0, None, total, False, start)

    def _in_turn(self, p: Pack, terms: list[Any], start: Any, total: Any) -> None:
        product = self.room(total.shape)
        if p.terms == 1:  # without an axis of terms
            terms = [x[None] for x in terms]
        for r in range(p.terms):
            if p.kind == kinds.PRODUCT:
                self.call(np.multiply, *(x[r, ...] for x in terms), product)
                self.call(np.add, start, product, total)
            else:
                add = np.add if p.kind == kinds.PLUS else np.subtract
                self.call(add, start, terms[0][r, ...], total)
            start = total

    def row(self, name: str, operands: Sequence[Any], out: Any) -> None:
        """A row of the table, or a partial of one, into ``out``."""
        if name in SAME_BITS:
            self.call(SAME_BITS[name], *operands, out)
            return
        if name == "where":
            chosen, x, y = operands
            if chosen.dtype != bool:
                chosen = np.empty(out.shape, bool)
                self.call(np.not_equal, operands[0], 0.0, chosen)
            self.call(np.copyto, out, y)
            self.call(np.copyto, out, x, "same_kind", chosen)
            return
        found = None if name in PRIMITIVES else formula(name, len(operands))
        if found is None:
            if name in WITHIN_ULPS and not self.exact:
                self.call(WITHIN_ULPS[name], *operands, out)
            else:
                self.call(one_by_one, name, operands, out)
            return
        self._formula(*found, operands, out)

    def _formula(
        self, tape: Tape, result: int, operands: Sequence[Any], out: Any
    ) -> None:
        """The entries of a tape, each into room of its own but the last one."""
        places: dict[int, Any] = dict(enumerate(operands))
        wanted = live(tape, [result])
        for k in wanted:
            op, args = tape.ops[k], tape.args[k]
            if op == "number":
                places[k] = np.array(tape.numbers[k])
            elif op != "input":
                places[k] = out
                if k != result:
                    users = [j for j in wanted if k in tape.args[j]]
                    chooses = op in COMPARISONS and all(
                        tape.ops[j] == "where" and k not in tape.args[j][1:]
                        for j in users
                    )
                    places[k] = (
                        np.empty(out.shape, bool) if chooses else self.room(out.shape)
                    )
                self.row(op, [places[a] for a in args], places[k])
        if places[result] is not out:
            self.call(np.copyto, out, places[result])

    def _add_up(self, p: Pack) -> None:
        """Example k to accumulator k mod 8 of each sum, one after the other."""
        i, j = np.ogrid[: p.m0, : p.m1]
        at = (p.out.base + p.out.s0 * i + p.out.s1 * j).ravel()
        shape = p.m0, p.m1, self.examples
        parts = [self.view(p, x, squeeze=False) for x in p.operands]
        product = parts[0]
        if p.op == kinds.SCATTER:
            at, terms = at[: p.m1], np.arange(p.terms) * p.out.term
            self.call(scatter, self.sums, at + terms[:, None], *parts, shape)
            return
        if p.op == kinds.DOTS:
            product = self.room(shape)
            self.call(np.multiply, *parts, product)
        self.call(add_up, self.sums, at, product, shape)

    def places(self, p: Pack, slots: Any) -> Any:
        """Where in memory slots (terms, lanes) lie, by example: (…, examples).

        Of uniform slots alone that is the same for all examples: (…, 1).
        """
        uniform, slots = self.packs.uniform, slots.astype(np.intp)[..., None]
        if (slots < uniform).all():
            return slots
        moved = self.packs.first + (slots - uniform) * self.block
        return np.where(slots < uniform, slots, moved + np.arange(self.examples))

    def view(self, p: Pack, x: Operand, terms: int = 1, squeeze: bool = True) -> Any:
        """The lanes of an operand, in the shape (terms, m0, m1, examples).

        Axes of length 1 are left out, since arrays in fewer dimensions are faster.
        """
        packs, block = self.packs, self.block
        varies = p.op in kinds.ADDS_UP or p.out.base >= packs.uniform
        shape = [terms, p.m0, p.m1, self.examples if varies else 1]
        if x.index is None:
            steps = [x.term, x.s0, x.s1, 0]
            if x.base < packs.uniform:
                at = x.base
            else:
                at = packs.first + (x.base - packs.uniform) * block
                steps = [block * s for s in steps[:3]] + [1]
        else:
            at, steps = 0, []
        axes = [k for k in range(4) if shape[k] != 1 or not (squeeze or k == 0)]
        sizes = tuple(shape[k] for k in axes)
        if steps:
            strides = tuple(8 * steps[k] for k in axes)
            return np.lib.stride_tricks.as_strided(self.memory[at:], sizes, strides)
        places = self.places(p, x.slots(terms, p.m0, p.m1))
        places = np.broadcast_to(places, (terms, p.m0 * p.m1, shape[3]))
        places = np.ascontiguousarray(places.reshape(sizes))
        found = self.room(sizes)
        self.call(self.memory.take, places, None, found, "clip")
        return found


def take(memory: Any, places: Any, index: Any, out: Any) -> None:
    """For each lane and example the entry at an index; nan if there is none."""
    terms, lanes, examples = places.shape
    at = np.broadcast_to(index, out.shape).reshape(lanes, -1)
    within = (at >= 0.0) & (at < terms)
    i, j = np.ogrid[:lanes, : at.shape[1]]
    found = places[np.where(within, at, 0.0).astype(np.intp), i, j % examples]
    out[...] = np.where(within, memory[found], np.nan).reshape(out.shape)


def add_up(sums: Any, at: Any, terms: Any, shape: tuple[int, int, int]) -> None:
    """Add the terms of all examples to the sums of some lanes."""
    m0, m1, examples = shape
    terms = np.broadcast_to(terms, shape)
    total = sums[at].reshape(m0, m1, 8)
    whole = examples // 8 * 8
    if whole:
        rows = terms[..., :whole].reshape(m0, m1, -1, 8).transpose(2, 0, 1, 3).copy()
        rows[0] += total
        total = np.add.reduce(rows, axis=0, initial=-0.0)
    total[..., : examples - whole] += terms[..., whole:]
    sums[at] = total.reshape(-1, 8)


def scatter(
    sums: Any, places: Any, shares: Any, index: Any, shape: tuple[int, int, int]
) -> None:
    """Add what lookups give to the sums (entries, columns) of what they have read."""
    shares = 0.0 + np.broadcast_to(shares, shape)
    index = np.broadcast_to(index, shape)[:, 0]
    first = (index >= 0.0) & (index < len(places))
    for i in range(len(shares)):
        for j in range(i + 1, len(shares)):
            same = first[i] & (index[j] == index[i])
            np.add(shares[i], shares[j], shares[i], where=same)
            first[j] &= ~same
    k, i = first.T.nonzero()  # example by example
    lanes = places[index[i, k].astype(np.intp)], k[:, None] % 8
    np.add.at(sums, lanes, shares[i, :, k])


@np.errstate(all="ignore")
def paired(sums: Any) -> Any:
    """The eight accumulators of each sum, added in pairs."""
    halves = sums[:, 0::2] + sums[:, 1::2]
    quarters = halves[:, 0::2] + halves[:, 1::2]
    return quarters[:, 0] + quarters[:, 1]
