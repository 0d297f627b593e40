"""Training: the loop's arithmetic, its batches, its progress and its refusals."""

from __future__ import annotations

import builtins
import itertools
import math
import random
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from nn import training

XS = [[k / 8, (k * k % 5) / 4] for k in range(10)]
YS = [float(k % 3 == 0) for k in range(10)]


def classifier(seed: int = 0) -> nn.MLP:
    return nn.MLP(2, [3, 1], activation="tanh", output="sigmoid", seed=seed)


def test_each_epoch_is_theta_minus_alpha_times_the_gradient() -> None:
    model, same = classifier(), classifier()
    optimizer = nn.SGD(model.parameters(), learning_rate=0.3)
    history = nn.train(
        *(model, XS, YS, nn.binary_cross_entropy, optimizer), epochs=4, compile=False
    )
    expected = []
    for _ in range(4):
        same.zero_grad()
        loss = ag.mean([ag.bce(same(x), y) for x, y in zip(XS, YS)])
        loss.backward()
        expected.append(loss.data)
        for p in same.parameters():
            p.data -= 0.3 * p.grad
    assert history == expected
    assert model.state_dict() == same.state_dict()


@pytest.mark.parametrize(
    "make",
    [
        lambda ps: nn.SGD(ps, 0.5),
        lambda ps: nn.SGD(ps, 0.2, momentum=0.9, nesterov=True),
        lambda ps: nn.Adam(ps, nn.LinearWarmup(5, nn.Cosine(0.1, 60))),
        lambda ps: nn.AdamW(ps, 0.1),
    ],
)
def test_every_optimizer_lowers_the_loss(make: Any) -> None:
    model = classifier()
    optimizer = make(model.parameters())
    history = nn.train(
        model, XS, YS, nn.binary_cross_entropy, optimizer, 60, batch_size=5
    )
    assert len(history) == 60
    assert history[-1] < 0.9 * history[0]


CLASSES = [k % 3 for k in range(10)]


@pytest.mark.parametrize(
    ("outputs", "loss", "ys"),
    [
        (1, nn.binary_cross_entropy_with_logits, YS),
        (1, nn.hinge, [2 * y - 1 for y in YS]),
        (1, partial(nn.squared_error, reduction="sum"), YS),
        (3, nn.softmax_cross_entropy, CLASSES),
        (3, partial(nn.softmax_cross_entropy, weight=[1.0, 2.0, 0.5]), CLASSES),
        (1, lambda ps, ts: nn.hinge(ps, ts) + ag.mean([p * p for p in ps]), [1] * 10),
    ],
)
@pytest.mark.parametrize("size", [None, 4])
def test_batches_at_once_learn_what_single_examples_do(
    outputs: int, loss: Any, ys: Any, size: Any
) -> None:
    def run(compile: bool) -> tuple[list[float], list[float]]:
        model = nn.MLP(2, [3, outputs], activation="tanh", seed=1)
        optimizer = nn.Adam(model, 0.05)
        history = nn.train(
            *(model, XS, ys, loss, optimizer, 5), batch_size=size, compile=compile
        )
        return history, [p.data for p in model.parameters()]

    # Gradients of ten examples in another order: a few eps, which Adam's first steps
    # (by the sign of a gradient) and five epochs may make some hundreds of.
    for one, other in zip(run(True), run(False)):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-13)
    assert run(True) == run(True)


def test_a_loss_of_the_parameters_too_is_differentiated_by_them() -> None:
    def run(compile: bool) -> dict[str, Any]:
        model = classifier()
        weights = model.parameters()
        loss = lambda ps, ts: (
            nn.squared_error(ps, ts) + 0.1 * sum(w * w for w in weights)
        )
        nn.train(model, XS, YS, loss, nn.SGD(model, 0.1), 3, compile=compile)
        return [p.data for p in weights]  # type: ignore[return-value]

    assert run(True) == pytest.approx(run(False), rel=1e-13)


class Reading(nn.Module):
    """A model that looks at a number, which no program can replay."""

    def __init__(self) -> None:
        self.w = ag.Value(0.5)

    def __call__(self, x: Any) -> Any:
        return self.w * x[0] if self.w.data < 1.0 else self.w


@pytest.mark.parametrize(
    ("model", "xs", "reason"),
    [
        (Reading, XS, "data of a Value is used"),
        (lambda: lambda x: ag.Value(float(x[0])), [["1"]] * 10, "not rows of numbers"),
        (lambda: lambda x: sum(x) * ag.Value(0.5), [[1.0], [2.0, 3.0]] * 5, "shape"),
        (lambda: lambda x: [ag.Value(0.5), 1.0], XS, "the model gives a float"),
    ],
)
def test_a_model_that_does_not_compile_is_trained_all_the_same(
    model: Any, xs: Any, reason: str
) -> None:
    w = ag.Value(1.0)

    def loss(ps: Any, ts: Any) -> Any:
        return w * ag.sum([p[0] if isinstance(p, list) else p for p in ps])

    runs = []
    for compile in (True, False):
        made, w.data = model(), 1.0
        arguments = made, xs, YS, loss, nn.SGD([w], 0.01), 3
        if compile:
            with pytest.warns(RuntimeWarning, match=f"by itself, since .*{reason}"):
                runs.append((nn.train(*arguments), w.data))
        else:
            runs.append((nn.train(*arguments, compile=False), w.data))
    assert runs[0] == runs[1]


def test_what_is_wrong_with_the_model_itself_it_says() -> None:
    w = ag.Value(0.0, label="w")
    for compile in (True, False):
        with pytest.raises(ValueError, match=r"^math domain error|log\(0"):
            nn.train(
                *(lambda x: ag.log(w * x[0]), XS, YS, nn.squared_error),
                *(nn.SGD([w], 0.1), 1),
                compile=compile,
            )


def test_many_predictions_have_the_bits_of_single_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "MANY", 5)
    for model, xs in (
        (classifier(), XS),
        (nn.MLP(2, [3, 2], seed=0), np.array(XS)),
        (lambda x: 2.0 * ag.tanh(x), [x[0] for x in XS]),
        (Reading(), XS),
        (lambda x: ag.sigmoid(x[0]).data if hasattr(x[0], "data") else 0.5, XS),
    ):
        expected = nn.predict(model, xs, compile=False)
        assert nn.predict(model, xs) == expected
    right = nn.accuracy(classifier(), XS, YS, compile=False)
    assert nn.accuracy(classifier(), XS, YS) == right
    with pytest.raises(TypeError, match="compile must be True or False"):
        nn.predict(classifier(), XS, compile=1)  # type: ignore[arg-type]


def test_every_epoch_sees_every_example_once_in_batches_of_the_size() -> None:
    w, seen = ag.Value(1.0), []

    def loss(predictions: list[Any], targets: list[float]) -> Any:
        seen.append(targets)
        return ag.mean(predictions)

    optimizer = nn.SGD([w], 0.0)
    ys = list(range(10))
    nn.train(lambda x: w * x[0], XS, ys, loss, optimizer, epochs=2, batch_size=4)
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    epochs = [[y for batch in part for y in batch] for part in (seen[:3], seen[3:])]
    assert all(sorted(epoch) == ys for epoch in epochs)
    assert epochs[0] != epochs[1] != ys


def test_a_seed_gives_the_same_run_and_leaves_the_global_generator_alone() -> None:
    def run(seed: int) -> list[float]:
        model = classifier()
        optimizer = nn.SGD(model.parameters(), 0.3)
        loss = nn.binary_cross_entropy
        return nn.train(model, XS, YS, loss, optimizer, 3, batch_size=3, seed=seed)

    before = random.getstate()
    assert run(1) == run(1)
    assert run(1) != run(2)
    assert random.getstate() == before


def test_the_history_weighs_batches_by_their_sizes() -> None:
    w = ag.Value(1.0)
    ys = [float(k) for k in range(10)]
    loss = lambda ps, ts: ag.mean([p * t for p, t in zip(ps, ts)])
    history = nn.train(lambda x: w, XS, ys, loss, nn.SGD([w], 0.0), 1, batch_size=4)
    assert history == [4.5]


def test_arrays_train_like_lists() -> None:
    runs = []
    for xs, ys in ((XS, YS), (np.array(XS), np.array(YS))):
        model = classifier()
        optimizer = nn.SGD(model.parameters(), 0.3)
        runs.append(nn.train(model, xs, ys, nn.binary_cross_entropy, optimizer, 2))
    assert runs[0] == runs[1]


def test_several_outputs_train_with_softmax() -> None:
    model = nn.MLP(2, [4, 3], activation="tanh", seed=0)
    ys = [k % 3 for k in range(10)]
    optimizer = nn.Adam(model.parameters(), 0.1)
    history = nn.train(model, XS, ys, nn.softmax_cross_entropy, optimizer, 40)
    assert history[-1] < history[0]
    outputs = nn.predict(model, XS)
    right = sum(int(np.argmax(z) == y) for z, y in zip(outputs, ys))
    assert nn.accuracy(model, XS, ys) == right / 10


def test_a_callback_hears_of_every_epoch() -> None:
    heard: list[tuple[int, float]] = []
    model = classifier()
    optimizer = nn.SGD(model.parameters(), 0.3)
    history = nn.train(
        model,
        XS,
        YS,
        nn.binary_cross_entropy,
        optimizer,
        3,
        progress=lambda epoch, loss: heard.append((epoch, loss)),
    )
    assert heard == list(enumerate(history, 1))


def test_a_callback_that_returns_false_stops() -> None:
    model = classifier()
    optimizer = nn.SGD(model, 0.3)
    history = nn.train(
        *(model, XS, YS, nn.binary_cross_entropy, optimizer, 9),
        progress=lambda epoch, loss: epoch < 3,
    )
    assert (len(history), optimizer.steps) == (3, 3)
    for answer in (None, 0, ""):  # only False itself is the word
        told = nn.train(
            *(model, XS, YS, nn.binary_cross_entropy, optimizer, 2),
            progress=lambda epoch, loss, answer=answer: answer,  # type: ignore[misc]
        )
        assert len(told) == 2


def interrupted(at: int) -> Any:
    """A loss that is interrupted at its call number ``at``, as by Ctrl-C."""
    calls = 0

    def loss(ps: Any, ts: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt
        return nn.binary_cross_entropy(ps, ts)

    return loss


SEEDS = [lambda: 7, lambda: random.Random(7), lambda: None]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("at", [1, 5, 6, 9])  # 4 batches an epoch: within and between
def test_a_run_that_is_stopped_goes_on_with_the_batches_it_would_have_drawn(
    at: int, seed: Any
) -> None:
    def run(stop: int) -> tuple[list[float], dict[str, Any]]:
        random.seed(11)
        model, given = classifier(), seed()
        optimizer = nn.SGD(model, 0.3, momentum=0.5)
        history: list[float] = []
        for loss in (interrupted(stop), nn.binary_cross_entropy):
            history += nn.train(
                *(model, XS, YS, loss, optimizer, 4 - len(history)),
                batch_size=3,
                seed=given,
            )
        return history, model.state_dict()

    whole, cut = run(0), run(at)
    assert cut[1] == whole[1]
    assert len(cut[0]) == len(whole[0]) == 4
    broken = (at - 1) // 4  # only the rest of this epoch is in its average
    for epoch, (a, b) in enumerate(zip(cut[0], whole[0])):
        assert a == b or (epoch == broken and (at - 1) % 4)


def test_a_saved_run_goes_on_in_another_process(tmp_path: Any) -> None:
    def run(*epochs: int) -> dict[str, Any]:
        model = classifier()
        model.save(tmp_path / "model")
        optimizer = nn.Adam(model, 0.1)
        optimizer.save(tmp_path / "optimizer")
        for count in epochs:
            model = classifier(seed=9)
            optimizer = nn.Adam(model, 0.1)
            model.load(tmp_path / "model")
            optimizer.load(tmp_path / "optimizer")
            nn.train(
                *(model, XS, YS, nn.binary_cross_entropy, optimizer, count),
                batch_size=4,
            )
            model.save(tmp_path / "model")
            optimizer.save(tmp_path / "optimizer")
        return model.state_dict()

    assert run(5) == run(2, 3) == run(1, 1, 3)


def test_ctrl_c_keeps_what_was_learned_and_closes_the_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = classifier()
    optimizer = nn.SGD(model, 0.3)
    history = nn.train(model, XS, YS, interrupted(3), optimizer, 9, progress=True)
    assert (len(history), optimizer.steps) == (2, 2)
    assert capsys.readouterr().err.endswith("\n")
    same = classifier()
    assert history == nn.train(
        same, XS, YS, nn.binary_cross_entropy, nn.SGD(same, 0.3), 2
    )
    assert model.state_dict() == same.state_dict()


def test_the_bar_moves_within_an_epoch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    clock = itertools.count(0.0, 1.0)
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    model = classifier()
    optimizer = nn.SGD(model, 0.3)
    nn.train(
        *(model, XS, YS, nn.binary_cross_entropy, optimizer, 1),
        progress=True,
        compile=False,
    )
    shown = capsys.readouterr().err
    for count in (2, 5, 9):
        assert f"epoch 0/1, {count} examples" in shown
    assert "epoch 1/1, 10 examples, loss 0." in shown


@pytest.mark.parametrize("installed", [True, False])
def test_a_progress_bar_needs_no_package(
    installed: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed:
        pytest.importorskip("tqdm", reason="the bar is tqdm's")
    else:
        original = builtins.__import__

        def without_tqdm(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.startswith("tqdm"):
                raise ImportError(name)
            return original(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_tqdm)
    model = classifier()
    optimizer = nn.SGD(model.parameters(), 0.3)
    loss = nn.binary_cross_entropy
    nn.train(model, XS, YS, loss, optimizer, 3, progress=True)
    shown = capsys.readouterr()
    assert "3/3" in shown.err
    assert shown.out == ""


def test_prediction_records_nothing_and_gives_plain_numbers() -> None:
    outputs = nn.predict(classifier(), XS)
    assert all(type(y) is float for y in outputs)
    assert outputs == [classifier()(x).data for x in XS]
    several = nn.predict(nn.MLP(2, [2], seed=0), XS)
    assert all(type(y) is list and type(y[0]) is float for y in several)


def test_accuracy_counts_the_right_side_of_the_threshold() -> None:
    outputs = [0.2, 0.5, 0.7, 0.9]
    same = lambda x: x
    assert nn.accuracy(same, outputs, [0, 0, 1, 1]) == 1.0
    assert nn.accuracy(same, outputs, [1, 1, 1, 0]) == 0.25
    assert nn.accuracy(same, outputs, [-1, -1, -1, 1], threshold=0.8) == 1.0
    assert nn.accuracy(same, [-2.0, 3.0], [-1, 1], threshold=0) == 1.0
    assert nn.accuracy(same, [[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]], [1, 0]) == 1.0


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    w = ag.Value(2.0, label="w")
    optimizer = nn.SGD([w], 0.1)
    loss = lambda ps, ts: ps[0] * math.inf
    with pytest.raises(FloatingPointError, match="the loss is inf in epoch 1"):
        nn.train(lambda x: w, XS, YS, loss, optimizer, 3)
    assert w.data == 2.0


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"ys": YS[:-1]}, ValueError, "xs has 10 entries, ys has 9"),
        ({"xs": [], "ys": []}, ValueError, "must not be empty"),
        ({"xs": 3.0}, TypeError, "xs must be a sequence, got float"),
        ({"optimizer": nn.SGD}, TypeError, "optimizer must be an Optimizer"),
        ({"model": 3.0}, TypeError, "model must be a function, got float"),
        ({"loss": "hinge"}, TypeError, "loss must be a function, got str"),
        ({"seed": "0"}, TypeError, "seed must be a whole number, a random.Random or N"),
        ({"seed": 0.5}, TypeError, "seed must be"),
        ({"epochs": -1}, ValueError, "epochs must be a whole number, at least 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number"),
        ({"loss": lambda ps, ts: 1.0}, TypeError, "loss must give a Value, got float"),
    ],
)
def test_bad_arguments_are_named_and_change_nothing(
    change: dict[str, Any], error: type[Exception], words: str
) -> None:
    model = classifier()
    before = model.state_dict()
    arguments = {"xs": XS, "ys": YS, "loss": nn.binary_cross_entropy, "epochs": 1}
    arguments |= {"model": model, "optimizer": nn.SGD(model.parameters(), 0.1)}
    with pytest.raises(error, match=words):
        nn.train(**{**arguments, **change})  # type: ignore[arg-type]
    assert model.state_dict() == before


def test_accuracy_refuses_unequal_lengths_and_other_classes() -> None:
    same = lambda x: x
    with pytest.raises(ValueError, match="xs has 2 entries, ys has 1"):
        nn.accuracy(same, [0.5, 0.5], [1])
    with pytest.raises(ValueError, match=r"ys\[0\] must be 1, 0 or -1, got 2"):
        nn.accuracy(same, [0.5], [2])
    with pytest.raises(ValueError, match=r"ys\[0\] must be from 0 to 1, got 2"):
        nn.accuracy(same, [[0.5, 0.5]], [2])
