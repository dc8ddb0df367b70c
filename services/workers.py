"""The loops of a worker process: each takes one step at a time, sleeps until there is news, and outlives a bad minute."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from core.db import Database, is_away
from services import merging, outbox
from services.distribution import Distributor, Tally
from services.indexing import Indexer
from services.runtime import Runtime

log = structlog.get_logger()

# A notification only hastens: what it might miss, the poll finds.
POLL_SECONDS = 1.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
TAG_USES_AT_ONCE = 500

Step = Callable[[], Awaitable[bool]]
"""Does a bounded piece of work; True when there may be more at once."""


class Work(enum.StrEnum):
    """What a worker process may take on."""

    DISTRIBUTE = "distribute"
    INDEX = "index"


EVERYTHING = frozenset(Work)


async def run(runtime: Runtime, stop: asyncio.Event, *, work: Collection[Work] = EVERYTHING) -> None:
    """The loops of a worker process, until stopped; each finishes the step it is in."""
    wakeup = Wakeup(runtime.db, (outbox.CHANNEL,))
    steps: list[tuple[str, Step]] = []
    if Work.DISTRIBUTE in work:
        numbers = range(runtime.settings.distributors)
        steps += [(f"distributor-{number}", _distributing(_distributor(runtime))) for number in numbers]
        steps.append(("tag-mover", _moving_tags(runtime)))
    indexer = Indexer(runtime.db, runtime.index, clock=runtime.clock)
    if Work.INDEX in work:
        steps.append(("indexer", indexer.step))
    try:
        loops = [loop(name, step, wakeup.listener(), stop) for name, step in steps]
        await asyncio.gather(wakeup.run(stop), _watch(runtime, stop), *loops)
    finally:
        await indexer.close()


async def drain(runtime: Runtime, *, work: Collection[Work] = EVERYTHING) -> Tally:
    """Everything that waits, once: distributed by as many loops as the settings say, then indexed."""
    tally = Tally()
    if Work.DISTRIBUTE in work:
        loops = [_distributor(runtime).drain() for _ in range(runtime.settings.distributors)]
        tally = sum(await asyncio.gather(*loops), tally)
    if Work.INDEX in work:
        indexer = Indexer(runtime.db, runtime.index, clock=runtime.clock)
        try:
            while await indexer.step():
                pass
        finally:
            await indexer.close()
    return tally


async def _watch(runtime: Runtime, stop: asyncio.Event) -> None:
    """Stop when the embedded database is lost for good: somebody has to look, and a restart begins anew."""
    while not stop.is_set():
        if runtime.failure is not None:
            log.error("worker.database_lost", failure=runtime.failure)
            stop.set()
        await pause(stop, POLL_SECONDS)


def _distributor(runtime: Runtime) -> Distributor:
    return Distributor(runtime.db, clock=runtime.clock, base_url=runtime.settings.base_url)


def _distributing(distributor: Distributor) -> Step:
    async def step() -> bool:
        return (await distributor.step()).is_something

    return step


def _moving_tags(runtime: Runtime) -> Step:
    """The uses of merged tags move in batches; until they have, readers follow the alias."""

    async def step() -> bool:
        async with runtime.db.session() as session:
            return await merging.move_uses(session, TAG_USES_AT_ONCE, clock=runtime.clock) > 0

    return step


@dataclass(slots=True)
class Wakeup:
    """Listens for notifications of these channels and wakes every loop; reconnects when the connection is lost."""

    db: Database
    channels: tuple[str, ...]
    _news: list[asyncio.Event] = field(default_factory=list)

    def listener(self) -> asyncio.Event:
        event = asyncio.Event()
        self._news.append(event)
        return event

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                connection = await self.db.listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("wakeup.away", error=str(error))
                await pause(stop, POLL_SECONDS)
                continue
            await self._listen(connection, stop)

    async def _listen(self, connection: asyncpg.Connection[Any], stop: asyncio.Event) -> None:
        gone = asyncio.Event()
        connection.add_termination_listener(lambda *_: gone.set())
        try:
            for channel in self.channels:
                await connection.add_listener(channel, lambda *_: self._wake())
            self._wake()
            await _first(stop, gone)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("wakeup.lost", error=str(error))
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    def _wake(self) -> None:
        for event in self._news:
            event.set()


async def loop(name: str, step: Step, news: asyncio.Event, stop: asyncio.Event) -> None:
    """Step while there is work, wait for news (or the poll) when there is none, back off while something is away."""
    failures = 0
    while not stop.is_set():
        news.clear()
        try:
            more = await step()
        except Exception as error:
            failures += 1
            wait = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))
            if isinstance(error, OSError) or (isinstance(error, DBAPIError) and is_away(error)):
                # nothing is wrong with us: a line, and no traceback each time
                log.warning("loop.database_away", loop=name, retry_seconds=wait)
            else:
                log.exception("loop.failed", loop=name, retry_seconds=wait, error=repr(error))
            await pause(stop, wait)
            continue
        failures = 0
        if not more:
            with suppress(TimeoutError):
                await asyncio.wait_for(_first(stop, news), POLL_SECONDS)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not through a stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
