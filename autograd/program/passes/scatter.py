"""Gradients of tables over examples: a lookup gives to the entry that it has read.

To an eager Value that is so by itself. Written out on a tape, a lookup passes its
adjoint, or 0, to every entry of the table. But where parameters are in one table and
only ever looked up, the sweep over examples may end at the lookups, and a pack adds
what they give to the entries they have read: the same numbers in the same order, since
adding 0.0 to a sum that began with 0.0 changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.program.adjoint import order_from
from autograd.program.packs import SCATTER, Operand, Pack, Packs, flatten
from autograd.program.tape import TAKE, Tape

__all__ = ["Column", "looked_up", "scattered"]


@dataclass(frozen=True)
class Column:
    """Parameters that are a column of a table, and all that reads them.

    ``lookups`` are the nodes that were taken, in the order in which their adjoints are
    added, and ``indices`` the entries that say which parameter each one is.
    """

    entries: tuple[int, ...]
    lookups: tuple[int, ...]
    indices: tuple[int, ...]


def looked_up(tape: Tape, output: int, parameters: Sequence[int]) -> list[Column]:
    """The columns of parameters that an entry depends on by lookups alone."""
    ops, args = tape.ops, tape.args
    takes = {
        k: args[args[k][0]]
        for k, op in enumerate(ops)
        if op == "pos" and ops[args[k][0]] == TAKE
    }
    if not takes:
        return []
    order = order_from(tape, [output], [args[k][0] for k in takes])
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for k in reversed(order):
        if k in takes:
            found[takes[k][:-1]].append(k)
    often = Counter(x for entries in found for x in entries)
    alone = {x for x in parameters if often[x] == 1}.difference(order)
    columns = []
    for entries, lookups in found.items():
        indices = tuple(takes[k][-1] for k in lookups)
        if alone.issuperset(entries) and all(ops[a] == "input" for a in indices):
            columns.append(Column(entries, tuple(lookups), indices))
    return columns


def scattered(packs: Packs, columns: Sequence[Column], order: Any) -> Packs:
    """The packs, and those that add what lookups give to their parameters.

    Args:
        packs: whose last parameters are those of the columns, without a total; whose
            last outputs are the adjoints of all their lookups, and then the indices.
        columns: of parameters.
        order: which of its parameters come first, second, … in the end.
    """
    many = sum(len(c.lookups) for c in columns)
    outputs, given = np.split(packs.outputs, [len(packs.outputs) - 2 * many])
    cuts = np.cumsum([len(c.lookups) for c in columns])[:-1]
    tables: dict[tuple[tuple[int, ...], int], list[int]] = defaultdict(list)
    for n, c in enumerate(columns):
        tables[c.indices, len(c.entries)].append(n)
    shares, indices = (np.split(part, cuts) for part in np.split(given, 2))
    totals = [np.empty(len(c.entries), np.int64) for c in columns]
    added, first = packs.packs, len(packs.totals)
    for (_, terms), table in tables.items():
        width = len(table)
        for j, n in enumerate(table):
            totals[n][:] = np.arange(first + j, first + j + terms * width, width)
        reads = [[shares[n] for n in table], [indices[n] for n in table]]
        operands = tuple(_operand(np.array(x).T, packs.uniform) for x in reads)
        lookups = len(shares[table[0]])
        out = Operand(first, 0, 1, width)
        added = [*added, Pack(SCATTER, lookups, width, out, operands, terms)]
        first += terms * width
    return replace(
        packs,
        outputs=outputs,
        parameters=packs.parameters[order],
        totals=np.concatenate([packs.totals, *totals])[order],
        flat=flatten(added),
    )


def _operand(slots: Any, uniform: int) -> Operand:
    """What reads these slots (lookups, columns), by a rule if there is one."""
    base, (m0, m1) = int(slots[0, 0]), slots.shape
    s0 = int(slots[1, 0]) - base if m0 > 1 else 0
    s1 = int(slots[0, 1]) - base if m1 > 1 else 0
    rule, flat = Operand(base, s0, s1), slots.reshape(1, -1)
    varies = slots >= uniform
    if np.array_equal(rule.slots(1, m0, m1), flat) and varies.all() == varies.any():
        return rule
    return Operand(base, index=flat)
