"""What is left behind: by uploads that nobody finished, their pieces and old rows; by processes that were killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import Clock
from core.db import Database
from core.errors import DomainError
from core.settings import Settings
from core.store import Store
from models import UploadState
from services.assets import pieces, settling
from services.assets.file_limits import FileLimits
from services.assets.joining import Joining
from services.assets.uploading import MOVING, OPEN
from services.loops import Step, sweeping
from services.media import child_folders

log = structlog.get_logger()

AT_ONCE = 100
KEPT = timedelta(days=30)
"""How long the row of an upload that is over is kept, from when it could last be continued: to be asked what came of it."""

YOUNG = timedelta(days=1)
"""A piece in the store that is younger may be about to be written down."""

ORPHANS_EVERY = timedelta(hours=1)


def sweeper(db: Database, store: Store, clock: Clock) -> Step:
    """A worker's step that ends what expired, and forgets what is long over."""

    async def sweep(session: AsyncSession) -> bool:
        ended = await expire(session, store, clock=clock)
        return max(ended, await forget(session, clock=clock)) == AT_ONCE

    return sweeping(db, clock, sweep)


def finisher(db: Database, store: Store, settings: Settings, clock: Clock) -> Step:
    """A worker's step that joins what has all its bytes and was left by a process that died."""
    joining = Joining(db, store, FileLimits.of(settings), clock)

    async def left(session: AsyncSession) -> bool:
        found.extend(await abandoned(session, clock=clock))
        return False

    found: list[UUID] = []
    look = sweeping(db, clock, left)

    async def step() -> bool:
        await look()
        if not found:
            return False
        await _finish(joining, found.pop())
        return bool(found)

    return step


def cleaner(db: Database, store: Store, clock: Clock) -> Step:
    """A worker's step that takes pieces out of the store that no upload knows."""

    async def clean(session: AsyncSession) -> bool:
        return await remove_orphans(session, store, clock=clock) > 0

    return sweeping(db, clock, clean, every=ORPHANS_EVERY)


def tidier(store: Store, clock: Clock) -> Step:
    """A worker's step that takes away, when it starts and then every hour, what killed processes left on this machine: the
    folders of probes, of renditions, of children of the sandbox.
    """
    tidied_at: datetime | None = None

    async def step() -> bool:
        nonlocal tidied_at
        now = clock.now()
        if tidied_at is None or now - tidied_at >= ORPHANS_EVERY:
            tidied_at = now
            await store.remove_scratch(now - YOUNG)
            await asyncio.to_thread(child_folders.remove_left, now - YOUNG)
        return False

    return step


async def expire(session: AsyncSession, store: Store, *, clock: Clock) -> int:
    """End uploads that were not continued in time, and drop what had arrived; how many."""
    upload, now = models.AssetUpload, clock.now()
    is_late = and_(upload.state.in_(OPEN), upload.expires_at <= now, ~_is_complete(), _is_free(clock))
    statement = select(upload).where(is_late).order_by(upload.expires_at).limit(AT_ONCE)
    found = (await session.scalars(statement.with_for_update(skip_locked=True))).all()
    for one in found:
        # before the commit: killed in between, it expires once more
        await pieces.drop(store, one.parts)
        one.state, one.parts, one.claimed_until = UploadState.EXPIRED, [], None
        await session.execute(select(func.pg_notify(settling.NEWS, str(one.uid))))
    await session.flush()
    return len(found)


async def forget(session: AsyncSession, *, clock: Clock) -> int:
    """Forget uploads that are long over; how many."""
    upload = models.AssetUpload
    is_old = and_(upload.state.not_in(MOVING), upload.expires_at < clock.now() - KEPT)
    chosen = select(upload.id).where(is_old).order_by(upload.expires_at).limit(AT_ONCE)
    gone = await session.scalars(delete(upload).where(upload.id.in_(chosen)).returning(upload.id))
    return len(gone.all())


async def abandoned(session: AsyncSession, *, clock: Clock) -> list[UUID]:
    """The uploads whose bytes are all there, and which nobody joins."""
    upload = models.AssetUpload
    is_left = and_(upload.state == UploadState.RECEIVING, _is_complete(), _is_free(clock))
    return list(await session.scalars(select(upload.uid).where(is_left).order_by(upload.id).limit(AT_ONCE)))


async def remove_orphans(session: AsyncSession, store: Store, *, clock: Clock) -> int:
    """Take pieces out of the store that no open upload lists; how many. What is young is left alone."""
    removed, before = 0, clock.now() - YOUNG
    batch: list[str] = []
    async for entry in store.entries(pieces.UPLOADS):
        if entry.written_at < before:
            batch.append(entry.key)
        if len(batch) == AT_ONCE:
            removed += await _remove_unlisted(session, store, batch)
            batch = []
    return removed + await _remove_unlisted(session, store, batch)


async def _remove_unlisted(session: AsyncSession, store: Store, keys: list[str]) -> int:
    upload = models.AssetUpload
    statement = select(upload.parts).where(upload.uid.in_(_uids(keys)), upload.state.in_(OPEN))
    listed = {name for parts in await session.scalars(statement) for name in parts}
    unlisted = [key for key in keys if key not in listed]
    await pieces.drop(store, unlisted)
    return len(unlisted)


def _uids(keys: Iterable[str]) -> set[UUID]:
    """The uploads that pieces with these keys belong to, where they look like pieces at all."""
    found = set()
    for key in keys:
        try:
            found.add(UUID(key.split("/")[1]))
        except (IndexError, ValueError):
            continue
    return found


async def _finish(joining: Joining, uid: UUID) -> None:
    try:
        await joining.finish(uid)
    except DomainError as error:
        # it was refused, given up, or finished by somebody else: the row says which
        log.info("upload.finished_late", upload=str(uid), outcome=error.code)


def _is_complete() -> ColumnElement[bool]:
    upload = models.AssetUpload
    return func.coalesce(upload.received_count == upload.byte_count, False)


def _is_free(clock: Clock) -> ColumnElement[bool]:
    claimed = models.AssetUpload.claimed_until
    return claimed.is_(None) | (claimed <= clock.now())
