"""The evaluations at the sizes that are compared, on arrays as PyTorch and JAX want."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from gradbench.inputs import INPUTS, wishart_constant
from workloads import Data, Workload

SIZES: dict[str, tuple[str, str, str, dict[str, int]]] = {
    "gmm d2 k5 n1000": ("gmm", "objective", "jacobian", {"d": 2, "k": 5, "n": 1000}),
    "gmm d10 k10 n1000": (
        "gmm",
        "objective",
        "jacobian",
        {"d": 10, "k": 10, "n": 1000},
    ),
    "ba, 31,843 observations": (
        *("ba", "objective", "jacobian"),
        {"n": 49, "m": 7776, "p": 31_843},
    ),
    "ht, 100 points": ("ht", "objective", "jacobian", {"points": 100}),
    "kmeans k10 n1000 d8": ("kmeans", "cost", "dir", {"k": 10, "n": 1000, "d": 8}),
    "llsq n4096 m128": ("llsq", "primal", "gradient", {"n": 4096, "m": 128}),
    "lse n80,000": ("lse", "primal", "gradient", {"n": 80_000}),
    "lstm l2 c1024": (
        *("lstm", "objective", "jacobian"),
        {"layers": 2, "length": 1024, "width": 14},
    ),
    "ode n1000 s100": ("ode", "primal", "gradient", {"n": 1000, "s": 100}),
    "det 8": ("det", "primal", "gradient", {"ell": 8}),
    "det 9": ("det", "primal", "gradient", {"ell": 9}),
    "saddle rr": ("saddle", "rr", "rr", {}),
    "particle rr": ("particle", "rr", "rr", {}),
}
"""Evaluation, its value, its derivative, and the size of its input."""


def message(name: str) -> Data:
    """What a tool is asked."""
    evaluation, value, derivative, size = SIZES[name]
    return {
        "evaluation": evaluation,
        "value": value,
        "derivative": derivative,
        "input": INPUTS[evaluation](random.Random(1), **size),
    }


def gmm_arrays(lib: Any, given: Data) -> tuple[Any, Any]:
    """The points, and where a triangular matrix' entries are in 0, e^q and the rest."""
    d = len(given["mu"][0])
    at = [[0] * d for _ in range(d)]
    count = d
    for j in range(d):
        at[j][j] = 1 + j
        for i in range(j + 1, d):
            count += 1
            at[i][j] = count
    return lib.constant(given["x"]), lib.integers(at)


def gmm(lib: Any, model: list[Any], data: Data) -> Any:
    alpha, mu, q, below = model
    x, at = data["arrays"]
    (n, d), k = x.shape, len(alpha)
    m, gamma = data["input"]["m"], data["input"]["gamma"]
    entries = lib.array.concatenate([alpha[:, None] * 0, lib.exp(q), below], 1)
    factors = entries[:, at]
    z = lib.einsum("kij,nkj->nki", factors, x[:, None] - mu)
    beta = alpha - 0.5 * (z * z).sum(-1) + q.sum(1)
    density = lib.special.logsumexp(beta, 1).sum()
    density = density - n * (
        d / 2 * math.log(2 * math.pi) + lib.special.logsumexp(alpha, 0)
    )
    constant = wishart_constant(d, m, gamma)
    spread = gamma**2 / 2 * (factors * factors).sum()
    return density + k * constant - spread + m * q.sum()


def kmeans(lib: Any, model: list[Any], data: Data) -> Any:
    away = data["arrays"][:, None] - model[0]
    return lib.array.amin((away * away).sum(-1), 1).sum()


def llsq_arrays(lib: Any, given: Data) -> tuple[Any, Any]:
    """The signs, and the powers that the coefficients belong to."""
    n = given["n"]
    t = lib.constant([-1 + i * 2 / (n - 1) for i in range(n)])
    powers = lib.integers(list(range(len(given["x"]))))
    return lib.array.sign(t), t[:, None] ** powers


def llsq(lib: Any, model: list[Any], data: Data) -> Any:
    signs, powers = data["arrays"]
    rest = signs - powers @ model[0]
    return rest @ rest / 2


def lse(lib: Any, model: list[Any], data: Data) -> Any:
    return lib.special.logsumexp(model[0], 0)


def lstm(lib: Any, model: list[Any], data: Data) -> Any:
    main, (into, out, bias) = model
    sequence, state = data["arrays"]
    layers, width = len(main) // 2, sequence.shape[1]
    sigmoid, tanh = lib.special.expit, lib.array.tanh
    gates = main.reshape(layers, 2, 4, width)

    def step(carry: Any, pair: Any) -> Any:
        *states, loss = carry
        now, then = pair
        signal, after = now * into, []
        for layer in range(layers):
            (wf, wi, wo, wc), (bf, bi, bo, bc) = gates[layer]
            h, c = states[2 * layer], states[2 * layer + 1]
            change = sigmoid(h * wi + bi) * tanh(h * wc + bc)
            c = c * sigmoid(signal * wf + bf) + change
            h = sigmoid(signal * wo + bo) * tanh(c)
            after += [h, c]
            signal = h
        predicted = signal * out + bias
        norm = lib.log(lib.exp(predicted).sum() + 2.0)
        return (*after, loss - then @ (predicted - norm))

    start = (*state, lib.constant(0.0))
    *_, loss = lib.scan(step, start, (sequence[:-1], sequence[1:]))
    return loss / (width * (len(sequence) - 1))


def ode(lib: Any, model: list[Any], data: Data) -> Any:
    (x,), steps = model, data["input"]["s"]
    h = 2.0 / steps

    def slope(y: Any) -> Any:
        return x * lib.array.concatenate([lib.constant([1.0]), y[:-1]], 0)

    def step(carry: Any, _: Any) -> Any:
        (y,) = carry
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        return (y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4),)

    (end,) = lib.scan(step, (x * 0,), (lib.constant([0.0] * steps),))
    return end[-1]


Parts = tuple[Callable[..., Any], list[str], Callable[[Any, Data], Any]]

PARAMETERS: dict[str, Parts] = {
    "gmm": (gmm, ["alpha", "mu", "q", "l"], gmm_arrays),
    "kmeans": (
        *(kmeans, ["centroids"]),
        lambda lib, given: lib.constant(given["points"]),
    ),
    "llsq": (llsq, ["x"], llsq_arrays),
    "lse": (lse, ["x"], lambda lib, given: None),
    "lstm": (
        *(lstm, ["main_params", "extra_params"]),
        lambda lib, given: [lib.constant(given[x]) for x in ("sequence", "state")],
    ),
    "ode": (ode, ["x"], lambda lib, given: None),
}
"""The function, what it is differentiated by, and its arrays, which are made once."""


def workload(name: str) -> Workload:
    forward, names, arrays = PARAMETERS.get(
        SIZES[name][0], (None, [], lambda lib, given: None)
    )

    def build(lib: Any, data: Data) -> list[Any]:
        data["arrays"] = arrays(lib, data["input"])
        return [lib.leaf(data["input"][x]) for x in names]

    return Workload(lambda: message(name), build, list, forward)


EVALUATIONS = {name: workload(name) for name in SIZES}
