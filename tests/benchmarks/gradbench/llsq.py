"""llsq: least squares of a polynomial to the sign function."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled


def llsq_primal(x, n):
    result = 0.0
    for i in range(n):
        t = -1 + i * 2 / (n - 1)
        rest, power = float((t > 0) - (t < 0)), 1.0
        for coefficient in x:
            rest = rest - coefficient * power
            power *= t
        result = result + rest * rest
    return result / 2


llsq_gradient = compiled(ag.grad(llsq_primal))


FUNCTIONS = {
    "primal": Function(llsq_primal, fields("x", "n")),
    "gradient": Function(llsq_gradient, fields("x", "n")),
}
