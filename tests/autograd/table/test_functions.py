"""The public functions: their calls, their errors, their documentation."""

from __future__ import annotations

import inspect
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.table.functions import FUNCTIONS
from autograd.table.functions import __all__ as written_out
from autograd.table.rules import ALIASES, RULES, Rule


def test_every_function_is_public_under_its_name_and_aliases() -> None:
    for name, function in FUNCTIONS.items():
        assert name in ag.__all__
        assert callable(getattr(ag, name))
        assert inspect.getdoc(function)
    for alias, name in ALIASES.items():
        assert FUNCTIONS[alias] is FUNCTIONS[name] or alias == "fabs"


@pytest.mark.parametrize("name", [n for n, r in RULES.items() if isinstance(r, Rule)])
def test_a_documentation_names_every_operand_and_the_kink(name: str) -> None:
    if name not in FUNCTIONS or name in (*written_out, "abs"):
        return
    rule, doc = RULES[name], FUNCTIONS[name].__doc__ or ""
    assert isinstance(rule, Rule)
    assert rule.doc in doc
    for parameter in rule.parameters:
        assert f"    {parameter}: " in doc
    if rule.kink is not None:
        assert rule.kink.text in doc
    assert tuple(inspect.signature(FUNCTIONS[name]).parameters) == rule.parameters


def test_operands_come_by_position_by_name_or_by_default() -> None:
    x = ag.Value(-2.0)
    for z in (
        ag.leaky_relu(x, 0.5),
        ag.leaky_relu(x, slope=0.5),
        ag.leaky_relu(slope=0.5, x=x),
        x.leaky_relu(0.5),
        x.leaky_relu(slope=0.5),
    ):
        assert z.data == -1.0
        assert z.operands[0] is x
        assert z.operands[1] == 0.5
    assert ag.leaky_relu(x).data == x.leaky_relu().data == -0.02
    assert ag.atan2(x=1.0, y=0.0) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ag.exp(),
        lambda x: ag.exp(x, x),
        lambda x: ag.elu(alpha=x),
        lambda x: ag.elu(x, x, x),
        lambda x: ag.elu(x, slope=1.0),
        lambda x: ag.elu(x, 1.0, alpha=1.0),
        lambda x: ag.atan2(x),
        lambda x: x.elu(1.0, 2.0),
        lambda x: x.elu(slope=1.0),
        lambda x: x.atan2(),
        lambda x: x.exp(1.0),
    ],
)
def test_a_wrong_number_of_operands_is_a_type_error(call: Any) -> None:
    with pytest.raises(TypeError, match=r"exp|elu|atan2"):
        call(ag.Value(1.0))


def test_numbers_give_floats_and_exact_types_stay_exact() -> None:
    for x in (2, 2.0, True, np.float32(2.0), np.int64(2), np.bool_(True), Decimal(2)):
        assert type(ag.exp(x)) is float
        assert type(ag.maximum(x, 1)) is float
    assert type(ag.floor(2.5)) is float
    assert ag.relu(Fraction(1, 3)) == Fraction(1, 3)
    assert ag.maximum(Fraction(1, 3), Fraction(1, 2)) == Fraction(1, 2)
    assert ag.exp(1j) == pytest.approx(complex(math.cos(1.0), math.sin(1.0)))


@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=1), st.floats())
def test_reductions_of_floats_have_the_bits_of_the_loop(
    pairs: list[tuple[float, float]], start: float
) -> None:
    ws, xs = zip(*pairs)
    total, products, started = 0.0, 0.0, start
    for w, x in pairs:
        total = total + x
        products = products + w * x
        started = started + w * x
    expected = [total, total / len(xs), products, started]
    for kind in (list, tuple, np.array):
        given_ws, given_xs = kind(ws), kind(xs)
        with np.errstate(all="ignore"):
            found = [
                ag.sum(given_xs),
                ag.mean(given_xs),
                ag.dot(given_ws, given_xs),
                ag.dot(given_ws, given_xs, start),
            ]
        assert {type(x) for x in found} == {float}
        assert list(map(repr, found)) == list(map(repr, expected))


def test_reductions_of_whole_numbers_are_those_of_floats() -> None:
    xs = [2**53, 1, 1]
    assert ag.sum(xs) == ag.sum(list(map(float, xs))) == 2.0**53
    assert ag.dot(xs, [1, 1, 1]) == ag.dot([2.0**53, 1.0, 1], [1, 1, 1]) == 2.0**53


@pytest.mark.parametrize("bad", ["1", None, [1.0], np.array([1.0])])
def test_a_function_of_something_else_is_a_type_error_that_names_it(bad: Any) -> None:
    name = type(bad).__name__
    for call in (
        lambda: ag.exp(bad),
        lambda: ag.sum([1.0, bad]),
        lambda: ag.dot([1.0], [bad]),
        lambda: ag.mean([bad]),
        lambda: ag.where(True, bad, 1.0),
    ):
        with pytest.raises(TypeError, match=name):
            call()


def test_unequal_lengths_are_a_value_error_with_both() -> None:
    for call in (ag.dot, ag.dist):
        with pytest.raises(ValueError, match=r"2.*3"):
            call([1.0, 2.0], [1.0, 2.0, 3.0])


def test_sums_of_nothing() -> None:
    x = ag.Value(2.0)
    assert ag.sum([]) == ag.dot([], []) == ag.fsum([]) == ag.hypot() == 0.0
    assert ag.dist([], []) == 0.0
    assert ag.prod([]) == 1.0
    assert type(ag.dot([], [], x)) is type(ag.sum([], start=x)) is ag.Value
    for call in (ag.mean, ag.logsumexp):
        with pytest.raises(ValueError, match="empty"):
            call([])


def test_iterators_are_taken_as_well_as_lists() -> None:
    xs = [ag.Value(1.0), ag.Value(2.0)]
    assert ag.sum(x for x in xs).data == 3.0
    assert ag.dot(iter(xs), iter([3.0, 4.0])).data == 11.0
    assert ag.prod(iter(xs)).data == 2.0


@given(xs=st.lists(st.floats(0.5, 2.0), min_size=1, max_size=6))
def test_prod_has_the_product_of_the_others_as_gradient(xs: list[float]) -> None:
    values = list(map(ag.Value, xs))
    ag.prod(values).backward()
    for i, value in enumerate(values):
        others = math.prod(xs[:i] + xs[i + 1 :])
        assert value.grad == pytest.approx(others, rel=1e-14)


def test_prod_with_a_start_and_with_numbers() -> None:
    x = ag.Value(3.0)
    assert ag.prod([x, 2.0], start=0.5).data == 3.0
    assert ag.prod([2, 3]) == 6.0
    assert type(ag.prod([2, 3])) is float
    with pytest.raises(TypeError):
        ag.prod(["a"])


def test_log_to_a_base_is_a_quotient_and_differentiates_by_the_base() -> None:
    x, b = ag.Value(8.0), ag.Value(2.0)
    z = ag.log(x, b)
    assert z.data == math.log(8.0, 2.0)
    z.backward()
    assert x.grad == pytest.approx(1 / (8.0 * math.log(2.0)))
    assert b.grad == pytest.approx(-math.log(8.0) / (2.0 * math.log(2.0) ** 2))
    with pytest.raises(ZeroDivisionError):
        ag.log(x, 1.0)


@pytest.mark.parametrize(
    ("at_zero", "slope"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0, 0.0), (1, 1.0)]
)
def test_relu_has_the_slope_at_0_that_is_asked_for(
    at_zero: float, slope: float
) -> None:
    for call in (lambda x: ag.relu(x, at_zero=at_zero), lambda x: x.relu(at_zero)):
        for data, expected in ((0.0, slope), (-0.0, slope), (2.0, 1.0), (-2.0, 0.0)):
            x = ag.Value(data)
            z = call(x)
            z.backward()
            assert z.data == max(data, 0.0)
            assert x.grad == expected


def test_the_largest_of_many_is_the_first_of_equals() -> None:
    values = [ag.Value(x) for x in (1.0, 3.0, 2.0, 3.0)]
    largest = ag.maximum(*values)
    largest.backward()
    assert largest.data == 3.0
    assert [v.grad for v in values] == [0.0, 1.0, 0.0, 0.0]
    assert ag.minimum(2.0, 0.5, 1) == 0.5
    with pytest.raises(TypeError, match="two or more values, got 1"):
        ag.minimum(1.0)


def test_logsumexp_takes_numbers_or_a_list_of_them() -> None:
    assert ag.logsumexp(1.0, 2.0) == ag.logsumexp([1.0, 2.0])
    assert ag.logsumexp(ag.Value(1.0), 2.0).data == ag.logsumexp([1.0, 2.0])
    assert ag.logsumexp(3.0) == 3.0
    with pytest.raises(ValueError, match="must not be empty"):
        ag.logsumexp()


@pytest.mark.parametrize("name", sorted(set(ag.__all__) - {"Value", "no_grad"}))
def test_every_public_function_has_a_signature(name: str) -> None:
    function = getattr(ag, name)
    if callable(function) and not isinstance(function, type):
        reference = FUNCTIONS.get(name)
        found = [str(p) for p in inspect.signature(function).parameters]
        if reference is not None:
            assert found == list(inspect.signature(reference).parameters)


def test_methods_have_signatures_with_their_defaults() -> None:
    assert inspect.signature(ag.Value.leaky_relu).parameters["slope"].default == 0.01
    assert "label" in inspect.signature(ag.Value).parameters
    for name in ("maximum", "bce", "backward", "_apply", "fma"):
        assert "self" in inspect.signature(getattr(ag.Value, name)).parameters


def test_softmax_does_not_overflow_and_has_the_slopes_of_its_definition() -> None:
    xs = [1.0, -2.0, 0.5]
    total = math.fsum(map(math.exp, xs))
    assert ag.softmax(xs) == pytest.approx([math.exp(x) / total for x in xs], rel=1e-15)
    assert ag.softmax([1e300, 0.0]) == [1.0, 0.0]
    found = ag.jacobian(ag.softmax)(xs)
    p = ag.softmax(xs)
    expected = [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]
    assert np.allclose(found, expected, rtol=1e-14, atol=1e-17)
    shifted = ag.jacobian(ag.softmax)([x + 710.0 for x in xs])
    assert np.allclose(shifted, expected, rtol=1e-12, atol=1e-17)
    program = ag.compile(ag.jacobian(ag.softmax))
    assert program(xs) == found
    assert program([3.0, 4.0, -5.0]) == ag.jacobian(ag.softmax)([3.0, 4.0, -5.0])
    assert program.stats()["recordings"] == 1
    with pytest.raises(ValueError, match="softmax: xs must not be empty"):
        ag.softmax([])


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_nan_has_no_direction(sign: float) -> None:
    x = ag.Value(math.copysign(math.nan, sign))
    for node in (ag.hypot(x), ag.dist([x], [ag.Value(math.inf)])):
        assert all(map(math.isnan, (node.data, *node.partials)))
