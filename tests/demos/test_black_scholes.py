"""Every greek is its closed form, wherever the option stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import share
from tests.engines import once

demo = pytest.importorskip("black_scholes", reason="needs the demos extra")


POINT = (100.0, 110.0, 0.75, 0.25, 0.03, 0.01)

points = st.tuples(
    st.floats(60, 160),  # spot
    st.floats(60, 160),  # strike
    st.floats(0.25, 3),  # years
    st.floats(0.1, 0.6),  # volatility
    st.floats(-0.02, 0.1),  # rate
    st.floats(0, 0.06),  # dividend
)


@pytest.mark.parametrize("greek", demo.GREEKS, ids=lambda greek: greek.name)
@pytest.mark.parametrize("kind", [1, -1], ids=["call", "put"])
@share(0.25)
@given(point=points)
def test_nested_gradients_are_the_closed_forms(
    greek: demo.Greek, kind: int, point: demo.Point
) -> None:
    mine = greek.automatic(point, kind)
    assert greek.error(mine, demo.Terms(*point, kind)) <= demo.TOLERANCE


@pytest.mark.parametrize("greek", demo.GREEKS, ids=lambda greek: greek.name)
def test_a_wrong_greek_is_caught(greek: demo.Greek) -> None:
    wrong = replace(greek, closed=lambda o: greek.closed(o) * (1 + 1e-9))
    mine = wrong.automatic(POINT, 1)
    assert wrong.error(mine, demo.Terms(*POINT, 1)) > demo.TOLERANCE


def test_the_greeks_of_a_known_option() -> None:
    """Hull, "Options, Futures, and Other Derivatives", 9th ed., chapter 19:
    S = 49, K = 50, r = 5 %, σ = 20 %, T = 0.3846 years."""
    point = (49.0, 50.0, 0.3846, 0.2, 0.05, 0.0)
    values = {g.name: g.automatic(point, 1) for g in demo.GREEKS}
    assert demo.price(*point) == pytest.approx(2.4005, abs=5e-5)
    assert values["delta"] == pytest.approx(0.522, abs=5e-4)
    assert values["gamma"] == pytest.approx(0.066, abs=5e-4)
    assert values["vega"] == pytest.approx(12.1, abs=5e-2)
    assert values["theta"] == pytest.approx(-4.31, abs=5e-3)
    assert values["rho"] == pytest.approx(8.91, abs=5e-3)


@once
def test_the_demo_runs(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    picture_size: Callable[[Path], tuple[int, int]],
) -> None:
    assert demo.main(["--output", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert output.count("holds") == 2
    assert all(output.count(f"  {greek.name} ") == 2 for greek in demo.GREEKS)
    assert min(picture_size(tmp_path / "greeks.png")) > 1000


@pytest.mark.parametrize("option", ["--spot", "--strike", "--years", "--volatility"])
def test_a_quantity_must_be_positive(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        demo.main([option, "-1"])
    assert f"{option} must be above 0, got -1" in capsys.readouterr().err
