"""The lecture's network: its formulas, its slip, its pictures."""

from __future__ import annotations

import itertools
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import formulas
import nn
from tests.autograd.paths.test_derive import parses
from tests.engines import once

demo = pytest.importorskip("lecture", reason="needs the demos extra")

numbers = st.floats(-2, 2).map(lambda x: round(x, 3))


@st.composite
def examples(draw: st.DrawFn) -> tuple[nn.MLP, list[float], float]:
    """A network of any width with random parameters, some units at the kink."""
    width = draw(st.integers(1, 5))
    net = demo.network(width, 0)
    for parameter in net.theta():
        parameter.data = draw(numbers)
    for layer in net.layers[:2]:
        for neuron in layer.neurons:
            if draw(st.integers(0, 3)) == 0:  # z is then exactly 0
                for parameter in neuron.parameters():
                    parameter.data = 0.0
    x = draw(st.lists(numbers, min_size=width, max_size=width))
    return net, x, float(draw(st.sampled_from([0, 1])))


@given(examples())
def test_the_formulas_are_the_engines_gradient(
    example: tuple[nn.MLP, list[float], float],
) -> None:
    net, x, y = example
    net.zero_grad()
    ag.bce_with_logits(demo.score(net, x), y).backward()
    # At most 5 terms a sum, products of 5 numbers up to 2, and |a[2]| up to 200.
    for comparison in formulas.Example(net, x, y).compare(net):
        assert comparison.difference <= 1e-12, comparison.formula


@given(examples())
def test_the_bracket_leads_to_the_same_gradient(
    example: tuple[nn.MLP, list[float], float],
) -> None:
    net, x, y = example
    e = formulas.Example(net, x, y)
    if abs(e.z3[0]) > 3:  # where 1 − ŷ or ŷ has lost its digits
        for parameter in net.layers[2].parameters():
            parameter.data *= 3 / abs(e.z3[0])
        e = formulas.Example(net, x, y)
    net.zero_grad()
    output = net(x)
    ag.bce(output, y).backward()
    for comparison in (*e.compare_bracket(output), *e.compare(net)):
        assert comparison.difference <= 1e-12, comparison.formula


def test_the_formulas_cover_every_parameter() -> None:
    net = demo.network(4, 1)
    x = [0.3, -0.2, 0.9, 1.1]
    net.zero_grad()
    ag.bce_with_logits(demo.score(net, x), 1.0).backward()
    e = formulas.Example(net, x, 1.0)
    for parameter in net.theta():
        parameter.grad += 1e-9
        assert max(c.difference for c in e.compare(net)) > 1e-12, parameter.label
        parameter.grad -= 1e-9


def test_a_slope_of_0_at_the_kink_would_be_seen() -> None:
    net = demo.network(2, 0, "relu")  # g'(0) = 0, unlike the lecture's
    for parameter in net.layers[1].neurons[0].parameters():
        parameter.data = 0.0
    x = [1.0, 0.5]
    ag.bce_with_logits(demo.score(net, x), 1.0).backward()
    e = formulas.Example(net, x, 1.0)
    assert e.z2[0] == 0.0
    assert max(c.difference for c in e.compare(net)) > 1e-3


def test_the_score_is_what_the_output_is_the_sigmoid_of() -> None:
    net = demo.network(3, 5)
    x = [0.1, -0.7, 2.0]
    assert ag.sigmoid(demo.score(net, x)).data == net(x).data


def test_the_loss_is_finite_where_the_sigmoid_saturates() -> None:
    net = demo.network(1, 0)
    for parameter in net.theta():
        parameter.data = 10.0
    assert net([5.0]).data == 1.0
    wrong = demo.Split([[5.0]], [0.0])
    loss = demo.total_loss(net, wrong)
    loss.backward()
    assert math.isfinite(loss.data)
    assert loss.data > 1000
    assert net.layers[2].neurons[0].bias.grad == 1.0  # ŷ − y


def test_the_split_is_standardized_on_the_training_part_alone() -> None:
    train, test, names, classes = demo.load(2)
    x = np.array(train.x)
    assert (len(train.x), len(test.x), len(names)) == (426, 143, 30)
    assert classes == ["malignant", "benign"]
    assert np.abs(x.mean(axis=0)).max() < 1e-13
    assert np.abs(x.std(axis=0) - 1).max() < 1e-13
    assert np.abs(np.array(test.x).mean(axis=0)).max() > 1e-3


@once
def test_the_demo_runs(
    engine: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    picture_size: Callable[[Path], tuple[int, int]],
) -> None:
    """Two epochs teach too little, and the exit code says so; the rest must hold."""
    assert demo.main(["--epochs", "2", "--output", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert f"30-3-2-1 on the {engine} engine: 104 parameters" in output
    failed = [line for line in output.splitlines() if line.startswith("  FAILS")]
    assert len(failed) == 1
    assert "test accuracy" in failed[0]
    assert output.count("holds") == 5
    for formula in (
        "∂L/∂W[3] = (ŷ−y) a[2]ᵀ",
        "∂L/∂b[3] = ŷ−y",
        "[(1−y)/(1−ŷ) − y/ŷ] · ŷ(1−ŷ)",
        "∂L/∂w_2[2] = (ŷ−y) w_2[3] g'(z_2[2]) a[1]ᵀ",
        "∂L/∂W[2] = (ŷ−y) (W[3]ᵀ ⊙ g'(z[2])) a[1]ᵀ",
        "∂L/∂w_3[1] = (ŷ−y) (w_1[3] g'(z_1[2]) w_13[2] + w_2[3] g'(z_2[2]) w_23[2])",
    ):
        assert output.count(formula) == 3, formula
    pictures = ("graph", "values", "paths", "neurons", "loss", "confusion")
    for name in pictures:
        assert min(picture_size(tmp_path / f"{name}.png")) > 200
        assert f"{name}.png" in output
    assert "W[1]2,2" in (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == len(pictures) + 3
    tex = (tmp_path / "lecture.tex").read_text(encoding="utf-8")
    bracket = r"\left(\hat{y}-y\right)"
    assert tex.count(bracket) + tex.count(r"= \hat{y}-y") == 20
    formulas_ = re.findall(r"^\\\[(.*?)\\\]$", tex, re.DOTALL | re.MULTILINE)
    assert len(formulas_) == 40
    for formula in formulas_:
        parses(formula)
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-halt-on-error", "lecture.tex"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    lines = (tmp_path / "lecture.md").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("| sum of") for line in lines) == 20


@once
def test_without_graphviz_the_demo_says_so_and_goes_on(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_graphviz(*_: object, **__: object) -> None:
        raise RuntimeError("dot was not found: install it")

    monkeypatch.setattr(ag, "draw", no_graphviz)
    assert demo.main(["--epochs", "1", "--output", str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert "dot was not found: install it" in output
    assert "FAILS  0 files about the computation graph" in output
    assert {path.name for path in tmp_path.iterdir()} == {
        *("loss.png", "confusion.png", "lecture.tex", "lecture.md")
    }


def test_the_picture_says_where_the_test_loss_rises() -> None:
    assert demo.rise([1.0, 0.5, 0.25]) is None
    assert demo.rise([1.0, 0.5, 0.504]) is None  # by less than 1 %
    found = demo.rise([1.0, 0.5, 0.75])
    assert found is not None
    assert found[0] == 1
    assert "after epoch 1 the test loss rises" in found[1]
    assert "0.5 to 0.75" in found[1]


def test_the_slip_makes_the_loss_rise(capsys: pytest.CaptureFixture[str]) -> None:
    train, *_ = demo.load(2)
    few = demo.Split(train.x[:100], train.y[:100])
    falling, rising = demo.show_slip(few, 2)
    assert falling[0] == rising[0]
    assert all(a > b for a, b in itertools.pairwise(falling))
    assert all(a < b for a, b in itertools.pairwise(rising))


def test_the_small_example_has_two_open_paths() -> None:
    train, _, names, _ = demo.load(2)
    net, x, y = demo.small_example(train, names, 2)
    net.zero_grad()
    loss = ag.bce(net(x), y)
    loss.backward()
    weight = net.layers[0].neurons[1].weights[1]
    paths = ag.explain(loss, weight)
    assert weight.label == "W[1]2,2"
    assert paths.count == len(paths.paths) == 2
    assert all(abs(path.contribution) > 1e-3 for path in paths.paths)
    assert math.isclose(
        sum(path.contribution for path in paths.paths), weight.grad, rel_tol=1e-14
    )


def test_the_written_out_network_is_the_network() -> None:
    net = demo.network(2, 3, "relu")
    assert demo.written_out(net, [0.4, -1.2]).data == pytest.approx(
        net([0.4, -1.2]).data, rel=1e-15
    )


@once
def test_it_runs_from_any_folder(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, demo.__file__, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert "ŷ = σ(z[3])" in told.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "must be 1 or more, got 0"),
        (["--epochs", "many"], "invalid whole number value: 'many'"),
        (["--seed", "-1"], "must be 0 or more, got -1"),
        (["--output", __file__], "no folder can be there"),
    ],
)
def test_a_bad_option_is_named(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        demo.main(options)
    assert message in capsys.readouterr().err
