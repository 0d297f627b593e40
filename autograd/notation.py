"""The rules as mathematics: each row of the table, run on symbols that print.

A :class:`Symbol` answers every operation with the expression that it stands for.
Running a row's value and partials on symbols therefore gives the formulas that
the engines compute, as text for a terminal and as MathML for a page; no formula
is written here. A constant operand goes in as the number that it is, so that the
rule of ``x ** 2`` reads ``2 x``, and not as the general power.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from autograd.operations import Operations
from autograd.rules import RULES, Reduction, Rule, exp_minus_square

__all__ = ["Formula", "Symbol", "formulas", "mathml", "text"]

COMPARISONS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}
FUNCTIONS = {
    "log": "ln",
    "log2": "log₂",
    "log10": "log₁₀",
    "cbrt": "∛",
    "sigmoid": "σ",
    "maximum": "max",
    "minimum": "min",
}
"""Functions that mathematics calls otherwise than Python."""

CONSTANTS = {
    math.log(2): "(ln 2)",
    math.log(10): "(ln 10)",
    math.sqrt(0.5): "√½",
    2 / math.sqrt(math.pi): "(2/√π)",
    1 / math.sqrt(2 * math.pi): "(1/√(2π))",
    180 / math.pi: "(180/π)",
    math.pi / 180: "(π/180)",
    math.inf: "∞",
}
"""Rounded constants by what they are rounded from."""


class Symbol(Operations):
    """An expression: an operation and what it is applied to, or a name.

    >>> x = Symbol.named("x")
    >>> text(x.tanh() * 2 + 1)
    '2 tanh(x) + 1'
    """

    __slots__ = ("operands", "operation")

    def __init__(self, operation: str, operands: tuple[Any, ...]) -> None:
        self.operation = operation
        self.operands = operands

    @classmethod
    def named(cls, name: str) -> Symbol:
        """A variable."""
        return cls("name", (name,))

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            return _choice(*operands)
        if name in ("add", "sub", "mul", "truediv", "pow"):
            return _plain(name, *operands)
        return Symbol(name, operands)

    def key(self) -> tuple[Any, ...]:
        """What is equal for equal expressions."""
        return (
            self.operation,
            *(x.key() if isinstance(x, Symbol) else x for x in self.operands),
        )

    def __bool__(self) -> bool:
        raise TypeError("a symbol is neither true nor false: branch with where, not if")

    def __repr__(self) -> str:
        return f"Symbol({text(self)!r})"

    __hash__ = None  # type: ignore[assignment]


def _comparison(name: str) -> Callable[[Symbol, Any], Symbol]:
    return lambda self, other: Symbol(name, (self, other))


for _name in COMPARISONS:
    setattr(Symbol, f"__{_name}__", _comparison(_name))


def _is(x: Any, number: float) -> bool:
    return not isinstance(x, Symbol) and x == number


def _plain(name: str, x: Any, y: Any) -> Any:
    """The same without terms of 0, factors of 0 and 1, and powers of 1."""
    if name == "add" and _is(x, 0):
        return y
    if name in ("add", "sub") and _is(y, 0):
        return x
    if name == "sub" and _is(x, 0):
        return Symbol("neg", (y,))
    if name == "mul" and (_is(x, 0) or _is(y, 0)):
        return 0
    if name == "mul" and _is(x, 1):
        return y
    if name == "truediv" and _is(x, 0):
        return 0
    if name in ("mul", "truediv", "pow") and _is(y, 1):
        return x
    return Symbol(name, (x, y))


def _choice(condition: Any, x: Any, y: Any) -> Any:
    """``x`` if the condition holds, else ``y``; decided already if it is a number."""
    if not isinstance(condition, Symbol):
        return x if condition else y
    if _key(x) == _key(y):
        return x
    condition = _statement(condition)
    if isinstance(x, Symbol) and x.operation == "where":
        inner, yes, no = x.operands
        if _key(no) == _key(y):  # both conditions lead to ``yes``, all else to ``no``
            return Symbol("where", (Symbol("and", (condition, inner)), yes, no))
    return Symbol("where", (condition, x, y))


def _statement(condition: Symbol) -> Symbol:
    """A number that counts as true where it is not 0, as the statement that it is."""
    if condition.operation == "where":
        inner, yes, no = condition.operands
        if _is(yes, 1) and _is(no, 0):
            return inner  # type: ignore[no-any-return]
    if condition.operation == "mul":
        return Symbol("and", tuple(_statement(x) for x in condition.operands))
    if condition.operation in COMPARISONS:
        return condition
    return Symbol("ne", (condition, 0))


# What follows prints. A piece of print has a tightness: a part that is looser than
# its place allows is put in parentheses.

LOOSE, SUM, PRODUCT, POWER, ATOM = range(5)


class Print(NamedTuple):
    """A printed expression and how tightly it holds together."""

    text: str
    tightness: int


class Text:
    """Prints an expression in one line."""

    def name(self, name: str) -> str:
        return name

    number = operator = function = name

    def row(self, *parts: str) -> str:
        return "".join(parts)

    def fraction(self, over: Print, under: Print) -> Print:
        return Print(
            f"{self.fence(over, PRODUCT)} / {self.fence(under, POWER)}", PRODUCT
        )

    def power(self, base: Print, exponent: Print) -> Print:
        if exponent.text in ("2", "3"):
            shown = "²" if exponent.text == "2" else "³"
            return Print(self.fence(base, ATOM) + shown, POWER)
        return Print(f"{self.fence(base, ATOM)}^{self.fence(exponent, ATOM)}", POWER)

    def root(self, x: Print) -> Print:
        return Print(f"√{self.fence(x, ATOM)}", POWER)

    def cases(self, cases: Sequence[tuple[Print, Print | None]]) -> Print:
        shown = [
            f"{x.text} if {c.text}" if c else f"{x.text} otherwise" for x, c in cases
        ]
        return Print("{" + "; ".join(shown) + "}", ATOM)

    def fence(self, x: Print, place: int) -> str:
        """The expression, in parentheses if it is looser than its place."""
        return x.text if x.tightness >= place else f"({x.text})"


class MathML(Text):
    """Prints an expression as MathML Core, which browsers lay out as in a book."""

    def name(self, name: str) -> str:
        stem, _, index = name.partition("_")
        if index:
            return f"<msub><mi>{escape(stem)}</mi><mi>{escape(index)}</mi></msub>"
        return f"<mi>{escape(name)}</mi>"

    def number(self, name: str) -> str:
        return f"<mn>{escape(name)}</mn>"

    def function(self, name: str) -> str:
        return f'<mi mathvariant="normal">{escape(name)}</mi>'

    def operator(self, name: str) -> str:
        sign = name.strip().replace("Σ", "∑")
        space = "" if name == sign or sign else ' lspace="0.12em" rspace="0.12em"'
        return f"<mo{space}>{escape(sign or chr(0x2062))}</mo>"

    def row(self, *parts: str) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def fraction(self, over: Print, under: Print) -> Print:
        return Print(f"<mfrac>{over.text}{under.text}</mfrac>", POWER)

    def power(self, base: Print, exponent: Print) -> Print:
        return Print(f"<msup>{self.fence(base, ATOM)}{exponent.text}</msup>", POWER)

    def root(self, x: Print) -> Print:
        return Print(f"<msqrt>{x.text}</msqrt>", ATOM)

    def cases(self, cases: Sequence[tuple[Print, Print | None]]) -> Print:
        rows = "".join(
            f"<mtr><mtd>{x.text}</mtd><mtd>"
            + (
                f"<mrow><mtext>if&nbsp;</mtext>{c.text}</mrow>"
                if c
                else "<mtext>otherwise</mtext>"
            )
            + "</mtd></mtr>"
            for x, c in cases
        )
        return Print(
            f'<mrow><mo fence="true">{{</mo><mtable>{rows}</mtable></mrow>', ATOM
        )

    def fence(self, x: Print, place: int) -> str:
        if x.tightness >= place:
            return x.text
        return f"<mrow><mo>(</mo>{x.text}<mo>)</mo></mrow>"


def _number(x: float) -> str:
    if abs(x) in CONSTANTS:
        return ("−" if x < 0 else "") + CONSTANTS[abs(x)]
    shown = f"{x:g}" if float(f"{x:g}") == x else repr(x)
    return shown.replace("-", "−").replace("e+", "e")


def _printed(style: Text, x: Any) -> Print:
    """One expression, its parts first."""
    if not isinstance(x, Symbol):
        negative = math.copysign(1, x) < 0
        return Print(style.number(_number(x)), SUM if negative else ATOM)
    printer = _PRINTERS.get(x.operation, _function)
    return printer(style, x.operation, [*x.operands])


def _at(style: Text, x: Any, place: int) -> str:
    return style.fence(_printed(style, x), place)


def _variable(style: Text, name: str, operands: list[Any]) -> Print:
    return Print(style.name(operands[0]), ATOM)


def _function(style: Text, name: str, operands: list[Any]) -> Print:
    separated: list[str] = []
    for x in operands:
        separated += [style.operator(", "), _printed(style, x).text]
    inner = style.row(style.operator("("), *separated[1:], style.operator(")"))
    shown = style.function(FUNCTIONS.get(name, name))
    return Print(style.row(shown, inner), POWER)


def _add(style: Text, name: str, operands: list[Any]) -> Print:
    left, right = operands
    sign = " + " if name == "add" else " − "
    if isinstance(right, Symbol) and right.operation == "neg" and name == "add":
        sign, right = " − ", right.operands[0]
    place = SUM if sign == " + " else PRODUCT
    return Print(
        style.row(
            _at(style, left, SUM), style.operator(sign), _at(style, right, place)
        ),
        SUM,
    )


def _mul(style: Text, name: str, operands: list[Any]) -> Print:
    numbers, symbols, sign = [], [], 1
    for x in _factors(operands):
        if isinstance(x, Symbol):
            symbols.append(x)
        elif x < 0:
            numbers.append(-x)
            sign = -sign
        else:
            numbers.append(x)
    parts = [_printed(style, x).text for x in numbers if x != 1]
    for i, x in enumerate(symbols):
        if i and symbols[i - 1].key() == x.key():
            continue
        run = 1
        while symbols[i + run : i + run + 1] and symbols[i + run].key() == x.key():
            run += 1
        base = _printed(style, x)
        power = base if run == 1 else style.power(base, _printed(style, run))
        parts.append(style.fence(power, PRODUCT))
    separated = [y for part in parts for y in (style.operator(" "), part)][1:]
    if sign < 0:
        return Print(style.row(style.operator("−"), *separated), SUM)
    whole = style.row(*separated) if len(parts) > 1 else parts[0]
    return Print(whole, PRODUCT if len(parts) > 1 else POWER)


def _factors(operands: Sequence[Any]) -> Iterator[Any]:
    """The factors of a product of products, a minus sign being the factor −1."""
    for x in operands:
        if isinstance(x, Symbol) and x.operation == "mul":
            yield from _factors(x.operands)
        elif isinstance(x, Symbol) and x.operation == "neg":
            yield -1
            yield from _factors(x.operands)
        else:
            yield x


def _is_negative(x: Any) -> bool:
    return not isinstance(x, Symbol) and x < 0


def _truediv(style: Text, name: str, operands: list[Any]) -> Print:
    over, under = operands
    if isinstance(over, Symbol) and over.operation == "truediv":
        over, under = over.operands[0], over.operands[1] * under
    if isinstance(over, Symbol) and over.operation == "neg":
        inner = _truediv(style, name, [over.operands[0], under])
        return Print(style.row(style.operator("−"), inner.text), SUM)
    if _is_negative(over):
        inner = _truediv(style, name, [-over, under])
        return Print(style.row(style.operator("−"), inner.text), SUM)
    return style.fraction(_printed(style, over), _printed(style, under))


def _pow(style: Text, name: str, operands: list[Any]) -> Print:
    base, exponent = operands
    return style.power(_printed(style, base), _printed(style, exponent))


def _neg(style: Text, name: str, operands: list[Any]) -> Print:
    return Print(style.row(style.operator("−"), _at(style, operands[0], PRODUCT)), SUM)


def _pos(style: Text, name: str, operands: list[Any]) -> Print:
    return _printed(style, operands[0])


def _between(left: str, right: str) -> Callable[[Text, str, list[Any]], Print]:
    def printer(style: Text, name: str, operands: list[Any]) -> Print:
        inner = _printed(style, operands[0]).text
        return Print(
            style.row(style.operator(left), inner, style.operator(right)), ATOM
        )

    return printer


def _infix(sign: str) -> Callable[[Text, str, list[Any]], Print]:
    def printer(style: Text, name: str, operands: list[Any]) -> Print:
        left, right = (_at(style, x, SUM) for x in operands)
        return Print(style.row(left, style.operator(f" {sign} "), right), LOOSE)

    return printer


def _and(style: Text, name: str, operands: list[Any]) -> Print:
    left, right = (_printed(style, x).text for x in operands)
    return Print(style.row(left, style.operator(" ∧ "), right), LOOSE)


def _log1p(style: Text, name: str, operands: list[Any]) -> Print:
    return _function(style, "log", [Symbol("add", (1, operands[0]))])


def _expm1(style: Text, name: str, operands: list[Any]) -> Print:
    return _add(style, "sub", [Symbol("exp", (operands[0],)), 1])


def _exp_minus_square(style: Text, name: str, operands: list[Any]) -> Print:
    return _exp(style, "exp", [-(operands[0] ** 2)])


def _floordiv(style: Text, name: str, operands: list[Any]) -> Print:
    return _between("⌊", "⌋")(style, name, [Symbol("truediv", tuple(operands))])


def _exp(style: Text, name: str, operands: list[Any]) -> Print:
    base = {"exp": style.name("e"), "exp2": style.number("2")}[name]
    return style.power(Print(base, ATOM), _printed(style, operands[0]))


def _sqrt(style: Text, name: str, operands: list[Any]) -> Print:
    return style.root(_printed(style, operands[0]))


def _fma(style: Text, name: str, operands: list[Any]) -> Print:
    x, y, w = operands
    return _add(style, "add", [Symbol("mul", (x, y)), w])


def _where(style: Text, name: str, operands: list[Any]) -> Print:
    cases: list[tuple[Print, Print | None]] = []
    condition, x, otherwise = operands
    while True:
        cases.append((_printed(style, x), _printed(style, condition)))
        if not (isinstance(otherwise, Symbol) and otherwise.operation == "where"):
            break
        condition, x, otherwise = otherwise.operands
    return style.cases([*cases, (_printed(style, otherwise), None)])


def _sigma(style: Text, name: str, operands: list[Any]) -> Print:
    return Print(
        style.row(style.operator("Σ "), _at(style, operands[0], PRODUCT)), PRODUCT
    )


_PRINTERS: dict[str, Callable[[Text, str, list[Any]], Print]] = {
    "name": _variable,
    "sigma": _sigma,
    "add": _add,
    "sub": _add,
    "mul": _mul,
    "truediv": _truediv,
    "pow": _pow,
    "neg": _neg,
    "pos": _pos,
    "abs": _between("|", "|"),
    "floor": _between("⌊", "⌋"),
    "ceil": _between("⌈", "⌉"),
    "exp": _exp,
    "exp2": _exp,
    "sqrt": _sqrt,
    "fma": _fma,
    "where": _where,
    "and": _and,
    "log1p": _log1p,
    "expm1": _expm1,
    "floordiv": _floordiv,
    "exp_minus_square": _exp_minus_square,
    "mod": _infix("mod"),
    **{name: _infix(sign) for name, sign in COMPARISONS.items()},
}
"""Operations that mathematics writes in a way of its own; the rest are functions."""


def text(x: Any) -> str:
    """An expression in one line of text.

    >>> x = Symbol.named("x")
    >>> text((x + 1) ** 2 / abs(x))
    '(x + 1)² / |x|'
    """
    return _printed(Text(), x).text


def mathml(x: Any) -> str:
    """An expression as MathML, without the ``math`` element around it.

    >>> mathml(Symbol.named("x") / 2)
    '<mfrac><mi>x</mi><mn>2</mn></mfrac>'
    """
    return _printed(MathML(), x).text


class Formula(NamedTuple):
    """What a rule says: a left side, what it equals, and what its letters mean.

    ``left`` is ``z`` for the value, and the operand's name for a partial.
    ``letters`` are parts that occur several times, written once: (letter, part).
    """

    left: str
    right: Any
    letters: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        left = "z" if self.left == "z" else f"∂z/∂{self.left}"
        given = ", ".join(f"{letter} = {text(part)}" for letter, part in self.letters)
        return f"{left} = {text(self.right)}" + (f"  with {given}" if given else "")

    def mathml(self) -> str:
        """The same as a ``math`` element."""
        style = MathML()
        name = style.name(self.left)
        left = (
            name
            if self.left == "z"
            else f"<mfrac><mrow><mo>∂</mo><mi>z</mi></mrow>"
            f"<mrow><mo>∂</mo>{name}</mrow></mfrac>"
        )
        given = "".join(
            f"<mtext>{',' if i else ' with'}&nbsp;</mtext>"
            f"{style.name(letter)}<mo>=</mo>{mathml(part)}"
            for i, (letter, part) in enumerate(self.letters)
        )
        inner = f"{left}<mo>=</mo>{mathml(self.right)}{given}"
        return f'<math displaystyle="true"><mrow>{inner}</mrow></math>'


def formulas(
    rule: Rule | Reduction, constants: Sequence[float | None] = ()
) -> list[Formula]:
    """The value of a row and its partials as mathematics, ``z`` being the result.

    Args:
        rule: a row of the table.
        constants: for each operand the number that it is, or None if it is a
            Value; a constant has no partial. Empty stands for Values throughout.
            The terms of a reduction are always Values.

    Returns:
        The value first, then the partial by each operand that is a Value.

    >>> for formula in formulas(RULES["tanh"]):
    ...     print(formula)
    z = tanh(x)
    ∂z/∂x = 4 t / (1 + t)²  with t = e^(−2 |x|)
    >>> print(formulas(RULES["pow"], (None, 3.0))[1])
    ∂z/∂x = 3 x²
    """
    if isinstance(rule, Reduction):
        found = list(_reduction(rule, bool(len(constants) % rule.columns)))
    else:
        given = [*constants] or [None] * len(rule.partials)
        operands = [
            Symbol.named(name) if number is None else number
            for name, number in zip(rule.parameters, given)
        ]
        z = Symbol.named("z")
        found = [("z", rule.value(*operands))]
        found += [
            (name, rule.partial(i, operands, z))
            for i, (name, number) in enumerate(zip(rule.parameters, given))
            if number is None
        ]
    named = {name for name, _, _ in _patterns()} - {rule.name}
    return [_lettered(left, _folded(right, named)) for left, right in found]


def _reduction(rule: Reduction, starts: bool) -> Iterator[tuple[str, Any]]:
    """A reduction's formulas: of its term i, of its n terms, and of its start s."""
    names = _operands(rule)
    term = [Symbol.named(f"{name}_i") for name in names]
    n, z, start = Symbol.named("n"), Symbol.named("z"), Symbol.named("s")
    if rule.step is None:
        ends = [(f"{name}_1", "…", f"{name}_n") for name in names]
        operands = tuple(Symbol.named(name) for end in ends for name in end)
        value: Any = Symbol(rule.name, operands)
    else:
        # One step from 0 is the term that the sum adds up.
        value = Symbol("sigma", (rule.step(0, *term),))
        if starts:
            value = value + start
        if rule.finish is not None:
            value = rule.finish(value, n)  # type: ignore[arg-type]  # n is a symbol
    yield "z", value
    for name, partial in zip(names, rule.partials):
        yield f"{name}_i", partial(*term, z, n) if callable(partial) else partial
    if starts:
        yield "s", rule.partial(rule.columns, [*term, start], z)


def _operands(rule: Reduction) -> Sequence[str]:
    """What one term's operands are called: as the row's own partials call them."""
    for partial in rule.partials:
        if callable(partial):
            code = partial.__code__
            return code.co_varnames[: rule.columns]
    return ("x", "y", "w")[: rule.columns]


def _folded(x: Any, rows: Collection[str]) -> Any:
    """An expression in which what equals another row's value is called by its name."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    for name, operands, pattern in _patterns():
        bound: dict[str, Any] = {}
        if name in rows and _matches(pattern, x, bound):
            return Symbol(
                name,
                tuple(
                    _folded(bound[v.operands[0]], rows) if isinstance(v, Symbol) else v
                    for v in operands
                ),
            )
    return Symbol(x.operation, tuple(_folded(y, rows) for y in x.operands))


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
    patterns = [(name, xs, RULES[name].value(*xs)) for name, xs in applied]
    return [*patterns, ("exp_minus_square", (x,), exp_minus_square(x))]


def _matches(pattern: Any, x: Any, bound: dict[str, Any]) -> bool:
    """Whether ``x`` is the pattern, with some expression for each of its names."""
    if not isinstance(pattern, Symbol):
        return not isinstance(x, Symbol) and bool(pattern == x)
    if pattern.operation == "name":
        before = bound.setdefault(pattern.operands[0], x)
        return before is x or _key(before) == _key(x)
    return (
        isinstance(x, Symbol)
        and x.operation == pattern.operation
        and len(x.operands) == len(pattern.operands)
        and all(_matches(p, y, bound) for p, y in zip(pattern.operands, x.operands))
    )


def _key(x: Any) -> Any:
    return x.key() if isinstance(x, Symbol) else x


LETTERS = "tuv"


def _lettered(left: str, right: Any) -> Formula:
    """Give letters to the longer parts that an expression holds more than once."""
    letters: list[tuple[str, Any]] = []
    for letter in LETTERS:
        counts: Counter[tuple[Any, ...]] = Counter()
        parts: dict[tuple[Any, ...], Symbol] = {}
        _count(right, counts, parts)
        repeated = [key for key, n in counts.items() if n > 1 and _size(parts[key]) > 2]
        if not repeated:
            break
        key = max(repeated, key=lambda key: _size(parts[key]))
        letters.append((letter, parts[key]))
        right = _replaced(right, key, Symbol.named(letter))
    return Formula(left, right, tuple(letters))


def _count(
    x: Any, counts: Counter[tuple[Any, ...]], parts: dict[tuple[Any, ...], Symbol]
) -> None:
    if isinstance(x, Symbol) and x.operation != "name":
        key = x.key()
        counts[key] += 1
        parts[key] = x
        squared = x.operation == "mul" and _same(*x.operands)
        for operand in x.operands[:1] if squared else x.operands:
            _count(operand, counts, parts)


def _same(x: Any, y: Any) -> bool:
    return isinstance(x, Symbol) and isinstance(y, Symbol) and x.key() == y.key()


def _size(x: Any) -> int:
    """How many operations an expression holds."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return 0
    return 1 + sum(_size(operand) for operand in x.operands)


def _replaced(x: Any, key: tuple[Any, ...], letter: Symbol) -> Any:
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    if x.key() == key:
        return letter
    return Symbol(x.operation, tuple(_replaced(y, key, letter) for y in x.operands))
