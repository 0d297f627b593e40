"""From instructions to packs: groups, slots, and the slots that each lane reads.

Instructions of equal depth and equal shape are one pack. Its lanes keep the order in
which they were made and get slots side by side, which is what makes the operands of
later packs affine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.program import packs as kinds
from autograd.program.packs import Operand, Pack, Packs
from autograd.program.passes.folds import Instruction, folded
from autograd.program.passes.fuse import fused
from autograd.program.passes.grids import grids, runs
from autograd.program.passes.simplify import WHOLE
from autograd.program.tape import Tape, bits

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
        sums: entries to be added over the examples.
    """
    varies = _varies(tape, varying)
    instructions = fused(folded(tape, [*outputs, *sums], varies), [*outputs, *sums])
    memory = _Memory(tape, varies)
    code = _Code(memory)
    totals = _products(tape, instructions, outputs, sums, varies)
    for shape, members in _groups(tape, instructions, varies):
        members = [x for x in members if x.node not in totals]
        if members:
            code.emit(shape, members)
    once = sum(p.out.base < memory.limit for p in code.packs)
    # Sums of gradients in the order of the parameters' slots: they are affine, too.
    order = np.argsort(memory.slot[list(parameters)], kind="stable")
    if len(order) != len(sums):
        order = np.arange(len(sums))
    code.totals([sums[i] for i in order], totals)
    return code.done(inputs, parameters, outputs, np.argsort(order), once)


def _varies(tape: Tape, varying: Sequence[int]) -> list[bool]:
    varies = [False] * len(tape)
    for k in varying:
        if k >= 0:
            varies[k] = True
    for k, args in enumerate(tape.args):
        if not varies[k]:
            varies[k] = any(varies[a] for a in args)
    return varies


def _products(
    tape: Tape,
    instructions: list[Instruction],
    outputs: Sequence[int],
    sums: Sequence[int],
    varies: list[bool],
) -> dict[int, Instruction]:
    """Sums over the examples of one product or one term that nobody else reads.

    Products together are a product of two matrices. Neither needs a slot: what is
    added to an accumulator may leave out the 0.0 that it starts with.
    """
    read = {*outputs, *(a for x in instructions for a in (*x.args, *x.beside))}
    wanted = set(sums)
    found = {}
    for x in instructions:
        if x.kinds in ((kinds.PRODUCT,), (kinds.PLUS,)) and not x.after:
            a, b, start = x.args
            alone = x.node in wanted and x.node not in read
            zero = start < 0 or _number(tape, start) == 0.0
            if alone and zero and varies[a] and varies[b]:
                found[x.node] = x
    return found


def _number(tape: Tape, k: int) -> float | None:
    """The number that an entry always is, if it is one."""
    return tape.numbers[k] if tape.ops[k] == "number" else None


Shape = tuple[Any, ...]


def _groups(
    tape: Tape, instructions: list[Instruction], varies: list[bool]
) -> list[tuple[Shape, list[Instruction]]]:
    """Instructions by depth and shape; what does not vary comes first."""
    depth = [0] * len(tape)
    groups: dict[tuple[bool, int, Shape], list[Instruction]] = defaultdict(list)
    for x in instructions:
        k = x.node
        reads = [a for a in (*x.args, *x.beside) if a >= 0]
        depth[k] = 1 + max((depth[a] for a in reads), default=0)
        groups[varies[k], depth[k], _shape(tape, x, varies)].append(_turned(x, varies))
    ordered = sorted(groups.items(), key=lambda item: (*item[0][:2], item[1][0].node))
    return [(shape, members) for (_, _, shape), members in ordered]


def _shape(tape: Tape, x: Instruction, varies: list[bool]) -> Shape:
    """What lanes of one pack have in common."""
    if x.op != "fold":
        return (x.op, tape.checked[x.node], tuple(varies[a] for a in x.args))
    start = x.args[-1]
    if start < 0:
        begin: Any = bits(-0.0)
    elif (number := _number(tape, start)) is not None and number == 0.0:
        begin = bits(number)
    else:
        begin = varies[start]
    terms = tuple(
        # of a product's factors the one that varies comes first
        (kind, varies[a] or varies[b], varies[a] and varies[b])
        for kind, a, b in zip(x.kinds, x.args[::2], x.args[1::2])
    )
    return ("fold", begin, terms, x.after, *(varies[k] for k in x.beside))


def _turned(x: Instruction, varies: list[bool]) -> Instruction:
    """The instruction, with the factor that varies first in each product."""
    if x.op != "fold":
        return x
    args: list[int] = []
    for a, b in zip(x.args[::2], x.args[1::2]):
        args += (b, a) if varies[b] and not varies[a] else (a, b)
    return x._replace(args=(*args, x.args[-1]))


class _Memory:
    """Which slot each entry has.

    Until all are known, slots of examples are counted from ``limit``.
    """

    limit = 1 << 30

    def __init__(
        self,
        tape: Tape,
        varies: list[bool],
    ) -> None:
        self.tape, self.varies = tape, varies
        self.numbers: list[float] = []
        self.examples = 0
        self.slot = np.full(len(tape) + 1, -1, np.int64)
        self._constants: dict[bytes, int] = {}

    def place(self, entries: Sequence[int]) -> int:
        """Give entries of one kind slots side by side; the first of them."""
        count = len(entries)
        if self.varies[entries[0]]:
            first = self.limit + self.examples
            self.examples += count
        else:
            first = len(self.numbers)
            self.numbers += [0.0] * count
        self.slot[list(entries)] = np.arange(first, first + count)
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
            self._leaves(entries.T.ravel().tolist())
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

    def _leaves(self, entries: list[int]) -> None:
        """Slots for inputs and parameters that have none."""
        for varies in (False, True):
            missing = [
                k
                for k in dict.fromkeys(entries)
                if self.slot[k] < 0
                and self.tape.ops[k] != "number"
                and self.varies[k] == varies
            ]
            if missing:
                self.place(missing)


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

    def emit(self, shape: Shape, members: list[Instruction]) -> None:
        """The packs of one group."""
        read = self.memory.read
        args = np.array([x.args for x in members]).T
        if shape[0] != "fold":
            name, checked, _ = shape
            if name in WHOLE:
                operands, op = [read(args)], kinds.MANY
            else:
                operands = [read(a[None]) for a in args]
                op = kinds.PARTIAL if ":" in name else kinds.ROW
            out = self._out(members)
            row, terms = self.row(name), len(args) if name in WHOLE else 1
            self._cut(
                Pack(op, 1, 1, Operand(0), (), terms, row, checked=checked),
                operands,
                out,
            )
            return
        _, begin, terms_shape, after, *_ = shape
        first, second = args[:-1:2], args[1:-1:2]
        start = None if begin.__class__ is bytes else read(args[-1:])
        number = float(np.frombuffer(begin)[0]) if begin.__class__ is bytes else 0.0
        pieces = []
        for t, e in _alike(terms_shape):
            kind = terms_shape[t][0]
            factors = [read(first[t:e])]
            if kind == kinds.PRODUCT:
                factors.append(read(second[t:e]))
            pieces.append((kind, factors))
        beside = [read(np.array([x.beside for x in members]).T)] if ":" in after else []
        out = self._out(members)
        for n, (kind, factors) in enumerate(pieces):
            pack = Pack(kinds.FOLD, 1, 1, Operand(0), (), kind=kind, start=number)
            extra = []
            if n:
                pack = replace(pack, begin=kinds.OUT)
            elif start is not None:
                pack = replace(pack, begin=kinds.OPERAND)
                extra = [start]
            last = n == len(pieces) - 1 and bool(after)
            self._fold(pack, factors, extra, out, after if last else "", beside)

    def _out(self, members: list[Instruction]) -> Any:
        first = self.memory.place([x.node for x in members])
        return np.arange(first, first + len(members))[None]

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
            packs=packs,
            **found,
        )


def _alike(terms: Sequence[Any]) -> list[tuple[int, int]]:
    """Runs of terms of one shape."""
    cuts = [
        0,
        *(i for i in range(1, len(terms)) if terms[i] != terms[i - 1]),
        len(terms),
    ]
    return list(pairwise(cuts))


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
