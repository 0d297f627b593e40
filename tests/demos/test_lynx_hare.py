"""The differential equation is solved, differentiated and fitted as it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
from tests.engines import once

demo = pytest.importorskip("lynx_hare", reason="needs the demos extra")

THETA = np.array([0.54, 0.027, 0.8, 0.024, 34.6, 5.8])


def test_the_table_is_complete() -> None:
    assert len(demo.YEARS) == len(demo.HARES) == len(demo.LYNXES) == 21
    assert sum(demo.HARES) == pytest.approx(715.7, abs=1e-9)
    assert sum(demo.LYNXES) == pytest.approx(423.5, abs=1e-9)


def test_the_solver_is_of_fourth_order() -> None:
    exact = np.array(demo.solve(THETA, 200)[-1])
    coarse, fine = (np.array(demo.solve(THETA, n)[-1]) for n in (10, 20))
    ratio = np.abs(coarse - exact) / np.abs(fine - exact)
    assert np.all((ratio > 12) & (ratio < 20))  # 2⁴, and terms of the next order


def test_the_solver_keeps_the_invariant() -> None:
    """δu − γ log u + βv − α log v is the same along an orbit (Volterra 1926)."""
    a, b, c, d = THETA[:4]
    u, v = np.array(demo.solve(THETA, 50)).T
    invariant = d * u - c * np.log(u) + b * v - a * np.log(v)
    assert np.ptp(invariant) < 1e-6


def test_the_jacobian_is_that_of_the_complex_step() -> None:
    jacobian = np.array(ag.jacobian(lambda theta: demo.residuals(theta, 2))(THETA))
    exact = np.array(
        [
            np.imag(demo.residuals(THETA + 1e-30j * direction, 2)) / 1e-30
            for direction in np.eye(6)
        ]
    ).T
    assert jacobian.shape == (42, 6)
    assert np.all(np.abs(jacobian - exact) <= 1e-12 * np.abs(exact).max(axis=0))


@once
def test_the_demo_fits(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    picture_size: Callable[[Path], tuple[int, int]],
) -> None:
    assert demo.main(["--steps", "3", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("holds") == 6
    assert min(picture_size(tmp_path / "lynx_hare.png")) > 500


def test_steps_must_be_positive(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.main(["--steps", "0"])
    assert "must be 1 or more, got 0" in capsys.readouterr().err
