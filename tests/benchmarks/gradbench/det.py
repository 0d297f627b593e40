"""det: the determinant by minors, as many terms as permutations."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, Unfit, fields, flat
from tests.benchmarks.gradbench.style import compiled


def minor(a, row, columns):
    if len(columns) == 1:
        return a[row][columns[0]]
    result = 0.0
    for at, column in enumerate(columns):
        term = a[row][column] * minor(a, row + 1, columns[:at] + columns[at + 1 :])
        result = result - term if at % 2 else result + term
    return result


def det_primal(a):
    return minor(a, 0, list(range(len(a))))


det_gradient = compiled(ag.grad(det_primal))


def det_prepare(raw):
    entries, side = fields(A="n", ell="")(raw)
    if len(entries) != side * side:
        raise Unfit(f"A must have {side} · {side} numbers, got {len(entries)}")
    return ([entries[i * side : (i + 1) * side] for i in range(side)],)


FUNCTIONS = {
    "primal": Function(compiled(det_primal), det_prepare),
    "gradient": Function(det_gradient, det_prepare, flat),
}
