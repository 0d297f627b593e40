"""Scalar automatic differentiation: exact gradients of ordinary Python arithmetic.

>>> from autograd import Value, tanh
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> loss = (tanh(w * x) - 1) ** 2
>>> loss.backward()
>>> round(w.grad, 6)
-0.400497
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd import _engine
from autograd.checkpoints import checkpoint
from autograd.custom import rule
from autograd.explain import Path, PathSum, explain
from autograd.functions import FUNCTIONS as _FUNCTIONS
from autograd.higher import gradient
from autograd.optimize import (
    scipy_hessian,
    scipy_hessp,
    scipy_jacobian,
    scipy_objective,
)
from autograd.pictures.draw import Drawing, draw
from autograd.pictures.render import GraphvizNotFound, NoUsableFont, RenderError
from autograd.rules import RULES
from autograd.series import derivative, taylor
from autograd.testing import check_gradients
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Value, no_grad

if TYPE_CHECKING:  # the functions that are made from the table
    from autograd._typed import *  # noqa: F403

__version__ = "0.1.0"

engine: str
"""The engine that runs: ``"native"`` or ``"reference"``."""

_engine.choose()

__all__ = [
    "RULES",
    "Drawing",
    "GraphvizNotFound",
    "NoUsableFont",
    "Path",
    "PathSum",
    "RenderError",
    "Value",
    "draw",
    "engine",
    "explain",
    "no_grad",
    "check_gradients",
    "checkpoint",
    "derivative",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "rule",
    "scipy_hessian",
    "scipy_hessp",
    "scipy_jacobian",
    "scipy_objective",
    "taylor",
    "value_and_grad",
    "vjp",
    *sorted(_FUNCTIONS),
]
