"""Guards: what a function decided while it was recorded must be so when it is replayed.

A comparison of Values is a condition that nobody has looked at yet: ``where`` and sums
take it as it is, and a program then chooses by the data of each call. Whoever takes
its truth value (``if``, ``while``, ``not``, ``max``, ``sorted``, ``in``, ``assert``)
makes a guard: the comparison and its outcome become part of the recording, which
holds for those calls where every outcome is the same.
"""

from __future__ import annotations

import linecache
import math
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from autograd.core.plain import is_number, is_numpy_scalar, is_value
from autograd.table.number import Comparisons, Operations

__all__ = ["CAUGHT", "FROZEN", "Condition", "Guard", "advice", "refuse", "with_a_float"]

PACKAGE = str(Path(__file__).parents[1])


CHOOSE = "choose by data with where(x > 0, a, b)"
CAUGHT = "ask first whether the operation is defined there"
FROZEN = "autograd.exp(x) for math.exp(x) and so on takes any x"


class Guard(NamedTuple):
    """A condition's entry, its outcome, the line that asked, what to write there."""

    entry: int
    outcome: bool
    where: str
    advice: str = CHOOSE

    @classmethod
    def here(cls, entry: int, outcome: bool, advice: str = CHOOSE) -> Guard:
        """The guard that the nearest line outside of this package asks for."""
        return cls(entry, outcome, caller(), advice)


def advice(guard: Guard) -> str:
    """What to write where a guard was asked for: its line may say it more exactly."""
    file, _, line = guard.where.rpartition(" (")[0].rpartition(":")
    text = linecache.getline(file, int(line)) if line.isdigit() else ""
    found = re.search(r"(?<![.\w])(min|max|sorted)\(", text)
    if found is None:
        return guard.advice
    if found[1] == "sorted":
        return "sorted() has a path for each order; " + guard.advice
    row = {"min": "minimum", "max": "maximum"}[found[1]]
    return f"write functools.reduce(autograd.{row}, values) for {found[1]}(values)"


def caller() -> str:
    """The nearest line of the user's, as ``file:line (function)``."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_name})"


class Condition(Comparisons, Operations):
    """A comparison that is recorded: 1 or 0, or True or False when somebody asks."""

    __slots__ = ("entry", "recorder")

    def __init__(self, recorder: Any, entry: int) -> None:
        self.recorder = recorder
        self.entry = entry

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where" and operands[0].__class__ is Condition:
            if all(is_scalar(x) for x in operands[1:]):
                return self.recorder.choose(*operands)
            return operands[1] if self else operands[2]
        if name == "neg":  # of an int, whose 0 has no sign
            name, operands = "sub", (0.0, self)
        return self.value()._apply(
            name, tuple(x.value() if x.__class__ is Condition else x for x in operands)
        )

    def value(self) -> Any:
        """The condition as a Value, 1 or 0."""
        return self.recorder.stand_in(self.entry)

    def __bool__(self) -> bool:
        return bool(self.recorder.guard(self.entry))

    def __and__(self, other: Any) -> Any:
        return self._both("mul", other)

    def __or__(self, other: Any) -> Any:
        return self._both("maximum", other)

    def __xor__(self, other: Any) -> Any:
        return Condition(
            self.recorder,
            self.recorder.entry(
                self.recorder.compare("ne", self.value(), _value(other))
            ),
        )

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def _both(self, name: str, other: Any) -> Any:
        if other.__class__ is not Condition and other.__class__ is not bool:
            return NotImplemented
        args = (self.entry, self.recorder.entry(other))
        return Condition(self.recorder, self.recorder.tape.add(name, args))

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        return compare(self.value(), _value(other))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(bool(self))

    def __int__(self) -> int:
        return int(bool(self))

    __index__ = __int__

    def __float__(self) -> float:
        return float(bool(self))

    def __repr__(self) -> str:
        return repr(bool(self))


def with_a_float(name: str, y: Any) -> tuple[str, float] | None:
    """A comparison with some number as one with a float that has the same outcome.

    An int, a Fraction or a Decimal that is no float lies between two of them; a complex
    number off the real line equals none.

    Returns:
        The name of the comparison and the float; None where floats do not compare.

    >>> with_a_float("lt", 2**53 + 1)
    ('le', 9007199254740992.0)
    """
    if isinstance(y, float) or is_numpy_scalar(y):
        return name, float(y)
    if isinstance(y, complex):
        real = y.real if y.imag == 0.0 else math.nan
        return (name, real) if name in ("eq", "ne") else None
    if not isinstance(y, (Rational, Decimal)):
        return None
    if isinstance(y, Decimal) and not y.is_finite():
        return name, float(y)
    exact = Fraction(y)
    try:
        near = float(exact)
    except OverflowError:
        near = math.inf if exact > 0 else -math.inf
    if near == exact:
        return name, near
    if name in ("eq", "ne"):
        return name, math.nan
    below = near if near < exact else math.nextafter(near, -math.inf)
    return ("le" if name in ("lt", "le") else "gt"), below


def is_scalar(x: Any) -> bool:
    """Whether something is a number to the recorder."""
    return is_value(x) or is_number(x) or x.__class__ is Condition


def _value(x: Any) -> Any:
    return x.value() if x.__class__ is Condition else x


ADVICE = {
    "data": "a number that is read would be the same in every call: write "
    "x.detach() for a value that derivatives do not go through, where(x > 0, a, b) "
    "for a choice, and let the function return what the caller is to read",
    "grad": "gradients belong to the caller: take them outside, or use "
    "autograd.grad within the function",
    "backward": "it would run when the function is recorded and never again: call it "
    "on the program's result, or use autograd.grad within the function",
    "partials": "they would be those of the recorded call: use autograd.grad",
    "text": "it would show the number of the recorded call: return the Value, and "
    "let the caller print it",
    "set": "it would happen once, when the function is recorded: change leaves "
    "outside of the function",
}


def refuse(what: str) -> NoReturn:
    """Say what cannot be replayed, where, and what to write instead.

    Raises:
        TypeError: always.
    """
    raise TypeError(
        f"compile: {what} of a Value is used at {caller()}; "
        f"{ADVICE.get(what, ADVICE['data'])}"
    )
