"""particle: where a charged particle lands, a descent around a simulation."""

from __future__ import annotations

from tests.benchmarks.gradbench.descent import MODES, argmin, length
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import total

TIME_STEP = 0.1


def landing(w, slopes):
    """The square of where the particle comes to the ground, w moving a charge."""
    charges = [(10.0, 10.0 - w[0]), (10.0, 0.0)]

    def potential(x):
        return total(1.0 / length([x[0] - a, x[1] - b]) for a, b in charges)

    pull = slopes(potential)
    x, velocity = [0.0, 8.0], [0.75, 0.0]
    while True:
        acceleration = [-g for g in pull(x)]
        x = [a + TIME_STEP * v for a, v in zip(x, velocity)]
        if x[1] <= 0:
            rest = -x[1] / velocity[1]
            return (x[0] + rest * velocity[0]) ** 2
        velocity = [v + TIME_STEP * a for v, a in zip(velocity, acceleration)]


def particle(mode):
    outer, inward = MODES[mode[0]], MODES[mode[1]]

    def lands(w):
        return landing(w, inward)

    def run(w):
        return argmin(lands, outer(lands), [w])[0]

    return run


FUNCTIONS = {
    mode: Function(particle(mode), fields(w="")) for mode in ("ff", "fr", "rf", "rr")
}
