"""The table of rules as C: its own functions, run on operands that write C text.

An :class:`Expression` is a C expression of type ``double``; an operation on it appends
a statement to a block and gives the expression of the result. Running a row's value
and its partials on expressions therefore prints them as C functions, into headers
that the build makes and nobody commits. What C cannot compute to the same bits as
Python raises :class:`NotInC`, and the engine asks Python for it.

Partials are plain IEEE arithmetic, where singular points are inf or nan. A
*value* must raise at such points as Python does, so each of its steps that could
is checked: the function returns nan, and at a nan the engine asks Python for the
number or the exception.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from autograd.core import value
from autograd.table.functions import FUNCTIONS
from autograd.table.number import OPERATORS, Comparisons, Operations, signature
from autograd.table.primitive import PRIMITIVES, Primitive
from autograd.table.rules import ALIASES, RULES, Reduction, Rule


class NotInC(Exception):  # noqa: N818  # no error: Python computes such rows
    """An operation whose bits in C need not be those of Python."""


class Block:
    """The statements of a C function under construction.

    Args:
        checked: return nan after a step that would raise in Python.
        instead: functions of expressions, by the names of operations that they stand
            for: for a file that has nothing but C's own library.
    """

    def __init__(
        self,
        checked: bool = False,
        instead: dict[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.checked = checked
        self.instead = instead
        self.fallible = False
        self.statements: list[str] = []
        self._known: dict[str, Expression] = {}

    def let(
        self, expression: str, primitive: Primitive | None = None, operand: str = ""
    ) -> Expression:
        """A new variable for an expression, or the one that holds it already.

        Args:
            expression: of C.
            primitive: the one that it applies, if that may raise in Python.
            operand: the first to which it is applied.
        """
        if expression not in self._known:
            variable = self._known[expression] = Expression(
                self, f"t{len(self._known)}"
            )
            self.statements.append(f"const double {variable.text} = {expression};")
            if primitive is not None:
                self.watch(variable.text, primitive, operand)
        return self._known[expression]

    def watch(self, result: str, primitive: Primitive, operand: str) -> None:
        """See to a result that may be one where Python raises."""
        if self.checked:
            self.fallible = True
            self.statements.append(f"if (!isfinite({result})) return NAN;")


class Expression(Comparisons, Operations):
    """A number in a C function: the text that stands for it."""

    __slots__ = ("_text", "block")

    def __init__(self, block: Block, text: str) -> None:
        self.block = block
        self._text = text

    @property
    def text(self) -> str:
        """The C expression."""
        return self._text

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            condition, x, y = operands
            test = f"{condition.text}"
            if not isinstance(condition, Condition):
                test += " != 0.0"
            return self.block.let(f"{test} ? {text(x)} : {text(y)}")
        primitive = PRIMITIVES.get(name)
        if primitive is None:  # made of others: its rule takes it apart
            return RULES[name].value(*operands)
        if self.block.instead is not None and name in self.block.instead:
            return self.block.instead[name](*operands)
        foreign = self.block.instead is not None and primitive.header != "math.h"
        if foreign or not primitive.c:
            raise NotInC(name)
        given = list(map(text, operands))
        fallible = primitive if primitive.raises else None
        return self.block.let(primitive.c.format(*given), fallible, given[0])

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        sign = SIGNS[compare.__name__]
        return Condition(self.block, f"{self.text} {sign} {text(other)}")

    def __bool__(self) -> bool:
        raise TypeError("a rule must branch with where(), not with if")


SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Condition(Expression):
    """A comparison of two numbers in a C function."""

    __slots__ = ()


class Later(Expression):
    """A number that is not known yet where the C function runs."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    @property
    def text(self) -> str:
        raise NotInC("a reduction whose partials need its result")


def text(x: Any) -> str:
    """An expression, or a Python number, as C text for the same double."""
    if isinstance(x, Expression):
        return x.text
    number = float(x)
    if math.isinf(number):
        return "-INFINITY" if number < 0 else "INFINITY"
    return repr(number)


def string(s: str) -> str:
    """A C string literal, ASCII only, so that no compiler guesses an encoding."""
    escaped = "".join(
        f"\\{byte:03o}" if byte < 32 or byte > 126 or byte in b'"\\?' else chr(byte)
        for byte in s.encode()
    )
    return f'"{escaped}"'


def function(
    name: str,
    parameters: str,
    arguments: Sequence[str | None],
    rule: Callable[..., Any] | float,
    checked: bool = False,
) -> tuple[str, bool]:
    """One C function that computes what a Python function of numbers computes.

    Args:
        name: of the C function.
        parameters: its parameter list.
        arguments: a C expression in them for each argument of the Python function;
            None for one that C does not know.
        rule: the Python function, or the number that it would always give.
        checked: return nan where Python could raise: where an argument, or the
            result of a step that may raise, is not finite.

    Returns:
        The text of the C function, and whether it can ever return that nan.

    Raises:
        NotInC: it uses an operation that C does not have to the same bits.
        TypeError: it uses a function that takes floats only.
    """
    block = Block(checked)
    expressions = [Later() if a is None else Expression(block, a) for a in arguments]
    result = text(run(name, rule, expressions) if callable(rule) else rule)
    lines = [f"(void){p.split()[-1].lstrip('*')};" for p in parameters.split(",")]
    if block.fallible:
        finite = " && ".join(f"isfinite({argument})" for argument in arguments)
        lines.append(f"if (!({finite})) return NAN;")
    lines += [*block.statements, f"return {result};"]
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"static inline double {name}({parameters})\n{{\n{body}}}\n",
        block.fallible,
    )


def run(name: str, rule: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """A row's function on expressions, for the C function of that name."""
    try:
        return rule(*operands)
    except TypeError as error:
        raise TypeError(
            f"{name}: {error}. A row is written with operators and the functions of "
            "autograd/table/primitives.py; a function that is not made of those, such "
            "as one of math, needs a row of its own there"
        ) from error


def _partials(rule: Rule) -> tuple[list[str], list[str]]:
    """The C functions of a row's partials, and the names to be called, or NULL."""
    texts, names = [], []
    arguments = [*(f"x[{i}]" for i in range(len(rule.partials))), "z"]
    for i, partial in enumerate(rule.partials):
        name = f"partial_{rule.name}_{i}"
        try:
            texts.append(
                function(name, "const double *x, double z", arguments, partial)[0]
            )
            names.append(name)
        except NotInC:
            names.append("NULL")
    return texts, names


def emit_rule(rule: Rule) -> Iterator[str]:
    """A row of a fixed number of operands: its functions and its entry."""
    name, count = rule.name, len(rule.partials)
    compute, fallible = f"value_{name}", True
    arguments = [f"x[{i}]" for i in range(count)]
    try:
        body, fallible = function(
            compute, "const double *x", arguments, rule.value, checked=True
        )
        yield body
    except NotInC:
        compute = "NULL"
    yield f"enum {{ FALLIBLE_{name} = {int(fallible)} }};\n"
    texts, partials = _partials(rule)
    yield from texts
    yield (
        f"static const Code code_{name} = {{\n"
        f"    .operands = {count}, .fallible = {int(fallible)},\n"
        f"    .value = {compute}, .partials = {{{', '.join(partials)}}},\n"
        "};\n"
    )


def emit_fold(rule: Reduction) -> str:
    """A row of any number of operands: its functions and its entry.

    In C it is one pass over the operands, so only for a value that is a fold, with
    partials that do not need the result.

    Raises:
        NotInC: it is none of those.
    """
    name = rule.name
    functions, fallible = _pass(rule)
    return "\n".join(
        [
            *functions,
            _loop(rule),
            f"static const Fold fold_{name} = {{\n"
            f"    .fallible = {int(fallible)},"
            f" .pass = pass_{name},\n"
            "};\n",
        ]
    )


_LOOP = """\
static void
pass_{name}(Value *node, int started)
{{
    const uint32_t n = node->count / {columns};
{edges}\
    double x[{columns}], total = 0.0;
{start}\
    for (uint32_t t = 0; t < n; t++) {{
{numbers}\
        total = step_{name}(total, x);
{partials}\
    }}
    node->data = finish_{name}(total, n);
}}
"""

_START = """\
    if (started) {{
        Edge *last = &node->edges[node->count - 1];
        total = last->partial;
        if (last->operand != NULL) {{
            last->partial = {slope};
        }}
    }}
"""

_PARTIAL = """\
        if (edges_{c}[t].operand != NULL) {{
            edges_{c}[t].partial = partial_{name}_{c}(x, n);
        }}
"""


def _loop(rule: Reduction) -> str:
    """The C function that goes through the terms of a fold."""
    name, columns = rule.name, rule.columns
    start = "    (void)started;\n"  # with one column it would be one more operand
    if columns > 1:
        slope = rule.partial(columns, [1.0] * (columns + 1), 1.0)
        start = _START.format(slope=text(slope))

    def each(line: str) -> str:
        return "".join(line.format(name=name, c=c) for c in range(columns))

    return _LOOP.format(
        name=name,
        columns=columns,
        edges=each("    Edge *const edges_{c} = node->edges + (size_t)n * {c};\n"),
        start=start,
        numbers=each("        x[{c}] = edges_{c}[t].partial;\n"),
        partials=each(_PARTIAL),
    )


def folds() -> dict[str, str]:
    """The text of every reduction that C can compute, by its row's name."""
    texts = {}
    for name, rule in RULES.items():
        if isinstance(rule, Reduction):
            with suppress(NotInC):
                texts[name] = emit_fold(rule)
    return texts


def _pass(rule: Reduction) -> tuple[list[str], bool]:
    """The C functions of a reduction's pass, and whether its value may be none."""
    if rule.step is None:
        raise NotInC("a value that is no fold")
    term = [f"x[{c}]" for c in range(rule.columns)]
    step, step_fails = function(
        f"step_{rule.name}",
        "double total, const double *x",
        ["total", *term],
        rule.step,
        checked=True,
    )
    finish, finish_fails = function(
        f"finish_{rule.name}",
        "double total, double n",
        ["total", "n"],
        rule.finish or (lambda total, n: total),
        checked=True,
    )
    partials = [
        function(
            f"partial_{rule.name}_{c}",
            "const double *x, double n",
            [*term, None, "n"],
            partial,
        )[0]
        for c, partial in enumerate(rule.partials)
        if partial is not None
    ]
    return [step, finish, *partials], step_fails or finish_fails


def _list(name: str, entries: Sequence[str]) -> str:
    """A list of things as a macro that does something with each of them."""
    return (
        " \\\n".join([f"#define {name}(DO)", *(f"    DO({e})" for e in entries)]) + "\n"
    )


def _methods() -> Iterator[tuple[str, str]]:
    """Names of the methods of one operand and of a fixed number, and their rows."""
    own = {name: name for name in RULES if name not in {*OPERATORS, "relu", "relu_at"}}
    for method, name in {**own, **ALIASES}.items():
        if isinstance(RULES[name], Rule):
            yield method, name


def rules() -> Iterator[str]:
    """The header ``rules.h``: the functions of every rule, and its entry."""
    for rule in RULES.values():
        if isinstance(rule, Rule):
            yield f"/* {rule.name} */\n"
            yield from emit_rule(rule)


def reductions() -> Iterator[str]:
    """The header ``reductions.h``: the functions of every fold, and its entry."""
    for name, fold in folds().items():
        yield f"/* {name} */\n"
        yield fold


def rows() -> Iterator[str]:
    """The header ``rows.h``: what there is, as lists for macros, and the numbers."""
    fixed = [rule for rule in RULES.values() if isinstance(rule, Rule)]
    yield _list("EVERY_ROW", list(RULES))
    yield _list("EVERY_RULE", [rule.name for rule in fixed])
    yield _list("EVERY_FOLD", list(folds()))
    yield _list("EVERY_CHOICE", [name for name, rule in RULES.items() if rule.choice])
    several = [rule for rule in RULES.values() if isinstance(rule, Reduction)]
    yield _list("EVERY_REDUCTION", [f"{rule.name}, {rule.columns}" for rule in several])
    yield (
        "enum {\n" + "".join(f"    ROW_{name},\n" for name in RULES) + "    ROWS\n};\n"
    )
    most = max(len(rule.partials) for rule in fixed)
    columns = max(rule.columns for rule in several)
    yield f"enum {{ MOST_OPERANDS = {most}, MOST_COLUMNS = {columns} }};\n"
    methods = list(_methods())
    unary = {rule.name for rule in fixed if len(rule.partials) == 1}
    used = {name for _, name in methods} | {"neg", "abs", "relu"}
    yield _list("EVERY_UNARY_ROW", [name for name in RULES if name in unary & used])
    for title, one in (("EVERY_UNARY_METHOD", True), ("EVERY_LONGER_METHOD", False)):
        entries = [
            f"{method}, {name}, "
            + _described(method, signature(rule), rule.doc, method=True)
            for method, name in methods
            for rule in fixed
            if rule.name == name and (name in unary) is one
        ]
        yield _list(title, entries)
    functions = [
        f"{name}, "
        + _described(name, inspect.signature(f), f.__doc__ or "", method=False)
        for name, f in FUNCTIONS.items()
        if isinstance(RULES.get(name), Rule)
    ]
    yield _list("EVERY_FUNCTION", functions)


def _described(name: str, called: inspect.Signature, doc: str, method: bool) -> str:
    """A docstring behind the line in which ``inspect`` finds the arguments."""
    shown = [str(p.replace(annotation=p.empty)) for p in called.parameters.values()]
    if method:
        shown[0] = "$self"
    return string(f"{name}({', '.join(shown)})\n--\n\n{doc}")


def docs() -> Iterator[str]:
    """The header ``docs.h``: the docstrings of the reference engine."""
    documented = {name: FUNCTIONS[name] for name in ("sum", "mean", "dot")}
    documented |= {
        name: getattr(value, name)
        for name in ("Value", "gradients", "leaves", "tangents")
    }
    for name in (
        *(
            "data",
            "grad",
            "label",
            "op",
            "operands",
            "partials",
            "_prev",
            "_op",
            "_kept",
        ),
        *("backward", "_backward", "detach", "relu"),
    ):
        documented[name] = getattr(value.Value, name)
    for name, documented_object in documented.items():
        yield f"#define DOC_{name} {string(documented_object.__doc__ or '')}\n"


def write(directory: str) -> None:
    """Write the headers into a directory."""
    first = "/* Made by autograd/native/emit.py from the table. Do not edit. */\n\n"
    for header in (rules, reductions, rows, docs):
        path = os.path.join(directory, f"{header.__name__}.h")
        with open(path, "w", newline="\n") as file:
            file.write(first + "\n".join(header()))
