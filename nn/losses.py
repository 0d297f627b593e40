"""How far predictions are from targets, as one Value to run ``backward`` on.

Each loss is written on rows of the table, so none states a derivative. All take
one prediction and its target, or sequences of both of one length and nesting.
Where no operand is a Value they give a float; for a type checker, a loss is a Value.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import autograd as ag
from nn.checks import as_list, choice, is_value, real, same_length, whole

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge",
    "softmax_cross_entropy",
    "squared_error",
]

REDUCTIONS = ("mean", "sum")


def binary_cross_entropy(
    predictions: Any, targets: Any, reduction: str = "mean", *, weight: Any = None
) -> Value:
    """−[(1 − y) log(1 − ŷ) + y log ŷ], the negative log-likelihood of a probability.

    Args:
        predictions: ŷ, probabilities P(Y = 1 | x): a Value or number, or a
            (nested) sequence of them.
        targets: y, labels in [0, 1], of the same lengths.
        reduction: "mean" or "sum" over all predictions.
        weight: numbers from 0 on, one for each prediction, that its loss is
            multiplied by; the mean is still over the number of predictions.

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

    return _reduced(loss, predictions, targets, reduction, weight)


def binary_cross_entropy_with_logits(
    predictions: Any, targets: Any, reduction: str = "mean", *, weight: Any = None
) -> Value:
    """The binary cross-entropy of ŷ = σ(z), from the pre-activation z: never infinite.

    Args:
        predictions: z, log-odds: a Value or number, or a (nested) sequence of them.
        targets: y, labels in [0, 1], of the same lengths.
        reduction: "mean" or "sum" over all predictions.
        weight: numbers from 0 on, one for each prediction, that its loss is
            multiplied by; the mean is still over the number of predictions.

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

    return _reduced(loss, predictions, targets, reduction, weight)


def hinge(
    predictions: Any, targets: Any, reduction: str = "mean", *, weight: Any = None
) -> Value:
    """max(0, 1 − y s), the margin loss of a score s: Cortes and Vapnik,
    "Support-vector networks" (1995).

    Args:
        predictions: s, scores: a Value or number, or a (nested) sequence of them.
        targets: y, labels −1 or 1, of the same lengths.
        reduction: "mean" or "sum" over all predictions.
        weight: numbers from 0 on, one for each prediction, that its loss is
            multiplied by; the mean is still over the number of predictions.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ, or a label is neither −1 nor 1.

    >>> hinge([0.5, 2.0], [1, 1], reduction="sum")
    0.5
    """

    def loss(s: Any, y: Any, at: str) -> Any:
        if abs(y) != 1:  # one comparison: a compiled program has a path for each
            raise ValueError(f"label{at} must be -1 or 1, got {y}")
        return ag.relu(1 - y * s)  # -y would wrap an unsigned NumPy label

    return _reduced(loss, predictions, targets, reduction, weight)


def squared_error(
    predictions: Any, targets: Any, reduction: str = "mean", *, weight: Any = None
) -> Value:
    """(p − t)², of which the mean is the mean squared error.

    Args:
        predictions: a Value or number, or a (nested) sequence of them.
        targets: numbers, of the same lengths.
        reduction: "mean" or "sum" over all predictions.
        weight: numbers from 0 on, one for each prediction, that its loss is
            multiplied by; the mean is then over the sum of the weights.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        ValueError: the lengths differ.

    >>> squared_error([1.0, 3.0], [0.0, 1.0])
    2.5
    """

    def loss(p: Any, t: Any, at: str) -> Any:
        return (p - t) ** 2

    return _reduced(loss, predictions, targets, reduction, weight, by_weight=True)


def softmax_cross_entropy(
    predictions: Any,
    targets: Any,
    reduction: str = "mean",
    *,
    weight: Any = None,
    label_smoothing: float = 0.0,
    ignore: int | None = None,
) -> Value:
    """log Σ e^z − z_y, the negative log-likelihood of class y under softmax(z).

    Args:
        predictions: z, the logits of one example, one per class; or a sequence of
            such sequences.
        targets: per example, the class as a whole number from 0, or as a Value that
            holds one, as in a compiled program; or a sequence of as many
            probabilities as there are classes.
        reduction: "mean" or "sum" over the examples.
        weight: a number from 0 on for each class. The loss of class y counts by
            weight[y], and the mean is over the sum of the weights of the targets;
            with probabilities, each class's term counts by its weight, and the mean
            is over the number of examples.
        label_smoothing: ε in [0, 1]: the share of a target that is spread evenly
            over all classes, as in Szegedy et al., "Rethinking the Inception
            architecture" (2016), section 7.
        ignore: the class whose examples do not count, neither in the sum nor in the
            mean; any whole number, such as −1 for what has no label.

    All three are what PyTorch's ``cross_entropy`` means by them, which calls the last
    one ``ignore_index``.

    Returns:
        A Value if one of the operands is, else a float.

    Raises:
        TypeError: a class is no whole number.
        ValueError: the lengths differ; a class is out of range; probabilities
            are negative or do not sum to 1; or the mean is over nothing, since every
            target is ignored or has weight 0.

    >>> round(softmax_cross_entropy([0.0, 0.0], 1), 6)
    0.693147
    >>> softmax_cross_entropy([[0.0, 0.0], [5.0, 3.0]], [1, -1], ignore=-1) == ag.log(2)
    True
    """
    choice("reduction", reduction, REDUCTIONS)
    if ignore is not None:
        whole("ignore", ignore, at_least=-sys.maxsize)
    epsilon = real("label_smoothing", label_smoothing)
    if epsilon > 1:
        raise ValueError(f"label_smoothing must be in [0, 1], got {epsilon}")
    logits = as_list(predictions)
    if logits is None:
        raise TypeError(
            "predictions must be a sequence of logits, or a sequence of such "
            f"sequences, got {type(predictions).__name__}"
        )
    if not logits:
        raise ValueError("predictions must not be empty")
    if as_list(logits[0]) is None:
        rows, examples, places = [logits], [targets], [""]
    else:
        several = as_list(targets)
        if several is None:
            raise ValueError(
                f"predictions has {len(logits)} entries, targets is a single number"
            )
        same_length("predictions", len(logits), "targets", len(several))
        rows = [as_list(row) or [] for row in logits]
        examples, places = several, [f" {i}" for i in range(len(rows))]
        for i, row in enumerate(rows):
            if rows[0] and row:
                same_length("prediction 0", len(rows[0]), f"prediction {i}", len(row))
    weights = None if weight is None else _weights(weight, len(rows[0]))
    losses, count = [], 0.0
    for row, y, at in zip(rows, examples, places):
        is_class = as_list(y) is None
        if ignore is not None and is_class and y == ignore:
            continue
        losses.append(_cross_entropy(row, y, at, weights, epsilon))
        count += weights[y] if weights is not None and is_class else 1.0
    return _total(losses, reduction, count)


def _weights(weight: Any, count: int) -> list[float]:
    """One weight for each class."""
    ws = as_list(weight)
    if ws is None:
        raise TypeError(
            f"weight must be a sequence of numbers, got {type(weight).__name__}"
        )
    same_length("a prediction", count, "weight", len(ws))
    return [real(f"weight[{c}]", w) for c, w in enumerate(ws)]


def _total(losses: list[Any], reduction: str, count: float) -> Value:
    """The sum of the losses, or that sum over their count or their weight."""
    if reduction == "mean" and not count:
        raise ValueError(
            "the mean is over nothing: every target is ignored or has weight 0"
        )
    loss: Value
    if len(losses) == 1 and (reduction == "sum" or count == 1):
        loss = losses[0]
    elif reduction == "sum":
        loss = ag.sum(losses)
    elif count == len(losses):
        loss = ag.mean(losses)
    else:
        loss = ag.sum(losses) / count
    return loss


def _cross_entropy(
    logits: list[Any],
    target: Any,
    at: str,
    weights: list[float] | None,
    epsilon: float,
) -> Any:
    """−Σ w y log softmax(z), of the target y smoothed by ε."""
    if not logits:
        raise ValueError(f"prediction{at} must be a sequence of one logit per class")
    ys = _labels(target, len(logits), at)
    if epsilon:
        ys = [(1 - epsilon) * y + epsilon / len(ys) for y in ys]
    if weights is not None:
        ys = [w * y for w, y in zip(weights, ys)]
    return ag.softmax_cross_entropy(logits, ys)


def _labels(target: Any, count: int, at: str) -> list[Any]:
    """A probability for each class: those that are given, or 1 for the class."""
    probabilities = as_list(target)
    if is_value(target):  # the class is data of a compiled program
        k = ag.take([float(c) for c in range(count)], target)  # which checks it
        return [ag.where(k == c, 1.0, 0.0) for c in range(count)]
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
        return [float(c == k) for c in range(count)]
    same_length(f"prediction{at}", count, f"target{at}", len(probabilities))
    for p in probabilities:
        if not 0 <= p <= 1:
            raise ValueError(f"target{at} must be probabilities in [0, 1], got {p}")
    total = ag.fsum(probabilities)
    # e / Σe, each quotient and each of the n - 1 additions rounded by eps / 2 at most
    # (relatively), sums to 1 within n eps / 2; twice that leaves room for eps².
    if not abs(total - 1) <= count * sys.float_info.epsilon:
        raise ValueError(f"target{at} must be probabilities that sum to 1, got {total}")
    return probabilities


def _check_label(y: Any, at: str) -> None:
    if not 0 <= y <= 1:
        raise ValueError(f"label{at} must be in [0, 1], got {y}")


def _reduced(
    loss: Callable[[Any, Any, str], Any],
    predictions: Any,
    targets: Any,
    reduction: str,
    weight: Any,
    by_weight: bool = False,
) -> Value:
    """The loss of one pair, or the mean or the sum of the losses of all pairs."""
    choice("reduction", reduction, REDUCTIONS)
    losses = [loss(*pair) for pair in _pairs(predictions, targets, "")]
    count = float(len(losses))
    if weight is not None:
        ws = [
            real(f"weight{at}", w)
            for _, w, at in _pairs(predictions, weight, "", "weight")
        ]
        losses = [w * x for w, x in zip(ws, losses)]
        if by_weight:
            count = ag.fsum(ws)
    return _total(losses, reduction, count)


def _pairs(
    predictions: Any, targets: Any, at: str, name: str = "targets"
) -> Iterator[tuple[Any, Any, str]]:
    """Each prediction with its target and where it stands, for messages."""
    ps, ts = as_list(predictions), as_list(targets)
    if ps is None and ts is None:
        yield predictions, targets, at
    elif ps is None or ts is None:
        lengths = [
            f"{what} is a single number"
            if entries is None
            else f"{what} has {len(entries)} entries"
            for what, entries in ((f"predictions{at}", ps), (f"{name}{at}", ts))
        ]
        raise ValueError(", ".join(lengths))
    else:
        same_length(f"predictions{at}", len(ps), f"{name}{at}", len(ts))
        for i, (p, t) in enumerate(zip(ps, ts)):
            yield from _pairs(p, t, f"{at}[{i}]" if at else f" {i}", name)
