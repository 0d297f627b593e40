"""A number type gets every operator and method of the table through ``_apply``."""

from __future__ import annotations

import math
import operator
from typing import Any

import pytest

from autograd.table.number import BINARY, METHODS, UNARY, Operations, method
from autograd.table.rules import ALIASES, RULES, Reduction
from tests.engines import once

pytestmark = once


class Spelled(Operations):
    """A number type that only says what was asked of it."""

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        return name, operands


@pytest.mark.parametrize("name", BINARY)
def test_an_operator_applies_its_row_in_both_orders(name: str) -> None:
    x, y = Spelled(), Spelled()
    op = getattr(operator, name)
    assert op(x, y) == (name, (x, y))
    assert op(x, 2.0) == (name, (x, 2.0))
    assert op(2.0, x) == (name, (2.0, x))


@pytest.mark.parametrize("name", UNARY)
def test_a_unary_operator_applies_its_row(name: str) -> None:
    x = Spelled()
    op = getattr(operator, name, None) or getattr(math, name)
    assert op(x) == (name, (x,))


def test_plus_is_the_number_itself_and_divmod_is_its_two_rows() -> None:
    x = Spelled()
    assert +x is x
    assert divmod(x, 2.0) == (("floordiv", (x, 2.0)), ("mod", (x, 2.0)))
    assert divmod(2.0, x) == (("floordiv", (2.0, x)), ("mod", (2.0, x)))


@pytest.mark.parametrize("name", [*METHODS, *ALIASES])
def test_a_method_applies_its_row_and_has_its_documentation(name: str) -> None:
    rule, x = RULES[ALIASES.get(name, name)], Spelled()
    missing = len(rule.partials) - 1
    others = tuple(map(float, range(missing)))
    called = getattr(x, name)(*others)
    if name == "relu":
        assert called == ("relu", (x,))
        assert x.relu(1.0) == ("relu_at", (x, 1.0))
        assert x.relu(0) == ("relu_at", (x, 0))
    else:
        assert called == (rule.name, (x, *others))
    assert getattr(Operations, name).__doc__
    if isinstance(rule, Reduction):
        assert getattr(x, name)(1.0, 2.0) == (rule.name, (x, 1.0, 2.0))
        with pytest.raises(TypeError, match=f"{rule.name}.*start"):
            getattr(x, name)(start=1.0)


def test_a_method_of_a_row_completes_defaults() -> None:
    x = Spelled()
    assert x.elu() == ("elu", (x, 1.0))
    assert method(RULES["leaky_relu"])(x) == ("leaky_relu", (x, 0.01))
    with pytest.raises(TypeError, match=r"fma\(\) takes \(x, y, w\)"):
        x.fma(1.0)


def test_a_number_type_without_apply_says_so() -> None:
    class Half(Operations):
        pass

    with pytest.raises(NotImplementedError, match=r"Half\._apply"):
        Half() + 1.0
