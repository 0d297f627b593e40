"""Groups: instructions of equal depth and equal shape become one pack.

Its lanes keep the order in which they were made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.program import packs as kinds
from autograd.program.passes.folds import Instruction, folded
from autograd.program.passes.fuse import fused
from autograd.program.tape import Tape, bits

__all__ = ["Group", "Grouped", "grouped", "zero_before"]

Shape = tuple[Any, ...]


class Group(NamedTuple):
    """The lanes of a pack.

    ``first`` is the instruction of the first one. Of all: ``nodes``, the operands
    ``args`` (operands, lanes), and ``beside`` (1 or 0, lanes), as arrays of entries.
    """

    first: Instruction
    nodes: Any
    args: Any
    beside: Any


class Grouped(NamedTuple):
    """The groups in the order in which they run, and what they leave.

    ``alone`` are sums over the examples of one product or one term that nobody else
    reads, by node. Products together are a product of two matrices. Neither needs a
    slot: what is added to an accumulator may leave out the 0.0 that it starts with.
    ``varies`` and ``numbers`` say for each entry whether it differs from example to
    example, and whether it is a number.
    """

    groups: list[Group]
    alone: dict[int, Instruction]
    varies: Any
    numbers: Any


def grouped(
    tape: Tape, outputs: Sequence[int], varying: Sequence[int], sums: Sequence[int]
) -> Grouped:
    """The groups of a tape.

    Args:
        tape: as ``simplified`` leaves it.
        outputs: the entries to be computed.
        varying: the inputs that differ from example to example.
        sums: entries to be added over the examples.
    """
    varies = _varies(tape, varying)
    read = [*outputs, *sums]
    instructions = fused(folded(tape, read, varies), read, varies)
    alone = _alone(tape, instructions, outputs, sums, varies)
    groups = []
    for members in _alike(tape, instructions, varies):
        first = members[0]
        left = [x for x in members if x.node not in alone]
        if left:
            groups.append(
                Group(
                    first,
                    np.array([x.node for x in left], np.int32),
                    np.array([x.args for x in left], np.int32).T,
                    np.array([x.beside for x in left], np.int32).T,
                )
            )
    numbers = np.array([op == "number" for op in tape.ops], bool)
    return Grouped(groups, alone, np.array(varies, bool), numbers)


def _varies(tape: Tape, varying: Sequence[int]) -> list[bool]:
    varies = [False] * len(tape)
    for k in varying:
        varies[k] = True
    for k, args in enumerate(tape.args):
        if not varies[k]:
            varies[k] = any(varies[a] for a in args)
    return varies


def _alone(
    tape: Tape,
    instructions: list[Instruction],
    outputs: Sequence[int],
    sums: Sequence[int],
    varies: list[bool],
) -> dict[int, Instruction]:
    """What :class:`Grouped` says of it."""
    if not sums:
        return {}
    read = {*outputs, *(a for x in instructions for a in (*x.args, *x.beside))}
    wanted = set(sums)
    found = {}
    for x in instructions:
        if x.kinds in ((kinds.PRODUCT,), (kinds.PLUS,)) and not x.after:
            a, b, start = x.args
            mine = x.node in wanted and x.node not in read
            zero = start < 0 or number_at(tape, start) == 0.0
            if mine and zero and varies[a] and varies[b]:
                found[x.node] = x
    return found


def number_at(tape: Tape, k: int) -> float | None:
    """The number that an entry always is, if it is one."""
    return tape.numbers[k] if tape.ops[k] == "number" else None


def zero_before(tape: Tape, x: Instruction) -> float | None:
    """What a fold starts from if that is a zero, of either sign."""
    start = x.args[-1]
    if start < 0:
        return -0.0
    number = number_at(tape, start)
    return number if number == 0.0 else None


def _alike(
    tape: Tape, instructions: list[Instruction], varies: list[bool]
) -> list[list[Instruction]]:
    """Instructions by depth and shape; what does not vary comes first."""
    depth = [0] * len(tape)
    groups: dict[tuple[bool, int, Shape], list[Instruction]] = defaultdict(list)
    for x in instructions:
        k = x.node
        reads = [a for a in (*x.args, *x.beside) if a >= 0]
        depth[k] = 1 + max((depth[a] for a in reads), default=0)
        groups[varies[k], depth[k], _shape(tape, x, varies)].append(_turned(x, varies))
    ordered = sorted(groups.items(), key=lambda item: (*item[0][:2], item[1][0].node))
    return [members for _, members in ordered]


def _shape(tape: Tape, x: Instruction, varies: Sequence[bool]) -> Shape:
    """What lanes of one pack have in common."""
    if x.op != "fold":
        return (x.op, tape.checked[x.node], tuple(varies[a] for a in x.args))
    zero = zero_before(tape, x)
    begin: Any = varies[x.args[-1]] if zero is None else bits(zero)
    terms = tuple(
        # of a product's factors the one that varies comes first
        (kind, varies[a] or varies[b], varies[a] and varies[b])
        for kind, a, b in zip(x.kinds, x.args[::2], x.args[1::2])
    )
    return ("fold", begin, terms, x.after, *(varies[k] for k in x.beside))


def _turned(x: Instruction, varies: list[bool]) -> Instruction:
    """The instruction, with the factor that varies first in each product."""
    if x.op != "fold":
        return x
    args: list[int] = []
    for a, b in zip(x.args[::2], x.args[1::2]):
        args += (b, a) if varies[b] and not varies[a] else (a, b)
    return x._replace(args=(*args, x.args[-1]))
