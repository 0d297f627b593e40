"""The fuzzer's short form: fixed seeds, and the fuzzer finds what is planted."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd.core import choice, value
from tests.effort import LONG
from tests.fuzz import participants, perils, programs

SEEDS = range(2000 if LONG else 60)


@pytest.fixture(autouse=True)
def once(engine: str) -> None:
    """All engines run in each test, so that one round is enough."""
    if engine != choice.available()[0]:
        pytest.skip("the fuzzer runs every engine by itself")


def test_random_programs_are_the_same_to_everybody() -> None:
    steps = 0
    for seed in SEEDS:
        program = programs.random_program(seed)
        steps += len(program.steps)
        assert not list(participants.differences(program)), f"seed {seed}:\n{program}"
    assert steps >= 5 * len(SEEDS)


@pytest.mark.parametrize("name", perils.PERILS)
@pytest.mark.parametrize("each", choice.available())
def test_perils_lose_nothing(name: str, each: str) -> None:
    before = choice.name
    choice.use(each)
    try:
        for seed in (0, 1):
            perils.PERILS[name](seed)
    finally:
        choice.use(before)


def test_tasks_run_beside_a_loop_that_runs_already() -> None:
    """As a browser's tests leave one running in their process."""

    async def beside() -> None:
        perils.tasks(0)

    with ThreadPoolExecutor(1) as thread:  # which has none yet
        thread.submit(asyncio.run, beside()).result()


def test_a_row_that_is_no_float_anywhere_is_found_and_shortened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fuzzer itself: addition that is wrong for one engine only."""
    add = value.Value.__add__
    monkeypatch.setattr(value.Value, "__add__", lambda x, y: add(x, y) * 1.0)
    found = 0
    for seed in range(200):
        program = programs.random_program(seed)
        shows = lambda p: any("steps" in f.what for f in participants.differences(p))
        if shows(program):
            short = programs.shortened(program, shows)
            assert any(step.name == "add" for step in short.steps)
            assert len(short.steps) <= 3
            found += 1
        if found == 5 and not LONG:
            break
    if len(choice.available()) > 1:
        assert found >= 5


def test_a_program_prints_as_python_and_is_the_same_for_its_seed() -> None:
    program = programs.random_program(7)
    assert program == programs.random_program(7) or "nan" in repr(program)
    assert repr(program).count("\n") == len(program.point) + len(program.steps) - 1


def test_rows_and_functions_are_all_called_by_some_program() -> None:
    called = {s.name for k in range(3000) for s in programs.random_program(k).steps}
    missing = {*programs.FIXED, *programs.NAMES, *programs.LISTED} - called
    assert not missing
