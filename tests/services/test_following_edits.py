"""What an edit does at the channels that have the content: looked at again by everybody, or by the machine alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import FeedEvent, SubmissionState
from services import deliveries, planning, publishing
from services.distribution import Distributor
from services.product_changes import TAKEN_BACK
from tests import make
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


@pytest.mark.parametrize("counts", [False, True])
async def test_what_was_hidden_comes_back_for_nothing_where_its_author_asked_for_nothing(
    db: Database, clock: FixedClock, distributor: Distributor, *, counts: bool
):
    """More stand there than a day lets in, and all are back on one day, as the plan says; who submits anew pays or not."""
    await install(db, pack("test.one", quota={"per_creator_per_day": 1, "resubmission_counts": counts}))
    async with db.session() as session:
        author = await make.creator(session)
    contents = [await draft(db, author, title=f"Tea {day}") for day in range(3)]
    for content in contents:
        await publish(db, clock, content)
        await distributor.drain()
        clock.move(timedelta(days=1))
    async with db.session() as session:
        await publishing.suspend(session, SYSTEM, author.uid, reason="By mistake.", clock=clock)
    await distributor.drain()
    planned = [await codes_of_plan(db, clock, content) for content in contents]

    async with db.session() as session:
        await publishing.reinstate(session, SYSTEM, author.uid)
    await distributor.drain()

    assert planned == [[], [], []]
    assert [await state_at(db, content, "test.one") for content in contents] == [(SubmissionState.DELIVERED, None)] * 3
    assert await used_by_day(db) == [1, 1, 1]
    await anew(db, clock, distributor, contents[0])
    assert await used_by_day(db) == ([1, 1, 1, 1] if counts else [1, 1, 1])
    # the day's only place is gone where it counted, and the plan of the next who would be submitted anew says so
    await withdrawn(db, clock, distributor, contents[1])
    last = await codes_of_plan(db, clock, contents[1])
    await anew(db, clock, distributor, contents[1])
    state = SubmissionState.REJECTED if counts else SubmissionState.DELIVERED
    assert last == (["quota.spent"] if counts else [])
    assert (await submission_of(db, contents[1])).state is state


async def submission_of(db: Database, content: models.Content) -> models.Submission:
    wanted = select(models.Submission).where(models.Submission.content_id == content.id)
    async with db.session() as session:
        return (await session.scalars(wanted.execution_options(populate_existing=True))).one()


async def withdrawn(db: Database, clock: FixedClock, distributor: Distributor, content: models.Content) -> None:
    submission = await submission_of(db, content)
    if submission.state is not SubmissionState.WITHDRAWN:
        async with db.session() as session:
            await deliveries.withdraw(session, SYSTEM, submission.uid, reason="Not yet.", clock=clock)
        await distributor.drain()


async def anew(db: Database, clock: FixedClock, distributor: Distributor, content: models.Content) -> None:
    await withdrawn(db, clock, distributor, content)
    submission = await submission_of(db, content)
    async with db.session() as session:
        await deliveries.resubmit(session, SYSTEM, submission.uid, clock=clock)
    await distributor.drain()


async def codes_of_plan(db: Database, clock: FixedClock, content: models.Content) -> list[str]:
    async with db.session() as session:
        (planned,) = await planning.plan(session, SYSTEM, content.uid, clock=clock, base_url=BASE)
    return [found.code for found in planned.evaluation.findings]


async def used_by_day(db: Database) -> list[int]:
    counter = models.QuotaCounter
    async with db.session() as session:
        return list(await session.scalars(select(counter.used_count).order_by(counter.starts_on)))
