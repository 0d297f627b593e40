"""A cluster: many processes, or machines, add up the gradient of one network.

Nobody holds all of the examples. Each chunk is a function that makes its part (as it
might read a file), called where it is computed; what travels are the program, once to
each worker, the parameters, and a sum for each of them. The sums are added in the order
of the chunks, so that the network is the same to the last bit, however many workers
there are and whichever of them is late, or dies.

    python demos/cluster.py [--workers 2] [--chunks 8] [--size 2000] [--steps 50]
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import autograd as ag
import common
import nn

distributed: Any = importlib.import_module("distributed")  # by name: it has no types

RATE = 1.0
"""The step of gradient descent."""


def load(k: int, size: int) -> tuple[Any, Any]:
    """Chunk ``k``: points of the plane, and whether they lie on a ring."""
    draw = np.random.default_rng(k)
    points = draw.uniform(-1.5, 1.5, (size, 2))
    radius = np.hypot(points[:, 0], points[:, 1])
    return points, ((radius > 0.5) & (radius < 1.1)).astype(float)


def train(program: Any, chunks: list[Any], steps: int, executor: Any) -> list[float]:
    """Gradient descent on all chunks; the loss before each step."""
    history = []
    for _ in range(steps):
        program.grad = np.zeros(len(program.parameters))
        losses = program.backward(chunks, executor=executor)
        history.append(float(losses.mean()))
        program.data -= RATE * program.grad / len(losses)
    return history


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if the cluster has learned what one process learns."""
    parser = common.options(__doc__)
    parser.add_argument("--workers", type=common.whole(1), default=2, help="(2)")
    parser.add_argument("--chunks", type=common.whole(1), default=8, help="(8)")
    parser.add_argument("--size", type=common.whole(1), default=2000, help="(2000)")
    parser.add_argument("--steps", type=common.whole(1), default=50, help="(50)")
    args = parser.parse_args(argv)
    chunks = [partial(load, k, args.size) for k in range(args.chunks)]

    def made() -> Any:
        net = nn.MLP(2, [16, 16, 1], activation="tanh", seed=0)
        loss = nn.binary_cross_entropy_with_logits
        program = ag.compile(lambda x, y: loss(net([x[0], x[1]]), y))
        program(np.zeros(2), 0.0)  # recorded, so that it has parameters
        return program

    with (
        distributed.LocalCluster(
            n_workers=args.workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor(pure=False) as executor,
    ):
        print(f"{args.workers} workers; their dashboard: {cluster.dashboard_link}")
        program = made()
        began = time.perf_counter()
        history = train(program, chunks, args.steps, executor)
        done = time.perf_counter()
    print(
        f"{args.chunks} chunks of {args.size:,} examples, {args.steps} steps in "
        f"{done - began:.1f} s: loss {history[0]:.4f}, then {history[-1]:.4f}"
    )
    alone = made()
    same = train(alone, chunks, args.steps, None) == history
    same = same and program.data.tolist() == alone.data.tolist()
    return common.verdict(
        [
            ("the loss has fallen", history[-1] < history[0]),
            ("one process gives the same network, bit for bit", same),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
