"""These tests compare the engines, or try the C engine alone: they run once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograd.core import choice


@pytest.fixture(scope="session", autouse=True)
def engine() -> Iterator[str]:
    """The native engine, in place of every engine in turn."""
    if "native" not in choice.available():
        pytest.skip("the C engine is not built")
    before = choice.name
    choice.use("native")
    yield "native"
    choice.use(before)
