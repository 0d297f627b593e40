"""The table of rules as JavaScript: its own functions, run on operands that write text.

As :mod:`autograd.native.emit` prints C, a :class:`Script` prints what a row computes:
its value and all its partials in one function, for the rows that a graph has, whenever
a page is written. The explorer computes with these functions. What JavaScript's
``Math`` lacks stands in ``explorer_math.js`` by the name that the table has for it.

All is plain IEEE arithmetic: where Python raises, the page has inf or nan. ``+ − × ÷``,
√, rounding, remainders and ``fma`` have Python's bits. ``Math`` leaves the last digits
of the others to the browser; they are within 4 units in the last place in Chromium.
The gamma function is within 12, its logarithm within 16 units of the larger of it and
1; ψ and its derivatives f run Python's own steps, within 4 times 2^-53 (|f| + |x f'|).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from autograd.pictures.translate import translated
from autograd.table import psi
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import PRIMITIVES
from autograd.table.rules import CHECKPOINT, RULES, Reduction

__all__ = ["emitted"]

MATH = {
    *("abs", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "hypot"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
}
"""Functions of the platform."""

SIGNS = {"eq": "===", "ne": "!==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def asset(name: str) -> str:
    """A file of the page."""
    return files("autograd.pictures").joinpath(name).read_text(encoding="utf-8")


OWN = set(re.findall(r"^function (\w+)", asset("explorer_math.js"), re.MULTILINE))


PSI = ("polygamma", "limit", "coefficients", "BERNOULLI", "ROOT", "REST")
"""What the page takes from the functions of digamma as Python has them."""


class NotInScript(Exception):  # noqa: N818  # no error: Python computes such rows
    """A primitive that the page does not have."""


class Script(Comparisons, Operations):
    """A number in a function of the page: its text, behind the statements so far."""

    __slots__ = ("statements", "text")

    def __init__(self, statements: dict[str, str], text: str) -> None:
        self.statements = statements  # the variable that holds each expression
        self.text = text

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            if not isinstance(condition, Script):
                return x if condition else y
            test = "" if isinstance(condition, Condition) else " !== 0"
            return self._let(f"{condition.text}{test} ? {text(x)} : {text(y)}")
        listed = [text(x) for x in operands]
        if name in MATH or name in OWN:
            prefix = "" if name in OWN else "Math."
            return self._let(f"{prefix}{name}({', '.join(listed)})")
        if name not in PRIMITIVES:
            return RULES[name].value(*operands)  # made of others
        if not PRIMITIVES[name].js:
            raise NotInScript(name)
        return self._let(PRIMITIVES[name].js.format(*listed))

    def _let(self, expression: str) -> Script:
        variable = f"t{len(self.statements)}"
        return Script(self.statements, self.statements.setdefault(expression, variable))

    def _compare(self, compare: Any, other: Any) -> Condition:
        sign = SIGNS[compare.__name__]
        return Condition(self.statements, f"({self.text} {sign} {text(other)})")

    def __bool__(self) -> bool:
        raise TypeError("a rule must branch with where(), not with if")


class Condition(Script):
    """A comparison of two numbers."""

    __slots__ = ()


def text(x: Any) -> str:
    """An expression, or a number as the same double."""
    if isinstance(x, Script):
        return x.text
    said = repr(float(x)).replace("inf", "Infinity").replace("nan", "NaN")
    return f"({said})" if said.startswith("-") else said


def function(op: str, count: int) -> str:
    """A row as a function from the numbers of its operands to ``[z, ...partials]``.

    ``null`` if it is Python's alone: a checkpoint, a row of a primitive that the page
    does not have, or one of one's own that needs numbers.

    >>> print(function("log1p", 1))
    (x) => {
      const t0 = Math.log1p(x[0]);
      const t1 = 1.0 + x[0];
      const t2 = 1.0 / t1;
      return [t0, t2];
    }
    """
    rule: Any = RULES.get(op, CHECKPOINT)
    statements: dict[str, str] = {}
    xs = [Script(statements, f"x[{i}]") for i in range(count)]
    try:
        if rule is CHECKPOINT:
            raise TypeError("what it calls is not in the graph")
        z = rule.value(*xs)
        if isinstance(rule, Reduction):
            partials = rule.row(xs, z)
        else:
            partials = [rule.partial(i, xs, z) for i in range(count)]
        results = ", ".join(map(text, [z, *partials]))
    except Exception:  # whatever a function of numbers raises at a text
        return "null"
    lines = "".join(f"  const {t} = {said};\n" for said, t in statements.items())
    return f"(x) => {{\n{lines}  return [{results}];\n}}"


def emitted(rows: Iterable[tuple[str, int]]) -> str:
    """The rows by name and number of operands, behind what ``Math`` lacks."""
    listed = ",\n".join(f'"{op}/{n}": {function(op, n)}' for op, n in sorted(set(rows)))
    used = "null"
    if "gamma(" in listed:
        used = translated(psi, *PSI, own="scaled_factorial")
    math = f"{asset('explorer_math.js')}\nconst psi = {used};"
    return f"{math}\nconst ROWS = {{\n{listed}\n}};\n"
