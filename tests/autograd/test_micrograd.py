"""Programs in the manner of micrograd run when only their import changes."""

from __future__ import annotations

import random
from typing import Any

import graphviz
import pytest

import autograd as ag


def test_an_expression_of_every_operation_has_its_derivatives() -> None:
    def f(a: Any, b: Any) -> Any:
        c = a * b + 3
        c += c.relu() - a**2
        d = (2 / b - 1) * -c + sum([a, b, c])
        return d / 4.0 + (10 - d) ** 3 * (b - a).tanh()

    a, b = ag.Value(1.5), ag.Value(-0.75)
    out = f(a, b)
    out.backward()
    h = 1e-6
    for value, moved in (
        (a, lambda t: f(ag.Value(1.5 + t), ag.Value(-0.75)).data),
        (b, lambda t: f(ag.Value(1.5), ag.Value(-0.75 + t)).data),
    ):
        numeric = (moved(h) - moved(-h)) / (2 * h)  # off by h² f''' / 6 and ε f / h
        assert value.grad == pytest.approx(numeric, rel=1e-7)


def test_the_graph_is_seen_through_prev_and_op() -> None:
    a, b = ag.Value(2.0, label="a"), ag.Value(3.0, label="b")
    c = a * b
    c.label = "c"
    assert c._prev == {a, b}
    assert (a * a)._prev == {a}
    assert (a + 1)._prev == {a}
    assert a._prev == set()
    assert a._op == ""
    spelled = [a + b, a * b, a - b, a / b, a**3, a**-0.5, a**b, a.relu(), a.exp()]
    assert [x._op for x in spelled] == [
        "+",
        "*",
        "-",
        "/",
        "**3",
        "**-0.5",
        "**",
        "ReLU",
        "exp",
    ]
    assert (c.op, a.tanh()._op) == ("mul", "tanh")
    assert "data=6.0" in repr(c)


def trace(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
    nodes, edges = set(), set()

    def visit(node: Any) -> None:
        if node not in nodes:
            nodes.add(node)
            for operand in node._prev:
                edges.add((operand, node))
                visit(operand)

    visit(root)
    return nodes, edges


def test_a_notebooks_own_drawing_function_runs() -> None:
    x, w = ag.Value(0.5, label="x"), ag.Value(-1.0, label="w")
    out = (x * w + x).tanh()
    out.backward()
    nodes, edges = trace(out)
    dot = graphviz.Digraph(graph_attr={"rankdir": "LR"})
    for n in nodes:
        dot.node(str(id(n)), f"{n.label} | {n.data:.4f} | {n.grad:.4f}", shape="record")
        if n._op:
            dot.node(str(id(n)) + n._op, n._op)
            dot.edge(str(id(n)) + n._op, str(id(n)))
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    assert len(nodes) == 5
    assert len(edges) == 5  # x is an operand of two nodes
    assert dot.source.count("->") == len(edges) + 3


def test_a_training_loop_by_hand_makes_the_loss_fall() -> None:
    rng = random.Random(1)
    ws = [ag.Value(rng.uniform(-1, 1)) for _ in range(3)]
    data = [([1.0, -2.0, 0.5], 1.0), ([0.5, 1.5, -1.0], -1.0), ([-1.0, -1.0, 1.0], 1.0)]
    losses = []
    for _ in range(50):
        outs = [sum((w * x for w, x in zip(ws, xs)), 0.0).tanh() for xs, _ in data]
        loss = sum((out - y) ** 2 for out, (_, y) in zip(outs, data))
        for w in ws:
            w.grad = 0.0
        loss.backward()
        for w in ws:
            w.data += -0.1 * w.grad
        losses.append(loss.data)
    assert losses[-1] < 0.05 < losses[0]


def test_a_pass_by_hand_node_after_node_gives_the_gradient() -> None:
    a, b = ag.Value(2.0), ag.Value(-3.0)
    nodes = [a * b, a + 1.0]
    nodes.append((nodes[0] * nodes[1]).tanh() + b * b)
    order: list[Any] = []

    def visit(node: Any) -> None:
        if node not in order:
            for operand in node._prev:
                visit(operand)
            order.append(node)

    visit(nodes[-1])
    nodes[-1].grad = 1.0
    for node in reversed(order):
        node._backward()
    found = [a.grad, b.grad]
    a.grad = b.grad = 0.0
    nodes[-1].backward()
    assert found == pytest.approx([a.grad, b.grad], rel=1e-15)
    a._backward()  # a leaf has nobody to hand anything to
    assert (a * a)._backward() is None


def test_what_cannot_be_done_says_which_rule_to_write() -> None:
    a, b = ag.Value(2.0), ag.Value(3.0)
    with pytest.raises(TypeError, match=r"cube = autograd\.rule\(lambda x, y: "):
        ag.Value(8.0, (a, b), "cube")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"f = autograd\.rule\(lambda x: "):
        ag.Value(8.0, (a,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"cube = autograd\.rule\(lambda x: "):
        ag.Value(8.0, _children=(a,), _op="cube")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'lable'"):
        ag.Value(8.0, lable="a")  # type: ignore[arg-type]

    class Number:
        def softsign(self, x: Any, *others: Any) -> None:
            out = x * x

            def _backward() -> None:
                x.grad += out.grad * sum(others)

            out._backward = _backward

    with pytest.raises(AttributeError, match=r"softsign = autograd\.rule\(lambda x: "):
        Number().softsign(a, 1.0)
    with pytest.raises(AttributeError, match=r"f = autograd\.rule"):
        (a * b)._backward = None  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"cube = autograd\.rule\(lambda x: "):
        type("Special", (ag.Value,), {"cube": lambda self: self**3})


def test_an_attribute_of_ones_own_stays_with_its_parameter() -> None:
    p: Any = ag.Value(1.0)
    p.m = p.v = 0.0
    for _ in range(3):
        p.grad = 0.0
        (p * p).backward()
        p.m = 0.9 * p.m + 0.1 * p.grad
        p.v = 0.99 * p.v + 0.01 * p.grad**2
        p.data -= 0.1 * p.m / (p.v**0.5 + 1e-8)
    assert p.data < 1.0
