"""What is printed holds as printed: a pencil finds the products and sums right."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import struct
import subprocess
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from autograd.paths.explain import explain
from autograd.paths.numerals import number, printed
from tests.autograd.paths.test_explain import graphs
from tests.engines import once

PAGE = Path(__file__).parents[3] / "autograd" / "pictures" / "explorer_graph.js"
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2e-308]
SPECIAL += [0.5, 2.5, 1234.5, 9999.5, 99995.0, 1.2345e-10, 1.235e200, 1e21, 1.7e308]


def doubles(n: int) -> list[float]:
    """Bit patterns drawn at random, so of all magnitudes, and the special ones."""
    r = random.Random(1)
    drawn = (struct.unpack("<d", r.randbytes(8))[0] for _ in range(n))
    near_ties = (r.randrange(10**5) / 10 ** r.randrange(9) for _ in range(n))
    return [*SPECIAL, *drawn, *near_ties]


def decimal(text: str) -> Decimal:
    return Decimal(text.strip().replace("−", "-").replace("∞", "Infinity"))


def near(x: Decimal, y: Decimal) -> bool:
    """Whether ``x`` is ``y`` when it is rounded to the last digit of ``y``."""
    with localcontext() as context:
        context.prec = 800
        if not y.is_finite():
            return not x.is_finite()
        return abs(x - y) <= Decimal((0, (5,), y.as_tuple().exponent - 1))


@once
@pytest.mark.parametrize("digits", [3, 4, 6])
def test_a_number_is_its_own_nearest_decimal_of_so_many_digits(digits: int) -> None:
    for x in doubles(5_000):
        if math.isfinite(x):
            assert float(decimal(number(x, digits))) == pytest.approx(
                x, rel=0.5001 * 10.0 ** (1 - digits), abs=5e-324
            )
            assert number(x, digits).startswith("−") == (math.copysign(1.0, x) < 0)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")
def test_the_page_prints_every_number_as_python_does() -> None:
    numbers = doubles(5_000)
    code = PAGE.read_text(encoding="utf-8")
    (short,) = re.findall(r"^function short\(.*?^\}", code, re.DOTALL | re.MULTILINE)
    script = f"""{short}
        const view = new DataView(new ArrayBuffer(8));
        const x = (hex) => {{
          view.setBigUint64(0, BigInt("0x" + hex));
          return view.getFloat64(0);
        }};
        const given = JSON.parse(require("fs").readFileSync(0));
        const answer = given.map((h) => [3, 4, 6].map((digits) => short(x(h), digits)));
        console.log(JSON.stringify(answer));"""
    bits = [struct.pack(">d", x).hex() for x in numbers]
    answer = subprocess.run(
        ["node", "-e", script],
        input=json.dumps(bits).encode(),
        capture_output=True,
        check=True,
    )
    expected = [[number(x, digits) for digits in (3, 4, 6)] for x in numbers]
    assert json.loads(answer.stdout) == expected


def check(text: str) -> tuple[int, int]:
    """Do the arithmetic of a printed table: its rows and how many are only nearly so.

    Every row that says = multiplies out, and a sum that says = adds up.
    """
    total, nearly = Decimal(0), 0
    *rows, last = text.splitlines()
    for row in rows:
        match = re.fullmatch(r"(.*?)  ([=≈]) +(\S+) *", row)
        assert match is not None, row
        said, sign, value = match.groups()
        factors = re.findall(r"(?:^|  |· |more: )([−∞\d.e]+|nan)(?= *$| ·|\])", said)
        total += decimal(value)
        nearly += sign == "≈"
        if factors and sign == "=" and "other path" not in said:
            product = math.prod(map(decimal, factors), start=Decimal(1))
            assert near(product, decimal(value)), row
    match = re.search(r"  ([=≈]) +(\S+) *$", last)
    assert match is not None
    if rows and match[1] == "=":
        assert near(total, decimal(match[2])), text
    return len(rows) + 1, nearly + (match[1] == "≈")


@given(graphs(), st.data())
def test_a_table_multiplies_out_and_adds_up_as_printed(
    graph: tuple[ag.Value, list[ag.Value]], data: st.DataObject
) -> None:
    output, nodes = graph
    wrt = data.draw(st.sampled_from(nodes))
    check(str(explain(output, wrt, data.draw(st.integers(0, 9)))))
    check(str(explain(output, wrt, through="auto")))


@once
def test_tables_of_networks_hold_and_seldom_say_nearly() -> None:
    rows = nearly = 0
    for seed in range(50):
        net = nn.MLP(2, [3, 2, 1], activation="tanh", output="sigmoid", seed=seed)
        loss = ag.bce(net([0.7, -1.3]), 1.0)
        for parameter in net.parameters():
            more = check(str(explain(loss, parameter)))
            rows, nearly = rows + more[0], nearly + more[1]
    assert rows > 1000
    assert nearly < rows / 100


def test_no_two_rows_read_alike() -> None:
    a = x = ag.Value(1.0, label="a")
    for _ in range(40):
        x = x * 0.75 + x * 0.75
    lines = str(explain(x, a, limit=30)).splitlines()[:30]
    assert len({re.split("  +", line)[1] for line in lines}) == 30
    b = ag.Value(2.0, label="a")  # the same label twice
    for output in (a * a * a, ag.sum([a] * 20), a * b + a * b):
        rows = [re.split("  +", row)[1] for row in str(explain(output, a)).splitlines()]
        assert len(set(rows)) == len(rows)


def test_cancellation_shows_enough_digits_or_says_nearly() -> None:
    shown = printed([([1000.0], 1000.0), ([-999.99], -999.99)], 1000.0 - 999.99)
    assert [text for _, text in (*shown.terms, shown.total)] == [
        "+1000.00",
        "−999.99",
        "+0.01",
    ]
    shown = printed([([], 1e20), ([], -1e20)], 1.0)
    assert shown.total == ("≈", "+1")
    assert printed([([1e200, 1e200], math.inf)], math.inf).terms == [("≈", "+∞")]


def test_a_sum_is_not_cut_to_two_digits_where_more_hold() -> None:
    """The lecture's two paths, which at three digits add up to 0.20 alone."""
    ends = [-0.45, 0.24443645046620543, -1.7403738025939406]
    first = [0.8440932394124407, 0.8778691775941597, *ends]
    second = [-0.6662764668622723, -0.4512270896766584, *ends]
    terms = [(own, math.prod(own)) for own in (first, second)]
    shown = printed(terms, sum(value for _, value in terms))
    assert shown.terms == [("=", "+0.14185"), ("=", "+0.05755")]
    assert shown.total == ("=", "+0.1994")
