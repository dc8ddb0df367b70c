"""Tags on assets: words of the vocabularies by which their creator finds them again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.errors import Invalid, Problem
from services import tagging
from services.assets.labels import MOST_TAGS
from services.objections import Objections

OF_CONTENTS = frozenset({"TOO_FEW_TAGS", "TOO_MANY_TAGS"})
"""How many tags of a vocabulary a content needs or may have is no business of a file."""


async def named(session: AsyncSession, names: Sequence[str], against: Objections) -> list[int]:
    """The ids of tags that are named taxonomy:code, merges followed, each once, in their order."""
    if len(names) > MOST_TAGS:
        message = f"An asset has at most {MOST_TAGS} tags; {len(names)} were given."
        against.note(Invalid(message, problems=[Problem("TOO_MANY_TAGS", message, ("tags",))]))
        return []
    tags, problems = await tagging.resolve(session, names)
    wrong = [one for one in problems if one.code not in OF_CONTENTS]
    if wrong:
        against.note(Invalid("Some of the tags cannot be used here.", problems=wrong))
    return [tag.id for tag in tags]


async def of(session: AsyncSession, asset: models.Asset) -> list[int]:
    """The ids of its tags, in their order."""
    tagged = models.AssetTag
    statement = select(tagged.tag_id).where(tagged.asset_id == asset.id).order_by(tagged.position)
    return list(await session.scalars(statement))


async def label(session: AsyncSession, asset: models.Asset, tag_ids: Sequence[int]) -> None:
    """Make these its tags, in this order."""
    await session.execute(delete(models.AssetTag).where(models.AssetTag.asset_id == asset.id))
    session.add_all(
        models.AssetTag(asset_id=asset.id, tag_id=tag_id, position=place) for place, tag_id in enumerate(tag_ids)
    )
    await session.flush()
