"""``no_grad`` is of one context: a task, a thread, the steps of a generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import autograd as ag


def records() -> bool:
    x = ag.Value(2.0)
    return bool((x * x).operands)


def test_a_task_silences_no_other_one() -> None:
    async def silent() -> list[bool]:
        with ag.no_grad():
            return [records() for _ in range(3) if await asyncio.sleep(0, True)]

    async def loud() -> list[bool]:
        return [records() for _ in range(5) if await asyncio.sleep(0, True)]

    async def both() -> list[list[bool]]:
        return list(await asyncio.gather(silent(), loud(), silent()))

    assert asyncio.run(both()) == [[False] * 3, [True] * 5, [False] * 3]


def test_a_task_begun_within_a_block_records_when_that_has_ended() -> None:
    async def child(go: asyncio.Event) -> list[bool]:
        seen = [records()]
        await go.wait()
        return [*seen, records()]

    async def parent() -> list[bool]:
        go = asyncio.Event()
        with ag.no_grad():
            task = asyncio.create_task(child(go))
            await asyncio.sleep(0)
        go.set()
        with ag.no_grad():
            return await task

    assert asyncio.run(parent()) == [False, True]


def test_a_generator_is_silent_in_its_own_steps_alone() -> None:
    closed = []

    @ag.no_grad()
    def steps(start: Any) -> Iterator[Any]:
        """Its own words."""
        try:
            sent = yield records()
            try:
                sent = yield sent, records()
            except KeyError:
                sent = yield "caught", records()
            return sent
        finally:
            closed.append(records())

    generator: Any = steps(1)
    assert steps.__doc__ == "Its own words."
    assert (next(generator), records()) == (False, True)
    assert (generator.send(3), records()) == ((3, False), True)
    assert (generator.throw(KeyError), records()) == (("caught", False), True)
    with pytest.raises(StopIteration) as ended:
        generator.send("end")
    assert ended.value.value == "end"
    generator = steps(1)
    next(generator)
    generator.close()
    assert closed == [False, False]
    assert records()


def test_coroutines_and_asynchronous_generators_are_decorated_too() -> None:
    @ag.no_grad()
    async def once() -> bool:
        await asyncio.sleep(0)
        return records()

    @ag.no_grad()
    async def steps() -> AsyncIterator[bool]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield records()

    async def main() -> list[Any]:
        seen = [(await once(), records())]
        async for x in steps():
            seen.append((x, records()))
        return seen

    assert asyncio.run(main()) == [(False, True)] * 3


def test_one_exit_too_many_is_an_error_and_harms_nobody() -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="left more often than entered"):
            ag.no_grad().__exit__()
    assert records()
    assert ag.grad(lambda x: x * x)(3.0) == 6.0
    with ag.no_grad():
        assert not records()


def test_a_transform_within_a_block_has_its_graph_and_a_block_within_it_holds() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            assert not records()
        return x * x

    with ag.no_grad():
        assert ag.grad(ag.grad(f))(3.0) == 2.0
        assert not records()
