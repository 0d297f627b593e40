"""Rows from outside: a user's operation joins the table, and every reader reads it.

A user's functions are not written as carefully as the table's. Where one cannot be
read, the error says what to write instead; where it calls ``math`` at a singular
point, the limit is taken all the same.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from types import CellType, FunctionType, SimpleNamespace
from typing import Any

from autograd.table import functions, primitives
from autograd.table.rules import ALIASES, CHECKPOINT, RULES, Interval, Kink, Rule

__all__ = ["advice", "rule", "without_math"]

OURS = frozenset((*RULES, *ALIASES, *functions.FUNCTIONS, CHECKPOINT.name))
"""The names of the table, which are no user's to redefine."""


def rule(
    value: Callable[..., Any] | None = None,
    partials: Sequence[Callable[..., Any] | float] = (),
    *,
    name: str | None = None,
    symbol: str | None = None,
    domain: Sequence[Interval] = (),
    kink: Kink | None = None,
    doc: str = "",
    choice: bool = False,
) -> Callable[..., Any]:
    """Add an operation to the table of rules.

    It is then recorded as one node by both engines, and differentiated to any order.
    Write ``value`` and ``partials`` with operators and the functions of this package
    (``autograd.exp``, not ``math.exp``), and branch with ``autograd.where``, so that
    they also hold for Values and power series. What they depend on is an operand, or
    a plain number.

    A rule of the same name is replaced: do not differentiate again what was computed
    with it. The table's own rows stay.

    Args:
        value: the function of a fixed number of operands, the last of which may have
            defaults.
        partials: for each operand, its derivative as a function of all operands and
            the result ``z``, or a number if it is the same everywhere.
        name: of the row; the name of ``value`` unless given.
        symbol: what a picture shows; the name unless given.
        domain: for each operand the ``autograd.rules.Interval`` where it may lie, or
            nothing.
        kink: an ``autograd.rules.Kink``, if there is a place without a derivative.
        doc: a line on what it computes; the first line of value's docstring unless
            given.
        choice: whether a partial of exactly 0 says that the operand was not chosen, as
            in ``max``, so that nothing passes there, not even 0 · ∞.

    Returns:
        The function to call, on numbers and Values. Without ``value``, a decorator.

    Raises:
        TypeError: an argument is of another type, or a partial takes other operands.
        ValueError: the name is one of the table's or no identifier, or there are too
            many or too few partials or intervals.

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
            choice=choice,
        )
    operands = _operands("value", value)
    name = _new_name(getattr(value, "__name__", "") if name is None else name)
    for argument, expected, given, types in (
        ("partials", "a list or tuple", partials, (list, tuple)),
        ("symbol", "a str", symbol, (str, type(None))),
        ("domain", "a list or tuple", domain, (list, tuple)),
        ("kink", "a Kink", kink, (Kink, type(None))),
        ("choice", "a bool", choice, (bool,)),
    ):
        if not isinstance(given, types):
            raise TypeError(
                f"rule {name!r}: {argument} must be {expected}, "
                f"got {type(given).__name__}"
            )
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
    for interval in domain:
        if not isinstance(interval, Interval):
            raise TypeError(
                f"rule {name!r}: domain must be made of Intervals, "
                f"got {type(interval).__name__}"
            )
    if domain and len(domain) != len(operands):
        raise ValueError(
            f"rule {name!r}: domain must have one interval for each of the "
            f"{len(operands)} operands, got {len(domain)}"
        )
    defaults = tuple(p.default for p in operands.values() if p.default is not p.empty)
    doc = doc or (inspect.getdoc(value) or name).splitlines()[0].rstrip(".")
    symbol, domain = symbol or name, tuple(domain)
    row = Rule(symbol, value, partials, doc, domain, kink, defaults, choice=choice)
    object.__setattr__(row, "name", name)
    function = functions._function(row)
    function.__module__ = getattr(value, "__module__", __name__)
    RULES[name] = row
    return function


def _operands(what: str, function: Any) -> Mapping[str, inspect.Parameter]:
    """A function's operands by name, which must be a fixed number."""
    if not callable(function):
        raise TypeError(
            f"rule: {what} must be a function, got {type(function).__name__}"
        )
    try:
        signature = inspect.signature(function)
    except ValueError as error:  # some functions of C do not tell
        raise TypeError(f"rule: {what} must name its operands: {error}") from None
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature.parameters
    if not parameters or any(p.kind not in plain for p in parameters.values()):
        raise TypeError(
            f"rule: {what} must take a fixed number of positional operands, "
            f"got {signature}"
        )
    return parameters


def _new_name(name: str) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"rule: name must be an identifier, got {name!r}: give name=…")
    if name in OURS:
        raise ValueError(
            f"rule: there is an operation {name!r} already, in the table, which cannot "
            "be redefined: give your own another name, by name=…"
        )
    return name


def advice(rule: Any, i: int, error: Exception) -> Exception:
    """What to say of an error that a partial raised on another number than a float."""
    if rule.name in OURS:
        return error
    return TypeError(
        f"rule {rule.name!r} cannot be differentiated again: partials[{i}] takes "
        "floats only. Inside a rule, write operators and the functions of this package "
        "(autograd.exp, not math.exp), and no .data, which drops the gradient"
    )


_OWN = {
    id(vars(math)[name]): function
    for name, function in {**vars(primitives), "fabs": abs}.items()
    if name in vars(math)
} | {id(math.pow): primitives.power}
_OWN[id(math)] = SimpleNamespace(
    **{name: _OWN.get(id(x), x) for name, x in vars(math).items()}
)


def without_math(function: Any) -> Any:
    """The same function, calling this package's functions where it calls ``math``'s.

    >>> without_math(lambda x: math.exp(x))(1 + 0j)
    (2.718281828459045+0j)
    """
    if not isinstance(function, FunctionType):
        return function
    return FunctionType(
        function.__code__,
        {name: _OWN.get(id(x), x) for name, x in function.__globals__.items()},
        function.__name__,
        function.__defaults__,
        tuple(
            CellType(_OWN.get(id(cell.cell_contents), cell.cell_contents))
            for cell in function.__closure__ or ()
        ),
    )
