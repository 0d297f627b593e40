"""saddle: the saddle point of a function, a descent around an ascent."""

from __future__ import annotations

from tests.benchmarks.gradbench.descent import MODES, argmin, attempt
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled


def height(x, y):
    return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])


def depth(y, x):
    return -height(x, y)


def saddle(mode):
    outer, inward = MODES[mode[0]], MODES[mode[1]]
    up, up_at_last = (compiled(attempt(way(depth))) for way in (inward, outer))

    def run(start):
        def highest(x):
            return height(x, argmin(up, start, x))

        x = argmin(attempt(outer(highest)), start)
        return [*x, *argmin(up_at_last, start, x)]

    return run


FUNCTIONS = {
    mode: Function(saddle(mode), fields(start="2")) for mode in ("ff", "fr", "rf", "rr")
}
