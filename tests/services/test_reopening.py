"""What was refused for want of knowing a file is judged anew when it is known; nothing else is."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import FixedClock
from core.db import Database
from models import AssetFactsSource, DirtyKind, SubmissionState
from services import outbox, publishing, reopening
from services.distribution import Distributor
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
SIZE = {"kind": "image.min_size", "of": "covers", "width": 750}
OF_PRODUCTS = {"kind": "image.min_size", "of": "products", "width": 750}
ANY = SIZE | {"match": "any"}
TITLE = {"kind": "text.length", "field": "title", "max": 1}
WARNS = SIZE | {"severity": "warn", "width": 5_000}


async def refused(db: Database, clock: FixedClock, *rules: dict[str, object]) -> tuple[models.Submission, models.Asset]:
    """A content with a cover and a product of whose picture an import said something, refused by the entry."""
    await install(db, pack("test.entry", rules=list(rules)))
    async with db.session() as session:
        cover = await make.asset(session, facts_source=AssetFactsSource.DECLARED)
        product = await make.product(session)
        session.add(models.ProductAsset(product_id=product.id, position=0, asset_id=cover.id))
        content = await make.content(session, await make.creator(session), covers=(cover,), products=(product,))
        await publishing.changed(session, content, clock)
    await Distributor(db, clock=clock, base_url=BASE).drain()
    submission = await standing(db)
    assert (submission.state, submission.attempt) == (SubmissionState.REJECTED, 1)
    return submission, cover


async def standing(db: Database) -> models.Submission:
    async with db.session() as session:
        statement = select(models.Submission).execution_options(populate_existing=True)
        return (await session.scalars(statement)).one()


async def measured(session: AsyncSession, asset: models.Asset, *, width: int = 1_200) -> int:
    """What a probe does; how many submissions were opened."""
    row = await session.get_one(models.Asset, asset.id, populate_existing=True)
    blob = models.Blob(sha256=bytes(32), media_type="image/jpeg", byte_count=1)
    session.add(blob)
    await session.flush()
    row.sha256, row.facts_source, row.width = blob.sha256, AssetFactsSource.PROBED, width
    await session.flush()
    opened = await reopening.reopen(session, [asset.id], [])
    contents = await session.scalars(select(models.Content.id))
    await outbox.mark(session, DirtyKind.CONTENT, contents, urgency=outbox.BULK)
    return opened


@pytest.mark.parametrize("rule", [SIZE, OF_PRODUCTS, ANY], ids=["cover", "product", "any"])
async def test_a_content_enters_as_soon_as_its_file_was_measured(
    db: Database, clock: FixedClock, rule: dict[str, object]
):
    _, cover = await refused(db, clock, rule)

    async with db.session() as session:
        assert await measured(session, cover) == 1
    await Distributor(db, clock=clock, base_url=BASE).drain()

    submission = await standing(db)
    assert (submission.state, submission.attempt) == (SubmissionState.DELIVERED, 2)


async def test_what_was_measured_and_is_too_small_stays_refused_for_that(db: Database, clock: FixedClock):
    _, cover = await refused(db, clock, SIZE)

    async with db.session() as session:
        await measured(session, cover, width=749)
    await Distributor(db, clock=clock, base_url=BASE).drain()

    assert (await standing(db)).state is SubmissionState.REJECTED
    async with db.session() as session:
        # as long as it is the same file, nobody asks again; when something else is found, they do
        assert await reopening.reopen(session, [cover.id], []) == 0
        assert await reopening.reopen(session, [cover.id]) == 1


async def test_what_was_refused_for_its_words_is_not_opened(db: Database, clock: FixedClock):
    _, cover = await refused(db, clock, TITLE, WARNS)

    async with db.session() as session:
        assert await measured(session, cover) == 0
        assert await reopening.reopen(session, []) == 0

    assert (await standing(db)).state is SubmissionState.REJECTED


async def test_what_the_channel_itself_refused_is_not_opened(db: Database, clock: FixedClock):
    submission, cover = await refused(db, clock, SIZE)

    async with db.session() as session:
        row = await session.get_one(models.Submission, submission.id)
        row.refusal = models.RefusalKind.CONTENT
        await session.flush()
        assert await measured(session, cover) == 0
