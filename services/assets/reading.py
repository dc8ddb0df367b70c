"""Assets as they are read: from something that may be seen, or by their own address while something visible uses them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import NotFound
from core.reads import ManyRead, OneRead, everything
from models.homepages import PICTURES
from services import access

by_ids = OneRead(models.Asset, models.Asset.id, everything)
by_uids = OneRead(models.Asset, models.Asset.uid, everything)


def _covers(_caller: Caller) -> ColumnElement[bool]:
    return models.RevisionAsset.use == models.AssetUse.COVER


covers_of_revisions = ManyRead(
    models.Asset,
    models.RevisionAsset.revision_id,
    _covers,
    order=(models.RevisionAsset.position,),
    target=models.RevisionAsset.asset_id,
)
of_products = ManyRead(
    models.Asset,
    models.ProductAsset.product_id,
    everything,
    order=(models.ProductAsset.position,),
    target=models.ProductAsset.asset_id,
)


class NoSuchAsset(NotFound):
    code = "NO_SUCH_ASSET"


async def shown(session: AsyncSession, caller: Caller, uid: UUID, *, preview: int | None = None) -> tuple[str, bytes]:
    """Media type and hash of an asset that we hold and that something visible to the caller uses; `preview` is the version
    of a homepage that the caller may see as well.
    """
    asset = models.Asset
    row = (
        await session.execute(
            select(models.Blob.media_type, models.Blob.sha256)
            .join(asset, asset.sha256 == models.Blob.sha256)
            .where(asset.uid == uid, or_(*_uses(caller, uid, preview)))
        )
    ).one_or_none()
    if row is None:
        raise NoSuchAsset("There is no such asset, or nothing visible uses it.")
    return row[0], row[1]


def _uses(caller: Caller, uid: UUID, preview: int | None) -> list[ColumnElement[bool]]:
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
    answer = models.Answer
    in_answers = select(answer.id).where(
        func.jsonb_path_query_array(answer.body, literal_column("'$.**.asset'")).op("?")(str(uid)),
        access.answers(caller),
    )
    in_products = select(models.ProductAsset.asset_id).where(models.ProductAsset.asset_id == asset.id)
    in_avatars = select(models.Creator.avatar_id).where(models.Creator.avatar_id == asset.id, access.creators(caller))
    found = [select_.exists() for select_ in (in_contents, in_own, in_answers, in_products, in_avatars)]
    return [*found, *_on_pages(caller, uid, preview)]


def _on_pages(caller: Caller, uid: UUID, preview: int | None) -> list[ColumnElement[bool]]:
    """On a live homepage, on a version of one that the caller tends, and on the one that a preview opened."""
    page = models.HomepageVersion
    shows = literal_column(PICTURES, JSONB).op("?")(str(uid))
    # found first, by their index: few pages show the same picture, which the planner cannot know
    showing = select(page.id).where(page.state == models.HomepageState.LIVE, shows)
    live = page.id == func.any(func.array(showing.correlate(None).scalar_subquery()))
    kinds: list[ColumnElement[bool]] = [live]
    if caller.creator_ids or caller.is_operator:
        kinds.append(and_(page.state != models.HomepageState.LIVE, shows))
    seen = [select(page.id).where(kind, access.homepages(caller)).exists() for kind in kinds]
    opened = [] if preview is None else [select(page.id).where(page.id == preview, shows).exists()]
    return [*seen, *opened]
