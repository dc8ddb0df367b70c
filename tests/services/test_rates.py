"""Buckets: what a caller may spend, shared by all processes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM, Caller
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from services import loops, rates
from services.rates import Policy, Rates, Spent
from tests.conftest import RolledBackDatabase

SMALL = Policy("anonymous", 1_000, 600)  # ten come back in a second
ONE = Caller(name="one", account_id=1)
SETTINGS = Settings(
    graphql_cost=1_000, anonymous_bucket=1_000, anonymous_refill=600, account_bucket=5_000, account_refill=600,
    _env_file=None,
)  # fmt: skip


async def test_a_bucket_gives_until_it_is_spent_and_a_refusal_takes_nothing(
    session: AsyncSession, clock: FixedClock
) -> None:
    assert await rates.take(session, "a", 700, SMALL, clock=clock) == 300
    assert await rates.take(session, "a", 301, SMALL, clock=clock) is None
    assert await rates.take(session, "a", 300, SMALL, clock=clock) == 0
    assert await rates.take(session, "a", 1, SMALL, clock=clock) is None
    assert await rates.take(session, "b", 1, SMALL, clock=clock) == 999
    assert await rates.remaining(session, "a", SMALL, clock=clock) == 0
    assert await rates.remaining(session, "never asked", SMALL, clock=clock) == 1_000


async def test_a_bucket_comes_back_steadily_and_never_holds_more_than_it_can(
    session: AsyncSession, clock: FixedClock
) -> None:
    await rates.take(session, "a", 1_000, SMALL, clock=clock)

    clock.move(timedelta(seconds=3))
    assert await rates.remaining(session, "a", SMALL, clock=clock) == 30
    assert await rates.take(session, "a", 31, SMALL, clock=clock) is None
    assert await rates.take(session, "a", 20, SMALL, clock=clock) == 10
    clock.move(timedelta(hours=1))
    assert await rates.take(session, "a", 1_001, SMALL, clock=clock) is None
    assert await rates.take(session, "a", 1_000, SMALL, clock=clock) == 0


async def test_a_process_whose_clock_is_behind_gives_nothing_back_twice(
    session: AsyncSession, clock: FixedClock
) -> None:
    await rates.take(session, "a", 1_000, SMALL, clock=clock)
    behind = FixedClock(clock.now() - timedelta(seconds=30))

    assert await rates.take(session, "a", 1, SMALL, clock=behind) is None
    clock.move(timedelta(seconds=10))
    assert await rates.take(session, "a", 50, SMALL, clock=clock) == 50
    assert await rates.take(session, "a", 50, SMALL, clock=behind) == 0
    assert await rates.take(session, "a", 1, SMALL, clock=clock) is None


async def spend(buckets: Rates, db: Database, caller: Caller, units: int, clock: FixedClock, address: str = "x") -> int:
    allowance = await buckets.take(db, caller, units, address=address, settings=SETTINGS, clock=clock)
    assert allowance is not None
    return allowance.remaining


async def test_a_caller_is_told_what_is_left_and_when_to_come_again(db: RolledBackDatabase, clock: FixedClock) -> None:
    buckets = Rates()

    assert await spend(buckets, db, ANONYMOUS, 400, clock) == 600
    with pytest.raises(Spent) as spent:
        await spend(buckets, db, ANONYMOUS, 700, clock)

    assert spent.value.code == "RATE_LIMITED"
    assert spent.value.retry_after == 10
    assert spent.value.message == (
        "This request costs 700, and 600 of 1000 are left: ask again in 10 seconds, or for less."
    )
    assert spent.value.allowance.reset_at == clock.now() + timedelta(seconds=40)
    assert spent.value.allowance.policy.window == 100
    assert await spend(buckets, db, ANONYMOUS, 600, clock) == 0


async def test_who_shares_a_bucket_and_who_has_none(db: RolledBackDatabase, clock: FixedClock) -> None:
    buckets = Rates()
    await spend(buckets, db, ANONYMOUS, 1_000, clock, "1.2.3.4")

    assert await spend(buckets, db, ANONYMOUS, 10, clock, "1.2.3.5") == 990
    assert await spend(buckets, db, ONE, 10, clock, "1.2.3.4") == 4_990
    assert await spend(buckets, db, replace(ONE, key_id=7), 10, clock, "1.2.3.5") == 4_980
    assert await buckets.take(db, SYSTEM, 10**9, address="", settings=SETTINGS, clock=clock) is None
    off = SETTINGS.model_copy(update={"anonymous_bucket": 0})
    assert await buckets.take(db, ANONYMOUS, 10**9, address="1.2.3.4", settings=off, clock=clock) is None


async def test_most_requests_of_a_process_ask_no_database(db: RolledBackDatabase, clock: FixedClock) -> None:
    buckets = Rates()

    left = [await spend(buckets, db, ANONYMOUS, 2, clock) for _ in range(5)]
    async with db.session() as session:
        shared = await rates.remaining(session, "address:x", SMALL, clock=clock)

    # it took a fiftieth at once, and has ten more in hand
    assert left == [998, 996, 994, 992, 990]
    assert shared == 980
    clock.move(rates.BELIEVED)
    assert await spend(buckets, db, ANONYMOUS, 2, clock) == 998


async def test_two_processes_never_give_more_together_than_a_bucket_holds(
    committed: Database, clock: FixedClock
) -> None:
    other = Database(committed.url.set(drivername="postgresql").render_as_string(hide_password=False), pool=5)
    processes = [(Rates(), committed), (Rates(), other)]

    async def ask(place: int) -> int:
        buckets, db = processes[place % 2]
        try:
            await spend(buckets, db, ANONYMOUS, 7, clock)
        except Spent:
            return 0
        return 7

    given = sum(await asyncio.gather(*(ask(place) for place in range(200))))
    await other.close()

    # all but what the processes may hold ready
    assert 1_000 - 2 * 1_000 // rates.SHARE <= given <= 1_000


async def test_buckets_that_are_whole_again_are_removed(
    session: AsyncSession, db: RolledBackDatabase, clock: FixedClock
) -> None:
    def bucket(caller: str, at: datetime) -> models.RateBucket:
        return models.RateBucket(caller=caller, spent=1.0, at=at)

    # 5,000 come back at 600 a minute in 500 seconds
    whole = clock.now() - timedelta(seconds=501)
    session.add_all([bucket("old", whole), bucket("older", whole), bucket("new", whole + timedelta(seconds=1))])
    await session.flush()

    assert await rates.forget(session, settings=SETTINGS, clock=clock) == 2
    assert await rates.forget(session, settings=SETTINGS, clock=clock) == 0
    assert (await session.execute(select(func.array_agg(models.RateBucket.caller)))).scalar_one() == ["new"]

    step = rates.sweeper(db, SETTINGS, clock)
    clock.move(timedelta(seconds=2))
    assert [await step(), await step()] == [False, False]
    assert (await session.execute(select(func.count()).select_from(models.RateBucket))).scalar_one() == 0
    session.add(bucket("late", whole))
    await session.flush()
    await step()
    assert (await session.execute(select(func.count()).select_from(models.RateBucket))).scalar_one() == 1
    clock.move(loops.SWEPT_EVERY)
    await step()
    assert (await session.execute(select(func.count()).select_from(models.RateBucket))).scalar_one() == 0
