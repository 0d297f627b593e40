"""C's sweeps over Values record the very graph that Python's record."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import choice, graph
from autograd.derivatives import sweeps
from autograd.table.rules import RULES, Rule
from tests.autograd.native.test_parity import NUMBERS, outcome
from tests.effort import share
from tests.exact import bits

native = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)


def in_python(compute: Callable[[], Any]) -> Any:
    """What a computation gives when the sweeps over Values are those in Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "native", {})
        return compute()


def drawn(results: list[Any], inputs: list[Any]) -> list[Any]:
    """The graphs of some results: all that there is to say of each node."""
    numbers: dict[Any, Any] = {x: f"input {i}" for i, x in enumerate(inputs)}
    shown = []
    for result in results:
        if result.__class__ is float:
            shown.append(bits(result))
            continue
        for node in graph.topological_order(result, set(numbers)):
            operands = [numbers.get(x, x) for x in node.operands]
            numbers[node] = len(numbers)
            shown.append((node.op, *map(bits, (node.data, operands, [*node.partials]))))
        shown.append(numbers[result])
    return shown


def both_sweeps(output: Any, inputs: list[Any], seed: list[Any]) -> Callable[[], Any]:
    def compute() -> list[Any]:
        return [
            *drawn(sweeps.sweep(output, inputs, stop=True), inputs),
            *drawn(sweeps.sweep(output, inputs, stop=False), inputs),
            *drawn(sweeps.pushforward([output], inputs, [seed])[0], inputs),
        ]

    return compute


def applied(name: str, operands: list[Any]) -> Any:
    """A row's result, and a product with it, so that adjoints are Values too."""
    z = ag.Value(0.0)._apply(name, tuple(operands))
    return z * z + z * 3.0


SEEDS = st.lists(
    st.sampled_from([None, 0.0, 1.0, -1.0, 2.5, "a Value"]), min_size=8, max_size=8
)


@pytest.mark.parametrize("name", RULES)
@share(0.5)
@given(data=st.data(), seeds=SEEDS, constants=st.sets(st.integers(0, 7)))
def test_for_every_row(
    name: str, data: Any, seeds: list[Any], constants: set[int]
) -> None:
    rule = RULES[name]
    count = len(rule.partials)
    if not isinstance(rule, Rule):
        starts = rule.step is not None and count > 1
        count = count * data.draw(st.integers(1, 3)) + starts
    numbers = [data.draw(NUMBERS) for _ in range(count)]
    operands = [x if i in constants else ag.Value(x) for i, x in enumerate(numbers)]
    inputs = [x for x in operands if isinstance(x, ag.Value)]
    if not inputs:
        return
    try:
        output = applied(name, operands)
    except (ArithmeticError, ValueError):
        return
    seed = [ag.Value(0.5) if s == "a Value" else s for s in seeds[: len(inputs)]]
    compute = both_sweeps(output, inputs, seed)
    assert compute() == in_python(compute)


def a_graph(seed: int) -> tuple[Any, list[Any]]:
    """A graph with sharing, constants, choices and rows of all kinds; its leaves."""
    draw = random.Random(seed)
    inputs = [ag.Value(draw.uniform(0.1, 2.0)) for _ in range(3)]
    nodes: list[Any] = [*inputs]
    for _ in range(25):
        x, y = draw.choice(nodes), draw.choice([*nodes, 0.5, 1.0, -1.0])
        make: Any = draw.choice(
            [
                lambda x, y: x * y,
                lambda x, y: x + y,
                lambda x, y: x - y,
                lambda x, y: x / (2.0 + x * x),
                lambda x, y: ag.sin(x) ** 2,
                lambda x, y: ag.tanh(x),
                lambda x, y: ag.where(x > y, x, y),
                lambda x, y: ag.dot([x, y, 1.0], [y, x, x], x),
                lambda x, y: ag.sum([x, y, x]),
                lambda x, y: ag.atan2(x, 1.5),
                lambda x, y: ag.logsumexp([x, y]),
                lambda x, y: ag.checkpoint(lambda t: ag.tanh(t) * t)(x),
            ]
        )
        nodes.append(make(x, y))
    return ag.sum(nodes[-4:]), inputs


@given(st.integers(0, 10**6))
def test_for_graphs_with_sharing(seed: int) -> None:
    output, inputs = a_graph(seed)
    compute = both_sweeps(output, inputs, [1.0, None, ag.Value(2.0)])
    assert compute() == in_python(compute)


@given(st.integers(0, 10**6))
def test_by_nodes_on_the_way_and_by_the_output_itself(seed: int) -> None:
    output, inputs = a_graph(seed)
    wanted = [*graph.topological_order(output)[::3], output, ag.Value(1.0), inputs[0]]

    def compute() -> Any:
        return drawn(sweeps.sweep(output, wanted, stop=False), wanted)

    assert compute() == in_python(compute)


def test_a_rule_of_ones_own_is_asked() -> None:
    cube = ag.rule(lambda x: x * x * x, [lambda x, z: 3 * x * x], name="higher_cube")
    try:
        x = ag.Value(2.0)
        compute = both_sweeps(cube(x) * x, [x], [1.0])
        assert compute() == in_python(compute)
    finally:
        del RULES["higher_cube"]


@pytest.mark.parametrize(
    "make", [lambda x: x * x, ag.sin, lambda x: ag.dot([x, 1.0], [x, x])]
)
def test_changed_data_is_an_error_as_in_python(make: Any) -> None:
    x = ag.Value(2.0)
    compute = both_sweeps(make(x), [x], [1.0])
    x.data = 3.0
    found = outcome(compute)
    assert found == outcome(lambda: in_python(compute))
    assert found[:2] == ("exception", ValueError)


def test_within_no_grad_there_is_no_graph() -> None:
    x = ag.Value(2.0)
    y = ag.sin(x) * x
    with ag.no_grad():
        (slope,) = sweeps.sweep(y, [x], stop=True)
    assert slope.operands == ()
    assert slope.data == native.gradients(y, [x])[0][0]


def test_a_chain_of_a_million_nodes_needs_no_recursion() -> None:
    x = y = ag.Value(1.0)
    for _ in range(1_000_000):
        y = y * x
    (slope,) = sweeps.sweep(y, [x], stop=True)
    assert slope.data == 1_000_001.0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("adjoint_graph", (1.0, [], True, None)),
        ("adjoint_graph", ("x", [1.0], True, None)),
        ("adjoint_graph", ()),
        ("tangent_graph", (["x"], ["x", "x"], [1.0, 1.0], None)),
        ("tangent_graph", (["x"], ["x"], ["1"], None)),
        ("tangent_graph", (["x"], ["x"], [], None)),
        ("tangent_graph", ()),
    ],
)
def test_what_does_not_fit_is_refused(name: str, arguments: tuple[Any, ...]) -> None:
    x = ag.Value(1.0)

    def placed(argument: Any) -> Any:
        if isinstance(argument, list):
            return list(map(placed, argument))
        return x if argument == "x" else argument

    with pytest.raises((TypeError, ValueError)):
        getattr(native, name)(*map(placed, arguments))
