"""The lecture's formulas for the M-3-2-1 network, beside the engine's gradient.

With a whole layer at once: δ = ŷ − y, and for an example

    ∂L/∂W[3] = δ a[2]ᵀ                                  ∂L/∂b[3] = δ
    ∂L/∂W[2] = δ (W[3]ᵀ ⊙ g'(z[2])) a[1]ᵀ
    ∂L/∂w_j[1] = δ (w_1[3] g'(z_1[2]) w_1j[2] + w_2[3] g'(z_2[2]) w_2j[2]) g'(z_j[1]) xᵀ

with g' = 1 at the kink, as the lecture has it.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd as ag
import nn

LOSSES = {
    "sigmoid": nn.binary_cross_entropy,
    "linear": nn.binary_cross_entropy_with_logits,
}


def relu(z: Any) -> Any:
    return ag.relu(z, at_zero=1.0)


def formulas(state: dict[str, Any], x: Any, y: float) -> dict[str, Any]:
    """The lecture's gradient for one example."""
    W1, W2, W3 = (np.array(state[f"W[{k}]"]) for k in (1, 2, 3))
    b1, b2, b3 = (np.array(state[f"b[{k}]"]) for k in (1, 2, 3))

    def slope(z: Any) -> Any:
        return np.where(z >= 0, 1.0, 0.0)

    # As the engine adds: the bias first, then left to right. At a kink, a sum in
    # another order might fall on the other side.
    def pre(W: Any, a: Any, b: Any) -> Any:
        return np.array([ag.dot(list(w), list(a), s) for w, s in zip(W, b)])

    z1 = pre(W1, x, b1)
    a1 = np.maximum(z1, 0)
    z2 = pre(W2, a1, b2)
    a2 = np.maximum(z2, 0)
    z3 = pre(W3, a2, b3)
    delta = ag.sigmoid(float(z3[0])) - y
    hadamard = W3[0] * slope(z2)
    paths = [
        sum(W3[0, i] * slope(z2)[i] * W2[i, j] for i in range(2)) * slope(z1)[j]
        for j in range(3)
    ]
    return {
        "W[3]": delta * a2[np.newaxis, :],
        "b[3]": np.array([delta]),
        "W[2]": delta * np.outer(hadamard, a1),
        "b[2]": delta * hadamard,
        "W[1]": delta * np.outer(paths, x),
        "b[1]": delta * np.array(paths),
    }


def network(M: int, output: str, draw: Any) -> nn.MLP:
    model = nn.MLP(M, [3, 2, 1], activation=relu, output=output, seed=0)
    for p in model.parameters():
        p.data = draw()
    return model


def gradient(model: nn.MLP) -> dict[str, Any]:
    return {
        f"{name}[{k}]": np.array(
            [
                [w.grad for w in n.weights] if name == "W" else n.bias.grad
                for n in layer.neurons
            ]
        )
        for k, layer in enumerate(model.layers, 1)
        for name in "Wb"
    }


def check(model: nn.MLP, output: str, xs: list[list[float]], ys: list[float]) -> None:
    state = model.state_dict()
    expected = [formulas(state, np.array(x), y) for x, y in zip(xs, ys)]
    LOSSES[output]([model(x) for x in xs], ys, reduction="sum").backward()
    for name, got in gradient(model).items():
        assert np.max(np.abs(got - sum(e[name] for e in expected))) <= 1e-12, name


def representable(model: nn.MLP, output: str, xs: list[list[float]]) -> bool:
    """Whether ŷ as a float still holds 1 - ŷ to 1e-13.

    The bracket (1 - y)/(1 - ŷ) - y/ŷ sees ŷ rounded, which is off by eps / (1 - ŷ):
    below 1e-13 up to z[3] = 6. The loss from logits has no such limit.
    """
    return output == "linear" or all(model(x).data <= ag.sigmoid(6.0) for x in xs)


@pytest.mark.parametrize("output", LOSSES)
@given(
    M=st.integers(1, 8),
    labels=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_the_gradient_is_the_lectures(
    output: str, M: int, labels: list[float], seed: int
) -> None:
    generator = random.Random(seed)
    model = network(M, output, lambda: generator.uniform(-1, 1))
    xs = [[generator.uniform(-1, 1) for _ in range(M)] for _ in labels]
    assume(representable(model, output, xs))
    check(model, output, xs, labels)


@pytest.mark.parametrize("output", LOSSES)
@given(
    M=st.integers(1, 4),
    label=st.sampled_from([0.0, 0.25, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_the_gradient_is_the_lectures_at_kinks_too(
    output: str, M: int, label: float, seed: int
) -> None:
    generator = random.Random(seed)
    grid = [-1.0, -0.5, 0.0, 0.5, 1.0]  # its sums of products are exact, and often 0
    model = network(M, output, lambda: generator.choice(grid))
    x = [generator.choice(grid) for _ in range(M)]
    assume(representable(model, output, [x]))
    check(model, output, [x], [label])


@pytest.mark.parametrize("output", LOSSES)
def test_at_the_kink_of_every_unit_the_slope_is_1(output: str) -> None:
    model = network(2, output, lambda: 0.0)
    for name in ("W[3]1,1", "W[2]1,1"):
        dict(model.named_parameters())[name].data = 1.0
    check(model, output, [[1.0, 2.0]], [1.0])
    weights = dict(model.named_parameters())
    assert weights["W[1]1,1"].grad == -0.5  # both its units are at 0: 1 · 1 · (ŷ - y)
    assert weights["W[1]1,2"].grad == -1.0


def test_one_weight_of_layer_1_moves_the_loss_along_two_paths() -> None:
    generator = random.Random(4)
    model = network(2, "sigmoid", lambda: generator.uniform(0.1, 1))
    x, y = [0.5, 1.5], 0.0
    nn.binary_cross_entropy(model(x), y).backward()
    p = dict(model.named_parameters())
    prediction = model(x).data
    delta = prediction - y
    first = delta * p["W[3]1,1"].data * p["W[2]1,2"].data * x[1]
    second = delta * p["W[3]1,2"].data * p["W[2]2,2"].data * x[1]
    assert first > 0.01
    assert second > 0.01
    # ŷ rounded, as above, and a dozen roundings of the products.
    rounding = (1 / (1 - prediction) + 12) * 2**-53
    assert abs(p["W[1]2,2"].grad - (first + second)) <= rounding * (first + second)


def test_the_loss_falls_with_minus_alpha_and_rises_with_plus() -> None:
    generator = random.Random(1)
    xs = [[generator.uniform(-1, 1) for _ in range(3)] for _ in range(10)]
    ys = [float(x[0] > 0) for x in xs]
    losses = {}
    for sign in (-1, 1):
        model = nn.MLP(3, [3, 2, 1], activation=relu, output="sigmoid", seed=2)
        losses[sign] = []
        for _ in range(5):
            model.zero_grad()
            loss = nn.binary_cross_entropy([model(x) for x in xs], ys, reduction="sum")
            loss.backward()
            losses[sign].append(loss.data)
            for p in model.theta():
                p.data += sign * 0.02 * p.grad
    assert losses[-1] == sorted(losses[-1], reverse=True)
    assert losses[1] == sorted(losses[1])
    assert losses[-1][-1] < losses[-1][0] < losses[1][-1]
