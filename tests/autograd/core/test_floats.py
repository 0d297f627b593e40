"""A Value computes what a float computes: the same bits, and the same exceptions."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd as ag
from autograd.table.rules import ALIASES, RULES, Rule
from tests.effort import share
from tests.exact import bits

FLOATS = st.floats() | st.floats(-10, 10) | st.integers(-5, 5).map(float)
SPECIAL = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1.7e308]
)
NUMBERS = FLOATS | SPECIAL

Outcome = tuple[str, Any]


def outcome(function: Callable[..., Any], *operands: Any) -> Outcome:
    """What a call gives: the bits of its result, or the type of its exception."""
    try:
        z = function(*operands)
    except Exception as error:
        return "raises", type(error)
    if isinstance(z, complex):  # where floats turn complex, Values raise
        return "raises", ValueError
    if isinstance(z, tuple):
        return "tuple", [bits(x if isinstance(x, ag.Value) else float(x)) for x in z]
    return "number", bits(z if isinstance(z, ag.Value) else float(z))


OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    divmod,
]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@share(0.5)
@given(x=NUMBERS, y=NUMBERS)
@example(x=-8.0, y=0.5)
@example(x=0.0, y=-1.0)
@example(x=-0.0, y=-3.0)
@example(x=1e200, y=2.0)
@example(x=1.0, y=0.0)
def test_an_operator_gives_the_bits_and_exceptions_of_floats(
    op: Callable[[Any, Any], Any], x: float, y: float
) -> None:
    expected = outcome(op, x, y)
    assert outcome(op, ag.Value(x), ag.Value(y)) == expected
    assert outcome(op, ag.Value(x), y) == expected
    assert outcome(op, x, ag.Value(y)) == expected


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@share(0.5)
@given(x=NUMBERS, n=st.integers() | st.sampled_from([10**400, -(10**400), 2**53 + 1]))
def test_an_operator_with_an_int_gives_what_floats_give(
    op: Callable[[Any, Any], Any], x: float, n: int
) -> None:
    assert outcome(op, ag.Value(x), n) == outcome(op, x, n)
    assert outcome(op, n, ag.Value(x)) == outcome(op, n, x)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@share(0.5)
@given(x=NUMBERS, b=st.booleans())
def test_an_operator_with_a_bool_gives_what_floats_give(
    op: Callable[[Any, Any], Any], x: float, b: bool
) -> None:
    assert outcome(op, ag.Value(x), b) == outcome(op, x, b)
    assert outcome(op, b, ag.Value(x)) == outcome(op, b, x)


NUMPY_TYPES = [
    np.float64,
    np.float32,
    np.float16,
    np.int64,
    np.int8,
    np.uint8,
    np.bool_,
]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@pytest.mark.parametrize("scalar", NUMPY_TYPES, ids=lambda t: t.__name__)
def test_a_numpy_scalar_stands_for_its_float_on_both_sides(
    op: Callable[[Any, Any], Any], scalar: Callable[[int], Any]
) -> None:
    for x, y in itertools.product((0.1, -2.5, 0.0, math.inf, math.nan), (0, 1, 3)):
        s = scalar(y)
        assert outcome(op, ag.Value(x), s) == outcome(op, x, float(s))
        assert outcome(op, s, ag.Value(x)) == outcome(op, float(s), x)
        try:
            z = s * ag.Value(x) if op is divmod else op(s, ag.Value(x))
        except (ArithmeticError, ValueError):
            continue
        assert type(z) is ag.Value
        assert type(z.operands[0]) is float


UNARY = [operator.neg, operator.pos, abs, math.floor, math.ceil, math.trunc]


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.__name__)
@share(0.5)
@given(x=NUMBERS)
def test_a_unary_operator_gives_the_bits_and_exceptions_of_floats(
    op: Callable[[Any], Any], x: float
) -> None:
    z = outcome(op, ag.Value(x))
    expected = outcome(op, x)
    if op in (math.floor, math.ceil, math.trunc) and expected == ("number", bits(0.0)):
        assert z in (expected, ("number", bits(-0.0)))  # an int has no -0
    else:
        assert z == expected


ROWS_OF_ONE = {
    name for name, r in RULES.items() if isinstance(r, Rule) and len(r.partials) == 1
}
WHOLE = ("floor", "ceil", "trunc")  # they give ints
ONE = [n for n in vars(math) if ALIASES.get(n, n) in ROWS_OF_ONE and n not in WHOLE]
TWO = ["atan2", "hypot", "fmod", "remainder", "copysign", "pow", "log"]


@pytest.mark.parametrize("name", ONE)
@share(0.5)
@given(x=NUMBERS | st.integers() | st.floats(-1, 1))
def test_a_function_gives_the_bits_and_exceptions_of_math(name: str, x: float) -> None:
    expected = outcome(getattr(math, name), x)
    assert outcome(getattr(ag, name), x) == expected
    if isinstance(x, float):
        assert outcome(getattr(ag, name), ag.Value(x)) == expected
        assert outcome(getattr(ag.Value, name), ag.Value(x)) == expected


@pytest.mark.parametrize("name", TWO)
@given(x=NUMBERS, y=NUMBERS)
def test_a_function_of_two_gives_the_bits_and_exceptions_of_math(
    name: str, x: float, y: float
) -> None:
    # Python's own ** and math.pow differ in which exception they raise at a pole.
    reference = operator.pow if name == "pow" else getattr(math, name)
    function = getattr(ag, name)
    expected = outcome(reference, x, y)
    assert outcome(function, ag.Value(x), ag.Value(y)) == expected
    assert outcome(function, ag.Value(x), y) == expected
    assert outcome(function, x, ag.Value(y)) == expected
    assert outcome(function, x, y) == expected


LISTS = st.lists(NUMBERS, max_size=6)


@given(xs=LISTS)
def test_reductions_give_the_bits_of_the_same_code_on_floats(xs: list[float]) -> None:
    values = list(map(ag.Value, xs))
    assert outcome(ag.sum, values) == outcome(loop, xs)
    assert outcome(ag.fsum, values) == outcome(math.fsum, xs)
    assert outcome(ag.prod, values) == outcome(math.prod, xs)
    assert outcome(lambda: ag.hypot(*values)) == outcome(lambda: math.hypot(*xs))
    if xs:
        assert outcome(ag.mean, values) == outcome(lambda: loop(xs) / len(xs))


def loop(xs: list[float]) -> float:
    """The sum, left to right; the builtin compensates rounding since Python 3.12."""
    total: float = 0
    for x in xs:
        total = total + x
    return total


@given(pairs=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6), start=NUMBERS)
def test_dot_gives_the_bits_of_the_written_out_loop(
    pairs: list[tuple[float, float]], start: float
) -> None:
    ws, xs = [w for w, _ in pairs], [x for _, x in pairs]
    total = start
    for w, x in pairs:
        total = total + w * x
    assert outcome(ag.dot, list(map(ag.Value, ws)), xs, start) == (
        "number",
        bits(total),
    )
    assert outcome(ag.dot, ws, list(map(ag.Value, xs)), start) == (
        "number",
        bits(total),
    )
    assert outcome(ag.dot, ws, xs, ag.Value(start)) == ("number", bits(total))
    assert outcome(math.dist, ws, xs) == outcome(ag.dist, list(map(ag.Value, ws)), xs)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "u1", ">f8", "?"])
def test_a_numpy_row_of_any_type_and_stride_is_its_list_of_numbers(dtype: str) -> None:
    row = np.array([1.1, 2.0**60, 3.0, 0.0, 200.0, 7.7]).clip(0, 1e4).astype(dtype)
    packed = np.zeros(6, dtype=[("odd", "u1"), ("x", dtype)])  # what is not aligned
    packed["x"] = row
    for xs in (row, row[::2], row[::-1], row[:0], packed["x"]):
        ws = [ag.Value(1.0 + k) for k in range(len(xs))]
        numbers = [float(x) for x in xs]
        for z, same in (
            (ag.dot(ws, xs), ag.dot(ws, numbers)),
            (ag.dot(xs, ws), ag.dot(numbers, ws)),
            (ag.sum(xs), ag.sum(numbers)),
        ):
            assert bits(z) == bits(same)
            if isinstance(z, ag.Value):
                assert z.operands == same.operands
                assert z.partials == same.partials


@pytest.mark.parametrize("dtype", ["c16", "M8[s]", "U1"])
def test_a_numpy_row_of_no_real_numbers_is_a_type_error(dtype: str) -> None:
    with pytest.raises(TypeError, match=r"real number|operand"):
        ag.dot([ag.Value(1.0)] * 2, np.zeros(2, dtype=dtype))
    with pytest.raises(TypeError):
        ag.dot([ag.Value(1.0)] * 2, np.zeros((2, 2)))


COMPARISONS = [
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


@pytest.mark.parametrize("op", COMPARISONS, ids=lambda op: op.__name__)
@given(x=NUMBERS, y=NUMBERS | st.booleans() | st.integers())
@example(x=1e308, y=10**400)
@example(x=-math.inf, y=-(10**400))
@example(x=2.0**53, y=2**53 + 1)
def test_a_comparison_compares_the_numbers(
    op: Callable[[Any, Any], Any], x: float, y: float
) -> None:
    assert op(ag.Value(x), y) is op(x, y)
    assert op(y, ag.Value(x)) is op(y, x)
    if isinstance(y, float):
        assert op(ag.Value(x), ag.Value(y)) is op(x, y)


@pytest.mark.parametrize("op", COMPARISONS, ids=lambda op: op.__name__)
@pytest.mark.parametrize("scalar", NUMPY_TYPES, ids=lambda t: t.__name__)
def test_a_comparison_with_a_numpy_scalar_compares_the_numbers(
    op: Callable[[Any, Any], Any], scalar: Callable[[int], Any]
) -> None:
    for x in (0.0, 0.5, 1.0, math.nan):
        assert bool(op(ag.Value(x), scalar(1))) is op(x, 1.0)
        assert bool(op(scalar(1), ag.Value(x))) is op(1.0, x)


@given(x=NUMBERS)
def test_truth_and_format_are_those_of_the_float(x: float) -> None:
    value = ag.Value(x)
    assert bool(value) is bool(x)
    for spec in (".4f", "+.3e", ">12g", "%"):
        assert format(value, spec) == format(x, spec)
    assert f"{value}" == repr(value) == f"Value(data={x!r}, grad=0.0)"


@given(x=NUMBERS)
def test_int_is_that_of_the_float_as_a_step_has_no_gradient_to_lose(x: float) -> None:
    assert outcome(int, ag.Value(x)) == outcome(int, x)


def test_a_value_is_a_key_by_identity_though_it_compares_by_number() -> None:
    x, y = ag.Value(1.0), ag.Value(1.0)
    assert x == y
    assert {x: "x", y: "y"}[x] == "x"
    assert len({x, y}) == 2
    assert x not in {y}


ORDERINGS = [operator.lt, operator.le, operator.gt, operator.ge]
OTHERS = ["a", None, [1.0], 1 + 2j, Decimal(1), object(), {}]


@pytest.mark.parametrize("other", OTHERS, ids=lambda x: type(x).__name__)
def test_an_operand_of_another_type_is_a_type_error_that_names_it(other: Any) -> None:
    x = ag.Value(1.0)
    name = type(other).__name__
    for op in OPERATORS:
        for operands in ((x, other), (other, x)):
            if op is operator.mod and isinstance(operands[0], str):
                continue  # "a" % x formats
            with pytest.raises(TypeError) as raised:
                op(*operands)
            message = str(raised.value)
            assert "Value" in message
            assert name in message or "can't multiply sequence" in message
    for call in (
        lambda: ag.Value(other),
        lambda: ag.atan2(x, other),
        lambda: ag.atan2(other, x),
        lambda: ag.dot([x], [other]),
        lambda: ag.sum([x, other]),
        lambda: ag.where(True, x, other),
        lambda: x.copysign(other),
        lambda: x.backward(other),
        lambda: setattr(x, "data", other),
        lambda: setattr(x, "grad", other),
    ):
        with pytest.raises(TypeError, match=name):
            call()
    assert (x.data, x.grad) == (1.0, 0.0)


COMPARISONS = [operator.eq, operator.ne, *ORDERINGS]


@pytest.mark.parametrize(
    "other",
    [
        *(*OTHERS, Fraction(1), Fraction(1, 10), Fraction(0.1), 1 + 0j, 0.1 + 0j),
        *(
            Decimal("0.1"),
            Decimal.from_float(0.1),
            Decimal("nan"),
            10**400,
            Fraction(10**400),
        ),
    ],
)
@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
def test_it_compares_with_anything_as_a_float_does(
    compare: Callable[..., Any], other: Any
) -> None:
    for number in (1.0, 0.1, math.inf, math.nan):
        x = ag.Value(number)
        assert outcome(compare, x, other) == outcome(compare, number, other)
        assert outcome(compare, other, x) == outcome(compare, other, number)


@pytest.mark.parametrize(
    "call",
    [float, complex, math.exp, math.sqrt, math.isfinite, np.float64],
    ids=lambda f: f.__name__,
)
def test_a_conversion_that_would_lose_the_gradient_says_what_to_write(
    call: Callable[[Any], Any],
) -> None:
    with pytest.raises(TypeError, match=r"data|__round__"):
        call(ag.Value(2.5))


def test_a_value_is_no_index() -> None:
    with pytest.raises(TypeError):
        [1, 2][ag.Value(1.0)]  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        range(ag.Value(1.0))


def test_an_int_too_large_for_a_float_overflows_as_with_floats() -> None:
    for call in (
        lambda: ag.Value(10**400),
        lambda: ag.Value(1.0) + 10**400,
        lambda: 10**400 * ag.Value(1.0),
        lambda: ag.atan2(ag.Value(1.0), 10**400),
    ):
        with pytest.raises(OverflowError):
            call()


def test_a_complex_power_is_a_value_error_that_says_why() -> None:
    for call in (
        lambda: ag.Value(-8.0) ** 0.5,
        lambda: (-8.0) ** ag.Value(0.5),
        lambda: ag.pow(-8.0, 0.5),
    ):
        with pytest.raises(ValueError, match="negative base"):
            call()


def test_an_exception_says_the_row_the_operands_and_the_domain() -> None:
    with pytest.raises(ValueError, match=r"log\(-1\.0\); defined for x ∈ \(0, ∞\)"):
        ag.log(ag.Value(-1.0))
    with pytest.raises(ZeroDivisionError, match=r"truediv\(1\.0, 0\.0\).*ℝ∖\{0\}"):
        1.0 / ag.Value(0.0)


UFUNCS = {
    **{
        name: name for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt")
    },
    **{name: name for name in ("exp2", "cbrt", "sin", "cos", "tan", "sinh", "cosh")},
    **{name: name for name in ("tanh", "degrees", "radians", "floor", "ceil")},
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arctanh": "atanh",
    "deg2rad": "radians",
    "rad2deg": "degrees",
    "absolute": "abs",
    "fabs": "abs",
    "trunc": "trunc",
    "negative": "neg",
    "positive": "pos",
}


@pytest.mark.parametrize("name", UFUNCS)
def test_a_numpy_function_maps_over_an_object_array(name: str) -> None:
    xs = [0.25, 0.75]
    zs = getattr(np, name)(np.array([ag.Value(x) for x in xs], dtype=object))
    for x, z in zip(xs, zs):
        assert type(z) is ag.Value
        assert z.op == UFUNCS[name] or name == "positive"
        assert z.data == pytest.approx(float(getattr(np, name)(x)), rel=1e-15)


def test_numpy_functions_of_two_and_dot_work_on_object_arrays() -> None:
    xs = np.array([ag.Value(3.0), ag.Value(-1.0)], dtype=object)
    ys = np.array([4.0, 2.0])
    for name in ("arctan2", "maximum", "minimum", "power", "hypot"):
        left = abs(xs) if name == "power" else xs
        z = getattr(np, name)(left, ys.astype(object))
        expected = getattr(np, name)(np.array([v.data for v in left]), ys)
        assert [float(getattr(v, "data", v)) for v in z] == pytest.approx(
            list(expected)
        )
    product = np.dot(xs, ys)
    assert type(product) is ag.Value
    assert product.data == 10.0
    assert (xs @ ys).data == 10.0
    assert xs.sum().data == 2.0
    product.backward()
    assert [x.grad for x in xs] == [4.0, 2.0]


def test_arrays_broadcast_on_both_sides_of_a_value() -> None:
    x, ys = ag.Value(2.0), np.array([1.0, 3.0])
    for array in (ys, ys.astype(object), ys.astype(np.int64), ys.astype(np.float32)):
        for op, expected in (
            (operator.add, [3.0, 5.0]),
            (operator.mul, [2.0, 6.0]),
            (operator.sub, [1.0, -1.0]),
            (operator.truediv, [2.0, 2.0 / 3.0]),
            (operator.pow, [2.0, 8.0]),
        ):
            z = op(x, array)
            assert isinstance(z, np.ndarray)
            assert all(type(v) is ag.Value for v in z)
            assert [v.data for v in z] == expected
        assert [v.data for v in array - x] == [-1.0, 1.0]
        assert [v.data for v in array / x] == [0.5, 1.5]
    with pytest.raises(TypeError):
        np.array([x], dtype=float)
