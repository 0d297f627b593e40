"""Expressions: a number type that computes nothing and remembers everything.

A :class:`Symbol` answers every operation with the expression that it stands for.
Running a row of the table on symbols gives what the row computes as a formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.table.number import Operations

__all__ = ["COMPARISONS", "Symbol", "TooLarge", "is_number", "key"]

LARGEST, DEEPEST = 2000, 100
"""How many operations a formula may have, and nest. The table's largest has 608."""


class TooLarge(ValueError):  # noqa: N818  # it says what the expression is
    """An expression that nobody would read, written out."""


COMPARISONS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}
"""How mathematics writes what Python calls by these names."""


class Symbol(Operations):
    """An expression: an operation and what it is applied to, or a name.

    >>> Symbol.named("x").tanh() + 0
    Symbol('tanh', (Symbol('name', ('x',)),))
    """

    __slots__ = ("depth", "operands", "operation", "size")

    def __init__(self, operation: str, operands: tuple[Any, ...]) -> None:
        self.operation = operation
        self.operands = operands
        parts = [x for x in operands if isinstance(x, Symbol)]
        # Written out: a part that occurs twice counts twice.
        self.size: int = 1 + sum(x.size for x in parts)
        self.depth: int = 1 + max((x.depth for x in parts), default=0)
        if self.size > LARGEST or self.depth > DEEPEST:
            raise TooLarge(f"more than {LARGEST} operations, or {DEEPEST} nested")

    @classmethod
    def named(cls, name: str) -> Symbol:
        """A variable."""
        return cls("name", (name,))

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            return _choice(*operands)
        if name in ("add", "sub", "mul", "truediv", "pow"):
            return _plain(name, *operands)
        return Symbol(name, operands)

    def __bool__(self) -> bool:
        raise TypeError("a symbol is neither true nor false: branch with where, not if")

    def __repr__(self) -> str:
        return f"Symbol({self.operation!r}, {self.operands!r})"

    __hash__ = None  # type: ignore[assignment]


def _comparison(name: str) -> Callable[[Symbol, Any], Symbol]:
    return lambda self, other: Symbol(name, (self, other))


for _name in COMPARISONS:
    setattr(Symbol, f"__{_name}__", _comparison(_name))


def key(x: Any) -> Any:
    """What is equal for equal expressions; symbols themselves compare to symbols."""
    return (x.operation, *map(key, x.operands)) if isinstance(x, Symbol) else x


def is_number(x: Any, number: float) -> bool:
    """Whether an expression is just this number.

    >>> is_number(1, 1), is_number(Symbol.named("x"), 1)
    (True, False)
    """
    return not isinstance(x, Symbol) and x == number


def _plain(name: str, x: Any, y: Any) -> Any:
    """The same without terms of 0, factors of 0 and 1, and powers of 1."""
    if name == "add" and is_number(x, 0):
        return y
    if name in ("add", "sub") and is_number(y, 0):
        return x
    if name == "sub" and is_number(x, 0):
        return Symbol("neg", (y,))
    if name == "mul" and (is_number(x, 0) or is_number(y, 0)):
        return 0
    if name == "mul" and is_number(x, 1):
        return y
    if name == "truediv" and is_number(x, 0):
        return 0
    if name in ("mul", "truediv", "pow") and is_number(y, 1):
        return x
    return Symbol(name, (x, y))


def _choice(condition: Any, x: Any, y: Any) -> Any:
    """``x`` if the condition holds, else ``y``; decided already if it is a number."""
    if not isinstance(condition, Symbol):
        return x if condition else y
    if key(x) == key(y):
        return x
    condition = _statement(condition)
    if isinstance(x, Symbol) and x.operation == "where":
        inner, yes, no = x.operands
        if key(no) == key(y):  # both conditions lead to ``yes``, all else to ``no``
            return Symbol("where", (Symbol("and", (condition, inner)), yes, no))
    return Symbol("where", (condition, x, y))


def _statement(condition: Symbol) -> Symbol:
    """A number that counts as true where it is not 0, as the statement that it is."""
    if condition.operation == "where":
        inner, yes, no = condition.operands
        if is_number(yes, 1) and is_number(no, 0):
            return inner  # type: ignore[no-any-return]
    if condition.operation == "mul":
        return Symbol("and", tuple(_statement(x) for x in condition.operands))
    if condition.operation in COMPARISONS:
        return condition
    return Symbol("ne", (condition, 0))
