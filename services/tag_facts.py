"""What the channel engine sees of tags, merges followed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from services.channels.facts import TagFacts


@dataclass(frozen=True, slots=True)
class KnownTag:
    taxonomy: str
    facts: TagFacts

    def label(self, language: str) -> str:
        """Its label in the language, in the one that this is a variety of, or in any."""
        labels = self.facts.labels
        known = labels.get(language) or labels.get(language.partition("-")[0])
        return known or next(iter(labels.values()), self.facts.code)


async def by_ids(session: AsyncSession, ids: set[int]) -> dict[int, KnownTag]:
    """Tags by id; one that was merged speaks as the tag it was merged into, which answers to its code as well: a pack
    that names what was merged since goes on as before.
    """
    if not ids:
        return {}
    asked = models.Tag.__table__.alias("asked")
    rows = (
        await session.execute(
            select(asked.c.id, models.Tag, models.Taxonomy.code)
            .join(models.Tag, models.Tag.id == func.coalesce(asked.c.merged_into_id, asked.c.id))
            .join(models.Taxonomy, models.Taxonomy.id == models.Tag.taxonomy_id)
            .where(asked.c.id == any_of(ids))
        )
    ).all()
    codes = await _codes(session, {ancestor for _, tag, _ in rows for ancestor in tag.path})
    return {
        asked_id: KnownTag(
            taxonomy,
            TagFacts(
                code=tag.code,
                ancestors=tuple(code for id_ in tag.path for code in codes[id_] if code != tag.code),
                labels=tag.labels,
                uid=str(tag.uid),
            ),
        )
        for asked_id, tag, taxonomy in rows
    }


async def _codes(session: AsyncSession, ids: set[int]) -> dict[int, list[str]]:
    """The code of each tag, and after it those of the tags merged into it."""
    tag = models.Tag
    rows = await session.execute(
        select(func.coalesce(tag.merged_into_id, tag.id), tag.code)
        .where((tag.id == any_of(ids)) | (tag.merged_into_id == any_of(ids)))
        .order_by(tag.merged_into_id.is_not(None), tag.id)
    )
    codes: dict[int, list[str]] = defaultdict(list)
    for id_, code in rows:
        codes[id_].append(code)
    return codes
