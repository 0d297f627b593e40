"""Linear algebra on small matrices of Values, in plain Python over the table's rows.

NumPy's own ``linalg`` hands arrays to LAPACK, which takes floats alone. Here matrices
are nested sequences or arrays; what comes out is of the same kind, and each number in
it a Value if one went in. Nothing here states a derivative: all are sums, products and
quotients of the numbers that came, so that every reader of the table can differentiate
them, and ``Fraction`` stays exact. The time grows as n³, and meant are n ≤ 20 or so.

>>> import autograd as ag
>>> ag.grad(det)([[2.0, 1.0], [3.0, 4.0]])
[[4.0, -3.0], [-1.0, 2.0]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.table.functions import FUNCTIONS

__all__ = ["cholesky", "det", "inv", "norm", "solve"]

Matrix = list[list[Any]]

_dot, _hypot, _sqrt = (FUNCTIONS[name] for name in ("dot", "hypot", "sqrt"))


def solve(a: Any, b: Any) -> Any:
    """The x with a x = b.

    Args:
        a: a square matrix.
        b: a vector, or a matrix of one right-hand side per column.

    Raises:
        numpy.linalg.LinAlgError: ``a`` is singular or not square.
        ValueError: ``b`` has another length.

    >>> solve([[4.0, 2.0], [2.0, 3.0]], [8.0, 8.0])
    [1.0, 2.0]
    """
    rows, right = _square(a), _plain(b)
    if not isinstance(right, list) or len(right) != len(rows):
        raise ValueError(
            f"solve: a has {len(rows)} rows, b has "
            f"{len(right) if isinstance(right, list) else 'none'}"
        )
    vector = not any(isinstance(row, list) for row in right)
    x = _solved(rows, [[entry] for entry in right] if vector else _equal("b", right))
    return _like(b, [row[0] for row in x] if vector else x)


def inv(a: Any) -> Any:
    """The inverse of a square matrix.

    Raises:
        numpy.linalg.LinAlgError: ``a`` is singular or not square.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    [[0.5, 0.0], [0.0, 0.25]]
    """
    rows = _square(a)
    n = len(rows)
    return _like(a, _solved(rows, [[int(i == j) for j in range(n)] for i in range(n)]))


def det(a: Any) -> Any:
    """The determinant of a square matrix, 0 if it is singular.

    Raises:
        numpy.linalg.LinAlgError: ``a`` is not square.

    >>> det([[1.0, 2.0], [3.0, 4.0]])
    -2.0
    """
    rows = _square(a)
    n = len(rows)
    _, rank, odd = _eliminate(rows, n)
    product: Any = -1 if odd else 1
    for k in range(rank):
        product = product * rows[k][k]
    if rank < n:  # what is left is 0, but its derivatives need not be
        product = product * _by_sums([row[rank:] for row in rows[rank:]])
    return product


def cholesky(a: Any) -> Any:
    """The lower triangular l with l lᵀ = a, for a positive definite matrix a.

    Only the lower triangle of ``a`` is read, as NumPy does, so that derivatives by
    the entries above the diagonal are 0.

    Raises:
        numpy.linalg.LinAlgError: ``a`` is not positive definite or not square.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    [[2.0, 0.0], [1.0, 2.0]]
    """
    rows = _square(a)
    n = len(rows)
    lower: Matrix = []
    for i, row in enumerate(rows):
        made: list[Any] = []
        for j in range(i):
            rest = row[j] - _dot(made, lower[j][:j])
            made.append(rest / lower[j][j])
        square = row[i] - _dot(made, made)
        if not square > 0:
            raise _error("Matrix is not positive definite")
        lower.append([*made, _sqrt(square), *[0.0] * (n - i - 1)])
    return _like(a, lower)


def norm(x: Any) -> Any:
    """√Σ x², the length of a vector or the Frobenius norm of a matrix.

    >>> norm([3.0, 4.0]), norm([[1.0, 1.0], [1.0, 1.0]])
    (5.0, 2.0)
    """
    entries: list[Any] = [_plain(x)]
    while any(isinstance(entry, list) for entry in entries):
        entries = [e for row in entries for e in (row if type(row) is list else [row])]
    return _hypot(*entries)


def _eliminate(rows: Matrix, n: int) -> tuple[list[int], int, bool]:
    """Gaussian elimination in place, the largest entry that is left as the pivot.

    Returns:
        Which unknown each column of the triangle stands for, the rank, and whether
        the number of exchanges was odd. Both rows and columns are exchanged, so that
        rows and columns from the rank on are all 0 when there is no pivot left.
    """
    order, odd = list(range(n)), False
    for k in range(n):
        size, i, j = abs(rows[k][k]), k, k
        for r in range(k, n):
            for c in range(k, n):
                if (entry := abs(rows[r][c])) > size:
                    size, i, j = entry, r, c
        if size == 0:
            return order, k, odd
        odd ^= (i != k) != (j != k)
        rows[k], rows[i] = rows[i], rows[k]
        order[k], order[j] = order[j], order[k]
        for row in rows:
            row[k], row[j] = row[j], row[k]
        for row in rows[k + 1 :]:
            factor = row[k] / rows[k][k]
            for c in range(k + 1, len(row)):
                row[c] = row[c] - factor * rows[k][c]
    return order, n, odd


def _solved(rows: Matrix, right: Matrix) -> Matrix:
    n = len(rows)
    both = [[*row, *entries] for row, entries in zip(rows, right)]
    order, rank, _ = _eliminate(both, n)
    if rank < n:
        raise _error("Singular matrix")
    x: Matrix = [[] for _ in rows]
    for k in reversed(range(n)):
        known = [x[order[c]] for c in range(k + 1, n)]
        x[order[k]] = [
            (entry - _dot(both[k][k + 1 : n], [row[m] for row in known])) / both[k][k]
            for m, entry in enumerate(both[k][n:])
        ]
    return x


def _by_sums(a: Matrix) -> Any:
    """A determinant without division: Bird, "A simple division-free algorithm for
    computing determinants" (2011)."""
    n, f = len(a), a
    for _ in range(n - 1):
        upper = [
            [
                -sum((f[m][m] for m in range(i + 1, n)), 0) if i == j else f[i][j]
                for j in range(i, n)
            ]
            for i in range(n)
        ]
        f = [
            [_dot(row, [a[i + m][j] for m in range(n - i)]) for j in range(n)]
            for i, row in enumerate(upper)
        ]
    return f[0][0] if n % 2 else -f[0][0]


def _plain(x: Any) -> Any:
    """Nested lists of numbers, new ones."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    return [_plain(row) for row in x] if isinstance(x, (list, tuple)) else x


def _equal(name: str, rows: Sequence[Any]) -> Matrix:
    """Rows of one length."""
    lengths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(lengths) > 1:
        raise ValueError(f"{name} has rows of different lengths: {sorted(lengths)}")
    return list(rows)


def _square(a: Any) -> Matrix:
    """The rows of a square matrix, as lists of our own."""
    rows = _plain(a)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise _error(f"a matrix must be a sequence of rows, got {type(a).__name__}")
    width = len(_equal("a matrix", rows)[0]) if rows else 0
    if width != len(rows):
        raise _error(f"a matrix must be square, got {len(rows)} × {width}")
    return rows


def _like(x: Any, rows: list[Any]) -> Any:
    """Lists for nested sequences, an array for an array."""
    if not hasattr(x, "tolist"):
        return rows
    import numpy

    return numpy.array(rows)


def _error(message: str) -> Exception:
    import numpy

    return numpy.linalg.LinAlgError(message)
