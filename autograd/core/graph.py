"""Walking a graph without recursion: its order, and sums over its paths.

The operands of a node are its predecessors; a plain float among them is a
constant and no node. A graph of ten million nodes in one chain is walked like
any other, because nothing here calls itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from autograd.table.rules import RULES

Node = Any
"""A Value of either engine: whatever has ``operands`` and ``partials``."""

T = TypeVar("T")

NOTHING: float = 0
"""What has come to a node that nothing passes to, and what a dead edge multiplies by:
0 by structure, where 0.0 is a number. Adding it changes no float."""


def recorded(output: Any, wrt: Any = None) -> tuple[Node, Any]:
    """A compiled program as the Value that it recorded, and its input of that name.

    Whatever else ``output`` and ``wrt`` are, they are left as they are.

    Raises:
        TypeError: the program's result is no single Value.
        ValueError: it has no input that is called ``wrt``.
    """
    redrawn = getattr(output, "graph", None)
    if redrawn is None:
        return output, wrt
    result, inputs = redrawn()
    if not hasattr(result, "operands"):
        raise TypeError(
            f"output: the program's result is a {type(result).__name__}: take a Value "
            "out of program.graph()[0]"
        )
    if isinstance(wrt, str):
        if wrt not in inputs:
            raise ValueError(
                f"wrt: the program has no input {wrt!r}, but {', '.join(inputs)}"
            )
        wrt = inputs[wrt]
    return result, wrt


def topological_order(output: Node, seen: set[Node] | None = None) -> list[Node]:
    """All nodes that ``output`` depends on, operands before what uses them.

    Depth first, operands from the right, and so the same in every run. Nodes in
    ``seen`` are left out, and what they alone depend on; those found join it.

    >>> from autograd import Value
    >>> a = Value(2.0, label="a")
    >>> [node.op or node.label for node in topological_order(a * a + a)]
    ['a', 'mul', 'add']
    """
    order: list[Node] = []
    seen = set() if seen is None else seen
    stack: list[Node | None] = [output]
    push, pop = stack.append, stack.pop
    while stack:
        node = pop()
        if node is None:  # all operands of the node below it are done
            order.append(pop())
        elif node not in seen:
            seen.add(node)
            push(node)
            push(None)
            for operand in node._operands:  # without the cost of the property
                if operand.__class__ is not float and operand not in seen:
                    push(operand)
    return order


def times(x: float, y: float) -> float:
    """The product, of which :data:`NOTHING` makes nothing, also of inf."""
    return NOTHING if x is NOTHING or y is NOTHING else x * y


def edges(node: Node) -> Iterable[tuple[int, Node]]:
    """The positions and nodes among a node's operands, constants left out."""
    return (
        (i, operand)
        for i, operand in enumerate(node.operands)
        if operand.__class__ is not float
    )


def live(node: Node) -> list[tuple[int, Node]]:
    """Those of :func:`edges` that a derivative passes: what was chosen, and no step.

    >>> from autograd import Value, maximum
    >>> a, b = Value(2.0), Value(3.0)
    >>> live(maximum(a, b)) == [(1, b)]
    True
    """
    if not chooses(node):
        return list(edges(node))
    partials = node.partials
    return [(i, x) for i, x in edges(node) if partials[i] != 0]


def chooses(node: Node) -> bool:
    """Whether nothing passes where the node's partials are 0."""
    rule = RULES.get(node.op)
    return rule is not None and rule.choice


def reverse_sweep(
    order: Sequence[Node],
    adjoints: dict[Node, T],
    partial: Callable[[Node, int], T],
) -> dict[Node, T]:
    """Carry adjoints from the output to everything that it depends on.

    The chain rule, summed over every path: the adjoint of an operand is the sum,
    over the edges that use it, of the user's adjoint times the local derivative.
    It holds for whatever numbers ``partial(node, i)`` gives: floats, Fractions,
    or Values, whose sweep is itself a graph.

    Args:
        order: nodes as :func:`topological_order` gives them.
        adjoints: what is known at the start, usually ``{output: 1.0}``. Changed.
        partial: the derivative of a node by its operand ``i``.

    Returns:
        ``adjoints``, with an entry for every node that the start reaches.
    """
    for node in reversed(order):
        if node not in adjoints:
            continue
        adjoint: Any = adjoints[node]
        for i, operand in edges(node):
            slope = partial(node, i)
            if slope == 0 and chooses(node):
                continue
            part = adjoint * slope
            adjoints[operand] = (
                adjoints[operand] + part if operand in adjoints else part
            )
    return adjoints


def forward_sweep(
    order: Iterable[Node],
    tangents: dict[Node, T],
    partial: Callable[[Node, int], T],
) -> dict[Node, T]:
    """Carry tangents from the inputs to everything that depends on them.

    Args:
        order: nodes as :func:`topological_order` gives them.
        tangents: the inputs' tangents. Changed.
        partial: the derivative of a node by its operand ``i``.

    Returns:
        ``tangents``, with an entry for every node that depends on the inputs.
    """
    for node in order:
        if node in tangents:
            continue
        total: Any = None
        for i, operand in edges(node):
            if operand in tangents:
                tangent: Any = tangents[operand]
                slope = partial(node, i)
                if slope == 0 and chooses(node):
                    continue
                part = tangent * slope
                total = part if total is None else total + part
        if total is not None:
            tangents[node] = total
    return tangents


def count_paths(output: Node, wrt: Node) -> int:
    """How many paths lead from ``wrt`` to ``output``: exact, and not by walking them.

    >>> from autograd import Value
    >>> a = x = Value(1.0)
    >>> for _ in range(100):
    ...     x = x + x
    >>> count_paths(x, a) == 2**100
    True
    """
    counts: Mapping[Node, int] = reverse_sweep(
        topological_order(output), {output: 1}, lambda node, i: 1
    )
    return counts.get(wrt, 0)
