"""Networks as Python objects whose parameters are Values.

A neuron is ``a = g(w · x + b)``: one ``dot`` node for the pre-activation, and the
activation g. A layer is a list of neurons, a network a list of layers, and a
module is whatever owns parameters. Parameters bear the lecture's names, counted
from 1: ``W[2]1,3`` is the weight of layer 2, neuron 1, for its input 3, and
``b[2]1`` is that neuron's bias.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

import autograd as ag
from autograd.core import choice as engines
from nn.activations import Activation, activated, caption, checked
from nn.checks import as_list, choice, generator, is_value, switch, whole
from nn.state import Nested, State, Stateful, fitted

if TYPE_CHECKING:
    from autograd.core.value import Value

    class Output(Value, Sequence[Value]):  # type: ignore[misc]
        """To a type checker, an output is a Value, and a sequence if it is several."""


__all__ = ["INITS", "MLP", "Layer", "Module", "Neuron"]

Place = tuple[str, tuple[int, ...], "Value"]
"""A parameter with the name of its entry in the state and its indices there."""

INITS = ("he", "xavier", "uniform")
"""The initializations that there are."""

RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


class Module(Stateful):
    """Something with parameters: the leaf Values among its attributes.

    They are found in attributes in the order in which those were set, within
    lists, tuples, dicts and other modules too. A class of one's own needs no more
    than to set them:

    >>> import autograd as ag
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.shift = ag.Value(2.0), [ag.Value(1.0)]
    ...     def __call__(self, x):
    ...         return self.slope * x + self.shift[0]
    >>> [name for name, _ in Line().named_parameters()]
    ['slope', 'shift1']
    >>> Line().state_dict()
    {'slope': 2.0, 'shift': [1.0]}
    """

    # Slots here and below: a ``__dict__`` that was ever looked at is slow to read from,
    # and without one Python refuses an attribute that nothing reads.
    __slots__ = ()

    def _places(self, around: frozenset[int]) -> Iterator[Place]:
        """Every parameter in order, with its place in the state.

        ``around`` has the ids of what contains this module: what contains itself is
        not gone through again.
        """
        return self._others(around)

    def _others(self, around: frozenset[int]) -> Iterator[Place]:
        """The places in attributes that a subclass has added."""
        for cls in type(self).__mro__:
            if "_places" in vars(cls):
                break
            for name, member in vars(cls).items():
                if isinstance(member, MemberDescriptorType) and hasattr(self, name):
                    yield from _within(name, getattr(self, name), around)
        for name, attribute in getattr(self, "__dict__", {}).items():
            yield from _within(name, attribute, around)

    def _named_places(self) -> dict[str, Place]:
        """The places by the names of their parameters, no two of them alike."""
        named: dict[str, Place] = {}
        places: set[tuple[str, tuple[int, ...]]] = set()
        lists: set[tuple[str, tuple[int, ...]]] = set()
        for entry, index, parameter in self._places(frozenset([id(self)])):
            name, place = _name(entry, index), (entry, index)
            around = {(entry, index[:k]) for k in range(len(index))}
            if name in named or place in lists or around & places:
                raise ValueError(
                    f"{type(self).__name__} has two parameters in one place, {name!r}: "
                    "rename an attribute or a key"
                )
            named[name] = (*place, parameter)
            places.add(place)
            lists |= around
        return named

    def parameters(self) -> list[Value]:
        """The parameters in order, each once.

        >>> len(MLP(2, [16, 16, 1]).parameters())
        337
        """
        return list(dict.fromkeys(p for _, _, p in self._named_places().values()))

    def named_parameters(self) -> list[tuple[str, Value]]:
        """The parameters in order, each with the name that its place gives it.

        >>> [name for name, _ in MLP(2, [1, 1]).named_parameters()]
        ['W[1]1,1', 'W[1]1,2', 'b[1]1', 'W[2]1,1', 'b[2]1']
        """
        return [(name, p) for name, (_, _, p) in self._named_places().items()]

    def zero_grad(self) -> None:
        """Set ``grad`` of every parameter to 0, as before each ``backward``."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def _entries(self) -> dict[str, Nested]:
        """The parameters as (nested) lists by the name of their entry."""
        places: dict[str, list[tuple[tuple[int, ...], Value]]] = {}
        held = set()
        for entry, index, parameter in self._named_places().values():
            places.setdefault(entry, []).append((index, parameter))
            held.add(parameter)
        for parameter in held.symmetric_difference(self.parameters()):
            raise ValueError(
                f"a state of {type(self).__name__} would lose a parameter: {parameter} "
                + (
                    "is in an attribute, but parameters() does not list it"
                    if parameter in held
                    else "is listed by parameters(), but no attribute holds it"
                )
            )
        return {entry: _nested(items) for entry, items in places.items()}

    def state_dict(self) -> State:
        """The parameters' data, matrices as lists of rows.

        >>> MLP(2, [3, 1], init="uniform", seed=0).state_dict()["b[1]"]
        [0.0, 0.0, 0.0]
        """
        return {entry: _data(values) for entry, values in self._entries().items()}

    def load_state_dict(self, state: Mapping[str, Nested]) -> None:
        """Set the parameters' data; if anything is wrong, nothing changes.

        Args:
            state: numbers, nested sequences or arrays by name, of the shapes that
                ``state_dict`` gives. Infinities and nan are taken as they are, so
                that whatever was saved can be loaded.

        Raises:
            TypeError: it is no mapping.
            ValueError: entries are missing, unexpected, misshapen or not numbers,
                or give one shared parameter two numbers; the message names them.
        """
        entries = self._entries()
        numbers = fitted({entry: _data(v) for entry, v in entries.items()}, state)
        data: dict[Value, float] = {}
        for entry, values in entries.items():
            for parameter, number in zip(_flat(values), _flat(numbers[entry])):
                if repr(data.setdefault(parameter, number)) != repr(number):
                    raise ValueError(
                        f"the state does not fit: {entry} gives {number!r} to a shared "
                        f"parameter that another entry gives {data[parameter]!r}"
                    )
        for parameter, number in data.items():
            parameter.data = number


def _within(name: str, x: Any, around: frozenset[int]) -> Iterator[Place]:
    """The places of the parameters in an attribute, or in an entry of one."""
    if is_value(x):
        if not x.operands:  # what was computed is no parameter
            yield name, (), x
        return
    if id(x) in around:
        return
    around |= {id(x)}
    if getattr(getattr(x, "dtype", None), "kind", "") == "O":
        x = x.tolist()  # of an array without axes, its only entry
    if isinstance(x, Module):
        for entry, index, parameter in x._places(around):
            yield f"{name}.{entry}", index, parameter
    elif isinstance(x, Mapping):
        for key, item in x.items():
            yield from _within(f"{name}.{key}", item, around)
    elif is_dataclass(x) and not isinstance(x, type):
        for field in fields(x):
            item = getattr(x, field.name, None)
            yield from _within(f"{name}.{field.name}", item, around)
    elif isinstance(x, (list, tuple, deque)):
        for k, item in enumerate(x):
            for entry, index, parameter in _within("", item, around):
                if entry:  # a module's
                    yield f"{name}.{k}{entry}", index, parameter
                else:
                    yield name, (k + 1, *index), parameter
    elif isinstance(x, (set, frozenset)):
        for item in x:
            for _ in _within(name, item, around):
                raise TypeError(
                    f"{name} is a {type(x).__name__} with parameters, whose order "
                    "changes from run to run: take a list"
                )
    elif is_value(x):
        yield from _within(name, x, around)


def _name(entry: str, index: tuple[int, ...]) -> str:
    if not index:
        return entry
    point = "." if entry[-1].isdigit() else ""
    return f"{entry}{point}{','.join(map(str, index))}"


def _nested(items: Sequence[tuple[tuple[int, ...], Value]]) -> Nested:
    if items[0][0] == ():
        return items[0][1]
    rows: dict[int, list[tuple[tuple[int, ...], Value]]] = {}
    for index, parameter in items:
        rows.setdefault(index[0], []).append((index[1:], parameter))
    return [_nested(row) for row in rows.values()]


def _data(values: Nested) -> Nested:
    return [_data(v) for v in values] if isinstance(values, list) else values.data


def _flat(x: Nested) -> Iterator[Any]:
    if isinstance(x, list):
        for entry in x:
            yield from _flat(entry)
    else:
        yield x


def _bound(
    init: str | None, activation: Activation, seed: Any, m: int, n: int
) -> float:
    """The b of the initialization U(−b, b), for m inputs and n neurons."""
    if init is None:
        if seed is None:
            init = "uniform"
        else:
            init = "he" if activation in RECTIFIERS else "xavier"
    choice("init", init, INITS)
    if init == "he":
        return math.sqrt(6 / m)
    return math.sqrt(6 / (m + n)) if init == "xavier" else 1.0


def _inputs(x: Any, nin: int, who: str) -> list[Any]:
    """The inputs as a list of the right length."""
    row = x if x.__class__ is list else as_list(x)
    if row is None:
        row = [x]
    if len(row) != nin:
        raise ValueError(f"{who} takes {nin} inputs, got {len(row)}")
    return row


class Neuron(Module):
    """One unit: ``g(w · x + b)``.

    Args:
        nin: the number of inputs, at least 1.
        nonlin: micrograd's switch: False leaves the activation out.
        activation: g: "linear" or None, a row of the table by name ("relu",
            "sigmoid", "tanh", "gelu", …), or a function of one Value, such as
            ``lambda z: ag.relu(z, at_zero=1.0)``.
        init: the distribution of the weights; the bias is 0. All are uniform on
            (−b, b), since then the same seed gives the same bits on every system:

            - "he": b = √(6 / nin), that is the variance 2 / nin of He et al.,
              "Delving deep into rectifiers" (2015), equation 10;
            - "xavier": b = √(6 / (nin + nout)), Glorot and Bengio, "Understanding
              the difficulty of training deep feedforward neural networks" (2010),
              equation 16;
            - "uniform": b = 1, micrograd's.

            By default "he" for rectifiers ("relu", "gelu", …) and "xavier" for
            others; and "uniform" without a seed, so that ``random.seed(1337)``
            and then ``MLP(2, [16, 16, 1])`` give micrograd's own weights.
        seed: a whole number; or a ``random.Random`` to draw from; or None, for the
            global generator of the module ``random``.
        nout: the number of neurons in its layer, for "xavier".

    Raises:
        ValueError, TypeError: an argument is not as said; the message has the
            argument, what came and what is allowed.

    >>> neuron = Neuron(2, activation="sigmoid", seed=0)
    >>> round(neuron([1.0, 2.0]).data, 6)
    0.919338
    >>> neuron
    SigmoidNeuron(2)
    """

    __slots__ = ("_activation", "_alike", "_nonlin", "bias", "nin", "weights")

    weights: list[Value]
    bias: Value
    nin: int

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: str | None = None,
        seed: int | random.Random | None = None,
        nout: int = 1,
    ) -> None:
        if isinstance(nonlin, str):
            raise TypeError(f"name an activation as activation={nonlin!r}, not nonlin")
        self.nin = whole("nin", nin)
        self._nonlin = switch("nonlin", nonlin)
        self._activation = checked("activation", activation)
        self._alike = [True]  # shared by the neurons of a layer
        bound = _bound(init, self.activation, seed, nin, whole("nout", nout))
        draw = (generator(seed) or random).random
        # The expression of random.uniform(-b, b), whose bits no version changes.
        self.weights = [
            engines.Value(-bound + 2 * bound * draw(), f"w{k + 1}") for k in range(nin)
        ]
        self.bias = engines.Value(0.0, "b")

    @property
    def activation(self) -> Activation:
        """g: the name of a row, a function, or None for a linear neuron."""
        return self._activation if self._nonlin else None

    @activation.setter
    def activation(self, activation: Activation) -> None:
        self._activation = checked("activation", activation)
        self._nonlin = True
        self._alike[0] = False

    @property
    def nonlin(self) -> bool:
        """micrograd's switch: False leaves the activation out."""
        return self._nonlin

    @nonlin.setter
    def nonlin(self, nonlin: bool) -> None:
        self._nonlin = switch("nonlin", nonlin)
        self._alike[0] = False

    @property
    def w(self) -> list[Value]:
        """micrograd's name for ``weights``."""
        return self.weights

    @w.setter
    def w(self, weights: list[Value]) -> None:
        self.weights = weights

    @property
    def b(self) -> Value:
        """micrograd's name for ``bias``."""
        return self.bias

    @b.setter
    def b(self, bias: Value) -> None:
        self.bias = bias

    def _places(self, around: frozenset[int]) -> Iterator[Place]:
        yield from _within("w", self.weights, around)
        yield from _within("b", self.bias, around)
        yield from self._others(around)

    def __call__(self, x: Any) -> Value:
        """The activation for one example.

        Args:
            x: nin Values or numbers: a list, a tuple or a NumPy array; for a
                single input the number itself will do.

        Raises:
            ValueError: there are not nin of them; the message has both lengths.
        """
        row = _inputs(x, self.nin, f"{self!r}")
        z = ag.dot(self.weights, row, self.bias)
        return activated(self.activation, [z])[0]

    def __repr__(self) -> str:
        return f"{caption(self.activation)}Neuron({self.nin})"


class Layer(Module):
    """Neurons side by side, all on the same inputs: ``a = g(W x + b)``.

    Args:
        nin: the number of inputs, at least 1.
        nout: the number of neurons, at least 1.
        nonlin, activation, init, seed: as for :class:`Neuron`.

    Raises:
        ValueError, TypeError: an argument is not as said.

    >>> layer = Layer(3, 2, activation="tanh", seed=0)
    >>> [round(a.data, 6) for a in layer([1.0, 2.0, 3.0])]
    [0.877049, -0.801796]
    >>> [p.label for p in layer.parameters()]
    ['W1,1', 'W1,2', 'W1,3', 'b1', 'W2,1', 'W2,2', 'W2,3', 'b2']
    """

    __slots__ = ("_activation", "_alike", "_neurons", "nin", "nout")

    nin: int
    nout: int
    _neurons: tuple[Neuron, ...]

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: str | None = None,
        seed: int | random.Random | None = None,
    ) -> None:
        self.nin = whole("nin", nin)
        self.nout = whole("nout", nout)
        seed = generator(seed)
        self._neurons = tuple(
            Neuron(nin, nonlin, activation=activation, init=init, seed=seed, nout=nout)
            for _ in range(nout)
        )
        self._activation = self._neurons[0].activation
        # Whether they all have it still: each neuron says so here if it is changed.
        self._alike = [True]
        for neuron in self._neurons:
            neuron._alike = self._alike
        for name, parameter in self.named_parameters():
            parameter.label = name

    def _places(self, around: frozenset[int]) -> Iterator[Place]:
        for j, neuron in enumerate(self.neurons):
            for entry, index, parameter in neuron._places(around):
                yield "W" if entry == "w" else entry, (j + 1, *index), parameter
        yield from self._others(around)

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """The neurons, fixed once made."""
        return self._neurons

    def _outputs(self, row: Sequence[Any]) -> list[Any]:
        """The activations for a row of the right length; the hot path."""
        dot = ag.dot  # looked up now: each engine brings its own
        zs = [dot(n.weights, row, n.bias) for n in self._neurons]
        if self._alike[0]:
            return activated(self._activation, zs)
        return [activated(n.activation, [z])[0] for n, z in zip(self._neurons, zs)]

    def __call__(self, x: Any) -> Output:
        """The activations for one example.

        Args:
            x: nin Values or numbers.

        Returns:
            A list of nout Values; a single one bare, as in micrograd.

        Raises:
            ValueError: there are not nin inputs; the message has both lengths.
        """
        outputs = self._outputs(_inputs(x, self.nin, f"Layer({self.nin}, {self.nout})"))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multi-layer perceptron: layer after layer.

    Args:
        nin: the number of inputs, at least 1.
        nouts: the widths of the layers, each at least 1; the last is the output.
        activation: of the hidden layers.
        output: the activation of the last layer, by default none.
        init, seed: as for :class:`Neuron`.

    Raises:
        ValueError, TypeError: an argument is not as said.

    The lecture's network, and micrograd's:

    >>> lecture = MLP(30, [3, 2, 1], activation="relu", output="sigmoid", seed=0)
    >>> [p.label for p in lecture.parameters()[-3:]]
    ['W[3]1,1', 'W[3]1,2', 'b[3]1']
    >>> MLP(2, [2, 1])
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    """

    __slots__ = ("layers",)

    layers: list[Layer]

    def __init__(
        self,
        nin: int,
        nouts: Iterable[int],
        activation: Activation = "relu",
        output: Activation = "linear",
        init: str | None = None,
        seed: int | random.Random | None = None,
    ) -> None:
        widths = as_list(nouts)
        if widths is None:
            raise TypeError(
                "nouts must be a sequence of the layers' widths, "
                f"got {type(nouts).__name__}"
            )
        if not widths:
            raise ValueError("nouts must have at least one layer's width, got none")
        sizes = [whole("nin", nin)]
        sizes += [whole(f"nouts[{k}]", width) for k, width in enumerate(widths)]
        checked("activation", activation)
        checked("output", output)
        seed = generator(seed)
        last = len(sizes) - 2
        self.layers = [
            Layer(
                sizes[k],
                sizes[k + 1],
                activation=output if k == last else activation,
                init=init,
                seed=seed,
            )
            for k in range(last + 1)
        ]
        for name, parameter in self.named_parameters():
            parameter.label = name

    def _places(self, around: frozenset[int]) -> Iterator[Place]:
        for k, layer in enumerate(self.layers):
            for entry, index, parameter in layer._places(around):
                yield f"{entry}[{k + 1}]", index, parameter
        yield from self._others(around)

    def __call__(self, x: Any) -> Output:
        """The network's output for one example.

        Args:
            x: nin Values or numbers: a list, a tuple or a NumPy array.

        Returns:
            A list of Values; a single output bare, as in micrograd.

        Raises:
            ValueError: there are not nin inputs; the message has both lengths.
        """
        row: Sequence[Any] = _inputs(x, self.layers[0].nin, "layer 1")
        for layer in self.layers:
            row = layer._outputs(row)
        return row[0] if len(row) == 1 else row

    def theta(self) -> list[Value]:
        """The parameters as the lecture's one long vector θ.

        Returns:
            (W[L], b[L], …, W[1], b[1]) for L layers, the last layer first, the rows
            of each W one after the other.

        >>> [p.label for p in MLP(1, [2, 1]).theta()]
        ['W[2]1,1', 'W[2]1,2', 'b[2]1', 'W[1]1,1', 'W[1]2,1', 'b[1]1', 'b[1]2']
        """
        theta: list[Value] = []
        for layer in reversed(self.layers):
            for neuron in layer.neurons:
                theta += neuron.weights
            theta += [neuron.bias for neuron in layer.neurons]
        return theta

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
