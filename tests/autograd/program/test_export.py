"""Exported C, compiled and compared."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.testing import random_expression
from tests.exact import bits

CC = shutil.which("gcc") or shutil.which("cc")
needs_cc = pytest.mark.skipif(CC is None, reason="there is no C compiler")


def built(folder: Path, source: str, name: str) -> Any:
    (folder / "a.c").write_text(source)
    command = [CC, "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]
    command += ["-O1", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([*command, folder / "a.c", "-o", folder / "a.so", "-lm"], check=True)
    function = getattr(ctypes.CDLL(str(folder / "a.so")), name)

    def call(x: list[float], p: list[float], count: int) -> tuple[int, list[float]]:
        arrays = [np.array(v, dtype=float) for v in (x, p, [0.0] * count)]
        status = function(*(ctypes.c_void_p(a.ctypes.data) for a in arrays))
        return status, arrays[2].tolist()

    return call


@needs_cc
@pytest.mark.parametrize("seed", range(5))
def test_c_has_the_bits_of_eager(tmp_path: Path, seed: int) -> None:
    rows = ("add", "mul", "truediv", "exp", "tanh", "sigmoid", "maximum", "pow", "gelu")
    e = random_expression(seed, 40, rows)
    program = ag.compile(lambda x: e(*x))
    x = list(e.point)
    value, slope = ag.value_and_grad(lambda x: e(*x))(x)
    assert program(x) == value
    call = built(tmp_path, program.to_c("model", gradient=True), "model")
    status, found = call(x, [], 4)
    assert status == 0
    assert bits(found) == bits([value, *slope])


@needs_cc
def test_parameters_and_guards_are_there(tmp_path: Path) -> None:
    w = ag.Value(3.0)
    program = ag.compile(lambda x: w * x * float("inf") if x > 0 else w - x)
    program(2.0)
    program(-2.0)
    with pytest.raises(ValueError, match="2 recordings"):
        program.to_c("f")
    call = built(tmp_path, program.to_c("f", -1.0, gradient=True), "f")
    assert call([-4.0], [5.0], 3) == (0, [9.0, -1.0, 1.0])
    assert call([4.0], [5.0], 3) == (1, [0.0, 0.0, 0.0])
    assert "INFINITY" in program.to_c("f", 1.0)


@needs_cc
def test_remainders_and_quotients_are_pythons(tmp_path: Path) -> None:
    program = ag.compile(lambda x, y: [x % y, x // y, ag.remainder(x, y)])
    program(7.0, 2.0)
    call = built(tmp_path, program.to_c("divide"), "divide")
    numbers = [7.0, 6.0, 0.5, 0.1, 3.0, 1e17, 5e-324, 0.3, 2.5, 1.0, 1e300]
    for x in (0.0, -0.0, *numbers, *(-v for v in numbers)):
        for y in (*numbers, *(-v for v in numbers), float("inf"), -float("inf")):
            expected = [x % y, x // y, math.remainder(x, y)]
            assert bits(call([x, y], [], 3)[1]) == bits(expected), (x, y)


@needs_cc
@pytest.mark.parametrize(
    "way",
    [
        ag.grad(ag.tanh),  # whose partial does not read its result
        ag.jacobian(lambda x: [1.0 / ag.exp(x), ag.tanh(x)]),
        ag.grad(lambda x: ag.hypot(x, 2.0) * 0.0 + ag.tanh(ag.tanh(x))),
    ],
)
def test_no_variable_is_left_that_nobody_reads(tmp_path: Path, way: Any) -> None:
    program = ag.compile(way)
    told = program(0.7)
    told = told if isinstance(told, list) else [told]
    call = built(tmp_path, program.to_c("slope"), "slope")  # its warnings are errors
    assert bits(call([0.7], [], len(told))[1]) == bits(told)


LENGTHS = [1.0, 0.1, 3.0, 1e-200, 1e200, 5e-324, 3e-310, 2.0**-1022, 0.0, -7.5]


@needs_cc
def test_lengths_and_exact_sums_are_pythons(tmp_path: Path) -> None:
    def f(x: Any) -> Any:
        return [ag.hypot(*x), ag.dist(x[:2], x[2:]), ag.fsum(x), ag.hypot(x[0])]

    program = ag.compile(f)
    program([1.0, 2.0, 3.0, 4.0])
    call = built(tmp_path, program.to_c("lengths"), "lengths")
    random = Random(0)
    points = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(500)]
    points += [[random.choice(LENGTHS) for _ in range(4)] for _ in range(500)]
    points += [[1e16, 1.0, 1e-16, -1e16], [1.0, 2.0**-53, 2.0**-106, 0.0]]
    points += [[math.inf, 1.0, math.nan, 0.0], [1.0, math.nan, 2.0, -0.0]]
    for x in points:
        expected = [math.hypot(*x), math.dist(x[:2], x[2:]), math.fsum(x), abs(x[0])]
        assert bits(call(x, [], 4)[1]) == bits(expected), x


@needs_cc
@pytest.mark.parametrize(
    "f", [lambda x: x[0] % x[1], lambda x: ag.hypot(*x) * ag.asinh(x[1])]
)
def test_gradients_through_them_are_those_of_eager(tmp_path: Path, f: Any) -> None:
    program = ag.compile(f)
    program([7.0, 2.0])
    call = built(tmp_path, program.to_c("slope", gradient=True), "slope")
    for x in ([7.5, 2.0], [-7.5, 2.0], [0.3, -0.1]):
        value, slopes = ag.value_and_grad(f)(x)
        assert bits(call(x, [], 3)[1]) == bits([value, *slopes])


@needs_cc
def test_lookups_are_there(tmp_path: Path) -> None:
    program = ag.compile(lambda i, x: ag.take([2.0, 3.0, x, 5.0, 7.0], i) * x)
    program(2.0, 0.5)
    call = built(tmp_path, program.to_c("look"), "look")
    for i, y in enumerate((1.0, 1.5, 0.25, 2.5, 3.5)):
        assert call([float(i), 0.5], [], 1) == (0, [y])
    assert call([5.0, 0.5], [], 1)[0] > 0


def test_bad_names_and_rows_are_refused() -> None:
    program = ag.compile(lambda x: [ag.gamma(x), x])
    program(1.0)
    for name in ("2x", "int", "exp", "é", ""):
        with pytest.raises(ValueError, match="to_c: "):
            program.to_c(name)
    with pytest.raises(TypeError, match="gamma"):
        program.to_c("f")
    with pytest.raises(ValueError, match="one output"):
        program.to_c("f", gradient=True)
