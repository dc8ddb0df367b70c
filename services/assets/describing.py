"""What is said of an asset by whom it belongs to: what it shows, whom to name, how and how long it may be used, where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Invalid
from services import access, audit, names
from services.assets import file_names, folders, labelling
from services.assets.labels import ExpiresInThePast
from services.assets.reading import NoSuchAsset
from services.assets.showing import mark_shown
from services.objections import Objections

PROSE = {"alternative_text": "alternative_text", "credit": "credit", "licence": "licence", "source": "origin"}
"""The texts, by what callers call them; the values are the columns."""

SHOWN = frozenset({"alternative_text", "credit", "licence", "focal_x", "focal_y", "expires_at"})
"""What readers and channels see of it, or see through it."""


class FocalPointOutside(Invalid):
    code = "FOCAL_POINT_OUTSIDE"


async def describe(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock, **said: Any) -> models.Asset:
    """Change what is said of an asset of a creator that the caller acts as, or as an operator of any. What is not given
    stays; what is no change leaves no trace. All that is wrong is told at once.

    `said` may have alternative_text, credit, licence, source and file_name (texts), expires_at (an instant, or None),
    focal_point (shares of width and height from the top left, or None), folder (a uid, or None) and tags (taxonomy:code).
    """
    access.require(caller, Scope.CONTENT_WRITE)
    asset = await changeable(session, caller, uid)
    against = Objections()
    told = _read(said, asset, against, clock)
    if "folder" in said:
        told["folder_id"] = await against.take_from(folders.place(session, caller, asset, said["folder"]))
    tag_ids = await labelling.named(session, said["tags"], against) if said.get("tags") is not None else None
    against.check()
    changed = {part for part, value in told.items() if getattr(asset, part) != value}
    for part in changed:
        setattr(asset, part, told[part])
    if tag_ids is not None and tag_ids != await labelling.of(session, asset):
        await labelling.label(session, asset, tag_ids)
        changed.add("tags")
    if changed:
        audit.record(session, caller, "asset.described", asset, parts=sorted(changed))
        await session.flush()
    if changed & SHOWN:
        await mark_shown(session, [asset.id])
    return asset


async def changeable(session: AsyncSession, caller: Caller, uid: UUID) -> models.Asset:
    """An asset that the caller may change, locked; NoSuchAsset."""
    statement = select(models.Asset).where(models.Asset.uid == uid).with_for_update(key_share=True)
    asset = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    # what belongs to others may be in a draft of theirs: nobody learns here that it is there
    if asset is None or not access.may_change_asset(caller, asset.creator_id):
        raise NoSuchAsset("There is no such asset, or it is not yours.")
    return asset


async def hold(session: AsyncSession, caller: Caller, uids: Sequence[UUID]) -> None:
    """Lock those of these assets that the caller may change, in order of their ids: two who change the same cannot wait for
    each other.
    """
    asset = models.Asset
    statement = select(asset.id).where(asset.uid.in_(uids), access.assets(caller)).order_by(asset.id)
    await session.execute(statement.with_for_update(key_share=True))


def _read(said: dict[str, Any], asset: models.Asset, against: Objections, clock: Clock) -> dict[str, Any]:
    """The columns that these words are for, with their values."""
    told: dict[str, Any] = {
        column: against.take(names.prose, said[part], part) for part, column in PROSE.items() if part in said
    }
    if "file_name" in said:
        told["file_name"] = file_names.cleaned(said["file_name"])
    if "expires_at" in said:
        told["expires_at"] = against.take(_until, said["expires_at"], asset.expires_at, clock)
    if "focal_point" in said:
        point = against.take(_point, said["focal_point"])
        told["focal_x"], told["focal_y"] = point or (None, None)
    return told


def _until(instant: datetime | None, before: datetime | None, clock: Clock) -> datetime | None:
    """An instant ahead; one that stands there already may be sent again when it has passed."""
    if instant is not None and instant != before and instant <= clock.now():
        raise ExpiresInThePast(
            "Give a time in the future, or none; to take it out of use now, retire it.", path=("expires_at",)
        )
    return instant


def _point(shares: tuple[float, float] | None) -> tuple[int, int] | None:
    """Thousandths of width and height."""
    if shares is None:
        return None
    if not all(0 <= share <= 1 for share in shares):
        raise FocalPointOutside("A focal point lies in the picture: shares from 0 to 1.", path=("focal_point",))
    return round(shares[0] * 1000), round(shares[1] * 1000)
