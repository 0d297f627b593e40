"""A row from outside is read by all that read the table."""

from __future__ import annotations

import functools
import gc
import math
import weakref
from collections.abc import Iterator
from math import log
from typing import Any

import pytest
from hypothesis import given

import autograd as ag
from autograd import testing
from tests.effort import share


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    before = set(ag.RULES)
    yield
    for name in set(ag.RULES) - before:
        del ag.RULES[name]


def gauss() -> Any:
    @ag.rule(partials=[lambda x, z: -2 * x * z], symbol="e⁻ˣ²")
    def my_gauss(x: Any) -> Any:
        """The bell e^(-x²)."""
        return ag.exp(-x * x)

    return my_gauss


def test_it_is_one_node_with_its_symbol_and_documentation() -> None:
    bell = gauss()
    x = ag.Value(0.5)
    y = bell(x)
    y.backward()
    assert (y.op, y._op, bell.__name__) == ("my_gauss", "my_gauss", "my_gauss")
    assert ag.RULES["my_gauss"].symbol == "e⁻ˣ²"
    assert "The bell e^(-x²)" in bell.__doc__
    assert y.data == bell(0.5) == ag.exp(-0.25)
    assert x.grad == -y.data


def test_all_orders_and_checks() -> None:
    bell = gauss()
    exact = ag.derivative(lambda x: ag.exp(-x * x), 3)(0.4)
    assert ag.derivative(bell, 3)(0.4) == pytest.approx(exact, rel=1e-13)
    assert ag.grad(ag.grad(ag.grad(bell)))(0.4) == pytest.approx(exact, rel=1e-13)
    ag.check_gradients(bell, 0.4, order=3)


def test_operands_may_have_defaults() -> None:
    scaled = ag.rule(
        lambda x, k=3.0: k * x,
        [lambda x, k, z: k, lambda x, k, z: x],
        name="my_scaled",
    )
    assert (scaled(2.0), scaled(2.0, 5.0), scaled(2.0, k=7.0)) == (6.0, 10.0, 14.0)
    assert ag.grad(scaled)(2.0) == 3.0


def test_a_name_can_be_used_for_another_row_once_it_is_free() -> None:
    for k in (2, 3):
        times = ag.rule(lambda x, k=k: k * x, [k, lambda x, k, z: x], name="my_times")
        assert ag.value_and_grad(times)(5.0) == (5.0 * k, k)
        del ag.RULES["my_times"]


def test_pictures_paths_and_checkpoints_show_it() -> None:
    bell = gauss()
    x, y = ag.Value(0.5, label="x"), ag.Value(2.0, label="y")
    z = y * ag.checkpoint(lambda x: bell(x) * x)(x) + bell(x)
    assert "e⁻ˣ²" in ag.draw(z).source
    assert "checkpoint" in ag.draw(z).source
    assert "e⁻ˣ²" in ag.draw(z, view="paths", wrt=x).source
    shown = str(ag.explain(z, x))
    assert "e⁻ˣ²" in shown
    assert "checkpoint" in shown


def test_its_function_stands_for_the_row() -> None:
    bell = gauss()

    @given(testing.floats_in(bell), testing.expressions(8, [bell, ag.sin, "add"]))
    @share(0.25)
    def holds(xs: Any, e: testing.Expression) -> None:
        ag.check_gradients(bell, *xs)
        ag.check_gradients(e, *e.point)

    holds()


def test_random_expressions_can_be_made_of_it() -> None:
    gauss()

    @given(testing.expressions(8, ["my_gauss", "mul", "add"]))
    @share(0.25)
    def holds(e: testing.Expression) -> None:
        ag.check_gradients(e, *e.point)

    holds()


def test_several_operands_and_a_constant_partial() -> None:
    f = ag.rule(lambda x, y: x * x + 3 * y, [lambda x, y, z: 2 * x, 3], name="my_two")
    assert ag.hessian(lambda x: f(x[0], x[1]))([1.0, 2.0]) == [[2.0, 0.0], [0.0, 0.0]]
    assert ag.grad(f, (0, 1))(1.0, 2.0) == (2.0, 3.0)


@pytest.mark.parametrize("order", [1, 2])
def test_a_row_wrong_by_a_thousandth_is_caught(order: int) -> None:
    if order == 1:
        wrong: Any = [lambda x, z: 1.001 * ag.cos(x)]
    else:  # the first derivative is right, the second one is not
        cos = ag.rule(
            lambda x: ag.cos(x), [lambda x, z: -1.001 * ag.sin(x)], name="my_cos"
        )
        wrong = [lambda x, z: cos(x)]
    f = ag.rule(lambda x: ag.sin(x), wrong, name="my_sin")
    with pytest.raises(testing.GradientError, match=f"order {order} by x"):
        ag.check_gradients(lambda y, x: y * f(x), 2.0, 0.5)


def test_functions_of_math_in_a_partial_are_told_what_to_write_instead() -> None:
    f = ag.rule(lambda x: ag.exp(x), [lambda x, z: math.exp(x)], name="my_exp")
    assert ag.grad(f)(1.0) == math.e
    for higher in (ag.hessian(f), ag.grad(ag.grad(f)), ag.derivative(f, 2)):
        with pytest.raises(TypeError, match=r"autograd\.exp, not math\.exp") as caught:
            higher(1.0)
        assert "write v.data" not in str(caught.value)


@pytest.mark.parametrize(
    ("partial", "limit"),
    [
        (lambda x, z: math.log(x), -math.inf),
        (lambda x, z: log(x), -math.inf),
        (lambda x, z: 1 / math.sqrt(x), math.inf),
        (lambda x, z: math.pow(x, -1.0), math.inf),
        (lambda x, z: math.atanh(math.cos(x)), math.inf),
        (lambda x, z: 1 / x + math.nextafter(x, 1.0), math.nan),  # none of ours
    ],
)
def test_functions_of_math_have_their_limit_at_a_singular_point(
    partial: Any, limit: float
) -> None:
    f = ag.rule(lambda x: x * x, [partial], name="my_singular")
    assert f(ag.Value(0.0)).partials == pytest.approx((limit,), nan_ok=True)


def test_a_value_that_is_no_operand_is_told_to_be_one() -> None:
    w = ag.Value(2.0)
    for f in (
        ag.rule(lambda x: w * x, [1.0], name="my_closed"),
        ag.rule(lambda x: 2.0 * x, [lambda x, z: w], name="my_closed"),
    ):
        with pytest.raises(TypeError, match=r"'my_closed'.*take it as an operand"):
            f(ag.Value(3.0))


def test_a_notebook_cell_may_run_twice() -> None:
    first = ag.rule(lambda x: 2 * x, [2], name="my_cell")
    x = ag.Value(1.0)
    before = first(x)
    again = ag.rule(lambda x: 3 * x, [3], name="my_cell")
    assert (before.data, again(x).data) == (2.0, 3.0)
    before.backward()
    again(x).backward()
    assert x.grad == 5.0


@pytest.mark.parametrize(
    ("arguments", "named", "error", "message"),
    [
        ((lambda x: x, [1]), {}, ValueError, "identifier.*<lambda>"),
        (
            (lambda x: x, [1]),
            {"name": "sin"},
            ValueError,
            "already, in the table.*name=",
        ),
        ((lambda x: x, [1]), {"name": "arcsin"}, ValueError, "already"),
        ((lambda x: x, [1]), {"name": "checkpoint"}, ValueError, "already"),
        ((lambda x: x, [1, 2]), {"name": "my"}, ValueError, "1 operands.*2 partials"),
        ((lambda x: x, [lambda x: 1]), {"name": "my"}, TypeError, r"\(x, z\), got"),
        ((lambda x: x, ["1"]), {"name": "my"}, TypeError, r"partials\[0\].*str"),
        ((lambda *xs: 1, [1]), {"name": "my"}, TypeError, "fixed number"),
        ((3, [1]), {"name": "my"}, TypeError, "value must be a function, got int"),
        ((lambda x: x, lambda x, z: 1), {"name": "my"}, TypeError, "list or tuple"),
        ((lambda x: x, [1]), {"name": "my", "symbol": 3}, TypeError, "symbol must be"),
        ((lambda x: x, [1]), {"name": "my", "kink": "0"}, TypeError, "a Kink, got str"),
        ((lambda x: x, [1]), {"name": "my", "domain": [1]}, TypeError, "Intervals"),
        ((math.hypot, [1]), {"name": "my"}, TypeError, "name its operands"),
        ((functools.partial(pow, 2), [1]), {}, ValueError, "give name="),
    ],
)
def test_bad_rows_are_refused_and_leave_the_table(
    arguments: Any, named: Any, error: Any, message: str
) -> None:
    before = dict(ag.RULES)
    with pytest.raises(error, match=message):
        ag.rule(*arguments, **named)
    assert before == ag.RULES


def test_a_rule_that_is_taken_from_the_table_is_freed_with_its_last_node() -> None:
    rules = []
    for k in range(20):
        square = ag.rule(lambda x: x * x, [lambda x, z: 2 * x], name=f"_square{k}")
        y = square(ag.Value(3.0))
        y.backward()
        rules.append(weakref.ref(ag.RULES.pop(f"_square{k}")))
    assert rules[-1]() is not None
    del square, y
    gc.collect()
    assert not any(rule() for rule in rules)


def test_a_row_whose_name_is_no_string_has_its_errors_all_the_same() -> None:
    named = ag.rule(lambda x: x * x, [lambda x, z: 2 * x], name="_five")
    object.__setattr__(ag.RULES["_five"], "name", 5)
    with pytest.raises(TypeError, match="5: operand must be a real number"):
        ag.Value(1.0)._apply("_five", ("text",))
    del named
