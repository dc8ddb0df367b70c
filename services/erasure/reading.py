"""Erasures as operators read them."""

from __future__ import annotations

from sqlalchemy import BigInteger, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import OneRead, Order, PageRead
from services import access

by_ids = OneRead(models.Erasure, models.Erasure.id, access.only_operators)
by_uids = OneRead(models.Erasure, models.Erasure.uid, access.only_operators)
# one list of all: its key is always 0
listed = PageRead(
    "erasures.listed",
    models.Erasure,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.only_operators,
    orders=(Order("newest", (models.Erasure.id,)),),
)


async def unfinished(session: AsyncSession) -> int:
    """How many erasures still have words to remove."""
    waiting = select(func.count()).select_from(models.Erasure).where(models.Erasure.finished_at.is_(None))
    return await session.scalar(waiting) or 0
