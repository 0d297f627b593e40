"""Sparse derivatives are the dense ones, and store what may be other than 0 alone."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd.testing import Expression, expressions
from tests.autograd.program.test_compiled import ROWS, bits

sparse = pytest.importorskip("scipy.sparse")


def chain(x: Any) -> Any:
    """Rosenbrock's function of many variables: neighbors meet, others do not."""
    terms = [100 * (y - x * x) ** 2 + (1 - x) ** 2 for x, y in pairwise(x)]
    return ag.sum(terms)


@given(expressions(operations=ROWS, max_nodes=12))
def test_rows_are_gradients(e: Expression) -> None:
    f, x = lambda x: e(*x), list(e.point)
    # SciPy adds an entry to a 0 when it makes an array dense: -0.0 is 0.0 there.
    expected = [np.array(ag.grad(f)(x)) + 0.0, [2.0, *[0.0] * (len(x) - 1)]]
    found = ag.sparse_jacobian(lambda x: [f(x), x[0] * 2.0, 3.0])(x)
    assert bits(found.toarray()) == bits([*expected, [0.0] * len(x)])


@given(expressions(operations=("add", "sub", "mul"), max_nodes=4))
def test_hessians_are_the_dense_ones(e: Expression) -> None:
    # Small whole numbers, for which polynomials of degree 16 are exact in any order.
    f, x = lambda x: e(*x), [float(round(v) % 4 - 1) for v in e.point]
    dense = np.array(ag.hessian(f)(x)) + 0.0
    assert bits(ag.sparse_hessian(f)(x).toarray()) == bits(dense)


def test_what_is_always_0_is_not_stored() -> None:
    n = 40
    x = np.linspace(-1.0, 1.0, n)
    hessian = ag.sparse_hessian(chain)
    for point in (x, x * 0.5, x * 0.0):
        found = hessian(point)
        assert found.nnz == 3 * n - 2
        dense = np.array(ag.hessian(chain)(point))
        # Each entry is a sum of two terms of up to 1,200, which may cancel.
        assert np.allclose(found.toarray(), dense, rtol=0.0, atol=1e-12)
    residuals = lambda x: [*(10 * (y - x * x) for x, y in pairwise(x)), x[0]]
    jacobian = ag.sparse_jacobian(residuals)
    assert isinstance(jacobian(x), sparse.csr_array)
    assert jacobian(x).nnz == 2 * (n - 1) + 1
    assert bits(jacobian(x).toarray()) == bits(np.array(ag.jacobian(residuals)(x)))


def test_paths_have_patterns_of_their_own() -> None:
    f = lambda x: [x[0] * x[1] if x[0] > 0 else x[2], ag.where(x[1] > 0, x[0], 1.0)]
    jacobian = ag.sparse_jacobian(f)
    assert jacobian([1.0, 2.0, 3.0]).toarray().tolist() == [[2, 1, 0], [1, 0, 0]]
    assert jacobian([-1.0, -2.0, 3.0]).toarray().tolist() == [[0, 0, 1], [0, 0, 0]]
    assert jacobian([2.0, 2.0, 3.0]).nnz == 3


def test_further_arguments_and_leaves_are_constants() -> None:
    w = ag.Value(2.0)
    jacobian = ag.sparse_jacobian(lambda x, a, *, b=1.0: {"y": x[0] * a * b * w})
    assert jacobian([1.0, 5.0], 3.0).toarray().tolist() == [[6.0, 0.0]]
    w.data = 3.0
    assert jacobian([1.0, 5.0], 3.0, b=2.0).toarray().tolist() == [[18.0, 0.0]]


def test_errors_are_those_of_the_function() -> None:
    with pytest.raises(TypeError, match="f must be a function"):
        ag.sparse_jacobian(3.0)
    with pytest.raises(TypeError, match="must be plain numbers"):
        ag.sparse_jacobian(lambda x: x)([ag.Value(1.0)])
    with pytest.raises(TypeError, match="must return a scalar"):
        ag.sparse_hessian(lambda x: x)([1.0])
    jacobian = ag.sparse_jacobian(lambda x: [ag.log(x[0])])
    assert jacobian([2.0]).toarray().tolist() == [[0.5]]
    with pytest.raises(ValueError, match="log"):
        jacobian([-2.0])
    assert ag.sparse_jacobian(lambda x: [1.0])([2.0]).shape == (1, 1)
    assert math.isinf(ag.sparse_jacobian(lambda x: [ag.sqrt(x[0])])([0.0])[0, 0])
