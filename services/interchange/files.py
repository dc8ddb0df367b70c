"""The bytes of assets that lie beside records: checked against their hash and their kind, and taken into the store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.store import CHUNK, Store
from services import assets
from services.assets import pieces
from services.interchange.batches import Item, Reading
from services.interchange.records import AssetRecord
from services.media import sniffing


class _OtherBytes(Exception):  # noqa: N818  (named after what happened)
    """The file is not what its name says."""


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that were checked; they wait in the store under this key, or lay there already (None)."""

    sha256: bytes
    byte_count: int
    media_type: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Files:
    """Where the bytes of assets lie beside the records, and the store that takes them."""

    beside: Path
    store: Store

    async def stage(self, reading: Reading) -> list[Staged]:
        """Bring what the records of a batch name into the store, under names of its own. A record whose file has another
        hash, or is of no kind that is taken, is set aside.
        """
        staged = {}
        for item, path in self._named(reading):
            try:
                byte_count, media_type = await asyncio.to_thread(_recognised, path)
                key = await self._staged(path, item.record.sha256, byte_count)
                digest = bytes.fromhex(item.record.sha256)
                staged[digest] = Staged(digest, byte_count, media_type, key)
            except _OtherBytes as problem:
                reading.set_aside(item, ("sha256", str(problem)))
        # whoever takes several locks takes them in this order
        return [staged[digest] for digest in sorted(staged)]

    async def look(self, reading: Reading) -> set[str]:
        """The hashes of what lies beside and would be taken in; what would not is set aside."""
        good = set()
        for item, path in self._named(reading):
            try:
                await asyncio.to_thread(_recognised, path)
                async for _ in _checked(path, item.record.sha256):
                    pass
                good.add(item.record.sha256)
            except _OtherBytes as problem:
                reading.set_aside(item, ("sha256", str(problem)))
        return good

    async def place(self, db: Database, staged: list[Staged]) -> None:
        """Have what was staged under its hash, before the transaction that keeps it."""
        for one in staged:
            if one.key is not None:
                await assets.place(db, self.store, one.key, one.sha256, one.byte_count)

    async def keep(self, session: AsyncSession, staged: list[Staged]) -> None:
        """Write down what lies under its hash; NothingThere."""
        for one in staged:
            known = one.sha256, one.byte_count, one.media_type
            try:
                await assets.take_in(session, self.store, *known)
            except assets.Vanished:
                # removed by somebody since: now that we hold its lock it stays
                digest = assets.key_of(one.sha256)
                await self.store.copy(one.key or digest, digest)
                await assets.take_in(session, self.store, *known)

    async def clear(self, staged: list[Staged]) -> None:
        """Take away what was staged, after the commit; what is left of it is swept like pieces of uploads."""
        await pieces.drop(self.store, [one.key for one in staged if one.key is not None])

    async def drop_unused(self, session: AsyncSession, staged: list[Staged]) -> None:
        """Take away again what came for records that were refused."""
        for one in staged:
            await assets.remove_unused(session, self.store, one.sha256)

    def _named(self, reading: Reading) -> Iterator[tuple[Item, Path]]:
        for item in list(reading.items):
            if isinstance(item.record, AssetRecord) and item.record.sha256:
                path = self.beside / assets.key_of(bytes.fromhex(item.record.sha256))
                if path.is_file():
                    yield item, path

    async def _staged(self, path: Path, name: str, byte_count: int) -> str | None:
        """The key under which the bytes wait; None when the store has them."""
        digest = bytes.fromhex(name)
        if await self.store.byte_count(assets.key_of(digest)) == byte_count:
            return None
        # the same key each time: what a killed import left is written over, or swept like pieces of an upload without a row
        key = f"{pieces.folder(UUID(bytes=digest[:16]))}/import"
        await self.store.put(key, _checked(path, name))
        return key


def _recognised(path: Path) -> tuple[int, str]:
    """How many bytes, and of which media type."""
    with path.open("rb") as file:
        head = file.read(sniffing.HEAD_BYTES)
    media_type = sniffing.media_type_of(head)
    if media_type is None:
        raise _OtherBytes(f"the file beside is not taken: {sniffing.why_not(head)}")
    return path.stat().st_size, media_type


async def _checked(path: Path, name: str) -> AsyncIterator[bytes]:
    """The bytes of a file, piece by piece; _OtherBytes at its end when they have another hash, so that nobody keeps them."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != name:
        raise _OtherBytes(f"the bytes of the file beside have another hash: {digest.hexdigest()}")
