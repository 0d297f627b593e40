"""A type checker sees the functions and methods that are made from the table."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.core import choice
from autograd.table import stubs
from autograd.table.functions import FUNCTIONS
from autograd.table.number import METHODS
from autograd.table.rules import ALIASES

ROOT = Path(__file__).parents[3]


def test_the_file_is_that_of_the_present_table() -> None:
    assert stubs.PATH.read_text(encoding="utf-8") == stubs.text(), (
        "the table has changed: run `make stubs`"
    )


def test_every_function_and_method_is_declared_and_documented() -> None:
    tree = ast.parse(stubs.text())
    declared = {
        node.name: node
        for node in reversed(tree.body)
        if isinstance(node, ast.FunctionDef)
    }
    assert declared.keys() == FUNCTIONS.keys()
    assert all(map(ast.get_docstring, declared.values()))
    (methods,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    names = {node.name for node in methods.body if isinstance(node, ast.FunctionDef)}
    assert names >= {"__add__", "__rpow__", "__neg__", *METHODS, *ALIASES} - {"relu"}


PROGRAM = """
from fractions import Fraction

import numpy as np
from typing_extensions import assert_type

import nn
import autograd as ag
import autograd.testing
import nn
from autograd import Value, tanh

assert_type(nn.MLP(2, [1]).parameters(), list[Value])
x = Value(2.0, label="x")
for value in (x * 2, 2 * x, x**2 + 1, 2**x, -x, +x, abs(x), x % 2, x // x, 1 / x):
    assert_type(value, Value)
assert_type(divmod(x, 2), tuple[Value, Value])
assert_type(x.exp(), Value)
assert_type(x.arcsin(), Value)
assert_type(x.relu(1.0), Value)
assert_type(x.elu(alpha=2.0), Value)
assert_type(x.copysign(x), Value)
assert_type(x.hypot(1.0, x), Value)
assert_type(tanh(x), Value)
assert_type(ag.tanh(2), float)
assert_type(ag.atan2(x, 1.0), Value)
assert_type(ag.atan2(1.0, x), Value)
assert_type(ag.atan2(1.0, 2), float)
assert_type(ag.dot([x, x], [1.0, 2.0], x), Value)
assert_type(ag.dot([1.0], [2.0]), float)
assert_type(ag.sum([x, 2.0]), Value)
assert_type(ag.mean([1.0, 2.0]), float)
assert_type(ag.where(x > 0, x, 0.0), Value)
assert_type(ag.relu(x, at_zero=1.0), Value)
assert_type(ag.leaky_relu(x), Value)
assert_type(ag.leaky_relu(1.0), float)
assert_type(ag.log(x, 2), Value)
assert_type(ag.log(2.0, x), Value)
assert_type(x.data, float)
assert_type(x.operands, tuple[Value | float, ...])
with ag.no_grad():
    y = x * x
y.backward(seed=2.0)
x.grad = 0.0
net = nn.MLP(2, [3, 1])
prediction: Value = net([x, 1.0])
several = nn.MLP(2, [3, 2])([x, 1.0])
assert_type(several[0], Value)
assert_type(nn.Neuron(2)([1.0, 2.0]), Value)
assert_type(nn.squared_error(prediction, 1.0), Value)
assert_type(nn.softmax_cross_entropy(several, 1, label_smoothing=0.1), Value)
nn.SGD(net, 0.1).learning_rate = 0.01
nn.squared_error(net([x, 1.0]), 1.0).nothing()  # type: ignore[attr-defined]
ag.exp("a")  # type: ignore[call-overload]
x + "a"  # type: ignore[operator]
x.nothing()  # type: ignore[attr-defined]
Value("x")  # type: ignore[arg-type]
Value(1.0, 2.0)  # type: ignore[arg-type]
Value(1.0, "x", "+")  # type: ignore[arg-type]
Value(1.0, lable="x")  # type: ignore[arg-type]
Value(np.float32(1.0) + np.int64(2)), Value(Fraction(1, 2)), Value(True), Value(1)
ag.draw(x, "x.svg", view="paths", wrt=x)
ag.draw(x, view="nonsense")  # type: ignore[arg-type]
"""


@pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed"
)
def test_a_users_program_type_checks_under_mypy_strict(
    tmp_path: Path, engine: str
) -> None:
    if engine != choice.available()[0]:
        pytest.skip("a type checker runs no engine")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file", ""),
            *("--cache-dir", str(ROOT / ".mypy_cache"), str(program)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
