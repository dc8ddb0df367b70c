"""Uploads whose bytes are all there: joined into one object, compared with what was announced, and given to the prober.

Joining is a lease on the row: whoever lets it lapse is followed by whoever asks next, or by the sweeper. The pieces stay
until the whole is in its place, so that it can be done again from any point at which it was killed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.errors import Conflict
from core.store import NothingThere, Store
from models import UploadState
from services.assets import keeping, pieces, probing, settling, uploading
from services.assets.failures import MISMATCH, ChecksumMismatch, NotTaken, error_of
from services.assets.file_limits import FileLimits, recognised
from services.assets.pieces import HEAD
from services.assets.uploading import OPEN, NoSuchUpload, UploadExpired

if TYPE_CHECKING:
    from hashlib import _Hash

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
RENEWED_SECONDS = 20.0
PATIENCE_SECONDS = 10.0
"""How long whoever finishes an upload waits for somebody else who does."""

LATE = "This upload was not finished in time, or was cancelled: begin a new one."


class UploadIncomplete(Conflict):
    code = "UPLOAD_INCOMPLETE"


def is_complete(upload: models.AssetUpload) -> bool:
    """Whether all bytes are there that were announced."""
    return upload.byte_count is not None and upload.received_count == upload.byte_count


@dataclass(frozen=True, slots=True)
class Joining:
    db: Database
    store: Store
    limits: FileLimits
    clock: Clock

    async def opened(self, uid: UUID) -> models.AssetUpload:
        """An upload as it stands; NoSuchUpload, UploadExpired."""
        async with self.db.session() as session:
            statement = select(models.AssetUpload).where(models.AssetUpload.uid == uid)
            upload = (await session.scalars(statement)).one_or_none()
        if upload is None:
            raise NoSuchUpload("There is no such upload: begin one.")
        self.check_time(upload)
        return upload

    def check_time(self, upload: models.AssetUpload) -> None:
        """UploadExpired when it is over, or nobody continued it in time; what is all there may take its time."""
        is_late = upload.state in OPEN and not is_complete(upload) and upload.expires_at <= self.clock.now()
        if upload.state is UploadState.EXPIRED or is_late:
            raise UploadExpired(LATE)

    async def finish(self, uid: UUID, *, is_all: bool = False) -> models.AssetUpload:
        """Join what has arrived when it is all there, and have it looked at. Doing it twice, at once too, is doing it once.

        `is_all` says so of an upload whose size was not announced. UploadIncomplete while bytes are missing; NotTaken for
        what is wrong with the file, which refuses the upload; UploadExpired.
        """
        claim = await self._claimed(uid, is_all=is_all)
        if claim is None:
            return await self._followed(uid)
        try:
            media_type = await self._recognised(claim)
            whole, digest = await self._joined(claim)
            try:
                return await self._taken_in(claim, whole, digest, media_type)
            finally:
                await pieces.drop(self.store, [whole])
        except NothingThere as error:
            log.error("upload.pieces_missing", upload=str(uid), key=str(error))  # noqa: TRY400  (the key says it all)
            await self._end(uid, UploadState.EXPIRED)
            raise UploadExpired("What had arrived of this upload is not there any more: begin a new one.") from error
        except NotTaken as error:
            await self.refuse(uid, error)
            raise
        except BaseException:
            await self.lease(claim, None)
            raise

    async def refuse(self, uid: UUID, error: NotTaken) -> None:
        """End an upload for what is wrong with its bytes, and drop them."""
        await self.fail(uid, error.code)

    async def fail(self, uid: UUID, code: str) -> None:
        log.info("upload.refused", upload=str(uid), failure=code)
        await self._end(uid, UploadState.REFUSED, code)

    async def _end(self, uid: UUID, state: UploadState, failure: str | None = None) -> None:
        async with self.db.session() as session:
            upload = await uploading.locked(session, uid)
            if upload.state not in OPEN:
                return
            dropped = upload.parts
            upload.state, upload.failure, upload.parts, upload.claimed_until = state, failure, [], None
            await session.execute(select(func.pg_notify(settling.NEWS, str(uid))))
        await pieces.drop(self.store, dropped)

    async def _claimed(self, uid: UUID, *, is_all: bool) -> models.AssetUpload | None:
        """The upload, for as long as the lease runs; None when somebody else joins it, or did."""
        async with self.db.session() as session:
            upload = await uploading.locked(session, uid)
            self.check_time(upload)
            if upload.state not in OPEN:
                return None
            if is_all and upload.byte_count is None and upload.received_count:
                upload.byte_count = upload.received_count
            if not is_complete(upload):
                raise _incomplete(upload)
            now = self.clock.now()
            # whoever fetches one has claimed it before
            if upload.state is UploadState.RECEIVING and upload.claimed_until and upload.claimed_until > now:
                return None
            upload.claimed_until = now + LEASE
            return upload

    async def _followed(self, uid: UUID) -> models.AssetUpload:
        """What became of an upload that somebody else joins, once it did."""
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        upload = await self.opened(uid)
        while upload.state in OPEN and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(uploading.LOOK_AGAIN_SECONDS)
            upload = await self.opened(uid)
        if upload.state is UploadState.REFUSED:
            raise error_of(upload.failure or "")
        return upload

    async def _recognised(self, claim: models.AssetUpload) -> str:
        """The media type that the first bytes tell, within the limit of its kind."""
        head = bytearray()
        for name in claim.parts:
            async for chunk in self.store.stream(name, 0, HEAD - len(head)):
                head += chunk
            if len(head) >= HEAD:
                break
        found = recognised(bytes(head[:HEAD]), claim.media_type)
        self.limits.check(claim.received_count, found)
        return found

    async def _joined(self, claim: models.AssetUpload) -> tuple[str, bytes]:
        """The pieces as one object, under a key of its own, and its SHA-256."""
        whole, digest = pieces.key(claim.uid, 0), hashlib.sha256()
        await self.store.put(whole, self._pieces_of(claim, digest))
        if claim.expected_sha256 and not hmac.compare_digest(digest.digest(), claim.expected_sha256):
            await self.store.delete(whole)
            raise ChecksumMismatch(MISMATCH)
        return whole, digest.digest()

    async def _pieces_of(self, claim: models.AssetUpload, digest: _Hash) -> AsyncIterator[bytes]:
        renewed = asyncio.get_running_loop().time()
        for name in claim.parts:
            async for chunk in self.store.stream(name):
                await asyncio.to_thread(digest.update, chunk)
                yield chunk
            if asyncio.get_running_loop().time() - renewed > RENEWED_SECONDS:
                await self.lease(claim, LEASE)
                renewed = asyncio.get_running_loop().time()

    async def _taken_in(
        self, claim: models.AssetUpload, whole: str, digest: bytes, media_type: str
    ) -> models.AssetUpload:
        """The whole in its place, unless the upload was ended meanwhile, or joined by somebody else."""
        while (await self.opened(claim.uid)).state in OPEN:
            await self.lease(claim, LEASE)
            await keeping.place(self.db, self.store, whole, digest, claim.received_count)
            try:
                upload = await self._noted(claim, digest, media_type)
            except keeping.Vanished:
                continue  # the same bytes were removed just now: it takes a deletion each time
            if upload is not None:
                await pieces.drop(self.store, claim.parts)
                return upload
        return await self._followed(claim.uid)

    async def _noted(self, claim: models.AssetUpload, digest: bytes, media_type: str) -> models.AssetUpload | None:
        async with self.db.session() as session:
            upload = await uploading.locked(session, claim.uid)
            if upload.state in OPEN:
                await self._to_probe(session, upload, digest, media_type)
                return upload
            await keeping.drop_orphan(session, self.store, digest)
        return None

    async def _to_probe(
        self, session: AsyncSession, upload: models.AssetUpload, digest: bytes, media_type: str
    ) -> None:
        blob = await keeping.take_in(session, self.store, digest, upload.received_count, media_type)
        upload.state, upload.sha256, upload.media_type = UploadState.PROBING, digest, media_type
        upload.parts, upload.claimed_until = [], None
        await session.flush()
        if blob.probe_state is models.ProbeState.WAITING:
            await probing.wake(session, digest)
        else:
            # these bytes were looked at before
            await settling.settle(session, self.store, blob, clock=self.clock, most=self.limits.of_kind)
            await session.refresh(upload)

    async def lease(self, claim: models.AssetUpload, lease: timedelta | None) -> None:
        """Hold an upload for longer, or no more."""
        async with self.db.session() as session:
            upload = await uploading.locked(session, claim.uid)
            if upload.state in OPEN:
                upload.claimed_until = self.clock.now() + lease if lease else None


def _incomplete(upload: models.AssetUpload) -> UploadIncomplete:
    of_all = "" if upload.byte_count is None else f" of {upload.byte_count}"
    return UploadIncomplete(f"{upload.received_count}{of_all} bytes are there: send the others first.")
