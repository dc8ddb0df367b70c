"""Making a version of a homepage what everybody sees: the draft, or an earlier version again."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Conflict, NotFound
from models import HomepageState
from services import asset_binding, stamps
from services.homepages.drafting import NoDraft, done, draft_of, next_number, record, tended, version_of


class NoSuchVersion(NotFound):
    code = "NO_SUCH_HOMEPAGE_VERSION"


class NeverPublished(Conflict):
    """One rolls back to what was once seen; a version that never was is no place to return to."""

    code = "NEVER_PUBLISHED"


class AlreadyLive(Conflict):
    code = "ALREADY_LIVE"


async def publish(
    session: AsyncSession, caller: Caller, creator_uid: UUID, *, expected_revision: str | None = None, clock: Clock
) -> models.HomepageVersion:
    """Make the draft what everybody sees; what was live before is superseded. With `expected_revision` only that very
    state of the draft.
    """
    page = await tended(session, caller, creator_uid)
    draft = await draft_of(session, page)
    if expected_revision is not None and stamps.differs(draft, expected_revision):
        raise stamps.StaleRevision(draft)
    if draft is None:
        raise NoDraft("This homepage has no draft to publish: save one first.", path=("creator",))
    for expired in await asset_binding.expired_on(session, draft):
        raise expired
    await go_live(session, page, draft, clock)
    record(session, caller, "homepage.published", page, draft, clock)
    return await done(session, draft)


async def roll_back(
    session: AsyncSession, caller: Caller, creator_uid: UUID, to: int, *, clock: Clock
) -> models.HomepageVersion:
    """Publish a version that was live before once more, as a new version; the draft stays as it is."""
    page = await tended(session, caller, creator_uid)
    earlier = await version_of(session, page, models.HomepageVersion.number == to) if 0 < to < 2**63 else None
    if earlier is None:
        raise NoSuchVersion(f"This homepage has no version {to}: list its versions.", path=("to",))
    if earlier.state is HomepageState.LIVE:
        raise AlreadyLive(f"Version {to} is what everybody sees now.", path=("to",))
    if earlier.published_at is None:
        raise NeverPublished(f"Version {to} was never published: publish the draft instead.", path=("to",))
    again = models.HomepageVersion(
        homepage_id=page.id,
        number=await next_number(session, page),
        theme=earlier.theme,
        blocks=earlier.blocks,
        template=earlier.template,
        created_at=clock.now(),
    )
    await go_live(session, page, again, clock)
    record(session, caller, "homepage.rolled_back", page, again, clock, to=to)
    return await done(session, again)


async def go_live(session: AsyncSession, page: models.Homepage, version: models.HomepageVersion, clock: Clock) -> None:
    """Put a version of a locked page in the place of the live one."""
    live = await version_of(session, page, models.HomepageVersion.state == HomepageState.LIVE)
    if live is not None:
        live.state = HomepageState.SUPERSEDED
        # at most one is live at any moment
        await session.flush()
    version.state, version.published_at = HomepageState.LIVE, clock.now()
    session.add(version)
    await session.flush()
