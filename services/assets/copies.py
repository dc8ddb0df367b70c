"""The copy of a file that is served in its stead, since the file itself tells where it was made."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.db import Database
from core.store import CHUNK, Store
from services.assets import keeping
from services.assets.serving import SERVED
from services.media.facts import Facts


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that lies in the store; `digest` is the SHA-256 of its bytes in hexadecimal."""

    digest: str
    byte_count: int


async def put(db: Database, store: Store, sha256: bytes, path: Path) -> Copy | None:
    """Put the copy of a blob into the store; None when the blob is gone.

    Its row is there first, without an ETag: killed in between, whoever removes the blob removes what was put as well. No
    transaction is open while the bytes are on their way: others who bring the same bytes would wait for it.
    """
    copy = await asyncio.to_thread(_copy, path)
    async with db.session() as session:
        await keeping.lock(session, sha256)
        if await session.get(models.Blob, sha256) is None:
            return None
        await session.execute(insert(models.Rendition).values(sha256=sha256, name=SERVED).on_conflict_do_nothing())
        row = await session.get_one(models.Rendition, (sha256, SERVED))
        is_there = row.etag == copy.digest
    if not is_there:
        await store.put(keeping.rendition_key(sha256, SERVED), _pieces(path))
    return copy


async def note(session: AsyncSession, store: Store, sha256: bytes, facts: Facts, copy: Copy | None) -> None:
    """Write down the copy that was put, or that none is needed; whoever calls this holds the lock of the bytes."""
    row = await session.get(models.Rendition, (sha256, SERVED), populate_existing=True)
    if copy is None:
        if row is not None:
            await store.delete(keeping.rendition_key(sha256, SERVED))
            await session.delete(row)
        return
    assert row is not None, "it was put, and goes with the blob alone"
    row.etag, row.byte_count, row.media_type = copy.digest, copy.byte_count, facts.media_type
    row.width, row.height = getattr(facts, "width", None), getattr(facts, "height", None)


async def drop_orphan(session: AsyncSession, store: Store, sha256: bytes) -> None:
    """Take the copy away that was put for a blob which is gone meanwhile."""
    if await session.get(models.Blob, sha256, populate_existing=True) is None:
        await store.delete(keeping.rendition_key(sha256, SERVED))


def _copy(path: Path) -> Copy:
    with path.open("rb") as file:
        return Copy(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
