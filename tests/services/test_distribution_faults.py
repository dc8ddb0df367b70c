"""Distribution while things go wrong: killed backends, lost leases, poison, and changes in the middle of a step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import DirtyKind
from services import distribution, feeds, outbox, publishing
from services.channels import installing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
KEY = "test.all"
ALL = pack(KEY)
ONE_A_DAY = pack("test.one-a-day", quota={"per_creator_per_day": 1})

Meanwhile = Callable[[], Awaitable[None]]


class Interrupted(Distributor):
    """A distributor to whom something happens at one place of a step, once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before_commit: Meanwhile | None = None
        self.before_the_end: Callable[[AsyncSession], Awaitable[None]] | None = None

    async def _commit(self, session: AsyncSession, prepared: Any) -> distribution.Tally:
        meanwhile, self.before_commit = self.before_commit, None
        if meanwhile is not None:
            await meanwhile()
        return await super()._commit(session, prepared)

    async def _tell(self, session: AsyncSession, *rest: Any) -> int:
        count = await super()._tell(session, *rest)
        meanwhile, self.before_the_end = self.before_the_end, None
        if meanwhile is not None:
            await meanwhile(session)
        return count


def of(db: Database, clock: FixedClock) -> Interrupted:
    return Interrupted(db, clock=clock, base_url=BASE)


@pytest.fixture
async def distributor(committed: Database, clock: FixedClock) -> Interrupted:
    await install(committed, ALL)
    return of(committed, clock)


async def published(db: Database, clock: FixedClock, *titles: str) -> list[models.Content]:
    async with db.session() as session:
        ada = await make.creator(session, handle="ada")
        contents = [await make.content(session, ada, title=title, live=False) for title in titles]
        for content in contents:
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
        return contents


async def said(db: Database, key: str = KEY) -> list[tuple[int, str, str, int]]:
    """(position, event, title, version) of everything a feed ever said, with the title that is live now."""
    async with db.session() as session:
        rows = await session.execute(
            text(
                "SELECT i.position, i.event, r.title, i.version FROM feed_items i JOIN feeds f ON f.id = i.feed_id"
                " JOIN contents c ON c.id = i.content_id JOIN revisions r ON r.id = c.live_revision_id"
                " WHERE f.key = :key ORDER BY i.position"
            ),
            {"key": key},
        )
        return [tuple(row) for row in rows]


async def count(db: Database, table: str) -> int:
    async with db.session() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


async def end_leases(db: Database) -> None:
    async with db.session() as session:
        await session.execute(
            text(
                "UPDATE dirty_marks SET claimed_until = clock_timestamp() - interval '1 second'"
                " WHERE claimed_until IS NOT NULL"
            )
        )


async def waiting(db: Database) -> int:
    async with db.session() as session:
        return await session.scalar(text("SELECT count(*) FROM dirty_marks WHERE consumer = 'DISTRIBUTION'")) or 0


async def test_a_distributor_that_dies_before_its_commit_leaves_nothing_and_another_goes_on(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    await published(committed, clock, "One", "Two")
    there = asyncio.Event()

    async def hang(_session: AsyncSession) -> None:
        there.set()
        await asyncio.Event().wait()

    distributor.before_the_end = hang
    dying = asyncio.create_task(distributor.step())
    await there.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    left = [await said(committed), await count(committed, "submissions"), await count(committed, "decisions")]
    other = of(committed, clock)
    too_soon = await other.step()
    await end_leases(committed)
    await other.drain()

    assert left == [[], 0, 0]
    assert not too_soon.is_something
    assert await said(committed) == [(1, "PUBLISHED", "One", 1), (2, "PUBLISHED", "Two", 1)]
    assert (await count(committed, "submissions"), await count(committed, "decisions")) == (2, 2)
    assert await waiting(committed) == 0


async def test_a_killed_backend_costs_an_attempt_and_doubles_nothing(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    await published(committed, clock, "One", "Two")

    async def kill(session: AsyncSession) -> None:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        async with committed.session() as killer:
            await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    distributor.before_the_end = kill
    tally = await distributor.step()

    assert (tally.contents, tally.failed) == (2, 0)
    assert sorted(event[1:] for event in await said(committed)) == [("PUBLISHED", "One", 1), ("PUBLISHED", "Two", 1)]
    assert [event[0] for event in await said(committed)] == [1, 2]
    assert await count(committed, "decisions") == 2
    assert await waiting(committed) == 0


async def test_when_the_database_goes_away_the_next_step_takes_up_what_was_left(
    committed: Database, clock: FixedClock, distributor: Interrupted, monkeypatch: pytest.MonkeyPatch
):
    await published(committed, clock, "One")

    async def away(_claims: Any) -> distribution.Tally:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(distributor, "_distribute", away)
        patched.setattr(distributor, "_park", lambda _claim, error: _raise(error))
        with pytest.raises(ConnectionRefusedError):
            await distributor.step()
    tally = await distributor.step()

    assert tally.contents == 1
    assert await said(committed) == [(1, "PUBLISHED", "One", 1)]


async def _raise(error: Exception) -> None:
    raise error


async def test_a_poisoned_content_is_put_aside_and_the_others_go_on(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    one, bad, _ = await published(committed, clock, "One", "Poison", "Two")
    await poison(committed, bad)

    tally = await distributor.step()
    for _ in range(outbox.ATTEMPTS - 1):
        await end_leases(committed)
        await distributor.step()
    await end_leases(committed)

    assert (tally.contents, tally.failed) == (2, 1)
    # what is claimed together comes in no promised order
    assert sorted(event[2] for event in await said(committed)) == ["One", "Two"]
    assert not (await distributor.step()).is_something
    async with committed.session() as session:
        (parked,) = await session.execute(
            text("SELECT object_id, attempts, failure FROM dirty_marks WHERE parked_at IS NOT NULL")
        )
    assert tuple(parked)[:2] == (bad.id, outbox.ATTEMPTS)
    assert parked.failure.startswith("1 validation error")
    assert await count(committed, "submissions") == 2
    assert one.id != bad.id


async def test_a_parked_content_goes_on_when_it_is_mended(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (bad,) = await published(committed, clock, "Poison")
    await poison(committed, bad)
    await distributor.step()
    async with committed.session() as session:
        await session.execute(text("UPDATE dirty_marks SET parked_at = now()"))

    await revise(committed, clock, bad, "Mended")
    await distributor.step()

    assert await said(committed) == [(1, "PUBLISHED", "Mended", 1)]


async def poison(db: Database, content: models.Content) -> None:
    async with db.session() as session:
        await session.execute(text("ALTER TABLE revisions DISABLE TRIGGER USER"))
        await session.execute(
            text('UPDATE revisions SET body = \'[{"type": "riddle"}]\' WHERE content_id = :id'), {"id": content.id}
        )
        await session.execute(text("ALTER TABLE revisions ENABLE TRIGGER USER"))


async def revise(db: Database, clock: FixedClock, content: models.Content, title: str) -> None:
    async with db.session() as session:
        row = await session.get_one(models.Content, content.id, populate_existing=True)
        draft = models.Revision(content_id=row.id, number=2, title=title)
        session.add(draft)
        await session.flush()
        row.draft_revision_id = draft.id
        await session.flush()
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)


async def test_a_content_edited_while_it_is_distributed_is_looked_at_again(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (content,) = await published(committed, clock, "Old")

    async def edit() -> None:
        await revise(committed, clock, content, "New")

    distributor.before_commit = edit
    first = await distributor.step()
    left = await said(committed)
    second = await distributor.step()

    assert (first.contents, first.moved, left) == (0, 1, [])
    assert (second.contents, second.moved) == (1, 0)
    assert await said(committed) == [(1, "PUBLISHED", "New", 1)]
    assert await count(committed, "decisions") == 1


async def test_a_content_withdrawn_while_it_is_distributed_enters_no_feed(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (content,) = await published(committed, clock, "Secret")

    async def withdraw() -> None:
        async with committed.session() as session:
            await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=clock)

    distributor.before_commit = withdraw
    await distributor.drain()

    assert await said(committed) == []
    assert await said(committed, "creator.ada") == []
    assert await waiting(committed) == 0


async def test_a_creator_suspended_while_theirs_is_distributed_leaves_no_item_without_a_tombstone(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (content,) = await published(committed, clock, "Spam")

    async def suspend() -> None:
        async with committed.session() as session:
            creator = await session.get_one(models.Creator, content.creator_id)
            await publishing.suspend(session, SYSTEM, creator.uid, reason="spam", clock=clock)

    distributor.before_commit = suspend
    await distributor.drain()

    assert await said(committed) == []
    assert await waiting(committed) == 0


async def test_a_creator_suspended_after_the_last_look_is_told_by_a_tombstone(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (content,) = await published(committed, clock, "Spam")

    async def suspend(_session: AsyncSession) -> None:
        async with committed.session() as session:
            creator = await session.get_one(models.Creator, content.creator_id)
            await publishing.suspend(session, SYSTEM, creator.uid, reason="spam", clock=clock)

    distributor.before_the_end = suspend
    await distributor.drain()

    assert await said(committed) == [(1, "PUBLISHED", "Spam", 1), (2, "WITHDRAWN", "Spam", 2)]
    async with committed.session() as session:
        page = await feeds.page(session, ANONYMOUS, KEY, limit=10, at=clock.now(), base_url=BASE)
    assert page.items == []


async def test_two_on_the_same_content_after_the_lease_say_it_once(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    await install(committed, ONE_A_DAY)
    await published(committed, clock, "Tea")
    other = of(committed, clock)

    async def be_overtaken() -> None:
        await end_leases(committed)
        assert (await other.step()).contents == 1

    distributor.before_commit = be_overtaken
    late = await distributor.step()

    assert (late.contents, late.moved, late.items, late.decisions) == (0, 1, 0, 0)
    assert await said(committed) == [(1, "PUBLISHED", "Tea", 1)]
    assert await said(committed, "test.one-a-day") == [(1, "PUBLISHED", "Tea", 1)]
    assert await count(committed, "decisions") == 2
    async with committed.session() as session:
        assert await session.scalar(text("SELECT used_count FROM quota_counters")) == 1


async def test_who_lost_the_lease_does_not_clear_the_news_that_came_since(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    (content,) = await published(committed, clock, "Tea")
    other = of(committed, clock)

    async def be_overtaken() -> None:
        await end_leases(committed)
        await other.step()
        async with committed.session() as session:  # counts from 1 again
            await outbox.mark(session, DirtyKind.CONTENT, [content.id], consumers=[models.Consumer.DISTRIBUTION])

    distributor.before_commit = be_overtaken
    await distributor.step()

    assert await waiting(committed) == 1


async def test_a_pack_installed_in_between_rules_from_the_next_decision_on(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    first, second = await published(committed, clock, "First", "A title of more than ten")
    short = {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}

    async def install_stricter() -> None:
        await install(committed, pack(KEY, rules=[short]))

    distributor.before_commit = install_stricter
    await distributor.drain()
    await revise(committed, clock, first, "First, but longer")
    await distributor.drain()

    async with committed.session() as session:
        rows = await session.execute(
            text(
                "SELECT d.outcome, d.pack_version_id = c.pack_version_id FROM decisions d"
                " JOIN submissions s ON s.id = d.submission_id JOIN channels c ON c.id = s.channel_id ORDER BY d.id"
            )
        )
        decided = [tuple(row) for row in rows]
    assert decided == [("ELIGIBLE", False), ("ELIGIBLE", False), ("FIXABLE", True)]
    assert [event[1] for event in await said(committed)] == ["PUBLISHED", "PUBLISHED", "WITHDRAWN"]
    assert second.id != first.id


async def test_installing_packs_and_distributing_do_not_wait_for_each_other(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    await published(committed, clock, "Tea")

    async def install_another(_session: AsyncSession) -> None:
        async with asyncio.timeout(3):
            await install(committed, pack(KEY, quota={"per_channel_per_day": 7}))
        installed.append(KEY)

    installed: list[str] = []
    distributor.before_the_end = install_another
    tally = await distributor.step()

    assert (installed, tally.contents) == ([KEY], 1)
    assert await said(committed) == [(1, "PUBLISHED", "Tea", 1)]


async def test_an_idle_transaction_does_not_stall_feeds(
    committed: Database, clock: FixedClock, distributor: Interrupted
):
    async with idle(committed):
        await published(committed, clock, "Tea")
        await distributor.drain()
        async with committed.session() as session:
            page = await feeds.page(
                session, ANONYMOUS, KEY, after=feeds.encode(KEY, 1, 0), limit=10, at=clock.now(), base_url=BASE
            )

    assert [item.position for item in page.items] == [1]


@asynccontextmanager
async def idle(db: Database) -> AsyncIterator[None]:
    """A transaction that has written, holds a snapshot, and does nothing more."""
    async with db.session() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await make.creator(session)
        yield


class Bustle:
    """Everything that may happen to contents, at once."""

    keys = ("chaos.0", "chaos.1", "chaos.2")

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        self.is_over = False
        self.failed = 0

    async def begin(self) -> None:
        await install(self.db, *(pack(key, quota={"per_channel_per_day": 1_000}) for key in self.keys))
        async with self.db.session() as session:
            self.creators = [await make.creator(session) for _ in range(4)]
            self.contents = [
                await make.content(session, self.creators[number % 4], live=False, title=f"{number}")
                for number in range(24)
            ]

    async def distribute(self) -> None:
        one = Distributor(self.db, clock=self.clock, base_url=BASE, batch=4)
        while True:
            was_over = self.is_over
            tally = await one.step()
            self.failed += tally.failed
            if not tally.is_something:
                if was_over and not await waiting(self.db):
                    return
                await asyncio.sleep(0.002)

    async def happen(self) -> None:
        shares = (self.contents[number::4] for number in range(4))
        await asyncio.gather(*map(self.publish, shares), self.suspend(), self.install(), self.lose_leases())
        self.is_over = True

    async def publish(self, own: list[models.Content]) -> None:
        for content in own:
            async with self.db.session() as session:
                await publishing.publish(session, SYSTEM, content.uid, clock=self.clock)
        for content in own[::2]:
            await revise(self.db, self.clock, content, f"{content.id}, revised")
        for content in own[::3]:
            async with self.db.session() as session:
                await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=self.clock)

    async def suspend(self) -> None:
        for creator in self.creators[:2]:
            async with self.db.session() as session:
                await publishing.suspend(session, SYSTEM, creator.uid, reason="spam", clock=self.clock)
        async with self.db.session() as session:
            await publishing.reinstate(session, SYSTEM, self.creators[0].uid)

    async def install(self) -> None:
        for version in range(3):
            async with self.db.session() as session:
                for key in reversed(self.keys):
                    changed = pack(key, quota={"per_channel_per_day": 1_000 + version})
                    await installing.install(session, SYSTEM, changed)

    async def lose_leases(self) -> None:
        for _ in range(5):
            await end_leases(self.db)
            await asyncio.sleep(0.01)


async def test_everything_at_once_ends_in_feeds_that_say_what_is_true(committed: Database, clock: FixedClock):
    """Four distributors, publishers, editors, withdrawals, suspensions and pack installs, and leases that are lost."""
    bustle = Bustle(committed, clock)
    await bustle.begin()

    async with asyncio.timeout(30):
        await asyncio.gather(bustle.happen(), *(bustle.distribute() for _ in range(4)))

    assert bustle.failed == 0
    for key, items, last, steps in await rows(committed, LENGTHS):
        assert items == last == steps, key  # no gap, and no version said twice
    true = await rows(committed, VISIBLE)
    assert len(true) == 12
    for key in bustle.keys:
        assert await rows(committed, SAID_LIVE, key=key) == true, key
    ((taken, uses),) = await rows(
        committed, "SELECT (SELECT sum(used_count) FROM quota_counters), (SELECT count(*) FROM quota_uses)"
    )
    assert taken == uses


LENGTHS = """
    SELECT f.key, count(*), max(i.position), count(DISTINCT (i.content_id, i.version))
    FROM feed_items i JOIN feeds f ON f.id = i.feed_id GROUP BY f.key
"""
VISIBLE = """
    SELECT c.id FROM contents c JOIN creators a ON a.id = c.creator_id
    WHERE c.state = 'VISIBLE' AND a.suspended_at IS NULL ORDER BY 1
"""
SAID_LIVE = """
    SELECT s.content_id FROM feed_contents s JOIN feeds f ON f.id = s.feed_id
    JOIN contents c ON c.id = s.content_id AND c.live_revision_id = s.revision_id
    WHERE f.key = :key AND s.is_live ORDER BY 1
"""


async def rows(db: Database, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async with db.session() as session:
        return [tuple(row) for row in await session.execute(text(statement), values)]
