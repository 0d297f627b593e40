"""Gradient descent over functions that descend themselves, for saddle and particle."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.style import inner


def forward(f):
    """f and its gradient by the first argument, by a direction for each coordinate."""

    def value_and_gradient(x, *given):
        units = ([float(i == j) for j in range(len(x))] for i in range(len(x)))
        found = [ag.jvp(lambda x: f(x, *given), (x,), (unit,)) for unit in units]
        return found[0][0], [slope for _, slope in found]

    return value_and_gradient


MODES = {"f": forward, "r": ag.value_and_grad}


def length(v):
    return ag.sqrt(inner(v, v))


def attempt(value_and_gradient):
    """A step downhill: how far it leads, where, and what the function is like there."""

    def step(x, rate, gradient, *given):
        there = [a - rate * g for a, g in zip(x, gradient)]
        moved = length([a - b for a, b in zip(x, there)])
        value, gradient = value_and_gradient(there, *given)
        return moved, there, value, gradient, length(gradient)

    return step


def argmin(step, start, *given):
    """Gradient descent whose step doubles after ten successes, halves at a failure.

    ``step`` is an attempt on a function of what is to be found and what is ``given``.
    """
    nowhere = [0.0] * len(start)
    _, x, fx, gx, steepness = step(list(start), 0.0, nowhere, *given)
    successes, rate = 0, 1e-5
    while steepness > 1e-5:
        if successes == 10:
            rate, successes = rate * 2, 0
            continue
        moved, there, f_there, g_there, steepness_there = step(x, rate, gx, *given)
        if moved <= 1e-5:
            return x
        if f_there < fx:
            x, fx, gx, steepness = there, f_there, g_there, steepness_there
            successes += 1
        else:
            rate, successes = rate / 2, 0
    return x
