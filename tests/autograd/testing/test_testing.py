"""The strategies draw what they promise, and bad input is refused."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import testing
from autograd.table.rules import RULES, Rule
from tests.effort import share


@given(testing.expressions(20))
@share(0.5)
def test_random_expressions_pass_at_their_point(e: testing.Expression) -> None:
    ag.check_gradients(e, *e.point)


@given(st.data())
def test_floats_in_lie_in_the_domain(data: st.DataObject) -> None:
    rule = RULES[data.draw(st.sampled_from(sorted(RULES)))]
    xs = data.draw(testing.floats_in(rule))
    if isinstance(rule, Rule):
        assert len(xs) == len(rule.partials)
        assert all(x in interval for x, interval in zip(xs, rule.domain))
    else:
        assert len(xs) % rule.columns == 0


def test_expressions_share_parts_and_run_on_any_number() -> None:
    e = testing.random_expression(3, 40, ["add", "mul", "sub"])
    used = [k for _, positions in e.nodes for k in positions]
    assert len(used) > len(set(used))
    point = [Fraction(x) for x in e.point]
    assert float(e(*point)) == pytest.approx(e(*e.point), rel=1e-12)
    names = []
    e(*e.point, evaluate=lambda name, xs: names.append(name) or xs[0])
    assert names == [name for name, _ in e.nodes]


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="at least one number"):
        ag.check_gradients(lambda: 1.0)
    with pytest.raises(ValueError, match="order must be at least 1"):
        ag.check_gradients(ag.sin, 1.0, order=0)
    with pytest.raises(TypeError, match="plain numbers"):
        ag.check_gradients(ag.sin, ag.Value(1.0))
    with pytest.raises(ValueError, match="no operation 'nope'"):
        testing.floats_in("nope")
    with pytest.raises(ValueError, match="no operation 'nope'"):
        testing.random_expression(0, 5, ["nope"])


def test_importing_autograd_does_not_import_hypothesis() -> None:
    code = "import sys, autograd; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
