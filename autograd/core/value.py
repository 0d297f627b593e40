"""The reference engine: a number that remembers how it was computed.

Every operation on a Value computes what floats compute, and makes a new Value
that keeps its operands and the local derivative by each of them: :func:`record`,
below, is all there is to it. What ``backward()`` does with that is told in
:mod:`autograd.core.backward`. The operations themselves, their names and their
derivatives are rows of :mod:`autograd.table.rules`.

:mod:`autograd.core.recording` looks on: whoever compiles a program hears of what no
node tells. To everybody else, ``recording.read`` and ``recording.asked`` do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Number
from typing import Any, NoReturn, SupportsFloat, final

from autograd.core import backward, choice, limits, micrograd, recording
from autograd.core.backward import gradients, leaves
from autograd.core.forward import tangents
from autograd.core.plain import as_float, is_number, is_numpy_scalar, is_value
from autograd.table.number import Comparisons, Operations
from autograd.table.rules import RULES, Reduction, Rule

__all__ = ["Value", "gradients", "leaves", "tangents"]


@final
class Value(micrograd.Names, Comparisons, Operations):
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

    __slots__ = (
        *("_data", "_grad", "_label", "_operands", "_partials", "_rule"),
        *("_kept", "__dict__"),  # what a transform keeps, and what users set
    )

    # NumPy scalars leave ``number * value`` to us; arrays go element by element.
    __array_priority__ = -1.0

    _data: float
    _grad: float
    _label: str
    _rule: Rule | Reduction | None
    _operands: tuple[Value | float, ...]
    _partials: tuple[float, ...]
    _kept: Any

    def __new__(
        cls, data: SupportsFloat, label: str = "", *rest: NoReturn, **named: NoReturn
    ) -> Value:
        micrograd.no_children(label, rest, named)
        made = object.__new__(cls)
        made._data = as_float(data, "data")
        made.label = label
        made._grad = 0.0
        made._rule = None
        made._operands = ()
        made._partials = ()
        made._kept = None
        return made

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        micrograd.no_subclass(cls)

    @property
    def data(self) -> float:
        """The number. Setting it changes no graph that is recorded already."""
        recording.read(self, "data")
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        recording.read(self, "set")
        self._data = as_float(data, "data")

    @property
    def grad(self) -> float:
        """The derivative of the last output by this value, from ``backward``."""
        recording.read(self, "grad")
        return self._grad

    @grad.setter
    def grad(self, grad: Any) -> None:
        recording.read(self, "set")
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
        recording.read(self, "partials")
        return tuple(map(float, self._partials))

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
        recording.read(self, "backward")
        backward.keep(backward.sweep(self, as_float(seed, "seed")))

    def detach(self) -> Value:
        """A new leaf with the same data: what is computed from it ends there.

        >>> x = Value(3.0)
        >>> (x * x.detach()).operands[1] is x
        False
        """
        if recording.recorders and recording.here.recorder is not None:
            detached: Value = recording.asked("detach", self)
            return detached
        return Value(self._data, self._label)

    # Comparisons compare numbers; two Values are the same key only if identical.

    __hash__ = object.__hash__  # type: ignore[assignment]

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        if recording.recorders and recording.here.recorder is not None:
            return recording.asked(compare.__name__, self, other)
        if is_value(other):
            other = other._data
        elif is_numpy_scalar(other):  # the float that it is in arithmetic
            other = float(other)
        elif not isinstance(other, Number):
            return NotImplemented
        return compare(self._data, other)

    def __bool__(self) -> bool:
        if recording.recorders and recording.here.recorder is not None:
            return bool(recording.asked("truth", self))
        return self._data != 0.0

    def __float__(self) -> float:
        number = recording.asked("as_float", self) if recording.recorders else None
        if number.__class__ is float:
            return number
        raise TypeError(
            "a Value is not silently a float, since its gradient would be lost: "
            "write v.data for the number, autograd.exp(v) for math.exp(v) and so on, "
            "f'{v:.2f}' to print it, and dtype=object for an array to hold it"
        )

    def __int__(self) -> int:
        # No gradient is lost: that of a step is 0.
        number = recording.asked("as_int", self) if recording.recorders else None
        return number if number.__class__ is int else int(self._data)

    def __repr__(self) -> str:
        recording.read(self, "text")
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{label})"

    def __format__(self, spec: str) -> str:
        recording.read(self, "text")
        return format(self._data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        recording.read(self, "copy")
        if self._operands:
            raise TypeError(
                f"only a leaf can be copied or pickled, not the result of {self.op!r}: "
                "take v.detach(), or copy the leaves and compute again"
            )
        state = (None, vars(self)) if vars(self) else None
        return choice.leaf, (self._data, self._grad, self._label), state

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Value:
        return record(RULES[name], operands)

    def _operate(self, name: str, operands: tuple[Any, ...]) -> Any:
        if all(is_value(x) or is_number(x) for x in operands):
            return self._apply(name, operands)
        return NotImplemented  # Python then asks the other operand's type


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
    if rule.name == "where" and len(operands) == 3:
        operands = _chosen(*operands)
    kept = tuple(
        [
            x
            if type(x) is Value or type(x) is float
            else as_float(x, f"{rule.name}: operand")
            for x in operands
        ]
    )
    numbers = [x._data if type(x) is Value else x for x in kept]
    z = limits.value(rule, numbers, kept)
    if recording.suspensions and recording.suspended():
        return Value(z)
    return node(z, rule, kept, limits.partials(rule, kept, numbers, z))


def node(
    data: float,
    rule: Rule | Reduction,
    operands: tuple[Value | float, ...],
    partials: tuple[float, ...],
) -> Value:
    """The result of an operation; a leaf, if recording is suspended."""
    if recording.suspensions and recording.suspended():
        return Value(data)
    made = object.__new__(Value)
    made._data = data
    made._grad = 0.0
    made._label = ""
    made._rule = rule
    made._operands = operands
    made._partials = partials
    made._kept = None
    if recording.recorders and (recorder := recording.here.recorder) is not None:
        recorder.made.append(made)
    return made


def _chosen(condition: Any, x: Any, y: Any) -> tuple[Any, ...]:
    """The operands of ``where``: what is not chosen stays in view, as a constant.

    As a constant it is no part of the graph, so that an inf or a nan in its
    derivatives cannot leak through a zero.
    """
    condition = bool(condition)
    if condition and type(y) is Value:
        y = y._data
    elif not condition and type(x) is Value:
        x = x._data
    return float(condition), x, y
