"""Tags on assets follow the merges of tags, like those on contents."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from services import merging
from tests import make


async def worn(session: AsyncSession, asset: models.Asset) -> list[int]:
    tags = models.AssetTag
    return list(await session.scalars(select(tags.tag_id).where(tags.asset_id == asset.id).order_by(tags.position)))


async def picture(session: AsyncSession, *tags: models.Tag) -> models.Asset:
    asset = await make.asset(session)
    session.add_all(models.AssetTag(asset_id=asset.id, tag_id=tag.id, position=n) for n, tag in enumerate(tags))
    await session.flush()
    return asset


async def test_a_merge_moves_the_tags_of_assets_and_leaves_none_twice(session: AsyncSession, clock: FixedClock):
    topic = await make.taxonomy(session)
    cha, tea, rice = [await make.tag(session, topic, code) for code in ("cha", "tea", "rice")]
    one, both, neither = (
        await picture(session, rice, cha),
        await picture(session, cha, rice, tea),
        await picture(session, rice),
    )

    merged = await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock)

    assert (merged.moved_count, merged.is_complete) == (2, True)
    assert [await worn(session, asset) for asset in (one, both, neither)] == [
        [rice.id, tea.id],
        [tea.id, rice.id],
        [rice.id],
    ]


async def test_a_much_used_tag_moves_in_batches(session: AsyncSession, clock: FixedClock):
    topic = await make.taxonomy(session)
    cha, tea = [await make.tag(session, topic, code) for code in ("cha", "tea")]
    pictures = [await picture(session, cha) for _ in range(3)]

    merged = await merging.merge(session, SYSTEM, cha.uid, tea.uid, clock=clock, moved_at_once=2)
    steps = [await merging.move_uses(session, 2, clock=clock) for _ in range(3)]

    assert (merged.moved_count, merged.is_complete, steps) == (0, False, [2, 1, 0])
    assert [await worn(session, asset) for asset in pictures] == [[tea.id]] * 3
