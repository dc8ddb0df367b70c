"""Quota: never overdrawn however many submit at once, given once for each attempt, counted in the channel's days."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import SubmissionState
from services import publishing, quotas
from services.channels import installing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
KEY = "test.limited"
# a Tuesday, 16:00 in Shanghai
AFTERNOON = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


async def limited(db: Database, **quota: Any) -> installing.Installed:
    await install(db, pack(KEY, quota=quota))
    async with db.session() as session:
        return (await installing.catalogue(session)).by_key[KEY]


async def submission(
    db: Database, entry: installing.Installed, creator: models.Creator, *, attempt: int = 1
) -> models.Submission:
    async with db.session() as session:
        content = await make.content(session, creator)
        row = models.Submission(
            content_id=content.id,
            channel_id=entry.channel_id,
            state=SubmissionState.MACHINE_AUDIT,
            attempt=attempt,
            revision_id=content.live_revision_id,
            pack_version_id=entry.pack_version_id,
        )
        session.add(row)
        await session.flush()
        return row


async def creator(db: Database, **facts: Any) -> models.Creator:
    async with db.session() as session:
        return await make.creator(session, **facts)


async def take(
    db: Database, entry: installing.Installed, author: models.Creator, row: models.Submission, at: datetime = AFTERNOON
) -> dict[str, int] | None:
    async with db.session() as session:
        return await quotas.take(session, entry, author, row, at=at)


async def counters(db: Database) -> list[tuple[bool, str, str, int]]:
    """(is of one creator, period, first day, used)."""
    async with db.session() as session:
        rows = await session.execute(
            text("SELECT creator_id <> 0, period, starts_on::text, used_count FROM quota_counters ORDER BY 1, 2, 3")
        )
        return [tuple(row) for row in rows]


async def uses(db: Database) -> int:
    async with db.session() as session:
        return await session.scalar(text("SELECT count(*) FROM quota_uses")) or 0


@pytest.mark.parametrize("name", ["per_creator_per_day", "per_creator_per_week", "per_channel_per_day", "total"])
async def test_fifty_submissions_at_once_never_overdraw(committed: Database, name: str):
    entry = await limited(committed, **{name: 7})
    ada = await creator(committed)
    rows = [await submission(committed, entry, ada) for _ in range(50)]

    outcomes = await asyncio.gather(*(take(committed, entry, ada, row) for row in rows))

    assert outcomes.count(None) == 7
    assert [outcome for outcome in outcomes if outcome is not None] == [{name: 7}] * 43
    assert [used for *_, used in await counters(committed)] == [7]
    assert await uses(committed) == 7


async def test_many_creators_share_what_the_channel_takes_and_none_is_charged_for_nothing(committed: Database):
    entry = await limited(committed, per_creator_per_day=3, per_channel_per_day=10)
    authors = [await creator(committed) for _ in range(5)]
    rows = [(author, await submission(committed, entry, author)) for author in authors for _ in range(6)]

    outcomes = await asyncio.gather(*(take(committed, entry, *row) for row in rows))

    found = await counters(committed)
    of_creators = [used for is_one, _, _, used in found if is_one]
    assert outcomes.count(None) == 10
    assert [used for is_one, _, _, used in found if not is_one] == [10]
    assert sum(of_creators) == 10
    assert max(of_creators) <= 3
    assert await uses(committed) == 10


async def test_an_attempt_takes_quota_once_however_often_it_is_tried(committed: Database):
    entry = await limited(committed, per_creator_per_day=5)
    ada = await creator(committed)
    row = await submission(committed, entry, ada)

    outcomes = await asyncio.gather(*(take(committed, entry, ada, row) for _ in range(8)))

    assert outcomes == [None] * 8
    assert await counters(committed) == [(True, "DAY", "2026-11-24", 1)]


@pytest.mark.parametrize(("counts", "used"), [(True, 2), (False, 1)])
async def test_another_attempt_costs_again_where_the_pack_says_so(db: Database, counts: bool, used: int):
    entry = await limited(db, per_creator_per_day=5, resubmission_counts=counts)
    ada = await creator(db)
    row = await submission(db, entry, ada)

    await take(db, entry, ada, row)
    row.attempt = 2
    await take(db, entry, ada, row)

    assert [count for *_, count in await counters(db)] == [used]


async def test_a_refused_attempt_costs_nothing_of_any_limit(db: Database):
    entry = await limited(db, per_creator_per_day=1, per_creator_per_week=5, total=9)
    ada = await creator(db)
    first, second = await submission(db, entry, ada), await submission(db, entry, ada)

    assert await take(db, entry, ada, first) is None
    assert await take(db, entry, ada, second) == {"per_creator_per_day": 1, "per_creator_per_week": 1, "total": 1}

    assert sorted(await counters(db)) == [
        (False, "TOTAL", "1970-01-01", 1),
        (True, "DAY", "2026-11-24", 1),
        (True, "WEEK", "2026-11-23", 1),
    ]
    assert await uses(db) == 1


async def test_nothing_enters_where_nothing_is_allowed(db: Database):
    entry = await limited(db, per_channel_per_day=0)
    ada = await creator(db)

    assert await take(db, entry, ada, await submission(db, entry, ada)) == {"per_channel_per_day": 0}
    assert await counters(db) == []


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-24T15:59:59.999999+00:00", "2026-11-24"),  # a microsecond before midnight in Shanghai
        ("2026-11-24T16:00:00+00:00", "2026-11-25"),
        ("2026-11-29T15:59:00+00:00", "2026-11-29"),
        ("2026-11-29T16:00:00+00:00", "2026-11-30"),
    ],
)
async def test_days_begin_at_midnight_where_the_channel_is(db: Database, at: str, day: str):
    entry = await limited(db, per_creator_per_day=1, per_creator_per_week=1)
    ada = await creator(db)

    await take(db, entry, ada, await submission(db, entry, ada), datetime.fromisoformat(at))

    monday = {"2026-11-24": "2026-11-23", "2026-11-25": "2026-11-23", "2026-11-29": "2026-11-23"}.get(day, "2026-11-30")
    assert await counters(db) == [(True, "DAY", day, 1), (True, "WEEK", monday, 1)]


async def test_a_channel_without_limits_counts_nothing(db: Database):
    entry = await limited(db)
    ada = await creator(db)

    assert not quotas.is_limited(entry)
    assert await take(db, entry, ada, await submission(db, entry, ada)) is None
    assert (await counters(db), await uses(db)) == ([], 0)


async def test_a_limit_by_level_is_that_of_the_creators_level(db: Database):
    steps = [{"min": 0, "max": 2, "per_creator_per_day": 1}, {"min": 3, "max": 6, "per_creator_per_day": 2}]
    entry = await limited(db, by_level=steps)
    novice, master = await creator(db, level=1), await creator(db, level=5)

    outcomes = [
        [await take(db, entry, author, await submission(db, entry, author)) for _ in range(3)]
        for author in (novice, master)
    ]

    assert outcomes == [
        [None, {"per_creator_per_day": 1}, {"per_creator_per_day": 1}],
        [None, None, {"per_creator_per_day": 2}],
    ]


async def test_four_distributors_never_overdraw_and_the_older_contents_of_a_batch_go_first(
    committed: Database, clock: FixedClock
):
    await install(committed, pack(KEY, quota={"per_creator_per_day": 4}))
    ada = await creator(committed)
    async with committed.session() as session:
        contents = [await make.content(session, ada, title=str(n), live=False) for n in range(12)]
        for content in contents:
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
            clock.move(timedelta(seconds=1))

    await asyncio.gather(*(Distributor(committed, clock=clock, base_url=BASE, batch=3).drain() for _ in range(4)))

    async with committed.session() as session:
        states = await session.execute(text("SELECT state, count(*) FROM submissions GROUP BY 1 ORDER BY 1"))
        assert [tuple(row) for row in states] == [("DELIVERED", 4), ("REJECTED", 8)]
    assert await uses(committed) == 4
    assert [used for *_, used in await counters(committed)] == [4]


async def test_in_a_batch_the_older_content_gets_what_is_left(db: Database, clock: FixedClock):
    await install(db, pack(KEY, quota={"per_creator_per_day": 2}))
    ada = await creator(db)
    async with db.session() as session:
        contents = [await make.content(session, ada, title=str(n), live=False) for n in range(6)]
        for content in reversed(contents):
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
            clock.move(timedelta(seconds=1))

    await Distributor(db, clock=clock, base_url=BASE).drain()

    async with db.session() as session:
        entered = await session.scalars(
            text("SELECT content_id FROM submissions WHERE state = 'DELIVERED' ORDER BY content_id")
        )
        assert list(entered) == [contents[4].id, contents[5].id]  # published first
