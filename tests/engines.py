"""Which engines a test runs on, where it is not each in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from autograd.core import choice

T = TypeVar("T")

once = pytest.mark.parametrize("engine", choice.available()[:1], indirect=True)
"""For a test that no engine has a part in, or that goes through all by itself."""


def on_each(function: Callable[[], T]) -> list[T]:
    """What a function gives on every engine that is built."""
    before, found = choice.name, []
    try:
        for name in choice.available():
            choice.use(name)
            found.append(function())
    finally:
        choice.use(before)
    return found
