"""The benchmarks measure what they say: same answers everywhere, honest rows."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
from tests.engines import once

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import itertools

import truth
from comparisons import Comparison, row
from contest import Contestant, Times, agree, alternate
from dags import random_dag
from environments import Environment
from gradbench.function import flat
from gradbench.inputs import INPUTS
from gradbench.tapes import INPUTS as WRITTEN
from gradbench.tapes import Evaluation
from growth import WORKS
from libraries import LIBRARIES
from report import Row, markdown
from scale import chain as chain_of_nodes
from workloads import (
    WORKLOADS,
    chain_data,
    lecture_data,
    thousand_data,
    transformer_data,
    two_moons,
)

SMALL = {
    "moons": two_moons(examples=3, sizes=[2, 4, 1]),
    "mlp": two_moons(examples=3, sizes=[2, 4, 1]),
    "chain": chain_data(steps=5),
    "transformer": transformer_data(length=3, width=4, heads=2, vocabulary=5),
    "thousand": thousand_data(),
}


def answer(library: str, workload: str) -> list[float]:
    """The loss and its gradient, as a benchmark's child computes them."""
    data = SMALL.get(workload) or WORKLOADS[workload].data()
    return LIBRARIES[library]().prepare(WORKLOADS[workload], data)[1]()


@pytest.mark.parametrize("workload", ["moons", "chain", "transformer", "thousand"])
def test_a_script_computes_the_same_on_floats_and_on_values(
    workload: str, engine: str
) -> None:
    on_floats, on_values = answer("floats", workload)[0], answer(engine, workload)[0]
    # From Python 3.12 on, builtin ``sum`` adds floats with a compensation.
    if workload == "transformer" and sys.version_info >= (3, 12):
        assert math.isclose(on_floats, on_values, rel_tol=1e-14)
    else:
        assert on_floats == on_values


def test_the_written_out_network_and_the_library_s_have_one_gradient(
    engine: str,
) -> None:
    written, library = answer(engine, "moons"), answer(engine, "mlp")
    assert any(written[1:])
    assert written == pytest.approx(library, rel=1e-14, abs=1e-15)


def test_the_function_of_a_thousand_nodes_has_a_thousand_nodes() -> None:
    workload, data = WORKLOADS["thousand"], thousand_data()
    output = workload.forward(LIBRARIES["floats"](), [ag.Value(0.7)], data)
    seen, stack = set(), [output]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [x for x in node.operands if isinstance(x, ag.Value)]
    assert sum(1 for node in seen if node.operands) == 1000


def test_the_chain_of_the_memory_row_has_as_many_nodes_as_it_says(engine: str) -> None:
    node, nodes = chain_of_nodes(LIBRARIES[engine](), 100), 0
    while node.operands:
        node, nodes = node.operands[0], nodes + 1
    assert nodes == 100


def test_the_lecture_s_network_has_20_parameters() -> None:
    data = lecture_data()
    sizes = data["sizes"]
    assert len(data["theta"]) == 20
    assert sum(n * (m + 1) for m, n in itertools.pairwise(sizes)) == 20


def test_answers_that_differ_are_noticed() -> None:
    assert agree([1.0], [1.0, 5.0])  # floats have no gradient
    assert agree([1.0, 2.0, 3.0], [1.0, 3.0, 2.0])  # parameters in another order
    assert not agree([1.0, 2.0, 3.0], [1.0, 2.0, 3.0 + 1e-7])
    assert not agree([1.0], [1.0 + 1e-7, 5.0])
    assert truth.difference([1.0, 200.0], [1.0, 202.0]) == 2.0 / 202.0


def test_a_peer_that_is_not_there_is_reported_and_the_others_are_measured(
    engine: str,
) -> None:
    isolated = [sys.executable, "-E", "-s", "-c", "import autograd.table.rules"]
    if subprocess.run(isolated, cwd=Path(__file__).parent, check=False).returncode:
        pytest.skip("needs the project installed, not only its source tree")
    floats, mine = Contestant("floats", "moons"), Contestant(engine, "moons")
    peer = Contestant("micrograd", "moons")
    results = alternate(
        [floats, mine, peer],
        {
            "floats": Path(sys.executable),
            engine: Path(sys.executable),
            "micrograd": "does not install: no network",
        },
        SMALL,
        collector=True,
        rounds=2,
        seconds=0.001,
    )
    assert [len(results[c].step) for c in (floats, mine, peer)] == [2, 2, 0]
    comparison = Comparison("two moons", mine, peer, "micrograd {}", target=8.0)
    line = row(comparison, results)
    assert line.met is None
    assert "micrograd —: does not install: no network" in line.measured
    assert "not measured" in markdown([line])
    rest = replace(line, bound=None)
    with_target, without = markdown([rest, line]).split("\n\n")[1:]
    assert with_target.splitlines()[0].endswith("| target | met |")
    assert with_target.splitlines()[2].endswith("| not measured |")
    assert "target" not in without


@once
def test_a_library_that_fails_in_its_interpreter_is_reported() -> None:
    contestant = Contestant("hips-hessian", "lecture-arrays")
    results = alternate(
        [contestant],
        # Here ``autograd`` is this project, which has no module ``numpy``.
        {"hips-hessian": Path(sys.executable)},
        {"lecture-arrays": lecture_data()},
        collector=True,
        rounds=1,
        seconds=0.001,
    )
    assert "ModuleNotFoundError" in results[contestant].error


@once
def test_a_package_that_does_not_install_is_reported(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing-1.0-py3-none-any.whl")
    environment = Environment(Path(sys.prefix), {"nothing": [[missing]]})
    assert environment.versions == {}
    assert environment.failures["nothing"]


@pytest.mark.parametrize(
    ("mine", "target", "slower", "met"),
    [
        (3.0, 3.0, True, True),
        (3.1, 3.0, True, False),
        (0.5, 2.0, False, True),
        (0.6, 2.0, False, False),
        (9.0, None, True, None),
    ],
)
def test_a_row_says_whether_its_target_is_met(
    mine: float, target: float | None, slower: bool, met: bool | None
) -> None:
    a, b = Contestant("native", "moons"), Contestant("micrograd", "moons")
    results = {
        a: Times(step=[mine, 100.0, mine], collect=[0.0] * 3),
        b: Times(version="0.1.0", step=[1.0, 1.0, 1.0], collect=[1.0] * 3),
    }
    comparison = Comparison(
        "two moons", a, b, "micrograd {} as it is", target=target, slower=slower
    )
    line = row(comparison, results)
    assert line.met is met
    assert line.against.startswith("micrograd 0.1.0 as it is, 1 s")
    with_collection = row(replace(comparison, count_collection=True), results)
    assert "2 s" in with_collection.against


def test_a_row_without_a_target_has_no_verdict() -> None:
    assert Row("two moons", "native", samples=[1.0]).cells()[-1] == "—"


def test_the_evaluations_in_c_compute_what_the_tool_tells(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "reference":
        pytest.skip("the compiler needs seconds")
    monkeypatch.chdir(tmp_path)  # where ADOL-C keeps long tapes
    for name in WRITTEN:
        size = {"p": 20} if name == "ba" else {}
        data = {"evaluation": name, "input": INPUTS[name](random.Random(1), **size)}
        try:
            evaluation = Evaluation(data, taped=True)
        except OSError as error:
            pytest.skip(str(error))
        functions = import_module(f"tests.benchmarks.gradbench.{name}").FUNCTIONS
        values, slopes = (
            [*map(float, flat(f.report(f.compute(*f.prepare(data["input"])))))]
            for f in functions.values()
        )
        assert agree([evaluation.primal()()], values[-1:]), name
        if name != "kmeans":  # whose derivative is a step of Newton's
            told = evaluation.replay()[1]()
            assert len(told) == 1 + len(slopes), name
            assert agree(told, [values[-1], *slopes]), name


def test_random_expressions_use_every_operation_that_the_peers_have() -> None:
    dags: list[dict[str, Any]] = [
        random_dag(ag.RULES, truth.NAMES, seed) for seed in range(200)
    ]
    used = {name for dag in dags for name, _ in dag["nodes"]}
    assert used == {*truth.NAMES, "constant"}
    assert dags[7] == random_dag(ag.RULES, truth.NAMES, 7)


@pytest.mark.parametrize("workload", ["moons", "transformer"])
def test_a_compiled_script_computes_what_the_engine_does(
    workload: str, engine: str
) -> None:
    if engine != "native":
        pytest.skip("the benchmarks compile for the native engine")
    compiled, eager = answer("native-compiled", workload), answer(engine, workload)
    assert agree(compiled, eager)


def test_a_compiled_call_computes_what_floats_do(engine: str) -> None:
    if engine != "native":
        pytest.skip("the benchmarks compile for the native engine")
    assert answer("native-call", "small") == answer("floats", "small")
    hessian = answer("native-compiled-hessian", "lecture")
    assert agree(hessian, answer("native-hessian", "lecture"))


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called."""
    count = 0

    def seen(frame: object, event: str, function: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", WORKS)
def test_four_times_the_parts_are_four_times_the_calls(name: str) -> None:
    """What calls do not show is for the benchmark: it fits an exponent to the time."""
    small, large = (WORKS[name](n) for n in (250, 1000))
    small()  # what is made once for all
    assert calls(large) <= 4.4 * calls(small)
