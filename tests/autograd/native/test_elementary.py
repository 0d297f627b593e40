"""``exact=False``: vector functions within 4 units in the last place, fused sums."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

from autograd.core import limits
from autograd.program import packs as ps
from autograd.program.packs import Operand, Pack
from autograd.table.rules import RULES, Rule

engine: Any = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)


NAMES = ["exp", "expm1", "tanh", "log", "log1p", "erf", "erfc"]


@pytest.fixture(params=engine.kernels(), autouse=True)
def width(request: pytest.FixtureRequest) -> Iterator[str]:
    """All kernels that can run here, one after the other."""
    engine.kernels(request.param)
    yield request.param
    engine.kernels(engine.kernels()[0])


def spread(rng: Any, low: float, high: float, n: int = 400) -> Any:
    """Numbers of all sizes between two positive ones."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def inputs(name: str) -> Any:
    rng = np.random.default_rng(1)
    tiny, near = spread(rng, 1e-300, 1.0), rng.uniform(-1.0, 1.0, 400)
    own = {
        "exp": [rng.uniform(-744.0, 709.7, 800)],
        "expm1": [rng.uniform(-50.0, 709.7, 800)],
        "tanh": [rng.uniform(-25.0, 25.0, 800)],
        "log": [spread(rng, 5e-324, 1e308, 800), np.abs(near) + 0.5],
        "log1p": [spread(rng, 1e-300, 1e308), spread(rng, 1e-15, 1.0) - 1.0],
        "erf": [rng.uniform(-6.0, 6.0, 800)],
        "erfc": [rng.uniform(-6.0, 27.2, 800), rng.uniform(26.0, 27.2)],
    }[name]
    if name == "log":
        return np.concatenate([*own, tiny, 1.0 + 1e-3 * near])
    return np.concatenate([*map(np.atleast_1d, own), tiny, -tiny * 0.999, near * 0.999])


def apply(name: str, *operands: Any) -> Any:
    """A row on arrays of numbers, as a program that need not be exact, if C has it."""
    n = len(operands[0])
    count = len(operands)
    given = tuple(Operand(n * (1 + i), 0, 1) for i in range(count))
    pack = Pack(ps.ROW, 1, n, Operand(0, 0, 1), given, row=0)
    flat = ps.flatten([pack])
    slots = n * (1 + count)
    program = engine.load(
        flat.code, flat.start, flat.operands, flat.index, [name],
        slots, slots, slots, 0, 1, False,
    )  # fmt: skip
    if program.unsupported:
        return None
    memory = np.concatenate([np.zeros(n), *operands, np.zeros(8)])
    program.run(memory, 0, 1, 1, 1, None, None)
    return memory[:n]


@pytest.mark.parametrize(
    "name", ["exp", "expm1", "tanh", "log", "log1p", "erf", "erfc"]
)
def test_an_elementary_function_is_within_four_units(name: str) -> None:
    xs = inputs(name)
    with mpmath.workdps(40):
        for x, y in zip(xs.tolist(), apply(name, xs).tolist()):
            true = getattr(mpmath, name)(mpmath.mpf(x))
            assert abs(mpmath.mpf(y) - true) <= 4 * math.ulp(float(true)), x


@pytest.mark.parametrize(
    "name", ["exp", "expm1", "tanh", "log", "log1p", "erf", "erfc"]
)
def test_special_numbers_have_the_results_of_ieee_754(name: str) -> None:
    xs = [0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, -2.0, 1e308, -1e308, 5e-324]
    value = RULES[name].value
    for x, y in zip(xs, apply(name, np.array(xs)).tolist()):
        try:
            true = float(value(x))
        except limits.FAILURES:
            true = limits.evaluate(value, x)
        if math.isnan(true):
            assert math.isnan(y), x
        else:
            assert math.isclose(y, true, rel_tol=4 * 2.0**-52), x
            assert math.copysign(1.0, y) == math.copysign(1.0, true), x


def test_every_row_is_close_to_exact_on_ordinary_numbers() -> None:
    rng = np.random.default_rng(2)
    for name, rule in RULES.items():
        if not isinstance(rule, Rule) or name == "where":
            continue
        operands = []
        for i in range(len(rule.partials)):
            domain = rule.domain[i] if i < len(rule.domain) else None
            low = max(domain.low, -3.0) if domain else -3.0
            high = min(domain.high, 3.0) if domain else 3.0
            margin = (high - low) * 0.01
            drawn = rng.uniform(low + margin, high - margin, 100)
            operands.append(np.rint(drawn) if domain and domain.whole else drawn)
        if (found := apply(name, *operands)) is None:
            continue  # C does not have it
        for k, z in enumerate(found.tolist()):
            numbers = [float(x[k]) for x in operands]
            true = limits.evaluate(rule.value, *numbers)
            scale = max(abs(true), 1e-3)
            assert abs(z - true) <= 64 * 2.0**-52 * scale, (name, numbers)


@pytest.mark.parametrize("terms", [1, 7, 40])
def test_a_fold_that_may_be_fused_is_within_the_rounding_of_its_terms(
    terms: int,
) -> None:
    rng = np.random.default_rng(terms)
    lanes, n = 21, 21 * terms
    a, b = rng.normal(size=n), rng.normal(size=n)
    factors = Operand(lanes, 0, terms, 1), Operand(lanes + n, 0, terms, 1)
    pack = Pack(ps.FOLD, 1, lanes, Operand(0, 0, 1), factors, terms=terms)
    flat = ps.flatten([pack])
    slots = lanes + 2 * n
    program = engine.load(
        flat.code, flat.start, flat.operands, flat.index, [],
        slots, slots, slots, 0, 1, False,
    )  # fmt: skip
    memory = np.concatenate([np.zeros(lanes), a, b, np.zeros(8)])
    program.run(memory, 0, 1, 1, 1, None, None)
    products = [
        [x * y for x, y in zip(p, q)]
        for p, q in zip(a.reshape(lanes, terms), b.reshape(lanes, terms))
    ]
    for z, row in zip(memory[:lanes].tolist(), products):
        bound = terms * 2.0**-53 * sum(map(abs, row)) * 2
        assert abs(z - math.fsum(row)) <= bound
