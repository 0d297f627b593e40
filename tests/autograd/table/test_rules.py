"""Every row of the table is right to rounding, on every engine.

The truth is the complex step on numbers of 450 digits (``precise.py``). The bound
is counted in units of rounding, ε (|f| + Σ |x ∂f/∂x|) with ε = 2^-53. One operation
of IEEE 754 is off by one unit at most, one of the C library by two; the longest rows
chain two functions and four operations, so that 8 units bound them all. A row that
loses digits to cancellation, as textbook forms do, exceeds them by far.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.table.functions import FUNCTIONS
from autograd.table.number import BINARY, OPERATORS, Operations
from autograd.table.primitives import tanh
from autograd.table.rules import ALIASES, RULES, Interval, Reduction, Rule
from tests.autograd.precise import EPS, derivative, rounding_error, shifted, value
from tests.effort import share
from tests.engines import on_each, once
from tests.exact import bits

TABLE = dict(RULES)  # as it is shipped: a test may add rows of its own later

UNITS = 8

# Smaller numbers than 1e-100 leave the complex step too few of its 450 digits.
MODERATE = st.floats(-40, 40).map(lambda x: x if abs(x) > 1e-100 else 0.0)
MAGNITUDES = st.builds(
    lambda sign, mantissa, power: sign * mantissa * 10.0**power,
    st.sampled_from((-1, 1)),
    st.floats(1, 10),
    st.integers(-100, 100),
)
FRACTIONS = st.builds(lambda k, n: n * 2.0**-k, st.integers(1, 50), st.integers(0, 9))


@st.composite
def inside(draw: st.DrawFn, interval: Interval) -> float:
    """A number of an interval: of any size, of everyday size, or near an end."""
    if interval.whole:
        return float(draw(st.integers(0, 12)))
    x: float = draw(MODERATE | MODERATE | MAGNITUDES | FRACTIONS)
    if math.isfinite(interval.high):  # low and high are: a share of the way
        low, high = interval.low, interval.high
        share = draw(FRACTIONS | st.floats(0, 1)) % 1
        x = draw(st.sampled_from((low + share * (high - low), high - share)))
    elif math.isfinite(interval.low):
        x = interval.low + abs(x)
    return x if x in interval else 0.5


@st.composite
def from_domain(draw: st.DrawFn, rule: Rule | Reduction) -> tuple[float, ...]:
    """Operands from a row's domain."""
    if isinstance(rule, Reduction):
        n = draw(st.integers(1, 4)) * rule.columns
        large = st.floats(-700, 700) if rule.together else MAGNITUDES
        return tuple(
            draw(
                st.lists(
                    draw(st.sampled_from((MODERATE, large))), min_size=n, max_size=n
                )
            )
        )
    if rule.name == "where":
        return (draw(st.sampled_from((0.0, 1.0))), *draw(st.tuples(MODERATE, MODERATE)))
    domain = rule.domain or (Interval(),) * len(rule.parameters)
    return tuple(draw(inside(interval)) for interval in domain)


Recorded = tuple[float, Sequence[float]]
Engine = Callable[[str, Sequence[float]], Recorded]


def every_engine(name: str, operands: Sequence[float]) -> Recorded:
    """Value and partials of a row, which every engine records to the same bits."""

    def record() -> Recorded:
        values = tuple(map(ag.Value, operands))
        node = values[0]._apply(name, values)
        return node.data, node.partials

    first, *others = on_each(record)
    assert all(bits(first) == bits(other) for other in others)
    return first


# These multiply by a factor that may be below the normal floats: what its rounding
# costs there, 2^-1074, is as many times as much in the product.
FACTORS: dict[str, Callable[..., float]] = {
    "gelu": abs,
    "silu": abs,
    "elu": lambda x, alpha: abs(alpha),
    "pow": lambda x, y: max(abs(y), abs(math.log(x))),
    "power_log": lambda n, x, y: (n + abs(y)) * max(1, abs(math.log(x))) ** n,
}


def errors(
    rule: Rule | Reduction, operands: Sequence[float], recorded: Recorded
) -> list[float]:
    """The errors of a value and its partials in units of rounding, where smooth."""
    z, partials = recorded
    error = rounding_error(z, lambda xs: value(rule, xs), operands)
    found = [(z, error, 1.0)]
    for i, partial in enumerate(partials):
        if isinstance(rule, Rule) and rule.domain and rule.domain[i].whole:
            assert partial == 0.0  # an order is no variable
            continue
        error = rounding_error(
            partial, lambda xs, i=i: derivative(rule, i, xs), operands
        )
        found.append((partial, error, 1.0))
    if rule.name in FACTORS:
        times = 1 + FACTORS[rule.name](*operands)
        small = times * sys.float_info.min
        found = [
            (claim, e, times if abs(claim) < small else share)
            for claim, e, share in found
        ]
    return [error / share for _, error, share in found if error is not None]


def check(name: str, engine: Engine, examples: float = 0.6, **options: Any) -> None:
    """Draw operands from a row's domain and compare what an engine makes of them."""
    rule, seen = RULES[name], 0
    most = share(examples).max_examples

    @settings(max_examples=most, database=None, **options)
    @given(from_domain(rule))
    def property_of_row(operands: tuple[float, ...]) -> None:
        nonlocal seen
        try:
            recorded = engine(name, operands)
        except ArithmeticError:  # out of the range of floats
            return
        found = errors(rule, operands, recorded)
        seen += len(found)
        units = max(UNITS, rule.units)
        assert max(found, default=0.0) <= units, (operands, recorded, found)

    property_of_row()
    assert seen >= most / 6, f"only {seen} numbers of {name} were looked at"


COSTLY = {"erf", "erfc", "gelu", "polygamma", "softmax_cross_entropy"}
"""Rows of which mpmath takes a tenth of a second for each example's truth."""


@once
@pytest.mark.parametrize("name", TABLE)
def test_a_row_is_right_to_rounding_over_its_domain(name: str) -> None:
    check(name, every_engine, 0.25 if name in COSTLY else 0.6)


def wrong_by_a_thousandth(name: str, operands: Sequence[float]) -> Recorded:
    z, partials = every_engine(name, operands)
    return z, [partial * 1.001 for partial in partials]


FLAT = {"floordiv", "floor", "ceil", "trunc", "round"}  # all their partials are 0


@once
@pytest.mark.parametrize("name", [name for name in RULES if name not in FLAT])
def test_a_row_that_is_wrong_by_a_thousandth_is_caught(name: str) -> None:
    with pytest.raises(AssertionError, match="assert"):
        check(name, wrong_by_a_thousandth, phases=[Phase.generate])


@once
@pytest.mark.parametrize("name", sorted(FLAT))
def test_a_flat_row_with_a_slope_is_caught(name: str) -> None:
    def sloped(name: str, operands: Sequence[float]) -> Recorded:
        z, partials = every_engine(name, operands)
        return z, [0.001 for _ in partials]

    with pytest.raises(AssertionError, match="assert"):
        check(name, sloped, phases=[Phase.generate])


@once
def test_the_textbook_row_of_tanh_is_caught_at_19() -> None:
    textbook = Rule("tanh", lambda x: tanh(x), (lambda x, z: 1 - z * z,), "textbook")
    z = math.tanh(19.0)
    worst = max(errors(textbook, (19.0,), (z, [textbook.partial(0, [19.0], z)])))
    assert worst > 1e12
    assert max(errors(RULES["tanh"], (19.0,), every_engine("tanh", (19.0,)))) < 3


@once
@pytest.mark.parametrize("name", ["asin", "acos", "acosh", "atanh"])
@pytest.mark.parametrize("k", range(2, 52))
def test_an_inverse_function_has_its_slope_near_the_end_of_its_domain(
    name: str, k: int
) -> None:
    # The floats themselves are exact here: 1 - x x would lose k of the 53 digits.
    x = 1 + 2.0**-k if name == "acosh" else 1 - 2.0**-k
    _, (slope,) = every_engine(name, (x,))
    truth = derivative(RULES[name], 0, (x,))
    assert abs(slope - truth) <= UNITS * EPS * abs(truth)


@once
@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("gelu", (-37.984375,)),
        ("gelu", (-38.0,)),
        ("silu", (-712.3,)),
        ("silu", (-740.0,)),
        ("pow", (1e-100, 3.125)),
    ],
)
def test_a_factor_may_go_below_the_normal_floats(
    name: str, operands: tuple[float, ...]
) -> None:
    recorded = every_engine(name, operands)
    assert max(errors(RULES[name], operands, recorded)) <= UNITS


@once
@pytest.mark.parametrize("label", [0.0, 1.0])
@given(x=st.floats(-700, 700))
def test_bce_with_logits_is_right_where_the_network_is_right_and_sure(
    label: float, x: float
) -> None:
    # The label is exact here, so nothing forgives the cancellation in σ(x) - y.
    rule = RULES["bce_with_logits"]
    z, (partial, _) = every_engine(rule.name, (x, label))
    for claim, exact in (
        (z, lambda xs: value(rule, [*xs, label])),
        (partial, lambda xs: derivative(rule, 0, [*xs, label])),
    ):
        error = rounding_error(claim, exact, (x,))
        assert error is None or error <= UNITS


@once
@pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
@given(p=st.floats(max_value=0.0) | st.floats(min_value=1.0))
@example(p=3.2)
def test_bce_of_what_is_no_probability_raises_whatever_the_label(
    p: float, label: float
) -> None:
    # A logit in place of its σ is a likely slip, whose loss would be below 0.
    if p == label:
        assert every_engine("bce", (p, label))[0] == 0.0
    else:
        with pytest.raises(ValueError, match=r"p ∈ \(0, 1\)"):
            every_engine("bce", (p, label))


@once
@given(st.floats(-1e3, -1e-10), st.integers(-20, 20))
def test_power_of_a_negative_base_has_the_exact_slope(x: float, n: int) -> None:
    _, (slope, _) = every_engine("pow", (x, float(n)))
    exact = n * Fraction(x) ** (n - 1)
    if 1e-280 < abs(exact) < 1e280:
        assert abs(Fraction(slope) - exact) <= UNITS * n**2 * abs(exact) / 2**53
    if n == 0:
        assert slope == 0.0


@once
def test_power_near_exponent_0_keeps_its_slope() -> None:
    # y x^(y-1) alone overflows here on the way, or loses the digits of y to y - 1.
    for x, y in ((2.2250738585e-313, 2.0**-23), (1e300, 1e-20), (0.5, 1e-17)):
        z, (slope, _) = every_engine("pow", (x, y))
        assert slope == pytest.approx(y * z / x, rel=1e-15)
    for y in (0.1, 0.5):
        assert every_engine("pow", (math.inf, y))[1][0] == 0.0
        assert every_engine("pow", (0.0, y))[1][0] == math.inf


CONVENTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "abs": lambda xs: 0.0,  # the mean of its two sides
    "relu_at": lambda xs: xs[1],  # what the caller asks for
    "hypot": lambda xs: math.nan,  # 0 / 0: the length has no side more right
    "dist": lambda xs: math.nan,
}


@once
@pytest.mark.parametrize("name", [n for n, rule in RULES.items() if rule.kink])
@share(0.5)
@given(t=st.floats(-40, 40, allow_subnormal=False))
@example(t=0.0)
@example(t=-0.0)
@example(t=1.0)
def test_at_a_kink_a_partial_is_one_of_its_one_sided_ones(name: str, t: float) -> None:
    rule = RULES[name]
    assert rule.kink is not None
    operands = rule.kink.at(t)
    _, partials = every_engine(name, operands)
    convention = CONVENTIONS.get(name)
    for i, partial in enumerate(partials):
        sides = [
            derivative(rule, i, shifted(operands, j, side))
            for j in range(len(operands))
            for side in (-1, 1)
        ]
        if any(abs(partial - side) <= UNITS * EPS * (1 + abs(side)) for side in sides):
            continue
        assert convention is not None, sides
        assert repr(partial) == repr(convention(operands))


def test_a_row_is_documented_and_has_a_method_or_an_operator_and_a_function() -> None:
    for name, rule in TABLE.items():
        assert rule.name == name
        assert rule.symbol
        assert rule.doc
        assert not rule.doc.endswith(".")
        if name in BINARY:
            assert hasattr(Operations, f"__{name}__")
            assert hasattr(Operations, f"__r{name}__")
        elif name in ("neg", "pos"):
            assert hasattr(Operations, f"__{name}__")
        else:
            function = FUNCTIONS[name]
            assert function.__doc__
            assert getattr(ag, name).__name__ == name
        if name in OPERATORS | TAKES_A_SEQUENCE:
            continue
        assert hasattr(Operations, name)
        assert hasattr(ag.Value, name)
        assert getattr(ag.Value, name).__doc__
        if isinstance(rule, Rule):
            assert len(rule.parameters) == len(rule.partials)
            assert len(rule.domain) in (0, len(rule.parameters))
    for alias, name in ALIASES.items():
        assert hasattr(Operations, alias)
        assert FUNCTIONS[alias].__doc__
        assert name in RULES


TAKES_A_SEQUENCE = {"sum", "mean", "dot", "fsum", "dist", "logsumexp"}
TAKES_A_SEQUENCE |= {"softmax_cross_entropy"}
