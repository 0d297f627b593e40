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
from autograd.draw import Drawing, draw
from autograd.explain import Path, PathSum, explain
from autograd.functions import FUNCTIONS as _FUNCTIONS
from autograd.render import GraphvizNotFound, NoUsableFont, RenderError
from autograd.rules import RULES
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
    *sorted(_FUNCTIONS),
]
