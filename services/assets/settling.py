"""What becomes of uploads when their bytes were looked at: assets with measured facts, or refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller
from core.clock import Clock
from core.reads import any_of
from core.store import Store
from models import AssetFactsSource, AssetKind, ProbeState, UploadState
from services import audit, reopening
from services.assets import keeping
from services.assets.showing import mark_shown
from services.media.facts import COLUMNS, Flaw

NEWS = "asset_uploads"
"""The channel of notifications on which the uid of an upload that was settled is told, after the commit."""

WORDS = ("alternative_text", "credit", "licence", "origin", "focal_x", "focal_y")
"""What an upload's `said` may hold of the columns of its asset, besides `folder_id`, `expires_at` and `tag_ids`."""

IS_LINK = "is_link"
"""What an upload's `said` holds when its asset is there already, as a link: none is made in its place."""

Largest = Callable[[AssetKind], int]
"""The most bytes that a file of a kind may have."""


async def settle(
    session: AsyncSession, store: Store, blob: models.Blob, *, clock: Clock, most: Largest | None = None
) -> list[models.Asset]:
    """Make assets of the uploads that wait for this blob, or refuse them; nothing happens while it was not looked at.

    An upload whose asset is there, as a link, gives it its bytes, and is over when that was deleted meanwhile. When all
    were refused and nothing else has the bytes, they are removed. `most` bounds each kind: what looked like a film at its beginning may be sound.
    Whoever waits for an upload hears of it on NEWS. Returns the assets.
    """
    await keeping.lock(session, blob.sha256)
    if blob.probe_state is ProbeState.WAITING:
        return []
    failure = _failure(blob, most)
    if failure is not None:
        await give_up(session, store, blob, failure)
        return []
    waiting = await _waiting(session, blob)
    made = [await _ready(session, blob, upload, clock) for upload in waiting]
    await _told(session, waiting)
    if any(one is None or one.sha256 != blob.sha256 for one in made):
        await keeping.remove_unused(session, store, blob.sha256)
    return [one for one in made if one is not None]


async def give_up(session: AsyncSession, store: Store, blob: models.Blob, failure: str) -> None:
    """Refuse the uploads that wait for a blob; its bytes go when nothing else has them."""
    await keeping.lock(session, blob.sha256)
    waiting = await _waiting(session, blob)
    for upload in waiting:
        upload.state, upload.failure = UploadState.REFUSED, failure
        audit.record(session, _uploader(upload), "asset.upload_refused", upload, failure=failure)
    await _told(session, waiting)
    # without an upload they are of an import, which may not have written its assets yet
    if waiting:
        await keeping.remove_unused(session, store, blob.sha256)


async def spread(session: AsyncSession, blob: models.Blob) -> int:
    """Give what a probe found to all assets that have these bytes; how many did not have it. What shows them is judged
    anew.
    """
    asset = models.Asset
    statement = select(asset).where(asset.sha256 == blob.sha256).order_by(asset.id).with_for_update(key_share=True)
    found = await session.scalars(statement.execution_options(populate_existing=True))
    had = {one.id: _measured(one, blob) for one in found}
    await session.flush()
    changed = [id_ for id_, is_news in had.items() if is_news]
    # what an import measured elsewhere may be no news, and yet what was declared before
    reopened = await reopening.reopen(session, had, changed)
    await mark_shown(session, list(had) if reopened else changed)
    return len(changed)


async def doubt(session: AsyncSession, blob: models.Blob) -> None:
    """Nobody can have measured bytes that are refused: what an import said of them is its word. What shows them is judged
    anew.
    """
    asset = models.Asset
    measured = asset.sha256 == blob.sha256, asset.facts_source == AssetFactsSource.PROBED
    doubted = update(asset).where(*measured).values(facts_source=AssetFactsSource.DECLARED).returning(asset.id)
    ids = list(await session.scalars(doubted.execution_options(synchronize_session="fetch")))
    await mark_shown(session, ids)


async def _waiting(session: AsyncSession, blob: models.Blob) -> Sequence[models.AssetUpload]:
    upload = models.AssetUpload
    statement = select(upload).where(upload.sha256 == blob.sha256, upload.state == UploadState.PROBING)
    statement = statement.order_by(upload.id).with_for_update(key_share=True)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


def _failure(blob: models.Blob, most: Largest | None) -> str | None:
    if blob.probe_state is ProbeState.REFUSED:
        return blob.probe_failure
    is_too_large = most is not None and blob.byte_count > most(AssetKind(blob.facts["kind"]))
    return Flaw.FILE_TOO_LARGE.value if is_too_large else None


async def _told(session: AsyncSession, settled: Sequence[models.AssetUpload]) -> None:
    await session.flush()
    for upload in settled:
        await session.execute(select(func.pg_notify(NEWS, str(upload.uid))))


async def _ready(
    session: AsyncSession, blob: models.Blob, upload: models.AssetUpload, clock: Clock
) -> models.Asset | None:
    """The asset; None when it was a link that was deleted while its bytes were fetched."""
    upload.state = UploadState.READY
    linked = await session.scalar(
        select(models.Asset).where(models.Asset.uid == upload.asset_uid).with_for_update(key_share=True)
    )
    if linked is not None:
        await _fetched(session, blob, upload, linked)
        return linked
    if upload.said.get(IS_LINK):
        upload.state = UploadState.EXPIRED  # as a deletion leaves what is on its way
        return None
    asset = models.Asset(
        uid=upload.asset_uid,
        creator_id=upload.creator_id,
        file_name=upload.file_name,
        sha256=blob.sha256,
        created_at=clock.now(),
        **await _said(session, upload),
    )
    _measured(asset, blob)
    session.add(asset)
    await session.flush()
    await _tag(session, asset, upload.said.get("tag_ids", ()))
    audit.record(session, _uploader(upload), "asset.uploaded", asset, upload=str(upload.uid))
    return asset


async def _fetched(session: AsyncSession, blob: models.Blob, upload: models.AssetUpload, asset: models.Asset) -> None:
    """The bytes of a link. Those that an asset has never change: its hash is in answers and caches."""
    if asset.sha256 is not None and asset.sha256 != blob.sha256:
        return
    asset.sha256 = blob.sha256
    if _measured(asset, blob):
        await session.flush()
        await reopening.reopen(session, [asset.id])
        await mark_shown(session, [asset.id])
    audit.record(session, _uploader(upload), "asset.fetched", asset, upload=str(upload.uid))


def _measured(asset: models.Asset, blob: models.Blob) -> bool:
    """Set the facts of the bytes; whether any was another."""
    facts: dict[str, Any] = {
        "kind": AssetKind(blob.facts["kind"]),
        **{name: blob.facts.get(name) for name in COLUMNS if name != "kind"},
        "byte_count": blob.byte_count,
        "facts": {name: value for name, value in blob.facts.items() if name not in COLUMNS},
        "facts_source": AssetFactsSource.PROBED,
    }
    changed = {name: value for name, value in facts.items() if getattr(asset, name) != value}
    for name, value in changed.items():
        setattr(asset, name, value)
    return bool(changed)


async def _said(session: AsyncSession, upload: models.AssetUpload) -> dict[str, Any]:
    """What the asset is to be called: a folder that is gone meanwhile is none."""
    said: dict[str, Any] = {name: upload.said[name] for name in WORDS if name in upload.said}
    if upload.said.get("expires_at"):
        said["expires_at"] = datetime.fromisoformat(upload.said["expires_at"])
    folder = models.AssetFolder
    its_own = folder.id == upload.said.get("folder_id"), folder.creator_id == upload.creator_id
    said["folder_id"] = await session.scalar(
        select(folder.id).where(*its_own).with_for_update(read=True, key_share=True)
    )
    return said


async def _tag(session: AsyncSession, asset: models.Asset, tag_ids: Sequence[int]) -> None:
    """The tags in their order, each once; those that are gone meanwhile are left out."""
    there = set(await session.scalars(select(models.Tag.id).where(models.Tag.id == any_of(tag_ids))))
    kept = [id_ for id_ in dict.fromkeys(tag_ids) if id_ in there]
    session.add_all(
        models.AssetTag(asset_id=asset.id, tag_id=id_, position=position) for position, id_ in enumerate(kept)
    )


def _uploader(upload: models.AssetUpload) -> Caller:
    """Who stands in the record: the house did it, for the account that sent the file."""
    return replace(SYSTEM, account_id=upload.account_id)
