"""Where assets are used: every place that shows one, in whatever state it stands, and whether there is any."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Text, any_, bindparam, cast, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import Order, PageRead
from models.homepages import PICTURES
from models.usages import IN_BODY
from services import access


def _of_tended(caller: Caller) -> ColumnElement[bool]:
    """Who uses an asset is the business of whose it is: of those of the house, of operators."""
    if caller.is_operator:
        return true()
    own = models.Asset.creator_id.in_(sorted(access.tended_creators(caller)))
    return models.Usage.asset_id.in_(select(models.Asset.id).where(own))


# what readers see comes first, then what they may see soon; of each the latest
of_assets = PageRead(
    "usages.of_assets",
    models.Usage,
    match=lambda key: models.Usage.asset_id == key,
    key_type=BigInteger(),
    visible=_of_tended,
    orders=(Order("nearest", (models.Usage.state, models.Usage.kind, models.Usage.row_id, models.Usage.position)),),
)


def is_used() -> ColumnElement[bool]:
    """The condition on `assets` rows that something shows them. One look into an index for each kind of place: asked of
    all places together, the planner would gather them all first.
    """
    asset, page, answer = models.Asset, models.HomepageVersion, models.Answer
    uid = cast(asset.uid, Text)
    places = (
        select(models.RevisionAsset.asset_id).where(models.RevisionAsset.asset_id == asset.id),
        select(models.ProductAsset.asset_id).where(models.ProductAsset.asset_id == asset.id),
        select(models.Creator.id).where(models.Creator.avatar_id == asset.id),
        select(page.id).where(literal_column(PICTURES, JSONB()).op("?")(uid)),
        select(answer.id).where(literal_column(IN_BODY, JSONB()).op("?")(uid)),
    )
    return or_(*(place.correlate(asset).exists() for place in places))


async def used(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, bool]:
    """Of these assets whether something shows them; those that are not the caller's to look into are absent."""
    wanted = models.Asset.id == any_(bindparam("ids", list(ids), type_=ARRAY(BigInteger)))
    statement = select(models.Asset.id, is_used()).where(wanted, access.assets(caller))
    return dict((await session.execute(statement)).all())


async def first_of(session: AsyncSession, asset_id: int, limit: int) -> list[models.Usage]:
    """The first places that show an asset, whoever may see them."""
    usage = models.Usage
    order = of_assets.orders[0]
    statement = select(usage).where(usage.asset_id == asset_id).order_by(*order.sorted(order.columns)).limit(limit)
    return list(await session.scalars(statement))
