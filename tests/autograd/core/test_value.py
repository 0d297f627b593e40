"""What a Value promises about recording, gradients and its own life."""

from __future__ import annotations

import copy
import math
import pickle
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import choice
from autograd.table.rules import RULES, Reduction
from tests.effort import share
from tests.engines import on_each, once

NUMBERS = st.floats(-3, 3) | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan])


def test_a_leaf_has_its_data_label_and_nothing_else() -> None:
    x = ag.Value(2, label="x")
    assert (x.data, x.grad, x.label, x.op) == (2.0, 0.0, "x", "")
    assert x.operands == x.partials == ()
    assert type(x.data) is float
    assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
    assert repr(ag.Value(True)) == "Value(data=1.0, grad=0.0)"


def test_a_node_keeps_its_operands_in_order_with_repeats_and_its_partials() -> None:
    a = ag.Value(3.0)
    square = a * a
    assert square.op == "mul"
    assert square.operands == (a, a)
    assert all(x is a for x in square.operands)
    assert square.partials == (3.0, 3.0)
    square.backward()
    assert a.grad == 6.0


@pytest.mark.parametrize("constant", [2, 2.0, True, 7])
def test_a_number_stays_a_constant_float_with_partial_0(constant: float) -> None:
    a = ag.Value(3.0)
    for node, position in ((a * constant, 1), (constant * a, 0), (a**constant, 1)):
        operand = node.operands[position]
        assert type(operand) is float
        assert operand == constant
        assert node.partials[position] == 0.0
        assert all(type(slope) is float for slope in node.partials)


def test_data_can_be_set_and_what_is_recorded_stays() -> None:
    a = ag.Value(3.0)
    square = a * a
    a.data = 5
    assert a.data == 5.0
    assert square.data == 9.0
    square.backward()
    assert a.grad == 6.0


@pytest.mark.parametrize("name", ["data", "grad"])
@pytest.mark.parametrize("bad", ["1", None, 1j, [1.0], np.timedelta64(1, "s")])
def test_data_and_grad_take_real_numbers_alone(name: str, bad: Any) -> None:
    x = ag.Value(1.0)
    with pytest.raises(TypeError, match=f"{name}.*{type(bad).__name__}"):
        setattr(x, name, bad)
    with pytest.raises(TypeError, match="Value"):
        setattr(x, name, ag.Value(1.0))
    assert (x.data, x.grad) == (1.0, 0.0)


@pytest.mark.parametrize("bad", [1, None, b"x"])
def test_a_label_is_a_string(bad: Any) -> None:
    with pytest.raises(TypeError, match=f"label.*{type(bad).__name__}"):
        ag.Value(1.0, bad)
    x = ag.Value(1.0, "x")
    with pytest.raises(TypeError, match="label"):
        x.label = bad
    assert x.label == "x"


class Nameless(type):
    """Its classes have a name that is no string."""

    __name__ = 5  # type: ignore[assignment]


@pytest.mark.parametrize(
    "use",
    [
        ag.Value,
        lambda x: ag.Value(1.0, x),
        lambda x: setattr(ag.Value(1.0), "label", x),
        lambda x: setattr(ag.Value(1.0), "data", x),
        lambda x: ag.Value(1.0) + x,
        lambda x: ag.Value(1.0)._apply("tanh", (x,)),
        lambda x: ag.sum([ag.Value(1.0), x]),
        lambda x: ag.Value(1.0).backward(x),
        lambda x: format(ag.Value(1.0), x),
        lambda x: choice.module().gradients(x, []),
        lambda x: choice.module().gradients(ag.Value(1.0), [x]),
        lambda x: choice.module().leaves(x),
        lambda x: choice.module().tangents([x], [], []),
        lambda x: choice.module().tangents([], [ag.Value(1.0)], [[x]]),
    ],
)
def test_a_type_whose_name_is_no_string_is_a_type_error(
    use: Callable[[Any], Any],
) -> None:
    with pytest.raises(TypeError):
        use(Nameless("Nameless", (), {})())


@pytest.mark.parametrize("name", ["op", "operands", "partials"])
def test_what_is_recorded_cannot_be_set(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(ag.Value(1.0), name, ())


def test_a_value_has_no_subclasses() -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Special", (ag.Value,), {})


def test_attributes_are_kept_for_each_node() -> None:
    x, y = ag.Value(1.0, "x"), ag.Value(2.0)
    x.m, x.v = 0.5, [1.0]
    product = x * y
    product.color = "red"
    assert (x.m, x.v, product.color, x.label) == (0.5, [1.0], "red", "x")
    assert vars(x) == {"m": 0.5, "v": [1.0]}
    assert vars(y) == {}
    with pytest.raises(AttributeError):
        y.m  # noqa: B018
    x.label = "renamed"
    assert (x.m, x.label) == (0.5, "renamed")
    del x.m
    assert not hasattr(x, "m")
    assert x.detach().label == "renamed"
    assert not hasattr(x.detach(), "v")


def test_attributes_are_pickled_with_a_leaf() -> None:
    x = ag.Value(1.0, "x")
    x.m = 0.5
    for again in (copy.copy(x), pickle.loads(pickle.dumps(x))):
        assert (again.data, again.label, again.m) == (1.0, "x", 0.5)


def test_an_attribute_is_released_with_its_node() -> None:
    class Big:
        pass

    big = Big()
    alive = weakref.ref(big)
    x = ag.Value(1.0)
    x.big = big
    del big
    assert alive() is not None
    del x
    assert alive() is None


# Singular points: a partial is the limit in IEEE arithmetic, and never raises.


@pytest.mark.parametrize(
    ("name", "operands", "partials"),
    [
        ("sqrt", [0.0], [math.inf]),
        ("cbrt", [0.0], [math.inf]),
        ("asin", [1.0], [math.inf]),
        ("acos", [-1.0], [-math.inf]),
        ("acosh", [1.0], [math.inf]),
        ("pow", [0.0, 0.5], [math.inf, 0.0]),
        ("pow", [0.0, 0.0], [0.0, -math.inf]),
        ("pow", [0.0, 2.0], [0.0, 0.0]),
        ("pow", [-2.0, 3.0], [12.0, math.nan]),
        ("hypot", [0.0, 0.0], [math.nan, math.nan]),
        ("atan2", [0.0, 0.0], [math.nan, math.nan]),
        ("exp", [-math.inf], [0.0]),
        ("exp", [math.inf], [math.inf]),
        ("tanh", [math.inf], [0.0]),
        ("sigmoid", [-math.inf], [0.0]),
        ("sigmoid", [-800.0], [0.0]),
        ("softplus", [math.inf], [1.0]),
        ("relu", [math.nan], [math.nan]),
        ("relu", [-0.0], [0.0]),
        ("relu_at", [0.0, 1.0], [1.0, 0.0]),
        ("abs", [0.0], [0.0]),
        ("abs", [math.nan], [math.nan]),
        ("maximum", [1.0, 1.0], [1.0, 0.0]),
        ("minimum", [1.0, 1.0], [1.0, 0.0]),
        ("log", [5e-324], [math.inf]),
        ("log", [math.inf], [0.0]),
        ("erf", [math.inf], [0.0]),
        ("cosh", [700.0], [math.sinh(700.0)]),
    ],
)
def test_a_partial_at_a_singular_point_is_the_ieee_limit(
    name: str, operands: list[float], partials: list[float]
) -> None:
    values = [ag.Value(x) for x in operands]
    found = values[0]._apply(name, tuple(values)).partials
    assert list(map(repr, found)) == list(map(repr, partials))


@once
@pytest.mark.parametrize("name", RULES)
@share(0.5)
@given(data=st.data())
def test_only_a_value_raises_and_never_a_partial(
    name: str, data: st.DataObject
) -> None:
    rule = RULES[name]
    count = len(rule.partials) * (2 if isinstance(rule, Reduction) else 1)
    special = st.sampled_from(
        [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308]
    )
    numbers = data.draw(st.lists(special | st.floats(), min_size=count, max_size=count))

    def record() -> Any:
        values = tuple(map(ag.Value, numbers))
        return values[0]._apply(name, values)

    def raising(kind: type[Exception]) -> None:
        with pytest.raises(kind):
            record()

    try:
        z = rule.value(*numbers)
    except (ArithmeticError, ValueError) as error:
        on_each(partial(raising, type(error)))
        return
    for node in on_each(record):
        assert repr(node.data) == repr(float(z))
        assert all(type(slope) is float for slope in node.partials)


@given(x=NUMBERS)
def test_x_to_the_0_is_1_with_slope_0_everywhere(x: float) -> None:
    for zero in (0, 0.0, -0.0, False):
        node = ag.Value(x) ** zero
        assert node.data == 1.0
        assert node.partials[0] == 0.0


def test_where_lets_no_nan_through_from_the_branch_that_is_not_chosen() -> None:
    x = ag.Value(0.0)
    root = x.sqrt()  # slope inf at 0
    y = ag.where(x > 0, root, x * 2.0)
    y.backward()
    assert (y.data, x.grad) == (0.0, 2.0)
    assert y.operands[1] == 0.0
    assert type(y.operands[1]) is float  # in view, but no part of the graph
    assert y.partials == (0.0, 0.0, 1.0)
    chosen = ag.where(ag.Value(1.0), x, root)
    assert chosen.operands[0] == 1.0
    assert chosen.operands[1] is x
    assert type(chosen.operands[2]) is float
    assert chosen.partials == (0.0, 1.0, 0.0)
    assert ag.where(True, 1.0, 2.0) == 1.0
    assert ag.where(ag.Value(0.0), 1.0, 2.0).data == 2.0


# backward


def test_leaves_accumulate_and_inner_nodes_hold_this_call() -> None:
    x = ag.Value(3.0)
    y = x * x
    z, w = y + y, y * 2.0
    z.backward()
    assert (x.grad, y.grad, z.grad) == (12.0, 2.0, 1.0)
    w.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
    x.backward()
    assert x.grad == 25.0
    x.backward(0.5)
    assert x.grad == 25.5


def test_a_gradient_is_set_to_0_by_hand() -> None:
    x = ag.Value(3.0)
    (x * 2.0).backward()
    x.grad = 0
    (x * 5.0).backward()
    assert x.grad == 5.0


def test_backward_of_a_bad_seed_changes_nothing() -> None:
    x = ag.Value(3.0)
    y = x * x
    y.backward()
    with pytest.raises(TypeError, match=r"seed.*str"):
        y.backward("1")  # type: ignore[arg-type]
    assert (x.grad, y.grad) == (6.0, 1.0)


def test_threads_that_share_leaves_lose_no_gradient() -> None:
    x = ag.Value(1.0)

    def work() -> None:
        for _ in range(200):
            y = x
            for _ in range(10):
                y = y + x
            y.backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad == 4 * 200 * 11


# no_grad and detach


def test_no_grad_records_nothing_nests_and_decorates() -> None:
    x = ag.Value(3.0)

    @ag.no_grad()
    def squared(v: Any) -> Any:
        return v * v

    with ag.no_grad():
        with ag.no_grad():
            y = x.exp()
        z = ag.dot([x], [x], x)
        q = x * 2.0
    for node in (y, z, q, squared(x)):
        assert node.operands == node.partials == ()
        assert node.op == ""
    assert (y.data, z.data, q.data) == (math.exp(3.0), 12.0, 6.0)
    assert (x * x).operands == (x, x)


def test_no_grad_ends_with_an_exception_too() -> None:
    x = ag.Value(3.0)
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        x / 0.0
    assert (x * x).operands == (x, x)


def test_no_grad_is_of_one_thread() -> None:
    x, seen = ag.Value(3.0), []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * x).operands))
        thread.start()
        thread.join()
        assert (x * x).operands == ()
    assert seen == [(x, x)]


def test_a_label_is_the_object_that_was_given() -> None:
    class Name(str):
        pass

    for text in ("", "x"):
        name = Name(text)
        x = ag.Value(1.0, name)
        assert x.label is name
        assert repr(x) == repr(ag.Value(1.0, text))


def test_detach_is_a_new_leaf_with_the_same_data_and_label() -> None:
    x = ag.Value(3.0, "x")
    leaf = (x * 2.0).detach()
    assert leaf.data == 6.0
    assert leaf.operands == ()
    assert x.detach().label == "x"
    y = x * x.detach()
    y.backward()
    assert x.grad == 3.0


# n-ary nodes


def test_dot_is_one_node_whose_partials_are_the_row_of_the_lecture() -> None:
    ws, xs = [ag.Value(1.0), ag.Value(2.0)], [3.0, ag.Value(4.0)]
    b = ag.Value(0.5)
    z = ag.dot(ws, xs, b)
    assert z.op == "dot"
    assert z.data == 11.5
    assert z.operands == (*ws, *xs, b)
    assert z.partials == (3.0, 4.0, 0.0, 2.0, 1.0)
    z.backward()
    assert [v.grad for v in (*ws, xs[1], b)] == [3.0, 4.0, 2.0, 1.0]


@given(xs=st.lists(st.floats(-30, 30), min_size=1, max_size=6))
def test_logsumexp_has_the_softmax_as_partials(xs: list[float]) -> None:
    z = ag.logsumexp([ag.Value(x) for x in xs])
    top = max(xs)
    weights = [math.exp(x - top) for x in xs]
    assert z.data == pytest.approx(
        top + math.log(math.fsum(weights)), rel=1e-13, abs=1e-13
    )
    expected = [w / math.fsum(weights) for w in weights]
    assert z.partials == pytest.approx(expected, rel=1e-13)


def test_logsumexp_of_infinities_is_their_limit() -> None:
    inf = math.inf
    for xs, expected in (
        ([-inf, -inf], -inf),
        ([-inf, 2.0], 2.0),
        ([inf, 2.0], inf),
        ([1000.0, 1000.0], 1000.0 + math.log(2.0)),
        ([0.0, -700.0], math.exp(-700.0)),
    ):
        assert ag.logsumexp(list(map(ag.Value, xs))).data == expected


# Copies


def test_a_leaf_is_copied_and_pickled_and_a_result_is_not() -> None:
    x = ag.Value(3.0, "x")
    x.grad = 2.0
    copies: Sequence[Any] = (
        copy.copy(x),
        copy.deepcopy(x),
        pickle.loads(pickle.dumps(x)),
    )
    for y in copies:
        assert y is not x
        assert (y.data, y.grad, y.label) == (3.0, 2.0, "x")
    z = x * x
    for call in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"mul.*detach"):
            call(z)


def test_a_failed_operation_leaves_no_trace() -> None:
    x = ag.Value(0.0)
    for call in (x.log, lambda: 1.0 / x, lambda: ag.dot([x], [x, x])):
        with pytest.raises((ValueError, ZeroDivisionError)):
            call()
    y = x + 1.0
    y.backward()
    assert x.grad == 1.0


class Liar:
    """An object that says that it is a Value."""

    __class__ = ag.Value  # type: ignore[assignment]


def test_a_value_is_told_by_its_type_whatever_a_stranger_says_of_its_class() -> None:
    x = ag.Value(2.0)
    assert (x == Liar()) is False
    for call in (lambda: x + Liar(), lambda: ag.where(True, x, Liar())):
        with pytest.raises(TypeError, match="Liar"):
            call()
    assert (x * x)._prev == {x}


def test_a_value_made_is_not_made_again() -> None:
    x = ag.Value(2.0)
    y = x * x
    y.__init__(7.0)  # type: ignore[misc]
    assert (y.data, y.operands) == (4.0, (x, x))


@pytest.mark.parametrize(
    ("name", "count", "right"), [("add", 1, 2), ("exp", 2, 1), ("where", 2, 3)]
)
def test_an_operation_of_too_few_or_many_operands_is_an_error(
    name: str, count: int, right: int
) -> None:
    x = ag.Value(2.0)
    message = f"{name} takes {right} operands, got {count}"
    with pytest.raises(TypeError, match=message):
        x._apply(name, (x,) * count)
