"""From publishing to feeds: who gets what, in which order, and what happens when it is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

import models
from core import cursors
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from models import FeedEvent, StreamKind, SubmissionState
from services import erasure, feeds, publishing, streams, submissions
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"


ARTICLES = pack("test.articles", selector={"formats": ["ARTICLE"]})
GALLERIES = pack("test.galleries", selector={"formats": ["GALLERY"]})
SHORT_TITLES = pack(
    "test.short-titles",
    rules=[{"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}],
)
HIGH_LEVEL = pack("test.high-level", gates={"level": {"min": 5}})
WITH_EYES = pack("test.with-eyes", audit={"path": ["machine", "human"], "human_hours": 72})
ONE_A_DAY = pack("test.one-a-day", quota={"per_creator_per_day": 1})


async def publish(db: Database, clock: FixedClock, content: models.Content, **asked: Any) -> None:
    async with db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=clock, **asked)


async def draft(db: Database, creator: models.Creator | None = None, **values: Any) -> models.Content:
    async with db.session() as session:
        author = creator or await make.creator(session)
        return await make.content(session, author, live=False, **values)


async def log_of(db: Database, key: str) -> list[tuple[int, FeedEvent, str, int]]:
    """(position, event, title, version) of everything a feed ever said."""
    async with db.session() as session:
        rows = await session.execute(
            select(models.FeedItem.position, models.FeedItem.event, models.Revision.title, models.FeedItem.version)
            .join(models.Feed, models.Feed.id == models.FeedItem.feed_id)
            .join(models.Content, models.Content.id == models.FeedItem.content_id)
            .join(models.Revision, models.Revision.id == models.Content.live_revision_id)
            .where(models.Feed.key == key)
            .order_by(models.FeedItem.position)
        )
        return [tuple(row) for row in rows]


async def state_at(db: Database, content: models.Content, key: str) -> tuple[SubmissionState, str | None] | None:
    async with db.session() as session:
        row = (
            await session.execute(
                select(models.Submission.state, models.Submission.reason)
                .join(models.Channel, models.Channel.id == models.Submission.channel_id)
                .where(models.Submission.content_id == content.id, models.Channel.key == key)
            )
        ).one_or_none()
    return None if row is None else (row[0], row[1])


@pytest.fixture
def distributor(db: Database, clock: FixedClock) -> Distributor:
    return Distributor(db, clock=clock, base_url=BASE)


async def test_a_published_content_enters_the_channels_whose_selector_matches(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, ARTICLES, GALLERIES)
    content = await draft(db, title="Tea")

    await publish(db, clock, content)
    tally = await distributor.drain()

    assert (tally.contents, tally.items, tally.decisions) == (1, 2, 1)
    assert await log_of(db, "test.articles") == [(1, FeedEvent.PUBLISHED, "Tea", 1)]
    assert await log_of(db, "test.galleries") == []
    assert await state_at(db, content, "test.articles") == (SubmissionState.DELIVERED, None)


async def test_a_creator_has_a_feed_of_their_own(db: Database, clock: FixedClock, distributor: Distributor):
    async with db.session() as session:
        ada = await make.creator(session, handle="ada")
    content = await draft(db, ada, title="Tea")

    await publish(db, clock, content)
    await distributor.drain()

    assert await log_of(db, "creator.ada") == [(1, FeedEvent.PUBLISHED, "Tea", 1)]


async def test_whoever_takes_over_a_handle_gets_a_feed_of_their_own(
    db: Database, clock: FixedClock, distributor: Distributor
):
    async with db.session() as session:
        first = await make.creator(session, handle="ada")
    await publish(db, clock, await draft(db, first, title="Tea"))
    await distributor.drain()
    async with db.session() as session:
        await session.execute(text("UPDATE creators SET handle = 'countess' WHERE id = :id"), {"id": first.id})
        second = await make.creator(session, handle="ada")

    await publish(db, clock, await draft(db, second, title="Coffee"))
    await distributor.drain()

    assert await log_of(db, "creator.ada") == [(1, FeedEvent.PUBLISHED, "Tea", 1)]
    assert await log_of(db, f"creator.ada.{second.uid}") == [(1, FeedEvent.PUBLISHED, "Coffee", 1)]


async def test_a_creator_who_does_not_pass_the_gates_is_not_submitted(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, HIGH_LEVEL)
    content = await draft(db)

    await publish(db, clock, content)
    await distributor.drain()

    assert await state_at(db, content, "test.high-level") is None


async def test_a_channel_that_was_named_answers_with_its_findings(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, HIGH_LEVEL, ARTICLES)
    content = await draft(db)

    await publish(db, clock, content, channels=["test.high-level"])
    await distributor.drain()

    assert await state_at(db, content, "test.high-level") == (SubmissionState.REJECTED, None)
    assert await state_at(db, content, "test.articles") is None
    async with db.session() as session:
        decision = (await session.scalars(select(models.Decision))).one()
    assert decision.outcome is models.Outcome.IMPOSSIBLE
    assert [(found["code"], found["actual"]) for found in decision.findings] == [("creator.level", 3)]


async def test_a_rejection_keeps_all_findings_and_tells_no_feed(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, SHORT_TITLES)
    content = await draft(db, title="A title of more than ten")

    await publish(db, clock, content)
    await distributor.drain()

    assert await state_at(db, content, "test.short-titles") == (SubmissionState.REJECTED, None)
    assert await log_of(db, "test.short-titles") == []
    async with db.session() as session:
        decision = (await session.scalars(select(models.Decision))).one()
    assert decision.outcome is models.Outcome.FIXABLE
    assert [(found["code"], found["actual"]) for found in decision.findings] == [("text.length", 24)]


async def test_a_channel_with_human_audit_waits_for_eyes(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, WITH_EYES)
    content = await draft(db)

    await publish(db, clock, content)
    await distributor.drain()

    assert await state_at(db, content, "test.with-eyes") == (SubmissionState.HUMAN_AUDIT, None)
    assert await log_of(db, "test.with-eyes") == []
    async with db.session() as session:
        submission = (await session.scalars(select(models.Submission))).one()
    assert submission.deadline_at == clock.now() + timedelta(hours=72)


async def test_an_edit_appends_an_update(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, ARTICLES)
    content = await draft(db, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()

    await revise(db, content, title="Green tea")
    await publish(db, clock, content)
    await distributor.drain()

    assert await log_of(db, "test.articles") == [
        (1, FeedEvent.PUBLISHED, "Green tea", 1),
        (2, FeedEvent.UPDATED, "Green tea", 2),
    ]


async def test_an_edit_that_breaks_a_rule_takes_it_out_of_the_channel(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, SHORT_TITLES)
    content = await draft(db, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()

    await revise(db, content, title="Tea, at far greater length")
    await publish(db, clock, content)
    await distributor.drain()

    assert await state_at(db, content, "test.short-titles") == (SubmissionState.REJECTED, None)
    assert [event for _, event, _, _ in await log_of(db, "test.short-titles")] == [
        FeedEvent.PUBLISHED,
        FeedEvent.WITHDRAWN,
    ]


async def test_a_withdrawn_content_leaves_every_feed_and_comes_back(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, ARTICLES)
    async with db.session() as session:
        ada = await make.creator(session, handle="ada")
    content = await draft(db, ada, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()

    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong picture", clock=clock)
    await distributor.drain()
    left = await state_at(db, content, "test.articles")
    async with db.session() as session:
        page = await feeds.page(session, SYSTEM, "test.articles", limit=10, at=clock.now(), base_url=BASE)
    await publish(db, clock, content)
    await distributor.drain()

    assert left == (SubmissionState.WITHDRAWN, "the content is not public")
    assert page.items == []
    for key in ("test.articles", "creator.ada"):
        assert [(event, version) for _, event, _, version in await log_of(db, key)] == [
            (FeedEvent.PUBLISHED, 1),
            (FeedEvent.WITHDRAWN, 2),
            (FeedEvent.RESTORED, 3),
        ]


@pytest.mark.parametrize("is_erased", [False, True])
async def test_a_suspended_or_erased_creator_leaves_every_feed(
    db: Database, clock: FixedClock, distributor: Distributor, store: Store, *, is_erased: bool
):
    await install(db, ARTICLES)
    async with db.session() as session:
        ada = await make.creator(session)
    for title in ("One", "Two"):
        await publish(db, clock, await draft(db, ada, title=title))
    await distributor.drain()

    async with db.session() as session:
        if is_erased:
            await erasure.erase_creator(session, SYSTEM, ada.uid, clock=clock)
        else:
            await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=clock)
        hidden = await feeds.page(session, SYSTEM, "test.articles", limit=10, at=clock.now(), base_url=BASE)
    await distributor.drain()
    # what the erasure does afterwards says nothing new
    while await erasure.step(db, store, clock):
        await distributor.drain()

    assert hidden.items == []  # before the distributor said anything
    assert [event for _, event, _, _ in await log_of(db, "test.articles")] == [
        FeedEvent.PUBLISHED,
        FeedEvent.PUBLISHED,
        FeedEvent.WITHDRAWN,
        FeedEvent.WITHDRAWN,
    ]


async def test_looking_again_says_nothing_new(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, ARTICLES)
    content = await draft(db)
    await publish(db, clock, content)
    await distributor.drain()

    async with db.session() as session:
        await publishing.changed(session, await session.get_one(models.Content, content.id), clock)
    tally = await distributor.drain()

    assert (tally.contents, tally.items, tally.decisions) == (1, 0, 0)


async def test_quota_is_spent_once_and_then_refused(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, ONE_A_DAY)
    async with db.session() as session:
        ada = await make.creator(session)
    first, second = await draft(db, ada, title="One"), await draft(db, ada, title="Two")

    for content in (first, second):
        await publish(db, clock, content)
    await distributor.drain()
    states = [await state_at(db, content, "test.one-a-day") for content in (first, second)]
    clock.move(timedelta(days=1))
    await publish(db, clock, second, channels=["test.one-a-day"])
    await distributor.drain()

    assert states == [(SubmissionState.DELIVERED, None), (SubmissionState.REJECTED, None)]
    assert await state_at(db, second, "test.one-a-day") == (SubmissionState.DELIVERED, None)
    async with db.session() as session:
        counters = (await session.execute(text("SELECT starts_on, used_count FROM quota_counters ORDER BY 1"))).all()
    assert [(str(day), used) for day, used in counters] == [("2026-11-24", 1), ("2026-11-25", 1)]


async def test_history_spends_no_quota(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, ONE_A_DAY)
    async with db.session() as session:
        ada = await make.creator(session)
        for title in ("One", "Two"):
            content = await make.content(session, ada, title=title, is_history=True)
            await publishing.changed(session, content, clock)

    await distributor.drain()

    assert [event for _, event, _, _ in await log_of(db, "test.one-a-day")] == [FeedEvent.PUBLISHED] * 2
    async with db.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM quota_counters")) == 0


async def test_a_decision_pins_what_it_rested_on(db: Database, clock: FixedClock, distributor: Distributor):
    await install(db, ARTICLES)
    content = await draft(db, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()

    async with db.session() as session:
        decision = (await session.scalars(select(models.Decision))).one()
        snapshot = (await session.scalars(select(models.FactSnapshot))).one()
        channel = (await session.scalars(select(models.Channel))).one()
        submission = (await session.scalars(select(models.Submission))).one()
    assert decision.decided_at == clock.now()
    assert decision.pack_version_id == channel.pack_version_id
    assert decision.snapshot_digest == snapshot.digest
    assert snapshot.body["creator"]["level"] == 3
    assert snapshot.body["content"]["title"] == ""  # the sealed revision has the words
    assert submission.decision_id == decision.id


async def revise(db: Database, content: models.Content, *, title: str) -> None:
    """Put a draft with this title beside the live revision."""
    async with db.session() as session:
        row = await session.get_one(models.Content, content.id, populate_existing=True)
        revision = models.Revision(content_id=row.id, number=2, title=title)
        session.add(revision)
        await session.flush()
        row.draft_revision_id = revision.id


async def test_followers_of_a_creator_are_told_each_state_of_each_submission(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, SHORT_TITLES)
    content = await draft(db, title="Tea, then the lake, then tea")
    subject = streams.Subject(StreamKind.SUBMISSIONS, content.creator_id)

    await publish(db, clock, content, channels=["test.short-titles"])
    await distributor.drain()
    await publish(db, clock, content, channels=["test.short-titles"])
    await distributor.drain()
    async with db.session() as session:
        row = await session.get_one(models.Content, content.id, populate_existing=True)
        revision = models.Revision(content_id=row.id, number=2, title="Tea")
        session.add(revision)
        await session.flush()
        row.draft_revision_id = revision.id
    await publish(db, clock, content, channels=["test.short-titles"])
    await distributor.drain()
    await publish(db, clock, content, channels=["test.short-titles"])
    await distributor.drain()
    async with db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=clock)
    await distributor.drain()
    await distributor.drain()

    async with db.session() as session:
        (submission,) = (await submissions.of_contents(session, [content.id]))[content.id].values()
        beginning = cursors.encode(subject.scope, [1, 0])
        page = await streams.read(session, SYSTEM, subject, beginning, 100)
    assert {one.details["submission"] for one in page.events} == {submission.id}
    assert [(one.event, one.details["state"], one.details["attempt"]) for one in page.events] == [
        ("STATE", "REJECTED", 1),
        ("STATE", "MACHINE_AUDIT", 2),
        ("STATE", "REJECTED", 2),
        ("STATE", "MACHINE_AUDIT", 3),
        ("STATE", "DELIVERED", 3),
        ("STATE", "WITHDRAWN", 3),
    ]
