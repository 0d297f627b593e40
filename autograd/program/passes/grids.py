"""Grids: lanes whose slots follow a rule need no index array.

Nodes come from loops, so the slots that a pack's lanes read rise in equal steps, row
by row, as in a matrix. A pack is cut into grids ``(first lane, m0, m1)`` on which
every operand is affine in both directions and in its terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["grids", "runs"]

Grid = tuple[int, int, int]


def grids(operands: Sequence[Any]) -> list[Grid]:
    """Cut lanes so that all operands are affine.

    Args:
        operands: arrays of slots (terms, lanes), affine in their terms for each lane.

    >>> grids([np.array([[0, 1, 2, 10, 11, 12]])])
    [(0, 2, 3)]
    """
    heads = np.stack(
        [
            *(x[0] for x in operands),
            *(x[1] - x[0] for x in operands if len(x) > 1),
        ]
    )
    fixed = len(operands)  # rows from here on must be the same for all lanes
    lanes = heads.shape[1]
    steps = np.diff(heads, axis=1)
    if not steps.size:
        return [(0, 1, lanes)]
    broken = (steps[fixed:] != 0).any(axis=0)
    changes = (steps[:, 1:] != steps[:, :-1]).any(axis=0) | broken[1:] | broken[:-1]
    ends = np.append(np.flatnonzero(changes) + 1, lanes - 1).tolist()
    return list(_greedy(heads, steps, broken, ends))


def _greedy(heads: Any, steps: Any, broken: Any, ends: list[int]) -> Iterator[Grid]:
    """From each lane the longest row, and as many more rows like it as follow."""
    lanes = heads.shape[1]
    at, j = 0, 0
    while j < lanes:
        while at < len(ends) and ends[at] <= j:
            at += 1
        m0, m1 = 1, 1
        if j + 1 < lanes and not broken[j]:
            m1 = ends[at] - j + 1
        while m1 > 1 and (s := j + (m0 + 1) * m1) <= lanes:
            begin = s - m1
            if (
                broken[begin - 1]
                or (
                    heads[:, begin] - heads[:, begin - m1]
                    != heads[:, j + m1] - heads[:, j]
                ).any()
                or (steps[:, begin : s - 1] != steps[:, j : j + 1]).any()
            ):
                break
            m0 += 1
        yield j, m0, m1
        j += m0 * m1


def runs(operands: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Cut terms so that all operands are affine in them, for few grids.

    Args:
        operands: arrays of slots (terms, lanes).

    >>> list(runs([np.array([[0, 1], [2, 3], [4, 5], [9, 9]])]))
    [(0, 3), (3, 4)]
    """
    terms, t = len(operands[0]), 0
    while t < terms:
        e = t + 1
        if e < terms:
            one = len(grids([x[t:e] for x in operands]))
            if len(grids([x[t : e + 1] for x in operands])) <= one:
                e += 1
                while e < terms and all(
                    (x[e] - x[e - 1] == x[t + 1] - x[t]).all() for x in operands
                ):
                    e += 1
        yield t, e
        t = e
