"""What an edit does at the channels that have the content: looked at again by everybody, or by the machine alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import FeedEvent, SubmissionState
from services import planning
from services.distribution import Distributor
from services.product_changes import TAKEN_BACK
from tests.services.packs import install, pack
from tests.services.test_distribution import BASE, draft, log_of, publish, revise, state_at
from tests.services.test_products_follow import ON_SHELF, Shelf, accept, events

HUMAN = {"path": ["machine", "human"]}
SHORT = {"kind": "text.length", "field": "title", "max": 10, "unit": "graphemes"}
RENDERS = {"edit": "render"}


@pytest.fixture
def distributor(db: Database, clock: FixedClock) -> Distributor:
    return Distributor(db, clock=clock, base_url=BASE)


async def accepted(db: Database, clock: FixedClock, distributor: Distributor, state: SubmissionState) -> models.Content:
    content = await draft(db, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()
    await accept(db, content, state)
    await distributor.drain()
    return content


async def edited(
    db: Database, clock: FixedClock, distributor: Distributor, content: models.Content, title: str = "Green tea"
) -> models.Submission:
    await revise(db, content, title=title)
    await publish(db, clock, content)
    await distributor.drain()
    async with db.session() as session:
        return (
            await session.scalars(select(models.Submission).where(models.Submission.content_id == content.id))
        ).one()


async def test_while_an_edit_waits_for_people_the_channel_has_nothing(
    db: Database, clock: FixedClock, distributor: Distributor
):
    """The version before is superseded, and what is not live is never served; the new one nobody has looked at."""
    await install(db, pack("test.one", audit=HUMAN))
    content = await accepted(db, clock, distributor, SubmissionState.DELIVERED)

    submission = await edited(db, clock, distributor, content)
    waiting = await events(db)
    await accept(db, content)
    await distributor.drain()

    assert (submission.state, submission.attempt) == (SubmissionState.HUMAN_AUDIT, 2)
    assert waiting == [FeedEvent.PUBLISHED, FeedEvent.WITHDRAWN]
    assert (await log_of(db, "test.one"))[-1] == (3, FeedEvent.RESTORED, "Green tea", 3)


@pytest.mark.parametrize("state", models.DELIVERED)
async def test_where_the_pack_says_so_the_machine_alone_looks_at_an_edit(
    db: Database, clock: FixedClock, distributor: Distributor, state: SubmissionState
):
    await install(db, pack("test.one", audit=HUMAN, changes=RENDERS))
    content = await accepted(db, clock, distributor, state)

    submission = await edited(db, clock, distributor, content)

    assert (submission.state, submission.attempt) == (SubmissionState.DELIVERED, 2)
    assert (await log_of(db, "test.one"))[-1] == (2, FeedEvent.UPDATED, "Green tea", 2)


async def test_what_the_machine_does_not_let_in_leaves_the_channel_all_the_same(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, pack("test.one", audit=HUMAN, rules=[SHORT], changes=RENDERS))
    content = await accepted(db, clock, distributor, SubmissionState.DELIVERED)

    submission = await edited(db, clock, distributor, content, "Tea, at far greater length")

    assert submission.state is SubmissionState.REJECTED
    assert await events(db) == [FeedEvent.PUBLISHED, FeedEvent.WITHDRAWN]


@pytest.mark.parametrize(
    ("path", "stood", "stands"),
    [
        (["machine", "human"], SubmissionState.HUMAN_AUDIT, SubmissionState.HUMAN_AUDIT),
        (["machine", "human", "trial"], SubmissionState.TRIAL, SubmissionState.TRIAL),
        (["machine", "human"], SubmissionState.REJECTED, SubmissionState.HUMAN_AUDIT),
        (["machine", "human"], SubmissionState.WITHDRAWN, SubmissionState.HUMAN_AUDIT),
    ],
)
async def test_nobody_who_has_not_looked_yet_is_passed_over(
    db: Database,
    clock: FixedClock,
    distributor: Distributor,
    path: list[str],
    stood: SubmissionState,
    stands: SubmissionState,
):
    await install(db, pack("test.one", audit={"path": path}, changes=RENDERS))
    content = await accepted(db, clock, distributor, stood)

    submission = await edited(db, clock, distributor, content)

    assert submission.state is stands


async def test_who_swaps_the_product_that_went_need_not_wait_where_edits_need_no_people(
    db: Database, clock: FixedClock, distributor: Distributor
):
    await install(db, pack("test.one", audit=HUMAN, rules=[ON_SHELF], changes=RENDERS))
    shelf = await Shelf(db, clock, distributor).open()
    content = await shelf.published()
    await accept(db, content)
    await shelf.change(is_on_shelf=False)
    await distributor.drain()
    gone = await state_at(db, content, "test.one")

    submission = await edited(db, clock, distributor, content)  # without the product

    assert gone == (SubmissionState.WITHDRAWN, TAKEN_BACK)
    assert (submission.state, submission.flags) == (SubmissionState.DELIVERED, [])


@pytest.mark.parametrize(("counts", "state"), [(False, SubmissionState.DELIVERED), (True, SubmissionState.REJECTED)])
async def test_an_edit_pays_again_only_where_the_pack_says_so(
    db: Database, clock: FixedClock, distributor: Distributor, *, counts: bool, state: SubmissionState
):
    """The day's only place is its own: it is not turned away from there by itself."""
    await install(db, pack("test.one", quota={"per_creator_per_day": 1, "resubmission_counts": counts}))
    content = await draft(db, title="Tea")
    await publish(db, clock, content)
    await distributor.drain()

    await revise(db, content, title="Green tea")
    async with db.session() as session:
        (planned,) = await planning.plan(session, SYSTEM, content.uid, clock=clock, base_url=BASE)
    await publish(db, clock, content)
    await distributor.drain()

    async with db.session() as session:
        submission = (await session.scalars(select(models.Submission))).one()
    assert submission.state is state
    assert [found.code for found in planned.evaluation.findings] == (["quota.spent"] if counts else [])
    async with db.session() as session:
        counters: list[Any] = list(await session.scalars(select(models.QuotaCounter.used_count)))
    assert counters == [1]
