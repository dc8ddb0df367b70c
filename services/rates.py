"""How much a caller may ask for: one bucket for each, shared by all processes, that fills with what is asked and drains
steadily.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Float, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.db import Database
from core.errors import RateLimited
from core.settings import Settings
from services.loops import Step, sweeping

SHARE = 50
"""A process takes a fiftieth of a bucket at once, and serves the caller from it without asking the database again."""

BELIEVED = timedelta(seconds=5)
"""How long it does: what is left then is forgotten."""

KEPT = 10_000
"""Callers of which a process remembers what it took."""

FORGOTTEN_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Policy:
    """A kind of bucket: what it holds, and what of it comes back in a minute."""

    name: str
    limit: int
    per_minute: int

    @property
    def per_second(self) -> float:
        return self.per_minute / 60

    @property
    def window(self) -> int:
        """Seconds in which a spent bucket is whole again."""
        return max(1, math.ceil(self.limit / self.per_second))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left at an instant."""

    policy: Policy
    remaining: int
    at: datetime

    @property
    def reset_seconds(self) -> int:
        """Until everything is back."""
        return math.ceil((self.policy.limit - self.remaining) / self.policy.per_second)

    @property
    def reset_at(self) -> datetime:
        return self.at + timedelta(seconds=self.reset_seconds)


class Spent(RateLimited):
    """The caller's bucket does not hold as much now; nothing was taken. `retry_after` says in how many seconds it does."""

    def __init__(self, units: int, allowance: Allowance) -> None:
        self.allowance = allowance
        missing = units - allowance.remaining
        self.retry_after = max(1, math.ceil(missing / allowance.policy.per_second))
        super().__init__(
            f"This request costs {units}, and {allowance.remaining} of {allowance.policy.limit} are left:"
            f" ask again in {self.retry_after} seconds, or for less."
        )


def policy_of(caller: Caller, settings: Settings) -> Policy | None:
    """The kind of bucket a caller has; None where nothing is counted."""
    if caller.is_system:
        return None
    if caller.is_anonymous:
        policy = Policy("anonymous", settings.anonymous_bucket, settings.anonymous_refill)
    else:
        policy = Policy("account", settings.account_bucket, settings.account_refill)
    return policy if policy.limit else None


def bucket_of(caller: Caller, address: str) -> str:
    """Whose bucket it is: all keys of an account share one, and all strangers behind an address."""
    return f"address:{address}" if caller.is_anonymous else f"account:{caller.account_id}"


async def take(session: AsyncSession, bucket: str, units: int, policy: Policy, *, clock: Clock) -> int | None:
    """Take so much out of a bucket, in one statement: what is left, or None when it does not hold as much, and then
    nothing is taken. Processes whose clocks differ count time by the one that is ahead.
    """
    if units > policy.limit:
        return None
    given = {"bucket": bucket, "units": float(units), "at": clock.now()}
    row = (await session.execute(_taking(policy), given)).one_or_none()
    return None if row is None else _left(policy, row.spent)


async def remaining(session: AsyncSession, bucket: str, policy: Policy, *, clock: Clock) -> int:
    """What a bucket holds now."""
    spent = _drained(models.RateBucket, policy, bindparam("at"))
    statement = select(spent).where(models.RateBucket.caller == bindparam("bucket"))
    found = (await session.execute(statement, {"bucket": bucket, "at": clock.now()})).scalar_one_or_none()
    return _left(policy, found or 0.0)


def _left(policy: Policy, spent: float) -> int:
    return max(0, math.floor(policy.limit - spent))


def _drained(bucket: Any, policy: Policy, at: ColumnElement[Any]) -> ColumnElement[float]:
    """What is spent of a bucket by an instant, in SQL."""
    passed = func.greatest(func.extract("epoch", at - bucket.at), 0)
    return func.greatest(bucket.spent - passed * policy.per_second, 0, type_=Float)


def _taking(policy: Policy) -> Any:
    table = models.RateBucket
    new = insert(table).values(caller=bindparam("bucket"), spent=bindparam("units"), at=bindparam("at"))
    spent = _drained(table, policy, new.excluded.at) + new.excluded.spent
    changed = {"spent": spent, "at": func.greatest(table.at, new.excluded.at)}
    return new.on_conflict_do_update(
        index_elements=[table.caller], set_=changed, where=spent <= policy.limit
    ).returning(table.spent)


async def forget(session: AsyncSession, *, settings: Settings, clock: Clock) -> int:
    """Remove buckets that are whole again, a bounded number; how many were."""
    whole = max(
        Policy("", settings.anonymous_bucket, settings.anonymous_refill).window,
        Policy("", settings.account_bucket, settings.account_refill).window,
    )
    table = models.RateBucket
    old = select(table.caller).where(table.at < clock.now() - timedelta(seconds=whole)).limit(FORGOTTEN_AT_ONCE)
    gone = delete(table).where(table.caller.in_(old.with_for_update(skip_locked=True))).returning(table.caller)
    return len((await session.execute(gone)).all())


def sweeper(db: Database, settings: Settings, clock: Clock) -> Step:
    """A worker's step that forgets buckets once in a while: nobody waits for it."""

    async def drained(session: AsyncSession) -> bool:
        return await forget(session, settings=settings, clock=clock) == FORGOTTEN_AT_ONCE

    return sweeping(db, clock, drained)


@dataclass(slots=True)
class _Lease:
    """What a process has taken of a bucket and not used yet, and what the bucket held beside it when it did."""

    left: int = 0
    beside: int = 0
    until: datetime | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def uses(self, units: int, now: datetime) -> bool:
        if self.until is None or now >= self.until:
            self.left = 0
        if self.left < units:
            return False
        self.left -= units
        return True


class Rates:
    """The buckets as a process sees them. It takes shares ahead, so that most requests cost no statement; the sum of all
    processes never exceeds what a bucket holds, and a caller may miss what others hold ready: two hundredths of a bucket
    for each process, for a few seconds.
    """

    def __init__(self) -> None:
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    async def take(
        self, db: Database, caller: Caller, units: int, *, address: str, settings: Settings, clock: Clock
    ) -> Allowance | None:
        """What is left after this; None where nothing is counted. Raises Spent."""
        policy = policy_of(caller, settings)
        if policy is None:
            return None
        bucket = bucket_of(caller, address)
        lease = self._lease(bucket)
        now = clock.now()
        if not lease.uses(units, now):
            async with lease.turn:
                if not lease.uses(units, now):
                    await self._renew(db, lease, bucket, units, policy, clock)
        return Allowance(policy, lease.beside + lease.left, now)

    async def _renew(self, db: Database, lease: _Lease, bucket: str, units: int, policy: Policy, clock: Clock) -> None:
        """Take a share of the bucket, or just what is asked for where it does not hold a share any more."""
        share = max(units, policy.limit // SHARE)
        async with db.session() as session:
            for wanted in dict.fromkeys((share, units)):
                left = await take(session, bucket, wanted, policy, clock=clock)
                if left is not None:
                    lease.left += wanted - units
                    lease.beside, lease.until = left, clock.now() + BELIEVED
                    return
            found = await remaining(session, bucket, policy, clock=clock)
        raise Spent(units, Allowance(policy, min(found, units - 1), clock.now()))

    def _lease(self, bucket: str) -> _Lease:
        found = self._leases.setdefault(bucket, _Lease())
        self._leases.move_to_end(bucket)
        if len(self._leases) > KEPT:
            self._leases.popitem(last=False)
        return found
