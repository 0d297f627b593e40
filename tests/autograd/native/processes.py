"""Programs that need a process of their own: for its stack, or for its memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import autograd as ag


def in_a_process(program: str) -> list[float]:
    """The numbers that a program prints, on the default stack of 8 MiB."""

    resource = pytest.importorskip("resource", reason="sets the size of the stack")

    def limit() -> None:
        hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
        resource.setrlimit(resource.RLIMIT_STACK, (8 * 2**20, hard))

    root = os.path.dirname(os.path.dirname(ag.__file__))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": root, "AUTOGRAD_PURE": "0"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [float(x) for x in done.stdout.split()]
