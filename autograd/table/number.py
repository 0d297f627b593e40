"""Every row of the table as an operator, a method and a function.

A number type that inherits from :class:`Operations` says in ``_apply(name,
operands)`` what applying a rule means to it (record a node, print C, multiply
power series), and has all of Python's operators and all the table's methods.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.table.rules import ALIASES, RULES, Reduction, Rule

if TYPE_CHECKING:  # written from the table by autograd/stubs.py
    from typing_extensions import Self

    from autograd._typed import Methods
else:
    Methods = object

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
"""Rows that Python writes as an operator between two operands."""

UNARY = ("neg", "abs", "trunc", "floor", "ceil")
"""Rows that Python, or ``math``, calls by a special method of one operand."""

OPERATORS = {
    *(*BINARY, "neg", "pos", "where", "sum", "mean", "fsum", "polygamma"),
    *(n for n, r in RULES.items() if isinstance(r, Reduction) and r.columns > 1),
}
"""Rows that have no method of their own name, but Python's operator or a function.

Among them are all that take columns of operands, which a method could not tell apart,
and polygamma, whose x comes second.
"""

METHODS = tuple(name for name in RULES if name not in OPERATORS or name == "pow")
"""Rows that are a method of their own name."""


class Operations(Methods):
    """Python's operators and one method per row, all through ``_apply``."""

    __slots__ = ()

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._apply is missing")

    def _operate(self, name: str, operands: tuple[Any, ...]) -> Any:
        """An operator of Python's: a type may leave strangers to their own."""
        return self._apply(name, operands)

    def __pos__(self) -> Self:
        return self

    def __divmod__(self, other: Self | float) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Self | float) -> tuple[Self, Self]:
        return other // self, other % self

    def __round__(self, ndigits: int | None = None) -> Self:
        """As for floats, except that a whole number stays a number of this kind."""
        if ndigits is None and not -math.inf < self < math.inf:  # type: ignore[operator]
            return self.__floor__()  # which says that it is no whole number
        digits = 0 if ndigits is None else operator.index(ndigits)
        rounded: Self = self._apply("round", (self, float(digits)))
        return rounded

    # What NumPy's functions look for, and answers of ``math`` that have no gradient.

    def conjugate(self) -> Self:
        """The number itself, which is real."""
        return self

    def isnan(self) -> bool:
        """Whether it is nan, as ``math.isnan``."""
        return bool(self != self)

    def isinf(self) -> bool:
        """Whether it is infinite, as ``math.isinf``."""
        return bool(not self.isnan() and not self.isfinite())

    def isfinite(self) -> bool:
        """Whether it is neither, as ``math.isfinite``."""
        return bool(-math.inf < self < math.inf)  # type: ignore[operator]

    def relu(self, at_zero: float = 0.0) -> Self:
        """x if positive, else 0, with slope ``at_zero`` at exactly 0."""
        if at_zero.__class__ is float and at_zero == 0.0:
            result: Self = self._apply("relu", (self,))
        else:
            result = self._apply("relu_at", (self, at_zero))
        return result


class Comparisons:
    """Python's six comparisons, all through ``_compare``."""

    __slots__ = ()

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        """What ``compare``, a function of :mod:`operator`, says of the two."""
        raise NotImplementedError(f"{type(self).__name__}._compare is missing")

    def __eq__(self, other: object) -> Any:
        return self._compare(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compare(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compare(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compare(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(operator.ge, other)

    __hash__ = None  # type: ignore[assignment]


def signature(rule: Rule) -> inspect.Signature:
    """How the function of a row is called: the row's operands and their defaults."""
    kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    required = [empty] * (len(rule.parameters) - len(rule.defaults))
    return inspect.Signature(
        [
            inspect.Parameter(name, kind, default=default, annotation="Any")
            for name, default in zip(rule.parameters, [*required, *rule.defaults])
        ],
        return_annotation="Any",
    )


def completion(rule: Rule) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """What turns a call by position, by name and by default into all operands.

    >>> completion(RULES["elu"])((3.0,), {})
    (3.0, 1.0)
    """
    called = signature(rule)
    most, least = len(rule.parameters), len(rule.parameters) - len(rule.defaults)

    def complete(operands: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if not named and least <= len(operands) <= most:
            return operands + rule.defaults[len(operands) - least :]
        try:
            bound = called.bind(*operands, **named)
        except TypeError as error:
            shown = ", ".join(called.parameters)
            raise TypeError(f"{rule.name}() takes ({shown}): {error}") from None
        bound.apply_defaults()
        return bound.args

    return complete


def method(rule: Rule | Reduction) -> Callable[..., Any]:
    """The method of a row, which applies it to ``self`` and further operands."""
    name = rule.name
    if isinstance(rule, Reduction):

        def apply(self: Any, *others: Any, **named: Any) -> Any:
            if named:
                raise TypeError(f"{name}() takes no argument {next(iter(named))!r}")
            return self._apply(name, (self, *others))
    else:
        count, complete = len(rule.partials), completion(rule)

        def apply(self: Any, *others: Any, **named: Any) -> Any:
            operands = (self, *others)
            if named or len(operands) != count:
                operands = complete(operands, named)
            return self._apply(name, operands)

        first, *others = signature(rule).parameters.values()
        itself = [first.replace(name="self"), *others]
        vars(apply)["__signature__"] = inspect.Signature(itself)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = rule.doc
    return apply


def _operator(rule: Any, reflected: bool) -> Callable[..., Any]:
    def apply(self: Any, other: Any) -> Any:
        return self._operate(rule.name, (other, self) if reflected else (self, other))

    apply.__name__ = apply.__qualname__ = f"__{'r' * reflected}{rule.name}__"
    apply.__doc__ = rule.doc
    return apply


for _name in BINARY:
    setattr(Operations, f"__{_name}__", _operator(RULES[_name], reflected=False))
    setattr(Operations, f"__r{_name}__", _operator(RULES[_name], reflected=True))
for _name in UNARY:
    setattr(Operations, f"__{_name}__", method(RULES[_name]))
for _name in METHODS:
    if not hasattr(Operations, _name):  # relu is written out
        setattr(Operations, _name, method(RULES[_name]))
for _alias, _name in ALIASES.items():
    setattr(Operations, _alias, method(RULES[_name]))
