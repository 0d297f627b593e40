"""ba: bundle adjustment, a sparse Jacobian of many small equal blocks."""

from __future__ import annotations

import numpy as np

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import STYLE, compiled, inner


def cross(a, b):
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


def rotate(axis_angle, v):
    squared = inner(axis_angle, axis_angle)
    if squared == 0:
        turned = cross(axis_angle, v)
        return [v[i] + turned[i] for i in range(3)]
    angle = ag.sqrt(squared)
    axis = [r / angle for r in axis_angle]
    cos, sin = ag.cos(angle), ag.sin(angle)
    turned, along = cross(axis, v), inner(axis, v) * (1.0 - cos)
    return [v[i] * cos + turned[i] * sin + axis[i] * along for i in range(3)]


def reprojection(unknowns, feature):
    """The weighted distance in the picture of a point from where it was seen.

    ``unknowns`` are rotation 3, center 3, focal length, principal point 2, radial
    distortion 2, point 3, weight.
    """
    center, focal, principal = unknowns[3:6], unknowns[6], unknowns[7:9]
    k1, k2 = unknowns[9:11]
    point, weight = unknowns[11:14], unknowns[14]
    seen = rotate(unknowns[:3], [point[i] - center[i] for i in range(3)])
    u, v = seen[0] / seen[2], seen[1] / seen[2]
    r2 = u * u + v * v
    stretch = 1.0 + k1 * r2 + k2 * r2 * r2
    return [
        weight * (u * stretch * focal + principal[0] - feature[0]),
        weight * (v * stretch * focal + principal[1] - feature[1]),
    ]


def weight_error(w):
    return 1.0 - w * w


reprojection_jacobian = compiled(ag.jacobian(reprojection))
weight_slope = compiled(ag.grad(weight_error))


INPUT = fields(n="", m="", p="", cam="11", x="3", w="", feat="2")


def ba_prepare(raw):
    n, m, p, camera, point, w, feature = INPUT(raw)
    cameras = [list(camera) for _ in range(n)]
    points = [list(point) for _ in range(m)]
    weights = [w] * p
    observations = [(i % n, i % m) for i in range(p)]
    features = [list(feature)] * p
    return cameras, points, weights, observations, features


def ba_objective(cameras, points, weights, observations, features):
    errors = [
        reprojection([*cameras[c], *points[x], w], feature)
        for (c, x), w, feature in zip(observations, weights, features)
    ]
    return errors, [weight_error(w) for w in weights]


def ba_jacobian(cameras, points, weights, observations, features):
    n, m = len(cameras), len(points)
    rows, columns, values = [0], [], []
    for i, ((c, x), w, feature) in enumerate(zip(observations, weights, features)):
        where = [11 * c + j for j in range(11)]
        where += [11 * n + 3 * x + j for j in range(3)]
        where.append(11 * n + 3 * m + i)
        for row in reprojection_jacobian([*cameras[c], *points[x], w], feature):
            columns += where
            values += row
            rows.append(len(columns))
    for i, w in enumerate(weights):
        columns.append(11 * n + 3 * m + i)
        values.append(weight_slope(w))
        rows.append(len(columns))
    return rows, columns, values


if STYLE == "compiled":
    errors_of_one = ag.compile(reprojection)
    weight_error_of_one = ag.compile(weight_error)

    def ba_prepare(raw):
        """What each observation depends on, a row of 15 for each, and where that is."""
        n, m, p, camera, point, w, feature = INPUT(raw)
        numbers = np.array([*camera * n, *point * m, *[w] * p])
        i = np.arange(p)[:, None]
        where = np.hstack(
            [
                11 * (i % n) + np.arange(11),
                11 * n + 3 * (i % m) + np.arange(3),
                11 * n + 3 * m + i,
            ]
        )
        return numbers, where, np.tile(feature, (p, 1))

    def ba_objective(numbers, where, features):
        errors = errors_of_one.map(numbers[where], features)
        return np.stack(errors, axis=1), weight_error_of_one.map(numbers[where[:, -1]])

    def ba_jacobian(numbers, where, features):
        unknowns = numbers[where]
        blocks = reprojection_jacobian.map(unknowns, features)
        slopes = weight_slope.map(unknowns[:, -1])
        ends = 15 * np.arange(2 * len(where) + 1)
        return (
            np.concatenate([ends, ends[-1] + np.arange(1, len(slopes) + 1)]),
            np.concatenate([np.repeat(where, 2, axis=0).ravel(), where[:, -1]]),
            np.concatenate([np.stack(blocks, axis=1).ravel(), slopes]),
        )


def ba_objective_report(result):
    errors, weights = map(np.asarray, result)
    return {
        "reproj_error": {"elements": errors[0].tolist(), "repeated": len(errors)},
        "w_err": {"repeated": len(weights), "element": float(weights[0])},
    }


def ba_jacobian_report(result):
    told = (np.concatenate([part[:30], part[-1:]]).tolist() for part in result)
    return dict(zip(("rows", "cols", "vals"), told))


FUNCTIONS = {
    "objective": Function(ba_objective, ba_prepare, ba_objective_report),
    "jacobian": Function(ba_jacobian, ba_prepare, ba_jacobian_report),
}
