"""The tool of GradBench: its protocol, and each derivative against the truth."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from tests.benchmarks.gradbench.__main__ import EVALUATIONS, respond
from tests.benchmarks.gradbench.function import flat
from tests.benchmarks.gradbench.inputs import INPUTS

ROOT = Path(__file__).parents[1]
STYLES = ["eager", "reductions", "pure"] + ["compiled"] * hasattr(ag, "compile")
EPS = 2.0**-52


def evaluated(module: str, function: str, raw: Any) -> Any:
    """What the function gives, told as the tool tells it."""
    row = import_module(f"tests.benchmarks.gradbench.{module}").FUNCTIONS[function]
    return row.report(row.compute(*row.prepare(json.loads(json.dumps(raw)))))


def slopes(
    f: Callable[[list[float]], Sequence[float]], x: list[float]
) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian by central differences of two steps, and a bound of its error.

    Extrapolation to step 0 removes the term in h²; what is left is smaller than the
    correction was, and the rounding of f, of some hundred operations, over the step.
    """
    columns, bounds = [], []
    for i, at in enumerate(x):

        def quotient(h: float, i: int = i, at: float = at) -> np.ndarray:
            ends = [np.array(f([*x[:i], at + s, *x[i + 1 :]])) for s in (h, -h)]
            return (ends[0] - ends[1]) / (2 * h)

        h = 2.0**-10 * max(1.0, abs(at))
        wide, narrow = quotient(h), quotient(h / 2)
        columns.append(narrow + (narrow - wide) / 3)
        size = np.abs(np.array(f(x))) + np.abs(narrow) * abs(at) + 1.0
        bounds.append(np.abs(narrow - wide) + 400 * EPS * size / h)
    return np.array(columns).T, np.array(bounds).T


def assert_slopes(
    found: Any, f: Callable[[list[float]], Sequence[float]], x: list[float]
) -> None:
    truth, bound = slopes(f, x)
    assert np.shape(found) == truth.shape
    assert np.all(np.abs(np.array(found) - truth) <= bound)


def places(raw: Any, *names: str) -> tuple[list[float], Callable[[list[float]], Any]]:
    """The scalars under some names, and the input with others in their places."""
    scalars = [x for name in names for x in flat(raw[name])]

    def fill(like: Any, it: Any) -> Any:
        return [fill(part, it) for part in like] if isinstance(like, list) else next(it)

    def replaced(xs: list[float]) -> Any:
        it = iter(xs)
        return {**raw, **{name: fill(raw[name], it) for name in names}}

    return scalars, replaced


@pytest.mark.parametrize(
    ("module", "primal", "derivative", "names"),
    [
        ("gmm", "objective", "jacobian", ("alpha", "mu", "q", "l")),
        ("llsq", "primal", "gradient", ("x",)),
        ("lse", "primal", "gradient", ("x",)),
        ("lstm", "objective", "jacobian", ("main_params", "extra_params")),
        ("det", "primal", "gradient", ("A",)),
    ],
)
def test_gradients_are_those_of_differences(
    module: str, primal: str, derivative: str, names: tuple[str, ...]
) -> None:
    raw = INPUTS[module](random.Random(1))
    x, replaced = places(raw, *names)
    found = evaluated(module, derivative, raw)
    if isinstance(found, dict):
        found = [found[name] for name in names]
    assert_slopes(
        [flat(found)], lambda xs: [evaluated(module, primal, replaced(xs))], x
    )


def test_ode_differentiates_the_last_number() -> None:
    raw = INPUTS["ode"](random.Random(1))
    x, replaced = places(raw, "x")
    found = evaluated("ode", "gradient", raw)
    assert_slopes([found], lambda xs: [evaluated("ode", "primal", replaced(xs))[-1]], x)


@pytest.mark.parametrize("us", [True, False])
def test_the_jacobian_of_the_hand_is_that_of_differences(us: bool) -> None:
    raw = INPUTS["ht"](random.Random(1), us=us)
    x, replaced = places(raw, "us", "theta")
    found = np.array(evaluated("ht", "jacobian", raw))
    points = len(raw["us"])
    whole = np.zeros((len(found), len(x)))
    whole[:, 2 * points :] = found[:, 2:] if us else found
    for row in range(len(found) if us else 0):  # a point's own two numbers
        whole[row, 2 * (row // 3) : 2 * (row // 3) + 2] = found[row, :2]
    assert_slopes(whole, lambda xs: evaluated("ht", "objective", replaced(xs)), x)


def test_the_sparse_jacobian_of_bundle_adjustment_is_that_of_differences() -> None:
    ba = import_module("tests.benchmarks.gradbench.ba")
    raw = INPUTS["ba"](random.Random(1))
    cameras, points, weights, observations, features = ba.ba_prepare(raw)
    rows, columns, values = ba.ba_jacobian(
        cameras, points, weights, observations, features
    )
    x = [float(v) for v in flat([cameras, points, weights])]
    dense = np.zeros((len(rows) - 1, len(x)))
    for row, (begin, end) in enumerate(pairwise(rows)):
        dense[row, columns[begin:end]] = values[begin:end]

    def errors(xs: list[float]) -> list[float]:
        n, m = len(cameras), len(points)
        moved = [xs[11 * i : 11 * i + 11] for i in range(n)]
        seen = [xs[11 * n + 3 * i : 11 * n + 3 * i + 3] for i in range(m)]
        weighed = xs[11 * n + 3 * m :]
        return flat(ba.ba_objective(moved, seen, weighed, observations, features))

    assert_slopes(dense, errors, x)


def test_the_step_of_kmeans_is_newtons() -> None:
    raw = INPUTS["kmeans"](random.Random(1))
    points, centroids = np.array(raw["points"]), np.array(raw["centroids"])
    nearest = ((points[:, None] - centroids) ** 2).sum(2).argmin(1)
    step = [
        (centroid - points[nearest == k]).sum(0) / (nearest == k).sum()
        for k, centroid in enumerate(centroids)
    ]
    found = evaluated("kmeans", "dir", raw)
    assert np.allclose(found, step, rtol=100 * EPS, atol=100 * EPS)
    cost = ((points - centroids[nearest]) ** 2).sum()
    assert math.isclose(evaluated("kmeans", "cost", raw), cost, rel_tol=100 * EPS)


def test_hello_doubles() -> None:
    assert evaluated("hello", "square", 3.5) == 12.25
    assert evaluated("hello", "double", 3.5) == 7.0


@pytest.mark.parametrize("mode", ["rr", "fr"])
def test_saddle_ends_where_the_function_is_flat(mode: str, engine: str) -> None:
    if engine == "reference":
        pytest.skip("some 40,000 small gradients: a second on the engine in C")
    found = evaluated("saddle", mode, {"start": [1.0, 1.0]})
    assert np.all(np.abs(found) <= 1e-5)  # a descent stops at a step of that length


def test_the_particle_lands_where_it_should(engine: str) -> None:
    if engine == "reference":
        pytest.skip("some 10,000 small gradients: seconds on the engine in C")
    particle = import_module("tests.benchmarks.gradbench.particle")
    w = evaluated("particle", "rr", {"w": 0.0})
    h = 2.0**-10
    fly = particle.flight(ag.value_and_grad(particle.potential))
    here, left, right = (particle.landing(v, fly) for v in (w, w - h, w + h))
    assert here < min(left, right)
    assert here < 1e-6


def test_all_twelve_evaluations_are_there() -> None:
    assert len(EVALUATIONS) == 12
    assert set(EVALUATIONS) == set(INPUTS)
    for name in EVALUATIONS:
        assert import_module(f"tests.benchmarks.gradbench.{name}").FUNCTIONS


def message(i: int, **fields: Any) -> str:
    return json.dumps({"id": i, **fields})


@pytest.mark.parametrize("style", STYLES)
def test_the_tool_answers_a_session_in_every_style(style: str, engine: str) -> None:
    if engine == "reference" and style != "pure":
        pytest.skip("another process chooses its own engine")
    functions = {"hello": "double", "saddle": None, "particle": None}
    asked = [message(0, kind="start", eval="all")]
    for i, name in enumerate(EVALUATIONS):
        asked.append(message(2 * i + 1, kind="define", module=name))
        rows = import_module(f"tests.benchmarks.gradbench.{name}").FUNCTIONS
        last = functions.get(name, list(rows)[-1])
        if last is not None:
            raw = INPUTS[name](random.Random(2))
            raw = {**raw, "min_runs": 2} if isinstance(raw, dict) else raw
            asked.append(
                message(
                    2 * i + 2, kind="evaluate", module=name, function=last, input=raw
                )
            )
    session = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.gradbench", "--style", style],
        input="\n".join(asked) + "\n",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = list(map(json.loads, session.stdout.splitlines()))
    assert len(answers) == len(asked)
    assert answers[0]["config"]["style"] == style
    if style == "pure":
        assert answers[0]["config"]["engine"] == "reference"
    for question, answer in zip(map(json.loads, asked), answers):
        assert answer["id"] == question["id"]
        assert answer.get("success", True), answer
        if question["kind"] != "evaluate":
            continue
        name, function = question["module"], question["function"]
        expected = evaluated(name, function, question["input"])
        assert np.allclose(
            flat(list(answer["output"].values()))
            if isinstance(answer["output"], dict)
            else flat(answer["output"]),
            flat(list(expected.values()))
            if isinstance(expected, dict)
            else flat(expected),
            rtol=1e-12,
            atol=1e-13,
        )
        runs = [t for t in answer["timings"] if t["name"] == "evaluate"]
        assert len(runs) >= (2 if isinstance(question["input"], dict) else 1)


def evaluate(**changes: Any) -> str:
    asked = {"kind": "evaluate", "module": "lse", "function": "primal"}
    return message(7, **{**asked, "input": {"x": [0.0, 0.0]}, **changes})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no JSON"),
        ("[1]", "a message must be a JSON object with 'id'"),
        ('{"id": 7}', "with 'kind'"),
        (evaluate(module="gdp"), "no evaluation 'gdp', only ba, det"),
        (evaluate(function="hessian"), "lse has no function 'hessian', only primal"),
        (evaluate(input={"y": [1.0]}), "input must be an object with x"),
        (evaluate(input={"x": []}), "lse.primal: ValueError"),
        (evaluate(input={"x": [1.0, "a"]}), "x[1] must be a number, got 'a'"),
        (evaluate(input={"x": [1.0, True]}), "x[1] must be a number, got True"),
        (evaluate(input={"x": 1.0}), "x must be a list, got 1.0"),
        (evaluate(function=["primal"]), "lse has no function ['primal']"),
        (evaluate(input={"x": [1.0], "min_runs": -1}), "min_runs must be a number"),
        (
            evaluate(module="kmeans", function="dir", input={"points": [[0.0, 1.0]]}),
            "input must be an object with centroids, points",
        ),
        (
            evaluate(module="det", input={"A": [1.0, 2.0, 3.0], "ell": 2}),
            "A must have 2 · 2 numbers, got 3",
        ),
        (evaluate(input={"x": [math.nan, 1.0]}), "no JSON: NaN is none of its numbers"),
        (evaluate(input={"x": [1.0, -math.inf]}), "no JSON: -Infinity is none"),
        (
            evaluate(module="hello", function="square", input=1e200),
            "hello.square: the result has inf",
        ),
    ],
)
def test_a_message_that_does_not_fit_is_answered_and_the_tool_goes_on(
    line: str, told: str
) -> None:
    answer = respond(line)
    assert answer["success"] is False
    assert told in answer["error"]
    assert respond(evaluate())["output"] == math.log(2.0)


UNFIT = {
    "ba": ("cam", lambda x: x[1:], "cam must have 11 entries, got 10"),
    "gmm": ("mu", lambda x: x[1:], "mu must have k = 4 entries"),
    "ht": ("us", lambda x: x[1:], "us must have 4 entries, got 3"),
    "kmeans": (
        "points",
        lambda x: [*x, [1.0]],
        "points[20] must have d = 2 entries, got 1",
    ),
    "llsq": ("n", lambda x: [x], "n must be a number, got [16]"),
    "lstm": ("state", lambda x: x[1:], "state must have 2*l = 4 entries"),
    "ode": ("s", str, "s must be a number, got '5'"),
    "particle": ("w", lambda x: [x], "w must be a number, got [0.0]"),
    "saddle": ("start", lambda x: [*x, 1.0], "start must have 2 entries, got 3"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_sizes_that_do_not_fit_are_named(name: str) -> None:
    field, spoiled, told = UNFIT[name]
    raw = INPUTS[name](random.Random(1))
    functions = import_module(f"tests.benchmarks.gradbench.{name}").FUNCTIONS
    for function in functions:
        spoilt = {**raw, field: spoiled(raw[field])}
        answer = respond(evaluate(module=name, function=function, input=spoilt))
        assert answer["success"] is False
        assert told in answer["error"]
        assert answer["id"] == 7
