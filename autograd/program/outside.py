"""What a function reads besides its arguments, as far as anybody can see it.

A recording keeps what the function found outside when it ran. So the names that its
code looks up there are looked at again at each call: variables of its closure and of
its module, and what small lists, dicts, arrays and objects in them hold. If one has
changed, the function is recorded anew. What the function itself changes, and
the random numbers that it draws, no recording can repeat: that is refused.

Not seen are large containers, what lies deeper, classes and other modules' variables,
files, clocks, and what the function writes without reading it.
"""

from __future__ import annotations

import random
import sys
import types
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

from autograd.core import choice
from autograd.core.plain import is_number
from autograd.derivatives.nesting import is_array, is_value

__all__ = ["Outside"]

MOST = 12
"""So many variables and containers are looked at, those nearest to the function."""

LARGEST = 32
"""Entries of a container that is looked into."""

OWN = ("autograd.", "nn.")
STATES = (bool, int, float, complex, str, bytes, type(None))


class Watched(NamedTuple):
    """Something outside: its name, where it is, and the objects found there.

    ``x`` is a cell, a list, a dict or an array; with a ``key``, the dict of a variable.
    """

    name: str
    x: Any
    key: str | None
    found: tuple[Any, ...]

    def read(self) -> tuple[Any, ...]:
        """The objects that are there now."""
        return _read(self.x, self.key)


class Outside:
    """What a function's surroundings are now.

    >>> settings = {"rate": 2.0}
    >>> outside = Outside(partial(dict.get, settings))
    >>> outside.changed()
    False
    >>> settings["rate"] = 3.0
    >>> outside.changed()
    True
    """

    def __init__(self, f: Any, arguments: Sequence[Any] = ()) -> None:
        self.watched: list[Watched] = []
        self._generators: list[tuple[str, Any]] = [("the module random", random._inst)]
        if "numpy" in sys.modules:
            from numpy.random import mtrand

            self._generators.append(("numpy.random", mtrand._rand))
        seen: set[int] = set()
        queue: deque[tuple[str, Any]] = deque([("f", f)])
        queue += (("an argument", x) for x in arguments)
        while queue:
            name, x = queue.popleft()
            if id(x) not in seen and not is_value(x):
                seen.add(id(x))
                queue += self._look(name, x)
        self._states = [_state(generator) for _, generator in self._generators]

    def _look(self, name: str, x: Any) -> Iterator[tuple[str, Any]]:
        """Watch something, and say what is to be looked at from there."""
        if isinstance(x, partial):
            yield from [(name, x.func), *((name, y) for y in x.args)]
            yield from x.keywords.items()
        elif isinstance(x, types.MethodType):
            yield from [(name, x.__func__), (name, x.__self__)]
        elif isinstance(x, types.FunctionType):
            if not (x.__module__ or "").startswith(OWN):
                yield from self._variables(x)
        elif _is_generator(x):
            self._generators.append((name, x))
        elif isinstance(x, (list, dict)):
            if len(x) <= LARGEST:
                self._watch(name, x)
        elif is_array(x):
            if x.size <= LARGEST and x.dtype != object:
                self._watch(name, x)
        elif hasattr(x, "__dict__") and not isinstance(x, (type, types.ModuleType)):
            if len(vars(x)) <= LARGEST:
                self._watch(name, vars(x))
            for kind in type(x).__mro__:
                if isinstance(call := vars(kind).get("__call__"), types.FunctionType):
                    yield name, call
                    break

    def _variables(self, f: types.FunctionType) -> Iterator[tuple[str, Any]]:
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            found = self._watch(name, cell)
            yield from ((name, x) for x in found)
        variables = f.__globals__
        for name in _names(f.__code__):
            x = variables.get(name)
            if name in variables and not isinstance(x, (type, types.ModuleType)):
                self._watch(name, variables, name)
                yield name, x

    def _watch(self, name: str, x: Any, key: str | None = None) -> Sequence[Any]:
        found = _read(x, key)
        if len(self.watched) < MOST:
            self.watched.append(Watched(name, x, key, found))
        return found

    @cached_property
    def native(self) -> Any:
        """What looks at all of it in C, once the function has run; None without it."""
        watch = getattr(choice.module(), "watch", None)
        return watch and watch([(x, key, found) for _, x, key, found in self.watched])

    def changed(self) -> bool:
        """Whether something is no longer what it was."""
        if self.native is not None and self.native.same():
            return False
        return not all(_same(watched.read(), watched.found) for watched in self.watched)

    def after(self) -> None:
        """Look at what the function has changed itself, when it has just run.

        What it added to is from now on its own business, and not looked at.

        Raises:
            TypeError: it changed a number that it may read, or drew random numbers;
                the generators are then as they were.
        """
        drawn = [
            (name, generator, state)
            for (name, generator), state in zip(self._generators, self._states)
            if not _equal(_state(generator), state)
        ]
        for _, generator, state in drawn:
            _restore(generator, state)
        if drawn:
            raise TypeError(
                f"compile: the function draws random numbers from {drawn[0][0]}, which "
                "would be the same in every call: draw them outside, and pass them as "
                "arguments"
            )
        kept = []
        for watched in self.watched:
            now, before = watched.read(), watched.found
            if _same(now, before):
                kept.append(watched)
            elif len(now) == len(before) and any(
                is_number(x) and isinstance(y, STATES) and not _same((x,), (y,))
                for x, y in zip(now, before)
            ):
                raise TypeError(
                    f"compile: the function changes {watched.name}, which happens when "
                    "it is recorded and never again: return what is to be kept, or "
                    "change it outside"
                )
        self.watched = kept


def _names(code: types.CodeType) -> Iterator[str]:
    """The names that some code looks up, and the code within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _read(x: Any, key: str | None) -> tuple[Any, ...]:
    """What is in a cell, a list, a dict or an array now; or in one variable."""
    if key is not None:
        return (x.get(key),)
    if isinstance(x, types.CellType):
        try:
            return (x.cell_contents,)
        except ValueError:  # nothing has been assigned yet
            return ()
    if isinstance(x, dict):
        return (*x, *x.values())
    return tuple(x) if isinstance(x, list) else (x.tobytes(),)


def _same(now: Sequence[Any], before: Sequence[Any]) -> bool:
    """Whether all of them are the same objects, or equal numbers and texts."""
    return len(now) == len(before) and all(
        x is y
        or (x.__class__ is y.__class__ and isinstance(x, STATES) and repr(x) == repr(y))
        for x, y in zip(now, before)
    )


def _is_generator(x: Any) -> bool:
    """Whether something draws random numbers from a state that can be looked at."""
    if isinstance(x, random.Random):
        return not isinstance(x, random.SystemRandom)
    own = (type(x).__module__ or "").startswith("numpy.random")
    return own and (hasattr(x, "bit_generator") or hasattr(x, "get_state"))


def _state(generator: Any) -> Any:
    """The state of a generator of random numbers, of ``random`` or NumPy."""
    if hasattr(generator, "bit_generator"):
        return generator.bit_generator.state
    read = getattr(generator, "get_state", None) or generator.getstate
    return read()


def _restore(generator: Any, state: Any) -> None:
    if hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    else:
        (getattr(generator, "set_state", None) or generator.setstate)(state)


def _equal(x: Any, y: Any) -> bool:
    """Whether two states, which may hold arrays, are the same."""
    if is_array(x):
        return bool((x == y).all())
    if isinstance(x, dict):
        return all(_equal(x[key], y[key]) for key in x)
    if isinstance(x, tuple) and any(map(is_array, x)):
        return all(map(_equal, x, y))
    return bool(x == y)
