"""Folds: a chain of additions is one instruction that keeps its accumulator.

``((s + a·b) + c·d) + e`` is a fold from ``s`` over two products and a term, if nobody
else reads the sums and products in between. The additions and their order stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.program.packs import MINUS, PLUS, PRODUCT
from autograd.program.tape import LEAVES, Tape

__all__ = ["Instruction", "folded"]


class Instruction(NamedTuple):
    """What becomes a lane of a pack.

    A fold (``op`` is ``"fold"``) has ``kinds`` of terms; ``args`` are the products'
    two factors and the other terms, in order, and then what it starts with. ``after``
    is the row, or the partial at ``beside``, that follows before it is stored. Any
    other operation has its operands.
    """

    node: int
    op: str
    args: tuple[int, ...]
    kinds: tuple[int, ...] = ()
    after: str = ""
    beside: tuple[int, ...] = ()


class _Chain(NamedTuple):
    start: int  # an entry, or -1: from −0.0, to which adding is exact
    terms: list[tuple[int, tuple[int, ...]]]  # kind and operands


def folded(
    tape: Tape, outputs: Sequence[int], varies: Sequence[bool]
) -> list[Instruction]:
    """The instructions of a tape, in its order.

    Args:
        tape: of rows, as ``simplified`` leaves it.
        outputs: entries that somebody reads.
        varies: which entries differ from example to example. A sum that does not is
            no part of one that does, so that it is computed once.
    """
    uses = [0] * len(tape)
    for args in tape.args:
        for a in args:
            uses[a] += 1
    for k in outputs:
        uses[k] += 2
    ops = tape.ops
    inner = bytearray(len(tape))
    chains: dict[int, _Chain] = {}

    def product(x: int, k: int) -> bool:
        return ops[x] == "mul" and uses[x] == 1 and varies[x] == varies[k]

    for k, op in enumerate(ops):
        if op not in ("add", "sub"):
            continue
        a, b = tape.args[k]
        if a in chains and uses[a] == 1 and varies[a] == varies[k]:
            chain = chains.pop(a)
            inner[a] = 1
        elif product(a, k):
            chain = _Chain(-1, [(PRODUCT, tape.args[a])])
            inner[a] = 1
        else:
            chain = _Chain(a, [])
        if op == "sub":
            chain.terms.append((MINUS, (b, b)))
        elif product(b, k):
            chain.terms.append((PRODUCT, tape.args[b]))
            inner[b] = 1
        else:
            chain.terms.append((PLUS, (b, b)))
        chains[k] = chain

    found = []
    for k, op in enumerate(ops):
        if inner[k] or op in LEAVES:
            continue
        chain_of = chains.get(k)
        if chain_of is None:
            found.append(Instruction(k, op, tape.args[k]))
            continue
        kinds = tuple(kind for kind, _ in chain_of.terms)
        operands = [x for _, pair in chain_of.terms for x in pair]
        found.append(Instruction(k, "fold", (*operands, chain_of.start), kinds))
    return found
