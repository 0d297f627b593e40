"""Learning rates that change with time: functions from the step to the rate.

A schedule is called with the number of steps already taken, 0 at the first, and
gives the rate for the next one. It keeps no state, so training that is resumed at
a step goes on at that step's rate. Any function of one's own will do as well.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

from nn.checks import real, whole

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "LinearWarmup",
    "Schedule",
    "Step",
    "schedule",
]

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Constant:
    """The same rate at every step.

    >>> Constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        real("rate", self.rate)

    def __call__(self, step: int) -> float:
        return self.rate


@dataclass(frozen=True)
class Step:
    """rate · factor^⌊step / every⌋: a smaller rate every so many steps.

    >>> decay = Step(1.0, every=10, factor=0.5)
    >>> decay(9), decay(10), decay(20)
    (1.0, 0.5, 0.25)
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        real("rate", self.rate)
        whole("every", self.every)
        real("factor", self.factor)

    def __call__(self, step: int) -> float:
        return self.rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Exponential:
    """rate · factor^step.

    >>> Exponential(1.0, factor=0.5)(3)
    0.125
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        real("rate", self.rate)
        real("factor", self.factor)

    def __call__(self, step: int) -> float:
        return self.rate * self.factor**step


@dataclass(frozen=True)
class Cosine:
    """end + (rate − end) (1 + cos(π step / steps)) / 2, and ``end`` from there on.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm
    restarts" (2017), equation 5, without restarts.

    >>> decay = Cosine(1.0, steps=10)
    >>> decay(0), round(decay(5), 15), decay(10), decay(11)
    (1.0, 0.5, 0.0, 0.0)
    """

    rate: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        real("rate", self.rate)
        whole("steps", self.steps)
        real("end", self.end)

    def __call__(self, step: int) -> float:
        done = min(step, self.steps) / self.steps
        return self.end + (self.rate - self.end) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class LinearWarmup:
    """The first ``steps`` rates rise in a line to those of another schedule.

    Rate k of them (from 0) is (k + 1) / (steps + 1) of the rate with which the
    other schedule starts; that schedule begins when they are over.

    >>> rise = LinearWarmup(3, Constant(1.0))
    >>> [rise(k) for k in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    steps: int
    then: Schedule | float

    def __post_init__(self) -> None:
        whole("steps", self.steps)
        object.__setattr__(self, "then", schedule("then", self.then))

    def __call__(self, step: int) -> float:
        then = schedule("then", self.then)
        if step < self.steps:
            return then(0) * (step + 1) / (self.steps + 1)
        return then(step - self.steps)


def schedule(name: str, rate: Schedule | float) -> Schedule:
    """A schedule as it is, a number as a constant one.

    Raises:
        TypeError: ``rate`` is no number, and no function that takes a step.
        ValueError: it is a number, but none from 0 on.
    """
    if isinstance(rate, type):
        raise TypeError(f"{name} must be a number or a schedule, got the class {rate}")
    if not callable(rate):
        return Constant(real(name, rate))
    try:
        inspect.signature(rate).bind(0)
    except ValueError:  # some functions of C do not tell what they take
        pass
    except TypeError as error:
        raise TypeError(
            f"{name} must be a function of the number of steps: {error}"
        ) from None
    return rate
