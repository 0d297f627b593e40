"""Gradient descent over batches of examples: forward, backward, step, repeat.

The loop is the lecture's: with the loss L of a batch, θ ← θ − α ∇L. (With a plus
sign the loss would rise.) It works for any model that can be called with one
example, any loss of predictions and targets, and any optimizer.
"""

from __future__ import annotations

import importlib
import math
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import autograd as ag
from nn.checks import as_list, generator, is_value, real, same_length, switch, whole
from nn.optimizers import Optimizer
from nn.programs import Batches, finite

__all__ = ["accuracy", "predict", "train"]

MANY = 1000
"""From so many examples on, recording one and running all at once is sooner done."""

Progress = Callable[[int, float], object]
"""Called after each epoch with its number, from 1, and its loss; False stops."""


def train(
    model: Callable[[Any], Any],
    xs: Any,
    ys: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    epochs: int,
    *,
    batch_size: int | None = None,
    seed: int | random.Random | None = 0,
    progress: Progress | bool = False,
    compile: bool = True,
) -> list[float]:
    """Train a model in place.

    The model is compiled: recorded for one example, and run for all examples of a
    batch at once. The loss is called with each batch, unless it is one of this
    package's. Where a model cannot be recorded, a warning says why, and each example
    is computed by itself. A model that draws random numbers, or reads what changes
    from call to call, is to be trained with ``compile=False``.

    Ctrl-C ends it like a last epoch would: what was learned stays, and the losses of
    the epochs that were finished are returned. A run that has stopped, in this or in
    another process that loads model and optimizer, goes on in another call: which
    batches come next follows from ``optimizer.steps`` and the seed, and an epoch
    that was cut short is finished first.

    Args:
        model: called with one example, gives a Value or a list of Values.
        xs: n examples: rows of numbers, as lists or as an n × M array.
        ys: their n targets, as the loss takes them.
        loss: called with a batch's predictions and targets, gives a Value.
        optimizer: moves the parameters, after each batch.
        epochs: how often to go through all examples.
        batch_size: examples per step; None for all of them, in their order. Smaller
            batches are drawn anew in each epoch, without replacement.
        seed: of the drawing; or a ``random.Random`` that goes on where it is; None
            for the global generator of ``random``.
        progress: True for a progress bar (tqdm's where it is installed, otherwise
            a line on standard error), or a function of the epoch's number and loss
            that may return False to stop.
        compile: whether to run batches at once, if the model allows it. Losses and
            gradients are the same but for rounding, since the examples' gradients
            are added in another order.

    Returns:
        The loss of each epoch: the average over its batches, weighted by their
        sizes, each taken before its step.

    Raises:
        ValueError: xs and ys differ in length, or an argument is out of range.
        TypeError: the loss is no Value, or an argument of a wrong type.
        FloatingPointError: the loss or a gradient is not finite; the parameters
            are as they were before that step.

    Warns:
        RuntimeWarning: the model cannot be compiled; the message says why.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> xs, ys = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> optimizer = nn.SGD(model.parameters(), learning_rate=0.2)
    >>> history = train(model, xs, ys, nn.squared_error, optimizer, epochs=200)
    >>> [round(p.data, 6) for p in model.parameters()]
    [2.0, 1.0]
    """
    for name, function in (("model", model), ("loss", loss)):
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be an Optimizer such as nn.SGD(model, 0.1), "
            f"got {optimizer!r:.60}"
        )
    examples, targets = _rows("xs", xs), _rows("ys", ys)
    same_length("xs", len(examples), "ys", len(targets))
    whole("epochs", epochs, at_least=0)
    n = len(examples)
    size = n if batch_size is None else min(n, whole("batch_size", batch_size))
    starts = range(0, n, size)
    passed, first = divmod(optimizer.steps, len(starts))
    source, before = _source(seed, 0), None
    step = _Step(model, loss, examples, targets, optimizer, switch("compile", compile))
    history: list[float] = []
    bar = _Bar(epochs, n, starts[first]) if progress is True else None
    report = progress if callable(progress) else bar.epoch if bar else None
    try:
        for epoch in range(1, epochs + 1):
            order = list(range(n))
            if size < n:
                source = _source(seed, passed + epoch)
                before = source.getstate()
                source.shuffle(order)
            total, count = 0.0, 0
            for start in starts[first:]:
                batch = order[start : start + size]
                try:
                    value = step(batch, bar)
                except FloatingPointError as error:
                    raise FloatingPointError(f"{error} in epoch {epoch}") from None
                optimizer.step()
                total += value * len(batch)
                count += len(batch)
            history.append(total / count)
            first, before = 0, None
            if report is not None and report(epoch, history[-1]) is False:
                break
    except KeyboardInterrupt:
        pass
    finally:
        if before is not None:  # the epoch that was cut short is drawn again
            source.setstate(before)
        if bar is not None:
            bar.close()
    return history


class _Step:
    """The loss of a batch and its gradients: of all examples at once, or of each."""

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        examples: list[Any],
        targets: list[Any],
        optimizer: Optimizer,
        compile: bool,
    ) -> None:
        self.model, self.loss = model, loss
        self.examples, self.targets = examples, targets
        self.optimizer = optimizer
        self.batches: Batches | None = None
        self.failure: Exception | None = None
        if compile:
            try:
                self.batches = Batches(model, examples)
            except (TypeError, ValueError) as error:
                self.failure = error

    def __call__(self, batch: list[int], bar: _Bar | None) -> float:
        """The loss; the gradients are then those of this batch alone."""
        targets = [self.targets[i] for i in batch]
        if self.batches is not None:
            self.optimizer.zero_grad()
            try:
                value = self.batches.backward(self.loss, batch, targets)
            except Exception as error:
                self.failure = error
            else:
                if bar is not None:
                    bar.moved(len(batch))
                return value
        self.optimizer.zero_grad()
        over = bar.over(batch) if bar else batch
        output = finite(
            self.loss([self.model(self.examples[i]) for i in over], targets)
        )
        output.backward()
        if self.failure is not None:  # else it is that of the model itself
            reason = str(self.failure).partition("\n")[0]
            warnings.warn(
                f"train: each example is computed by itself, since {reason}",
                RuntimeWarning,
                stacklevel=3,
            )
            self.batches = self.failure = None
        return float(output.data)


def _source(seed: int | random.Random | None, epoch: int) -> Any:
    """What to draw an epoch's order from: with a number as the seed, any epoch can be
    the first, since each has a generator of its own."""
    given = generator(seed)
    if given is None:
        return random
    return given if given is seed else random.Random(f"{int(cast(int, seed))} {epoch}")


def predict(model: Callable[[Any], Any], xs: Any, *, compile: bool = True) -> list[Any]:
    """The model's outputs as plain numbers, without recording a graph.

    Args:
        model: called with one example, gives a Value or a list of Values.
        xs: n examples.
        compile: whether to compute many examples at once, as :func:`train` does,
            where the model allows it; the outputs are the same.

    Returns:
        n floats, or n lists of floats.

    >>> import nn
    >>> predict(nn.MLP(1, [1], output="sigmoid", seed=0), [[0.0]])
    [0.5]
    """
    rows = _rows("xs", xs)
    if switch("compile", compile) and len(rows) >= MANY:
        try:
            return Batches(model, rows).outputs(range(len(rows)))
        except Exception:  # what is wrong with the model itself, it says below
            pass
    with ag.no_grad():
        return [_plain(model(x)) for x in rows]


def accuracy(
    model: Callable[[Any], Any],
    xs: Any,
    ys: Any,
    threshold: float = 0.5,
    *,
    compile: bool = True,
) -> float:
    """The share of examples whose class is predicted right.

    Args:
        model: called with one example, gives a probability, a score, or a list
            with one score per class.
        xs: n examples.
        ys: n classes: 1 against 0 or −1 for a single output, which predicts 1
            above the threshold; whole numbers from 0 for a list of scores, of
            which the largest predicts (the first, if several are).
        threshold: 0.5 for probabilities; 0.0 for scores, as with the hinge loss.
        compile: as of :func:`predict`.

    Returns:
        The share in [0, 1].

    Raises:
        ValueError: xs and ys differ in length, or a class is none of these.

    >>> accuracy(lambda x: x, [0.2, 0.7, 0.9], [0, 1, 0]) == 2 / 3
    True
    """
    limit = real("threshold", threshold, low=-math.inf)
    outputs, classes = predict(model, xs, compile=compile), _rows("ys", ys)
    same_length("xs", len(outputs), "ys", len(classes))
    right = 0
    for i, (output, y) in enumerate(zip(outputs, classes)):
        several = isinstance(output, list)
        allowed = range(len(output)) if several else (-1, 0, 1)
        if y not in allowed:
            kinds = f"from 0 to {len(output) - 1}" if several else "1, 0 or -1"
            raise ValueError(f"ys[{i}] must be {kinds}, got {y!r}")
        if several:
            right += output.index(max(output)) == y
        else:
            right += (output > limit) == (y > 0)
    return right / len(classes)


def _rows(name: str, table: Any) -> list[Any]:
    rows = as_list(table)
    if rows is None:
        raise TypeError(f"{name} must be a sequence, got {type(table).__name__}")
    return rows


def _plain(output: Any) -> Any:
    entries = as_list(output)
    if entries is not None:
        return [_plain(entry) for entry in entries]
    return output.data if is_value(output) else float(output)


class _Bar:
    """tqdm's progress bar, or a line on standard error; it moves with each example."""

    def __init__(self, epochs: int, n: int, done: int) -> None:
        self._epochs, self._n, self._done = epochs, n, done
        self._told = 0.0
        try:
            tqdm = importlib.import_module("tqdm").tqdm  # by name: it has no types
        except ImportError:
            self._tqdm = None
        else:
            self._tqdm = tqdm(
                total=epochs * n, initial=done, unit="example", desc=f"epoch 0/{epochs}"
            )

    def over(self, batch: Iterable[int]) -> Iterator[int]:
        """The examples of a batch, as they are asked for."""
        for i in batch:
            yield i
            self.moved(1)

    def moved(self, count: int) -> None:
        """So many examples more."""
        self._done += count
        if self._tqdm is not None:
            self._tqdm.update(count)
        elif time.monotonic() > self._told + 0.1:
            self._line(self._done // self._n, "")

    def epoch(self, epoch: int, loss: float) -> None:
        if self._tqdm is not None:
            self._tqdm.set_postfix_str(f"loss {loss:.6g}", refresh=False)
            self._tqdm.set_description(f"epoch {epoch}/{self._epochs}")
        else:
            self._line(epoch, f", loss {loss:.6g}")

    def _line(self, epoch: int, more: str) -> None:
        text = f"epoch {epoch}/{self._epochs}, {self._done} examples{more}"
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)
        self._told = time.monotonic()

    def close(self) -> None:
        if self._tqdm is not None:
            self._tqdm.close()
        else:
            print(file=sys.stderr)
