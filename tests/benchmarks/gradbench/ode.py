"""ode: the end of a Runge-Kutta integration."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled


def ode_slope(x, y):
    return [x[0]] + [x[i] * y[i - 1] for i in range(1, len(x))]


def ode_primal(x, steps):
    n, h = len(x), 2.0 / steps
    y = [0.0] * n
    for _ in range(steps):
        k1 = ode_slope(x, y)
        k2 = ode_slope(x, [y[i] + h / 2 * k1[i] for i in range(n)])
        k3 = ode_slope(x, [y[i] + h / 2 * k2[i] for i in range(n)])
        k4 = ode_slope(x, [y[i] + h * k3[i] for i in range(n)])
        y = [y[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) for i in range(n)]
    return y


def ode_last(x, steps):
    return ode_primal(x, steps)[-1]


ode_gradient = compiled(ag.grad(ode_last))


INPUT = fields(x="n", s="")

FUNCTIONS = {
    "primal": Function(compiled(ode_primal), INPUT),
    "gradient": Function(ode_gradient, INPUT),
}
