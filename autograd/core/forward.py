"""Forward mode: tangents flow from the inputs to everything that depends on them.

The tangent of a node is the sum, over its operands, of the operand's tangent times the
local derivative: the same products along the same paths as in reverse mode, taken from
the other end. It pays where there are fewer inputs than outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.core import graph
from autograd.core.graph import Node
from autograd.core.plain import check_value


def tangents(
    outputs: Iterable[Node],
    inputs: Iterable[Node],
    seeds: Iterable[Sequence[float | None]],
) -> list[list[float]]:
    """The derivatives of Values by others in some directions.

    Args:
        outputs: m Values.
        inputs: n distinct Values; what they were computed from is left alone.
        seeds: k directions, each n entries: the input's tangent, or None for an input
            that stays where it is.

    Returns:
        m rows of k floats, 0.0 where nothing that moves reaches the output; never -0.0,
        as no ``grad`` is.

    Raises:
        TypeError: an output or input is no Value, or a seed no float.
        ValueError: an input comes twice, or a seed has not n entries.

    >>> from autograd import Value
    >>> from autograd.core import choice
    >>> x, y = Value(2.0), Value(3.0)
    >>> choice.module().tangents([x * y, x], [x, y], [(1.0, None), (1.0, 1.0)])
    [[3.0, 5.0], [1.0, 1.0]]
    """
    outputs, inputs = tuple(outputs), tuple(inputs)
    for name, values in (("outputs", outputs), ("inputs", inputs)):
        for i, x in enumerate(values):
            check_value(x, f"tangents: {name}[{i}]")
    if len(set(inputs)) != len(inputs):
        raise ValueError("tangents: inputs must be distinct")
    order: list[Node] = []
    seen = set(inputs)
    for output in outputs:
        order += graph.topological_order(output, seen)
    recorded = {node: node.partials for node in order}
    columns = []
    for j, seed in enumerate(seeds):
        given = tuple(seed)
        if len(given) != len(inputs):
            raise ValueError(
                f"tangents: seeds[{j}] must have {len(inputs)} entries, "
                f"got {len(given)}"
            )
        moved: dict[Node, float] = {}
        for i, (x, t) in enumerate(zip(inputs, given)):
            if t is not None and not isinstance(t, float):
                raise TypeError(
                    f"tangents: seeds[{j}][{i}] must be a float or None, "
                    f"got {type(t).__name__}"
                )
            if t is not None:
                moved[x] = t
        graph.forward_sweep(order, moved, lambda node, i: recorded[node][i])
        columns.append([moved.get(y, 0.0) + 0.0 for y in outputs])
    return [list(row) for row in zip(*columns)] if columns else [[] for _ in outputs]
