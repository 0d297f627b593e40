"""ht: a hand of 22 bones fitted to points, each with two numbers of its own."""

from __future__ import annotations

import numpy as np

import autograd as ag
from tests.benchmarks.gradbench.function import Function, check, fields
from tests.benchmarks.gradbench.style import STYLE, compiled, inner, total


def rotation_about(v):
    angle = ag.sqrt(inner(v, v))
    if angle < 1e-4:
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    x, y, z = (c / angle for c in v)
    s, c = ag.sin(angle), ag.cos(angle)
    t = 1.0 - c
    return [
        [x * x + (1.0 - x * x) * c, x * y * t - z * s, x * z * t + y * s],
        [x * y * t + z * s, y * y + (1.0 - y * y) * c, y * z * t - x * s],
        [x * z * t - y * s, y * z * t + x * s, z * z + (1.0 - z * z) * c],
    ]


def rotation_of_angles(about_x, about_z, about_y):
    cx, sx = ag.cos(about_x), ag.sin(about_x)
    cy, sy = ag.cos(about_y), ag.sin(about_y)
    cz, sz = ag.cos(about_z), ag.sin(about_z)
    rx = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]]
    ry = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]]
    rz = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]]
    return matmul(matmul(rz, ry), rx)


def hand_vertices(theta, model):
    angles = [[0.0, 0.0, 0.0] for _ in model["parents"]]
    bone, at = 2, 6
    for _finger in range(5):
        angles[bone][0], angles[bone][1] = theta[at], theta[at + 1]
        angles[bone + 1][0], angles[bone + 2][0] = theta[at + 2], theta[at + 3]
        bone, at = bone + 4, at + 4

    absolutes, transforms = [], []
    for i, parent in enumerate(model["parents"]):
        turn = rotation_of_angles(*angles[i])
        local = [[*row, 0.0] for row in turn] + [[0.0, 0.0, 0.0, 1.0]]
        relative = matmul(model["base_relatives"][i], local)
        root = parent == -1
        absolutes.append(relative if root else matmul(absolutes[parent], relative))
        transforms.append(matmul(absolutes[i], model["inverse_base_absolutes"][i]))

    turn, shift = rotation_about(theta[:3]), theta[3:6]
    vertices = []
    for base, influences in zip(model["base_positions"], model["influences"]):
        vertex = []
        for i in range(3):
            moved = (w * inner(transforms[b][i], base) for b, w in influences)
            vertex.append(total(moved))
        if model["is_mirrored"]:
            vertex[0] = -vertex[0]
        vertices.append([inner(turn[i], vertex) + shift[i] for i in range(3)])
    return vertices


def hand_errors(theta, us, data):
    vertices = hand_vertices(theta, data["model"])
    errors = []
    for i, (target, point) in enumerate(zip(data["correspondences"], data["points"])):
        if len(us):
            a, b, c = (vertices[v] for v in data["model"]["triangles"][target])
            u, v = us[i]
            found = [u * a[j] + v * b[j] + (1.0 - u - v) * c[j] for j in range(3)]
        else:
            found = vertices[target]
        errors += [point[j] - found[j] for j in range(3)]
    return errors


INPUT = fields(theta="26", data="*")
DATA = fields(model="*", correspondences="p", points="p 3")
MODEL = fields(
    parents="b",
    base_relatives="b 4 4",
    inverse_base_absolutes="b 4 4",
    base_positions="v 4",
    weights="v b",
    triangles="t 3",
    is_mirrored="*",
)


def ht_prepare(raw):
    theta, data = INPUT(raw)
    model, _, points = DATA(data)
    MODEL(model)
    us = raw.get("us") or []
    check(us, [str(len(points) if us else 0), "2"], "us", {})
    model["influences"] = [
        [(bone, w) for bone, w in enumerate(row) if w != 0] for row in model["weights"]
    ]
    return theta, us, data


def ht_prepare_objective(raw):
    theta, us, data = ht_prepare(raw)
    return theta, us, compiled(lambda theta, us: hand_errors(theta, us, data))


def ht_objective(theta, us, errors):
    return errors(theta, us)


def ht_prepare_jacobian(raw):
    theta, us, data = ht_prepare(raw)

    def errors(theta, us):
        return hand_errors(theta, us, data)

    def along(theta, us, direction):
        still = [0.0] * len(theta)
        return ag.jvp(errors, (theta, us), (still, [direction] * len(us)))[1]

    return theta, us, compiled(ag.jacobian(errors)), compiled(along)


def ht_jacobian(theta, us, by_theta, along):
    rows = by_theta(theta, us)
    if not us:
        return rows
    # An error depends on the u of its own point alone: two directions tell all.
    by_u = [along(theta, us, direction) for direction in ([1.0, 0.0], [0.0, 1.0])]
    return [[du, dv, *row] for du, dv, row in zip(*by_u, rows)]


def matmul(a, b):
    columns = list(zip(*b))
    return [[inner(row, column) for column in columns] for row in a]


if STYLE == "compiled":

    def ht_prepare_jacobian(raw):
        """The same on arrays, which a program takes and gives at once."""
        theta, us, data = ht_prepare(raw)
        theta, us = np.array(theta), np.array(us)

        def errors(theta, us):
            return np.array(hand_errors(theta, us, data))

        def along(theta, us, direction):
            directions = np.zeros_like(theta), np.tile(direction, (len(us), 1))
            return ag.jvp(errors, (theta, us), directions)[1]

        return theta, us, ag.compile(ag.jacobian(errors)), ag.compile(along)

    def ht_jacobian(theta, us, by_theta, along):
        rows = by_theta(theta, us)
        if not len(us):
            return rows
        by_u = [along(theta, us, direction) for direction in np.eye(2)]
        return np.column_stack([*by_u, rows])


def ht_jacobian_report(result):
    return np.asarray(result).tolist()


FUNCTIONS = {
    "objective": Function(ht_objective, ht_prepare_objective),
    "jacobian": Function(ht_jacobian, ht_prepare_jacobian, ht_jacobian_report),
}
