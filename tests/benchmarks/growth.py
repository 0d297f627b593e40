"""How the time of ``explain`` grows: the exponent of a power law over three sizes."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import autograd as ag

SIZES = (4_000, 16_000, 64_000)


def wide_sum(n: int) -> tuple[Any, Any]:
    """A sum of one value n times: n paths of one step."""
    x = ag.Value(1.5)
    return ag.sum([x] * n), x


def chain(n: int) -> tuple[Any, Any]:
    """One path of n steps."""
    x = y = ag.Value(0.5)
    for _ in range(n):
        y = y * 1.0000001
    return y, x


def doublings(n: int) -> tuple[Any, Any]:
    """2^n paths, all alike."""
    x = y = ag.Value(1.0)
    for _ in range(n):
        y = y + y
    return y, x


GRAPHS: dict[str, Callable[[int], tuple[Any, Any]]] = {
    "sum": wide_sum,
    "chain": chain,
    "doublings": doublings,
}


def exponent(graph: Callable[[int], tuple[Any, Any]]) -> tuple[float, list[float]]:
    """The slope of log time over log size, by least squares, and the seconds."""
    seconds = []
    for n in SIZES:
        output, wrt = graph(n)
        rounds = []
        for _ in range(3):
            start = time.process_time()
            ag.explain(output, wrt, limit=8)
            rounds.append(time.process_time() - start)
        seconds.append(min(rounds))
    slope, _ = statistics.linear_regression(
        [math.log(n) for n in SIZES], [math.log(s) for s in seconds]
    )
    return slope, seconds


if __name__ == "__main__":
    for name, graph in GRAPHS.items():
        slope, seconds = exponent(graph)
        times = ", ".join(f"{s:.3f} s" for s in seconds)
        print(f"explain of a {name}: time ~ n^{slope:.2f}  ({times} at {SIZES})")
