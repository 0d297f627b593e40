"""A row from outside is read by all that read the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

import autograd as ag
from autograd import testing


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
    assert (y.op, y._op, bell.__name__) == ("my_gauss", "e⁻ˣ²", "my_gauss")
    assert "The bell e^(-x²)" in bell.__doc__
    assert y.data == bell(0.5) == ag.exp(-0.25)
    assert x.grad == -y.data


def test_all_orders_and_checks() -> None:
    bell = gauss()
    exact = ag.derivative(lambda x: ag.exp(-x * x), 3)(0.4)
    assert ag.derivative(bell, 3)(0.4) == pytest.approx(exact, rel=1e-13)
    assert ag.grad(ag.grad(ag.grad(bell)))(0.4) == pytest.approx(exact, rel=1e-13)
    ag.check_gradients(bell, 0.4, order=3)


def test_random_expressions_can_be_made_of_it() -> None:
    gauss()

    @given(testing.expressions(8, ["my_gauss", "mul", "add"]))
    @settings(max_examples=10)
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


@pytest.mark.parametrize(
    ("arguments", "named", "error", "message"),
    [
        ((lambda x: x, [1]), {}, ValueError, "identifier.*<lambda>"),
        ((lambda x: x, [1]), {"name": "sin"}, ValueError, "already"),
        ((lambda x: x, [1]), {"name": "arcsin"}, ValueError, "already"),
        ((lambda x: x, [1, 2]), {"name": "my"}, ValueError, "1 operands.*2 partials"),
        ((lambda x: x, [lambda x: 1]), {"name": "my"}, TypeError, r"\(x, z\), got"),
        ((lambda x: x, ["1"]), {"name": "my"}, TypeError, r"partials\[0\].*str"),
        ((lambda *xs: 1, [1]), {"name": "my"}, TypeError, "fixed number"),
        ((3, [1]), {"name": "my"}, TypeError, "value must be a function, got int"),
    ],
)
def test_bad_rows_are_refused_and_leave_the_table(
    arguments: Any, named: Any, error: Any, message: str
) -> None:
    before = dict(ag.RULES)
    with pytest.raises(error, match=message):
        ag.rule(*arguments, **named)
    assert before == ag.RULES
