"""Recording: a call of the user's function, written down on a tape.

The function runs on ordinary Values of the engine, so that whatever it does with them
is what it always does. The recorder then reads their graph onto the tape. What a graph
does not say goes through the recorder while the function runs, by the hooks that both
engines have: a comparison, a number that somebody reads, a ``detach``. Each such thing
gets a leaf that stands for an entry of the tape.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograd.core import choice, recording
from autograd.core.graph import Node
from autograd.derivatives.nesting import is_value
from autograd.derivatives.series import Series, carried
from autograd.derivatives.sweeps import Mark
from autograd.derivatives.sweeps import recording as with_graph
from autograd.program import adjoint
from autograd.program.entries import new_entries
from autograd.program.guards import (
    CAUGHT,
    FROZEN,
    Condition,
    Guard,
    refuse,
    with_a_float,
)
from autograd.program.tape import TAKE, new_tape, raises, which_error
from autograd.table.rules import Reduction

__all__ = ["Recorder"]

TRUSTED = str(Path(__file__).parents[1] / "derivatives")
"""What reads numbers there to check them, or to multiply them by 0, may do so."""


class Recorder:
    """The tape of one call, while it runs, and which of its entries Values are.

    ``plays`` says whether the function does on Values what the tape says; a derivative
    within it is a Value there where what it is derived from is.
    """

    def __init__(self, careful: bool = False) -> None:
        self.tape = new_tape()
        self.tape.careful = careful
        self.entries = new_entries(self.tape)
        self.inputs: list[int] = []
        self.guards: list[Guard] = []
        self.made: list[Node] = []
        self._differentiated: list[tuple[Sequence[Node], Mark]] = []
        self.leaves_the_graph = False
        self._derived: list[list[int]] = []
        self.raised = False
        self.plays = True
        self.derived_from: dict[int, list[int]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it lasts, what this thread does with Values is recorded here."""
        before = recording.here.recorder
        with with_graph():
            recording.record_into(self)
            try:
                yield
            finally:
                recording.record_into(before)
                self.entries.finish()

    def take_inputs(self, numbers: Sequence[float]) -> list[Node]:
        """A Value for each scalar of the arguments."""
        first = len(self.tape)
        leaves = self.entries.inputs(numbers)
        self.inputs += range(first, len(self.tape))
        return leaves

    def stand_in(self, k: int) -> Node:
        """A leaf for an entry that is no node of the engine's graph."""
        return self.entries.stand_in(k, self.tape.value(k))

    def entry(self, x: Any) -> int:
        """The entry of a Value or a plain number, whose graph goes onto the tape."""
        if x.__class__ is Condition:
            return int(x.entry)
        if not is_value(x):
            return self.tape.constant(float(x))
        return self.entries.entry(x, self.made)

    def entries_of(self, xs: Sequence[Any]) -> list[int]:
        """The entries of many."""
        found = self.entries.all(xs, self.made)
        return [self.entry(x) for x in xs] if found is None else found

    # What the engines ask while the function runs.

    def compare(self, name: str, x: Any, y: Any) -> Any:
        """``x < y`` and the like: a condition that becomes a guard if asked for."""
        swapped = {"gt": "less", "ge": "less_equal"}
        plain = {"lt": "less", "le": "less_equal", "eq": "equal", "ne": "equal"}
        if not (is_value(y) or y.__class__ is Condition):
            alike = with_a_float(name, y)
            if alike is None:
                return NotImplemented
            name, y = alike
        a, b = self.entry(x), self.entry(y)
        if name in swapped:
            k = self.tape.add(swapped[name], (b, a))
        else:
            k = self.tape.add(plain[name], (a, b))
        if name == "ne":
            k = self.tape.add("equal", (k, self.tape.constant(0.0)))
        if not self.tape.depends(k):
            return self.tape.value(k) != 0.0
        return Condition(self, k)

    def lt(self, x: Any, y: Any) -> Any:
        """``x < y`` of a Value."""
        return self.compare("lt", x, y)

    def le(self, x: Any, y: Any) -> Any:
        """``x <= y`` of a Value."""
        return self.compare("le", x, y)

    def gt(self, x: Any, y: Any) -> Any:
        """``x > y`` of a Value."""
        return self.compare("gt", x, y)

    def ge(self, x: Any, y: Any) -> Any:
        """``x >= y`` of a Value."""
        return self.compare("ge", x, y)

    def eq(self, x: Any, y: Any) -> Any:
        """``x == y`` of a Value."""
        return self.compare("eq", x, y)

    def ne(self, x: Any, y: Any) -> Any:
        """``x != y`` of a Value."""
        return self.compare("ne", x, y)

    def truth(self, x: Node) -> bool:
        """``bool(x)`` of a Value: whether it is not 0."""
        return bool(self.compare("ne", x, 0.0))

    def guard(self, k: int) -> bool:
        """The outcome of a condition, which is from now on one of this recording."""
        outcome = self.tape.value(k) != 0.0
        self.guards.append(Guard.here(k, outcome))
        return outcome

    def as_float(self, x: Node) -> Any:
        """``float(x)``: the number, which is from now on the one of this recording.

        Only what the arguments alone say is a number to the function itself; what a
        derivative goes through is none, and the engine says what to write.
        """
        k = self.entry(x)
        if not self._is_data(k):
            return NotImplemented
        number = self.tape.value(k)
        self._stays(k, number)
        if number == 0.0:
            signs = self.tape.constant(1.0), k
            sign = math.copysign(1.0, number)
            self._stays(self.tape.add("copysign", signs), sign)
        return number

    def _stays(self, k: int, number: float) -> None:
        """From now on an entry is this number; nan is the one that equals no other."""
        other = self.tape.constant(number) if number == number else k
        self.frozen(self.tape.add("equal", (k, other)))

    def as_int(self, x: Node) -> Any:
        """``int(x)``: the whole number, which is from now on that of this recording."""
        k = self.entry(x)
        value = self.tape.value(k)
        if not math.isfinite(value):
            self._stays(k, value)  # and raises, which the function may catch
            return int(value)
        number = int(value)
        self._stays(self.tape.add("trunc", (k,)), float(number))
        return number

    def frozen(self, k: int, advice: str = FROZEN) -> None:
        """From now on the outcome of a condition that a number was taken under."""
        if self.tape.depends(k):
            self.plays = False
            self.guards.append(Guard.here(k, self.tape.value(k) != 0.0, advice))

    def differentiated(self, xs: Sequence[Node], mark: Mark) -> None:
        """A transform within the function differentiates by Values while it runs."""
        self._differentiated.append((xs, mark))

    def _is_data(self, k: int) -> bool:
        """Whether an entry is a number where the function is called with numbers."""
        tape, marks = self.tape, self.entries.marks
        for xs, mark in self._differentiated:
            marks.update((x, mark) for x in self.entries_of(xs))
        self._differentiated.clear()
        seen, stack = {k}, [k]
        while stack:
            j = stack.pop()
            if tape.ops[j] == "parameter" or (j in marks and marks[j].running):
                return False
            more = [a for a in tape.args[j] if a not in seen]
            seen.update(more)
            stack += more
        return True

    def read(self, x: Node, what: str) -> None:
        """Somebody takes a number out of a Value: refused if it may be another one."""
        if sys._getframe(2).f_code.co_filename.startswith(TRUSTED):
            return
        if what == "data" and not self.tape.depends(self.entry(x)):
            return
        refuse(what)

    def raising(self, rule: Any, error: Exception, operands: Sequence[Any]) -> None:
        """An operation raises, which the function may catch: from now on it must.

        Of a row of many operands that holds for this call alone.
        """
        if isinstance(rule, Reduction) or not operands:
            self.raised = True
            return
        k = self.tape.add(raises(rule.name), tuple(map(self.entry, operands)))
        self.frozen(
            self.tape.add("equal", (k, self.tape.constant(which_error(error)))), CAUGHT
        )

    def detach(self, x: Node) -> Node:
        """``x.detach()``: its value, which derivatives do not go through."""
        return self.stand_in(self.tape.add("detach", (self.entry(x),), None, True))

    def choose(self, condition: Condition, x: Any, y: Any) -> Node:
        """``where`` of a condition that is not asked for its outcome."""
        args = (condition.entry, self.entry(x), self.entry(y))
        self.leaves_the_graph = True
        return self.stand_in(self.tape.add("where", args))

    def take(self, table: Sequence[Any], index: Node) -> Node:
        """The entry of a table at an index that is data and within it."""
        entries = self.entries_of([*table, index])
        self.leaves_the_graph = True
        self.plays = False
        entry = self.tape.add(TAKE, tuple(entries))
        return self.stand_in(self.tape.add("pos", (entry,)))  # a node, as eager's

    def sweep(self, output: Any, inputs: Sequence[Node], stop: bool) -> list[Any]:
        """The derivatives of a transform within the function, on the tape."""
        if not is_value(output):
            self.plays = False
            return [0.0] * len(inputs)
        numbers: list[float | None] = [None] * len(inputs)
        if not self.leaves_the_graph:  # no derivative leaves the engine's graph
            with recording.unrecorded():
                numbers = [*choice.module().gradients(output, inputs)[0]]
        k, of = self.entry(output), self.entries_of(inputs)
        entries = adjoint.sweep(self.tape, k, of, stop)
        return self._derivatives(entries, numbers, [k, *of])

    @contextmanager
    def deriving(self, output: Node) -> Iterator[None]:
        """While it lasts, what is computed is a derivative's, which never raises."""
        self.entry(output)
        self.plays = False
        first = len(self.tape)
        yield
        if self.made:
            self.entry(self.made[-1])
        for k in range(first, len(self.tape)):
            self.tape.checked[k] = False

    def propagate(self, output: Node, start: Node, series: Series, n: int) -> Any:
        """The power series of a Value, given that of another one, or None if it stays.

        What a choice by data passes depends on what is chosen: that is asked for.
        """
        tape, last, first = self.tape, self.entry(output), self.entry(start)
        known = {first: series}
        for k in adjoint.order_from(tape, [last], [first]):
            op, args = (
                tape.ops[k],
                list(map(tape.expanded, adjoint.operands_of(tape, k))),
            )
            if op == "where":  # a choice is what it chooses
                condition, x, y = args
                op, args = "pos", [x if self._holds(condition) else y]
            if any(a in known for a in args):
                operands = [known[a] if a in known else self._plain(a) for a in args]
                known[k] = carried(op, operands, self.stand_in(k), n)
        return known.get(tape.expanded(last))

    def _holds(self, k: int) -> bool:
        """Whether a condition holds; a guard, if that may change."""
        return self.guard(k) if self.tape.depends(k) else self.tape.value(k) != 0.0

    def _plain(self, k: int) -> Any:
        """An entry as what is computed with: a float, or a Value."""
        number = self.tape.ops[k] == "number"
        return self.tape.value(k) if number else self.stand_in(k)

    def push(
        self, outputs: Sequence[Node], inputs: Sequence[Node], seeds: Any
    ) -> list[list[Any]]:
        """Forward mode within the function: the tangents of what it asks for."""
        given = [
            [t if t is None or t.__class__ is float else self.entry(t) for t in seed]
            for seed in seeds
        ]
        ends, starts = self.entries_of(outputs), self.entries_of(inputs)
        found = adjoint.push(self.tape, ends, starts, given)
        moving = [k for row in found for k in row if k is not None]
        self.plays &= all(None not in row for row in found)
        seeds_of = [k for seed in given for k in seed if k.__class__ is int]
        of = [*ends, *starts, *seeds_of]
        self.derived_from.update(dict.fromkeys(ends, of))
        made = iter(self._derivatives(moving, [None] * len(moving), of))
        return [[0.0 if k is None else next(made) for k in row] for row in found]

    def _derivatives(
        self, entries: list[int], numbers: Sequence[float | None], of: list[int]
    ) -> list[Any]:
        """Entries as derivatives are, with their numbers where these are known.

        Where one ``of`` what they are derived from is a Value, all of them are.
        """
        self.leaves_the_graph = True
        self._derived.append(entries)
        self.derived_from.update(dict.fromkeys(entries, of))
        self.plays &= all(self.tape.ops[k] != "number" for k in entries)
        return self.entries.derivatives(entries, numbers)

    def watch_derivatives(self, outputs: Sequence[int]) -> None:
        """Let a nan be seen among those that the function goes on with.

        It is that of a guard, which has its outcome nevertheless.
        """
        tape, seen = self.tape, set(outputs)
        for derived in self._derived if tape.hasty else ():
            entries = [k for k in derived if tape.ops[k] != "number"]
            if not seen.issuperset(entries):
                k = tape.add("sum", tuple(entries))
                numbers = tape.constant(1.0), tape.constant(math.nan)
                k = tape.add("where", (tape.add("equal", (k, k)), *numbers))
                self.guards.append(Guard.here(k, True))
                seen.update(entries)
