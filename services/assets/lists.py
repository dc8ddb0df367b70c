"""Lists of assets: of a creator, in a folder, all that one may use; narrowed and in the orders that pages ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import ManyRead, Order, PageRead, any_of
from services import access, selections
from services.assets.uses import is_used

LEADING = 200
"""Characters of a name that are compared: what a cursor takes; the id breaks ties."""

ORDERS = (
    Order("newest", (models.Asset.id,)),
    Order("oldest", (models.Asset.id,), descending=False),
    Order("name", (func.left(func.lower(models.Asset.file_name), LEADING), models.Asset.id), descending=False),
    Order("largest", (func.coalesce(models.Asset.byte_count, 0), models.Asset.id)),
)


def _assets(name: str, match: Callable[[Any], ColumnElement[bool]]) -> PageRead[models.Asset]:
    return PageRead(name, models.Asset, match=match, key_type=BigInteger(), visible=access.assets, orders=ORDERS)


of_creators = _assets("assets.of_creators", lambda key: models.Asset.creator_id == key)
of_folders = _assets("assets.of_folders", lambda key: models.Asset.folder_id == key)
# one list of all that the caller may use: its key is always 0
usable = _assets("assets.usable", lambda key: key == 0)

tags_of = ManyRead(
    models.Tag,
    models.AssetTag.asset_id,
    # a tag says what somebody plans with a file: that is told to those who may use it
    lambda caller: models.AssetTag.asset_id.in_(select(models.Asset.id).where(access.assets(caller))),
    order=(models.AssetTag.position,),
    target=models.AssetTag.tag_id,
)


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `tags` are written taxonomy:code
    and take in what lies under them; each must match. `words`, in lower case, stand in the file name or the alternative
    text. `in_folder`: whether it lies in any; `of_house`: whether it belongs to no creator.
    """

    kinds: tuple[models.AssetKind, ...] = ()
    creators: tuple[UUID, ...] = ()
    of_house: bool | None = None
    folders: tuple[UUID, ...] = ()
    in_folder: bool | None = None
    tags: tuple[str, ...] = ()
    words: str = ""
    is_used: bool | None = None
    is_retired: bool | None = None
    expires_before: datetime | None = None
    facts_sources: tuple[models.AssetFactsSource, ...] = ()
    min_width: int | None = None
    min_height: int | None = None
    added_from: datetime | None = None
    added_before: datetime | None = None

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        several = (
            sorted(self.kinds), sorted(map(str, self.creators)), sorted(map(str, self.folders)), sorted(self.tags),
            sorted(self.facts_sources),
        )  # fmt: skip
        flags = (self.of_house, self.in_folder, self.is_used, self.is_retired)
        bounds = (self.expires_before, self.min_width, self.min_height, self.added_from, self.added_before)
        return repr((several, flags, bounds, self.words))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:
        """The condition on `assets` rows; UnknownTag where a tag does not exist."""
        parts = [*_facts(self), *_places(self, caller), *_states(self)]
        tagged = models.AssetTag
        under = await selections.each_under(session, caller, self.tags, "tags")
        parts.extend(exists().where(tagged.asset_id == models.Asset.id, tagged.tag_id == any_of(ids)) for ids in under)
        return and_(true(), *parts)


def _facts(wanted: AssetFilter) -> Iterator[ColumnElement[bool]]:
    asset = models.Asset
    if wanted.kinds:
        yield asset.kind.in_(wanted.kinds)
    if wanted.facts_sources:
        yield asset.facts_source.in_(wanted.facts_sources)
    if wanted.min_width is not None:
        yield asset.width >= wanted.min_width
    if wanted.min_height is not None:
        yield asset.height >= wanted.min_height
    if wanted.words:
        # one by one, within what a list holds anyway: nobody may search the files of all by their words
        named = (func.strpos(func.lower(part), wanted.words) > 0 for part in (asset.file_name, asset.alternative_text))
        yield or_(*named)


def _places(wanted: AssetFilter, caller: Caller) -> Iterator[ColumnElement[bool]]:
    asset, folder = models.Asset, models.AssetFolder
    if wanted.creators:
        seen = select(models.Creator.id).where(models.Creator.uid.in_(wanted.creators), access.creators(caller))
        yield asset.creator_id.in_(seen)
    if wanted.of_house is not None:
        yield asset.creator_id.is_(None) if wanted.of_house else asset.creator_id.is_not(None)
    if wanted.folders:
        named = select(folder.id).where(folder.uid.in_(wanted.folders), access.asset_folders(caller))
        yield asset.folder_id.in_(named)
    if wanted.in_folder is not None:
        yield asset.folder_id.is_not(None) if wanted.in_folder else asset.folder_id.is_(None)


def _states(wanted: AssetFilter) -> Iterator[ColumnElement[bool]]:
    asset = models.Asset
    if wanted.is_used is not None:
        yield is_used() if wanted.is_used else ~is_used()
    if wanted.is_retired is not None:
        yield asset.retired_at.is_not(None) if wanted.is_retired else asset.retired_at.is_(None)
    if wanted.expires_before is not None:
        yield asset.expires_at < wanted.expires_before
    if wanted.added_from is not None:
        yield asset.created_at >= wanted.added_from
    if wanted.added_before is not None:
        yield asset.created_at < wanted.added_before
