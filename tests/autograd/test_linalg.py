"""Linear algebra on Values: NumPy's numbers, closed forms of the derivatives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.linalg import cholesky, det, inv, norm, solve

EPS = 2.0**-52
SIZES = [1, 2, 3, 5, 8]


def matrix(n: int, seed: int = 0) -> Any:
    """A well-conditioned matrix: its condition number is below 10."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    p, _ = np.linalg.qr(rng.normal(size=(n, n)))
    return q @ np.diag(np.linspace(1.0, 5.0, n)) @ p


def close(found: Any, expected: Any, n: int) -> bool:
    """Within the rounding of n³ operations on a matrix of condition below 10."""
    return bool(
        np.abs(np.array(found, dtype=float) - expected).max() <= 100 * n**3 * EPS * 25
    )


@pytest.mark.parametrize("n", SIZES)
def test_the_numbers_are_numpys_on_floats_and_on_values(n: int) -> None:
    a, b = matrix(n), np.linspace(-1.0, 2.0, n)
    spd = a @ a.T
    values = np.array([[ag.Value(x) for x in row] for row in a])
    for found, expected in (
        (solve(a, b), np.linalg.solve(a, b)),
        (solve(a.tolist(), a.T.tolist()), np.linalg.solve(a, a.T)),
        (inv(a), np.linalg.inv(a)),
        (det(a), np.linalg.det(a)),
        (cholesky(spd), np.linalg.cholesky(spd)),
        (norm(a), np.linalg.norm(a)),
        (norm(b.tolist()), np.linalg.norm(b)),
    ):
        assert close(found, expected, n)
    found = inv(values)
    assert found.dtype == object
    assert [x.data for x in found.ravel()] == inv(a).ravel().tolist()
    assert det(values).data == det(a)
    assert [x.data for x in solve(values, b)] == solve(a, b).tolist()
    assert isinstance(inv(values.tolist()), list)


@pytest.mark.parametrize("n", SIZES)
def test_the_derivatives_are_those_of_the_closed_forms(n: int) -> None:
    a, weights = matrix(n), matrix(n, 1)
    inverse, b = np.linalg.inv(a), np.linspace(-1.0, 2.0, n)
    assert close(ag.grad(det)(a), np.linalg.det(a) * inverse.T, n)
    # d inv(a) = −inv(a) da inv(a), contracted with the weights.
    found = ag.grad(lambda a: (weights * inv(a)).sum())(a)
    assert close(found, -inverse.T @ weights @ inverse.T, n)
    x, w = inverse @ b, weights[0]
    by_a, by_b = ag.grad(lambda a, b: w @ solve(a, b), argnums=(0, 1))(a, b)
    assert close(by_b, inverse.T @ w, n)
    assert close(by_a, -np.outer(inverse.T @ w, x), n)
    assert close(ag.grad(norm)(a), a / np.linalg.norm(a), n)
    # dl = l φ(l⁻¹ da l⁻ᵀ), φ the lower triangle with half the diagonal.
    spd = a @ a.T
    lower = np.linalg.cholesky(spd)
    direction = weights + weights.T
    _, tangent = ag.jvp(cholesky, (spd,), (direction,))
    inner = np.linalg.solve(lower, np.linalg.solve(lower, direction).T)
    phi = np.tril(inner) - np.diag(np.diag(inner)) / 2
    assert close(tangent, lower @ phi, n)


def test_a_singular_matrix_keeps_the_derivatives_of_its_determinant() -> None:
    assert ag.grad(det)([[0.0, 1.0], [0.0, 2.0]]) == [[2.0, 0.0], [-1.0, 0.0]]
    zeros = [[0.0] * 4] * 4
    assert det(zeros) == 0.0
    diagonal = lambda t: det([[t * (i == j) for j in range(4)] for i in range(4)])
    assert ag.derivative(diagonal, 4)(0.0) == 24.0
    assert ag.derivative(diagonal, 3)(0.0) == 0.0
    low = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]]  # of rank 1
    entries = ag.hessian(det)(low)
    for i, j, k, m in np.ndindex(3, 3, 3, 3):
        rest = 3 - i - k, 3 - j - m
        expected = 0.0
        if i != k and j != m:
            sign = (-1) ** (i + j + k + m) * (1 if (i < k) == (j < m) else -1)
            expected = sign * low[rest[0]][rest[1]]
        assert entries[i][j][k][m] == expected


def test_fractions_stay_exact() -> None:
    a = [[Fraction(1), Fraction(2)], [Fraction(3), Fraction(4)]]
    assert inv(a) == [[-2, 1], [Fraction(3, 2), Fraction(-1, 2)]]
    assert det(a) == -2
    assert solve(a, [Fraction(1), Fraction(1)]) == [-1, 1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda a: inv(a([[1.0, 2.0], [2.0, 4.0]])), "Singular matrix"),
        (lambda a: solve(a([[0.0]]), [1.0]), "Singular matrix"),
        (lambda a: cholesky(a([[1.0, 2.0], [2.0, 1.0]])), "not positive definite"),
        (lambda a: cholesky(a([[float("nan")]])), "not positive definite"),
        (lambda a: det(a([[1.0, 2.0]])), "must be square, got 1 × 2"),
        (lambda a: det(3.0), "sequence of rows, got float"),
    ],
)
@pytest.mark.parametrize("kind", [list, np.array])
def test_a_matrix_that_will_not_do_raises_as_numpy_does(
    make: Any, words: str, kind: Any
) -> None:
    with pytest.raises(np.linalg.LinAlgError, match=words):
        make(kind)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="a has 1 rows, b has 2"):
        solve([[1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="rows of different lengths"):
        det([[1.0, 2.0], [3.0]])
