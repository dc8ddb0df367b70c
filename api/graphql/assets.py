"""Assets: pictures, films, sound and subtitles with what is known and said of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry

import models
from api.graphql import paging, refs
from api.graphql.asset_facts import AssetFacts, facts_of
from api.graphql.asset_filters import AssetFilter, AssetOrder
from api.graphql.asset_uses import AssetUse
from api.graphql.context import Context, Info
from api.graphql.fields import column, many, one, page
from api.graphql.ids import Id, identity, uid_of
from api.graphql.nodes import Node, findable
from api.graphql.permissions import needs
from api.graphql.renditions import Rendered
from api.graphql.rows import shape, shows
from api.graphql.words import BigInt
from core.caller import Caller
from core.reads import COUNTED
from services import access, creators
from services.assets import folders, lists, reading, uses
from services.assets.labels import MOST_TAGS

FOR_USERS = "Null for those who may not use the asset."


def address(asset: models.Asset, context: Context) -> str:
    """Where the file can be fetched: from here when we hold its bytes, else where it lives."""
    if asset.sha256 is None and asset.url:
        return asset.url
    here = f"{context.settings.base_url}/assets/{asset.uid}"
    return here if context.preview is None else f"{here}?preview={context.preview}"


def _ratio(asset: models.Asset) -> float | None:
    return round(asset.width / asset.height, 4) if asset.width and asset.height else None


def for_users(name: str, *, description: str, convert: Callable[[Any], Any] | None = None) -> Any:
    """A value of the row for those who may use the asset: its own side, and of the house's whoever tends a creator."""

    def resolve(self: Any, info: Info) -> Any:
        if not access.may_look_into_asset(info.context.caller, self.row.creator_id):
            return None
        value = getattr(self.row, name)
        return convert(value) if convert else value

    # without a return annotation the class's own annotation gives the field its type
    resolve.__annotations__.pop("return", None)
    return strawberry.field(resolver=resolve, description=f"{description} {FOR_USERS}")


def _hexadecimal(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _tends(asset: Any, caller: Caller) -> bool:
    """Of a file of the house only operators see who uses it: others' drafts are among them."""
    creator_id: int | None = asset.row.creator_id
    return caller.is_operator or (creator_id is not None and access.may_look_into(caller, creator_id))


@strawberry.type(description="The point of a picture that a crop keeps: shares of its width and height, from 0 to 1.")
class FocalPoint:
    x: float = strawberry.field(description="From the left.")
    y: float = strawberry.field(description="From the top.")


@shows(models.Asset)
@strawberry.type(
    description="A picture, film, sound recording or subtitles file. Everybody sees those that something visible shows;"
    " what is told only to those who may use it (its creator's side, operators, and of the house's whoever writes) says so."
)
class Asset(Rendered, Node):
    row: strawberry.Private[models.Asset]

    id: strawberry.ID = identity("Asset")
    kind: models.AssetKind = column("kind", description="Picture, film, sound or subtitles.")
    media_type: str | None = column("media_type", description="The media type, such as image/jpeg; null if unknown.")
    byte_count: BigInt | None = column("byte_count", description="Size of the file in bytes.")
    width: int | None = column("width", description="Width in pixels, of the upright picture.")
    height: int | None = column("height", description="Height in pixels, of the upright picture.")
    duration_ms: int | None = column("duration_ms", description="Duration in milliseconds, of films and sound.")
    facts_source: models.AssetFactsSource = column(
        "facts_source", description="Where size, type, duration and the other facts come from."
    )
    alternative_text: str = column(
        "alternative_text", description="What the picture shows, for those who do not see it. May be empty."
    )
    credit: str = column("credit", description="Whom to name as its maker. May be empty.")
    licence: str = column("licence", description="Under which licence it may be used. May be empty.")
    creator: refs.CreatorRef | None = one(
        creators.by_ids, key="creator_id", description="Whose it is; null for a file of the house."
    )
    file_name: str | None = for_users("file_name", description="What the file was called. May be empty.")
    source: str | None = for_users("origin", description="Where it comes from: an address, or words. May be empty.")
    sha256: str | None = for_users(
        "sha256", convert=_hexadecimal, description="The SHA-256 of the bytes in hexadecimal; null for a link."
    )
    created_at: datetime | None = for_users("created_at", description="When it was added.")
    expires_at: datetime | None = for_users("expires_at", description="Until when it may be shown; null for ever.")
    retired_at: datetime | None = for_users(
        "retired_at", description="Since when it cannot be used anew; null while it can."
    )
    folder: refs.AssetFolderRef | None = one(
        folders.by_ids,
        key="folder_id",
        description="The folder it lies in; null at the top, and for those who do not tend its creator.",
    )
    tags: list[refs.TagRef] = many(
        lists.tags_of,
        key="id",
        most=MOST_TAGS,
        description="Its tags, in the order they were given; empty for those who may not use the asset.",
    )
    uses: paging.Connection[AssetUse] | None = page(
        uses.of_assets,
        key="id",
        only_if=_tends,
        description="Everything that shows it, in every state: what readers see first, then what waits, drafts, what was"
        " taken back, and earlier versions. Null for those who do not tend its creator.",
    )

    @strawberry.field(description="All that is known of the file; null where nothing is.")
    def facts(self) -> AssetFacts | None:
        return facts_of(self.row)

    @strawberry.field(description="Where the file can be fetched.")
    def url(self, info: Info) -> str:
        return address(self.row, info.context)

    @strawberry.field(description="Width divided by height; null if the size is unknown.")
    def ratio(self) -> float | None:
        return _ratio(self.row)

    @strawberry.field(description="The point that a crop keeps; null where nobody chose one.")
    def focal_point(self) -> FocalPoint | None:
        x, y = self.row.focal_x, self.row.focal_y
        return None if x is None or y is None else FocalPoint(x=x / 1000, y=y / 1000)

    @strawberry.field(description="Whether its time is over: then its address answers nobody but its own side.")
    def is_expired(self, info: Info) -> bool:
        return self.row.expires_at is not None and self.row.expires_at <= info.context.clock.now()

    @strawberry.field(
        description=f"Whether anything shows it, or an earlier version did: such a one cannot be deleted. {FOR_USERS}"
    )
    async def is_used(self, info: Info) -> bool | None:
        found: bool | None = await info.context.load(uses.used, self.row.id)
        return found

    @strawberry.field(description="How many uses there are, counted up to 10,000. Null where `uses` is.")
    async def uses_count(self, info: Info) -> int | None:
        if not _tends(self, info.context.caller):
            return None
        return min(int(await info.context.load(uses.of_assets.count, self.row.id, filters=None) or 0), COUNTED)


findable("Asset", reading.seen_by_uids)


@strawberry.type
class AssetQuery:
    @strawberry.field(
        description="The asset with this id, if you may use it or something visible shows it; null if there is none."
    )
    async def asset(self, info: Info, id: Id) -> Asset | None:
        found = await info.context.load(reading.seen_by_uids, uid_of(id, "Asset", "id"))
        return shape(found)  # type: ignore[no-any-return]  # an Asset by registration

    assets: paging.Connection[Asset] = page(
        lists.usable,
        key=None,
        filters=AssetFilter,
        orders=AssetOrder,
        gate=needs(*access.WRITING),
        description="The assets that you may use: those of the creators you act for, and of the house; for operators all.",
    )
