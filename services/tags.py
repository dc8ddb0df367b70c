"""Taxonomies and tags as they are read: by id and code, up and down the trees, with what they are also called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, func, literal, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.caller import Caller
from core.reads import OneRead, Order, PageRead, everything
from services import access

# a proposal is nobody's word yet; what was merged stays readable, because old references lead to it
_shown = (models.TagState.ACTIVE, models.TagState.DEPRECATED)

by_ids = OneRead(models.Tag, models.Tag.id, everything)
by_uids = OneRead(models.Tag, models.Tag.uid, everything)


def _tags(name: str, match: Callable[[Any], ColumnElement[bool]]) -> PageRead[models.Tag]:
    return PageRead(
        name,
        models.Tag,
        match=match,
        key_type=BigInteger(),
        visible=everything,
        listed=lambda: models.Tag.state.in_(_shown),
        orders=(Order("code", (models.Tag.code, models.Tag.id), descending=False),),
    )


children_of = _tags("tags.children_of", lambda key: models.Tag.parent_id == key)
of_taxonomies = _tags("tags.of_taxonomies", lambda key: models.Tag.taxonomy_id == key)
# one list of all tags: its key is always 0
listed = _tags("tags.listed", lambda key: key == 0)
# what authors proposed and nobody accepted yet, the oldest first: its key is always 0
proposed = PageRead(
    "tags.proposed",
    models.Tag,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.only_operators,
    listed=lambda: models.Tag.state == models.TagState.PROPOSED,
    orders=(Order("oldest", (models.Tag.id,), descending=False),),
)
aliases_of = PageRead(
    "tags.aliases_of",
    models.TagAlias,
    match=lambda key: models.TagAlias.tag_id == key,
    key_type=BigInteger(),
    visible=everything,
    # aliases are long at times: a cursor carries what matching compares, cut
    orders=(Order("alias", (func.left(models.TagAlias.folded, 200), models.TagAlias.id), descending=False),),
)

taxonomies_by_ids = OneRead(models.Taxonomy, models.Taxonomy.id, everything)
taxonomies_by_uids = OneRead(models.Taxonomy, models.Taxonomy.uid, everything)
taxonomies_by_codes = OneRead(models.Taxonomy, models.Taxonomy.code, everything)
# one list of all vocabularies: its key is always 0
taxonomies = PageRead(
    "taxonomies.listed",
    models.Taxonomy,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=everything,
    orders=(Order("code", (models.Taxonomy.code,), descending=False),),
)


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `taxonomies` are codes; `start`, in
    lower case, is how the code, a label or an alias begins.
    """

    taxonomies: tuple[str, ...] = ()
    states: tuple[models.TagState, ...] = ()
    only_roots: bool = False
    start: str = ""

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        return repr((sorted(self.taxonomies), sorted(self.states), self.only_roots, self.start))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `tags` rows. A taxonomy that does not exist has no tags."""
        parts: list[ColumnElement[bool]] = []
        if self.taxonomies:
            named = select(models.Taxonomy.id).where(models.Taxonomy.code.in_(self.taxonomies))
            parts.append(models.Tag.taxonomy_id.in_(named))
        if self.states:
            parts.append(models.Tag.state.in_(self.states))
        if self.only_roots:
            parts.append(models.Tag.parent_id.is_(None))
        if self.start:
            parts.append(_begins(self.start))
        return and_(true(), *parts)


def _begins(start: str) -> ColumnElement[bool]:
    """Whether a tag's code, or one of its names, begins like this."""
    alias, label = models.TagAlias, func.jsonb_each_text(models.Tag.labels).table_valued("key", "value", name="label")
    in_aliases = select(alias.tag_id).where(func.starts_with(func.lower(alias.alias), start))
    in_labels = select(literal(1)).select_from(label).where(func.starts_with(func.lower(label.c.value), start))
    return or_(
        func.starts_with(models.Tag.code, start),
        models.Tag.id.in_(in_aliases),
        in_labels.correlate(models.Tag).exists(),
    )


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
