"""Scalar automatic differentiation: exact gradients of ordinary Python arithmetic.

>>> from autograd import Value, tanh
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> loss = (tanh(w * x) - 1) ** 2
>>> loss.backward()
>>> round(w.grad, 6)
-0.400497
"""

from __future__ import annotations

from autograd import _engine
from autograd.functions import FUNCTIONS as _FUNCTIONS
from autograd.rules import RULES
from autograd.value import Value, no_grad

__version__ = "0.1.0"

engine: str
"""The engine that runs: ``"native"`` or ``"reference"``."""

globals().update(_FUNCTIONS)
_engine.choose()

__all__ = ["RULES", "Value", "engine", "no_grad", *sorted(_FUNCTIONS)]
