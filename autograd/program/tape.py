"""The tape: a recorded program as a list of scalar operations, after Wengert.

Entry ``k`` is an operation ``ops[k]`` on earlier entries ``args[k]``. Most operations
are rows of the table. The others: an ``input`` (a scalar of the arguments), a
``parameter`` (a leaf that the function closes over), a ``number``; ``detach``, which
is its operand to values and nothing to derivatives; the comparisons of :data:`ROWS`;
and partials of rows, ``"pow:0"`` by name, which take the row's operands and result.

A :class:`Number` is an entry that answers as a number: a row's own functions, run on
Numbers, write themselves onto the tape. So no derivative is stated here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.core import choice, limits
from autograd.core.plain import as_float
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import apply
from autograd.table.primitives import where
from autograd.table.rules import RULES, Reduction, Rule

__all__ = [
    "LEAVES",
    "ROWS",
    "TAKE",
    "Number",
    "Tape",
    "entry_of",
    "RAISES",
    "new_tape",
    "raises",
    "row_of",
    "value_of_row",
    "which_error",
]

LEAVES = ("input", "parameter", "number")
"""Entries that are computed from nothing."""


def _comparison(name: str, symbol: str, value: Callable[..., Any], doc: str) -> Rule:
    row = Rule(symbol, value, (0, 0), doc)
    object.__setattr__(row, "name", name)
    return row


ROWS: dict[str, Rule] = {
    name: _comparison(name, symbol, value, doc)
    for name, symbol, value, doc in (
        ("less", "<", lambda x, y: where(x < y, 1, 0), "1 if x < y, else 0"),
        ("less_equal", "≤", lambda x, y: where(x <= y, 1, 0), "1 if x ≤ y, else 0"),
        ("equal", "=", lambda x, y: where(x == y, 1, 0), "1 if x = y, else 0"),
    )
}
ROWS["take"] = _comparison("take", "[·]", lambda *xs: taken(*xs), "an entry by data")
"""What a tape has besides the rows of the table: comparisons, as numbers 0 and 1, and
the lookup of :data:`TAKE`.

They are no rows of the table, since Values compare as floats do, with True and False.
"""


ERRORS = (ValueError, ZeroDivisionError, OverflowError, ArithmeticError)
RAISES = " raises"


def which_error(error: Exception) -> float:
    """The number of an exception, which says what kind it is; 0 is that of none."""
    return 1.0 + [isinstance(error, kind) for kind in ERRORS].index(True)


def raises(name: str) -> str:
    """The operation that says which exception a row raises on floats.

    >>> value_of_row(raises("sqrt"))(-1.0), value_of_row(raises("sqrt"))(1.0)
    (1.0, 0.0)
    """
    if name + RAISES not in ROWS:

        def value(*operands: Any) -> float:
            numbers = list(map(as_float, operands))  # floats alone raise
            try:
                RULES[name].value(*numbers)
            except limits.FAILURES as error:
                return which_error(error)
            return 0.0

        doc = f"which exception {name} raises, 0 for none"
        ROWS[name + RAISES] = _comparison(name + RAISES, "!", value, doc)
    return name + RAISES


def row_of(name: str) -> Rule | Reduction:
    """The row of an operation by its name."""
    if name.endswith(RAISES):
        raises(name[: -len(RAISES)])
    return ROWS.get(name) or RULES[name]


TAKE = "take:at"
"""Of operands ``(*table, index)`` the entry of the table at the index.

It is one instruction until somebody differentiates it, as a partial is, and then
a tree of ``where`` that halves the table until one entry is left.
"""


def taken(*operands: Any) -> Any:
    """What :data:`TAKE` computes: on floats by indexing, else by halves; or nan."""
    *table, index = operands
    if all(x.__class__ is float for x in operands):
        return table[int(index)] if 0 <= index < len(table) else math.nan
    # -0.0 is what changes no sum: where(…, 0) would make 0.0 of a -0.0 that is taken.
    entries = [where(index == k, x, -0.0) for k, x in enumerate(table)]
    return apply("sum", tuple(entries))


def value_of_row(name: str) -> Callable[..., Any]:
    """What an operation computes: a row's value, or with ``"row:i"`` its partial."""
    row, _, i = name.partition(":")
    if not i or name == TAKE:
        return row_of(row).value
    return lambda *operands: row_of(row).partial(int(i), operands[:-1], operands[-1])


def bits(x: float) -> bytes:
    """What tells floats apart: 0.0 from -0.0, and one nan not from another."""
    return struct.pack("<d", x)


class Tape:
    """Operations in the order in which they were made, operands before their users.

    ``numbers[k]`` is what entry ``k`` was when it was recorded, or None where nobody
    has asked yet. ``checked[k]`` says whether the entry raises where its row does;
    parts of derivatives never do. ``columns`` has the partials, by entry and column, of
    rows that give them together. ``shares`` are the choices that a sweep made.
    ``hasty`` says that a sweep multiplied with what may be infinite behind a choice,
    which a ``careful`` tape never does.

    The native engine has a type of its own, with flat arrays, and with passes of its
    own: ``sweep``, ``push``, ``simplified`` and ``lowered``. This is its reference.
    """

    def __init__(self) -> None:
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.numbers: list[float | None] = []
        self.checked: list[bool] = []
        self.labels: dict[int, str] = {}
        self.columns: dict[tuple[int, int], list[float | int]] = {}
        self.shares: set[int] = set()
        self.vanishing: set[int] = set()
        self.careful = False
        self.hasty = False
        self._constants: dict[bytes, int] = {}
        self._expanded: dict[int, int] = {}
        self._depends: list[tuple[bool, bool]] = []
        self._plain: list[tuple[bool, bool]] = []

    def __len__(self) -> int:
        return len(self.ops)

    def add(
        self,
        op: str,
        args: tuple[int, ...] = (),
        number: float | None = None,
        checked: bool = False,
    ) -> int:
        """Append an entry; its position."""
        self.ops.append(op)
        self.args.append(args)
        self.numbers.append(number)
        self.checked.append(checked)
        return len(self.ops) - 1

    def constant(self, x: float) -> int:
        """The entry of a number, one for all of its uses."""
        key = bits(x)
        if key not in self._constants:
            self._constants[key] = self.add("number", (), x)
        return self._constants[key]

    def shared(self, x: float, k: int) -> None:
        """From now on entry ``k`` is the one of the number ``x``."""
        self._constants.setdefault(bits(x), k)

    def value(self, k: int) -> float:
        """What entry ``k`` was when the program was recorded."""
        numbers = self.numbers
        stack = [k]
        while stack:
            j = stack[-1]
            if numbers[j] is None:
                missing = [a for a in self.args[j] if numbers[a] is None]
                if missing:
                    stack += missing
                    continue
                given = [numbers[a] for a in self.args[j]]
                numbers[j] = compute(self.ops[j], given)  # type: ignore[arg-type]
            stack.pop()
        found = numbers[k]
        assert found is not None
        return found

    def share(self, k: int) -> None:
        """Note that entry ``k`` is a choice that a sweep made."""
        self.shares.add(k)

    def is_share(self, k: int) -> bool:
        """Whether entry ``k`` is such a one."""
        return k in self.shares

    def expanded(self, k: int) -> int:
        """The entry that stands for a partial of a row, written out in rows.

        A partial is one entry, and one instruction, until somebody differentiates it.
        """
        if ":" not in self.ops[k]:
            return k
        if k not in self._expanded:
            self._expanded[k] = written_out(self, k)
        return self._expanded[k]

    def is_step(self, k: int) -> bool:
        """Whether an entry is a plain number where it is computed on Values: one of
        constants, and of which of them is chosen."""
        return self._plainness(k)[0]

    def is_zero(self, k: int) -> bool:
        """Whether an entry is the constant 0, a product with that which a sweep has
        made, or a sum of such; a leaf of that number is none."""
        return self._plainness(k)[1]

    def _plainness(self, k: int) -> tuple[bool, bool]:
        """Whether an entry is a step, and whether it is zero."""
        known = self._plain
        for j in range(len(known), len(self)):
            op, args = self.ops[j], self.args[j]
            if op == "number":
                constant = self._constants.get(bits(self.value(j))) == j
                known.append((constant, constant and self.value(j) == 0.0))
                continue
            of = [known[a] for a in (args[1:] if op == "where" else args)]
            step = op in ("less", "less_equal", "equal") or partial_is_step(op)
            step = step or (op not in (*LEAVES, "detach") and all(x for x, _ in of))
            zero = op in ("add", "sub", "neg", "where") and all(y for _, y in of)
            known.append((step, zero or j in self.vanishing))
        return known[k]

    def depends(self, k: int) -> bool:
        """Whether an entry may be another number in another call."""
        return any(self._dependence(k))

    def on_parameters(self, k: int) -> bool:
        """Whether an entry depends on a parameter."""
        return self._dependence(k)[1]

    def _dependence(self, k: int) -> tuple[bool, bool]:
        """Whether an entry depends on an input, and on a parameter."""
        known = self._depends
        for j in range(len(known), len(self)):
            op = self.ops[j]
            on = [known[a] for a in self.args[j]]
            on.append((op == "input", op == "parameter"))
            known.append((any(x for x, _ in on), any(y for _, y in on)))
        return known[k]

    @property
    def bytes(self) -> int:
        """About how much memory its entries take."""
        operands = sum(map(len, self.args))
        return 8 * (4 * len(self) + operands)


def new_tape() -> Tape:
    """An empty tape, of the engine that runs now."""
    made: Tape = getattr(choice.module(), "Tape", Tape)()
    return made


def entry_of(tape: Tape, x: Any) -> int:
    """The entry of a Number or of a plain number."""
    return int(x.index) if x.__class__ is Number else tape.constant(as_float(x))


def written_out(tape: Tape, k: int) -> int:
    """Append what a partial of a row computes, in rows."""
    operands = [Number(tape, a) for a in tape.args[k]]
    return entry_of(tape, value_of_row(tape.ops[k])(*operands))


def compute(op: str, operands: Sequence[float]) -> float:
    """An operation on floats, at a singular point its limit."""
    if op == "detach":
        return operands[0]
    return limits.number(value_of_row(op), *operands)


COMPARED = {
    "eq": ("equal", False),
    "lt": ("less", False),
    "le": ("less_equal", False),
    "gt": ("less", True),
    "ge": ("less_equal", True),
}
"""How a tape writes the comparisons that rules may make, and which of them turned."""


class Number(Comparisons, Operations):
    """An entry of a tape that computes as a number: its operations are appended."""

    __slots__ = ("index", "tape")

    def __init__(self, tape: Tape, index: int) -> None:
        self.tape = tape
        self.index = index

    def __repr__(self) -> str:
        return f"Number({self.tape.ops[self.index]!r}, {self.index})"

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Number:
        tape = self.tape
        return Number(tape, tape.add(name, tuple(entry_of(tape, x) for x in operands)))

    def __bool__(self) -> bool:
        raise TypeError("a rule must branch with where(), not with if")

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Number:
        name, swapped = COMPARED[compare.__name__]
        return self._apply(name, (other, self) if swapped else (self, other))


Shape = float | int | tuple[str, float] | None

_shapes: dict[tuple[Rule | Reduction, int], Shape] = {}


def shape_of_partial(row: Rule | Reduction, i: int) -> Shape:
    """What is known of a partial for all operands, found by running it once.

    A float if it is that number everywhere; an int if it is that operand (the one
    after the last is the result); of a row of one operand, the name of another row of
    it and by how much that is multiplied, so that slopes of any order, and the values
    of others, are computed once (sin and cos, erf and its bell); None if it has to be
    computed. Of a reduction, ``i`` is a column, and the operands are those of a term.
    """
    if (row, i) not in _shapes:
        scratch = Tape()
        names = [Number(scratch, scratch.add("input")) for _ in row.partials]
        z = Number(scratch, scratch.add("input"))
        found = row.partials[i]
        if isinstance(row, Rule):
            found = row.partial(i, names, z)
        elif row.together:
            found = None
        elif callable(found):
            found = found(*names, z, Number(scratch, scratch.add("count")))
        shape: Shape = None
        if found.__class__ is not Number:
            shape = found if found is None else float(found)
        elif scratch.ops[found.index] == "input":
            shape = found.index
        elif len(row.partials) == 1 and isinstance(row, Rule):
            shape = _multiple(scratch, found.index)
        _shapes[row, i] = shape
    return _shapes[row, i]


@cache
def partial_is_step(op: str) -> bool:
    """Whether an operation is a partial that is a plain number on Values: of a row that
    chooses, or of constants alone."""
    name, _, i = op.partition(":")
    row = RULES.get(name)
    if not i or not isinstance(row, Rule):
        return False
    scratch = Tape()
    names = [Number(scratch, scratch.add("input")) for _ in row.partials]
    found = row.partial(int(i), names, Number(scratch, scratch.add("input")))
    return row.choice or (found.__class__ is Number and scratch.is_step(found.index))


def _multiple(tape: Tape, k: int) -> tuple[str, float] | None:
    """Which row of entry 0 an entry is, and how often, if it is as simple as that."""
    factor = 1.0
    if tape.ops[k] == "neg":
        factor, k = -1.0, tape.args[k][0]
    elif tape.ops[k] == "mul" and tape.ops[tape.args[k][0]] == "number":
        number, k = tape.args[k]
        factor = tape.value(number)
    known = tape.args[k] == (0,) and tape.ops[k] not in ("neg", "pos")
    return (tape.ops[k], factor) if known else None
