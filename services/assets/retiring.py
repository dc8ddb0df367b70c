"""Retiring assets, which stay where they are used and are used nowhere anew; and deleting those that nothing uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, Problem
from core.store import Store, StoreAway
from models import ProbeState, UploadState, UsageKind, UsageState
from services import access, audit
from services.assets import describing, keeping, uses
from services.assets.describing import changeable
from services.assets.reading import NoSuchAsset
from services.loops import Step, sweeping

log = structlog.get_logger()

NAMED = 5
"""How many of the places that use an asset are named when it cannot be deleted."""

SWEPT_AT_ONCE = 20
NEW = timedelta(days=1)
"""Bytes that came later may be of an import that has not got to their asset."""

SWEPT_EVERY = timedelta(hours=1)
"""All bytes are compared with all assets, and a deletion that got to the end leaves nothing to find."""

KINDS = {
    UsageKind.CONTENT: "a content",
    UsageKind.PRODUCT: "a product",
    UsageKind.CREATOR: "a creator",
    UsageKind.HOMEPAGE: "the homepage of a creator",
    UsageKind.ANSWER: "an answer of a creator",
}
STATES = {
    UsageState.LIVE: "live",
    UsageState.WAITING: "waiting to go live",
    UsageState.DRAFT: "a draft",
    UsageState.HIDDEN: "taken back",
    UsageState.OLD: "an earlier version",
}
MOVING = (UploadState.RECEIVING, UploadState.FETCHING, UploadState.PROBING)


class AssetInUse(Conflict):
    """Something shows it, or did: each of the problems names a place, the first ones of all that the caller may see. The
    others are counted.
    """

    code = "ASSET_IN_USE"

    def __init__(self, places: Sequence[models.Usage], others: int = 0) -> None:
        used_by = [_place(one) for one in places]
        if others:
            used_by.append(f"{others} {'place' if others == 1 else 'places'} that you may not see")
        self.told = [f"It is used by {one}: retire it instead." for one in used_by]
        super().__init__(self.told[0])

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(Problem(self.code, message, ("asset",)) for message in self.told)


async def retire(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock) -> models.Asset:
    """Let an asset be used nowhere anew: it stays where it is. Again changes nothing."""
    access.require(caller, Scope.CONTENT_WRITE)
    asset = await changeable(session, caller, uid)
    if asset.retired_at is None:
        asset.retired_at = clock.now()
        await session.flush()
        audit.record(session, caller, "asset.retired", asset)
    return asset


async def restore(session: AsyncSession, caller: Caller, uid: UUID) -> models.Asset:
    """Let a retired asset be used again. Again changes nothing."""
    access.require(caller, Scope.CONTENT_WRITE)
    asset = await changeable(session, caller, uid)
    if asset.retired_at is not None:
        asset.retired_at = None
        await session.flush()
        audit.record(session, caller, "asset.restored", asset)
    return asset


async def delete(session: AsyncSession, caller: Caller, uid: UUID) -> str:
    """Delete an asset that nothing uses, not even an old version; AssetInUse. Its bytes go after the commit (`clear`): this
    returns their hash in hexadecimal, empty for a link.
    """
    access.require(caller, Scope.CONTENT_WRITE)
    await hold(session, caller, [uid])
    await changeable(session, caller, uid)
    # what was on its way to become its bytes has nowhere to go
    upload = models.AssetUpload
    await session.execute(
        update(upload).where(upload.asset_uid == uid, upload.state.in_(MOVING)).values(state=UploadState.EXPIRED)
    )
    asset = await _held(session, uid)
    places, others = await uses.first_of(session, caller, asset.id, NAMED)
    if places or others:
        raise AssetInUse(places, others)
    digest = asset.sha256.hex() if asset.sha256 else ""
    audit.record(session, caller, "asset.deleted", asset, uid=str(asset.uid), sha256=digest or None)
    await session.delete(asset)
    await session.flush()
    return digest


async def hold(session: AsyncSession, caller: Caller, uids: Sequence[UUID]) -> None:
    """Lock what is to be deleted, of those that the caller may use: uploads that bring their bytes first, as where these
    end, then the assets, both in order.
    """
    asset, upload = models.Asset, models.AssetUpload
    theirs = select(asset.uid).where(asset.uid.in_(uids), access.assets(caller))
    moving = select(upload.id).where(upload.asset_uid.in_(theirs), upload.state.in_(MOVING)).order_by(upload.id)
    await session.execute(moving.with_for_update(of=upload))
    await describing.hold(session, caller, uids)


async def clear(db: Database, store: Store, digests: Sequence[str]) -> None:
    """Take the bytes with these hashes out of the store, unless something has them. What is not done now, the sweeper does."""
    for digest in sorted(set(digests) - {""}):
        try:
            async with db.session() as session:
                await keeping.remove_unused(session, store, bytes.fromhex(digest))
        except StoreAway:
            log.warning("asset.bytes_stay", sha256=digest)


async def sweep(session: AsyncSession, store: Store, *, clock: Clock) -> int:
    """Take a bounded number of bytes that nothing has any more out of the store; how many went."""
    blob = models.Blob
    unused = select(blob.sha256).where(blob.created_at < clock.now() - NEW, ~keeping.is_used(blob.sha256))
    found = list(await session.scalars(unused.order_by(blob.sha256).limit(SWEPT_AT_ONCE)))
    return sum([await keeping.remove_unused(session, store, sha256) for sha256 in found])


async def sweep_refused(session: AsyncSession, store: Store, *, clock: Clock) -> int:
    """Take a bounded number of bytes that were refused, and stay since an import's asset names them, out of the store; how
    many went. Nobody is shown them.
    """
    blob = models.Blob
    refused = blob.probe_state == ProbeState.REFUSED, blob.facts != keeping.BYTES_WENT
    stale = select(blob.sha256).where(blob.created_at < clock.now() - NEW, *refused).order_by(blob.sha256)
    found = list(await session.scalars(stale.limit(SWEPT_AT_ONCE)))
    return sum([await keeping.remove_refused(session, store, sha256) for sha256 in found])


def sweeper(db: Database, store: Store, clock: Clock) -> Step:
    """A worker's step that removes bytes whose asset was deleted by somebody who did not get to it."""

    async def unused(session: AsyncSession) -> bool:
        swept = await sweep(session, store, clock=clock), await sweep_refused(session, store, clock=clock)
        return SWEPT_AT_ONCE in swept

    return sweeping(db, clock, unused, every=SWEPT_EVERY)


async def _held(session: AsyncSession, uid: UUID) -> models.Asset:
    """Locked so that nobody names it meanwhile: whoever would holds it until their commit, or finds it gone."""
    statement = select(models.Asset).where(models.Asset.uid == uid).with_for_update()
    asset = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if asset is None:
        raise NoSuchAsset("There is no such asset, or it is not yours.")
    return asset


def _place(usage: models.Usage) -> str:
    return f"{KINDS[UsageKind(usage.kind)]} ({STATES[UsageState(usage.state)]}), “{usage.label[:80]}”"
