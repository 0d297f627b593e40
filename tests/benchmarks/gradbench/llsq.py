"""llsq: least squares of a polynomial to the sign function."""

from __future__ import annotations

import numpy as np

import autograd as ag
from tests.benchmarks.gradbench.examples import Sum
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import STYLE, total


def llsq_points(n):
    return [-1 + i * 2 / (n - 1) for i in range(n)]


def llsq_square(x, t, sign):
    rest, power = sign, 1.0
    for coefficient in x:
        rest = rest - coefficient * power
        power *= t
    return rest * rest / 2


def llsq_signs(ts):
    return [float((t > 0) - (t < 0)) for t in ts]


def llsq_primal(x, n):
    ts = llsq_points(n)
    return total(llsq_square(x, t, sign) for t, sign in zip(ts, llsq_signs(ts)))


llsq_gradient = ag.grad(llsq_primal)

if STYLE == "compiled":
    squares = Sum(llsq_square)

    def llsq_examples(n):
        ts = -1 + np.arange(n) * 2 / (n - 1)
        return ts, np.sign(ts)

    def llsq_primal(x, n):
        return squares.value(x, *llsq_examples(n))

    def llsq_gradient(x, n):
        return squares.gradient(x, *llsq_examples(n))


INPUT = fields(x="m", n="")

FUNCTIONS = {
    "primal": Function(llsq_primal, INPUT),
    "gradient": Function(llsq_gradient, INPUT),
}
