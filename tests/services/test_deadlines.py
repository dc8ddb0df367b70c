"""What is not judged in time expires, a trial that nobody broke off passes, and nobody is moved twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

import models
from core.clock import FixedClock
from core.db import Database
from models import SubmissionActor, SubmissionState
from services import deadlines, deliveries, publishing
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
EYES = pack("test.eyes", audit={"path": ["machine", "human"], "machine_hours": 24, "human_hours": 72})
TRIAL = pack("test.trial", audit={"path": ["machine", "trial"], "trial_hours": 48, "confirmation_hours": 12})
OPEN = pack("test.open", audit={"path": ["machine"], "confirmation_hours": 12})


async def distributed(db: Database, clock: FixedClock, *packs: Any) -> models.Content:
    await install(db, *packs)
    async with db.session() as session:
        content = await make.content(session, await make.creator(session))
        await publishing.changed(session, content, clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()
    return content


async def states(db: Database) -> dict[str, tuple[str, Any]]:
    """By channel: where the submission stands, and until when."""
    async with db.session() as session:
        rows = await session.execute(
            select(models.Channel.key, models.Submission.state, models.Submission.deadline_at).join(
                models.Submission, models.Submission.channel_id == models.Channel.id
            )
        )
        return {key: (state.value, until) for key, state, until in rows}


async def history(db: Database) -> list[tuple[str | None, str, str, str, int]]:
    async with db.session() as session:
        rows = await session.scalars(select(models.SubmissionEvent).order_by(models.SubmissionEvent.id))
        return [
            (one.from_state and one.from_state.value, one.to_state.value, one.taken_by.value, one.actor, one.attempt)
            for one in rows
        ]


async def test_each_state_has_its_deadline_from_the_pinned_pack(db: Database, clock: FixedClock):
    await distributed(db, clock, EYES, TRIAL, OPEN)
    # packs of later versions count for later submissions
    await install(db, pack("test.eyes", audit={"path": ["machine", "human"], "human_hours": 1}))

    now = clock.now()
    assert await states(db) == {
        "test.eyes": ("HUMAN_AUDIT", now + timedelta(hours=72)),
        "test.trial": ("TRIAL", now + timedelta(hours=48)),
        "test.open": ("DELIVERED", now + timedelta(hours=12)),
    }
    clock.move(timedelta(hours=47, minutes=59))
    assert await deadlines.step(db, clock) is False


async def test_the_clock_ends_what_nobody_judged_and_lets_trials_pass(db: Database, clock: FixedClock):
    await distributed(db, clock, EYES, TRIAL, OPEN)
    clock.move(timedelta(hours=72))

    assert await deadlines.step(db, clock) is True
    assert await deadlines.step(db, clock) is False

    assert {key: state for key, (state, _) in (await states(db)).items()} == {
        "test.eyes": "EXPIRED",
        "test.trial": "ACCEPTED",
        "test.open": "DELIVERED",
    }
    await Distributor(db, clock=clock, base_url=BASE).drain()
    now = await states(db)
    assert now["test.trial"] == ("DELIVERED", clock.now() + timedelta(hours=12))
    assert now["test.eyes"] == ("EXPIRED", None)
    assert ("HUMAN_AUDIT", "EXPIRED", "CLOCK", "system", 1) in await history(db)
    assert (await history(db))[-2:] == [
        ("TRIAL", "ACCEPTED", "CLOCK", "system", 1),
        ("ACCEPTED", "DELIVERED", "ENGINE", "system", 1),
    ]


async def test_what_somebody_looks_at_does_not_expire_before_the_claim_ends(db: Database, clock: FixedClock):
    await distributed(db, clock, EYES)
    clock.move(timedelta(hours=72))
    async with db.session() as session:
        account = await make.account(session)
        claim = {"auditor_id": account.id, "claimed_until": clock.now() + timedelta(minutes=15)}
        await session.execute(update(models.Submission).values(**claim))

    moved = []
    for minutes in (14, 1):
        clock.move(timedelta(minutes=minutes))
        moved.append(await deadlines.step(db, clock))

    assert moved == [False, True]


async def test_what_expired_is_submitted_anew(db: Database, clock: FixedClock):
    content = await distributed(db, clock, EYES)
    clock.move(timedelta(hours=72))
    await deadlines.step(db, clock)

    async with db.session() as session:
        creator = await session.get_one(models.Creator, content.creator_id)
        row = (await session.scalars(select(models.Submission))).one()
        await deliveries.resubmit(session, await make.author(session, creator), row.uid, clock=clock)
        assert (row.state, row.attempt) == (SubmissionState.MACHINE_AUDIT, 2)
        assert row.deadline_at == clock.now() + timedelta(hours=24)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    assert await states(db) == {"test.eyes": ("HUMAN_AUDIT", clock.now() + timedelta(hours=72))}
    assert [(step[0], step[1], step[2], step[4]) for step in (await history(db))[-2:]] == [
        ("EXPIRED", "MACHINE_AUDIT", "AUTHOR", 2),
        ("MACHINE_AUDIT", "HUMAN_AUDIT", "ENGINE", 2),
    ]


async def test_a_distributor_that_read_it_before_does_not_bring_it_back(db: Database, clock: FixedClock):
    content = await distributed(db, clock, EYES)
    async with db.session() as session:
        await session.execute(update(models.Submission).values(state="MACHINE_AUDIT"))
        before = await session.scalar(select(models.Content.version).where(models.Content.id == content.id))
    clock.move(timedelta(hours=72))

    await deadlines.step(db, clock)

    async with db.session() as session:
        assert (
            await session.scalar(select(models.Content.version).where(models.Content.id == content.id))
            == (before or 0) + 1
        )


@pytest.mark.parametrize("held", [False, True], ids=["two-workers", "somebody-judges-it"])
async def test_two_workers_move_each_once_and_wait_for_nobody(committed: Database, clock: FixedClock, *, held: bool):
    content = await distributed(committed, clock, EYES)
    clock.move(timedelta(hours=72))

    async with committed.session() as other:
        if held:
            await other.execute(text("SELECT FROM contents WHERE id = :id FOR UPDATE"), {"id": content.id})
        moved = await asyncio.gather(*(deadlines.step(committed, clock) for _ in range(2)))

    assert sorted(moved) == ([False, False] if held else [False, True])
    steps = [step for step in await history(committed) if step[2] == SubmissionActor.CLOCK.value]
    assert len(steps) == (0 if held else 1)
