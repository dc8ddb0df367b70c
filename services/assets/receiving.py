"""Receiving uploads: bytes as they come, appended where the last piece ended, until the whole file is there.

A piece is first in the store, then in the row, which takes it only when nothing was added since its writer looked: of two
who write at the same place one wins, and a process that is killed loses what it had not put yet.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ARRAY, Text, func, literal, update

import models
from core.clock import Clock
from core.db import Database
from core.errors import Conflict
from core.settings import Settings
from core.store import Store
from models import UploadState
from services.assets import pieces, uploading
from services.assets.failures import MISMATCH, TOO_LARGE, ChecksumMismatch, FileTooLarge, NotTaken, error_of
from services.assets.file_limits import FileLimits, recognised
from services.assets.joining import Joining, is_complete
from services.assets.pieces import HEAD, PIECE, Pieces
from services.assets.uploading import UploadOver

if TYPE_CHECKING:
    from hashlib import _Hash

PIECES_BEYOND = 1_000
"""Pieces that an upload may have more than twice what the largest file needs: small ones make its row grow."""


class BrokenOff(Exception):  # noqa: N818  (named after what happened)
    """The other side went away in the middle, or is too slow; what had arrived is kept."""


class OffsetMismatch(Conflict):
    """Somebody else added bytes meanwhile, or the sender is mistaken: `offset` is where the next piece begins."""

    code = "OFFSET_MISMATCH"

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes are there: go on from that one.", path=("offset",))
        self.offset = offset


class TooManyPieces(Conflict):
    code = "TOO_MANY_PIECES"


class LongerThanAnnounced(NotTaken):
    """More bytes came than were announced. Those that were put before are kept, and what came with the excess is not."""

    code = "LONGER_THAN_ANNOUNCED"
    status = 413


@dataclass(frozen=True, slots=True)
class Checksum:
    """Of the bytes of one request: hashlib's name of the algorithm, and the digest that was announced."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes in the bytes of uploads; one may be continued for so many `hours` after its last byte."""

    db: Database
    store: Store
    limits: FileLimits
    hours: int
    clock: Clock

    @classmethod
    def of(cls, db: Database, store: Store, settings: Settings, clock: Clock) -> Receiver:
        return cls(db, store, FileLimits.of(settings), settings.upload_hours, clock)

    @property
    def joining(self) -> Joining:
        return Joining(self.db, self.store, self.limits, self.clock)

    async def receive(
        self, uid: UUID, offset: int, body: AsyncIterator[bytes], *, checksum: Checksum | None = None
    ) -> models.AssetUpload:
        """Append what comes to the upload, which has `offset` bytes; the upload as it is then, finished by the last byte.

        OffsetMismatch when it has another number of them, LongerThanAnnounced when more come. With a checksum all that
        comes counts, or nothing (ChecksumMismatch). What the body raises passes on, and what had arrived is kept.
        """
        upload = await self._receiving(uid, offset)
        await _Writer(self, upload, checksum).write(body)
        return await self.finish(uid) if is_complete(upload) else upload

    async def replace(
        self, uid: UUID, body: AsyncIterator[bytes], *, sha256: bytes | None = None
    ) -> models.AssetUpload:
        """Take the whole file from one request; pieces that an earlier one left are dropped. The upload, finished."""
        async with self.db.session() as session:
            upload = await uploading.locked(session, uid)
            self.check_open(upload)
            if sha256 is not None and upload.expected_sha256 not in {None, sha256}:
                raise ChecksumMismatch(MISMATCH)
            dropped, upload.parts, upload.received_count = upload.parts, [], 0
            upload.expected_sha256 = upload.expected_sha256 or sha256
        await pieces.drop(self.store, dropped)
        await _Writer(self, upload, None).write(body)
        return await self.finish(uid, is_all=True)

    async def finish(self, uid: UUID, *, is_all: bool = False) -> models.AssetUpload:
        """Joining.finish of an upload whose bytes are there."""
        return await self.joining.finish(uid, is_all=is_all)

    async def _receiving(self, uid: UUID, offset: int) -> models.AssetUpload:
        upload = await self.joining.opened(uid)
        self.check_open(upload)
        if upload.received_count != offset:
            raise OffsetMismatch(upload.received_count)
        return upload

    def check_open(self, upload: models.AssetUpload) -> None:
        """UploadExpired, UploadOver, or why it was refused, when this upload takes no bytes."""
        self.joining.check_time(upload)
        if upload.state is UploadState.REFUSED:
            raise error_of(upload.failure or "")
        if upload.state is not UploadState.RECEIVING:
            raise UploadOver("This upload takes no bytes: it is all there, or is fetched from an address.")


@dataclass(slots=True)
class _Writer:
    """One request that adds to an upload; `upload` grows with what was taken."""

    receiver: Receiver
    upload: models.AssetUpload
    checksum: Checksum | None
    # what is in the store and not in the row yet: with a checksum nothing is, before all has come
    _held: list[tuple[str, int]] = field(default_factory=list)

    async def write(self, body: AsyncIterator[bytes]) -> None:
        coming = Pieces(self.receiver.store, self.upload.uid, self.upload.received_count, self._put)
        digest = hashlib.new(self.checksum.algorithm, usedforsecurity=False) if self.checksum else None
        try:
            async for chunk in body:
                await self._leave_room(coming.seen_count + len(chunk))
                if digest:
                    digest.update(chunk)
                await coming.take(chunk)
            await coming.keep()
            await self._verify(digest)
        except BrokenOff:
            if digest is None:
                await coming.keep()
            raise
        finally:
            await pieces.drop(self.receiver.store, [name for name, _ in self._held])

    async def _leave_room(self, byte_count: int) -> None:
        """LongerThanAnnounced or FileTooLarge when the upload may not have so many bytes."""
        if self.upload.byte_count is not None and byte_count > self.upload.byte_count:
            raise LongerThanAnnounced(f"More came than the {self.upload.byte_count} bytes that were announced.")
        if byte_count > self.receiver.limits.of_type(self.upload.media_type):
            await self._refused(FileTooLarge(TOO_LARGE))

    async def _put(self, name: str, piece: bytes) -> None:
        self._held.append((name, len(piece)))
        if self.checksum is None:
            await self._recognise(piece)
            await self._note()

    async def _recognise(self, piece: bytes) -> None:
        """What the file is, by its first piece: what we do not take need not come whole."""
        is_all = self.upload.byte_count == len(piece)
        if self.upload.received_count or (len(piece) < HEAD and not is_all):
            return
        try:
            found = recognised(piece[:HEAD], self.upload.media_type)
            self.receiver.limits.check(self.upload.byte_count or len(piece), found)
        except NotTaken as error:
            await self._refused(error)
        else:
            self.upload.media_type = found

    async def _refused(self, error: NotTaken) -> None:
        await self.receiver.joining.refuse(self.upload.uid, error)
        raise error

    async def _verify(self, digest: _Hash | None) -> None:
        if digest is None or self.checksum is None:
            return
        if not hmac.compare_digest(digest.digest(), self.checksum.digest):
            raise ChecksumMismatch(MISMATCH)
        await self._note()

    async def _note(self) -> None:
        """Put what is held into the row, unless somebody else added to it since."""
        if not self._held:
            return
        receiver, upload, row = self.receiver, self.upload, models.AssetUpload
        names, count = [name for name, _ in self._held], sum(length for _, length in self._held)
        if len(upload.parts) + len(names) > self._most:
            raise TooManyPieces(f"This upload has too many pieces: send at least {PIECE // 1024} KiB at once.")
        expires_at = receiver.clock.now() + timedelta(hours=receiver.hours)
        last = upload.parts[-1] if upload.parts else None
        is_as_seen = row.parts[func.cardinality(row.parts)].is_not_distinct_from(last)
        statement = (
            update(row)
            # the last piece tells apart what was begun anew and has as many bytes again
            .where(row.id == upload.id, row.state == UploadState.RECEIVING, is_as_seen)
            .where(row.received_count == upload.received_count)
            .values(
                parts=func.array_cat(row.parts, literal(names, ARRAY(Text))),
                received_count=upload.received_count + count,
                media_type=upload.media_type,
                expires_at=expires_at,
            )
            .returning(row.id)
        )
        async with receiver.db.session() as session:
            is_taken = await session.scalar(statement) is not None
        if not is_taken:
            await self._lost()
        upload.parts, upload.received_count = [*upload.parts, *names], upload.received_count + count
        upload.expires_at = expires_at
        self._held.clear()

    async def _lost(self) -> None:
        current = await self.receiver.joining.opened(self.upload.uid)
        self.receiver.check_open(current)
        raise OffsetMismatch(current.received_count)

    @property
    def _most(self) -> int:
        return PIECES_BEYOND + 2 * self.receiver.limits.largest // PIECE
