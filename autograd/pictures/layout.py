"""A layered drawing of a graph: every value right of its operands, no box crossed.

The method of Sugiyama, Tagawa and Toda (1981) in four steps, each a function:
assign layers along the longest path, put a waypoint into every layer that an edge
passes, order each layer by the barycenters of its neighbors, and place it as near
to them as the boxes' heights allow. All edges of one value share their waypoints
and branch off, as a bus does. Nothing is random: the same graph gives the same
drawing, and edges run between the boxes, since a waypoint keeps its place free.

Edges from afar, in a long graph, would pass layers as many as its length squared: the
longest have no waypoints then and run below everything, in a few lanes that they share.

Very many operands of one value would make the picture a tower: they stand in blocks,
one behind the other, and a line leads on from where the edges of a block meet.

The page lays out anew whenever something opens or collapses: it runs these functions,
too, so that they are plain enough for :mod:`autograd.pictures.translate`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Layout", "blocks", "place"]

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

PASSED = 40_000
"""Layers that edges pass, in all; where there are more, the longest take a lane."""

LANES = 24
"""Below the picture; more edges than that share them."""

SWEEPS = 12
"""At most; a drawing of very many waypoints gets fewer."""

PATIENCE = 4
"""Sweeps without fewer crossings after which the order is final."""

ABREAST = 16
"""Boxes that stand in one block at least, if there are so many."""

FEW = 8
"""Operands of a value that are one block, however much is computed for them."""

Operands = Sequence[Sequence[int | None]]
Blocks = tuple[list[int], list[int]]
Points = list[tuple[float, float]]


class Layout(NamedTuple):
    """Where everything is, in pixels, y down.

    ``boxes[i]`` is left, top, width and height of node i. ``routes[i][k]`` are the
    points through which the edge into operand place k of node i runs, from the right
    side of the operand's box to the left side of node i's; None for a constant.
    ``labels[i][k]`` is the end of the straight stretch above which its label has room.
    """

    boxes: list[tuple[float, float, float, float]]
    routes: list[list[Points | None]]
    labels: list[list[tuple[float, float] | None]]
    width: float
    height: float


def place(
    operands: Operands,
    ports: Sequence[float] = (),
    units: Sequence[tuple[str, int] | None] = (),
) -> Layout:
    """Draw a graph.

    Args:
        operands: for each node, in topological order, the numbers of its operands,
            None for a constant.
        ports: for each node how far apart the edges enter it; else room for a label.
        units: which nodes are to stand in order: a key they share, and a number.

    >>> layout = place([[], [], [0, 1, 1]])
    >>> [box[0] for box in layout.boxes]
    [0.0, 0.0, 236.0]
    >>> len(layout.routes[2])
    3
    """
    # Vertices: the nodes, each after the joints of its blocks, then the waypoints.
    vertex = [0 for _ in operands]  # of each node
    joint = [[0] for _ in operands]  # of each block of a node; the first's is itself
    into: list[list[int]] = []  # the vertices before each vertex
    steps: list[int] = []  # how many layers there are between it and its last joint
    port: list[float] = []
    unit: list[tuple[str, int] | None] = []
    least: list[float] = []  # the height of a vertex at least
    at: list[float] = []  # its place in its layer at first: those on top come last
    for node, (found, deep) in enumerate(blocks(operands)):
        joint[node] = [len(into) + len(deep) - 1 - block for block in range(len(deep))]
        vertex[node] = joint[node][0]
        for block in reversed(range(len(deep))):
            pairs = [(x, b) for x, b in zip(operands[node], found) if x is not None]
            inside = [vertex[x] for x, b in pairs if b == block]
            last = block == len(deep) - 1
            if not last:  # the line from a joint runs through the middle of the block
                at[len(at) - 1] = _mean([at[v] for v in inside], 0.0)
            at.append(len(at))
            into.append(inside if last else [*inside, len(into) - 1])
            steps.append(1 if last else deep[block])
            port.append(ports[node] if len(ports) > 0 else PORT)
            unit.append(units[node] if len(units) > 0 and block == 0 else None)
            least.append(HEIGHT if block == 0 else WAYPOINT)
    n = len(into)
    layer = _layers(into, steps)
    layers: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for v in range(n):
        layers[layer[v]].append(v)
    up: list[list[int]] = [[] for _ in into]
    down: list[list[int]] = [[] for _ in into]
    bus = _waypoints(into, layer, layers, up, down)
    heights = [max(least[v], port[v] * len(into[v]) + 2 * WAYPOINT) for v in range(n)]
    heights += [WAYPOINT for _ in range(len(up) - n)]
    unit += [None for _ in range(len(up) - n)]
    for ways in bus:
        at += [at[ways[0]] for _ in range(len(ways) - 1)]
    # A topological order is from the right; first operands are to be on top.
    layers = [sorted(row, key=lambda v: -at[v]) for row in layers]
    layers = _ordered(layers, up, down, unit)
    y = _coordinates(layers, up, down, heights)
    top = min([y[v] - heights[v] / 2 for v in range(len(y))], default=math.inf)
    y = [math.floor(10 * (middle - top) + 0.5) / 10 for middle in y]
    bottom = max([y[v] + heights[v] / 2 for v in range(len(y))], default=0.0)
    lanes = [bottom + GAP + WAYPOINT * (x % LANES) for x in range(n)]
    edges = [(x, v) for v, xs in enumerate(into) for x in xs]
    low = [lanes[x] for x, v in edges if len(bus[x]) < layer[v] - layer[x]]
    hops = _hops(into, layer, bus, y, port, lanes)

    boxes = [
        (layer[v] * PITCH, y[v] - heights[v] / 2, WIDTH, heights[v]) for v in vertex
    ]
    routes: list[list[Points | None]] = []
    labels: list[list[tuple[float, float] | None]] = []
    for node, (found, _) in enumerate(blocks(operands)):
        taken = [0 for _ in joint[node]]  # of the operands of each block
        routes.append([])
        labels.append([])
        for x, b in zip(operands[node], found):
            if x is None:
                routes[node].append(None)
                labels[node].append(None)
            else:
                v = joint[node][b]
                route = hops[v][taken[b]]
                taken[b] += 1
                labels[node].append(route[-1])
                while v < vertex[node]:  # on from a joint, along its bar
                    bar, v = (layer[v] * PITCH, y[v]), v + 1
                    route = [*route, bar, *hops[v][-1]]
                routes[node].append(route)
    return Layout(
        boxes=boxes,
        routes=routes,
        labels=labels,
        width=max([left + width for left, _, width, height in boxes], default=0.0),
        height=max([bottom, *low], default=0.0),
    )


def blocks(operands: Operands) -> list[Blocks]:
    """For each node the block of each operand, and how many layers each block takes.

    An operand stands with all that is used for it alone, as many beside each other as
    make the picture about as high as wide.

    >>> blocks([[], [0, None]])
    [([], [0]), ([0, 0], [1])]
    """
    used = [0 for _ in operands]
    depth = [1 for _ in operands]
    for node, xs in enumerate(operands):
        for x in xs:
            if x is not None:
                used[x] += 1
                depth[node] = max(depth[node], depth[x] + 1)
    boxes = sum([1 + len([x for x in xs if x is None]) for xs in operands])
    most = max(ABREAST, 1.5 * math.sqrt(boxes))
    # What is computed for a node alone stands with it; of the others an operand each.
    broad = [1.0 for _ in operands]
    wide = [False for _ in operands]
    beside = [0 for _ in range(max(depth, default=0) + 1)]  # wide ones at each depth
    for node, xs in enumerate(operands):
        own = [x for x in xs if x is not None and used[x] == 1]
        broad[node] = max(1.0, sum([broad[x] for x in own]))
        breadth = sum([broad[x] for x in own]) + len(xs) - len(own)
        wide[node] = len(xs) > FEW and breadth > most
        beside[depth[node]] += 1 if wide[node] else 0
    most = max(FEW, most / max(1, max(beside, default=1)))
    size = [1 for _ in operands]
    joined: list[Blocks] = []
    for node, xs in enumerate(operands):
        found: list[int] = []
        deep, filled = [0], [0.0]
        for x in xs:
            steps, breadth = 1, 1.0
            if x is not None and used[x] == 1:
                steps, breadth = size[x], broad[x]
            if wide[node] and filled[-1] > 0 and filled[-1] > most - breadth:
                deep.append(0)
                filled.append(0.0)
            deep[len(deep) - 1] = max(deep[-1], steps)
            filled[len(deep) - 1] += breadth
            found.append(len(deep) - 1)
        if wide[node]:
            broad[node] = max(filled, default=1.0)
        size[node] = 1 + sum(deep)
        joined.append((found, deep))
    return joined


def _layers(into: list[list[int]], steps: list[int]) -> list[int]:
    """The longest path to each vertex, then as far right as makes no edge longer.

    One may move up to its first user. That costs a step for each operand that is
    used elsewhere too, and saves one for each use; a leaf always moves. From a joint
    to the next lead as many steps as the block between them takes.
    """
    users: list[list[tuple[int, int]]] = [[] for _ in into]
    wraps = max(steps, default=1) > 1
    layer = [0 for _ in into]
    for v, xs in enumerate(into):
        for k, x in enumerate(xs):
            length = steps[v] if k == len(xs) - 1 else 1
            users[x].append((v, length))
            layer[v] = max(layer[v], layer[x] + length)
    for v in reversed(range(len(into))):
        inner = [x for x in into[v] if len(users[x]) > 1 and len(into[x]) > 0]
        shared = sorted(inner, key=lambda x: x)
        other = [x for k, x in enumerate(shared) if k == 0 or shared[k - 1] != x]
        if len(users[v]) > 0 and (wraps or len(other) <= len(users[v])):
            layer[v] = min([layer[u] - length for u, length in users[v]], default=0)
    return layer


def _waypoints(
    into: list[list[int]],
    layer: list[int],
    layers: list[list[int]],
    up: list[list[int]],
    down: list[list[int]],
) -> list[list[int]]:
    """Each vertex's bus of waypoints; the neighbors before and after each are added."""
    reach = len(layers)  # of the longest edge that has waypoints
    passed = [layer[v] - layer[x] - 1 for v, xs in enumerate(into) for x in xs]
    while sum([steps for steps in passed if steps < reach]) > PASSED:
        reach = reach // 2
    farthest = list(layer)
    for v, xs in enumerate(into):
        for x in xs:
            if layer[v] - layer[x] <= reach:
                farthest[x] = max(farthest[x], layer[v])
    bus = [[v] for v, _ in enumerate(into)]
    for v, ways in enumerate(bus):
        for depth in range(layer[v] + 1, farthest[v]):
            way = len(up)
            up.append([ways[-1]])
            down.append([])
            down[ways[-1]].append(way)
            layers[depth].append(way)
            ways.append(way)
    for v, xs in enumerate(into):
        for x in xs:
            steps = layer[v] - layer[x]
            if steps <= len(bus[x]):
                before = bus[x][steps - 1]
                up[v].append(before)
                down[before].append(v)
    return bus


def _sweeps(vertices: int) -> int:
    return max(2, min(SWEEPS, 200_000 // (vertices + 1)))


def _ordered(
    layers: list[list[int]],
    up: list[list[int]],
    down: list[list[int]],
    units: list[tuple[str, int] | None],
) -> list[list[int]]:
    """Sweep to and fro, sorting by barycenters; keep the order with least crossings."""
    layers = [_in_order(row, units) for row in layers]
    best, least, since = layers, _crossings(layers, up), 0
    rank = [0.0 for _ in up]
    for row in layers:
        for i, v in enumerate(row):
            rank[v] = (i + 0.5) / len(row)
    for sweep in range(_sweeps(len(up))):
        if least == 0 or since == PATIENCE:
            break
        since += 1
        near = up if sweep % 2 == 0 else down
        layers = list(layers)
        depths = range(len(layers))
        for depth in depths if sweep % 2 == 0 else reversed(depths):
            row = layers[depth]
            center = [_mean([rank[u] for u in near[v]], rank[v]) for v in row]
            pairs = sorted(enumerate(row), key=lambda pair: center[pair[0]])
            layers[depth] = row = _in_order([v for _, v in pairs], units)
            for i, v in enumerate(row):
                rank[v] = (i + 0.5) / len(row)
        crossings = _crossings(layers, up)
        if crossings < least:
            best, least, since = layers, crossings, 0
    return best


def _mean(xs: list[float], otherwise: float) -> float:
    return sum(xs) / len(xs) if len(xs) > 0 else otherwise


def _in_order(row: list[int], units: list[tuple[str, int] | None]) -> list[int]:
    """Let the units of each layer change places until they stand in order."""
    found = [(units[v], i) for i, v in enumerate(row)]
    at = [(unit[0], i, unit[1]) for unit, i in found if unit is not None]
    places = sorted(at, key=lambda one: one)
    inside = sorted(at, key=lambda one: (one[0], one[2]))
    moved = list(row)
    for place, one in zip(places, inside):
        moved[place[1]] = row[one[1]]
    return moved


def _crossings(layers: list[list[int]], up: list[list[int]]) -> int:
    """How many pairs of edges cross between neighboring layers: inversions, by a tree.

    Fenwick, A new data structure for cumulative frequency tables (1994).
    """
    position = [0 for _ in up]
    total = before = 0
    for row in layers:
        tree = [0 for _ in range(before + 1)]
        seen = 0
        for i, v in enumerate(row):
            position[v] = i
            for u in up[v]:
                total += seen
                k = position[u] + 1
                while k > 0:
                    total -= tree[k]
                    k -= k & -k
            for u in up[v]:
                seen += 1
                k = position[u] + 1
                while k <= before:
                    tree[k] += 1
                    k += k & -k
        before = len(row)
    return total


def _coordinates(
    layers: list[list[int]],
    up: list[list[int]],
    down: list[list[int]],
    heights: list[float],
) -> list[float]:
    """The middle of each vertex, near its neighbors', the layers' order kept."""
    y = [0.0 for _ in up]
    for row in layers:
        _settle(row, [0.0 for _ in row], heights, y)
    for sweep in range(2 * _sweeps(len(up))):
        moved = 0.0
        for row in layers if sweep % 2 == 0 else reversed(layers):
            # Over both sides at once; the last sweeps then agree with each other.
            around = [[y[u] for u in [*up[v], *down[v]]] for v in row]
            wishes = [_mean(near, y[v]) for near, v in zip(around, row)]
            moved = max(moved, _settle(row, wishes, heights, y))
        if moved < 1:
            break
    return y


def _settle(
    row: list[int], wishes: list[float], heights: list[float], y: list[float]
) -> float:
    """Move middles as near to the wishes as order allows, no two overlapping.

    Least squares under an order is isotonic regression; pooling the neighbors that
    violate it solves it exactly (Ayer et al. 1955). Returns the largest move.
    """
    offset, moved = 0.0, 0.0
    offsets: list[float] = []
    pools: list[tuple[float, int]] = []  # the mean of a pool, and its size
    for i, v in enumerate(row):
        offset += (heights[row[i - 1]] + heights[v]) / 2 + GAP if i > 0 else 0.0
        offsets.append(offset)
        mean, size = wishes[i] - offset, 1
        while len(pools) > 0 and pools[-1][0] >= mean:
            before, count = pools.pop()
            mean = (mean * size + before * count) / (size + count)
            size += count
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    for i, v in enumerate(row):
        moved = max(moved, abs(y[v] - (means[i] + offsets[i])))
        y[v] = means[i] + offsets[i]
    return moved


def _hops(
    into: list[list[int]],
    layer: list[int],
    bus: list[list[int]],
    y: list[float],
    port: list[float],
    lanes: list[float],
) -> list[list[Points]]:
    """The points from each vertex before one to it."""
    hops: list[list[Points]] = []
    for v, xs in enumerate(into):
        ways = [bus[x][0 : layer[v] - layer[x]] for x in xs]
        # Edges enter in the order of where they come from, so that none cross.
        short = [len(way) == layer[v] - layer[x] for way, x in zip(ways, xs)]
        last = [y[way[-1]] if s else lanes[way[0]] for way, s in zip(ways, short)]
        entering = sorted(enumerate(ways), key=lambda pair: (last[pair[0]], pair[0]))
        found: list[Points] = [[] for _ in xs]
        for at, (k, passed) in enumerate(entering):
            points = []
            for depth, way in enumerate(passed):
                left = (layer[xs[k]] + depth) * PITCH
                if depth > 0:
                    points.append((left - RUN, y[way]))
                points.append((left + WIDTH, y[way]))
            if not short[k]:  # down, along a lane, and up before the last layer
                lane, left = lanes[xs[k]], layer[xs[k]] * PITCH
                points = [(left + WIDTH, y[xs[k]]), (left + PITCH - RUN, lane)]
                points.append(((layer[v] - 1) * PITCH + WIDTH, lane))
            entry = y[v] + port[v] * (at - (len(xs) - 1) / 2)
            left = layer[v] * PITCH
            found[k] = [*points, (left - RUN, entry), (left, entry)]
        hops.append(found)
    return hops
