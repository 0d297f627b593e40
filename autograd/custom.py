"""Rows from outside: a user's operation joins the table, and every reader reads it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autograd import functions
from autograd.rules import ALIASES, RULES, Interval, Kink, Rule

__all__ = ["rule"]


def rule(
    value: Callable[..., Any] | None = None,
    partials: Sequence[Callable[..., Any] | float] = (),
    *,
    name: str | None = None,
    symbol: str | None = None,
    domain: Sequence[Interval] = (),
    kink: Kink | None = None,
    doc: str = "",
) -> Callable[..., Any]:
    """Add an operation to the table of rules.

    It is then recorded as one node by both engines, and differentiated to any order.
    Write ``value`` and ``partials`` with operators and the functions of this package
    (``autograd.exp``, not ``math.exp``), and branch with ``autograd.where``, so that
    they also hold for Values and power series.

    Args:
        value: the function of a fixed number of operands.
        partials: for each operand, its derivative as a function of all operands and
            the result ``z``, or a number if it is the same everywhere.
        name: of the row; the name of ``value`` unless given.
        symbol: what a picture shows; the name unless given.
        domain: for each operand the interval where it may lie, or nothing.
        kink: where there is no derivative, if there is such a place.
        doc: a line on what it computes; the first line of value's docstring unless
            given.

    Returns:
        The function to call, on numbers and Values. Without ``value``, a decorator.

    Raises:
        TypeError: ``value`` or a partial is no function, or takes other operands.
        ValueError: the name is taken or no identifier, or there are too many or too
            few partials or intervals.

    >>> from autograd import Value
    >>> cube = rule(lambda x: x * x * x, [lambda x, z: 3 * x * x], name="doc_cube")
    >>> x = Value(2.0)
    >>> y = cube(x)
    >>> y.backward()
    >>> cube(3.0), y.op, x.grad
    (27.0, 'doc_cube', 12.0)
    >>> del RULES["doc_cube"]
    """
    if value is None:
        return lambda value: rule(
            value,
            partials,
            name=name,
            symbol=symbol,
            domain=domain,
            kink=kink,
            doc=doc,
        )
    operands = _operands("value", value)
    name = _new_name(value.__name__ if name is None else name)
    partials = tuple(partials)
    if len(partials) != len(operands):
        raise ValueError(
            f"rule {name!r}: value has {len(operands)} operands "
            f"({', '.join(operands)}), but there are {len(partials)} partials"
        )
    for i, partial in enumerate(partials):
        if isinstance(partial, (int, float)):
            continue
        taken = _operands(f"partials[{i}]", partial)
        if len(taken) != len(operands) + 1:
            raise TypeError(
                f"rule {name!r}: partials[{i}] must take the operands and the result, "
                f"({', '.join((*operands, 'z'))}), got ({', '.join(taken)})"
            )
    if domain and len(domain) != len(operands):
        raise ValueError(
            f"rule {name!r}: domain must have one interval for each of the "
            f"{len(operands)} operands, got {len(domain)}"
        )
    doc = doc or (inspect.getdoc(value) or name).splitlines()[0].rstrip(".")
    row = Rule(symbol or name, value, partials, doc, tuple(domain), kink)
    object.__setattr__(row, "name", name)
    RULES[name] = row
    return functions._function(row)


def _operands(what: str, function: Any) -> tuple[str, ...]:
    """The names of a function's operands, which must be a fixed number."""
    if not callable(function):
        raise TypeError(
            f"rule: {what} must be a function, got {type(function).__name__}"
        )
    parameters = inspect.signature(function).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not parameters or any(p.kind not in plain for p in parameters):
        raise TypeError(
            f"rule: {what} must take a fixed number of positional operands, "
            f"got {inspect.signature(function)}"
        )
    return tuple(p.name for p in parameters)


def _new_name(name: str) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"rule: name must be an identifier, got {name!r}: give name=…")
    if name in RULES or name in ALIASES or name in functions.FUNCTIONS:
        raise ValueError(f"rule: there is an operation {name!r} already")
    return name
