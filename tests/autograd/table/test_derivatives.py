"""Derivatives of rows of any order, at the arguments where textbook forms lose them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.table import rules
from tests.exact import bits

INF = math.inf


def loss_and_slopes(xs: list[float], target: Any) -> tuple[float, list[float]]:
    values = list(map(ag.Value, xs))
    loss = nn.softmax_cross_entropy(values, target)
    loss.backward()
    return loss.data, [x.grad for x in values]


@pytest.mark.parametrize("offset", [0.0, 16.0, 2.0**20])
def test_the_loss_of_a_sure_network_is_what_the_others_have(offset: float) -> None:
    lead = 37.4375  # exact, and so is its sum with the offset
    truth = math.exp(-lead)  # log(1 + e) and e / (1 + e) are e to the last digit here
    loss, slopes = loss_and_slopes([lead + offset, offset], 0)
    assert loss == pytest.approx(truth, rel=1e-15, abs=0.0)
    assert slopes == pytest.approx([-truth, truth], rel=1e-15, abs=0.0)
    loss, slopes = loss_and_slopes([lead + offset, offset, offset], [0.75, 0.0, 0.25])
    assert loss == lead / 4
    assert slopes[1] == pytest.approx(truth, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("z", [-800.0, -37.43, -1.0, 0.0, 1e-9, 3.0, 37.43, 800.0])
def test_two_logits_are_the_binary_cross_entropy(z: float) -> None:
    for k in (0, 1):
        loss, (slope, other) = loss_and_slopes([z, 0.0], k)
        x = ag.Value(z)
        binary = nn.binary_cross_entropy_with_logits(x, 1 - k)
        binary.backward()
        assert loss == pytest.approx(binary.data, rel=1e-15, abs=0.0)
        assert slope == pytest.approx(x.grad, rel=1e-15, abs=5e-324)
        assert slope == pytest.approx(-other, rel=1e-15, abs=0.0)


@pytest.mark.parametrize(
    "loss", [ag.logsumexp, lambda xs: nn.softmax_cross_entropy(xs, 1)]
)
def test_a_value_and_its_partials_make_the_exponentials_once(
    loss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    new = rules.new_exponentials
    monkeypatch.setattr(
        rules, "new_exponentials", lambda xs: made.append(xs) or new(xs)
    )
    rules.kept_exponentials.cache_clear()
    loss(list(map(ag.Value, (0.5, -1.5, 2.5)))).backward()
    assert len(made) == 1


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, 40.0, -math.inf, math.nan])))
def test_exponentials_that_are_kept_are_those_of_these_numbers(xs: list[float]) -> None:
    slopes = ag.value_and_grad(ag.logsumexp)
    xs = [*xs, -0.0]
    rules.kept_exponentials.cache_clear()
    fresh = bits(slopes(xs))
    slopes([-x if x == 0 else x for x in xs])
    assert bits(slopes(xs)) == fresh
    ag.hessian(ag.logsumexp)(xs)
    assert bits(slopes(xs)) == fresh


def test_logsumexp_is_convex() -> None:
    along = lambda t: ag.logsumexp([t, t / 2])
    # p(1 - p)(1 - 1/2)², 1 - p = e^-40
    truth = math.exp(-40.0) / 4
    assert ag.hessian(along)(80.0) == pytest.approx(truth, rel=1e-15, abs=0.0)
    assert ag.derivative(along, 2)(80.0) == pytest.approx(truth, rel=1e-15, abs=0.0)
    assert ag.derivative(along, 3)(80.0) == pytest.approx(
        -truth / 2, rel=1e-15, abs=0.0
    )
    (a, b), (c, d) = ag.hessian(ag.logsumexp)([80.0, 40.0])
    assert [a, -b, -c, d] == pytest.approx([math.exp(-40.0)] * 4, rel=1e-15, abs=0.0)
    for row in ag.hessian(ag.logsumexp)([0.5, 0.5, -3.0]):
        assert abs(sum(row)) <= 2e-16


@pytest.mark.parametrize("x", [0.0, 1.0, 1e14, -1e300])
def test_a_softmax_is_decided_by_differences_alone(x: float) -> None:
    assert ag.grad(lambda x: ag.logsumexp([x, x]))(x) == 1.0
    assert loss_and_slopes([x, x], 1) == (math.log(2.0), [0.5, -0.5])


def test_a_term_of_weight_0_is_absent() -> None:
    assert loss_and_slopes([0.0, -INF], [1.0, 0.0]) == (0.0, [0.0, 0.0])
    assert loss_and_slopes([0.0, -INF], 0) == (0.0, [0.0, 0.0])
    assert loss_and_slopes([INF, 0.0], 0) == (0.0, [0.0, 0.0])
    assert loss_and_slopes([INF, 0.0], 1) == (INF, [1.0, -1.0])


def test_labels_have_slopes_too_and_need_not_sum_to_1() -> None:
    ys = [ag.Value(2.0), ag.Value(0.0), ag.Value(1.0)]
    xs = [ag.Value(0.5), ag.Value(-INF), ag.Value(0.5)]
    loss = ag.softmax_cross_entropy(xs, ys)
    loss.backward()
    assert loss.data == 3 * math.log(2.0)
    assert [y.grad for y in ys] == [math.log(2.0), INF, math.log(2.0)]
    assert [x.grad for x in xs] == [-0.5, 0.0, 0.5]
    with pytest.raises(ValueError, match="xs has 2 entries, ys has 1"):
        ag.softmax_cross_entropy([0.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="xs must not be empty"):
        ag.softmax_cross_entropy([], [])


def test_softmax_has_as_many_nodes_as_it_needs_in_a_second_derivative() -> None:
    def nodes(n: int) -> int:
        seen, stack = set(), list(ag.gradient(ag.logsumexp(xs := values(n)), xs))
        while stack:
            node = stack.pop()
            if node not in seen and type(node) is ag.Value:
                seen.add(node)
                stack += node.operands
        return len(seen)

    values = lambda n: [ag.Value(float(k % 7)) for k in range(n)]
    assert nodes(200) <= 2.1 * nodes(100)


def test_compiled_programs_have_the_same_bits() -> None:
    xs = [1.0, 2.0, 2.0, -40.0]
    for f in (
        ag.grad(ag.logsumexp),
        ag.hessian(ag.logsumexp),
        ag.grad(lambda xs: nn.softmax_cross_entropy(xs, 3)),
        ag.hessian(lambda xs: nn.softmax_cross_entropy(xs, 3)),
    ):
        assert ag.compile(f)(xs) == f(xs)


def test_a_product_of_one_factor_is_a_node_of_its_own() -> None:
    x = ag.Value(3.0, "x")
    product = ag.prod([x])
    product.label = "product"
    assert x.label == "x"
    assert product.operands == (x,)
    assert ag.prod([], start=x).operands == (x,)
    assert ag.prod([2.0, x]).op == "mul"


def at(f: Any, *xs: float) -> tuple[float, list[float]]:
    values = list(map(ag.Value, xs))
    y = f(*values)
    y.backward()
    return y.data, [x.grad for x in values]


def test_infinite_logits_have_their_limits() -> None:
    assert at(ag.bce_with_logits, INF, 1.0) == (0.0, [0.0, -INF])
    assert at(ag.bce_with_logits, INF, 0.0) == (INF, [1.0, -INF])
    assert at(ag.bce_with_logits, -INF, 0.0) == (0.0, [0.0, INF])
    for activation in (ag.gelu, ag.silu):
        assert at(activation, -INF) == (0.0, [0.0])
        assert at(activation, INF) == (INF, [1.0])
        assert at(activation, 1.7e308) == (1.7e308, [1.0])


def test_a_row_keeps_both_ends_in_its_second_derivative() -> None:
    for odd, slope in ((ag.tanh, -2.0), (ag.sigmoid, -0.125), (ag.asin, 1.0)):
        assert ag.hessian(odd)(1e-20) == slope * 1e-20
        assert ag.derivative(odd, 2)(1e-20) == slope * 1e-20
    (xx, xy), (yx, yy) = ag.hessian(lambda v: ag.hypot(*v))([1.0, 1e-9])
    assert (xx, xy, yx, yy) == (1e-18, -1e-9, -1e-9, 1.0)
    assert ag.hessian(ag.atan)(1e100) == pytest.approx(-2e-300, rel=1e-15, abs=0.0)


def test_bce_near_its_minimum_keeps_the_digits_of_p_minus_y() -> None:
    p, y = 0.3, math.nextafter(0.3, 1.0)
    slope = at(ag.bce, p, y)[1][0]
    assert slope == pytest.approx((p - y) / (p * (1 - p)), rel=1e-15, abs=0.0)
    assert at(ag.bce, 0.0, 0.0)[1] == [1.0, INF]
    assert at(ag.bce, 1.0, 1.0)[1] == [-1.0, -INF]


@pytest.mark.parametrize("compiled", [False, True])
def test_mixed_derivatives_of_a_power_that_underflows(compiled: bool) -> None:
    way: Any = ag.compile if compiled else lambda f: f
    forward = way(ag.hessian(lambda v: v[0] ** v[1]))([1e-300, 1.1])
    turned = way(ag.hessian(lambda v: v[1] ** v[0]))([1.1, 1e-300])
    true = -7.588530806879885e-28
    for h in (forward, turned):
        assert h[0][1] == pytest.approx(true, rel=8 * 2.0**-53)
        assert h[1][0] == pytest.approx(true, rel=8 * 2.0**-53)


@pytest.mark.parametrize("x", [-1.0, 1.0])
@pytest.mark.parametrize("name", ["asin", "acos"])
def test_arc_functions_at_their_ends_have_one_answer_per_question(
    name: str, x: float
) -> None:
    f = getattr(ag, name)
    sign = 1.0 if name == "asin" else -1.0
    true = [sign * math.inf, sign * x * math.inf, sign * math.inf]
    grads = [ag.grad(f), ag.hessian(f), ag.grad(ag.hessian(f))]
    for ways in (grads, [ag.derivative(f, n) for n in (1, 2, 3)]):
        assert [way(x) for way in ways] == true
        assert [ag.compile(way)(x) for way in ways] == true
