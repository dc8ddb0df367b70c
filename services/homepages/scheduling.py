"""Homepages that are published at a set time: set, moved, cancelled; and fired by the loop of services/firing.py."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import DomainError, together
from models import HomepageState
from services import access, asset_binding, firing, outbox, schedule_times, scheduling, stamps
from services.homepages.drafting import NoDraft, done, draft_of, record, tended, version_of
from services.homepages.publishing import NoSuchVersion, go_live

_version = models.HomepageVersion


async def schedule(
    session: AsyncSession,
    caller: Caller,
    creator_uid: UUID,
    *,
    at: str,
    time_zone: str,
    expected_revision: str | None = None,
    clock: Clock,
) -> models.HomepageVersion:
    """Let the draft be published at a local time of a zone. A new draft can be written beside it, and several versions may
    wait: each takes the place of what is live when its time comes.
    """
    page = await tended(session, caller, creator_uid)
    moment, errors = _moment(at, time_zone, clock)
    draft = await draft_of(session, page)
    if expected_revision is not None and stamps.differs(draft, expected_revision):
        errors.append(stamps.StaleRevision(draft))
    elif draft is None:
        errors.append(NoDraft("This homepage has no draft to schedule: save one first.", path=("creator",)))
    if errors or moment is None or draft is None:
        raise together(errors)
    draft.state = HomepageState.SCHEDULED
    return await _set(session, caller, page, draft, moment, clock)


async def reschedule(
    session: AsyncSession, caller: Caller, creator_uid: UUID, number: int, *, at: str, time_zone: str, clock: Clock
) -> models.HomepageVersion:
    """Move a scheduled version to another time. From now on it is published with the rights of whoever moved it."""
    page = await tended(session, caller, creator_uid)
    moment, errors = _moment(at, time_zone, clock)
    try:
        version = await _waiting(session, page, number)
    except DomainError as error:
        raise together([*errors, error]) from error
    if moment is None:
        raise together(errors)
    return await _set(session, caller, page, version, moment, clock)


async def cancel(
    session: AsyncSession, caller: Caller, creator_uid: UUID, number: int, *, clock: Clock
) -> models.HomepageVersion:
    """Take a scheduled version back: it is the draft again, or put away where there is a newer draft."""
    page = await tended(session, caller, creator_uid)
    version = await _waiting(session, page, number)
    version.state = HomepageState.DROPPED if await draft_of(session, page) else HomepageState.DRAFT
    version.scheduled_for = version.schedule_zone = None
    version.scheduled_by_id = version.schedule_failure = None
    record(session, caller, "homepage.schedule_cancelled", page, version, clock)
    return await done(session, version)


# what the loop asks: services/firing.py, Due


async def next_at(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(func.min(_version.scheduled_for)).where(_waits()))


async def claim(session: AsyncSession, now: datetime) -> int | None:
    """The version that is due longest, its page locked: everybody who changes a page locks that first."""
    page = models.Homepage
    due = (
        select(_version.id)
        .join(page, page.id == _version.homepage_id)
        .where(_waits(), _version.scheduled_for <= now)
        .order_by(_version.scheduled_for, _version.id)
        .limit(1)
        .with_for_update(of=page, skip_locked=True)
    )
    return await session.scalar(due)


async def fire(session: AsyncSession, id_: int, clock: Clock) -> None:
    version = await session.get_one(_version, id_, populate_existing=True)
    now = clock.now()
    # moved or cancelled between the look and the lock
    if version.state is not HomepageState.SCHEDULED or version.scheduled_for is None or version.scheduled_for > now:
        return
    caller = await firing.rights_of(session, version.scheduled_by_id, clock)
    page = await session.get_one(models.Homepage, version.homepage_id)
    creator = await session.get_one(models.Creator, page.creator_id, populate_existing=True)
    await access.editable_creator(session, caller, creator.uid)
    if creator.suspended_at is not None:
        raise scheduling.CreatorSuspended("The creator is suspended: set it anew when that is lifted.")
    version.fired_late_ms = firing.late_ms(version.scheduled_for, now)
    for expired in await asset_binding.expired_on(session, version):
        raise expired
    await go_live(session, page, version, clock)
    record(
        session, caller, "homepage.published", page, version, clock, is_scheduled=True, late_ms=version.fired_late_ms
    )
    await session.flush()


async def fail(session: AsyncSession, id_: int, failure: str) -> None:
    await session.execute(
        update(_version)
        .where(_version.id == id_, _version.state == HomepageState.SCHEDULED)
        .values(schedule_failure=failure)
        .execution_options(synchronize_session=False)
    )


async def overdue(session: AsyncSession, before: datetime) -> dict[str, int]:
    """How many were refused when they came due, and how many should have gone out before that instant and did not."""
    failed = _version.schedule_failure.is_not(None)
    late = ~failed & (_version.scheduled_for < before)
    counts = select(func.count().filter(failed), func.count().filter(late))
    row = (await session.execute(counts.where(_version.state == HomepageState.SCHEDULED))).one()
    return {"failed": row[0], "overdue": row[1]}


def _waits() -> ColumnElement[bool]:
    return and_(_version.state == HomepageState.SCHEDULED, _version.schedule_failure.is_(None))


async def _waiting(session: AsyncSession, page: models.Homepage, number: int) -> models.HomepageVersion:
    version = await version_of(session, page, _version.number == number) if 0 < number < 2**63 else None
    if version is None:
        raise NoSuchVersion(f"This homepage has no version {number}: list its versions.", path=("number",))
    if version.state is not HomepageState.SCHEDULED:
        raise scheduling.NotScheduled(f"Version {number} of this homepage is not scheduled.", path=("number",))
    return version


def _moment(at: str, zone: str, clock: Clock) -> tuple[schedule_times.Moment | None, list[DomainError]]:
    try:
        return schedule_times.read(at, zone, now=clock.now()), []
    except DomainError as error:
        return None, [error]


async def _set(
    session: AsyncSession,
    caller: Caller,
    page: models.Homepage,
    version: models.HomepageVersion,
    moment: schedule_times.Moment,
    clock: Clock,
) -> models.HomepageVersion:
    version.scheduled_for, version.schedule_zone, version.schedule_failure = moment.at, moment.zone, None
    version.scheduled_by_id = caller.account_id
    record(session, caller, "homepage.scheduled", page, version, clock, due=moment.at.isoformat(), zone=moment.zone)
    await session.flush()
    # wakes the workers once this is committed: the next due time may have come nearer
    await session.execute(select(func.pg_notify(outbox.CHANNEL, "")))
    return version
