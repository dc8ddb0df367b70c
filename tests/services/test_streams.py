"""Streams: positions follow commits, cursors hold for ever or say that they do not, what is old is let go in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import cursors
from core.caller import ANONYMOUS, Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from models import StreamKind
from services import access, loops, streams
from services.feeds import CursorGone
from services.streams import Happened, Subject
from tests import make


async def room(session: AsyncSession, **values: object) -> models.Content:
    creator = await make.creator(session)
    return await make.content(session, creator, format=models.Format.LIVE, **values)  # type: ignore[arg-type]


def said(subject: Subject, *names: str) -> list[Happened]:
    return [Happened(subject, name, {"about": name}) for name in names]


async def told(session: AsyncSession, caller: Caller, of: Subject, after: str, limit: int = 100) -> list[str]:
    return [one.event for one in (await streams.read(session, caller, of, after, limit)).events]


async def test_events_are_read_in_order_page_by_page_each_with_its_cursor(session: AsyncSession, clock: FixedClock):
    content = await room(session)
    subject = await streams.subject(session, ANONYMOUS, StreamKind.LIVE, content.uid)
    beginning = (await streams.read(session, ANONYMOUS, subject, None, 10)).tail
    await streams.append(session, said(subject, "A", "B"), at=clock.now())
    await streams.append(session, said(subject, "C"), at=clock.now())

    page = await streams.read(session, ANONYMOUS, subject, beginning, 2)

    assert [(one.position, one.event, one.at, one.details) for one in page.events] == [
        (1, "A", clock.now(), {"about": "A"}),
        (2, "B", clock.now(), {"about": "B"}),
    ]
    assert (page.position, page.tail) == (2, page.events[-1].cursor)
    assert await told(session, ANONYMOUS, subject, page.events[0].cursor) == ["B", "C"]
    assert await told(session, ANONYMOUS, subject, page.tail) == ["C"]
    rest = await streams.read(session, ANONYMOUS, subject, page.tail, 10)
    assert await told(session, ANONYMOUS, subject, rest.tail) == []
    assert await streams.tails(session, ANONYMOUS, [subject]) == {subject: rest.tail}
    assert (await streams.read(session, ANONYMOUS, subject, None, 10)).tail == rest.tail


async def test_one_append_numbers_each_stream_by_itself(session: AsyncSession, clock: FixedClock):
    one, other = Subject(StreamKind.LIVE, 70_002), Subject(StreamKind.SUBMISSIONS, 70_001)
    mixed = [*said(one, "A"), *said(other, "X"), *said(one, "B"), *said(other, "Y", "Z")]

    await streams.append(session, mixed, at=clock.now())
    await streams.append(session, [], at=clock.now())

    row = models.StreamEvent
    rows = await session.execute(select(row.kind, row.position, row.event).order_by(row.kind, row.position))
    assert [tuple(each) for each in rows] == [
        (StreamKind.LIVE, 1, "A"),
        (StreamKind.LIVE, 2, "B"),
        (StreamKind.SUBMISSIONS, 1, "X"),
        (StreamKind.SUBMISSIONS, 2, "Y"),
        (StreamKind.SUBMISSIONS, 3, "Z"),
    ]


async def test_a_cursor_that_cannot_be_gone_on_from_says_why(session: AsyncSession, clock: FixedClock):
    content, other = await room(session), await room(session)
    subject, elsewhere = Subject(StreamKind.LIVE, content.id), Subject(StreamKind.LIVE, other.id)
    await streams.append(session, said(subject, "A"), at=clock.now())
    good = (await streams.read(session, ANONYMOUS, subject, None, 1)).tail
    beyond, of_no_epoch = cursors.encode(subject.scope, [1, 2]), cursors.encode(subject.scope, [7, 1])
    nonsense = [cursors.encode(subject.scope, values) for values in ([1], ["1", 1], [1, -1], [0, 1], [1, 2**63])]

    refused: dict[str, str] = {}
    for cursor in (f"{good}x", good[:-1], "é", *nonsense, beyond, of_no_epoch):
        with pytest.raises(DomainError) as found:
            await streams.read(session, ANONYMOUS, subject, cursor, 1)
        refused[cursor] = found.value.code

    assert {refused.pop(beyond), refused.pop(of_no_epoch)} == {"CURSOR_GONE"}
    assert set(refused.values()) == {"UNKNOWN_CURSOR"}
    with pytest.raises(cursors.ForeignCursor):
        await streams.read(session, ANONYMOUS, elsewhere, good, 1)


async def test_a_stream_keeps_its_newest_events_and_refuses_older_cursors(session: AsyncSession, clock: FixedClock):
    content = await room(session)
    subject = Subject(StreamKind.LIVE, content.id)
    beginning = (await streams.read(session, ANONYMOUS, subject, None, 1)).tail
    for number in range(1, 24):
        await streams.append(session, said(subject, str(number)), at=clock.now(), kept=10)

    kept = await session.scalars(select(models.StreamEvent.position).order_by(models.StreamEvent.position))
    # ten at least; every eleventh append lets go of one
    assert list(kept) == list(range(13, 24))
    assert await told(session, ANONYMOUS, subject, cursors.encode(subject.scope, [1, 13])) == [
        str(number) for number in range(14, 24)
    ]
    with pytest.raises(CursorGone):
        await streams.read(session, ANONYMOUS, subject, beginning, 1)
    with pytest.raises(CursorGone):
        await streams.read(session, ANONYMOUS, subject, cursors.encode(subject.scope, [1, 11]), 1)


async def test_old_events_are_let_go_with_all_before_them(session: AsyncSession, clock: FixedClock):
    content = await room(session)
    subject = Subject(StreamKind.LIVE, content.id)
    await streams.append(session, said(subject, "A", "B"), at=clock.now())
    clock.move(timedelta(days=1))
    await streams.append(session, said(subject, "C"), at=clock.now())

    assert await streams.forget(session, before=clock.now(), limit=1) == 1
    assert await streams.forget(session, before=clock.now(), limit=10) == 1
    assert await streams.forget(session, before=clock.now(), limit=10) == 0

    assert await told(session, ANONYMOUS, subject, cursors.encode(subject.scope, [1, 2])) == ["C"]
    with pytest.raises(CursorGone):
        await streams.read(session, ANONYMOUS, subject, cursors.encode(subject.scope, [1, 1]), 1)


async def test_a_worker_lets_go_of_what_is_old_once_in_a_while(db: Database, clock: FixedClock):
    subject = Subject(StreamKind.LIVE, 7)

    async def happen(name: str) -> None:
        async with db.session() as session:
            await streams.append(session, said(subject, name), at=clock.now())

    async def left() -> list[str]:
        async with db.session() as session:
            return list(await session.scalars(select(models.StreamEvent.event).order_by(models.StreamEvent.position)))

    step = streams.sweeper(db, clock)
    await happen("A")
    clock.move(streams.KEPT_FOR)
    await happen("B")
    assert not await step()
    assert await left() == ["A", "B"]
    clock.move(timedelta(seconds=1))
    assert not await step()
    assert await left() == ["A", "B"]
    clock.move(loops.SWEPT_EVERY)
    assert not await step()
    assert await left() == ["B"]


async def test_only_who_may_see_the_subject_may_follow_it_from_one_moment_to_the_next(session: AsyncSession):
    draft, seen = await room(session, live=False), await room(session)
    article = await make.content(session, await make.creator(session))
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    subject = await streams.subject(session, ANONYMOUS, StreamKind.LIVE, seen.uid)

    for kind, uid in ((StreamKind.LIVE, draft.uid), (StreamKind.LIVE, article.uid)):
        with pytest.raises(access.NoSuchContent):
            await streams.subject(session, ANONYMOUS, kind, uid)
    for caller in (ANONYMOUS, make.acting_as(eve)):
        with pytest.raises(access.NoSuchCreator):
            await streams.subject(session, caller, StreamKind.SUBMISSIONS, ada.uid)
    for caller in (make.acting_as(ada), make.operator()):
        assert (await streams.subject(session, caller, StreamKind.SUBMISSIONS, ada.uid)).id == ada.id
    await session.execute(
        update(models.Content).where(models.Content.id == seen.id).values(state=models.ContentState.WITHDRAWN)
    )
    with pytest.raises(access.NoSuchContent):
        await streams.read(session, ANONYMOUS, subject, None, 1)


async def test_positions_follow_commits_however_many_append_at_once(committed: Database, clock: FixedClock):
    one, other = Subject(StreamKind.LIVE, 1), Subject(StreamKind.LIVE, 2)

    async def write(writer: int) -> None:
        for number in range(5):
            name = f"{writer}.{number}"
            both = [*said(one, name), *said(other, name)]
            async with committed.session() as session:
                await streams.append(session, both if writer % 2 else both[::-1], at=clock.now())

    await asyncio.gather(*(write(writer) for writer in range(8)))

    async with committed.session() as session:
        row = models.StreamEvent
        for subject in (one, other):
            rows = await session.execute(
                select(row.position, row.event).where(row.subject_id == subject.id).order_by(row.position)
            )
            found = [tuple(each) for each in rows]
            assert [position for position, _ in found] == list(range(1, 41))
            for writer in range(8):
                own = [event for _, event in found if event.startswith(f"{writer}.")]
                assert own == [f"{writer}.{number}" for number in range(5)]
        assert await session.scalar(select(func.count()).select_from(models.Stream)) == 2
