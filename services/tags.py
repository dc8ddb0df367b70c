"""Taxonomies and tags as they are read: by id and code, up and down the trees, with what they are also called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import BigInteger, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.caller import Caller
from core.reads import ManyRead, OneRead, Order, PageRead, everything

# a proposal is nobody's word yet; what was merged stays readable, because old references lead to it
_shown = (models.TagState.ACTIVE, models.TagState.DEPRECATED)

by_ids = OneRead(models.Tag, models.Tag.id, everything)
by_uids = OneRead(models.Tag, models.Tag.uid, everything)
children_of = PageRead(
    "tags.children_of",
    models.Tag,
    match=lambda key: models.Tag.parent_id == key,
    key_type=BigInteger(),
    visible=everything,
    listed=lambda: models.Tag.state.in_(_shown),
    orders=(Order("code", (models.Tag.code, models.Tag.id), descending=False),),
)
of_taxonomies = PageRead(
    "tags.of_taxonomies",
    models.Tag,
    match=lambda key: models.Tag.taxonomy_id == key,
    key_type=BigInteger(),
    visible=everything,
    listed=lambda: models.Tag.state.in_(_shown),
    orders=(Order("code", (models.Tag.code, models.Tag.id), descending=False),),
)
aliases_of = ManyRead(
    models.TagAlias, models.TagAlias.tag_id, everything, order=(models.TagAlias.alias, models.TagAlias.id)
)

taxonomies_by_ids = OneRead(models.Taxonomy, models.Taxonomy.id, everything)
taxonomies_by_uids = OneRead(models.Taxonomy, models.Taxonomy.uid, everything)


async def taxonomies(session: AsyncSession) -> list[models.Taxonomy]:
    """All vocabularies, by code; there are few."""
    return list((await session.execute(select(models.Taxonomy).order_by(models.Taxonomy.code))).scalars())


async def by_codes(
    session: AsyncSession, _caller: Caller, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], models.Tag]:
    """Tags by (taxonomy code, code). One that was merged answers with the tag it was merged into."""
    target = aliased(models.Tag)
    statement = (
        select(models.Taxonomy.code, models.Tag.code, target)
        .join(models.Tag, models.Tag.taxonomy_id == models.Taxonomy.id)
        .join(target, target.id == models.Tag.id)
        .where(tuple_(models.Taxonomy.code, models.Tag.code).in_(names))
    )
    found = (await session.execute(statement)).all()
    merged = [tag.merged_into_id for _, _, tag in found if tag.merged_into_id is not None]
    into = await by_ids(session, _caller, merged)
    return {(taxonomy, code): into.get(tag.merged_into_id, tag) for taxonomy, code, tag in found}


async def current_by_ids(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, models.Tag]:
    """Tags by id, merges followed: what an old reference means today."""
    found = await by_ids(session, caller, ids)
    into = await by_ids(session, caller, [tag.merged_into_id for tag in found.values() if tag.merged_into_id])
    return {key: into.get(tag.merged_into_id or 0, tag) for key, tag in found.items()}


async def under_codes(
    session: AsyncSession, _caller: Caller, names: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[int]]:
    """By (taxonomy code, code): the ids of the tag, of all below it, and of those merged into any of them. For a tag that
    was merged: those of the tag it was merged into.
    """
    below, merged = aliased(models.Tag), aliased(models.Tag)
    current = func.coalesce(models.Tag.merged_into_id, models.Tag.id)
    statement = (
        select(models.Taxonomy.code, models.Tag.code, below.id, merged.id)
        .join(models.Tag, models.Tag.taxonomy_id == models.Taxonomy.id)
        .join(below, and_(below.path.op("@>")(func.array_append([], current)), below.merged_into_id.is_(None)))
        .outerjoin(merged, merged.merged_into_id == below.id)
        .where(tuple_(models.Taxonomy.code, models.Tag.code).in_(names))
    )
    found: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    for taxonomy, code, tag_id, merged_id in await session.execute(statement):
        found[taxonomy, code].update(dict.fromkeys(id_ for id_ in (tag_id, merged_id) if id_ is not None))
    return {name: list(ids) for name, ids in found.items()}


def split(name: str) -> tuple[str, str]:
    """The two parts of a tag's full name, taxonomy:code."""
    taxonomy, _, code = name.partition(":")
    return taxonomy, code
