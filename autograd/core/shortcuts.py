"""For speed alone: the operations that every program uses, without detours.

Everything here does what :func:`autograd.core.value.record` and
:func:`autograd.core.backward.sweep` do, to the same bits and with the same
exceptions, but is made for rows of one or two operands. The engine runs without this
module as well, only slower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.core import backward, graph, limits, recording
from autograd.core.graph import NOTHING, Node
from autograd.core.limits import FAILURES
from autograd.core.plain import is_number
from autograd.core.value import Value, node, record
from autograd.table.number import BINARY, OPERATORS, UNARY
from autograd.table.rules import ALIASES, RULES, Rule


def _everywhere(partial: Callable[..., Any] | float) -> Callable[..., Any]:
    return partial if callable(partial) else lambda *_: partial


def _unary(rule: Rule) -> Callable[[Value], Value]:
    value, (partial,) = rule.value, rule.partials
    constant = None if callable(partial) else (float(partial),)
    partial = _everywhere(partial)

    def apply(self: Value) -> Value:
        x = self._data
        try:
            z = value(x)
        except FAILURES as error:
            z = limits.failed(rule, (x,), error, (self,))
        if z.__class__ is not float:
            z = float(z)
        try:
            partials = constant or (partial(x, z),)
        except FAILURES:
            partials = (limits.partial(rule, 0, (x,), z),)
        return node(z, rule, (self,), partials)

    apply.__name__ = apply.__qualname__ = rule.name
    apply.__doc__ = rule.doc
    return apply


def _binary(rule: Rule) -> Callable[[Value, Any], Value]:
    value, (left, right) = rule.value, rule.partials
    new = object.__new__
    constant = alone = None
    if not callable(left) and not callable(right):
        constant, alone = (float(left), float(right)), (float(left), 0.0)
    left, right = _everywhere(left), _everywhere(right)

    def apply(self: Value, other: Any) -> Any:
        x = self._data
        if type(other) is Value:
            y = other._data
        elif isinstance(other, (float, int)):
            y = other = float(other)
        else:
            return record(rule, (self, other)) if is_number(other) else NotImplemented
        try:
            z = value(x, y)
        except FAILURES as error:
            z = limits.failed(rule, (x, y), error, (self, other))
        if z.__class__ is not float:
            z = float(z)
        both = other is not y
        try:
            partials = (constant if both else alone) or (
                left(x, y, z),
                right(x, y, z) if both else 0.0,
            )
        except FAILURES:
            partials = (
                limits.partial(rule, 0, (x, y), z),
                limits.partial(rule, 1, (x, y), z) if both else 0.0,
            )
        if recording.suspensions or recording.recorders:
            return node(z, rule, (self, other), partials)
        made = new(Value)  # what ``node`` does, without a call
        made._data = z
        made._grad = 0.0
        made._label = ""
        made._rule = rule
        made._operands = (self, other)
        made._partials = partials
        made._kept = None
        return made

    apply.__name__ = apply.__qualname__ = f"__{rule.name}__"
    apply.__doc__ = rule.doc
    return apply


def _sweep(output: Node, seed: float) -> dict[Node, float]:
    adjoints = dict.fromkeys(graph.topological_order(output), NOTHING)
    adjoints[output] = seed
    for here, adjoint in reversed(adjoints.items()):
        operands = here._operands
        if adjoint is NOTHING:
            continue
        if len(operands) == 2 and not here._rule.choice:
            (x, y), (by_x, by_y) = operands, here._partials
            if x.__class__ is not float:
                adjoints[x] += adjoint * by_x
            if y.__class__ is not float:
                adjoints[y] += adjoint * by_y
        elif operands:
            for x, by_x in zip(operands, here._partials):
                if x.__class__ is not float and (by_x or not here._rule.choice):
                    adjoints[x] += adjoint * by_x
    return adjoints


_DIRECT: dict[str, Callable[[Value], Value]] = {}
"""The rows of one operand, each as a method that skips the general ``record``."""


def _apply(self: Value, name: str, operands: tuple[Any, ...]) -> Value:
    if len(operands) == 1 and operands[0] is self and name in _DIRECT:
        return _DIRECT[name](self)
    return record(RULES[name], operands)


Value._apply = _apply  # type: ignore[method-assign]
backward.sweep = _sweep
for _name, _rule in RULES.items():
    if not isinstance(_rule, Rule):
        continue
    if _name in BINARY:
        setattr(Value, f"__{_name}__", _binary(_rule))
    if len(_rule.partials) == 1:
        _DIRECT[_name] = _unary(_rule)
        if _name in UNARY:
            setattr(Value, f"__{_name}__", _DIRECT[_name])
        if _name not in OPERATORS and _name != "relu":
            setattr(Value, _name, _DIRECT[_name])
for _alias, _name in ALIASES.items():
    if hasattr(Value, _name) and _name not in BINARY:
        setattr(Value, _alias, getattr(Value, _name))
