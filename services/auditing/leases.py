"""Who has which submission before them: claimed for a while, given to nobody else meanwhile, and free again by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid
from services import access, audit
from services.auditing.queue import TURN, WAITING, of_formats
from services.deliveries import NoSuchSubmission
from services.objections import Objections
from services.planning import UnknownChannel

LEASE = timedelta(minutes=15)
"""How long a claim lasts unless said otherwise (our own choice)."""
LONGEST = timedelta(hours=4)
MOST = 50


class NotClaimed(Conflict):
    """Somebody else has the submission before them, or nobody has: it is claimed before it is judged."""

    code = "NOT_CLAIMED"


class ClaimOutOfRange(Invalid):
    code = "CLAIM_OUT_OF_RANGE"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to claim: at these channels (by key; all that are the caller's to audit without them), of these formats."""

    channels: tuple[str, ...] | None = None
    formats: tuple[models.Format, ...] = ()
    only_escalated: bool = False


async def claim(
    session: AsyncSession,
    caller: Caller,
    wanted: Wanted,
    *,
    count: int = 1,
    lease: timedelta = LEASE,
    clock: Clock,
) -> list[models.Submission]:
    """The next free ones in the order of the queue, at most `count`: of two who claim at once nobody gets the same.

    Without channels an operator gets those that operators audit, and whatever was escalated; the rest is left to the
    people of the channels. ClaimOutOfRange, UnknownChannel.
    """
    account_id = auditor(caller)
    against = Objections()
    against.take(_lasts, lease)
    against.take(_at_once, count)
    channel_ids = (
        None if wanted.channels is None else await against.take_from(_channels(session, caller, wanted.channels))
    )
    against.check()
    now = clock.now()
    one = models.Submission
    free = or_(one.claimed_until.is_(None), one.claimed_until <= now)
    found = await session.scalars(
        select(one)
        .where(WAITING, free, access.auditable(caller), _wanted(caller, wanted, channel_ids))
        .order_by(*TURN)
        .limit(count)
        .with_for_update(skip_locked=True, key_share=True, of=one)
        .execution_options(populate_existing=True)
    )
    claimed = list(found)
    for submission in claimed:
        submission.auditor_id, submission.claimed_until = account_id, now + lease
        audit.record(session, caller, "audit.claimed", submission, attempt=submission.attempt)
    await session.flush()
    return claimed


async def renew(
    session: AsyncSession, caller: Caller, uids: Sequence[UUID], *, lease: timedelta = LEASE, clock: Clock
) -> list[models.Submission]:
    """Keep these longer: from now on for the whole lease, also where it has passed and nobody else took them."""
    against = Objections()
    against.take(_lasts, lease)
    held = await _held(session, caller, uids, against)
    until = clock.now() + lease
    for submission in held:
        submission.claimed_until = until
    await session.flush()
    return held


async def release(session: AsyncSession, caller: Caller, uids: Sequence[UUID]) -> list[models.Submission]:
    """Give these back undecided: they are free for anyone at once, in the turn that they had."""
    held = await _held(session, caller, uids, Objections())
    for submission in held:
        submission.auditor_id = submission.claimed_until = None
        audit.record(session, caller, "audit.released", submission, attempt=submission.attempt)
    await session.flush()
    return held


def auditor(caller: Caller) -> int:
    """The account that claims and judges. MissingScope, or Forbidden for who can audit nothing at all."""
    access.require(caller, Scope.AUDIT_WRITE)
    if not caller.is_operator and not caller.channel_ids:
        raise Forbidden("Only people with a key for a channel, or operators, audit what is submitted there.")
    if caller.account_id is None:
        raise Forbidden("Only an account can claim: say on whose behalf.")
    return caller.account_id


def _lasts(lease: timedelta) -> None:
    if not timedelta(minutes=1) <= lease <= LONGEST:
        longest = LONGEST // timedelta(minutes=1)
        raise ClaimOutOfRange(f"A claim lasts 1 to {longest} minutes.", path=("minutes",))


def _at_once(count: int) -> None:
    if not 1 <= count <= MOST:
        raise ClaimOutOfRange(f"At most {MOST} are claimed at once, and at least 1.", path=("count",))


def _wanted(caller: Caller, wanted: Wanted, channel_ids: list[int] | None) -> ColumnElement[bool]:
    one = models.Submission
    escalated = one.escalated_at.is_not(None)
    parts: list[ColumnElement[bool]] = []
    if not caller.is_operator:
        # what they handed on is for operators to judge
        parts.append(~escalated)
    elif channel_ids is None:
        version = models.PackVersion
        others = select(version.id).where(version.body["audit"]["auditors"].astext == "channel")
        parts.append(or_(escalated, one.pack_version_id != func.all(func.array(others.scalar_subquery()))))
    if channel_ids is not None:
        parts.append(one.channel_id.in_(channel_ids))
    if wanted.formats:
        parts.append(of_formats(wanted.formats))
    if wanted.only_escalated:
        parts.append(escalated)
    return and_(true(), *parts)


async def _channels(session: AsyncSession, caller: Caller, keys: Sequence[str]) -> list[int]:
    channel = models.Channel
    own = access.channels(caller) if caller.is_operator else channel.id.in_(sorted(caller.channel_ids))
    rows = await session.execute(select(channel.key, channel.id).where(channel.key.in_(keys), own))
    found = dict(rows.all())
    problems = [
        problem
        for place, key in enumerate(keys)
        if key not in found
        for problem in UnknownChannel(
            f"There is no channel {key[:80]} that you audit.", path=("channels", place)
        ).problems
    ]
    if problems:
        raise UnknownChannel("Some of the channels are not yours to audit.", problems=problems)
    return sorted(found.values())


async def _held(
    session: AsyncSession, caller: Caller, uids: Sequence[UUID], against: Objections
) -> list[models.Submission]:
    """These submissions, locked, in the order given; everything that stands against it is raised at once."""
    account_id = auditor(caller)
    if not 1 <= len(uids) <= MOST:
        against.note(ClaimOutOfRange(f"Name 1 to {MOST} submissions.", path=("submissions",)))
        against.check()
    one = models.Submission
    rows = await session.scalars(
        select(one)
        .where(one.uid.in_(uids), access.auditable(caller), one.state.in_(access.LOOKED_AT))
        .order_by(one.id)
        .with_for_update(key_share=True, of=one)
        .execution_options(populate_existing=True)
    )
    found = {row.uid: row for row in rows}
    for place, uid in enumerate(uids):
        if uid not in found:
            said = "There is no such submission, or you may not see it."
            against.note(NoSuchSubmission(said, path=("submissions", place)))
        elif found[uid].auditor_id != account_id:
            against.note(NotClaimed("You have not claimed this one.", path=("submissions", place)))
    against.check()
    return [found[uid] for uid in dict.fromkeys(uids)]


def holds(submission: models.Submission, account_id: int | None) -> bool:
    """Whether this account has it before it; also when its time has passed and nobody else took it meanwhile."""
    return account_id is not None and submission.auditor_id == account_id


def held_by_other(submission: models.Submission, account_id: int | None, at: datetime) -> bool:
    until = submission.claimed_until
    return until is not None and until > at and submission.auditor_id != account_id
