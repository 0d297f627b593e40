"""lse: the logarithm of a sum of exponentials."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled, log_sum_exp

lse_gradient = compiled(ag.grad(log_sum_exp))


FUNCTIONS = {
    "primal": Function(log_sum_exp, fields("x")),
    "gradient": Function(lse_gradient, fields("x")),
}
