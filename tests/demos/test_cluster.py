"""The cluster's demo: what the processes learn is what one learns."""

from __future__ import annotations

import pytest

from tests.engines import once

pytestmark = once  # the processes choose an engine of their own

pytest.importorskip("distributed", reason="needs the cluster extra")
demo = pytest.importorskip("cluster", reason="needs the demos extra")


def test_the_demo_trains_and_names_the_dashboard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--chunks", "3", "--size", "50", "--steps", "4"]
    assert demo.main(options) == 0
    output = capsys.readouterr().out
    assert "2 workers; their dashboard: http://" in output
    assert "3 chunks of 50 examples, 4 steps in" in output
