"""The table as a type checker and an editor see it: ``autograd/_typed.pyi``.

Functions and methods are made from the table when the package is imported, which
no type checker runs. ``python -m autograd.table.stubs`` writes them down as signatures;
a test fails when the file is out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from autograd.table.functions import FUNCTIONS
from autograd.table.number import BINARY, METHODS, UNARY, signature
from autograd.table.rules import ALIASES, RULES, Reduction

PATH = Path(__file__).parents[1] / "_typed.pyi"

HEADER = '''\
"""What is made from the table, as signatures: by ``python -m autograd.table.stubs``."""

# ruff: noqa: E501
# fmt: off

from collections.abc import Iterable
from typing import TypeAlias, overload

from typing_extensions import Self

from autograd.core.value import Value

Number: TypeAlias = float
"""A plain number; to a type checker, ints, bools and NumPy's float64 are floats."""
'''


EITHER = "Value | Number"


def write() -> None:
    """Write the signatures of the present table."""
    PATH.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole file, from the present table.

    >>> "def tanh(self) -> Self:" in text()
    True
    """
    names = "".join(f'    "{name}",\n' for name in sorted(FUNCTIONS))
    methods = "".join(f"    {line}\n" for line in _methods())
    lines = (line for name in FUNCTIONS for line in _function(name))
    functions = "".join(f"{line}\n" for line in lines)
    exported = f"__all__ = [\n{names}]\n"
    return f"{HEADER}\n{exported}\nclass Methods:\n{methods}\n{functions}"


def _methods() -> Iterator[str]:
    for name in BINARY:
        for method in (f"__{name}__", f"__r{name}__"):
            yield f"def {method}(self, other: Self | Number, /) -> Self: ..."
    for name in UNARY:
        yield f"def __{name}__(self) -> Self: ..."
    names = {name: name for name in METHODS if name != "relu"} | ALIASES
    for method, name in names.items():
        rule = RULES[name]
        if isinstance(rule, Reduction):
            given = ["*others: Self | Number"]
        else:
            _, *others = signature(rule).parameters.values()
            given = [_parameter(other, "Self | Number") for other in others]
        yield f"def {method}({', '.join(['self', *given])}) -> Self:"
        yield f'    """{rule.doc[0].upper()}{rule.doc[1:]}."""'


def _parameter(parameter: inspect.Parameter, kind: str) -> str:
    """A parameter with its type: ``kind``, or an iterable of it for many operands."""
    if parameter.annotation == "Iterable[Any]":
        kind = f"Iterable[{kind}]"
    elif parameter.annotation == "float":
        kind = "Number"
    elif parameter.name == "condition":
        kind = "object"
    if parameter.default is None and kind != "Value":
        kind += " | None"
    star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
    default = parameter.default
    needed = (
        default is parameter.empty or kind == "Value"
    )  # the Value makes the overload
    shown = "" if needed else f" = {default!r}"
    if star and "Iterable" in parameter.annotation:  # or one list in place of them
        kind += f" | Iterable[{kind}]"
    return f"{star}{parameter.name}: {kind}{shown}"


def _function(name: str) -> Iterator[str]:
    """A function's overloads: a Value if an operand is one, else a float."""
    function = FUNCTIONS[name]
    parameters = list(inspect.signature(function).parameters.values())
    sentence = (inspect.getdoc(function) or "").splitlines()[0]
    for number, (kinds, result) in enumerate(_overloads(parameters)):
        given = []
        for parameter, kind in zip(parameters, kinds):
            if parameter.kind is parameter.KEYWORD_ONLY:
                given.append("*")
            given.append(_parameter(parameter, kind))
        line = f"def {name}({', '.join(given)}) -> {result}:"
        if number == 0 and len(set(kinds)) == 1 and kinds[0] == "Number":
            line += "  # type: ignore[overload-overlap]"
        yield "@overload"
        yield line if number == 0 else f"{line} ..."
        if number == 0:
            yield f'    """{sentence}"""'


def _overloads(parameters: list[inspect.Parameter]) -> Iterator[tuple[list[str], str]]:
    many = any(
        parameter.annotation == "Iterable[Any]"
        or parameter.kind is parameter.VAR_POSITIONAL
        for parameter in parameters
    )
    numbers = ["Number"] * len(parameters)
    if many:  # a list of Values and numbers together is a list of their union
        yield numbers, "float"
        yield [EITHER] * len(parameters), "Value"
        return
    for i, parameter in enumerate(parameters):  # operand i is the first Value
        if parameter.annotation == "Any" and parameter.name != "condition":
            yield (
                [*numbers[:i], "Value", *[EITHER] * (len(parameters) - i - 1)],
                "Value",
            )
    yield numbers, "float"


if __name__ == "__main__":
    write()
