"""The words of this installation that packs may take: its tags, fields, roles and pools."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from services.channels.vocabulary import Vocabulary


async def known_here(session: AsyncSession) -> Vocabulary:
    """The words of this database. Tags that are proposed, deprecated or merged are none."""
    tags: dict[str, set[str]] = {code: set() for code in await session.scalars(select(models.Taxonomy.code))}
    rows = await session.execute(
        select(models.Taxonomy.code, models.Tag.code)
        .join(models.Tag, models.Tag.taxonomy_id == models.Taxonomy.id)
        .where(models.Tag.state == models.TagState.ACTIVE)
    )
    for taxonomy, code in rows:
        tags[taxonomy].add(code)
    fields, roles, pools = [
        set((await session.scalars(select(column))).all())
        for column in (models.Field.code, models.Role.code, models.Pool.code)
    ]
    return Vocabulary(tags, fields, roles, pools)
