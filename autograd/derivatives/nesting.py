"""Nested arguments: scalars, arrays, and lists, tuples, dicts or dataclasses of them.

A transform works on a flat list of scalars. :func:`flatten` takes an argument
apart into that list and a function that puts any other list of the same length
together again in the same nesting: the nesting of an argument is also that of
its gradient. The parts of a container may differ in shape.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from itertools import islice
from typing import Any

from autograd.core import choice
from autograd.core.plain import is_number, is_value

__all__ = ["any_value", "flatten", "is_value", "same_nesting"]

Build = Callable[[Sequence[Any]], Any]
"""Puts as many entries as were taken out together in the same nesting."""


def any_value(xs: list[Any]) -> bool:
    """Whether there is a Value among some scalars."""
    native = choice.native.get("any_value")
    return native(xs) if native is not None else any(map(is_value, xs))


def _is_scalar(x: Any) -> bool:
    return x.__class__ is float or is_value(x) or is_number(x)


def is_array(x: Any) -> bool:
    """Whether ``x`` is a NumPy array."""
    numpy = sys.modules.get("numpy")  # not imported yet: then x is none of its types
    return numpy is not None and isinstance(x, numpy.ndarray)


def flatten(x: Any, name: str) -> tuple[list[Any], Build]:
    """The scalars of a nested argument, and how to nest as many others like it.

    Args:
        x: a Value, a number, a NumPy array of them, or a list, tuple, dict or
            dataclass whose parts are such arguments again.
        name: what the caller calls it, for the messages.

    Returns:
        The scalars in order, and a function from as many entries to their nesting.
        An array becomes an array of floats if all of its entries are plain numbers;
        nested entries become an array for each of their parts.

    Raises:
        TypeError: something in ``x`` is none of these; the message says where.

    >>> scalars, build = flatten((1.0, [2.0, 3.0]), "x")
    >>> scalars, build(["a", "b", "c"])
    ([1.0, 2.0, 3.0], ('a', ['b', 'c']))
    """
    scalars: list[Any] = []
    build = _take(x, name, scalars)
    return scalars, lambda entries: build(iter(entries))


def _take(x: Any, name: str, scalars: list[Any]) -> Callable[[Any], Any]:
    """Append the scalars of ``x``; how to build it again from an iterator."""
    native = choice.native.get("nest")
    build: Callable[[Any], Any] | None = native and native(x, scalars, _array)
    if build is not None:
        return build
    if _is_scalar(x):
        scalars.append(x)
        return next
    if is_array(x):
        return _take_array(x, name, scalars)
    # Below, not x itself: whoever keeps the result must not keep the graph of x.
    if isinstance(x, dict):
        entries = {k: _take(y, f"{name}[{k!r}]", scalars) for k, y in x.items()}
        return lambda it: {k: part(it) for k, part in entries.items()}
    if isinstance(x, (list, tuple, range)):
        kind, count = type(x), len(x)
        if all(map(_is_scalar, x)):  # the usual case, at once
            scalars.extend(x)
            return lambda it: like(kind, list(islice(it, count)))
        parts = [_take(y, f"{name}[{i}]", scalars) for i, y in enumerate(x)]
        return lambda it: like(kind, [part(it) for part in parts])
    if is_dataclass(x) and not isinstance(x, type):
        made = type(x)
        fields = {k: _take(y, f"{name}.{k}", scalars) for k, y in _fields(x).items()}
        return lambda it: made(**{k: part(it) for k, part in fields.items()})
    raise TypeError(
        f"{name} must be a Value, a real number, an array, or a list, tuple, dict or "
        f"dataclass of them, got {type(x).__name__}"
    )


def _fields(x: Any) -> dict[str, Any]:
    """What a dataclass is made from, by name."""
    return {f.name: getattr(x, f.name) for f in dataclasses.fields(x) if f.init}


def _take_array(x: Any, name: str, scalars: list[Any]) -> Callable[[Any], Any]:
    shape = x.shape
    entries = list(x.flat)
    others = [y for y in entries if not (is_value(y) or is_number(y))]
    if others:
        found = sorted({type(y).__name__ for y in others})
        raise TypeError(
            f"{name} must be an array of real numbers or Values, got dtype {x.dtype} "
            f"with entries of type {', '.join(found)}"
        )
    scalars.extend(entries)

    count = len(entries)
    return lambda it: _array(list(islice(it, count)), shape)


def _array(entries: list[Any], shape: tuple[int, ...]) -> Any:
    """Entries as an array; if they are nested themselves, one array for each part.

    An array without dimensions is its only Value, as in NumPy's own arithmetic.
    """
    import numpy

    fill = choice.native.get("fill")
    if fill is not None and entries:
        kind: Any = float if entries[0].__class__ is float else object
        array = numpy.empty(shape, kind)
        if (kind is float or is_value(entries[0])) and fill(array, entries):
            return array[()] if kind is object else array
    if all(map(is_number, entries)):
        return numpy.array(entries, dtype=float).reshape(shape)
    first = entries[0]
    if is_array(first):
        return numpy.stack(entries).reshape(shape + first.shape)
    if isinstance(first, dict):
        return {key: _array([y[key] for y in entries], shape) for key in first}
    if is_dataclass(first):
        parts = {
            k: _array([getattr(y, k) for y in entries], shape) for k in _fields(first)
        }
        made: Any = type(first)
        return made(**parts)
    if isinstance(first, (list, tuple)):
        return like(type(first), [_array(list(ys), shape) for ys in zip(*entries)])
    array = numpy.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)[()]


def like(kind: type, parts: list[Any]) -> Any:
    """The parts as a named tuple, a tuple, or else a list."""
    if not issubclass(kind, tuple):
        return parts
    return kind(*parts) if hasattr(kind, "_fields") else tuple(parts)


def same_nesting(x: Any, like: Any, name: str, of: str) -> list[Any]:
    """The scalars of ``x``, which must be nested as ``like`` is.

    Args:
        x: the nested argument.
        like: what it must resemble; an array and a list of its shape are alike.
        name, of: what the caller calls the two, for the message.

    Raises:
        ValueError: the nestings differ; the message has both.
    """
    scalars, _ = flatten(x, name)
    native = choice.native.get("alike")
    if native is None or not native(x, like):
        shape, expected = outline(x), outline(like)
        if shape != expected:
            raise ValueError(
                f"{name} must have the nesting of {of}: expected {expected}, "
                f"got {shape}"
            )
    return scalars


def outline(x: Any) -> str:
    """The nesting of an argument in brackets, a dot for each scalar.

    >>> outline(([1.0, 2.0], 3.0))
    '[[· ·] ·]'
    """
    if is_dataclass(x) and not isinstance(x, type):
        return f"{type(x).__name__}{outline(_fields(x))}"
    if isinstance(x, dict):
        return "{" + " ".join(f"{k!r}: {outline(y)}" for k, y in x.items()) + "}"
    if is_array(x):
        x = x.tolist()
    if isinstance(x, (list, tuple, range)):
        flat = all(map(_is_scalar, x))  # the usual case, at once
        return "[" + " ".join("·" * len(x) if flat else map(outline, x)) + "]"
    return "·"
