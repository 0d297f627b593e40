"""The table of rules as C loops: a row's value, or one of its partials, on many lanes.

A compiled program applies a row to a whole pack of numbers at a time. What
:mod:`autograd.native.emit` prints as a function of one lane stands here in a loop
without branches, so that the compiler turns simple arithmetic into vector instructions;
functions of the C library are called lane by lane, for Python's bits.

Where Python might raise, IEEE 754 has a number, and the loop remembers that there was
such a lane: the caller then asks Python, which raises or goes on.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from autograd.native.emit import Block, Expression, NotInC, run, string, text
from autograd.table.primitive import PRIMITIVES, Primitive
from autograd.table.primitives import where
from autograd.table.rules import RULES, Rule

COMPARISONS: dict[str, Callable[..., Any]] = {
    "less": lambda x, y: where(x < y, 1, 0),
    "less_equal": lambda x, y: where(x <= y, 1, 0),
    "equal": lambda x, y: where(x == y, 1, 0),
}
"""What a guard, or a choice by data, asks of two numbers: 1 if it holds, else 0."""


def takes_infinity(primitive: Primitive) -> bool:
    """Whether it does not raise on inf, which may stand for a masked entry."""
    try:
        primitive.real(math.inf)
    except (ArithmeticError, ValueError, TypeError):  # it takes more than one number
        return False
    return True


class Loop(Block):
    """The body of a loop over lanes under construction."""

    def watch(self, result: str, primitive: Primitive, operand: str) -> None:
        """Note a lane whose result may be one where Python raises."""
        self.fallible = True
        check = f"!isfinite({result})"
        if takes_infinity(primitive):
            check = f"failed({result}, {operand})"
        self.statements.append(f"bad |= {check};")


def loop(name: str, count: int, rule: Callable[..., Any], noted: bool) -> str:
    """One C function: a Python function of ``count`` numbers on each of n lanes.

    Args:
        name: of the C function.
        count: how many operands the Python function has.
        rule: the Python function.
        noted: whether to return if a lane was one where Python might raise.

    Raises:
        NotInC: it uses an operation that C does not have to the same bits.
    """
    block = Loop()
    operands = [Expression(block, f"x{i}[k]") for i in range(count)]
    result = text(run(name, rule, operands))
    statements = block.statements
    if not noted:
        statements = [s for s in statements if not s.startswith("bad |=")]
    lines = [
        f"static int {name}(double *d, const double *const *x, int n)",
        "{",
        *(f"    const double *x{i} = x[{i}];" for i in range(count)),
        *(f"    (void)x{i};" for i in range(count)),
        "    int64_t bad = 0;",
        "    IN_LANES",
        "    for (int k = 0; k < n; k++) {",
        *(f"        {s}" for s in statements),
        f"        d[k] = {result};",
        "    }",
        "    return bad != 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def functions() -> Iterator[tuple[str, int, str]]:
    """Each function's name in a program, its number of operands, and its C text.

    A row's value has the row's name; its partial by operand i, a function of the
    operands and the result, has a colon and i behind that.
    """
    for name, compare in COMPARISONS.items():
        yield name, 2, loop(f"lanes_{name}", 2, compare, noted=False)
    for name, rule in RULES.items():
        if not isinstance(rule, Rule):
            continue
        count = len(rule.partials)
        with suppress(NotInC):
            yield name, count, loop(f"lanes_{name}", count, rule.value, True)
        for i, partial in enumerate(rule.partials):
            if callable(partial):
                with suppress(NotInC):
                    yield (
                        f"{name}:{i}",
                        count + 1,
                        loop(f"lanes_{name}_{i}", count + 1, partial, False),
                    )


def lanes() -> Iterator[str]:
    """The header ``lanes.h``: every function, and the list of them."""
    yield "#ifdef FAST"
    yield from (f"#define {p.name} {p.vector}" for p in PRIMITIVES.values() if p.vector)
    yield "#endif\n"
    entries = []
    for name, count, body in functions():
        yield body
        entries.append(f"    {{{string(name)}, {count}, {_called(name)}}},\n")
    yield f"enum {{ LANE_FUNCTIONS = {len(entries)} }};\n"
    yield (
        "#define EVERY_LANE_FUNCTION \\\n"
        + " \\\n".join(e.rstrip("\n") for e in entries)
        + "\n"
    )


def _called(name: str) -> str:
    return "lanes_" + name.replace(":", "_")


def write(directory: str) -> None:
    """Write the header into a directory."""
    first = "/* Made by autograd/native/lanes.py from the table. Do not edit. */\n\n"
    with open(os.path.join(directory, "lanes.h"), "w", newline="\n") as file:
        file.write(first + "\n".join(lanes()))
