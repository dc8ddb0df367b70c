"""Feeds under concurrent publishers, distributors and readers: nothing skipped, doubled or out of order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import DirtyKind
from services import feeds, outbox, publishing
from services.distribution import Distributor, Tally
from services.feeds import appending
from tests import make
from tests.services.packs import install, pack

PUBLISHERS, EACH, READERS, DISTRIBUTORS = 16, 3, 8, 4
CHANNELS = [pack(f"race.channel-{number}") for number in range(2)]
BASE = "https://headwater.example"


@dataclass
class Traffic:
    """What goes on around a distributor that dawdles: commits of the others, and looks of the readers."""

    commits: int = 0
    looks: int = 0

    async def overtake(self) -> None:
        """Wait until another commits, if one can within 80 ms; if so, until readers have had a look at that."""
        commits = self.commits
        if await self._until(lambda: self.commits > commits, 0.08):
            looks = self.looks
            await self._until(lambda: self.looks >= looks + 2 * READERS, 0.5)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while not condition() and time.monotonic() < ends:  # noqa: ASYNC110  (several counters, looked at from outside)
            await asyncio.sleep(0.002)
        return condition()


class Racer(Distributor):
    """A distributor that may dawdle between numbering and commit: where others can overtake it, they will."""

    def __init__(self, *args: Any, traffic: Traffic, dawdles: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.traffic = traffic
        self.dawdles = dawdles

    async def step(self) -> Tally:
        tally = await super().step()
        self.traffic.commits += bool(tally.contents)
        return tally

    async def _tell(self, *args: Any, **options: Any) -> int:
        count = await super()._tell(*args, **options)
        if self.dawdles:
            await self.traffic.overtake()
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
    db: Database, clock: FixedClock, key: str, expected: int, over: asyncio.Event, traffic: Traffic
) -> list[tuple[int, str]]:
    """(position, content) of everything read from the start of a feed by its cursors, until it is whole or all is over."""
    cursor, seen = feeds.encode(key, 1, 0), []
    while len(seen) < expected:
        last_round = over.is_set()
        async with db.session() as session:
            page = await feeds.page(session, ANONYMOUS, key, after=cursor, limit=7, at=clock.now(), base_url=BASE)
        cursor = page.tail
        traffic.looks += 1
        seen.extend((item.position, item.content_uid) for item in page.items)
        if last_round and not page.items:
            break
        await asyncio.sleep(0.005)
    return seen


async def race(db: Database, clock: FixedClock) -> dict[str, Any]:
    """Publish from 16 tasks, distribute by 4, read by 8; what each reader saw, and what there was to see."""
    await install(db, *CHANNELS)
    contents = await drafts(db, EACH)
    expected = PUBLISHERS * EACH
    published, over, traffic = asyncio.Event(), asyncio.Event(), Traffic()
    keys = [CHANNELS[number % len(CHANNELS)].key for number in range(READERS)]

    async def work() -> None:
        distributors = [
            Racer(db, clock=clock, base_url=BASE, batch=3, traffic=traffic, dawdles=number % 2 == 1)
            for number in range(DISTRIBUTORS)
        ]
        running = [asyncio.create_task(distribute(one, published)) for one in distributors]
        await asyncio.gather(
            *(publish_all(db, clock, each, random.Random(100 + number)) for number, each in enumerate(contents))
        )
        published.set()
        await asyncio.gather(*running)
        over.set()

    results = await asyncio.gather(work(), *(follow(db, clock, key, expected, over, traffic) for key in keys))
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

    # the statement that appends, but for its last part, which moves the heads
    append_alone = appending._APPEND.text.partition("UPDATE feed_heads")[0] + "SELECT 1"

    async def numbered_at_insert(session: AsyncSession, entries: Sequence[Any], at: datetime) -> None:
        feed_ids = [one.feed_id for one in entries]
        numbers = await session.scalars(
            text("SELECT nextval('numbers_' || feed_id) FROM unnest(:feeds) AS feed_id").bindparams(
                bindparam("feeds", feed_ids, type_=ARRAY(BigInteger))
            )
        )
        columns = {
            "feeds": (feed_ids, BigInteger),
            "contents": ([one.content_id for one in entries], BigInteger),
            "positions": (list(numbers), BigInteger),
            "events": ([one.event.value for one in entries], Text),
            "versions": ([one.version for one in entries], BigInteger),
            "revisions": ([one.stated.revision_id for one in entries], BigInteger),
            "packs": ([one.stated.pack_version_id for one in entries], BigInteger),
            "prints": ([one.stated.fingerprint for one in entries], LargeBinary),
        }
        values = [bindparam(name, value, type_=ARRAY(type_)) for name, (value, type_) in columns.items()]
        await session.execute(
            text(append_alone).bindparams(*values, bindparam("at", at, type_=DateTime(timezone=True)))
        )

    async with committed.session() as session:
        await session.execute(
            text("DO $$ BEGIN FOR n IN 1..40 LOOP EXECUTE 'CREATE SEQUENCE numbers_' || n; END LOOP; END $$")
        )
        # every cursor is within the history
        await session.execute(text("ALTER TABLE feed_heads ALTER position SET DEFAULT 100000"))
    monkeypatch.setattr(appending, "_write", numbered_at_insert)

    outcome = await race(committed, clock)

    missed = [len(outcome["expected"]) - len(seen) for seen in outcome["seen"]]
    assert min(missed) > 0


async def test_four_distributors_do_not_stand_in_each_others_way(committed: Database, clock: FixedClock):
    await install(committed, *CHANNELS)
    done = asyncio.Event()
    done.set()
    took = []
    for distributors in (1, 4):
        async with committed.session() as session:
            ada = await make.creator(session)
            contents = [await make.content(session, ada) for _ in range(60)]
            await outbox.mark(session, DirtyKind.CONTENT, [content.id for content in contents])
        began = time.perf_counter()
        await asyncio.gather(
            *(
                distribute(Distributor(committed, clock=clock, base_url=BASE, batch=5), done)
                for _ in range(distributors)
            )
        )
        took.append(time.perf_counter() - began)

    async with committed.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM dirty_marks WHERE consumer = 'DISTRIBUTION'")) == 0
        assert await session.scalar(text("SELECT count(*) FROM feed_items")) == 2 * 60 * (len(CHANNELS) + 1)
    assert took[1] < 2 * took[0]
