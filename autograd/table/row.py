"""What a row of the table is: a rule, or a reduction of any number of operands.

A row states an operation and its derivatives as plain functions of numbers. It also
says in which interval each operand may lie, and where there is a kink; the
documentation, the error messages and the tests read that.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NoReturn

__all__ = [
    "ABOVE_MINUS_ONE",
    "AT_0",
    "AT_0_FIRST",
    "AT_HALF_INTEGERS",
    "AT_HALVES",
    "AT_INTEGERS",
    "AT_MULTIPLES",
    "FROM_ONE",
    "LABEL",
    "NONNEGATIVE",
    "NONZERO",
    "OPEN_UNIT",
    "ORDER",
    "POSITIVE",
    "PROBABILITY",
    "REAL",
    "TIE",
    "UNIT",
    "WITHOUT_POLES",
    "Interval",
    "Kink",
    "Reduction",
    "Rule",
    "Table",
]


@dataclass(frozen=True)
class Interval:
    """Where one operand may lie: an interval of the line, perhaps without 0.

    ``without_poles`` leaves out the negative whole numbers, too, and ``whole`` all
    numbers that are not whole.

    >>> print(POSITIVE), 0.0 in POSITIVE
    (0, ∞)
    (None, False)
    """

    low: float = -math.inf
    high: float = math.inf
    closed: bool = False
    without_zero: bool = False
    without_poles: bool = False
    whole: bool = False

    def __contains__(self, x: float) -> bool:
        if self.without_zero and x == 0:
            return False
        if self.without_poles and x <= 0 and (x % 1 == 0 or x == -math.inf):
            return False
        if self.whole and x % 1 != 0:
            return False
        if self.closed:
            return self.low <= x <= self.high
        return self.low < x < self.high or (
            math.isinf(x) and x in (self.low, self.high)
        )

    def __str__(self) -> str:
        if self.whole:
            return f"ℤ ∩ [{self.low:g}, {self.high:g}]"
        if self.without_poles:
            return "ℝ∖{0, −1, −2, …}"
        if self.low == -math.inf and self.high == math.inf:
            return "ℝ∖{0}" if self.without_zero else "ℝ"
        left = f"[{self.low:g}" if self.closed else f"({self.low:g}"
        right = "∞)" if self.high == math.inf else f"{self.high:g}"
        return f"{left}, {right}" + (
            "" if self.high == math.inf else "]" if self.closed else ")"
        )


REAL = Interval()
NONZERO = Interval(without_zero=True)
WITHOUT_POLES = Interval(without_poles=True)
POSITIVE = Interval(low=0)
NONNEGATIVE = Interval(low=0, closed=True)
FROM_ONE = Interval(low=1, closed=True)
ABOVE_MINUS_ONE = Interval(low=-1)
UNIT = Interval(-1, 1, closed=True)
OPEN_UNIT = Interval(-1, 1)
PROBABILITY = Interval(0, 1)
LABEL = Interval(0, 1, closed=True)
ORDER = Interval(0, 1000, closed=True, whole=True)


@dataclass(frozen=True)
class Kink:
    """Where a rule has no derivative and takes a one-sided one instead.

    ``text`` says where, in mathematics; ``at(t)`` gives operands that lie there,
    for any real ``t``, so that a test can go and look.
    """

    text: str
    at: Callable[[float], tuple[float, ...]]


AT_0 = Kink("x = 0", lambda t: (0.0,))
AT_0_FIRST = Kink("x = 0", lambda t: (0.0, t))
TIE = Kink("x = y", lambda t: (t, t))
AT_INTEGERS = Kink("x ∈ ℤ", lambda t: (float(round(t)),))
AT_HALF_INTEGERS = Kink("x ∈ ℤ + ½, at 0 digits", lambda t: (round(t) + 0.5, 0.0))
AT_MULTIPLES = Kink("x ∈ y ℤ", lambda t: (3.0 * round(t), 3.0))
AT_HALVES = Kink("x ∈ y (ℤ + ½)", lambda t: (2.0 * round(t) + 1.0, 2.0))


@dataclass(frozen=True, eq=False)
class Rule:
    """One row: an operation of a fixed number of operands.

    ``partials[i](*operands, z)`` is the derivative by operand ``i``; one that is
    the same everywhere is written as that number. ``domain`` has one interval per
    operand, each the whole line unless it says otherwise.
    ``defaults`` stand for trailing operands that a caller leaves out.
    ``choice`` says that a partial of exactly 0 is so by structure, as of what was not
    chosen, or of a step: then no derivative passes there, not even 0 · ∞.

    A partial may take branches that only its last digits need: ``book`` then has its
    formula as in a book, or None where it is one itself. Value and partials are right
    to a few units in the last place; where an order of operations, or Python's own
    function, cannot do that, within ``units`` times ε (|f| + Σ |x ∂f/∂x|), ε = 2^-53.
    """

    symbol: str
    value: Callable[..., Any]
    partials: tuple[Callable[..., Any] | float, ...]
    doc: str
    domain: tuple[Interval, ...] = ()
    kink: Kink | None = None
    defaults: tuple[float, ...] = ()
    book: tuple[Callable[..., Any] | None, ...] = ()
    units: int = 0
    choice: bool = False
    name: str = field(default="", init=False)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The operands' names, as the row itself writes them."""
        return tuple(inspect.signature(self.value).parameters)

    def partial(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The derivative by operand ``i``, on whatever number type comes."""
        partial = self.partials[i]
        return partial(*operands, z) if callable(partial) else partial

    def formula(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The same as in a book, for readers and not for numbers."""
        written = self.book[i] if self.book else None
        return written(*operands, z) if written else self.partial(i, operands, z)


@dataclass(frozen=True, eq=False)
class Reduction:
    """One row: an operation of any number of operands, in equal columns.

    ``dot`` has two columns, so its operands are ``(*ws, *xs)``, and after them
    the number that the sum starts with, if there is one. ``partials[c]`` is the
    derivative by an operand of column ``c``, given one term's operands, the
    result ``z`` and the number of terms ``n``. Where the value is a fold,
    ``step(total, *term)`` adds one term and ``finish(total, n)`` ends it; any
    other value is ``whole(*operands)``.

    Where a term and the result do not tell a partial, or not to the last digit,
    ``together[c](*columns, z)`` gives those of a whole column from all operands; what
    ``partials`` has then is the formula of a book, or None.
    """

    symbol: str
    partials: tuple[Callable[..., Any] | float | None, ...]
    doc: str
    step: Callable[..., Any] | None = None
    finish: Callable[[Any, int], Any] | None = None
    whole: Callable[..., Any] | None = None
    kink: Kink | None = None
    together: tuple[Callable[..., list[Any]], ...] = ()
    units: int = 0
    choice: bool = False
    name: str = field(default="", init=False)

    @property
    def columns(self) -> int:
        """How many operands one term has."""
        return len(self.partials)

    def value(self, *operands: Any) -> Any:
        """The result, on whatever number type comes, added left to right."""
        if self.whole is not None:
            return self.whole(*operands)
        assert self.step is not None
        n = len(operands) // self.columns
        total = operands[-1] if len(operands) % self.columns else 0
        if self.columns == 1:
            for x in operands:
                total = self.step(total, x)
        else:
            for w, x in zip(operands[:n], operands[n : 2 * n]):
                total = self.step(total, w, x)
        return total if self.finish is None else self.finish(total, n)

    def column(self, c: int, operands: Sequence[Any], z: Any) -> list[Any]:
        """The derivatives by all operands of one column."""
        n = len(operands) // self.columns
        columns = [operands[c * n : (c + 1) * n] for c in range(self.columns)]
        if self.together:
            return self.together[c](*columns, z)
        partial = self.partials[c]
        if callable(partial):
            return list(map(partial, *columns, repeat(z), repeat(n)))
        return [partial] * n

    def row(self, operands: Sequence[Any], z: Any) -> list[Any]:
        """The derivatives by all operands at once."""
        row: list[Any] = []
        for c in range(self.columns):
            row += self.column(c, operands, z)
        return row + [1] * (len(operands) - len(row))

    def partial(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The derivative by operand ``i``; the start enters a sum as it is."""
        n = len(operands) // self.columns
        column, term = divmod(i, n) if n else (self.columns, 0)
        if self.together and column < self.columns:
            return self.column(column, operands, z)[term]
        return self.formula(i, operands, z)

    def formula(self, i: int, operands: Sequence[Any], z: Any) -> Any:
        """The same as its own term and the result tell it; None if they do not."""
        n = len(operands) // self.columns
        column, term = divmod(i, n) if n else (self.columns, 0)
        if column >= self.columns:
            return 1
        partial = self.partials[column]
        if not callable(partial):
            return partial
        return partial(*(operands[c * n + term] for c in range(self.columns)), z, n)


class Table(dict[str, Rule | Reduction]):
    """The rows by their names; an unknown name is an error that says what to add.

    >>> Table()["nearby"]
    Traceback (most recent call last):
        ...
    LookupError: unknown operation 'nearby': add its row to autograd/table/rules.py, \
and that of a primitive to autograd/table/primitives.py, too; or make it a row with \
autograd.rule
    """

    def __missing__(self, name: str) -> NoReturn:
        raise LookupError(
            f"unknown operation {name!r}: add its row to autograd/table/rules.py, and "
            "that of a primitive to autograd/table/primitives.py, too; or make it a "
            "row with autograd.rule"
        )
