"""Random programs over everything that takes a Value, and what each step of one gives.

A program is a list of steps; a step applies an operator, a function or a method to
inputs, earlier results and constants of all kinds, good and bad. It is data, so that it
can be shortened while it still shows what it showed, and printed as Python.
"""

from __future__ import annotations

import math
import operator
import random
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
from autograd.core.plain import is_value
from autograd.table.functions import FUNCTIONS
from autograd.table.number import METHODS
from autograd.table.rules import ALIASES, RULES, Reduction, Rule


class Ref(NamedTuple):
    """An operand that is an input or an earlier result."""

    k: int

    def __repr__(self) -> str:
        return f"v{self.k}"


class Step(NamedTuple):
    """How something is called, by which name, on which operands."""

    kind: str
    name: str
    operands: tuple[Any, ...]

    def __repr__(self) -> str:
        given = ", ".join(map(repr, self.operands))
        if self.kind == "method":
            return f"{self.operands[0]!r}.{self.name}({given.partition(', ')[2]})"
        listed = self.kind == "listed"
        return f"{self.kind}.{self.name}({'[' * listed}{given}{']' * listed})"


class Program(NamedTuple):
    """Numbers for its inputs, and its steps; the last result is its output."""

    point: tuple[float, ...]
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        n = len(self.point)
        lines = [f"v{k} = Value({x!r})" for k, x in enumerate(self.point)]
        lines += [f"v{n + k} = {step!r}" for k, step in enumerate(self.steps)]
        return "\n".join(lines)


SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 3.0, 40.0, 1e-17, 5e-324, 1e-300, 1e300),
    *(math.inf, -math.inf, math.nan, 710.0, -745.2, 0.9999999999999999, 2.0**53),
)
PLAIN = (
    *(0, 1, -1, 2, 3, True, False, 2**53 + 1, 10**400, 0.5, -0.0),
    *map(np.float64, (2.5, 0.0, math.nan)),
    *(np.float32(0.1), np.float16(3.0), np.int64(3), np.int8(-2), np.uint8(200)),
    *(np.bool_(True), np.longdouble(1.5)),
)
STRANGE = (
    *(None, "text", b"x", 1j, [1.0], (), {}, object, Fraction(1, 2), Fraction(-3)),
    *(np.complex128(1j), np.datetime64("2020"), np.array([1.0, 2.0]), np.array(1.5)),
)

OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs"),
    *("lt", "le", "eq", "ne", "gt", "ge", "truth", "not_"),
)
BUILTINS = {
    **{name: getattr(math, name) for name in ("floor", "ceil", "trunc")},
    **{f.__name__: f for f in (divmod, round, int, float, bool, repr, format)},
    **{f.__name__: f for f in (pow, complex, str, abs, max, min)},
}
REDUCTIONS = tuple(name for name, rule in RULES.items() if isinstance(rule, Reduction))
PAIRED = tuple(name for name in REDUCTIONS if RULES[name].columns == 2)
LISTED = tuple(
    name for name in ("sum", "mean", "fsum", "logsumexp") if name in FUNCTIONS
)
FIXED = tuple(
    name
    for name in FUNCTIONS
    if name in RULES and isinstance(RULES[name], Rule) and name != "pos"
)
NAMES = (*METHODS, *ALIASES)


def random_program(seed: int) -> Program:
    """The same program for the same seed."""
    source = random.Random(seed)
    strange = source.random() < 0.3  # others have numbers alone, and go on

    def number() -> float:
        if source.random() < 0.25:
            return source.choice(SPECIAL)
        return source.choice(
            (source.uniform(-3, 3), float(source.randint(-4, 4)), source.gauss(0, 100))
        )

    point = tuple(number() for _ in range(source.randint(1, 3)))
    steps: list[Step] = []

    def operand() -> Any:
        chance = source.random()
        if chance < 0.7:
            recent = len(point) + len(steps)
            return Ref(source.randrange(max(0, recent - 6), recent))
        if chance < 0.85:
            return number()
        return source.choice((*PLAIN, *STRANGE) if strange else PLAIN)

    def operands(count: int) -> tuple[Any, ...]:
        return tuple(operand() for _ in range(count))

    for _ in range(source.randint(1, 12)):
        kind = source.choice(
            ("operator",) * 4 + ("ag",) * 4 + ("method", "listed", "dot")
        )
        if strange and source.random() < 0.1:
            steps.append(Step("builtin", source.choice([*BUILTINS]), operands(1)))
        elif kind == "operator":
            name = source.choice(OPERATORS)
            unary = name in ("neg", "pos", "abs", "truth", "not_")
            steps.append(Step(kind, name, operands(1 if unary else 2)))
        elif kind == "ag":
            name = source.choice(FIXED)
            count = len(RULES[name].partials)
            if source.random() < 0.05:
                count += source.choice((-1, 1))
            steps.append(Step(kind, name, operands(count)))
        elif kind == "method":
            name = source.choice(NAMES)
            rule = RULES[ALIASES.get(name, name)]
            fixed = isinstance(rule, Rule)
            count = len(rule.partials) if fixed else source.randint(1, 4)
            others = operands(count - 1)
            steps.append(Step(kind, name, (Ref(source.randrange(len(point))), *others)))
        elif kind == "listed":
            count = source.randint(0, 5)
            steps.append(Step(kind, source.choice(LISTED), operands(count)))
        else:
            n = source.randint(0, 4)
            name = source.choice((*PAIRED, "hypot"))
            steps.append(Step(kind, name, operands(2 * n)))
    return Program(point, tuple(steps))


def call(step: Step, operands: Sequence[Any]) -> Any:
    """What the step computes on these operands."""
    if step.name in ("pow", "power") and {*map(type, operands)} <= {int, bool}:
        operands = [float(x) for x in operands]  # a power of whole numbers has no end
    if step.kind == "operator":
        return getattr(operator, step.name)(*operands)
    if step.kind == "builtin":
        return BUILTINS[step.name](*operands)
    if step.kind == "method":
        return getattr(operands[0], step.name)(*operands[1:])
    function = getattr(ag, step.name)
    if step.kind == "listed":
        return function(list(operands))
    if step.kind == "dot" and step.name != "hypot":
        half = len(operands) // 2
        return function(list(operands[:half]), list(operands[half:]))
    return function(*operands)


def run(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The inputs and all results; where a step raises, the exception, used as 1."""
    results = list(inputs)
    for step in program.steps:
        given = [
            resolved(results[x.k]) if isinstance(x, Ref) else x for x in step.operands
        ]
        results.append(outcome(lambda step=step, given=given: call(step, given)))
    return results


def resolved(x: Any) -> Any:
    """A result as an operand: Values and numbers; 1.0 for all else."""
    if isinstance(x, tuple) and x and is_value(x[0]):
        return x[0]  # of divmod
    return x if is_value(x) or isinstance(x, (int, float)) else 1.0


class Raised(NamedTuple):
    """An exception, as it can be compared."""

    kind: type
    text: str


def outcome(compute: Callable[[], Any]) -> Any:
    """What a computation gives: its result, or the exception's type and text."""
    try:
        return compute()
    except Exception as error:
        return Raised(type(error), str(error))


def observed(x: Any) -> Any:
    """All that can be seen of a result: types, shapes and bits, all nan alike."""
    if isinstance(x, (float, np.floating)):
        return "nan" if math.isnan(x) else struct.pack("<d", float(x))
    if isinstance(x, complex):
        return repr(x)
    if isinstance(x, np.ndarray):
        return ["array", x.shape, *map(observed, x.ravel().tolist())]
    if isinstance(x, (tuple, list)) and not isinstance(x, Raised):
        return [type(x).__name__, *map(observed, x)]
    if isinstance(x, dict):
        return {key: observed(y) for key, y in x.items()}
    return node(x) if is_value(x) else x


def node(x: Any) -> Any:
    """All that can be seen of a Value."""
    operands = [
        ("" if is_value(y) else "constant", observed(float_of(y))) for y in x.operands
    ]
    seen = (x.data, x.grad, x.partials)
    return ("Value", *map(observed, seen), x.label, x.op, x._op, operands, len(x._prev))


def float_of(x: Any) -> float:
    """The number of a Value or of a constant."""
    return float(x.data if is_value(x) else x)


def shortened(program: Program, shows: Callable[[Program], bool]) -> Program:
    """A shorter program that still shows it: steps are left out while it does."""
    k = len(program.steps) - 1
    while k >= 0:
        place = len(program.point) + k

        def without(x: Any, place: int = place) -> Any:
            if not isinstance(x, Ref) or x.k < place:
                return x
            return Ref(0) if x.k == place else Ref(x.k - 1)

        steps = [
            Step(s.kind, s.name, tuple(map(without, s.operands)))
            for j, s in enumerate(program.steps)
            if j != k
        ]
        shorter = Program(program.point, tuple(steps))
        if steps and shows(shorter):
            program = shorter
        k -= 1
    return program
