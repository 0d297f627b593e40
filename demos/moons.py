"""Two moons: a 2-16-16-1 network learns a border that no straight line can be.

A hundred points in two interleaved half circles, a linear output and the hinge loss

    L = mean of max(0, 1 − t f(x)) + λ/2 Σ θ²,   t = ±1,

minimized by gradient descent with a step that shrinks. The decision border is the
line where f(x) = 0; ``nn.predict`` evaluates the network on a grid under
``ag.no_grad()``, where an operation records nothing.

    python demos/moons.py [--epochs 100] [--seed 0] [--grid 80]
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import make_moons

import autograd as ag
import common
import nn

DECAY = 2e-4
"""λ, the weight of the squared parameters."""


def plot(net: nn.MLP, x: Any, t: Any, cells: int, path: Path) -> Path:
    """The points, and f in color on a grid of cells × cells, its zero as a line."""
    (left, bottom), (right, top) = x.min(axis=0) - 0.5, x.max(axis=0) + 0.5
    across, up = np.meshgrid(
        np.linspace(left, right, cells), np.linspace(bottom, top, cells)
    )
    grid = np.column_stack([across.ravel(), up.ravel()]).tolist()
    f = np.array(nn.predict(net, grid)).reshape(across.shape)
    shades = LinearSegmentedColormap.from_list("", ["#E69F6B", "white", "#6BAFD6"])
    fig, axis = common.figure(8, 5.5)
    shading = axis.contourf(
        across,
        up,
        f,
        levels=np.linspace(-2, 2, 17),
        cmap=shades,
        extend="both",
    )
    axis.contour(across, up, f, levels=[0], colors="black", linewidths=2)
    axis.plot([], [], color="black", label="decision border f(x) = 0")
    for sign, color, marker in ((1, common.BLUE, "o"), (-1, common.ORANGE, "s")):
        some = x[np.array(t) == sign]
        axis.plot(
            some[:, 0],
            some[:, 1],
            marker,
            color=color,
            mec="white",
            ms=7,
            label=f"t = {sign:+d}".replace("-", "−"),
        )
    bar = fig.colorbar(shading, ax=axis, ticks=[-2, -1, 0, 1, 2])
    bar.set_label("output f(x)")
    axis.set_aspect("equal")
    axis.grid(False)
    axis.set_xlabel("$x_1$")
    axis.set_ylabel("$x_2$")
    axis.set_title("Two moons: a 2-16-16-1 network with hinge loss")
    fig.legend(ncols=3, loc="outside lower center")
    return common.save(fig, path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if at least 98 of 100 points are right."""
    parser = common.options(__doc__)
    parser.add_argument("--epochs", type=common.whole(1), default=100, help="(100)")
    parser.add_argument("--seed", type=common.whole(0), default=0, help="(0)")
    parser.add_argument(
        "--grid", type=common.whole(2), default=80, help="cells a side (80)"
    )
    args = parser.parse_args(argv)
    x, labels = make_moons(n_samples=100, noise=0.1, random_state=args.seed)
    t = (2.0 * labels - 1).tolist()
    net = nn.MLP(2, [16, 16, 1], seed=args.seed)
    parameters = net.parameters()
    print(f"Two moons on the {ag.engine} engine: {len(parameters)} parameters")

    started = time.perf_counter()
    descent = nn.SGD(
        parameters,
        learning_rate=lambda step: 1 - 0.9 * step / args.epochs,
        weight_decay=DECAY,
    )
    nn.train(net, x, t, nn.hinge, descent, args.epochs, progress=True)
    trained = time.perf_counter()
    right = nn.accuracy(net, x, t, threshold=0.0)
    picture = plot(net, x, t, args.grid, args.output / "moons.png")
    drawn = time.perf_counter()
    print(
        f"{trained - started:.1f} s for {args.epochs} epochs, "
        f"{drawn - trained:.1f} s for {args.grid**2} points of the picture"
    )
    common.wrote([picture])
    return common.verdict([(f"accuracy {right:.0%} ≥ 98%", right >= 0.98)])


if __name__ == "__main__":
    raise SystemExit(main())
