"""Two moons: the network learns, and the picture is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines import once

demo = pytest.importorskip("moons", reason="needs the demos extra")


@once
def test_the_demo_trains_and_draws(
    engine: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    picture_size: Callable[[Path], tuple[int, int]],
) -> None:
    # All of it where that takes a second; in Python ten steps, which is too few.
    epochs, outcome = (100, 0) if engine == "native" else (10, 1)
    options = ["--epochs", str(epochs), "--grid", "20", "--output", str(tmp_path)]
    assert demo.main(options) == outcome
    assert (tmp_path / "moons.png").exists()
    width, height = picture_size(tmp_path / "moons.png")
    assert width > 1000
    assert height > 700
    output = capsys.readouterr().out
    assert f"on the {engine} engine: 337 parameters" in output
    accuracy = int(output.split("accuracy ")[1].split("%")[0])
    assert accuracy >= (98 if outcome == 0 else 80)
