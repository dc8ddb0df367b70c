"""Dirty marks: leave one in the caller's transaction for each consumer; claim them, finish them, park what keeps failing.

A consumer claims objects, not events: it reads what is true now and clears the mark only if the version is still the
one it saw. Late, doubled and coalesced marks are harmless. A claim is a lease, and its end is also its name: whoever
worked longer than the lease no longer holds the mark and changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Text,
    and_,
    bindparam,
    case,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

import models
from models import Consumer, DirtyKind, DirtyMark

URGENT, USUAL, BULK = 0, 1, 2
CHANNEL = "headwater_dirty"
ATTEMPTS = 8

CONSUMERS: dict[DirtyKind, tuple[Consumer, ...]] = {
    DirtyKind.CONTENT: (Consumer.DISTRIBUTION, Consumer.INDEX),
    DirtyKind.CREATOR: (Consumer.DISTRIBUTION, Consumer.INDEX),
    DirtyKind.PRODUCT: (Consumer.DISTRIBUTION, Consumer.INDEX),
    DirtyKind.TAG: (Consumer.DISTRIBUTION, Consumer.INDEX),
    DirtyKind.CHANNEL: (Consumer.DISTRIBUTION,),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """An object to look at, the version of its mark when it was claimed, and until when it is ours."""

    kind: DirtyKind
    object_id: int
    version: int
    until: datetime


async def mark(
    session: AsyncSession,
    kind: DirtyKind,
    ids: Iterable[int],
    *,
    urgency: int = USUAL,
    consumers: Sequence[Consumer] | None = None,
) -> None:
    """Say that these objects changed. Sorted, so that two writers cannot wait for each other.

    News of an object that kept failing frees its mark at once: the change may be what heals it.
    """
    sorted_ids = sorted(set(ids))
    if not sorted_ids:
        return
    # one statement, whatever the number: an import marks a thousand at a time
    await session.execute(
        text(
            "INSERT INTO dirty_marks AS marks (consumer, kind, object_id, urgency)"
            " SELECT consumer, :kind, object_id, :urgency"
            " FROM unnest(:consumers) AS consumer, unnest(:ids) AS object_id ORDER BY consumer, object_id"
            " ON CONFLICT (consumer, kind, object_id) DO UPDATE SET version = marks.version + 1,"
            " urgency = least(marks.urgency, excluded.urgency), attempts = 0, parked_at = NULL, failure = NULL,"
            " claimed_until = CASE WHEN marks.attempts = 0 THEN marks.claimed_until END"
        ).bindparams(
            bindparam("consumers", [one.value for one in consumers or CONSUMERS[kind]], type_=ARRAY(Text)),
            bindparam("ids", sorted_ids, type_=ARRAY(BigInteger)),
            kind=kind.value,
            urgency=urgency,
        )
    )
    await session.execute(select(func.pg_notify(CHANNEL, "")))


async def claim(
    session: AsyncSession,
    consumer: Consumer,
    *,
    limit: int,
    lease: timedelta = timedelta(seconds=60),
    kinds: Sequence[DirtyKind] = tuple(DirtyKind),
) -> list[Claim]:
    """Take up to `limit` marks for the time of the lease: urgent ones first, then the oldest."""
    chosen = (
        select(DirtyMark.kind, DirtyMark.object_id)
        .where(_claimable(consumer), DirtyMark.kind.in_(kinds))
        .order_by(DirtyMark.urgency, DirtyMark.marked_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        await session.execute(
            DirtyMark.__table__.update()  # type: ignore[attr-defined]  # the table, for RETURNING without the ORM
            .where(
                DirtyMark.consumer == consumer,
                tuple_(DirtyMark.kind, DirtyMark.object_id).in_(chosen.cte("chosen").select()),
            )
            .values(claimed_until=func.clock_timestamp() + lease)
            .returning(DirtyMark.kind, DirtyMark.object_id, DirtyMark.version, DirtyMark.claimed_until)
        )
    ).all()
    return [Claim(*row) for row in taken]


async def has_claimable(session: AsyncSession, consumer: Consumer) -> bool:
    """Whether there is a mark that could be claimed now."""
    return bool(await session.scalar(select(select(DirtyMark.object_id).where(_claimable(consumer)).exists())))


def _claimable(consumer: Consumer) -> ColumnElement[bool]:
    free = DirtyMark.claimed_until.is_(None) | (DirtyMark.claimed_until < func.clock_timestamp())
    return and_(DirtyMark.consumer == consumer, DirtyMark.parked_at.is_(None), free)


async def hold(session: AsyncSession, consumer: Consumer, claims: Sequence[Claim]) -> list[Claim]:
    """Those of the claims that are still ours; their marks are locked, in order, until the transaction ends.

    The others went on to somebody else when their lease ran out: what we made of them must not be written.
    """
    if not claims:
        return []
    rows = await session.execute(_HOLD.bindparams(*_columns(claims), consumer=consumer.value))
    held = {(kind, object_id) for kind, object_id in rows}
    return [one for one in claims if (one.kind.value, one.object_id) in held]


async def finish(session: AsyncSession, consumer: Consumer, claims: Sequence[Claim]) -> None:
    """Clear the marks that are still the ones seen; free the others, which have news."""
    # locked first: a statement that waits for a writer goes on with what it saw before, and would miss that writer's news
    held = await hold(session, consumer, claims)
    if held:
        await session.execute(_FINISH.bindparams(*_columns(held), consumer=consumer.value))


async def release(session: AsyncSession, consumer: Consumer, claims: Sequence[Claim]) -> None:
    """Give claimed marks back at once: something moved, look again."""
    held = await hold(session, consumer, claims)
    if held:
        await session.execute(_RELEASE.bindparams(*_columns(held), consumer=consumer.value))


async def fail(session: AsyncSession, consumer: Consumer, one: Claim, failure: str) -> None:
    """Put a mark back with its failure: later each time, and parked where `headwater stats` shows it after eight.

    One that has news since is free at once.
    """
    attempts = DirtyMark.attempts + 1
    pause = func.make_interval(0, 0, 0, 0, 0, 0, func.power(2, attempts))
    await session.execute(
        DirtyMark.__table__.update()  # type: ignore[attr-defined]
        .where(
            DirtyMark.consumer == consumer,
            DirtyMark.kind == one.kind,
            DirtyMark.object_id == one.object_id,
            DirtyMark.claimed_until == one.until,
        )
        .values(
            attempts=attempts,
            failure=failure[:2000],
            claimed_until=case((DirtyMark.version == one.version, func.clock_timestamp() + pause)),
            parked_at=case((attempts >= ATTEMPTS, func.clock_timestamp())),
        )
    )


def _columns(claims: Sequence[Claim]) -> list[Any]:
    return [
        bindparam("kinds", [one.kind.value for one in claims], type_=ARRAY(Text)),
        bindparam("ids", [one.object_id for one in claims], type_=ARRAY(BigInteger)),
        bindparam("versions", [one.version for one in claims], type_=ARRAY(BigInteger)),
        bindparam("untils", [one.until for one in claims], type_=ARRAY(DateTime(timezone=True))),
    ]


_SEEN = "unnest(:kinds, :ids, :versions, :untils) AS seen(kind, object_id, version, until)"
_OURS = (
    "mark.consumer = :consumer AND mark.kind = seen.kind AND mark.object_id = seen.object_id"
    " AND mark.claimed_until = seen.until"
)
_HOLD = text(
    f"SELECT mark.kind, mark.object_id FROM dirty_marks AS mark JOIN {_SEEN} ON {_OURS}"  # noqa: S608  (our own words, above)
    " ORDER BY mark.kind, mark.object_id FOR UPDATE OF mark"
)
_FINISH = text(
    f"WITH seen AS (SELECT * FROM {_SEEN}),"  # noqa: S608
    f" cleared AS (DELETE FROM dirty_marks AS mark USING seen WHERE {_OURS} AND mark.version = seen.version)"
    f" UPDATE dirty_marks AS mark SET claimed_until = NULL FROM seen WHERE {_OURS} AND mark.version <> seen.version"
)
_RELEASE = text(
    f"UPDATE dirty_marks AS mark SET claimed_until = NULL FROM {_SEEN} WHERE {_OURS}"  # noqa: S608
)


async def backlog(session: AsyncSession) -> dict[str, dict[str, float]]:
    """By consumer: marks waiting, those of them that failed and are tried again, marks parked, and the age of the oldest
    waiting one in seconds.
    """
    waiting = DirtyMark.parked_at.is_(None)
    rows = await session.execute(
        select(
            DirtyMark.consumer,
            func.count().filter(waiting),
            func.count().filter(waiting, DirtyMark.attempts > 0),
            func.count().filter(~waiting),
            func.coalesce(
                func.extract("epoch", func.clock_timestamp() - func.min(DirtyMark.marked_at).filter(waiting)), 0
            ),
        ).group_by(DirtyMark.consumer)
    )
    found = {
        consumer.value: {"waiting": count, "failing": failing, "parked": parked, "oldest_seconds": round(float(age), 3)}
        for consumer, count, failing, parked, age in rows
    }
    nothing = {"waiting": 0, "failing": 0, "parked": 0, "oldest_seconds": 0.0}
    return {consumer.value: found.get(consumer.value, nothing) for consumer in models.Consumer}
