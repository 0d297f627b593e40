"""The page computes what the engine computes: every row, and whole graphs."""

from __future__ import annotations

import json
import math
import random
from contextlib import suppress
from typing import Any

import pytest

import autograd as ag
from autograd.core.graph import topological_order
from autograd.pictures.emit_js import MATH, OWN, emitted, function
from autograd.pictures.explorer import page
from autograd.table.number import Comparisons, Operations
from autograd.table.primitive import PRIMITIVES
from autograd.table.rules import RULES, Reduction, Rule
from tests.autograd.pictures.conftest import Tab
from tests.autograd.pictures.lecture import network
from tests.engines import once

ULPS = 4
"""Within which the platform's functions are those of Python's ``math``."""

GAMMA = {"gamma", "lgamma", "digamma", "polygamma"}

EXACT = {"abs", "sqrt"} | OWN - {"pow", "exp2", "erf", "erfc", "dist"} - GAMMA
"""Functions of the page that have Python's bits."""


def off(name: str, xs: list[float], z: float) -> float:
    """How far from Python's value of a function the page's may be."""
    if name == "gamma":
        return 12 * math.ulp(z)
    if name == "lgamma":  # its zeros are where larger terms cancel
        return 16 * math.ulp(max(1.0, abs(z)))
    if name in GAMMA:
        slope = derivatives(name, xs, z)[-1]
        return ULPS * 2.0**-53 * (abs(z) + abs(xs[-1] * slope))
    return ULPS * math.ulp(z)


def derivatives(name: str, xs: list[float], z: float) -> list[float]:
    rule = RULES[name]
    if isinstance(rule, Reduction):
        return list(map(float, rule.row(xs, z)))
    return [float(rule.partial(i, xs, z)) for i in range(len(xs))]


class Rough(Comparisons, Operations):
    """A number, and how far off it may be where functions are off by ``ULPS``."""

    def __init__(self, x: float, error: float = 0.0) -> None:
        self.x, self.error = x, error

    def _apply(self, name: str, operands: tuple[Any, ...]) -> Any:
        if name == "where":
            chosen = operands[0].x if isinstance(operands[0], Rough) else operands[0]
            return operands[1] if chosen else operands[2]
        if name == "power_log":  # in a partial of its own: code of the table, too
            return RULES[name].value(*operands)
        rough = [x if isinstance(x, Rough) else Rough(float(x)) for x in operands]
        xs = [r.x for r in rough]
        z = float(RULES[name].value(*xs))
        error = 0.0
        if any(r.error for r in rough):
            slopes = derivatives(name, xs, z)
            error = sum(abs(s) * r.error for s, r in zip(slopes, rough) if r.error)
            error = 1.01 * error + math.ulp(z)  # to first order, and a rounding
        if name in MATH | OWN - EXACT and name not in EXACT:
            error += off(name, xs, z)
        return Rough(z, error)

    def _compare(self, compare: Any, other: Any) -> Any:
        return compare(self.x, other.x if isinstance(other, Rough) else other)


def rough_row(name: str, xs: list[float]) -> list[Rough]:
    """The value and the partials of a row, each with how far off it may be."""
    rule, given = RULES[name], [Rough(x) for x in xs]
    z = rule.value(*given)
    if isinstance(rule, Reduction):
        found = [z, *rule.row(given, z)]
    else:
        found = [z, *(rule.partial(i, given, z) for i in range(len(xs)))]
    return [x if isinstance(x, Rough) else Rough(float(x)) for x in found]


def agree(said: str, rough: Rough) -> bool:
    x = float(said)
    if rough.error == 0 or not math.isfinite(rough.x):
        signs = math.copysign(1, x) == math.copysign(1, rough.x)
        return (x == rough.x and signs) or (x != x and rough.x != rough.x)
    return abs(x - rough.x) <= rough.error


def computed(tab: Tab, op: str, cases: list[list[float]]) -> list[list[str]]:
    """What the page's own row says."""
    numbers = json.dumps([list(map(repr, xs)) for xs in cases])
    return tab.page.evaluate(  # type: ignore[no-any-return]
        f"{numbers}.map((xs) => ROWS['{op}'](xs.map(parsed)).map(exact))"
    )


def operand(rng: random.Random, domain: Any) -> float:
    while True:
        x = rng.choice(
            [
                rng.uniform(-1, 1),
                rng.uniform(-6, 6),
                rng.uniform(-40, 40),
                round(rng.uniform(-10, 10)) / 2,
                rng.choice((-1, 1)) * 10 ** rng.uniform(-10, 10),
            ]
        )
        if domain is None or x in domain:
            return x


COUNTS = {
    name: len(rule.partials)
    if isinstance(rule, Rule)
    else 3 * rule.columns + (rule.step is not None)
    for name, rule in RULES.items()
    if name != "checkpoint"
}
"""How many operands the rows get here."""


@once
@pytest.mark.parametrize("name", COUNTS)
def test_the_page_has_every_row(name: str) -> None:
    assert function(name, COUNTS[name]) != "null", (
        f"a primitive of {name} needs js=… in autograd/table/primitives.py"
    )


def test_every_row_of_the_page_is_that_of_the_table(open_tab: Any) -> None:
    rng = random.Random(0)
    tab = open_tab(page(ag.Value(1.0).exp()))
    rows = f"(() => {{ {emitted(COUNTS.items())}; return ROWS; }})()"
    tab.page.evaluate(f"() => {{ Object.assign(ROWS, {rows}); }}")
    for name, count in COUNTS.items():
        rule: Any = RULES[name]
        domains = [*getattr(rule, "domain", ()), *[None] * count]
        cases, expected = [], []
        while len(cases) < 100:
            xs = [operand(rng, domains[i]) for i in range(count)]
            if name == "round":
                xs[1] = float(rng.randint(-3, 6))
            try:
                expected.append(rough_row(name, xs))
            except (ArithmeticError, ValueError):  # Python has no value there
                continue
            cases.append(xs)
        for xs, row, said in zip(
            cases, expected, computed(tab, f"{name}/{count}", cases)
        ):
            assert all(map(agree, said, row)), (name, xs, said)


def test_the_page_has_the_gamma_function_at_its_poles_and_ends(open_tab: Any) -> None:
    tab = open_tab(page(ag.gamma(ag.Value(0.5)) + ag.polygamma(1, ag.Value(0.5))))
    for name in GAMMA:
        cases = [
            *(0.0, -0.0, -1.0, -2.0, math.inf, -math.inf, math.nan, 1.0, 2.0),
            *(23.0, 171.5, 172.0, 5e-324, -1e-310, -170.5, -180.25, -190.75, 1e300),
        ]
        said = tab.page.evaluate(
            f"{json.dumps([repr(x) for x in cases])}.map((x) => exact("
            f"{name}({'1, ' * (name == 'polygamma')}parsed(x))))"
        )
        for x, text in zip(cases, said):
            xs = [1.0, x] if name == "polygamma" else [x]
            try:
                z = float(RULES[name].value(*xs))
                rough = Rough(z, off(name, xs, z) if math.isfinite(x) else 0.0)
            except (ArithmeticError, ValueError):
                rough = Rough(PRIMITIVES[name].limit(*xs))
            assert agree(text, rough), (name, x, text)


def anything(rng: random.Random) -> Any:
    """A graph in which every row occurs that the page has."""
    nodes = [ag.Value(rng.uniform(-2, 2), label=f"x{i}") for i in range(6)]
    for name in rng.sample(list(RULES), len(RULES)):
        rule: Any = RULES[name]
        count = len(rule.partials) if isinstance(rule, Rule) else 4 * rule.columns
        domains = [*getattr(rule, "domain", ()), *[None] * count][:count]
        operands: list[Any] = []
        for domain in domains:
            fit = [
                v
                for v in nodes
                if abs(v.data) < 9 and (domain is None or v.data in domain)
            ]
            if not fit or rng.random() < 0.2:
                new = operand(rng, domain)
                fit = [new if rng.random() < 0.5 and operands else ag.Value(new)]
            operands.append(rng.choice(fit))
        has = name not in ("checkpoint", "round") and function(name, count) != "null"
        if has:
            with suppress(ArithmeticError, ValueError):  # too large for it
                nodes.append(operands[0]._apply(name, tuple(operands)))
    return ag.sum(nodes)


def everything(tab: Tab) -> list[dict[str, Any]]:
    return tab.page.evaluate(  # type: ignore[no-any-return]
        "nodes.map((n) => ({ op: n.op, data: exact(n.data), adjoint: exact(n.adjoint),"
        " partials: n.partials.map(exact), places: n.edges.map((e) => e.place),"
        " sources: n.edges.map((e) => e.source.id),"
        " operands: n.operands.map((x) => exact(x.data)) }))"
    )


@pytest.mark.parametrize("seed", range(8))
def test_what_moves_in_the_page_is_computed_as_the_engine_would(
    open_tab: Any, seed: int
) -> None:
    rng = random.Random(seed)
    out = anything(rng)
    out.backward()
    tab = open_tab(page(out))
    recorded = everything(tab)
    for node, entry in zip(topological_order(out), recorded):
        assert float(entry["adjoint"]) == node.grad or node.grad != node.grad
    tab.page.evaluate("move(sources.map((x) => [x, x.data * 1.001]))")
    moved = everything(tab)
    assert moved != recorded
    # Each row is right for the operands that the page has for it, …
    for entry in moved:
        xs = list(map(float, entry["operands"]))
        if entry["op"] and all(map(math.isfinite, xs)):
            try:
                row = rough_row(entry["op"], xs)
            except (ArithmeticError, ValueError):
                continue
            said = [entry["data"], *(entry["partials"][k] for k in entry["places"])]
            kept = [row[0], *(row[1 + k] for k in entry["places"])]
            assert all(map(agree, said, kept)), entry
    # … and the adjoints follow from its partials, bit for bit.
    adjoints = [0.0] * (len(moved) - 1) + [1.0]
    reached = {len(moved) - 1}
    for i, entry in reversed(list(enumerate(moved))):
        for place, source in zip(entry["places"], entry["sources"]):
            partial = float(entry["partials"][place])
            if i in reached and (partial or not RULES[entry["op"]].choice):
                adjoints[source] += adjoints[i] * partial
                reached.add(source)
    assert [repr(x) for x in adjoints] == [entry["adjoint"] for entry in moved]
    tab.page.click("#reset")
    assert everything(tab) == recorded


def test_nudge_and_step_say_what_happened_and_what_was_foretold(open_tab: Any) -> None:
    loss, parameters = network()
    loss.backward()
    weight = parameters["W[1]2,2"]
    tab = open_tab(page(loss, weight))
    recorded = everything(tab)
    tab.page.fill("#h", "0.001")
    tab.page.click("#nudge")
    change, foretold = [
        float(b.get_attribute("title")) for b in tab.page.locator("#told b").all()
    ]
    assert foretold == weight.grad * 0.001
    assert change == pytest.approx(foretold, rel=0.01)
    tab.page.click("#reset")
    tab.page.click("#descend")
    for parameter in parameters.values():
        parameter.data -= 0.1 * parameter.grad
    shown = tab.page.evaluate(
        "nodes.filter((n) => n.parameter).map((n) => exact(n.data))"
    )
    order = [v for v in topological_order(loss) if v in parameters.values()]
    assert list(map(float, shown)) == [v.data for v in order]
    assert tab.text("#told").startswith(f"{len(parameters)} parameters")
    lower = tab.page.evaluate("output.data")
    assert lower < loss.data
    tab.page.fill("#alpha", "-0.1")  # the slip: uphill
    tab.page.click("#descend")
    assert tab.page.evaluate("output.data") > lower
    tab.page.click("#reset")
    assert everything(tab) == recorded


def test_a_slider_and_a_field_move_a_leaf_and_a_constant(open_tab: Any) -> None:
    a = ag.Value(3.0, label="a")
    out = a**2
    out.label = "y"
    tab = open_tab(page(out, a))
    tab.page.fill("#controls input[type=number]", "5")
    assert tab.text("#title") == "y = 25"
    assert tab.page.locator("#total").get_attribute("title") == "10.0"
    tab.page.focus("#controls input[type=range]")
    tab.page.keyboard.press("Home")
    assert tab.text("#title") == "y = 9"  # 3 − 6
    tab.box("y").hover()
    assert tab.page.locator("#controls .control").count() == 2  # the exponent too
    tab.page.fill('#controls input[type=number][aria-label^="constant"]', "3")
    assert tab.text("#title") == "y = −27"


def test_every_operand_can_be_moved_however_many_there_are(open_tab: Any) -> None:
    weights = [ag.Value(0.5, label=f"w{k}") for k in range(20)]
    out = ag.dot(weights, [float(k) for k in range(20)])
    out.label = "y"
    tab = open_tab(page(out))
    assert tab.page.locator("#controls .control").count() == 8
    tab.page.click("#controls button")
    assert tab.page.locator("#controls .control").count() == 40
    tab.page.locator("#controls input[type=number]").last.fill("119")  # not 19
    assert tab.text("#title") == "y = 145"


def test_what_python_alone_computes_is_said_and_never_wrong(open_tab: Any) -> None:
    a = ag.Value(2.0, label="a")
    out = ag.checkpoint(lambda x: x * x)(a)
    out.label = "y"
    tab = open_tab(page(out, a))
    tab.page.fill("#controls input[type=number]", "5")
    assert tab.text("#title") == "y = nan"
    tab.box("y").hover()
    assert "Only Python can compute this row" in tab.text("#value")
    tab.page.click("#reset")
    assert tab.text("#title") == "y = 4"
