"""Expressions in print: one line of text for a terminal, MathML for a page.

One printer serves both. It knows how mathematics writes each operation, and where
it needs parentheses; a style knows how fractions, powers and cases are set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from autograd.formula.latex import latex_name, latex_number, latex_text
from autograd.formula.symbol import COMPARISONS, Symbol, key

__all__ = ["LaTeX", "MathML", "Text", "latex", "mathml", "text"]

FUNCTIONS = {
    "log": "ln",
    "log2": "log₂",
    "log10": "log₁₀",
    "cbrt": "∛",
    "sigmoid": "σ",
    "gamma": "Γ",
    "digamma": "ψ",
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
        if len(index) == 1:  # of a term; a longer one is part of a word
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


class LaTeX(Text):
    """Prints an expression in LaTeX, names as :func:`latex_name` writes them."""

    def name(self, name: str) -> str:
        return latex_name(name)

    def number(self, name: str) -> str:
        return latex_number(name)

    def function(self, name: str) -> str:
        if name.isascii() and name.isalpha():
            return rf"\operatorname{{{name}}}" if len(name) > 1 else name
        greek = {"σ": r"\sigma", "Γ": r"\Gamma", "ψ": r"\psi"}
        return greek.get(name) or latex_text(name)

    def operator(self, name: str) -> str:
        return _OPERATORS.get(name.strip(), name) if name != " " else r"\,"

    def fraction(self, over: Print, under: Print) -> Print:
        return Print(rf"\frac{{{over.text}}}{{{under.text}}}", POWER)

    def power(self, base: Print, exponent: Print) -> Print:
        return Print(f"{{{self.fence(base, ATOM)}}}^{{{exponent.text}}}", POWER)

    def root(self, x: Print) -> Print:
        return Print(rf"\sqrt{{{x.text}}}", ATOM)

    def cases(self, cases: Sequence[tuple[Print, Print | None]]) -> Print:
        rows = r" \\ ".join(
            x.text + (rf" & \text{{if }} {c.text}" if c else r" & \text{otherwise}")
            for x, c in cases
        )
        return Print(rf"\begin{{cases}}{rows}\end{{cases}}", ATOM)

    def fence(self, x: Print, place: int) -> str:
        return x.text if x.tightness >= place else rf"\left({x.text}\right)"


_OPERATORS = {
    "−": "-",
    "Σ": r"\sum",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "≠": r"\ne ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "∧": r"\land ",
    "mod": r"\bmod ",
    "∂": r"\partial ",
    "·": r"\cdot ",
    "′": "'",
}
"""Signs that LaTeX spells out."""


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
        if i and key(symbols[i - 1]) == key(x):
            continue
        run = 1
        while symbols[i + run : i + run + 1] and key(symbols[i + run]) == key(x):
            run += 1
        base = _printed(style, x)
        power = base if run == 1 else style.power(base, _printed(style, run))
        parts.append(style.fence(power, PRODUCT))
    dots = max(0, len([x for x in numbers if x != 1]) - 1)  # between two numbers
    separated: list[str] = []
    for i, part in enumerate(parts):
        separated += [style.operator(" · " if i <= dots else " ")] * (i > 0) + [part]
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


def _lgamma(style: Text, name: str, operands: list[Any]) -> Print:
    size = Symbol("abs", (Symbol("gamma", tuple(operands)),))
    return _function(style, "log", [size])


def _polygamma(style: Text, name: str, operands: list[Any]) -> Print:
    order, x = (_printed(style, operand).text for operand in operands)
    open, close = style.operator("("), style.operator(")")
    shown = style.power(
        Print(style.function("ψ"), ATOM), Print(style.row(open, order, close), ATOM)
    )
    return Print(style.row(shown.text, open, x, close), POWER)


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


def _prime(style: Text, name: str, operands: list[Any]) -> Print:
    shown = style.row(style.function(operands[0]), style.operator("′"))
    inner = _printed(style, operands[1]).text
    return Print(
        style.row(shown, style.operator("("), inner, style.operator(")")), POWER
    )


def _ratio(style: Text, name: str, operands: list[Any]) -> Print:
    over, under = (
        Print(style.row(style.operator("∂"), style.name(x)), PRODUCT) for x in operands
    )
    return style.fraction(over, under)


def _sigma(style: Text, name: str, operands: list[Any]) -> Print:
    return Print(
        style.row(style.operator("Σ "), _at(style, operands[0], PRODUCT)), PRODUCT
    )


_PRINTERS: dict[str, Callable[[Text, str, list[Any]], Print]] = {
    "name": _variable,
    "sigma": _sigma,
    "prime": _prime,
    "ratio": _ratio,
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
    "lgamma": _lgamma,
    "polygamma": _polygamma,
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


def latex(x: Any) -> str:
    """An expression in LaTeX's mathematics.

    >>> latex(Symbol.named("W[1]2,3") / 2)
    '\\\\frac{W^{[1]}_{2,3}}{2}'
    """
    return _printed(LaTeX(), x).text
