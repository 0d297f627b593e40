"""A recording in words: its tape as assignments, and its packs with their widths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.program.passes.simplify import live
from autograd.program.tape import LEAVES, Tape

if TYPE_CHECKING:
    from autograd.program.packs import Pack, Packs
    from autograd.program.recording import Recording

__all__ = ["listing"]

LONGEST = 40
"""Of a longer tape, or more packs, the listing shows so many lines."""

OPS = ("fold", "row", "partial", "many", "take", "dots", "total", "scatter")
KINDS = ("products", "terms", "terms subtracted")


def listing(recording: Recording) -> str:
    """The tape that results and guards need, and the packs of each purpose."""
    tape = recording.tape
    wanted = [*recording.outputs, *(guard.entry for guard in recording.guards)]
    lines = ["tape:"]
    lines += _shortened([_entry(tape, k) for k in live(tape, wanted)])
    for guard in recording.guards[:LONGEST]:
        truth = "holds" if guard.outcome else "does not hold"
        lines.append(f"  guard: v{guard.entry} {truth}, asked at {guard.where}")
    lines.append("  return " + ", ".join(f"v{k}" for k in recording.outputs))
    for (slopes, varying, total), machine in recording._machines.items():
        purpose = "call"
        if total:
            purpose = "gradients over examples"
        elif varying:
            purpose = "map"
        elif slopes:
            purpose = "call with derivatives by the parameters"
        packs = machine.packs
        lines.append(f"packs to {purpose}: {packs.count}, {packs.slots} slots")
        lines += _shortened([_pack(packs, p) for p in packs.packs])
    return "\n".join(lines)


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= LONGEST:
        return lines
    half = LONGEST // 2
    return [*lines[:half], f"  … {len(lines) - 2 * half} more …", *lines[-half:]]


def _entry(tape: Tape, k: int) -> str:
    """One entry as an assignment."""
    op = tape.ops[k]
    label = f"  # {tape.labels[k]}" if k in tape.labels else ""
    if op == "number":
        return f"  v{k} = {tape.numbers[k]!r}"
    if op in LEAVES:
        return f"  v{k} = {op}{label}"
    operands = ", ".join(f"v{a}" for a in tape.args[k])
    return f"  v{k} = {op}({operands}){label}"


def _pack(packs: Packs, p: Pack) -> str:
    """One pack: what it does, on how many lanes, and how it finds its operands."""
    what: Any = OPS[p.op]
    if p.row >= 0:
        what = packs.rows[p.row]
    elif what == "fold":
        what = f"fold of {p.terms} {KINDS[p.kind]}"
    gathered = sum(x.index is not None for x in p.operands)
    how = f", {gathered} gathered" if gathered else ""
    return f"  {what}: {p.m0} × {p.m1} lanes{how}"
