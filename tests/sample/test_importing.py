from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from services import assets
from services.interchange.exporting import line_of
from services.interchange.records import Record
from services.interchange.refusals import Line
from services.interchange.writing import import_records


async def test_the_sample_comes_whole_into_an_empty_database_and_once(
    committed: Database, whole: list[Record], stand_ins: dict[str, Path], store: Store, clock: FixedClock
):
    async with committed.session() as session:
        for path in set(stand_ins.values()):
            await assets.keep(session, store, path.read_bytes(), "image/png")
    lines = [Line(number, line_of(record)) for number, record in enumerate(whole, 1)]

    first = await import_records(committed, lines, input_name="the sample", digest="one", clock=clock)
    again = await import_records(committed, lines, input_name="the sample", digest="two", clock=clock)

    assert [reject.shown for reject in (*first.rejects, *again.rejects)] == []
    assert (again.total("new"), again.total("changed")) == (0, 0)
    async with committed.session() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (models.Tag, models.Role, models.Product, models.Shop, models.Taxonomy)
        ]
        arrays = await session.scalar(select(func.sum(func.cardinality(models.Content.tag_ids))))
        taggings = await session.scalar(select(func.count()).select_from(models.Tagging))
    assert counts == [606, 123, 80, 10, 7]
    assert arrays == taggings
