"""gmm: the log-posterior of a Gaussian mixture under a Wishart prior."""

from __future__ import annotations

import math

import autograd as ag
from tests.benchmarks.gradbench.function import Function
from tests.benchmarks.gradbench.style import compiled, inner, log_sum_exp, total


def log_multigamma(a, p):
    return p * (p - 1) / 4 * math.log(math.pi) + math.fsum(
        math.lgamma(a - j / 2) for j in range(p)
    )


def gmm_log_posterior(parameters, x, m, gamma):
    alpha, mu = parameters["alpha"], parameters["mu"]
    q, lower = parameters["q"], parameters["l"]
    k, d, n = len(alpha), len(mu[0]), len(x)

    factors = []  # the rows of each lower triangular Q, up to the diagonal
    for logs, below in zip(q, lower):
        rows = [[None] * (i + 1) for i in range(d)]
        at = 0
        for j in range(d):
            rows[j][j] = ag.exp(logs[j])
            for i in range(j + 1, d):
                rows[i][j] = below[at]
                at += 1
        factors.append(rows)
    log_dets = [total(logs) for logs in q]

    result = -n * (d / 2 * math.log(2 * math.pi) + log_sum_exp(alpha))
    for point in x:
        beta = []
        for c in range(k):
            away = [point[j] - mu[c][j] for j in range(d)]
            z = [inner(row, away[: i + 1]) for i, row in enumerate(factors[c])]
            beta.append(alpha[c] - 0.5 * inner(z, z) + log_dets[c])
        result = result + log_sum_exp(beta)

    freedom = d + m + 1
    constant = freedom * d * math.log(gamma / math.sqrt(2))
    constant -= log_multigamma(freedom / 2, d)
    for rows, log_det in zip(factors, log_dets):
        frobenius = total(inner(row, row) for row in rows)
        result = result + (constant - gamma**2 / 2 * frobenius + m * log_det)
    return result


def gmm_prepare(raw):
    independent = {name: raw[name] for name in ("alpha", "mu", "q", "l")}
    return independent, raw["x"], raw["m"], raw["gamma"]


gmm_jacobian = compiled(ag.grad(gmm_log_posterior))


FUNCTIONS = {
    "objective": Function(gmm_log_posterior, gmm_prepare),
    "jacobian": Function(gmm_jacobian, gmm_prepare),
}
