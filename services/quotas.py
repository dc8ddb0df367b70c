"""Quota in the database: what is used of it, and taking one in a single conditional statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import QuotaPeriod
from services.channels import quota
from services.channels.installing import Catalogue, Installed
from services.channels.quota import QuotaName
from services.gathering import Gathered
from services.submission_rows import SubmissionRow

PERIODS: dict[QuotaName, QuotaPeriod] = {
    "per_creator_per_day": QuotaPeriod.DAY,
    "per_creator_per_week": QuotaPeriod.WEEK,
    "per_channel_per_day": QuotaPeriod.DAY,
    "total": QuotaPeriod.TOTAL,
}
EVERYBODY = 0
ALWAYS = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Used:
    """What is used of the quotas of many entries, by the key of the counter."""

    counters: dict[tuple[int, int, QuotaPeriod, date], int]
    at: datetime

    def of(self, entry: Installed, creator_id: int, *, is_history: bool, is_paid: bool = False) -> dict[str, int]:
        """By name of the limit. For what spends nothing nothing is used: it was published elsewhere before, or has paid."""
        if is_history or is_paid:
            return {}
        return {
            name: self.counters.get(_counter(entry, name, creator_id, self.at), 0)
            for name in PERIODS
            if getattr(entry.compiled.pack.quota, name) is not None or entry.compiled.pack.quota.by_level
        }


async def used(session: AsyncSession, catalogue: Catalogue, gathered: Iterable[Gathered], at: datetime) -> Used:
    """The counters that count now for the creators of these contents, over all entries, in one statement."""
    return await used_by(session, catalogue, {one.creator.id for one in gathered}, at)


async def used_by(session: AsyncSession, catalogue: Catalogue, creator_ids: Iterable[int], at: datetime) -> Used:
    """The counters that count now for these creators, over all entries, in one statement."""
    creators = {*creator_ids, EVERYBODY}
    limited = {entry.channel_id for entry in catalogue.every() if is_limited(entry)}
    if not limited:
        return Used({}, at)
    row = models.QuotaCounter
    rows = await session.execute(
        select(row.channel_id, row.creator_id, row.period, row.starts_on, row.used_count).where(
            row.channel_id == any_of(limited),
            row.creator_id == any_of(creators),
            # of days and weeks the present ones only, whatever day it is in a channel's zone
            or_(row.period == QuotaPeriod.TOTAL, row.starts_on > (at - timedelta(days=9)).date()),
        )
    )
    return Used({(channel, creator, period, day): count for channel, creator, period, day, count in rows}, at)


Paid = frozenset[tuple[int, bool]]
"""Submissions of which another attempt is free, each with the pack's say whether resubmissions count."""


async def paid(session: AsyncSession, catalogue: Catalogue, submissions: Iterable[tuple[SubmissionRow, int]]) -> Paid:
    """Which of these another attempt would cost nothing if the engine opens it, each seen with its content's revision; in one
    statement.
    """
    ways: dict[int, set[bool]] = defaultdict(set)
    for entry in catalogue.every():
        if is_limited(entry):
            ways[entry.channel_id].add(entry.compiled.pack.quota.resubmission_counts)
    asked = [(one.id, revision, counts) for one, revision in submissions for counts in ways.get(one.channel_id, ())]
    return await _free(session, asked) if asked else frozenset()


def is_paid(paid: Paid, entry: Installed, submission: SubmissionRow | None) -> bool:
    """Whether another attempt of the submission is free at the entry."""
    return submission is not None and (submission.id, entry.compiled.pack.quota.resubmission_counts) in paid


def is_limited(entry: Installed) -> bool:
    """Whether the entry counts what enters it."""
    limits = entry.compiled.pack.quota
    return bool(limits.by_level) or any(getattr(limits, name) is not None for name in PERIODS)


async def take(
    session: AsyncSession,
    entry: Installed,
    creator: models.Creator,
    submission: models.Submission | SubmissionRow,
    *,
    at: datetime,
) -> dict[str, int] | None:
    """Use one of every limit for this attempt, at most once. None when it was had; else what is used, which is too much.

    The counters are locked in order of their key, so two that take at once wait for each other in one direction only.
    """
    limits = quota.limits(entry.compiled.pack.quota, creator.level)
    if not limits:
        return None
    counts_anew = entry.compiled.pack.quota.resubmission_counts
    if await _free(session, [(submission.id, submission.revision_id, counts_anew)]):
        return None
    fresh = insert(models.QuotaUse).values(submission_id=submission.id, attempt=submission.attempt, taken_at=at)
    taken = await session.scalar(fresh.on_conflict_do_nothing().returning(models.QuotaUse.attempt))
    if taken is None:
        return None
    counts = await _count(session, entry, creator, at, limits)
    if counts is not None:
        await session.execute(_GIVE_BACK, {"submission_id": submission.id, "attempt": submission.attempt})
    return counts


async def take_first(
    session: AsyncSession, entry: Installed, creator: models.Creator, *, at: datetime
) -> dict[str, int] | None:
    """As `take`, for the first attempt of a submission that has no row yet: whoever adds it notes the use with it."""
    limits = quota.limits(entry.compiled.pack.quota, creator.level)
    return await _count(session, entry, creator, at, limits) if limits else None


def has_limits(entry: Installed, creator: models.Creator) -> bool:
    """Whether anything limits this creator there."""
    return bool(quota.limits(entry.compiled.pack.quota, creator.level))


async def _count(
    session: AsyncSession,
    entry: Installed,
    creator: models.Creator,
    at: datetime,
    limits: Mapping[QuotaName, int],
) -> dict[str, int] | None:
    """Count one more in all counters or in none: then what is used."""
    keys = {name: _counter(entry, name, creator.id, at) for name in limits}
    async with session.begin_nested() as savepoint:
        for name in sorted(limits, key=lambda name: keys[name]):
            if await session.scalar(_TAKE, _parameters(keys[name], limits[name])) is None:
                await savepoint.rollback()
                break
        else:
            return None
    return {name: await session.scalar(_READ, _parameters(keys[name], 0)) or 0 for name in limits}


async def _free(session: AsyncSession, asked: Sequence[tuple[int, int, bool]]) -> Paid:
    """Those of these submissions, each with its revision and whether resubmissions count, that have paid for what comes."""
    ids, revisions, counts = zip(*asked, strict=True)
    given = (
        bindparam("ids", ids, type_=ARRAY(BigInteger)),
        bindparam("revisions", revisions, type_=ARRAY(BigInteger)),
        bindparam("counts", counts, type_=ARRAY(Boolean)),
    )
    rows = await session.execute(_FREE.bindparams(*given))
    return frozenset((id_, counts) for id_, counts in rows)


# Where resubmissions count, an edit costs again, and so does what somebody asked for anew; what the engine opened does not.
_FREE = text(
    "SELECT id, counts FROM unnest(:ids, :revisions, :counts) AS given(id, revision_id, counts)"
    " WHERE EXISTS (SELECT FROM quota_uses u WHERE u.submission_id = given.id AND (NOT given.counts OR ("
    "  EXISTS (SELECT FROM decisions d WHERE d.submission_id = u.submission_id AND d.attempt = u.attempt"
    "   AND d.revision_id = given.revision_id)"
    "  AND NOT EXISTS (SELECT FROM submission_events e WHERE e.submission_id = u.submission_id AND e.attempt > u.attempt"
    "   AND e.to_state = 'MACHINE_AUDIT' AND e.taken_by <> 'ENGINE'))))"
)
_TAKE = text(
    "INSERT INTO quota_counters AS counter (channel_id, creator_id, period, starts_on, used_count)"
    " SELECT :channel_id, :creator_id, :period, :starts_on, 1 WHERE :allowed > 0"
    " ON CONFLICT (channel_id, creator_id, period, starts_on)"
    " DO UPDATE SET used_count = counter.used_count + 1 WHERE counter.used_count < :allowed"
    " RETURNING used_count"
)
_READ = text(
    "SELECT used_count FROM quota_counters WHERE channel_id = :channel_id AND creator_id = :creator_id"
    " AND period = :period AND starts_on = :starts_on AND :allowed = 0"
)
_GIVE_BACK = text("DELETE FROM quota_uses WHERE submission_id = :submission_id AND attempt = :attempt")


def _parameters(key: tuple[int, int, QuotaPeriod, date], allowed: int) -> dict[str, Any]:
    channel_id, creator_id, period, starts_on = key
    return {
        "channel_id": channel_id,
        "creator_id": creator_id,
        "period": period.value,
        "starts_on": starts_on,
        "allowed": allowed,
    }


def _counter(entry: Installed, name: QuotaName, creator_id: int, at: datetime) -> tuple[int, int, QuotaPeriod, date]:
    """The key of the counter that a limit counts in: days and weeks begin at midnight in the channel's zone."""
    zone = entry.compiled.pack.zone
    start, _ = quota.period(name, at, zone)
    day = start.astimezone(zone).date() if start else ALWAYS
    owner = EVERYBODY if name in {"per_channel_per_day", "total"} else creator_id
    return entry.channel_id, owner, PERIODS[name], day
