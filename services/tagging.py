"""Tags on contents: naming them, keeping their number right, writing them down, finding what lies under one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, cast, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.errors import Problem


def under(tag_id: Any) -> ColumnElement[Any]:
    """The ids of a tag, of all tags below it, and of those merged into any of them, as an array.

    For a tag that was merged: those of the tag it was merged into.
    """
    asked, merged = aliased(models.Tag), aliased(models.Tag)
    # an id that is a column belongs to the statement around; by itself SQLAlchemy would take in its whole table here
    around = getattr(tag_id, "table", None)
    found = select(func.coalesce(asked.merged_into_id, asked.id)).where(asked.id == tag_id)
    current = found.correlate(around).scalar_subquery() if around is not None else found.scalar_subquery()
    below = select(models.Tag.id).where(
        models.Tag.path.op("@>")(func.array_append([], current)), models.Tag.merged_into_id.is_(None)
    )
    aliases = select(merged.id).where(merged.merged_into_id.in_(below))
    return func.array(below.union_all(aliases).scalar_subquery())


async def current(session: AsyncSession, tag_ids: Sequence[int]) -> list[int]:
    """The same tags in the same order, each merged one as the tag it was merged into; none twice."""
    if not tag_ids:
        return []
    rows = await session.execute(
        select(models.Tag.id, models.Tag.merged_into_id).where(
            models.Tag.id.in_(tag_ids), models.Tag.merged_into_id.is_not(None)
        )
    )
    into = dict(rows.all())
    return list(dict.fromkeys(into.get(tag_id) or tag_id for tag_id in tag_ids))


async def resolve(session: AsyncSession, named: Sequence[str]) -> tuple[list[models.Tag], list[Problem]]:
    """The tags named taxonomy:code, merges followed, and a problem for each place that names what cannot stand there."""
    found = await _by_names(session, [name for name in named if is_name(name)])
    problems = [
        problem
        for place, name in enumerate(named)
        if (problem := _objection(name, found.get(name), ("tags", place))) is not None
    ]
    tags = list({tag.id: tag for name in named if (tag := found.get(name))}.values())
    problems.extend(await _cardinality(session, tags))
    return tags, problems


def is_name(text: str) -> bool:
    """Whether a text can name a tag at all: taxonomy:code."""
    taxonomy, separator, code = text.rpartition(":")
    return bool(taxonomy.strip() and separator and code.strip())


async def _by_names(session: AsyncSession, names: Sequence[str]) -> dict[str, models.Tag]:
    wanted = [(name.rpartition(":")[0], name.rpartition(":")[2]) for name in dict.fromkeys(names)]
    if not wanted:
        return {}
    target = aliased(models.Tag)
    rows = await session.execute(
        select(models.Taxonomy.code, models.Tag.code, target)
        .join(models.Tag, models.Tag.taxonomy_id == models.Taxonomy.id)
        .join(target, target.id == func.coalesce(models.Tag.merged_into_id, models.Tag.id))
        .where(tuple_(models.Taxonomy.code, models.Tag.code).in_(wanted))
    )
    return {f"{taxonomy}:{code}": tag for taxonomy, code, tag in rows}


def _objection(name: str, tag: models.Tag | None, place: tuple[str | int, ...]) -> Problem | None:
    if not is_name(name):
        return Problem("MALFORMED_TAG_CODE", "Write a tag as taxonomy:code, such as scene:camping.", place)
    if tag is None:
        return Problem("UNKNOWN_TAG", f"There is no tag {name[:80]}: see the query taxonomies.", place)
    if tag.state is not models.TagState.ACTIVE:
        message = f"The tag {name[:80]} is {tag.state.value.lower()}: choose an active one."
        return Problem("TAG_NOT_ACTIVE", message, place)
    return None


async def _cardinality(session: AsyncSession, tags: Sequence[models.Tag]) -> list[Problem]:
    counts = Counter(tag.taxonomy_id for tag in tags)
    if not counts:
        return await _too_few(session, counts)
    limited = await session.execute(
        select(models.Taxonomy).where(models.Taxonomy.id.in_(counts), models.Taxonomy.most_per_content.is_not(None))
    )
    problems = [
        Problem(
            "TOO_MANY_TAGS",
            f"Give at most {taxonomy.most_per_content} of {taxonomy.code}; these are {counts[taxonomy.id]}.",
            ("tags",),
        )
        for taxonomy in limited.scalars()
        if counts[taxonomy.id] > (taxonomy.most_per_content or 0)
    ]
    return problems + await _too_few(session, counts)


async def _too_few(session: AsyncSession, counts: Counter[int]) -> list[Problem]:
    demanding = await session.execute(select(models.Taxonomy).where(models.Taxonomy.least_per_content > 0))
    return [
        Problem(
            "TOO_FEW_TAGS",
            f"Give at least {taxonomy.least_per_content} of {taxonomy.code}; these are {counts[taxonomy.id]}.",
            ("tags",),
        )
        for taxonomy in demanding.scalars()
        if counts[taxonomy.id] < taxonomy.least_per_content
    ]


async def replace(
    session: AsyncSession, content: models.Content, tag_ids: Sequence[int], source: models.TaggingSource
) -> None:
    """Make these the confirmed tags of a content, in this order; proposals that are not among them stay proposals.

    Merges are followed: between a draft and its publication a tag may have become another.
    """
    tag_ids = await current(session, tag_ids)
    await session.execute(
        delete(models.Tagging).where(
            models.Tagging.content_id == content.id,
            models.Tagging.is_confirmed | models.Tagging.tag_id.in_(tag_ids),
        )
    )
    session.add_all(
        models.Tagging(content_id=content.id, tag_id=tag_id, position=place, source=source)
        for place, tag_id in enumerate(tag_ids)
    )
    content.tag_ids = tag_ids
    await session.flush()


async def disagreements(session: AsyncSession) -> int:
    """How many contents carry other tags in their array than in their confirmed taggings: 0 in a sound database."""
    tagging = models.Tagging
    confirmed = (
        select(tagging.content_id, func.array_agg(aggregate_order_by(tagging.tag_id, tagging.position)).label("ids"))
        .where(tagging.is_confirmed)
        .group_by(tagging.content_id)
        .subquery()
    )
    written = func.coalesce(confirmed.c.ids, cast([], ARRAY(BigInteger)))
    found = await session.scalar(
        select(func.count())
        .select_from(models.Content)
        .outerjoin(confirmed, confirmed.c.content_id == models.Content.id)
        .where(models.Content.tag_ids.is_distinct_from(written))
    )
    return found or 0
