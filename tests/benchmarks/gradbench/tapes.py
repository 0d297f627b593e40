"""ADOL-C on the evaluations, where a C++ compiler and Debian's libadolc-dev are."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradbench.function import flat
from gradbench.inputs import wishart_constant

SOURCE = Path(__file__).with_suffix(".cpp")


def gmm_inputs(given: dict[str, Any]) -> tuple[list[float], list[float], list[int]]:
    k, d, n, m = len(given["alpha"]), len(given["mu"][0]), len(given["x"]), given["m"]
    constant = wishart_constant(d, m, given["gamma"])
    x = flat([given[name] for name in ("alpha", "mu", "q", "l")])
    return x, [given["gamma"], constant, *flat(given["x"])], [k, d, n, m]


def lstm_inputs(given: dict[str, Any]) -> tuple[list[float], list[float], list[int]]:
    x = flat([given["main_params"], given["extra_params"]])
    sequence = given["sequence"]
    size = [len(given["main_params"]) // 2, len(sequence), len(sequence[0])]
    return x, flat([given["state"], sequence]), size


INPUTS: dict[str, Callable[[dict[str, Any]], tuple[list[float], ...]]] = {
    "det": lambda given: (given["A"], [], [given["ell"]]),
    "gmm": gmm_inputs,
    "llsq": lambda given: (given["x"], [], [given["n"]]),
    "lse": lambda given: (given["x"], [], []),
    "lstm": lstm_inputs,
    "ode": lambda given: (given["x"], [], [given["s"]]),
}
"""What a function is differentiated by, its other numbers, and its lengths."""


def library() -> ctypes.CDLL:
    """The functions, compiled.

    Raises:
        OSError: there is no compiler or no ADOL-C; the message says which.
    """
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise OSError("there is no C++ compiler")
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "tapes.so"
        options = ["-O2", "-w", "-fPIC", "-shared", "-o", str(built), str(SOURCE)]
        done = subprocess.run(
            [compiler, *options, "-ladolc"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OSError(f"ADOL-C is not there: {done.stderr.splitlines()[0]}")
        return ctypes.CDLL(str(built))


def record(data: dict[str, Any]) -> tuple[Callable[[], float], Any]:
    """A replay of the evaluation's tape, which gives the value, and its gradient.

    Raises:
        OSError: as of :func:`library`.
        ValueError: the evaluation is not written for the tape.
    """
    name = data["evaluation"]
    if name not in INPUTS:
        raise ValueError(f"{name} is not written for C++ tapes")
    tapes = library()
    x, rest, size = INPUTS[name](data["input"])
    inputs, gradient = (ctypes.c_double * len(x))(*x), (ctypes.c_double * len(x))()
    others, sizes = (ctypes.c_double * len(rest))(*rest), (ctypes.c_int * 4)(*size)
    assert tapes.record(name.encode(), inputs, len(x), others, sizes)
    tapes.replay.restype = ctypes.c_double
    return lambda: tapes.replay(inputs, len(x), gradient), gradient
