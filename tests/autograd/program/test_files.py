"""A program goes to a file, or to another process, and comes back the same."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd.program.files import MAGIC
from autograd.testing import Expression, expressions
from tests.autograd.program.test_compiled import ROWS
from tests.exact import bits


def model() -> Any:
    w = ag.Value(0.1, label="weight")

    def f(x: Any, scale: int, name: str) -> Any:
        if x[0] > 0:
            return {name: ag.tanh(w * x[0]) * scale, "rest": (x[1], [x[1] * x[0]], 1)}
        return {name: w * w, "rest": (x[1], [x[0]], 2)}

    program = ag.compile(f)
    program([1.0, 2.0], 3, "out")
    program([-1.0, 2.0], 3, "out")
    return program


def test_a_program_comes_back_from_a_file(tmp_path: Path) -> None:
    program = model()
    program.save(tmp_path / "a.program")
    for found in (
        ag.load_program(tmp_path / "a.program"),
        pickle.loads(pickle.dumps(program)),
    ):
        for x in ([0.5, 3.0], [-2.0, 0.1]):
            ours, theirs = program(x, 3, "out"), found(x, 3, "out")
            assert theirs["out"].data == ours["out"].data
            assert theirs["rest"] == ours["rest"]
            theirs["out"].backward()
        (leaf,) = found.parameters
        assert (leaf.data, leaf.label) == (0.1, "weight")
        assert leaf.grad != 0.0
        mapped = found.map(np.ones((4, 2)).tolist(), 3, "out", in_axes=(0, None, None))
        assert mapped["out"].tolist() == [program([1.0, 1.0], 3, "out")["out"].data] * 4


def test_what_was_not_recorded_is_refused(tmp_path: Path) -> None:
    program = ag.compile(lambda x: x if x > 0 else -x)
    with pytest.raises(ValueError, match="recorded nothing"):
        program.save(tmp_path / "a")
    program(1.0)
    program.save(tmp_path / "a")
    found = ag.load_program(tmp_path / "a")
    assert found(2.0) == 2.0
    with pytest.raises(TypeError, match="too many positional arguments"):
        found(1.0, 2.0)
    for arguments in ((-1.0,), ([1.0],)):
        with pytest.raises(RuntimeError, match="no recording of this path"):
            found(*arguments)
    holder = ag.compile(lambda x, o: x)
    holder(1.0, object())
    with pytest.raises(TypeError, match="cannot be saved"):
        holder.save(tmp_path / "b")


@given(expressions(operations=ROWS))
def test_on_values_the_recording_runs_in_the_functions_place(e: Expression) -> None:
    w = ag.Value(0.75)

    def f(x: Any) -> Any:
        return e(*x) * w if x[0] > 0 else e(*x) + w

    def slopes(g: Any) -> list[Any]:
        value, slope = ag.value_and_grad(g)(e.point)
        y = g(tuple(map(ag.Value, e.point)))
        y.backward()
        w.grad, grads = 0.0, [x.grad for x in by[g]]
        for x in by[g]:
            x.grad = 0.0
        return [value, slope, grads]

    try:
        expected = ag.value_and_grad(f)(e.point)
        hessian = ag.hessian(f)(e.point)
        program = ag.compile(f)
        program(e.point)
    except (ValueError, ArithmeticError):
        return
    found = pickle.loads(pickle.dumps(program))
    by = {f: [w], found: found.parameters or [ag.Value(0.0)]}
    assert bits(ag.value_and_grad(found)(e.point)) == bits(expected)
    assert bits(ag.hessian(found)(e.point)) == bits(hessian)
    assert bits(ag.compile(ag.value_and_grad(found))(e.point)) == bits(expected)
    assert bits(slopes(found)) == bits(slopes(f))


def test_a_program_from_a_file_looks_up_derives_and_chooses_on_values() -> None:
    w = ag.Value(0.5)

    def f(i: Any, x: Any) -> Any:
        slope = ag.grad(lambda t: ag.exp(t * t) * w)(x)
        return ag.take([w, 2.0, x * w], i) * ag.where(slope > 1, slope, x.detach())

    program = ag.compile(f)
    program(2.0, 0.3)
    found = pickle.loads(pickle.dumps(program))
    outer = ag.compile(ag.grad(found, argnums=1))
    for i in (0.0, 1.0, 2.0):
        for x in (0.3, 2.0):
            expected = ag.grad(f, argnums=1)(i, x)
            assert bits(ag.grad(found, argnums=1)(i, x)) == bits(expected)
            assert bits(outer(i, x)) == bits(expected)
    with pytest.raises(RuntimeError, match="no recording of this path"):
        ag.grad(found, argnums=1)(3.0, 0.3)
    y = found(2.0, 0.3)
    (leaf,) = found.parameters
    f(2.0, ag.Value(0.3)).backward()
    y.backward()
    assert leaf.grad == w.grad


def test_on_values_another_path_is_refused(tmp_path: Path) -> None:
    program = ag.compile(lambda x: x * x if x > 0 else ag.log(x))
    program(1.0)
    program.save(tmp_path / "a")
    found = ag.load_program(tmp_path / "a")
    assert ag.grad(found)(3.0) == 6.0
    for way in (ag.grad(found), ag.compile(lambda x: found(x) + 1.0)):
        with pytest.raises(RuntimeError, match="no recording of this path"):
            way(-1.0)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    program = model()
    path = tmp_path / "a.program"
    program.save(path)
    whole = path.read_bytes()
    for damaged, message in (
        (whole[:-1], "damaged"),
        (whole[:100] + b"#" + whole[101:], "damaged"),
        (whole.replace(b"program 2", b"program 9", 1), "version 9"),
        (b"", "no compiled program"),
        (b"\x80\x04", "no compiled program"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"a.program.*{message}"):
            ag.load_program(path)


def test_a_row_that_is_missing_is_named(tmp_path: Path) -> None:
    cube = ag.rule(lambda x: x * x * x, [lambda x, z: 3 * x * x], name="cube_of_file")
    try:
        program = ag.compile(lambda x: cube(x))
        assert program(2.0) == 8.0
        program.save(tmp_path / "a")
    finally:
        del ag.RULES["cube_of_file"]
    with pytest.raises(ValueError, match="'cube_of_file', which is not in the table"):
        ag.load_program(tmp_path / "a")


def test_numbers_survive_to_the_last_bit(tmp_path: Path) -> None:
    constants = [0.1, -0.0, 5e-324, float("inf")]
    program = ag.compile(lambda x: [x * c for c in constants])
    program(1.0)
    program.save(tmp_path / "a")
    text = (tmp_path / "a").read_bytes()[len(MAGIC) :].partition(b"\n")[2]
    json.loads(text)
    found = ag.load_program(tmp_path / "a")(1.0)
    assert [x.hex() for x in found] == [c.hex() for c in constants]


def test_another_process_has_it_without_its_source(tmp_path: Path) -> None:
    program = ag.compile(lambda x: ag.exp(x) / 3)
    expected = program(1.0)
    program.save(tmp_path / "a")
    script = (
        f"import autograd as ag; print(ag.load_program({str(tmp_path / 'a')!r})(1.0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == expected
