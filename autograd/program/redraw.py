"""A recording as a graph of Values again: the tape is run once more, on Values.

For pictures and sums over paths its inputs are new leaves, with the names of the
arguments that they came from. Where the function is not here, as in a program from a
file, they are the Values that it was called with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from math import isnan
from typing import TYPE_CHECKING, Any

from autograd.core import choice, limits
from autograd.core.graph import Node
from autograd.core.plain import is_value
from autograd.core.recording import here, resumed
from autograd.program.lookup import take
from autograd.program.passes.simplify import live
from autograd.program.tape import TAKE, value_of_row
from autograd.table.rules import RULES

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["names", "redrawn", "replayed"]


def redrawn(
    recording: Recording, labels: Sequence[str], scalars: Sequence[float] | None
) -> tuple[Any, dict[str, Node]]:
    """The result with Values in it, and the leaf of each input.

    Args:
        recording: the path.
        labels: the names of its inputs.
        scalars: their numbers, or None for those that were recorded.

    Raises:
        ValueError, ZeroDivisionError, OverflowError: as the function does.
    """
    tape = recording.tape
    numbers = [tape.value(k) for k in recording.inputs] if scalars is None else scalars
    made: dict[int, Any] = dict(zip(recording.parameters, recording.leaves))
    inputs = {}
    for k, label, x in zip(recording.inputs, labels, numbers):
        made[k] = inputs[label] = choice.Value(x, label=label)
    with resumed():
        for k in live(tape, recording.outputs):
            if k not in made:
                made[k] = _entry(recording, k, made)
    return _result(recording, made), inputs


def replayed(recording: Recording, scalars: Sequence[Any]) -> Any:
    """The function's result for Values and numbers.

    NotImplemented if they take another path, or if it is nan and only a careful
    recording may say so.

    Raises:
        ValueError, ZeroDivisionError, OverflowError: as the function does.
    """
    tape = recording.tape
    made: dict[int, Any] = dict(zip(recording.parameters, recording.leaves))
    made.update(zip(recording.inputs, scalars))
    outcomes = {guard.entry: guard.outcome for guard in recording.guards}
    for k in live(tape, [*recording.outputs, *outcomes]):
        if k not in made:
            made[k] = _entry(recording, k, made)
        if k in outcomes and bool(made[k]) is not outcomes[k]:
            return NotImplemented
    if tape.hasty and any(isnan(_number(made[k])) for k in recording.outputs):
        return NotImplemented
    if tape.hasty and here.recorder is not None:
        here.recorder.tape.hasty = True
    return _result(recording, made)


def _number(x: Any) -> float:
    """What an output is, or what it was when it was recorded."""
    if is_value(x) and here.recorder is not None:
        number: float = here.recorder.tape.value(here.recorder.entry(x))
        return number
    return float(x)


def _result(recording: Recording, made: dict[int, Any]) -> Any:
    """What the outputs go into."""
    return recording.build(
        bool(made[k]) if condition else made[k]
        for k, condition in zip(recording.outputs, recording.kinds)
    )


def _entry(recording: Recording, k: int, made: dict[int, Any]) -> Any:
    """One operation of the tape on what it reads."""
    tape, op = recording.tape, recording.tape.ops[k]
    if op == "number":
        return tape.value(k)
    operands = tuple(made[a] for a in tape.args[k])
    if op == TAKE:
        return take(operands[:-1], operands[-1])
    of = next(filter(is_value, operands), None)
    if op == "detach":
        return operands[0] if of is None else of.detach()
    found: Any
    with limits.limits(not tape.checked[k]):
        if of is None or op not in RULES:
            function = value_of_row(op)
            asked = function if of is not None else partial(limits.number, function)
            found = asked(*operands)
        else:
            found = of._apply(op, operands)
    if is_value(found) and k in tape.labels and not found.label:
        found.label = tape.labels[k]
    return found


def names(key: Any, parameters: Sequence[str]) -> list[str]:
    """The names of the scalars in arguments of some structure.

    Args:
        key: of ``structure.Arguments``.
        parameters: the names of those that are given by position.

    >>> names((("float", ("array", (2,))), (("n", "float"),)), ["x", "y"])
    ['x', 'y[0]', 'y[1]', 'n']
    """
    positional, named = key
    more = range(len(parameters), len(positional))
    shown = [*parameters, *(f"argument {i}" for i in more)]
    parts = [*zip(shown, positional), *named]
    return [x for name, part in parts for x in _names(part, name)]


def _names(key: Any, name: str) -> Iterator[str]:
    if key == "float":
        yield name
        return
    kind, of = key
    if kind == "array":
        for index in product(*map(range, of)):
            yield f"{name}[{', '.join(map(str, index))}]"
    elif kind == "dict":
        for _, k, part in of:
            yield from _names(part, f"{name}[{k!r}]")
    elif isinstance(kind, type):
        parts = ["float"] * of if isinstance(of, int) else of
        for i, part in enumerate(parts):
            yield from _names(part, f"{name}[{i}]")
