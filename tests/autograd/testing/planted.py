"""Functions with a known error in a derivative, and as many without, for the checker.

Each is a random expression whose inputs are stretched and moved, so that arguments,
values and the features between them have sizes over many decades, and one node of which
is a rule of one's own: with the row's partials, or with one of them wrong.

    python -m tests.autograd.testing.planted 3000 [--floats]

counts the verdicts; ``--floats`` without mpmath.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import autograd as ag
from autograd.table.primitive import apply
from autograd.table.rules import RULES, Rule
from autograd.testing import GradientError, UndecidedError, random_expression
from autograd.testing.automatic import Derivative

KINDS = ("right", "sign", "factor", "missing", "branch", "thousandth", "second")

ROWS = (
    *("add", "sub", "mul", "truediv", "neg", "pow", "exp", "log", "sqrt", "sin", "cos"),
    *("tanh", "atan", "sigmoid", "softplus", "erf", "cbrt", "abs", "relu", "maximum"),
    *("expm1", "log1p", "silu", "elu", "sinh", "asinh", "minimum", "hypot"),
)


class Planted(NamedTuple):
    """A function, its point, and the order that is wrong first; 0 if none is."""

    f: Callable[..., Any]
    point: list[float]
    wrong: int


def bad_partial(kind: str, rule: Rule, i: int, source: random.Random) -> Any:
    """The row's partial by operand ``i``, wrong in the given way."""
    right = lambda *xs: rule.partial(i, xs[:-1], xs[-1])
    factor = source.choice((-1.0, 0.5, 2.0, 1.1)) if kind == "factor" else 1.001
    return {
        "right": right,
        "sign": lambda *xs: -right(*xs),
        "factor": lambda *xs: factor * right(*xs),
        "missing": lambda *xs: 0 * right(*xs),
        "thousandth": lambda *xs: 1.001 * right(*xs),
        "second": lambda *xs: (
            apply("planted_identity", (right(*xs),))
            if hasattr(right(*xs), "_apply")
            else right(*xs)
        ),
    }.get(kind, right)


def plant(seed: int, kind: str) -> Planted | None:
    """A function of the kind; None where the error makes no difference."""
    source = random.Random(f"{seed} {kind}")
    arity = source.randint(1, 3)
    e = random_expression(seed, source.randint(1, 12), ROWS, arity)
    places = [k for k, (row, _) in enumerate(e.nodes) if isinstance(RULES[row], Rule)]
    if not places:
        return None
    place = source.choice(places)
    rule = RULES[e.nodes[place][0]]
    assert isinstance(rule, Rule)
    names = [f"x{j}" for j in range(len(rule.partials))]
    i = source.randrange(len(names))

    stretch = [10 ** source.uniform(-12, 12) for _ in range(arity)]
    shift = [source.choice((0.0, 10 ** source.uniform(0, 4))) for _ in range(arity)]
    size = 10 ** source.uniform(-12, 12)
    point = [s * (c + p) for s, c, p in zip(stretch, shift, e.point)]

    partials = [bad_partial("right", rule, j, source) for j in range(len(names))]
    bad = bad_partial(kind, rule, i, source)
    if kind == "branch":  # right on the other side of a place nearby alone
        inner: list[float] = []
        e(*e.point, evaluate=lambda row, xs: _kept(inner, row, xs, place, len(inner)))
        numbers = [*e.point, *inner]
        at = numbers[e.nodes[place][1][i]]
        edge = at + source.choice((-1, 1)) * 10 ** source.uniform(-9, -1)
        right = bad
        bad = lambda *xs: ag.where(
            (xs[i] < edge) if at > edge else (xs[i] > edge), right(*xs), 0
        )
    wrong = [*partials[:i], bad, *partials[i + 1 :]]

    def row(name: str, slopes: list[Any]) -> Any:
        space: dict[str, Any] = {"slopes": slopes, "value": rule.value}
        given = ", ".join(names)
        code = f"lambda {given}: value({given})"
        made = [
            eval(f"lambda {given}, z: slopes[{j}]({given}, z)", dict(space))
            for j in range(len(names))
        ]
        return ag.rule(eval(code, dict(space)), made, name=name)

    def function(name: str) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            count = iter(range(len(e.nodes)))

            def evaluate(operation: str, operands: tuple[Any, ...]) -> Any:
                chosen = name if next(count) == place else operation
                answer = apply(chosen, operands)
                rule = RULES[chosen]
                return rule.value(*operands) if answer is NotImplemented else answer

            moved = [x_i / s - c for x_i, s, c in zip(x, stretch, shift)]
            return size * e(*moved, evaluate=evaluate)

        return f

    row("planted_right", partials)
    row("planted_wrong", wrong)
    good, f = function("planted_right"), function("planted_wrong")
    order = 0
    if kind != "right":
        order = _first_difference(good, f, point)
        if order < 0:
            return None
    return Planted(f, point, order)


def _kept(inner: list[float], row: str, xs: Any, place: int, k: int) -> float:
    inner.append(float(RULES[row].value(*xs)))
    return inner[-1]


def _first_difference(
    good: Callable[..., Any], f: Callable[..., Any], point: list[float]
) -> int:
    """At which order the two have other derivatives; -1 if that is not clear."""
    for order in (1, 2):
        differ = []
        for key in itertools.product(range(len(point)), repeat=order):
            directions = [{i: 1.0} for i in key]
            one, other = (Derivative(g, point, directions) for g in (good, f))
            off = abs(one.number - other.number)
            noise = 1e-10 * max(one.size(), other.size())
            differ.append(off > noise and off / max(abs(one.number), abs(other.number)))
        if max(differ) > 1e-4:
            return order
        if max(differ) > 1e-8:
            return -1
    return -1


def verdict(planted: Planted) -> str:
    """What the checker says."""
    try:
        ag.check_gradients(planted.f, planted.point, order=planted.wrong or 2)
    except GradientError:
        return "wrong"
    except UndecidedError:
        return "undecided"
    return "right"


def count(
    seeds: range, tell: Callable[[str], None] = print
) -> Counter[tuple[str, str]]:
    """How often which verdict fell on which kind; false ones are told."""
    ag.rule(lambda x: x * 1, [1.001], name="planted_identity")
    verdicts: Counter[tuple[str, str]] = Counter()
    try:
        for seed in seeds:
            for kind in ("right", KINDS[1 + seed % (len(KINDS) - 1)]):
                try:
                    planted = plant(seed, kind)
                    if planted is None:
                        continue
                    found = verdict(planted)
                finally:
                    for name in ("planted_right", "planted_wrong"):
                        RULES.pop(name, None)
                verdicts[kind, found] += 1
                if found == ("right" if planted.wrong else "wrong"):
                    tell(f"seed {seed}, {kind}: said to be {found}")
    finally:
        del RULES["planted_identity"]
    return verdicts


if __name__ == "__main__":
    if "--floats" in sys.argv:
        sys.modules["mpmath"] = None  # type: ignore[assignment]
    found = count(range(int(sys.argv[1])))
    for kind in KINDS:
        print(kind, {v: n for (k, v), n in sorted(found.items()) if k == kind})
