"""News for those who follow logs live: one listening connection of the process, one look at the heads of all that is followed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.db import Database
from core.reads import any_of
from models import StreamKind
from services import feeds, streams
from services.loops import Wakeup, loop
from services.sharing import Shared

FEED = "FEED"
LogName = tuple[str, int]
"""FEED with the id of a feed, or the kind of a stream with the id of its subject."""


@dataclass(slots=True)
class Followed:
    """A log that somebody follows, and how far it is known to have come."""

    head: int = 0
    followers: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def came_to(self, head: int) -> None:
        if head > self.head:
            self.head = head
            # whoever waits is woken once, and waits for the next time on an event of its own
            self._moved.set()
            self._moved = asyncio.Event()

    async def beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log goes beyond `position`; False when it has not by then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.head <= position:
                    await self._moved.wait()
        return self.head > position


class News:
    """What a process holds for its followers, however many: it starts with the first of them, and ends with `close`."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.shared = Shared()
        self._followed: dict[LogName, Followed] = {}
        self._stop = asyncio.Event()
        self._running: asyncio.Task[object] | None = None

    @property
    def followers(self) -> int:
        return sum(followed.followers for followed in self._followed.values())

    @contextmanager
    def following(self, log: LogName) -> Iterator[Followed]:
        """The log, watched from now on: what is read after this cannot miss what comes then."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        followed = self._followed.setdefault(log, Followed())
        followed.followers += 1
        try:
            yield followed
        finally:
            followed.followers -= 1
            if followed.followers == 0:
                del self._followed[log]

    async def close(self) -> None:
        self._stop.set()
        if self._running is not None:
            await self._running

    async def look(self) -> bool:
        """See how far all that is followed has come."""
        if self._followed:
            async with self.db.session() as session:
                heads = await _heads(session, list(self._followed))
            for log, head in heads.items():
                if log in self._followed:
                    self._followed[log].came_to(head)
        return False

    async def _run(self) -> None:
        wakeup = Wakeup(self.db, (feeds.NEWS, streams.NEWS))
        news = wakeup.listener()
        await asyncio.gather(wakeup.run(self._stop), loop("news", self.look, news, self._stop))


async def _heads(session: AsyncSession, logs: list[LogName]) -> dict[LogName, int]:
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, id_ in logs:
        ids[kind].append(id_)
    heads: dict[LogName, int] = {}
    if ids[FEED]:
        feed = models.FeedHead
        rows = await session.execute(select(feed.feed_id, feed.position).where(feed.feed_id == any_of(ids[FEED])))
        heads |= {(FEED, feed_id): position for feed_id, position in rows}
    stream = models.Stream
    for kind in StreamKind:
        if ids[kind.value]:
            wanted = stream.kind == kind, stream.subject_id == any_of(ids[kind.value])
            rows = await session.execute(select(stream.subject_id, stream.head).where(*wanted))
            heads |= {(kind.value, subject_id): head for subject_id, head in rows}
    return heads
