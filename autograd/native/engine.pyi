"""The extension module: to the type checker, its types are those of the reference."""

from collections.abc import Callable
from typing import Any

from autograd.value import Value as Value
from autograd.value import gradients as gradients
from autograd.value import leaves as leaves
from autograd.value import no_grad as no_grad

FUNCTIONS: dict[str, Callable[..., Any]]
