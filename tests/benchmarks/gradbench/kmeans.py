"""kmeans: a Newton step for the centers of clusters, whose Hessian is diagonal."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.examples import Sum
from tests.benchmarks.gradbench.function import Function, fields
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


def kmeans_slope(centroids, points):
    """How fast the cost rises where all centroids move by as much in each direction."""
    ones = [[1.0] * len(centroid) for centroid in centroids]
    return ag.jvp(
        lambda centroids: kmeans_cost(centroids, points), (centroids,), (ones,)
    )[1]


if STYLE == "compiled":
    cost = Sum(lambda centroids, point: kmeans_cost(centroids, [point]))
    slope = Sum(lambda centroids, point: kmeans_slope(centroids, [point]))
    kmeans_cost_of_all = cost.value

    def kmeans_derivatives_of_all(centroids, points):
        return cost.gradient(centroids, points), slope.gradient(centroids, points)

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
