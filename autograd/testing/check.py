"""Checks of derivatives, and random operands and expressions to check them on.

The truth about a first derivative comes from the value of the function alone: by the
complex step, which has no cancellation (Squire and Trapp, SIAM Review 40, 1998), or,
where a function has no complex values here, by central differences extrapolated to
step 0 with an estimate of the error (Ridders, Advances in Engineering Software 4,
1982). The truth about a higher one comes in the same way from the values of the one
below. Strategies for Hypothesis, which they alone import, draw the rest.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.core import choice, graph
from autograd.derivatives import transforms
from autograd.derivatives.nesting import Build, flatten, is_value
from autograd.table.number import Comparisons, Operations
from autograd.table.rules import RULES

if TYPE_CHECKING:
    pass

__all__ = ["GradientError", "check_gradients"]

STEP = 1e-100
"""The complex step; its square is 0 beside any number."""

SMALLEST = 1e-150
"""Smaller derivatives are not told apart: the step leaves a third derivative times its
square, and a still smaller one times the step is no float."""

ROUNDING = 1e-13
"""What rounding may leave of terms that cancel, relative to them."""

POOREST = 1e-3
"""The most that is allowed for the error of a numerical derivative, relative to these
terms or 1: by a worse one nothing is checked, so that it had better be told."""


class GradientError(AssertionError):
    """A derivative differs from the numerical one."""


class Complex(Comparisons, Operations):
    """A complex number that compares and branches by its real part."""

    __slots__ = ("number",)

    def __init__(self, number: complex) -> None:
        self.number = number

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            return x if condition else y
        exact = _COMPLEX.get(name)
        if exact is None:
            if name in _REAL:
                raise TypeError(f"{name} has no complex value here")
            return RULES[name].value(*operands)
        return Complex(exact(*map(_number, operands)))

    def __bool__(self) -> bool:
        return bool(self.number.real)

    def _compare(self, compare: Any, other: Any) -> bool:
        return bool(compare(self.number.real, _number(other).real))


def _number(x: Any) -> complex:
    if is_value(x):  # a Value that f closes over
        x = x.data
    return x.number if isinstance(x, Complex) else complex(x)


def _whole(function: Callable[[float], float]) -> Callable[[complex], complex]:
    return lambda x: complex(function(x.real))


_COMPLEX: dict[str, Callable[..., complex]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "truediv": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pos": lambda x: x,
    "abs": lambda x: -x if x.real < 0 else x,
    "pow": lambda x, y: x ** (int(y.real) if y == int(y.real) else y),
    "expm1": lambda x: complex(math.expm1(x.real), math.exp(x.real) * math.sin(x.imag)),
    "log1p": lambda x: complex(math.log1p(x.real), cmath.phase(1 + x)),
    "exp2": lambda x: cmath.exp(x * math.log(2)),
    "log2": lambda x: cmath.log(x) / math.log(2),
    **{
        name: getattr(cmath, name)
        for name in (
            *("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos"),
            *("atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        )
    },
    **{name: _whole(getattr(math, name)) for name in ("floor", "ceil", "trunc")},
}

_REAL = frozenset(
    (
        *("erf", "erfc", "cbrt", "atan2", "hypot", "dist", "fsum", "fma"),
        *("fmod", "remainder", "mod", "floordiv", "copysign"),
    )
)
"""Rows whose value only floats have."""


class Estimate(NamedTuple):
    """A numerical derivative, its error, and how it was found."""

    number: float
    error: float
    method: str


def _complex_step(f: Callable[..., Any], xs: list[float], i: int) -> Estimate | None:
    """Im f(x + ih) / h, or None where f has no complex values."""
    stepped: list[Any] = [Complex(complex(x)) for x in xs]
    stepped[i] = Complex(complex(xs[i], STEP))
    try:
        z = _number(f(stepped))
    except (
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        NotImplementedError,
    ):
        return None
    slope = z.imag / STEP
    return Estimate(slope, 0.0, "complex step") if math.isfinite(slope) else None


def _differences(
    f: Callable[[list[float]], float], xs: list[float], i: int
) -> Estimate:
    """Central differences, extrapolated to step 0 by Ridders' method."""

    def slope(h: float) -> tuple[float, float]:
        """The difference quotient, and what rounding may have done to it."""
        left, right = list(xs), list(xs)
        left[i], right[i] = xs[i] - h, xs[i] + h
        try:
            above, below = f(right), f(left)
            return (above - below) / (right[i] - left[i]), 2 * math.ulp(above) / h
        except (ValueError, ArithmeticError):
            return math.nan, math.inf

    best = Estimate(math.nan, math.inf, "central differences")
    shrink = 1.6
    size = abs(xs[i])
    # Smaller starts where the first leaves the domain.
    for h in (0.1 * max(size, 1.0), 0.1 * size or 1e-3, 1e-3 * size or 1e-6):
        rows: list[list[float]] = []
        for k in range(12):
            step = h / shrink**k
            quotient, rounding = slope(step)
            row = [quotient]
            for m in range(1, k + 1):
                power = shrink ** (2 * m)
                row.append((row[m - 1] * power - rows[-1][m - 1]) / (power - 1))
                error = max(abs(row[m] - row[m - 1]), abs(row[m] - rows[-1][m - 1]))
                error += rounding
                if error < best.error:
                    best = Estimate(row[m], error, best.method)
            rows.append(row)
        if best.error <= 1e-6 * abs(best.number):
            break
    return best


@dataclass
class _Scalars:
    """A function of nested arguments as one of a flat list."""

    f: Callable[..., Any]
    build: Build

    def __call__(self, xs: Sequence[Any]) -> Any:
        return self.f(*self.build(xs))

    def number(self, xs: Sequence[float]) -> float:
        """The value at plain numbers, through Values, whose methods f may call."""
        return float(transforms.number(transforms.value_and_grad(self)(list(xs))[0]))


def check_gradients(
    f: Callable[..., Any], *x: Any, order: int = 2, tolerance: float = 1e-6
) -> None:
    """Compare the derivatives of f with numerical ones, order by order.

    Each derivative of order k is compared with the numerical slope of the one of
    order k - 1: by the complex step at order 1 where f has complex values, otherwise
    by central differences whose estimated error is allowed for.

    Args:
        f: a function that returns a scalar, of scalars, arrays, or nested lists,
            tuples and dicts of them.
        x: the arguments: plain numbers. Choose a point away from kinks.
        order: up to which order to check.
        tolerance: the relative difference that is allowed.

    Raises:
        GradientError: a derivative differs; the message names the worst input, both
            numbers and the tolerance.
        TypeError, ValueError: as :func:`autograd.grad`; or ``order`` is below 1.

    >>> from autograd import sin
    >>> check_gradients(lambda x, y: x * sin(y), 2.0, 3.0)
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"check_gradients: order must be at least 1, got {order!r}")
    if not tolerance > 0:
        raise ValueError(
            f"check_gradients: tolerance must be positive, got {tolerance}"
        )
    scalars, build = flatten(x, "check_gradients: x")
    if not all(isinstance(s, (int, float)) or hasattr(s, "dtype") for s in scalars):
        raise TypeError("check_gradients: x must be plain numbers, not Values")
    if not scalars:
        raise ValueError("check_gradients: x must have at least one number, got none")
    xs = [float(s) for s in scalars]
    names = _names(x)
    flat = _Scalars(f, build)
    # Entries to differentiate, by their inputs so far: f itself, then its gradient…
    entries: dict[tuple[int, ...], Callable[..., Any]] = {(): flat}
    for k in range(1, order + 1):
        worst: tuple[float, str] = (0.0, "")
        following: dict[tuple[int, ...], Callable[..., Any]] = {}
        for key, entry in entries.items():
            gradient = transforms.grad(entry)
            exact = [transforms.number(g) for g in gradient(xs)]
            finite = filter(math.isfinite, map(abs, exact))
            scale = max((_size(entry, xs), *finite))
            for i in range(len(xs)):
                number = _Scalars(lambda *ys, e=entry: e(list(ys)), tuple).number
                found = _complex_step(flat, xs, i) if k == 1 else None
                if found is None:
                    found = _differences(number, xs, i)
                worst = max(
                    worst,
                    _judge(exact[i], found, (*key, i), names, xs, tolerance, scale),
                )
                if not key or i <= key[-1]:  # mixed derivatives, each once
                    following.update({(*key, i): _entry(gradient, i)})
        if worst[0]:
            raise GradientError(worst[1])
        entries = following


def _size(f: Callable[..., Any], xs: list[float]) -> float:
    """How large the terms of f are: Σ |adjoint · data|, without what is not finite."""
    output = f([choice.Value(x) for x in xs])
    if not is_value(output):
        return 0.0
    order = graph.topological_order(output)
    adjoints = graph.reverse_sweep(order, {output: 1.0}, lambda x, i: x.partials[i])
    terms = (abs(adjoint * node.data) for node, adjoint in adjoints.items())
    return math.fsum(filter(math.isfinite, terms))


def _entry(gradient: Callable[..., Any], i: int) -> Callable[..., Any]:
    return lambda xs: gradient(xs)[i]


def _judge(
    exact: float,
    found: Estimate,
    key: tuple[int, ...],
    names: list[str],
    xs: list[float],
    tolerance: float,
    scale: float,
) -> tuple[float, str]:
    """How much a derivative is off, in allowed differences, and the message; or 0."""
    allowed = tolerance * abs(found.number) + ROUNDING * scale + SMALLEST
    allowed += min(10 * found.error, POOREST * max(1.0, scale))
    off = abs(exact - found.number)
    if exact == found.number or off <= allowed:
        return 0.0, ""
    by = ", ".join(names[i] for i in key)
    message = (
        f"derivative of order {len(key)} by {by}, at {names[key[-1]]} = "
        f"{xs[key[-1]]!r}: automatic {exact!r}, numerical {found.number!r} "
        f"({found.method}, estimated error {found.error:.1e}); they differ by "
        f"{off:.1e}, the tolerance is {allowed:.1e}"
    )
    excess = off / allowed
    return (excess if excess == excess and excess > 0 else math.inf), message


def _names(x: Any, name: str = "x") -> list[str]:
    """Where each scalar of a nested argument stands."""
    if isinstance(x, dict):
        return [n for key, y in x.items() for n in _names(y, f"{name}[{key!r}]")]
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple, range)):
        return [n for i, y in enumerate(x) for n in _names(y, f"{name}[{i}]")]
    return [name]
