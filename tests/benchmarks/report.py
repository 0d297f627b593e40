"""The tables: what was measured, what had to be reached, and whether it is."""

from __future__ import annotations

import datetime
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """One line of the table; without ``samples`` nothing was measured."""

    what: str
    engine: str
    collector: str = "on"
    time: str = "—"
    against: str = "—"
    measured: str = "—"
    target: str = "—"
    bound: float | None = None
    at_most: bool = True
    samples: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target, None where there is none."""
        if self.bound is None or not self.samples:
            return None
        median = statistics.median(self.samples)
        return median <= self.bound if self.at_most else median >= self.bound

    def cells(self) -> list[str]:
        """The cells under ``HEADER``, those for a target at the end."""
        met = {True: "yes", False: "**no**", None: "—"}[self.met]
        if self.bound is not None and not self.samples:
            met = "not measured"
        return [
            *(self.what, self.engine, self.collector, self.time, self.against),
            *(self.measured, self.target, met),
        ]


HEADER = [
    *("what is measured", "engine", "collector", "time", "against"),
    *("median (min–max)", "target", "met"),
]
WITHOUT_TARGET = len(HEADER) - 2


def markdown(rows: Sequence[Row]) -> str:
    """Where and when it was measured, what has a target, and then the rest."""
    aims = [row.cells() for row in rows if row.bound is not None]
    rest = [row.cells()[:WITHOUT_TARGET] for row in rows if row.bound is None]
    lines = [f"Measured on {where()}."]
    for header, table in [(HEADER, aims), (HEADER[:WITHOUT_TARGET], rest)]:
        if table:
            lines += ["", *map(_line, [header, ["---"] * len(header), *table])]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def machine_readable(rows: Sequence[Row]) -> dict[str, Any]:
    """The same as numbers."""
    return {
        "machine": processor(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "date": str(datetime.date.today()),
        "rows": [{**asdict(row), "met": row.met} for row in rows],
    }


def where() -> str:
    """The machine, the system, Python and the date."""
    return (
        f"{processor()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {datetime.date.today()}"
    )


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.check_output(command, text=True).strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    return platform.processor() or platform.machine()


def spread(samples: Sequence[float], unit: str) -> str:
    """The median with the smallest and the largest.

    >>> spread([1.0, 2.0, 4.0], " ns")
    '2 ns (1–4)'
    """
    low, high = min(samples), max(samples)
    return f"{_short(statistics.median(samples))}{unit} ({_short(low)}–{_short(high)})"


def faster(ratios: Sequence[float]) -> str:
    """How many times faster, or slower where the median ratio is below 1.

    >>> faster([0.5, 0.25, 0.5])
    '2× slower (2–4)'
    """
    if statistics.median(ratios) >= 1.0:
        return spread(ratios, "× faster")
    return spread([1.0 / ratio for ratio in ratios], "× slower")


def duration(seconds: Sequence[float], operations: int = 1) -> str:
    """The median, in the unit that suits it, for each operation.

    >>> duration([0.0025])
    '2.5 ms'
    """
    median = statistics.median(seconds) / operations
    for unit, size in [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)]:
        if median >= size:
            return f"{_short(median / size)} {unit}"
    return f"{_short(median / 1e-9)} ns"


def _short(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"
