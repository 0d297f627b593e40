"""ReLU, and the share by its partial, in the registers of the fold before.

A product alone is a fold here. What is not stored need not come through the cache.
ReLU's partial is the same at x and at max(x, 0), so that x itself is needed by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from autograd.program.packs import PRODUCT
from autograd.program.passes.folds import Instruction

__all__ = ["fused"]

VALUE, PARTIAL = "relu", "relu:0"


def fused(
    instructions: list[Instruction], outputs: Sequence[int], varies: Sequence[bool]
) -> list[Instruction]:
    """The instructions, with those that follow a fold alone as a part of it.

    Args:
        instructions: as ``folded`` leaves them.
        outputs: entries that somebody reads.
        varies: which entries differ from example to example.
    """
    reads = Counter(a for x in instructions for a in x.args)
    reads.update(outputs)
    slopes = Counter(x.args[0] for x in instructions if x.op == PARTIAL)
    at = {x.node: n for n, x in enumerate(instructions)}
    made: list[Instruction | None] = list(instructions)

    def fold_before(k: int, times: int) -> Instruction | None:
        """The fold that gives ``k``, if it is read so often and no more."""
        found = made[at[k]] if k in at and reads[k] == times else None
        return found if found and found.op == "fold" and not found.after else None

    def product_before(k: int, n: int) -> Instruction | None:
        """A product as a fold, if nobody but instruction ``n`` reads it."""
        found = made[at[k]] if k in at and reads[k] == 1 else None
        if not found or found.op != "mul" or varies[k] != varies[instructions[n].node]:
            return None
        return found._replace(op="fold", args=(*found.args, -1), kinds=(PRODUCT,))

    for n, x in enumerate(instructions):
        if x.op == VALUE:
            # a partial reads x too, and is to read max(x, 0) instead
            before = fold_before(x.args[0], 1 + slopes[x.args[0]])
            if before is not None:
                made[at[before.node]] = None
                made[n] = before._replace(node=x.node, after=VALUE)
        elif x.op == PARTIAL and x.args[0] in at and made[at[x.args[0]]] is None:
            made[n] = x._replace(args=(x.args[1], x.args[1]))
        elif x.op == "where":  # of the product with its partial, and 0 where that is 0
            slope, share = x.args[:2]
            partial = made[at[slope]] if slope in at and reads[slope] == 2 else None
            times = made[at[share]] if share in at and reads[share] == 1 else None
            if partial is None or partial.op != PARTIAL or times is None:
                continue
            factors = [a for a in times.args if a != slope]
            if times.op != "mul" or len(factors) != 1:
                continue
            before = fold_before(factors[0], 1) or product_before(factors[0], n)
            if before is not None and partial.args[0] == partial.args[1]:
                made[at[before.node]] = made[at[slope]] = made[at[share]] = None
                made[n] = before._replace(
                    node=x.node, after=PARTIAL, beside=(partial.args[1],)
                )
    return [x for x in made if x is not None]
