"""Scalar automatic differentiation: exact gradients of ordinary Python arithmetic.

>>> from autograd import Value, tanh
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> loss = (tanh(w * x) - 1) ** 2
>>> loss.backward()
>>> round(w.grad, 6)
-0.400497
"""

from __future__ import annotations

__version__ = "0.1.0"
__distribution__ = "scalar-autograd"  # HIPS autograd has the same import name

import sys
from typing import TYPE_CHECKING, NoReturn

from autograd import linalg
from autograd.core import choice, hips, plain
from autograd.core.recording import no_grad
from autograd.core.value import Value
from autograd.derivatives.checkpoints import checkpoint
from autograd.derivatives.scipy import (
    scipy_hessian,
    scipy_hessp,
    scipy_jacobian,
    scipy_objective,
)
from autograd.derivatives.series import derivative, taylor
from autograd.derivatives.sweeps import gradient
from autograd.derivatives.transforms import (
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    value_grad_and_hvp,
    vjp,
)
from autograd.paths.derive import latex
from autograd.paths.explain import CutSum, Path, PathSum, explain
from autograd.pictures import notebook
from autograd.pictures.draw import Drawing, draw
from autograd.pictures.render import GraphvizNotFound, NoUsableFont, RenderError
from autograd.program.compiled import Program, compile, load_program
from autograd.program.lookup import take
from autograd.program.scan import scan
from autograd.program.sparse import sparse_hessian, sparse_jacobian
from autograd.table.custom import rule
from autograd.table.functions import FUNCTIONS as _FUNCTIONS
from autograd.table.functions import softmax
from autograd.table.rules import RULES
from autograd.testing import check_gradients

if TYPE_CHECKING:  # the functions that are made from the table
    from autograd._typed import *  # noqa: F403


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        hips.instead(name) or f"module 'autograd' has no attribute {name!r}"
    )


engine: str
"""The engine that runs: ``"native"`` or ``"reference"``."""

choice.choose()
notebook.register(plain.values)

# Where these were before the layers had folders: scripts may import them from there.
for _folder, _names in {
    "table": ("custom", "functions", "row", "rules"),
    "core": ("graph", "value"),
    "derivatives": ("checkpoints", "series", "transforms"),
}.items():
    for _name in _names:
        _module = sys.modules[f"{__name__}.{_folder}.{_name}"]
        sys.modules[f"{__name__}.{_name}"] = vars()[_name] = _module

__all__ = [
    "RULES",
    "CutSum",
    "Drawing",
    "GraphvizNotFound",
    "NoUsableFont",
    "Path",
    "PathSum",
    "Program",
    "RenderError",
    "Value",
    "draw",
    "engine",
    "explain",
    "no_grad",
    "check_gradients",
    "checkpoint",
    "compile",
    "derivative",
    "grad",
    "gradient",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jvp",
    "latex",
    "linalg",
    "load_program",
    "rule",
    "scan",
    "scipy_hessian",
    "scipy_hessp",
    "scipy_jacobian",
    "scipy_objective",
    "softmax",
    "sparse_hessian",
    "sparse_jacobian",
    "take",
    "taylor",
    "value_and_grad",
    "value_grad_and_hvp",
    "vjp",
    *sorted(_FUNCTIONS),
]
