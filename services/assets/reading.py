"""Assets as they are read: from what shows them, and by those who name them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, cast, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB

import models
from core.caller import Caller
from core.errors import NotFound
from core.reads import ManyRead, OneRead, everything
from models.homepages import PICTURES
from models.usages import IN_BODY
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


def _seen(caller: Caller) -> ColumnElement[bool]:
    """What the caller may use, and what something shows that it may see. One look into an index for each kind of place."""
    asset, content, shown, page, answer = (
        models.Asset, models.Content, models.RevisionAsset, models.HomepageVersion, models.Answer,
    )  # fmt: skip
    uid = cast(asset.uid, Text)
    places = (
        select(shown.asset_id)
        .join(content, content.live_revision_id == shown.revision_id)
        .where(shown.asset_id == asset.id, access.public_contents()),
        select(models.ProductAsset.asset_id).where(models.ProductAsset.asset_id == asset.id),
        select(models.Creator.id).where(models.Creator.avatar_id == asset.id, access.creators(caller)),
        select(page.id).where(
            literal_column(PICTURES, JSONB()).op("?")(uid),
            page.state == models.HomepageState.LIVE,
            access.homepages(caller),
        ),
        select(answer.id).where(literal_column(IN_BODY, JSONB()).op("?")(uid), access.answers(caller)),
    )
    return or_(access.assets(caller), *(place.correlate(asset).exists() for place in places))


# for those who name it; what is reached from what shows it needs no second look
seen_by_uids = OneRead(models.Asset, models.Asset.uid, _seen)


class NoSuchAsset(NotFound):
    code = "NO_SUCH_ASSET"
