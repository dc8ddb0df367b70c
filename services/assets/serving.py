"""Who gets the bytes of an asset: everybody while something visible shows it, and whoever may see it before; and which bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, Caller
from core.errors import Unavailable
from models import ProbeState
from models.homepages import PICTURES
from services import access
from services.assets.keeping import key_of, rendition_key
from services.assets.reading import NoSuchAsset

SERVED = "served"
"""The name of the copy without what tells where it was made, which stands for the bytes wherever there is one."""

NOT_SHOWN = "There is no such asset, or nothing visible uses it."


class AssetNotReady(Unavailable):
    """Nobody has looked at the bytes yet."""

    code = "ASSET_NOT_READY"


@dataclass(frozen=True, slots=True)
class Shown:
    """An asset that somebody may have, with its bytes. `is_public`: everybody may."""

    asset: models.Asset
    blob: models.Blob
    is_public: bool

    def seconds_left(self, now: datetime, most: int) -> int:
        """For how long it may be kept, at most so many seconds: not beyond its own end."""
        end = self.asset.expires_at
        return most if end is None else max(0, min(most, int((end - now).total_seconds())))


@dataclass(frozen=True, slots=True)
class File:
    """Bytes in the store, and what is told of them; `digest` names them among all that one address ever answered with."""

    key: str
    media_type: str
    byte_count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What beside the caller's own rights opens assets: the version of a homepage that a preview leads to, and whether the
    asset's own address was signed.
    """

    page_id: int | None = None
    is_signed: bool = False


async def shown(
    session: AsyncSession, caller: Caller, uid: UUID, *, now: datetime, opening: Opening | None = None
) -> Shown:
    """The asset, when we hold its bytes, have looked at them, and the caller may have them; NoSuchAsset, AssetNotReady."""
    opening = opening or Opening()
    asset, blob = models.Asset, models.Blob
    is_public = and_(_is_current(now), or_(*_uses(ANONYMOUS, uid)))
    ways = [is_public] if caller.is_anonymous else [is_public, and_(_is_current(now), or_(*_uses(caller, uid)))]
    # whose it is sees it before it is used, and after it has expired
    ways += [access.assets(caller)]
    ways += [and_(_is_current(now), _in_preview(uid, opening.page_id))] if opening.page_id is not None else []
    ways += [and_(_is_current(now), _may_be_signed(uid))] if opening.is_signed else []
    statement = (
        select(asset, blob, is_public).join(blob, asset.sha256 == blob.sha256).where(asset.uid == uid, or_(*ways))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None or row[1].probe_state is ProbeState.REFUSED:
        raise NoSuchAsset(NOT_SHOWN)
    if row[1].probe_state is not ProbeState.PROBED:
        raise AssetNotReady("Nobody has looked into this file yet: try again shortly.")
    return Shown(row[0], row[1], row[2])


async def file_of(session: AsyncSession, found: Shown) -> File:
    """What the asset's own address answers with: its bytes, or the copy that does not tell where it was made."""
    blob = found.blob
    if not blob.facts.get("has_location"):
        return File(key_of(blob.sha256), blob.media_type, blob.byte_count, blob.sha256.hex())
    served = await session.get(models.Rendition, (blob.sha256, SERVED))
    if served is None or served.etag is None:
        raise NoSuchAsset("The copy of this asset that may be shown is not in the store.")
    return made_file(served)


def made_file(rendition: models.Rendition) -> File:
    """The bytes of a rendition that was made."""
    assert rendition.media_type is not None
    assert rendition.byte_count is not None
    assert rendition.etag is not None
    key = rendition_key(rendition.sha256, rendition.name)
    return File(key, rendition.media_type, rendition.byte_count, rendition.etag)


def _is_current(now: datetime) -> ColumnElement[bool]:
    return or_(models.Asset.expires_at.is_(None), models.Asset.expires_at > now)


def _may_be_signed(uid: UUID) -> ColumnElement[bool]:
    """Who was suspended or erased shows nothing, by no address; what is retired is in no draft any more."""
    asset, creator = models.Asset, models.Creator
    is_there = exists().where(creator.id == asset.creator_id, access.creators(ANONYMOUS))
    return and_(
        asset.retired_at.is_(None), or_(asset.creator_id.is_(None), is_there), *(~one for one in _taken_down(uid))
    )


def _taken_down(uid: UUID) -> list[ColumnElement[bool]]:
    """What shows the asset and was taken down: nobody hands it on by another way."""
    revision, content, used, answer = models.Revision, models.Content, models.RevisionAsset, models.Answer
    in_contents = (
        select(used.asset_id)
        .join(revision, revision.id == used.revision_id)
        .join(content, content.id == revision.content_id)
        .where(used.asset_id == models.Asset.id, content.state == models.ContentState.TAKEN_DOWN)
    )
    in_answers = select(answer.id).where(_shows(uid), answer.state == models.AnswerState.TAKEN_DOWN)
    return [in_contents.correlate(models.Asset).exists(), in_answers.exists()]


def _shows(uid: UUID) -> ColumnElement[bool]:
    """The condition on `answers` rows that they show it."""
    return func.jsonb_path_query_array(models.Answer.body, literal_column("'$.**.asset'")).op("?")(str(uid))


def _uses(caller: Caller, uid: UUID) -> list[ColumnElement[bool]]:
    """What shows the asset to the caller."""
    asset, content, used = models.Asset, models.Content, models.RevisionAsset
    in_contents = (
        select(used.asset_id)
        .join(content, content.live_revision_id == used.revision_id)
        .where(used.asset_id == asset.id, access.public_contents())
    )
    # whoever may see drafts of a content may see the pictures of all its versions
    in_own = (
        select(used.asset_id)
        .join(models.Revision, models.Revision.id == used.revision_id)
        .join(content, content.id == models.Revision.content_id)
        .where(used.asset_id == asset.id, access.drafts(caller))
    )
    in_answers = select(models.Answer.id).where(_shows(uid), access.answers(caller))
    in_products = select(models.ProductAsset.asset_id).where(models.ProductAsset.asset_id == asset.id)
    in_avatars = select(models.Creator.avatar_id).where(models.Creator.avatar_id == asset.id, access.creators(caller))
    found = [select_.exists() for select_ in (in_contents, in_own, in_answers, in_products, in_avatars)]
    return [*found, *_on_pages(caller, uid)]


def _on_pages(caller: Caller, uid: UUID) -> list[ColumnElement[bool]]:
    """On a live homepage, and on a version of one that the caller tends."""
    page = models.HomepageVersion
    shows = literal_column(PICTURES, JSONB).op("?")(str(uid))
    # found first, by their index: few pages show the same picture, which the planner cannot know
    showing = select(page.id).where(page.state == models.HomepageState.LIVE, shows)
    live = page.id == func.any(func.array(showing.correlate(None).scalar_subquery()))
    kinds: list[ColumnElement[bool]] = [live]
    if caller.creator_ids or caller.is_operator:
        kinds.append(and_(page.state != models.HomepageState.LIVE, shows))
    return [select(page.id).where(kind, access.homepages(caller)).exists() for kind in kinds]


def _in_preview(uid: UUID, page_id: int) -> ColumnElement[bool]:
    page = models.HomepageVersion
    shows = literal_column(PICTURES, JSONB).op("?")(str(uid))
    return select(page.id).where(page.id == page_id, shows).exists()
