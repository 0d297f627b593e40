"""ode: the end of a Runge-Kutta integration."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled, vector


def ode_slope(x, y):
    return [x[0]] + [x[i] * y[i - 1] for i in range(1, len(x))]


def ode_step(x, y, h):
    n = len(x)
    k1 = ode_slope(x, y)
    k2 = ode_slope(x, [y[i] + h / 2 * k1[i] for i in range(n)])
    k3 = ode_slope(x, [y[i] + h / 2 * k2[i] for i in range(n)])
    k4 = ode_slope(x, [y[i] + h * k3[i] for i in range(n)])
    return vector(
        [y[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) for i in range(n)]
    )


one_step = compiled(ode_step)


def ode_primal(x, steps):
    x, y = vector(x), vector([0.0] * len(x))
    for _ in range(steps):
        y = one_step(x, y, 2.0 / steps)
    return y


def ode_last(x, steps):
    return ode_primal(x, steps)[-1]


ode_gradient = compiled(ag.grad(ode_last))


INPUT = fields(x="n", s="")

FUNCTIONS = {
    "primal": Function(ode_primal, INPUT, list),
    "gradient": Function(ode_gradient, INPUT),
}
