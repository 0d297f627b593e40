"""Functions in the form that ``scipy.optimize`` calls: of arrays, giving arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.derivatives import transforms
from autograd.derivatives.nesting import flatten

__all__ = ["scipy_hessian", "scipy_hessp", "scipy_jacobian", "scipy_objective"]


def _vector(x: Any) -> Any:
    """``x`` as an array: derivatives by a list would be nested in another order."""
    import numpy

    return numpy.asarray(x)


def _floats(x: Any, shape: tuple[int, ...]) -> Any:
    """Floats in the given shape, whatever they were nested in."""
    scalars, _ = flatten(x, "result")
    return _vector(list(map(transforms.number, scalars))).astype(float).reshape(shape)


def scipy_objective(f: Callable[..., Any]) -> Callable[..., tuple[float, Any]]:
    """f and its gradient, for ``scipy.optimize.minimize(…, jac=True)``.

    Args:
        f: a function of an array of n Values, and perhaps further arguments (SciPy's
            ``args``), that returns a scalar.

    Returns:
        A function of an array to (float, array of shape (n,)).

    Raises:
        TypeError: ``f`` returns no scalar.

    >>> import numpy
    >>> scipy_objective(lambda x: x[0] ** 2 + x[1])(numpy.array([3.0, 1.0]))
    (10.0, array([6., 1.]))
    """
    both = transforms.value_and_grad(f)

    def objective(x: Any, *args: Any) -> tuple[float, Any]:
        value, gradient = both(_vector(x), *args)
        return transforms.number(value), _floats(gradient, (-1,))

    return objective


def scipy_hessian(f: Callable[..., Any]) -> Callable[..., Any]:
    """The Hessian of f, for ``scipy.optimize.minimize(…, hess=…)``.

    Args:
        f: as in :func:`scipy_objective`.

    Returns:
        A function of an array to an array of shape (n, n).

    >>> import numpy
    >>> scipy_hessian(lambda x: x[0] ** 2 * x[1])(numpy.array([3.0, 1.0]))
    array([[2., 6.],
           [6., 0.]])
    """
    hessian = transforms.hessian(f)
    return lambda x, *args: _floats(hessian(_vector(x), *args), (len(x), len(x)))


def scipy_hessp(f: Callable[..., Any]) -> Callable[..., Any]:
    """The Hessian times a vector, for ``scipy.optimize.minimize(…, hessp=…)``.

    Args:
        f: as in :func:`scipy_objective`.

    Returns:
        A function of two arrays, x and the vector, to an array of shape (n,).

    >>> import numpy
    >>> scipy_hessp(lambda x: x[0] ** 2 * x[1])(numpy.array([3.0, 1.0]), [1.0, 0.0])
    array([2., 6.])
    """
    product = transforms.hvp(f)
    return lambda x, v, *args: _floats(product(_vector(x), *args, v), (-1,))


def scipy_jacobian(f: Callable[..., Any]) -> Callable[..., Any]:
    """The Jacobian of residuals, for ``scipy.optimize.least_squares(…, jac=…)``.

    Args:
        f: a function of an array of n Values, and perhaps further arguments, that
            returns m scalars.

    Returns:
        A function of an array to an array of shape (m, n).

    >>> import numpy
    >>> scipy_jacobian(lambda x: [x[0] ** 2, x[0] * x[1]])(numpy.array([3.0, 1.0]))
    array([[6., 0.],
           [1., 3.]])
    """
    jacobian = transforms.jacobian(f)
    return lambda x, *args: _floats(jacobian(_vector(x), *args), (-1, len(x)))
