"""Tags on assets: those of the vocabularies, in their order, at most twenty."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

import models
from services.assets import labelling
from services.objections import Objections
from tests import make


async def test_tags_keep_their_order_and_merges_are_followed(session: AsyncSession):
    asset = await make.asset(session)
    # what a content needs of it is no business of a file
    topic = await make.taxonomy(session, least_per_content=1, most_per_content=1)
    tea, lake = await make.tag(session, topic, "tea"), await make.tag(session, topic, "lake")
    old = await make.tag(session, topic, "cha", state=models.TagState.MERGED, merged_into_id=tea.id)
    against = Objections()

    wanted = await labelling.named(session, [f"topic:{old.code}", "topic:lake", "topic:tea"], against)
    await labelling.label(session, asset, wanted)
    turned = await labelling.of(session, asset)
    await labelling.label(session, asset, wanted[::-1])

    assert against.errors == []
    assert (wanted, turned) == ([tea.id, lake.id], [tea.id, lake.id])
    assert await labelling.of(session, asset) == [lake.id, tea.id]


async def test_an_asset_has_twenty_tags_at_most(session: AsyncSession):
    topic = await make.taxonomy(session)
    tags = [await make.tag(session, topic, f"tag-{number}") for number in range(21)]
    names = [f"topic:{tag.code}" for tag in tags]
    fitting, too_many = Objections(), Objections()

    found = await labelling.named(session, names[:20], fitting)
    await labelling.named(session, names, too_many)

    assert (len(found), fitting.errors) == (20, [])
    told = [(one.code, one.path) for error in too_many.errors for one in error.problems]
    assert told == [("TOO_MANY_TAGS", ("tags",))]
