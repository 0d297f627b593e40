"""The short way into a program: plain numbers to plain numbers, in C alone.

A call of a small program costs more in Python than its packs do. So the structures of
the arguments and of the result, where they are only floats, lists, tuples and arrays of
float64, are told to the C executor, which takes the one apart and builds the other.
What it cannot do it leaves: it answers ``NotImplemented``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["caller"]


def caller(
    recording: Recording, args: tuple[Any, ...], answer: Any, raises: bool
) -> Callable[..., Any] | None:
    """What calls a recording with arguments like these, or None.

    Args:
        recording: whose machine has run with them.
        args, answer: the arguments, and what the recording gave.
        raises: whether to leave calls for which a row may have to raise.
    """
    if any(recording.kinds) or any(recording.on_parameters):
        return None
    machine = recording.machine()
    if not hasattr(machine.native, "caller") or machine.native.unsupported:
        return None
    arguments, result = _shape(args), _shape(answer)
    packs, count = machine.packs, len(recording.outputs)
    if _size(arguments) != len(recording.inputs) or _size(result) != count:
        return None  # not of floats alone
    made: Callable[..., Any] = machine.native.caller(
        packs.numbers,
        packs.inputs,
        packs.parameters,
        tuple(recording.leaves),
        packs.outputs[:count],
        packs.outputs[count:],
        bytes(guard.outcome for guard in recording.guards),
        arguments,
        result,
        raises,
    )
    return made


def _shape(x: Any) -> Any:
    """A structure as the C executor reads it; False for one that it does not know."""
    if x.__class__ is float:
        return None
    if x.__class__ in (list, tuple):
        return x.__class__.__name__, tuple(map(_shape, x))
    if type(x).__module__ == "numpy" and type(x).__name__ == "ndarray":
        import numpy as np

        if x.dtype == np.float64:
            return "array", x.shape, np.empty
    return False


def _size(shape: Any) -> float:
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
    return sum(map(_size, shape[1]))
