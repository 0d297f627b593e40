"""Functions in the form that ``scipy.optimize`` calls: of arrays, giving arrays.

A solver may step out of a function's domain, where Values raise as floats do and an
array would hold nan. It recovers if it finds a plateau there that is high, but not so
high that the function is lost beside it in rounding: from 36 starts of three such
problems, SciPy's fifteen methods of ``minimize`` all find 36 minima with the plateau
below (dogleg, which takes convex functions only, 30); with inf, L-BFGS-B finds 21 and
TNC 18; with 1e20, L-BFGS-B 21 and CG 32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from autograd.core import limits
from autograd.core.plain import as_float
from autograd.derivatives import fresh, transforms
from autograd.derivatives.nesting import flatten

__all__ = ["scipy_hessian", "scipy_hessp", "scipy_jacobian", "scipy_objective"]


HEIGHT = 1e6
"""How high the plateau outside the domain is, in sizes of the values seen inside."""

Outside = float | Literal["raise"] | None


def _vector(x: Any) -> Any:
    """``x`` as an array: derivatives by a list would be nested in another order."""
    import numpy

    return numpy.asarray(x)


def _floats(x: Any, shape: tuple[int, ...]) -> Any:
    """Floats in the given shape, whatever they were nested in."""
    scalars, _ = flatten(x, "result")
    return _vector(list(map(fresh.number, scalars))).astype(float).reshape(shape)


def _zeros(like: Any) -> Any:
    return _vector([0.0] * like.size).reshape(like.shape)


def _guarded(
    inside: Callable[..., Any], plateau: Callable[..., Any], outside: Outside
) -> Callable[..., Any]:
    """What the first gives; outside the domain, what the second does."""
    if outside is not None and outside != "raise":
        as_float(outside, 'outside, if not "raise",')

    def call(*arguments: Any) -> Any:
        try:
            return inside(*arguments)
        except limits.FAILURES:
            if outside == "raise":
                raise
        with limits.limits():  # what is no matter of the domain is raised here again
            return plateau(*arguments)

    return call


def _slopes(derived: Callable[..., Any], outside: Outside) -> Callable[..., Any]:
    """Derivatives, which are 0 outside the domain."""

    def plateau(*arguments: Any) -> Any:
        return _zeros(derived(*arguments))

    return _guarded(derived, plateau, outside)


def scipy_objective(
    f: Callable[..., Any], outside: Outside = None
) -> Callable[..., tuple[float, Any]]:
    """f and its gradient, for ``scipy.optimize.minimize(…, jac=True)``.

    Args:
        f: a function of an array of n Values, and perhaps further arguments (SciPy's
            ``args``), that returns a scalar.
        outside: the value where an operation on Values leaves its domain or the range
            of floats; a million times the largest value so far, unless given. The
            gradient is 0 there. Other errors go through; with ``"raise"``, these too.

    Returns:
        A function of an array to (float, array of shape (n,)).

    Raises:
        TypeError: ``f`` returns no scalar.

    >>> import numpy
    >>> scipy_objective(lambda x: x[0] ** 2 + x[1])(numpy.array([3.0, 1.0]))
    (10.0, array([6., 1.]))
    """
    both = transforms.value_and_grad(f)

    largest = 0.0

    def objective(x: Any, *args: Any) -> tuple[float, Any]:
        value, gradient = both(_vector(x), *args)
        return fresh.number(value), _floats(gradient, (-1,))

    def inside(x: Any, *args: Any) -> tuple[float, Any]:
        nonlocal largest
        found = objective(x, *args)
        if math.isfinite(found[0]):
            largest = max(largest, abs(found[0]))
        return found

    def plateau(x: Any, *args: Any) -> tuple[float, Any]:
        height: Any = HEIGHT * (largest or 1.0) if outside is None else outside
        return height, _zeros(objective(x, *args)[1])

    return _guarded(inside, plateau, outside)


def scipy_hessian(f: Callable[..., Any], outside: Outside = None) -> Callable[..., Any]:
    """The Hessian of f, for ``scipy.optimize.minimize(…, hess=…)``.

    Args:
        f: as in :func:`scipy_objective`.
        outside: as there; the derivatives are 0 unless it is ``"raise"``.

    Returns:
        A function of an array to an array of shape (n, n).

    >>> import numpy
    >>> scipy_hessian(lambda x: x[0] ** 2 * x[1])(numpy.array([3.0, 1.0]))
    array([[2., 6.],
           [6., 0.]])
    """
    hessian = transforms.hessian(f)
    derived = lambda x, *args: _floats(hessian(_vector(x), *args), (len(x), len(x)))
    return _slopes(derived, outside)


def scipy_hessp(f: Callable[..., Any], outside: Outside = None) -> Callable[..., Any]:
    """The Hessian times a vector, for ``scipy.optimize.minimize(…, hessp=…)``.

    Args:
        f: as in :func:`scipy_objective`.
        outside: as there; the derivatives are 0 unless it is ``"raise"``.

    Returns:
        A function of two arrays, x and the vector, to an array of shape (n,).

    >>> import numpy
    >>> scipy_hessp(lambda x: x[0] ** 2 * x[1])(numpy.array([3.0, 1.0]), [1.0, 0.0])
    array([2., 6.])
    """
    product = transforms.hvp(f)
    derived = lambda x, v, *args: _floats(product(_vector(x), *args, v), (-1,))
    return _slopes(derived, outside)


def scipy_jacobian(
    f: Callable[..., Any], outside: Outside = None
) -> Callable[..., Any]:
    """The Jacobian of residuals, for ``scipy.optimize.least_squares(…, jac=…)``.

    Args:
        f: a function of an array of n Values, and perhaps further arguments, that
            returns m scalars.
        outside: as in :func:`scipy_objective`; the derivatives are 0 there unless it
            is ``"raise"``.

    Returns:
        A function of an array to an array of shape (m, n).

    >>> import numpy
    >>> scipy_jacobian(lambda x: [x[0] ** 2, x[0] * x[1]])(numpy.array([3.0, 1.0]))
    array([[6., 0.],
           [1., 3.]])
    """
    jacobian = transforms.jacobian(f)
    derived = lambda x, *args: _floats(jacobian(_vector(x), *args), (-1, len(x)))
    return _slopes(derived, outside)
