"""lse: the logarithm of a sum of exponentials."""

from __future__ import annotations

import math

import numpy as np

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import STYLE, log_sum_exp

lse_prepare = fields(x="n")
lse_primal, lse_gradient = log_sum_exp, ag.grad(log_sum_exp)

if STYLE == "compiled":
    # Of a sum, each term has its own input: a program of one term, over all of them,
    # and the chain rule over the logarithm.
    term = ag.compile(ag.value_and_grad(lambda x, top: ag.exp(x - top)))

    def lse_prepare(raw):
        return (np.array(fields(x="n")(raw)[0]),)

    def lse_primal(x):
        top = x.max()
        return top + math.log(term.map(x, top, in_axes=(0, None))[0].sum())

    def lse_gradient(x):
        terms, slopes = term.map(x, x.max(), in_axes=(0, None))
        return ag.grad(ag.log)(float(terms.sum())) * slopes


FUNCTIONS = {
    "primal": Function(lse_primal, lse_prepare),
    "gradient": Function(lse_gradient, lse_prepare, list),
}
