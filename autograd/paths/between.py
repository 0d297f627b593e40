"""The part of a graph between two values: how many paths, their sum, bottlenecks.

There may be 2^60 paths, so they are never walked one by one: their number and their
sum come from one sweep over the nodes and edges between the two.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from operator import mul

from autograd.core.graph import NOTHING, Node, chooses, times, topological_order

__all__ = ["Between"]

UNIT_ROUNDOFF = 2.0**-53
TINY = math.ulp(0.0)

Matrix = list[list[int]]

NARROW = 4
"""Nodes in use at a cut, at most: the product of matrices takes their cube."""

STRETCH = 64
"""Nodes between two cuts, at least, so that there are few matrices."""


class Between:
    """The part of a graph between two values, with what runs along its paths.

    ``order`` has its nodes in topological order, ``wrt`` first and the output last;
    it is empty if no path leads from one to the other. The edges into ``order[i]``
    are those from ``start[i]`` to ``start[i + 1]``, each with its operand's index, its
    position among the operands, and its partial: ``NOTHING`` where none passes.

    Args:
        output: where the paths end.
        wrt: where they begin.
        avoid: nodes that the paths must not pass; they may begin and end there.
    """

    def __init__(self, output: Node, wrt: Node, avoid: Collection[Node] = ()) -> None:
        avoid = set(avoid)  # in a list, a node would be found by its number
        index: dict[Node, int] = {}
        self.order: list[Node] = []
        self.start = [0]
        self.operand: list[int] = []
        self.position: list[int] = []
        self.partial: list[float] = []
        for node in topological_order(output):
            if node is not wrt:
                if node in avoid and node is not output:
                    continue
                edges_before, partials = len(self.operand), node.partials
                steps = chooses(node)
                for k, x in enumerate(node.operands):
                    j = None if x.__class__ is float else index.get(x)
                    if j is not None:
                        self.operand.append(j)
                        self.position.append(k)
                        none = steps and partials[k] == 0
                        self.partial.append(NOTHING if none else partials[k])
                if len(self.operand) == edges_before:
                    continue
            index[node] = len(self.order)
            self.order.append(node)
            self.start.append(len(self.operand))
        if self.order and self.order[-1] is not output:
            self.order = []  # all its paths are avoided ones
        if avoid:
            self._trim()

    def _trim(self) -> None:
        """Leave out what leads nowhere, as a detour does that ends in ``avoid``."""
        last = len(self.order) - 1
        reached = [False] * last + [True] * (last >= 0)
        for i in range(last, 0, -1):
            if reached[i]:
                for edge in self.incoming(i):
                    reached[self.operand[edge]] = True
        if all(reached):
            return
        index = {j: k for k, j in enumerate(i for i, r in enumerate(reached) if r)}
        kept = [edge for i in index for edge in self.incoming(i)]
        sizes = [len(self.incoming(i)) for i in index]
        self.order = [self.order[i] for i in index]
        self.start = [0]
        for size in sizes:
            self.start.append(self.start[-1] + size)
        self.operand = [index[self.operand[edge]] for edge in kept]
        self.position = [self.position[edge] for edge in kept]
        self.partial = [self.partial[edge] for edge in kept]

    def incoming(self, i: int) -> range:
        """The edges into node ``i``."""
        return range(self.start[i], self.start[i + 1])

    def bottlenecks(self) -> list[int]:
        """The nodes on every path, ``wrt`` and the output among them: none is jumped.

        An edge that jumps over a place in the order lies on a path that does not
        meet the node there, since every node between the two lies on some path.
        """
        first = [len(self.order)] * len(self.order)  # where the edges into i begin
        for i in range(1, len(self.order)):
            first[i] = min(self.operand[e] for e in self.incoming(i))
        found, least = [], len(self.order)
        for i in range(len(self.order) - 1, -1, -1):
            if least >= i:
                found.append(i)
            least = min(least, first[i])
        return found[::-1]

    def count(self) -> int:
        """The number of paths.

        The order is cut where few nodes are still to be used. Between two cuts, a
        small matrix says how many paths lead from each node to each; the product of
        the matrices, taken in pairs, meets long numbers only at its end.
        """
        last = len(self.order) - 1
        if last < 0:
            return 0
        furthest = list(range(last + 1))
        for i in range(last + 1):
            for j in self.operand[self.start[i] : self.start[i + 1]]:
                furthest[j] = i
        matrices: list[Matrix] = []
        counts, cut = {0: [1]}, 0  # of each node in use: its paths from the cut's nodes
        for i in range(1, last + 1):
            operands = self.operand[self.start[i] : self.start[i + 1]]
            if len(operands) == 1:
                counts[i] = counts[operands[0]]
            else:
                counts[i] = [sum(x) for x in zip(*(counts[j] for j in operands))]
            for j in operands:
                if furthest[j] == i:
                    counts.pop(j, None)
            if i == last or (i - cut >= STRETCH and len(counts) <= NARROW):
                matrices.append(list(counts.values()))
                units = range(len(counts))
                counts = {j: [int(k == m) for m in units] for k, j in enumerate(counts)}
                cut = i
        return _product(matrices)[0][0] if matrices else 1

    def counts(self) -> list[float]:
        """How many paths lead from each node to the output, as floats."""
        counts = [0.0] * len(self.order)
        counts[-1:] = [1.0]
        for i in range(len(self.order) - 1, 0, -1):
            for edge in self.incoming(i):
                counts[self.operand[edge]] += counts[i]
        return counts

    def adjoints(self) -> list[float]:
        """The adjoint of every node: the sum over its paths to the output.

        The last sum, from the output back to ``wrt`` as ``backward`` does it, is
        compared with the sum from the other end. Each sweep carries a bound on its
        rounding error, after Higham, "Accuracy and Stability of Numerical
        Algorithms" (2002), section 3.3: a computed result r of one operation is
        off by at most u |r|, plus the smallest float if it underflows.
        """
        adjoints, back_error = self._sweep_back()
        ahead, ahead_error = self._sweep_ahead()
        bound = 2.0 * (back_error + ahead_error)  # twice, for its own rounding
        if math.isfinite(bound) and not abs(adjoints[0] - ahead) <= bound:
            raise ArithmeticError(
                f"the sum over the paths is {adjoints[0]!r} from the output and "
                f"{ahead!r} from the other end, further apart than rounding ({bound!r})"
            )
        return adjoints

    def _sweep_back(self) -> tuple[list[float], float]:
        n = len(self.order)
        adjoints: list[float] = [NOTHING] * n
        errors = [0.0] * n
        adjoints[-1] = 1.0
        for i in range(n - 1, 0, -1):
            adjoint, error = adjoints[i], errors[i]
            for edge in self.incoming(i):
                j, partial = self.operand[edge], self.partial[edge]
                part = times(adjoint, partial)
                adjoints[j] = sum_j = adjoints[j] + part
                rounding = UNIT_ROUNDOFF * (abs(part) + abs(sum_j)) + TINY
                errors[j] += abs(partial) * error + rounding
        return list(map(float, adjoints)), errors[0]

    def _sweep_ahead(self) -> tuple[float, float]:
        tangents, errors = [1.0], [0.0]
        for i in range(1, len(self.order)):
            tangent: float = NOTHING
            error = 0.0
            for edge in self.incoming(i):
                j, partial = self.operand[edge], self.partial[edge]
                part = times(tangents[j], partial)
                tangent += part
                rounding = UNIT_ROUNDOFF * (abs(part) + abs(tangent)) + TINY
                error += abs(partial) * errors[j] + rounding
            tangents.append(tangent)
            errors.append(error)
        return tangents[-1], errors[-1]


def _product(matrices: list[Matrix]) -> Matrix:
    """The later ones times the earlier, in pairs, so that long numbers are few."""
    while len(matrices) > 1:
        odd = matrices[len(matrices) & ~1 :]
        pairs = zip(matrices[::2], matrices[1::2])
        matrices = [_times(later, earlier) for earlier, later in pairs] + odd
    return matrices[0]


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b))
    return [[sum(map(mul, row, column)) for column in columns] for row in a]
