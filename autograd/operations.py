"""Every row of the table as an operator, a method and a function.

A number type that inherits from :class:`Operations` says in ``_apply(name,
operands)`` what applying a rule means to it (record a node, print C, multiply
power series), and has all of Python's operators and all the table's methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.rules import ALIASES, RULES, Reduction, Rule

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
"""Rows that Python writes as an operator between two operands."""

UNARY = ("neg", "abs", "trunc", "floor", "ceil")
"""Rows that Python, or ``math``, calls by a special method of one operand."""

OPERATORS = {*BINARY, "neg", "pos", "where", "sum", "mean", "dot", "fsum", "dist"}
"""Rows that have no method of their own name."""


class Operations:
    """Python's operators and one method per row, all through ``_apply``."""

    __slots__ = ()

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._apply is missing")

    def __pos__(self) -> Any:
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other  # type: ignore[operator]

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self  # type: ignore[operator]

    def relu(self, at_zero: float = 0.0) -> Any:
        """x if positive, else 0, with slope ``at_zero`` at exactly 0."""
        if at_zero.__class__ is float and at_zero == 0.0:
            return self._apply("relu", (self,))
        return self._apply("relu_at", (self, at_zero))


def method(rule: Rule | Reduction) -> Callable[..., Any]:
    """The method of a row, which applies it to ``self`` and further operands."""
    name = rule.name
    if isinstance(rule, Reduction):

        def apply(self: Any, *others: Any) -> Any:
            return self._apply(name, (self, *others))
    else:
        count, defaults = len(rule.partials), rule.defaults

        def apply(self: Any, *others: Any) -> Any:
            operands = (self, *others)
            missing = count - len(operands)
            if missing > 0:
                operands += defaults[len(defaults) - missing :]
            if len(operands) != count:
                expected = ", ".join(rule.parameters[1:]) or "none"
                raise TypeError(
                    f"{name}() takes {count - 1} arguments ({expected}), "
                    f"got {len(others)}"
                )
            return self._apply(name, operands)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = rule.doc
    return apply


def _reflected(name: str) -> Callable[..., Any]:
    def apply(self: Any, other: Any) -> Any:
        return self._apply(name, (other, self))

    return apply


for _name in BINARY:
    setattr(Operations, f"__{_name}__", method(RULES[_name]))
    setattr(Operations, f"__r{_name}__", _reflected(_name))
for _name in UNARY:
    setattr(Operations, f"__{_name}__", method(RULES[_name]))
for _name, _rule in RULES.items():
    if _name not in OPERATORS and not hasattr(Operations, _name):
        setattr(Operations, _name, method(_rule))
for _alias, _name in ALIASES.items():
    setattr(Operations, _alias, method(RULES[_name]))
