"""``python -m autograd``: what is installed here, and what mends what is missing."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

import autograd
from autograd.core import choice

BUILD = "pip install --editable ."


def engine() -> tuple[str, str]:
    """Which engine runs, and why if it is the reference."""
    if autograd.engine == "native":
        return "native, in C", ""
    if "native" in choice.available():
        return "reference, in Python: AUTOGRAD_PURE is set", "unset AUTOGRAD_PURE"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "reference, in Python: this Python has no GIL, which the C needs", ""
    if platform.python_implementation() != "CPython":
        return "reference, in Python: the C is for CPython alone", ""
    if choice.checkout() is not None:
        return "reference, in Python: the C is not built in this checkout", BUILD
    again = "pip install --force-reinstall --no-cache-dir scalar-autograd"
    return "reference, in Python: the C is not built", again


def compiler() -> tuple[str, str]:
    """The C compiler that an installation would take."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    program = shutil.which(command.split()[0])
    if program is None:
        hint = "apt-get install gcc python3-dev, or what your system calls them"
        return f"none: {command.split()[0]!r} is not on the PATH", hint
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    if not header.exists():
        return f"{program}, but no {header}", "apt-get install python3-dev"
    return _first_line(program, "--version"), ""


def dot() -> tuple[str, str]:
    """What draws the pictures."""
    program = shutil.which("dot")
    if program is not None:
        return f"{program}, {_first_line(program, '-V')}", ""
    if importlib.util.find_spec("pygraphviz") is not None:
        return "the package pygraphviz", ""
    hint = "apt-get, dnf or brew install graphviz; or pip install pygraphviz"
    return "none: draw() writes .dot and .html alone", hint


def packages() -> Iterator[tuple[str, str, str]]:
    """What is used where it is there, each with the extra that brings it."""
    for name, extra in (("numpy", ""), ("graphviz", ""), ("hypothesis", "test")):
        try:
            module = importlib.import_module(name)
        except ImportError:
            what = "." if choice.checkout() is not None else "scalar-autograd"
            hint = f"pip install '{what}[{extra}]'" if extra else f"pip install {name}"
            yield name, "not installed", hint
        else:
            yield name, str(getattr(module, "__version__", "here")), ""


def report() -> list[tuple[str, str, str]]:
    """Lines of what, what is there, and what mends it (empty where nothing need)."""
    return [
        ("autograd", f"{autograd.__version__}, {Path(autograd.__file__).parent}", ""),
        ("python", f"{platform.python_version()}, {sys.executable}", ""),
        ("engine", *engine()),
        ("compiler", *compiler()),
        ("dot", *dot()),
        *packages(),
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the report; 0 unless the arguments are not understood."""
    if list(arguments) not in ([], ["doctor"]):
        print("usage: python -m autograd [doctor]", file=sys.stderr)
        return 2
    for name, found, mend in report():
        print(f"{name:<10} {found}")
        if mend:
            print(f"{'':<10} → {mend}")
    return 0


def _first_line(*command: str) -> str:
    answer = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False
    )
    return (answer.stdout or answer.stderr).strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
