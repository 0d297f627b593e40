"""The memory of nodes: no two share any, none is lost, and what is free is used again.

Nodes come from slabs of one size each, and the sanitizers see a slab only as a whole;
so these tests watch what can be seen of a node: its address, its contents, and how
large the process is.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
from typing import Any

import pytest

import autograd as ag
from tests.autograd.native.processes import in_a_process
from tests.effort import LONG

native = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)

in_slabs = pytest.mark.skipif(
    hasattr(native, "_fail_allocation"), reason="this build has no slabs"
)
measures = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm")
    or "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="needs /proc, and a process without the sanitizers' own memory",
)


def enough_memory() -> bool:
    with open("/proc/meminfo") as file:
        lines = dict(line.split(":") for line in file)
    return int(lines["MemAvailable"].split()[0]) > 4 * 2**20


EDGES = (0, 1, 2, 2, 2, 3, 5, 17, 33, 38, 39, 40, 41, 42, 100)
"""How many edges the nodes of a test have: around the largest in slabs, too."""


def make(leaves: list[Any], rng: random.Random) -> tuple[Any, list[Any], float]:
    """A node of any size, its operands, and its number as Python adds it."""
    operands = [rng.choice(leaves) for _ in range(rng.choice(EDGES))]
    if not operands:
        number = rng.random()
        return ag.Value(number), [], number
    total = 0.0
    for x in operands:
        total += x.data
    return ag.sum(operands), operands, total


def intact(node: Any, operands: list[Any], number: float) -> bool:
    return (
        node.data == number
        and node.grad == 0.0
        and len(node.operands) == len(operands)
        and all(x is y for x, y in zip(node.operands, operands))
    )


def disjoint(nodes: list[Any]) -> bool:
    """Whether no two nodes share a byte: they are where ``id`` says."""
    places = sorted((id(node), sys.getsizeof(node)) for node in nodes)
    return all(a + size <= b for (a, size), (b, _) in itertools.pairwise(places))


@pytest.mark.parametrize("seed", range(10 if LONG else 1))
def test_nodes_of_mixed_sizes_taken_and_given_back_at_random_stay_intact(
    seed: int,
) -> None:
    rng = random.Random(seed)
    leaves = [ag.Value(rng.random()) for _ in range(10)]
    live: list[tuple[Any, list[Any], float]] = []
    for wave in range(6):  # many, few, many: slabs fill and empty
        target = (30_000, 100)[wave % 2]
        while len(live) != target:
            if len(live) < target or rng.random() < 0.3:
                live.append(make(leaves, rng))
            if len(live) > target or rng.random() < 0.2:
                i = rng.randrange(len(live))
                live[i], live[-1] = live[-1], live[i]
                assert intact(*live.pop())
        assert all(intact(*entry) for entry in live)
        assert disjoint([node for node, _, _ in live] + leaves)


@in_slabs
@pytest.mark.parametrize("order", ["first to last", "last to first", "at random"])
def test_memory_is_used_again_whatever_the_order_in_which_nodes_go(order: str) -> None:
    x = ag.Value(1.0)
    places: set[int] = set()
    for _ in range(5):
        nodes = [x * float(i) for i in range(80_000)]  # more than three slabs
        assert disjoint(nodes)
        assert [node.data for node in nodes] == [float(i) for i in range(80_000)]
        places |= {id(node) for node in nodes}
        if order == "first to last":
            nodes.reverse()
        elif order == "at random":
            random.Random(0).shuffle(nodes)
        while nodes:
            nodes.pop()
    assert 80_000 <= len(places) < 1.5 * 80_000


REUSE = """
import autograd as ag
def resident():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * 4096 / 2**20
x = ag.Value(1.0)
def chain(edges, n):
    y = x
    for _ in range(n): y = ag.sum([y] + [x] * (edges - 1))
start = resident()
for _ in range(3):
    for edges in range(1, 11): chain(edges, 100_000)
    print(resident() - start)
"""


@measures
@in_slabs
def test_memory_of_nodes_of_one_size_serves_the_next_size() -> None:
    first, second, third = in_a_process(REUSE)
    largest = 100_000 * sys.getsizeof(ag.sum([ag.Value(1.0)] * 10)) / 2**20
    slab = 2.0
    assert first < largest + 10 * 2 * slab  # and not the sum of ten sizes, 130 MiB
    assert third < second + 2 * slab


KEPT = """
import autograd as ag
def resident():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * 4096 / 2**20
x = ag.Value(1.0)
operands = [x] * 40
start = resident()
nodes = [ag.sum(operands) for _ in range(2_200_000)]
full = resident() - start
del nodes
print(full, resident() - start)
"""


@measures
@in_slabs
def test_no_more_than_one_gib_is_kept_from_the_system() -> None:
    if not enough_memory():
        pytest.skip("needs 4 GiB of free memory")
    full, kept = in_a_process(KEPT)
    assert full > 1400
    assert kept < 1024 * 1.02


SHORT = """
import resource, autograd as ag
x = ag.Value(1.0)
y = x * 1.0
with open("/proc/self/statm") as f: size = int(f.read().split()[0]) * 4096
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (size + 64 * 2**20, hard))
count = failures = 0
for attempt in range(3):
    y = x
    try:
        while True:
            y = y * 1.0 + x
            count += 1
    except MemoryError:
        failures += 1
    assert y.data > 1000.0 and y.op == "add"
    try:
        y.backward()  # there is no memory for the walk either
    except MemoryError:
        failures += 1
    assert (x.grad, y.grad) == (0.0, 0.0)
    del y
z = x
for _ in range(100_000): z = z * 1.0 + x
z.backward()
print(count, failures, z.data, x.grad)
"""


@measures
@in_slabs
def test_where_memory_ends_there_is_a_memory_error_and_the_engine_goes_on() -> None:
    count, failures, data, grad = in_a_process(SHORT)
    assert count > 3 * 50_000
    assert failures == 6
    assert data == grad == 100_001.0


# The lists of a walk over the graph are in blocks of 2 MiB.
ENTRIES = [2**21 // size for size in (8, 16)]


@pytest.mark.parametrize("entries", ENTRIES)
@pytest.mark.parametrize("first", ["left", "right"])
def test_walks_are_right_where_their_blocks_end(entries: int, first: str) -> None:
    x = y = ag.Value(1.0)
    others: list[Any] = []
    for n in range(1, entries + 3):
        others.append(ag.Value(0.0))
        y = y + others[-1] if first == "left" else others[-1] + y
        if n >= entries - 3:
            y.backward()
            assert {leaf.grad for leaf in (x, *others)} == {1.0}
            assert y.operands[first == "right"].grad == 1.0
            assert set(native.leaves(y)) == {x, *others}
            (derivative,), rest = native.gradients(y, [x])
            assert derivative == 1.0
            assert set(rest) == set(others)
            for leaf in (x, *others):
                leaf.grad = 0.0


def test_wide_nodes_of_all_sizes_share_the_memory_that_is_kept_for_them() -> None:
    x, y = ag.Value(2.0), ag.Value(0.5)
    alive: list[tuple[Any, int]] = []
    for n in (70_000, 65_000, 200_000, 70_000, 65_536, 300_000, 150_001, 70_000):
        alive.append((ag.dot([x] * (n // 2), [y] * (n // 2), n % 2), n))
        for node, size in alive:
            assert len(node.operands) == size // 2 * 2 + 1
            assert node.data == size // 2 + size % 2
            assert native.gradients(node, [x])[0] == [size // 2 * 0.5]
        if len(alive) == 3:
            del alive[::2]
