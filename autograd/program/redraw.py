"""A recording as a graph of Values again, for pictures and sums over paths.

The tape is run once more, on Values: its inputs are new leaves with the names of the
arguments that they came from, its parameters are the leaves themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from autograd.core import choice, limits
from autograd.core.graph import Node
from autograd.core.plain import is_value
from autograd.core.recording import resumed
from autograd.program.passes.simplify import live
from autograd.program.tape import value_of_row
from autograd.table.rules import RULES

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["names", "redrawn"]


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
    results = (
        bool(made[k]) if condition else made[k]
        for k, condition in zip(recording.outputs, recording.kinds)
    )
    return recording.build(results), inputs


def _entry(recording: Recording, k: int, made: dict[int, Any]) -> Any:
    """One operation of the tape on what it reads."""
    tape, op = recording.tape, recording.tape.ops[k]
    if op == "number":
        return tape.value(k)
    operands = tuple(made[a] for a in tape.args[k])
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
