"""The evaluations in C++: on doubles, and on the tape of ADOL-C (libadolc-dev).

Both need a C++ compiler; what they compute is in ``tapes.cpp``.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from gradbench.function import flat
from gradbench.inputs import wishart_constant

SOURCE = Path(__file__).with_suffix(".cpp")

Data = dict[str, Any]
Inputs = tuple[list[float], list[float], list[int]]


def gmm_inputs(given: Data) -> Inputs:
    k, d, n, m = len(given["alpha"]), len(given["mu"][0]), len(given["x"]), given["m"]
    constant = wishart_constant(d, m, given["gamma"])
    x = flat([given[name] for name in ("alpha", "mu", "q", "l")])
    return x, [given["gamma"], constant, *flat(given["x"])], [k, d, n, m]


def ht_inputs(given: Data) -> Inputs:
    data = given["data"]
    model = data["model"]
    names = "base_relatives", "inverse_base_absolutes", "base_positions", "weights"
    rest = flat([*(model[name] for name in names), data["points"]])
    lengths = [model["bone_count"], len(model["weights"]), len(data["points"])]
    places = [model["parents"], model["triangles"], data["correspondences"]]
    return flat([given["us"], given["theta"]]), rest, [*lengths, *flat(places)]


def kmeans_inputs(given: Data) -> Inputs:
    points, centroids = given["points"], given["centroids"]
    size = [len(centroids), len(points[0]), len(points)]
    return flat(centroids), flat(points), size


def lstm_inputs(given: Data) -> Inputs:
    x = flat([given["main_params"], given["extra_params"]])
    sequence = given["sequence"]
    size = [len(given["main_params"]) // 2, len(sequence), len(sequence[0])]
    return x, flat([given["state"], sequence]), size


INPUTS: dict[str, Callable[[Data], Inputs]] = {
    "ba": lambda given: ([*given["cam"], *given["x"], given["w"]], given["feat"], []),
    "det": lambda given: (given["A"], [], [given["ell"]]),
    "gmm": gmm_inputs,
    "ht": ht_inputs,
    "kmeans": kmeans_inputs,
    "llsq": lambda given: (given["x"], [], [given["n"]]),
    "lse": lambda given: (given["x"], [], []),
    "lstm": lstm_inputs,
    "ode": lambda given: (given["x"], [], [given["s"]]),
}
"""What a function is differentiated by, its other numbers, and its lengths.

Those of ba are for one observation, as all are equal."""


@cache
def library(taped: bool) -> ctypes.CDLL:
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
        options += ["-DTAPE", "-ladolc"] if taped else []
        done = subprocess.run(
            [compiler, *options], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OSError(f"ADOL-C is not there: {done.stderr.splitlines()[0]}")
        return ctypes.CDLL(str(built))


class Evaluation:
    """A function of ``tapes.cpp`` and its input, as C takes it.

    Raises:
        OSError: as of :func:`library`.
    """

    def __init__(self, data: Data, taped: bool) -> None:
        self.functions, given = library(taped), data["input"]
        self.name = data["evaluation"]
        x, rest, size = INPUTS[self.name](given)
        self.count = given["p"] if self.name == "ba" else 1
        self.given, self.n = given, len(x)
        self.x = doubles(x * self.count)
        self.rest, self.size = doubles(rest), (ctypes.c_int * len(size))(*size)

    def primal(self) -> Callable[[], float]:
        """What computes the values, and gives the last."""
        function = self.functions.primal
        function.restype = ctypes.c_double
        name, count = self.name.encode(), self.count
        return lambda: function(name, self.x, self.n, count, self.rest, self.size)

    def replay(self) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
        """A replay of the tape, and what the tool would tell of it."""
        functions, n = self.functions, self.n
        m = functions.record(self.name.encode(), self.x, n, self.rest, self.size)
        if self.name == "ba":
            blocks = doubles([0.0] * (self.count * m * n))
            functions.blocks.restype = None
            run = lambda: functions.blocks(self.x, n, m, self.count, blocks)
            return run, lambda: run() or told_of_blocks(self.given, blocks)
        if self.name == "ht":
            seeds, along = ht_seeds(n), 28
            slopes = doubles([0.0] * (m * along))
            function = functions.directions
            run = lambda: function(self.x, n, m, along, seeds, slopes)
        else:
            slopes = doubles([0.0] * n)
            newton = self.name == "kmeans"
            function = functions.newton if newton else functions.reverse
            run = lambda: function(self.x, n, slopes)
        function.restype = ctypes.c_double
        return run, lambda: [run(), *slopes]


def doubles(xs: list[float]) -> Any:
    return (ctypes.c_double * len(xs))(*xs)


def ht_seeds(n: int) -> Any:
    """A direction for all points' u, one for their v, and one for each of 26 angles."""
    seeds = [[0.0] * 28 for _ in range(n)]
    for i, row in enumerate(seeds):
        row[i % 2 if i < n - 26 else i - (n - 26) + 2] = 1.0
    return doubles(flat(seeds))


def told_of_blocks(given: Data, blocks: Any) -> list[float]:
    """What the tool tells of the sparse Jacobian: the first entries, and the last."""
    n, m, p, w = given["n"], given["m"], given["p"], given["w"]
    last = 11 * n + 3 * m
    first = [*range(11), *range(11 * n, 11 * n + 3), last]
    rows = [15 * i for i in range(30)] + [31 * p]
    columns = [*first, *first, last + p - 1]
    return [1 - w * w, *rows, *columns, *blocks[:30], blocks[len(blocks) - 1]]
