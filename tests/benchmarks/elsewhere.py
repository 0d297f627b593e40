"""Programs on other libraries' arrays: what PyTorch and JAX compute of random ones.

A child in the peers' interpreter calls and maps each program with its own library's
arrays and with NumPy's, and prints the largest difference.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

WHAT = "programs on arrays"
TOLERANCE = 1e-10
COUNT = 5
ROOT = Path(__file__).resolve().parents[2]


def rows(pythons: dict[str, Path | str]) -> list[Any]:
    """The largest differences, for each library."""
    from report import Row

    found = []
    for peer in ("torch", "jax"):
        row = Row(
            f"{COUNT} {WHAT}: value and gradient, called and mapped",
            "native",
            against=peer,
            target=f"≤ {TOLERANCE:g}",
            bound=TOLERANCE,
        )
        python = pythons[peer]
        if isinstance(python, str):
            row.measured = f"not measured: {python}"
        else:
            print(f"== {COUNT} {WHAT}: {peer}", file=sys.stderr)
            child = subprocess.run(
                [python, __file__, peer], cwd=ROOT, capture_output=True, text=True
            )
            if child.returncode:
                row.measured = f"not measured: {child.stderr.splitlines()[-1]}"
            else:
                row.samples = [json.loads(child.stdout)]
                row.measured = f"largest difference {row.samples[0]:.1e}"
        found.append(row)
    return found


def differences(peer: str) -> float:
    """The largest difference between a library's arrays and NumPy's."""
    import numpy as np

    import autograd as ag
    from dags import random_dag
    from libraries import LIBRARIES
    from truth import NAMES, difference

    if peer == "torch":
        import torch

        def array(x: Any) -> Any:
            return torch.tensor(x, dtype=torch.float64)
    else:
        import jax

        jax.config.update("jax_enable_x64", True)
        array = jax.numpy.asarray
    largest = 0.0
    for seed in range(COUNT):
        dag = random_dag(ag.RULES, NAMES, seed)
        f = LIBRARIES["native"]().function(dag)
        program = ag.compile(ag.value_and_grad(f))
        x = np.array(dag["inputs"])
        many = np.stack([x * (1 - k / 64) for k in range(9)])
        for run, given in ((program, x), (program.map, many)):
            try:
                mine = run(given)
            except (ValueError, ArithmeticError):
                continue
            theirs = run(array(given))
            for a, b in zip(mine, theirs, strict=True):
                assert type(b) is type(array(x))
                numbers = np.asarray(b).ravel().tolist()
                largest = max(
                    largest, difference(np.asarray(a).ravel().tolist(), numbers)
                )
    return largest


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(json.dumps(differences(sys.argv[1])))
