"""Examples: a program over a leading axis, with their data as columns.

``in_axes`` says of each argument along which axis its examples lie, as ``jax.vmap``
does. The first example is what the program is recorded with; the others run as the
lanes of its packs. A list is an array here, so that ``X`` may be a list of points; the
parts of tuples and dicts have their examples each for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd.derivatives.nesting import is_array
from autograd.program.namespaces import (
    as_float64,
    column,
    library,
    on_host,
    together,
)
from autograd.program.structure import Arguments, arguments, like, namespace

__all__ = ["Examples", "examples"]


class Examples(NamedTuple):
    """The arguments of many calls.

    ``columns`` is float64 (scalars, examples); ``varying`` lists the scalars that
    differ between the examples; ``given(k)`` takes the arguments of one example apart.
    Where an argument is an array of another library than NumPy, so are the columns:
    ``elsewhere`` is that library and its device.
    """

    columns: Any
    varying: tuple[int, ...]
    given: Callable[[int], Arguments]
    elsewhere: tuple[Any, Any] | None = None

    @property
    def number(self) -> int:
        """How many examples there are."""
        return int(self.columns.shape[1])


class _Part(NamedTuple):
    """One argument's part: its examples (count, …), and how one of them looks."""

    array: Any
    as_list: bool


def examples(args: tuple[Any, ...], named: dict[str, Any], in_axes: Any) -> Examples:
    """Take the arguments of a map apart.

    Args:
        args, named: as of the function, with one more axis; keywords have it first.
        in_axes: the axis of the examples, for all positional arguments or a tuple with
            an entry for each: a number, None for an argument that is the same for all,
            or a tuple or dict of those for its parts.

    Raises:
        TypeError: an argument with an axis holds something else than numbers, or
            ``in_axes`` is none of those.
        ValueError: an axis is not there, lengths differ, or nothing has an axis.
    """
    axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
    if len(axes) != len(args):
        raise ValueError(
            f"in_axes has {len(axes)} entries for {len(args)} positional arguments"
        )
    lengths: dict[str, tuple[int, tuple[int, ...]]] = {}
    placed = [
        _placed(x, axis, f"argument {i}", lengths)
        for i, (x, axis) in enumerate(zip(args, axes))
    ]
    others = {k: _placed(x, 0, f"argument {k!r}", lengths) for k, x in named.items()}
    counts = {count for count, _ in lengths.values()}
    if not counts:
        raise ValueError("map needs an argument with an axis of examples; in_axes=None")
    if len(counts) > 1:
        shown = ", ".join(f"{k} of shape {shape}" for k, (_, shape) in lengths.items())
        raise ValueError(f"arguments have different numbers of examples: {shown}")
    (count,) = counts

    names = sorted(others)
    parts = [*placed, *(others[name] for name in names)]

    def given(k: int) -> Arguments:
        one = [_example(x, k) for x in parts]
        return arguments(
            tuple(one[: len(placed)]), dict(zip(names, one[len(placed) :]))
        )

    blocks: list[Any] = []
    varying: list[int] = []
    at = 0
    for x in parts:
        at = _columns(x, blocks, varying, at)
    for x in blocks:
        if namespace(x) is not None:
            return Examples(
                together(x, blocks, count), tuple(varying), given, library(x)
            )
    columns, at = np.empty((at, count)), 0
    for x in blocks:
        columns[at : at + len(x)] = x
        at += len(x)
    return Examples(columns, tuple(varying), given)


def _placed(x: Any, axis: Any, name: str, lengths: dict[str, Any]) -> Any:
    """An argument with a :class:`_Part` for each array that has an axis of examples."""
    if axis is None:
        return x
    if isinstance(axis, (tuple, list, dict)):
        return _placed_parts(x, axis, name, lengths)
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(
            f"in_axes must be made of ints and None, got {axis!r} for {name}"
        )
    if isinstance(x, (tuple, dict)):
        keys = list(x) if isinstance(x, dict) else range(len(x))
        same = dict.fromkeys(keys, axis) if isinstance(x, dict) else (axis,) * len(x)
        return _placed_parts(x, same, name, lengths)
    if namespace(x) is not None:
        array = as_float64(namespace(x), x)
        return _with_axis(array, axis, name, lengths, as_list=False)
    if not (isinstance(x, (list, range)) or is_array(x) or hasattr(x, "__array__")):
        raise TypeError(
            f"{name} must be an array, or a list, tuple or dict of numbers, with an "
            f"axis of examples, got {type(x).__name__}: in_axes=None is for what is "
            "the same for all examples"
        )
    try:
        array = np.asarray(x, dtype=float)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be a rectangular array of numbers: {error}"
        ) from None
    return _with_axis(array, axis, name, lengths, as_list=not is_array(x))


def _with_axis(
    array: Any, axis: int, name: str, lengths: dict[str, Any], as_list: bool
) -> _Part:
    shape = tuple(array.shape)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} of shape {shape} has no axis {axis}")
    lengths[name] = shape[axis], shape
    return _Part((namespace(array) or np).moveaxis(array, axis, 0), as_list)


def _placed_parts(x: Any, axes: Any, name: str, lengths: dict[str, Any]) -> Any:
    if isinstance(axes, dict):
        if not isinstance(x, dict) or set(x) != set(axes):
            raise ValueError(f"in_axes has a dict of {sorted(axes)} for {name}")
        return {k: _placed(y, axes[k], f"{name}[{k!r}]", lengths) for k, y in x.items()}
    if not isinstance(x, (tuple, list)) or len(x) != len(axes):
        raise ValueError(f"in_axes has {len(axes)} parts for {name}")
    made = [
        _placed(y, axis, f"{name}[{i}]", lengths)
        for i, (y, axis) in enumerate(zip(x, axes))
    ]
    return like(type(x), made)


def _example(x: Any, k: int) -> Any:
    """Example ``k`` of an argument."""
    if isinstance(x, _Part):
        count, *shape = x.array.shape
        one = on_host(x.array[k, ...]) if count else np.zeros(shape)
        if one.ndim == 0:
            return float(one)
        return one.tolist() if x.as_list else one
    if isinstance(x, dict):
        return {key: _example(y, k) for key, y in x.items()}
    if isinstance(x, (tuple, list)) and not _all_floats(x):
        return like(type(x), [_example(y, k) for y in x])
    return x


def _all_floats(x: Any) -> bool:
    """Whether a list is numbers alone: the usual case, which is taken at once."""
    return all(y.__class__ is float for y in x)


def _columns(x: Any, blocks: list[Any], varying: list[int], at: int) -> int:
    """Append blocks of rows, one row for each scalar of an argument, in their order.

    Returns:
        How many rows there are then, if it was ``at`` before.
    """
    if isinstance(x, _Part):
        count, *shape = x.array.shape
        size: int = math.prod(shape)
        blocks.append((namespace(x.array) or np).reshape(x.array, (count, size)).T)
        varying.extend(range(at, at + size))
        return at + size
    if isinstance(x, dict) or (isinstance(x, (tuple, list)) and not _all_floats(x)):
        for y in x.values() if isinstance(x, dict) else x:
            at = _columns(y, blocks, varying, at)
        return at
    given = arguments((x,), {})
    if given.elsewhere:
        blocks.append(column(*library(x), given))
    else:
        blocks.append(np.array(given.scalars, dtype=float)[:, None])
    return at + len(given.scalars)
