"""Update rules: how parameters move against the gradient.

All of them are refinements of gradient descent, θ ← θ − α ∇L. A step is computed
whole before any of it is applied, so that a gradient or a result that is not
finite leaves parameters and optimizer as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.program import flat
from nn.checks import is_value, real, switch
from nn.schedules import Schedule, schedule
from nn.state import Nested, State, Stateful, fitted

if TYPE_CHECKING:
    from autograd.core.value import Value
    from nn.modules import Module

    Parameters = Iterable[Value] | Module
    Vector = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]


class Optimizer(Stateful):
    """What all update rules share; a rule of one's own overrides ``_step``.

    ``self._memory`` holds the vectors that a rule remembers, one number per
    parameter, by name; they are part of the state. Vectors are arrays of float64,
    whose arithmetic has the bits of Python's.

    Args:
        parameters: a model, or leaf Values, each once.
        learning_rate: α, a number from 0 on or a schedule: a function from the
            number of steps taken to α.
        memory: the names of the vectors, which start as zeros.

    The learning rate and the other settings of a rule are attributes that can be
    set at any time, and are checked when they are.

    Raises:
        TypeError, ValueError: there is no parameter, one is no leaf Value, or one
            comes twice.
    """

    # Without a ``__dict__``, so that Python refuses an attribute that nothing reads.
    __slots__ = ("_memory", "learning_rate", "parameters", "steps")

    parameters: list[Value]
    learning_rate: float | Schedule
    steps: int
    _memory: dict[str, Vector]

    _CHECKS: ClassVar[dict[str, Callable[[str, Any], Any]]] = {}
    """For each setting of a rule what gives it back or raises."""

    def __setattr__(self, name: str, x: Any) -> None:
        if name == "learning_rate":
            schedule(name, x)
        check = self._CHECKS.get(name)
        object.__setattr__(self, name, x if check is None else check(name, x))

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float | Schedule,
        memory: tuple[str, ...] = (),
    ) -> None:
        own = getattr(parameters, "parameters", None)
        values = own() if callable(own) else parameters
        if not isinstance(values, Iterable):
            raise TypeError(
                f"parameters must be a model or Values, got {type(parameters).__name__}"
            )
        self.parameters = list(values)
        if not self.parameters:
            raise ValueError("parameters must have at least one Value, got none")
        for i, p in enumerate(self.parameters):
            if not is_value(p):
                raise TypeError(
                    f"parameters[{i}] must be a Value, got {type(p).__name__}"
                )
            if p.operands:
                raise ValueError(
                    f"parameters[{i}] must be a leaf, got the result of {p.op!r}"
                )
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("parameters has a Value more than once")
        self.learning_rate = learning_rate
        self.steps = 0
        self._memory = {name: np.zeros(len(self.parameters)) for name in memory}

    def zero_grad(self) -> None:
        """Set ``grad`` of every parameter to 0, as before each ``backward``."""
        flat.write_grad(self.parameters, np.zeros(len(self.parameters)))

    def step(self) -> None:
        """Move every parameter once, by the gradients that ``backward`` has left.

        Raises:
            FloatingPointError: a gradient or an updated parameter is not finite;
                the message names the parameter, and nothing has changed.
        """
        rate = self.learning_rate
        if callable(rate):
            rate = real("learning_rate", rate(self.steps))
        gradients = flat.read_grad(self.parameters)
        self._require_finite("the gradient of", gradients)
        theta = flat.read(self.parameters)
        with np.errstate(all="ignore"):  # what is not finite is named below
            updated, memory = self._step(rate, theta, gradients)
        for name, vector in memory.items():
            self._require_finite(f"{name} of", vector)
        self._require_finite("the updated", updated)
        steps, before = self.steps, self._memory
        try:
            flat.write(self.parameters, updated)
            self._memory = memory
            self.steps = steps + 1
        except BaseException:  # Ctrl-C in between: the step is not half done
            flat.write(self.parameters, theta)
            self._memory, self.steps = before, steps
            raise

    def _step(
        self, rate: float, theta: Vector, gradients: Vector
    ) -> tuple[Vector, dict[str, Vector]]:
        """The updated parameters and memory, as new arrays."""
        raise NotImplementedError(f"{type(self).__name__}._step is missing")

    def _require_finite(self, what: str, vector: Vector) -> None:
        if np.isfinite(vector).all():
            return
        for i, x in enumerate(np.asarray(vector).tolist()):
            if not math.isfinite(x):
                name = self.parameters[i].label or f"parameters[{i}]"
                raise FloatingPointError(
                    f"{what} {name} is {x}, at step {self.steps + 1}; "
                    "nothing has been changed"
                )

    def state_dict(self) -> State:
        """How many steps were taken, and the vectors that the rule remembers."""
        vectors = {k: np.asarray(v).tolist() for k, v in self._memory.items()}
        return {"steps": self.steps, **vectors}

    def load_state_dict(self, state: Mapping[str, Nested]) -> None:
        """Go on where another run stopped; if anything is wrong, nothing changes.

        Args:
            state: what ``state_dict`` of an optimizer of the same rule, for the
                same parameters in the same order, has given.

        Raises:
            TypeError: it is no mapping.
            ValueError: entries are missing, unexpected, misshapen or not finite;
                the message names them.
        """
        numbers = fitted(self.state_dict(), state)
        steps = numbers.pop("steps")
        if not (steps >= 0 and steps.is_integer()):
            raise ValueError(f"steps must be a whole number from 0 on, got {steps!r}")
        for name, vector in numbers.items():
            for i, x in enumerate(vector):
                if not math.isfinite(x) or (name in self._NONNEGATIVE and x < 0):
                    kind = "from 0 on" if name in self._NONNEGATIVE else "finite"
                    raise ValueError(f"{name}[{i}] must be {kind}, got {x!r}")
        self.steps = int(steps)
        self._memory = {name: np.array(x) for name, x in numbers.items()}

    _NONNEGATIVE: tuple[str, ...] = ()


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    With g = ∇L + λ θ: θ ← θ − α g; with momentum μ, v ← μ v + g and θ ← θ − α v,
    or θ ← θ − α (g + μ v) in Nesterov's form.

    Sources: Polyak, "Some methods of speeding up the convergence of iteration
    methods" (1964); Sutskever et al., "On the importance of initialization and
    momentum in deep learning" (2013), here with α outside v, so that a schedule
    acts at once.

    Args:
        parameters: a model or leaf Values.
        learning_rate: α, a number from 0 on or a schedule.
        momentum: μ in [0, 1).
        nesterov: whether to look ahead; wants a momentum.
        weight_decay: λ, from 0 on.

    Raises:
        TypeError, ValueError: an argument is not as said.

    >>> import autograd as ag
    >>> x = ag.Value(3.0, label="x")
    >>> optimizer = SGD([x], learning_rate=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.data
    1.5
    """

    __slots__ = ("momentum", "nesterov", "weight_decay")

    momentum: float
    nesterov: bool
    weight_decay: float

    _CHECKS: ClassVar[dict[str, Callable[[str, Any], Any]]] = {
        "momentum": partial(real, below=1.0),
        "weight_decay": real,
        "nesterov": switch,
    }

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov must come with a momentum above 0, got 0")
        super().__init__(parameters, learning_rate, ("velocity",) if momentum else ())

    def _step(
        self, rate: float, theta: Vector, gradients: Vector
    ) -> tuple[Vector, dict[str, Vector]]:
        mu, decay = self.momentum, self.weight_decay
        g = gradients + decay * theta if decay else gradients
        memory = {}
        if mu or self._memory:
            v = mu * self._memory.get("velocity", np.zeros(len(g))) + g
            memory["velocity"] = v
            g = g + mu * v if self.nesterov else v
        return theta - rate * g, memory


def _betas(name: str, betas: Any) -> tuple[float, float]:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"{name} must be two numbers in [0, 1), got {betas!r}")
    first, second = (real(f"{name}[{i}]", b, below=1.0) for i, b in enumerate(betas))
    return first, second


class Adam(Optimizer):
    """Steps of adaptive size, from running means of the gradient and its square.

    With g = ∇L + λ θ at step t = 1, 2, …: m ← β₁ m + (1 − β₁) g,
    v ← β₂ v + (1 − β₂) g², θ ← θ − α m̂ / (√v̂ + ε), where m̂ = m / (1 − β₁ᵗ)
    and v̂ = v / (1 − β₂ᵗ).

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015),
    algorithm 1.

    Args:
        parameters: a model or leaf Values.
        learning_rate: α, a number from 0 on or a schedule.
        betas: (β₁, β₂), each in [0, 1).
        eps: ε, above 0.
        weight_decay: λ, from 0 on, as a part of the gradient.

    Raises:
        TypeError, ValueError: an argument is not as said.

    >>> import autograd as ag
    >>> x = ag.Value(3.0, label="x")
    >>> optimizer = Adam([x], learning_rate=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.9
    """

    __slots__ = ("betas", "eps", "weight_decay")

    betas: tuple[float, float]
    eps: float
    weight_decay: float

    _CHECKS: ClassVar[dict[str, Callable[[str, Any], Any]]] = {
        "betas": _betas,
        "eps": partial(real, above=True),
        "weight_decay": real,
    }
    _NONNEGATIVE = ("v",)
    _decoupled = False

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        super().__init__(parameters, learning_rate, ("m", "v"))

    def _step(
        self, rate: float, theta: Vector, gradients: Vector
    ) -> tuple[Vector, dict[str, Vector]]:
        (b1, b2), eps, decay = self.betas, self.eps, self.weight_decay
        g = gradients
        if decay and self._decoupled:
            theta = theta - rate * decay * theta
        elif decay:
            g = g + decay * theta
        m = b1 * self._memory["m"] + (1 - b1) * g
        v = b2 * self._memory["v"] + (1 - b2) * g * g
        c1, c2 = 1 - b1 ** (self.steps + 1), 1 - b2 ** (self.steps + 1)
        updated = theta - rate * (m / c1) / (np.sqrt(v / c2) + eps)
        return updated, {"m": m, "v": v}


class AdamW(Adam):
    """Adam with the weight decay beside the gradient: θ ← θ − α (m̂ / (√v̂ + ε) + λ θ).

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019),
    algorithm 2, with α as the schedule multiplier.

    Args:
        parameters, learning_rate, betas, eps: as for :class:`Adam`.
        weight_decay: λ, from 0 on; each step takes the share α λ off a parameter.

    Raises:
        TypeError, ValueError: an argument is not as said.

    >>> import autograd as ag
    >>> x = ag.Value(3.0, label="x")
    >>> optimizer = AdamW([x], learning_rate=0.1, weight_decay=0.5)
    >>> optimizer.step()  # its gradient is 0: only the decay acts
    >>> round(x.data, 6)
    2.85
    """

    __slots__ = ()

    _decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, eps, weight_decay)
