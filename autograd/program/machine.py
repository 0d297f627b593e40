"""Machines: packs with memory to run in, and an executor.

A call takes memory from its machine and gives it back, so that threads may run the same
program at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.core import choice
from autograd.program.arrays import Arrays, paired
from autograd.program.memory import aligned
from autograd.program.packs import M0, M1, TERMS, Packs

__all__ = ["Machine"]

CACHE = 1 << 15
"""Doubles that a block of examples should not exceed: what fits a core's own cache."""

LINE = 8
"""Doubles of a cache line: where memory begins with one, no vector lies in two."""

OUT_OF_REACH = 1 << 27
"""Lanes that C may compute, in a tenth of a second or so, before Python hears of
Ctrl-C again."""


class Machine:
    """Runs packs: in C where it can, and on arrays where it cannot."""

    def __init__(
        self, packs: Packs, engine: str | None = None, exact: bool = True
    ) -> None:
        self.packs = packs
        self.made_with = packs, engine, exact
        self.arrays = Arrays(packs, exact)
        self.native: Any = None
        load = getattr(choice.module(), "load", None) if engine != "arrays" else None
        if load is not None:
            flat = packs.flat
            self.native = load(
                flat.code,
                flat.start,
                flat.operands,
                flat.index,
                packs.rows,
                packs.uniform,
                packs.first,
                packs.slots,
                packs.sums,
                packs.once,
                exact,
            )
        varying = packs.slots - packs.uniform
        self.block = 8 * max(1, min(64, CACHE // (8 * max(1, varying))))
        grids = packs.flat.code[packs.once :, [M0, M1, TERMS]]
        self.lanes = max(1, int(grids.prod(axis=1).sum()))  # of one example
        self._memory: list[Any] = []
        self._elsewhere: dict[tuple[str, str], Any] = {}

    def __reduce__(self) -> Any:
        return Machine, self.made_with

    def stretches(self, first: int, last: int) -> list[tuple[Any, int, int]]:
        """Packs ``first`` to ``last`` by the executor that runs them."""
        if self.native is None:
            return [(self.arrays, first, last)] if first < last else []
        found = []
        at = first
        for k in (*self.native.unsupported, last):
            if not first <= k <= last:
                continue
            if at < k:
                found.append((self.native, at, k))
            if k < last:
                found.append((self.arrays, k, k + 1))
            at = k + 1
        return found

    @contextmanager
    def memory(self) -> Iterator[Any]:
        """Memory with the program's constants in it, for one call."""
        try:
            memory = self._memory.pop()
        except IndexError:
            packs = self.packs
            count = packs.doubles(self.block if packs.inputs.size else 1)
            memory = aligned(np.zeros(count + LINE), count, LINE)
            memory[: packs.uniform] = packs.numbers
        try:
            yield memory
        finally:
            self._memory.append(memory)

    def elsewhere(self, xp: Any, device: Any) -> Any:
        """What runs the packs on the arrays of another library and device."""
        from autograd.program.namespaces import Elsewhere

        key = xp.__name__, str(device)
        found = self._elsewhere.get(key)
        if found is None:
            found = Elsewhere(self.packs, xp, device, exact=self.made_with[2])
            if device is not None:  # else the arrays are those of one trace
                self._elsewhere[key] = found
        return found

    def call(self, scalars: Any, parameters: Any, ieee: bool) -> tuple[Any, bool]:
        """The outputs for one set of inputs, and whether a row may have to raise."""
        packs = self.packs
        failed = None if ieee else np.zeros(self.block, np.uint8)
        with self.memory() as memory:
            _set(memory, packs.inputs, scalars)
            _set(memory, packs.parameters, parameters)
            for executor, i, j in self.stretches(0, packs.count):
                executor.run(memory, i, j, self.block, 1, None, failed)
            found = memory[packs.outputs]
        return found, failed is not None and bool(failed[0])

    def map(
        self,
        columns: Any,
        parameters: Sequence[float],
        ieee: bool,
        fixed: dict[int, float] | None = None,
    ) -> tuple[Any, Any, Any]:
        """The outputs for many examples.

        Args:
            columns: float64 (inputs, examples), a row for each input; one that does not
                vary is of one example.
            parameters: the leaves' numbers.
            ieee: whether nobody wants to know of failures.
            fixed: numbers of the inputs that do not vary.

        Returns:
            float64 (outputs, examples); the sums; uint8 (examples,), where a row may
            have to raise.
        """
        packs, block = self.packs, self.block
        examples = columns.shape[1]
        sums = np.zeros((packs.sums, 8))
        failed = np.zeros(examples, np.uint8)
        found = np.empty((len(packs.outputs), examples))
        once = np.zeros(block, np.uint8)
        with self.memory() as memory:
            _set(memory, packs.parameters, parameters)
            _set(memory, packs.inputs, fixed or {})
            for executor, i, j in self.stretches(0, packs.once):
                executor.run(memory, i, j, block, 1, sums, None if ieee else once)
            failed[:] = once[0]
            in_c = self.native is not None and not any(
                k >= packs.once for k in self.native.unsupported
            )
            run = self._blocks_in_c if in_c else self._blocks
            run(memory, columns, found, sums, None if ieee else failed)
        return found, paired(sums)[packs.totals], failed

    def _blocks_in_c(
        self, memory: Any, columns: Any, found: Any, sums: Any, failed: Any
    ) -> None:
        """All packs that vary, block after block, without coming back to Python.

        But now and then, so that Ctrl-C is heard.
        """
        packs = self.packs
        columns = np.ascontiguousarray(columns)
        varying = np.flatnonzero(packs.inputs >= packs.uniform)
        inputs = _rows(columns, varying)
        outputs = _rows(found, np.arange(len(found)))
        to_inputs = np.ascontiguousarray(packs.inputs[varying])
        to_outputs = np.ascontiguousarray(packs.outputs)
        examples = columns.shape[1]
        step = self.block * max(1, OUT_OF_REACH // (self.block * self.lanes))
        for k in range(0, max(1, examples), step):
            width = min(step, examples - k)
            self.native.map(
                memory,
                packs.once,
                self.block,
                width,
                inputs,
                to_inputs,
                outputs,
                to_outputs,
                sums,
                None if failed is None else failed[k : k + width],
            )
            for places in (inputs, outputs):
                places[:, 0] += places[:, 1] * step

    def _blocks(
        self, memory: Any, columns: Any, found: Any, sums: Any, failed: Any
    ) -> None:
        """All packs that vary, block after block, each by the executor that has it."""
        packs, block, uniform = self.packs, self.block, self.packs.uniform
        examples = columns.shape[1]
        varying = [(n, s) for n, s in enumerate(packs.inputs) if s >= uniform]
        parts = self.stretches(packs.once, packs.count)
        lanes = memory[packs.first : packs.first + (packs.slots - uniform) * block]
        lanes = lanes.reshape(-1, block)
        for k in range(0, examples, block):
            width = min(block, examples - k)
            marks = None if failed is None else np.zeros(block, np.uint8)
            for n, s in varying:
                lanes[s - uniform, :width] = columns[n, k : k + width]
            for executor, i, j in parts:
                executor.run(memory, i, j, block, width, sums, marks)
            for n, s in enumerate(packs.outputs):
                found[n, k : k + width] = (
                    lanes[s - uniform, :width] if s >= uniform else memory[s]
                )
            if failed is not None:
                failed[k : k + width] |= marks[:width]  # type: ignore[index]


def _rows(array: Any, rows: Any) -> Any:
    """Address and step of some rows of a contiguous array, as C takes them."""
    places = np.empty((len(rows), 2), np.int64)
    places[:, 0] = array.ctypes.data + rows * array.strides[0]
    places[:, 1] = array.itemsize
    return places


def _set(memory: Any, slots: Any, numbers: Any) -> None:
    if isinstance(numbers, dict):
        for n, x in numbers.items():
            if slots[n] >= 0:
                memory[slots[n]] = x
        return
    if len(slots):  # what has no slot, -1, goes where nobody reads
        memory[slots] = numbers
