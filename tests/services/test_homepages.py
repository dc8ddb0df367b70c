"""Homepages that go live at a set time: fired once, with the rights of then, and told when they could not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Problem
from models.page_blocks import Recommended
from services import accounts, firing, homepages, schedule_times, stamps
from services.access import MissingScope
from services.homepages import scheduling
from services.homepages.publishing import NoSuchVersion
from services.scheduling import NotScheduled
from tests import make
from tests.conftest import RolledBackDatabase

EVENING = {"at": "2026-11-24T20:00", "time_zone": "Asia/Shanghai"}
DUE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def page(title: str) -> homepages.PageDraft:
    return homepages.PageDraft.model_validate({"blocks": [{"type": "hero", "title": title}]})


async def drafted(session: AsyncSession, caller: Caller, ada: models.Creator, title: str, clock: FixedClock) -> None:
    await homepages.save(session, caller, ada.uid, page(title), expected_revision=None, clock=clock)


@pytest.fixture
async def ada(session: AsyncSession) -> models.Creator:
    return await make.creator(session, name="Ada")


@pytest.fixture
async def author(session: AsyncSession, ada: models.Creator) -> Caller:
    """An account that acts as Ada, as the database knows it."""
    caller = await make.author(session, ada)
    account = await session.get_one(models.Account, caller.account_id)
    await accounts.act_as(session, SYSTEM, account.uid, ada)
    return caller


async def versions(session: AsyncSession) -> list[models.HomepageVersion]:
    statement = select(models.HomepageVersion).order_by(models.HomepageVersion.number)
    return list((await session.scalars(statement.execution_options(populate_existing=True))).all())


async def states(session: AsyncSession) -> list[str]:
    return [version.state.value for version in await versions(session)]


def told(error: DomainError) -> list[tuple[str, tuple[str | int, ...]]]:
    problems: Sequence[Problem] = error.problems
    return [(problem.code, problem.path) for problem in problems]


async def test_a_draft_goes_live_when_its_time_comes_and_says_how_late_it_was(
    db: RolledBackDatabase, session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
) -> None:
    await drafted(session, author, ada, "One", clock)
    await homepages.publish(session, author, ada.uid, clock=clock)
    await drafted(session, author, ada, "Two", clock)
    scheduled = await homepages.schedule(session, author, ada.uid, **EVENING, expected_revision="2.1", clock=clock)
    await drafted(session, author, ada, "Three", clock)
    assert (scheduled.scheduled_for, scheduled.schedule_zone) == (DUE, "Asia/Shanghai")
    assert await scheduling.next_at(session) == DUE

    clock.at = DUE - timedelta(seconds=1)
    assert not await firing.fire_one(db, scheduling, clock)
    clock.at = DUE + timedelta(milliseconds=1_500)
    assert await firing.fire_one(db, scheduling, clock)
    assert not await firing.fire_one(db, scheduling, clock)

    assert await states(session) == ["SUPERSEDED", "LIVE", "DRAFT"]
    live = (await versions(session))[1]
    assert (live.fired_late_ms, live.published_at, live.schedule_failure) == (1_500, clock.now(), None)
    assert await scheduling.next_at(session) is None


async def test_a_schedule_is_moved_and_taken_back(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
) -> None:
    await drafted(session, author, ada, "One", clock)
    await homepages.schedule(session, author, ada.uid, **EVENING, clock=clock)

    moved = await homepages.reschedule(
        session, author, ada.uid, 1, at="2026-12-24T18:00", time_zone="Europe/Paris", clock=clock
    )
    assert moved.scheduled_for == datetime(2026, 12, 24, 17, 0, tzinfo=UTC)
    back = await homepages.cancel(session, author, ada.uid, 1, clock=clock)
    assert (back.state, back.scheduled_for, back.schedule_zone) == (models.HomepageState.DRAFT, None, None)

    await homepages.schedule(session, author, ada.uid, **EVENING, clock=clock)
    await drafted(session, author, ada, "Two", clock)
    gone = await homepages.cancel(session, author, ada.uid, 1, clock=clock)
    assert gone.state is models.HomepageState.DROPPED
    with pytest.raises(NotScheduled):
        await homepages.cancel(session, author, ada.uid, 1, clock=clock)
    with pytest.raises(NoSuchVersion):
        await homepages.cancel(session, author, ada.uid, 9, clock=clock)
    assert await states(session) == ["DROPPED", "DRAFT"]


async def test_what_is_wrong_with_a_schedule_is_told_at_once(
    session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock
) -> None:
    await drafted(session, author, ada, "One", clock)
    wrong: dict[str, Any] = {"at": "tomorrow", "time_zone": "Middle/Earth"}

    with pytest.raises(DomainError) as refused:
        await homepages.schedule(session, author, ada.uid, **wrong, expected_revision="1.7", clock=clock)
    assert told(refused.value) == [
        (schedule_times.UnknownTimeZone.code, ("time_zone",)),
        (schedule_times.MalformedTime.code, ("at",)),
        (stamps.StaleRevision.code, ("expected_revision",)),
    ]
    with pytest.raises(DomainError) as refused:
        await homepages.reschedule(session, author, ada.uid, 1, **wrong, clock=clock)
    assert [code for code, _ in told(refused.value)][-1] == NotScheduled.code
    with pytest.raises(schedule_times.TimeIsPast):
        await homepages.schedule(session, author, ada.uid, at="2026-11-24T07:59", time_zone="UTC", clock=clock)
    assert await states(session) == ["DRAFT"]


@pytest.mark.parametrize("lost", ["account", "identity", "creator"])
async def test_rights_are_looked_at_again_when_the_time_comes(
    db: RolledBackDatabase, session: AsyncSession, ada: models.Creator, author: Caller, clock: FixedClock, lost: str
) -> None:
    await drafted(session, author, ada, "One", clock)
    await homepages.schedule(session, author, ada.uid, **EVENING, clock=clock)
    account = await session.get_one(models.Account, author.account_id)
    [identity] = await session.scalars(select(models.Identity).where(models.Identity.account_id == account.id))
    if lost == "account":
        account.suspended_at = clock.now()
    elif lost == "identity":
        await session.delete(identity)
    else:
        ada.suspended_at = clock.now()
    await session.flush()

    clock.at = DUE
    assert await firing.fire_one(db, scheduling, clock)
    assert not await firing.fire_one(db, scheduling, clock)

    [version] = await versions(session)
    assert version.state is models.HomepageState.SCHEDULED
    codes = {"account": "SUSPENDED_ACCOUNT", "identity": "FORBIDDEN", "creator": "CREATOR_SUSPENDED"}
    assert (version.schedule_failure or "").startswith(f"{codes[lost]}: ")
    assert await scheduling.overdue(session, clock.now()) == {"failed": 1, "overdue": 0}
    # whoever moves it gives it new life
    await homepages.reschedule(session, SYSTEM, ada.uid, 1, at="2026-11-25T20:00", time_zone="UTC", clock=clock)
    assert await scheduling.overdue(session, clock.now() + timedelta(days=2)) == {"failed": 0, "overdue": 1}


async def test_those_who_save_publish_and_fire_at_once_leave_one_live_version(
    committed: Database, clock: FixedClock
) -> None:
    async with committed.session() as session:
        ada = await make.creator(session, name="Ada")
        account = await make.account(session)
        await accounts.act_as(session, SYSTEM, account.uid, ada)
        caller = replace(make.acting_as(ada), account_id=account.id)
        for title in ("One", "Two"):
            await drafted(session, caller, ada, title, clock)
            await homepages.schedule(session, caller, ada.uid, **EVENING, clock=clock)
        await drafted(session, caller, ada, "Three", clock)
    clock.at = DUE

    async def publish() -> Any:
        async with committed.session() as session:
            return await homepages.publish(session, caller, ada.uid, clock=clock)

    together = asyncio.Barrier(8)

    async def save(title: str) -> Any:
        async with committed.session() as session:
            await session.execute(select(1))
            await together.wait()
            return await homepages.save(session, caller, ada.uid, page(title), expected_revision="3.1", clock=clock)

    fired = [firing.fire_one(committed, scheduling, clock) for _ in range(6)]
    saved = await asyncio.gather(*map(save, "abcdefgh"), return_exceptions=True)
    done = [*saved, *await asyncio.gather(publish(), publish(), *fired, return_exceptions=True)]
    while await firing.fire_one(committed, scheduling, clock):
        pass

    assert not [one for one in done if isinstance(one, Exception) and not isinstance(one, DomainError)]
    async with committed.session() as session:
        found = await states(session)
        assert found.count("LIVE") == 1
        assert found[:2].count("SCHEDULED") == 0
    # of those who saved on top of the same draft one was taken
    assert sum(isinstance(one, models.HomepageVersion) for one in saved) == 1


async def test_a_page_is_changed_with_the_scope_for_it_alone(
    session: AsyncSession, ada: models.Creator, clock: FixedClock
) -> None:
    narrow = await make.author(session, ada, Scope.CONTENT_WRITE)

    with pytest.raises(MissingScope):
        await drafted(session, narrow, ada, "One", clock)
    assert await versions(session) == []


async def test_nothing_of_a_hidden_creator_is_recommended(
    session: AsyncSession, ada: models.Creator, author: Caller
) -> None:
    kettle = await make.product(session)
    await make.content(session, ada, products=(kettle,))
    key = homepages.recommendation_key(ada.id, Recommended())
    assert await homepages.recommended(session, ANONYMOUS, [key]) == {key: [kettle]}

    ada.suspended_at = make.EARLY
    await session.flush()

    assert await homepages.recommended(session, ANONYMOUS, [key]) == {key: []}
