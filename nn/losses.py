"""How far predictions are from targets, as one Value to run ``backward`` on.

Each loss is written on rows of the table, so none states a derivative. All take
one prediction and its target, or sequences of both of one length and nesting.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import autograd as ag
from nn.checks import as_list, choice, same_length

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge",
    "softmax_cross_entropy",
    "squared_error",
]

REDUCTIONS = ("mean", "sum")


def binary_cross_entropy(
    predictions: Any, targets: Any, reduction: str = "mean"
) -> Any:
    """−[(1 − y) log(1 − ŷ) + y log ŷ], the negative log-likelihood of a probability.

    Args:
        predictions: ŷ, probabilities P(Y = 1 | x): a Value or number, or a
            (nested) sequence of them.
        targets: y, labels in [0, 1], of the same lengths.
        reduction: "mean" or "sum" over all predictions.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ, a label or a prediction lies outside [0, 1],
            or the loss is infinite.

    >>> round(binary_cross_entropy([0.5, 0.25], [1, 0]), 6)
    0.490415
    """

    def loss(p: Any, y: Any, at: str) -> Any:
        _check_label(y, at)
        if p < 0 or p > 1:
            raise ValueError(f"prediction{at} must be a probability in [0, 1], got {p}")
        try:
            return ag.bce(p, y)
        except ValueError as error:
            raise ValueError(
                f"prediction{at} is {p:.17g} for the label {y}, and that loss is "
                "infinite: σ is saturated in floating point; leave the output linear "
                "and use binary_cross_entropy_with_logits"
            ) from error

    return _reduced(loss, predictions, targets, reduction)


def binary_cross_entropy_with_logits(
    predictions: Any, targets: Any, reduction: str = "mean"
) -> Any:
    """The binary cross-entropy of ŷ = σ(z), from the pre-activation z: never infinite.

    Args:
        predictions: z, log-odds: a Value or number, or a (nested) sequence of them.
        targets: y, labels in [0, 1], of the same lengths.
        reduction: "mean" or "sum" over all predictions.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ, or a label lies outside [0, 1].

    >>> binary_cross_entropy_with_logits(-1000.0, 1)
    1000.0
    """

    def loss(z: Any, y: Any, at: str) -> Any:
        _check_label(y, at)
        return ag.bce_with_logits(z, y)

    return _reduced(loss, predictions, targets, reduction)


def hinge(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """max(0, 1 − y s), the margin loss of a score s: Cortes and Vapnik,
    "Support-vector networks" (1995).

    Args:
        predictions: s, scores: a Value or number, or a (nested) sequence of them.
        targets: y, labels −1 or 1, of the same lengths.
        reduction: "mean" or "sum" over all predictions.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ, or a label is neither −1 nor 1.

    >>> hinge([0.5, 2.0], [1, 1], reduction="sum")
    0.5
    """

    def loss(s: Any, y: Any, at: str) -> Any:
        if not (y == 1 or y == -1):
            raise ValueError(f"label{at} must be -1 or 1, got {y}")
        return ag.relu(1 - y * s)  # -y would wrap an unsigned NumPy label

    return _reduced(loss, predictions, targets, reduction)


def squared_error(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """(p − t)², of which the mean is the mean squared error.

    Args:
        predictions: a Value or number, or a (nested) sequence of them.
        targets: numbers, of the same lengths.
        reduction: "mean" or "sum" over all predictions.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ.

    >>> squared_error([1.0, 3.0], [0.0, 1.0])
    2.5
    """
    return _reduced(lambda p, t, at: (p - t) ** 2, predictions, targets, reduction)


def softmax_cross_entropy(
    predictions: Any, targets: Any, reduction: str = "mean"
) -> Any:
    """log Σ e^z − z_y, the negative log-likelihood of class y under softmax(z).

    Args:
        predictions: z, the logits of one example, one per class; or a sequence of
            such sequences.
        targets: per example, the class as a whole number from 0; or a sequence of
            as many probabilities as there are classes.
        reduction: "mean" or "sum" over the examples.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        TypeError: a class is no whole number.
        ValueError: the lengths differ; a class is out of range; or probabilities
            are negative or do not sum to 1.

    >>> round(softmax_cross_entropy([0.0, 0.0], 1), 6)
    0.693147
    """
    choice("reduction", reduction, REDUCTIONS)
    logits = as_list(predictions)
    if logits is None:
        raise TypeError(
            "predictions must be a sequence of logits, or a sequence of such "
            f"sequences, got {type(predictions).__name__}"
        )
    if not logits:
        raise ValueError("predictions must not be empty")
    if as_list(logits[0]) is None:
        return _softmax_cross_entropy(logits, targets, "")
    examples = as_list(targets)
    if examples is None:
        raise ValueError(
            f"predictions has {len(logits)} entries, targets is a single number"
        )
    same_length("predictions", len(logits), "targets", len(examples))
    rows = [as_list(row) for row in logits]
    for i, row in enumerate(rows):
        if rows[0] and row:
            same_length("prediction 0", len(rows[0]), f"prediction {i}", len(row))
    losses = [
        _softmax_cross_entropy(row, y, f" {i}")
        for i, (row, y) in enumerate(zip(rows, examples))
    ]
    return ag.mean(losses) if reduction == "mean" else ag.sum(losses)


def _softmax_cross_entropy(logits: list[Any] | None, target: Any, at: str) -> Any:
    if not logits:
        raise ValueError(f"prediction{at} must be a sequence of one logit per class")
    count = len(logits)
    probabilities = as_list(target)
    if probabilities is None:
        if isinstance(target, bool) or not hasattr(type(target), "__index__"):
            raise TypeError(
                f"target{at} must be a class from 0 to {count - 1} or {count} "
                f"probabilities, got {target!r} of type {type(target).__name__}"
            )
        k = operator.index(target)
        if not 0 <= k < count:
            raise ValueError(
                f"target{at} must be a class from 0 to {count - 1}, got {k}"
            )
        return ag.logsumexp(logits) - logits[k]
    same_length(f"prediction{at}", count, f"target{at}", len(probabilities))
    for p in probabilities:
        if not 0 <= p <= 1:
            raise ValueError(f"target{at} must be probabilities in [0, 1], got {p}")
    total = ag.fsum(probabilities)
    # e / Σe, each quotient and each of the n - 1 additions rounded by eps / 2 at most
    # (relatively), sums to 1 within n eps / 2; twice that leaves room for eps².
    if not abs(total - 1) <= count * sys.float_info.epsilon:
        raise ValueError(f"target{at} must be probabilities that sum to 1, got {total}")
    return ag.logsumexp(logits) - ag.dot(probabilities, logits)


def _check_label(y: Any, at: str) -> None:
    if not 0 <= y <= 1:
        raise ValueError(f"label{at} must be in [0, 1], got {y}")


def _reduced(
    loss: Callable[[Any, Any, str], Any], predictions: Any, targets: Any, reduction: str
) -> Any:
    """The loss of one pair, or the mean or the sum of the losses of all pairs."""
    choice("reduction", reduction, REDUCTIONS)
    if as_list(predictions) is None and as_list(targets) is None:
        return loss(predictions, targets, "")
    losses = [loss(*pair) for pair in _pairs(predictions, targets, "")]
    return ag.mean(losses) if reduction == "mean" else ag.sum(losses)


def _pairs(predictions: Any, targets: Any, at: str) -> Iterator[tuple[Any, Any, str]]:
    """Each prediction with its target and where it stands, for messages."""
    ps, ts = as_list(predictions), as_list(targets)
    if ps is None and ts is None:
        yield predictions, targets, at
    elif ps is None or ts is None:
        lengths = [
            f"{name} is a single number"
            if entries is None
            else f"{name} has {len(entries)} entries"
            for name, entries in ((f"predictions{at}", ps), (f"targets{at}", ts))
        ]
        raise ValueError(", ".join(lengths))
    else:
        same_length(f"predictions{at}", len(ps), f"targets{at}", len(ts))
        for i, (p, t) in enumerate(zip(ps, ts)):
            yield from _pairs(p, t, f"{at}[{i}]" if at else f" {i}")
