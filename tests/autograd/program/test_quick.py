"""Plain numbers go into a program and out of it at once, whatever their structure."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.program import quick


@pytest.fixture
def only_native(engine: str) -> None:
    if engine != "native":
        pytest.skip("the reference engine has no caller in C")


def f(x: Any, y: Any) -> Any:
    return x * y - ag.exp(x) / y


def short(program: Any) -> Any:
    """The short way of a program that has been called, which must be there."""
    assert program._quick is not None
    return program._quick


def test_a_call_with_floats_takes_the_short_way_to_the_same_bits() -> None:
    program = ag.compile(f)
    first = program(0.3, -2.5)
    assert first == program(0.3, -2.5) == f(0.3, -2.5)
    assert short(program)(1.5, 0.1) == f(1.5, 0.1)


@pytest.mark.parametrize("arguments", [(1, 2.0), (1.0,), (1.0, 2.0, 3.0), ("a", 1.0)])
def test_what_is_no_float_takes_the_long_way(arguments: tuple[Any, ...]) -> None:
    program = ag.compile(f)
    program(1.0, 2.0)
    assert short(program)(*arguments) is NotImplemented
    assert short(program)(ag.Value(1.0), 2.0) is NotImplemented


def test_structures_of_arguments_and_results_are_those_of_the_function() -> None:
    def g(xs: Any, pair: Any, table: Any) -> Any:
        return [sum(xs), (pair[0] * pair[1], [xs[0]])], table * 2.0

    program = ag.compile(g)
    given = [1.0, 2.0], (3.0, 4.0), np.array([[1.0, 2.0], [3.0, 4.0]])
    for answer in (program(*given), program(*given), short(program)(*given)):
        assert answer[0] == [3.0, (12.0, [1.0])]
        assert np.array_equal(answer[1], 2.0 * given[2])
        assert answer[1].dtype == np.float64
    assert short(program)(given[0], given[1], given[2][:, :1]) is NotImplemented
    turned = short(program)(given[0], given[1], given[2].T)
    assert turned is NotImplemented or np.array_equal(turned[1], 2.0 * given[2].T)
    assert short(program)([1.0], given[1], given[2]) is NotImplemented
    assert short(program)(tuple(given[0]), given[1], given[2]) is NotImplemented


def test_results_share_no_memory_with_each_other() -> None:
    program = ag.compile(lambda x: x + 1.0)
    x = np.zeros(3)
    first, second = program(x), program(x)
    third = program(x)
    second += 5.0
    assert first.tolist() == third.tolist() == [1.0, 1.0, 1.0]


def test_a_guard_with_another_outcome_takes_the_long_way() -> None:
    program = ag.compile(lambda x: x * 2.0 if x > 0 else -x)
    assert program(3.0) == 6.0
    assert short(program)(-3.0) is NotImplemented
    assert [program(x) for x in (-3.0, 3.0, -4.0, 5.0)] == [3.0, 6.0, 4.0, 10.0]


def test_an_exception_is_that_of_the_function_and_the_next_call_is_right() -> None:
    program = ag.compile(lambda x: ag.log(x) + 1.0)
    assert program(1.0) == 1.0
    with pytest.raises(ValueError, match=r"log\(0\.0\)"):
        program(0.0)
    assert program(math.e) == ag.log(math.e) + 1.0


@pytest.mark.usefixtures("only_native")
def test_a_result_that_depends_on_leaves_is_a_value_of_the_short_way_too() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: w * x)
    for _ in range(3):
        y = program(3.0)
        y.backward()
    z = short(program)(5.0)
    assert (y.data, w.grad, z.data) == (6.0, 9.0, 10.0)
    assert (z.op, z.operands[1], gc.is_tracked(z)) == ("checkpoint", w, True)
    with ag.no_grad():
        assert short(program)(3.0) is NotImplemented
        assert (program(3.0).data, program(3.0).op) == (6.0, "")
    assert program(ag.Value(3.0)).op == "mul"


def test_results_on_leaves_have_derivatives_of_any_order() -> None:
    a, b = ag.Value(2.0), ag.Value(3.0)

    def f(x: Any) -> Any:
        return [x * x, (a * a * b * x, x + 1.0), a * ag.exp(b) + x, ag.Value(1.0) * 2.0]

    program = ag.compile(f)
    for _ in range(3):
        found, expected = program(0.5), f(0.5)
        assert (found[0], found[1][1], found[3].data) == (0.25, 1.5, 2.0)
        for y, z in ((found[1][0], expected[1][0]), (found[2], expected[2])):
            first, second = ag.gradient(y, [a, b]), ag.gradient(z, [a, b])
            assert [x.data for x in first] == [x.data for x in second]
            for x, other in zip(first, second):
                mine, theirs = (ag.gradient(d, [a, b]) for d in (x, other))
                assert [d.data for d in mine] == [d.data for d in theirs]


def test_a_comparison_with_a_leaf_has_no_derivative_of_its_own() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: (x < w, w * w * x, w * x > 3.0, w * x))
    for _ in range(2):
        w.grad = 0.0
        under, square, over, product = program(3.0)
        square.backward()
        product.backward()
        assert (under, over, w.grad) == (False, True, 15.0)


@pytest.mark.usefixtures("only_native")
def test_a_program_on_leaves_is_freed() -> None:
    def made() -> Any:
        w = ag.Value(2.0)
        program = ag.compile(lambda x: w * x)
        kept = [program(1.0), program(2.0)]
        assert program._quick is not None
        return weakref.ref(program), kept

    gone, kept = made()
    assert gone() is not None  # it computes them again for a second derivative
    kept.clear()
    gc.collect()
    assert gone() is None


def test_a_fixed_number_in_a_result_is_no_result_of_the_tape() -> None:
    program = ag.compile(lambda x: [x * x, 7.0])
    assert program(3.0) == program(3.0) == [9.0, 7.0]
    assert program._quick is None


def test_many_threads_may_call_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    program = ag.compile(lambda xs: sum(ag.sin(x) * x for x in xs))
    given = [[float(i + k) for k in range(100)] for i in range(200)]
    program(given[0])
    alone = [program(xs) for xs in given]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(program, given)) == alone


@pytest.mark.usefixtures("only_native")
def test_a_caller_that_does_not_fit_its_program_is_refused() -> None:
    program = ag.compile(f)
    program(1.0, 2.0)
    recording = next(iter(program._recordings.values()))[0]
    packs, native = recording.machine().packs, recording.machine().native

    def make(**changes: Any) -> Any:
        pair = ("tuple", (None, None))
        given = {
            "numbers": packs.numbers,
            "inputs": packs.inputs,
            "parameters": packs.parameters,
            "leaves": (),
            "outputs": packs.outputs,
            "guards": packs.outputs[:0],
            "outcomes": b"",
            "arguments": pair,
            "result": None,
            "raises": True,
        }
        return native.caller(*(given | changes).values())

    assert make()(0.5, 2.0) == f(0.5, 2.0)
    for changes in (
        {"numbers": packs.numbers[:-1]},
        {"inputs": packs.inputs + 1000},
        {"outputs": packs.outputs - 1000},
        {"arguments": ("tuple", (None,))},
        {"arguments": None},
        {"arguments": ("tuple", (None, ("heap", ())))},
        {"result": ("list", (None, None))},
        {"outcomes": b"\1"},
    ):
        with pytest.raises(ValueError, match=r"slot|numbers|structure|outcome"):
            make(**changes)
    with pytest.raises(ValueError, match="a parameter for each leaf"):
        make(leaves=(ag.Value(1.0),))
    assert quick.caller(recording, (1.0, "x"), 2.0, True) is None


# Maps


def examples(count: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(count)
    return rng.normal(size=(count, 3)), rng.normal(size=count)


def loss_of(ws: list[Any]) -> Any:
    def loss(x: Any, y: Any) -> Any:
        hidden = [ag.tanh(ag.dot(ws[i : i + 3], x, ws[9 + i])) for i in range(3)]
        return (ag.sum(hidden) * ws[12] - y) ** 2

    return loss


def weights() -> list[Any]:
    return [ag.Value(0.3 * math.sin(i)) for i in range(13)]


@pytest.mark.usefixtures("only_native")
@pytest.mark.parametrize("count", [1, 4, 7, 8, 9, 100, 1000])
def test_a_map_takes_the_short_way_to_the_bits_of_the_long_one(count: int) -> None:
    short, long = weights(), weights()
    program, other = ag.compile(loss_of(short)), ag.compile(loss_of(long))
    xs, ys = examples(count)
    for k in range(3):
        xs, ys = np.roll(xs, 1, axis=0), ys + 0.5
        assert len(program._mappers) == 2 * (k > 0)
        other._mappers = {}
        found = program.map(xs, ys), program.backward(xs, ys, scale=0.5)
        expected = other.map(xs, ys), other.backward(xs, ys, scale=0.5)
        assert np.array_equal(found, expected)
        assert [w.grad for w in short] == [w.grad for w in long]
        short[0].data = long[0].data = 0.25 * k


@pytest.mark.usefixtures("only_native")
def test_a_map_reads_rows_where_they_lie_and_leaves_other_arrays() -> None:
    program = ag.compile(loss_of(weights()))
    xs, ys = examples(20)
    wide = np.zeros((20, 5))
    wide[:, 1:4] = xs
    expected = program.map(xs, ys)
    run = program._mappers[False].run
    assert np.array_equal(run(wide[:, 1:4], ys)[0], expected)
    assert np.array_equal(run(xs[::-1], ys[::-1])[0], expected[::-1])
    for arguments in (
        (np.asfortranarray(xs), ys),
        (xs.astype(">f8"), ys),
        (xs.astype(np.float32), ys),
        (xs, ys[:-1]),
        (xs[:, :2], ys),
        (xs.tolist(), ys),
        (xs[:0], ys[:0]),
        (xs,),
        (xs[0], 1.0),
    ):
        assert run(*arguments) is NotImplemented
    assert np.array_equal(program.map(np.asfortranarray(xs), ys), expected)
    with pytest.raises(ValueError, match="different numbers of examples"):
        program.map(xs, ys[:-1])
    with pytest.raises(TypeError, match="in_axes must be made of ints"):
        program.map(xs, ys, in_axes=False)


@pytest.mark.usefixtures("only_native")
def test_results_of_maps_share_no_memory() -> None:
    program = ag.compile(lambda x: {"a": [x, x], "b": (x + 1.0, "text")})
    xs = np.arange(4.0)
    for _ in range(3):
        found = program.map(xs)
        first, second = found["a"]
        first += 5.0
        found["b"][0][:] = 7.0
        assert xs.tolist() == second.tolist() == [0.0, 1.0, 2.0, 3.0]
        assert found["b"][1] == "text"
    assert program._mappers


@pytest.mark.usefixtures("only_native")
def test_a_map_whose_examples_part_takes_the_long_way_and_changes_nothing() -> None:
    w = ag.Value(2.0)
    program = ag.compile(lambda x: w * ag.log(x) if x < 9.0 else w * x)
    xs = np.array([1.0, 2.0, 3.0])
    for _ in range(2):
        program.backward(xs)
    run = program._mappers[True].run
    before = w.grad
    assert run(1.0, np.array([1.0, 10.0])) is NotImplemented
    assert run(1.0, np.array([1.0, 0.0])) is NotImplemented
    with pytest.raises(ValueError, match=r"example 1: .*log\(0\.0\)"):
        program.backward(np.array([1.0, 0.0, 10.0]))
    assert w.grad == before
    assert program.backward(np.array([1.0, 10.0])).tolist() == [0.0, 20.0]
    assert w.grad == before + 10.0


@pytest.mark.usefixtures("only_native")
def test_a_map_in_ieee_numbers_does_not_ask() -> None:
    program = ag.compile(ag.log, errors="ieee")
    xs = np.array([1.0, 0.0, -1.0])
    for _ in range(3):
        assert program.map(xs).tolist()[:2] == [0.0, -math.inf]
        assert np.isnan(program.map(xs)[2])
    assert program._mappers


def test_many_threads_may_map_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    program = ag.compile(loss_of(weights()))
    given = [examples(n) for n in range(1, 100)]
    program.map(*given[0])
    alone = [program.map(*x) for x in given]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda x: program.map(*x), given))
    assert all(map(np.array_equal, together, alone))


@pytest.mark.usefixtures("only_native")
def test_a_mapper_that_does_not_fit_its_program_is_refused() -> None:
    program = ag.compile(loss_of(weights()))
    xs, ys = examples(5)
    program.backward(xs, ys)
    recording = next(iter(program._recordings.values()))[0]
    machine = recording.machine(False, range(4), True)
    packs, leaves = machine.packs, recording.leaves

    def make(**changes: Any) -> Any:
        given = {
            "numbers": packs.numbers,
            "inputs": packs.inputs[:4],
            "parameters": packs.parameters,
            "leaves": tuple(leaves),
            "outputs": packs.outputs,
            "guards": packs.outputs[:0],
            "outcomes": b"",
            "totals": packs.totals,
            "seed": int(packs.inputs[4]),
            "total": True,
            "block": machine.block,
            "most": 1000,
            "shapes": ((3,), ()),
            "empty": np.empty,
            "raises": True,
            "watch": None,
        }
        return machine.native.mapper(*(given | changes).values())

    assert np.array_equal(make()(1.0, xs, ys)[0], program.map(xs, ys))
    for changes in (
        {"numbers": packs.numbers[:-1]},
        {"inputs": packs.inputs[:3]},
        {"inputs": packs.inputs[:4] - 1000},
        {"inputs": packs.inputs[:4] + 1000},
        {"outputs": packs.outputs + 1000},
        {"parameters": packs.parameters - 1000},
        {"totals": packs.totals + 1000},
        {"totals": packs.totals[1:]},
        {"total": False},
        {"leaves": tuple(leaves[1:])},
        {"leaves": (1.0, *leaves[1:])},
        {"outcomes": b"\1"},
        {"seed": 10**6},
        {"block": 0},
        {"block": 12},
        {"block": 1 << 40},
        {"shapes": ((3,), (2,))},
        {"shapes": ((-3,), ())},
        {"shapes": ("text", ())},
    ):
        with pytest.raises(ValueError, match=r"none of|numbers|needs|inputs|outcome"):
            make(**changes)
    with pytest.raises(TypeError, match="a watch or None, got int"):
        make(watch=1)
