"""Reverse mode: adjoints flow from the output back to everything it depends on.

The output has the adjoint 1. Going back through the nodes, each after all nodes
that use it, every edge hands the operand its share,

    operand's adjoint += node's adjoint × local derivative,

so that a leaf gets the gradient: the sum, over all paths, of the products along each.
What was not chosen, and what is behind it, gets no share, not even 0 · ∞.

The adjoints are the sweep's own, and the nodes know nothing of them. So threads,
signal handlers and finalizers may sweep the same graph meanwhile, and a sweep that
is interrupted leaves every ``grad`` as it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain, repeat
from operator import add
from typing import Any

from autograd.core import graph
from autograd.core.graph import NOTHING, Node
from autograd.core.plain import check_value


def sweep(output: Node, seed: float) -> dict[Node, float]:
    """The adjoint of everything that ``output`` depends on, operands first."""
    adjoints = dict.fromkeys(graph.topological_order(output), NOTHING)
    adjoints[output] = seed
    for node, adjoint in reversed(adjoints.items()):
        if adjoint is NOTHING:
            continue
        for operand, partial in zip(node._operands, node._partials):
            if operand.__class__ is not float and (partial or not node._rule.choice):
                adjoints[operand] += adjoint * partial
    return adjoints


def keep(adjoints: dict[Node, float]) -> None:
    """Add the adjoints to the ``grad`` of leaves, and set that of inner nodes.

    It is one pass in C, so that nobody comes between reading and writing a grad.
    """
    leaves = [node for node in adjoints if not node._operands]
    inner = [node for node in adjoints if node._operands]
    shares, whole = (map(float, map(adjoints.__getitem__, x)) for x in (leaves, inner))
    grad = repeat("_grad")
    sums: Any = map(add, map(getattr, leaves, grad), shares)
    deque(map(setattr, chain(leaves, inner), grad, chain(sums, whole)), maxlen=0)


def gradients(output: Node, inputs: Iterable[Node]) -> tuple[list[float], list[Node]]:
    """The derivatives of a Value by others, from one sweep that touches no ``grad``.

    Returns:
        One float per input, 0.0 where there is no path; and all other leaves.

    Raises:
        TypeError: ``output`` or one of ``inputs`` is no Value.
    """
    check_value(output, "gradients: output")
    for i, x in enumerate(inputs := tuple(inputs)):
        check_value(x, f"gradients: inputs[{i}]")
    adjoints, own = sweep(output, 1.0), set(inputs)
    others = [x for x in adjoints if not x._operands and x not in own]
    return [float(adjoints.get(x, NOTHING)) for x in inputs], others


def leaves(output: Node, but: Iterable[Node] = ()) -> list[Node]:
    """Every leaf that a Value depends on, ``but`` for some; itself, if it is one."""
    check_value(output, "leaves: output")
    for i, x in enumerate(but := tuple(but)):
        check_value(x, f"leaves: but[{i}]")
    own = set(but)
    order = graph.topological_order(output)
    return [x for x in order if not x._operands and x not in own]
