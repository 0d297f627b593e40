"""The short way into a program: numbers to numbers, in C where it can.

A call of a small program costs more in Python than its packs do. So the structures of
the arguments and of the result, where they are only floats, lists, tuples and arrays of
float64, are told to the C executor, which takes the one apart and builds the other.
So are the shapes of arrays of examples. What it cannot do it leaves: it answers
``NotImplemented``. Where packs run on arrays, :class:`Short` does the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.derivatives.nesting import is_value
from autograd.program.machine import OUT_OF_REACH
from autograd.program.memory import fresh
from autograd.program.structure import VALUE
from autograd.table.rules import CHECKPOINT, RULES

if TYPE_CHECKING:
    from autograd.program.machine import Machine
    from autograd.program.recording import Recording

__all__ = ["caller", "mapper", "shape_of", "size_of"]


def caller(
    recording: Recording,
    args: tuple[Any, ...],
    answer: Any,
    raises: bool,
    again: Callable[..., Any] | None = None,
) -> Callable[..., Any] | None:
    """What calls a recording with arguments like these, or None.

    Args:
        recording: whose machine has run with them.
        args, answer: the arguments, and what the recording gave.
        raises: whether to leave calls for which a row may have to raise.
        again: computes an output that depends on leaves once more, from the recording,
            its number, the arguments, and what stands for the leaves.
    """
    live = any(recording.on_parameters)
    given_back = not recording.place.keys().isdisjoint(recording.outputs)
    if any(recording.kinds) or given_back or (live and again is None):
        return None
    machine = recording.machine(live)
    arguments, result = shape_of(args), shape_of(answer)
    packs, count = machine.packs, len(recording.outputs)
    if size_of(arguments) != len(recording.inputs) or size_of(result) != count:
        return None  # not of floats alone
    if not hasattr(machine.native, "caller") or machine.native.unsupported:
        return None if live else Short(recording, machine, arguments, result, raises)
    RULES.setdefault(CHECKPOINT.name, CHECKPOINT)
    guards = count + len(recording.guards)
    made: Callable[..., Any] = machine.native.caller(
        packs.numbers,
        packs.inputs,
        packs.parameters,
        tuple(recording.leaves),
        packs.outputs[:count],
        packs.outputs[count:guards],
        bytes(guard.outcome for guard in recording.guards),
        arguments,
        result,
        raises,
        recording.watch,
        bytes(recording.on_parameters),
        packs.outputs[guards:],
        CHECKPOINT.name,
        partial(partial, again, recording) if live and again else None,
        recording.tape.hasty,
    )
    return made


class Short:
    """A recording's machine, with the structures of its arguments and result."""

    def __init__(
        self,
        recording: Recording,
        machine: Machine,
        arguments: Any,
        result: Any,
        raises: bool,
    ) -> None:
        self.recording, self.machine, self.raises = recording, machine, raises
        self.arguments, self.result = arguments, result
        self.count = len(recording.inputs)

    def __call__(self, *args: Any) -> Any:
        """The result for some arguments; ``NotImplemented`` if they are not for it."""
        outside = self.recording.outside
        if outside is not None and outside.changed():
            return NotImplemented
        numbers = np.empty(self.count)
        if _taken(args, self.arguments, numbers, 0) != self.count:
            return NotImplemented
        found, failed = self.machine.call(
            numbers, self.recording.numbers(), not self.raises
        )
        if failed or not self.recording.holds(found):
            return NotImplemented
        return _built(self.result, found, 0)[0]


def _taken(x: Any, shape: Any, numbers: Any, at: int) -> int:
    """Write the numbers of a structure from position ``at`` on.

    Returns:
        The position after them; one beyond all if it has not just this shape.
    """
    if at > len(numbers):
        return at
    if shape is None:
        fits, end = x.__class__ is float, at + 1
        if fits:
            numbers[at] = x
    elif shape[0] == "array":
        end = at + math.prod(shape[1])
        fits = type(x).__name__ == "ndarray" and (x.shape, x.dtype) == (
            shape[1],
            numbers.dtype,
        )
        if fits:
            numbers[at:end] = x.ravel()
    else:
        fits, end = x.__class__.__name__ == shape[0] and len(x) == len(shape[1]), at
        for y, part in zip(x, shape[1]) if fits else ():
            end = _taken(y, part, numbers, end)
    return end if fits else len(numbers) + 1


def _built(shape: Any, numbers: Any, at: int) -> tuple[Any, int]:
    """A structure of numbers from position ``at`` on, and the position after them."""
    if shape is None:
        return float(numbers[at]), at + 1
    if shape[0] == "array":
        end = at + math.prod(shape[1])
        return numbers[at:end].reshape(shape[1]), end
    parts = []
    for part in shape[1]:
        x, at = _built(part, numbers, at)
        parts.append(x)
    return (tuple(parts) if shape[0] == "tuple" else parts), at


def mapper(
    recording: Recording, args: tuple[Any, ...], total: bool, raises: bool
) -> Callable[..., Any] | None:
    """What maps a recording over arrays like these, or None.

    It takes the arrays, after the scale if there is a ``total``, and gives a tuple of
    the outputs' arrays; with ``total`` it adds to the leaves' gradients.

    Args:
        recording: which has run with them.
        args: arrays, with the examples first.
        total: whether to add up gradients, of the only output.
        raises: whether to leave examples for which a row may have to raise.
    """
    if recording.once or any(recording.kinds) or None in map(_rows, args):
        return None
    template, places = recording.opened
    if places != [None] * len(places) or (total and template != VALUE):
        return None  # plain numbers are among the results; or they ask for a seed
    machine = recording.machine(False, range(len(recording.inputs)), total)
    if not hasattr(machine.native, "mapper") or machine.native.unsupported:
        return None
    packs, count = machine.packs, len(recording.outputs)
    width = len(recording.inputs)
    made: Callable[..., Any] = machine.native.mapper(
        packs.numbers,
        packs.inputs[:width],
        packs.parameters,
        tuple(recording.leaves),
        packs.outputs[:count],
        packs.outputs[count:],
        bytes(guard.outcome for guard in recording.guards),
        packs.totals,
        int(packs.inputs[width]) if total else -1,
        total,
        machine.block,
        OUT_OF_REACH // machine.lanes,
        tuple(map(_rows, args)),
        fresh,
        raises,
        recording.watch,
        recording.tape.hasty,
    )
    return made


def _rows(x: Any) -> tuple[int, ...] | None:
    """The shape of one example of an array of float64; None if it is none."""
    return x.shape[1:] if _is_plain_array(x) and x.ndim else None


def shape_of(x: Any) -> Any:
    """A structure as the C executor reads it; False for one that it does not know."""
    if x.__class__ is float or is_value(x):
        return None
    if x.__class__ in (list, tuple):
        return x.__class__.__name__, tuple(map(shape_of, x))
    return ("array", x.shape, np.empty) if _is_plain_array(x) else False


def _is_plain_array(x: Any) -> bool:
    """Whether it is an array of NumPy's own type, of numbers as C has them."""
    return type(x) is np.ndarray and x.dtype == np.float64


def size_of(shape: Any) -> float:
    """How many numbers a structure has; nan if not all of it is known."""
    if shape is None:
        return 1
    if shape is False:
        return float("nan")
    if shape[0] == "array":
        count = 1
        for n in shape[1]:
            count *= n
        return count
    return sum(map(size_of, shape[1]))
