"""Contents that are alike and come at once, prints that are made afterwards, and what looking for copies costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import FixedClock
from core.db import Database
from models import SubmissionState
from services import publishing
from services.distribution import Distributor
from services.duplicates.filling import Filler
from tests.services.duplicates.places import BASE, KEY, ONCE, TEXT, Place
from tests.services.duplicates.texts import ENGLISH, OTHER, picture
from tests.services.packs import install, pack
from tests.services.test_distribution_faults import Interrupted

DELIVERED, REJECTED = SubmissionState.DELIVERED, SubmissionState.REJECTED


async def test_of_copies_in_one_batch_the_first_published_enters(db: Database, clock: FixedClock):
    place = Place(db, clock)
    await place.begin(ONCE, pack("test.warned", rules=[TEXT | {"severity": "warn"}]))
    later, first = [await place.draft(ENGLISH, by=by) for by in (place.ada, place.bob)]
    for one in (first, later):
        await place.publish(one, distribute=False)
    await place.distribute()

    assert (await place.state(first), await place.state(later)) == (DELIVERED, REJECTED)
    for key in (KEY, "test.warned"):
        assert [found["evidence"] for found in await place.decided(later, key)] == [{"content": str(first.uid)}]
        assert await place.planned(later, key) == await place.decided(later, key)
        assert await place.decided(first, key) == []


@asynccontextmanager
async def _counting(db: Database) -> AsyncIterator[list[str]]:
    """The statements of a piece of work."""
    said: list[str] = []
    async with db.session() as session:
        connection = (await session.connection()).sync_connection
    assert connection is not None

    def note(*call: Any) -> None:
        said.append(call[2])

    event.listen(connection.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(connection.engine, "before_cursor_execute", note)


async def _raced(place: Place, first: Interrupted, second: Distributor) -> None:
    """Two distributors with one copy each; the second wants in while the first has not committed."""
    racing: list[asyncio.Task[Any]] = []

    async def begin(session: AsyncSession) -> None:
        racing.append(asyncio.create_task(second.step()))
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(5):
            while not await session.scalar(waiting):  # noqa: ASYNC110  (a lock of another session rings no bell)
                await asyncio.sleep(0.005)

    first.before_the_end = begin
    await first.step()
    await racing[0]


@pytest.fixture
async def place(committed: Database, clock: FixedClock) -> Place:
    return Place(committed, clock)


async def test_of_two_copies_that_come_to_two_distributors_one_enters(place: Place):
    await place.begin()
    copies = [await place.draft(ENGLISH, by=by) for by in (place.ada, place.bob)]
    for one in copies:
        await place.publish(one, distribute=False)
    first, second = [kind(place.db, clock=place.clock, base_url=BASE, batch=1) for kind in (Interrupted, Distributor)]

    await _raced(place, first, second)

    assert [await place.state(one) for one in copies] == [DELIVERED, REJECTED]
    assert [found["evidence"] for found in await place.decided(copies[1])] == [{"content": str(copies[0].uid)}]


async def test_prints_of_what_was_published_before_are_made_when_a_pack_begins_to_ask(db: Database, clock: FixedClock):
    place = Place(db, clock)
    await place.begin(pack(KEY))
    first = await place.published(ENGLISH)
    filler = Filler(db)
    # nobody asks, so nothing is kept
    assert (await filler.step(), await _prints(db)) == (False, 0)
    await install(db, ONCE)
    copy = await place.draft(ENGLISH, by=place.bob)
    assert await place.planned(copy) == []

    assert [await filler.step() for _ in range(2)] == [True, False]

    assert await _prints(db) == 1
    assert [found["evidence"] for found in await place.planned(copy)] == [{"content": str(first.uid)}]


async def test_a_picture_that_is_measured_later_is_compared_from_then_on(db: Database, clock: FixedClock):
    place = Place(db, clock)
    await place.begin(pack(KEY, rules=[{"kind": "content.not_duplicate", "fields": ["covers"], "severity": "warn"}]))
    async with db.session() as session:
        cover, again, measured = await picture(session, None), await picture(session), await picture(session)
    first = await place.published(ENGLISH, covers=(cover,))
    copy = await place.draft(OTHER, by=place.bob, covers=(again,))
    assert await place.planned(copy) == []

    async with db.session() as session:
        row = await session.get_one(models.Asset, cover.id)
        row.sha256, row.facts, row.facts_source = measured.sha256, measured.facts, measured.facts_source
        content = await session.get_one(models.Content, first.id)
        await publishing.changed(session, content, clock)
    await place.distribute()

    assert [found["path"] for found in await place.planned(copy)] == ["covers.0"]


async def test_copies_of_many_are_looked_for_in_as_many_statements_as_of_one(db: Database, clock: FixedClock):
    place = Place(db, clock)
    await place.begin(pack(KEY))
    await place.published(ENGLISH)

    async def cost(many: int) -> int:
        for _ in range(many):
            await place.publish(await place.draft(ENGLISH), distribute=False)
        async with _counting(db) as said:
            await Distributor(db, clock=clock, base_url=BASE).step()
        return len([one for one in said if "SAVEPOINT" not in one])

    without = await cost(1)
    await install(db, pack(KEY, rules=[TEXT | {"severity": "warn"}]))

    await cost(1)  # the packs are read anew
    # six for their prints, four to see what is near, and the four once more when the contents are locked
    assert [await cost(1), await cost(4)] == [without + 14] * 2


async def _prints(db: Database) -> int:
    async with db.session() as session:
        return await session.scalar(select(func.count()).select_from(models.ContentPrint)) or 0
