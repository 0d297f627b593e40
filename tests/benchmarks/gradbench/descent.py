"""Gradient descent over functions that descend themselves, for saddle and particle."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.style import inner


def forward(f):
    """The gradient of f by forward mode: one direction for each coordinate."""

    def gradient(x):
        units = ([float(i == j) for j in range(len(x))] for i in range(len(x)))
        return [ag.jvp(f, (x,), (unit,))[1] for unit in units]

    return gradient


def reverse(f):
    return ag.grad(f)


MODES = {"f": forward, "r": reverse}


def length(v):
    return ag.sqrt(inner(v, v))


def argmin(f, gradient, start):
    """Gradient descent whose step doubles after ten successes, halves at a failure."""
    x, fx, gx = list(start), f(start), gradient(start)
    successes, rate = 0, 1e-5
    while length(gx) > 1e-5:
        if successes == 10:
            rate, successes = rate * 2, 0
            continue
        there = [a - rate * g for a, g in zip(x, gx)]
        if length([a - b for a, b in zip(x, there)]) <= 1e-5:
            return x
        f_there = f(there)
        if f_there < fx:
            x, fx, gx = there, f_there, gradient(there)
            successes += 1
        else:
            rate, successes = rate / 2, 0
    return x


def argmax(f, gradient, start):
    return argmin(lambda x: -f(x), lambda x: [-g for g in gradient(x)], start)
