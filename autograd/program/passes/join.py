"""Packs that were cut into grids, put together again for who pays by the call.

To C a grid saves index arrays. To an array library each pack is some calls, which cost
more than the gathers of a few hundred numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.program.packs import (
    FOLD,
    NOTHING,
    OUT,
    PARTIAL,
    PRODUCT,
    ROW,
    SCATTER,
    Operand,
    Pack,
)

__all__ = ["joined"]

SMALL = 1024
"""A grid of fewer products than this costs more as a pack than as gathers."""


def joined(packs: Iterable[Pack], uniform: int) -> list[Pack]:
    """The same instructions in fewer packs.

    Args:
        packs: in the order in which they run.
        uniform: only what writes slots before this one is touched.
    """
    return _neighbors(_neighbors(packs, uniform, _beside), uniform, _after)


def _neighbors(packs: Iterable[Pack], uniform: int, join: Any) -> list[Pack]:
    """Packs that ``join`` puts together, as long as it gives any."""
    found: list[Pack] = []
    run: list[Pack] = []
    for p in packs:
        if run and p.out.base < uniform and join(run, p):
            run.append(p)
        else:
            found += _together(run, join)
            run = [p]
    return found + _together(run, join)


def _together(run: list[Pack], join: Any) -> list[Pack]:
    if len(run) < 2 or sum(lanes_of(p) * p.terms for p in run) > SMALL * len(run):
        return run
    first, last = run[0], run[-1]
    read = [slots_of(p) for p in run]
    if join is _beside:
        operands = [np.concatenate(column, axis=1) for column in zip(*read)]
        lanes, terms = sum(map(lanes_of, run)), first.terms
    else:
        n = factors(first)
        parts = zip(*(slots[:n] for slots in read))
        operands = [np.concatenate(column) for column in parts]
        operands += [*read[0][n:], *read[-1][n:]]
        lanes, terms = lanes_of(first), sum(p.terms for p in run)
    return [
        replace(
            first,
            m0=1,
            m1=lanes,
            out=Operand(first.out.base, 0, 1),
            operands=tuple(map(_operand, operands)),
            terms=terms,
            after=last.after,
            after_row=last.after_row,
        )
    ]


def lanes_of(p: Pack) -> int:
    """How many lanes a pack has."""
    return p.m0 * p.m1


def factors(p: Pack) -> int:
    """How many operands have a slot for each term."""
    if p.op == SCATTER:
        return 0
    return 2 if p.op == FOLD and p.kind == PRODUCT else 1


def slots_of(p: Pack) -> list[Any]:
    """The slots (terms, lanes) that each operand reads."""
    n = factors(p)
    return [
        x.slots(p.terms if i < n else 1, p.m0, p.m1) for i, x in enumerate(p.operands)
    ]


def _beside(run: list[Pack], p: Pack) -> bool:
    """Whether a pack does the same on the lanes after those of others."""
    first, last = run[0], run[-1]
    if (
        p.op not in (FOLD, ROW, PARTIAL)
        or _head(p) != _head(first)
        or not (_solid(last) and _solid(p))
    ):
        return False
    begin, end = first.out.base, last.out.base + lanes_of(last)
    return p.out.base == end and not any(
        ((x >= begin) & (x < end)).any() for x in slots_of(p)
    )


def _after(run: list[Pack], p: Pack) -> bool:
    """Whether a fold goes on with the lanes of others, by terms of the same kind."""
    last = run[-1]
    return (
        p.op == last.op == FOLD
        and p.begin == OUT
        and p.kind == last.kind
        and last.after == NOTHING
        and p.out.base == last.out.base
        and lanes_of(p) == lanes_of(last)
        and _solid(p)
        and _solid(last)
    )


def _solid(p: Pack) -> bool:
    """Whether the lanes of a pack are written side by side."""
    return (p.m1 == 1 or p.out.s1 == 1) and (p.m0 == 1 or p.out.s0 == p.m1)


def _head(p: Pack) -> Any:
    start = np.float64(p.start).tobytes()  # 0.0 is not -0.0
    same = p.op, p.row, p.kind, p.terms, p.begin, start, p.after, p.after_row
    return *same, p.checked, len(p.operands)


def _operand(slots: Any) -> Operand:
    """What reads these slots (terms, lanes), by a rule if there is one."""
    base = int(slots[0, 0])
    term = int(slots[1, 0]) - base if len(slots) > 1 else 0
    step = int(slots[0, 1]) - base if slots.shape[1] > 1 else 0
    rule = Operand(base, 0, step, term)
    same = np.array_equal(rule.slots(len(slots), 1, slots.shape[1]), slots)
    return rule if same else Operand(base, index=slots)
