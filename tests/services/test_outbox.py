"""Dirty marks: leases that end, news that comes late, failures that are put aside, and writers that meet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.db import Database
from models import Consumer, DirtyKind
from services import outbox
from services.outbox import Claim

MINE = Consumer.DISTRIBUTION
OVER = timedelta(seconds=-1)


async def mark(db: Database, *ids: int, kind: DirtyKind = DirtyKind.CONTENT, urgency: int = outbox.USUAL) -> None:
    async with db.session() as session:
        await outbox.mark(session, kind, ids, urgency=urgency, consumers=[MINE])


async def claim(db: Database, *, limit: int = 10, lease: timedelta = timedelta(seconds=60)) -> list[Claim]:
    async with db.session() as session:
        return await outbox.claim(session, MINE, limit=limit, lease=lease)


async def finish(db: Database, claims: Sequence[Claim]) -> None:
    async with db.session() as session:
        await outbox.finish(session, MINE, claims)


async def fail(db: Database, one: Claim) -> None:
    async with db.session() as session:
        await outbox.fail(session, MINE, one, "it does not parse")


async def marks(db: Database) -> list[tuple[int, int, bool, int, bool]]:
    """(object, version, is claimed, attempts, is parked) of every mark."""
    async with db.session() as session:
        rows = await session.execute(
            text(
                "SELECT object_id, version, claimed_until IS NOT NULL, attempts, parked_at IS NOT NULL"
                " FROM dirty_marks ORDER BY kind, object_id"
            )
        )
        return [tuple(row) for row in rows]


async def end_leases(db: Database) -> None:
    async with db.session() as session:
        await session.execute(text("UPDATE dirty_marks SET claimed_until = clock_timestamp() - interval '1 second'"))


async def test_a_change_leaves_one_mark_for_each_consumer(db: Database):
    async with db.session() as session:
        await outbox.mark(session, DirtyKind.CONTENT, [7, 5, 7])

    async with db.session() as session:
        rows = await session.execute(text("SELECT consumer, object_id, version FROM dirty_marks ORDER BY 1, 2"))
        assert [tuple(row) for row in rows] == [
            ("DISTRIBUTION", 5, 1),
            ("DISTRIBUTION", 7, 1),
            ("INDEX", 5, 1),
            ("INDEX", 7, 1),
        ]


async def test_many_changes_of_an_object_are_one_mark_as_urgent_as_the_most_urgent(db: Database):
    await mark(db, 1, urgency=outbox.BULK)
    await mark(db, 1, urgency=outbox.URGENT)
    await mark(db, 1)

    assert await marks(db) == [(1, 3, False, 0, False)]
    async with db.session() as session:
        assert await session.scalar(text("SELECT urgency FROM dirty_marks")) == outbox.URGENT


async def test_marking_nothing_writes_nothing(db: Database):
    await mark(db)

    assert await marks(db) == []


async def test_urgent_marks_are_claimed_first_then_the_oldest(db: Database):
    for object_id, urgency in ((1, outbox.BULK), (2, outbox.USUAL), (3, outbox.USUAL), (4, outbox.URGENT)):
        await mark(db, object_id, urgency=urgency)

    taken = [[one.object_id for one in await claim(db, limit=1)] for _ in range(5)]

    assert taken == [[4], [2], [3], [1], []]


async def test_a_finished_claim_is_gone_and_one_with_news_comes_again(db: Database):
    await mark(db, 1, 2)
    claims = await claim(db)
    await mark(db, 2)

    await finish(db, claims)

    assert await marks(db) == [(2, 2, False, 0, False)]
    assert [(one.object_id, one.version) for one in await claim(db)] == [(2, 2)]


async def test_claims_that_are_given_back_can_be_taken_at_once(db: Database):
    await mark(db, 1, 2)
    claims = await claim(db)
    assert await claim(db) == []

    async with db.session() as session:
        await outbox.release(session, MINE, claims)

    assert sorted(one.object_id for one in await claim(db)) == [1, 2]


async def test_after_its_lease_a_mark_is_taken_by_another(db: Database):
    await mark(db, 1)
    late = await claim(db, lease=OVER)

    other = await claim(db)

    assert [one.object_id for one in other] == [1]
    async with db.session() as session:
        assert await outbox.hold(session, MINE, late) == []
        assert await outbox.hold(session, MINE, other) == other


@pytest.mark.parametrize("late_word", [outbox.finish, outbox.release])
async def test_who_outlived_the_lease_changes_nothing_of_the_mark(db: Database, late_word):
    await mark(db, 1)
    late = await claim(db, lease=OVER)
    await claim(db)

    async with db.session() as session:
        await late_word(session, MINE, late)
    await fail(db, late[0])

    assert await marks(db) == [(1, 1, True, 0, False)]


async def test_a_new_mark_is_not_taken_for_the_one_of_an_old_claim(db: Database):
    """The old mark was finished by another and gone; its successor counts from 1 again."""
    await mark(db, 1)
    late = await claim(db, lease=OVER)
    await finish(db, await claim(db))
    await mark(db, 1)

    await finish(db, late)

    assert await marks(db) == [(1, 1, False, 0, False)]


async def test_a_failure_waits_longer_each_time_and_is_parked_after_eight(db: Database):
    await mark(db, 1)
    pauses = []
    for attempt in range(outbox.ATTEMPTS):
        (one,) = await claim(db)
        await fail(db, one)
        if attempt == 0:
            async with db.session() as session:
                assert (await outbox.backlog(session))["DISTRIBUTION"]["failing"] == 1
        async with db.session() as session:
            pause = await session.scalar(text("SELECT claimed_until - clock_timestamp() FROM dirty_marks"))
        pauses.append(round(pause.total_seconds()))
        await end_leases(db)

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256]
    assert await marks(db) == [(1, 1, True, 8, True)]
    assert await claim(db) == []
    async with db.session() as session:
        assert await outbox.backlog(session) == {
            "DISTRIBUTION": {"waiting": 0, "failing": 0, "parked": 1, "oldest_seconds": 0.0},
            "INDEX": {"waiting": 0, "failing": 0, "parked": 0, "oldest_seconds": 0.0},
        }


async def test_news_of_what_keeps_failing_brings_it_back_at_once(db: Database):
    await mark(db, 1, 2)
    for one in await claim(db):
        await fail(db, one)
    async with db.session() as session:
        await session.execute(text("UPDATE dirty_marks SET parked_at = now() WHERE object_id = 2"))

    await mark(db, 1, 2)

    assert await marks(db) == [(1, 2, False, 0, False), (2, 2, False, 0, False)]
    assert sorted(one.object_id for one in await claim(db)) == [1, 2]


async def test_news_during_a_failing_attempt_is_not_made_to_wait(db: Database):
    await mark(db, 1)
    (one,) = await claim(db)
    await mark(db, 1)

    await fail(db, one)

    assert await marks(db) == [(1, 2, False, 1, False)]


async def test_a_mark_without_failures_stays_claimed_when_there_is_news(db: Database):
    await mark(db, 1)
    await claim(db)

    await mark(db, 1)

    assert await claim(db) == []


async def test_two_that_claim_at_once_share_the_marks(committed: Database):
    await mark(committed, *range(1, 21))

    shares = await asyncio.gather(*(claim(committed, limit=5) for _ in range(4)))

    assert sorted(one.object_id for share in shares for one in share) == list(range(1, 21))


async def waits_for_a_lock(db: Database, count: int = 1) -> None:
    """Return when so many backends of this database wait for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(5):
        while True:
            async with db.session() as session:
                if (await session.scalar(waiting) or 0) >= count:
                    return
            await asyncio.sleep(0.005)


async def test_news_that_commits_while_a_claim_is_finished_is_seen_at_once(committed: Database):
    await mark(committed, 1)
    claims = await claim(committed)

    async with committed.session() as writer:
        await outbox.mark(writer, DirtyKind.CONTENT, [1], consumers=[MINE])
        finishing = asyncio.create_task(finish(committed, claims))
        await waits_for_a_lock(committed)
    await finishing

    assert await marks(committed) == [(1, 2, False, 0, False)]


async def test_finishing_and_marking_the_same_objects_never_wait_in_a_circle(committed: Database):
    """Marks are locked in order of kind and id by everybody, whatever the order in which they were claimed."""
    ids = list(range(1, 41))
    await mark(committed, *ids)
    claims = sorted(await claim(committed, limit=40), key=lambda one: -one.object_id)

    async with committed.session() as writer:
        await outbox.mark(writer, DirtyKind.CONTENT, [1], consumers=[MINE])
        finishing = asyncio.create_task(finish(committed, claims))
        await waits_for_a_lock(committed)
        await outbox.mark(writer, DirtyKind.CONTENT, ids[1:], consumers=[MINE])
    await finishing

    assert await marks(committed) == [(object_id, 2, False, 0, False) for object_id in ids]
