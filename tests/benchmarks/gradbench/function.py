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


def fields(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    """The arguments by their names in the input."""

    def prepare(raw: Any) -> tuple[Any, ...]:
        for name in names:
            if not isinstance(raw, dict) or name not in raw:
                raise Unfit(f"input must be an object with {', '.join(names)}")
        return tuple(raw[name] for name in names)

    return prepare


def flat(nested: Any) -> list[Any]:
    """All scalars of nested lists and dicts, in order."""
    if isinstance(nested, dict):
        nested = list(nested.values())
    if not isinstance(nested, (list, tuple)):
        return [nested]
    return [scalar for part in nested for scalar in flat(part)]
