"""hello: the derivative of a square."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, check
from tests.benchmarks.gradbench.style import compiled


def square(x):
    return x * x


def number(raw):
    check(raw, [], "input", {})
    return (raw,)


double = compiled(ag.grad(square))


FUNCTIONS = {
    "square": Function(compiled(square), number),
    "double": Function(double, number),
}
