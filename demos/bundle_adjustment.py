"""Bundle adjustment: where were the cameras, and where are the points they saw?

Camera c turns a point X by its rotation vector r and shifts it by t; what it sees is

    (u, v) = f (x, y) / z,   (x, y, z) = R(r) X + t,   R(r) by Rodrigues' formula.

From all that was seen, r and t of each camera and all points are estimated at once, by
least squares. A residual depends on eight of the unknowns: the Jacobian is nearly all
zeros. ``ag.sparse_jacobian`` finds the others on the graph of the scalar code below,
and SciPy's ``least_squares`` takes them.

    python demos/bundle_adjustment.py [--cameras 6] [--points 40] [--seed 0]
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

import autograd as ag
import common

FOCAL = 500.0
"""The focal length, in pixels."""

NOISE = 0.5
"""The standard deviation of what is seen, in pixels."""


def project(r: Any, t: Any, point: Any) -> tuple[Any, Any]:
    """Where a camera sees a point."""
    angle = ag.hypot(*r)
    axis = [x / angle for x in r]
    c, s = ag.cos(angle), ag.sin(angle)
    along = sum(a * p for a, p in zip(axis, point))
    crossed = [
        axis[1] * point[2] - axis[2] * point[1],
        axis[2] * point[0] - axis[0] * point[2],
        axis[0] * point[1] - axis[1] * point[0],
    ]
    x, y, z = (
        p * c + q * s + a * along * (1 - c) + shift
        for p, q, a, shift in zip(point, crossed, axis, t)
    )
    return FOCAL * x / z, FOCAL * y / z


def residuals(unknowns: Any, cameras: int, seen: Any) -> list[Any]:
    """How far each camera sees each point from where it did: two numbers for each."""
    found = []
    for c in range(cameras):
        camera = unknowns[6 * c : 6 * c + 6]
        for i, observed in enumerate(seen[c]):
            point = unknowns[6 * cameras + 3 * i : 6 * cameras + 3 * i + 3]
            spot = project(camera[:3], camera[3:], point)
            found += [u - float(v) for u, v in zip(spot, observed)]
    return found


def scene(cameras: int, points: int, seed: int) -> tuple[Any, Any]:
    """Cameras around a ball of points: all numbers, and what is seen with noise."""
    draw = np.random.default_rng(seed)
    unknowns: list[float] = []
    for turn in np.linspace(0.1, 2 * np.pi, cameras, endpoint=False):
        at = 6 * np.array([np.cos(turn), np.sin(turn), 0.3])
        forward = -at / np.linalg.norm(at)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.array([right, np.cross(forward, right), forward])
        turned = Rotation.from_matrix(rotation).as_rotvec()
        unknowns += [*turned, *(-rotation @ at)]
    unknowns += draw.uniform(-1.5, 1.5, 3 * points).tolist()
    truth = np.array(unknowns)
    exact = np.array(residuals(truth, cameras, np.zeros((cameras, points, 2))))
    noise = NOISE * draw.standard_normal(exact.shape)
    return truth, (exact + noise).reshape(cameras, points, 2)


def plot(jacobian: Any, errors: list[Any], path: Path) -> Path:
    """The nonzeros, and how far points were seen from where they should be."""
    fig, axes = common.figure(11, 5, columns=2)
    axes[0].spy(jacobian, markersize=1.0, aspect="auto", color=common.BLUE)
    axes[0].set_xlabel("unknown")
    axes[0].set_ylabel("residual")
    axes[0].set_title(f"{jacobian.nnz:,} of {np.prod(jacobian.shape):,} entries")
    bins = np.geomspace(1e-2, 1e2, 50)
    for error, color, label in zip(
        errors, (common.ORANGE, common.GREEN), ("at the start", "adjusted")
    ):
        axes[1].hist(abs(error), bins=bins, color=color, alpha=0.7, label=label)
    axes[1].set_xscale("log")
    axes[1].set_xlabel("|residual|, pixels")
    axes[1].legend()
    return common.save(fig, path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if the residuals are as small as the noise."""
    parser = common.options(__doc__)
    parser.add_argument("--cameras", type=common.whole(2), default=6, help="(6)")
    parser.add_argument("--points", type=common.whole(4), default=40, help="(40)")
    parser.add_argument("--seed", type=common.whole(0), default=0, help="(0)")
    args = parser.parse_args(argv)
    truth, seen = scene(args.cameras, args.points, args.seed)
    draw = np.random.default_rng(args.seed + 1)
    start = truth + 0.05 * draw.standard_normal(truth.shape)

    value = ag.compile(lambda x: np.array(residuals(x, args.cameras, seen)))
    jacobian = ag.sparse_jacobian(lambda x: residuals(x, args.cameras, seen))
    began = time.perf_counter()
    value(start)
    pattern = jacobian(start)
    recorded = time.perf_counter()
    jacobian(start)
    again = time.perf_counter()
    found = least_squares(value, start, jac=jacobian, x_scale="jac", max_nfev=50)
    done = time.perf_counter()

    before, after = value(start), found.fun
    rms = [float(np.sqrt(np.mean(e * e))) for e in (before, after)]
    share = pattern.nnz / np.prod(pattern.shape)
    print(
        f"{len(before):,} residuals of {len(start)} unknowns on the {ag.engine} "
        f"engine: {share:.1%} of the Jacobian is not zero\n"
        f"recorded in {recorded - began:.2f} s, then {1e3 * (again - recorded):.2f} ms "
        f"for a Jacobian; {found.njev} of them and {done - again:.2f} s to adjust\n"
        f"root mean square of the residuals: {rms[0]:.2f} pixels, then {rms[1]:.3f}"
    )
    picture = plot(pattern, [before, after], args.output / "bundle_adjustment.png")
    common.wrote([picture])
    # Fitted unknowns take their share of the noise: the rest has this size.
    expected = NOISE * np.sqrt(1 - (len(start) - 7) / len(before))
    return common.verdict(
        [
            (
                f"residuals of {rms[1] / expected:.2f} times the noise",
                rms[1] < 1.2 * expected,
            )
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
