"""What the blocks of homepages show: the contents, products and lives that they select, for many blocks at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Text, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer, joinedload

import models
from core.caller import Caller
from core.reads import any_of
from models.page_blocks import Recommended, Selection
from services import access, contents, tags

QUESTION = models.Format.QNA
RANKING = models.Format.RANKED_LIST
SelectionKey = tuple[int, tuple[str, ...], tuple[str, ...], int]
RecommendationKey = tuple[int, tuple[str, ...], bool, int]


def selection_key(creator_id: int, selection: Selection) -> SelectionKey:
    """What names a selection for `selected`: equal selections are looked up once."""
    return creator_id, tuple(format_.value for format_ in selection.formats), selection.tags, selection.limit


async def selected(
    session: AsyncSession, caller: Caller, keys: Sequence[SelectionKey]
) -> dict[SelectionKey, list[models.Content]]:
    """The newest contents that each selection matches: two statements, however many blocks a page has."""
    under = await _under(session, caller, [tag for key in keys for tag in key[2]])
    given = _given(
        {
            "creator_id": creator_id,
            "formats": list(formats) or None,
            "tags": _ids(tag_names, under),
            "size": size,
        }
        for creator_id, formats, tag_names, size in keys
    )
    inner = _matching(caller, given)
    found = aliased(models.Content, inner)
    statement = (
        select(given.c.place, found)
        .join_from(given, found, true())
        .order_by(given.c.place, found.published_at.desc(), found.id.desc())
        .options(_revision(found.live_revision))
    )
    answer: dict[SelectionKey, list[models.Content]] = {key: [] for key in keys}
    for place, content in await session.execute(statement):
        answer[keys[place]].append(content)
    return answer


async def _under(session: AsyncSession, caller: Caller, named: Sequence[str]) -> dict[str, list[int]]:
    """The ids of each of these tags and of all that lies under it."""
    if not named:
        return {}
    found = await tags.under_codes(session, caller, sorted({tags.split(tag) for tag in named}))
    return {tag: found.get(tags.split(tag), []) for tag in named}


def _ids(named: Sequence[str], under: dict[str, list[int]]) -> list[int] | None:
    """No tags is null: everything matches. Tags that do not exist match nothing."""
    return [id_ for tag in named for id_ in under[tag]] if named else None


def _given(rows: Iterable[dict[str, Any]]) -> Any:
    """What each block asks for as rows that a statement can join."""
    placed = [{"place": place, **row} for place, row in enumerate(rows)]
    return (
        func.jsonb_to_recordset(bindparam("selections", placed, type_=JSONB))
        .table_valued(
            Column("place", BigInteger),
            Column("creator_id", BigInteger),
            Column("formats", ARRAY(Text)),
            Column("tags", ARRAY(BigInteger)),
            Column("on_shelf_only", Boolean),
            Column("size", BigInteger),
        )
        .render_derived(name="given", with_types=True)
    )


def _revision(relation: Any) -> Any:
    """The revision of each content, without the long texts: whoever shows those reads them."""
    return joinedload(relation).options(*[defer(column, raiseload=True) for column in contents.TEXTS])


def _matching(caller: Caller, given: Any) -> Any:
    return (
        select(models.Content)
        .where(
            models.Content.creator_id == given.c.creator_id,
            models.Content.is_live,
            access.contents(caller),
            or_(given.c.formats.is_(None), models.Content.format == func.any(given.c.formats)),
            or_(given.c.tags.is_(None), models.Content.tag_ids.op("&&")(given.c.tags)),
        )
        .order_by(models.Content.published_at.desc(), models.Content.id.desc())
        .limit(given.c.size)
        .lateral("found")
    )


def recommendation_key(creator_id: int, wanted: Recommended) -> RecommendationKey:
    """What names a choice of recommended products for `recommended`."""
    return creator_id, wanted.categories, wanted.on_shelf_only, wanted.limit


async def recommended(
    session: AsyncSession, caller: Caller, keys: Sequence[RecommendationKey]
) -> dict[RecommendationKey, list[models.Product]]:
    """The products that each creator's published contents lead to, the latest recommended first: two statements."""
    under = await _under(session, caller, [tag for key in keys for tag in key[1]])
    given = _given(
        {"creator_id": creator_id, "tags": _ids(categories, under), "on_shelf_only": on_shelf_only, "size": size}
        for creator_id, categories, on_shelf_only, size in keys
    )
    ranked = _recommended(caller, given)
    statement = (
        select(given.c.place, models.Product)
        .join_from(given, ranked, true())
        .join(models.Product, models.Product.id == ranked.c.id)
        .order_by(given.c.place, ranked.c.latest.desc(), ranked.c.id.desc())
    )
    answer: dict[RecommendationKey, list[models.Product]] = {key: [] for key in keys}
    for place, product in await session.execute(statement):
        answer[keys[place]].append(product)
    return answer


def _recommended(caller: Caller, given: Any) -> Any:
    content, product, link = models.Content, models.Product, models.RevisionProduct
    latest = func.max(content.published_at).label("latest")
    return (
        select(product.id, latest)
        .join(link, link.product_id == product.id)
        .join(content, content.live_revision_id == link.revision_id)
        .where(
            content.creator_id == given.c.creator_id,
            content.is_live,
            access.contents(caller),
            or_(given.c.on_shelf_only.is_(False), product.is_on_shelf),
            or_(given.c.tags.is_(None), product.category_id == func.any(given.c.tags)),
        )
        .group_by(product.id)
        .order_by(latest.desc(), product.id.desc())
        .limit(given.c.size)
        .lateral("found")
    )


async def lives_of(session: AsyncSession, caller: Caller, creator_ids: Sequence[int]) -> dict[int, models.Content]:
    """For each creator the live that runs now, else the next one to come."""
    room = models.LiveRoom
    running = room.state == models.LiveState.LIVE
    statement = (
        select(models.Content)
        .join(room, room.content_id == models.Content.id)
        .where(
            models.Content.creator_id == any_of(creator_ids),
            models.Content.is_live,
            access.contents(caller),
            room.state.in_((models.LiveState.LIVE, models.LiveState.SCHEDULED)),
        )
        .order_by(models.Content.creator_id, running.desc(), room.starts_at, models.Content.id)
        .ext(distinct_on(models.Content.creator_id))
        .options(_revision(models.Content.live_revision))
    )
    return {row.creator_id: row for row in (await session.execute(statement)).scalars()}
