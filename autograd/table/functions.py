"""Every row of the table as a function of numbers and Values alike.

``autograd.exp(2.0)`` is a float, ``autograd.exp(Value(2.0))`` is a Value. The
functions of a fixed number of operands are made from the table, documentation
included; those that take sequences are written out below.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import reduce
from numbers import Number
from typing import Any

from autograd.table.number import BINARY, completion, signature
from autograd.table.primitive import apply
from autograd.table.rules import ALIASES, RULES, Rule

__all__ = [
    "dist",
    "dot",
    "fsum",
    "hypot",
    "log",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "prod",
    "relu",
    "softmax_cross_entropy",
    "sum",
]


def _on_numbers(rule: Any, operands: tuple[Any, ...]) -> Any:
    """A row on plain numbers: a float, unless complex numbers or Fractions came.

    It is computed with floats as well, as on Values: a power of large ints would not
    end, and NumPy's own types would wrap around or round to their own precision.
    """
    exact = True
    for x in operands:
        if isinstance(x, (int, float)):
            continue
        if isinstance(x, Number):
            exact = exact and not isinstance(x, complex) and hasattr(x, "__float__")
            exact = exact and not hasattr(x, "limit_denominator")
        elif not ((numpy := sys.modules.get("numpy")) and isinstance(x, numpy.bool_)):
            raise TypeError(
                f"{rule.name}: operand must be a Value or a number, "
                f"got {type(x).__name__}"
            )
    return float(rule.value(*map(float, operands))) if exact else rule.value(*operands)


def _function(rule: Rule) -> Callable[..., Any]:
    """The function of a row of fixed arity, with its documentation."""
    count, name, complete = len(rule.partials), rule.name, completion(rule)

    def function(*operands: Any, **named: Any) -> Any:
        if named or len(operands) != count:
            operands = complete(operands, named)
        answer = apply(name, operands)
        return _on_numbers(rule, operands) if answer is NotImplemented else answer

    function.__name__ = function.__qualname__ = name
    function.__module__ = "autograd"
    function.__doc__ = documentation(rule)
    vars(function)["__signature__"] = signature(rule)
    return function


def documentation(rule: Rule) -> str:
    """The docstring of a row's function, from what the row says of itself."""
    shown = [
        f"{p}={d:g}" if d is not None else p
        for p, d in zip(
            rule.parameters,
            [None] * (len(rule.parameters) - len(rule.defaults)) + list(rule.defaults),
        )
    ]
    domain = rule.domain or ("ℝ",) * len(rule.parameters)
    lines = [f"{rule.name}({', '.join(shown)}): {rule.doc}.", "", "Args:"]
    lines += [
        f"    {p}: a Value or a number, in {d}."
        for p, d in zip(rule.parameters, domain)
    ]
    lines += ["", "Returns:", "    A Value if an operand is one, else a float."]
    if rule.units:
        lines += [
            f"    It is right within {rule.units} ε (|f| + Σ |x ∂f/∂x|), ε = 2^-53."
        ]
    if rule.kink is not None:
        lines += [
            f"    It has a kink where {rule.kink.text}; the row says its slope there."
        ]
    lines += [
        "",
        "Raises:",
        "    TypeError: an operand is neither a Value nor a number.",
        "    ValueError, ZeroDivisionError, OverflowError: as the same code on floats.",
    ]
    return "\n".join(lines)


def _reduce(name: str, operands: tuple[Any, ...]) -> Any:
    answer = apply(name, operands)
    return _on_numbers(RULES[name], operands) if answer is NotImplemented else answer


def sum(values: Iterable[Any], start: Any = 0) -> Any:
    """The sum of numbers and Values as one node, added left to right.

    Args:
        values: any number of Values or numbers.
        start: what the sum begins with.

    Returns:
        A Value if one of them is, else a float.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> total = sum([x, 3.0, x])
    >>> total.data, len(total.operands)
    (7.0, 3)
    """
    operands = tuple(values)
    if not (start.__class__ is int and start == 0):
        operands = (start, *operands)
    return _reduce("sum", operands) if operands else 0.0


def mean(values: Iterable[Any]) -> Any:
    """The arithmetic mean of numbers and Values as one node.

    Args:
        values: at least one Value or number.

    Raises:
        ValueError: there is none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    operands = tuple(values)
    if not operands:
        raise ValueError("mean: values must not be empty")
    return _reduce("mean", operands)


def dot(ws: Iterable[Any], xs: Iterable[Any], start: Any = None) -> Any:
    """start + Σ w x as one node: a neuron's pre-activation.

    The products are added left to right, so the bits are those of the loop
    ``for w, x in zip(ws, xs): start = start + w * x``. The operands are
    ``(*ws, *xs, start)``, the partials the row ``(*xs, *ws, 1)``.

    Args:
        ws, xs: Values or numbers, as many of the one as of the other.
        start: a Value or a number, the neuron's bias.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ; the message has both.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
    11.5
    """
    ws, xs = tuple(ws), tuple(xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot: ws has {len(ws)} entries, xs has {len(xs)}")
    operands = (*ws, *xs) if start is None else (*ws, *xs, start)
    return _reduce("dot", operands) if operands else 0.0


def prod(values: Iterable[Any], *, start: Any = 1) -> Any:
    """The product of numbers and Values, multiplied left to right.

    It is a node of its own even if it has but one factor.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    product, multiplied = start, False
    for x in values:
        multiplied = not (product.__class__ is int and product == 1)
        product = product * x if multiplied else x
    whole = multiplied and hasattr(product, "_apply")
    return product if whole else _reduce("pos", (product,))


def fsum(values: Iterable[Any]) -> Any:
    """The sum of numbers and Values with a single rounding, as ``math.fsum``.

    >>> fsum([1e100, 1.0, -1e100])
    1.0
    """
    operands = tuple(values)
    return _reduce("fsum", operands) if operands else 0.0


def hypot(*xs: Any) -> Any:
    """√(Σ x²), the length of a vector, as ``math.hypot``.

    At 0, where it has no derivative, its partials are 0 / 0 = nan.

    >>> hypot(3.0, 4.0)
    5.0
    """
    return _reduce("hypot", xs) if xs else 0.0


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The Euclidean distance between two points, as ``math.dist``.

    Where the points meet, it has no derivative, and its partials are 0 / 0 = nan.

    Raises:
        ValueError: the points have different dimensions.

    >>> dist([0.0, 0.0], [3.0, 4.0])
    5.0
    """
    p, q = tuple(p), tuple(q)
    if len(p) != len(q):
        raise ValueError(f"dist: p has {len(p)} coordinates, q has {len(q)}")
    return _reduce("dist", (*p, *q)) if p else 0.0


def logsumexp(*values: Any | Iterable[Any]) -> Any:
    """log Σ e^x without overflow; its partials are the softmax.

    It and its derivatives are right within 8 ε (|f| + Σ |x ∂f/∂x|), ε = 2^-53; third
    ones, with their factors 1 − 2p, within ε more.

    Args:
        values: Values or numbers, or one iterable of them.

    Raises:
        ValueError: there are no values.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    operands = values
    if len(values) == 1 and isinstance(values[0], Iterable):
        operands = tuple(values[0])
    if not operands:
        raise ValueError("logsumexp: values must not be empty")
    return _reduce("logsumexp", operands)


def softmax_cross_entropy(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """Σ y (log Σ e^x - x) of logits and labels, as one node: -Σ y log softmax(xs).

    The operands are ``(*xs, *ys)``. The partials by xs are the softmax minus ys, if
    these sum to 1. A label of 0 leaves its term out, even where its logit is -inf.
    It is right within the bounds of :func:`logsumexp`, as are its derivatives.

    Args:
        xs: Values or numbers, one for each class, of which differences alone count.
        ys: as many labels: probabilities, or 1 for the class and 0 for all others.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: there are none, or the lengths differ; the message has both.

    >>> softmax_cross_entropy([1e16, 1e16], [0.0, 1.0]) == log(2.0)
    True
    """
    xs, ys = tuple(xs), tuple(ys)
    if len(xs) != len(ys):
        raise ValueError(
            f"softmax_cross_entropy: xs has {len(xs)} entries, ys has {len(ys)}"
        )
    if not xs:
        raise ValueError("softmax_cross_entropy: xs must not be empty")
    return _reduce("softmax_cross_entropy", (*xs, *ys))


def softmax(xs: Iterable[Any]) -> list[Any]:
    """e^x / Σ e^x for each x, without overflow.

    Args:
        xs: Values or numbers, of which differences alone count.

    Raises:
        ValueError: there are none.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    xs = list(xs)
    if not xs:
        raise ValueError("softmax: xs must not be empty")
    largest = reduce(maximum, xs)
    if hasattr(largest, "detach"):  # what is the same for all changes no slope
        largest = largest.detach()
    powers = [_reduce("exp", (x - largest,)) for x in xs]
    total = sum(powers)
    return [x / total for x in powers]


def maximum(*values: Any) -> Any:
    """The largest of numbers and Values; at a tie the first, as Python's ``max``.

    Args:
        values: two or more Values or numbers.

    Raises:
        TypeError: there are fewer than two.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """
    return _chosen("maximum", values)


def minimum(*values: Any) -> Any:
    """The smallest of numbers and Values; at a tie the first, as Python's ``min``.

    Args:
        values: two or more Values or numbers.

    Raises:
        TypeError: there are fewer than two.

    >>> minimum(2.0, 1.0, 3.0)
    1.0
    """
    return _chosen("minimum", values)


def _chosen(name: str, values: tuple[Any, ...]) -> Any:
    if len(values) < 2:
        raise TypeError(f"{name}() takes two or more values, got {len(values)}")
    return reduce(lambda x, y: _reduce(name, (x, y)), values)


def relu(x: Any, at_zero: float = 0.0) -> Any:
    """x if positive, else 0.

    Args:
        x: a Value or a number.
        at_zero: the slope at exactly 0, where there is no derivative: the lecture
            takes 1, everybody else 0.

    >>> relu(-2.0), relu(3.0)
    (0.0, 3.0)
    """
    name = "relu" if at_zero.__class__ is float and at_zero == 0.0 else "relu_at"
    return _reduce(name, (x,) if name == "relu" else (x, at_zero))


def log(x: Any, base: Any = None) -> Any:
    """Natural logarithm, or the logarithm to a base as ``log(x) / log(base)``.

    >>> log(1.0), log(8.0, 2.0)
    (0.0, 3.0)
    """
    if base is None:
        return _reduce("log", (x,))
    return _reduce("log", (x,)) / _reduce("log", (base,))


def fabs(x: Any) -> Any:
    """The absolute value, as ``math.fabs``.

    >>> fabs(-3)
    3.0
    """
    return _reduce("abs", (x,))


def _public() -> dict[str, Callable[..., Any]]:
    """The functions of all rows by name, written out or made from the table."""
    written = {name: globals()[name] for name in [*__all__, "fabs"]}
    made = {
        name: _function(rule)
        for name, rule in RULES.items()
        if isinstance(rule, Rule)
        and name not in written
        and name not in {*BINARY, "neg", "pos"} - {"pow"}
    }
    functions = {**made, **written}
    for alias, name in ALIASES.items():
        functions.setdefault(alias, functions[name])
    return functions


FUNCTIONS = _public()
"""Every public function by its name."""
