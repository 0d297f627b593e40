"""hello: the derivative of a square."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function
from tests.benchmarks.gradbench.style import compiled


def square(x):
    return x * x


double = compiled(ag.grad(square))


FUNCTIONS = {
    "square": Function(compiled(square), lambda x: (x,)),
    "double": Function(double, lambda x: (x,)),
}
