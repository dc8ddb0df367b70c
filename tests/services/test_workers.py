"""The loops of a worker: they wake at news, poll when nobody tells, back off, recover, and stop when asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import loops, outbox, publishing, workers
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110  (the database has no event for it)
            await asyncio.sleep(0.005)


class Steps:
    """A step that does as told, one word a call: "more", "nothing", or an exception."""

    def __init__(self, *script: Any, stop: asyncio.Event) -> None:
        self.script = list(script)
        self.stop = stop
        self.at: list[float] = []

    async def __call__(self) -> bool:
        self.at.append(time.monotonic())
        said = self.script.pop(0) if self.script else "nothing"
        if not self.script:
            self.stop.set()
        if isinstance(said, Exception):
            raise said
        return bool(said == "more")


async def run(*script: Any) -> Steps:
    stop = asyncio.Event()
    steps = Steps(*script, stop=stop)
    async with asyncio.timeout(5):
        await loops.loop("test", steps, asyncio.Event(), stop)
    return steps


async def test_a_loop_goes_on_at_once_while_there_is_more():
    steps = await run("more", "more", "more", "nothing")

    assert len(steps.at) == 4
    assert steps.at[-1] - steps.at[0] < loops.POLL_SECONDS


async def test_a_loop_polls_when_nobody_tells(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.02)

    steps = await run("nothing", "nothing", "nothing")

    assert steps.at[2] - steps.at[0] >= 0.04


async def test_a_loop_that_fails_waits_longer_each_time_and_starts_small_after_a_success(
    monkeypatch: pytest.MonkeyPatch,
):
    pauses: list[float] = []

    async def note(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(loops, "pause", note)
    away = [ConnectionRefusedError()] * 7

    await run(*away, "more", ConnectionRefusedError(), "nothing")

    assert pauses == [1, 2, 4, 8, 16, 30, 30, 1]


async def test_a_loop_that_waits_after_a_failure_still_stops_at_once():
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, stop.set)

    async def fail() -> bool:
        raise ConnectionRefusedError

    began = time.monotonic()
    await loops.loop("test", fail, asyncio.Event(), stop)

    assert time.monotonic() - began < loops.FIRST_PAUSE


async def test_news_during_a_step_is_not_missed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loops, "POLL_SECONDS", 60)
    stop, news = asyncio.Event(), asyncio.Event()
    calls = 0

    async def step() -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            news.set()  # it comes after this step has looked
        else:
            stop.set()
        return False

    async with asyncio.timeout(5):
        await loops.loop("test", step, news, stop)

    assert calls == 2


@asynccontextmanager
async def distributing(db: Database, clock: FixedClock) -> AsyncIterator[loops.Wakeup]:
    """A distributor's loop and its wakeup, running; stopped at the end."""
    stop = asyncio.Event()
    wakeup = loops.Wakeup(db, (outbox.CHANNEL,))
    step = workers._distributing(Distributor(db, clock=clock, base_url=BASE))
    running = asyncio.gather(wakeup.run(stop), loops.loop("distributor", step, wakeup.listener(), stop))
    try:
        yield wakeup
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await running


async def listeners(db: Database) -> int:
    async with db.session() as session:
        found = await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'headwater-listen' AND query LIKE 'LISTEN%'"
            )
        )
    return found or 0


async def listening(db: Database) -> bool:
    return await listeners(db) == 1


async def publish(db: Database, clock: FixedClock) -> None:
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), live=False)
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)


def holds(db: Database, count: int) -> Callable[[], Awaitable[bool]]:
    async def holds_so_many() -> bool:
        async with db.session() as session:
            return (await session.scalar(text("SELECT count(*) FROM feed_items"))) == count

    return holds_so_many


async def test_a_publication_wakes_the_distributor_long_before_the_poll(
    committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loops, "POLL_SECONDS", 60)
    await install(committed, pack("test.all"))

    async with distributing(committed, clock):
        await until(lambda: listening(committed))
        await publish(committed, clock)
        await until(holds(committed, 2))  # the channel's feed and the creator's


async def test_without_notifications_the_poll_finds_the_work(
    committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(outbox, "CHANNEL", "nobody_listens_here")
    await install(committed, pack("test.all"))

    async with distributing(committed, clock):
        await publish(committed, clock)
        await until(holds(committed, 2))


async def test_a_lost_listener_comes_back(committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loops, "POLL_SECONDS", 60)
    await install(committed, pack("test.all"))

    async with distributing(committed, clock):
        await until(lambda: listening(committed))
        async with committed.session() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'headwater-listen'"
                )
            )
        await until(lambda: listening(committed))
        await publish(committed, clock)
        await until(holds(committed, 2))


async def test_a_worker_outlives_an_absence_of_the_database(
    committed: Database, clock: FixedClock, server_url: str, monkeypatch: pytest.MonkeyPatch
):
    """No connection is let in, and all there are are cut; when the database is back, so is the work."""
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(loops, "FIRST_PAUSE", 0.02)
    await install(committed, pack("test.all"))
    failures: list[str] = []
    monkeypatch.setattr(loops.log, "exception", lambda event, **_: failures.append(event))

    async with distributing(committed, clock):
        await until(lambda: listening(committed))
        await publish(committed, clock)
        await until(holds(committed, 2))
        async with outside(server_url) as admin:
            name = committed.url.database
            await admin.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            await admin.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
            )
            await until(lambda: failed(failures))
            await admin.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        await committed.engine.dispose()  # the test's own connections were cut as well
        await publish(committed, clock)
        await until(holds(committed, 4))

    assert set(failures) == {"loop.failed"}


async def failed(failures: list[str]) -> bool:
    return len(failures) >= 2


@asynccontextmanager
async def outside(server_url: str) -> AsyncIterator[Any]:
    """A connection to the server that is not to the test's database."""
    engine = create_async_engine(
        make_url(server_url).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def test_what_can_be_begun_anew_keeps_no_worker_from_ending():
    stop, begun, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def endless() -> bool:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return True

    working = asyncio.create_task(workers._until(stop, endless)())
    await begun.wait()
    stop.set()

    assert not await asyncio.wait_for(working, 5)
    assert left.is_set()
