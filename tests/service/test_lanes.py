"""What is quick does not wait for what is heavy, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from service.errors import Busy
from service.lanes import Lane


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("tested", 1, waiting=1, patience_seconds=0.05)
    yield lane
    lane.close()


def test_work_is_done_on_a_thread_of_the_lane(lane: Lane) -> None:
    assert not lane.holds_this_thread()
    assert asyncio.run(lane.run(lane.holds_this_thread))


def test_what_fails_fails_for_who_asked(lane: Lane) -> None:
    def fail() -> None:
        raise KeyError("asked")

    with pytest.raises(KeyError, match="asked"):
        asyncio.run(lane.run(fail))
    assert asyncio.run(lane.run(lambda: 1)) == 1


def test_too_many_are_refused_at_once() -> None:
    patient = Lane("patient", 1, waiting=1, patience_seconds=60)
    over = threading.Event()

    async def ask() -> None:
        running, waiting = (asyncio.create_task(patient.run(over.wait)) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await patient.run(over.wait)
        over.set()
        assert all(await asyncio.gather(running, waiting))
        assert await patient.run(over.is_set)

    asyncio.run(ask())
    patient.close()


def test_whose_turn_does_not_come_is_refused(lane: Lane) -> None:
    over = threading.Event()
    done: list[str] = []

    async def ask() -> None:
        running = asyncio.create_task(lane.run(over.wait))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await lane.run(lambda: done.append("late"))
        # Who runs is waited for, however long it takes.
        assert not running.done()
        over.set()
        assert await running
        assert await lane.run(lambda: "next") == "next"

    asyncio.run(ask())
    assert done == []


def test_who_leaves_takes_nobodys_turn(lane: Lane) -> None:
    over = threading.Event()
    done: list[str] = []

    async def ask() -> None:
        running = asyncio.create_task(lane.run(over.wait))
        waiting = asyncio.create_task(lane.run(lambda: done.append("left")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        over.set()
        await running
        await lane.run(lambda: done.append("stayed"))

    asyncio.run(ask())
    assert done == ["stayed"]
