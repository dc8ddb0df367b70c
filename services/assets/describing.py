"""What is said of an asset by whom it belongs to: what it shows, whom to name, under which licence it may be used."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from models import DirtyKind
from services import access, audit, names, outbox
from services.assets.reading import NoSuchAsset
from services.objections import Objections


async def describe(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    *,
    alternative_text: str | None = None,
    credit: str | None = None,
    licence: str | None = None,
) -> models.Asset:
    """Change what is said of an asset of a creator that the caller acts as, or as an operator of any. None stays."""
    access.require(caller, Scope.CONTENT_WRITE)
    statement = select(models.Asset).where(models.Asset.uid == uid).with_for_update(key_share=True)
    asset = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    # what belongs to others may be in a draft of theirs: nobody learns here that it is there
    if asset is None or not (caller.is_operator or asset.creator_id in caller.creator_ids):
        raise NoSuchAsset("There is no such asset, or it is not yours.")
    said = {"alternative_text": alternative_text, "credit": credit, "licence": licence}
    against = Objections()
    told = {part: against.take(names.prose, text, part) for part, text in said.items() if text is not None}
    against.check()
    if all(getattr(asset, part) == text for part, text in told.items()):
        return asset
    for part, text in told.items():
        setattr(asset, part, text)
    audit.record(session, caller, "asset.described", asset, parts=sorted(told))
    await session.flush()
    await outbox.mark(session, DirtyKind.CONTENT, await _showing(session, asset), urgency=outbox.BULK)
    return asset


async def _showing(session: AsyncSession, asset: models.Asset) -> list[int]:
    """The published contents that show it."""
    used, content = models.RevisionAsset, models.Content
    statement = (
        select(content.id).join(used, used.revision_id == content.live_revision_id).where(used.asset_id == asset.id)
    )
    return list(await session.scalars(statement.distinct()))
