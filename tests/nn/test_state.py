"""States go to files and back bit for bit, and nothing is ever half loaded."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from tests.exact import bits


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.floats(allow_nan=False), min_size=9, max_size=9))
def test_saved_and_loaded_parameters_have_the_same_bits(
    tmp_path: Path, numbers: list[float]
) -> None:
    model, other = nn.MLP(2, [2, 1], seed=0), nn.MLP(2, [2, 1], seed=1)
    for p, x in zip(model.parameters(), numbers):
        p.data = x
    model.save(tmp_path / "model.json")
    other.load(tmp_path / "model.json")
    assert bits(other.state_dict()) == bits(model.state_dict())


def test_nan_comes_back_and_the_file_is_strict_json(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model = nn.Neuron(3, seed=0)
    for p, x in zip(model.weights, (math.nan, -math.inf, -0.0)):
        p.data = x
    model.save(path)

    def refuse(token: str) -> None:
        raise AssertionError(token)

    stored = json.loads(path.read_text(), parse_constant=refuse)["state"]
    assert stored == {"w": ["nan", "-inf", 0.0], "b": 0.0}
    other = nn.Neuron(3, seed=1)
    other.load(path)
    assert math.isnan(other.weights[0].data)
    assert other.weights[1].data == -math.inf
    assert math.copysign(1, other.weights[2].data) == -1


def test_arrays_and_tuples_can_be_loaded() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    state = {
        "W[1]": np.array([[1, 2], [3, 4]]),
        "b[1]": (np.float32(0.5), 6),
        "W[2]": [[7.0, 8.0]],
        "b[2]": np.array([9.0]),
    }
    model.load_state_dict(state)
    assert [p.data for p in model.parameters()] == [1, 2, 0.5, 3, 4, 6, 7, 8, 9]
    assert all(type(p.data) is float for p in model.parameters())


def test_a_state_is_a_copy() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    state = model.state_dict()
    before = model.parameters()[0].data
    state["W[1]"][0][0] = 99.0
    assert model.parameters()[0].data == before


def without(state: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: x for name, x in state.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: without(s, "b[2]", "W[1]"), ["missing", "b[2]", "W[1]"]),
        (lambda s: {**s, "W[3]": [[1.0]]}, ["unexpected", "W[3]"]),
        (lambda s: {**s, 3: 1.0}, ["unexpected", "3"]),
        (
            lambda s: {**s, "W[1]": [[1.0] * 3] * 3},
            ["W[1] must be 3 × 2 numbers", "got 3 × 3 numbers"],
        ),
        (lambda s: {**s, "W[1]": [[1.0, 2.0], [3.0], [4.0]]}, ["W[1]", "different"]),
        (lambda s: {**s, "b[1]": 1.0}, ["b[1] must be 3 numbers", "got 1 number"]),
        (lambda s: {**s, "b[1]": []}, ["b[1] must be 3 numbers", "got 0 numbers"]),
        (lambda s: {**s, "b[1]": [1.0, [2.0], 3.0]}, ["b[1]", "different"]),
        (lambda s: {**s, "b[2]": ["0.5"]}, ["b[2]", "'0.5'", "str"]),
        (lambda s: {**s, "b[2]": [None]}, ["b[2]", "NoneType"]),
        (lambda s: {**s, "b[2]": [True]}, ["b[2]", "bool"]),
        (lambda s: {**s, "b[2]": [1j]}, ["b[2]", "complex"]),
        (lambda s: {**s, "b[2]": [10**400]}, ["b[2]", "int"]),
        (
            lambda s: {**without(s, "b[1]"), "W[2]": 0.0, "x": 0.0},
            ["missing b[1]", "unexpected x", "W[2] must be"],
        ),
    ],
)
def test_a_state_that_does_not_fit_is_explained_and_changes_nothing(
    tmp_path: Path, change: Any, words: list[str]
) -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    state = change(nn.MLP(2, [3, 1], seed=1).state_dict())
    with pytest.raises(ValueError) as caught:
        model.load_state_dict(state)
    assert all(word in str(caught.value) for word in words), caught.value
    assert model.state_dict() == before


def test_a_state_must_be_a_mapping() -> None:
    with pytest.raises(TypeError, match="mapping, got list"):
        nn.Neuron(1).load_state_dict([1.0])  # type: ignore[arg-type]


def test_a_shared_parameter_takes_one_number_only() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.first = self.second = ag.Value(1.0)

    module = Twice()
    with pytest.raises(ValueError, match=r"second gives 3\.0 to a shared parameter"):
        module.load_state_dict({"first": 2.0, "second": 3.0})
    assert module.first.data == 1.0
    module.load_state_dict({"first": 2.0, "second": 2.0})
    assert module.first.data == 2.0


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: b"\xff\xfe" + text,
        lambda text: b"[]",
        lambda text: b"{}",
        lambda text: text.replace(b'"state"', b'"stat"'),
        lambda text: text.replace(b'"format"', b'"form"'),
        lambda text: text.replace(b"0.0", b"NaN"),
        lambda text: text.replace(b"0.0", b"1e999"),
        lambda text: text.replace(b"0.0", b'"zero"'),
        lambda text: text.replace(b"0.0", b"true"),
        lambda text: text.replace(b'"b"', b'"w"'),
        lambda text: text.replace(b"0.0", b"[" * 100_000),
        lambda text: text.replace(b"0.0", b"9" * 5000),
    ],
)
def test_a_corrupt_file_is_named_and_changes_nothing(
    tmp_path: Path, corrupt: Any
) -> None:
    path = tmp_path / "model.json"
    model = nn.Neuron(2, seed=0)
    model.save(path)
    changed = corrupt(path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"model\.json"):
        model.load(path)
    assert model.state_dict() == before


def test_a_file_of_another_model_is_named_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    nn.MLP(2, [3, 1], seed=0).save(path)
    model = nn.MLP(2, [2, 1], seed=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"model\.json: .*W\[1\] must be 2 × 2"):
        model.load(path)
    assert model.state_dict() == before


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        nn.Neuron(1).load(tmp_path / "nowhere.json")
    with pytest.raises(FileNotFoundError):
        nn.Neuron(1).save(tmp_path / "nowhere" / "model.json")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "model.json"
    nn.Neuron(2, seed=0).save(path)
    before = path.read_bytes()

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, interrupt)
        with pytest.raises(KeyboardInterrupt):
            nn.Neuron(2, seed=1).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.json"]


def test_a_save_replaces_the_file_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.json"
    nn.Neuron(2, seed=0).save(path)
    before, seen = path.read_bytes(), []
    replace = os.replace

    def look(source: str, target: str) -> None:
        seen.append((path.read_bytes(), Path(source).read_bytes(), Path(source).parent))
        replace(source, target)

    monkeypatch.setattr(os, "replace", look)
    nn.Neuron(2, seed=1).save(path)
    assert seen == [(before, path.read_bytes(), tmp_path)]
    assert before != path.read_bytes()


def test_a_path_may_be_bytes_and_a_name_as_long_as_the_system_takes(
    tmp_path: Path,
) -> None:
    model, other = nn.Neuron(2, seed=0), nn.Neuron(2, seed=1)
    for path in (os.fsencode(tmp_path / "a.json"), tmp_path / ("n" * 250 + ".json")):
        model.save(path)
        other.load(path)
        assert other.state_dict() == model.state_dict()
    with pytest.raises(TypeError, match="path must be a str or a path, got int"):
        model.save(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path must be a str or a path, got NoneType"):
        model.load(None)  # type: ignore[arg-type]
