"""The C executor runs packs to the bits of Python's floats, whatever their shape."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd.core import limits
from autograd.native import emit
from autograd.program import packs as ps
from autograd.program.packs import Operand, Pack
from autograd.program.tape import value_of_row
from autograd.table.rules import CHECKPOINT, RULES, Rule
from tests.effort import LONG
from tests.exact import same

engine: Any = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)


def widths() -> Iterator[str]:
    """All kernels that can run here, one after the other."""
    for name in engine.kernels():
        engine.kernels(name)
        yield name
    engine.kernels(engine.kernels()[0])


@pytest.fixture(params=engine.kernels())
def width(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same, for each test that asks for it."""
    engine.kernels(request.param)
    yield request.param
    engine.kernels(engine.kernels()[0])


SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 40.0, -40.0, 0.1, 5e-324, -1e-310),
    *(1e300, -1e300, math.inf, -math.inf, math.nan, 710.0, -745.2, 0.9999999999999999),
]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "equal": lambda x, y: x == y,
}


def function(name: str) -> tuple[int, Callable[..., float]]:
    """How many operands a row of a program has, and what it does with floats."""
    if name in COMPARISONS:
        return 2, lambda x, y: float(COMPARISONS[name](x, y))
    name, _, i = name.partition(":")
    rule = RULES[name]
    assert isinstance(rule, Rule)
    if i:
        return len(rule.partials) + 1, lambda *x: limits.partial(
            rule, int(i), x[:-1], x[-1]
        )
    return len(rule.partials), lambda *x: ieee(rule.value, *x)


def ieee(value: Callable[..., Any], *x: float) -> float:
    try:
        return float(value(*x))
    except limits.FAILURES:
        return limits.evaluate(value, *x)


def raises(name: str, *x: float) -> bool:
    try:
        RULES[name].value(*x)
    except limits.FAILURES:
        return True
    return False


ALL = [
    *COMPARISONS,
    *(name for name, rule in RULES.items() if isinstance(rule, Rule)),
    *(
        f"{name}:{i}"
        for name, rule in RULES.items()
        if isinstance(rule, Rule)
        for i, partial in enumerate(rule.partials)
        if callable(partial)
    ),
]


@dataclasses.dataclass
class Draw:
    """A pack with operands at random, and memory that has them."""

    rng: random.Random
    once: bool
    uniform: int = 8
    slots: int = 8

    def numbers(self, size: int) -> Any:
        rng = np.random.default_rng(self.rng.getrandbits(64))
        special = rng.random(size) < 0.1
        return np.where(special, rng.choice(SPECIAL, size), rng.uniform(-3, 3, size))

    def operand(self, m0: int, m1: int, terms: int, listed: bool) -> Operand:
        rng = self.rng
        s0, s1, term = (rng.choice([0, 0, 1, 1, 2, -1, 5, 16]) for _ in range(3))
        steps = [s0 * (m0 - 1), s1 * (m1 - 1), term * (terms - 1)]
        base = rng.randrange(4) - sum(s for s in steps if s < 0)
        reach = base + sum(s for s in steps if s > 0) + 1
        if listed:
            shape = terms, m0 * m1
            self.uniform, self.slots = max(self.uniform, 50), max(self.slots, 50)
            slots = [rng.randrange(50) for _ in range(terms * m0 * m1)]
            if not self.once:
                slots = [s if rng.random() < 0.5 else ~s for s in slots]
            return Operand(0, index=np.array(slots, np.int32).reshape(shape))
        if self.once or rng.random() < 0.4:
            self.uniform = max(self.uniform, reach)
            return Operand(base, s0, s1, term)
        self.slots = max(self.slots, reach)
        return Operand(~base, s0, s1, term)  # until it is known where examples begin

    def pack(self, op: int, row: str, many: int) -> Pack:
        rng = self.rng
        m0, m1 = rng.choice([1, 1, 2, 4, 5, 9]), rng.choice([1, 2, 3, 7, 8, 17, 70])
        kind = rng.randrange(3)
        begin, after = ps.NUMBER, ps.NOTHING
        terms = rng.choice([1, 2, 3, 8])
        listed = rng.random() < 0.25
        counts = [1] * many
        if op == ps.FOLD:
            begin = rng.randrange(3)
            after = rng.choice([ps.NOTHING, ps.VALUE, ps.TIMES]) if row else 0
            row = row + ":0" if after == ps.TIMES else row
            counts = [terms] * (2 if kind == ps.PRODUCT else 1)
            counts += [1] * ((begin == ps.OPERAND) + (after == ps.TIMES))
        if op == ps.TAKE:
            counts = [terms, 1]
        operands = [
            self.operand(m0, m1, n, listed and rng.random() < 0.7) for n in counts
        ]
        here = [-1 if row == "" else 0] * 2
        return Pack(
            op, m0, m1, Operand(0, m1, 1), tuple(operands), terms,
            here[0], kind, begin, rng.choice([0.0, -0.0]), after, here[1], True,
        )  # fmt: skip

    def settle(self, pack: Pack) -> Pack:
        """The same with the slots of examples behind the uniform ones."""
        lanes = pack.m0 * pack.m1
        out = self.uniform if self.once else self.uniform + self.slots
        if self.once:
            self.uniform += lanes
        else:
            self.slots += lanes

        def moved(x: Operand) -> Operand:
            index = x.index
            if index is not None:
                index = np.where(index < 0, self.uniform + ~index, index)
                index = index.astype(np.int32)
            base = self.uniform + ~x.base if x.base < 0 else x.base
            return dataclasses.replace(x, base=base, index=index)

        operands = tuple(map(moved, pack.operands))
        # Strides of the result in any order, where examples are innermost.
        steps = (pack.m1, 1)
        if not self.once and self.rng.random() < 0.3:
            steps = (1, pack.m0)
        return dataclasses.replace(pack, out=Operand(out, *steps), operands=operands)


class Machine:
    """A memory of numbers at random, to run one pack in, in C and in Python."""

    def __init__(self, rng: random.Random, draw: Draw, pack: Pack, rows: list[str]):
        self.pack, self.rows, self.uniform = pack, rows, draw.uniform
        self.first = -(-draw.uniform // 8) * 8
        self.slots = draw.uniform + draw.slots + 50
        self.block = 1 if draw.once else rng.choice([8, 16, 40, 128, 200])
        self.examples = rng.randint(1, self.block)
        size = self.first + (self.slots - self.uniform) * self.block + 8
        self.memory = draw.numbers(size)
        self.once = draw.once

    def load(self) -> Any:
        flat = ps.flatten([self.pack])
        return engine.load(
            flat.code, flat.start, flat.operands, flat.index, self.rows,
            self.uniform, self.first, self.slots, 0, int(self.once),
        )  # fmt: skip

    def at(self, slot: int, k: int) -> int:
        if slot < self.uniform:
            return slot
        return self.first + (slot - self.uniform) * self.block + k

    def run(self) -> tuple[Any, Any]:
        memory, failed = self.memory.copy(), np.zeros(self.block, np.uint8)
        self.load().run(memory, 0, 1, self.block, self.examples, None, failed)
        return memory, failed

    def expected(self) -> tuple[Any, Any]:
        p, memory, failed = self.pack, self.memory.copy(), [False] * self.block
        read = [
            x.slots(p.terms if j < term_operands(p) else 1, p.m0, p.m1)
            for j, x in enumerate(p.operands)
        ]
        out = p.out.slots(1, p.m0, p.m1)[0]
        for lane in range(p.m0 * p.m1):
            for k in range(self.examples):
                numbers = [
                    [float(self.memory[self.at(s, k)]) for s in slots[:, lane].tolist()]
                    for slots in read
                ]
                to = self.at(int(out[lane]), k)
                before = float(self.memory[to])
                memory[to], bad = compute(p, self.rows, numbers, before)
                failed[k] |= bad
        return memory, failed


def term_operands(p: Pack) -> int:
    if p.op == ps.FOLD:
        return 2 if p.kind == ps.PRODUCT else 1
    return 1 if p.op == ps.TAKE else 0


def compute(
    p: Pack, rows: list[str], x: list[list[float]], before: float
) -> tuple[float, bool]:
    """What one lane of a pack gives, and whether Python would raise there."""
    if p.op == ps.TAKE:
        (which,) = x[1]
        if not 0 <= which < p.terms:
            return math.nan, True
        return x[0][int(which)], False
    if p.op != ps.FOLD:
        numbers = [y for (y,) in x]
        name = rows[p.row]
        bad = ":" not in name and name not in COMPARISONS and raises(name, *numbers)
        return function(name)[1](*numbers), bad
    total = {ps.NUMBER: p.start, ps.OUT: before}.get(p.begin)
    if total is None:
        (total,) = x[term_operands(p)]
    for r in range(p.terms):
        if p.kind == ps.PRODUCT:
            total += x[0][r] * x[1][r]
        else:
            total = total + x[0][r] if p.kind == ps.PLUS else total - x[0][r]
    if p.after == ps.VALUE:
        return function(rows[0])[1](total), raises(rows[0], total)
    if p.after == ps.TIMES:
        (at,) = x[-1]
        slope = function(rows[0])[1](at, at)
        total = total * slope if slope else 0.0  # a choice not taken passes nothing
    return total, False


def agree(machine: Machine) -> None:
    numbers, raised = machine.expected()
    for width in widths():
        memory, failed = machine.run()
        assert same(memory, numbers), (machine.pack, width)
        for got, wanted in zip(failed.tolist(), raised):
            assert got or not wanted, machine.pack  # more are allowed: Python decides


def machine(
    seed: int, op: int, row: str = "", many: int = 0, once: bool = False
) -> Machine:
    rng = random.Random(f"{seed} {op} {row} {once}")
    draw = Draw(rng, once)
    pack = draw.pack(op, row, many)
    rows = [row + ":0" if pack.after == ps.TIMES else row] if row else []
    return Machine(rng, draw, draw.settle(pack), rows)


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("row", ["", "relu", "tanh", "exp"])
def test_folds_add_in_order_from_any_operands(row: str, once: bool) -> None:
    for seed in range(12):
        agree(machine(seed, ps.FOLD, row, once=once))


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_every_row_and_partial_has_the_bits_of_floats(name: str, once: bool) -> None:
    op = ps.PARTIAL if ":" in name else ps.ROW
    many, _ = function(name)
    for seed in range(10 if LONG else 1):
        m = machine(seed, op, name, many, once)
        if not m.load().unsupported:
            agree(m)
        else:
            with pytest.raises(ValueError, match="pack 0 is not one for C"):
                m.run()


def lacks_c(name: str) -> bool:
    """Whether a row or its partial uses a primitive that C does not have."""
    arguments = [f"x[{i}]" for i in range(function(name)[0])]
    try:
        emit.function(name, "const double *x", arguments, value_of_row(name))
    except emit.NotInC:
        return True
    return False


def test_rows_that_c_cannot_run_are_those_of_primitives_without_c() -> None:
    left = {
        name
        for name in ALL
        if machine(0, ps.PARTIAL if ":" in name else ps.ROW, name, function(name)[0])
        .load()
        .unsupported
    }
    assert left == set(filter(lacks_c, ALL))


@pytest.mark.parametrize("once", [False, True])
def test_take_reads_the_term_that_data_names(once: bool) -> None:
    for seed in range(12):
        agree(machine(seed, ps.TAKE, once=once))


def load(
    packs: list[Pack], rows: list[str], uniform: int, slots: int, **more: int
) -> Any:
    flat = ps.flatten(packs)
    first = -(-uniform // 8) * 8
    return engine.load(
        flat.code, flat.start, flat.operands, flat.index, rows, uniform, first, slots,
        more.get("sums", 0), more.get("once", 0),
    )  # fmt: skip


def in_pairs(x: Any) -> Any:
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))


@pytest.mark.usefixtures("width")
@pytest.mark.parametrize("shape", [(1, 1), (3, 6), (4, 4), (5, 9), (8, 3)])
@pytest.mark.parametrize("examples", [1, 7, 8, 9, 40])
def test_a_sum_over_examples_has_one_order(
    shape: tuple[int, int], examples: int
) -> None:
    (m0, m1), rng = shape, np.random.default_rng(examples)
    uniform, block = 3, 40
    slots = uniform + m0 + m1
    a, b, c = Operand(uniform, 1, 0), Operand(uniform + m0, 0, 1), Operand(2, 0, 0)
    out = Operand(0, m1, 1)
    packs = [
        Pack(ps.DOTS, m0, m1, out, (a, b)),
        Pack(ps.DOTS, m0, m1, Operand(m0 * m1, m1, 1), (b, c)),
        Pack(ps.TOTAL, m0, m1, Operand(2 * m0 * m1, m1, 1), (b,)),
    ]
    program = load(packs, [], uniform, slots, sums=3 * m0 * m1)
    memory = rng.normal(size=8 + (slots - uniform) * block + 8)
    sums = rng.normal(size=(3 * m0 * m1, 8))
    expected = sums.copy()
    lanes = memory[8:-8].reshape(-1, block)
    for i in range(m0):
        for j in range(m1):
            for k in range(examples):
                x, y = lanes[i, k], lanes[m0 + j, k]
                for n, term in enumerate((x * y, y * memory[2], y)):
                    expected[n * m0 * m1 + i * m1 + j, k % 8] += term
    program.run(memory, 0, 3, block, examples, sums, None)
    assert np.array_equal(sums, expected)


@pytest.mark.usefixtures("width")
@pytest.mark.parametrize("n", [0, 1, 8, 100])
@pytest.mark.parametrize("block", [8, 24, 128])
def test_a_map_goes_block_by_block_and_no_block_changes_a_bit(
    n: int, block: int
) -> None:
    """f(x, y) = exp(x y + w), its sum over the examples, and where it fails."""
    uniform, x, y, z, result = 2, 2, 3, 4, 5
    packs = [
        Pack(ps.FOLD, 1, 1, Operand(z), (Operand(x), Operand(y), Operand(0)),
             begin=ps.OPERAND),
        Pack(ps.ROW, 1, 1, Operand(result), (Operand(z),), row=0, checked=True),
        Pack(ps.TOTAL, 1, 1, Operand(0), (Operand(result),)),
    ]  # fmt: skip
    program = load(packs, ["exp"], uniform, 6, sums=1)
    rng = np.random.default_rng(n)
    given = rng.normal(size=(n, 3))
    if n > 50:
        given[50, [0, 2]] = 1e4, 1.0
    memory, failed = np.zeros(8 + 4 * block + 8), np.zeros(n, np.uint8)
    memory[0] = 0.25
    found, sums = np.zeros((n, 2)), np.zeros((1, 8))
    at = given.ctypes.data
    inputs = np.array([[at, 24], [at + 16, 24]])
    outputs = np.array([[found.ctypes.data + 8, 16]])
    program.map(
        memory, 0, block, n, inputs, np.array([x, y]), outputs, np.array([result]),
        sums, failed,
    )  # fmt: skip
    expected = np.zeros(8)
    for k in range(n):
        exponent = given[k, 0] * given[k, 2] + 0.25
        value = limits.evaluate(RULES["exp"].value, exponent)
        assert found[k, 1] == value
        assert failed[k] == math.isinf(value)
        expected[k % 8] += value
    assert np.array_equal(sums[0], expected)
    assert not found[:, 0].any()


def test_a_damaged_program_is_refused_before_it_runs() -> None:
    good = Pack(ps.FOLD, 2, 3, Operand(6, 3, 1), (Operand(0, 3, 1), Operand(0, 3, 1)))
    listed = dataclasses.replace(
        good, operands=(Operand(0, index=np.zeros((1, 6), np.int32)),) * 2
    )
    row = Pack(ps.ROW, 2, 3, Operand(6, 3, 1), (Operand(0, 3, 1),), row=0)
    load([good, listed, row], ["exp"], 12, 12, once=3)

    def bad(pack: Pack, match: str, once: int = 1, **changes: Any) -> None:
        with pytest.raises(ValueError, match=match):
            load([dataclasses.replace(pack, **changes)], ["exp"], 12, 12, once=once)

    for base in (-1, 7, 1 << 29, -(1 << 40), 1 << 62):
        bad(good, "pack 0 has", operands=(Operand(base, 3, 1), Operand(0, 3, 1)))
        bad(good, "pack 0 has", out=Operand(base, 3, 1))
    for step in (10, -1, 1 << 61):
        bad(good, "pack 0 has", operands=(Operand(0, step, 1), Operand(0, 3, 1)))
        bad(good, "pack 0 has", operands=(Operand(0, 3, 1, step), Operand(0)), terms=9)
    for m0 in (0, -1, 3, 1 << 30, 1 << 62):
        bad(good, "pack 0 has", m0=m0)
        bad(row, "pack 0 has", m0=m0)
    bad(good, "pack 0 has", terms=-1)
    bad(good, "its result", once=0)
    for name, value in [("op", 8), ("op", -1), ("kind", 3), ("begin", 3), ("after", 3)]:
        bad(good, "an unknown operation", **{name: value})
    bad(good, "a wrong number", operands=(Operand(0),))
    bad(good, "a wrong number", begin=ps.OPERAND)
    bad(row, "a wrong number", operands=(Operand(0), Operand(0)))
    bad(row, "a row that is not there", row=1)
    bad(good, "a row that is not there", after=ps.VALUE, after_row=-1)
    for slot in (-1, 12, -(1 << 31)):
        index = np.full((1, 6), slot, np.int32)
        bad(listed, "a slot of its index", operands=(Operand(0, index=index),) * 2)
    short = ps.flatten([listed])
    with pytest.raises(ValueError, match="an index that ends too early"):
        engine.load(
            short.code, short.start, short.operands, short.index[:-1], [],
            12, 16, 12, 0, 1,
        )  # fmt: skip


def test_lookups_that_give_to_no_sum_are_refused() -> None:
    out, read = Operand(0, 0, 1, 2), (Operand(2, 2, 1), Operand(6, 1, 0))
    good = Pack(ps.SCATTER, 2, 2, out, read, 3)
    load([good], [], 2, 8, sums=6)
    for bad in (
        dataclasses.replace(good, terms=4),
        dataclasses.replace(good, out=Operand(1, 0, 1, 2)),
        dataclasses.replace(good, out=Operand(0, 0, 1, -2)),
    ):
        with pytest.raises(ValueError, match="no such sum"):
            load([bad], [], 2, 8, sums=6)
    with pytest.raises(ValueError, match="a wrong number of operands"):
        load([dataclasses.replace(good, operands=read[:1])], [], 2, 8, sums=6)


@pytest.mark.usefixtures("width")
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("examples", [1, 9, 40])
def test_a_lookup_gives_to_the_sum_it_names(listed: bool, examples: int) -> None:
    """Of 3 lookups of 2 columns, a share of which is the same for all examples."""
    rng, uniform, block = np.random.default_rng(examples), 1, 40
    shares = np.array([[1, 2], [3, 4], [5, 0]])
    at = np.array([[6, 6], [7, 7], [8, 8]])
    if not listed:
        shares[2, 1] = 6
        at += 1
    slots = int(at.max()) + 1
    operands = (
        tuple(Operand(0, index=x.reshape(1, -1)) for x in (shares, at))
        if listed
        else (Operand(1, 2, 1), Operand(7, 1, 0))
    )
    packs = [Pack(ps.SCATTER, 3, 2, Operand(1, 0, 4, 1), operands, 4)]
    memory = np.zeros(8 + (slots - uniform) * block + 8)
    lanes = memory[8:-8].reshape(-1, block)
    lanes[...] = rng.normal(size=lanes.shape)
    memory[0] = 0.25
    lanes[at.min() - uniform :] = rng.integers(-1, 6, (3, block))
    expected = np.zeros((9, 8))
    for k in range(examples):
        for entry in range(4):
            for j in range(2):
                given = [
                    memory[0] if shares[i, j] < uniform else lanes[shares[i, j] - 1, k]
                    for i in range(3)
                    if lanes[at[i, j] - 1, k] == entry
                ]
                if given:
                    expected[1 + 4 * j + entry, k % 8] += sum(given, 0.0)
    found = np.zeros((9, 8))
    program = load(packs, [], uniform, slots, sums=9)
    program.run(memory, 0, 1, block, examples, found, None)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("width")
def test_a_call_with_too_little_room_is_refused() -> None:
    row = Pack(ps.ROW, 1, 3, Operand(5, 0, 1), (Operand(2, 0, 1),), row=0)
    total = Pack(ps.TOTAL, 1, 1, Operand(0), (Operand(5),))
    program = load([row, total], ["exp"], 2, 8, sums=1)
    memory = np.zeros(8 + 6 * 8 + 8)
    sums, failed = np.zeros((1, 8)), np.zeros(8, np.uint8)
    program.run(memory, 0, 2, 8, 8, sums, failed)
    for arguments in (
        (memory[:-1], 0, 2, 8, 8, sums, failed),
        (memory.astype(np.float32), 0, 2, 8, 8, sums, failed),
        (memory, 0, 3, 8, 8, sums, failed),
        (memory, -1, 2, 8, 8, sums, failed),
        (memory, 0, 2, 16, 8, sums, failed),
        (memory, 0, 2, 8, 9, sums, failed),
        (memory, 0, 2, 8, 8, None, failed),
        (memory, 0, 2, 8, 8, sums[:, :7].copy(), failed),
        (memory, 0, 2, 8, 8, sums, failed[:7]),
    ):
        with pytest.raises(ValueError, match=r"must be|packs|examples|sums"):
            program.run(*arguments)


def test_leaves_are_read_and_written_at_once() -> None:
    leaves = [engine.Value(float(k)) for k in range(1000)]
    numbers = np.empty(1000)
    engine.read(leaves, numbers)
    assert numbers.tolist() == list(range(1000))
    engine.write(tuple(leaves), numbers * 2)
    assert leaves[7].data == 14.0
    for _ in range(2):
        engine.add_grad(leaves, numbers)
    assert leaves[7].grad == 14.0
    with pytest.raises(TypeError, match=r"leaves\[1\] must be a Value, got float"):
        engine.write([leaves[0], 1.0], numbers)
    with pytest.raises(ValueError, match="buffer must be at least 1000 numbers"):
        engine.read(leaves, numbers[:999])


def test_a_node_of_slopes_is_what_a_checkpoint_makes() -> None:
    RULES.setdefault("checkpoint", CHECKPOINT)
    leaves = tuple(engine.Value(float(k)) for k in range(3))
    slopes = np.array([0.5, -2.0, math.inf])
    made = engine.checkpoint_node("checkpoint", leaves, slopes, 7.0)
    known = leaves[0]._apply("checkpoint", (*slopes.tolist(), *leaves, 7.0))
    assert (made.data, made.op, made.partials) == (7.0, known.op, known.partials)
    assert made.operands == known.operands
    made.backward()
    assert [x.grad for x in leaves] == slopes.tolist()
    with pytest.raises(TypeError, match=r"leaves\[1\] must be a Value"):
        engine.checkpoint_node("checkpoint", (leaves[0], 1.0), slopes, 7.0)
    with pytest.raises(ValueError, match="slopes must be at least 3 numbers"):
        engine.checkpoint_node("checkpoint", leaves, slopes[:2], 7.0)
