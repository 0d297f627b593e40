"""Checks of derivatives, and random operands and expressions to check them on."""

from autograd.testing.check import GradientError, UndecidedError, check_gradients
from autograd.testing.strategies import (
    Expression,
    expressions,
    floats_in,
    random_expression,
)

__all__ = [
    "Expression",
    "GradientError",
    "UndecidedError",
    "check_gradients",
    "expressions",
    "floats_in",
    "random_expression",
]
