"""A layered drawing of a graph: every value right of its operands, no box crossed.

The method of Sugiyama, Tagawa and Toda (1981) in four steps, each a function:
assign layers along the longest path, put a waypoint into every layer that an edge
passes, order each layer by the barycenters of its neighbors, and place it as near
to them as the boxes' heights allow. All edges of one value share their waypoints
and branch off, as a bus does. Nothing is random: the same graph gives the same
drawing, and edges run between the boxes, since a waypoint keeps its place free.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.paths.names import unit

__all__ = ["Layout", "place"]

WIDTH = 134.0
"""Of a box, in pixels."""

HEIGHT = 66.0
"""Of a box at least."""

PITCH = 236.0
"""From one layer to the next."""

RUN = 64.0
"""How far an edge runs straight before a box, so that its label crosses no other."""

GAP = 16.0
"""Between two boxes of a layer."""

PORT = 15.0
"""Between two edges with labels that enter a box."""

BARE = 2.0
"""Between two without."""

WAYPOINT = 6.0
"""Height kept free for a passing edge."""

SWEEPS = 12
"""At most; a drawing of very many waypoints gets fewer."""

PATIENCE = 4
"""Sweeps without fewer crossings after which the order is final."""


@dataclass
class Layout:
    """Where everything is, in pixels, y down.

    ``boxes[i]`` is left, top, width and height of node i. ``routes[i][k]`` are the
    points through which the edge into operand place k of node i runs, from the right
    side of the operand's box to the left side of node i's; None for a constant.
    """

    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    routes: list[list[list[tuple[float, float]] | None]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def place(
    operands: Sequence[Sequence[int | None]],
    ports: Sequence[float] = (),
    names: Sequence[str] = (),
) -> Layout:
    """Draw a graph.

    Args:
        operands: for each node, in topological order, the numbers of its operands,
            None for a constant.
        ports: for each node how far apart the edges enter it; else room for a label.
        names: what to call the nodes; the units of a layer stay in order.

    >>> layout = place([[], [], [0, 1, 1]])
    >>> [box[0] for box in layout.boxes]
    [0.0, 0.0, 236.0]
    >>> len(layout.routes[2])
    3
    """
    layer = _layers(operands)
    # Vertices: the nodes, then the waypoints. ``last[v]`` is where its bus ends.
    layers: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node, depth in enumerate(layer):
        layers[depth].append(node)
    bus, up, down = _waypoints(operands, layer, layers)

    ports = ports or [PORT] * len(operands)
    heights = [
        max(HEIGHT, port * sum(x is not None for x in xs) + 2 * WAYPOINT)
        for xs, port in zip(operands, ports)
    ]
    heights += [WAYPOINT] * (len(up) - len(operands))
    # A topological order is from the right; first operands are to be on top.
    layers = _ordered([row[::-1] for row in layers], up, down, list(map(unit, names)))
    y = _coordinates(layers, up, down, heights)

    return _drawn(operands, layer, bus, y, heights, ports)


def _layers(operands: Sequence[Sequence[int | None]]) -> list[int]:
    """The longest path to each node, then as far right as makes no edge longer.

    A node may move up to its first user. That costs a step for each operand that is
    used elsewhere too, and saves one for each use; a leaf always moves.
    """
    users: list[list[int]] = [[] for _ in operands]
    layer = [0] * len(operands)
    for node, xs in enumerate(operands):
        for x in xs:
            if x is not None:
                users[x].append(node)
                layer[node] = max(layer[node], layer[x] + 1)
    for node in reversed(range(len(operands))):
        shared = {x for x in operands[node] if x is not None and len(users[x]) > 1}
        if users[node] and len(shared) <= len(users[node]):
            layer[node] = min(layer[user] for user in users[node]) - 1
    return layer


def _waypoints(
    operands: Sequence[Sequence[int | None]],
    layer: list[int],
    layers: list[list[int]],
) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """Each node's bus of waypoints, and the neighbors before and after each vertex."""
    n = len(operands)
    farthest = list(layer)
    for node, xs in enumerate(operands):
        for x in xs:
            if x is not None:
                farthest[x] = max(farthest[x], layer[node])
    up: list[list[int]] = [[] for _ in range(n)]
    down: list[list[int]] = [[] for _ in range(n)]
    bus: list[list[int]] = []
    for node in range(n):
        bus.append([node])
        for depth in range(layer[node] + 1, farthest[node]):
            way = len(up)
            up.append([bus[node][-1]])
            down.append([])
            down[bus[node][-1]].append(way)
            layers[depth].append(way)
            bus[node].append(way)
    for node, xs in enumerate(operands):
        for x in xs:
            if x is not None:
                before = bus[x][layer[node] - layer[x] - 1]
                up[node].append(before)
                down[before].append(node)
    return bus, up, down


def _sweeps(vertices: int) -> int:
    return max(2, min(SWEEPS, 200_000 // (vertices + 1)))


def _ordered(
    layers: list[list[int]],
    up: list[list[int]],
    down: list[list[int]],
    units: Sequence[tuple[str, int] | None],
) -> list[list[int]]:
    """Sweep to and fro, sorting by barycenters; keep the order with least crossings."""
    for row in layers:
        _units_in_order(row, units)
    best, least = [list(row) for row in layers], _crossings(layers, up)
    rank = [0.0] * len(up)
    for row in layers:
        for i, v in enumerate(row):
            rank[v] = (i + 0.5) / len(row)
    current = [list(row) for row in layers]
    since = 0
    for sweep in range(_sweeps(len(up))):
        if least == 0 or since == PATIENCE:
            break
        since += 1
        near = up if sweep % 2 == 0 else down
        for row in current if sweep % 2 == 0 else reversed(current):
            center = {
                v: sum(rank[u] for u in near[v]) / len(near[v]) if near[v] else rank[v]
                for v in row
            }
            row.sort(key=lambda v: center[v])
            _units_in_order(row, units)
            for i, v in enumerate(row):
                rank[v] = (i + 0.5) / len(row)
        crossings = _crossings(current, up)
        if crossings < least:
            best, least, since = [list(row) for row in current], crossings, 0
    return best


def _units_in_order(row: list[int], units: Sequence[tuple[str, int] | None]) -> None:
    """Let the units of each layer change places until they stand in order."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, v in enumerate(row):
        found = units[v] if v < len(units) else None
        if found:
            places[found[0]].append(i)
    for at in places.values():
        inside = sorted((row[i] for i in at), key=lambda v: units[v] or ("", 0))
        for i, v in zip(at, inside):
            row[i] = v


def _crossings(layers: list[list[int]], up: list[list[int]]) -> int:
    """How many pairs of edges cross between neighboring layers."""
    position = [0] * len(up)
    total = 0
    for row in layers:
        seen: list[int] = []
        for i, v in enumerate(row):
            position[v] = i
            ends = sorted(position[u] for u in up[v])
            for end in ends:
                total += len(seen) - bisect_left(seen, end + 1)
            for end in ends:
                insort(seen, end)
    return total


def _coordinates(
    layers: list[list[int]],
    up: list[list[int]],
    down: list[list[int]],
    heights: list[float],
) -> list[float]:
    """The middle of each vertex, near its neighbors', the layers' order kept."""
    y = [0.0] * len(up)
    for row in layers:
        total = 0.0
        for v in row:
            y[v] = total + heights[v] / 2
            total += heights[v] + GAP
        for v in row:
            y[v] -= total / 2
    for sweep in range(2 * _sweeps(len(up))):
        forward, still = sweep % 2 == 0, True
        for row in layers if forward else reversed(layers):
            wishes = []
            for v in row:
                # Over both sides at once; the last sweeps then agree with each other.
                around = [y[u] for u in up[v]] + [y[u] for u in down[v]]
                wishes.append(sum(around) / len(around) if around else y[v])
            for v, middle in zip(row, _apart(wishes, [heights[v] for v in row])):
                still = still and abs(y[v] - middle) < 1
                y[v] = middle
        if still:
            break
    return y


def _apart(wishes: list[float], heights: list[float]) -> list[float]:
    """Middles as near as possible to the wishes, in order, and no two overlapping.

    Least squares under an order is isotonic regression; pooling the neighbors that
    violate it solves it exactly (Ayer et al. 1955).
    """
    offsets, total = [], 0.0
    for i, height in enumerate(heights):
        total += (heights[i - 1] + height) / 2 + GAP if i else 0.0
        offsets.append(total)
    pools: list[tuple[float, int]] = []  # the mean of a pool, and its size
    for wish, offset in zip(wishes, offsets):
        mean, size = wish - offset, 1
        while pools and pools[-1][0] >= mean:
            before, count = pools.pop()
            mean = (mean * size + before * count) / (size + count)
            size += count
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets)]


def _drawn(
    operands: Sequence[Sequence[int | None]],
    layer: list[int],
    bus: list[list[int]],
    y: list[float],
    heights: list[float],
    ports: Sequence[float],
) -> Layout:
    """Boxes and routes in pixels, from the top left corner."""
    n = len(operands)
    top = min((y[v] - heights[v] / 2 for v in range(len(y))), default=0.0)
    y = [round(middle - top, 2) for middle in y]
    boxes = [
        (layer[v] * PITCH, round(y[v] - heights[v] / 2, 2), WIDTH, heights[v])
        for v in range(n)
    ]
    routes: list[list[list[tuple[float, float]] | None]] = []
    for node, xs in enumerate(operands):
        places = [k for k, x in enumerate(xs) if x is not None]
        ways = {k: bus[xs[k]][: layer[node] - layer[xs[k]]] for k in places}  # type: ignore[index]  # no constants here
        # Edges enter in the order of where they come from, so that none cross.
        places.sort(key=lambda k: (y[ways[k][-1]], k))
        found: list[list[tuple[float, float]] | None] = [None] * len(xs)
        for port, k in enumerate(places):
            source, *passed = ways[k]
            left = boxes[source][0]
            points = [(left + WIDTH, y[source])]
            for way in passed:
                left += PITCH
                points += [(left - RUN, y[way]), (left + WIDTH, y[way])]
            left = boxes[node][0]
            entry = round(y[node] + ports[node] * (port - (len(places) - 1) / 2), 2)
            found[k] = [*points, (left - RUN, entry), (left, entry)]
        routes.append(found)
    return Layout(
        boxes,
        routes,
        max((left + width for left, _, width, _ in boxes), default=0.0),
        max((y[v] + heights[v] / 2 for v in range(len(y))), default=0.0),
    )
