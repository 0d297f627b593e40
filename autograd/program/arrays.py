"""The executor without a compiler: each pack is a few expressions on arrays.

:class:`Lanes` is one more kind of number: a row's own functions, run on Lanes, compute
it for all lanes at once. Arithmetic, square roots and choices are the processor's, and
have the bits of Python's. Elementary functions are taken from ``math`` lane by lane,
since an array library's have bits of their own on some machines.

A lane never raises: where Python would, it is inf or nan, and if the pack is checked
its examples are reported, so that the caller can ask the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.core import limits
from autograd.program import packs as kinds
from autograd.program.packs import Operand, Pack, Packs
from autograd.program.tape import value_of_row
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import PRIMITIVES
from autograd.table.rules import RULES

__all__ = ["Arrays", "Lanes"]

SAME_BITS: dict[str, Callable[..., Any]] = {
    **{p.name: getattr(np, p.array) for p in PRIMITIVES.values() if p.array},
    "less": lambda x, y: np.less(x, y).astype(float),
    "less_equal": lambda x, y: np.less_equal(x, y).astype(float),
    "equal": lambda x, y: np.equal(x, y).astype(float),
}
"""Operations that IEEE 754 defines to the last bit, or that only choose."""

ONE_BY_ONE = PRIMITIVES.keys() - SAME_BITS
"""Operations that Python computes lane by lane."""

WIDE = 512
"""From so many lanes on, adding term after term is faster than all at once."""


class Lanes(Comparisons, Operations):
    """A number for each lane: an array, which the rows of the table compute with."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Lanes:
        arrays = [_array(x) for x in operands]
        if name == "where":
            return Lanes(np.where(arrays[0] != 0, arrays[1], arrays[2]))
        if name in SAME_BITS:
            return Lanes(SAME_BITS[name](*arrays))
        if name in ONE_BY_ONE:
            return Lanes(one_by_one(RULES[name].value, arrays))
        return Lanes(_array(RULES[name].value(*operands)))

    def __bool__(self) -> bool:
        raise TypeError("a rule must branch with where(), not with if")

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Lanes:
        return Lanes(compare(self.array, _array(other)))


def _array(x: Any) -> Any:
    return x.array if x.__class__ is Lanes else float(x)


def one_by_one(function: Callable[..., Any], arrays: list[Any]) -> Any:
    """A function of floats for each lane; its limit where it raises."""
    together = np.broadcast_arrays(*arrays)
    columns = [x.ravel().tolist() for x in together]
    try:
        values = list(map(float, map(function, *columns)))
    except limits.FAILURES:
        values = [limits.number(function, *numbers) for numbers in zip(*columns)]
    return np.array(values, dtype=float).reshape(together[0].shape)


def vectorized(name: str) -> Callable[..., Any]:
    """An operation, or with ``"row:i"`` a partial of it, on arrays."""
    if name in SAME_BITS:
        return SAME_BITS[name]
    function = value_of_row(name)
    if name in ONE_BY_ONE:
        return lambda *arrays: one_by_one(function, list(arrays))

    def compute(*arrays: Any) -> Any:
        try:
            return _array(function(*map(Lanes, arrays)))
        except TypeError:  # a custom row that does more than compute
            return one_by_one(function, list(arrays))

    return compute


class Arrays:
    """The executor of a program, on memory of its own layout (see ``packs``)."""

    def __init__(self, packs: Packs) -> None:
        self.packs = packs
        self.functions = [vectorized(name) for name in packs.rows]
        self._bound: dict[Any, list[Callable[..., None]]] = {}

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
            memory: float64, of ``packs.doubles(block)``.
            block: lanes of memory for each slot that varies.
            examples: how many of them there are.
            sums: float64 (sums, 8), which grow.
            failed: uint8 (block,), set for each example in which a checked pack gave a
                number that is not finite; None if nobody wants to know.
        """
        with np.errstate(all="ignore"):
            for pack in self.packs.packs[first:last]:
                self._one(pack, memory, block, examples, sums, failed)

    def _one(
        self, p: Pack, memory: Any, block: int, examples: int, sums: Any, failed: Any
    ) -> None:
        def view(x: Operand, terms: int) -> Any:
            return self._view(memory, x, terms, p.m0, p.m1, block, examples)

        if p.op in (kinds.DOTS, kinds.TOTAL):
            parts = [view(x, 1)[0] for x in p.operands]
            product = parts[0] * parts[1] if p.op == kinds.DOTS else parts[0]
            shape = (p.m0, p.m1, examples)
            _add_up(sums, p, np.broadcast_to(product, shape))
            return
        out = view(p.out, 1)[0]
        if p.op == kinds.FOLD:
            self._fold(p, view, out)
        elif p.op == kinds.MANY:
            x = view(p.operands[0], p.terms)
            out[...] = one_by_one(value_of_row(self.packs.rows[p.row]), list(x))
        else:
            out[...] = self.functions[p.row](*(view(x, 1)[0] for x in p.operands))
        if p.checked and failed is not None:
            bad = ~np.isfinite(out).all(axis=(0, 1))
            failed[: len(bad)] |= bad

    def _fold(self, p: Pack, view: Callable[..., Any], out: Any) -> None:
        factors = 2 if p.kind == kinds.PRODUCT else 1
        x = view(p.operands[0], p.terms)
        y = view(p.operands[1], p.terms) if factors == 2 else None
        if p.begin == kinds.OUT:
            start = out
        elif p.begin == kinds.OPERAND:
            start = view(p.operands[factors], 1)[0]
        else:
            start = p.start
        wide = out.size >= WIDE
        if wide or p.terms == 1:
            total = start
            for r in range(p.terms):
                if p.kind == kinds.MINUS:
                    total = total - x[r]
                else:
                    total = total + (x[r] if y is None else x[r] * y[r])
        else:
            terms = np.empty((p.terms, *out.shape))  # rows in order: see in_order
            if y is not None:
                np.multiply(x, y, out=terms)
            else:
                (np.negative if p.kind == kinds.MINUS else np.positive)(x, out=terms)
            terms[0] += start
            total = in_order(terms)
        if p.after == kinds.VALUE:
            total = self.functions[p.after_row](total)
        elif p.after == kinds.TIMES:
            e = view(p.operands[-1], 1)[0]
            total = total * self.functions[p.after_row](e, e)
        out[...] = total

    def _view(
        self,
        memory: Any,
        x: Operand,
        terms: int,
        m0: int,
        m1: int,
        block: int,
        examples: int,
    ) -> Any:
        """The lanes of an operand: (terms, m0, m1, examples), or 1 if it is uniform."""
        packs = self.packs
        slots = x.slots(terms, m0, m1) if x.index is not None else None
        if slots is not None:
            if slots.size and slots.max() >= packs.uniform:
                at = packs.first + (slots - packs.uniform) * block
                at = np.where(slots < packs.uniform, slots, at)
                moves = np.where(slots < packs.uniform, 0, 1)[..., None]
                found = memory[at[..., None] + moves * np.arange(examples)]
            else:
                found = memory[slots][..., None]
            return found.reshape(terms, m0, m1, -1)
        if x.base < packs.uniform:
            at, step, shape, inner = x.base, 8, (terms, m0, m1, 1), 0
        else:
            at = packs.first + (x.base - packs.uniform) * block
            step, shape, inner = 8 * block, (terms, m0, m1, examples), 8
        strides = (x.term * step, x.s0 * step, x.s1 * step, inner)
        return np.lib.stride_tricks.as_strided(memory[at:], shape, strides)


def in_order(terms: Any) -> Any:
    """The sum of the rows of a new array, each added to those before it.

    NumPy adds along the axis that is outermost in memory one by one, and in pairs
    along the innermost.
    """
    if terms[0].size == 1:
        return np.add.accumulate(terms, axis=0)[-1]
    return np.add.reduce(terms, axis=0)


def _add_up(sums: Any, p: Pack, terms: Any) -> None:
    """Example k to accumulator k mod 8 of each sum, one after the other."""
    i, j = np.ogrid[: p.m0, : p.m1]
    at = p.out.base + p.out.s0 * i + p.out.s1 * j
    total = sums[at]
    examples = terms.shape[2]
    for k in range(0, examples, 8):
        part = terms[:, :, k : k + 8]
        total[:, :, : part.shape[2]] += part
    sums[at] = total


def paired(sums: Any) -> Any:
    """The eight accumulators of each sum, added in pairs."""
    halves = sums[:, 0::2] + sums[:, 1::2]
    quarters = halves[:, 0::2] + halves[:, 1::2]
    return quarters[:, 0] + quarters[:, 1]
