"""A recording played on Values: the nodes that the function makes, without running it.

A derivative that was recorded is written out in rows, as it is where an outer function
is differentiated. What a function does with Values alone, or with numbers alone, is not
played: then the function itself runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd.program.quick import shape_of, size_of
from autograd.program.structure import VALUE
from autograd.program.tape import ROWS
from autograd.table.rules import RULES

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["player"]

MOST_WALKS = 10_000_000
"""Entries to walk over for what makes Values of derivatives; beyond, f itself runs."""


def player(recording: Recording, args: tuple[Any, ...]) -> Callable[..., Any] | None:
    """What makes of Values the graph that the function makes of them, or None.

    Args:
        recording: whose structure of arguments these have.
        args: the arguments.
    """
    tape = recording.tape
    native = getattr(tape, "player", None)
    constant = not all(map(tape.depends, recording.outputs))
    walks = len(recording.outputs) * len(tape) if recording.derived_from else 0
    if native is None or constant or not recording.plays or any(recording.kinds):
        return None  # a result may be a number, and a Value with Values
    if walks > MOST_WALKS or (walks and any(map(_has_columns, set(tape.ops)))):
        return None
    arguments, result = shape_of(args), _shape_of_template(recording.template)
    sizes = len(recording.inputs), len(recording.outputs)
    if sizes != (size_of(arguments), size_of(result)):
        return None
    guards = [guard.entry for guard in recording.guards]
    made: Callable[..., Any] | None = native(
        recording.inputs,
        recording.parameters,
        _order(
            [*map(tape.expanded, [*recording.outputs, *guards])],
            lambda k: map(tape.expanded, tape.args[k]),
        ),
        recording.outputs,
        guards,
        bytes(guard.outcome for guard in recording.guards),
        b"".join(_makers(recording)),
        tuple(recording.leaves),
        arguments,
        result,
        recording.watch,
    )
    return made


def _has_columns(op: str) -> bool:
    """Whether a row gives its partials together, whose slopes have two forms."""
    return bool(getattr(RULES.get(op), "together", None))


def _order(
    entries: Sequence[int], operands: Callable[[int], Iterable[int]]
) -> list[int]:
    """What some entries depend on, and they, operands before their users."""
    order: list[int] = []
    seen: set[int] = set()
    stack = [(k, False) for k in entries]
    while stack:
        k, done = stack.pop()
        if done:
            order.append(k)
        elif k not in seen:
            seen.add(k)
            stack.append((k, True))
            stack += [(a, False) for a in operands(k)]
    return order


def _makers(recording: Recording) -> Iterator[bytes]:
    """For each output, which inputs make a Value of it, and whether some leaf does.

    A derivative is a Value where the function that it is of has one, even if the
    derivative does not depend on that.
    """
    tape, derived_from = recording.tape, recording.derived_from
    if not derived_from:
        yield bytes(len(recording.outputs) * (len(recording.inputs) + 1))
        return

    def sources(k: int) -> list[int]:
        """What makes a Value of an entry if it is one."""
        op, args = tape.ops[k], tape.args[k]
        own = () if op in ROWS else args[1:] if op == "where" else args
        return [*own, *derived_from.get(k, ())]

    for output in recording.outputs:
        found = set(_order([output], sources))
        leaf = not found.isdisjoint(recording.parameters)
        yield bytes([*(k in found for k in recording.inputs), leaf])


def _shape_of_template(template: Any) -> Any:
    """The structure of a result of Values alone; False for any other."""
    if template == VALUE:
        return None
    if template[0] == "list" and template[1] in (list, tuple):
        return template[1].__name__, tuple(map(_shape_of_template, template[2]))
    return False
