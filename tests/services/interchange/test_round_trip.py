from __future__ import annotations

from sqlalchemy import select

import models
from core.clock import FixedClock
from core.db import Database
from services.distribution import Distributor
from services.interchange.records import ORDER
from services.interchange.writing import import_records
from tests.services.interchange import everything, lines


async def test_what_is_exported_imported_into_an_empty_database_and_exported_again_is_equal_byte_for_byte(
    committed: Database, other: Database
):
    await lines.feed(committed, *everything.records())
    first = await lines.exported(committed)

    report = await import_records(other, lines.of(*first), input_name="export")

    assert lines.outcomes(report) == {"new": len(first) - 1, "changed": 0, "unchanged": 0, "rejected": 0}
    assert await lines.exported(other) == first
    assert set(lines.types(first)) == {of.model_fields["type"].default for of in ORDER}


async def test_what_is_imported_is_distributed_to_the_channels_that_came_with_it(
    committed: Database, clock: FixedClock
):
    await lines.feed(committed, *everything.records())

    tally = await Distributor(committed, base_url="https://headwater.example", clock=clock).drain()

    async with committed.session() as session:
        feed = models.Feed
        heads = select(feed.key).join(models.FeedHead, models.FeedHead.feed_id == feed.id).where(feed.channel_id > 0)
        told = select(feed.key).join(models.FeedItem, models.FeedItem.feed_id == feed.id).distinct()
        assert set(await session.scalars(heads)) == {"house.entry"}
        assert "house.entry" in set(await session.scalars(told))
    assert tally.failed == 0
