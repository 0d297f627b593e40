"""particle: where a charged particle lands, a descent around a simulation."""

from __future__ import annotations

from tests.benchmarks.gradbench.descent import MODES, argmin, attempt, length
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled, total

TIME_STEP = 0.1


def potential(x, w):
    """Of two charges, one of which w moves."""
    charges = [(10.0, 10.0 - w), (10.0, 0.0)]
    return total(1.0 / length([x[0] - a, x[1] - b]) for a, b in charges)


def flight(value_and_gradient):
    """Where the particle is after a short time, and how fast."""

    def fly(x, velocity, w):
        _, slope = value_and_gradient(x, w)
        there = [a + TIME_STEP * v for a, v in zip(x, velocity)]
        return there, [v - TIME_STEP * g for v, g in zip(velocity, slope)]

    return fly


def landing(w, fly):
    """The square of where the particle comes to the ground."""
    x, velocity = [0.0, 8.0], [0.75, 0.0]
    while True:
        there, faster = fly(x, velocity, w)
        if there[1] <= 0:
            rest = -there[1] / velocity[1]
            return (there[0] + rest * velocity[0]) ** 2
        x, velocity = there, faster


def particle(mode):
    outer, inward = MODES[mode[0]], MODES[mode[1]]
    fly = compiled(flight(inward(potential)))

    def lands(w):
        return landing(w[0], fly)

    def run(w):
        return argmin(attempt(outer(lands)), [w])[0]

    return run


FUNCTIONS = {
    mode: Function(particle(mode), fields(w="")) for mode in ("ff", "fr", "rf", "rr")
}
