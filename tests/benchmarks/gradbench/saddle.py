"""saddle: the saddle point of a function, a descent around an ascent."""

from __future__ import annotations

from tests.benchmarks.gradbench.descent import MODES, argmax, argmin
from tests.benchmarks.gradbench.function import Function, fields


def saddle(mode):
    outer, inward = MODES[mode[0]], MODES[mode[1]]

    def height(x, y):
        return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])

    def run(start):
        def highest(x):
            along = lambda y: height(x, y)
            return along(argmax(along, inward(along), start))

        x = argmin(highest, outer(highest), start)
        along = lambda y: height(x, y)
        return [*x, *argmax(along, outer(along), start)]

    return run


FUNCTIONS = {
    mode: Function(saddle(mode), fields(start="2")) for mode in ("ff", "fr", "rf", "rr")
}
