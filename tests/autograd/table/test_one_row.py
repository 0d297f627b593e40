"""One row is all that an operation takes, and one row more all that a primitive takes.

A copy of the source gets a row and a primitive; nothing else of it is touched but the
stub, which ``make stubs`` writes. Of the tests that go through the table, those of the
new rows run; with ``HYPOTHESIS_PROFILE=long``, the copy's whole suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.core import choice
from tests.effort import LONG
from tests.engines import once

ROOT = Path(__file__).parents[3]

ROWS = """
    "cube": Rule("x³", lambda x: x**3, (lambda x, z: 3 * x * x,), "the cube of x"),
    "rsqrt": Rule("1/√", rsqrt, (lambda x, z: -z / (2 * x),),
                  "reciprocal square root", (POSITIVE,)),
"""
PRIMITIVE = """
rsqrt = primitive("rsqrt", lambda x: 1 / math.sqrt(x), "1.0 / sqrt({})",
                  lambda x: math.copysign(math.inf, x) if x == 0 else math.nan,
                  exact=lambda mp, x: 1 / mp.sqrt(x), js="1 / Math.sqrt({})")
"""
USE = """
import autograd as ag
from autograd import Value
x = Value(2.0)
y = ag.cube(x) + x.cube()
y.backward()
assert (y.data, x.grad, ag.cube(3)) == (16.0, 24.0, 27.0), (y, x)
assert "the cube of x" in ag.cube.__doc__ and "cube" in ag.__all__
z = ag.rsqrt(Value(4.0))
assert (z.data, z.partials) == (0.5, (-0.0625,)), z
assert ag.compile(ag.grad(ag.rsqrt))(4.0) == -0.0625
print(ag.engine)
"""
STALE = """
from tests.autograd.table import test_stubs
test_stubs.test_the_file_is_that_of_the_present_table()
"""

# In the copy, what is parametrized runs for the new rows alone.
CONFTEST = """
NEW = {"cube", "rsqrt"}


def pytest_collection_modifyitems(items):
    def wanted(item):
        given = dict(getattr(getattr(item, "callspec", None), "params", {}))
        given.pop("engine", None)
        return not given or {str(x).partition(":")[0] for x in given.values()} & NEW
    items[:] = filter(wanted, items)
"""
NEW = (
    *("table/test_rules.py", "table/test_functions.py", "table/test_number.py"),
    *("table/test_row.py", "table/test_primitives.py", "table/test_stubs.py"),
    *("native/test_parity.py", "native/test_kernels.py", "core/test_limits.py"),
    *("derivatives/test_series.py", "core/test_value.py"),
    *("formula/test_rows.py", "testing/test_testing.py", "program/test_export.py"),
    "pictures/test_emit_js.py::test_the_page_has_every_row",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source with a row and a primitive more, and its C engine if there is one."""
    path = tmp_path / "source"
    left = (".git", ".venv*", ".*_cache", "*.so", "__pycache__", "build", "output")
    shutil.copytree(ROOT, path, ignore=shutil.ignore_patterns(*left))
    insert(path / "autograd/table/primitives.py", "# fmt: off\n", PRIMITIVE)
    rules = path / "autograd/table/rules.py"
    insert(rules, "RULES = Table({", ROWS)
    insert(rules, "from autograd.table.primitives import (", "rsqrt,")
    if not LONG:
        conftest = path / "tests/conftest.py"
        text = conftest.read_text(encoding="utf-8") + CONFTEST
        conftest.write_text(text, encoding="utf-8")
    if "native" in choice.available():
        built = run(path, "setup.py", "-q", "build_ext", "--inplace")
        assert built.returncode == 0, built.stderr
    assert "run `make stubs`" in run(path, "-c", STALE).stderr
    assert run(path, "-m", "autograd.table.stubs").returncode == 0
    return path


def insert(path: Path, behind: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(behind) == 1
    path.write_text(source.replace(behind, behind + text), encoding="utf-8")


PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")


def run(path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of Python's in the copy, with nothing of this tree in its path."""
    environment = {"PYTHONPATH": str(path), "AUTOGRAD_WERROR": "1"}
    environment["CFLAGS"] = "-O0 -g0"
    # Few, and the same: what else there is has its examples in the tree itself.
    environment["HYPOTHESIS_PROFILE"] = "gate" if LONG else "few"
    if "native" not in choice.available():
        environment["AUTOGRAD_PURE"] = "1"
    return subprocess.run(
        [sys.executable, *command],
        cwd=path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


@once
def test_a_row_and_a_primitive_are_used_and_tested_with_nothing_else_touched(
    copy: Path,
) -> None:
    used = run(copy, "-c", USE)
    assert used.returncode == 0, used.stderr
    assert used.stdout.strip() == choice.available()[0]
    here = "tests/autograd/table/test_one_row.py"
    what = ["tests"] if LONG else [f"tests/autograd/{name}" for name in NEW]
    tested = run(copy, *PYTEST, f"--ignore={here}", "-k", "not mypy", *what)
    assert tested.returncode == 0, tested.stdout[-5000:] + tested.stderr
    assert int(tested.stdout.split(" passed")[0].split()[-1]) > 100
