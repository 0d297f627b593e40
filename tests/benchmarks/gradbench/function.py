"""What an evaluation offers: functions, how input is read, how results are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Unfit(ValueError):  # noqa: N818  # a message that does not fit the protocol
    """A message that cannot be answered, in the words of the answer."""


def as_it_is(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Function:
    """One function of an evaluation.

    ``prepare`` makes its arguments of the message's input, and ``report`` what the
    answer holds of its result; only ``compute`` is timed.
    """

    compute: Callable[..., Any]
    prepare: Callable[[Any], tuple[Any, ...]]
    report: Callable[[Any], Any] = as_it_is


def fields(**shapes: str) -> Callable[[Any], tuple[Any, ...]]:
    """The arguments by their names in the input, each of the shape that is said.

    A shape lists lengths: a number, or a letter, which is one length wherever it
    stands, also times a number. ``""`` is a single number, ``"*"`` anything.
    """

    def prepare(raw: Any) -> tuple[Any, ...]:
        if not isinstance(raw, dict) or not shapes.keys() <= raw.keys():
            raise Unfit(f"input must be an object with {', '.join(shapes)}")
        lengths: dict[str, int] = {}
        for name, shape in shapes.items():
            if shape != "*":
                check(raw[name], shape.split(), name, lengths)
        return tuple(raw[name] for name in shapes)

    return prepare


def check(given: Any, shape: list[str], name: str, lengths: dict[str, int]) -> None:
    """Refuse nested lists of numbers of another shape; new lengths are learned."""
    if not shape:
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            raise Unfit(f"{name} must be a number, got {given!r}")
        return
    factor, _, letter = shape[0].rpartition("*")
    times = int(factor or 1)
    if not isinstance(given, list):
        raise Unfit(f"{name} must be a list, got {given!r}")
    n = int(letter) if letter.isdigit() else lengths.get(letter, len(given) // times)
    if len(given) != times * n:
        known = "" if letter.isdigit() else f" = {times * n}"
        raise Unfit(f"{name} must have {shape[0]}{known} entries, got {len(given)}")
    lengths[letter] = n
    for i, part in enumerate(given):
        check(part, shape[1:], f"{name}[{i}]", lengths)


def flat(nested: Any) -> list[Any]:
    """All scalars of nested lists and dicts, in order."""
    if isinstance(nested, dict):
        nested = list(nested.values())
    if not isinstance(nested, (list, tuple)):
        return [nested]
    return [scalar for part in nested for scalar in flat(part)]
