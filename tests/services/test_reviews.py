"""Reviews: what an organisation demands to see, who decides, and that of two who decide at once one is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Forbidden
from core.reads import Window
from models import OrganisationRole, ReviewState
from services import consent, contents, publishing, reviews, scheduling
from tests import make

TODAY = Range(make.day("2026-01-01"), None)


@dataclass
class Agency:
    """A creator under contract with an organisation that demands reviews, and who acts on both sides."""

    organisation: models.Organisation
    creator: models.Creator
    author: Caller
    manager: Caller
    editor: Caller


async def agency(session: AsyncSession) -> Agency:
    ada = await make.creator(session)
    north = models.Organisation(handle="north", name="North", demands_review=True)
    session.add(north)
    await session.flush()
    session.add(models.Contract(organisation_id=north.id, creator_id=ada.id, period=TODAY, share_basis_points=1_000))
    author = await make.author(session, ada)
    sides = []
    for role in (OrganisationRole.MANAGER, OrganisationRole.EDITOR):
        known = await make.author(session, ada, *author.scopes, Scope.ORGANISATION_WRITE)
        member = {"organisation_id": north.id, "account_id": known.account_id, "role": role, "period": TODAY}
        session.add(models.OrganisationMember(**member))
        sides.append(replace(known, organisation_ids=frozenset({north.id})))
    await session.flush()
    return Agency(north, ada, author, *sides)


def words(title: str) -> contents.Draft:
    return contents.Draft.model_validate({"title": title, "details": {"format": "ARTICLE"}})


async def states(session: AsyncSession, content: models.Content) -> dict[int, str]:
    rows = await session.execute(
        text("SELECT number, state FROM revisions WHERE content_id = :id ORDER BY 1"), {"id": content.id}
    )
    return dict(rows.all())


async def code(attempt: Any) -> str:
    with pytest.raises(DomainError) as refused:
        await attempt
    return refused.value.code


async def test_what_an_organisation_demands_to_see_goes_out_with_its_consent_only(
    session: AsyncSession, clock: FixedClock
):
    there = await agency(session)
    content = await make.content(session, there.creator, title="Checked", live=False)
    known = {"at": "2026-12-01T20:00", "time_zone": "Asia/Shanghai", "clock": clock}
    assert await code(publishing.publish(session, there.author, content.uid, clock=clock)) == "REVIEW_REQUIRED"
    assert await code(publishing.publish(session, there.manager, content.uid, clock=clock)) == "REVIEW_REQUIRED"
    assert await code(scheduling.schedule(session, there.author, content.uid, **known)) == "REVIEW_REQUIRED"

    review = await reviews.submit(session, there.author, content.uid, expected_revision="1.1", clock=clock)
    await contents.edit(session, there.author, content.uid, words("Edited"), expected_revision=None, clock=clock)
    assert await code(publishing.publish(session, there.author, content.uid, clock=clock)) == "REVIEW_REQUIRED"
    assert await code(reviews.submit(session, there.author, content.uid, clock=clock)) == "ALREADY_IN_REVIEW"
    await reviews.approve(session, there.manager, review.uid, note="Good.", clock=clock)
    assert (review.state, review.decided_by_id, review.note) == (
        ReviewState.APPROVED,
        there.manager.account_id,
        "Good.",
    )
    await publishing.publish(session, there.author, content.uid, clock=clock)

    # what was approved went out, and what was written meanwhile did not
    assert await states(session, content) == {1: "LIVE", 2: "DRAFT"}
    assert (
        await session.scalar(select(models.Revision.title).where(models.Revision.id == content.live_revision_id))
        == "Checked"
    )
    assert await code(publishing.publish(session, there.author, content.uid, clock=clock)) == "REVIEW_REQUIRED"


async def test_an_approved_version_can_be_scheduled_and_stays_approved_when_that_is_cancelled(
    session: AsyncSession, clock: FixedClock
):
    there = await agency(session)
    content = await make.content(session, there.creator, live=False)
    review = await reviews.submit(session, there.author, content.uid, clock=clock)
    await reviews.approve(session, there.manager, review.uid, clock=clock)

    known = {"at": "2026-12-01T20:00", "time_zone": "Asia/Shanghai", "clock": clock}
    await scheduling.schedule(session, there.author, content.uid, **known)
    assert await states(session, content) == {1: "SCHEDULED"}
    assert await code(reviews.cancel(session, there.author, review.uid, clock=clock)) == "REVIEW_OVER"
    await scheduling.cancel(session, there.author, content.uid, clock=clock)
    assert await states(session, content) == {1: "IN_REVIEW"}

    await reviews.cancel(session, there.author, review.uid, clock=clock)
    assert (await states(session, content), review.state) == ({1: "DROPPED", 2: "DRAFT"}, ReviewState.CANCELLED)
    assert await code(publishing.publish(session, there.author, content.uid, clock=clock)) == "REVIEW_REQUIRED"


async def test_what_is_returned_becomes_the_draft_again_unless_there_is_a_newer_one(
    session: AsyncSession, clock: FixedClock
):
    there = await agency(session)
    one, other = [await make.content(session, there.creator, title="Sent", live=False) for _ in range(2)]
    first = await reviews.submit(session, there.author, one.uid, clock=clock)
    second = await reviews.submit(session, there.author, other.uid, clock=clock)
    await contents.edit(session, there.author, other.uid, words("Newer"), expected_revision=None, clock=clock)

    for review in (first, second):
        await reviews.send_back(session, there.manager, review.uid, note="Shorter, please.", clock=clock)

    assert (first.state, first.note) == (ReviewState.RETURNED, "Shorter, please.")
    for content, title in ((one, "Sent"), (other, "Newer")):
        assert await states(session, content) == {1: "DROPPED", 2: "DRAFT"}
        draft = await session.get_one(models.Revision, content.draft_revision_id)
        assert (draft.title, content.waiting_revision_id) == (title, None)


async def test_only_owners_and_managers_under_contract_decide(session: AsyncSession, clock: FixedClock):
    there = await agency(session)
    content = await make.content(session, there.creator, live=False)
    review = await reviews.submit(session, there.author, content.uid, clock=clock)
    stranger = await make.author(session, await make.creator(session, name="Eve"), Scope.ORGANISATION_WRITE)
    narrow = replace(there.manager, scopes=there.author.scopes)
    south = models.Organisation(handle="south", name="South")
    session.add(south)
    await session.flush()
    elsewhere = replace(there.manager, organisation_ids=frozenset({south.id}))

    assert await code(reviews.approve(session, stranger, review.uid, clock=clock)) == "NO_SUCH_REVIEW"
    assert await code(reviews.approve(session, narrow, review.uid, clock=clock)) == "MISSING_SCOPE"
    for caller in (there.editor, elsewhere, replace(there.author, scopes=there.manager.scopes)):
        with pytest.raises(Forbidden, match="owner or a manager"):
            await reviews.approve(session, caller, review.uid, clock=clock)
    await session.execute(text("DELETE FROM contracts"))
    with pytest.raises(Forbidden, match="no longer under contract"):
        await reviews.send_back(session, there.manager, review.uid, note="n", clock=clock)
    assert (review.state, await states(session, content)) == (ReviewState.WAITING, {1: "IN_REVIEW"})
    # without the organisation the author takes it back, and publishes
    await reviews.cancel(session, there.author, review.uid, clock=clock)
    await publishing.publish(session, there.author, content.uid, clock=clock)
    assert await states(session, content) == {1: "DROPPED", 2: "LIVE"}


async def test_consent_puts_out_what_was_to_go_out_at_once(session: AsyncSession, clock: FixedClock):
    there = await agency(session)
    content = await make.content(session, there.creator, live=False)
    channel = await make.channel(session, "test.all", body={"key": "test.all"})
    writer = replace(there.author, scopes=frozenset({Scope.CONTENT_WRITE}))
    asked = {"publishes": True, "channels": ["test.all"], "clock": clock}
    assert await code(reviews.submit(session, writer, content.uid, **asked)) == "MISSING_SCOPE"
    review = await reviews.submit(session, there.author, content.uid, **asked)

    await reviews.approve(session, there.manager, review.uid, clock=clock)

    assert await states(session, content) == {1: "LIVE"}
    assert (content.channel_ids, content.published_at, content.version) == ([channel.id], clock.now(), 2)
    assert await code(reviews.send_back(session, there.manager, review.uid, note="n", clock=clock)) == "REVIEW_OVER"


async def test_nobody_is_asked_where_no_review_is_demanded(session: AsyncSession, clock: FixedClock):
    there = await agency(session)
    content = await make.content(session, there.creator, live=False)
    there.organisation.demands_review = False
    await session.flush()

    assert await code(reviews.submit(session, there.author, content.uid, clock=clock)) == "NOT_REVIEWED"
    assert await consent.demanded_by(session, there.creator.id, clock.now().date()) is None
    await publishing.publish(session, there.author, content.uid, clock=clock)
    assert await states(session, content) == {1: "LIVE"}


async def test_both_sides_see_the_reviews_and_nobody_else(session: AsyncSession, clock: FixedClock):
    there = await agency(session)
    rows = [await make.content(session, there.creator, live=False) for _ in range(3)]
    made = [await reviews.submit(session, there.author, content.uid, clock=clock) for content in rows]
    await reviews.approve(session, there.manager, made[0].uid, clock=clock)
    inside = {"account_id": 1, "organisation_ids": frozenset({there.organisation.id})}
    analyst = Caller(name="a", scopes=frozenset({Scope.ORGANISATION_WRITE}), **inside)
    stranger = await make.author(session, await make.creator(session, name="Eve"))
    waiting = reviews.ReviewFilter((ReviewState.WAITING,))

    async def seen(caller: Caller, **how: Any) -> list[int]:
        found = await reviews.of_organisations(session, caller, [there.organisation.id], window=Window(first=10), **how)
        return [review.id for review in found[there.organisation.id].rows]  # type: ignore[union-attr]  # no cursor, no refusal

    everything = [review.id for review in reversed(made)]
    for caller in (there.author, there.manager, analyst, make.operator()):
        assert await seen(caller) == everything
    assert await seen(analyst, filters=waiting) == everything[:2]
    assert await seen(stranger) == []


async def test_of_two_who_decide_at_once_the_second_is_told(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        there = await agency(session)
        content = await make.content(session, there.creator, live=False)
        review = await reviews.submit(session, there.author, content.uid, publishes=True, clock=clock)

    async def decide(*, approves: bool) -> str:
        try:
            async with committed.session() as session:
                if approves:
                    await reviews.approve(session, there.manager, review.uid, clock=clock)
                else:
                    await reviews.send_back(session, there.manager, review.uid, note="No.", clock=clock)
        except reviews.ReviewOver:
            return "over"
        return "approved" if approves else "returned"

    said = await asyncio.gather(*(decide(approves=number % 2 == 0) for number in range(6)))

    (winner,) = [word for word in said if word != "over"]
    async with committed.session() as session:
        kept = await session.get_one(models.Review, review.id)
        assert kept.state.value.lower() == winner
        expected = {"approved": {1: "LIVE"}, "returned": {1: "DROPPED", 2: "DRAFT"}}
        assert await states(session, content) == expected[winner]


async def test_a_decision_waits_for_a_save_and_loses_nothing_of_it(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        there = await agency(session)
        content = await make.content(session, there.creator, title="Sent", live=False)
        review = await reviews.submit(session, there.author, content.uid, clock=clock)

    async def back() -> None:
        async with committed.session() as session:
            await reviews.send_back(session, there.manager, review.uid, note="No.", clock=clock)

    async with committed.session() as session:
        await contents.edit(session, there.author, content.uid, words("Saved"), expected_revision=None, clock=clock)
        returned = asyncio.create_task(back())
        while not returned.done() and not await waiting(committed):
            pass
    await returned

    async with committed.session() as session:
        titles = await session.scalars(select(models.Revision.title).order_by(models.Revision.number))
        assert list(titles) == ["Sent", "Saved"]
        assert await states(session, content) == {1: "DROPPED", 2: "DRAFT"}


async def waiting(db: Database) -> int:
    """How many connections wait for a lock."""
    async with db.session() as session:
        return await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
