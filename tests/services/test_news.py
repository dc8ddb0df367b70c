"""News for followers: heard at once, found by looking when it was not heard, and never kept for those who left."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from core.clock import FixedClock
from core.db import Database
from models import StreamKind
from services import loops, streams
from services.news import News
from services.streams import Happened, Subject

ROOM, OTHER = Subject(StreamKind.LIVE, 1), Subject(StreamKind.LIVE, 2)
LOG = (ROOM.kind.value, ROOM.id)


async def happen(db: Database, clock: FixedClock, subject: Subject = ROOM) -> None:
    async with db.session() as session:
        await streams.append(session, [Happened(subject, "A")], at=clock.now())


async def listening(db: Database) -> list[int]:
    """The process ids of the connections that listen."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'headwater-listen' AND datname = current_database()"
    )
    async with db.session() as session:
        return list(await session.scalars(text(f"{query} AND query LIKE 'LISTEN%'")))


async def heard(db: Database) -> int:
    """The connection that listens, as soon as there is one."""
    async with asyncio.timeout(5):
        while not (found := await listening(db)):  # noqa: ASYNC110  (the database has no event for it)
            await asyncio.sleep(0.005)
    return found[0]


async def test_followers_of_one_process_share_one_connection_and_hear_at_once(
    committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loops, "POLL_SECONDS", 60)
    news = News(committed)
    assert await listening(committed) == []

    with news.following(LOG) as one, news.following(LOG) as two, news.following((OTHER.kind.value, OTHER.id)) as other:
        await heard(committed)
        await happen(committed, clock)
        assert await asyncio.gather(one.beyond(0, 5), two.beyond(0, 5)) == [True, True]
        assert not await other.beyond(0, 0.01)
        assert not await one.beyond(1, 0.01)
        await happen(committed, clock)
        assert await one.beyond(1, 5)
        assert len(await listening(committed)) == 1
        assert news.followers == 3
    assert news.followers == 0
    await news.close()
    assert await listening(committed) == []


async def test_what_was_not_heard_is_found(committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.02)
    news = News(committed)

    with news.following(LOG) as followed:
        pid = await heard(committed)
        async with committed.session() as session:
            await session.execute(text("SELECT pg_terminate_backend(:pid)").bindparams(pid=pid))
        await happen(committed, clock)
        assert await followed.beyond(0, 5)
        # and the next one is heard again
        assert await heard(committed) != pid
        await happen(committed, clock)
        assert await followed.beyond(1, 5)
    await news.close()
