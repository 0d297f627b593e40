"""The lecture's network as a graph to show, and a label that nobody should trust."""

from __future__ import annotations

import random
from typing import Any

import autograd as ag

NASTY = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\u2028]]>"
)


def network(elementary: bool = False, seed: int = 2) -> tuple[Any, dict[str, Any]]:
    """The lecture's network 2-3-2-1 on one example: its loss and its parameters."""
    rng = random.Random(seed)
    a = [ag.Value(rng.uniform(0.5, 1.5), label=f"x{i}") for i in (1, 2)]
    parameters = {}

    def parameter(label: str, low: float = -1.0) -> Any:
        parameters[label] = ag.Value(rng.uniform(low, 1.0), label=label)
        return parameters[label]

    for layer, width in enumerate((3, 2, 1), 1):
        units = []
        for j in range(1, width + 1):
            w = [parameter(f"W[{layer}]{j},{k}", 0.1) for k in range(1, len(a) + 1)]
            z = b = parameter(f"b[{layer}]{j}", 0.1)
            for wk, xk in zip(w, a):
                z = z + wk * xk
            if not elementary:
                z = ag.dot(w, a, b)
            units.append(z.sigmoid() if layer == 3 else z.relu())
        a = units
    return ag.bce(a[0], 1.0), parameters
