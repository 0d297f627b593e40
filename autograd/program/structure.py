"""The structure of arguments and results: what varies from call to call, and the rest.

Floats, NumPy's scalars, arrays and Values are data: a program takes any others of the
same shapes. Python's ints, bools, strings and None are part of the structure, and so is
any other object, by its identity: a function may branch on them, count with them or
call them, and each combination is recorded for itself.
"""

from __future__ import annotations

import array
import importlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from numbers import Number
from typing import Any, NamedTuple

from autograd.core.plain import is_number
from autograd.derivatives.nesting import is_array, is_value

__all__ = ["Arguments", "Result", "arguments", "filled", "result"]

Build = Callable[[Iterator[Any]], Any]
STATIC = (bool, int, str, bytes, type(None))


class Arguments:
    """Arguments taken apart.

    ``key`` is the same for all arguments that one recording serves; ``scalars`` are the
    data in order; ``build(scalars)`` puts others in their places; ``kept`` are the
    objects that the key names by identity; ``live`` says whether a Value is among them,
    or another type of number, so that the function itself is to run. ``elsewhere`` has
    the arrays of other libraries than NumPy, and which scalar is their first; it is 0
    until somebody asks for the numbers.
    """

    __slots__ = ("build", "elsewhere", "kept", "key", "live", "scalars")

    def __init__(self) -> None:
        self.scalars: list[Any] = []
        self.kept: list[Any] = []
        self.elsewhere: list[tuple[int, Any]] = []
        self.live = False
        self.key: Any = None
        self.build: Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]


def arguments(args: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
    """Take the arguments of a call apart.

    Raises:
        TypeError: an array holds something else than numbers and Values.
    """
    found = Arguments()
    taken = [_take(x, f"argument {i}", found) for i, x in enumerate(args)]
    names = sorted(named)
    others = [_take(named[name], f"argument {name!r}", found) for name in names]
    found.key = (
        tuple(key for key, _ in taken),
        tuple(zip(names, (k for k, _ in others))),
    )

    def build(scalars: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        it = iter(scalars)
        positional = tuple(part(it) for _, part in taken)
        return positional, {n: part(it) for n, (_, part) in zip(names, others)}

    found.build = build
    return found


def _take(x: Any, name: str, found: Arguments) -> tuple[Any, Build]:
    """The key of one argument, and how to build it from scalars."""
    if x.__class__ is float:
        found.scalars.append(x)
        return "float", next
    if is_value(x):
        found.scalars.append(x)
        found.live = True
        return "float", next
    if isinstance(x, STATIC):
        return (type(x).__name__, x), lambda _: x
    if is_array(x):
        return _take_array(x, name, found)
    if is_number(x):
        found.scalars.append(float(x))
        return "float", next
    if isinstance(x, dict):
        parts = {k: _take(y, f"{name}[{k!r}]", found) for k, y in x.items()}
        key: Any = ("dict", tuple((type(k), k, part[0]) for k, part in parts.items()))
        return key, lambda it: {k: part(it) for k, (_, part) in parts.items()}
    if isinstance(x, array.array):  # its integers are data, as those of NumPy's arrays
        x = list(map(float, x))
    if isinstance(x, (list, tuple)):
        kind = type(x)
        if all(y.__class__ is float for y in x):  # the usual case, at once
            found.scalars.extend(x)
            count = len(x)
            return (kind, count), lambda it: like(
                kind, [next(it) for _ in range(count)]
            )
        taken = [_take(y, f"{name}[{i}]", found) for i, y in enumerate(x)]
        keys = tuple(key for key, _ in taken)
        key = (kind, len(keys) if {"float"}.issuperset(keys) else keys)
        return key, lambda it: like(kind, [part(it) for _, part in taken])
    if namespace(x) is not None:
        shape = tuple(x.shape)
        found.elsewhere.append((len(found.scalars), x))
        found.scalars += [0.0] * math.prod(shape)
        return (("array", shape), _array_of(shape)) if shape else ("float", next)
    if isinstance(x, Number) or hasattr(x, "_apply"):  # complex, Fraction, a series
        found.scalars.append(x)
        found.live = True
        return "float", next
    found.kept.append(x)
    return ("object", id(x)), lambda _: x


def namespace(x: Any) -> Any:
    """The functions for an array of another library than NumPy; None for all else.

    Raises:
        TypeError: it is PyTorch's, and array-api-compat is not installed.
    """
    library = (type(x).__module__ or "").partition(".")[0]
    if library == "torch" and hasattr(x, "dtype") and hasattr(x, "shape"):
        try:
            compat = importlib.import_module("array_api_compat")
        except ImportError:
            raise TypeError(
                "compile: for PyTorch's arrays install array-api-compat, which gives "
                "them the array API"
            ) from None
        return compat.array_namespace(x)
    if library == "numpy" or not hasattr(x, "__array_namespace__"):
        return None
    return x.__array_namespace__()


def _take_array(x: Any, name: str, found: Arguments) -> tuple[Any, Build]:

    shape = x.shape
    if x.dtype.kind in "fiub":
        found.scalars.extend(x.astype(float).ravel().tolist())
    else:
        for y in x.ravel().tolist():
            if is_value(y):
                found.live = True
            elif not is_number(y):
                raise TypeError(
                    f"{name} must be an array of real numbers or Values, got dtype "
                    f"{x.dtype} with entries of type {type(y).__name__}"
                )
            found.scalars.append(y if is_value(y) else float(y))

    return ("array", shape), _array_of(shape)


def _array_of(shape: tuple[int, ...]) -> Build:
    """What builds an array of objects."""
    import numpy as np

    def build(it: Iterator[Any]) -> Any:
        return np.fromiter(it, object, math.prod(shape)).reshape(shape)

    return build


def ints_differ(key: Any, keys: Sequence[Any], most: int) -> bool:
    """Whether more than ``most`` keys are the same but for their ints."""
    shape = _without_ints(key)
    alike = [k for k in keys if _without_ints(k) == shape]
    return bool(shape != key) and len(alike) > most


def _without_ints(key: Any) -> Any:
    if key.__class__ is not tuple:
        return key
    return "int" if key[:1] == ("int",) else tuple(map(_without_ints, key))


def like(kind: type, parts: list[Any]) -> Any:
    """The parts as a list, a tuple, or the named tuple that they came from."""
    if issubclass(kind, tuple):
        return kind(*parts) if hasattr(kind, "_fields") else tuple(parts)
    return parts


class Result(NamedTuple):
    """A function's result taken apart: its Values, and the template they go into.

    A template is data, so that files can hold it: ``("value",)``, ``("static", x)``,
    ``("dict", keys, parts)``, ``("list", kind, parts)``, ``("array", shape, parts)``.
    """

    values: list[Any]
    template: Any


VALUE = ("value",)
"""The template of a number that a call computes."""


def result(x: Any, is_traced: Callable[[Any], bool]) -> Result:
    """Take a result apart.

    Args:
        x: whatever a function gave: nested lists, tuples, dicts and arrays of Values
            and anything else, which stays as it is.
        is_traced: tells by its type what is to be computed anew at each call.
    """
    values: list[Any] = []
    return Result(values, _template(x, is_traced, values))


def _template(x: Any, is_traced: Callable[[Any], bool], values: list[Any]) -> Any:
    if is_traced(x):
        values.append(x)
        return VALUE
    if isinstance(x, dict):
        return "dict", list(x), [_template(y, is_traced, values) for y in x.values()]
    if isinstance(x, (list, tuple)):
        return "list", type(x), [_template(y, is_traced, values) for y in x]
    if is_array(x) and x.dtype == object:
        entries = x.ravel().tolist()
        if all(map(is_traced, dict(zip(map(type, entries), entries)).values())):
            values += entries
            return "array", x.shape, [VALUE] * len(entries)
        parts = [_template(y, is_traced, values) for y in entries]
        return "array", x.shape, parts
    return "static", x


def with_numbers(template: Any) -> tuple[Any, list[Any]]:
    """A template whose plain numbers are places of Values too.

    Returns:
        That template, and for each of its places the number, or None for a Value.

    >>> with_numbers(("list", list, [("value",), ("static", 1)]))
    (('list', <class 'list'>, [('value',), ('value',)]), [None, 1])
    """
    places: list[Any] = []
    return _numbers_as_places(template, places), places


def _numbers_as_places(template: Any, places: list[Any]) -> Any:
    kind, *rest = template
    if kind == "value" or (kind == "static" and is_number(rest[0])):
        places.append(None if kind == "value" else rest[0])
        return ("value",)
    if kind == "static":
        return template
    how, parts = rest
    return kind, how, [_numbers_as_places(part, places) for part in parts]


def filled(template: Any, values: Iterator[Any]) -> Any:
    """A result with other values in the places of a template."""
    kind, *rest = template
    if kind == "value":
        return next(values)
    if kind == "static":
        return rest[0].copy() if is_array(rest[0]) else rest[0]
    how, parts = rest
    if parts.count(VALUE) == len(parts):  # the usual case, at once
        made = list(islice(values, len(parts)))
    else:
        made = [filled(part, values) for part in parts]
    if kind == "dict":
        return dict(zip(how, made))
    return like(how, made) if kind == "list" else as_array(made, how)


def as_array(entries: list[Any], shape: tuple[int, ...]) -> Any:
    """Entries as an array: of floats, or of objects if a Value is among them."""
    numpy = sys.modules["numpy"]
    if set(map(type, entries)) == {float}:
        return numpy.array(entries).reshape(shape)
    if any(map(is_array, entries)):  # a number for each example
        together = numpy.stack(numpy.broadcast_arrays(*entries), axis=-1)
        return together.reshape(together.shape[:-1] + shape)
    if all(map(is_number, entries)):
        return numpy.array(entries, dtype=float).reshape(shape)
    return numpy.fromiter(entries, object, len(entries)).reshape(shape)
