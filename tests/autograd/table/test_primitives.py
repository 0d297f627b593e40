"""The elementary functions take every kind of number."""

from __future__ import annotations

import cmath
import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core.limits import IEEE
from autograd.derivatives.series import Series
from autograd.native import emit
from autograd.native.routines import Routine
from autograd.pictures.emit_js import Script
from autograd.program.tape import value_of_row
from autograd.table import primitives
from autograd.table.primitive import PRIMITIVES, apply
from autograd.table.rules import RULES, Rule
from autograd.testing.precise import Precise
from tests.effort import share
from tests.engines import once

pytestmark = once

UNARY = [
    name
    for name, primitive in PRIMITIVES.items()
    if getattr(math, name, None) is primitive.real and len(RULES[name].partials) == 1
    if isinstance(RULES[name], Rule)
]


def test_every_primitive_is_a_row_which_has_its_derivatives() -> None:
    for name, primitive in PRIMITIVES.items():
        assert primitive.name == name
        assert RULES[name].name == name


@pytest.mark.parametrize("name", UNARY)
@share(0.5)
@given(x=st.floats() | st.integers())
def test_a_function_of_a_float_or_an_int_is_that_of_math(name: str, x: float) -> None:
    function, reference = getattr(primitives, name), getattr(math, name)
    try:
        expected = reference(x)
    except (ValueError, OverflowError) as error:
        with pytest.raises(type(error)):
            function(x)
    else:
        assert repr(function(x)) == repr(expected)
    assert function.__name__ == name


@pytest.mark.parametrize("name", [name for name in UNARY if hasattr(cmath, name)])
def test_a_function_of_a_complex_number_is_that_of_cmath(name: str) -> None:
    z = 0.5 + 0.25j
    assert getattr(primitives, name)(z) == getattr(cmath, name)(z)


class Loud:
    """A number type that answers for itself."""

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        return name, operands


def test_another_number_type_answers_for_itself_in_any_position() -> None:
    x = Loud()
    assert primitives.exp(x) == ("exp", (x,))
    assert primitives.atan2(1.0, x) == ("atan2", (1.0, x))
    assert primitives.hypot(1.0, 2.0, x) == ("hypot", (1.0, 2.0, x))
    assert primitives.where(True, 1.0, x) == ("where", (True, 1.0, x))
    assert primitives.where(x, 1.5, Fraction(1)) == ("where", (x, 1.5, Fraction(1)))
    assert apply("exp", (1.0, 2.0)) is NotImplemented


def test_where_chooses_and_keeps_fractions() -> None:
    assert primitives.where(True, 1, 2) == 1
    assert primitives.where(0, Fraction(1, 3), Fraction(2, 3)) == Fraction(2, 3)


def test_power_is_exact_on_fractions_and_refuses_to_turn_complex() -> None:
    assert primitives.power(Fraction(2, 3), 3) == Fraction(8, 27)
    with pytest.raises(ValueError, match=r"-8\.0 \*\* 0\.5 is complex"):
        primitives.power(-8.0, 0.5)
    assert primitives.power(-1 + 0j, 0.5) == (-1 + 0j) ** 0.5


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(x=FINITE, y=FINITE, z=FINITE)
def test_our_fma_rounds_once(x: float, y: float, z: float) -> None:
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    try:
        expected = float(exact)
    except OverflowError:
        with pytest.raises(OverflowError):
            primitives._fma(x, y, z)
        return
    assert primitives._fma(x, y, z) == expected
    assert primitives.fma(x, y, z) == expected


def test_our_fma_at_the_edges_is_that_of_ieee_754() -> None:
    inf, nan = math.inf, math.nan
    assert repr(primitives._fma(-1.0, 0.0, -0.0)) == "-0.0"
    assert repr(primitives._fma(1.0, 0.0, -0.0)) == "0.0"
    assert primitives._fma(inf, 1.0, 5.0) == inf
    assert math.isnan(primitives._fma(nan, 1.0, 1.0))
    for operands in ((inf, 0.0, 1.0), (inf, 1.0, -inf)):
        with pytest.raises(ValueError, match="fma"):
            primitives._fma(*operands)


@given(x=st.floats(-1e300, 1e300))
def test_our_cube_root_for_old_pythons_is_a_cube_root(x: float) -> None:
    root = primitives._cbrt(x)
    assert math.copysign(1.0, root) == math.copysign(1.0, x)
    assert root**3 == pytest.approx(x, rel=1e-14, abs=1e-320)


def test_our_exp2_for_old_pythons_overflows_as_pythons() -> None:
    assert primitives._exp2(10.0) == 1024.0
    with pytest.raises(OverflowError):
        primitives._exp2(1e4)


def test_a_row_of_a_function_that_is_no_primitive_says_what_to_add() -> None:
    row = Rule("n", lambda x: math.nextafter(x, 2.0), (1,), "the next float")
    object.__setattr__(row, "name", "nearby")
    with pytest.raises(TypeError, match=r"value_nearby: .*autograd/table/primitives"):
        list(emit.emit_rule(row))


def test_a_primitive_that_mpmath_does_not_have_says_what_to_add() -> None:
    row = dataclasses.replace(PRIMITIVES["erf"], name="nearby")
    PRIMITIVES["nearby"] = row
    try:
        with pytest.raises(TypeError, match=r"no function 'nearby'.*primitives\.py"):
            Precise(1.0)._apply("nearby", (Precise(1.0),))
    finally:
        del PRIMITIVES["nearby"]


def nearby(x: Any) -> Any:
    return apply("nearby", (x,))


@pytest.mark.parametrize(
    "read",
    [
        lambda: nearby(ag.Value(2.0)),
        lambda: ag.compile(nearby)(2.0),
        lambda: value_of_row("nearby")(2.0),
        lambda: nearby(IEEE(2.0)),
        lambda: nearby(Precise(2.0)),
        lambda: nearby(Series([2.0, 1.0])),
        lambda: nearby(Script({}, "x")),
        lambda: emit.function("f", "double x", ["x"], nearby),
        lambda: Routine(nearby, 1),
    ],
)
def test_an_unknown_primitive_is_named_with_what_to_add(
    read: Callable[[], Any],
) -> None:
    with pytest.raises(LookupError, match=r"'nearby'.*rules\.py.*primitives\.py"):
        read()
