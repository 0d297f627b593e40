"""How much is tried: a sample in each run, and all of it in ``make test-long``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from hypothesis import settings

T = TypeVar("T")

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def share(of: float) -> settings:
    """For a property of each row, or of what takes long: some of the examples."""
    return settings(max_examples=round(of * settings.default.max_examples))


def sample(items: Iterable[T], every: int) -> list[T]:
    """One of so many, in turn; in the long run all."""
    return list(items)[:: 1 if LONG else every]
