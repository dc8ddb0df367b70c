"""The words of this installation that packs may take: its tags, fields, roles and pools."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from models import TagState
from services.channels.vocabulary import Vocabulary


async def known_here(session: AsyncSession) -> Vocabulary:
    """The words of this database. Tags that are proposed, deprecated or merged are none, and it is known why."""
    tags: dict[str, set[str]] = {code: set() for code in await session.scalars(select(models.Taxonomy.code))}
    former: dict[str, dict[str, str]] = {code: {} for code in tags}
    # where merges led one after the other, the last one is meant
    target = aliased(models.Tag)
    rows = await session.execute(
        select(models.Taxonomy.code, models.Tag.code, models.Tag.state, target.code)
        .join(models.Tag, models.Tag.taxonomy_id == models.Taxonomy.id)
        .outerjoin(target, target.id == models.Tag.merged_into_id)
    )
    for taxonomy, code, state, now in rows:
        if state is TagState.ACTIVE:
            tags[taxonomy].add(code)
        else:
            former[taxonomy][code] = _BECAME[state].format(now=now)
    fields, roles, pools = [
        set((await session.scalars(select(column))).all())
        for column in (models.Field.code, models.Role.code, models.Pool.code)
    ]
    return Vocabulary(tags, fields, roles, pools, former)


_BECAME = {
    TagState.MERGED: "was merged into {now}: write {now}",
    TagState.DEPRECATED: "is deprecated: contents no longer get it",
    TagState.PROPOSED: "is only proposed: accept it first",
}
