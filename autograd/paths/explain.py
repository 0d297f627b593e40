"""A gradient taken apart: the sum over all paths of the products along each.

A path leads from a value to the output through the operations between them, and
contributes the product of the local derivatives on its edges. Where there are too
many paths to read, they are grouped by where they cross a cut: all that pass one node
contribute the derivative of the output by it times its derivative by the value.
"""

from __future__ import annotations

import gc
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import index
from typing import Any, overload

from autograd.core.graph import Node, recorded, times, topological_order
from autograd.core.plain import check_value
from autograd.paths.between import Between
from autograd.paths.cuts import cut, tangents
from autograd.paths.labels import shortened, visible
from autograd.paths.names import NUMBERED, names, operation
from autograd.paths.numerals import counted
from autograd.paths.search import largest_paths, product
from autograd.paths.tables import Row, Table

__all__ = ["Crossing", "CutSum", "Path", "PathSum", "explain"]


@dataclass(frozen=True)
class Path:
    """One way from a value to the output.

    Attributes:
        nodes: the values on it, the output last.
        partials: the local derivatives, one for each step; their product is
            ``contribution``, 1.0 if there is no step.
        positions: for each step, which operand of the next node it comes from: a
            product ``a * a`` has two paths through the same nodes.
    """

    nodes: tuple[Node, ...]
    partials: tuple[float, ...]
    contribution: float
    positions: tuple[int, ...]

    def __repr__(self) -> str:
        return f"<Path of {len(self.partials):,} steps: {self.contribution!r}>"


@dataclass(frozen=True)
class Crossing:
    """All paths that cross a cut at one node, as one term of the gradient.

    Attributes:
        node: where they cross.
        adjoint: the derivative of the output by the node.
        tangent: the derivative of the node by ``wrt``, along paths that do not cross
            the cut before.
        contribution: the product of the two.
        count: how many paths they are, exact below 2^53.
    """

    node: Node
    adjoint: float
    tangent: float
    contribution: float
    count: float
    _of: tuple[Node, Node, list[Node]] = field(repr=False, compare=False)

    def after(self, through: Any = None, limit: int | None = None) -> PathSum | CutSum:
        """Open the first factor: explain the output's derivative by the node."""
        return explain(self._of[0], self.node, limit, through)

    def before(self, through: Any = None, limit: int | None = None) -> PathSum | CutSum:
        """Open the second factor: explain the node's derivative by ``wrt``."""
        _, wrt, others = self._of
        return _explained(self.node, wrt, limit, through, others)


class Explained:
    """What the sums have in common: how they are named and shown."""

    output: Node
    wrt: Node
    count: int
    rest: float
    total: float
    _named: dict[Node, str]

    def named(self) -> dict[Node, str]:
        """What all nodes of the graph are called, and ``wrt`` if it is not in it."""
        if not self._named:
            self._named.update(names(topological_order(self.output)))
            self._named.setdefault(self.wrt, self.wrt.label or "wrt")
        return self._named

    def title(self, node: Node) -> str:
        """What a node is called, as far as a table has room for it."""
        return visible(shortened(self.named()[node]))

    @property
    def table(self) -> Table:
        """The terms, what is not among them, and their sum, ready to be printed."""
        rows, others = self._rows()
        if others:
            paths = f"path{'s' * (others != 1)}"
            rows.append(Row("", f"{counted(others)} other {paths}", [], [], self.rest))
        heading = self.title(self.output), self.title(self.wrt)
        return Table(rows, heading, self.count, self.total)

    def _rows(self) -> tuple[list[Row], float]:
        """The rows of the terms, and how many paths are not among them."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.table.text()

    __repr__ = __str__

    def markdown(self) -> str:
        """The table in Markdown, with a column for each factor."""
        return self.table.markdown()

    def latex(self) -> str:
        """The table in LaTeX's mathematics, each symbol above its number."""
        return self.table.latex()

    def _repr_html_(self) -> str:
        return self.table.html()

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


@dataclass(frozen=True, repr=False)
class PathSum(Explained):
    """A gradient as a sum over paths; ``str()`` gives it as a table.

    Attributes:
        output: what is differentiated.
        wrt: by what.
        count: how many paths there are, exactly.
        paths: the largest by the size of their contribution, the largest first.
        rest: what the other paths contribute together.
        total: the gradient, bit for bit as ``backward()`` computes it.
    """

    output: Node
    wrt: Node
    count: int
    paths: tuple[Path, ...]
    rest: float
    total: float
    _named: dict[Node, str] = field(default_factory=dict, compare=False)

    def _rows(self) -> tuple[list[Row], float]:
        return path_rows(self.paths, self.title), self.count - len(self.paths)


@dataclass(frozen=True, repr=False)
class CutSum(Explained):
    """A gradient as a sum over the nodes of a cut; ``str()`` gives it as a table.

    Attributes:
        output: what is differentiated.
        wrt: by what.
        count: how many paths there are, exactly.
        crossings: the nodes of the cut with what crosses there.
        rest: what paths contribute that miss the cut, or cross where none is shown.
        others: how many these are, exact below 2^53.
        total: the gradient, bit for bit as ``backward()`` computes it. The terms add
            up to it as floats do, which is to within the rounding of both sums.
    """

    output: Node
    wrt: Node
    count: int
    crossings: tuple[Crossing, ...]
    rest: float
    others: float
    total: float
    _named: dict[Node, str] = field(default_factory=dict, compare=False)

    def _rows(self) -> tuple[list[Row], float]:
        over, under = self.title(self.output), self.title(self.wrt)
        rows = []
        for x in self.crossings:
            v, paths = self.title(x.node), f"path{'s' * (x.count != 1)}"
            said = f"{counted(x.count)} {paths}: ∂{over}/∂{v} · ∂{v}/∂{under}"
            factors = x.adjoint, x.tangent
            rows.append(Row(v, said, [(over, v), (v, under)], factors, x.contribution))
        return rows, self.others


SHOWN = 12
"""Steps of a path that a row of the table shows; the middle gives way."""


def path_rows(paths: Sequence[Path], title: Callable[[Node], str]) -> list[Row]:
    """A row for each path, no two alike: long ones show where they part."""
    shown = [_ends(len(path.partials)) for path in paths]
    doubled: dict[Node, set[int]] = {}
    while True:
        said = [_steps(*pair, title, doubled) for pair in zip(paths, shown)]
        first: dict[str, int] = {}
        for i, text in enumerate(said):
            j = first.setdefault(text, i)
            if i != j:
                part = _parting(paths[i], paths[j])
                for k in (i, j):
                    shown[k] = sorted({*shown[k], part})
        if len(first) == len(said):
            break
    rows = []
    for i, (path, steps, text) in enumerate(zip(paths, shown, said), 1):
        symbols: list[tuple[str, str] | int] = []
        factors, last = [], -1
        for step in (*steps, len(path.partials)):
            if step > last + 1:
                symbols.append(step - last - 1)
                factors.append(product(path.partials[last + 1 : step]))
            if step < len(path.partials):
                symbols.append((title(path.nodes[step + 1]), title(path.nodes[step])))
                factors.append(path.partials[step])
            last = step
        if not factors:  # the empty product
            symbols, factors = [(title(path.nodes[0]),) * 2], [1.0]
        rows.append(Row(f"path {i}", text, symbols, factors, path.contribution))
    return rows


def _ends(steps: int) -> list[int]:
    """The steps of a path that are shown: all, or the first and the last."""
    if steps <= SHOWN:
        return [*range(steps)]
    return [*range(SHOWN // 2), *range(steps - SHOWN // 2, steps)]


def _parting(a: Path, b: Path) -> int:
    """The first step at which two paths differ."""
    for i, (x, y, p, q) in enumerate(
        zip(a.nodes[1:], b.nodes[1:], a.positions, b.positions)
    ):
        if x is not y or p != q:
            return i
    raise AssertionError("unreachable: no path is the beginning of another")


def _steps(
    path: Path,
    shown: Sequence[int],
    title: Callable[[Node], str],
    doubled: dict[Node, set[int]],
) -> str:
    """The nodes of a path: its start, and where the steps that are shown lead."""
    text, last = _called(path.nodes[0], title), -1
    for step in (*shown, len(path.partials)):
        if step > last + 1:
            text += f" → … {step - last - 1:,} more …"
        if step < len(path.partials):
            node, position = path.nodes[step + 1], path.positions[step]
            if node not in doubled:
                uses = Counter(map(id, node.operands))
                doubled[node] = {
                    k for k, x in enumerate(node.operands) if uses[id(x)] > 1
                }
            which = str(position + 1) if position in doubled[node] else ""
            text += f" →{which.translate(_BELOW)} {_called(node, title)}"
        last = step
    return text


_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _called(node: Node, title: Callable[[Node], str]) -> str:
    """A name, with the operation where there is only a number."""
    name = title(node)
    return (
        f"{name}({operation(node)})" if node.op and NUMBERED.fullmatch(name) else name
    )


@overload
def explain(
    output: Node, wrt: Node, limit: int | None = None, through: None = None
) -> PathSum: ...
@overload
def explain(
    output: Node, wrt: Node, limit: int | None = None, *, through: Any
) -> CutSum: ...
def explain(
    output: Node, wrt: Node, limit: int | None = None, through: Any = None
) -> PathSum | CutSum:
    """Show the gradient of a value as the sum over its paths.

    Nothing in the graph changes, and ``backward()`` need not have been called.
    The paths shown are the largest there are, not a sample: which of two comes
    first is uncertain only where they agree to within rounding. A path with nan
    counts as the largest, since it alone decides the sum.

    Args:
        output: the value to differentiate; or a compiled program.
        wrt: the value to differentiate by: a leaf, an inner node, ``output`` itself
            (one path, the empty product 1), or one that ``output`` does not depend
            on (no path, the gradient 0); of a program, also the name of an input.
        limit: how many paths to show, 8 by default; with ``through``, at how many
            nodes, all by default.
        through: group all paths by the node at which they first cross a cut: Values;
            a layer, for what its units give; the lecture's name of a layer's numbers,
            such as "z[2]"; or "auto" for the narrowest cut where paths run side by
            side.

    Returns:
        The number of paths, the largest ones, and the total. Time and memory are
        linear in the nodes and edges between the two, and in the paths that are
        returned. The exact count needs arithmetic on as many digits as it has; where
        the graph is narrow, as in a chain of doublings, its stretches are counted
        apart and multiplied. With ``through`` a row for each node: the derivative of
        the output by it times its derivative by ``wrt``, each of which can be opened
        in turn, by ``after()`` and ``before()``.

    Raises:
        TypeError: ``output`` or ``wrt`` is no Value, ``limit`` no whole number, or
            ``through`` nothing to cut by.
        ValueError: ``limit`` is negative, or nothing is called ``through``.
        ArithmeticError: the sums from both ends differ by more than rounding, so
            that the graph cannot be what was recorded.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> print(explain(a * b + a**2, a))
    path 1  a → v2(^) → v5(+)    4 · 1   = +4
    path 2  a → v4(×) → v5(+)    −3 · 1  = −3
    sum     of 2 paths = ∂v5/∂a          = +1
    """
    output, wrt = recorded(output, wrt)
    check_value(output, "output")
    check_value(wrt, "wrt")
    if limit is not None:
        if not hasattr(limit, "__index__") or isinstance(limit, bool):
            raise TypeError(f"limit must be an int, got {type(limit).__name__}")
        limit = index(limit)
        if limit < 0:
            raise ValueError(f"limit must not be negative, got {limit}")
    with _uncollected():
        return _explained(output, wrt, limit, through, ())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: nothing that is made here is garbage before its
    end, and to walk through it again and again is a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _explained(
    output: Node,
    wrt: Node,
    limit: int | None,
    through: Any,
    avoid: Collection[Node],
) -> PathSum | CutSum:
    between = Between(output, wrt, avoid)
    adjoints = between.adjoints() if between.order else [0.0]
    total, count = adjoints[0], between.count()
    if through is not None:
        return _crossed(between, output, wrt, limit, through, count, adjoints)
    edges = largest_paths(between, min(8 if limit is None else limit, count))
    owner = [i for i in range(len(between.order)) for _ in between.incoming(i)]
    paths = tuple(_path(between, owner, backward) for backward in edges)
    rest = 0.0
    if len(paths) < count:
        try:
            rest = total - math.fsum(path.contribution for path in paths)
        except (ValueError, OverflowError):  # inf - inf, or a sum beyond all floats
            rest = math.nan
    return PathSum(output, wrt, count, paths, rest, total)


def _path(between: Between, owner: Sequence[int], backward: Sequence[int]) -> Path:
    """The path of these edges, given from the output back; each leads to its owner."""
    edges = backward[::-1]
    order, first = between.order, between.order[:1]
    nodes = map(order.__getitem__, map(owner.__getitem__, edges))
    partials = tuple(map(between.partial.__getitem__, edges))
    positions = tuple(map(between.position.__getitem__, edges))
    return Path((*first, *nodes), partials, product(partials), positions)


def _crossed(
    between: Between,
    output: Node,
    wrt: Node,
    limit: int | None,
    through: Any,
    count: int,
    adjoints: Sequence[float],
) -> CutSum:
    """The sum by the nodes of a cut."""
    nodes = cut(between, through, topological_order(output))
    place = {node: i for i, node in enumerate(between.order)}
    # Operands stand before what uses them and from the right: the first unit first.
    at = sorted({place[node] for node in nodes if node in place}, reverse=True)
    behind, paths = tangents(between, set(at))
    ahead = between.counts()
    rows = [
        Crossing(
            between.order[i],
            adjoints[i],
            float(behind[i]),
            float(times(adjoints[i], behind[i])),
            ahead[i] * paths[i],
            (output, wrt, [between.order[j] for j in at if j != i]),
        )
        for i in at
        if paths[i]
    ]
    hidden: list[Crossing] = []
    if limit is not None:
        rows.sort(key=lambda x: (not math.isnan(x.contribution), -abs(x.contribution)))
        rows, hidden = rows[:limit], rows[limit:]
    rest = sum(x.contribution for x in hidden)
    others = sum(x.count for x in hidden)
    if (at and at[0] != len(between.order) - 1) or (not at and between.order):
        rest, others = rest + float(behind[-1]), others + paths[-1]
    return CutSum(output, wrt, count, tuple(rows), rest, others, adjoints[0])
