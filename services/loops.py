"""Loops of a process: each takes one step at a time, sleeps until there is news, and outlives a bad minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.db import Database, is_away

log = structlog.get_logger()

# A notification only hastens: what it might miss, the poll finds.
POLL_SECONDS = 1.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

Step = Callable[[], Awaitable[bool]]
"""Does a bounded piece of work; True when there may be more at once."""


SWEPT_EVERY = timedelta(minutes=1)


def sweeping(
    db: Database, clock: Clock, forget: Callable[[AsyncSession], Awaitable[bool]], *, every: timedelta = SWEPT_EVERY
) -> Step:
    """A step that forgets once in a while what has had its time, a bounded number at once: nobody waits for it. `forget`
    says whether there is more.
    """
    swept_at: datetime | None = None

    async def step() -> bool:
        nonlocal swept_at
        now = clock.now()
        if swept_at is not None and now - swept_at < every:
            return False
        async with db.session() as session:
            is_more = await forget(session)
        swept_at = None if is_more else now
        return is_more

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
