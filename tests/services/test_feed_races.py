"""Feeds under concurrent publishers, distributors and readers: nothing skipped, doubled or out of order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import feeds, publishing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

PUBLISHERS, EACH, READERS, DISTRIBUTORS = 16, 5, 8, 4
CHANNELS = [pack(f"race.channel-{number}") for number in range(4)]
BASE = "https://headwater.example"


class SlowDistributor(Distributor):
    """One that dawdles between numbering and commit, as long as its own dice say."""

    def __init__(self, *args: Any, dice: random.Random, **options: Any) -> None:
        super().__init__(*args, **options)
        self.dice = dice

    async def _tell(self, *args: Any, **options: Any) -> int:
        count = await super()._tell(*args, **options)
        await asyncio.sleep(self.dice.random() * 0.03)
        return count


async def drafts(db: Database, count: int) -> list[list[models.Content]]:
    async with db.session() as session:
        creators = [await make.creator(session) for _ in range(PUBLISHERS)]
        return [
            [
                await make.content(session, creator, live=False, title=f"{creator.handle} {number}")
                for number in range(count)
            ]
            for creator in creators
        ]


async def publish_all(db: Database, clock: FixedClock, contents: Sequence[models.Content], dice: random.Random) -> None:
    for content in contents:
        async with db.session() as session:
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
            await asyncio.sleep(dice.random() * 0.02)


async def distribute(distributor: Distributor, done: asyncio.Event) -> None:
    while True:
        finished = done.is_set()
        tally = await distributor.step()
        if tally.contents == tally.moved == 0:
            if finished:
                return
            await asyncio.sleep(0.005)


async def follow(
    db: Database, clock: FixedClock, key: str, expected: int, over: asyncio.Event
) -> list[tuple[int, str]]:
    """(position, content) of everything read from the start of a feed by its cursors, until it is whole or all is over."""
    cursor, seen = feeds.encode(key, 1, 0), []
    while len(seen) < expected:
        last_round = over.is_set()
        async with db.session() as session:
            page = await feeds.page(session, ANONYMOUS, key, after=cursor, limit=7, at=clock.now(), base_url=BASE)
        cursor = page.tail
        seen.extend((item.position, item.content_uid) for item in page.items)
        if last_round and not page.items:
            break
        await asyncio.sleep(0.002)
    return seen


async def race(db: Database, clock: FixedClock) -> dict[str, Any]:
    """Publish from 16 tasks, distribute by 4, read by 8; what each reader saw, and what there was to see."""
    await install(db, *CHANNELS)
    contents = await drafts(db, EACH)
    expected = PUBLISHERS * EACH
    published, over = asyncio.Event(), asyncio.Event()
    keys = [CHANNELS[number % len(CHANNELS)].key for number in range(READERS)]

    async def work() -> None:
        distributors = [
            SlowDistributor(db, clock=clock, base_url=BASE, batch=3, dice=random.Random(number))
            for number in range(DISTRIBUTORS)
        ]
        running = [asyncio.create_task(distribute(one, published)) for one in distributors]
        await asyncio.gather(
            *(publish_all(db, clock, each, random.Random(100 + number)) for number, each in enumerate(contents))
        )
        published.set()
        await asyncio.gather(*running)
        over.set()

    results = await asyncio.gather(work(), *(follow(db, clock, key, expected, over) for key in keys))
    return {
        "expected": sorted(str(content.uid) for each in contents for content in each),
        "seen": results[1:],
    }


async def test_readers_miss_nothing_while_many_publish_and_distribute(committed: Database, clock: FixedClock):
    outcome = await race(committed, clock)

    for seen in outcome["seen"]:
        assert [position for position, _ in seen] == list(range(1, PUBLISHERS * EACH + 1))
        assert sorted(content for _, content in seen) == outcome["expected"]


async def test_numbers_taken_at_insert_would_lose_items(
    committed: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    """The race above can fail: numbering by a sequence, without the lock of the head, makes readers skip."""

    async def numbered_at_insert(session: AsyncSession, entries: Sequence[Any], at: datetime) -> None:
        for one in entries:
            position = await session.scalar(text(f"SELECT nextval('numbers_{one.feed_id}')"))
            await session.execute(
                text(
                    "INSERT INTO feed_items (feed_id, position, epoch, event, content_id, version, appended_at)"
                    " VALUES (:feed, :position, 1, :event, :content, :version, :at)"
                ),
                {
                    "feed": one.feed_id,
                    "position": position,
                    "event": one.event.value,
                    "content": one.content_id,
                    "version": one.version,
                    "at": at,
                },
            )
            await session.execute(
                text(
                    "INSERT INTO feed_contents VALUES (:feed, :content, :position, 1, true, :revision, :pack, '\\x00',"
                    " :at, :at)"
                ),
                {
                    "feed": one.feed_id,
                    "content": one.content_id,
                    "position": position,
                    "revision": one.stated.revision_id,
                    "pack": one.stated.pack_version_id,
                    "at": at,
                },
            )
            await session.execute(
                text("UPDATE feed_heads SET position = 100000 WHERE feed_id = :feed AND position = 0"),
                {"feed": one.feed_id},
            )

    async with committed.session() as session:
        await session.execute(
            text("DO $$ BEGIN FOR n IN 1..100 LOOP EXECUTE 'CREATE SEQUENCE numbers_' || n; END LOOP; END $$")
        )
    monkeypatch.setattr(feeds, "_write", numbered_at_insert)

    outcome = await race(committed, clock)

    missed = [len(outcome["expected"]) - len(seen) for seen in outcome["seen"]]
    assert max(missed) > 0


async def test_four_distributors_do_not_stand_in_each_others_way(committed: Database, clock: FixedClock):
    await install(committed, *CHANNELS)
    took = []
    for distributors in (1, 4):
        contents = [content for each in await drafts(committed, 10) for content in each]
        for content in contents:
            async with committed.session() as session:
                await publishing.publish(session, SYSTEM, content.uid, clock=clock)
        done = asyncio.Event()
        done.set()
        began = time.perf_counter()
        await asyncio.gather(
            *(
                distribute(Distributor(committed, clock=clock, base_url=BASE, batch=20), done)
                for _ in range(distributors)
            )
        )
        took.append(time.perf_counter() - began)

    async with committed.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM dirty_marks WHERE consumer = 'DISTRIBUTION'")) == 0
        assert await session.scalar(text("SELECT count(*) FROM feed_items")) == 2 * 160 * (len(CHANNELS) + 1)
    assert took[1] < 2 * took[0]
