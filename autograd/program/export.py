"""A recording as C99: one function of plain doubles, which needs libm alone.

The rows of the table run on :class:`autograd.native.emit.Expression`, which prints what
they compute, so that C has no second copy of them.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograd.native.emit import Block, Expression, NotInC, string, text
from autograd.program.adjoint import sweep
from autograd.program.passes.simplify import live, simplified
from autograd.program.standalone import INSTEAD, helpers
from autograd.program.tape import Tape, value_of_row

if TYPE_CHECKING:
    from autograd.program.recording import Recording

__all__ = ["c_source"]

RESERVED = """
    auto break case char const continue default do double else enum extern float
    for goto if inline int long main register restrict return short signed
    sizeof static struct switch typedef union unsigned void volatile while
"""

VARIABLE = re.compile(r"\bt\d+\b")


def c_source(recording: Recording, name: str, gradient: bool = False) -> str:
    """The text of a C file with one function.

    Args:
        recording: the path to export.
        name: of the function.
        gradient: whether the derivatives of the only output follow it: by each input,
            then by each parameter.

    Raises:
        ValueError: ``name`` is no name in C, or a gradient is asked of several outputs.
        TypeError: an operation has bits of its own in Python.
    """
    if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
        raise ValueError(f"to_c: name must be an identifier of C, got {name!r}")
    if name in RESERVED.split() or keyword.iskeyword(name) or hasattr(math, name):
        raise ValueError(f"to_c: {name!r} means something else in C: take another name")
    tape, outputs = recording.tape, list(recording.outputs)
    if gradient:
        if len(outputs) != 1:
            raise ValueError(
                f"to_c: a gradient is of one output, this has {len(outputs)}"
            )
        leaves = [*recording.inputs, *recording.parameters]
        outputs += sweep(tape, outputs[0], leaves, stop=False)
    conditions = [guard.entry for guard in recording.guards]
    new, place = simplified(tape, [*outputs, *conditions])
    names = {
        place[k]: f"{array}[{i}]"
        for array, entries in (("x", recording.inputs), ("p", recording.parameters))
        for i, k in enumerate(entries)
        if place[k] >= 0
    }
    block = Block(instead=INSTEAD)
    for k in live(new, [place[k] for k in (*outputs, *conditions)]):
        if k not in names:
            names[k] = _printed(block, new, k, names)
    ends = []
    for i, guard in enumerate(recording.guards):
        sign = "==" if guard.outcome else "!="
        ends.append(f"if ({names[place[guard.entry]]} {sign} 0.0) return {i + 1};")
    if tape.hasty:
        for x in sorted({names[place[k]] for k in (*outputs, *conditions)}):
            ends.append(f"if ({x} != {x}) return -1;")
    ends += [f"y[{i}] = {names[place[k]]};" for i, k in enumerate(outputs)]
    block.statements = _read_later(block.statements, ends)
    lines = [f"    {line}" for line in (*block.statements, *ends)]
    guards = "".join(
        f"\n   {i + 1}: another outcome at {string(guard.where)[1:-1]}".replace(
            "*/", "* /"
        )
        for i, guard in enumerate(recording.guards)
    )
    return (
        "#include <math.h>\n\n"
        "#pragma STDC FP_CONTRACT OFF\n\n"
        + "".join(f"{x}\n" for x in helpers(block))
        + f"/* y[{len(outputs)}] of x[{len(recording.inputs)}] and the parameters "
        f"p[{len(recording.parameters)}]. Returns 0, or that these arguments\n"
        f"   take a path that was not recorded, and then y is as it was.{guards} */\n"
        f"int {name}(const double *x, const double *p, double *y)\n"
        "{\n    (void)x;\n    (void)p;\n" + "\n".join(lines) + "\n    return 0;\n}\n"
    )


def _read_later(statements: Sequence[str], ends: Sequence[str]) -> list[str]:
    """The statements whose variable is read, by others of them or at the ends: partials
    may leave out a result."""
    read = set(VARIABLE.findall(" ".join(ends)))
    kept = []
    for statement in reversed(statements):
        variable, *others = VARIABLE.findall(statement)
        if variable in read:
            read.update(others)
            kept.append(statement)
    return kept[::-1]


def _printed(block: Block, tape: Tape, k: int, names: dict[int, str]) -> str:
    """Entry ``k`` as an expression of C."""
    op = tape.ops[k]
    if op == "number":
        number = tape.value(k)
        return "NAN" if number != number else f"({text(number)})"
    operands = [Expression(block, names[a]) for a in tape.args[k]]
    try:
        return text(INSTEAD.get(op, value_of_row(op))(*operands))
    except (NotInC, TypeError):
        raise TypeError(
            f"to_c: C's library has no {op!r} with the bits of Python's"
        ) from None
