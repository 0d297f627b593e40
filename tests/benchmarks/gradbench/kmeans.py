"""kmeans: a Newton step for the centers of clusters, whose Hessian is diagonal."""

from __future__ import annotations

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields
from tests.benchmarks.gradbench.style import compiled, smallest, total


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


@compiled
def kmeans_dir(centroids, points):
    ones = [[1.0] * len(centroid) for centroid in centroids]
    gradient, diagonal = ag.jvp(
        ag.grad(lambda centroids: kmeans_cost(centroids, points)), (centroids,), (ones,)
    )
    return [[g / h for g, h in zip(*rows)] for rows in zip(gradient, diagonal)]


FUNCTIONS = {
    "cost": Function(kmeans_cost, fields("centroids", "points")),
    "dir": Function(kmeans_dir, fields("centroids", "points")),
}
