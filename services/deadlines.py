"""What the clock does to submissions: what nobody judged in time expires, and a trial that nobody broke off has passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.reads import any_of
from models import Consumer, DirtyKind, SubmissionActor
from models import SubmissionState as State
from services import outbox, submission_states, submissions

AT_ONCE = 100

OVERDUE = {State.MACHINE_AUDIT: State.EXPIRED, State.HUMAN_AUDIT: State.EXPIRED, State.TRIAL: State.ACCEPTED}
"""What becomes of a submission that stands in a state beyond its deadline. One that is accepted or delivered stays: it is
stuck, and shown as that (services/stuck.py).
"""
REASONS = {
    State.EXPIRED: "nobody judged it in time",
    State.ACCEPTED: "its trial is over, and nobody broke it off",
}
IN_CHINESE = {State.EXPIRED: "审核超过期限", State.ACCEPTED: "试投期已满，无人中止"}


# not as parameters: the index is for these states only
_STANDS_IN_ONE = models.Submission.state.in_(bindparam("states", list(OVERDUE), expanding=True, literal_execute=True))


def _late(now: datetime) -> ColumnElement[bool]:
    """Beyond its deadline, and before nobody: who is looking at it may finish while the claim lasts."""
    one = models.Submission
    return and_(one.deadline_at <= now, or_(one.claimed_until.is_(None), one.claimed_until <= now))


async def step(db: Database, clock: Clock) -> bool:
    """Move some of what is overdue; whether there may be more."""
    async with db.session() as session:
        return await _move(session, clock.now()) > 0


async def _move(session: AsyncSession, now: datetime) -> int:
    contents = await _locked(session, now)
    if not contents:
        return 0
    one = models.Submission
    overdue = await session.scalars(
        select(one)
        .where(one.content_id == any_of(contents), one.state.in_(OVERDUE), _late(now))
        .order_by(one.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    moved = overdue.all()
    pinned = await submission_states.audits(session, {each.pack_version_id for each in moved})
    moves = submission_states.Moves(now, by=SubmissionActor.CLOCK)
    for each in moved:
        to = OVERDUE[each.state]
        moves.take(each, to, audit=pinned[each.pack_version_id], reason=REASONS[to])
    await moves.write(session)
    await submissions.tell(session, moved, contents, at=now)
    await _look_again(session, moved)
    return len(moved)


async def _locked(session: AsyncSession, now: datetime) -> dict[int, int]:
    """The contents of some that are overdue, locked in order of id; whose they are. Those that somebody else holds are left
    to them: what they do may be in time.
    """
    one, content = models.Submission, models.Content
    late = select(one.content_id).where(_STANDS_IN_ONE, _late(now)).order_by(one.deadline_at).limit(AT_ONCE)
    rows = await session.execute(
        select(content.id, content.creator_id)
        .where(content.id.in_(late))
        .order_by(content.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return {content_id: creator_id for content_id, creator_id in rows}  # noqa: C416  (rows are not pairs to the type checker)


async def _look_again(session: AsyncSession, moved: Sequence[models.Submission]) -> None:
    """With a new version, a distributor that has read a content meanwhile puts it back; what has passed it hands over."""
    content = models.Content
    changed = update(content).where(content.id == any_of(each.content_id for each in moved))
    await session.execute(changed.values(version=content.version + 1).execution_options(synchronize_session=False))
    passed = [each.content_id for each in moved if each.state is State.ACCEPTED]
    await outbox.mark(session, DirtyKind.CONTENT, passed, consumers=[Consumer.DISTRIBUTION])
