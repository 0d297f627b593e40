"""kmeans: a Newton step for the centers of clusters, whose Hessian is diagonal."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.examples import Sum, like
from tests.benchmarks.gradbench.function import Function, fields, flat
from tests.benchmarks.gradbench.style import STYLE, points, smallest, total


def squared_distance(a, b):
    result = 0.0
    for x, y in zip(a, b):
        difference = x - y
        result = result + difference * difference
    return result


def kmeans_cost(centroids, points):
    return total(
        smallest([squared_distance(point, centroid) for centroid in centroids])
        for point in points
    )


def kmeans_derivatives(centroids, points):
    """The gradient of the cost, and the diagonal of its Hessian."""
    ones = [[1.0] * len(centroid) for centroid in centroids]
    return ag.jvp(
        ag.grad(lambda centroids: kmeans_cost(centroids, points)), (centroids,), (ones,)
    )


if STYLE == "compiled":
    cost = Sum(lambda centroids, point: kmeans_cost(centroids, [point]))
    derivatives = ag.compile(
        lambda centroids, point: kmeans_derivatives(centroids, [point])
    )

    kmeans_cost_of_all = cost.value

    def kmeans_derivatives_of_all(centroids, points):
        parts = derivatives.map(centroids, points, in_axes=(None, 0))
        return like(parts, (float(shares.sum()) for shares in flat(parts)))

else:
    kmeans_cost_of_all = kmeans_cost
    kmeans_derivatives_of_all = kmeans_derivatives


def kmeans_dir(centroids, points):
    gradient, diagonal = kmeans_derivatives_of_all(centroids, points)
    return [[g / h for g, h in zip(*rows)] for rows in zip(gradient, diagonal)]


def kmeans_prepare(raw):
    centroids, rows = fields(centroids="k d", points="n d")(raw)
    return centroids, points(rows)


FUNCTIONS = {
    "cost": Function(kmeans_cost_of_all, kmeans_prepare),
    "dir": Function(kmeans_dir, kmeans_prepare),
}
