"""What is measured: each script once, for every kind of number.

A script is written for a bare scalar: operators, builtin ``sum``, and the few
functions that its library hands it (``lib.exp``, ``lib.relu``, ...). The very
same code therefore runs on plain floats, on both engines and on the peers.
Nothing here imports more than the standard library, so that it runs in the
peers' interpreters as well.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]
Step = Callable[[], Any]


@dataclass(frozen=True)
class Workload:
    """A scalar function of many parameters, to be differentiated by all of them.

    ``data()`` makes the numbers, which are sent to every interpreter as JSON;
    ``build(lib, data)`` the model; ``parameters(model)`` lists its leaves;
    ``forward(lib, model, data)`` is the script; ``operations`` is how many
    elementary operations it has, where that is what time is divided by.
    """

    data: Callable[[], Data]
    build: Callable[[Any, Data], Any]
    parameters: Callable[[Any], list[Any]]
    forward: Callable[[Any, Any, Data], Any]
    operations: int = 1


# Two moons: a 2-16-16-1 network on 100 points, hinge loss.

SIZES = [2, 16, 16, 1]


def two_moons(examples: int = 100, sizes: list[int] = SIZES, seed: int = 0) -> Data:
    """Two interleaved half circles with noise, and the network's first weights."""
    rng = random.Random(seed)
    points, labels = [], []
    for i in range(examples):
        angle = rng.uniform(0.0, math.pi)
        upper = i % 2 == 0
        x, y = math.cos(angle), math.sin(angle)
        if not upper:
            x, y = 1.0 - x, 0.5 - y
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        labels.append(1.0 if upper else -1.0)
    weights = [
        rng.uniform(-1.0, 1.0)
        for m, n in itertools.pairwise(sizes)
        for _ in range(n * (m + 1))
    ]
    return {"points": points, "labels": labels, "sizes": sizes, "weights": weights}


def written_out_network(lib: Any, data: Data) -> Any:
    """Layers of neurons, each a list of weights and a bias."""
    weights = iter(data["weights"])
    return [
        [
            ([lib.leaf(next(weights)) for _ in range(m)], lib.leaf(next(weights)))
            for _ in range(n)
        ]
        for m, n in zip(data["sizes"], data["sizes"][1:])
    ]


def written_out_parameters(model: Any) -> list[Any]:
    return [p for layer in model for ws, b in layer for p in [*ws, b]]


def hinge(lib: Any, label: Any, score: Any) -> Any:
    return lib.relu(1.0 + -label * score)


def logistic(lib: Any, label: Any, score: Any) -> Any:
    return lib.log(1.0 + lib.exp(-label * score))


def written_out_moons(lib: Any, model: Any, data: Data, loss: Any = hinge) -> Any:
    """The mean loss, one elementary operation after the other."""
    relu, constant = lib.relu, lib.constant
    last = model[-1]
    total = constant(0.0)
    for point, label in zip(data["points"], data["labels"]):
        activations = [constant(x) for x in point]
        for layer in model:
            outputs = []
            for ws, z in layer:
                for w, a in zip(ws, activations):
                    z = z + w * a
                outputs.append(z if layer is last else relu(z))
            activations = outputs
        total = total + loss(lib, label, activations[0])
    return total * (1.0 / len(data["points"]))


def library_network(lib: Any, data: Data) -> Any:
    """The library's own ``nn.MLP`` with the same weights."""
    model = lib.mlp(data["sizes"][0], data["sizes"][1:])
    for parameter, weight in zip(model.parameters(), data["weights"]):
        parameter.data = weight
    return model


def library_moons(lib: Any, model: Any, data: Data) -> Any:
    """The same loss through ``nn.MLP``, as micrograd's demo writes it."""
    scores = [model(point) for point in data["points"]]
    losses = [
        lib.relu(1.0 + -label * score) for label, score in zip(data["labels"], scores)
    ]
    return sum(losses) * (1.0 / len(losses))


def matrices_network(lib: Any, data: Data) -> Any:
    """The same weights as one matrix and one bias vector per layer."""
    weights, model = iter(data["weights"]), []
    for m, n in zip(data["sizes"], data["sizes"][1:]):
        rows = [[next(weights) for _ in range(m + 1)] for _ in range(n)]
        model.append(lib.leaf([row[:-1] for row in rows]))
        model.append(lib.leaf([row[-1] for row in rows]))
    return model


def matrices_moons(lib: Any, model: Any, data: Data) -> Any:
    """The same loss on whole arrays: how array libraries want it written."""
    activations = lib.constant(data["points"])
    for i in range(0, len(model), 2):
        activations = activations @ model[i].T + model[i + 1]
        if i + 2 < len(model):
            activations = lib.relu(activations)
    return lib.relu(1.0 - lib.constant(data["labels"]) * activations[:, 0]).mean()


def loaded_network(lib: Any, data: Data) -> Any:
    """The same, with the examples turned into arrays once, as in a training loop."""
    data["arrays"] = lib.constant(data["points"]), lib.constant(data["labels"])
    return matrices_network(lib, data)


def loaded_moons(lib: Any, model: Any, data: Data, loss: Any = hinge) -> Any:
    activations, labels = data["arrays"]
    for i in range(0, len(model), 2):
        activations = activations @ model[i].T + model[i + 1]
        if i + 2 < len(model):
            activations = lib.relu(activations)
    return loss(lib, labels, activations[:, 0]).mean()


# The lecture's network 30-3-2-1 on as many examples as its data has, logistic loss.


def lecture_batch(examples: int = 569) -> Data:
    rng = random.Random(4)
    sizes = [30, 3, 2, 1]
    return {
        "points": [[rng.gauss(0.0, 1.0) for _ in range(30)] for _ in range(examples)],
        "labels": [rng.choice([-1.0, 1.0]) for _ in range(examples)],
        "sizes": sizes,
        "weights": [
            rng.uniform(-0.5, 0.5)
            for m, n in itertools.pairwise(sizes)
            for _ in range(n * (m + 1))
        ],
    }


# The next letter of a name after three, each looked up in a table of ten numbers per
# letter, by a network 30-64-27: Bengio et al. (2003), as makemore has it.

LETTERS, CONTEXT, WIDTH, HIDDEN = 27, 3, 10, 64
SHAPES = [(LETTERS, WIDTH), (HIDDEN, CONTEXT * WIDTH), (1, HIDDEN)]
SHAPES += [(LETTERS, HIDDEN), (1, LETTERS)]


def names(examples: int = 256) -> Data:
    rng = random.Random(6)
    letters = range(LETTERS)
    return {
        "points": [rng.choices(letters, k=CONTEXT) for _ in range(examples)],
        "labels": rng.choices(letters, k=examples),
        "matrices": [
            [[rng.gauss(0.0, 0.3) for _ in range(m)] for _ in range(n)]
            for n, m in SHAPES
        ],
    }


def names_model(lib: Any, data: Data) -> Any:
    return [[[*map(lib.leaf, row)] for row in rows] for rows in data["matrices"]]


def names_parameters(model: Any) -> list[Any]:
    return [w for rows in model for row in rows for w in row]


def names_scalars(lib: Any, model: Any, data: Data) -> Any:
    """The mean loss, on scalars."""
    table, inner, (inner_bias,), outer, (outer_bias,) = model
    losses = []
    for letters, following in zip(data["points"], data["labels"]):
        looked_up = [x for letter in letters for x in lib.take(table, letter)]
        hidden = [
            lib.tanh(lib.dot(ws, looked_up, b)) for ws, b in zip(inner, inner_bias)
        ]
        scores = [lib.dot(ws, hidden, b) for ws, b in zip(outer, outer_bias)]
        losses.append(lib.logsumexp(scores) - lib.take(scores, following))
    return sum(losses) * (1.0 / len(losses))


def names_arrays_model(lib: Any, data: Data) -> Any:
    """One array for each matrix, and the examples as arrays."""
    data["arrays"] = lib.integers(data["points"]), lib.integers(data["labels"])
    return [lib.leaf(rows) for rows in data["matrices"]]


def names_arrays(lib: Any, model: Any, data: Data) -> Any:
    """The same on whole arrays: how array libraries want it written."""
    (table, inner, inner_bias, outer, outer_bias), (letters, following) = (
        model,
        data["arrays"],
    )
    looked_up = table[letters].reshape(len(letters), -1)
    scores = lib.tanh(looked_up @ inner.T + inner_bias) @ outer.T + outer_bias
    right = scores[lib.integers(list(range(len(letters)))), following]
    return (lib.logsumexp(scores, -1) - right).mean()


# The price of a European call option, by Black and Scholes (1973).

RANGES = {
    "spot": (80.0, 120.0),
    "strike": (80.0, 120.0),
    "years": (0.1, 2.0),
    "rate": (0.0, 0.1),
    "volatility": (0.1, 0.5),
}


def options(lib: Any, data: Data) -> list[list[float]]:
    """A column for each of ``RANGES``, so that nobody is sent a million options."""
    rng = random.Random(5)
    count = range(data["options"])
    return [[rng.uniform(*ends) for _ in count] for ends in RANGES.values()]


def black_scholes(lib: Any, model: Any, data: Data) -> Any:
    spot, strike, years, rate, volatility = model
    spread = volatility * lib.sqrt(years)
    drift = (rate + 0.5 * volatility * volatility) * years
    d = (lib.log(spot / strike) + drift) / spread

    def below(x: Any) -> Any:
        return 0.5 * lib.erfc(x * -math.sqrt(0.5))

    return spot * below(d) - strike * lib.exp(-rate * years) * below(d - spread)


# A chain of a million operations.


def chain_data(steps: int = 500_000) -> Data:
    return {"start": [1.0, 0.999, 0.001], "steps": steps}


def leaves(lib: Any, data: Data) -> list[Any]:
    return [lib.leaf(x) for x in data["start"]]


def chain(lib: Any, model: list[Any], data: Data) -> Any:
    """x ← x y + z over and over: two operations each time."""
    x, y, z = model
    for _ in range(data["steps"]):
        x = x * y + z
    return x


# A small transformer for a bare scalar: attention, softmax, rmsnorm.


def transformer_data(
    length: int = 8, width: int = 16, heads: int = 4, vocabulary: int = 20
) -> Data:
    """A sequence of tokens to predict, and all matrices of one block."""
    rng = random.Random(1)

    def matrix(rows: int, columns: int) -> list[list[float]]:
        scale = 1.0 / math.sqrt(columns)
        return [[rng.gauss(0.0, scale) for _ in range(columns)] for _ in range(rows)]

    shapes = {
        "tokens": (vocabulary, width),
        "positions": (length, width),
        "queries": (width, width),
        "keys": (width, width),
        "values": (width, width),
        "mix": (width, width),
        "expand": (4 * width, width),
        "contract": (width, 4 * width),
        "logits": (vocabulary, width),
    }
    return {
        "sequence": [rng.randrange(vocabulary) for _ in range(length + 1)],
        "heads": heads,
        "matrices": {name: matrix(*shape) for name, shape in shapes.items()},
    }


def transformer_model(lib: Any, data: Data) -> dict[str, list[list[Any]]]:
    return {
        name: [[lib.leaf(w) for w in row] for row in matrix]
        for name, matrix in data["matrices"].items()
    }


def transformer_parameters(model: dict[str, list[list[Any]]]) -> list[Any]:
    return [w for matrix in model.values() for row in matrix for w in row]


def linear(matrix: list[list[Any]], xs: list[Any]) -> list[Any]:
    return [sum(w * x for w, x in zip(row, xs)) for row in matrix]


def rmsnorm(xs: list[Any]) -> list[Any]:
    scale = (sum(x * x for x in xs) / len(xs) + 1e-5) ** -0.5
    return [x * scale for x in xs]


def softmax(lib: Any, xs: list[Any]) -> list[Any]:
    top = max(lib.number(x) for x in xs)
    exps = [lib.exp(x - top) for x in xs]
    total = sum(exps)
    return [e / total for e in exps]


def transformer(lib: Any, model: dict[str, list[list[Any]]], data: Data) -> Any:
    """The mean cross-entropy of the next token, one causal attention block."""
    sequence, heads = data["sequence"], data["heads"]
    keys: list[list[Any]] = []
    values: list[list[Any]] = []
    losses = []
    for position, (token, target) in enumerate(itertools.pairwise(sequence)):
        embedding, place = model["tokens"][token], model["positions"][position]
        stream = rmsnorm([e + p for e, p in zip(embedding, place)])

        inner = rmsnorm(stream)
        query = linear(model["queries"], inner)
        keys.append(linear(model["keys"], inner))
        values.append(linear(model["values"], inner))
        size = len(query) // heads
        attended = []
        for low in range(0, len(query), size):
            part = slice(low, low + size)
            scores = [
                sum(q * k for q, k in zip(query[part], key[part])) / size**0.5
                for key in keys
            ]
            weights = softmax(lib, scores)
            attended += [
                sum(w * value[i] for w, value in zip(weights, values))
                for i in range(low, low + size)
            ]
        mixed = linear(model["mix"], attended)
        stream = [s + m for s, m in zip(stream, mixed)]

        hidden = [lib.relu(h) for h in linear(model["expand"], rmsnorm(stream))]
        stream = [s + c for s, c in zip(stream, linear(model["contract"], hidden))]

        probabilities = softmax(lib, linear(model["logits"], stream))
        losses.append(-lib.log(probabilities[target]))
    return sum(losses) / len(losses)


def transformer_arrays_model(lib: Any, data: Data) -> list[Any]:
    return [lib.leaf(matrix) for matrix in data["matrices"].values()]


def transformer_arrays(lib: Any, model: list[Any], data: Data) -> Any:
    """The same on whole arrays, as an array library wants it written."""
    named = dict(zip(data["matrices"], model))
    inputs = lib.integers(data["sequence"][:-1])
    targets = lib.integers(data["sequence"][1:])
    length, heads = len(inputs), data["heads"]

    def normed(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def by_head(name: str, x: Any) -> Any:
        return (x @ named[name].T).reshape(length, heads, -1)

    later = [[float(k > q) for k in range(length)] for q in range(length)]
    stream = normed(named["tokens"][inputs] + named["positions"][:length])
    inner = normed(stream)
    query, key, value = (by_head(n, inner) for n in ("queries", "keys", "values"))
    scores = lib.einsum("qhd,khd->hqk", query, key) / query.shape[-1] ** 0.5
    weights = lib.softmax(scores - 1e9 * lib.constant(later))
    attended = lib.einsum("hqk,khd->qhd", weights, value).reshape(length, -1)
    stream = stream + attended @ named["mix"].T
    hidden = lib.relu(normed(stream) @ named["expand"].T)
    stream = stream + hidden @ named["contract"].T
    probabilities = lib.softmax(stream @ named["logits"].T)
    return -lib.log(probabilities[lib.integers(list(range(length))), targets]).mean()


# A small program, for what a call costs.


def small_data() -> Data:
    return {"start": [1.5, 2.5, 3.5]}


def small(lib: Any, model: list[Any], data: Data) -> Any:
    """Seven operations of three numbers."""
    x, y, z = model
    return (x * y + z) * x - y / z + x


# A thousand nodes of one variable, through ``backward`` and through ``grad``.


def thousand_data() -> Data:
    return {"start": [0.7], "steps": 200}


def thousand(lib: Any, model: list[Any], data: Data) -> Any:
    """A function of 1000 nodes: five in each of 200 rounds."""
    (x,) = model
    y = x
    for _ in range(data["steps"]):
        y = y * x + x
        y = y / (y * y + x)
    return y


# The lecture's network 2-3-2-1: the Hessian of the loss of one example.


def lecture_data() -> Data:
    rng = random.Random(2)
    return {
        "sizes": [2, 3, 2, 1],
        "points": [[0.8, -0.4]],
        "labels": [1.0],
        "theta": [rng.uniform(0.1, 1.0) for _ in range(20)],
    }


def lecture_scalars(lib: Any, theta: Any, data: Data) -> Any:
    """L(θ) on scalars; θ holds layer by layer the rows of W, then b."""
    weights = iter(theta)
    ((activations, label),) = zip(data["points"], data["labels"])
    sizes = data["sizes"]
    for m, n in itertools.pairwise(sizes):
        rows = [[next(weights) for _ in range(m)] for _ in range(n)]
        zs = [
            lib.dot(row, activations, bias)
            for row, bias in zip(rows, [next(weights) for _ in range(n)])
        ]
        activations = [lib.relu(z) for z in zs]
    probability = lib.sigmoid(zs[0])
    return -(label * lib.log(probability) + (1.0 - label) * lib.log(1.0 - probability))


def lecture_arrays(lib: Any, theta: Any, data: Data) -> Any:
    """The same on arrays, as an array library wants it written."""
    activations, label = lib.constant(data["points"][0]), data["labels"][0]
    sizes, at = data["sizes"], 0
    for m, n in itertools.pairwise(sizes):
        W = theta[at : at + m * n].reshape(n, m)
        z = W @ activations + theta[at + m * n : at + m * n + n]
        at += m * n + n
        activations = lib.relu(z)
    probability = 1.0 / (1.0 + lib.exp(-z[0]))
    return -(label * lib.log(probability) + (1.0 - label) * lib.log(1.0 - probability))


WORKLOADS = {
    "moons": Workload(
        two_moons, written_out_network, written_out_parameters, written_out_moons
    ),
    "mlp": Workload(
        two_moons, library_network, lambda m: list(m.parameters()), library_moons
    ),
    "matrices": Workload(two_moons, matrices_network, list, matrices_moons),
    "moons-10000": Workload(
        lambda: two_moons(10_000),
        written_out_network,
        written_out_parameters,
        written_out_moons,
    ),
    "loaded-10000": Workload(
        lambda: two_moons(10_000), loaded_network, list, loaded_moons
    ),
    "lecture-569": Workload(
        lecture_batch,
        written_out_network,
        written_out_parameters,
        functools.partial(written_out_moons, loss=logistic),
    ),
    "loaded-569": Workload(
        lecture_batch,
        loaded_network,
        list,
        functools.partial(loaded_moons, loss=logistic),
    ),
    "options": Workload(lambda: {"options": 1_000_000}, options, list, black_scholes),
    "names": Workload(names, names_model, names_parameters, names_scalars),
    "names-arrays": Workload(names, names_arrays_model, list, names_arrays),
    "small": Workload(small_data, leaves, list, small),
    "chain": Workload(chain_data, leaves, list, chain, operations=1_000_000),
    "transformer": Workload(
        transformer_data, transformer_model, transformer_parameters, transformer
    ),
    "transformer-arrays": Workload(
        transformer_data, transformer_arrays_model, list, transformer_arrays
    ),
    "thousand": Workload(thousand_data, leaves, list, thousand),
    "lecture": Workload(
        lecture_data, lambda lib, data: data["theta"], list, lecture_scalars
    ),
    "lecture-arrays": Workload(
        lecture_data, lambda lib, data: data["theta"], list, lecture_arrays
    ),
}
