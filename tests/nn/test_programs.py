"""A batch of a model and its loss is one program: the model runs forward once."""

from __future__ import annotations

from typing import Any

import pytest

import autograd as ag
import nn
from nn import losses
from nn.programs import Batches

CASES = [
    (losses.squared_error, 1, [0.5, -1.0, 2.0]),
    (losses.hinge, 1, [1.0, -1.0, 1.0]),
    (losses.binary_cross_entropy_with_logits, 1, [1.0, 0.0, 1.0]),
    (losses.softmax_cross_entropy, 3, [2, 0, 1]),
]


@pytest.mark.parametrize(("loss", "width", "targets"), CASES)
def test_a_loss_of_ours_is_recorded_with_the_model(
    loss: Any, width: int, targets: list[Any]
) -> None:
    model = nn.MLP(2, [4, width], seed=1)
    rows = [[0.5, -0.25], [1.5, 0.75], [-1.0, 2.0]]
    output = loss([model(row) for row in rows], targets)
    output.backward()
    expected = [p.grad for p in model.parameters()]
    model.zero_grad()
    batches = Batches(model, rows)
    value = batches.backward(loss, range(3), targets)
    # Each gradient is a sum of three products of a few factors, in another order.
    assert value == pytest.approx(output.data, rel=1e-14)
    assert [p.grad for p in model.parameters()] == pytest.approx(expected, rel=1e-13)
    assert batches._means[loss].stats()["recordings"] == 1
    for other in (batches._outputs, batches._weighted):
        assert other.stats()["recordings"] == 0


def test_a_loss_that_is_not_ours_gets_the_predictions() -> None:
    model = nn.MLP(2, [1], seed=1)
    seen: list[Any] = []

    def loss(predictions: Any, targets: Any) -> Any:
        seen.append(predictions)
        return ag.sum(p * t for p, t in zip(predictions, targets))

    Batches(model, [[1.0, 2.0]]).backward(loss, [0], [3.0])
    assert [type(x) for x in seen[0]] == [ag.Value]
    assert model.parameters()[0].grad == 3.0


def test_an_infinite_loss_is_an_error() -> None:
    model = nn.MLP(1, [1], seed=1)
    model.parameters()[0].data = 10.0
    loss = losses.binary_cross_entropy_with_logits
    with pytest.raises(FloatingPointError, match="the loss is inf"):
        Batches(model, [[1e308]]).backward(loss, [0], [0.0])
