"""What shows an asset, told that something about it has changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from models import DirtyKind
from services import outbox


async def mark_shown(session: AsyncSession, asset_ids: Sequence[int]) -> None:
    """Have what shows these looked at again, by all who tell of it: published contents, and products, whose pictures rules look at."""
    used, content, product = models.RevisionAsset, models.Content, models.ProductAsset
    contents = select(content.id).join(used, used.revision_id == content.live_revision_id)
    shown = await session.scalars(contents.where(used.asset_id == any_of(asset_ids)).distinct())
    sold = await session.scalars(select(product.product_id).where(product.asset_id == any_of(asset_ids)).distinct())
    await outbox.mark(session, DirtyKind.CONTENT, shown, urgency=outbox.BULK)
    await outbox.mark(session, DirtyKind.PRODUCT, sold, urgency=outbox.BULK)
