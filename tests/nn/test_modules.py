"""Modules: structure, names, calls, initialization, and every bad argument."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn

widths = st.lists(st.integers(1, 5), min_size=1, max_size=4)
seeds = st.integers(0, 2**32)


@given(st.integers(1, 5), widths, seeds)
def test_parameters_go_layer_by_layer_weights_then_bias(
    nin: int, nouts: list[int], seed: int
) -> None:
    model = nn.MLP(nin, nouts, seed=seed)
    expected = []
    for layer in model.layers:
        for neuron in layer.neurons:
            expected += [*neuron.weights, neuron.bias]
    assert [id(p) for p in model.parameters()] == [id(p) for p in expected]
    sizes = [nin, *nouts]
    assert len(expected) == sum((m + 1) * n for m, n in pairwise(sizes))


@given(st.integers(1, 5), widths)
def test_labels_are_the_lectures_and_equal_the_names(
    nin: int, nouts: list[int]
) -> None:
    model = nn.MLP(nin, nouts)
    for k, layer in enumerate(model.layers, 1):
        for j, neuron in enumerate(layer.neurons, 1):
            assert neuron.bias.label == f"b[{k}]{j}"
            for i, weight in enumerate(neuron.weights, 1):
                assert weight.label == f"W[{k}]{j},{i}"
    names = [name for name, _ in model.named_parameters()]
    assert names == [p.label for p in model.parameters()]
    assert len(set(names)) == len(names)


def test_a_lone_neuron_and_a_lone_layer_label_their_parameters() -> None:
    assert [p.label for p in nn.Neuron(2).parameters()] == ["w1", "w2", "b"]
    labels = [p.label for p in nn.Layer(1, 2).parameters()]
    assert labels == ["W1,1", "b1", "W2,1", "b2"]


@given(st.integers(1, 4), widths, seeds)
def test_theta_stacks_the_last_layer_first_rows_then_biases(
    nin: int, nouts: list[int], seed: int
) -> None:
    model = nn.MLP(nin, nouts, seed=seed)
    state = model.state_dict()
    expected = []
    for k in range(len(nouts), 0, -1):
        expected += [w for row in state[f"W[{k}]"] for w in row] + state[f"b[{k}]"]
    assert [p.data for p in model.theta()] == expected
    assert set(model.theta()) == set(model.parameters())


@given(st.integers(1, 4), widths, seeds, st.data())
def test_the_output_is_that_of_the_formulas_on_floats(
    nin: int, nouts: list[int], seed: int, data: st.DataObject
) -> None:
    model = nn.MLP(nin, nouts, activation="tanh", output="sigmoid", seed=seed)
    numbers = st.floats(-3, 3)
    x = data.draw(st.lists(numbers, min_size=nin, max_size=nin))
    a = x
    for k in range(1, len(nouts) + 1):
        W, b = model.state_dict()[f"W[{k}]"], model.state_dict()[f"b[{k}]"]
        z = [ag.dot(row, a, start) for row, start in zip(W, b)]
        a = [ag.sigmoid(t) if k == len(nouts) else math.tanh(t) for t in z]
    y = model(x)
    assert ([y.data] if nouts[-1] == 1 else [v.data for v in y]) == a


def test_a_pre_activation_is_one_dot_node() -> None:
    neuron = nn.Neuron(2, activation="sigmoid", seed=0)
    a = neuron([1.0, 2.0])
    (z,) = a.operands
    assert (a.op, z.op) == ("sigmoid", "dot")
    assert z.operands == (*neuron.weights, 1.0, 2.0, neuron.bias)


def test_inputs_may_be_lists_tuples_arrays_values_and_generators() -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    x = [0.5, -1.25]
    expected = model(x).data
    rows = np.array([x])
    for same in (tuple(x), rows[0], rows[0].astype(np.float32), map(float, x)):
        assert model(same).data == expected
    inputs = [ag.Value(t) for t in x]
    y = model(inputs)
    assert y.data == expected
    y.backward()
    assert all(v.grad != 0.0 for v in inputs)
    assert model(np.array(inputs, dtype=object)).data == expected


def test_a_single_input_may_come_bare_and_a_hidden_layer_may_have_one_neuron() -> None:
    model = nn.MLP(1, [1, 1], seed=3)
    assert model(0.5).data == model([0.5]).data


def test_one_output_comes_bare_and_several_as_a_list() -> None:
    assert isinstance(nn.Layer(2, 1)([1, 2]), ag.Value)
    assert isinstance(nn.MLP(2, [3, 2])([1, 2]), list)
    assert len(nn.MLP(2, [3, 2])([1, 2])) == 2


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_every_activation_of_the_table_is_the_function_of_its_name(name: str) -> None:
    neuron = nn.Neuron(1, activation=name, init="uniform", seed=2)
    for x in (-1.5, 0.0, 0.75):
        z = ag.dot([w.data for w in neuron.weights], [x])
        assert neuron([x]).data == getattr(ag, name)(z)


def test_the_usual_activations_are_there() -> None:
    usual = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh"}
    assert usual <= set(nn.ACTIVATIONS)
    assert not {"log", "sqrt", "add", "bce", "maximum", "dot"} & set(nn.ACTIVATIONS)


def test_an_activation_may_be_a_function_such_as_the_lectures_relu() -> None:
    neuron = nn.Neuron(1, activation=lambda z: ag.relu(z, at_zero=1.0), seed=0)
    neuron([0.0]).backward()
    assert neuron.bias.grad == 1.0
    usual = nn.Neuron(1, activation="relu", seed=0)
    usual([0.0]).backward()
    assert usual.bias.grad == 0.0


@pytest.mark.parametrize("linear", ["linear", None])
def test_a_linear_neuron_is_its_pre_activation(linear: str | None) -> None:
    assert nn.Neuron(2, activation=linear)([1, 2]).op == "dot"
    assert nn.Neuron(2, nonlin=False)([1, 2]).op == "dot"
    assert nn.Neuron(2, False)([1, 2]).op == "dot"


def test_a_neuron_that_is_switched_is_computed_so_alone_and_in_its_layer() -> None:
    layer = nn.Layer(2, 3, activation="tanh", seed=0)
    neuron = layer.neurons[1]
    x = [1.0, 2.0]
    z = ag.dot([w.data for w in neuron.weights], x)
    before = [a.data for a in layer(x)]
    neuron.nonlin = False
    assert (neuron.nonlin, neuron.activation, repr(neuron)) == (
        *(False, None),
        "LinearNeuron(2)",
    )
    assert neuron(x).data == z
    assert [a.data for a in layer(x)] == [before[0], z, before[2]]
    same = pickle.loads(pickle.dumps(layer))
    assert [a.data for a in same(x)] == [before[0], z, before[2]]
    neuron.nonlin = True
    assert [a.data for a in layer(x)] == before
    neuron.activation = "sigmoid"
    assert layer(x)[1].data == ag.sigmoid(z)
    off = nn.Neuron(2, nonlin=False, seed=0)
    off.nonlin = True
    assert off.activation == "relu"
    with pytest.raises(TypeError, match="nonlin must be True or False"):
        neuron.nonlin = 0
    with pytest.raises(ValueError, match="activation must be"):
        neuron.activation = "rleu"


def test_an_attribute_that_nothing_reads_is_refused() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    for module, name in (
        (model, "activation"),
        (model.layers[0], "nonlin"),
        (model.layers[0].neurons[0], "weight"),
        (nn.SGD(model.parameters(), 0.1), "lr"),
        (nn.Adam(model.parameters()), "beta1"),
    ):
        with pytest.raises(AttributeError, match=name):
            setattr(module, name, 1.0)
    with pytest.raises(AttributeError):
        model.layers[0].neurons = ()  # type: ignore[misc]


def test_weights_that_are_replaced_are_used_even_plain_numbers() -> None:
    model = nn.MLP(2, [2, 1], activation="tanh", output="sigmoid", seed=0)
    expected = model([1.0, 2.0]).data
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.weights = [w.data for w in neuron.weights]
            neuron.bias = neuron.bias.data
    assert model([1.0, 2.0]) == expected
    assert model.parameters() == []
    assert model.state_dict() == {}


def test_micrograds_names_and_forms_work() -> None:
    neuron = nn.Neuron(3, nonlin=True)
    assert neuron.w is neuron.weights
    assert neuron.b is neuron.bias
    assert [*neuron.w, neuron.b] == neuron.parameters()
    neuron.w, neuron.b = neuron.w[:2], ag.Value(0.0)
    assert len(neuron.parameters()) == 3
    assert nn.Layer(2, 2, nonlin=False)([1, 1])[0].op == "dot"
    model = nn.MLP(2, [16, 16, 1])
    assert [n.activation for n in model.layers[0].neurons] == ["relu"] * 16
    assert model([1.0, 2.0]).op == "dot"
    assert repr(nn.MLP(3, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(2)]]"
    )


def test_without_a_seed_the_weights_are_micrograds() -> None:
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1])
    random.seed(1337)
    for layer in model.layers:
        for neuron in layer.neurons:
            assert [w.data for w in neuron.w] == [
                random.uniform(-1, 1) for _ in neuron.w
            ]
            assert neuron.b.data == 0.0


def test_a_seed_gives_the_same_bits_on_every_system() -> None:
    first = nn.MLP(2, [2, 1], seed=0).parameters()[0].data
    # 0.8444218515250481 is the first random() of seed 0, in every Python since 2.3.
    assert first == -math.sqrt(3) + 2 * math.sqrt(3) * 0.8444218515250481
    assert (
        nn.MLP(3, [2, 1], seed=7).state_dict() == nn.MLP(3, [2, 1], seed=7).state_dict()
    )
    assert nn.MLP(3, [2], seed=7).state_dict() != nn.MLP(3, [2], seed=8).state_dict()


def test_a_seed_leaves_the_global_generator_alone() -> None:
    before = random.getstate()
    nn.MLP(2, [3, 1], seed=0)
    assert random.getstate() == before


def test_a_generator_goes_on_where_it_is() -> None:
    generator = random.Random(5)
    one, two = nn.Neuron(2, seed=generator), nn.Neuron(2, seed=generator)
    assert one.state_dict() != two.state_dict()
    assert one.state_dict() == nn.Neuron(2, seed=5).state_dict()


@pytest.mark.parametrize(
    ("arguments", "bound"),
    [
        ({"init": "he"}, math.sqrt(6 / 50)),
        ({"init": "xavier"}, math.sqrt(6 / 90)),
        ({"init": "uniform"}, 1.0),
        ({"activation": "relu"}, math.sqrt(6 / 50)),
        ({"activation": "gelu"}, math.sqrt(6 / 50)),
        ({"activation": "tanh"}, math.sqrt(6 / 90)),
        ({"activation": None}, math.sqrt(6 / 90)),
    ],
)
def test_initial_weights_have_the_stated_distribution(
    arguments: dict[str, str | None], bound: float
) -> None:
    layer = nn.Layer(50, 40, seed=11, **arguments)  # type: ignore[arg-type]
    weights = [w.data for n in layer.neurons for w in n.weights]
    assert all(-bound < w < bound for w in weights)
    # w² has the mean b²/3 and the variance 4 b⁴/45: five standard errors.
    variance = sum(w * w for w in weights) / len(weights)
    error = bound**2 * math.sqrt(4 / 45 / len(weights))
    assert abs(variance - bound**2 / 3) < 5 * error
    assert all(n.bias.data == 0.0 for n in layer.neurons)


class Tied(nn.Module):
    """A module of one's own: nested lists, a dict, a part twice, a result, a number."""

    def __init__(self) -> None:
        self.matrix = [[ag.Value(1.0), ag.Value(2.0)], [ag.Value(3.0), ag.Value(4.0)]]
        self.parts = [nn.Neuron(1, seed=0), nn.MLP(1, [1], seed=0)]
        self.by_name = {"scale": ag.Value(5.0)}
        self.again = self.by_name["scale"]
        self.result = self.again * 2
        self.w1 = [ag.Value(6.0)]
        self.size = 3.0


def test_a_module_of_ones_own_finds_its_parameters() -> None:
    module = Tied()
    assert [name for name, _ in module.named_parameters()] == [
        *("matrix1,1", "matrix1,2", "matrix2,1", "matrix2,2"),
        *("parts.0.w1", "parts.0.b", "parts.1.W[1]1,1", "parts.1.b[1]1"),
        *("by_name.scale", "again", "w1.1"),
    ]
    assert len(module.parameters()) == 10  # the shared one once
    assert module.state_dict()["matrix"] == [[1.0, 2.0], [3.0, 4.0]]


def test_a_subclass_may_add_parameters() -> None:
    class Scaled(nn.MLP):
        def __init__(self) -> None:
            super().__init__(1, [1], seed=0)
            self.scale = ag.Value(2.0)

    assert [name for name, _ in Scaled().named_parameters()][-1] == "scale"


class Slotted(nn.Module):
    """Parameters wherever an attribute can hold them."""

    __slots__ = ("__hidden", "array", "fields", "later", "queue")

    def __init__(self) -> None:
        self.__hidden = ag.Value(1.0)
        self.array = np.array([[ag.Value(2.0)], [ag.Value(3.0)]])
        self.fields = Pair(ag.Value(4.0), {(1, 2): ag.Value(5.0)})
        self.queue = deque([ag.Value(6.0), nn.Neuron(1, seed=0)])


@dataclass
class Pair:
    left: ag.Value
    right: object


def test_what_parameters_lists_is_what_the_state_holds() -> None:
    module = Slotted()
    assert [(name, p.data) for name, p in module.named_parameters()][:6] == [
        ("_Slotted__hidden", 1.0),
        *(("array1,1", 2.0), ("array2,1", 3.0)),
        *(("fields.left", 4.0), ("fields.right.(1, 2)", 5.0)),
        ("queue1", 6.0),
    ]
    state = module.state_dict()
    assert np.concatenate([np.ravel(x) for x in state.values()]).tolist() == [
        p.data for p in module.parameters()
    ]
    state["fields.right.(1, 2)"] = 7.0
    module.load_state_dict(state)
    assert module.fields.right[1, 2].data == 7.0  # type: ignore[index]


class Crowded(nn.Layer):
    def __init__(self, attribute: str, x: object) -> None:
        super().__init__(2, 2, seed=0)
        setattr(self, attribute, x)


def two() -> list[ag.Value]:
    return [ag.Value(5.0), ag.Value(6.0)]


@pytest.mark.parametrize(
    ("attribute", "x", "name"),
    [
        ("b", two(), "b1"),
        ("b", ag.Value(5.0), "b"),
        ("W", two(), "W1"),
        ("b1", ag.Value(5.0), "b1"),
        ("more", {1: ag.Value(1.0), "1": ag.Value(2.0)}, "more.1"),
        ("more", {"b.c": ag.Value(1.0), "b": {"c": ag.Value(2.0)}}, "more.b.c"),
        ("more", {1: ag.Value(1.0), "1": two()}, "more.1.1"),
        ("more", {1: two(), "1": ag.Value(1.0)}, "more.1"),
    ],
)
def test_parameters_whose_names_collide_are_refused(
    attribute: str, x: object, name: str
) -> None:
    module = Crowded(attribute, x)
    for use in (module.parameters, module.named_parameters, module.state_dict):
        with pytest.raises(ValueError, match=f"two parameters in one place, '{name}'"):
            use()


def test_parameters_in_a_set_are_refused() -> None:
    with pytest.raises(TypeError, match="more is a set with parameters"):
        Crowded("more", {ag.Value(1.0)}).parameters()
    assert len(Crowded("more", {1.0, "a"}).parameters()) == 6


def test_a_list_of_ones_own_must_be_what_the_state_holds() -> None:
    hidden = ag.Value(1.0)

    class Own(nn.Module):
        def __init__(self, listed: list[ag.Value]) -> None:
            self.held, self.listed = ag.Value(2.0), lambda: listed

        def parameters(self) -> list[ag.Value]:
            return [self.held, *self.listed()]

    assert Own([]).state_dict() == {"held": 2.0}
    with pytest.raises(ValueError, match=r"would lose .*data=1\.0.*no attribute"):
        Own([hidden]).state_dict()

    class Less(Own):
        def parameters(self) -> list[ag.Value]:
            return []

    with pytest.raises(ValueError, match="does not list it"):
        Less([]).state_dict()


def test_modules_that_contain_each_other_are_gone_through_once() -> None:
    class Node(nn.Module):
        def __init__(self, number: float) -> None:
            self.number = ag.Value(number)
            self.others: list[object] = []

    child, parent = Node(1.0), Node(2.0)
    child.others.append(parent)
    parent.others += [child, parent.others]
    assert parent.state_dict() == {"number": 2.0, "others.0.number": 1.0}
    assert len(parent.parameters()) == len(child.parameters()) == 2


def test_zero_grad_clears_every_gradient() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.parameters())


def test_models_can_be_copied_and_pickled() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    protocols = range(pickle.HIGHEST_PROTOCOL + 1)
    pickles = [pickle.loads(pickle.dumps(model, p)) for p in protocols]
    for same in (copy.deepcopy(model), *pickles):
        assert same.state_dict() == model.state_dict()
        assert same([1.0, 2.0]).data == model([1.0, 2.0]).data
        assert not set(same.parameters()) & set(model.parameters())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.MLP(0, [1]), ["nin", "at least 1", "0"]),
        (lambda: nn.MLP(2, [3, 0, 1]), ["nouts[1]", "at least 1", "got 0"]),
        (lambda: nn.MLP(2, [-3]), ["nouts[0]", "at least 1", "-3"]),
        (lambda: nn.MLP(2, []), ["nouts", "at least one"]),
        (lambda: nn.Layer(2, 0), ["nout", "at least 1", "0"]),
        (lambda: nn.Layer(0, 2), ["nin", "at least 1", "0"]),
        (lambda: nn.Neuron(-1), ["nin", "at least 1", "-1"]),
        (lambda: nn.MLP(2, [1], activation="rleu"), ["activation", "relu", "'rleu'"]),
        (lambda: nn.MLP(2, [1], output="softmax"), ["output", "linear", "'softmax'"]),
        (lambda: nn.Neuron(2, activation="log"), ["activation", "tanh", "'log'"]),
        (lambda: nn.MLP(2, [1], init="zeros"), ["init", "he, xavier, uniform"]),
        (lambda: nn.MLP(2, [3, 1])([1.0]), ["layer 1", "2 inputs", "got 1"]),
        (lambda: nn.MLP(2, [3, 1])([1.0] * 3), ["layer 1", "2 inputs", "got 3"]),
        (lambda: nn.MLP(2, [3, 1])(1.0), ["layer 1", "2 inputs", "got 1"]),
        (lambda: nn.Layer(2, 2)([]), ["Layer(2, 2)", "2 inputs", "got 0"]),
        (lambda: nn.Neuron(2)([1.0] * 5), ["ReLUNeuron(2)", "2 inputs", "got 5"]),
    ],
)
def test_a_value_that_is_not_allowed_is_named(make: object, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        make()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.MLP(2.0, [1]), ["nin", "2.0", "float"]),
        (lambda: nn.MLP(2, [1.5]), ["nouts[0]", "1.5", "float"]),
        (lambda: nn.MLP(2, [True]), ["nouts[0]", "bool"]),
        (lambda: nn.MLP(2, 3), ["nouts", "sequence", "int"]),
        (lambda: nn.MLP(2, "31"), ["nouts", "sequence", "str"]),
        (lambda: nn.MLP(2, [1], activation=3), ["activation", "int"]),
        (lambda: nn.MLP(2, [1], seed=0.5), ["seed", "float"]),
        (lambda: nn.MLP(2, [1], seed="0"), ["seed", "str"]),
        (lambda: nn.Neuron(2, "tanh"), ["nonlin", "'tanh'", "activation="]),
        (lambda: nn.MLP(2, [1])(["a", "b"]), ["str"]),
        (lambda: nn.MLP(2, [1])([None, 1.0]), ["NoneType"]),
        (lambda: nn.MLP(2, [1])([[1.0], [2.0]]), ["list"]),
    ],
)
def test_a_wrong_type_is_named(make: object, words: list[str]) -> None:
    with pytest.raises(TypeError) as caught:
        make()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), caught.value
