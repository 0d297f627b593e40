"""The explorer shows the graph's own numbers, by mouse, by keyboard and by step."""

from __future__ import annotations

import math
import random
import re
from decimal import Decimal
from typing import Any

import pytest

import autograd as ag
import nn
from autograd.core.graph import count_paths, topological_order
from autograd.paths.explain import explain
from autograd.pictures.explorer import page
from tests.autograd.paths.test_numerals import decimal, near
from tests.autograd.pictures.conftest import Tab
from tests.autograd.pictures.lecture import NASTY, network


def short(x: float) -> str:
    """A number as the boxes show it."""
    if x == 0:
        return "−0" if math.copysign(1, x) < 0 else "0"
    return f"{x:.4g}".replace("-", "−")


def test_every_box_shows_the_numbers_of_its_value(open_tab: Any) -> None:
    loss, _ = network(elementary=True)
    loss.backward()
    order = topological_order(loss)
    tab = open_tab(page(loss))
    assert tab.numbers("data") == [short(v.data) for v in order]
    assert tab.numbers("grad") == [short(v.grad) for v in order]


def test_hovering_shows_number_gradient_operation_rule_and_partials(
    open_tab: Any,
) -> None:
    a, b = ag.Value(2.0, label="a"), ag.Value(-3.0, label="b")
    product = a * b
    product.label = "c"
    out = product.tanh()
    out.backward()
    tab = open_tab(page(out))
    tab.box("c").hover()
    shown = tab.text("#value")
    assert shown.startswith("c = ×")
    assert "x y" in shown
    for number in (-6.0, product.grad, *product.partials):
        assert repr(number) in shown or short(number) in shown
    # The rule is laid out as mathematics: one formula for z, one per operand.
    assert tab.page.locator("#value .formulas math").count() == 3
    rows = tab.page.locator("#value tbody tr")
    assert rows.count() == 2
    partials = rows.locator("td:last-child").all()
    shown_partials = [float(cell.get_attribute("title")) for cell in partials]
    assert shown_partials == [-3.0, 2.0]


def test_clicking_a_weight_shows_its_paths_whose_sum_is_the_gradient(
    open_tab: Any,
) -> None:
    loss, parameters = network()
    loss.backward()
    weight = parameters["W[1]2,2"]
    tab = open_tab(page(loss))
    tab.page.click("#fit")
    tab.box("W[1]2,2").click()
    products = [
        float(element.get_attribute("title"))
        for element in tab.page.locator("#paths .product").all()
    ]
    assert len(products) == 2 == count_paths(loss, weight)
    assert sorted(products, key=abs, reverse=True) == products
    # Two products of seven factors and one sum: 8 roundings each way.
    slack = 16 * 2.0**-53 * sum(map(abs, products))
    assert abs(sum(products) - weight.grad) <= slack
    total = tab.page.locator("#total").get_attribute("title")
    assert float(total) == weight.grad
    assert "∂L/∂W[1]2,2" in tab.text("#paths")
    assert tab.page.locator(".ray.p0").count() > 0
    assert tab.page.locator(".ray.p1").count() > 0
    lit = tab.page.locator(".box.on").count()
    assert 2 < lit < len(topological_order(loss))
    tab.page.keyboard.press("Escape")
    assert tab.page.locator(".ray").count() == 0


def test_the_paths_are_those_of_explain(open_tab: Any) -> None:
    loss, parameters = network(elementary=True, seed=5)
    for weight in (parameters["W[1]1,1"], parameters["b[2]2"], parameters["W[3]1,1"]):
        said = explain(loss, weight)
        tab = open_tab(page(loss, weight))
        products = [
            float(element.get_attribute("title"))
            for element in tab.page.locator("#paths .product").all()
        ]
        assert products == pytest.approx(
            [path.contribution for path in said.paths], rel=32 * 2.0**-53
        )


@pytest.mark.parametrize("seed", range(6))
def test_the_paths_are_those_of_explain_for_any_local_derivatives(
    open_tab: Any, seed: int
) -> None:
    rng = random.Random(seed)
    slopes = [0.0, -0.0, math.inf, 2.0, -0.5, 1e200, 1e-200, 5e-324, 1.0, -3.0]
    slopes = [*rng.sample(slopes, 6), 1.0, 0.5, 2.0]
    nodes: list[Any] = []
    while not nodes or not 2 <= count_paths(nodes[-1], nodes[0]) <= 8:
        nodes = [ag.Value(1.0, label="a")]
        for _ in range(7):
            operands = rng.choices(nodes[-2:], k=rng.choice((1, 2)))
            nodes.append(ag.sum([x * rng.choice(slopes) for x in operands]))
    said = [path.contribution for path in explain(nodes[-1], nodes[0]).paths]
    tab = open_tab(page(nodes[-1], nodes[0]))
    products = [
        float(element.get_attribute("title"))
        for element in tab.page.locator("#paths .product").all()
    ]
    assert list(map(abs, products)) == pytest.approx(
        list(map(abs, said)), rel=32 * 2.0**-53, abs=0.0, nan_ok=True
    )


def rows_of_paths(tab: Tab) -> tuple[list[int], list[float]]:
    """How many paths each row stands for, and their sum."""
    rows = tab.page.locator("#paths .path").all()
    products = [r.locator(".product").get_attribute("title") for r in rows]
    counts = [int(row.get_attribute("data-count")) for row in rows]
    return counts, list(map(float, products))


def holds(equation: str) -> bool:
    """Whether a pencil finds what is printed: a + b × c, or factors, = a number."""
    left, sign, right = re.split("([=≈])", equation.replace("\n", " "))
    total = Decimal(0)
    for term in re.split(r" \+ ", left):
        factors = [f.strip(" ()[]") for f in re.split("[×·]", term)]
        total += math.prod(map(decimal, factors), start=Decimal(1))
    return sign == "≈" or near(total, decimal(right.strip().lstrip("+")))


@pytest.mark.parametrize("seed", range(4))
def test_what_the_page_prints_multiplies_out_and_adds_up(
    open_tab: Any, seed: int
) -> None:
    loss, parameters = network(elementary=seed % 2 == 0, seed=seed)
    tab = open_tab(page(loss, parameters["W[1]2,2"]))
    inner = sum(bool(node.op) for node in topological_order(loss))
    texts = [t.split("L", 1)[1] for t in tab.page.locator(".path").all_text_contents()]
    texts = [re.sub(r"^, [\d,]+ paths?", "", text) for text in texts]
    for position in range(inner + 2, 2 * inner + 2):
        tab.page.evaluate(f"go({position})")
        for row in tab.page.locator("#step tbody tr").all():
            cells = row.locator("td").all_text_contents()
            texts.append(" ".join(cells[1:]))
    assert len(texts) > inner
    assert all(map(holds, texts)), [text for text in texts if not holds(text)]
    assert sum("≈" in text for text in texts) <= len(texts) / 20


def test_2_to_the_60_paths_are_a_few_rows_that_hold_them_all(open_tab: Any) -> None:
    a = x = ag.Value(1.0, label="a")
    for _ in range(60):
        x = 0.75 * x + 0.5 * x
    x.backward()
    tab = open_tab(page(x, a))
    assert "1,152,921,504,606,846,976 paths" in tab.text("#paths")
    for _ in range(3):
        counts, products = rows_of_paths(tab)
        assert sum(counts) == 2**60
        assert math.fsum(products) == pytest.approx(a.grad, rel=256 * 2.0**-53)
        tab.page.click("#paths .path >> nth=0")  # opens it: two rows more or none


@pytest.mark.parametrize("seed", range(3))
def test_the_rows_hold_all_paths_and_add_up_to_the_gradient(
    open_tab: Any, seed: int
) -> None:
    rng = random.Random(seed)
    nodes = [ag.Value(rng.uniform(-1, 1), label="a")]
    for _ in range(20):
        chosen = rng.choices(nodes[-3:], k=rng.choice((1, 2, 3)))
        nodes.append(ag.sum([x * rng.uniform(-1, 1) for x in chosen]))
    nodes[-1].backward()
    tab = open_tab(page(nodes[-1], nodes[0]))
    counts, products = rows_of_paths(tab)
    total = float(tab.page.locator("#total").get_attribute("title"))
    assert total == nodes[0].grad
    if tab.page.locator("#paths .rest").count() == 0:
        assert sum(counts) == count_paths(nodes[-1], nodes[0])
        slack = 64 * 2.0**-53 * sum(map(abs, products))
        assert abs(math.fsum(products) - total) <= slack


def test_stepping_to_the_end_and_back_reproduces_the_adjoints(open_tab: Any) -> None:
    loss, _ = network()
    tab = open_tab(page(loss))
    order = topological_order(loss)
    inner = [v for v in order if v.op]
    states = []
    for _ in range(2 * len(inner) + 2):
        tab.page.click("#next")
        states.append((tab.numbers("data"), tab.numbers("grad"), tab.text("#step")))
    assert tab.page.get_attribute("#next", "aria-disabled") == "true"
    assert "Done" in tab.text("#step")
    loss.backward()
    assert tab.adjoints() == [v.grad for v in order]
    assert tab.numbers("grad") == [short(v.grad) for v in order]
    # At the start only leaves have numbers; halfway all data, and no gradient yet.
    assert "partials are recorded" in states[1][2]
    assert states[0][0] == ["·" if v.op else short(v.data) for v in order]
    assert states[len(inner)][0] == [short(v.data) for v in order]
    assert set(states[len(inner)][1]) == {"·"}
    for state in reversed(states[:-1]):
        tab.page.click("#back")
        assert state == (tab.numbers("data"), tab.numbers("grad"), tab.text("#step"))
    tab.page.click("#reset")
    assert tab.numbers("data") == [short(v.data) for v in order]


def test_a_step_is_seen_although_paths_are_lit(open_tab: Any) -> None:
    loss, parameters = network()
    tab = open_tab(page(loss, parameters["W[1]1,1"]))
    for position in range(1, tab.page.evaluate("LAST") + 1):
        tab.page.fill("#position", str(position))
        faint = tab.page.evaluate(
            "[...document.querySelectorAll('.current, .flow')]"
            ".filter(e => getComputedStyle(e).opacity !== '1').length"
        )
        assert faint == 0


def test_a_backward_step_writes_out_the_chain_rule_with_its_numbers(
    open_tab: Any,
) -> None:
    a = ag.Value(3.0, label="a")
    square = a * a
    square.label = "s"
    out = square * 0.5
    out.label = "L"
    tab = open_tab(page(out))
    tab.page.fill("#position", "5")  # leaves, s, L, dL/dL, L hands out, s hands out
    assert "s hands out its share" in tab.text("#step")
    first, second = tab.page.locator("#step tbody tr").all()
    assert "0 + 0.5 × 3" in first.inner_text()
    assert "1.5 + 0.5 × 3" in second.inner_text()
    after = [row.locator(".after").get_attribute("title") for row in (first, second)]
    assert after == ["1.5", "3.0"]
    assert tab.page.locator("#step math mfrac").count() >= 4


def test_the_steps_use_this_outputs_adjoints_whatever_grad_holds(open_tab: Any) -> None:
    a = ag.Value(3.0, label="a")
    out = a * a
    out.label = "L"
    out.backward()
    out.backward()
    tab = open_tab(page(out, a))
    assert tab.numbers("grad") == ["12", "1"]
    assert "grad is not the derivative of this output alone" in tab.text("#step")
    assert "12.0" in tab.text("#value")
    assert "6.0" in tab.text("#value")
    assert tab.page.locator("#total").get_attribute("title") == "6.0"
    tab.page.fill("#position", "3")
    assert tab.adjoints() == [6.0, 1.0]


def test_before_backward_the_page_says_that_no_gradient_has_been_computed(
    open_tab: Any,
) -> None:
    a = ag.Value(3.0, label="a")
    out = a * a
    out.label = "L"
    tab = open_tab(page(out))
    assert tab.numbers("grad") == ["–", "–"]
    assert "No gradient has been computed from here" in tab.text("#step")
    tab.box("a").click()
    assert "grad\n–" in tab.text("#value")
    tab.page.evaluate("go(LAST)")
    assert tab.numbers("grad") == ["6", "1"]
    out.backward()
    tab = open_tab(page(out))
    assert tab.numbers("grad") == ["6", "1"]
    assert "No gradient" not in tab.text("#step")


def test_play_runs_to_the_end_and_pause_stops_it(open_tab: Any) -> None:
    a = ag.Value(0.5, label="a")
    tab = open_tab(page((a * 2.0).tanh().exp()))
    tab.page.select_option("#speed", label="fast")
    tab.page.click("#play")
    assert "Pause" in tab.text("#play")
    tab.wait("position >= 2")
    tab.page.click("#play")
    stopped = tab.page.evaluate("position")
    tab.page.wait_for_timeout(400)
    assert tab.page.evaluate("position") == stopped < 7
    tab.page.click("#play")
    tab.wait("position === LAST")
    assert "Play" in tab.text("#play")


def test_everything_works_by_keyboard(open_tab: Any) -> None:
    loss, _ = network()
    tab = open_tab(page(loss))
    press = tab.page.keyboard.press
    focused = "document.activeElement.id"
    seen = set()
    for _ in range(30):
        press("Tab")
        seen.add(tab.page.evaluate(focused))
    assert {"find", "fit", "theme", "canvas", "play", "next", "position"} <= seen
    assert {"nudge", "descend", "h", "alpha"} <= seen
    tab.page.focus("#canvas")
    press("Shift+Tab")
    press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.page.evaluate(outline) != "none"

    before = tab.page.evaluate("[view.x, view.y, view.scale]")
    press("ArrowLeft")
    press("ArrowDown")
    press("+")
    after = tab.page.evaluate("[view.x, view.y, view.scale]")
    assert all(x != y for x, y in zip(before, after))

    press("Tab")  # to the output, then along the edges to a leaf
    walked = []
    for _ in range(12):
        label = tab.page.evaluate("document.activeElement.getAttribute('aria-label')")
        walked.append(label)
        if ", leaf," in label:
            break
        press("ArrowLeft")
    assert walked[0].startswith("L, = BCE, y = 1")
    assert ", leaf," in walked[-1]
    name = walked[-1].rsplit(", leaf", 1)[0]
    assert tab.text("#value").startswith(name)
    press("Enter")
    assert f"from {name} to L" in tab.text("#paths")
    press("n")
    assert "The leaves" in tab.text("#step")
    press("n")
    press("b")
    assert "Step 0" in tab.text("#step")
    press("r")
    assert "Step" not in tab.text("#step")
    press("Escape")
    assert tab.page.locator(".ray").count() == 0


def test_a_label_is_text_in_the_browser_too(open_tab: Any) -> None:
    x = ag.Value(2.0, label=NASTY)
    out = x * x
    out.label = NASTY[::-1] + "<b>bold</b>"
    tab = open_tab(page(out, x))
    for _ in range(4):
        tab.page.click("#next")
    assert tab.page.locator("img, b:text('bold'), script").count() == 2  # its own
    assert tab.page.evaluate("nodes[0].name") == NASTY
    assert NASTY.split("\u2028")[0] in tab.page.locator("#paths").text_content()


@pytest.mark.parametrize("width", [1400, 390])
def test_a_label_of_10_000_letters_or_from_right_to_left_does_no_harm(
    open_tab: Any, width: int
) -> None:
    a = ag.Value(2.0, label="שלום \u2069<b>\n" + "x" * 10_000)
    out = a * ag.Value(3.0, label="W" * 300) + a
    out.label = "\u202eevil\x00" + "y" * 5_000
    tab = open_tab(page(out, a), viewport={"width": width, "height": 844})
    for act in ("#next", "#next", "#nudge"):
        tab.page.click(act)
    tab.page.evaluate("go(LAST)")
    for place in ("document.documentElement", "$('panel')"):
        assert tab.page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth + 1")
    # The number is no part of what the name turns round.
    title = tab.text("#title")
    assert title.index("\u2068\u202eevil") < title.index("\u2069 = 8.0")
    assert title.count("\u2068") == title.count("\u2069") == 1


def test_strange_numbers_are_shown_as_what_they_are(open_tab: Any) -> None:
    values = [math.nan, math.inf, -math.inf, -0.0]
    leaves = [ag.Value(v, label=f"x{i}") for i, v in enumerate(values)]
    total = ag.sum(leaves)
    total.backward()
    tab = open_tab(page(total))
    shown = dict(zip(topological_order(total), tab.numbers("data")))
    assert [shown[leaf] for leaf in leaves] == ["nan", "∞", "−∞", "−0"]
    tab.box("x3").hover()
    assert "-0.0" in tab.text("#value")


def test_one_leaf_alone_has_a_page(open_tab: Any) -> None:
    a = ag.Value(2.0, label="a")
    tab = open_tab(page(a, a))
    assert tab.numbers("data") == ["2"]
    tab.page.click("#next")
    tab.page.click("#next")
    assert tab.numbers("grad") == ["1"]
    assert "the output" in tab.text("#paths")


def overlaps(tab: Tab) -> list[str]:
    """The pairs of texts and boxes in the drawing that lie on each other."""
    return tab.page.evaluate(  # type: ignore[no-any-return]
        """() => {
          const boxes = [...document.querySelectorAll('.box rect')];
          const found = [];
          const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1;
          boxes.forEach((one, i) => {
            const outer = one.getBoundingClientRect();
            for (const text of one.parentNode.querySelectorAll('text')) {
              const t = text.getBoundingClientRect();
              if (t.width && (t.left < outer.left || t.right > outer.right
                || t.top < outer.top || t.bottom > outer.bottom)) {
                found.push(text.textContent);
              }
            }
            for (const other of boxes.slice(i + 1)) {
              if (over(outer, other.getBoundingClientRect())) found.push(`boxes ${i}`);
            }
          });
          const labels = [...document.querySelectorAll('.partial')];
          const places = labels.map((label) =>
            [label, label.getBBox(), label.getScreenCTM().inverse()]);
          for (const line of document.querySelectorAll('.edge')) {
            const place = line.getScreenCTM();
            for (let at = 0; at < line.getTotalLength(); at += 2) {
              const there = line.getPointAtLength(at).matrixTransform(place);
              for (const [label, box, back] of places) {
                const p = there.matrixTransform(back);
                if (p.x > box.x && p.x < box.x + box.width
                  && p.y > box.y + 3 && p.y < box.y + box.height - 3) {
                  found.push(`line over ${label.textContent}`);
                }
              }
            }
          }
          labels.forEach((one, i) => {
            for (const other of [...labels.slice(i + 1), ...boxes]) {
              if (over(one.getBoundingClientRect(), other.getBoundingClientRect())) {
                found.push(`${one.textContent} ${other.textContent}`);
              }
            }
          });
          return found;
        }"""
    )


@pytest.mark.parametrize("elementary", [False, True])
def test_no_box_or_label_lies_on_another(open_tab: Any, elementary: bool) -> None:
    loss, parameters = network(elementary)
    for parameter in parameters.values():
        parameter.label += " " + "wide" * 9
    assert overlaps(open_tab(page(loss))) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_light_and_dark(open_tab: Any, scheme: str) -> None:
    """At least 4.5 : 1, WCAG 2.2 level AA, measured on what is computed."""
    loss, parameters = network()
    loss.backward()
    tab = open_tab(page(loss, parameters["W[1]2,2"]), color_scheme=scheme)
    worst = tab.page.evaluate(
        """() => {
          const paper = document.createElement('canvas')
            .getContext('2d', { willReadFrequently: true });
          const rgb = (color) => {
            paper.clearRect(0, 0, 1, 1);
            paper.fillStyle = color;
            paper.fillRect(0, 0, 1, 1);
            return paper.getImageData(0, 0, 1, 1).data;
          };
          const light = (color) => {
            const [r, g, b] = [...rgb(color)].slice(0, 3).map((c) => {
              const x = c / 255;
              return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const contrast = (a, b) => {
            const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
            return (x + 0.05) / (y + 0.05);
          };
          const pairs = [...document.querySelectorAll('.box')].map((box) => [
            getComputedStyle(box.querySelector('text')).fill,
            getComputedStyle(box.querySelector('rect')).fill]);
          for (const element of document.querySelectorAll(
            'button:not(:disabled), .muted, h1, h2, dt, th, .path b, .sum')) {
            let behind = element;
            while (behind && /rgba\\(0, 0, 0, 0\\)|transparent/.test(
              getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
            pairs.push([getComputedStyle(element).color,
              getComputedStyle(behind).backgroundColor]);
          }
          return Math.min(...pairs.map(([a, b]) => contrast(a, b)));
        }"""
    )
    assert worst >= 4.5


def test_the_theme_follows_the_system_and_the_button(open_tab: Any) -> None:
    tab = open_tab(page(ag.Value(1.0).exp()), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.page.evaluate(ground)
    assert tab.text("#theme") == "Light"
    tab.page.click("#theme")
    assert tab.page.evaluate(ground) != dark
    assert tab.text("#theme") == "Dark"


def test_at_200_percent_nothing_is_cut_off(open_tab: Any) -> None:
    """1280 × 800 at 200 % zoom are 640 × 400 CSS pixels: no sideways scrolling."""
    loss, parameters = network()
    tab = open_tab(
        page(loss, parameters["W[1]2,2"]),
        viewport={"width": 640, "height": 400},
        device_scale_factor=2,
    )
    tab.page.click("#next")
    wide = "[document.documentElement.scrollWidth, innerWidth]"
    content, window = tab.page.evaluate(wide)
    assert content <= window
    for selector in ("header", "#canvas", "#step", "#value", "#paths"):
        frame = tab.page.locator(selector).bounding_box()
        assert frame["x"] >= 0
        assert frame["x"] + frame["width"] <= 640
    buttons = [b.bounding_box() for b in tab.page.locator("header button").all()]
    assert all(b["x"] >= 0 and b["x"] + b["width"] <= 640 for b in buttons)


def test_nothing_moves_by_itself(open_tab: Any) -> None:
    loss, _ = network()
    tab = open_tab(page(loss), reduced_motion="reduce")
    moving = tab.page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => { const s = "
        "getComputedStyle(e); return s.animationName !== 'none' || "
        "parseFloat(s.transitionDuration) > 0 }).length"
    )
    assert moving == 0


def grown(values: int) -> Any:
    """A graph of about so many values that belong to no neurons."""
    rng = random.Random(0)
    made = [ag.Value(rng.uniform(0.5, 1.5)) for _ in range(100)]
    for _ in range((values - 101) // 5):  # of five operations each
        made.append(made[-1].tanh() * (1.0 + rng.choice(made[-100:]).cos().exp()))
    return ag.sum(made)


def trained(examples: int) -> Any:
    """The loss of a network on so many examples."""
    rng = random.Random(0)
    model = nn.MLP(2, [12, 8, 1], seed=0)
    inputs = [[rng.random(), rng.random()] for _ in range(examples)]
    return ag.mean([ag.softplus(model(x)) for x in inputs])


@pytest.mark.parametrize("make", [lambda: grown(2_500), lambda: trained(60)])
def test_a_large_graph_opens_group_by_group_down_to_its_values(
    open_tab: Any, make: Any
) -> None:
    out = make()
    out.backward()
    order = topological_order(out)
    tab = open_tab(page(out))
    assert tab.page.locator(".box").count() < 200
    assert tab.page.evaluate("nodes.map((n) => exact(n.adjoint))") == [
        repr(v.grad) for v in order
    ]
    for _ in range(4):  # each opens in its place, the last one on the way first
        groups = tab.page.locator(".box.group")
        before = groups.count()
        if not before:
            break
        name = groups.first.get_attribute("aria-label").split(",")[0]
        groups.first.focus()
        assert tab.text("#value h3").startswith(name)
        tab.page.keyboard.press("Enter")
        assert f"Collapse {name}" in tab.text("#value")
    # A value is found wherever it is, and so is the step that computes it.
    tab.page.fill("#find", tab.page.evaluate("inner[7].name"))
    tab.page.press("#find", "Enter")
    assert tab.page.evaluate("scene.at.has(inner[7])")
    tab.page.evaluate("go(LAST)")
    assert tab.adjoints() == [v.grad for v in order]
    assert tab.page.locator(".box.current").count() == 1


SIZES = [(1400, 900), (800, 600), (390, 844)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_step_stands_beside_its_buttons_and_the_graph(
    open_tab: Any, width: int, height: int
) -> None:
    loss, _ = network()
    size = {"width": width, "height": height}
    tab = open_tab(page(loss), viewport=size)
    tab.page.click("#next")
    tab.page.click("#next")
    for selector in ("#canvas", "#next", "#step h3", "#step p >> nth=1"):
        frame = tab.page.locator(selector).bounding_box()
        assert frame["x"] >= 0, selector
        assert frame["x"] + frame["width"] <= width, selector
        assert frame["y"] >= 0, selector
        assert frame["y"] + frame["height"] <= height, selector
    tab.page.click("#fit")
    cut = tab.page.evaluate(
        "() => { const all = canvas.getBoundingClientRect();"
        " return drawn.filter((one) => { const b = one.element.getBoundingClientRect();"
        " return b.left < all.left || b.right > all.right || b.top < all.top"
        " || b.bottom > all.bottom - $('legend').offsetHeight }).length }"
    )
    assert cut == 0


def test_at_1400_by_900_the_lecture_is_seen_whole_at_once(open_tab: Any) -> None:
    tab = open_tab(page(network()[0]), viewport={"width": 1400, "height": 900})
    assert tab.page.evaluate("whole() === view.scale && view.scale > 0.5")


def test_a_link_chooses_a_value_and_a_step(open_tab: Any) -> None:
    loss, _ = network()
    tab = open_tab(page(loss))
    tab.page.evaluate("location.hash = '#wrt=W[1]2,2&step=19'")
    tab.wait("position === 19")
    assert "from W[1]2,2 to L" in tab.text("#paths")
    assert "Step 19 of" in tab.text("#step")
    tab.page.click("#next")
    assert tab.page.evaluate("location.hash") == "#wrt=W[1]2,2&step=20"
    tab.page.reload()
    assert "Step 20 of" in tab.text("#step")
    assert "from W[1]2,2 to L" in tab.text("#paths")
    assert tab.requests.pop() == tab.files[0]  # it was loaded again


def test_the_paths_stay_lit_where_neurons_are_collapsed(open_tab: Any) -> None:
    loss, parameters = network()
    tab = open_tab(page(loss, parameters["W[1]2,2"]))
    tab.page.select_option("#detail", label="neurons")
    lit = tab.page.locator(".box.on").evaluate_all("all => all.map(b => b.dataset.id)")
    names = tab.page.evaluate(f"{lit}.map((id) => thing(Number(id)).name)")
    assert set(names) == {"a[1]2", "a[2]1", "a[2]2", "a[3]1", "L"}
    assert tab.page.locator(".ray").count() > 4


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_any_layer_neuron_and_example_collapses_and_opens_in_its_place(
    open_tab: Any, width: int, height: int
) -> None:
    net = nn.MLP(2, [2, 2, 1], activation="tanh", seed=0)
    loss = ag.mean([ag.softplus(net(x)) for x in ([0.1, 0.2], [0.3, 0.4])])
    tab = open_tab(page(loss), viewport={"width": width, "height": height})
    drawn = "drawn.map((one) => one.name)"
    every = tab.page.evaluate(drawn)
    for name in ("layer 1", "a[1]2", "a[2]1, ex. 2", "a[3]1"):
        g = tab.page.evaluate(f"groups.findIndex((one) => one.name === '{name}')")
        inner = tab.page.evaluate(f"groups[{g}].roots.at(-1).id")
        outer = tab.page.evaluate(f"[...around(groups[{g}])].length")
        size = tab.page.evaluate(f"groups[{g}].size")
        tab.page.focus(f'.box[data-id="{inner}"]')
        depth = tab.page.evaluate(f"[...around(nodes[{inner}])].length")
        for _ in range(depth - outer):  # from the innermost to the outermost
            tab.page.keyboard.press("c")
        assert len(tab.page.evaluate(drawn)) == len(every) - size + 1
        assert tab.page.evaluate("document.activeElement.dataset.id") == str(~g)
        assert width < 1400 or overlaps(tab) == []
        tab.page.keyboard.press("Enter")
        tab.page.select_option("#detail", label="values")
        assert tab.page.evaluate(drawn) == every
        # The same by the mouse: a button beside the value, and the group's box.
        tab.page.evaluate(f"describe(nodes[{inner}])")
        tab.page.get_by_role("button", name=f"Collapse {name}", exact=True).click()
        assert len(tab.page.evaluate(drawn)) == len(every) - size + 1
        tab.page.click(f'.box[data-id="{~g}"]')
        assert tab.page.evaluate(f"unfolded.has(groups[{g}])")
    tab.page.select_option("#detail", label="values")
    tab.page.evaluate("fit()")
    tab.page.dblclick('.box[aria-label^="a[1]1(1),"] rect')
    assert "a[1]1, ex. 1" in tab.page.evaluate(drawn)


@pytest.mark.parametrize("level", ["layers", "neurons", "values"])
def test_the_units_of_a_layer_stand_in_order_whatever_is_open(
    open_tab: Any, level: str
) -> None:
    tab = open_tab(page(network()[0]))
    tab.page.select_option("#detail", label=level)
    for g in range(tab.page.evaluate("groups.length")):
        tab.page.evaluate(f"toggle(groups[{g}])")
        units = tab.page.evaluate(
            "drawn.filter((one) => /[az]\\[/.test(one.name))"
            ".sort((p, q) => p.box[1] - q.box[1])"
            ".map((one) => [`${one.name.slice(0, 4)} ${one.box[0]}`, one.name])"
        )
        for layer in {key for key, _ in units}:
            inside = [name for key, name in units if key == layer]
            assert inside == sorted(inside)


def test_search_finds_a_value_by_a_part_of_its_name_or_its_operation(
    open_tab: Any,
) -> None:
    loss, _ = network()
    tab = open_tab(page(loss))
    for text, found in [("W[2]1,3", "W[2]1,3"), ("[1]3 = relu", "a[1]3"), ("bce", "L")]:
        tab.page.fill("#find", text)
        assert tab.page.locator("#names option").count() >= 1
        tab.page.press("#find", "Enter")
        assert tab.text("#value h3").split(" = ")[0] == found
    tab.page.fill("#find", "no such value")
    tab.page.press("#find", "Enter")


def test_an_edge_is_clicked_for_its_partial(open_tab: Any) -> None:
    a = ag.Value(3.0, label="a")
    out = a**2
    out.label = "y"
    tab = open_tab(page(out))
    x, y = tab.page.evaluate(
        "(() => { const path = document.querySelector('.hit');"
        " const p = path.getPointAtLength(path.getTotalLength() / 2)"
        ".matrixTransform(path.getScreenCTM()); return [p.x, p.y]; })()"
    )
    tab.page.mouse.click(x, y)
    assert tab.text("#value").startswith("a → y")
    assert "y moves by 6 times as much" in tab.text("#value")


def test_shares_travel_along_the_edges_and_stand_still_on_request(
    open_tab: Any,
) -> None:
    a = ag.Value(3.0, label="a")
    out = a * a
    out.label = "L"
    where = (
        "[...document.querySelectorAll('.share')].map(s => s.getAttribute('transform'))"
    )
    for motion in ("reduce", "no-preference"):
        tab = open_tab(page(out), reduced_motion=motion)
        tab.page.evaluate("go(LAST)")
        first = tab.page.evaluate(where)
        assert len(first) == 2
        tab.page.wait_for_timeout(900)
        last = tab.page.evaluate(where)
        assert (first == last) == (motion == "reduce")
        # At the operand, below each other.
        assert last == tab.page.evaluate(
            "scene.drawnLines.map(({ path }) => path.getPointAtLength(0))"
            ".map(({ x, y }, i) => `translate(${x} ${y + 20 * i})`)"
        )
        assert tab.page.locator(".share").all_text_contents() == ["+3", "+3"]
        assert "two shares meet: 3 + 3 = 6" in tab.text("#step")


def moons() -> Any:
    """The loss of two moons' points, of a network with tanh."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    points = [((0.3, 0.9), 1.0), ((1.4, -0.3), -1.0)]
    return ag.sum([(model(list(x)) - y) ** 2 for x, y in points])


@pytest.mark.parametrize("graph", ["lecture", "elementary", "moons"])
def test_a_share_at_rest_lies_on_no_label_or_number_or_other_share(
    open_tab: Any, graph: str
) -> None:
    loss = moons() if graph == "moons" else network(graph == "elementary")[0]
    tab = open_tab(page(loss), reduced_motion="reduce")
    tab.page.evaluate("(() => { detailed(DETAIL.length); draw(); zoom(3); })()")
    seen = 0
    for position in range(
        tab.page.evaluate("inner.length + 2"), tab.page.evaluate("LAST") + 1
    ):
        tab.page.evaluate(f"go({position})")
        shares, met = tab.page.evaluate(
            """() => {
              const all = document.querySelectorAll('.share, .partial, .box text');
              const found = [...all].map((one) => [one, one.getBoundingClientRect()]);
              const over = (a, b) => a.left < b.right && b.left < a.right
                && a.top < b.bottom && b.top < a.bottom;
              const shares = found.filter(([one]) => one.matches('.share'));
              return [shares.length, shares.flatMap(([one, box]) => found
                .filter(([other, around]) => one !== other && over(box, around))
                .map(([other]) => `${one.textContent} over ${other.textContent}`))];
            }"""
        )
        assert met == [], position
        seen += shares
    assert seen == tab.page.evaluate("inner.flatMap(({ edges }) => edges).length") > 20


def test_units_and_their_shares_are_listed_in_order(open_tab: Any) -> None:
    loss, _ = network()
    tab = open_tab(page(loss))
    said = []
    for position in range(tab.page.evaluate("LAST") + 1):
        tab.page.evaluate(f"go({position})")
        text = tab.text("#step")
        lists = re.findall(r"(\w)\[(\d)\](\d)(?:, | and )(?=\1\[\2\](\d))", text)
        assert all(one < next_ for _, _, one, next_ in lists), text
        said += [text] * bool(lists)
    assert any("x1 feeds three values, z[1]1, z[1]2 and z[1]3, so" in t for t in said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_tab: Any, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe (extra: browser)"
    )
    loss, parameters = network()
    tab = open_tab(page(loss, parameters["W[1]2,2"]), color_scheme=scheme)
    for act in ("#help", "#next", "#nudge"):
        tab.page.click(act)
    assert axe.Axe().run(tab.page).response["violations"] == []
    tab.page.evaluate("go(LAST)")
    assert axe.Axe().run(tab.page).response["violations"] == []


def test_in_a_notebook_the_page_runs_in_a_sandbox(open_tab: Any) -> None:
    a = ag.Value(3.0, label="a")
    out = a**2
    out.label = "y"
    cell = ag.draw(out).explore(a)._repr_html_()
    tab = open_tab(f"<!doctype html><body>{cell}")
    frame = tab.page.frames[1]
    frame.fill("#controls input[type=number]", "5")
    assert frame.inner_text("#title") == "y = 25"


def test_nothing_passes_what_was_not_chosen(open_tab: Any) -> None:
    x = ag.Value(1.5, label="x")
    y = ag.sqrt(ag.maximum(x, 2.0) - 2.0) + ag.maximum(2.0, ag.sqrt(x - 1.5)) + x
    y.backward()
    tab = open_tab(page(y))
    shown = tab.page.evaluate("nodes.map((node) => node.adjoint)")
    assert [float(x) for x in shown] == [node.grad for node in topological_order(y)]
