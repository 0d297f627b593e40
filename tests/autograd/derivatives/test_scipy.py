"""SciPy's optimizers take the derivatives as they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd as ag

optimize = pytest.importorskip("scipy.optimize")


def rosenbrock(x: Any) -> Any:
    pairs = zip(x[:-1], x[1:])  # noqa: RUF007  # arrays of Values, too
    return ag.sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs)


@pytest.mark.parametrize(
    ("method", "second"),
    [
        ("BFGS", {}),
        ("trust-exact", {"hess": ag.scipy_hessian(rosenbrock)}),
        ("Newton-CG", {"hessp": ag.scipy_hessp(rosenbrock)}),
    ],
)
def test_minimize(method: str, second: Any) -> None:
    start = np.array([1.3, 0.7, 0.8, 1.9])
    found = optimize.minimize(
        ag.scipy_objective(rosenbrock), start, jac=True, method=method, **second
    )
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-4)


def test_derivatives_are_scipys_own() -> None:
    x = np.array([-1.2, 1.0, 0.7])
    value, gradient = ag.scipy_objective(rosenbrock)(x)
    assert value == pytest.approx(optimize.rosen(x), rel=1e-14)
    np.testing.assert_allclose(gradient, optimize.rosen_der(x), rtol=1e-12)
    np.testing.assert_allclose(
        ag.scipy_hessian(rosenbrock)(x), optimize.rosen_hess(x), rtol=1e-12
    )


METHODS = (
    *("Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG"),
    *("dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr", "COBYLA"),
)


@pytest.mark.filterwarnings("ignore")  # SciPy's own, some methods need no slopes
@pytest.mark.parametrize("method", METHODS)
def test_every_method_returns_from_outside_the_domain(method: str) -> None:
    f = lambda x: x[0] - 3 * ag.log(x[0]) + (x[1] - 1) ** 2
    second = {}
    if method.startswith(("trust", "dogleg", "Newton")):
        second["hess"] = ag.scipy_hessian(f)
    found = optimize.minimize(
        ag.scipy_objective(f), [100.0, 0.0], jac=True, method=method, **second
    )
    np.testing.assert_allclose(found.x, [3.0, 1.0], rtol=2e-3)


def test_outside_the_domain_lies_a_plateau_of_the_given_height() -> None:
    f = lambda x: ag.log(x[0]) * x[1]
    value, gradient = ag.scipy_objective(f, outside=7.0)(np.array([-1.0, 2.0]))
    assert (value, gradient.tolist()) == (7.0, [0.0, 0.0])
    x = np.array([-1.0, 2.0])
    objective = ag.scipy_objective(f)
    assert objective(x)[0] == 1e6
    assert objective(np.array([1.0, 2.0]))[0] == 0.0
    assert objective(np.array([math.e, -5.0]))[0] == -5.0
    assert objective(x)[0] == 5e6
    assert ag.scipy_hessian(f)(x).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert ag.scipy_hessp(f)(x, [1.0, 0.0]).tolist() == [0.0, 0.0]
    rows = ag.scipy_jacobian(lambda x: [f(x), x[1], ag.exp(1e3 * x[1])])
    assert rows(x).tolist() == [[0.0, 0.0]] * 3
    for derived in (ag.scipy_objective, ag.scipy_hessian, ag.scipy_jacobian):
        with pytest.raises(ValueError, match="log"):
            derived(f, outside="raise")(x)
        with pytest.raises(TypeError, match='outside, if not "raise", must be a real'):
            derived(f, outside="inf")


def test_other_errors_go_through() -> None:
    def f(x: Any) -> Any:
        if x[0] < 0:
            raise ValueError("my own")
        return 1 / (x[0] - x[0]) + {}[0]

    with pytest.raises(ValueError, match="my own"):
        ag.scipy_objective(f)(np.array([-1.0]))
    with pytest.raises(KeyError):
        ag.scipy_objective(f)(np.array([1.0]))


def test_least_squares_with_arguments() -> None:
    t = np.linspace(0, 2, 9)

    def residuals(theta: Any, t: Any, y: Any) -> list[Any]:
        return [
            theta[0] * ag.exp(-theta[1] * float(s)) - float(u) for s, u in zip(t, y)
        ]

    found = optimize.least_squares(
        lambda *a: np.array(residuals(*a)),
        [1.0, 1.0],
        jac=ag.scipy_jacobian(residuals),
        args=(t, 2.5 * np.exp(-1.3 * t)),
    )
    np.testing.assert_allclose(found.x, [2.5, 1.3], rtol=1e-8)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_points_and_residuals_of_any_kind(kind: Any) -> None:
    x = kind([3.0, 1.0])
    rows = [[6.0, 0.0], [1.0, 3.0]]
    f = lambda x: [x[0] ** 2, x[0] * x[1]]
    assert ag.scipy_jacobian(f)(x).tolist() == rows
    assert ag.scipy_jacobian(lambda x: np.array(f(x)))(x).tolist() == rows
    assert ag.scipy_jacobian(lambda x: {"a": np.array(f(x))})(x).tolist() == rows
    product = lambda x: x[0] ** 2 * x[1]
    assert ag.scipy_objective(product)(x)[1].tolist() == [6.0, 9.0]
    assert ag.scipy_hessian(product)(x).tolist() == [[2.0, 6.0], [6.0, 0.0]]
    assert ag.scipy_hessp(product)(x, kind([1.0, 0.0])).tolist() == [2.0, 6.0]


def test_a_value_made_inside_the_function_does_no_harm() -> None:
    objective = ag.scipy_objective(lambda x: ag.Value(0.0) + x[0] * x[1])
    value, gradient = objective(np.array([2.0, 3.0]))
    assert type(value) is float
    assert gradient.tolist() == [3.0, 2.0]
    assert gradient.dtype == float
