from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from services import erasure
from services.interchange.writing import import_records
from tests.services.interchange import everything, lines


async def test_erased_people_are_exported_without_words_and_stay_erased(
    committed: Database, other: Database, clock: FixedClock, tmp_path: Path
):
    await lines.feed(committed, *everything.records())
    before = await lines.exported(committed)
    async with committed.session() as session:
        creators = list(await session.scalars(select(models.Creator.uid)))
        accounts = list(await session.scalars(select(models.Account.uid)))
        begun = [await erasure.erase_creator(session, SYSTEM, uid, clock=clock) for uid in creators]
        for uid in accounts:
            begun += await erasure.erase_account(session, SYSTEM, uid, clock=clock)
    await erasure.finish(committed, tmp_path, clock, [one.id for one in begun])

    first = await lines.exported(committed)
    report = await import_records(other, lines.of(*first), input_name="export")

    assert lines.outcomes(report) == {"new": len(first) - 1, "changed": 0, "unchanged": 0, "rejected": 0}
    assert await lines.exported(other) == first
    # what was exported before cannot bring them back
    report = await import_records(committed, lines.of(*before), input_name="before")
    async with committed.session() as session:
        names = set(await session.scalars(select(models.Creator.name).where(models.Creator.uid.in_(creators))))
        titles = set(
            await session.scalars(
                select(models.Revision.title)
                .join(models.Content, models.Content.id == models.Revision.content_id)
                .where(models.Content.state == models.ContentState.ERASED)
            )
        )
    assert (names, titles) == ({""}, {""})
