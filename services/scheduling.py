"""Contents that go live at a set time: set, moved, cancelled; and fired by the loop of services/firing.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, DomainError, together
from models import RevisionState
from services import (
    access,
    asset_binding,
    audit,
    completeness,
    consent,
    firing,
    outbox,
    publishing,
    revisions,
    schedule_times,
    stamps,
)


class AlreadyScheduled(Conflict):
    code = "ALREADY_SCHEDULED"


class AlreadyInReview(Conflict):
    code = "ALREADY_IN_REVIEW"


class NotScheduled(Conflict):
    code = "NOT_SCHEDULED"


class CreatorSuspended(Conflict):
    """Nothing of a suspended creator goes out."""

    code = "CREATOR_SUSPENDED"


async def schedule(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    *,
    at: str,
    time_zone: str,
    channels: Sequence[str] | None = None,
    expected_revision: str | None = None,
    clock: Clock,
) -> tuple[models.Content, models.Revision]:
    """Seal the draft of a content, or take its approved revision, and let it go live at a local time of a zone.

    A new draft can be written beside it, and what is live stays so until then. `channels` as in publishing.publish.
    """
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    moment, errors = _moment(at, time_zone, clock)
    named, unknown = await publishing.named_channels(session, caller, channels)
    errors.extend(unknown)
    revision, against = await _next(session, caller, content, expected_revision, clock)
    errors.extend(against)
    if errors or moment is None or revision is None:
        raise together(errors)
    _set(revision, moment)
    revision.state, revision.sealed_at = RevisionState.SCHEDULED, revision.sealed_at or clock.now()
    revision.scheduled_by_id, revision.schedule_channel_ids = caller.account_id, named
    wait_for(content, revision)
    _record(session, caller, "content.scheduled", content, revision)
    await _tell(session)
    return content, revision


async def reschedule(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, at: str, time_zone: str, clock: Clock
) -> tuple[models.Content, models.Revision]:
    """Move what is scheduled to another time. From now on it goes out with the rights of whoever moved it."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    moment, errors = _moment(at, time_zone, clock)
    revision = await consent.waiting_revision(session, content)
    if revision is None or revision.state is not RevisionState.SCHEDULED:
        errors.append(_not_scheduled())
    if errors or moment is None or revision is None:
        raise together(errors)
    _set(revision, moment)
    revision.scheduled_by_id = caller.account_id
    _record(session, caller, "content.rescheduled", content, revision)
    await _tell(session)
    return content, revision


async def cancel(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock
) -> tuple[models.Content, models.Revision]:
    """Take back what is scheduled. An approved revision stays approved; the words of another become the draft again,
    unless there is a newer one. Answers with the revision that holds the words now.
    """
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    revision = await consent.waiting_revision(session, content)
    if revision is None or revision.state is not RevisionState.SCHEDULED:
        raise _not_scheduled()
    audit.record(session, caller, "content.schedule_cancelled", content, number=revision.number)
    if await consent.was_given(session, revision):
        revision.state, revision.scheduled_for, revision.schedule_zone = RevisionState.IN_REVIEW, None, None
        revision.scheduled_by_id = revision.schedule_channel_ids = revision.schedule_failure = None
        await session.flush()
        return content, revision
    return content, await revisions.drop(session, content, revision, clock)


def wait_for(content: models.Content, revision: models.Revision) -> None:
    """Let this sealed revision be the one on its way."""
    content.waiting_revision_id = revision.id
    if content.draft_revision_id == revision.id:
        content.draft_revision_id = None


def refuse_second(waiting: models.Revision | None, chosen: models.Revision | None) -> None:
    """One revision at a time is on its way: AlreadyScheduled or AlreadyInReview when it is another than `chosen`."""
    if waiting is None or waiting is chosen:
        return
    if waiting.state is RevisionState.SCHEDULED:
        raise AlreadyScheduled(f"Version {waiting.number} is scheduled: move it, or cancel its schedule first.")
    raise AlreadyInReview(f"Version {waiting.number} is in review: cancel the review first.")


# what the loop asks: services/firing.py, Due


async def next_at(session: AsyncSession) -> datetime | None:
    revision = models.Revision
    due = select(func.min(revision.scheduled_for)).where(
        revision.state == RevisionState.SCHEDULED, revision.schedule_failure.is_(None)
    )
    return await session.scalar(due)


async def claim(session: AsyncSession, now: datetime) -> int | None:
    """The content with the revision that is due longest: everybody who changes a content locks that first."""
    revision, content = models.Revision, models.Content
    due = (
        select(content.id)
        # by the content's own key: which revision waits has no index
        .join(revision, revision.content_id == content.id)
        .where(
            revision.id == content.waiting_revision_id,
            revision.state == RevisionState.SCHEDULED,
            revision.scheduled_for <= now,
            revision.schedule_failure.is_(None),
        )
        .order_by(revision.scheduled_for)
        .limit(1)
        .with_for_update(of=content, skip_locked=True)
    )
    return await session.scalar(due)


async def fire(session: AsyncSession, id_: int, clock: Clock) -> None:
    content = await session.get_one(models.Content, id_, populate_existing=True)
    revision = await consent.waiting_revision(session, content)
    now = clock.now()
    # moved or cancelled between the look and the lock
    if revision is None or revision.state is not RevisionState.SCHEDULED or _due(revision) > now:
        return
    caller = await firing.rights_of(session, revision.scheduled_by_id, clock)
    await access.editable_content(session, caller, content.uid, lock=True)
    await _refuse_suspended(session, content)
    publishing.refuse_hidden(content)
    if not caller.is_operator and not await consent.was_given(session, revision):
        await consent.refuse_unreviewed(session, content, clock)
    for expired in await asset_binding.expired_in(session, revision):
        raise expired
    revision.fired_late_ms = firing.late_ms(_due(revision), now)
    await publishing.show(session, caller, content, revision, revision.schedule_channel_ids, clock)
    late = revision.fired_late_ms
    audit.record(session, caller, "content.published", content, number=revision.number, is_scheduled=True, late_ms=late)


async def fail(session: AsyncSession, id_: int, failure: str) -> None:
    waiting = select(models.Content.waiting_revision_id).where(models.Content.id == id_).scalar_subquery()
    await session.execute(
        update(models.Revision)
        .where(models.Revision.id == waiting, models.Revision.state == RevisionState.SCHEDULED)
        .values(schedule_failure=failure)
        .execution_options(synchronize_session=False)
    )


async def overdue(session: AsyncSession, before: datetime) -> dict[str, int]:
    """How many were refused when they came due, and how many should have gone out before that instant and did not."""
    revision = models.Revision
    failed = revision.schedule_failure.is_not(None)
    row = (
        await session.execute(
            select(func.count().filter(failed), func.count().filter(~failed & (revision.scheduled_for < before))).where(
                revision.state == RevisionState.SCHEDULED
            )
        )
    ).one()
    return {"failed": row[0], "overdue": row[1]}


def _due(revision: models.Revision) -> datetime:
    assert revision.scheduled_for is not None, "what is scheduled has a time"
    return revision.scheduled_for


def _set(revision: models.Revision, moment: schedule_times.Moment) -> None:
    revision.scheduled_for, revision.schedule_zone, revision.schedule_failure = moment.at, moment.zone, None


def _moment(at: str, zone: str, clock: Clock) -> tuple[schedule_times.Moment | None, list[DomainError]]:
    try:
        return schedule_times.read(at, zone, now=clock.now()), []
    except DomainError as error:
        return None, [error]


async def _next(
    session: AsyncSession, caller: Caller, content: models.Content, expected: str | None, clock: Clock
) -> tuple[models.Revision | None, list[DomainError]]:
    """The revision that would be scheduled, and what stands against it."""
    errors: list[DomainError] = []
    try:
        publishing.refuse_hidden(content)
        revision = await consent.next_revision(session, caller, content, clock)
        refuse_second(await consent.waiting_revision(session, content), revision)
    except DomainError as error:
        return None, [error]
    if revision is None:
        return None, [publishing.NothingToPublish("This content has no draft to schedule: write one first.")]
    if expected is not None and stamps.differs(revision, expected):
        errors.append(stamps.StaleRevision(revision))
    errors.extend(completeness.missing(content, revision))
    errors.extend(await asset_binding.expired_in(session, revision))
    return revision, errors


async def _refuse_suspended(session: AsyncSession, content: models.Content) -> None:
    creator = await session.get_one(models.Creator, content.creator_id, populate_existing=True)
    if creator.suspended_at is not None:
        raise CreatorSuspended("The creator is suspended: set it anew when that is lifted.")


def _record(
    session: AsyncSession, caller: Caller, action: str, content: models.Content, revision: models.Revision
) -> None:
    at, zone = _due(revision).isoformat(), revision.schedule_zone
    audit.record(session, caller, action, content, number=revision.number, at=at, zone=zone)


def _not_scheduled() -> NotScheduled:
    return NotScheduled("Nothing of this content is scheduled.")


async def _tell(session: AsyncSession) -> None:
    """Wake the workers, once this is committed: the next due time may have come nearer."""
    await session.flush()
    await session.execute(select(func.pg_notify(outbox.CHANNEL, "")))
