"""A recording: one path through the user's function, and what runs it.

The same tape is lowered to packs once for each purpose: to call, to call with
derivatives by the parameters, to map over examples, to add up their gradients.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autograd.core import limits
from autograd.core.graph import Node
from autograd.derivatives.nesting import is_array
from autograd.program import flat
from autograd.program.adjoint import sweep
from autograd.program.guards import Guard
from autograd.program.machine import Machine
from autograd.program.namespaces import library, on_host
from autograd.program.outside import Outside
from autograd.program.packs import M0, M1, TERMS, Packs
from autograd.program.passes.lower import lower
from autograd.program.passes.scatter import Column, looked_up, scattered
from autograd.program.passes.simplify import live, simplified
from autograd.program.play import player
from autograd.program.quick import caller, mapper
from autograd.program.structure import filled, with_numbers
from autograd.program.tape import (
    LEAVES,
    RAISES,
    Number,
    Tape,
    entry_of,
    row_of,
    value_of_row,
)

__all__ = ["Recording"]

LONG = 1_000_000
"""Of so many operations a recording asks whether it needs them."""

REPEATED = 1000
"""So many terms of a sum, and a tenth of it lanes of a pack, are a repetition."""


def repeats(packs: Packs) -> bool:
    """Whether packs are mostly equal terms of a sum, as that over examples is."""
    code = packs.flat.code
    sums = code[code[:, M0] * code[:, M1] == 1, TERMS]  # not what adds derivatives up
    many = 10 * packs.lanes >= REPEATED * packs.count
    return bool(many and sums.max(initial=0) >= REPEATED)


@dataclass(eq=False)
class Recording:
    """A tape, its entries of each kind, and the result that the outputs go into.

    ``once`` says that the function caught an exception of an operation on the way, so
    that the recording is the path of these very numbers, and of no others. ``plays``
    and ``derived_from`` are the recorder's.
    """

    tape: Tape
    inputs: list[int]
    parameters: list[int]
    leaves: list[Node]
    outputs: list[int]
    guards: list[Guard]
    template: Any
    kinds: list[bool]
    on_parameters: list[bool]
    kept: list[Any] = field(default_factory=list)
    engine: str | None = None
    exact: bool = True
    once: bool = False
    plays: bool = False
    derived_from: dict[int, list[int]] = field(default_factory=dict)
    outside: Outside | None = None
    _machines: dict[Any, Machine] = field(default_factory=dict)
    _quick: Any = field(default=False, repr=False)
    _mappers: dict[Any, Any] = field(default_factory=dict, repr=False)
    _player: Any = field(default=False, repr=False)

    def machine(
        self, slopes: bool = False, varying: Sequence[int] = (), total: bool = False
    ) -> Machine:
        """What runs the tape.

        Its outputs are those of the function, then the guards' conditions, then with
        ``slopes`` the derivatives of each output by each parameter that it depends on,
        output by output; or with ``total``, sums over the examples of the derivatives
        of the outputs by each parameter, each times one more input, its seed.
        """
        key = slopes, tuple(varying), total
        if key not in self._machines:
            self._machines[key] = self._lowered(*key)
        return self._machines[key]

    @property
    def careful(self) -> bool:
        """Whether derivatives choose wherever something may be infinite."""
        return self.tape.careful

    def _lowered(self, slopes: bool, varying: tuple[int, ...], total: bool) -> Machine:
        tape = self.tape
        outputs = [*self.outputs, *(g.entry for g in self.guards)]
        inputs = list(self.inputs)
        sums: list[int] = []
        if slopes:
            for k, depends in zip(self.outputs, self.on_parameters):
                if depends:
                    outputs += sweep(tape, k, self.parameters, stop=False)
        parameters, columns, shares = self.parameters, list[Column](), list[int]()
        if total:
            parameters, columns, sums, shares = self._totals(inputs)
        given = [*shares, *(k for c in columns for k in c.indices)]
        new, place = simplified(tape, [*outputs, *given, *sums])
        at = np.asarray(place)

        def placed(entries: Sequence[int]) -> list[int]:
            found: list[int] = at[np.array(entries, np.intp)].tolist()
            return found

        moved = placed(inputs)
        packs = lower(
            new,
            moved,
            placed(parameters),
            placed([*outputs, *given]),
            [moved[n] for n in varying],
            placed(sums),
        )
        if columns:
            order = np.argsort([self.place[k] for k in parameters])
            packs = scattered(packs, columns, order)
        if len(tape) >= LONG and repeats(packs):
            warnings.warn(
                f"compile: {len(tape):,} operations were recorded, {tape.bytes:,} "
                "bytes, most of them equal terms of a sum: record the function of one "
                "term, and run it over all by program.map(…).sum() or program.backward",
                RuntimeWarning,
                stacklevel=5,
            )
        return Machine(packs, self.engine, self.exact)

    def _totals(
        self, inputs: list[int]
    ) -> tuple[list[int], list[Column], list[int], list[int]]:
        """Append the derivatives that are added up, with the outputs' seeds to inputs.

        Returns:
            The parameters, those that are only looked up last; the columns of these;
            the derivatives by the others, and by what lookups of the columns take.
        """
        tape = self.tape
        seeds = [tape.add("input", (), 1.0) for _ in self.outputs]
        inputs += seeds
        seed: int | None = None
        if len(seeds) == 1:
            output, seed = self.outputs[0], seeds[0]
        else:
            pairs = zip(seeds, self.outputs)
            products = [Number(tape, s) * Number(tape, k) for s, k in pairs]
            output = entry_of(tape, sum(products))
        columns = looked_up(tape, output, self.parameters)
        tables = {k: None for c in columns for k in c.entries}
        others = [k for k in self.parameters if k not in tables]
        lookups = [k for c in columns for k in c.lookups]
        found = sweep(tape, output, [*others, *lookups], True, seed)
        n = len(others)
        return [*others, *tables], columns, found[:n], found[n:]

    def build(self, values: Iterator[Any]) -> Any:
        """The function's result with these values in it."""
        return filled(self.template, values)

    def quick(
        self, args: tuple[Any, ...], answer: Any, raises: bool, again: Any
    ) -> Any:
        """What calls it in C with plain numbers like these, made once; or None."""
        if self._quick is False:
            self._quick = caller(self, args, answer, raises, again)
        return self._quick

    def player(self, args: tuple[Any, ...]) -> Any:
        """What plays it in C on Values like these, made once; or None."""
        if self._player is False:
            self._player = player(self, args)
        return self._player

    def mapper(self, args: tuple[Any, ...], total: bool, raises: bool) -> Any:
        """What maps it in C over arrays like these, made once; or None."""
        key = total, *(x.shape[1:] for x in args if is_array(x))
        if key not in self._mappers:
            self._mappers[key] = mapper(self, args, total, raises)
        return self._mappers[key]

    @property
    def watch(self) -> Any:
        """What looks, in C, whether all is as it was when it was recorded."""
        return self.outside and self.outside.native

    def numbers(self) -> Any:
        """What the parameters are now, as an array."""
        return flat.read(self.leaves)

    @cached_property
    def place(self) -> dict[int, int]:
        """The position of each parameter's entry among them."""
        return {k: i for i, k in enumerate(self.parameters)}

    @cached_property
    def opened(self) -> tuple[Any, list[Any]]:
        """The template with places for plain numbers too, and what is in them."""
        return with_numbers(self.template)

    @cached_property
    def outcomes(self) -> Any:
        """What each guard's condition must be."""
        return np.array([guard.outcome for guard in self.guards], dtype=bool)

    @cached_property
    def catches(self) -> bool:
        """Whether the function catches what an operation raises on this path."""
        tape = self.tape
        asked = [a for guard in self.guards for a in tape.args[guard.entry]]
        return any(tape.ops[a].endswith(RAISES) for a in asked)

    def outputs_at(self, scalars: Sequence[float]) -> Any:
        """The machine's outputs at some numbers, raising nothing."""
        return self.machine().call(scalars, self.numbers(), True)[0]

    def holds(self, found: Any) -> Any:
        """Whether a machine's outputs are those of the function."""
        return self.follows(found) & ~self.spoiled(found)

    def spoiled(self, found: Any) -> Any:
        """Whether some output is nan that may be a number to a careful recording.

        Nobody looks at arrays that another library traces.
        """
        if not self.tape.hasty:
            return np.False_
        if not isinstance(found, np.ndarray):
            if library(found)[1] is None:
                return np.False_
            found = on_host(found)
        return np.isnan(found).any(axis=0)

    def follows(self, found: Any) -> Any:
        """Whether every guard has its outcome among a machine's outputs."""
        if not self.guards:
            return True
        first = len(self.outputs)
        asked = found[first : first + len(self.guards), ...]
        if not isinstance(asked, np.ndarray):  # of another library
            asked = on_host(asked)
        return ((asked.T != 0.0) == self.outcomes).all(axis=-1)

    def replay(
        self,
        scalars: Sequence[float],
        parameters: Sequence[float],
        check: bool = False,
    ) -> None:
        """Run the tape entry by entry, so that a row that raises does so.

        Args:
            scalars, parameters: the numbers of the inputs and of the leaves.
            check: whether to raise where a number is not finite, too.

        Raises:
            ValueError, ZeroDivisionError, OverflowError: as f would.
            FloatingPointError: instead, with ``check``; the message names the
                operation.
        """
        tape = self.tape
        given = dict(zip(self.inputs, scalars)) | dict(zip(self.parameters, parameters))
        numbers: dict[int, float] = {}
        wanted = [*self.outputs, *(g.entry for g in self.guards)]
        for k in live(tape, wanted):
            op = tape.ops[k]
            if op in LEAVES:
                number = given.get(k, tape.numbers[k])
                assert number is not None
                numbers[k] = number
                continue
            operands = [numbers[a] for a in tape.args[k]]
            if op == "detach":
                numbers[k] = operands[0]
                continue
            function = value_of_row(op)
            try:
                numbers[k] = float(function(*operands))
            except limits.FAILURES as error:
                if tape.checked[k] and not check:
                    limits.failed(row_of(op), operands, error)
                numbers[k] = limits.evaluate(function, *operands)
            if check and not math.isfinite(numbers[k]):
                label = f" {tape.labels[k]!r}" if k in tape.labels else ""
                shown = ", ".join(map(repr, operands))
                raise FloatingPointError(
                    f"{op}{label} gave {numbers[k]!r} at ({shown}), entry {k}"
                )
