"""The page runs Python's own functions: what it computes with them is the same."""

from __future__ import annotations

import ast
import json
import random
from typing import Any

import pytest

import autograd as ag
from autograd.pictures.explorer import page
from autograd.pictures.layout import place
from autograd.pictures.translate import statement
from tests.engines import once


def test_the_page_lays_out_as_python_does_to_the_last_bit(open_tab: Any) -> None:
    rng = random.Random(0)
    cases = []
    for _ in range(20):
        operands: list[list[int | None]] = []
        for node in range(rng.randint(1, 40)):
            count = rng.randint(0, 40) if rng.random() < 0.1 else rng.randint(0, 3)
            operands.append([rng.choice([None, *range(node)]) for _ in range(count)])
        ports = [rng.choice([2.0, 15.0]) for _ in operands]
        units = [rng.choice([None, ("a", rng.randint(1, 9))]) for _ in operands]
        cases.append((operands, ports, units))
    tab = open_tab(page(ag.Value(1.0).exp()))
    found = tab.page.evaluate(f"{json.dumps(cases)}.map((one) => place(...one))")
    said = [place(*case)._asdict() for case in cases]
    assert found == json.loads(json.dumps(said))


@once
@pytest.mark.parametrize(
    "text",
    [
        "{1: 2}",
        "x.sort(key=f)",
        "x[::2]",
        "math.e",
        'print(f"{x}")',
        "[x for x in y] if x not in y else 1",
        "~x",
    ],
)
def test_what_is_not_plain_is_refused(text: str) -> None:
    with pytest.raises((TypeError, KeyError)):
        statement(ast.parse(text).body[0])
