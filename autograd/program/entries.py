"""Which entry of a tape each Value is: the graph of the engine, written onto a tape.

The native engine has a type of its own for this, which reads its nodes without Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.core import choice
from autograd.core.graph import Node
from autograd.core.plain import is_value
from autograd.core.recording import unrecorded
from autograd.derivatives.sweeps import Mark
from autograd.program.tape import Tape

__all__ = ["Entries", "mark_of", "new_entries"]


class Entries:
    """The entries of Values, which it keeps alive.

    ``leaves`` are the leaf Values that were met, which nobody made here: parameters;
    ``parameters`` are their entries. ``marks`` are those of transforms, by the entries
    of the leaves that they own.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.parameters: list[int] = []
        self.leaves: list[Node] = []
        self.marks: dict[int, Mark] = {}
        self._places: dict[Node, int] = {}
        self._read = 0

    def known(self, x: Node) -> int | None:
        """The entry of a Value that has one."""
        return self._places.get(x)

    def entry(self, x: Node, made: list[Node]) -> int:
        """The entry of a Value, after those of the nodes that were made before it.

        Args:
            x: a Value.
            made: all nodes that were made so far, in their order. Grows between calls.
        """
        places = self._places
        if x not in places:
            new, self._read = made[self._read :], len(made)
            with unrecorded():
                for node in new:
                    if node.op:
                        self._walk(node)
                self._walk(x)
        return places[x]

    def all(self, xs: Sequence[Any], made: list[Node]) -> list[int] | None:
        """The entries of many; None if not all of them are Values."""
        return [self.entry(x, made) for x in xs] if all(map(is_value, xs)) else None

    def _walk(self, output: Node) -> None:
        places, add = self._places, self.tape.add
        constant = self.tape.constant
        stack = [output]
        while stack:
            node = stack[-1]
            if node in places:
                stack.pop()
                continue
            operands = node.operands
            missing = [
                x for x in operands if x.__class__ is not float and x not in places
            ]
            if missing:
                stack += reversed(missing)
                continue
            stack.pop()
            if not operands:
                places[node] = self._leaf(node)
                continue
            args = tuple(
                constant(x) if x.__class__ is float else places[x] for x in operands
            )
            places[node] = k = add(node.op, args, node.data, True)
            if node.label:
                self.tape.labels[k] = str(node.label)

    def _leaf(self, leaf: Node) -> int:
        """A leaf that nobody made here: a parameter, unless a transform owned it."""
        mark = mark_of(leaf)
        if mark is not None:
            k = self.tape.add("number", (), leaf.data)
            self.marks[k] = mark
            return k
        k = self.tape.add("parameter", (), leaf.data)
        self.parameters.append(k)
        self.leaves.append(leaf)
        return k

    def stand_in(self, k: int, number: float) -> Node:
        """A new leaf for an entry that no Value is."""
        leaf = choice.Value(number)
        self._places[leaf] = k
        return leaf

    def inputs(self, numbers: Sequence[float]) -> list[Node]:
        """New leaves, each for a new entry, an input."""
        add = self.tape.add
        return [self.stand_in(add("input", (), x), x) for x in numbers]

    def derivatives(
        self, entries: Sequence[int], numbers: Sequence[float | None]
    ) -> list[Any]:
        """Entries as derivatives are: floats if they are numbers, else new leaves.

        Args:
            entries: those of the derivatives.
            numbers: what they are, None if that is not known.
        """
        tape = self.tape
        found: list[Any] = []
        for k, number in zip(entries, numbers):
            if tape.ops[k] == "number":
                found.append(tape.value(k))
            else:
                found.append(
                    self.stand_in(k, tape.value(k) if number is None else number)
                )
        return found

    def finish(self) -> None:
        """The recording is over; the native engine has marks to take back."""


def new_entries(tape: Tape) -> Entries:
    """Entries on a tape, of the engine that runs now."""
    made: Entries = getattr(choice.module(), "Entries", Entries)(tape)
    return made


def mark_of(leaf: Node) -> Mark | None:
    """What a transform leaves on a leaf that it owns, a number to everybody else."""
    return leaf._kept if isinstance(leaf._kept, Mark) else None
