"""What a draft names by identity: found for a creator, or told with the place in the draft where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.errors import Invalid, Problem
from services import asset_binding, tagging

Place = tuple[str | int, ...]

ASSETS = frozenset({"covers", "asset", "video", "scene"})
PRODUCTS = frozenset({"products", "product"})
ONLY = {
    models.AssetKind.IMAGE: "Only a picture can stand here: choose another asset.",
    models.AssetKind.VIDEO: "Only a film can stand here: choose another asset.",
    models.AssetKind.SUBTITLES: "Only subtitles can stand here, as WebVTT or SubRip: choose another asset.",
}
# for an id that cannot be read: the rest of the draft can then be looked at as if it were there
UNREADABLE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Named:
    """The uids and tags in a draft, in its order, each with its place: as pydantic tells places of errors in a Draft."""

    assets: tuple[tuple[Place, UUID], ...] = ()
    products: tuple[tuple[Place, UUID], ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Database ids of what is there, by uid; and a problem for each place that names what is not."""

    assets: dict[UUID, int]
    products: dict[UUID, int]
    tags: list[models.Tag]
    problems: list[Problem]

    @property
    def errors(self) -> list[Invalid]:
        if not self.problems:
            return []
        return [Invalid("The draft names what is not there; nothing was saved.", problems=self.problems)]


def named(draft: BaseModel | dict[str, Any]) -> Named:
    """What a draft names; a draft whose shape is wrong may be given as plain values, as it would be validated."""
    tags = draft.get("tags", ()) if isinstance(draft, dict) else getattr(draft, "tags", ())
    places = [(place, uid) for place, uid in _uids(draft, ()) if uid != UNREADABLE]
    return Named(
        assets=tuple(one for one in places if _word(one[0]) in ASSETS),
        products=tuple(one for one in places if _word(one[0]) in PRODUCTS),
        tags=tuple(tags),
    )


async def find(
    session: AsyncSession,
    creator_id: int | None,
    wanted: Named,
    *,
    kept: Select[Any] | None = None,
    is_held: bool = True,
) -> Found:
    """What this creator may use of what is named. Without a creator, whether assets may be used is not looked at. `kept`
    selects the ids of assets that stand there already, and may stay; they are held for who binds them.
    """
    own = (models.Asset.creator_id == creator_id) | models.Asset.creator_id.is_(None)
    assets = await asset_binding.found(session, {uid for _, uid in wanted.assets}, own, kept=kept, is_held=is_held)
    products = await _products(session, wanted.products)
    tags, problems = await tagging.resolve(session, wanted.tags)
    problems.extend(
        Problem("UNKNOWN_ASSET", "There is no such asset, or this creator may not use it: import it first.", place)
        for place, uid in wanted.assets
        if uid not in assets and creator_id is not None
    )
    problems.extend(problem for place, uid in wanted.assets if uid in assets for problem in assets[uid].problems(place))
    problems.extend(
        Problem("WRONG_ASSET_KIND", ONLY[kind_at(place)], place)
        for place, uid in wanted.assets
        if uid in assets and assets[uid].kind is not kind_at(place)
    )
    problems.extend(
        Problem("UNKNOWN_PRODUCT", "There is no such product: check the id.", place)
        for place, uid in wanted.products
        if uid not in products
    )
    return Found({uid: one.id for uid, one in assets.items()}, products, tags, problems)


def kind_at(place: Place) -> models.AssetKind:
    """What kind of asset can stand at this place of a draft."""
    if "subtitles" in place:
        return models.AssetKind.SUBTITLES
    return models.AssetKind.VIDEO if "video" in place else models.AssetKind.IMAGE


def _word(place: Place) -> str | int:
    """What a uid is of: the last name on the way to it."""
    return next(step for step in reversed(place) if isinstance(step, str))


def _uids(value: Any, place: Place) -> Iterator[tuple[Place, UUID]]:
    match value:
        case UUID():
            yield place, value
        case BaseModel():
            yield from _uids({name: getattr(value, name) for name in type(value).model_fields}, place)
        case dict():
            inner = (*place, str(value.get("format") or value.get("type"))) if _is_one_of_several(place) else place
            for name, part in value.items():
                yield from _uids(part, (*inner, name))
        case list() | tuple():
            for number, part in enumerate(value):
                yield from _uids(part, (*place, number))
        case _:
            return


def _is_one_of_several(place: Place) -> bool:
    """Whether one of several shapes stands here: its name is then a step of the way, as in pydantic's errors."""
    return place == ("details",) or (len(place) == 2 and place[0] == "body")


async def _products(session: AsyncSession, wanted: Sequence[tuple[Place, UUID]]) -> dict[UUID, int]:
    if not wanted:
        return {}
    product = models.Product
    found = await session.execute(select(product.uid, product.id).where(product.uid.in_({uid for _, uid in wanted})))
    return dict(found.all())
