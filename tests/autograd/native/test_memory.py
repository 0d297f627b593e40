"""Memory of the C engine: what a node takes, that it comes back, and what happens
when there is none."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.program import play
from autograd.table.rules import RULES, Rule
from tests.autograd.native.processes import in_a_process
from tests.effort import LONG

native = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)


ERRORS = ArithmeticError, ValueError, TypeError, IndexError


def every_kind(size: int = 50) -> tuple[list[Any], Any]:
    """Leaves and a loss that shares them, with every kind of node."""
    xs = [ag.Value(0.1 * i + 0.05, label=f"x{i}") for i in range(size)]
    hidden = [ag.tanh(a * b + 0.5) for a, b in zip(xs, reversed(xs))]
    total = ag.dot(hidden, xs, xs[0]) + ag.sum(hidden) + ag.mean([*hidden, 1.0])
    return xs, ag.where(total > 0, total, -total) ** 2


def test_a_step_leaves_nothing_to_the_cyclic_collector() -> None:
    gc.collect()
    for _ in range(3):
        leaves, loss = every_kind()
        loss.backward()
        del loss, leaves
    assert gc.collect() == 0
    assert not gc.is_tracked(ag.Value(1.0))


def test_a_binary_node_takes_at_most_96_bytes_all_in() -> None:
    a, b = ag.Value(1.0), ag.Value(2.0)
    assert sys.getsizeof(a * b) <= 96
    assert sys.getsizeof(a) < sys.getsizeof(-a) < sys.getsizeof(a * b)
    many = ag.sum([a] * 100)
    assert sys.getsizeof(many) - sys.getsizeof(a) == 100 * (
        sys.getsizeof(-a) - sys.getsizeof(a)
    )


SHAPES = {
    "chain": "y = x\nfor _ in range(N): y = y * one",
    "fan_out": "y = ag.sum([x * one for _ in range(N)])",
    "fan_in": "y = ag.sum([x, *(ag.Value(1.0) for _ in range(N - 1))])",
    "ladder": "y = x\nfor _ in range(N): y = y + y if y.data < 1e300 else y * 1e-300",
}

MEASURE = """
import autograd as ag
N = {n}
def resident():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * 4096
one, x = ag.Value(1.0), ag.Value(1.0)
before = resident()
{shape}
size = resident() - before
assert y.data > 0
y.backward()
grad = x.grad
del y
print(size, grad)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="sizes differ")
@pytest.mark.parametrize("shape", SHAPES)
def test_millions_of_nodes_build_run_backward_and_are_released(shape: str) -> None:
    n, needed = (10_000_000, 4 * 2**20) if LONG else (1_000_000, 2**19)
    with open("/proc/meminfo") as file:
        available = next(
            int(line.split()[1]) for line in file if line.startswith("MemAvailable")
        )
    if available < needed:
        pytest.skip(f"needs {needed / 2**20} GiB of free memory")
    size, grad = in_a_process(MEASURE.format(n=n, shape=SHAPES[shape]))
    assert grad >= 1.0
    if shape == "chain":
        node = sys.getsizeof(ag.Value(1.0) * ag.Value(1.0))
        assert 0.95 * node < size / n < 1.1 * node


@pytest.mark.skipif(os.name != "posix", reason="counts blocks of pymalloc")
@pytest.mark.skipif(
    os.environ.get("PYTHONMALLOC") == "malloc", reason="counts blocks of pymalloc"
)
def test_no_operation_leaks() -> None:
    def everything() -> None:
        leaves, loss = every_kind()
        loss.backward()
        native.gradients(loss, leaves)
        for seed in ([1.0] * len(leaves), leaves):
            native.tangent_graph([loss], leaves, seed, None)
        native.adjoint_graph(loss, leaves, True, None)[0] ** 2
        for structure in ([1.0, (loss, [2])], ARRAY, [1.0, [{}]], {}):
            if build := native.nest(structure, [], lambda xs, shape: xs):
                build(iter("abcd"))
            native.alike(structure, [1.0, (loss, [2])])
        native.variables([1.0, loss, 2], None)[0][0].color = "red"
        native.fill(np.empty(2, object), [loss, 1.0])
        recording, played = player()
        for arguments in ((leaves[0], 2.0), (1.0, 2.0), (leaves[0],), ([], 2.0)):
            played(*arguments)
        play.player(recording, (1.0, 2.0))
        for name, rule in RULES.items():
            count = len(rule.partials) if isinstance(rule, Rule) else 2 * rule.columns
            for number in (0.5, -2.0, 0.0, float("inf")):
                operands = tuple(ag.Value(number) for _ in range(count))
                for wrong in (operands, (*operands[:-1], "text"), ()):
                    with contextlib.suppress(*ERRORS):
                        leaves[0]._apply(name, wrong)
        for attribute in ("op", "_op", "operands", "partials", "_prev", "label"):
            getattr(loss, attribute)
        repr(loss), f"{loss:.3f}", loss == 1, loss < 2.0, loss.detach()
        for wrong_call in (
            lambda: ag.Value(),
            lambda: ag.Value("x"),
            lambda: ag.Value(1.0, label=1),
            lambda: loss.backward("x"),
            lambda: loss + "x",
            lambda: native.gradients(loss, [1.0]),
            lambda: ag.dot([1.0], [1.0, 2.0]),
            lambda: ag.sum([loss, "x"]),
        ):
            with pytest.raises((TypeError, ValueError)):
                wrong_call()

    def growth(rounds: int) -> tuple[int, int]:
        """How many blocks of memory and Values more there are after some rounds."""
        gc.collect()
        # Every Value holds a reference to its type.
        before = sys.getallocatedblocks(), sys.getrefcount(ag.Value)
        for _ in range(rounds):
            everything()
        gc.collect()
        return (
            sys.getallocatedblocks() - before[0],
            sys.getrefcount(ag.Value) - before[1],
        )

    growth(50)  # the interpreter fills its caches and free lists, ever more slowly
    later = (growth(50) for _ in range(10))
    # Neither a node nor one block per round.
    assert any(nodes == 0 and blocks < 50 for blocks, nodes in later)


def unrecorded(x: Any, y: Any) -> Any:
    with ag.no_grad():
        return ag.sum([x, y]) + x * y


def taped(x: Any, y: Any) -> Any:
    """A graph on the tape of a program, its derivatives, and the packs of all."""
    tape = native.Tape()
    entries = native.Entries(tape)
    a = entries.entry(x, [])
    b = entries.entry(y, [])
    z = x * y + 1.0
    k = entries.entry(ag.where(1.0, z.tanh() / x, y), [z])
    entries.stand_in(k, 2.0)
    entries.finish()
    found = tape.sweep(k, [a, b], False, None)
    tape.value(found[0])
    new = tape.simplified(found)
    place = new[1]
    outputs = [place[found[0]], place[found[1]]]
    inputs = [place[a], place[b]]
    return new[0].lowered([], inputs, outputs, [], [])


ARRAY = np.arange(3.0)


@cache
def player() -> Any:
    """What plays a recording, and the same as made anew."""

    def f(x: Any, y: Any) -> Any:
        return [ag.where(x > y, x, y) * x.detach(), (y, ag.dot([x, 1.0], [y, x]))]

    program = ag.compile(f)
    program(ag.Value(1.0), ag.Value(2.0))
    ((recording,),) = program._recordings.values()
    return recording, program._live


# The Python code that these run unpacks, catches and closes over nothing: without
# memory, CPython 3.11 loses references in ``(*xs, *ys)`` and ``except``, and 3.12 and
# 3.13 crash in ``lambda``, whatever the objects are.
FAILING = {
    "a leaf": lambda x, y: ag.Value(1.0, label="a"),
    "an operator": lambda x, y: x * y,
    "a chain": lambda x, y: x * y + 2 - x / y,
    "a method": lambda x, y: x.tanh(),
    "a longer method": lambda x, y: x.maximum(y),
    "a row of Python": lambda x, y: ag.remainder(x, y),
    "a reduction": lambda x, y: ag.sum([x, y, x, 1.0]),
    "dot": lambda x, y: ag.dot([x, 1.0], (y, 2.0), x),
    "a mean of other numbers": lambda x, y: ag.mean(iter([x, True, y])),
    "a mean that is inf": lambda x, y: ag.mean([x, math.inf, y]),
    "a reduction of Python": lambda x, y: ag.fsum([x, y, 1.0]),
    "where": lambda x, y: ag.where(x > y, x, y),
    "without recording": lambda x, y: unrecorded(x, y),
    "names and defaults": lambda x, y: (x.elu(), x.maximum(y=y), x.relu(at_zero=1.0)),
    "a label": lambda x, y: setattr(ag.Value(1.0), "label", "b"),
    "_prev": lambda x, y: (x * y)._prev,
    "format": lambda x, y: f"{x:.3f} {y}",
    "leaves": lambda x, y: native.leaves(x * y + x),
    "operands": lambda x, y: (x * 2.0).operands,
    "partials": lambda x, y: (x * 2.0).partials,
    "repr": lambda x, y: repr(x),
    "comparison": lambda x, y: x < 2,
    "pickling": lambda x, y: x.__reduce__(),
    "detach": lambda x, y: x.detach(),
    "gradients": lambda x, y: native.gradients(x * y + x, [x, y]),
    "tangents": lambda x, y: native.tangents([x * y + x], [x, y], [[1.0, None]]),
    "a tape": taped,
    "a recording": lambda x, y: player()[1](x, y),
    "what plays it": lambda x, y: play.player(player()[0], (1.0, 2.0)),
    "a gradient's graph": lambda x, y: native.adjoint_graph(
        (x * y).tanh() + ag.dot([x, 1.0], [y, x]) ** 2, [x, y], True, None
    ),
    "a structure apart": lambda x, y: native.nest([x, (y, 1.0), ARRAY], [], list),
    "a structure together": lambda x, y: native.nest([x, (y,)], [], list)(iter("ab")),
    "inputs": lambda x, y: native.variables([1.0, x, 2], "kept"),
    "an attribute of an input": lambda x, y: setattr(
        native.variables([1.0, 2.0], "kept")[0][1], "color", "red"
    ),
    "a tangent's graph": lambda x, y: native.tangent_graph(
        [(x * y).tanh() / x], [x, y], [x, 2.0], None
    ),
}


@pytest.mark.skipif(
    not hasattr(native, "_fail_allocation"),
    reason="needs a build with AUTOGRAD_TEST_ALLOC=1: see make sanitize",
)
class TestFailingAllocations:
    def fail_each(self, function: Callable[[], Any], check: Callable[[], None]) -> int:
        """Let each allocation of a function fail in turn; how many there are."""
        for n in range(1, 10_000):
            # All that the interpreter keeps for the next floats is taken.
            floats = [i / 2 for i in range(1000)]
            try:
                if not native._fail_allocation(n, function):
                    check()
                    return n - 1
            except MemoryError:
                pass
            check()
            assert floats
        raise AssertionError("no end of allocations")

    @pytest.mark.parametrize("name", FAILING)
    def test_an_operation_fails_with_a_memory_error_and_changes_nothing(
        self, name: str
    ) -> None:
        player()  # is there already
        x, y = ag.Value(1.5, label="x"), ag.Value(2.5, label="y")
        before = sys.getrefcount(x), sys.getrefcount(y)

        def check() -> None:
            assert (sys.getrefcount(x), sys.getrefcount(y)) == before
            assert (x.data, x.grad, x.label, y.data) == (1.5, 0.0, "x", 2.5)

        assert self.fail_each(lambda: FAILING[name](x, y), check) > 0

    def test_no_allocation_of_another_thread_fails(self) -> None:
        errors: list[MemoryError] = []
        done = threading.Event()

        def allocate() -> None:
            try:
                while not done.is_set():
                    bytearray(100)
            except MemoryError as error:
                errors.append(error)

        thread = threading.Thread(target=allocate)
        thread.start()
        for n in range(10, 100):
            with contextlib.suppress(MemoryError):
                native._fail_allocation(n, lambda: time.sleep(1e-3))
        done.set()
        thread.join()
        assert not errors

    def graph(self) -> tuple[Any, Any]:
        """A leaf and an output, whose walk needs several blocks for each list."""
        x = z = ag.Value(1.0)
        others = [ag.Value(1.0) for _ in range(300)]
        for other in others:
            z = z * other + x
        return x, z

    @pytest.mark.parametrize(
        "function",
        [lambda x, z: native.gradients(z, [x, z]), lambda x, z: native.leaves(z)],
        ids=["gradients", "leaves"],
    )
    def test_a_walk_fails_without_a_trace(
        self, function: Callable[[Any, Any], Any]
    ) -> None:
        x, z = self.graph()
        z.backward(2.0)
        inner, other = z.operands[0], z.operands[0].operands[1]
        right = function(x, z)
        before = [(v.grad, v.op, sys.getrefcount(v)) for v in (x, z, inner, other)]

        def check() -> None:
            now = [(v.grad, v.op, sys.getrefcount(v)) for v in (x, z, inner, other)]
            assert now == before

        assert self.fail_each(lambda: function(x, z), check) >= 10
        assert function(x, z) == right  # no mark was left behind

    def test_backward_fails_before_it_changes_anything(self) -> None:
        x, z = self.graph()
        z.backward()
        once = x.grad, z.operands[0].grad

        def check() -> None:
            assert z.operands[0].grad == once[1]
            seen.append(x.grad)

        seen = [x.grad]
        assert self.fail_each(z.backward, check) >= 3
        assert seen[-1] == 2 * once[0]
        assert set(seen[:-1]) == {once[0]}
        z.backward()  # no mark was left behind
        assert x.grad == 3 * once[0]


def test_threads_build_and_differentiate_graphs_of_their_own() -> None:
    results: list[float] = []

    def work(seed: int) -> None:
        for _ in range(20):
            x = ag.Value(float(seed))
            y = x
            for _ in range(200):
                y = y * 1.0 + x
            y.backward()
            results.append(x.grad)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [201.0] * 160


def test_backward_of_a_shared_graph_from_many_threads_gives_the_sum() -> None:
    shared = ag.Value(3.0)
    middle = ag.tanh(shared * shared)
    outputs = [middle * float(i) for i in range(1, 9)]
    expected = 0.0
    for output in outputs:
        expected += 50 * native.gradients(output, [shared])[0][0]
    go = threading.Barrier(len(outputs))

    def work(output: Any) -> None:
        go.wait()
        for _ in range(50):
            output.backward()

    threads = [threading.Thread(target=work, args=(x,)) for x in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shared.grad == pytest.approx(expected, rel=400 * sys.float_info.epsilon)


def test_no_grad_holds_for_its_own_thread_only() -> None:
    x = ag.Value(2.0)
    inside, done = threading.Event(), threading.Event()
    seen: list[Any] = []

    def work() -> None:
        inside.wait()
        seen.append((x * x).operands)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    with ag.no_grad():
        inside.set()
        done.wait()
        assert (x * x).operands == ()
    thread.join()
    assert seen == [(x, x)]


def test_a_label_whose_end_runs_python_code_does_no_harm() -> None:
    made = []

    class Label(str):
        def __del__(self) -> None:
            x = ag.Value(1.0)
            made.append((x * 2.0 + x).data)

    x = ag.Value(1.0)
    for i in range(100):
        x = x * 2.0
        x.label = Label(f"node {i}")
    del x
    assert made == [3.0] * 100
