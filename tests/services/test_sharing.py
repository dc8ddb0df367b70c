"""Shared work: done once for all who want it now, by nobody alone, and not remembered when it failed."""

from __future__ import annotations

import asyncio

import pytest

from services import sharing
from services.sharing import Shared


class Work:
    """Counts how often it is done; it ends when it is let."""

    def __init__(self) -> None:
        self.times = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        time = self.times
        await self.may_end.wait()
        return time

    async def fail(self) -> int:
        self.times += 1
        raise ValueError(str(self.times))


async def test_it_is_done_once_for_all_who_want_it_at_a_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharing, "MOMENT_SECONDS", 0.01)
    shared, work = Shared(), Work()
    waiting = [asyncio.create_task(shared.get("a", work)) for _ in range(3)]
    await asyncio.sleep(0)
    other = asyncio.create_task(shared.get("b", work))
    work.may_end.set()

    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert await other == 2
    assert await shared.get("a", work) == 1
    async with asyncio.timeout(5):
        while await shared.get("a", work) == 1:  # noqa: ASYNC110  (it is forgotten when its moment is over)
            await asyncio.sleep(0.005)
    assert work.times == 3


async def test_whoever_stops_waiting_does_not_stop_it_for_the_others():
    shared, work = Shared(), Work()
    first, second = (asyncio.create_task(shared.get("a", work)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    work.may_end.set()

    assert await second == 1


async def test_what_failed_is_tried_again():
    shared, work = Shared(), Work()

    for times in ("1", "2"):
        with pytest.raises(ValueError, match=times):
            await shared.get("a", work.fail)


async def test_the_oldest_is_let_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharing, "MOST", 2)
    shared, work = Shared(), Work()
    work.may_end.set()

    assert [await shared.get(key, work) for key in ("a", "b", "a", "c", "b", "a")] == [1, 2, 1, 3, 2, 4]
