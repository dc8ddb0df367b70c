"""What a draft names by identity: found for a creator, or told with the place in the draft where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.errors import Invalid, Problem
from services import tagging

Place = tuple[str | int, ...]

ASSETS = frozenset({"covers", "asset", "video", "scene"})
PRODUCTS = frozenset({"products", "product"})
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


async def find(session: AsyncSession, creator_id: int | None, wanted: Named) -> Found:
    """What this creator may use of what is named. Without a creator, whether assets may be used is not looked at."""
    own = (models.Asset.creator_id == creator_id) | models.Asset.creator_id.is_(None)
    assets = await _ids(session, models.Asset, wanted.assets, own)
    products = await _ids(session, models.Product, wanted.products, models.Product.id > 0)
    tags, problems = await tagging.resolve(session, wanted.tags)
    problems.extend(
        Problem("UNKNOWN_ASSET", "There is no such asset, or this creator may not use it: import it first.", place)
        for place, uid in wanted.assets
        if uid not in assets and creator_id is not None
    )
    problems.extend(
        Problem("UNKNOWN_PRODUCT", "There is no such product: check the id.", place)
        for place, uid in wanted.products
        if uid not in products
    )
    return Found(assets, products, tags, problems)


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


async def _ids(
    session: AsyncSession,
    model: type[models.Asset | models.Product],
    wanted: Sequence[tuple[Place, UUID]],
    condition: Any,
) -> dict[UUID, int]:
    if not wanted:
        return {}
    uids = {uid for _, uid in wanted}
    found = await session.execute(select(model.uid, model.id).where(model.uid.in_(uids), condition))
    return dict(found.all())
