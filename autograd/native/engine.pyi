"""The extension module: to the type checker, its types are those of the reference."""

from collections.abc import Callable
from typing import Any

from autograd.core.value import Value as Value
from autograd.core.value import gradients as gradients
from autograd.core.value import leaves as leaves
from autograd.core.value import tangents as tangents
from autograd.program.entries import Entries as Entries
from autograd.program.tape import Tape as Tape

FUNCTIONS: dict[str, Callable[..., Any]]
