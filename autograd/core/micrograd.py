"""What programs for micrograd's Value do, and what they are told to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

from autograd.core.graph import Node

_SYMBOLS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "pow": "**",
    "relu": "ReLU",
    "relu_at": "ReLU",
}


def spelling(op: str, operands: tuple[Any, ...]) -> str:
    """How micrograd writes an operation: ``+``, ``**3``, ``ReLU``, ``tanh``.

    >>> spelling("pow", (2.0, 3.0)), spelling("tanh", (1.0,))
    ('**3', 'tanh')
    """
    exponent = operands[1] if op == "pow" else None
    shown = f"{exponent:g}" if type(exponent) is float else ""
    return _SYMBOLS.get(op, op) + shown


def push(node: Node) -> None:
    """One node's step of a sweep by hand: its operands' ``grad`` get its share."""
    for operand, partial in zip(node._operands, node._partials):
        if operand.__class__ is not float:
            operand._grad += node._grad * partial


def no_children(label: Any, rest: tuple[Any, ...]) -> None:
    """Refuse ``Value(x, (a, b), "op")``, which would record nothing."""
    if rest or isinstance(label, (tuple, set, frozenset)):
        count = len(label) if isinstance(label, (tuple, set, frozenset)) else 2
        name = next((x for x in rest if isinstance(x, str)), "")
        raise TypeError(
            "Value(data, label) makes a leaf, and a result is made by an operation: "
            + _rule(name, count or 1)
        )


def no_backward(function: Any) -> NoReturn:
    """Refuse ``out._backward = f``, which would be called by nobody."""
    name = getattr(function, "__qualname__", "").rpartition(".<locals>")[0]
    raise AttributeError(
        "_backward cannot be set, since derivatives come from the table: "
        + _rule(name.rpartition(".")[2], 2)
    )


def no_subclass(cls: type) -> NoReturn:
    """Refuse ``class V(Value)``, whose results would be of no such class."""
    own = (n for n, x in vars(cls).items() if callable(x) and not n.startswith("_"))
    raise TypeError(
        "type 'Value' is not an acceptable base type: for an operation of your own, "
        + _rule(next(own, cls.__name__.lower()), 1)
    )


def _rule(name: str, count: int) -> str:
    """The line that makes an operation of one's own."""
    name = name if name.isidentifier() else "f"
    names = ("x", "y", "u", "v")[:count] if count <= 4 else ("x", "...")
    operands = ", ".join(names)
    partials = ", ".join(f"lambda {operands}, z: d{name}_d{x}" for x in names)
    return (
        f"write {name} = autograd.rule(lambda {operands}: ..., [{partials}], "
        f"name={name!r}), and call {name}({operands})"
    )
