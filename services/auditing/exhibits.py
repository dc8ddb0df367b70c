"""What a submission looks like at its channel: rendered by the pack that is pinned to it, from what is true now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import any_of
from services import access
from services.auditing.grounds import packs_of
from services.channels import rendering
from services.channels.rendering import Rendition
from services.gathering import gather


async def exhibits(
    session: AsyncSession, caller: Caller, ids: Sequence[int], *, at: datetime, base_url: str
) -> dict[int, Rendition]:
    """Renditions by submission. Absent where the content is not to be seen, or is no longer the version submitted."""
    one, content = models.Submission, models.Content
    statement = (
        select(one.id, one.pack_version_id, content.id)
        .join(content, content.id == one.content_id)
        .where(one.id == any_of(ids), content.live_revision_id == one.revision_id)
        .where(access.contents(caller), access.submissions(caller))
    )
    found = [tuple(row) for row in await session.execute(statement)]
    packs = await packs_of(session, {version_id for _, version_id, _ in found})
    contents = {content_id for *_, content_id in found}
    gathered = await gather(session, sorted(contents), at=at, base_url=base_url, skip_unreadable=True)

    def rendered() -> dict[int, Rendition]:
        return {
            id_: rendering.render(packs[version_id], gathered[content_id].facts)
            for id_, version_id, content_id in found
            if version_id in packs and content_id in gathered
        }

    # a page of them takes tens of milliseconds, which others should not wait for
    return await asyncio.to_thread(rendered)
