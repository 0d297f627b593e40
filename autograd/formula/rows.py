"""The rules as mathematics: each row of the table, run on symbols.

The formulas that the engines compute are read off the table itself; none is written
here. A constant operand goes in as the number that it is, so that the rule of
``x ** 2`` reads ``2 x``, and not as the general power. Parts that are computed as
another row is, or by a helper of the rules that has a name, are shown by that name.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.formula.notation import MathML, mathml, text
from autograd.formula.symbol import Symbol, key
from autograd.table.rules import (
    RULES,
    Reduction,
    Rule,
    product,
)

__all__ = ["Formula", "formulas", "operand_names"]

RESULT = "f"
NAMES = {"x": "u", "y": "v"}
"""Letters of the formulas where the table has letters that are the lecture's own."""


class Formula(NamedTuple):
    """What a rule says: a left side, what it equals, and what its letters mean.

    ``left`` is ``f`` for the value, and the operand's name for a partial.
    ``letters`` are parts that occur several times, written once: (letter, part).
    """

    left: str
    right: Any
    letters: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        left = RESULT if self.left == RESULT else f"∂{RESULT}/∂{self.left}"
        given = ", ".join(f"{letter} = {text(part)}" for letter, part in self.letters)
        return f"{left} = {text(self.right)}" + (f"  with {given}" if given else "")

    def mathml(self) -> str:
        """The same as a ``math`` element."""
        style = MathML()
        name = style.name(self.left)
        left = (
            name
            if self.left == RESULT
            else f"<mfrac><mrow><mo>∂</mo><mi>{RESULT}</mi></mrow>"
            f"<mrow><mo>∂</mo>{name}</mrow></mfrac>"
        )
        given = "".join(
            f"<mtext>{',' if i else '&nbsp;&nbsp;with'}&nbsp;</mtext>"
            f"{style.name(letter)}<mo>=</mo>{mathml(part)}"
            for i, (letter, part) in enumerate(self.letters)
        )
        inner = f"{left}<mo>=</mo>{mathml(self.right)}{given}"
        return f'<math displaystyle="true"><mrow>{inner}</mrow></math>'


def formulas(
    rule: Rule | Reduction, constants: Sequence[float | None] = ()
) -> list[Formula]:
    """The value of a row and its partials as mathematics, ``f`` being the result.

    Args:
        rule: a row of the table.
        constants: for each operand the number that it is, or None if it is a
            Value; a constant has no partial. Empty stands for Values throughout.
            The terms of a reduction are always Values.

    Returns:
        The value first, then the partial by each operand that is a Value.

    >>> for formula in formulas(RULES["tanh"]):
    ...     print(formula)
    f = tanh(u)
    ∂f/∂u = 4 t / (1 + t)²  with t = e^(−2 |u|)
    >>> print(formulas(RULES["pow"], (None, 3.0))[1])
    ∂f/∂u = 3 u²
    """
    if isinstance(rule, Reduction):
        found = list(_reduction(rule, bool(len(constants) % rule.columns)))
    else:
        given = [*constants] or [None] * len(rule.partials)
        names = operand_names(rule)
        operands = [
            Symbol.named(name) if number is None else number
            for name, number in zip(names, given)
        ]
        z = Symbol.named(RESULT)
        found = [(RESULT, _run(rule.value, rule.name, operands))]
        found += [
            (name, _partial(rule, i, [*operands, z]))
            for i, (name, number) in enumerate(zip(names, given))
            if number is None
        ]
    own = {rule.name} - {"exp_minus_square"}  # which is written as what it is
    named = {name for name, _, _ in _patterns()} - own
    return [_lettered(left, folded(right, named)) for left, right in found]


def operand_names(rule: Rule) -> list[str]:
    """What a row's operands are called: as in the table, unless the lecture has those.

    >>> operand_names(RULES["mul"]), operand_names(RULES["bce"])
    (['u', 'v'], ['p', 'y'])
    """
    taken = "xyz" if {"x", "z"} & {*rule.parameters} else ""  # bce's y is the lecture's
    free = (letter for letter in "uvwpqr" if letter not in rule.parameters)
    return [next(free) if name in taken else name for name in rule.parameters]


def _run(
    function: Callable[..., Any], name: str, operands: Sequence[Symbol | float]
) -> Any:
    """What a function makes of symbols; if it needs numbers, the call of its name.

    All rows of the table take symbols. One that a user adds may branch or call
    ``math``, which is well as long as only floats come.
    """
    try:
        return function(*operands)
    except Exception:  # whatever a user's function raises at a symbol
        return Symbol(name, tuple(operands))


def _partial(rule: Rule, i: int, operands: Sequence[Symbol | float]) -> Any:
    *numbers, z = operands
    formula = lambda *_: rule.formula(i, numbers, z)
    return _run(formula, f"partials[{i}]", operands)


def _reduction(rule: Reduction, starts: bool) -> Iterator[tuple[str, Any]]:
    """A reduction's formulas: of its term i, of its n terms, and of its start s.

    A column whose partial is 0 everywhere is left out: a checkpoint keeps its slopes
    in one.
    """
    names = _operands(rule)
    term = [Symbol.named(f"{name}_i") for name in names]
    n, z, start = Symbol.named("n"), Symbol.named(RESULT), Symbol.named("s")
    if rule.step is None:
        ends = [
            (f"{name}_1", "…", f"{name}_n")
            for name, partial in zip(names, rule.partials)
            if partial != 0
        ]
        operands = tuple(Symbol.named(name) for end in ends for name in end)
        value: Any = Symbol(rule.name, operands)
    else:
        # One step from 0 is the term that the sum adds up.
        value = Symbol("sigma", (rule.step(0, *term),))
        if starts:
            value = value + start
        if rule.finish is not None:
            value = rule.finish(value, n)  # type: ignore[arg-type]  # n is a symbol
    yield RESULT, value
    for name, partial in zip(names, rule.partials):
        if partial != 0 and partial is not None:
            yield f"{name}_i", partial(*term, z, n) if callable(partial) else partial
    if starts and rule.step is not None:
        yield "s", rule.partial(rule.columns, [*term, start], z)


def _operands(rule: Reduction) -> Sequence[str]:
    """What one term's operands are called: as the row's own partials call them."""
    for partial in (*rule.partials, *rule.together):
        if callable(partial):
            code = partial.__code__
            names = code.co_varnames[: rule.columns]
            return [NAMES.get(name, name) for name in names]
    return ("u", "v", "w")[: rule.columns]


def folded(x: Any, rows: Collection[str]) -> Any:
    """An expression in which what equals another row's value is called by its name."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    for name, operands, pattern in _patterns():
        bound: dict[str, Any] = {}
        if name in rows and _matches(pattern, x, bound):
            return Symbol(
                name,
                tuple(
                    folded(bound[v.operands[0]], rows) if isinstance(v, Symbol) else v
                    for v in operands
                ),
            )
    return Symbol(x.operation, tuple(folded(y, rows) for y in x.operands))


@functools.cache
def _patterns() -> list[tuple[str, tuple[Any, ...], Any]]:
    """The expressions that have a name, with the name and what it is applied to."""
    x, y = Symbol.named("x"), Symbol.named("y")
    applied: list[tuple[str, tuple[Any, ...]]] = [
        (name, operands)
        for name in ("maximum", "minimum")
        for operands in ((x, 0), (x, y))
    ]
    applied.append(("sigmoid", (x,)))
    return [
        *((name, operands, RULES[name].value(*operands)) for name, operands in applied),
        ("exp_minus_square", (x,), RULES["exp_minus_square"].value(x)),
        ("mul", (y, x), product(x, y)),
    ]


def _matches(pattern: Any, x: Any, bound: dict[str, Any]) -> bool:
    """Whether ``x`` is the pattern, with some expression for each of its names."""
    if not isinstance(pattern, Symbol):
        return not isinstance(x, Symbol) and bool(pattern == x)
    if pattern.operation == "name":
        before = bound.setdefault(pattern.operands[0], x)
        return before is x or key(before) == key(x)
    return (
        isinstance(x, Symbol)
        and x.operation == pattern.operation
        and len(x.operands) == len(pattern.operands)
        and all(_matches(p, y, bound) for p, y in zip(pattern.operands, x.operands))
    )


LETTERS = "tqr"


def _lettered(left: str, right: Any) -> Formula:
    """Give letters to the longer parts that an expression holds more than once."""
    letters: list[tuple[str, Any]] = []
    for letter in LETTERS:
        found: list[Symbol] = []
        _collect(right, found)
        counts = Counter(map(key, found))
        repeated = [x for x in found if counts[key(x)] > 1 and size(x) > 2]
        if not repeated:
            break
        part = max(repeated, key=size)
        letters.append((letter, part))
        right = replaced(right, part, Symbol.named(letter))
    return Formula(left, right, tuple(letters))


def _collect(x: Any, found: list[Symbol]) -> None:
    """All parts of an expression but names; those of a square once."""
    if isinstance(x, Symbol) and x.operation != "name":
        found.append(x)
        squared = x.operation == "mul" and key(x.operands[0]) == key(x.operands[1])
        for operand in x.operands[:1] if squared else x.operands:
            _collect(operand, found)


def size(x: Any) -> int:
    """How many operations an expression holds."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return 0
    return 1 + sum(map(size, x.operands))


def replaced(x: Any, part: Symbol, letter: Symbol) -> Any:
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    if key(x) == key(part):
        return letter
    return Symbol(x.operation, tuple(replaced(y, part, letter) for y in x.operands))
