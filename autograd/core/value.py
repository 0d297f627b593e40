"""The reference engine: a number that remembers how it was computed.

Every operation on a Value computes what floats compute, and makes a new Value
that keeps its operands and the local derivative by each of them. ``backward()``
starts at the output with the adjoint 1 and goes back through the nodes, each
after all nodes that use it; every edge hands the operand its share,

    operand's adjoint += node's adjoint × local derivative,

so that each leaf ends up with the sum, over all paths to the output, of the
products of the local derivatives along the path. That sum is the gradient.

The operations themselves are rows of :mod:`autograd.table.rules`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, final

from autograd.core import choice, graph, limits, recording
from autograd.core.limits import FAILURES
from autograd.core.plain import as_float, is_number
from autograd.core.recording import no_grad
from autograd.table.number import BINARY, OPERATORS, UNARY, Operations
from autograd.table.rules import ALIASES, RULES, Reduction, Rule

__all__ = ["Value", "gradients", "no_grad"]


_backward_lock = threading.Lock()


@final
class Value(Operations):
    """A scalar that records the operations it takes part in.

    Args:
        data: the number: an int, float, bool or NumPy scalar, kept as a float.
        label: a name for pictures and tables.

    Raises:
        TypeError: ``data`` is no real number, or ``label`` no string.
        OverflowError: ``data`` is an int too large for a float.

    It mixes freely with plain numbers in every operator and in the functions of
    this package, and computes exactly what floats compute, exceptions included.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> loss = a * b + a**2
    >>> loss.backward()
    >>> loss.data, a.grad, b.grad
    (-2.0, 1.0, 2.0)
    """

    __slots__ = ("_data", "_grad", "_label", "_operands", "_partials", "_rule")

    # NumPy scalars leave ``number * value`` to us; arrays go element by element.
    __array_priority__ = -1.0

    _data: float
    _grad: float
    _label: str
    _rule: Rule | Reduction | None
    _operands: tuple[Value | float, ...]
    _partials: tuple[float, ...]

    def __init__(self, data: Any, label: str = "") -> None:
        self._data = as_float(data, "data")
        self.label = label
        self._grad = 0.0
        self._rule = None
        self._operands = ()
        self._partials = ()

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        raise TypeError("type 'Value' is not an acceptable base type")

    @property
    def data(self) -> float:
        """The number. Setting it changes no graph that is recorded already."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = as_float(data, "data")

    @property
    def grad(self) -> float:
        """The derivative of the last output by this value, from ``backward``."""
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = as_float(grad, "grad")

    @property
    def label(self) -> str:
        """A name for pictures and tables."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"label must be a str, got {type(label).__name__}")
        self._label = label

    @property
    def op(self) -> str:
        """The name of the row in the table of rules, empty for a leaf."""
        return "" if self._rule is None else self._rule.name

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What it was computed from, in order and with repeats; constants as floats."""
        return self._operands

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative by each operand, as recorded; 0.0 at a constant."""
        return tuple(map(float, self._partials))

    @property
    def _prev(self) -> set[Value]:
        """micrograd's name for the set of nodes that this one depends on."""
        return {x for x in self._operands if isinstance(x, Value)}

    @property
    def _op(self) -> str:
        """micrograd's name for what a picture shows of the operation."""
        return "" if self._rule is None else self._rule.symbol

    def backward(self, seed: float = 1.0) -> None:
        """Set ``grad`` of everything that this value depends on.

        Leaves add to the ``grad`` that they have; inner nodes hold the adjoint of
        this call alone, so that a second call counts nothing twice.

        Args:
            seed: the adjoint of this value itself; it scales all the others.

        Raises:
            TypeError: ``seed`` is no real number.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> y.backward(); y.backward()
        >>> x.grad, y.grad
        (12.0, 1.0)
        """
        seed = as_float(seed, "seed")
        with _backward_lock:  # one thread at a time uses the nodes' adjoints
            order = graph.topological_order(self)
            before = [(node, node._grad) for node in order if not node._operands]
            _sweep(order, seed)
            for leaf, grad in before:
                leaf._grad = grad + leaf._grad

    def detach(self) -> Value:
        """A new leaf with the same data: what is computed from it ends there.

        >>> x = Value(3.0)
        >>> (x * x.detach()).operands[1] is x
        False
        """
        return Value(self._data, self._label)

    # Comparisons compare numbers; two Values are the same key only if identical.

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return _compare(float.__eq__, self, other)

    def __ne__(self, other: object) -> Any:
        return _compare(float.__ne__, self, other)

    def __lt__(self, other: Any) -> Any:
        return _compare(float.__lt__, self, other)

    def __le__(self, other: Any) -> Any:
        return _compare(float.__le__, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compare(float.__gt__, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compare(float.__ge__, self, other)

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __float__(self) -> NoReturn:
        raise TypeError(
            "a Value is not silently a float, since its gradient would be lost: "
            "write v.data for the number, or autograd.exp(v) for math.exp(v) "
            "and so on"
        )

    def __int__(self) -> NoReturn:
        raise TypeError("write int(v.data) for the whole number, or autograd.trunc(v)")

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._operands:
            raise TypeError(
                f"only a leaf can be copied or pickled, not the result of {self.op!r}: "
                "take v.detach(), or copy the leaves and compute again"
            )
        return choice.leaf, (self._data, self._grad, self._label)

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Value:
        if len(operands) == 1 and operands[0] is self and name in _DIRECT:
            return _DIRECT[name](self)
        return record(RULES[name], operands)


def _sweep(order: list[Value], seed: float) -> None:
    """Give the nodes of a topological order their adjoints, the last one ``seed``."""
    for node in order:
        node._grad = 0.0
    order[-1]._grad = seed
    for node in reversed(order):
        adjoint = node._grad
        for operand, partial in zip(node._operands, node._partials):
            if type(operand) is Value:
                operand._grad += adjoint * partial


def gradients(
    output: Value, inputs: Iterable[Value]
) -> tuple[list[float], list[Value]]:
    """The derivatives of ``output`` by each of ``inputs``, from one reverse sweep.

    Every node's ``grad`` stays as it was, unlike with ``backward``.

    Args:
        output: the Value to differentiate.
        inputs: any Values, leaves or not.

    Returns:
        One float per input, 0.0 for one that the output does not depend on; and
        the leaves besides the inputs that it depends on.

    Raises:
        TypeError: ``output`` or one of ``inputs`` is no Value.

    >>> x, y = Value(3.0), Value(5.0)
    >>> gradients(x * x, [x, y]), x.grad
    (([6.0, 0.0], []), 0.0)
    """
    if type(output) is not Value:
        raise TypeError(
            f"gradients: output must be a Value, got {type(output).__name__}"
        )
    inputs = tuple(inputs)
    for i, x in enumerate(inputs):
        if type(x) is not Value:
            raise TypeError(
                f"gradients: inputs[{i}] must be a Value, got {type(x).__name__}"
            )
    own = set(inputs)
    with _backward_lock:
        order = graph.topological_order(output)
        before = [node._grad for node in order]
        _sweep(order, 1.0)
        reached = set(order)
        adjoints = [x._grad if x in reached else 0.0 for x in inputs]
        for node, grad in zip(order, before):
            node._grad = grad
    return adjoints, [x for x in order if not x._operands and x not in own]


def leaves(output: Value) -> list[Value]:
    """Every leaf that ``output`` depends on, itself if it is one.

    Raises:
        TypeError: ``output`` is no Value.

    >>> a, b = Value(2.0), Value(3.0)
    >>> set(leaves(a * b + a)) == {a, b}
    True
    """
    if type(output) is not Value:
        raise TypeError(f"leaves: output must be a Value, got {type(output).__name__}")
    return [x for x in graph.topological_order(output) if not x._operands]


def _compare(comparison: Callable[[float, Any], Any], x: Value, y: object) -> Any:
    if isinstance(y, Value):
        return comparison(x._data, y._data)
    if isinstance(y, (int, float)):  # an int of any size compares exactly
        return comparison(x._data, y)
    return comparison(x._data, as_float(y)) if is_number(y) else NotImplemented


_new = object.__new__


def _node(
    data: float,
    rule: Rule | Reduction,
    operands: tuple[Value | float, ...],
    partials: tuple[float, ...],
) -> Value:
    node = _new(Value)
    node._data = data
    node._grad = 0.0
    node._label = ""
    if recording.suspensions and recording.here.suspended:
        node._rule = None
        node._operands = ()
        node._partials = ()
    else:
        node._rule = rule
        node._operands = operands
        node._partials = partials
    return node


def record(rule: Rule | Reduction, operands: tuple[Any, ...]) -> Value:
    """Apply a row to Values and numbers, and remember it.

    Args:
        rule: a row of the table.
        operands: at least one Value; the others Values or plain numbers.

    Returns:
        The result, with its operands and its partials by each Value among them.

    Raises:
        TypeError: an operand is neither a Value nor a plain number.
        ValueError, ZeroDivisionError, OverflowError: as the same operation on floats.
    """
    if rule.name == "where":
        operands = _chosen(*operands)
    kept = tuple(
        [
            x
            if x.__class__ is Value or x.__class__ is float
            else as_float(x, f"{rule.name}: operand")
            for x in operands
        ]
    )
    numbers = [x._data if type(x) is Value else x for x in kept]
    try:
        z = rule.value(*numbers)
    except FAILURES as error:
        z = limits.failed(rule, numbers, error)
    z = float(z)
    if recording.suspensions and recording.here.suspended:
        return _node(z, rule, (), ())
    return _node(z, rule, kept, _partials(rule, kept, numbers, z))


def _partials(
    rule: Rule | Reduction,
    operands: tuple[Value | float, ...],
    numbers: list[float],
    z: float,
) -> tuple[float, ...]:
    """The local derivative by each Value among the operands, and 0.0 by the others."""
    if isinstance(rule, Reduction):
        try:
            row = rule.row(numbers, z)
        except FAILURES:  # at a singular point, each takes its own limit
            pass
        else:
            return tuple(
                [
                    float(partial) if x.__class__ is Value else 0.0
                    for x, partial in zip(operands, row)
                ]
            )
    return tuple(
        [
            limits.partial(rule, i, numbers, z) if x.__class__ is Value else 0.0
            for i, x in enumerate(operands)
        ]
    )


def _chosen(condition: Any, x: Any, y: Any) -> tuple[Any, ...]:
    """The operands of ``where``: what is not chosen stays in view, as a constant.

    As a constant it is no part of the graph, so that an inf or a nan in its
    derivatives cannot leak through a zero.
    """
    condition = bool(condition)
    if condition and isinstance(y, Value):
        y = y._data
    elif not condition and isinstance(x, Value):
        x = x._data
    return float(condition), x, y


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
            z = limits.failed(rule, (x,), error)
        if z.__class__ is not float:
            z = float(z)
        try:
            partials = constant or (partial(x, z),)
        except FAILURES:
            partials = (limits.partial(rule, 0, (x,), z),)
        return _node(z, rule, (self,), partials)

    apply.__name__ = apply.__qualname__ = rule.name
    apply.__doc__ = rule.doc
    return apply


def _binary(rule: Rule) -> Callable[[Value, Any], Value]:
    value, (left, right) = rule.value, rule.partials
    constant = None
    if not callable(left) and not callable(right):
        constant = float(left), float(right)
    left, right = _everywhere(left), _everywhere(right)

    def apply(self: Value, other: Any) -> Any:
        if other.__class__ is not Value:
            return record(rule, (self, other)) if is_number(other) else NotImplemented
        x, y = self._data, other._data
        try:
            z = value(x, y)
        except FAILURES as error:
            z = limits.failed(rule, (x, y), error)
        if z.__class__ is not float:
            z = float(z)
        try:
            partials = constant or (left(x, y, z), right(x, y, z))
        except FAILURES:
            partials = (
                limits.partial(rule, 0, (x, y), z),
                limits.partial(rule, 1, (x, y), z),
            )
        return _node(z, rule, (self, other), partials)

    apply.__name__ = apply.__qualname__ = f"__{rule.name}__"
    apply.__doc__ = rule.doc
    return apply


def _reflected(rule: Rule) -> Callable[[Value, Any], Value]:
    def apply(self: Value, other: Any) -> Any:
        return record(rule, (other, self)) if is_number(other) else NotImplemented

    apply.__name__ = apply.__qualname__ = f"__r{rule.name}__"
    apply.__doc__ = rule.doc
    return apply


_DIRECT: dict[str, Callable[[Value], Value]] = {}
"""The rows of one operand, each as a method that skips the general ``record``."""

# The operations that every program uses.
for _name, _rule in RULES.items():
    if not isinstance(_rule, Rule):
        continue
    if _name in BINARY:
        setattr(Value, f"__{_name}__", _binary(_rule))
        setattr(Value, f"__r{_name}__", _reflected(_rule))
    if len(_rule.partials) == 1:
        _DIRECT[_name] = _unary(_rule)
        if _name in UNARY:
            setattr(Value, f"__{_name}__", _DIRECT[_name])
        if _name not in OPERATORS and _name != "relu":
            setattr(Value, _name, _DIRECT[_name])
for _alias, _name in ALIASES.items():
    if hasattr(Value, _name) and _name not in BINARY:
        setattr(Value, _alias, getattr(Value, _name))
