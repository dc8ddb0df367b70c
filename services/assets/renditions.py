"""Renditions of assets: made when they are first asked for, once, however many ask for them here and elsewhere; then kept."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.errors import DomainError, Unavailable
from core.store import CHUNK, NothingThere, Store
from models import AssetKind
from services.assets.keeping import key_of, lock, rendition_key
from services.assets.reading import NoSuchAsset
from services.assets.serving import NOT_SHOWN
from services.media.facts import Refused
from services.media.recipes import Fit, Format, Made, Recipe, inside
from services.media.sandbox import Ended, NotStarted, Sandbox

log = structlog.get_logger()

PATIENCE_SECONDS = 6.0
"""How long somebody waits for a rendition that is being made, before they are told to come again: the making goes on."""

MOST_WANTED = 64
"""The most renditions that are made or wait to be made in one process: each may take seconds."""

POLL_SECONDS = 0.1
"""How often it is looked whether another process has made one."""

FAILED_FOR = timedelta(minutes=1)
"""How long a rendition that could not be made is not tried again."""

PUT_AND_QUEUE = timedelta(minutes=1)
"""What a claim lasts beyond the time that the making may take."""


class RenditionBusy(Unavailable):
    """More is asked for than can be made now."""

    code = "RENDITION_BUSY"


class RenditionNotReady(Unavailable):
    """It is being made, and takes longer than anybody should wait."""

    code = "RENDITION_NOT_READY"


class RenditionFailed(Unavailable):
    """It could not be made a moment ago, and is not tried before `again_at`."""

    code = "RENDITION_FAILED"

    def __init__(self, failure: str, again_at: datetime, now: datetime) -> None:
        self.retry_after = max(1, math.ceil((again_at - now).total_seconds()))
        super().__init__(f"This rendition could not be made ({failure}): try again in {self.retry_after} seconds.")


def recipe_for(asset: models.Asset, width: int, height: int, fit: Fit, written_as: Format) -> Recipe | None:
    """How this rendition of an asset is made; None when there is no such: of sound, of words, a moving one of a picture.

    A preview of a film keeps the film's ratio, so it is INSIDE.
    """
    if asset.kind not in {AssetKind.IMAGE, AssetKind.VIDEO}:
        return None
    is_film = asset.kind is AssetKind.VIDEO
    if written_as is Format.MP4 and not (is_film and fit is Fit.INSIDE):
        return None
    focal = None
    if fit is Fit.COVER and asset.focal_x is not None and asset.focal_y is not None:
        focal = (asset.focal_x, asset.focal_y)
    return Recipe(width=width, height=height, fit=fit, format=written_as, focal=focal, is_film=is_film)


def outcome(asset: models.Asset, recipe: Recipe) -> tuple[int, int] | None:
    """How large it comes out; None when nobody knows, or we do not hold the bytes."""
    if asset.sha256 is None or not (asset.width and asset.height):
        return None
    if recipe.fit is Fit.COVER:
        return recipe.width, recipe.height
    width, height = inside(asset.width, asset.height, (recipe.width, recipe.height))
    # a film has even sides
    return (max(2, width // 2 * 2), max(2, height // 2 * 2)) if recipe.format is Format.MP4 else (width, height)


async def made(session: AsyncSession, sha256: bytes, name: str) -> models.Rendition | None:
    """The rendition of this name, when it is there."""
    row = await session.get(models.Rendition, (sha256, name))
    return row if row is not None and row.etag is not None else None


@dataclass(eq=False)
class Maker:
    """What a process makes renditions with: as many at a time as the sandbox has places."""

    db: Database
    store: Store
    sandbox: Sandbox
    clock: Clock
    patience_seconds: float = field(default_factory=lambda: PATIENCE_SECONDS)
    _tasks: dict[tuple[bytes, str], asyncio.Task[models.Rendition]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.sandbox.places)

    async def make(self, sha256: bytes, recipe: Recipe) -> models.Rendition:
        """The rendition of these bytes, made now unless it is there. Whoever stops waiting does not stop the making.

        NoSuchAsset when the bytes went; RenditionBusy, RenditionNotReady, RenditionFailed; StoreAway.
        """
        key = (sha256, recipe.name)
        task = self._tasks.get(key)
        if task is None:
            if len(self._tasks) >= MOST_WANTED:
                raise RenditionBusy("Many renditions are being made: try again shortly.")
            task = self._tasks[key] = asyncio.create_task(self._make(sha256, recipe))
            task.add_done_callback(lambda done: self._is_done(key, done))
        done, _ = await asyncio.wait({task}, timeout=self.patience_seconds)
        if not done:
            raise RenditionNotReady("This rendition is being made: try again shortly.")
        return task.result()

    async def close(self) -> None:
        """Make no more; what is not done may be claimed by others at once."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _is_done(self, key: tuple[bytes, str], task: asyncio.Task[models.Rendition]) -> None:
        del self._tasks[key]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DomainError):
            log.error("rendition.accident", name=key[1], exc_info=error)

    async def _make(self, sha256: bytes, recipe: Recipe) -> models.Rendition:
        while True:
            async with self._places:
                claim = await self._claim(sha256, recipe.name)
                if isinstance(claim, datetime):
                    return await self._made_by_us(sha256, recipe, claim)
            if claim.etag is not None:
                return claim
            if claim.failure is not None and claim.claimed_until is not None:
                raise RenditionFailed(claim.failure, claim.claimed_until, self.clock.now())
            await asyncio.sleep(POLL_SECONDS)

    async def _claim(self, sha256: bytes, name: str) -> models.Rendition | datetime:
        """Until when it is ours to make; or the row of whoever has made it, makes it now, or could not make it."""
        now, rendition = self.clock.now(), models.Rendition
        until = now + timedelta(seconds=self.sandbox.seconds) + PUT_AND_QUEUE
        row = insert(rendition).values(sha256=sha256, name=name, claimed_until=until)
        is_free = rendition.etag.is_(None) & or_(rendition.claimed_until.is_(None), rendition.claimed_until <= now)
        taken = row.on_conflict_do_update(
            index_elements=[rendition.sha256, rendition.name],
            set_={"claimed_until": until, "failure": None},
            where=is_free,
        )
        async with self.db.session() as session:
            if await session.get(models.Blob, sha256, with_for_update={"key_share": True, "read": True}) is None:
                raise NoSuchAsset(NOT_SHOWN)
            if await session.scalar(taken.returning(rendition.name)) is not None:
                return until
            return await session.get_one(rendition, (sha256, name))

    async def _made_by_us(self, sha256: bytes, recipe: Recipe, claim: datetime) -> models.Rendition:
        failure, again_at, claim_is_over = None, self.clock.now(), False
        try:
            await asyncio.to_thread(self.store.scratch.mkdir, mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.store.scratch, ignore_cleanup_errors=True) as folder:
                target = Path(folder) / "rendition"
                async with self.store.file(key_of(sha256)) as source:
                    found = await self.sandbox.render(source, recipe, target)
                row = await self._keep(sha256, recipe.name, found, target)
            claim_is_over = True
        except Refused as refused:
            failure, again_at = refused.flaw.value, self.clock.now() + FAILED_FOR
            log.warning("rendition.failed", sha256=sha256.hex(), name=recipe.name, why=failure, detail=refused.detail)
            raise RenditionFailed(failure, again_at, self.clock.now()) from refused
        except NothingThere as error:
            log.error("asset.bytes_missing", sha256=sha256.hex())  # noqa: TRY400  (the hash says it all)
            raise NoSuchAsset("The bytes of this asset are not in the store.") from error
        except (NotStarted, Ended) as error:
            raise RenditionBusy("Renditions cannot be made at the moment: try again shortly.") from error
        finally:
            if not claim_is_over:
                await self._give_back(sha256, recipe.name, claim, failure, again_at)
        return row

    async def _keep(self, sha256: bytes, name: str, found: Made, target: Path) -> models.Rendition:
        async with self.db.session() as session:
            # what is being taken out of the store must not leave this behind
            await lock(session, sha256)
            row = await session.get(models.Rendition, (sha256, name), with_for_update=True)
            if row is None:
                raise NoSuchAsset(NOT_SHOWN)
            if row.etag is None:
                await self.store.put(rendition_key(sha256, name), await _content(target, found.byte_count))
                row.media_type, row.byte_count, row.etag = found.media_type, found.byte_count, found.sha256
                row.width, row.height = found.width, found.height
                row.claimed_until, row.failure = None, None
        return row

    async def _give_back(
        self, sha256: bytes, name: str, claim: datetime, failure: str | None, again_at: datetime
    ) -> None:
        """Let others try from then on, unless they have already taken it up."""
        row = models.Rendition
        ours = row.sha256 == sha256, row.name == name, row.etag.is_(None), row.claimed_until == claim
        async with self.db.session() as session:
            await session.execute(update(row).where(*ours).values(failure=failure, claimed_until=again_at))


async def _content(path: Path, byte_count: int) -> bytes | AsyncIterator[bytes]:
    """The file at once when it is small, which a bucket takes in one request; else piece by piece."""
    if byte_count <= CHUNK:
        return await asyncio.to_thread(path.read_bytes)
    return _pieces(path)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
