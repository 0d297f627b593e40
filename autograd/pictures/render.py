"""From DOT text to a picture: Graphviz as a child process that cannot hang us.

Two engines serve: the program ``dot``, and else the package ``pygraphviz``, whose
wheels bring Graphviz along; it runs in a child process too, since a layout cannot
be interrupted from within. Whichever runs is killed at the timeout, with all that
it started. A picture without a single readable letter is no picture: both are
asked once whether they can tell an A from a B before a PNG or PDF is believed.

The package ``graphviz`` runs ``dot`` too, but for as long as it likes, so that the
child is started here; ``Drawing.to_graphviz`` hands the text on to that package.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence

__all__ = ["FORMATS", "GraphvizNotFound", "NoUsableFont", "RenderError", "render"]

FORMATS = ("png", "svg", "pdf")
"""What an engine makes of DOT text."""

FONT = "DejaVu Sans"
"""The font asked for in every picture; fontconfig takes its nearest otherwise."""

LONGEST = 1e6
"""Seconds that a child is waited for at most; a system call takes no year."""

_FALLBACKS = "DejaVu Sans,Verdana,Geneva,sans-serif"
"""Fonts of like widths for a browser that lacks the first."""


class RenderError(RuntimeError):
    """Graphviz ran and made no picture: it failed, or was killed at the timeout."""


class NoUsableFont(RenderError):  # noqa: N818  # says what is wrong as it is
    """Graphviz finds no font, so that every letter would be an empty box."""


class GraphvizNotFound(RuntimeError):  # noqa: N818  # likewise
    """Neither ``dot`` nor ``pygraphviz`` is there to draw; says how to get one."""

    def __init__(self, saved: str | None = None) -> None:
        where = "" if saved is None else f"The graph is saved as DOT text in {saved}.\n"
        super().__init__(
            "Graphviz's program 'dot' is not on the PATH, and the package "
            "'pygraphviz' is not installed.\n"
            f"{where}"
            "An .svg is drawn without it.\n"
            "'pip install graphviz' installs only the Python wrapper, not the "
            "program. To get 'dot':\n"
            "  Debian, Ubuntu:  apt-get install graphviz\n"
            "  Fedora:          dnf install graphviz\n"
            "  macOS:           brew install graphviz\n"
            "  Windows:         winget install Graphviz.Graphviz\n"
            "  conda:           conda install -c conda-forge graphviz\n"
            "or 'pip install pygraphviz': its wheels bring Graphviz along, and it is "
            "used automatically whenever 'dot' is missing."
        )


_PYGRAPHVIZ = """
import sys, pygraphviz
source = sys.stdin.buffer.read().decode("utf-8")
graph = pygraphviz.AGraph(string=source)
picture = graph.draw(format=sys.argv[1], prog="dot", args=" ".join(sys.argv[2:]))
sys.stdout.buffer.write(picture)
"""


def _dot() -> Callable[[Sequence[str]], list[str]] | None:
    program = shutil.which("dot")
    if program is None:
        return None
    return lambda options: [program, f"-T{options[0]}", *options[1:]]


def _pygraphviz() -> Callable[[Sequence[str]], list[str]] | None:
    if importlib.util.find_spec("pygraphviz") is None:
        return None
    return lambda options: [sys.executable, "-c", _PYGRAPHVIZ, *options]


def available() -> bool:
    """Whether there is anything to draw with."""
    return _dot() is not None or _pygraphviz() is not None


def render(source: str, form: str, timeout: float = 30.0) -> bytes:
    """Draw DOT text.

    Args:
        source: the graph in the DOT language.
        form: one of :data:`FORMATS`.
        timeout: after so many seconds the child process is killed.

    Returns:
        The picture's bytes.

    Raises:
        GraphvizNotFound: there is nothing to draw with.
        NoUsableFont: the picture would have no letters.
        RenderError: Graphviz failed, or took longer than ``timeout``.

    Warns:
        UserWarning: Graphviz scaled the picture down to what a bitmap can hold.
    """
    command = _dot() or _pygraphviz()
    if command is None:
        raise GraphvizNotFound
    if form != "svg" and not _has_font(tuple(command(["png"])), timeout):
        raise NoUsableFont(
            "Graphviz finds no font, so the picture would have no letters: install "
            "one (Debian, Ubuntu: apt-get install fonts-dejavu-core; Alpine: apk add "
            "font-dejavu; Fedora: dnf install dejavu-sans-fonts), or write an .svg, "
            "whose letters the viewer draws"
        )
    options = [form, "-Gdpi=144"] if form == "png" else [form]
    picture, complaints = _run(command(options), source, timeout)
    if "to fit" in complaints:
        warnings.warn(
            f"the picture is smaller than asked for ({complaints.strip()}): "
            "an .svg has no such limit",
            stacklevel=4,  # the line that called draw
        )
    if form == "svg":
        picture = picture.replace(
            f'font-family="{FONT}"'.encode(), f'font-family="{_FALLBACKS}"'.encode()
        )
    return picture


def _run(command: Sequence[str], source: str, timeout: float) -> tuple[bytes, str]:
    """Run a program on the text: its output and what it said on the side."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own, to be killed as one
    ) as child:
        try:
            output, errors = child.communicate(source.encode(), min(timeout, LONGEST))
        except subprocess.TimeoutExpired:
            _kill(child)
            raise RenderError(
                f"Graphviz was stopped after {timeout:g} seconds: give more by "
                "timeout=, draw less (view='neurons'), or write the .dot text"
            ) from None
        except BaseException:
            _kill(child)
            raise
    complaints = errors.decode(errors="replace")
    if child.returncode != 0 or not output:
        raise RenderError(
            f"Graphviz failed with exit code {child.returncode}: "
            f"{complaints.strip()[-2000:] or 'no message'}"
        )
    return output, complaints


def _kill(child: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


_fonts: dict[tuple[str, ...], bool] = {}


def _has_font(command: tuple[str, ...], timeout: float) -> bool:
    """Whether an A looks different from a B: without a font both are empty boxes."""
    if command not in _fonts:
        a, b = (
            _run(
                command,
                "digraph { x [shape=box, fixedsize=true, "
                f'fontname="{FONT}", label="{letter}"] }}',
                timeout,
            )[0]
            for letter in "AB"
        )
        _fonts[command] = a != b
    return _fonts[command]
