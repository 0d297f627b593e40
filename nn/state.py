"""What a model or an optimizer knows, as named numbers that go to a file and back.

A state is a dict from names to numbers or nested lists of numbers. Loading looks
at all of it before it changes anything, and saving is seen whole or not at all.

The file is strict JSON. Python writes each float with the digits that give the
same bits back; JSON has no infinities, so they and nan (the bits of its payload
aside) stand as the strings ``"inf"``, ``"-inf"`` and ``"nan"``.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from autograd.core import choice, files
from nn.checks import as_list

__all__ = ["Stateful", "fitted", "read", "write"]

Nested = Any
"""A number, or a list of Nested."""

State = dict[str, Nested]

FORMAT = "scalar-autograd state 1"
NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Stateful:
    """Something with ``state_dict`` and ``load_state_dict``, hence with files."""

    __slots__ = ("__weakref__",)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return super().__reduce_ex__(max(protocol, 2))  # older ones know no slots

    def state_dict(self) -> State:
        """The state as a new dict of numbers and nested lists of numbers."""
        raise NotImplementedError(f"{type(self).__name__}.state_dict is missing")

    def load_state_dict(self, state: Mapping[str, Nested]) -> None:
        """Take over a state, all of it or, with an exception, nothing."""
        raise NotImplementedError(f"{type(self).__name__}.load_state_dict is missing")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to a JSON file, in one step that cannot be seen half done.

        Args:
            path: the file; one that exists is replaced, and keeps its mode.

        Raises:
            OSError: it cannot be written; what was there is untouched.
        """
        write(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take over the state that ``save`` wrote, the same bits.

        Args:
            path: the file.

        Raises:
            OSError: there is no such file, or it cannot be read.
            ValueError: the file is corrupt, or its state does not fit; the message
                names the file, and nothing has changed.
        """
        state = read(path)
        try:
            self.load_state_dict(state)
        except ValueError as error:
            raise ValueError(f"{files.as_path(path)}: {error}") from error


class _MisfitError(Exception):
    """What is wrong with one entry."""


def fitted(expected: Mapping[str, Nested], given: Any) -> State:
    """A state as plain floats, once all of it is known to fit another one.

    Args:
        expected: a state whose names and shapes are required.
        given: what came: numbers, (nested) sequences or arrays by name.

    Returns:
        The given numbers as floats, in the order and the shapes of ``expected``.

    Raises:
        TypeError: ``given`` is no mapping.
        ValueError: entries are missing, unexpected, misshapen or not numbers; the
            message names every one of them.

    >>> fitted({"w": [0.0, 0.0]}, {"w": (1, 2)})
    {'w': [1.0, 2.0]}
    >>> fitted({"w": [0.0, 0.0], "b": 0.0}, {"w": [1.0], "c": 2.0})
    Traceback (most recent call last):
    ...
    ValueError: the state does not fit: missing b; unexpected c; w must be 2 numbers, \
got 1 number
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"state must be a mapping, got {type(given).__name__}")
    problems = []
    if missing := [name for name in expected if name not in given]:
        problems.append(f"missing {', '.join(missing)}")
    if extra := [str(name) for name in given if name not in expected]:
        problems.append(f"unexpected {', '.join(extra)}")
    state: State = {}
    for name in expected:
        if name in given:
            try:
                state[name] = _numbers(expected[name], given[name])
            except _MisfitError as misfit:
                what = misfit.args[0] or f"got {_shape(given[name])}"
                problems.append(f"{name} must be {_shape(expected[name])}, {what}")
    if problems:
        raise ValueError(f"the state does not fit: {'; '.join(problems)}")
    return state


def _numbers(expected: Nested, given: Any) -> Nested:
    entries = as_list(given)
    if isinstance(expected, list):
        if entries is None or len(entries) != len(expected):
            raise _MisfitError(None)
        return [_numbers(e, g) for e, g in zip(expected, entries)]
    if entries is not None:
        raise _MisfitError(None)
    try:
        if not isinstance(given, bool):
            return choice.Value(given).data
    except (TypeError, OverflowError):
        pass
    raise _MisfitError(f"got {given!r:.60} of type {type(given).__name__}")


def _shape(x: Any) -> str:
    """``3 × 2 numbers``, for messages."""
    sizes = []
    while (entries := as_list(x)) is not None:
        sizes.append(len(entries))
        if not entries:
            break
        lengths = {
            None if (e := as_list(entry)) is None else len(e) for entry in entries
        }
        if len(lengths) > 1:
            return f"{len(entries)} rows of different lengths"
        x = entries[0]
    if not sizes:
        return "1 number" if isinstance(x, (int, float)) else type(x).__name__
    return f"{' × '.join(map(str, sizes))} number{'s' if sizes != [1] else ''}"


def write(path: str | os.PathLike[str], state: Mapping[str, Nested]) -> None:
    """Write a state to a file, in one step that cannot be seen half done.

    Raises:
        OSError: it cannot be written; an older file is left as it was.
    """
    text = json.dumps(
        {"format": FORMAT, "state": {k: _encoded(v) for k, v in state.items()}},
        allow_nan=False,
        ensure_ascii=False,
        indent=1,
    )
    files.write(files.as_path(path), f"{text}\n".encode())


def read(path: str | os.PathLike[str]) -> State:
    """The state in a file that :func:`write` has written.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, or corrupt; the message names it.
    """
    path = files.as_path(path)
    content = path.read_bytes()
    try:
        document = json.loads(
            content.decode("utf-8"),
            parse_float=_finite,
            parse_constant=_refuse,
            object_pairs_hook=_without_repeats,
        )
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f'no "format": "{FORMAT}"')
        if not isinstance(document.get("state"), dict):
            raise ValueError('no "state"')
        return {name: _decoded(x) for name, x in document["state"].items()}
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is corrupt or not written by save: {error}"
        ) from error


def _encoded(x: Nested) -> Nested:
    if isinstance(x, list):
        return [_encoded(entry) for entry in x]
    return x if math.isfinite(x) else repr(x)


def _decoded(x: Nested) -> Nested:
    if isinstance(x, list):
        return [_decoded(entry) for entry in x]
    return NOT_FINITE.get(x, x) if isinstance(x, str) else x


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.40} is too large")
    return number


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        raise ValueError(f"{', '.join(repeated)} more than once")
    return content
