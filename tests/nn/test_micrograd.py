"""The training loop of micrograd's demo runs when only its imports change."""

from __future__ import annotations

import math
import random
from typing import Any

import autograd as ag
from nn import MLP


def two_moons(n: int, noise: float) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles, with labels -1 and 1."""
    generator = random.Random(1337)
    X, y = [], []
    for k in range(n):
        t = math.pi * (k // 2) / (n // 2 - 1)
        point = (
            (math.cos(t), math.sin(t))
            if k % 2
            else (1 - math.cos(t), 0.5 - math.sin(t))
        )
        X.append([c + generator.gauss(0, noise) for c in point])
        y.append(2 * (k % 2) - 1)
    return X, y


def loss(model: MLP, X: list[list[float]], y: list[int]) -> tuple[Any, float]:
    Value = ag.Value
    inputs = [list(map(Value, xrow)) for xrow in X]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum(p * p for p in model.parameters())
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
    return total_loss, sum(accuracy) / len(accuracy)


def test_micrograds_training_loop_learns_the_two_moons() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    X, y = two_moons(40, noise=0.05)
    history = []
    for k in range(60):
        total_loss, acc = loss(model, X, y)
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 60
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        history.append((total_loss.data, acc))
    assert history[-1][0] < 0.05 < history[0][0]
    assert history[-1][1] == 1.0
