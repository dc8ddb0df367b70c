"""The files of a person: those still on their way in, and the bytes of those that were there."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.store import Store
from services import assets
from services.assets import pieces

UPLOADS_AT_ONCE = 20
"""Uploads of a batch: each may have a few hundred pieces in the store."""


async def next_uploads(session: AsyncSession, erasure: models.Erasure, store: Store) -> int:
    """Remove a batch of uploads, whatever became of them, with all that arrived; how many.

    The bytes go before the commit: killed in between, the rows stay, and the next step does it again.
    """
    upload = models.AssetUpload
    theirs = upload.account_id == erasure.account_id
    if erasure.creator_id is not None:
        theirs = upload.creator_id == erasure.creator_id
    statement = select(upload).where(theirs).order_by(upload.id).limit(UPLOADS_AT_ONCE).with_for_update()
    found = (await session.scalars(statement.execution_options(populate_existing=True))).all()
    for one in found:
        await pieces.drop(store, one.parts)
        # what came while its row was not written yet
        await pieces.drop(store, [entry.key async for entry in store.entries(pieces.folder(one.uid))])
    if found:
        # of those that wait to be looked at, the bytes are kept under their hash already
        _remember(erasure, {one.sha256.hex() for one in found if one.sha256 is not None})
        await session.execute(delete(upload).where(upload.id.in_([one.id for one in found])))
    return len(found)


async def next_bytes(session: AsyncSession, erasure: models.Erasure, store: Store) -> tuple[bool, int]:
    """Remove the bytes with the next hash and all that was made of them, unless somebody else has the same: whether there
    was a hash, and how many files went.
    """
    await session.refresh(erasure, ["digests"])
    if not erasure.digests:
        return False, 0
    digest, *rest = erasure.digests
    removed = await assets.remove_unused(session, store, bytes.fromhex(digest))
    erasure.digests = rest
    return True, int(removed)


def _remember(erasure: models.Erasure, digests: set[str]) -> None:
    erasure.digests = sorted({*erasure.digests, *digests})
