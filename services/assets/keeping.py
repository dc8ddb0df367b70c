"""Bytes in the store, once by their hash: taken in, and removed when no asset has them any more."""

from __future__ import annotations

import hashlib

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

import models
from core.db import Database
from core.store import Store
from models import ProbeState

BYTES_WENT = {"bytes_went": True}
"""The facts of refused bytes that are in the store no more: their row stays, so that they are refused at once."""


class Vanished(Exception):  # noqa: N818  (named after what happened)
    """Whoever removed the same bytes came in between."""


def key_of(sha256: bytes) -> str:
    """Where the bytes with this hash lie in the store."""
    name = sha256.hex()
    return f"{name[:2]}/{name}"


def rendition_key(sha256: bytes, name: str) -> str:
    """Where a rendition made of them lies."""
    return f"renditions/{key_of(sha256)}/{name}"


async def lock(session: AsyncSession, sha256: bytes) -> None:
    """Whoever puts these bytes, or takes them away, holds this until the end of the transaction: a row and its bytes come
    and go together.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(sha256.hex(), 0))))


async def keep(session: AsyncSession, store: Store, content: bytes, media_type: str) -> bytes:
    """Store bytes once under their hash, and write that down; returns the hash."""
    digest = hashlib.sha256(content).digest()
    await lock(session, digest)
    if await store.byte_count(key_of(digest)) != len(content):
        await store.put(key_of(digest), content)
    await _note(session, digest, len(content), media_type)
    return digest


async def place(db: Database, store: Store, key: str, sha256: bytes, byte_count: int) -> None:
    """Have what was hashed on its way under `key` under its hash too, before `take_in` writes that down; NothingThere.

    No transaction is open while a film is copied, and no lock held: bytes that are put twice are the same. What nobody
    writes down is an orphan, which is found when the store is verified. Bytes that were refused before are not put.
    """
    async with db.session() as session:
        blob = await session.get(models.Blob, sha256)
    is_refused = blob is not None and blob.probe_state is ProbeState.REFUSED
    if not is_refused and await store.byte_count(key_of(sha256)) != byte_count:
        await store.copy(key, key_of(sha256))


async def take_in(session: AsyncSession, store: Store, sha256: bytes, byte_count: int, media_type: str) -> models.Blob:
    """Write down what was placed under its hash; Vanished when somebody removed it before that: place it again.

    Of bytes that were refused before only the row is there.
    """
    await lock(session, sha256)
    blob = await session.get(models.Blob, sha256, populate_existing=True)
    if blob is None or blob.probe_state is not ProbeState.REFUSED:
        if await store.byte_count(key_of(sha256)) != byte_count:
            raise Vanished(sha256.hex())
        await _note(session, sha256, byte_count, media_type)
    return await session.get_one(models.Blob, sha256, populate_existing=True)


async def drop_orphan(session: AsyncSession, store: Store, sha256: bytes) -> None:
    """Take away what was placed and will not be written down, unless somebody else did."""
    await lock(session, sha256)
    if await session.get(models.Blob, sha256, populate_existing=True) is None:
        await store.delete(key_of(sha256))


async def _note(session: AsyncSession, sha256: bytes, byte_count: int, media_type: str) -> None:
    row = insert(models.Blob).values(sha256=sha256, media_type=media_type, byte_count=byte_count)
    await session.execute(row.on_conflict_do_nothing())


def is_used(sha256: bytes | InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    """Whether an asset has these bytes, or an upload that is being looked at will."""
    asset, upload = models.Asset, models.AssetUpload
    waiting = (upload.sha256 == sha256) & (upload.state == models.UploadState.PROBING)
    return exists().where(asset.sha256 == sha256) | exists().where(waiting)


async def remove_refused(session: AsyncSession, store: Store, sha256: bytes) -> bool:
    """Take bytes that were refused out of the store though an asset names them, and keep their row; whether they went."""
    await lock(session, sha256)
    blob = await session.get(models.Blob, sha256, populate_existing=True, with_for_update=True)
    if blob is None or blob.probe_state is not ProbeState.REFUSED:
        return False
    await store.delete(key_of(sha256))
    blob.facts = BYTES_WENT
    await session.flush()
    return True


async def remove_unused(session: AsyncSession, store: Store, sha256: bytes) -> bool:
    """Take the bytes and all that was made of them out of the store, unless something has them; whether they went.

    The bytes go before the commit: killed in between, the row stays, and whoever comes next does it again.
    """
    await lock(session, sha256)
    blob = await session.get(models.Blob, sha256, populate_existing=True)
    if blob is None or await session.scalar(select(is_used(sha256))):
        return False
    # not by their rows: one that somebody is about to write down lies there already
    for made in [entry.key async for entry in store.entries(rendition_key(sha256, ""))]:
        await store.delete(made)
    await store.delete(key_of(sha256))
    await session.delete(blob)
    await session.flush()
    return True
