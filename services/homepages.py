"""Homepages as they are read: the live version of each creator's page, its blocks, and the contents that they select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ARRAY, BigInteger, Column, Text, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

import models
from core.caller import Caller
from core.errors import Problem
from models.page_blocks import PageBlock, Selection, Theme
from services import access, tags

_one_block: TypeAdapter[PageBlock] = TypeAdapter(PageBlock)
QUESTION = models.Format.QNA
SelectionKey = tuple[int, tuple[str, ...], tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A version of a homepage with whose it is."""

    creator_id: int
    version: models.HomepageVersion


@dataclass(frozen=True, slots=True)
class Broken:
    """A block that cannot be shown: where it stands, and why."""

    place: int
    problem: Problem


def read_blocks(stored: Sequence[Any]) -> tuple[list[tuple[int, PageBlock]], list[Broken]]:
    """The blocks with their places, and those that had to be dropped: one bad block never costs the page."""
    good: list[tuple[int, PageBlock]] = []
    broken: list[Broken] = []
    for place, block in enumerate(stored):
        try:
            good.append((place, _one_block.validate_python(block)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            message = f"Block {place} was left out: {first['msg']}{f' (at {where})' if where else ''}."
            broken.append(Broken(place, Problem("BLOCK_BROKEN", message, ("blocks", place))))
    return good, broken


def read_theme(stored: dict[str, Any]) -> Theme:
    """The theme, or the house's own where the stored one is not valid."""
    try:
        return Theme.model_validate(stored)
    except ValidationError:
        return Theme()


async def live_of(session: AsyncSession, caller: Caller, creator_ids: Sequence[int]) -> dict[int, Shown]:
    """The live version of each creator's homepage, where there is one and the creator may be seen."""
    statement = (
        select(models.Homepage.creator_id, models.HomepageVersion)
        .join(models.HomepageVersion, models.HomepageVersion.homepage_id == models.Homepage.id)
        .join(models.Creator, models.Creator.id == models.Homepage.creator_id)
        .where(
            models.Homepage.creator_id == func.any(bindparam("ids", list(creator_ids), type_=ARRAY(BigInteger))),
            models.HomepageVersion.state == models.HomepageState.LIVE,
            access.creators(caller),
        )
    )
    rows = await session.execute(statement)
    return {creator_id: Shown(creator_id, version) for creator_id, version in rows}


def selection_key(creator_id: int, selection: Selection) -> SelectionKey:
    """What names a selection for `selected`: equal selections are looked up once."""
    return creator_id, tuple(format_.value for format_ in selection.formats), selection.tags, selection.limit


async def selected(
    session: AsyncSession, caller: Caller, keys: Sequence[SelectionKey]
) -> dict[SelectionKey, list[models.Content]]:
    """The newest contents that each selection matches: two statements, however many blocks a page has."""
    names = sorted({tags.split(tag) for key in keys for tag in key[2]})
    under = await tags.under_codes(session, caller, names) if names else {}
    given = _given(keys, under)
    inner = _matching(caller, given)
    found = aliased(models.Content, inner)
    statement = (
        select(given.c.place, found)
        .join_from(given, found, true())
        .order_by(given.c.place, found.published_at.desc(), found.id.desc())
        .options(joinedload(found.live_revision))
    )
    answer: dict[SelectionKey, list[models.Content]] = {key: [] for key in keys}
    for place, content in await session.execute(statement):
        answer[keys[place]].append(content)
    return answer


def _given(keys: Sequence[SelectionKey], under: dict[tuple[str, str], list[int]]) -> Any:
    """The selections as rows that a statement can join: no formats or tags is null, tags that do not exist match nothing."""
    rows = [
        {
            "place": place,
            "creator_id": creator_id,
            "formats": list(formats) or None,
            "tags": [id_ for tag in tag_names for id_ in under.get(tags.split(tag), ())] if tag_names else None,
            "size": size,
        }
        for place, (creator_id, formats, tag_names, size) in enumerate(keys)
    ]
    return (
        func.jsonb_to_recordset(bindparam("selections", rows, type_=JSONB))
        .table_valued(
            Column("place", BigInteger),
            Column("creator_id", BigInteger),
            Column("formats", ARRAY(Text)),
            Column("tags", ARRAY(BigInteger)),
            Column("size", BigInteger),
        )
        .render_derived(name="given", with_types=True)
    )


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


async def lives_of(session: AsyncSession, caller: Caller, creator_ids: Sequence[int]) -> dict[int, models.Content]:
    """For each creator the live that runs now, else the next one to come."""
    room = models.LiveRoom
    running = room.state == models.LiveState.LIVE
    statement = (
        select(models.Content)
        .join(room, room.content_id == models.Content.id)
        .where(
            models.Content.creator_id == func.any(bindparam("ids", list(creator_ids), type_=ARRAY(BigInteger))),
            models.Content.is_live,
            access.contents(caller),
            room.state.in_((models.LiveState.LIVE, models.LiveState.SCHEDULED)),
        )
        .order_by(models.Content.creator_id, running.desc(), room.starts_at, models.Content.id)
        .ext(distinct_on(models.Content.creator_id))
        .options(joinedload(models.Content.live_revision))
    )
    return {row.creator_id: row for row in (await session.execute(statement)).scalars()}
