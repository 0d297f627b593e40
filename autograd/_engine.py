"""Which engine runs: the C one when it is built, else the reference in Python.

``import autograd`` takes the native engine if its extension module is there.
The environment variable ``AUTOGRAD_PURE=1`` forces the reference, and
:func:`use` switches by hand, which is how the tests run on both.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # both engines have the reference's type
    from autograd.value import Value, no_grad

_MODULES = {"native": "autograd.native.engine", "reference": "autograd.value"}

name = "reference"
"""The engine that runs now: ``"native"`` or ``"reference"``."""

_EXPORTS: dict[str, ModuleType] = {}


def available() -> list[str]:
    """The engines that can run here, the fastest first.

    >>> "reference" in available()
    True
    """
    return [engine for engine in _MODULES if _load(engine) is not None]


def use(engine: str) -> None:
    """Let ``autograd.Value`` and ``autograd.no_grad`` be those of an engine.

    Graphs are of one engine: do not mix Values made before and after.

    Args:
        engine: ``"native"`` or ``"reference"``.

    Raises:
        ValueError: there is no such engine.
        ImportError: it is not built.
    """
    global name, Value, no_grad
    if engine not in _MODULES:
        raise ValueError(f"engine must be one of {sorted(_MODULES)}, got {engine!r}")
    module = _load(engine)
    if module is None:
        raise ImportError(
            f"the {engine} engine is not built: reinstall with a C compiler, "
            "or run the reference engine"
        )
    name = engine
    Value = module.Value
    no_grad = module.no_grad
    package = sys.modules["autograd"]
    for attribute in ("Value", "no_grad"):
        setattr(package, attribute, getattr(module, attribute))
    for attribute, function in getattr(module, "FUNCTIONS", {}).items():
        setattr(package, attribute, function)
    package.engine = engine  # type: ignore[attr-defined]


def _load(engine: str) -> ModuleType | None:
    if engine not in _EXPORTS:
        try:
            _EXPORTS[engine] = importlib.import_module(_MODULES[engine])
        except ImportError as error:
            if error.name is None or not error.name.startswith("autograd.native"):
                raise
            return None
    return _EXPORTS[engine]


def choose() -> None:
    """Take the fastest engine that the environment allows."""
    pure = os.environ.get("AUTOGRAD_PURE", "") not in ("", "0")
    use("reference" if pure else available()[0])
