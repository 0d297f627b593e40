"""The table's partials as lists of steps, which the C engine takes on Values.

A derivative that can be differentiated again is a graph, so that its partials are
evaluated on Values. Here each partial runs once, at build time, on operands that note
what is done with them. The engine then does the same without Python, and records the
same nodes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from autograd.native.emit import text
from autograd.table.number import Comparisons, Operations
from autograd.table.rules import RULES, Reduction, Rule


class Routine:
    """A function of numbers as steps, each of which fills the next slot.

    Args:
        function: the function, or the number that it would always give.
        arguments: how many it has; they fill the first slots.
    """

    def __init__(self, function: Callable[..., Any] | float, arguments: int) -> None:
        self.arguments = arguments
        self.steps: list[str] = []
        self._constants: dict[str, Slot] = {}
        slots = (Slot(self, i) for i in range(arguments))
        self.result = self.slot(function(*slots) if callable(function) else function)

    def slot(self, x: Any) -> Slot:
        """Where a number is to be found."""
        if isinstance(x, Slot):
            return x
        number = text(x)
        if number not in self._constants:
            self._constants[number] = self._add(f"{{STEP_number, 0, {{0}}, {number}}}")
        return self._constants[number]

    def step(self, what: str, *operands: Any) -> Slot:
        """Do something with numbers."""
        slots = ", ".join([str(self.slot(x).index) for x in operands])
        return self._add(f"{{{what}, {len(operands)}, {{{slots}}}, 0.0}}")

    def _add(self, step: str) -> Slot:
        self.steps.append(step)
        return Slot(self, self.arguments + len(self.steps) - 1)


class Slot(Comparisons, Operations):
    """A number that a routine has when it runs."""

    __slots__ = ("index", "routine")

    def __init__(self, routine: Routine, index: int) -> None:
        self.routine = routine
        self.index = index

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Slot:
        return self.routine.step(f"ROW_{RULES[name].name}", *operands)

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Slot:
        return self.routine.step(f"STEP_{compare.__name__}", self, other)

    def __bool__(self) -> bool:
        raise TypeError("a rule must branch with where(), not with if")


def routines() -> Iterator[str]:
    """The header ``routines.h``: the steps of each row's partials, and the list of all.

    The arguments of a partial are the operands, the result and, where a row has any
    number of terms, their number.
    """
    slots = 0
    for name, rule in RULES.items():
        entries = []
        for i, partial in enumerate(rule.partials):
            arguments = len(rule.partials) + (1 if isinstance(rule, Rule) else 2)
            together = isinstance(rule, Reduction) and rule.together
            if partial is None or together:  # Python alone has it
                entries.append(f"    {{{arguments}, 0, IN_PYTHON, NULL}},\n")
                continue
            routine = Routine(partial, arguments)
            steps = "NULL"
            if routine.steps:
                steps = f"steps_{name}_{i}"
                body = "".join(f"    {step},\n" for step in routine.steps)
                yield f"static const Step {steps}[] = {{\n{body}}};\n"
            counts = routine.arguments, len(routine.steps), routine.result.index
            entries.append(f"    {{{', '.join(map(str, counts))}, {steps}}},\n")
            slots = max(slots, routine.arguments + len(routine.steps))
        yield f"static const Routine routines_{name}[] = {{\n{''.join(entries)}}};\n"
    yield f"enum {{ MOST_SLOTS = {slots} }};\n"


def write(directory: str) -> None:
    """Write the header into a directory."""
    first = "/* Made by autograd/native/routines.py from the table. Do not edit. */\n\n"
    with open(os.path.join(directory, "routines.h"), "w", newline="\n") as file:
        file.write(first + "\n".join(routines()))
