"""These tests compare the engines, or try the C engine alone: they run once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograd import _engine


@pytest.fixture(scope="session", autouse=True)
def engine() -> Iterator[str]:
    """The native engine, in place of every engine in turn."""
    if "native" not in _engine.available():
        pytest.skip("the C engine is not built")
    before = _engine.name
    _engine.use("native")
    yield "native"
    _engine.use(before)
