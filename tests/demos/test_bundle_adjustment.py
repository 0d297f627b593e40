"""Bundle adjustment: the points are found, and the picture is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines import once

demo = pytest.importorskip("bundle_adjustment", reason="needs the demos extra")


@once
def test_the_demo_adjusts_and_draws(
    engine: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    picture_size: Callable[[Path], tuple[int, int]],
) -> None:
    options = ["--cameras", "4", "--points", "10", "--output", str(tmp_path)]
    assert demo.main(options) == 0
    width, height = picture_size(tmp_path / "bundle_adjustment.png")
    assert width > 1000
    assert height > 500
    output = capsys.readouterr().out
    assert f"80 residuals of 54 unknowns on the {engine} engine: 14.8%" in output
