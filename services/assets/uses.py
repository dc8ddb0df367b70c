"""Where assets are used: every place that shows one, in whatever state it stands, and whether there is any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

import models
from core.caller import Caller
from core.reads import Order, PageRead
from models import UsageKind, UsageState
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
    """The condition on `assets` rows that something shows them: one look into an index for each kind of place, whatever
    the planner believes of them. Asked with EXISTS it reads a whole table for each asset when it thinks that most rows
    show the same one, since it expects the first row to be a hit.
    """
    named = models.RevisionAsset.asset_id, models.ProductAsset.asset_id, models.Creator.avatar_id
    within = (models.HomepageVersion, PICTURES), (models.Answer, IN_BODY)
    return or_(*map(_is_named, named), *(_is_within(table, uids) for table, uids in within))


def _is_named(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Whether the asset stands in this column: its next value is the asset's. What is first in an order only an index
    knows without reading all.
    """
    asset = models.Asset
    following = select(column).where(column >= asset.id).order_by(column).limit(1)
    return following.correlate(asset).scalar_subquery().is_not_distinct_from(asset.id)


def _is_within(table: type[models.Base], uids: str) -> ColumnElement[bool]:
    """Whether an array of uids in a table names the asset. All rows are counted that do, so that reading all never pays."""
    asset = models.Asset
    counted = select(func.count()).select_from(table)
    showing = counted.where(literal_column(uids, JSONB()).op("?")(cast(asset.uid, Text)))
    return showing.correlate(asset).scalar_subquery() > 0


async def used(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, bool]:
    """Of these assets whether something shows them; those that are not the caller's to look into are absent."""
    wanted = models.Asset.id == any_(bindparam("ids", list(ids), type_=ARRAY(BigInteger)))
    statement = select(models.Asset.id, is_used()).where(wanted, access.assets(caller))
    return dict((await session.execute(statement)).all())


async def first_of(session: AsyncSession, caller: Caller, asset_id: int, limit: int) -> tuple[list[models.Usage], int]:
    """The first places that show an asset, of those that the caller may see; and how many others there are."""
    usage, is_seen = models.Usage, _is_seen(caller)
    order = of_assets.orders[0]
    seen = select(usage).where(usage.asset_id == asset_id, is_seen).order_by(*order.sorted(order.columns)).limit(limit)
    others = select(func.count()).select_from(usage).where(usage.asset_id == asset_id, ~is_seen)
    return list(await session.scalars(seen)), await session.scalar(others) or 0


def _is_seen(caller: Caller) -> ColumnElement[bool]:
    """Whether the caller may see what shows it: of contents what is published of them, and of its own everything."""
    if caller.is_operator:
        return true()
    usage = models.Usage

    def among(kind: UsageKind, model: type[models.Base], allowed: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(usage.kind == kind, usage.object_id.in_(select(model.__table__.c.id).where(allowed)))

    is_live = usage.state == UsageState.LIVE
    return or_(
        and_(is_live, among(UsageKind.CONTENT, models.Content, access.contents(caller))),
        among(UsageKind.CONTENT, models.Content, access.drafts(caller)),
        usage.kind == UsageKind.PRODUCT,
        among(UsageKind.CREATOR, models.Creator, access.creators(caller)),
        among(UsageKind.HOMEPAGE, models.HomepageVersion, access.homepages(caller)),
        among(UsageKind.ANSWER, models.Answer, access.answers(caller)),
    )
