"""Erasures at work: one batch in one transaction, until nothing is left; the bytes of pictures last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.store import Store
from services.erasure import files, parts

ERASING = text("SET LOCAL headwater.erasing = 'on'")
"""Tells the database that words of what is sealed or recorded may go in this transaction."""

UPLOADS = "asset_uploads"
FILES = "files"


async def step(db: Database, store: Store, clock: Clock, *, only: Sequence[int] | None = None) -> bool:
    """The next batch of the oldest erasure that nobody works on (of `only` these); False when there is none.

    `store` has the bytes of assets. Killed anywhere, the next step goes on.
    """
    async with db.session() as session:
        erasure = await _claimed(session, only)
        if erasure is None:
            return False
        await session.execute(ERASING)
        if not await _next(session, erasure, store, clock):
            erasure.finished_at = clock.now()
        return True


async def finish(db: Database, store: Store, clock: Clock, ids: Sequence[int]) -> None:
    """Work on these until they are finished."""
    while await step(db, store, clock, only=ids):
        pass


async def _claimed(session: AsyncSession, only: Sequence[int] | None) -> models.Erasure | None:
    erasure = models.Erasure
    statement = select(erasure).where(erasure.finished_at.is_(None)).order_by(erasure.id).limit(1)
    if only is not None:
        # whoever asked for these waits for another who works on them
        return await session.scalar(statement.where(erasure.id.in_(only)).with_for_update())
    return await session.scalar(statement.with_for_update(skip_locked=True))


async def _next(session: AsyncSession, erasure: models.Erasure, store: Store, clock: Clock) -> bool:
    """One batch: uploads first, since what is looked at meanwhile becomes an asset; bytes last, when nothing names them."""
    uploads = await files.next_uploads(session, erasure, store)
    if uploads:
        _add(erasure, UPLOADS, uploads)
        return True
    if await _next_part(session, erasure, clock):
        return True
    was_there, removed = await files.next_bytes(session, erasure, store)
    if removed:
        _add(erasure, FILES, removed)
    return was_there


async def _next_part(session: AsyncSession, erasure: models.Erasure, clock: Clock) -> bool:
    """The first part that still finds something."""
    theirs = parts.OF_CREATOR if erasure.creator_id is not None else parts.OF_ACCOUNT
    subject = erasure.creator_id or erasure.account_id
    assert subject is not None, "an erasure has a subject"
    for name, part in theirs.items():
        met = await part(session, subject, clock)
        if met:
            _add(erasure, name, met)
            return True
    return False


def _add(erasure: models.Erasure, name: str, met: int) -> None:
    erasure.counts = erasure.counts | {name: erasure.counts.get(name, 0) + met}
