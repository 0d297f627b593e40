"""Third-party truth: the derivatives of random expressions against JAX and PyTorch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from autograd import RULES
from contest import Child
from dags import ARITHMETIC, JAX, REDUCTIONS, TORCH, Dag, random_dag
from report import Row

WHAT = "random expressions"
TOLERANCE = 1e-10

NAMES = sorted(
    {*ARITHMETIC, *REDUCTIONS, "gelu"}
    | {
        name.partition("=")[0]
        for names in JAX.values()
        for name in names.split()
        if any(name.partition("=")[0] in others.split() for others in TORCH.values())
    }
)
"""The rows that JAX and PyTorch have too."""


def rows(pythons: dict[str, Path | str], count: int = 200) -> list[Row]:
    """The largest differences, over ``count`` random DAGs and all engines built."""
    dags = [random_dag(RULES, NAMES, seed) for seed in range(count)]
    engines = {
        engine: derivatives(engine, pythons[engine], dags)
        for engine in ("native", "reference")
    }
    found = []
    for peer in ("jax", "torch"):
        theirs = derivatives(peer, pythons[peer], dags)
        for engine, mine in engines.items():
            kinds = ["gradient"] if peer == "torch" else ["gradient", "hessian", "jvp"]
            for kind in kinds:
                row = Row(
                    f"{count} {WHAT}: {kind}",
                    engine,
                    against=peer,
                    target=f"≤ {TOLERANCE:g}",
                    bound=TOLERANCE,
                )
                failed = [x for x in (mine, theirs) if isinstance(x, str)]
                if failed:
                    row.measured = f"not measured: {failed[0]}"
                else:
                    row.samples = [
                        max(
                            difference(a[kind], b[kind])
                            for a, b in zip(mine, theirs, strict=True)
                        )
                    ]
                    row.measured = f"largest difference {row.samples[0]:.1e}"
                found.append(row)
    return found


def derivatives(library: str, python: Path | str, dags: list[Dag]) -> Any:
    """What a library says of each DAG, or why it says nothing."""
    if isinstance(python, str):
        return python
    print(f"== {len(dags)} {WHAT}: {library}", file=sys.stderr)
    request = {
        "library": library,
        "measurement": "derivatives",
        "data": {"dags": dags},
    }
    child = Child(python, request)
    child.close()
    return child.first.get("error") or child.first["derivatives"]


def difference(mine: list[float], theirs: list[float]) -> float:
    """The largest difference, relative to the largest entry if that is above 1."""
    assert len(mine) == len(theirs)
    scale = max(1.0, *map(abs, theirs))
    return max(abs(a - b) for a, b in zip(mine, theirs)) / scale
