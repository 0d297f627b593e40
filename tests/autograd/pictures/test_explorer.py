"""The explorer's page holds the graph's own numbers, and nothing that can break out."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

import autograd as ag
from autograd.core import choice
from autograd.core.graph import topological_order
from autograd.pictures import explorer
from autograd.pictures.explorer import page
from autograd.table.rules import RULES, Reduction, Rule
from tests.autograd.pictures.lecture import NASTY, network
from tests.engines import once
from tests.exact import same


class _Embedded(HTMLParser):
    """The elements of a page, and the text of the one that holds the data."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.json = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = ("id", "data") in attrs

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.json += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def data_of(text: str) -> dict[str, Any]:
    return json.loads(_Embedded(text).json)  # type: ignore[no-any-return]


def test_the_data_of_the_page_are_the_numbers_of_the_graph() -> None:
    loss, _ = network(elementary=True)
    loss.backward()
    order = topological_order(loss)
    entries = data_of(page(loss))["nodes"]
    assert len(entries) == len(order)
    for node, entry in zip(order, entries):
        assert float(entry["data"]) == node.data
        assert float(entry["grad"]) == node.grad
        assert tuple(map(float, entry["partials"])) == node.partials
        assert entry["op"] == node.op
        for operand, shown in zip(node.operands, entry["operands"]):
            if isinstance(shown, str):
                assert float(shown) == operand
            else:
                assert order[shown] is operand


def test_nan_inf_and_minus_zero_arrive_as_they_are() -> None:
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1]
    leaves = [ag.Value(x) for x in values]
    total = ag.sum(leaves)
    entries = data_of(page(total))["nodes"]
    order = topological_order(total)
    shown = {order[i]: float(entry["data"]) for i, entry in enumerate(entries)}
    for leaf, x in zip(leaves, values):
        assert same(shown[leaf], x)


def test_making_a_page_changes_nothing_in_the_graph() -> None:
    loss, parameters = network()
    loss.backward()
    parameters["W[1]2,2"].grad = 7.0
    order = topological_order(loss)

    def state() -> list[Any]:
        return [(v.data, v.grad, v.label, v.operands, v.partials) for v in order]

    before = state()
    page(loss, parameters["W[1]2,2"])
    for old, new in zip(before, state()):
        assert all(a == b for a, b in zip(old[:3] + old[4:], new[:3] + new[4:]))
        # The C engine makes the floats of its constants anew each time.
        same = (a is b or (type(a) is float and a == b) for a, b in zip(old[3], new[3]))
        assert all(same)


def test_equal_graphs_give_equal_pages() -> None:
    assert page(network()[0]) == page(network()[0])


def test_both_engines_give_the_same_page(engine: str) -> None:
    pages = set()
    try:
        for name in choice.available():
            choice.use(name)
            loss, parameters = network(elementary=True)
            loss.backward()
            pages.add(page(loss, parameters["W[1]2,2"]))
    finally:
        choice.use(engine)
    assert len(pages) == 1


def test_no_label_can_leave_its_place_in_the_page() -> None:
    x = ag.Value(1.0, label=NASTY)
    plain = _Embedded(page(ag.Value(1.0, label="x") * 2.0))
    nasty = _Embedded(page(x * 2.0))
    assert nasty.tags == plain.tags
    assert data_of(page(x * 2.0))["nodes"][0]["name"] == NASTY
    output = x * 2.0
    output.label = NASTY
    assert _Embedded(page(output)).tags == plain.tags


@pytest.mark.parametrize("label", ["\x00", "\ud800", "{{data}}", "\\u003c", "\r\n\t"])
def test_odd_labels_survive(label: str) -> None:
    text = page(ag.Value(1.0, label=label).exp())
    assert data_of(text)["nodes"][0]["name"] == label
    text.encode()


def test_the_page_loads_nothing_and_admits_its_own_script_alone() -> None:
    text = page(network()[0])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    names = {name for name, _ in _Embedded(text).attributes}
    assert not names & {"src", "href", "srcset", "action", "style", "onclick"}
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)


def test_a_graph_above_the_limit_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(explorer, "LIMIT", 10)
    x = ag.Value(1.0)
    for _ in range(9):
        x = x.sin()
    assert len(data_of(page(x))["nodes"]) == 10
    with pytest.raises(ValueError, match=r"11 values.*view=\"neurons\""):
        page(x.sin())


def test_what_is_no_value_of_the_graph_is_refused() -> None:
    x = ag.Value(1.0)
    with pytest.raises(TypeError, match="output must be a Value, got float"):
        page(1.0)
    with pytest.raises(TypeError, match="wrt must be a Value, got str"):
        page(x, "x")
    with pytest.raises(ValueError, match="wrt is not in the graph"):
        page(x.exp(), ag.Value(1.0))


def test_a_value_without_a_name_is_called_v_and_its_number() -> None:
    entries = data_of(page(ag.Value(2.0) * ag.Value(3.0, label="b") + 1.0))["nodes"]
    assert sorted(entry["name"] for entry in entries) == ["b", "v2", "v3", "v4"] or (
        sorted(entry["name"] for entry in entries) == ["b", "v1", "v3", "v4"]
    )


def test_operations_are_shown_with_their_constants() -> None:
    a = ag.Value(2.0, label="a")
    for value, symbol in [
        (a**2, "^ 2"),
        (2 / a, "2 ÷"),
        (a - 0.5, "− 0.5"),
        (ag.bce(a / 4, 1.0), "BCE, y = 1"),
    ]:
        assert data_of(page(value))["nodes"][-1]["symbol"] == symbol


def inside(domain: Any) -> float:
    """A number in a row's domain, not at an edge."""
    return next(x for x in (0.5, 1.5, 0.25, 1.0) if domain is None or x in domain)


@once
@pytest.mark.parametrize("name", RULES)
def test_every_operand_has_the_formula_of_its_partial(name: str) -> None:
    rule = RULES[name]
    if isinstance(rule, Rule):
        domains = rule.domain or (None,) * len(rule.parameters)
        operands = [ag.Value(inside(d)) for d in domains]
    else:
        operands = [ag.Value(0.1 * i) for i in range(1, 2 * rule.columns + 1)]
    out = operands[0]._apply(name, tuple(operands))
    text = page(out)
    entry = data_of(text)["nodes"][-1]
    (template,) = re.findall(r'<template id="rule-0">(.*?)</template>', text)
    shown = re.findall(r"<math.*?</math>", template)
    assert shown[0].startswith('<math displaystyle="true"><mrow><mi>f</mi>')
    letters = [letter for letter in entry["letters"] if letter is not None]
    # A choice keeps what is not chosen as a constant; all else is differentiated.
    # What a row computes together has no formula for each operand.
    together = isinstance(rule, Reduction) and None in rule.partials
    expected = 1 if name == "where" else 0 if together else len(operands)
    assert len(letters) == expected
    assert sorted(set(letters)) == list(range(1, len(shown)))


def test_a_checkpoint_shows_its_inputs_and_no_bookkeeping() -> None:
    a, b = ag.Value(2.0, label="a"), ag.Value(5.0, label="b")
    text = page(ag.checkpoint(lambda x, y: x * x * y)(a, b))
    entry = data_of(text)["nodes"][-1]
    assert entry["name"] == "v3"
    assert [float(x) for x in entry["partials"]] == [20.0, 4.0]
    assert all(isinstance(x, int) for x in entry["operands"])
    (template,) = re.findall(r'<template id="rule-0">(.*?)</template>', text)
    assert len(re.findall("<math", template)) == 2
    assert entry["letters"] == [1, 1]


def test_a_row_of_ones_own_that_needs_numbers_is_shown_by_its_name() -> None:
    halved = ag.rule(
        lambda x: x / 2 if x > 0 else math.sin(x),
        [lambda x, z: 0.5 if x > 0 else math.cos(x)],
        name="test_halved",
    )
    try:
        text = page(halved(ag.Value(3.0, label="a")))
    finally:
        del RULES["test_halved"]
    assert float(data_of(text)["nodes"][-1]["partials"][0]) == 0.5
    assert "test_halved" in text
    assert "partials[0]" in text
