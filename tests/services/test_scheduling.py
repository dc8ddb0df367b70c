"""Contents that go live at a set time: set, moved, cancelled, fired once, with the rights of that hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from models import ContentState, IdentityKind, RevisionState
from services import contents, firing, publishing, scheduling, workers
from tests import make
from tests.conftest import RolledBackDatabase

AT, ZONE = "2026-11-24T20:00", "Asia/Shanghai"
DUE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EARLIER = timedelta(hours=4)  # from the tests' clock to DUE


async def author_of(session: AsyncSession, creator: models.Creator) -> Caller:
    """The creator's own account, as it is looked up again when a schedule fires."""
    caller = await make.author(session, creator)
    session.add(models.Identity(account_id=caller.account_id, kind=IdentityKind.CREATOR, creator_id=creator.id))
    await session.flush()
    return caller


async def revision(session: AsyncSession, content: models.Content, number: int) -> models.Revision:
    statement = select(models.Revision).where(
        models.Revision.content_id == content.id, models.Revision.number == number
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def states(session: AsyncSession, content: models.Content) -> dict[int, str]:
    rows = await session.execute(
        text("SELECT number, state FROM revisions WHERE content_id = :id ORDER BY 1"), {"id": content.id}
    )
    return dict(rows.all())


async def test_live_scheduled_and_draft_stand_side_by_side_until_the_hour(
    db: RolledBackDatabase, session: AsyncSession, clock: FixedClock
):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    content = await make.content(session, ada, title="First")
    words = contents.Draft.model_validate({"title": "Second", "details": {"format": "ARTICLE"}})
    await contents.edit(session, author, content.uid, words, expected_revision=None, clock=clock)

    _, second = await scheduling.schedule(
        session, author, content.uid, at=AT, time_zone=ZONE, expected_revision="2.1", clock=clock
    )
    third = words.model_copy(update={"title": "Third"})
    await contents.edit(session, author, content.uid, third, expected_revision=None, clock=clock)

    assert await states(session, content) == {1: "LIVE", 2: "SCHEDULED", 3: "DRAFT"}
    assert (second.scheduled_for, second.schedule_zone, second.scheduled_by_id) == (DUE, ZONE, author.account_id)
    assert await scheduling.next_at(session) == DUE
    clock.move(EARLIER - timedelta(milliseconds=1))
    assert await firing.fire_one(db, scheduling, clock) is False

    clock.move(timedelta(milliseconds=1_501))
    assert await firing.fire_one(db, scheduling, clock) is True
    assert await firing.fire_one(db, scheduling, clock) is False

    assert await states(session, content) == {1: "SUPERSEDED", 2: "LIVE", 3: "DRAFT"}
    fired = await revision(session, content, 2)
    assert (fired.fired_late_ms, fired.schedule_failure, fired.published_at) == (1_500, None, clock.now())
    await session.refresh(content)
    assert (content.live_revision_id, content.waiting_revision_id, content.version) == (fired.id, None, 2)
    assert await session.scalar(text("SELECT count(*) FROM dirty_marks WHERE kind = 'CONTENT'")) == 2
    entry = (await session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id.desc()).limit(1))).one()
    assert (entry.action, entry.account_id, entry.details["late_ms"]) == ("content.published", author.account_id, 1_500)


async def test_a_schedule_can_be_moved_and_cancelled(db: RolledBackDatabase, session: AsyncSession, clock: FixedClock):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    lamp = await make.product(session, title="Lamp")
    content = await make.content(session, ada, title="Words", live=False, products=(lamp,))
    await scheduling.schedule(session, author, content.uid, at=AT, time_zone=ZONE, clock=clock)

    await scheduling.reschedule(
        session, author, content.uid, at="2026-11-25T09:00", time_zone="Europe/Paris", clock=clock
    )
    clock.move(EARLIER)
    assert await firing.fire_one(db, scheduling, clock) is False
    moved = await revision(session, content, 1)
    assert moved.scheduled_for == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)

    _, draft = await scheduling.cancel(session, author, content.uid, clock=clock)

    assert await states(session, content) == {1: "DROPPED", 2: "DRAFT"}
    assert (draft.number, draft.title, content.draft_revision_id, content.waiting_revision_id) == (
        2,
        "Words",
        draft.id,
        None,
    )
    kept = await session.execute(
        text("SELECT product_id FROM revision_products WHERE revision_id = :id"), {"id": draft.id}
    )
    assert kept.all() == [(lamp.id,)]
    with pytest.raises(scheduling.NotScheduled):
        await scheduling.cancel(session, author, content.uid, clock=clock)
    with pytest.raises(scheduling.NotScheduled):
        await scheduling.reschedule(session, author, content.uid, at="2026-11-26T09:00", time_zone=ZONE, clock=clock)


async def test_a_cancelled_schedule_leaves_a_newer_draft_alone(session: AsyncSession, clock: FixedClock):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    content = await make.content(session, ada, live=False)
    await scheduling.schedule(session, author, content.uid, at=AT, time_zone=ZONE, clock=clock)
    words = contents.Draft.model_validate({"title": "Newer", "details": {"format": "ARTICLE"}})
    await contents.edit(session, author, content.uid, words, expected_revision=None, clock=clock)

    _, draft = await scheduling.cancel(session, author, content.uid, clock=clock)

    assert (draft.title, await states(session, content)) == ("Newer", {1: "DROPPED", 2: "DRAFT"})


async def test_everything_against_a_schedule_is_told_at_once(session: AsyncSession, clock: FixedClock):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    content = await make.content(session, ada, live=False)

    async def codes(**given: Any) -> list[str]:
        known = {"at": AT, "time_zone": ZONE, "clock": clock} | given
        try:
            async with session.begin_nested():
                await scheduling.schedule(session, author, content.uid, **known)
        except DomainError as error:
            return [problem.code for problem in error.problems]
        return []

    assert await codes(at="2026-11-24T15:59", channels=["nowhere"], expected_revision="1.7") == [
        "TIME_IS_PAST",
        "UNKNOWN_CHANNEL",
        "STALE_REVISION",
    ]
    assert await states(session, content) == {1: "DRAFT"}
    assert await codes() == []
    assert await codes() == ["ALREADY_SCHEDULED"]
    words = contents.Draft.model_validate({"title": "Next", "details": {"format": "ARTICLE"}})
    await contents.edit(session, author, content.uid, words, expected_revision=None, clock=clock)
    assert await codes() == ["ALREADY_SCHEDULED"]
    content.state = ContentState.TAKEN_DOWN
    await session.flush()
    assert await codes() == ["TAKEN_DOWN"]


Change = Callable[[AsyncSession, models.Creator, Caller], Awaitable[None]]


async def _suspended(session: AsyncSession, _ada: models.Creator, author: Caller) -> None:
    account = await session.get_one(models.Account, author.account_id)
    account.suspended_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def _erased(session: AsyncSession, _ada: models.Creator, author: Caller) -> None:
    account = await session.get_one(models.Account, author.account_id)
    account.erased_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def _no_longer_theirs(session: AsyncSession, _ada: models.Creator, author: Caller) -> None:
    await session.execute(text("DELETE FROM identities WHERE account_id = :id"), {"id": author.account_id})


async def _creator_suspended(session: AsyncSession, ada: models.Creator, _author: Caller) -> None:
    ada.suspended_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


async def _taken_down(session: AsyncSession, ada: models.Creator, _author: Caller) -> None:
    await session.execute(text("UPDATE contents SET state = 'TAKEN_DOWN' WHERE creator_id = :id"), {"id": ada.id})


async def _reviewed(session: AsyncSession, ada: models.Creator, _author: Caller) -> None:
    agency = models.Organisation(handle="north", name="North", demands_review=True)
    session.add(agency)
    await session.flush()
    period = Range(make.day("2026-01-01"), None)
    session.add(models.Contract(organisation_id=agency.id, creator_id=ada.id, period=period, share_basis_points=1_000))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_suspended, "SUSPENDED_ACCOUNT"),
        (_erased, "NO_SUCH_ACCOUNT"),
        (_no_longer_theirs, "NO_SUCH_CONTENT"),
        (_creator_suspended, "CREATOR_SUSPENDED"),
        (_taken_down, "TAKEN_DOWN"),
        (_reviewed, "REVIEW_REQUIRED"),
    ],
)
async def test_what_may_no_longer_go_out_is_kept_with_the_reason(
    db: RolledBackDatabase, session: AsyncSession, clock: FixedClock, change: Change, code: str
):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    content = await make.content(session, ada, live=False)
    await scheduling.schedule(session, author, content.uid, at=AT, time_zone=ZONE, clock=clock)
    await change(session, ada, author)
    await session.flush()
    clock.move(EARLIER)

    assert await firing.fire_one(db, scheduling, clock) is True
    assert await firing.fire_one(db, scheduling, clock) is False

    kept = await revision(session, content, 1)
    assert (kept.state, (kept.schedule_failure or "").partition(":")[0]) == (RevisionState.SCHEDULED, code)
    assert (kept.fired_late_ms, kept.published_at) == (None, None)
    await session.refresh(content)
    assert content.live_revision_id is None
    assert await scheduling.next_at(session) is None
    assert await scheduling.overdue(session, clock.now()) == {"failed": 1, "overdue": 0}


async def test_an_accident_parks_one_schedule_and_lets_the_others_go(
    db: RolledBackDatabase, session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    bad, good = [await make.content(session, ada, live=False) for _ in range(2)]
    await scheduling.schedule(session, author, bad.uid, at=AT, time_zone=ZONE, clock=clock)
    await scheduling.schedule(session, author, good.uid, at="2026-11-24T20:01", time_zone=ZONE, clock=clock)
    clock.move(EARLIER + timedelta(minutes=3))
    assert await scheduling.overdue(session, clock.now() - firing.OVERDUE) == {"failed": 0, "overdue": 2}
    show = publishing.show

    async def breaks(session: AsyncSession, caller: Caller, content: models.Content, *rest: Any) -> None:
        if content.id == bad.id:
            raise ZeroDivisionError
        await show(session, caller, content, *rest)

    monkeypatch.setattr(publishing, "show", breaks)
    assert [await firing.fire_one(db, scheduling, clock) for _ in range(3)] == [True, True, False]

    assert ((await revision(session, bad, 1)).schedule_failure or "").startswith("INTERNAL: ")
    assert (await revision(session, good, 1)).fired_late_ms == 120_000


async def test_several_workers_fire_once_and_a_killed_one_leaves_it_due(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        ada = await make.creator(session)
        author = await author_of(session, ada)
        rows = [await make.content(session, ada, title=f"Piece {number}", live=False) for number in range(4)]
        for content in rows:
            await scheduling.schedule(session, author, content.uid, at=AT, time_zone=ZONE, clock=clock)
    clock.move(EARLIER)

    # killed while it fires: its transaction ends with its connection
    async with committed.engine.connect() as dying:
        victim = AsyncSession(dying)
        pid = await victim.scalar(text("SELECT pg_backend_pid()"))
        claimed = await scheduling.claim(victim, clock.now())
        assert claimed in {content.id for content in rows}  # all are due since the same moment
        await scheduling.fire(victim, claimed, clock)
        await victim.flush()
        others = [await firing.fire_one(committed, scheduling, clock) for _ in range(4)]
        async with committed.session() as session:
            await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        await dying.invalidate()
    assert others == [True, True, True, False]

    loops = [firing.step(committed, workers.SCHEDULED, clock) for _ in range(4)]
    assert sorted(await asyncio.gather(*loops)) == [False, False, False, True]
    async with committed.session() as session:
        published = await session.execute(
            text(
                "SELECT object_id, count(*) FROM audit_entries WHERE action = 'content.published' GROUP BY 1 ORDER BY 1"
            )
        )
        assert published.all() == [(content.id, 1) for content in rows]


async def test_the_loop_wakes_at_the_due_time(db: RolledBackDatabase, session: AsyncSession, clock: FixedClock):
    ada = await make.creator(session)
    author = await author_of(session, ada)
    content = await make.content(session, ada, live=False)
    await scheduling.schedule(session, author, content.uid, at=AT, time_zone=ZONE, clock=clock)

    assert await firing.step(db, [scheduling], clock) is False
    clock.move(EARLIER - timedelta(milliseconds=5))
    # near enough to wait for: and then there may be something to do at once
    assert await firing.step(db, [scheduling], clock) is True
    clock.move(timedelta(milliseconds=5))
    assert await firing.step(db, [scheduling], clock) is True
    assert await states(session, content) == {1: "LIVE"}


async def test_a_withdrawn_content_cannot_be_shown_by_a_moved_schedule_of_somebody_else(
    session: AsyncSession, clock: FixedClock
):
    ada, eve = await make.creator(session), await make.creator(session, name="Eve")
    content = await make.content(session, ada, live=False)
    await scheduling.schedule(session, await author_of(session, ada), content.uid, at=AT, time_zone=ZONE, clock=clock)
    stranger = await author_of(session, eve)

    for attempt in (scheduling.reschedule(session, stranger, content.uid, at=AT, time_zone=ZONE, clock=clock),
                    scheduling.cancel(session, stranger, content.uid, clock=clock)):  # fmt: skip
        with pytest.raises(DomainError) as refused:
            await attempt
        assert refused.value.code == "NO_SUCH_CONTENT"
    assert await states(session, content) == {1: "SCHEDULED"}
