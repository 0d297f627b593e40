"""Pictures of a graph: which view of it, how much of it, and into what kind of file.

Drawing reads the graph and changes nothing in it. The text that is handed to
Graphviz depends on the graph alone: equal graphs give equal bytes.
"""

from __future__ import annotations

import html
import importlib
import itertools
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

from autograd.core import files
from autograd.core.graph import Node, recorded, topological_order
from autograd.core.plain import check_value
from autograd.paths.between import Between
from autograd.paths.explain import explain
from autograd.paths.names import names
from autograd.pictures.bands import bands_view
from autograd.pictures.neurons import neurons_view
from autograd.pictures.paths import paths_view
from autograd.pictures.plain import plain_svg
from autograd.pictures.render import (
    FORMATS,
    GraphvizNotFound,
    RenderError,
    available,
    render,
)
from autograd.pictures.tree import tree
from autograd.pictures.values import values_view

__all__ = ["Drawing", "draw"]

View = Literal["values", "paths", "neurons"]
VIEWS: tuple[View, ...] = get_args(View)
SUFFIXES = (*(f".{form}" for form in FORMATS), ".dot", ".html")

READABLE = 200
"""Values up to which each has a box of its own by default."""

BITMAP = 1_000
"""Boxes above which a bitmap takes gigabytes: only SVG and DOT are written."""

LAYOUT = 5_000
"""Boxes above which a layout takes minutes: only DOT is written."""


class Drawing:
    """A picture as DOT text, which Jupyter shows and :meth:`render` writes.

    Attributes:
        output: the value whose graph it is.
        source: the DOT text.
        boxes: how many boxes it has, the small ones of constants and other operands
            not counted.
    """

    def __init__(
        self,
        output: Node,
        source: str,
        boxes: int,
        force: bool,
        timeout: float,
        plain: Callable[[], str],
    ) -> None:
        self.output = output
        self.source = source
        self.boxes = boxes
        self._force = force
        self._timeout = timeout
        self._plain = plain

    def render(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, whole or not at all.

        Args:
            path: its suffix says what is written: .png, .svg, .pdf or .dot. Without
                Graphviz an .svg comes from the explorer's layout.

        Raises:
            ValueError: another suffix, or more boxes than that format takes.
            FileNotFoundError: there is no such folder.
            GraphvizNotFound: nothing to draw a .png or .pdf with; the .dot text is
                saved beside, as x.dot or, if there is such a file, x.1.dot and so on.
            RenderError: Graphviz failed or took too long.
        """
        target = files.as_path(path)
        form = suffix(target, SUFFIXES[:-1])
        if form == "dot":
            write(target, self.source.encode())
            return
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"path: there is no folder {os.fspath(target.parent)!r}"
            )
        try:
            picture = self._picture(form)
        except GraphvizNotFound:
            saved = beside(target, self.source.encode())
            raise GraphvizNotFound(os.fspath(saved)) from None
        write(target, picture)

    def text(self, limit: int = 200) -> str:
        """The graph as a tree of text, of at most so many lines, for a terminal."""
        order = topological_order(self.output)
        return tree(order, names(order), limit)

    def explore(self, wrt: Node | None = None, height: int = 640) -> Frame:
        """The explorer of the same graph in a notebook's cell, so many pixels high.

        Args:
            wrt: a Value in the graph whose paths are lit.
            height: of the frame.
        """
        from autograd.pictures.explorer import page  # which few programs need

        return Frame(page(self.output, wrt), height)

    def to_graphviz(self) -> Any:
        """The same as a ``graphviz.Source``, for what that package can do with it."""
        # By name, since it has no types for those who check their own program.
        return importlib.import_module("graphviz").Source(self.source)

    def _picture(self, form: str) -> bytes:
        many = self.boxes > LAYOUT and not self._force
        if form == "svg" and (many or not available()):
            return self._plain().encode()
        refuse(self.boxes, form, self._force)
        return render(self.source, form, self._timeout)

    def _repr_svg_(self) -> str:
        try:
            return self._picture("svg").decode()
        except RenderError:
            return self._plain()  # a display is not to end in a traceback

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What Jupyter shows."""
        return {"image/svg+xml": self._repr_svg_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Drawing of {self.boxes:,} boxes>"


class Frame:
    """A page within a notebook: a frame that runs its script and nothing else."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" title="the graph" width="100%" '
            f'height="{self.height}" srcdoc="{html.escape(self.page)}"></iframe>'
        )


def draw(
    output: Node,
    path: str | os.PathLike[str] | None = None,
    view: View | None = None,
    wrt: Node | None = None,
    full: bool = False,
    force: bool = False,
    timeout: float = 30.0,
    limit: int | None = None,
    through: Any = None,
) -> Drawing:
    """Draw the graph that computed a value.

    Three views: ``values`` has a box for every number, tinted by its gradient,
    and on each arrow the partial; ``paths`` shows how the gradient by one
    value is the sum over its paths; ``neurons`` has a box for every neuron. The
    numbers shown are the data and the gradients that the graph has now, except
    that ``paths`` computes its gradients itself.

    Args:
        output: the value whose graph it is; or a compiled program, whose inputs
            ``wrt`` may name.
        path: where to write it, its suffix saying what: .png, .svg, .pdf, .dot,
            or .html for the explorer, which is a page to walk the graph on.
        view: ``values``, ``paths`` or ``neurons``. By default paths if ``wrt`` is
            given, else values up to 200 of them and neurons above.
        wrt: the value whose paths to the output are shown.
        full: show all values by default, and all weights of wide neurons.
        force: have Graphviz draw more boxes than the limits: above 1,000 there is no
            PNG or PDF, which takes gigabytes, and above 5,000 an SVG
            comes from the explorer's layout, since Graphviz would take minutes.
        timeout: seconds after which Graphviz is stopped.
        limit: how many paths are drawn, the largest: 4 by default; with ``through``
            how many nodes, all by default.
        through: draw the paths as bands, grouped by the nodes of this cut, as
            :func:`~autograd.explain` takes it; needs ``wrt``.

    Returns:
        The drawing: Jupyter shows it, ``.source`` is its DOT text, and
        ``.render(path)`` writes it again.

    Raises:
        TypeError: ``output`` or ``wrt`` is no Value, ``path`` no path, or
            ``timeout`` no number.
        ValueError: an unknown suffix or view, a view that does not go with
            ``wrt``, more boxes than the limits, or a ``timeout`` that is not
            positive and finite.
        FileNotFoundError: there is no such folder.
        GraphvizNotFound: there is nothing to draw a .png or .pdf with; the .dot text
            is saved beside ``path``.
        RenderError: Graphviz failed, found no font, or took too long.

    Warns:
        UserWarning: a bitmap had to be scaled down.

    >>> from autograd import Value
    >>> a = Value(2.0, label="a")
    >>> drawing = draw(a * a)
    >>> drawing
    <Drawing of 2 boxes>
    >>> print(drawing.source.splitlines()[0])
    digraph autograd {
    """
    output, wrt = recorded(output, wrt)
    check_value(output, "output")
    if wrt is not None:
        check_value(wrt, "wrt")
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number, got {type(timeout).__name__}")
    if not 0 < timeout < math.inf:
        raise ValueError(f"timeout must be positive and finite, got {timeout!r}")
    target = None if path is None else files.as_path(path)
    form = "" if target is None else suffix(target, SUFFIXES)
    if view is not None and view not in VIEWS:
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, got {view!r}")
    if through is not None and (wrt is None or view not in (None, "paths")):
        raise ValueError("through goes with view='paths' and needs wrt=")
    if view == "paths" and wrt is None:
        raise ValueError("view='paths' needs wrt=, the value whose paths it shows")
    if view in ("values", "neurons") and wrt is not None and form != "html":
        raise ValueError(f"wrt goes with view='paths', got view={view!r}")

    order = topological_order(output)
    if view is None:
        few = len(order) <= READABLE or full
        view = "paths" if wrt is not None else "values" if few else "neurons"
    if view == "values" and form in ("png", "pdf"):
        refuse(len(order), form, force)  # before any work is done in vain
    if view == "paths" and through is not None:
        source, boxes = bands_view(output, wrt, through, limit)
    elif view == "paths":
        source, boxes = paths_view(output, wrt, 4 if limit is None else limit)
    elif view == "values":
        source, boxes = values_view(order, names(order))
    else:
        source, boxes = neurons_view(order, names(order), full)

    def plain() -> str:
        if view != "paths":
            return plain_svg(order, names(order), view == "neurons")
        said = str(explain(output, wrt, limit, through=through)).splitlines()
        between = Between(output, wrt).order or [wrt, output]
        return plain_svg(between, names(order), notes=said)

    drawing = Drawing(output, source, boxes, force, timeout, plain)
    if target is not None and form == "html":
        from autograd.pictures.explorer import page

        write(target, page(output, wrt).encode())
    elif target is not None:
        drawing.render(target)
    return drawing


def refuse(boxes: int, form: str, force: bool) -> None:
    """Raise a ValueError for what would take minutes or gigabytes."""
    most = LAYOUT if form == "svg" else BITMAP
    if boxes > most and not force:
        others = "an .svg or " if boxes <= LAYOUT else ""
        raise ValueError(
            f"the picture has {boxes:,} boxes, more than the {most:,} that are drawn "
            f"as {form.upper()}: take view='neurons', write {others}the .dot text, or "
            "pass force=True with a long timeout"
        )


def suffix(path: Path, allowed: tuple[str, ...]) -> str:
    """The kind of file that a path asks for, without its dot."""
    if path.suffix.lower() not in allowed:
        raise ValueError(
            f"path must end in {', '.join(allowed[:-1])} or {allowed[-1]}, "
            f"got {os.fspath(path)!r}"
        )
    return path.suffix.lower()[1:]


def write(path: Path, content: bytes) -> None:
    """Write a file, into a folder that is there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: there is no folder {os.fspath(path.parent)!r}")
    files.write(path, content)


def beside(path: Path, source: bytes) -> Path:
    """Save the DOT text beside a picture that cannot be drawn, over nobody's file."""
    for n in itertools.count():
        saved = path.with_suffix(f".{n}.dot" if n else ".dot")
        try:
            saved.open("xb").close()
        except FileExistsError:
            if saved.is_file() and saved.read_bytes() == source:
                break  # it is there already
            continue
        try:
            write(saved, source)
        except BaseException:
            saved.unlink()
            raise
        break
    return saved
