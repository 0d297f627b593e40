"""Expressions are printed so that they mean what they are."""

from __future__ import annotations

import pytest

from autograd.formula.notation import mathml, text
from autograd.formula.symbol import Symbol
from autograd.table.primitives import where
from tests.engines import once

pytestmark = once


def test_parentheses_stand_where_the_meaning_needs_them() -> None:
    x, y = Symbol.named("x"), Symbol.named("y")
    assert text((x + y) * y) == "(x + y) y"
    assert text(x - (y - x)) == "x − (y − x)"
    assert text(x - y + x) == "x − y + x"
    assert text(-(x + y)) == "−(x + y)"
    assert text((-x) ** 2) == "(−x)²"
    assert text(x / (y / x)) == "x / (y / x)"
    assert text(x / y / x) == "x / (y x)"
    assert text((x * y) ** 2) == "(x y)²"
    assert text(x ** (y + 1)) == "x^(y + 1)"
    assert text(-2 * x) == "−2 x"


def test_mathml_escapes_what_a_name_holds() -> None:
    assert mathml(Symbol.named("<b>")) == "<mi>&lt;b&gt;</mi>"


def test_a_symbol_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="branch with where"):
        bool(Symbol.named("x") > 0)


def test_conditions_that_lead_to_the_same_are_joined() -> None:
    x, y = Symbol.named("x"), Symbol.named("y")
    assert (
        text(where(x > 0, where(y > 0, 1, y), y)) == "{1 if x > 0 ∧ y > 0; y otherwise}"
    )
    assert (
        text(where(where(x > 0, y, 0), 1, y))
        == "{1 if {y if x > 0; 0 otherwise} ≠ 0; y otherwise}"
    )
    assert text(where(x > 0, y, y)) == "y"
