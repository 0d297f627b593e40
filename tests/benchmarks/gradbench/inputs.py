"""Random inputs of every evaluation, of any size, as the messages hold them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any


def _normals(draw: random.Random, *shape: int) -> Any:
    if not shape:
        return draw.gauss(0.0, 1.0)
    return [_normals(draw, *shape[1:]) for _ in range(shape[0])]


def log_multigamma(a: float, p: int) -> float:
    return p * (p - 1) / 4 * math.log(math.pi) + math.fsum(
        math.lgamma(a - j / 2) for j in range(p)
    )


def wishart_constant(d: int, m: int, gamma: float) -> float:
    """What gmm's prior has besides the parameters, for each component."""
    freedom = d + m + 1
    constant = freedom * d * math.log(gamma / math.sqrt(2))
    return constant - log_multigamma(freedom / 2, d)


def hello(draw: random.Random) -> float:
    return draw.gauss(0.0, 1.0)


def gmm(draw: random.Random, n: int = 8, d: int = 3, k: int = 4) -> dict[str, Any]:
    below = d * (d - 1) // 2
    return {
        "alpha": _normals(draw, k),
        "mu": _normals(draw, k, d),
        "q": _normals(draw, k, d),
        "l": _normals(draw, k, below),
        "x": _normals(draw, n, d),
        "gamma": 1.0,
        "m": 0,
    }


def ba(draw: random.Random, n: int = 2, m: int = 3, p: int = 5) -> dict[str, Any]:
    rotation, center = _normals(draw, 3), _normals(draw, 3)
    camera = [*rotation, *center, 1.0 + draw.random(), *_normals(draw, 2), 0.01, 0.001]
    return {
        "n": n,
        "m": m,
        "p": p,
        "cam": camera,
        "x": [draw.gauss(0.0, 1.0) for _ in range(3)],
        "w": draw.random(),
        "feat": _normals(draw, 2),
    }


def ht(draw: random.Random, points: int = 4, us: bool = True) -> dict[str, Any]:
    """A hand of 22 bones, 5 fingers of 4, with a skin drawn at random."""
    parents = [-1, 0] + [1 if b % 4 == 2 else b - 1 for b in range(2, 22)]
    vertices = 3 * points

    def placement() -> list[list[float]]:
        turn = draw.uniform(-0.5, 0.5)
        c, s = math.cos(turn), math.sin(turn)
        x, y, z = _normals(draw, 3)
        rows = [[c, -s, 0.0, x], [s, c, 0.0, y], [0.0, 0.0, 1.0, z]]
        return [*rows, [0.0, 0.0, 0.0, 1.0]]

    weights = []
    for _ in range(vertices):
        row = [0.0] * 22
        for bone in draw.sample(range(22), 3):
            row[bone] = draw.random()
        weights.append(row)
    model = {
        "bone_count": 22,
        "parents": parents,
        "base_relatives": [placement() for _ in range(22)],
        "inverse_base_absolutes": [placement() for _ in range(22)],
        "base_positions": [[*_normals(draw, 3), 1.0] for _ in range(vertices)],
        "weights": weights,
        "triangles": [draw.sample(range(vertices), 3) for _ in range(vertices)],
        "is_mirrored": False,
    }
    return {
        "theta": [0.3 * x for x in _normals(draw, 26)],
        "us": [[draw.random(), draw.random()] for _ in range(points)] if us else [],
        "data": {
            "model": model,
            "correspondences": [draw.randrange(vertices) for _ in range(points)],
            "points": _normals(draw, points, 3),
        },
    }


def kmeans(draw: random.Random, n: int = 20, k: int = 3, d: int = 2) -> dict[str, Any]:
    points = _normals(draw, n, d)
    return {"points": points, "centroids": [list(p) for p in points[:k]]}


def llsq(draw: random.Random, n: int = 16, m: int = 4) -> dict[str, Any]:
    return {"x": _normals(draw, m), "n": n}


def lse(draw: random.Random, n: int = 10) -> dict[str, Any]:
    return {"x": _normals(draw, n)}


def lstm(
    draw: random.Random, layers: int = 2, length: int = 5, width: int = 3
) -> dict[str, Any]:
    return {
        "main_params": _normals(draw, 2 * layers, 4 * width),
        "extra_params": _normals(draw, 3, width),
        "state": _normals(draw, 2 * layers, width),
        "sequence": _normals(draw, length, width),
    }


def ode(draw: random.Random, n: int = 4, s: int = 5) -> dict[str, Any]:
    return {"x": [draw.random() for _ in range(n)], "s": s}


def det(draw: random.Random, ell: int = 4) -> dict[str, Any]:
    return {"A": _normals(draw, ell * ell), "ell": ell}


def saddle(draw: random.Random) -> dict[str, Any]:
    return {"start": [1.0, 1.0]}


def particle(draw: random.Random) -> dict[str, Any]:
    return {"w": 0.0}


INPUTS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(hello, gmm, ba, ht, kmeans, llsq, lse, lstm, ode, det, saddle, particle),
    )
}
