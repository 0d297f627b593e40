"""The largest paths between two values, met in the order of their size.

Every path but the largest leaves another one somewhere, seen from its end: it has the
same last edges, comes by another edge there, and goes on as the largest path to that
edge does. What such a detour loses does not depend on where the path ends, so that
the detours on the way to a node are a heap that shares all but a few of its entries
with that of the node before (Eppstein, "Finding the k shortest paths", 1998, with
products for sums). The heaps take time linear in the edges, but for a logarithm; each
path then costs its length.

A product is kept as a fraction and an exponent, so that nothing over- or underflows
on the way. Since 0 · inf is nan, but nothing where nothing passes, the largest path is
known to each node for each class of products apart: within one class, an edge keeps the
order of two paths.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, count
from operator import mul
from typing import Any, NamedTuple

from autograd.core.graph import NOTHING
from autograd.paths.between import Between

__all__ = ["largest_paths", "product"]

ZERO, FINITE, INFINITE, NAN, DEAD = range(5)
_CLASSES = 5


def _class(x: float) -> int:
    if x == 0.0:
        return DEAD if x is NOTHING else ZERO
    if x - x == 0.0:
        return FINITE
    return NAN if x != x else INFINITE


def _product_class(c: int, d: int) -> int:
    if DEAD in (c, d):
        return DEAD
    if FINITE in (c, d):
        return d if c == FINITE else c
    return NAN if {c, d} == {ZERO, INFINITE} else max(c, d)


_PRODUCT = [[_product_class(c, d) for d in range(_CLASSES)] for c in range(_CLASSES)]

Size = tuple[int, float]
"""Minus the exponent and minus the fraction, so that the largest sorts first."""

ONE: Size = (-1, -0.5)
NONE: Size = (0, 0.0)
"""Of all that is 0, inf or nan: there is no order within these classes."""


Way = tuple[Size, int, int]
"""A path to a state, a node and a class: its size, its last edge, and the state that
this starts from; all before is largest. No class, since there are very many."""


class Detours(NamedTuple):
    """A leftist heap of ways to take instead of the largest, which nothing changes."""

    loss: Size
    rank: int
    left: Detours | None
    right: Detours | None
    state: int
    way: Way


def _size(partial: float) -> Size:
    if partial == 1.0:
        return ONE
    fraction, exponent = math.frexp(abs(partial))
    return (-exponent, -fraction) if math.isfinite(fraction) else NONE


def _times(x: Size, y: Size) -> Size:
    """The product, rounded once."""
    # Both as fractions: half the smallest float times a fraction would be 0.
    fraction, exponent = math.frexp(x[1] * y[1])
    return (x[0] + y[0] - exponent, -fraction) if fraction else NONE


def _loss(size: Size, best: Size) -> Size:
    if size == best and best[1]:
        return ONE
    if not best[1]:
        return NONE
    fraction, exponent = math.frexp(size[1] / best[1])
    return size[0] - best[0] - exponent, -fraction


def _merged(a: Detours | None, b: Detours | None) -> Detours | None:
    if a is None or b is None:
        return a or b
    if b.loss <= a.loss:
        a, b = b, a
    left, right = a.left, _merged(a.right, b)  # as deep as the logarithm of the size
    if right is not None and (left is None or left.rank < right.rank):
        left, right = right, left
    return Detours(a.loss, 1 + (right.rank if right else 0), left, right, *a[4:])


def largest_paths(between: Between, limit: int) -> Iterator[list[int]]:
    """The edges of the largest paths, each from the output back, the largest first."""
    if not between.order or limit <= 0:
        return
    first, detours = _all_ways(between, limit > 1)
    end = _CLASSES * (len(between.order) - 1)
    for c in (NAN, INFINITE, FINITE, ZERO, DEAD):
        for edges in _in_order(end + c, first, detours):
            yield edges
            limit -= 1
            if not limit:
                return


def _all_ways(
    between: Between, more: bool
) -> tuple[list[Way | None], list[Detours | None]]:
    """For each state the largest path to it, and the detours from that if wanted."""
    first: list[Any] = [None] * (_CLASSES * len(between.order))
    detours: list[Detours | None] = [None] * len(first)
    first[FINITE] = ONE, -1, -1
    states: list[tuple[int, ...]] = [
        (FINITE,)
    ]  # of each node those that a path leads to
    operand, start = between.operand, between.start  # this loop is most of explain()
    for i in range(1, len(between.order)):
        ways: dict[int, list[Way]] = {}
        for edge in range(start[i], start[i + 1]):
            partial = between.partial[edge]
            kind = _PRODUCT[_class(partial)]
            for before in states[operand[edge]]:
                whole = first[before][0]
                if partial != 1.0:
                    whole = _times(whole, _size(partial))
                state = _CLASSES * i + kind[before % _CLASSES]
                if state in ways:
                    ways[state].append((whole, edge, before))
                else:
                    ways[state] = [(whole, edge, before)]
        states.append((*ways,))
        for state, found in ways.items():
            best = found[0] if len(found) == 1 else min(found)
            first[state] = best
            if more:
                heap = detours[best[2]]
                for way in found:
                    if way is not best:
                        loss = _loss(way[0], best[0])
                        if heap is None or loss <= heap.loss:  # it goes on top
                            heap = Detours(loss, 1, heap, None, state, way)
                        else:
                            one = Detours(loss, 1, None, None, state, way)
                            heap = _merged(heap, one)
                detours[state] = heap
    return first, detours


Taken = tuple["Taken", Detours] | None
"""The detours of a path, the one nearest to ``wrt`` outermost."""


def _in_order(
    end: int, first: Sequence[Way | None], detours: Sequence[Detours | None]
) -> Iterator[list[int]]:
    """All paths to a state, the largest first."""
    best = first[end]
    if best is None:
        return
    trunk: list[int] = []
    states: list[int] = []
    state = end
    while state >= _CLASSES:
        way = first[state]
        assert way is not None
        states.append(state)
        trunk.append(way[1])
        state = way[2]
    place = dict(zip(states, range(len(states))))
    yield trunk
    serial = count()  # breaks ties
    waiting: list[tuple[Size, int, Size, Detours, Taken]] = []

    def wait(size: Size, heap: Detours | None, taken: Taken) -> None:
        if heap is not None:
            whole = _times(size, heap.loss)
            heapq.heappush(waiting, (whole, next(serial), size, heap, taken))

    wait(best[0], detours[end], None)
    while waiting:
        whole, _, size, heap, taken = heapq.heappop(waiting)
        more = (taken, heap)
        yield _edges(end, first, more, trunk, states, place)
        wait(size, heap.left, taken)
        wait(size, heap.right, taken)
        wait(whole, detours[heap.way[2]], more)


def _edges(
    end: int,
    first: Sequence[Way | None],
    taken: Taken,
    trunk: Sequence[int],
    states: Sequence[int],
    place: Mapping[int, int],
) -> list[int]:
    """The edges of the path that takes these detours, from its end back.

    Where it runs along the largest path, ``trunk``, it is a slice of that.
    """
    ways = {}
    while taken is not None:
        taken, detour = taken
        ways[detour.state] = detour.way
    off = sorted(place[state] for state in ways if state in place)
    edges: list[int] = []
    state = end
    while state >= _CLASSES:
        if state in place and state not in ways:
            at = bisect_left(off, place[state])
            until = off[at] if at < len(off) else len(trunk) - 1
            edges += trunk[place[state] : until]
            state = states[until]
        way = ways.get(state) or first[state]
        assert way is not None
        edges.append(way[1])
        state = way[2]
    return edges


SAFE = 2.0**-1000
"""Above it, no product is rounded as one that underflows."""


def product(partials: Sequence[float]) -> float:
    """The product, over- or underflowing only if the result does.

    >>> product([1e200, 1e200, 1e-300])
    1e+100
    """
    running = list(accumulate(partials, mul, initial=1.0))
    if all(map(math.isfinite, running)) and min(map(abs, running)) > SAFE:
        return running[-1]
    if any(partial is NOTHING for partial in partials):
        return 0.0
    fraction, exponent = 1.0, 0
    for partial in partials:
        factor, shift = math.frexp(partial)
        fraction, carry = math.frexp(fraction * factor)
        exponent += shift + carry
    if fraction == 0.0 or not math.isfinite(fraction):
        return fraction
    try:
        return math.ldexp(fraction, exponent)
    except OverflowError:
        return math.copysign(math.inf, fraction)
