"""Cuts: sets of nodes at which the paths between two values are grouped.

The narrowest cut follows from the theorem of Menger (1927): as many paths as it has
nodes can be found that share none. They are found one by one, each free to reroute
those before it (Ford and Fulkerson, 1956); where no further one gets to, the cut is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from typing import Any

from autograd.core.graph import NOTHING, Node, times
from autograd.paths.between import Between
from autograd.paths.names import names, neurons

__all__ = ["cut", "narrowest", "tangents", "users_of"]

WIDEST = 256
"""Nodes of a cut that is looked for."""


def cut(between: Between, through: Any, order: list[Node]) -> list[Node]:
    """The nodes that are asked for.

    Args:
        between: what the cut is to divide.
        through: nodes, a layer, the lecture's name of a layer's numbers, or "auto".
        order: all nodes of the graph.

    Raises:
        TypeError: ``through`` is none of these.
        ValueError: it is a name that no node has.
    """
    if isinstance(through, str):
        if through == "auto":
            return [between.order[i] for i in _narrowest_of_all(between)]
        unit = re.compile(re.escape(through) + r"(\d+(\(\d+\))?)?")
        called = names(order)
        found = [node for node in order if unit.fullmatch(called[node])]
        if not found:
            raise ValueError(
                f"through={through!r}: no value is called so, or {through}1"
            )
        return found
    if hasattr(through, "parameters"):
        parameters = set(through.parameters())
        return [
            n.activation for n in neurons(order) if not parameters.isdisjoint(n.weights)
        ]
    given = [through] if _is_node(through) else through
    if not isinstance(given, Iterable) or not all(map(_is_node, given := [*given])):
        raise TypeError(
            "through must be Values, a layer, the name of a layer's numbers such as "
            f"'a[1]', or 'auto', got {through!r:.60}"
        )
    return list(given)


def _is_node(x: Any) -> bool:
    return hasattr(x, "operands") and hasattr(x, "partials")


def tangents(between: Between, cut: Collection[int]) -> tuple[list[float], list[float]]:
    """For each node its derivative by ``wrt``, and the number of paths to it.

    Only along paths that do not pass a node of the cut before: what reaches the output
    misses the cut.
    """
    found, paths = [1.0], [1.0]
    for i in range(1, len(between.order)):
        tangent: float = NOTHING
        count = 0.0
        for edge in between.incoming(i):
            j = between.operand[edge]
            if j not in cut and paths[j]:
                tangent += times(found[j], between.partial[edge])
                count += paths[j]
        found.append(tangent)
        paths.append(count)
    return found, paths


def users_of(between: Between) -> list[list[int]]:
    """For each node those that it is an operand of, each once."""
    users: list[list[int]] = [[] for _ in between.order]
    for i in range(1, len(between.order)):
        for j in {between.operand[edge] for edge in between.incoming(i)}:
            users[j].append(i)
    return users


def _narrowest_of_all(between: Between) -> list[int]:
    """The narrowest cut where paths run side by side, not a place that all pass."""
    users = users_of(between)
    all_pass = between.bottlenecks()
    best: list[int] = []
    width = WIDEST + 1
    for low, high in itertools.pairwise(all_pass):
        if high - low > 1:
            around = int(high in users[low])
            found = narrowest(users, low, high, width - around)
            if found:
                best, width = found, len(found) + around
            if width == 2:
                break
    return best or all_pass[1:-1][: 1 + len(all_pass) // 2][-1:]


IN, OUT = False, True


def narrowest(
    users: list[list[int]], low: int, high: int, below: int
) -> list[int] | None:
    """The fewest nodes without which no way leads on, direct edges left aside.

    None if they are not fewer than ``below``.
    """
    came: dict[int, int] = {}  # of each node on a chosen path, the one before it
    for _ in range(below):
        reached: dict[tuple[int, bool], tuple[int, bool] | None] = {(low, OUT): None}
        stack = [(low, OUT)]
        end = None
        while stack and end is None:
            v, out = stack.pop()
            if not out:  # a node is passed once: a path that uses it must give way
                steps = [(came.get(v, v), OUT)]
            else:
                steps = [(v, IN)] if v in came else []
                for u in users[v]:
                    if u != high:
                        steps.append((u, IN))
                    elif v != low:
                        end = v
            for step in steps:
                if step not in reached:
                    reached[step] = v, out
                    stack.append(step)
        if end is None:
            return sorted(
                v for v, out in reached if not out and (v, OUT) not in reached
            )
        step, added = (end, OUT), []
        while (before := reached[step]) is not None:
            if before[1] is OUT and step[0] != before[0]:
                added.append((step[0], before[0]))
            elif step[1] is OUT and step[0] != before[0]:
                came.pop(before[0])
            step = before
        came.update(added)
    return None
