"""What may be used anew: an asset that is neither retired nor expired, unless it stood there before; and is not deleted meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, cast, false, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.errors import Conflict, Problem
from models.homepages import PICTURES
from models.usages import IN_BODY

RETIRED = "This asset is retired: take another one, or restore it first."
EXPIRED = "This asset has expired, and is shown nowhere any more: take another one, or give it more time first."

Place = tuple[str | int, ...]


class AssetRetired(Conflict):
    """Whose it is wants it used nowhere anew."""

    code = "ASSET_RETIRED"


class AssetExpired(Conflict):
    """What is to go out shows something that is shown nowhere any more."""

    code = "ASSET_EXPIRED"


@dataclass(frozen=True, slots=True)
class Found:
    """An asset that a caller may use. `refusal` says, as a code and a sentence, why not anew."""

    id: int
    kind: models.AssetKind
    refusal: tuple[str, str] | None

    def problems(self, place: Place) -> list[Problem]:
        """Why it cannot stand at this place."""
        return [] if self.refusal is None else [Problem(*self.refusal, place)]


async def found(
    session: AsyncSession,
    uids: Collection[UUID],
    usable: ColumnElement[bool],
    *,
    kept: Select[Any] | None = None,
    is_held: bool = True,
) -> dict[UUID, Found]:
    """Those of these assets that are `usable`. What the ids in `kept` name may stay where it is, retired or not.

    They are held until the end of the transaction: who deletes one waits, and finds it used; what is gone is not found. For
    who binds nothing they need not be.
    """
    if not uids:
        return {}
    asset = models.Asset
    stands = false() if kept is None else asset.id.in_(kept)
    retired, expired = and_(asset.retired_at.is_not(None), ~stands), and_(is_expired(), ~stands)
    statement = select(asset.uid, asset.id, asset.kind, retired, expired).where(asset.uid.in_(set(uids)), usable)
    if is_held:
        statement = statement.order_by(asset.id).with_for_update(read=True, key_share=True, of=asset)
    rows = await session.execute(statement)
    return {uid: Found(id_, kind, _refusal(is_retired, is_over)) for uid, id_, kind, is_retired, is_over in rows}


def is_expired() -> ColumnElement[bool]:
    """The condition on `assets` rows that nobody may be shown it any more."""
    return and_(models.Asset.expires_at.is_not(None), models.Asset.expires_at <= func.now())


def in_content(content: models.Content) -> Select[Any]:
    """The ids of what the current versions of a content show: the live one, what waits, and the draft."""
    current = (content.live_revision_id, content.draft_revision_id, content.waiting_revision_id)
    shown = models.RevisionAsset
    return select(shown.asset_id).where(shown.revision_id.in_([id_ for id_ in current if id_ is not None]))


def in_answer(answer: models.Answer) -> Select[Any]:
    """The ids of what an answer shows."""
    uids = select(_uids(IN_BODY)).where(models.Answer.id == answer.id)
    return select(models.Asset.id).where(models.Asset.uid.in_(uids))


def on_page(creator_id: int) -> Select[Any]:
    """The ids of what the current versions of a creator's homepage show."""
    page, states = models.HomepageVersion, models.HomepageState
    current = page.state.in_([states.LIVE, states.DRAFT, states.SCHEDULED])
    uids = select(_uids(PICTURES)).join(models.Homepage, models.Homepage.id == page.homepage_id)
    uids = uids.select_from(page).where(models.Homepage.creator_id == creator_id, current)
    return select(models.Asset.id).where(models.Asset.uid.in_(uids))


async def expired_in(session: AsyncSession, revision: models.Revision) -> list[AssetExpired]:
    """Why a version cannot go out: what of its pictures, films and subtitles has expired, each by its number there."""
    shown = models.RevisionAsset
    statement = select(shown.use, shown.position).join(models.Asset, models.Asset.id == shown.asset_id)
    statement = statement.where(shown.revision_id == revision.id)
    numbers: dict[models.AssetUse, int] = {}
    refused = []
    rows = await session.execute(statement.add_columns(is_expired()).order_by(shown.position))
    for use, _, is_over in rows:
        numbers[use] = numbers.get(use, 0) + 1
        if is_over:
            message = f"{use.value} {numbers[use]} has expired: take another asset, or give it more time."
            refused.append(AssetExpired(message, path=("content",)))
    return refused


async def expired_on(session: AsyncSession, version: models.HomepageVersion) -> list[AssetExpired]:
    """Why a version of a homepage cannot go out: how many of its pictures and films have expired."""
    uids = select(_uids(PICTURES)).select_from(models.HomepageVersion).where(models.HomepageVersion.id == version.id)
    statement = select(func.count()).select_from(models.Asset).where(models.Asset.uid.in_(uids), is_expired())
    count = await session.scalar(statement) or 0
    message = f"{count} of the pictures and films on this page have expired: take others, or give them more time."
    return [AssetExpired(message, path=("creator",))] if count else []


def _uids(inside: str) -> ColumnElement[UUID]:
    return cast(func.jsonb_array_elements_text(literal_column(inside, JSONB)), Uuid())


def _refusal(is_retired: bool, is_over: bool) -> tuple[str, str] | None:
    if is_over:
        return AssetExpired.code, EXPIRED
    return (AssetRetired.code, RETIRED) if is_retired else None
