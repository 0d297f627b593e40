"""Float arithmetic that never raises: at a singular point it takes the limit.

Python raises where IEEE 754 has an answer: ``1 / 0.0``, ``math.log(0.0)``,
``math.exp(1000.0)``. For the value of an operation that is right, since a Value
behaves as a float. A *local derivative* however must not raise: ``sqrt`` at 0 has
the slope inf, and a graph that never uses it is none the worse. So the engines
evaluate a partial on plain floats, and only if that raises once more on the
number type of this module, in which every operation gives inf or nan as C does.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograd.core import recording
from autograd.core.plain import is_value
from autograd.table.custom import without_math
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import PRIMITIVES
from autograd.table.rules import RULES, Reduction, Rule

FAILURES = (ArithmeticError, ValueError)
"""What float arithmetic raises at a singular point."""


class IEEE(Comparisons, Operations):
    """A float whose operations give inf or nan where Python's would raise.

    >>> IEEE(1.0) / 0.0
    IEEE(inf)
    """

    __slots__ = ("number",)

    def __init__(self, number: float) -> None:
        self.number = float(number)

    def __repr__(self) -> str:
        return f"IEEE({self.number!r})"

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            return x if condition else y
        primitive = PRIMITIVES.get(name)
        if primitive is None:  # made of others: its rule takes it apart
            return RULES[name].value(*operands)
        numbers = [float(_number(x)) for x in operands]
        try:
            z = primitive.real(*numbers)
        except FAILURES:
            z = primitive.limit(*numbers)
        return IEEE(z)

    def __bool__(self) -> bool:
        return self.number != 0

    def _compare(self, compare: Any, other: Any) -> bool:
        return bool(compare(self.number, _number(other)))


def _number(x: Any) -> Any:
    return x.number if isinstance(x, IEEE) else x


def evaluate(function: Callable[..., Any], *numbers: float) -> float:
    """``function(*numbers)`` in arithmetic that never raises.

    >>> import math
    >>> evaluate(lambda x: 1 / x, 0.0)
    inf
    """
    return float(_number(function(*map(IEEE, numbers))))


def number(function: Callable[..., Any], *numbers: float) -> float:
    """``function(*numbers)`` on floats, and only if these raise, its limit.

    >>> number(lambda x: 1 / x, 2.0), number(lambda x: 1 / x, 0.0)
    (0.5, inf)
    """
    try:
        return float(function(*numbers))
    except FAILURES:
        return evaluate(function, *numbers)


def value(
    rule: Rule | Reduction, numbers: Sequence[float], operands: Sequence[Any] = ()
) -> float:
    """The value of a row on floats, or the exception of float arithmetic.

    ``operands`` are the Values that the numbers are those of, for who records.

    >>> value(RULES["sqrt"], [4.0])
    2.0
    """
    if isinstance(rule, Rule) and len(numbers) != len(rule.partials):
        raise TypeError(
            f"{rule.name} takes {len(rule.partials)} operands, got {len(numbers)}"
        )
    try:
        z = rule.value(*numbers)
    except FAILURES as error:
        z = failed(rule, numbers, error, operands)
    return _as_float(rule, z)


def partial(
    rule: Rule | Reduction, i: int, numbers: Sequence[float], z: float
) -> float:
    """The derivative of a row by operand ``i``, at a singular point its limit.

    >>> partial(RULES["sqrt"], 0, [0.0], 0.0)
    inf
    """
    if isinstance(rule, Reduction):
        return _as_float(rule, _row(rule, numbers, z)[i])
    try:
        return _as_float(rule, rule.partial(i, numbers, z))
    except FAILURES:
        function: Any = rule.partials[i]
        return _limit(rule, function, [*numbers, z])


def partials(
    rule: Rule | Reduction,
    operands: Sequence[Any],
    numbers: Sequence[float],
    z: float,
) -> tuple[float, ...]:
    """The derivative by each Value among the operands, and 0.0 by the constants.

    Args:
        rule: a row of the table.
        operands: Values, and floats for constants.
        numbers: what they stand for.
        z: the value of the row at these.

    >>> partials(RULES["pow"], (2.0, None), [2.0, 0.0], 1.0)
    (0.0, 0.6931471805599453)
    """
    slopes = []
    if isinstance(rule, Reduction):
        for x, slope in zip(operands, _row(rule, numbers, z)):
            slopes.append(0.0 if x.__class__ is float else _as_float(rule, slope))
    else:
        for i, x in enumerate(operands):
            constant = x.__class__ is float
            slopes.append(0.0 if constant else partial(rule, i, numbers, z))
    return tuple(slopes)


def _row(rule: Reduction, numbers: Sequence[float], z: float) -> list[Any]:
    """All partials of a reduction; at a singular point, each takes its own limit."""
    try:
        return rule.row(numbers, z)
    except FAILURES:
        return rule.row(list(map(IEEE, numbers)), IEEE(z))


def _limit(
    rule: Rule | Reduction, function: Callable[..., Any], numbers: Sequence[float]
) -> float:
    """A row's function in arithmetic that never raises; nan, if it takes floats only.

    The table's own are written for every number type; a user's may call ``math``.
    """
    operands = list(map(IEEE, numbers))
    try:
        limit = function(*operands)
    except (TypeError, *FAILURES):
        try:
            limit = without_math(function)(*operands)
        except (TypeError, *FAILURES):
            return math.nan
    return _as_float(rule, limit)


def _as_float(rule: Rule | Reduction, x: Any) -> float:
    """What a row gave for numbers, as a float."""
    if x.__class__ is float:
        return x
    if is_value(x):
        raise TypeError(
            f"rule {rule.name!r} gave a Value for plain numbers: it uses one that is "
            "no operand; take it as an operand, so that its gradient is not lost"
        )
    return float(_number(x))


_state = threading.local()


class limits:  # noqa: N801  # used as a function is
    """While it lasts, operations in this thread take limits instead of raising.

    If not ``active``, they raise, also within a context in which they take limits.

    Derivatives of derivatives are made of ordinary Values; within this context
    they keep the promise that a derivative never raises.
    """

    __slots__ = ("active", "before")

    def __init__(self, active: bool = True) -> None:
        self.active = active

    def __enter__(self) -> None:
        self.before = taking_limits()
        _state.active = self.active

    def __exit__(self, *_: object) -> None:
        _state.active = self.before


def taking_limits() -> bool:
    """Whether :func:`limits` is active in this thread."""
    return getattr(_state, "active", False)


def failed(
    rule: Rule | Reduction,
    numbers: Sequence[float],
    error: Exception,
    operands: Sequence[Any] = (),
) -> float:
    """What an operation gives whose float arithmetic raised ``error``.

    Both engines come here, so that they raise the same exception: the one of
    float arithmetic, with the row's domain in its message.

    Raises the error again, unless :func:`limits` asks for a number.
    """
    if taking_limits():
        return _limit(rule, rule.value, numbers)
    if recording.recorders:
        recording.asked("raising", rule, error, operands)
    shown = ", ".join(f"{x!r}" for x in numbers[:4]) + (", …" * (len(numbers) > 4))
    message = f"{error.args[-1] if error.args else error}: {rule.name}({shown})"
    if isinstance(rule, Rule) and rule.domain:
        message += "; defined for " + ", ".join(
            f"{name} ∈ {interval}"
            for name, interval in zip(rule.parameters, rule.domain)
        )
    raise type(error)(message) from error
