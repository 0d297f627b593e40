"""Update rules against steps worked out by hand, closed forms, and bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.program import flat

EPS = 2.0**-52

MAKERS: dict[str, Callable[[Any], nn.Optimizer]] = {
    "sgd": lambda ps: nn.SGD(ps, 0.1),
    "momentum": lambda ps: nn.SGD(ps, 0.1, momentum=0.9),
    "nesterov": lambda ps: nn.SGD(ps, nn.Exponential(0.1, 0.9), 0.9, nesterov=True),
    "adam": lambda ps: nn.Adam(ps, nn.Cosine(0.1, 20), weight_decay=0.1),
    "adamw": lambda ps: nn.AdamW(ps, 0.1),
}
every_rule = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def steps(optimizer: nn.Optimizer, gradients: list[float]) -> list[float]:
    """The only parameter's data after each step."""
    (p,) = optimizer.parameters
    path = []
    for g in gradients:
        p.grad = g
        optimizer.step()
        path.append(p.data)
    return path


def test_gradient_descent_takes_alpha_times_the_gradient_away() -> None:
    assert steps(nn.SGD([ag.Value(1.0)], 0.5), [1.0, -2.0]) == [0.5, 1.5]


def test_momentum_adds_what_is_left_of_the_velocity() -> None:
    # v: 1, 0.5 + 1 = 1.5, 0.75 + 0 = 0.75
    optimizer = nn.SGD([ag.Value(4.0)], 0.5, momentum=0.5)
    assert steps(optimizer, [1.0, 1.0, 0.0]) == [3.5, 2.75, 2.375]


def test_nesterov_looks_ahead_by_the_velocity() -> None:
    # v: 1, 1.5, 0.75; g + v / 2: 1.5, 1.75, 0.375
    optimizer = nn.SGD([ag.Value(4.0)], 0.5, momentum=0.5, nesterov=True)
    assert steps(optimizer, [1.0, 1.0, 0.0]) == [3.25, 2.375, 2.1875]


def test_weight_decay_adds_to_the_gradient() -> None:
    # g + θ / 4: 1 + 1 = 2, 0 + 0.75
    optimizer = nn.SGD([ag.Value(4.0)], 0.5, weight_decay=0.25)
    assert steps(optimizer, [1.0, 0.0]) == [3.0, 2.625]


@given(st.floats(0.01, 0.99), st.integers(1, 40))
def test_on_a_parabola_gradient_descent_shrinks_geometrically(
    rate: float, n: int
) -> None:
    x = ag.Value(1.0)
    optimizer = nn.SGD([x], rate)
    for _ in range(n):
        optimizer.zero_grad()
        (x * x / 2).backward()
        optimizer.step()
    # θ ← θ (1 - α): two roundings a step, eps/2 of θ and of α θ.
    assert abs(x.data - (1 - rate) ** n) <= 2 * n * EPS


@given(
    st.floats(1e-3, 1e3),
    st.floats(0, 0.99),
    st.floats(0, 0.99),
    st.sampled_from([-1, 1]),
)
def test_with_a_constant_gradient_adam_goes_alpha_each_step(
    size: float, b1: float, b2: float, sign: int
) -> None:
    # m̂ = g and v̂ = g² at every step, so each goes α g / (|g| + ε).
    optimizer = nn.Adam([ag.Value(0.0)], 0.1, betas=(b1, b2), eps=1e-8)
    path = steps(optimizer, [sign * size] * 5)
    step = -sign * 0.1 * size / (size + 1e-8)
    # 1 - βᵗ cancels: eps / (1 - β), once in m and half of it in √v.
    rounding = 8 * EPS * (1 / (1 - b1) + 1 / (1 - b2))
    for t, x in enumerate(path, 1):
        assert abs(x - t * step) <= t * rounding * abs(step)


def test_adams_second_step_is_the_one_worked_out_by_hand() -> None:
    # β = 1/2, 3/4; g = 2, 1. m: 1, 1; m̂ = 1 / (1 - 1/4) = 4/3.
    # v: 1, 3/4 + 1/4 = 1; v̂ = 1 / (1 - 9/16) = 16/7; ε = 1.
    optimizer = nn.Adam([ag.Value(0.0)], 0.5, betas=(0.5, 0.75), eps=1.0)
    first, second = steps(optimizer, [2.0, 1.0])
    assert first == -0.5 * 2 / (2 + 1)
    expected = first - 0.5 * (4 / 3) / (math.sqrt(16 / 7) + 1)
    assert abs(second - expected) <= 2 * EPS


def test_adam_decays_through_the_gradient_and_adamw_beside_it() -> None:
    adam = nn.Adam([ag.Value(2.0)], 0.5, eps=1.0, weight_decay=0.5)
    assert abs(steps(adam, [0.0])[0] - (2 - 0.5 * 1 / (1 + 1))) <= 2 * EPS
    adamw = nn.AdamW([ag.Value(2.0)], 0.5, eps=1.0, weight_decay=0.5)
    assert steps(adamw, [0.0]) == [1.5]
    both = nn.AdamW([ag.Value(2.0)], 0.5, eps=1.0, weight_decay=0.5)
    assert abs(steps(both, [1.0])[0] - (1.5 - 0.5 * 1 / (1 + 1))) <= 2 * EPS


def test_a_schedule_gives_the_rate_of_each_step() -> None:
    optimizer = nn.SGD([ag.Value(0.0)], lambda step: 2.0**-step)
    assert steps(optimizer, [-1.0] * 4) == [1.0, 1.5, 1.75, 1.875]


@every_rule
def test_a_run_that_is_saved_and_loaded_goes_on_with_the_same_bits(
    tmp_path: Path, make: Callable[[Any], nn.Optimizer]
) -> None:
    def run(p: ag.Value, q: ag.Value, optimizer: nn.Optimizer, n: int) -> None:
        for _ in range(n):
            optimizer.zero_grad()
            ((p - 3) ** 2 + ag.exp(p * q)).backward()
            optimizer.step()

    p, q = ag.Value(0.1), ag.Value(0.2)
    optimizer = make([p, q])
    run(p, q, optimizer, 3)
    optimizer.save(tmp_path / "optimizer.json")
    p2, q2 = ag.Value(p.data), ag.Value(q.data)
    run(p, q, optimizer, 4)
    resumed = make([p2, q2])
    resumed.load(tmp_path / "optimizer.json")
    run(p2, q2, resumed, 4)
    assert (p2.data, q2.data) == (p.data, q.data)
    assert resumed.state_dict() == optimizer.state_dict()


@every_rule
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_named_and_changes_nothing(
    make: Callable[[Any], nn.Optimizer], bad: float
) -> None:
    parameters = [ag.Value(1.0, label="W[1]1,1"), ag.Value(2.0, label="b[1]1")]
    optimizer = make(parameters)
    for p in parameters:
        p.grad = 0.5
    optimizer.step()
    before = [p.data for p in parameters], optimizer.state_dict()
    parameters[1].grad = bad
    with pytest.raises(FloatingPointError, match=r"gradient of b\[1\]1 is -?(nan|inf)"):
        optimizer.step()
    assert ([p.data for p in parameters], optimizer.state_dict()) == before


def test_a_step_that_would_overflow_changes_nothing() -> None:
    parameters = [ag.Value(1.0), ag.Value(1e308)]
    optimizer = nn.SGD(parameters, 10.0, momentum=0.5)
    parameters[0].grad, parameters[1].grad = 1.0, -1e308
    with pytest.raises(FloatingPointError, match=r"updated parameters\[1\] is inf"):
        optimizer.step()
    assert [p.data for p in parameters] == [1.0, 1e308]
    assert optimizer.state_dict() == {"steps": 0, "velocity": [0.0, 0.0]}
    adam = nn.Adam(parameters, 0.1)
    with pytest.raises(FloatingPointError, match=r"v of parameters\[1\] is inf"):
        adam.step()
    assert adam.state_dict() == {"steps": 0, "m": [0.0, 0.0], "v": [0.0, 0.0]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"m": [1.0]}, r"m must be 2 numbers, got 1 number"),
        ({"m": [1.0, math.nan]}, r"m\[1\] must be finite, got nan"),
        ({"v": [-1.0, 0.0]}, r"v\[0\] must be from 0 on, got -1.0"),
        ({"steps": 1.5}, "steps must be a whole number from 0 on, got 1.5"),
        ({"steps": -1}, "steps must be a whole number from 0 on, got -1.0"),
        ({"steps": math.inf}, "steps must be a whole number from 0 on, got inf"),
        ({"velocity": [0.0, 0.0]}, "unexpected velocity"),
    ],
)
def test_a_state_that_does_not_fit_is_explained_and_changes_nothing(
    change: dict[str, Any], words: str
) -> None:
    optimizer = nn.Adam([ag.Value(1.0), ag.Value(2.0)], 0.1)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=words):
        optimizer.load_state_dict({**before, "steps": 7, "m": [1.0, 2.0], **change})
    assert optimizer.state_dict() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"learning_rate": -0.1}, r"rate must be a number in \[0, ∞\), got -0.1"),
        ({"learning_rate": math.nan}, "learning_rate must be .* got nan"),
        ({"learning_rate": math.inf}, "learning_rate must be .* got inf"),
        ({"learning_rate": 0.1, "momentum": 1.0}, r"momentum .* \[0, 1\), got 1.0"),
        ({"learning_rate": 0.1, "weight_decay": -1.0}, "weight_decay .* got -1.0"),
        ({"learning_rate": 0.1, "nesterov": True}, "nesterov .* momentum above 0"),
    ],
)
def test_hyperparameters_of_gradient_descent_are_checked(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        nn.SGD([ag.Value(1.0)], **arguments)


@pytest.mark.parametrize("rule", [nn.Adam, nn.AdamW])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"betas": (1.0, 0.9)}, r"betas\[0\] must be .* \[0, 1\), got 1.0"),
        ({"betas": (0.9, -0.1)}, r"betas\[1\] must be .* \[0, 1\), got -0.1"),
        ({"betas": 0.9}, "betas must be two numbers"),
        ({"eps": 0.0}, r"eps must be a number in \(0, ∞\), got 0.0"),
        ({"weight_decay": -1.0}, "weight_decay must be"),
    ],
)
def test_hyperparameters_of_adam_are_checked(
    rule: Any, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        rule([ag.Value(1.0)], **arguments)


def test_a_hyperparameter_of_a_wrong_type_is_named() -> None:
    with pytest.raises(TypeError, match=r"learning_rate must be .* of type str"):
        nn.SGD([ag.Value(1.0)], "0.1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"momentum must be .* of type Value"):
        nn.SGD([ag.Value(1.0)], 0.1, momentum=ag.Value(0.9))  # type: ignore[arg-type]


def test_a_schedule_that_gives_a_bad_rate_is_refused_before_anything_changes() -> None:
    x = ag.Value(1.0)
    optimizer = nn.SGD([x], lambda step: -1.0)
    x.grad = 1.0
    with pytest.raises(ValueError, match=r"learning_rate must be .* got -1.0"):
        optimizer.step()
    assert (x.data, optimizer.steps) == (1.0, 0)


def test_settings_can_be_changed_between_steps_and_are_checked_at_once() -> None:
    x = ag.Value(0.0)
    optimizer = nn.SGD([x], 1.0)
    assert steps(optimizer, [-1.0]) == [1.0]
    optimizer.learning_rate = 0.5
    optimizer.learning_rate *= 0.5
    assert steps(optimizer, [-1.0]) == [1.25]
    optimizer.learning_rate = lambda step: 2.0**-step  # two steps are done
    assert steps(optimizer, [-1.0]) == [1.5]
    optimizer.momentum, optimizer.learning_rate = 0.5, 1.0
    assert steps(optimizer, [-1.0, -1.0]) == [2.5, 4.0]
    assert optimizer.state_dict() == {"steps": 5, "velocity": [-1.5]}
    adam = nn.Adam([x], 0.1)
    for target, name, bad, error in (
        (optimizer, "learning_rate", -1.0, ValueError),
        (optimizer, "learning_rate", "0.1", TypeError),
        (optimizer, "learning_rate", ag.Value(0.1), TypeError),
        (optimizer, "learning_rate", nn.Cosine, TypeError),
        (optimizer, "learning_rate", lambda: 0.1, TypeError),
        (optimizer, "momentum", 1.0, ValueError),
        (optimizer, "nesterov", 1, TypeError),
        (adam, "betas", (0.9, 1.0), ValueError),
        (adam, "eps", 0.0, ValueError),
        (adam, "weight_decay", -1.0, ValueError),
    ):
        before = getattr(target, name)
        with pytest.raises(error, match=name):
            setattr(target, name, bad)
        assert getattr(target, name) == before


def test_a_model_may_stand_for_its_parameters() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    assert nn.SGD(model, 0.1).parameters == model.parameters()

    class Micrograds:
        def parameters(self) -> list[ag.Value]:
            return model.parameters()

    assert nn.Adam(Micrograds()).parameters == model.parameters()  # type: ignore[arg-type]
    for wrong in (3.0, ag.Value(1.0), model.parameters, None):
        with pytest.raises(TypeError, match="parameters must be a model or Values"):
            nn.SGD(wrong, 0.1)  # type: ignore[arg-type]


def test_a_step_that_is_interrupted_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = [ag.Value(1.0), ag.Value(2.0)]
    optimizer = nn.SGD(parameters, 1.0, momentum=0.5)
    for p in parameters:
        p.grad = 1.0

    write = flat.write

    def half(leaves: Any, numbers: Any) -> None:
        monkeypatch.setattr(flat, "write", write)
        leaves[0].data = numbers[0]
        raise KeyboardInterrupt

    monkeypatch.setattr(flat, "write", half)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert [p.data for p in parameters] == [1.0, 2.0]
    assert optimizer.state_dict() == {"steps": 0, "velocity": [0.0, 0.0]}


def test_parameters_are_leaf_values_each_once() -> None:
    x = ag.Value(1.0)
    with pytest.raises(ValueError, match="at least one"):
        nn.SGD([], 0.1)
    with pytest.raises(TypeError, match=r"parameters\[1\] must be a Value, got float"):
        nn.SGD([x, 1.0], 0.1)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="must be a leaf, got the result of 'mul'"):
        nn.SGD([x * x], 0.1)
    with pytest.raises(ValueError, match="more than once"):
        nn.SGD([x, x], 0.1)
