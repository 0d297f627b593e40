"""How the time of what has many parts grows: the exponent of a power law.

Each work is done at three sizes, and must come out near 1, or a little above where
the memory of the larger ones is no longer in the processor's caches.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import autograd as ag
import nn

SIZES = (4_000, 16_000, 64_000)
ROUNDS = 3

Work = Callable[[], object]


def leaves(n: int, of: Callable[[int], float] = float) -> list[ag.Value]:
    """n leaves, and the numbers in them."""
    return [ag.Value(of(i)) for i in range(n)]


def wide_sum(n: int) -> Work:
    """A sum of one value n times: n paths of one step."""
    x = ag.Value(1.5)
    y = ag.sum([x] * n)
    return lambda: ag.explain(y, x, limit=8)


def chain(n: int) -> Work:
    """One path of n steps."""
    x = y = ag.Value(0.5)
    for _ in range(n):
        y = y * 1.0000001
    return lambda: ag.explain(y, x, limit=8)


def doublings(n: int) -> Work:
    """2^n paths, all alike."""
    x = y = ag.Value(1.0)
    for _ in range(n):
        y = y + y
    return lambda: ag.explain(y, x, limit=8)


def wide_gradient(n: int) -> Work:
    """The gradient, as Values, of a dot product."""
    ws, xs = leaves(n), leaves(n)
    return lambda: ag.gradient(ag.dot(ws, xs), [*ws, *xs])


def wide_hvp(n: int) -> Work:
    """A Hessian times a vector, of a dot product."""
    x = list(map(float, range(n)))
    return lambda: ag.hvp(lambda x: ag.dot(x, x))(x, x)


def meeting_points(n: int) -> Work:
    """A distance of 0, where every slope is a limit."""
    p = leaves(n)
    return lambda: ag.gradient(ag.dist(p, p), p)


def no_length(n: int) -> Work:
    """A vector of length 0, where every slope is a limit."""
    xs = leaves(n, lambda i: 0.0)
    return lambda: ag.gradient(ag.hypot(*xs), xs)


def outputs(n: int) -> Work:
    """A checkpoint with n outputs, of which each depends on some of n inputs."""
    xs = leaves(n)
    f = ag.checkpoint(lambda xs: [x * y for x, y in zip(xs, [xs[0], *xs])])
    return lambda: f(xs)


def outputs_of_results(n: int) -> Work:
    """The same, where the function also uses a result from outside."""
    xs, a = leaves(n), ag.Value(2.0) * 3.0
    f = ag.checkpoint(lambda xs: [x * a for x in xs])
    return lambda: f(xs)


def repeated_names(n: int) -> Work:
    """A file of a state in which every name comes twice."""
    net = nn.MLP(1, [1])
    entries = ", ".join(f'"w{i}": 1.0' for i in [*range(n), *range(n)])

    def load() -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "state.json")
            path.write_text(f"{{{entries}}}")
            try:
                net.load(path)
            except ValueError as error:
                return str(error)
        raise AssertionError("a file with repeated names was loaded")

    return load


def power_of_ints(n: int) -> Work:
    """A power whose exact digits would be many: it overflows, as with floats."""

    def power() -> str:
        try:
            return str(ag.pow(7, 1_000 * n))
        except OverflowError as error:
            return str(error)

    return power


def collapsed_leaves(n: int) -> Work:
    """A drawing of n leaves as one box, above the values that are shown one by one."""
    xs = leaves(300 + n)
    total = ag.sum([x * x for x in xs])
    return lambda: ag.draw(total, view="neurons")


WORKS = {
    "explain of a sum": wide_sum,
    "explain of a chain": chain,
    "explain of doublings": doublings,
    "gradient of a dot": wide_gradient,
    "hvp of a dot": wide_hvp,
    "gradient of dist(p, p)": meeting_points,
    "gradient of hypot(0, …)": no_length,
    "checkpoint, many outputs": outputs,
    "… that uses a result": outputs_of_results,
    "loading repeated names": repeated_names,
    "pow of ints": power_of_ints,
    "drawing of leaves": collapsed_leaves,
}


def exponent(make: Callable[[int], Work]) -> tuple[float, list[float]]:
    """The slope of log time over log size, by least squares, and the seconds."""
    seconds = []
    for n in SIZES:
        work, rounds = make(n), []
        for _ in range(ROUNDS):
            start = time.process_time()
            work()
            rounds.append(time.process_time() - start)
        seconds.append(min(rounds))
    slope, _ = statistics.linear_regression(
        [math.log(n) for n in SIZES], [math.log(max(s, 1e-6)) for s in seconds]
    )
    return slope, seconds


def report() -> Iterator[str]:
    """A line for each work, with the engine that ran."""
    for name, make in WORKS.items():
        slope, seconds = exponent(make)
        times = ", ".join(f"{s:.3g}" for s in seconds)
        yield f"{ag.engine:9}  {name:25} n^{slope:5.2f}   {times} s"


if __name__ == "__main__":
    print(f"time ~ n^k at n = {', '.join(f'{n:,}' for n in SIZES)}")
    for line in report():
        print(line, flush=True)
