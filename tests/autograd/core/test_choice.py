"""Which engine runs: the one that is built, or the one that is asked for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import autograd as ag
from autograd.core import choice


def run(program: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def test_the_engine_under_test_is_the_one_that_runs(engine: str) -> None:
    assert ag.engine == choice.name == engine
    assert ag.Value is choice.Value
    assert (ag.Value.__module__ == "autograd.core.value") == (engine == "reference")


def test_an_engine_that_does_not_exist_is_a_value_error() -> None:
    before = ag.Value
    with pytest.raises(ValueError, match=r"native.*reference.*got 'gpu'"):
        choice.use("gpu")
    assert ag.Value is before


def test_an_engine_that_is_not_built_is_an_import_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(choice._MODULES, "other", "autograd.native.not_there")
    before = ag.Value
    with pytest.raises(ImportError, match="other engine is not built"):
        choice.use("other")
    assert ag.Value is before


def test_the_environment_forces_the_reference() -> None:
    program = "import autograd as ag; print(ag.engine, ag.Value.__module__)"
    assert run(program, AUTOGRAD_PURE="1") == "reference autograd.core.value"
    fastest = choice.available()[0]
    assert run(program, AUTOGRAD_PURE="0").split()[0] == fastest
    assert run(program, AUTOGRAD_PURE="").split()[0] == fastest


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = """
import sys, autograd
heavy = {"numpy", "graphviz", "matplotlib", "sklearn", "typing_extensions"}
print(sorted(heavy & set(sys.modules)))
"""
    assert run(program) == "[]"


def test_every_public_name_exists() -> None:
    for name in ag.__all__:
        assert hasattr(ag, name), name


PURGED = """
import sys
import autograd as ag
x = ag.Value(2.0)
y = x * x
for _ in range(2):
    for name in [name for name in sys.modules if name.partition(".")[0] == "autograd"]:
        del sys.modules[name]
    import autograd as ag
    v = ag.Value(3.0)
    cube = ag.rule(lambda x: x**3, [lambda x, z: 3 * x**2], name="my_cube")
    assert cube(v).op == "my_cube"
    assert ag.gradient(ag.checkpoint(ag.exp)(ag.dot([v], [v])), [v])[0].data > 0
    assert ag.grad(ag.grad(lambda t: t * t))(3.0) == 2.0
    with ag.no_grad():
        assert not (v * v).op
    assert (v * v).op
y.backward()
print(ag.engine, x.grad, y.op)
"""


def test_the_package_can_be_thrown_away_and_imported_again(engine: str) -> None:
    pure = "1" if engine == "reference" else "0"
    assert run(PURGED, AUTOGRAD_PURE=pure) == f"{engine} 4.0 mul"
