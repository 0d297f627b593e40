"""Truncated power series: derivatives of any order at polynomial cost.

A series is one more number type for the table. If z is computed by a row from
x_1 … x_m, then z' = Σ p_i(x, z) x_i', and comparing the powers of t gives

    k z_k = Σ_i Σ_{j=1..k} j x_{i,j} p_{i,k-j},

each coefficient from those before it. The p_i are the row's own partials, evaluated
on series. Only the field operations are written out, since they are what p_i and
this recurrence themselves are made of. Coefficients are computed when they are asked
for; a result that is part of its own partial, as in exp, is thereby well defined.

Griewank and Walther, Evaluating Derivatives (2008), chapter 13.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NoReturn

from autograd.core import limits, recording
from autograd.core.graph import Node
from autograd.core.plain import is_number, is_value
from autograd.derivatives.fresh import call, derived, number, scalar
from autograd.derivatives.sweeps import dependents, rerun, value_of, with_recording
from autograd.table.custom import advice
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import apply
from autograd.table.rules import RULES, Reduction

__all__ = ["Series", "derivative", "taylor"]

ZERO = 0
"""A coefficient that is zero by structure: times anything, inf too, it is zero."""

LARGEST_ORDER = 170
"""Of a derivative: 171! is no float, and 1/171! has lost digits."""


class Series(Comparisons, Operations):
    """A power series Σ c_k t^k whose coefficients are floats or Values.

    Args:
        coefficients: those known at the start, at least c_0.
        extend: gives coefficient k from the earlier ones; without it, all further
            ones are zero.
    """

    __slots__ = ("_coefficients", "_extend")

    def __init__(
        self, coefficients: list[Any], extend: Callable[[int], Any] | None = None
    ) -> None:
        self._coefficients = coefficients
        self._extend = extend

    def __repr__(self) -> str:
        return f"Series({self._coefficients!r})"

    def __getitem__(self, k: int) -> Any:
        known = self._coefficients
        while len(known) <= k:
            known.append(ZERO if self._extend is None else self._extend(len(known)))
        return known[k]

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        field = _FIELD.get(name)
        if field is not None:
            return field(*map(_series, operands))
        return applied(name, operands, _value(name, [_first(x) for x in operands]))

    def __bool__(self) -> bool:
        return bool(self[0])

    def __float__(self) -> NoReturn:
        raise TypeError(
            "a power series is no float: write a row with the functions of autograd, "
            "autograd.exp(x) for math.exp(x) and so on"
        )

    def _compare(self, compare: Any, other: Any) -> bool:
        return bool(compare(self[0], _first(other)))


def applied(name: str, operands: Sequence[Any], primal: Any) -> Series:
    """The series of a row's result, whose coefficient 0 is known."""
    terms: list[tuple[Series, Series]] = []

    def extend(k: int) -> Any:
        if k == 1:
            rule, row = RULES[name], None
            if isinstance(rule, Reduction) and rule.together:
                row = rule.row(operands, z)
            for i, x in enumerate(operands):
                if isinstance(x, Series):
                    partial = row[i] if row else _partial(name, i, operands, z)
                    if not (rule.choice and _first(partial) == 0):
                        terms.append((x, _series(partial)))
        total: Any = ZERO
        for x, partial in terms:
            for j in range(1, k + 1):
                if x[j] is not ZERO:
                    total = _add(total, _multiply(_multiply(j, x[j]), partial[k - j]))
        return total if total is ZERO else total / k

    z = Series([primal], extend)
    return z


def _partial(name: str, i: int, operands: Sequence[Any], z: Series) -> Any:
    """A row's partial, at singular points of its constants the limit."""
    rule = RULES[name]
    try:
        return rule.partial(i, operands, z)
    except limits.FAILURES:  # of constants alone, which as series take their limits
        return rule.partial(i, list(map(_series, operands)), z)
    except (TypeError, AttributeError) as error:
        raise advice(rule, i, error) from error


def _series(x: Any) -> Series:
    if isinstance(x, Series):
        return x
    return Series([float(x) if is_number(x) else x])


def _first(x: Any) -> Any:
    return x[0] if isinstance(x, Series) else x


def _value(name: str, operands: list[Any]) -> Any:
    """A row's value on coefficients: floats or Values, at singular points the limit."""
    answer = apply(name, tuple(operands))
    if answer is not NotImplemented:
        return answer
    return limits.number(RULES[name].value, *operands)


def _add(x: Any, y: Any) -> Any:
    return y if x is ZERO else x if y is ZERO else x + y


def _multiply(x: Any, y: Any) -> Any:
    if x is ZERO or y is ZERO:
        return ZERO
    if x.__class__ is int and x == 1:
        return y
    return x * y


def _sum(x: Series, y: Series) -> Series:
    return Series([], lambda k: _add(x[k], y[k]))


def _negative(x: Series) -> Series:
    return Series([], lambda k: x[k] if x[k] is ZERO else -x[k])


def _product(x: Series, y: Series) -> Series:
    def extend(k: int) -> Any:
        total: Any = ZERO
        for j in range(k + 1):
            total = _add(total, _multiply(x[j], y[k - j]))
        return total

    return Series([], extend)


def _quotient(x: Series, y: Series) -> Series:
    """z y = x, coefficient by coefficient."""

    def extend(k: int) -> Any:
        rest = x[k]
        for j in range(1, k + 1):
            taken = _multiply(y[j], z[k - j])
            rest = rest if taken is ZERO else _add(rest, -taken)
        return rest if rest is ZERO else _value("truediv", [rest, y[0]])

    z = Series([], extend)
    return z


_FIELD: dict[str, Callable[..., Series]] = {
    "add": _sum,
    "sub": lambda x, y: _sum(x, _negative(y)),
    "mul": _product,
    "truediv": _quotient,
    "neg": _negative,
    "pos": lambda x: x,
    "where": lambda condition, x, y: x if condition else y,
}


def carried(name: str, operands: Sequence[Any], primal: Any, n: int) -> Series:
    """The series of what a row computed, up to order n, since nothing may wait for its
    operands."""
    operands = [x if x.__class__ is float else _series(x) for x in operands]
    field = _FIELD.get(name)
    if field is None:
        z = applied(name, operands, primal)
    else:
        z = Series([primal], field(*map(_series, operands)).__getitem__)
    z[n]
    return z


def propagate(
    output: Node, inputs: dict[Node, Series], constant: Callable[[Any], Any], n: int
) -> Series | None:
    """The series of a recorded node, given those of the inputs.

    Args:
        output: a Value.
        inputs: the series of the inputs. Changed: it gets those of all nodes between.
        constant: what stands for a node that does not depend on the inputs.
        n: the order up to which coefficients are computed.

    Returns:
        The output's series, or None if it does not depend on the inputs.
    """
    for node in dependents([output], list(inputs)):
        if node.op == "checkpoint":
            inner, ends = rerun(node)
            known = {
                end: inputs[x]
                for end, x in zip(ends, node.operands[len(ends) :])
                if x.__class__ is not float and x in inputs
            }
            series = propagate(inner, known, constant, n)
            # Not ``or``: a series that starts with 0 is false.
            inputs[node] = _series(constant(node)) if series is None else series
            continue
        operands = [
            x if x.__class__ is float else inputs[x] if x in inputs else constant(x)
            for x in node.operands
        ]
        inputs[node] = carried(node.op, operands, constant(node), n)
    return inputs.get(output)


def taylor(f: Callable[[Any], Any], n: int) -> Callable[[Any], list[Any]]:
    """The Taylor coefficients f(x), f'(x), f''(x)/2!, …, f⁽ⁿ⁾(x)/n! of a function.

    All of them at once, at a cost that grows as a polynomial in n.

    Args:
        f: a function of one scalar that returns a scalar.
        n: the highest order, at least 0.

    Returns:
        A function of a number or a Value to the list of the n + 1 coefficients:
        floats for a number; Values, which can be differentiated again, if ``x`` is
        one or ``f`` closes over one.

    Raises:
        TypeError: ``n`` is no int, ``x`` no scalar, or ``f`` returns no scalar.
        ValueError: ``n`` is negative.

    >>> from autograd import exp
    >>> taylor(exp, 3)(0.0)[2:] == [1 / 2, 1 / 6]
    True
    """
    return derived(_taylor, "taylor", f, _checked("taylor", n))


def _checked(name: str, n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{name}: n must be an int, got {type(n).__name__}")
    if n < 0:
        raise ValueError(f"{name}: n must be at least 0, got {n}")
    return n


def _taylor(f: Callable[[Any], Any], n: int, /, x: Any) -> list[Any]:
    found, shift = _coefficients(f, "taylor", n, x)
    if not shift:
        return found
    return [_scaled(c, 1.0, -shift * k) for k, c in enumerate(found)]


@with_recording
def _coefficients(
    f: Callable[[Any], Any], name: str, n: int, x: Any
) -> tuple[list[Any], int]:
    """The coefficients of f(x + 2^shift t), and the shift: 0 unless floats end there.

    A power of two stretches t without changing a digit; so what one coefficient after
    the other leaves the range of floats with, another scale keeps within it.
    """
    if not (is_value(x) or is_number(x)):
        raise TypeError(
            f"{name}: x must be a scalar, a Value or a real number, "
            f"got {type(x).__name__}"
        )
    recorded = call(name, f, (x,), {}, 0)
    output = scalar(name, recorded.output)
    floats = recorded.floats([output])
    constant: Any = number if floats else lambda v: v
    make: Any = float if floats else lambda c: value_of(float(c) if c is ZERO else c)
    (start,) = recorded.inputs

    def coefficients(shift: int) -> list[Any]:
        series = None
        if is_value(output):
            recorder = recording.here.recorder
            derives = nullcontext() if recorder is None else recorder.deriving(output)
            with limits.limits(), derives:
                first = Series([constant(start), math.ldexp(1.0, shift)])
                if recorder is not None and recorder.leaves_the_graph:
                    series = recorder.propagate(output, start, first, n)
                else:
                    series = propagate(output, {start: first}, constant, n)
        if series is None:
            return [make(constant(output)), *(make(0.0) for _ in range(n))]
        return [make(series[k]) for k in range(n + 1)]

    found = coefficients(0)
    shift = _shift(found) if floats else 0
    if shift:
        stretched = coefficients(shift)
        if math.isfinite(stretched[n]):
            return stretched, shift
    return found, 0


def _shift(coefficients: list[float]) -> int:
    """What keeps the last coefficient a normal float, if it is none yet."""
    kept = [
        (k, math.log2(abs(c)))
        for k, c in enumerate(coefficients)
        if sys.float_info.min <= abs(c) < math.inf
    ]
    if len(kept) < 2 or kept[-1][0] == len(coefficients) - 1:
        return 0
    (i, first), *_, (j, last) = kept
    shift = max(-1000, min(1000, round((first - last) / (j - i))))
    small = abs(coefficients[-1]) < 1.0
    return shift if (shift > 0) is small else 0


def _scaled(x: Any, y: float, shift: int) -> Any:
    """x y 2^shift, though x y may be no float; of Values only x y."""
    if not shift:
        return x * y
    (a, i), (b, j) = math.frexp(x), math.frexp(y)
    try:
        return math.ldexp(a * b, i + j + shift)
    except OverflowError:
        return math.copysign(math.inf, a * b)


def derivative(f: Callable[[Any], Any], n: int = 1) -> Callable[[Any], Any]:
    """The n-th derivative of a function of one scalar.

    It is n! times the coefficient n of the Taylor series, at a cost that grows as a
    polynomial in n, where nested gradients grow exponentially.

    Args:
        f: a function of one scalar that returns a scalar.
        n: the order; 0 gives ``f`` itself.

    Returns:
        A function of a number or a Value, like f: a float for a number; a Value,
        which can be differentiated again, if ``x`` is one or ``f`` closes over one.

    Raises:
        TypeError: ``n`` is no int, ``x`` no scalar, or ``f`` returns no scalar.
        ValueError: ``n`` is negative, or so large that n! is no float.

    >>> derivative(lambda x: x**5, 3)(2.0)
    240.0
    """
    if _checked("derivative", n) > LARGEST_ORDER:
        raise ValueError(f"derivative: n must be at most {LARGEST_ORDER}, got {n}")
    return derived(_derivative, "derivative", f, n)


def _derivative(f: Callable[[Any], Any], n: int, /, x: Any) -> Any:
    found, shift = _coefficients(f, "derivative", n, x)
    return _scaled(found[n], float(math.factorial(n)), -shift * n)
