"""The shortcuts are for speed alone: without them everything holds as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.core import choice
from tests.effort import LONG

CORE = Path(__file__).parent
EXAMPLES = "gate" if LONG else "few"  # all have their turn with the shortcuts
WITHOUT = """
import sys
sys.modules["autograd.core.shortcuts"] = None
import autograd, pytest
assert autograd.Value._apply.__module__ == "autograd.core.value"
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_the_core_holds_without_its_shortcuts(engine: str) -> None:
    if engine != "reference":
        pytest.skip("the shortcuts are the reference engine's")
    tests = [
        CORE / f"test_{name}.py"
        for name in ("value", "backward", "floats", "limits", "recording")
    ]
    done = subprocess.run(
        [
            *(sys.executable, "-c", WITHOUT, "-q", "-x", "-p", "no:cacheprovider"),
            # What tries the table alone is told by its name.
            *("-k", "not native and not no_row and not of_c", *map(str, tests)),
        ],
        env={**os.environ, "AUTOGRAD_PURE": "1", "HYPOTHESIS_PROFILE": EXAMPLES},
        cwd=CORE.parents[2],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_lesson_is_read_in_one_sitting() -> None:
    core = Path(choice.__file__).parent
    for name, most in (("value.py", 300), ("backward.py", 80)):
        assert len((core / name).read_text(encoding="utf-8").splitlines()) <= most
