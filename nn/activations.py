"""Activations by name: every row of the table that takes any pre-activation.

That is every row of one operand that is defined on the whole line, with further
operands at their defaults; so a row added to the table is an activation at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd as ag
from autograd.table.number import OPERATORS
from autograd.table.row import REAL, Rule
from autograd.table.rules import RULES

__all__ = ["ACTIVATIONS", "Activation", "activated", "caption", "checked"]

Activation = str | Callable[[Any], Any] | None
"""A row's name, any function of one Value, or None as "linear"."""

ACTIVATIONS = [
    name
    for name, rule in RULES.items()
    if isinstance(rule, Rule)
    and name not in OPERATORS
    and len(rule.partials) - len(rule.defaults) == 1
    and rule.domain in ((), (REAL,))
]
"""The names of the rows that can be activations."""


def checked(name: str, activation: Activation) -> Activation:
    """An activation that is known to exist; None if it is linear.

    Args:
        name: what the caller calls the argument, for messages.
        activation: a row's name, "linear" or None, or a function.

    Raises:
        ValueError: there is no such row; the message lists those that there are.
        TypeError: it is neither a name nor a function.

    >>> checked("activation", "linear") is None, checked("activation", "relu")
    (True, 'relu')
    """
    if activation is None or activation == "linear":
        return None
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            allowed = ", ".join(["linear", *sorted(ACTIVATIONS)])
            raise ValueError(
                f"{name} must be a function or one of {allowed}; got {activation!r}"
            )
    elif not callable(activation):
        raise TypeError(
            f"{name} must be a name, a function of one Value or None, "
            f"got {type(activation).__name__}"
        )
    return activation


def activated(activation: Activation, zs: list[Any]) -> list[Any]:
    """The activations of a layer's pre-activations, all of one number type.

    >>> activated("relu", [-1.0, 2.0])
    [0.0, 2.0]
    """
    if activation is None:
        return zs
    if isinstance(activation, str):
        # The type's own method: no name is looked up once per neuron.
        own = getattr(type(zs[0]), activation, None)
        function: Callable[[Any], Any] = own or getattr(ag, activation)
    else:
        function = activation
    return list(map(function, zs))


def caption(activation: Activation) -> str:
    """How a ``repr`` names an activation.

    >>> caption("relu"), caption("sigmoid"), caption(None), caption(lambda z: z)
    ('ReLU', 'Sigmoid', 'Linear', 'Custom')
    """
    if activation is None or activation == "linear":
        return "Linear"
    if isinstance(activation, str):
        symbol = RULES[activation].symbol
        alike = symbol.lower() == activation and symbol != activation
        return symbol if alike else activation.title().replace("_", "")
    name = getattr(activation, "__name__", "")
    return name.title().replace("_", "") if name.isidentifier() else "Custom"
