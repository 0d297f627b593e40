"""The lecture's names are found in every way to write the lecture's network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd.core.graph import topological_order
from autograd.paths.names import names, neurons

Affine = Callable[[list[Any], list[Any], Any], Any]


def by_dot(ws: list[Any], xs: list[Any], b: Any) -> Any:
    return ag.dot(ws, xs, b)


def one_by_one(ws: list[Any], xs: list[Any], b: Any) -> Any:
    z = ws[0] * xs[0]
    for w, x in zip(ws[1:], xs[1:]):
        z = z + w * x
    return z + b


def from_the_bias(ws: list[Any], xs: list[Any], b: Any) -> Any:
    return sum((x * w for w, x in zip(ws, xs)), b)


def from_zero(ws: list[Any], xs: list[Any], b: Any) -> Any:
    return sum(w * x for w, x in zip(ws, xs)) + b


def with_fma(ws: list[Any], xs: list[Any], b: Any) -> Any:
    for w, x in zip(ws, xs):
        b = ag.fma(w, x, b)
    return b


def by_sum(ws: list[Any], xs: list[Any], b: Any) -> Any:
    return ag.sum([*(w * x for w, x in zip(ws, xs)), b])


WAYS = [by_dot, one_by_one, from_the_bias, from_zero, with_fma, by_sum]


def parameters(sizes: list[int]) -> dict[str, Any]:
    made = {}
    for layer, (n, m) in enumerate(itertools.pairwise(sizes), 1):
        for j in range(1, m + 1):
            for k in range(1, n + 1):
                label = f"W[{layer}]{j},{k}"
                made[label] = ag.Value(0.1 * j - 0.3 * k + 0.2 * layer, label=label)
            made[f"b[{layer}]{j}"] = ag.Value(0.3 * j, label=f"b[{layer}]{j}")
    return made


def network(affine: Affine, sizes: list[int], ps: dict[str, Any], xs: list[Any]) -> Any:
    a = xs
    for layer, m in enumerate(sizes[1:], 1):
        zs = [
            affine(
                [ps[f"W[{layer}]{j},{k}"] for k in range(1, len(a) + 1)],
                a,
                ps[f"b[{layer}]{j}"],
            )
            for j in range(1, m + 1)
        ]
        last = layer == len(sizes) - 1
        a = [ag.sigmoid(z) if last else ag.relu(z, 1.0) for z in zs]
    return a[0]


@pytest.mark.parametrize("affine", WAYS)
def test_the_lectures_network_has_the_lectures_names(affine: Affine) -> None:
    ps = parameters([2, 3, 2, 1])
    xs = [ag.Value(1.5, label="x1"), ag.Value(-0.8, label="x2")]
    loss = ag.bce(network(affine, [2, 3, 2, 1], ps, xs), 1.0)
    order = topological_order(loss)
    called = names(order)
    assert list(called) == order
    found = sorted(name for name in called.values() if name[0] in "zaŷL")
    assert found == sorted(
        [f"{c}[1]{j}" for c in "za" for j in (1, 2, 3)]
        + [f"{c}[2]{j}" for c in "za" for j in (1, 2)]
        + ["z[3]1", "ŷ", "L"]
    )
    assert called[loss] == "L"
    for neuron in neurons(order):
        z, a = neuron.pre_activation, neuron.activation
        data = sum(
            w.data * getattr(x, "data", x)
            for w, x in zip(neuron.weights, neuron.inputs)
        )
        assert z.data == pytest.approx(data + neuron.bias.data, abs=1e-12)
        assert a.operands[0] is z
        assert [w.label for w in neuron.weights] == [
            f"W[{neuron.unit.layer}]{neuron.unit.unit},{k}"
            for k in range(1, len(neuron.weights) + 1)
        ]
        assert neuron.bias.label == neuron.unit.name("b")


def test_several_examples_are_counted_from_the_first() -> None:
    ps = parameters([1, 1])
    losses = [ag.bce(network(by_dot, [1, 1], ps, [x]), 0.0) for x in (1.0, 2.0, 3.0)]
    total = ag.mean(losses)
    called = names(topological_order(total))
    assert [called[loss] for loss in losses] == ["L(1)", "L(2)", "L(3)"]
    assert [called[loss.operands[0]] for loss in losses] == ["ŷ(1)", "ŷ(2)", "ŷ(3)"]
    assert called[total] == "L"


def test_a_label_wins_over_a_derived_name() -> None:
    ps = parameters([1, 1])
    z = ag.dot([ps["W[1]1,1"]], [2.0], ps["b[1]1"])
    z.label = "mine"
    assert names(topological_order(ag.sigmoid(z)))[z] == "mine"


def test_several_outputs_are_activations_and_no_probability_alone() -> None:
    ps = parameters([1, 2])
    z = [ag.dot([ps[f"W[1]{j},1"]], [2.0], ps[f"b[1]{j}"]) for j in (1, 2)]
    total = ag.sigmoid(z[0]) + ag.sigmoid(z[1])
    called = names(topological_order(total))
    assert {"a[1]1", "a[1]2", "z[1]1", "z[1]2"} <= set(called.values())


def test_what_is_no_pre_activation_has_a_number() -> None:
    ps = parameters([1, 1])
    w, b = ps["W[1]1,1"], ps["b[1]1"]
    z = ag.dot([w], [2.0], b)
    penalty = w * w  # no input: both factors are the weight
    bare = w * 3.0  # the bias is missing
    total = z + penalty + bare
    called = names(topological_order(total))
    assert re.fullmatch(r"v\d", called[penalty])
    assert re.fullmatch(r"v\d", called[bare])
    assert called[z] == "z[1]1"


def test_networks_told_apart_by_a_prefix_keep_it() -> None:
    w, b = ag.Value(1.0, label="actor.W[1]1,1"), ag.Value(0.0, label="actor.b[1]1")
    z = ag.dot([w], [2.0], b)
    called = names(topological_order(ag.tanh(z)))
    assert called[z] == "actor.z[1]1"


def test_a_graph_without_labels_is_numbered() -> None:
    x = ag.Value(2.0)
    order = topological_order(ag.tanh(x * x))
    assert list(names(order).values()) == ["v1", "v2", "v3"]


def test_no_two_values_are_called_alike() -> None:
    a, b, v = (ag.Value(2.0, label=label) for label in ("a", "a", "v4"))
    called = names(topological_order((a + b) * v))
    assert list(called.values()) == ["v4", "a(2)", "a", "v4′", "v5"]
