"""From groups to packs: slots, and the slots that each lane reads.

The lanes of a group get slots side by side, in the order in which they were made,
which is what makes the operands of later packs affine. On a tape of the native engine
all of this, folds and groups included, is done in C; what is here is its reference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.program import packs as kinds
from autograd.program.packs import (
    OPERANDS,
    PACK,
    Flat,
    Operand,
    Pack,
    Packs,
    flatten,
)
from autograd.program.passes.folds import Instruction
from autograd.program.passes.grids import grids, runs
from autograd.program.passes.groups import Group, Grouped, grouped, zero_before
from autograd.program.passes.simplify import WHOLE
from autograd.program.tape import TAKE, Tape, bits

__all__ = ["lower"]

SMALL = 32
"""A grid of fewer products than this costs more than the gathers that it saves."""


def lower(
    tape: Tape,
    inputs: Sequence[int],
    parameters: Sequence[int],
    outputs: Sequence[int],
    varying: Sequence[int] = (),
    sums: Sequence[int] = (),
) -> Packs:
    """The packs of a tape.

    Args:
        tape: as ``simplified`` leaves it.
        inputs, parameters: its entries of these kinds, -1 for one that is not needed.
        outputs: the entries to be computed.
        varying: the inputs that differ from example to example.
        sums: entries to be added over the examples, as many as the first parameters.
    """
    varying = [k for k in varying if k >= 0]
    native = getattr(tape, "lowered", None)
    if native is not None:
        return _from_c(native(inputs, parameters, outputs, varying, sums))
    found = grouped(tape, outputs, varying, sums)
    memory = _Memory(tape, found)
    code = _Code(memory)
    for group in found.groups:
        code.emit(group)
    once = sum(p.out.base < memory.limit for p in code.packs)
    # Sums of gradients in the order of the parameters' slots: they are affine, too.
    order = np.argsort(memory.slot[list(parameters[: len(sums)])], kind="stable")
    if len(order) != len(sums):
        order = np.arange(len(sums))
    code.totals([sums[i] for i in order], found.alone)
    return code.done(inputs, parameters, outputs, np.argsort(order), once)


def _from_c(found: dict[str, Any]) -> Packs:
    """The packs that the native engine found."""
    slots, once, rows = (found.pop(name) for name in ("slots", "once", "rows"))
    arrays = {name: np.asarray(view) for name, view in found.items()}
    code = arrays.pop("code").reshape(-1, len(PACK))
    operands = arrays.pop("operands").reshape(-1, len(OPERANDS))
    flat = Flat(code, arrays.pop("start"), operands, arrays.pop("index"))
    return Packs(slots=slots, once=once, rows=rows, flat=flat, **arrays)


class _Memory:
    """Which slot each entry has.

    Until all are known, slots of examples are counted from ``limit``.
    """

    limit = 1 << 30

    def __init__(self, tape: Tape, found: Grouped) -> None:
        self.tape = tape
        self.varies, self.is_number = found.varies, found.numbers
        self.numbers: list[float] = []
        self.examples = 0
        self.slot = np.full(len(tape) + 1, -1, np.int64)
        self._constants: dict[bytes, int] = {}

    def place(self, entries: Any) -> int:
        """Give entries of one kind slots side by side; the first of them."""
        count = len(entries)
        if self.varies[entries[0]]:
            first = self.limit + self.examples
            self.examples += count
        else:
            first = len(self.numbers)
            self.numbers += [0.0] * count
        self.slot[entries] = np.arange(first, first + count)
        return first

    def constant(self, x: float) -> int:
        key = bits(x)
        if key not in self._constants:
            self._constants[key] = len(self.numbers)
            self.numbers.append(x)
        return self._constants[key]

    def read(self, entries: Any) -> Any:
        """The slots of entries (terms, lanes); leaves and constants get some now.

        They lie as they are read first, the terms of each lane side by side: rows of
        a matrix as somebody wrote them.
        """
        tape = self.tape
        slots = self.slot[entries]
        if (slots < 0).any():
            self._leaves(entries.T.ravel())
            slots = self.slot[entries]
        missing = np.argwhere(slots < 0)
        if not len(missing):
            return slots
        values = [tape.value(int(entries[r, j])) for r, j in missing]
        same = len({bits(x) for x in values}) == 1
        if len(missing) == slots.size and not same:
            first = len(self.numbers)
            self.numbers += values
            return np.arange(first, first + slots.size).reshape(slots.shape)
        for (r, j), x in zip(missing, values):
            slots[r, j] = self.constant(x)
        return slots

    def _leaves(self, entries: Any) -> None:
        """Slots for inputs and parameters that have none."""
        missing = entries[(self.slot[entries] < 0) & ~self.is_number[entries]]
        _, first = np.unique(missing, return_index=True)
        missing = missing[np.sort(first)]  # as they are read first
        varies = self.varies[missing]
        for part in (missing[~varies], missing[varies]):
            if len(part):
                self.place(part)


class _Code:
    """Packs under construction."""

    def __init__(self, memory: _Memory) -> None:
        self.memory = memory
        self.packs: list[Pack] = []
        self.rows: list[str] = []

    def row(self, name: str) -> int:
        if name not in self.rows:
            self.rows.append(name)
        return self.rows.index(name)

    def emit(self, group: Group) -> None:
        """The packs of one group."""
        memory, read = self.memory, self.memory.read
        x, args = group.first, group.args
        if x.op != "fold":
            if x.op == TAKE:
                operands, op = [read(args[:-1]), read(args[-1:])], kinds.TAKE
                terms = len(args) - 1
            elif x.op in WHOLE:
                operands, op, terms = [read(args)], kinds.MANY, len(args)
            else:
                operands, terms = [read(a[None]) for a in args], 1
                op = kinds.PARTIAL if ":" in x.op else kinds.ROW
            row, checked = self.row(x.op), memory.tape.checked[x.node]
            out = self._out(group.nodes)
            pack = Pack(op, 1, 1, Operand(0), (), terms, row, checked=checked)
            self._cut(pack, operands, out)
            return
        number = zero_before(memory.tape, x)
        start = read(args[-1:]) if number is None else None
        zero = 0.0 if number is None else number
        pieces = []
        for t, e in _alike(x, memory.varies):
            factors = [read(args[2 * t : 2 * e : 2])]
            if x.kinds[t] == kinds.PRODUCT:
                factors.append(read(args[2 * t + 1 : 2 * e : 2]))
            pieces.append((x.kinds[t], factors))
        beside = [read(group.beside)] if x.beside else []
        out = self._out(group.nodes)
        for n, (kind, factors) in enumerate(pieces):
            pack = Pack(kinds.FOLD, 1, 1, Operand(0), (), kind=kind, start=zero)
            extra = []
            if n:
                pack = replace(pack, begin=kinds.OUT)
            elif start is not None:
                pack = replace(pack, begin=kinds.OPERAND)
                extra = [start]
            last = n == len(pieces) - 1 and bool(x.after)
            self._fold(pack, factors, extra, out, x.after if last else "", beside)

    def _out(self, nodes: Any) -> Any:
        first = self.memory.place(nodes)
        return np.arange(first, first + len(nodes))[None]

    def _fold(
        self,
        pack: Pack,
        factors: list[Any],
        extra: list[Any],
        out: Any,
        after: str,
        beside: list[Any],
    ) -> None:
        """A fold of terms of one kind, cut where no rule gives their slots."""
        terms, lanes = factors[0].shape
        cuts = list(runs(factors))
        if out[0, 0] < self.memory.limit and len(cuts) > 1:
            tiles = sum(len(grids([x[t:e] for x in factors])) for t, e in cuts)
            if terms * lanes < SMALL * tiles:
                cuts = [(0, terms)]  # as one gather
        for t, e in cuts:
            part = replace(pack, terms=e - t)
            if after and e == terms:
                then = kinds.TIMES if beside else kinds.VALUE
                part = replace(part, after=then, after_row=self.row(after))
                extra = [*extra, *beside]
            self._cut(part, [*(x[t:e] for x in factors), *extra], out)
            pack, extra = replace(pack, begin=kinds.OUT), []

    def _cut(self, pack: Pack, operands: list[Any], out: Any) -> None:
        """One pack for each grid of lanes; or one with index arrays for all lanes."""
        lanes = out.shape[1]
        uniform = out[0, 0] < self.memory.limit or pack.op in (kinds.DOTS, kinds.TOTAL)
        found = grids([*operands, out]) if _rising(operands) else []
        if not found or (
            uniform
            and pack.op not in (kinds.DOTS, kinds.TOTAL)
            and len(found) > 2
            and pack.terms * lanes < SMALL * len(found)
        ):
            indexed = [
                _affine(x, 0, 1, lanes)
                if _rising([x]) and grids([x]) == [(0, 1, lanes)]
                else Operand(int(x[0, 0]), index=x)
                for x in operands
            ]
            self.packs.append(
                replace(
                    pack,
                    m0=1,
                    m1=lanes,
                    out=_affine(out, 0, 1, lanes),
                    operands=tuple(indexed),
                )
            )
            return
        for j, m0, m1 in found:
            self.packs.append(
                replace(
                    pack,
                    m0=m0,
                    m1=m1,
                    out=_affine(out, j, m0, m1),
                    operands=tuple(_affine(x, j, m0, m1) for x in operands),
                )
            )

    def totals(self, sums: Sequence[int], alone: dict[int, Instruction]) -> None:
        """Sums over the examples, in the order in which they are wanted."""
        parts: dict[tuple[int, bool], list[tuple[int, tuple[int, ...]]]]
        parts = defaultdict(list)
        for i, k in enumerate(sums):
            x = alone.get(k)
            if x is None:
                parts[kinds.TOTAL, self.memory.varies[k]].append((i, (k,)))
            elif x.kinds == (kinds.PRODUCT,):
                parts[kinds.DOTS, True].append((i, x.args[:2]))
            else:
                parts[kinds.TOTAL, True].append((i, x.args[:1]))
        for (op, _), part in parts.items():
            out = np.array([[i for i, _ in part]])
            columns = np.array([entries for _, entries in part]).T
            operands = [self.memory.read(column[None]) for column in columns]
            self._cut(Pack(op, 1, 1, Operand(0), ()), operands, out)

    def done(
        self,
        inputs: Sequence[int],
        parameters: Sequence[int],
        outputs: Sequence[int],
        totals: Any,
        once: int,
    ) -> Packs:
        """All packs, with the slots of examples after the uniform ones."""
        memory = self.memory
        read = memory.read(np.array([outputs], int))[0]
        taken = memory.slot[[*parameters, *inputs]]  # the last of slot, -1, is no slot
        slots = {
            "parameters": taken[: len(parameters)],
            "inputs": taken[len(parameters) :],
            "outputs": read,
        }
        shift = memory.limit - len(memory.numbers)

        def moved(x: Operand) -> Operand:
            index = x.index
            if index is not None:
                index = np.where(index >= memory.limit, index - shift, index)
                index = index.astype(np.int32)
            base = x.base - shift if x.base >= memory.limit else x.base
            return replace(x, base=base, index=index)

        packs = [
            replace(p, out=moved(p.out), operands=tuple(moved(x) for x in p.operands))
            for p in self.packs
        ]
        found = {
            name: np.where(x >= memory.limit, x - shift, x).astype(np.int64)
            for name, x in slots.items()
        }
        return Packs(
            numbers=np.array(memory.numbers, dtype=float),
            slots=len(memory.numbers) + memory.examples,
            totals=totals,
            once=once,
            rows=self.rows,
            flat=flatten(packs),
            **found,
        )


def _alike(fold: Instruction, varies: Any) -> list[tuple[int, int]]:
    """Runs of terms of one kind, of operands that vary alike."""
    terms = [
        (kind, varies[a] or varies[b], varies[a] and varies[b])
        for kind, a, b in zip(fold.kinds, fold.args[::2], fold.args[1::2])
    ]
    cuts = [i for i in range(1, len(terms)) if terms[i] != terms[i - 1]]
    return list(pairwise([0, *cuts, len(terms)]))


def _rising(operands: Sequence[Any]) -> bool:
    """Whether slots (terms, lanes) are of one kind and rise by equal steps."""
    return all(
        bool(((x >= _Memory.limit) == (x[0, 0] >= _Memory.limit)).all())
        and (len(x) < 3 or bool((np.diff(x, axis=0) == x[1] - x[0]).all()))
        for x in operands
    )


def _affine(x: Any, j: int, m0: int, m1: int) -> Operand:
    """The rule that gives the slots (terms, lanes) of a grid."""
    base = int(x[0, j])
    return Operand(
        base,
        int(x[0, j + m1]) - base if m0 > 1 else 0,
        int(x[0, j + 1]) - base if m1 > 1 else 0,
        int(x[1, j]) - base if len(x) > 1 else 0,
    )
