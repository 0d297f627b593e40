"""Packs: what an executor runs, as small records and as flat arrays of numbers.

A pack is one vector instruction: the same operation on ``m0 × m1`` lanes, each of them
a scalar node of the recorded program. An operand says which slot of memory a lane
reads: ``base + term · r + s0 · i + s1 · j`` for term ``r`` and lane ``(i, j)``; where
no such rule holds, an index array has one slot for each term and lane.

Memory has two kinds of slots. The first ``uniform`` ones hold one number for a call:
parameters, constants, and what depends on them alone. Each slot from there on holds a
number for every example of a block, ``block`` of them side by side. In memory of
doubles, uniform slot ``s`` lies at ``s``, and slot ``uniform + j`` at
``first + j · block``, where ``first`` is ``uniform`` rounded up to a multiple of 8. A
program that is called, not mapped, has uniform slots alone.

Packs that write uniform slots come first and run once for a call; the others run for
each block of examples, in their order. Some packs add over the examples: example ``k``
of a chunk adds to accumulator ``k mod 8`` of a sum, and the eight are added in pairs at
its end, ``((0+1)+(2+3)) + ((4+5)+(6+7))``, so that the sum depends neither on the block
nor on the vectors of the machine. (A block is a multiple of 8, and nothing beyond the
last example may be summed or reported.)

Each lane does what eager Values do, in their order: products are rounded before they
are added. The executors know no derivatives; they call rows of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

# What a pack does with its operands ``a, b, …`` for each lane.
FOLD = 0
"""acc ← start; for each term r: acc ← acc + a·b, acc + a, or acc − a, by ``kind``."""
ROW = 1
"""The row's value of the operands: ``rows[row]`` is its name, as ``"exp"``."""
PARTIAL = 2
"""A partial of a row: ``rows[row]`` is ``"pow:0"``; operands are the row's, then z."""
MANY = 3
"""The row's value of ``terms`` operands, all of them terms of ``a``: ``"hypot"``."""
TAKE = 4
"""Term number ``b`` of ``a``, which has ``terms``; b is a whole number in range."""
DOTS = 5
"""sum[out] ← sum[out] + a·b over the examples of the block."""
TOTAL = 6
"""sum[out] ← sum[out] + a over the examples of the block."""
SCATTER = 7
"""sum[out + term · b] ← sum[out + term · b] + a over the examples; b < ``terms``.

Lane ``(i, j)`` is lookup ``i`` of column ``j`` of a table: it gives ``a`` to the entry
that it has read, number ``b``, the same for all j. What lookups of one example give to
one entry is added first, i by i, beginning with 0.0.
"""

ADDS_UP = (DOTS, TOTAL, SCATTER)
"""What adds over the examples."""

# What a fold adds.
PRODUCT, PLUS, MINUS = 0, 1, 2

# What a fold begins with.
NUMBER = 0
"""The number ``start``: 0.0 as ``sum`` does; −0.0, to which adding is exact."""
OPERAND = 1
"""The operand after those of the terms: ``b`` for PLUS and MINUS, else ``c``."""
OUT = 2
"""What is in ``out`` already: the fold goes on where the pack before it stopped."""

# What follows in a fold, before it is stored.
NOTHING = 0
VALUE = 1
"""acc ← the value of the row ``rows[after_row]``, of one operand, at acc."""
TIMES = 2
"""acc ← acc · the partial ``rows[after_row]`` at the last operand; 0 where that is 0.

That operand stands for x and for z of the row alike: ReLU's partial is the same at
both.
"""


@dataclass(frozen=True, eq=False)
class Operand:
    """Which slot each lane reads: an affine rule, or an index array if there is one.

    ``index`` has shape (terms, m0 · m1). For an affine operand, all slots are uniform
    or none is.
    """

    base: int
    s0: int = 0
    s1: int = 0
    term: int = 0
    index: Any = None

    def slots(self, terms: int, m0: int, m1: int) -> Any:
        """The slots as an array (terms, m0 · m1), however they are given."""
        if self.index is not None:
            return self.index
        r, i, j = np.ogrid[:terms, :m0, :m1]
        grid = self.base + self.term * r + self.s0 * i + self.s1 * j
        return grid.reshape(terms, m0 * m1)


@dataclass(frozen=True, eq=False)
class Pack:
    """One vector instruction; see this module for what the numbers mean.

    ``checked``: where the result is not finite, the row may have had to raise. The
    executor reports the examples for which that is so, and Python asks the row.
    ``out`` is affine; where a pack adds up, it counts sums, not slots.
    """

    op: int
    m0: int
    m1: int
    out: Operand
    operands: tuple[Operand, ...]
    terms: int = 1
    row: int = -1
    kind: int = PRODUCT
    begin: int = NUMBER
    start: float = 0.0
    after: int = NOTHING
    after_row: int = -1
    checked: bool = False


PACK = (
    *("op", "row", "kind", "m0", "m1", "terms", "begin", "after", "after_row"),
    *("checked", "operand", "operands"),
)
"""The columns of ``code``: the last two are the pack's first row in ``operands`` (its
``out``, followed by what it reads) and how many it reads."""

M0, M1, TERMS = map(PACK.index, ("m0", "m1", "terms"))

OPERANDS = ("base", "s0", "s1", "term", "index")
"""The columns of ``operands``: ``index`` is where it begins in the index array, or
−1."""


@dataclass(eq=False)
class Flat:
    """Packs as arrays: what C reads, and what files hold.

    ``code`` is int64 (packs, len(PACK)), ``start`` float64 (packs,), ``operands`` int64
    (all operands, len(OPERANDS)), ``index`` int32.
    """

    code: Any
    start: Any
    operands: Any
    index: Any


@dataclass(eq=False)
class Packs:
    """A whole program for an executor.

    ``numbers`` has what uniform slots hold before a call (constants; whatever for the
    others); ``inputs`` and ``outputs`` are the slots of the arguments' scalars and of
    the results', uniform or not; ``parameters`` those of the leaves, which are uniform;
    ``once`` says how many packs at the beginning write uniform slots, ``totals`` which
    sum over the examples each wanted total is. ``slots`` counts all slots, uniform ones
    included.
    """

    numbers: Any
    slots: int
    inputs: Any
    parameters: Any
    outputs: Any
    totals: Any
    once: int
    rows: list[str]
    flat: Flat

    @cached_property
    def packs(self) -> list[Pack]:
        """The packs one by one."""
        return restore(self.flat)

    def __getstate__(self) -> dict[str, Any]:
        """All but the packs, which are made again of the arrays."""
        return {k: x for k, x in vars(self).items() if k != "packs"}

    @property
    def count(self) -> int:
        """How many packs there are."""
        return len(self.flat.code)

    @property
    def lanes(self) -> int:
        """How many lanes all packs have together."""
        return int((self.flat.code[:, M0] * self.flat.code[:, M1]).sum())

    @property
    def bytes(self) -> int:
        """How much memory the packs themselves take."""
        flat = self.flat
        arrays = flat.code, flat.start, flat.operands, flat.index, self.numbers
        return sum(int(x.nbytes) for x in arrays)

    @property
    def sums(self) -> int:
        """How many sums over examples there are."""
        return len(self.totals)

    @property
    def uniform(self) -> int:
        """How many slots hold one number for all examples."""
        return len(self.numbers)

    @property
    def first(self) -> int:
        """Where in memory the slots of examples begin."""
        return -(-self.uniform // 8) * 8

    def doubles(self, block: int) -> int:
        """How many doubles of memory it runs in; the last 8 let vectors read on."""
        return self.first + (self.slots - self.uniform) * block + 8


def flatten(packs: list[Pack]) -> Flat:
    """The arrays of some packs."""
    code: list[list[int]] = []
    start: list[float] = []
    operands: list[list[int]] = []
    index: list[Any] = []
    filled = 0
    for p in packs:
        row = [p.op, p.row, p.kind, p.m0, p.m1, p.terms, p.begin, p.after, p.after_row]
        code.append([*row, p.checked, len(operands), len(p.operands)])
        start.append(p.start)
        for x in (p.out, *p.operands):
            at = -1
            if x.index is not None:
                at = filled
                index.append(np.ascontiguousarray(x.index, np.int32).ravel())
                filled += index[-1].size
            operands.append([x.base, x.s0, x.s1, x.term, at])
    return Flat(
        np.array(code, np.int64).reshape(-1, len(PACK)),
        np.array(start, np.float64),
        np.array(operands, np.int64).reshape(-1, len(OPERANDS)),
        np.concatenate([*index, np.empty(0, np.int32)]),
    )


def restore(flat: Flat) -> list[Pack]:
    """The packs of some arrays."""
    packs = []
    for columns, start in zip(flat.code.tolist(), flat.start.tolist()):
        op, row, kind, m0, m1, terms, begin, after, after_row = columns[:9]
        checked, at, count = columns[9:]
        read: list[Operand] = []
        for base, s0, s1, term, i in flat.operands[at : at + 1 + count].tolist():
            found = None
            if i >= 0:
                # The start and the operand of what follows have one term.
                size = m0 * m1 * (terms if len(read) <= _term_operands(op, kind) else 1)
                found = flat.index[i : i + size].reshape(-1, m0 * m1)
            read.append(Operand(base, s0, s1, term, found))
        packs.append(
            Pack(
                op,
                m0,
                m1,
                read[0],
                tuple(read[1:]),
                terms,
                row,
                kind,
                begin,
                start,
                after,
                after_row,
                bool(checked),
            )
        )
    return packs


def _term_operands(op: int, kind: int) -> int:
    """How many operands of a pack have a slot for each term."""
    if op == FOLD:
        return 2 if kind == PRODUCT else 1
    return 1 if op in (MANY, TAKE) else 0
