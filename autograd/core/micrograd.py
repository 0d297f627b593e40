"""What programs for micrograd's Value do, and what they are told to write instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import getclosurevars, isfunction
from typing import Any, NoReturn

from autograd.core import recording
from autograd.core.graph import Node
from autograd.core.plain import is_value


class Names:
    """micrograd's names of what a Value keeps."""

    __slots__ = ()

    _operands: tuple[Node | float, ...]
    op: Any

    @property
    def _prev(self) -> set[Node]:
        """micrograd's name for the set of Values that this one was computed from.

        Constants, which micrograd makes nodes too, are not among them: see
        ``operands``.
        """
        return {x for x in self._operands if x.__class__ is not float}

    @property
    def _op(self) -> str:
        """micrograd's name of the operation: ``+``, ``**3``, ``ReLU``, ``tanh``."""
        return spelling(self.op, self._operands)

    @property
    def _backward(self) -> Callable[[], None]:
        """What adds this node's share to the ``grad`` of its operands alone."""
        recording.read(self, "backward")
        return partial(push, self)

    @_backward.setter
    def _backward(self, function: Any) -> NoReturn:
        no_backward(self, function)


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
    for operand, slope in zip(node._operands, node._partials):
        if operand.__class__ is not float and (slope or not node._rule.choice):
            operand._grad += node._grad * slope


def no_children(label: Any, rest: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Refuse ``Value(x, (a, b), "op")``, which would record nothing."""
    children = named.get("_children", label)
    several = isinstance(children, (tuple, list, set, frozenset))
    if rest or several or "_op" in named:
        names = (x for x in (named.get("_op"), *rest) if isinstance(x, str))
        raise TypeError(
            "Value(data, label) makes a leaf, and a result is made by an operation: "
            + _rule(next(names, ""), len(children) if several else 1)
        )
    for name in named:
        raise TypeError(f"Value.__new__() got an unexpected keyword argument {name!r}")


def no_backward(output: Node, function: Any) -> NoReturn:
    """Refuse ``out._backward = f``, which would be called by nobody."""
    name = getattr(function, "__qualname__", "").rpartition(".<locals>")[0]
    used = getclosurevars(function).nonlocals if isfunction(function) else {}
    operands = [x for x in used.values() if is_value(x) and x is not output]
    raise AttributeError(
        "_backward cannot be set, since derivatives come from the table: "
        + _rule(name.rpartition(".")[2], len(operands))
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
    names = ("x", "y", "u", "v")[: max(count, 1)] if count <= 4 else ("x", "...")
    operands = ", ".join(names)
    partials = ", ".join(f"lambda {operands}, z: d{name}_d{x}" for x in names)
    return (
        f"write {name} = autograd.rule(lambda {operands}: ..., [{partials}], "
        f"name={name!r}), and call {name}({operands})"
    )
