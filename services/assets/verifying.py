"""Whether the store holds what the database says: bytes compared with their hashes, what is missing, what nobody knows."""

from __future__ import annotations

import asyncio
import enum
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, delete, literal, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.store import Entry, NothingThere, Store
from models import ProbeState
from services.assets import keeping, pieces, uploading
from services.assets.reading import NoSuchAsset
from services.loops import Step

log = structlog.get_logger()

AT_ONCE = 500
"""Rows, and keys of the store, that are compared in one statement."""

YOUNG = timedelta(days=1)
"""What is younger may be about to be written down: it is no orphan yet."""

BLOB = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})")
RENDITION = re.compile(r"renditions/[0-9a-f]{2}/([0-9a-f]{64})/(.+)")
PIECE = re.compile(re.escape(pieces.UPLOADS) + r"/([0-9a-f-]{36})/.+")
FORMS = (BLOB, RENDITION, PIECE)


class Flaw(enum.StrEnum):
    """MISSING: a row without bytes. WRONG: other bytes than the hash says. ORPHAN: bytes without a row. FOREIGN: it is not
    of our making.
    """

    MISSING = "missing"
    WRONG = "wrong"
    ORPHAN = "orphan"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is not as it should be, by its key in the store; `is_mended` when it was taken away."""

    flaw: Flaw
    key: str
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Verifying:
    """Compares store and database. `is_quick` compares sizes and reads no bytes; `mends` takes away orphans, and rows of
    renditions whose bytes are missing, so that they are made anew. Originals are never touched. `told` is told of each
    original that was looked at.
    """

    db: Database
    store: Store
    clock: Clock
    is_quick: bool = False
    mends: bool = False
    told: Callable[[models.Blob], None] = lambda _blob: None

    async def find(self) -> AsyncIterator[Found]:
        """All that is not as it should be; nothing is locked meanwhile."""
        async for found in self._originals():
            yield found
        async for found in self._renditions():
            yield found
        async for batch in _batches(self.store.entries()):
            for found in await self._unknown(batch):
                yield found

    async def _originals(self) -> AsyncIterator[Found]:
        last, blob = b"", models.Blob
        while True:
            async with self.db.session() as session:
                page = select(blob).where(blob.sha256 > last).order_by(blob.sha256).limit(AT_ONCE)
                blobs = (await session.scalars(page)).all()
            for one in blobs:
                flaw = await self._flaw(one)
                self.told(one)
                # gone meanwhile: it was deleted while we looked
                if flaw is not None and await self._stands(one.sha256):
                    yield Found(flaw, keeping.key_of(one.sha256))
            if len(blobs) < AT_ONCE:
                return
            last = blobs[-1].sha256

    async def _flaw(self, blob: models.Blob) -> Flaw | None:
        key = keeping.key_of(blob.sha256)
        count = await self.store.byte_count(key)
        if count is None:
            return None if blob.facts == keeping.BYTES_WENT else Flaw.MISSING
        if count != blob.byte_count:
            return Flaw.WRONG
        if self.is_quick:
            return None
        digest = hashlib.sha256()
        try:
            async for piece in self.store.stream(key):
                await asyncio.to_thread(digest.update, piece)
        except NothingThere:
            return Flaw.MISSING
        return None if digest.digest() == blob.sha256 else Flaw.WRONG

    async def _stands(self, sha256: bytes) -> bool:
        async with self.db.session() as session:
            return await session.get(models.Blob, sha256) is not None

    async def _renditions(self) -> AsyncIterator[Found]:
        """Those that are written down as made. Their bytes may differ from one maker to the next, so they are not compared."""
        last, row = (b"", ""), models.Rendition
        key = (row.sha256, row.name)
        while True:
            async with self.db.session() as session:
                page = (
                    select(*key, row.byte_count)
                    .where(row.etag.is_not(None), tuple_(*key) > tuple_(*map(literal, last)))
                    .order_by(*key)
                )
                made = (await session.execute(page.limit(AT_ONCE))).all()
            for sha256, name, byte_count in made:
                found = await self.store.byte_count(keeping.rendition_key(sha256, name))
                if found != byte_count:
                    yield await self._incomplete(sha256, name, is_missing=found is None)
            if len(made) < AT_ONCE:
                return
            last = (made[-1].sha256, made[-1].name)

    async def _incomplete(self, sha256: bytes, name: str, *, is_missing: bool) -> Found:
        row, key = models.Rendition, keeping.rendition_key(sha256, name)
        if self.mends:
            async with self.db.session() as session:
                await keeping.lock(session, sha256)
                await session.execute(delete(row).where(row.sha256 == sha256, row.name == name))
        return Found(Flaw.MISSING if is_missing else Flaw.WRONG, key, is_mended=self.mends)

    async def _unknown(self, entries: Sequence[Entry]) -> list[Found]:
        """Those of these objects that no row names."""
        before = self.clock.now() - YOUNG
        async with self.db.session() as session:
            known = await _known(session, [entry.key for entry in entries])
        return [
            await self._judged(entry.key, before)
            for entry in entries
            if entry.key not in known and entry.written_at < before
        ]

    async def _judged(self, key: str, before: datetime) -> Found:
        if not any(form.fullmatch(key) for form in FORMS):
            return Found(Flaw.FOREIGN, key)
        return Found(Flaw.ORPHAN, key, is_mended=self.mends and await self._removed(key, before))

    async def _removed(self, key: str, before: datetime) -> bool:
        """Take an orphan away, unless somebody wrote it anew, or wrote it down, meanwhile."""
        async with self.db.session() as session:
            is_of = BLOB.fullmatch(key) or RENDITION.fullmatch(key)
            if is_of:
                await keeping.lock(session, bytes.fromhex(is_of[1]))
            folder = key.rpartition("/")[0]
            written_at = [entry.written_at async for entry in self.store.entries(folder) if entry.key == key]
            if await _known(session, [key]) or not written_at or written_at[0] >= before:
                return False
            await self.store.delete(key)
        return True


def sweeper(store: Store, clock: Clock) -> Step:
    """A worker's step that takes away, once a day, what killed writers left."""
    swept_at: datetime | None = None

    async def step() -> bool:
        nonlocal swept_at
        now = clock.now()
        if swept_at is None or now - swept_at >= YOUNG:
            swept_at = now
            count = await store.remove_unfinished(now - YOUNG)
            if count:
                log.info("store.unfinished_removed", count=count)
        return False

    return step


async def look_again(session: AsyncSession, uids: Sequence[UUID] | None) -> None:
    """Have the prober look once more into the bytes of these assets, with None into all. Meanwhile they are served with the
    facts that are known; what was refused may pass now. NoSuchAsset.
    """
    blob, asset = models.Blob, models.Asset
    named: ColumnElement[bool] = true()
    if uids is not None:
        there = select(asset.uid).where(asset.uid.in_(uids), asset.sha256.is_not(None))
        missing = set(uids) - set(await session.scalars(there))
        if missing:
            raise NoSuchAsset(f"We have no bytes of an asset {min(missing)}.")
        named = blob.sha256.in_(select(asset.sha256).where(asset.uid.in_(uids)))
    fresh = {"probe_attempts": 0, "probe_claimed_until": None}
    await session.execute(
        update(blob).where(named, blob.probe_state == ProbeState.PROBED).values(probe_version=0, **fresh)
    )
    anew = {"probe_state": ProbeState.WAITING, "probe_failure": None}
    refused = blob.probe_state == ProbeState.REFUSED, blob.facts != keeping.BYTES_WENT
    await session.execute(update(blob).where(named, *refused).values(**anew, **fresh))


async def _known(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of these keys that a row names: of bytes, of a rendition, of an upload that is not over."""
    blob, rendition, upload = models.Blob, models.Rendition, models.AssetUpload
    hashes = [bytes.fromhex(found[1]) for key in keys for form in (BLOB, RENDITION) if (found := form.fullmatch(key))]
    uids = [UUID(found[1]) for key in keys if (found := PIECE.fullmatch(key))]
    blobs = await session.scalars(select(blob.sha256).where(blob.sha256.in_(hashes)))
    made = await session.execute(select(rendition.sha256, rendition.name).where(rendition.sha256.in_(hashes)))
    open_ = await session.scalars(select(upload.uid).where(upload.uid.in_(uids), upload.state.in_(uploading.OPEN)))
    known = {keeping.key_of(sha256) for sha256 in blobs} | {keeping.rendition_key(*named) for named in made}
    folders = {pieces.folder(uid) for uid in open_}
    return known | {key for key in keys if key.rpartition("/")[0] in folders}


async def _batches(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    batch: list[Entry] = []
    async for entry in entries:
        batch.append(entry)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
