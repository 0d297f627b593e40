"""gmm: the log-posterior of a Gaussian mixture under a Wishart prior."""

from __future__ import annotations

import math

import autograd as ag
from tests.benchmarks.gradbench.examples import Sum, like
from tests.benchmarks.gradbench.function import Function, Unfit, fields, flat
from tests.benchmarks.gradbench.inputs import log_multigamma
from tests.benchmarks.gradbench.style import STYLE, inner, log_sum_exp, points, total


def gmm_factors(parameters):
    """The rows of each lower triangular Q, up to the diagonal."""
    factors = []
    for logs, below in zip(parameters["q"], parameters["l"]):
        rest = iter(below)
        rows = [[None] * i + [ag.exp(log)] for i, log in enumerate(logs)]
        for j in range(len(rows)):
            for row in rows[j + 1 :]:
                row[j] = next(rest)
        factors.append(rows)
    return factors


def gmm_log_density(parameters, factors, point):
    beta = []
    for alpha, mu, q, rows in zip(
        parameters["alpha"], parameters["mu"], parameters["q"], factors
    ):
        away = [x - m for x, m in zip(point, mu)]
        z = [inner(row, away[: len(row)]) for row in rows]
        beta.append(alpha - 0.5 * inner(z, z) + total(q))
    return log_sum_exp(beta)


def gmm_log_prior(parameters, factors, n, m, gamma):
    d = len(parameters["mu"][0])
    result = -n * (d / 2 * math.log(2 * math.pi) + log_sum_exp(parameters["alpha"]))
    freedom = d + m + 1
    constant = freedom * d * ag.log(gamma / math.sqrt(2))
    constant -= log_multigamma(freedom / 2, d)
    for rows, q in zip(factors, parameters["q"]):
        frobenius = total(inner(row, row) for row in rows)
        result = result + (constant - gamma**2 / 2 * frobenius + m * total(q))
    return result


def gmm_log_posterior(parameters, x, m, gamma):
    factors = gmm_factors(parameters)
    prior = gmm_log_prior(parameters, factors, len(x), m, gamma)
    return prior + total(gmm_log_density(parameters, factors, point) for point in x)


INPUT = fields(alpha="k", mu="k d", q="k d", l="k b", x="n d", m="", gamma="")


def gmm_prepare(raw):
    *parameters, x, m, gamma = INPUT(raw)
    independent = dict(zip(("alpha", "mu", "q", "l"), parameters))
    d = len(x[0])
    for below in independent["l"]:
        if len(below) != d * (d - 1) // 2:
            raise Unfit(f"l must have {d} · {d - 1} / 2 numbers a row, got {below!r}")
    return independent, points(x), m, gamma


gmm_jacobian = ag.grad(gmm_log_posterior)

if STYLE == "compiled":
    density = Sum(lambda p, point: gmm_log_density(p, gmm_factors(p), point))
    prior = ag.compile(lambda p, *rest: gmm_log_prior(p, gmm_factors(p), *rest))
    prior_gradient = ag.compile(ag.grad(prior))

    def gmm_log_posterior(parameters, x, m, gamma):
        return density.value(parameters, x) + prior(parameters, len(x), m, gamma)

    def gmm_jacobian(parameters, x, m, gamma):
        by_density = density.gradient(parameters, x)
        by_prior = prior_gradient(parameters, len(x), m, gamma)
        both = zip(flat(by_density), flat(by_prior))
        return like(parameters, (a + b for a, b in both))


FUNCTIONS = {
    "objective": Function(gmm_log_posterior, gmm_prepare),
    "jacobian": Function(gmm_jacobian, gmm_prepare),
}
