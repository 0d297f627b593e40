"""A formula derived from a graph is the lecture's, and computes the gradient."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.core.graph import edges, reverse_sweep, topological_order
from autograd.formula.notation import text
from autograd.formula.symbol import Symbol
from autograd.paths.derive import derive
from autograd.paths.explain import explain
from autograd.paths.names import names, operation
from autograd.table.rules import RULES
from tests.autograd.formula.test_rows import evaluated
from tests.autograd.pictures.lecture import NASTY, network

COMMANDS = (
    r"partial|frac|left|right|operatorname|text|hat|begin|end|qquad|infty|sqrt|cdot|sum"
    r"|backslash|wedge|sim|sigma|mathrm|approx|[lr]floor|[lr]ceil|ne|le|ge|land|bmod"
)


def parses(latex: str) -> None:
    """Braces, delimiters and environments are paired, and every command is known."""
    bare = re.sub(r"\\[{}$&#%_,\\]", "", latex)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"[$#%~]", bare)
    for command in set(re.findall(r"\\([A-Za-z]+)", bare)):
        assert re.fullmatch(COMMANDS, command), command
    assert not re.search(r"\\[^A-Za-z]", bare)
    assert bare.count(r"\left") == bare.count(r"\right")
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", bare):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened


def named(x: Any) -> str:
    return text(x) if isinstance(x, Symbol) else str(x)


def numbered(x: Any, functions: dict[Any, float]) -> Any:
    """A formula with its derivatives written out: g′ and ∂ as the graph has them."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    if x.operation in ("prime", "ratio"):
        return functions[x.operation, x.operands[0], named(x.operands[1])]
    return Symbol(x.operation, tuple(numbered(y, functions) for y in x.operands))


def value(output: Any, wrt: Any) -> float:
    """What the derived formula is, for the numbers of its graph."""
    order = topological_order(output)
    called = names(order)
    formula, letters = derive(output, wrt)
    data: dict[str, Any] = {called[node]: node.data for node in order}
    functions: dict[tuple[str, str, str], float] = {}
    for node in order:
        for k, x in edges(node):
            for letter in (operation(node), *letters):
                functions["prime", letter, called[x]] = node.partials[k]
        if node.op.startswith("bce"):
            example = re.search(r"\(\d+\)$", called[node])
            y = node.operands[1]
            data["y" + (example[0] if example else "")] = getattr(y, "data", y)
    for over in order:
        partial = lambda node, i: node.partials[i]
        slopes = reverse_sweep(topological_order(over), {over: 1.0}, partial)
        for under in order:
            functions["ratio", called[over], called[under]] = slopes.get(under, 0.0)
    return float(evaluated(numbered(formula, functions), data))


@pytest.mark.parametrize(
    "parameter", ["W[1]2,2", "W[2]1,2", "b[2]1", "W[3]1,1", "b[1]3"]
)
@pytest.mark.parametrize("elementary", [False, True])
def test_the_formula_computes_the_gradient(parameter: str, elementary: bool) -> None:
    loss, parameters = network(elementary)
    w = parameters[parameter]
    assert value(loss, w) == pytest.approx(explain(loss, w).total, rel=1e-12)
    parses(ag.latex(loss, w))


def test_the_lectures_formulas_are_derived() -> None:
    loss, parameters = network()
    wanted = {
        "W[3]1,2": "(ŷ − y) a[2]2",
        "b[3]1": "ŷ − y",
        "W[2]1,3": "(ŷ − y) W[3]1,1 g′(z[2]1) a[1]3",
        "W[1]2,2": "(ŷ − y) (W[3]1,1 g′(z[2]1) W[2]1,2 + W[3]1,2 g′(z[2]2) W[2]2,2) "
        "g′(z[1]2) x2",
    }
    for parameter, formula in wanted.items():
        found, letters = derive(loss, parameters[parameter])
        assert text(found) == formula
        assert letters == ({"g": "ReLU"} if "g′" in formula else {})


def test_the_bracket_cancels_for_a_label_that_is_a_value_and_for_logits() -> None:
    z, y = ag.Value(0.3, label="s"), ag.Value(0.0, label="t")
    for loss in (ag.bce(ag.sigmoid(z), y), ag.bce_with_logits(z, y)):
        found, _ = derive(loss, z)
        assert text(found) in ("v3 − t", "v4 − t", "σ(s) − t")
    p = ag.Value(0.25, label="p")
    assert text(derive(ag.bce(p, 1.0), p)[0]) == "(1 − y) / (1 − p) − y / p"


@given(st.data())
def test_formulas_of_any_rows_compute_the_gradient(data: st.DataObject) -> None:
    nodes = [ag.Value(data.draw(st.floats(0.2, 0.9)), label=c) for c in "abc"]
    unary = ["exp", "log", "sqrt", "tanh", "sin", "sigmoid", "relu", "softplus", "atan"]
    for _ in range(data.draw(st.integers(1, 7))):
        x, y = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
        made = data.draw(st.sampled_from([*"+-*/^", "dot", *unary]))
        if made in unary:
            made_of = ag.abs(x) + 0.25
            nodes.append(getattr(ag, made)(made_of))
        elif made == "dot":
            nodes.append(ag.dot([x, y], [y, 2.0], x))
        elif made == "^":
            nodes.append(x**2)
        elif made != "/" or abs(y.data) > 0.01:
            operate = {"+": "add", "-": "sub", "*": "mul", "/": "truediv"}[made]
            nodes.append(x._apply(operate, (x, y)))
    output, wrt = nodes[-1], nodes[0]
    total = explain(output, wrt, limit=99)
    if abs(output.data) > 1e6 or total.count > 12:
        return
    size = math.fsum(abs(path.contribution) for path in total.paths)
    assert value(output, wrt) == pytest.approx(total.total, rel=1e-9, abs=1e-9 * size)
    parses(ag.latex(output, wrt))
    parses(total.latex())


def test_many_paths_are_a_sum_over_a_cut() -> None:
    net = nn.MLP(2, [10, 10, 10, 1], activation="tanh", seed=1)
    output, w = net([1.5, -0.8]), net.layers[0].neurons[0].weights[0]
    assert value(output, w) == pytest.approx(explain(output, w).total, rel=1e-12)
    assert ag.latex(output, w).count(r"\frac") == 1 + 2 * 10


def test_a_deep_graph_and_a_row_of_ones_own_have_a_formula() -> None:
    a = x = ag.Value(0.5, label="a")
    for _ in range(5_000):
        x = ag.sin(x)
    assert len(ag.latex(x, a)) < 5_000
    halved = ag.rule(
        lambda x: x / 2 if x > 0 else math.sin(x),
        [lambda x, z: 0.5 if x > 0 else math.cos(x)],
        name="test_halved",
    )
    try:
        assert ag.latex(halved(a), a) == (
            r"\frac{\partial v_{2}}{\partial a} = \frac{\partial v_{2}}{\partial a}"
        )
    finally:
        del RULES["test_halved"]


def test_what_has_no_path_is_0_and_the_output_itself_is_1() -> None:
    a, b = ag.Value(1.0, label="a"), ag.Value(2.0, label="b")
    assert ag.latex(a * 2.0, b).endswith("= 0")
    assert ag.latex(a, a).endswith("= 1")


@pytest.mark.parametrize(
    "label", [NASTY, "50% {of} $x_1$ & #2^3~\\", "שלום", "a\nb", "x" * 10_000, "]]]["]
)
def test_no_label_is_a_command(label: str) -> None:
    a = ag.Value(2.0, label=label)
    output = a * a + ag.sin(a)
    output.label = label
    parses(ag.latex(output, a))
    parses(explain(output, a).latex())
    parses(explain(output, a, through="auto").latex())
    html = explain(output, a)._repr_html_()
    assert set(re.findall(r"<(\w+)", html)) == {"table", "tr", "th", "td", "br"}
    lines = explain(output, a).markdown().splitlines()
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert not re.search(r"(?<!\\)[<`*$]", "".join(lines))


def test_bad_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="wrt must be a Value, got int"):
        ag.latex(ag.Value(1.0), 1)
