"""Compare the speed with the peers': ``python tests/benchmarks`` prints the table.

The peers' virtual environments are made on the first run. Nothing is asserted
about time, since machines differ; the table says what is met.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import elsewhere
import environments
import scale
import truth
from autograd.core import choice
from comparisons import Comparison, Results, comparisons, row
from contest import Contestant, alternate
from gradbench.arrays import EVALUATIONS
from libraries import LIBRARIES
from report import Row, machine_readable, markdown
from workloads import WORKLOADS

FAMILIES = {
    "mlp": "moons",
    "matrices": "moons",
    "loaded-10000": "moons-10000",
    "loaded-569": "lecture-569",
    "transformer-arrays": "transformer",
    "lecture-arrays": "lecture",
}
"""Workloads that are compared with another one, and so take turns with it."""


def interpreters() -> dict[str, Path | str]:
    """Where each library runs, or why it cannot."""
    peers, hips = environments.peers(), environments.hips()
    found: dict[str, Path | str] = {}
    for name, library in LIBRARIES.items():
        distribution = library.distribution
        environment = hips if distribution == "autograd" else peers
        if not distribution:
            engine = name.partition("-")[0]
            built = engine not in ("native", "reference") or (
                engine in choice.available()
            )
            found[name] = (
                Path(sys.executable) if built else f"the {engine} engine is not built"
            )
        elif distribution in environment.failures:
            reason = environment.failures[distribution]
            found[name] = f"does not install: {reason}"
        else:
            found[name] = environment.python
    return found


def contests(
    wanted: list[Comparison],
    pythons: dict[str, Path | str],
    rounds: int,
    seconds: float,
) -> list[Row]:
    """Measure the comparisons, all of one family and collector state together."""
    workloads = WORKLOADS | EVALUATIONS
    names = {side.workload for c in wanted for side in (c.mine, c.theirs)}
    data = {name: workloads[name].data() for name in names}
    groups: dict[tuple[str, bool], list[Contestant]] = {}
    for comparison in wanted:
        workload = comparison.mine.workload
        key = FAMILIES.get(workload, workload), comparison.collector
        group = groups.setdefault(key, [])
        for contestant in (comparison.theirs, comparison.mine):
            if contestant not in group:
                group.append(contestant)
    results: dict[bool, Results] = {True: {}, False: {}}
    for (family, collector), group in groups.items():
        state = "on" if collector else "off"
        print(f"== {family}, collector {state} ", end="", file=sys.stderr)
        results[collector] |= alternate(
            group, pythons, data, collector=collector, rounds=rounds, seconds=seconds
        )
    return [row(comparison, results[comparison.collector]) for comparison in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print numbers, no table")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each library")
    parser.add_argument("--seconds", type=float, default=0.2, help="of one turn")
    parser.add_argument("--nodes", type=int, default=10_000_000, help="of the chains")
    parser.add_argument("--only", default="", help="rows that contain this text")
    options = parser.parse_args()

    def wanted(*texts: str) -> bool:
        return any(options.only in text for text in texts)

    pythons = interpreters()
    rows = contests(
        [
            comparison
            for comparison in comparisons(fastest=choice.available()[0])
            if wanted(comparison.what, comparison.name, comparison.mine.library)
        ],
        pythons,
        options.rounds,
        options.seconds,
    )
    if wanted("bytes per node", "time per node"):
        rows += scale.rows(pythons, options.nodes)
    if wanted(truth.WHAT):
        rows += truth.rows(pythons)
    if wanted(elsewhere.WHAT):
        rows += elsewhere.rows(pythons)
    if options.json:
        print(json.dumps(machine_readable(rows), indent=1))
    else:
        print(markdown(rows))


if __name__ == "__main__":
    main()
