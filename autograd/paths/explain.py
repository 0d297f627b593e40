"""A gradient taken apart: the sum over all paths of the products along each.

A path leads from a value to the output through the operations between them, and
contributes the product of the local derivatives on its edges. There may be 2^60
paths, so they are never walked one by one: their number and their sum come from
one sweep over the nodes, and the few largest from a search that meets the paths in
the order of their size.

The search is the recursive enumeration of Jiménez and Marzal, "Computing the K
shortest paths" (1999), with products for sums and a stack for the recursion: the
next best path to a node is the next best among those to its operands, each one
edge longer. It takes time proportional to the edges, and for each further path to
its length. A product is kept as a fraction and an exponent, so that nothing over-
or underflows on the way, and rounding never changes the order of two paths that
share their last part.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import index, mul

from autograd.core.graph import Node, edges, topological_order
from autograd.paths.names import names, operation
from autograd.paths.numerals import number, signed

__all__ = ["Path", "PathSum", "explain"]

UNIT_ROUNDOFF = 2.0**-53
TINY = math.ulp(0.0)


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


@dataclass(frozen=True, repr=False)
class PathSum:
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

    def named(self) -> dict[Node, str]:
        """What all nodes of the graph are called, and ``wrt`` if it is not in it."""
        if not self._named:
            self._named.update(names(topological_order(self.output)))
            self._named.setdefault(self.wrt, self.wrt.label or operation(self.wrt))
        return self._named

    def heading(self) -> str:
        """The gradient as the lecture writes it, such as ``∂L/∂w``."""
        over, under = self.title(self.output), self.title(self.wrt)
        return f"∂{over or 'output'}/∂{under or 'wrt'}"

    def title(self, node: Node) -> str:
        """What a node is called, empty if only its operation could tell."""
        name = self.named()[node]
        return "" if not node.label and name == operation(node) else name

    def rows(self) -> list[tuple[str, str, str, str]]:
        """The table: a number, the nodes, the factors, and the contribution."""
        called = self.named()
        rows = [
            (f"path {i}", steps(path, called), factors(path), signed(path.contribution))
            for i, path in enumerate(self.paths, 1)
        ]
        others = self.count - len(self.paths)
        if others:
            noun = "other path" if others == 1 else "other paths"
            rows.append(("", f"{counted(others)} {noun}", "", signed(self.rest)))
        noun = "path" if self.count == 1 else "paths"
        rows.append(
            (
                "sum",
                f"of {counted(self.count)} {noun} = {self.heading()}",
                "",
                signed(self.total),
            )
        )
        return rows

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            f"{index:<{widths[0]}}  {nodes:<{widths[1]}}  {product:<{widths[2]}}  "
            f"= {contribution:>{widths[3]}}"
            for index, nodes, product, contribution in rows
        )

    __repr__ = __str__


SHOWN = 12
"""Nodes and factors of a path that a row of the table shows; the middle gives way."""


def steps(path: Path, called: dict[Node, str]) -> str:
    """The nodes of a path by their names; nameless ones only if there are no others."""
    inner = path.nodes[1:-1]
    if any(called[node] != operation(node) for node in inner):
        inner = tuple(node for node in inner if called[node] != operation(node))
    ends = (path.nodes[0], path.nodes[-1]) if len(path.nodes) > 1 else path.nodes
    shown = [ends[0], *inner, *ends[1:]]
    return " → ".join(abridged([" ".join(called[node].split()) for node in shown]))


def factors(path: Path) -> str:
    """The local derivatives of a path, those that are 1 left out."""
    shown = [partial for partial in path.partials if partial != 1.0]
    return " · ".join(abridged([number(partial, 3) for partial in shown])) or "1"


def abridged(texts: list[str]) -> list[str]:
    """At most ``SHOWN`` of the texts, and how many are missing between them."""
    if len(texts) <= SHOWN:
        return texts
    half = SHOWN // 2
    return [*texts[:half], f"… {len(texts) - 2 * half:,} more …", *texts[-half:]]


def counted(n: int) -> str:
    """A whole number, in full up to 21 digits.

    >>> counted(2**60), counted(2**1000000)
    ('1,152,921,504,606,846,976', 'about 10^301030')
    """
    return f"{n:,}" if n < 10**21 else f"about 10^{math.log10(n):.0f}"


def explain(output: Node, wrt: Node, limit: int = 8) -> PathSum:
    """Show the gradient of a value as the sum over its paths.

    Nothing in the graph changes, and ``backward()`` need not have been called.
    The paths shown are the largest there are, not a sample: which of two comes
    first is uncertain only where they agree to within rounding. A path with nan
    counts as the largest, since it alone decides the sum.

    Args:
        output: the value to differentiate.
        wrt: the value to differentiate by: a leaf, an inner node, ``output`` itself
            (one path, the empty product 1), or one that ``output`` does not depend
            on (no path, the gradient 0).
        limit: how many paths to show.

    Returns:
        The number of paths, the largest ones, and the total. Time and memory are
        linear in the nodes and edges between the two. The exact count needs
        arithmetic on as many digits as it has; where the graph is narrow, as in a
        chain of doublings, its stretches are counted apart and multiplied.

    Raises:
        TypeError: ``output`` or ``wrt`` is no Value, or ``limit`` no whole number.
        ValueError: ``limit`` is negative.
        ArithmeticError: the sums from both ends differ by more than rounding, so
            that the graph cannot be what was recorded.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> print(explain(a * b + a**2, a))
    path 1  a → ^ → +                4   = +4
    path 2  a → × → +                −3  = −3
    sum     of 2 paths = ∂output/∂a      = +1
    """
    check_value(output, "output")
    check_value(wrt, "wrt")
    if not hasattr(limit, "__index__") or isinstance(limit, bool):
        raise TypeError(f"limit must be an int, got {type(limit).__name__}")
    limit = index(limit)
    if limit < 0:
        raise ValueError(f"limit must not be negative, got {limit}")
    between = Between(output, wrt)
    if not between.order:
        return PathSum(output, wrt, 0, (), 0.0, 0.0)
    total = between.adjoints()[0]
    count = between.count()
    paths = tuple(between.largest(min(limit, count)))
    rest = 0.0
    if len(paths) < count:
        try:
            rest = total - math.fsum(path.contribution for path in paths)
        except (ValueError, OverflowError):  # inf - inf, or a sum beyond all floats
            rest = math.nan
    return PathSum(output, wrt, count, paths, rest, total)


def check_value(x: object, name: str) -> None:
    """Raise a TypeError unless ``x`` is a Value of either engine."""
    if not (hasattr(x, "operands") and hasattr(x, "partials")):
        raise TypeError(f"{name} must be a Value, got {type(x).__name__}")


# The class of a product. Within one class, an edge keeps the order of two paths;
# between classes it may not, since 0 · inf is nan.
ZERO, FINITE, INFINITE, NAN = range(4)
_CLASSES = 4


def _class(x: float) -> int:
    if x == 0.0:
        return ZERO
    if math.isnan(x):
        return NAN
    return INFINITE if math.isinf(x) else FINITE


def _product_class(c: int, d: int) -> int:
    if FINITE in (c, d):
        return d if c == FINITE else c
    return NAN if {c, d} == {ZERO, INFINITE} else max(c, d)


_PRODUCT = [[_product_class(c, d) for d in range(_CLASSES)] for c in range(_CLASSES)]


Matrix = list[list[int]]

NARROW = 4
"""Nodes in use at a cut, at most: the product of matrices takes their cube."""

STRETCH = 64
"""Nodes between two cuts, at least, so that there are few matrices."""

Entry = tuple[int, float, int, int]
"""A path to a state: minus the exponent and minus the fraction of its size, so that
the largest sorts first; then the edge that it ends with, and the rank of the rest."""


class Between:
    """The part of a graph between two values, with what runs along its paths.

    ``order`` has its nodes in topological order, ``wrt`` first and the output last.
    The edges into ``order[i]`` are those from ``start[i]`` to ``start[i + 1]``, each
    with its operand's index, its position among the operands, and its partial.
    """

    def __init__(self, output: Node, wrt: Node) -> None:
        index: dict[Node, int] = {}
        self.order: list[Node] = []
        self.start = [0]
        self.operand: list[int] = []
        self.position: list[int] = []
        self.partial: list[float] = []
        for node in topological_order(output):
            if node is not wrt:
                edges_before = len(self.operand)
                for k, x in edges(node):
                    if x in index:
                        self.operand.append(index[x])
                        self.position.append(k)
                        self.partial.append(node.partials[k])
                if len(self.operand) == edges_before:
                    continue
            index[node] = len(self.order)
            self.order.append(node)
            self.start.append(len(self.operand))

    def incoming(self, i: int) -> range:
        """The edges into node ``i``."""
        return range(self.start[i], self.start[i + 1])

    def count(self) -> int:
        """The number of paths.

        The order is cut where few nodes are still to be used. Between two cuts, a
        small matrix says how many paths lead from each node to each; the product of
        the matrices, taken in pairs, meets long numbers only at its end.
        """
        last = len(self.order) - 1
        furthest = list(range(last + 1))
        for i in range(last + 1):
            for edge in self.incoming(i):
                furthest[self.operand[edge]] = i
        matrices: list[Matrix] = []
        counts, cut = {0: [1]}, 0  # of each node in use: its paths from the cut's nodes
        for i in range(1, last + 1):
            operands = [self.operand[edge] for edge in self.incoming(i)]
            counts[i] = [sum(x) for x in zip(*(counts[j] for j in operands))]
            for j in operands:
                if furthest[j] == i:
                    counts.pop(j, None)
            if i == last or (i - cut >= STRETCH and len(counts) <= NARROW):
                matrices.append(list(counts.values()))
                units = range(len(counts))
                counts = {j: [int(k == m) for m in units] for k, j in enumerate(counts)}
                cut = i
        return _product(matrices)[0][0] if matrices else 1

    def adjoints(self) -> list[float]:
        """The adjoint of every node: the sum over its paths to the output.

        The last sum, from the output back to ``wrt`` as ``backward`` does it, is
        compared with the sum from the other end. Each sweep carries a bound on its
        rounding error, after Higham, "Accuracy and Stability of Numerical
        Algorithms" (2002), section 3.3: a computed result r of one operation is
        off by at most u |r|, plus the smallest float if it underflows.
        """
        adjoints, back_error = self._sweep_back()
        ahead, ahead_error = self._sweep_ahead()
        bound = 2.0 * (back_error + ahead_error)  # twice, for its own rounding
        if math.isfinite(bound) and not abs(adjoints[0] - ahead) <= bound:
            raise ArithmeticError(
                f"the sum over the paths is {adjoints[0]!r} from the output and "
                f"{ahead!r} from the other end, further apart than rounding ({bound!r})"
            )
        return adjoints

    def _sweep_back(self) -> tuple[list[float], float]:
        n = len(self.order)
        adjoints, errors = [0.0] * n, [0.0] * n
        adjoints[-1] = 1.0
        for i in range(n - 1, 0, -1):
            adjoint, error = adjoints[i], errors[i]
            for edge in self.incoming(i):
                j, partial = self.operand[edge], self.partial[edge]
                part = adjoint * partial
                adjoints[j] = sum_j = adjoints[j] + part
                rounding = UNIT_ROUNDOFF * (abs(part) + abs(sum_j)) + TINY
                errors[j] += abs(partial) * error + rounding
        return adjoints, errors[0]

    def _sweep_ahead(self) -> tuple[float, float]:
        tangents, errors = [1.0], [0.0]
        for i in range(1, len(self.order)):
            tangent = error = 0.0
            for edge in self.incoming(i):
                j, partial = self.operand[edge], self.partial[edge]
                part = tangents[j] * partial
                tangent += part
                rounding = UNIT_ROUNDOFF * (abs(part) + abs(tangent)) + TINY
                error += abs(partial) * errors[j] + rounding
            tangents.append(tangent)
            errors.append(error)
        return tangents[-1], errors[-1]

    def largest(self, limit: int) -> Iterator[Path]:
        """The largest paths, the largest first, as far as there are any."""
        if limit == 0:
            return
        search = _Search(self)
        end = len(self.order) - 1
        for c in (NAN, INFINITE, FINITE, ZERO):
            rank = 0
            while limit and search.has(_CLASSES * end + c, rank):
                yield self._path(search.edges_of(_CLASSES * end + c, rank))
                limit -= 1
                rank += 1

    def _path(self, backward: Sequence[int]) -> Path:
        """The path of these edges, given from the output back."""
        nodes = [self.order[0]]
        partials, positions = [], []
        for edge in reversed(backward):
            nodes.append(self.order[bisect_right(self.start, edge) - 1])
            partials.append(self.partial[edge])
            positions.append(self.position[edge])
        return Path(tuple(nodes), tuple(partials), product(partials), tuple(positions))


class _Search:
    """Paths to each state, a node and a class of products, in order of their size.

    ``found`` lists the paths to a state, ``waiting`` those of which one is next.
    """

    def __init__(self, between: Between) -> None:
        self.between = between
        self.first: list[Entry | None] = [None] * (_CLASSES * len(between.order))
        self.first[FINITE] = 0, -1.0, -1, 0
        self.found: dict[int, list[Entry]] = {}
        self.waiting: dict[int, list[Entry]] = {}
        self.continued: dict[int, int] = {}  # of how many found ones the next waits
        for i in range(1, len(between.order)):
            for state, entry in self._ways_into(i):
                best = self.first[state]
                if best is None or entry < best:
                    self.first[state] = entry

    def _ways_into(self, i: int) -> Iterator[tuple[int, Entry]]:
        """To each state of node ``i``, the best path over each edge."""
        operand, partials, first = (
            self.between.operand,
            self.between.partial,
            self.first,
        )
        for edge in self.between.incoming(i):
            partial = partials[edge]
            kind = _class(partial)
            before = _CLASSES * operand[edge]
            for c in range(_CLASSES):
                entry = first[before + c]
                if entry is not None:
                    state = _CLASSES * i + _PRODUCT[c][kind]
                    yield state, _longer(entry, partial, edge * _CLASSES + c, 0)

    def has(self, state: int, rank: int) -> bool:
        """Whether there is a path of that rank, once it has been looked for."""
        if self.first[state] is None:
            return False
        while len(self._found(state)) <= rank:
            if not self._extend(state):
                return False
        return True

    def edges_of(self, state: int, rank: int) -> list[int]:
        """The edges of a path that was found, from its end."""
        path = []
        while state >= _CLASSES:
            entry = self.found[state][rank] if rank else self.first[state]
            assert entry is not None
            path.append(entry[2] // _CLASSES)
            state, rank = self._before(entry), entry[3]
        return path

    def _before(self, entry: Entry) -> int:
        """The state that a path's last edge starts from."""
        edge, c = divmod(entry[2], _CLASSES)
        return _CLASSES * self.between.operand[edge] + c

    def _found(self, state: int) -> list[Entry]:
        found = self.found.get(state)
        if found is None:
            first = self.first[state]
            assert first is not None
            self.found[state] = found = [first]
        return found

    def _extend(self, state: int) -> bool:
        """Find the next path to a state, and to others first where it needs them."""
        waiting, continued = self.waiting, self.continued
        stack, grown = [state], False
        while stack:
            s = stack[-1]
            if s not in waiting:
                self._wait(s)
            found, heap = self._found(s), waiting[s]
            if continued[s] < len(found):
                last = found[-1]
                before, rank = self._before(last), last[3] + 1
                others = self._found(before)
                if len(others) <= rank and not self._exhausted(before, len(others)):
                    stack.append(before)
                    continue
                continued[s] += 1
                if len(others) > rank:
                    partial = self.between.partial[last[2] // _CLASSES]
                    heapq.heappush(heap, _longer(others[rank], partial, last[2], rank))
            grown = bool(heap)
            if grown:
                found.append(heapq.heappop(heap))
            stack.pop()
        return grown

    def _wait(self, state: int) -> None:
        """Line up all ways into a state but the one that its best path takes."""
        i, first = state // _CLASSES, self.first[state]
        self.waiting[state] = waiting = []
        if i:
            for s, entry in self._ways_into(i):
                if s == state and entry != first:
                    waiting.append(entry)
            heapq.heapify(waiting)
        self.continued[state] = 0 if i else 1

    def _exhausted(self, state: int, found: int) -> bool:
        """Whether those found are all the paths to a state."""
        waiting = self.waiting.get(state)
        return waiting is not None and not waiting and self.continued[state] == found


def _longer(entry: Entry, partial: float, edge: int, rank: int) -> Entry:
    """A path one edge longer, its size rounded once."""
    # Both as fractions: half the smallest float times a fraction would be 0.
    factor, shift = math.frexp(abs(partial))
    fraction, exponent = math.frexp(entry[1] * factor)
    if fraction == 0.0 or not math.isfinite(fraction):
        return 0, 0.0, edge, rank  # no order within these classes
    return entry[0] - exponent - shift, fraction, edge, rank


def product(partials: Sequence[float]) -> float:
    """The product, over- or underflowing only if the result does.

    >>> product([1e200, 1e200, 1e-300])
    1e+100
    """
    fraction, exponent = 1.0, 0
    for partial in partials:
        factor, shift = math.frexp(partial)
        fraction, carry = math.frexp(fraction * factor)
        exponent += shift + carry
    if fraction == 0.0 or not math.isfinite(fraction):
        return fraction
    try:
        return math.ldexp(fraction, exponent)
    except OverflowError:
        return math.copysign(math.inf, fraction)


def _product(matrices: list[Matrix]) -> Matrix:
    """The later ones times the earlier, in pairs, so that long numbers are few."""
    while len(matrices) > 1:
        odd = matrices[len(matrices) & ~1 :]
        pairs = zip(matrices[::2], matrices[1::2])
        matrices = [_times(later, earlier) for earlier, later in pairs] + odd
    return matrices[0]


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b))
    return [[sum(map(mul, row, column)) for column in columns] for row in a]
