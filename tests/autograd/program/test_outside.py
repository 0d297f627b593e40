"""What f reads and changes besides its arguments: seen, or refused, or documented."""

from __future__ import annotations

import array
import functools
import gc
import math
import random
import signal
import threading
import warnings
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.program import machine
from tests.autograd.program.test_compiled import bits

EXECUTORS = [None, "arrays"]
rate = 2.0


def by_rate(x: Any) -> Any:
    return x * rate


# What changes outside


def test_variables_that_are_bound_anew_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factor = 2.0

    def f(x: Any) -> Any:
        return x * factor

    for g in (f, ag.grad(f), functools.partial(f), lambda x: f(x) + 0.0):
        factor = 2.0
        program = ag.compile(g)
        first, same = program(1.5), program(1.5)
        factor = 3.0
        assert bits([first, same, program(1.5)]) == bits([*[first] * 2, g(1.5)])
        assert program(1.5) != first
        assert program.map([1.5]).tolist() == [program(1.5)]
    program = ag.compile(by_rate)
    assert program(1.0) == 2.0
    monkeypatch.setitem(globals(), "rate", 5.0)
    assert program(1.0) == 5.0
    assert program.stats()["recordings"] == 1


def test_small_containers_and_attributes_are_looked_into() -> None:
    ones, table = [1.0, 2.0], {"a": 1.0}
    numbers, thing = np.array([1.0, 2.0]), SimpleNamespace(k=1.0)
    program = ag.compile(
        lambda x: x * ones[0] * table["a"] * float(numbers[0]) * thing.k
    )
    assert program(1.0) == 1.0
    ones[0] = 2.0
    assert program(1.0) == 2.0
    table["a"] = 2.0
    assert program(1.0) == 4.0
    numbers[0] = 2.0
    assert program(1.0) == 8.0
    thing.k = 2.0
    assert program(1.0) == 16.0
    ones[0] = float("2.0")  # another object, and the same number
    assert program(1.0) == 16.0


def test_what_changes_is_seen_by_maps_and_by_programs_of_leaves() -> None:
    w, table, numbers = ag.Value(2.0), {"a": 1.0}, np.array([1.0, 2.0])
    thing, ones = SimpleNamespace(k=1.0), [1.0]

    def f(x: Any) -> Any:
        return w * x * table["a"] * float(numbers[0]) * thing.k * ones[0]

    def change() -> None:
        table["a"] = 3.0

    changes = [
        change,
        lambda: table.update(b=1.0),
        lambda: numbers.__setitem__(0, 5.0),
        lambda: setattr(thing, "k", 7.0),
        lambda: ones.__setitem__(0, 11.0),
        lambda: ones.insert(0, 13.0),
    ]
    program, xs = ag.compile(f), np.array([1.0, 2.0])
    for act in [lambda: None, *changes]:
        act()
        for _ in range(2):
            w.grad = 0.0
            expected = [f(x).data for x in xs.tolist()]
            assert program.map(xs).tolist() == expected
            assert program.backward(xs).tolist() == expected
            assert w.grad == sum(expected) / w.data
            assert program(1.0).data == expected[0]


def test_a_program_that_its_function_reads_is_freed_with_it() -> None:
    def f_of_a_program() -> weakref.ref[Any]:
        def f(x: Any) -> Any:
            return kept["scale"] * x

        kept: dict[str, Any] = {"scale": 2.0}
        program = kept["program"] = ag.compile(f)
        for _ in range(2):
            assert program(1.0) == 2.0
            assert program.map(np.ones(2)).tolist() == [2.0, 2.0]
        return weakref.ref(f)

    gone = f_of_a_program()
    gc.collect()
    assert gone() is None


def test_a_callable_object_and_its_method_are_functions_with_attributes() -> None:
    class Scale:
        def __init__(self) -> None:
            self.k = 2.0

        def __call__(self, x: Any) -> Any:
            return self.k * x * rate

        def call(self, x: Any) -> Any:
            return self(x)

    for f in (scale := Scale(), scale.call):
        scale.k = 2.0
        program = ag.compile(f)
        assert program(1.0) == 4.0
        scale.k = 3.0
        assert program(1.0) == 6.0


def test_what_changes_again_and_again_is_named_once() -> None:
    step = 0

    def f(x: Any) -> Any:
        return x * step

    program = ag.compile(f)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(20):
            assert program(2.0) == 2.0 * step
    assert [str(w.message).count("recorded anew 8 times") for w in caught] == [1]


def test_what_the_function_changes_itself_is_refused() -> None:
    count, calls = 0, [0]

    def counts(x: Any) -> Any:
        nonlocal count
        count += 1
        return x * count

    def writes(x: Any) -> Any:
        calls[0] += 1
        return x * calls[0]

    for f in (counts, writes):
        with pytest.raises(TypeError, match=r"the function changes (count|calls)"):
            ag.compile(f)(1.0)
    log: list[str] = []
    program = ag.compile(lambda x: log.append("called") or x)
    assert [program(1.0), program(2.0)] == [1.0, 2.0]
    assert log == ["called"]


@pytest.mark.parametrize("name", ["random", "numpy", "Random", "default_rng"])
def test_random_numbers_are_refused_and_generators_left_as_they_were(name: str) -> None:
    own, new = random.Random(1), np.random.default_rng(1)
    draw: Any = {
        "random": lambda: random.random(),
        "numpy": lambda: np.random.rand(),
        "Random": lambda: own.random(),
        "default_rng": lambda: new.random(),
    }[name]
    random.seed(1)
    np.random.seed(1)
    program = ag.compile(lambda x: x * draw())
    with pytest.raises(
        TypeError, match=r"draws random numbers from .*pass them as arg"
    ):
        program(1.0)
    first = draw()
    random.seed(1)
    np.random.seed(1)
    own, new = random.Random(1), np.random.default_rng(1)
    assert draw() == first
    system = random.SystemRandom()  # has no state that one could look at
    assert 0.0 <= ag.compile(lambda x: x * system.random())(1.0) < 1.0
    seeded = ag.compile(lambda x: x * random.Random(7).random())
    assert seeded(2.0) == 2.0 * random.Random(7).random()


class Settings:
    """What a function gets as an argument."""

    rate: float


def test_attributes_of_objects_that_are_arguments_are_looked_at_again() -> None:
    class Model:
        def __init__(self) -> None:
            self.scale = 3.0

        @ag.compile
        def __call__(self, x: Any, settings: Any) -> Any:
            return self.scale * x * settings.rate

    model, settings = Model(), Settings()
    settings.rate = 2.0
    assert model(1.0, settings) == 6.0
    settings.rate = 5.0
    assert model(1.0, settings) == 15.0
    model.scale = 4.0
    assert model(1.0, settings) == 20.0


# Exceptions that the function catches


def careful(x: Any) -> Any:
    try:
        return ag.log(x)
    except ValueError:
        return -1.0


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("first", [2.0, -2.0])
def test_an_exception_that_f_catches_is_caught_in_every_call(
    executor: Any, first: float
) -> None:
    program = ag.compile(careful, executor=executor)
    for x in (first, -1.0, 3.0, math.inf, 0.0, 2.0):
        assert program(x) == careful(x)
    xs = [2.0, -1.0, math.inf, 0.0, 5.0, -3.0, 7.0]
    assert program.map(xs).tolist() == list(map(careful, xs))


class Runs:
    """How often a function ran, where no program looks."""

    count = 0


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_f_catches_is_a_path_like_others_by_the_kind_of_exception(
    executor: Any, tmp_path: Path
) -> None:
    def f(x: Any, y: Any) -> Any:
        Runs.count += 1
        try:
            return ag.exp(x) / y
        except ZeroDivisionError:
            return x * 2
        except OverflowError:
            return y + 1

    pairs = [(1.0, 2.0), (1.0, 0.0), (1000.0, 2.0), (-1.0, 0.0), (2000.0, 0.0)]
    pairs += [(math.inf, 1.0), (-math.inf, 3.0), (3.0, 4.0)]
    expected = [f(*pair) for pair in pairs]
    program = ag.compile(f, executor=executor)
    assert [program(*pair) for pair in pairs] == expected
    assert program.stats()["recordings"] == 3
    Runs.count = 0
    assert [program(*pair) for pair in pairs] == expected
    assert program.map(*map(list, zip(*pairs))).tolist() == expected
    assert Runs.count == 0
    program.save(tmp_path / "caught")
    loaded = ag.load_program(tmp_path / "caught")
    assert [loaded(*pair) for pair in pairs] == expected
    assert loaded.map(*map(list, zip(*pairs))).tolist() == expected


def test_a_number_without_a_whole_one_is_a_path_like_others() -> None:
    def f(x: Any) -> Any:
        Runs.count += 1
        try:
            return x * int(x)
        except (ValueError, OverflowError) as error:
            return type(error).__name__

    program = ag.compile(f)
    numbers = [2.5, math.nan, math.inf, -math.inf, 2.75]
    expected = [f(x) for x in numbers]
    assert [program(x) for x in numbers] == expected
    Runs.count = 0
    assert [program(x) for x in numbers] == expected
    assert Runs.count == 0


@pytest.mark.parametrize("executor", EXECUTORS)
def test_gradients_leave_out_what_was_caught(executor: Any) -> None:
    w = ag.Value(2.0)
    f = lambda x: careful(w * x)
    program = ag.compile(f, executor=executor)
    xs = [2.0, -1.0, 4.0, 0.0]
    assert program.backward(xs).tolist() == [getattr(f(x), "data", -1.0) for x in xs]
    assert w.grad == 0.5 + 0.5


def test_an_exception_that_f_turns_into_another_is_the_other() -> None:
    def f(x: Any) -> Any:
        try:
            return 1 / x
        except ZeroDivisionError as error:
            raise ValueError("x must not be 0") from error

    program = ag.compile(f)
    assert program(2.0) == 0.5
    with pytest.raises(ValueError, match=r"^x must not be 0$"):
        program(0.0)
    with pytest.raises(ValueError, match=r"^example 1: x must not be 0$"):
        program.map([1.0, 0.0])


# Arguments and results


def test_a_constant_on_one_path_is_a_number_among_others() -> None:
    w = ag.Value(3.0)
    f = lambda x: {"y": w * x if x > 0 else 0, "z": [1.5 if x > 2 else x]}
    found = ag.compile(f).map([1.0, -1.0, 3.0])
    assert found["y"].tolist() == [3.0, 0.0, 9.0]
    assert found["z"][0].tolist() == [1.0, -1.0, 1.5]
    program = ag.compile(lambda x: w * x if x > 0 else 0)
    assert program.backward([1.0, -1.0, 3.0]).tolist() == [3.0, 0.0, 9.0]
    assert w.grad == 4.0
    w.grad = 0.0
    assert program.backward([-1.0]).tolist() == [0.0]
    assert w.grad == 0.0


def test_an_array_of_the_standard_library_is_data_like_a_list() -> None:
    program = ag.compile(lambda x: x * 2 if hasattr(x, "dtype") else sum(x))
    assert program(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    for numbers in ([1.0, 2.0], [3.0, 4.0]):
        assert program(array.array("d", numbers)) == sum(numbers)
    assert program(array.array("i", [1, 2])) == 3.0
    assert program(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]


def test_an_int_with_many_values_is_named_once() -> None:
    program = ag.compile(lambda x, n, name: x * n)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(12):
            assert program(2.0, n, "a") == 2.0 * n
    assert [str(w.message).count("more than 8 values of an int") for w in caught] == [1]


def test_arguments_that_f_changes_are_its_own_copies() -> None:
    def f(xs: Any, d: Any, a: Any) -> Any:
        xs[0] *= 2
        xs.append(1.0)
        d["k"] = d["k"] + xs[0]
        a[0] = a[0] + d["k"]
        return a[0] + sum(xs)

    xs, d, a = [1.0, 2.0], {"k": 3.0}, np.array([4.0])
    program = ag.compile(f)
    assert program(xs, d, a) == program(xs, d, a) == f([1.0, 2.0], {"k": 3.0}, [4.0])
    assert (xs, d, a.tolist()) == ([1.0, 2.0], {"k": 3.0}, [4.0])


def test_a_long_map_hears_of_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OUT_OF_REACH", 1)
    program = ag.compile(lambda x: ag.exp(ag.sin(x)) * ag.tanh(x))
    xs = np.linspace(0.0, 1.0, 1000)
    expected = program.map(xs)
    monkeypatch.undo()
    assert bits(program.map(xs)) == bits(expected)

    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    many = np.zeros(4_000_000)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(map(program.map, [many] * 100))
    timer.join()
    assert bits(program.map(xs)) == bits(expected)


def test_a_loaded_program_has_defaults_and_names(tmp_path: Any) -> None:
    def f(x: Any, n: int = 2, *, scale: Any = 0.5, other: Any = None) -> Any:
        return x**n * scale

    program = ag.compile(f)
    program(3.0)
    program(3.0, 3)
    program.save(tmp_path / "f")
    loaded = ag.load_program(tmp_path / "f")
    assert loaded(5.0) == loaded(5.0, 2) == loaded(x=5.0, n=2) == 12.5
    assert loaded(2.0, 3, scale=2.0) == loaded(2.0, n=3, scale=2.0) == 16.0
    with pytest.raises(RuntimeError, match="no recording of this path"):
        loaded(2.0, 4)
    with pytest.raises(TypeError, match="missing a required argument"):
        loaded()
