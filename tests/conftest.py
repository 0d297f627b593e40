"""Every test runs on every engine that is built, through the one fixture below.

A test therefore writes ``ag.Value`` after ``import autograd as ag``, and never
takes ``Value`` into its own namespace at import time.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from autograd.core import choice

# Few, since each run draws others: what a run leaves out, a later one tries.
settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# A gate must not pass or fail by chance; everybody else draws new examples each time.
settings.register_profile(
    "gate", parent=settings.get_profile("default"), derandomize=True
)
settings.register_profile("few", parent=settings.get_profile("gate"), max_examples=10)
settings.register_profile("long", parent=settings(max_examples=2000), deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What stands now stays: no garbage collection walks through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True, params=choice.available())
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine under test, ``"native"`` or ``"reference"``."""
    before = choice.name
    choice.use(request.param)
    yield request.param
    choice.use(before)
