"""The formulas say what the table computes, as a book would."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import limits
from autograd.formula.rows import Formula, formulas, operand_names
from autograd.formula.symbol import Symbol
from autograd.table.rules import RULES, Interval, Reduction, Rule
from tests.effort import share
from tests.engines import once

pytestmark = once

FIXED = {name: rule for name, rule in RULES.items() if isinstance(rule, Rule)}
REDUCTIONS = {name: rule for name, rule in RULES.items() if isinstance(rule, Reduction)}
COMPARISONS = {
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
}


def evaluated(x: Any, letters: dict[str, Any]) -> Any:
    """What an expression is for given numbers: the table once more, on floats."""
    if not isinstance(x, Symbol):
        return x
    if x.operation == "name":
        return letters[x.operands[0]]
    if x.operation == "where":
        condition, yes, no = x.operands
        return evaluated(yes if evaluated(condition, letters) else no, letters)
    operands = [evaluated(y, letters) for y in x.operands]
    if x.operation == "and":
        return all(operands)
    if x.operation in COMPARISONS:
        return COMPARISONS[x.operation](*operands)
    return RULES[x.operation].value(*operands)


def near_zero(rule: Rule) -> st.SearchStrategy[tuple[float, ...]]:
    def inside(d: Interval) -> st.SearchStrategy[float]:
        if d.whole:
            return st.integers(0, 3).map(float)
        low, high = max(-3.0, d.low + 0.125), min(3.0, d.high - 0.125)
        least = 1e-9 if d.without_poles else 0.0  # nearer to a pole it overflows
        return st.floats(low, high).filter(lambda x: x in d and abs(x) >= least)

    domains = rule.domain or (Interval(),) * len(rule.parameters)
    return st.tuples(*map(inside, domains))


def test_no_operand_is_called_as_the_lecture_calls_something_else() -> None:
    for rule in FIXED.values():
        names = operand_names(rule)
        assert not {"x", "z", "f"} & {*names}
        assert len({*names}) == len(names)
    assert operand_names(FIXED["atan2"]) == ["u", "v"]
    assert operand_names(FIXED["where"]) == ["condition", "u", "v"]
    own = Rule("own", lambda u, x, z: u, (1.0, 1.0, 1.0), doc="its first")
    assert operand_names(own) == ["u", "v", "w"]


@cache
def written(name: str) -> list[Formula]:
    """A row's formulas, which are the same for all numbers."""
    return formulas(FIXED[name])


@pytest.mark.parametrize("name", FIXED)
@share(0.5)
@given(data=st.data())
def test_a_formula_evaluates_to_what_the_row_computes(
    name: str, data: st.DataObject
) -> None:
    rule = FIXED[name]
    numbers = data.draw(near_zero(rule))
    z = float(rule.value(*numbers))
    value, *partials = written(name)
    letters = {**dict(zip(operand_names(rule), numbers)), "f": z}
    for i, formula in enumerate([value, *partials]):
        expected = z if i == 0 else limits.partial(rule, i - 1, numbers, z)
        if not math.isfinite(expected):
            continue  # a singular point: the engines take the limit there
        for letter, part in reversed(formula.letters):
            letters[letter] = evaluated(part, letters)
        # A book's formula may cancel terms that are up to 8 here.
        assert evaluated(formula.right, letters) == pytest.approx(
            expected, rel=1e-14, abs=1e-15 if rule.book else 1e-300
        )


@pytest.mark.parametrize("name", RULES)
def test_every_row_prints_as_text_and_as_well_formed_mathml(name: str) -> None:
    rule = RULES[name]
    found = formulas(rule)
    assert len(found) == 1 + sum(p is not None for p in rule.partials)
    for formula in found:
        assert re.match(r"f = .|∂f/∂\w+ = .", str(formula))
        assert "Symbol" not in str(formula)
        assert "134217729" not in str(formula)
        tree = ElementTree.fromstring(formula.mathml().replace("&nbsp;", " "))
        assert tree.tag == "math"
        assert "".join(tree.itertext()).strip()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mul", ["f = u v", "∂f/∂u = v", "∂f/∂v = u"]),
        ("truediv", ["f = u / v", "∂f/∂u = 1 / v", "∂f/∂v = −f / v"]),
        (
            "pow",
            [
                "f = u^v",
                "∂f/∂u = v u^(v − 1)",
                "∂f/∂v = f ln(u)",
            ],
        ),
        ("acos", ["f = acos(u)", "∂f/∂u = −1 / √((1 − u) (1 + u))"]),
        ("cbrt", ["f = ∛(u)", "∂f/∂u = 1 / (3 f²)"]),
        ("tanh", ["f = tanh(u)", "∂f/∂u = 4 t / (1 + t)²  with t = e^(−2 |u|)"]),
        ("erf", ["f = erf(u)", "∂f/∂u = (2/√π) e^(−u²)"]),
        ("softplus", ["f = max(u, 0) + ln(1 + e^(−|u|))", "∂f/∂u = σ(u)"]),
        ("silu", ["f = u σ(u)", "∂f/∂u = σ(u) (1 + u σ(−u))"]),
        ("dot", ["f = Σ w_i u_i", "∂f/∂w_i = u_i", "∂f/∂u_i = w_i"]),
        ("logsumexp", ["f = logsumexp(u_1, …, u_n)", "∂f/∂u_i = e^(u_i − f)"]),
    ],
)
def test_formulas_read_as_in_a_book(name: str, shown: list[str]) -> None:
    assert [str(formula) for formula in formulas(RULES[name])] == shown


def test_a_constant_operand_goes_in_as_its_number() -> None:
    assert [str(f) for f in formulas(RULES["pow"], (None, 2.0))] == [
        "f = u²",
        "∂f/∂u = 2 u",
    ]
    assert str(formulas(RULES["pow"], (None, 0.5))[1]) == "∂f/∂u = 0.5 u^(−0.5)"
    assert [str(f) for f in formulas(RULES["bce"], (None, 1.0))] == [
        "f = −ln(p)",
        "∂f/∂p = −1 / p",
    ]
    assert str(formulas(RULES["sub"], (1.0, None))[0]) == "f = 1 − v"


def test_a_sum_of_products_has_a_start_only_if_there_is_one() -> None:
    assert [str(f) for f in formulas(RULES["dot"], (None,) * 3)][0::3] == [
        "f = Σ w_i u_i + s",
        "∂f/∂s = 1",
    ]


def test_a_name_with_an_underscore_is_one_word_unless_it_counts_terms() -> None:
    assert "<mi>at_zero</mi>" in formulas(RULES["relu_at"])[1].mathml()
    assert "<msub><mi>w</mi><mi>i</mi></msub>" in formulas(RULES["dot"])[0].mathml()


def test_a_letter_stands_apart_from_its_formula() -> None:
    assert "&nbsp;with&nbsp;" in formulas(RULES["tanh"])[1].mathml()


def test_a_rule_too_large_to_print_is_shown_as_a_call() -> None:
    def squares(x: Any) -> Any:
        for _ in range(64):
            x = x * x
        return x

    def nested(x: Any) -> Any:
        for _ in range(500):
            x = ag.sin(x)
        return x

    for function in (squares, nested):
        f = Rule("f", function, (lambda x, z, f=function: f(x),), "f")
        object.__setattr__(f, "name", "f")
        assert [str(x) for x in formulas(f)] == [
            "f = f(u)",
            "∂f/∂u = partials[0](u, f)",
        ]


def test_a_rule_nested_as_deep_as_may_be_is_printed() -> None:
    def nested(x: Any) -> Any:
        while x.depth < 99:
            x = ag.sin(x) + 1
        return x

    f = Rule("f", nested, (1,), "f")
    object.__setattr__(f, "name", "f")
    value, _ = formulas(f)
    assert str(value).count("sin") == 49
    assert value.mathml()
