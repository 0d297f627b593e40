"""The styles in which the same programs run.

``eager`` and ``pure`` are loops over Values, on the engine that is built and on the
reference; ``reductions`` has ``dot`` and ``sum`` in place of inner loops; ``compiled``
records each derivative once and replays it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import autograd as ag

STYLES = ("eager", "reductions", "compiled", "pure")

STYLE = os.environ.get("GRADBENCH_STYLE", "eager")


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, or its compiled program where the style asks for that."""
    return ag.compile(function) if STYLE == "compiled" else function


def points(rows: list[Any]) -> Any:
    """The examples as they are told, or as the array that a program maps over."""
    return np.array(rows, dtype=float) if STYLE == "compiled" else rows


def vector(entries: list[Any]) -> Any:
    """Numbers in a row as they are, or as an array, which a program takes at once."""
    return np.array(entries) if STYLE == "compiled" else entries


def total(terms: Iterable[Any]) -> Any:
    """The sum of the terms."""
    if STYLE == "reductions":
        return ag.sum(list(terms))
    result: Any = 0.0
    for term in terms:
        result = result + term
    return result


def inner(ws: Sequence[Any], xs: Sequence[Any]) -> Any:
    """The inner product."""
    if STYLE == "reductions":
        return ag.dot(ws, xs)
    return total(w * x for w, x in zip(ws, xs))


def smallest(xs: Sequence[Any]) -> Any:
    """The smallest; in programs, which may not ask which it is, of winners of pairs."""
    if STYLE != "compiled":
        return min(xs)
    while len(xs) > 1:
        xs = [*map(ag.minimum, xs[::2], xs[1::2]), *xs[len(xs) & ~1 :]]
    return xs[0]


def log_sum_exp(xs: Sequence[Any]) -> Any:
    """log Σ e^x, shifted by the largest x."""
    if STYLE in ("reductions", "compiled"):
        return ag.logsumexp(xs)
    top = max(xs)
    return top + ag.log(total(ag.exp(x - top) for x in xs))
