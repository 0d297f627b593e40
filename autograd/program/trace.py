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
from autograd.core.plain import is_number
from autograd.derivatives.nesting import is_value
from autograd.derivatives.sweeps import Mark
from autograd.derivatives.sweeps import recording as with_graph
from autograd.program import adjoint
from autograd.program.guards import FROZEN, Condition, Guard, refuse
from autograd.program.tape import LEAVES, Number, Tape

__all__ = ["Recorder"]

TRUSTED = str(Path(__file__).parents[1] / "derivatives")
"""What reads numbers there to check them, or to multiply them by 0, may do so."""


class Recorder:
    """The tape of one call, while it runs.

    ``inputs`` and ``parameters`` are entries; ``leaves`` the leaf Values that the
    parameters are.
    """

    def __init__(self) -> None:
        self.tape = Tape()
        self.inputs: list[int] = []
        self.parameters: list[int] = []
        self.leaves: list[Node] = []
        self.guards: list[Guard] = []
        self.made: list[Node] = []
        self._read = 0
        self._entries: dict[Node, int] = {}
        self._depends: list[bool] = []
        self._marks: dict[int, Mark] = {}
        self._stands_in = False

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

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While it lasts, Values are used without being recorded."""
        before = recording.here.recorder
        recording.record_into(None)
        try:
            yield
        finally:
            recording.record_into(before)

    def input(self, number: float) -> Node:
        """A Value for a scalar of the arguments."""
        with self.paused():
            leaf = choice.Value(number)
        k = self.tape.add("input", (), number)
        self.inputs.append(k)
        self._entries[leaf] = k
        return leaf

    def stand_in(self, k: int, number: float | None = None) -> Node:
        """A leaf for an entry that is no node of the engine's graph."""
        if number is None:
            number = self.tape.value(k)
        with self.paused():
            leaf = choice.Value(number)
        self._entries[leaf] = k
        self._stands_in = True
        return leaf

    def entry(self, x: Any) -> int:
        """The entry of a Value or a plain number, whose graph goes onto the tape."""
        if x.__class__ is Condition:
            return int(x.entry)
        if not is_value(x):
            return self.tape.constant(float(x))
        entries = self._entries
        if x not in entries:
            self._take_made()
        if x not in entries:
            with self.paused():
                self._walk(x)
        return entries[x]

    def _take_made(self) -> None:
        """The nodes that were made since, in their order, onto the tape."""
        made, self._read = self.made[self._read :], len(self.made)
        with self.paused():
            for node in made:
                if node not in self._entries and node.op:
                    self._walk(node)

    def _walk(self, output: Node) -> None:
        entries, add = self._entries, self.tape.add
        constant = self.tape.constant
        stack = [output]
        while stack:
            node = stack[-1]
            if node in entries:
                stack.pop()
                continue
            operands = node.operands
            missing = [
                x for x in operands if x.__class__ is not float and x not in entries
            ]
            if missing:
                stack += reversed(missing)
                continue
            stack.pop()
            if not operands:
                entries[node] = self._leaf(node)
                continue
            args = tuple(
                constant(x) if x.__class__ is float else entries[x] for x in operands
            )
            entries[node] = k = add(node.op, args, node.data, True)
            if node.label:
                self.tape.labels[k] = str(node.label)

    def _leaf(self, leaf: Node) -> int:
        """A leaf that nobody made here: a parameter, unless a transform owns it."""
        if isinstance(leaf._kept, Mark):
            k = self.tape.add("number", (), leaf.data)
            self._marks[k] = leaf._kept
            return k
        k = self.tape.add("parameter", (), leaf.data)
        self.parameters.append(k)
        self.leaves.append(leaf)
        return k

    def depends(self, k: int) -> bool:
        """Whether an entry is anything but a number that is always the same."""
        known, tape = self._depends, self.tape
        for j in range(len(known), len(tape)):
            op = tape.ops[j]
            known.append(
                op != "number" if op in LEAVES else any(known[a] for a in tape.args[j])
            )
        return known[k]

    def on_parameters(self, outputs: Sequence[int]) -> list[bool]:
        """Which entries depend on a parameter."""
        tape = self.tape
        found: list[bool] = []
        for op, args in zip(tape.ops, tape.args):
            found.append(op == "parameter" or any(found[a] for a in args))
        return [found[k] for k in outputs]

    # What the engines ask while the function runs.

    def compare(self, name: str, x: Any, y: Any) -> Any:
        """``x < y`` and the like: a condition that becomes a guard if asked for."""
        swapped = {"gt": "less", "ge": "less_equal"}
        plain = {"lt": "less", "le": "less_equal", "eq": "equal", "ne": "equal"}
        if not (is_value(y) or is_number(y) or y.__class__ is Condition):
            return NotImplemented
        a, b = self.entry(x), self.entry(y)
        if name in swapped:
            k = self.tape.add(swapped[name], (b, a))
        else:
            k = self.tape.add(plain[name], (a, b))
        if name == "ne":
            k = self.tape.add("equal", (k, self.tape.constant(0.0)))
        if not self.depends(k):
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
        same = [(k, number)]
        if number == 0.0:
            signs = self.tape.constant(1.0), k
            same.append((self.tape.add("copysign", signs), math.copysign(1.0, number)))
        for entry, is_now in same:
            # nan is the number that is not equal to itself
            other = self.tape.constant(is_now) if is_now == is_now else entry
            self.frozen(self.tape.add("equal", (entry, other)))
        return number

    def as_int(self, x: Node) -> Any:
        """``int(x)``: the whole number, which is from now on that of this recording."""
        k = self.entry(x)
        if not self._is_data(k):
            return NotImplemented
        number = int(self.tape.value(k))
        whole = self.tape.add("trunc", (k,)), self.tape.constant(float(number))
        self.frozen(self.tape.add("equal", whole))
        return number

    def frozen(self, k: int) -> None:
        """From now on the outcome of a condition that a number was taken under."""
        if self.depends(k):
            self.guards.append(Guard.here(k, self.tape.value(k) != 0.0, FROZEN))

    def differentiated(self, x: Node, mark: Mark) -> None:
        """A transform within the function differentiates by ``x`` while it runs."""
        self._marks[self.entry(x)] = mark

    def _is_data(self, k: int) -> bool:
        """Whether an entry is a number where the function is called with numbers."""
        tape, marks = self.tape, self._marks
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
        if what == "data" and not self.depends(self.entry(x)):
            return
        refuse(what)

    def detach(self, x: Node) -> Node:
        """``x.detach()``: its value, which derivatives do not go through."""
        return self.stand_in(self.tape.add("detach", (self.entry(x),)))

    def choose(self, condition: Condition, x: Any, y: Any) -> Node:
        """``where`` of a condition that is not asked for its outcome."""
        args = (condition.entry, self.entry(x), self.entry(y))
        return self.stand_in(self.tape.add("where", args))

    def sweep(self, output: Any, inputs: Sequence[Node], stop: bool) -> list[Any]:
        """The derivatives of a transform within the function, on the tape."""
        if not is_value(output):
            return [0.0] * len(inputs)
        numbers: list[float | None] = [None] * len(inputs)
        if not self._stands_in:  # the engine's graph is whole
            with self.paused():
                numbers = [*choice.module().gradients(output, inputs)[0]]
        entries = adjoint.sweep(
            self.tape, self.entry(output), [self.entry(x) for x in inputs], stop
        )
        return [self._derivative(k, number) for k, number in zip(entries, numbers)]

    def push(self, tangents: dict[Node, Any]) -> Any:
        """Forward mode within the function: the tangents of what one asks for."""
        known = {
            self.entry(x): t
            if t.__class__ is float
            else Number(self.tape, self.entry(t))
            for x, t in tangents.items()
        }
        return _Tangents(self, known)

    def _derivative(self, k: int, number: float | None = None) -> Any:
        """An entry as a derivative is: a float if it is a number, else a Value."""
        if self.tape.ops[k] == "number":
            return self.tape.numbers[k]
        return self.stand_in(k, number)


class _Tangents:
    """The tangents of Values, each computed on the tape when it is asked for."""

    def __init__(self, recorder: Recorder, known: dict[int, Any]) -> None:
        self.recorder = recorder
        self.known = known

    def get(self, x: Node, default: Any) -> Any:
        """The tangent of a Value; ``default`` if it has none."""
        recorder = self.recorder
        found = adjoint.push(recorder.tape, recorder.entry(x), self.known)
        return default if found is None else recorder._derivative(found)
