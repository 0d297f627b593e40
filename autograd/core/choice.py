"""Which engine runs: the C one when it is built, else the reference in Python.

``import autograd`` takes the native engine if its extension module is there.
The environment variable ``AUTOGRAD_PURE=1`` forces the reference, and
:func:`use` switches by hand, which is how the tests run on both.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograd.core import plain
from autograd.table.functions import FUNCTIONS

if TYPE_CHECKING:
    from autograd.core import value

Value: type[value.Value]  # to the type checker, both engines are the reference

_MODULES = {"native": "autograd.native.engine", "reference": "autograd.core.value"}

name = "reference"
"""The engine that runs now: ``"native"`` or ``"reference"``."""

native: dict[str, Any] = {}
"""What the running engine has in C, by name: nothing, if it is the reference."""

_loaded: dict[str, ModuleType] = {}


def available() -> list[str]:
    """The engines that can run here, the fastest first.

    >>> "reference" in available()
    True
    """
    return [engine for engine in _MODULES if _load(engine) is not None]


def use(engine: str) -> None:
    """Let ``autograd.Value`` and all public functions be those of an engine.

    Graphs are of one engine: do not mix Values made before and after.

    Args:
        engine: ``"native"`` or ``"reference"``.

    Raises:
        ValueError: there is no such engine.
        ImportError: it is not built.
    """
    global name, Value, native
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
    native = vars(module) if engine == "native" else {}
    # The native engine has faster ones of some functions.
    own = {"Value": Value, **getattr(module, "FUNCTIONS", {})}
    vars(sys.modules["autograd"]).update({**FUNCTIONS, **own, "engine": engine})


def leaf(data: float, grad: float, label: str) -> value.Value:
    """A leaf of the engine that runs now, as a pickle or a copy restores it."""
    restored = Value(data, label)
    restored.grad = grad
    return restored


def module() -> ModuleType:
    """The module of the engine that runs now."""
    return _loaded[name]


def function(name: str) -> Any:
    """A public function, as the running engine has it."""
    return native.get("FUNCTIONS", FUNCTIONS).get(name, FUNCTIONS[name])


def _load(engine: str) -> ModuleType | None:
    if engine not in _loaded:
        try:
            _loaded[engine] = module = importlib.import_module(_MODULES[engine])
            plain.values = tuple({*plain.values, module.Value})
            if engine == "reference":
                with suppress(ImportError):  # it is as right without, but slower
                    importlib.import_module("autograd.core.shortcuts")
        except ImportError as error:
            # CPython names no module when it refuses one to a sub-interpreter.
            if error.name and not error.name.startswith("autograd.native"):
                raise
            return None
    return _loaded[engine]


def fastest() -> str:
    """The fastest engine that the environment allows."""
    return "reference" if _pure() else available()[0]


def of_native(name: str, otherwise: Any) -> Any:
    """What the native engine has by this name, where it is the fastest one."""
    return getattr(_load(fastest()), name, otherwise)


def _pure() -> bool:
    return os.environ.get("AUTOGRAD_PURE", "") not in ("", "0")


def choose() -> None:
    """Take the fastest engine that the environment allows."""
    use(fastest())
    if not _pure() and name == "reference" and checkout() is not None:
        warnings.warn(
            f"the C engine is not built in {checkout()}, so the reference engine runs: "
            "'pip install --editable .' there builds it, AUTOGRAD_PURE=1 says that the "
            "reference is meant",
            RuntimeWarning,
            stacklevel=2,
        )


def checkout() -> Path | None:
    """The source tree that this package is imported from, if it is one."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "setup.py").is_file() else None
