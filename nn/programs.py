"""A model on many examples at once, as compiled programs.

One example is recorded; the others run as the lanes of its packs, so that a batch of
scalar code costs what arrays cost. The means that :mod:`nn.losses` has are recorded
with the model. Any other loss gets Values for the predictions, as ever: whatever it
does with them, its derivatives by them are what the model's own gradients are weighted
with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import autograd as ag
from nn import losses
from nn.checks import as_list, is_value

__all__ = ["Batches", "finite"]

OWN = tuple(getattr(losses, name) for name in losses.__all__)
"""Losses that are known to do nothing but to compute."""


class Batches:
    """Outputs and gradients of a model for batches of some examples.

    Args:
        model: called with one example, gives a Value or a list of Values.
        examples: numbers, or rows of numbers, all of one shape.

    Raises:
        TypeError, ValueError: the examples are something else.
    """

    def __init__(self, model: Callable[[Any], Any], examples: list[Any]) -> None:
        rows = np.array(examples)
        if rows.dtype.kind not in "fiub":
            raise TypeError("the examples are not rows of numbers")
        self._rows = rows.astype(float)
        self._single = False
        self._outputs = ag.compile(lambda x: _outputs(model, x))
        self._weighted = ag.compile(
            lambda x, w: ag.dot(w.tolist(), _outputs(model, x)[1])
        )
        self._losses: dict[Any, Any] = {}
        self._means = {
            loss: ag.compile(partial(_loss_of_one, loss, model)) for loss in OWN
        }

    def outputs(self, batch: Sequence[int]) -> list[Any]:
        """For each example of a batch a float, or a list of floats."""
        kind, columns = self._outputs.map(self._rows[batch])
        self._single = kind == "single"
        together = np.array(columns)
        found: list[Any] = (together[0] if self._single else together.T).tolist()
        return found

    def backward(
        self, loss: Callable[[Any, Any], Any], batch: Sequence[int], targets: list[Any]
    ) -> float:
        """The loss of a batch, whose gradients are added to those of the parameters."""
        if loss in OWN and _are_labels(loss, targets):
            rows, labels = self._rows[batch], np.array(targets, dtype=float)
            found = self._means[loss].backward(rows, labels, scale=1.0 / len(batch))
            return _finite(float(ag.mean(found.tolist())))
        predictions = self.outputs(batch)
        value, slopes = self._slopes(loss, predictions, targets)
        weights = np.array(slopes, dtype=float).reshape(len(batch), -1)
        self._weighted.backward(self._rows[batch], weights)
        return value

    def _slopes(
        self, loss: Callable[[Any, Any], Any], predictions: list[Any], targets: Any
    ) -> tuple[float, list[Any]]:
        """The loss, and its derivatives by the predictions."""
        known = loss.func if isinstance(loss, partial) else loss
        if known in OWN and _are_labels(loss, targets):
            if loss not in self._losses:
                derived = ag.value_and_grad(loss)
                self._losses[loss] = ag.compile(lambda ps, ts: derived(ps, ts))
            labels = list(map(float, targets))  # ints would be recorded as they are
            value, slopes = self._losses[loss](predictions, labels)
            return _finite(value), slopes
        rows = [[z] if self._single else z for z in predictions]
        values = [[ag.Value(z) for z in row] for row in rows]
        given = [row[0] for row in values] if self._single else values
        output = finite(loss(given, targets))
        output.backward()
        return output.data, [[z.grad for z in row] for row in values]


def _are_labels(loss: Any, targets: list[Any]) -> bool:
    """Whether a loss of ours may be recorded with such targets as data."""
    kind = int if loss is losses.softmax_cross_entropy else float
    return all(y.__class__ is kind for y in targets)


def _loss_of_one(loss: Any, model: Callable[[Any], Any], x: Any, target: Any) -> Any:
    kind, outputs = _outputs(model, x)
    return loss(outputs[0] if kind == "single" else outputs, target)


def _outputs(model: Callable[[Any], Any], x: Any) -> tuple[str, list[Any]]:
    """The model's outputs for one example, and ``"single"`` if there is but one."""
    output = model(x.tolist() if hasattr(x, "tolist") else x)
    entries = as_list(output)
    for entry in entries or [output]:
        if not is_value(entry):
            raise TypeError(f"the model gives a {type(entry).__name__}")
    return ("single", [output]) if entries is None else ("", entries)


def finite(output: Any) -> Any:
    """What a loss gave, if it is a finite Value.

    Raises:
        TypeError: it is no Value.
        FloatingPointError: it is inf or nan.
    """
    if not is_value(output):
        raise TypeError(f"loss must give a Value, got {type(output).__name__}")
    _finite(output.data)
    return output


def _finite(loss: float) -> float:
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss}")
    return loss
