"""Files that are named by an address: fetched by a worker, checked like any other that arrives, tried a few times.

The address is checked as core/fetching.py does for all that others name: it never leads inside our network. A fetch is
a lease on the upload, and what came of one that broke off is dropped: the other side may have another file by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import fetching
from core.caller import Caller
from core.clock import Clock
from core.db import Database
from core.errors import Gone, Unavailable
from core.fetching import CannotFetch, Limits, Resolve, UnsafeAddress
from core.settings import Settings
from core.store import Store
from models import UploadState
from services import access
from services.assets import pieces, settling, uploading
from services.assets.failures import EMPTY, TOO_LARGE, EmptyFile, FileTooLarge, NotTaken
from services.assets.file_limits import FileLimits, recognised
from services.assets.joining import LEASE, RENEWED_SECONDS, Joining
from services.assets.pieces import HEAD, Pieces

log = structlog.get_logger()

ATTEMPTS = 3
PAUSES = (timedelta(seconds=30), timedelta(minutes=2))
"""After the first and the second attempt that failed."""

AWAY = timedelta(seconds=30)
"""How long a fetch is left alone when our own store is away, which does not count against the address."""

LONGEST_SECONDS = 1_800.0
"""For the largest film over a line of ten megabits, and no longer."""

SILENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches what uploads name, one after the other. `inside` lets addresses of inner networks pass: for operators who
    mean it, and for tests.
    """

    db: Database
    store: Store
    limits: FileLimits
    clock: Clock
    inside: bool = False
    resolve: Resolve = fetching.resolve

    @classmethod
    def of(cls, db: Database, store: Store, settings: Settings, clock: Clock) -> Fetcher:
        return cls(db, store, FileLimits.of(settings), clock)

    @property
    def joining(self) -> Joining:
        return Joining(self.db, self.store, self.limits, self.clock)

    async def step(self, *, only: Sequence[UUID] | None = None) -> bool:
        """Fetch the next file; False when none waits. `only` these uploads."""
        claim = await self._claim(only)
        if claim is None:
            return False
        try:
            await self._fetch(claim)
        except UnsafeAddress as error:
            await self.joining.fail(claim.uid, error.code)
        except NotTaken as error:
            await self.joining.refuse(claim.uid, error)
        except Gone:
            log.info("upload.given_up", upload=str(claim.uid))  # it was cancelled meanwhile
        except CannotFetch as error:
            await self._fail(claim, error)
        except Unavailable:
            await self._leave(claim, AWAY, counts=False)
        except BaseException:
            # ours, or a stop: nothing is known of the address
            await self._leave(claim, timedelta(), counts=False)
            raise
        return True

    async def _claim(self, only: Sequence[UUID] | None) -> models.AssetUpload | None:
        upload, now = models.AssetUpload, self.clock.now()
        is_free = upload.claimed_until.is_(None) | (upload.claimed_until <= now)
        statement = select(upload).where(upload.state == UploadState.FETCHING, is_free).order_by(upload.id).limit(1)
        if only is not None:
            statement = statement.where(upload.uid.in_(only))
        async with self.db.session() as session:
            found = await session.scalar(statement.with_for_update(skip_locked=True))
            if found is not None:
                found.attempts, found.claimed_until = found.attempts + 1, now + LEASE
        return found

    async def _fetch(self, claim: models.AssetUpload) -> None:
        assert claim.url is not None, "what is fetched has an address"
        if claim.attempts > ATTEMPTS:
            raise CannotFetch(f"{claim.url} was given up with the workers that fetched it.")
        limits = Limits(self.limits.largest + 1, LONGEST_SECONDS, SILENCE_SECONDS, inside=self.inside)
        taking = _Taking(self, claim)
        try:
            await fetching.stream(claim.url, taking.take, limits=limits, resolve=self.resolve)
            await taking.end()
        finally:
            await pieces.drop(self.store, taking.names)
        await self.joining.finish(claim.uid)

    async def _fail(self, claim: models.AssetUpload, error: CannotFetch) -> None:
        log.info("upload.cannot_fetch", upload=str(claim.uid), attempt=claim.attempts, error=error.message)
        if claim.attempts >= ATTEMPTS:
            await self.joining.fail(claim.uid, error.code)
        else:
            await self._leave(claim, PAUSES[claim.attempts - 1])

    async def _leave(self, claim: models.AssetUpload, pause: timedelta, *, counts: bool = True) -> None:
        async with self.db.session() as session:
            upload = await uploading.locked(session, claim.uid)
            if upload.state is UploadState.FETCHING:
                upload.claimed_until = self.clock.now() + pause
                upload.attempts -= 0 if counts else 1


@dataclass(slots=True)
class _Taking:
    """What comes from an address, put into the store; `names` are the pieces that no row knows yet."""

    fetcher: Fetcher
    claim: models.AssetUpload
    names: list[str] = field(default_factory=list)
    found: str | None = None
    _coming: Pieces = field(init=False)
    _renewed: float = field(init=False)

    def __post_init__(self) -> None:
        self._coming = Pieces(self.fetcher.store, self.claim.uid, 0, self._put)
        self._renewed = asyncio.get_running_loop().time()

    async def take(self, chunk: bytes) -> None:
        if self._coming.seen_count + len(chunk) > self.fetcher.limits.of_type(self.found or self.claim.media_type):
            raise FileTooLarge(TOO_LARGE)
        await self._coming.take(chunk)
        if asyncio.get_running_loop().time() - self._renewed > RENEWED_SECONDS:
            self._renewed = asyncio.get_running_loop().time()
            await self.fetcher.joining.lease(self.claim, LEASE)

    async def _put(self, name: str, piece: bytes) -> None:
        self.names.append(name)
        if len(self.names) == 1:
            self.found = recognised(piece[:HEAD], self.claim.media_type)

    async def end(self) -> None:
        """All of it is there: from here on the row has it."""
        await self._coming.keep()
        if not self.names:
            raise EmptyFile(EMPTY)
        async with self.fetcher.db.session() as session:
            upload = await uploading.locked(session, self.claim.uid)
            if upload.state is not UploadState.FETCHING:
                return
            before, upload.parts = upload.parts, self.names
            upload.received_count = upload.byte_count = self._coming.offset
        # those of a fetch that was killed before they were joined
        self.names = before


async def fetch_linked(
    session: AsyncSession,
    caller: Caller,
    *,
    creator_id: int | None = None,
    uids: Sequence[UUID] | None = None,
    limit: int = 100,
    hours: int,
    clock: Clock,
) -> list[models.AssetUpload]:
    """Uploads that bring the bytes of assets in which only link elsewhere, of a creator or those named, the oldest first.
    One that is on its way already is left out.
    """
    asset, upload = models.Asset, models.AssetUpload
    on_its_way = select(upload.id).where(upload.asset_uid == asset.uid, upload.state.in_(uploading.MOVING)).exists()
    statement = select(asset).where(asset.sha256.is_(None), asset.url.is_not(None), ~on_its_way)
    if not caller.is_operator:
        statement = statement.where(asset.creator_id.in_(sorted(access.tended_creators(caller))))
    if creator_id is not None:
        statement = statement.where(asset.creator_id == creator_id)
    if uids is not None:
        statement = statement.where(asset.uid.in_(uids))
    found = await session.scalars(statement.order_by(asset.id).limit(limit).with_for_update(key_share=True))
    made = [
        models.AssetUpload(
            account_id=caller.account_id,
            creator_id=one.creator_id,
            asset_uid=one.uid,
            state=UploadState.FETCHING,
            url=one.url,
            file_name=one.file_name,
            said={settling.IS_LINK: True},
            expires_at=clock.now() + timedelta(hours=hours),
        )
        for one in found
    ]
    session.add_all(made)
    await session.flush()
    return made
