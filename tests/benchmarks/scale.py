"""What ten million nodes cost: memory per node, and time per node as graphs grow."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from contest import Child
from report import Row, duration, spread


def chain(library: Any, nodes: int) -> Any:
    """A chain of binary nodes, the additions and multiplications of ``x y + z``."""
    x, y, z = library.leaf(1.0), library.leaf(0.999), library.leaf(0.001)
    for _ in range(nodes // 2):
        x = x * y + z
    return x


def peak_bytes() -> int:
    """The largest resident set so far, of this process; not on Windows."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage begins with the parent's peak
        line = next(s for s in status.read_text().splitlines() if "VmHWM" in s)
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def memory(library: Any, nodes: int) -> dict[str, float]:
    """Bytes per node: by the resident set, with and without a backward pass."""
    chain(library, 1000).backward()
    before = peak_bytes()
    output = chain(library, nodes)
    built = peak_bytes()
    output.backward()
    return {
        "graph": (built - before) / nodes,
        "with backward": (peak_bytes() - before) / nodes,
        "getsizeof": sys.getsizeof(output),
    }


def growth(library: Any, small: int, large: int, rounds: int) -> dict[str, list[float]]:
    """Seconds per node of a small and a large chain, alternating.

    A step is build, backward and release; the small chain is repeated until it
    has as many nodes as a tenth of the large one.
    """

    def step(nodes: int) -> float:
        start = time.perf_counter()
        chain(library, nodes).backward()
        return (time.perf_counter() - start) / nodes

    step(small)
    times: dict[str, list[float]] = {"small": [], "large": []}
    for _ in range(rounds):
        repeats = max(1, large // small // 10)
        times["small"].append(statistics.median(step(small) for _ in range(repeats)))
        times["large"].append(step(large))
    return times


def rows(
    pythons: dict[str, Path | str], nodes: int, engine: str = "native"
) -> list[Row]:
    """The rows of the table, measured in interpreters of their own."""
    resident = Row(
        f"a chain of {nodes:,} binary nodes: bytes per node",
        engine,
        target="≤ 96 bytes",
        bound=96.0,
    )
    slower = Row(
        f"a chain of {nodes:,} nodes: time per node",
        engine,
        against=f"{nodes // 100:,} nodes",
        target="≤ 1.5×",
        bound=1.5,
    )
    python = pythons[engine]
    if isinstance(python, str):
        resident.measured = slower.measured = f"not measured: {python}"
        return [resident, slower]

    def measure(name: str, **data: int) -> dict[str, Any]:
        print(f"== {name} at {nodes:,} nodes", file=sys.stderr)
        request = {"library": engine, "measurement": name, "data": data}
        child = Child(python, request)
        child.close()
        return child.first

    answer = measure("memory", nodes=nodes)
    if "error" in answer:
        resident.measured = f"not measured: {answer['error']}"
    else:
        resident.samples = [answer["graph"]]
        resident.against = f"`sys.getsizeof`: {answer['getsizeof']}"
        resident.measured = (
            f"{answer['graph']:.1f} bytes resident, "
            f"{answer['with backward']:.1f} at the peak of backward"
        )
    answer = measure("growth", small=nodes // 100, large=nodes, rounds=3)
    if "error" in answer:
        slower.measured = f"not measured: {answer['error']}"
    else:
        slower.time = duration(answer["large"])
        slower.against += f", {duration(answer['small'])}"
        slower.samples = [a / b for a, b in zip(answer["large"], answer["small"])]
        slower.measured = spread(slower.samples, "× its time")
    return [resident, slower]
