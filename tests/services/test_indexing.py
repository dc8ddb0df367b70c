"""The index follows the database: what is published is found, what is taken back is not, and words that change change."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import models
from core.caller import ANONYMOUS, SYSTEM
from core.clock import FixedClock
from core.db import Database
from search.backend import IndexAway, IndexHasAWriter
from search.backends.embedded import EmbeddedBackend
from search.query import SearchQuery
from services import guide, publishing
from services.indexing import Indexer
from tests import make


@pytest.fixture
async def indexer(committed: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Indexer]:
    backend = EmbeddedBackend(tmp_path / "index")
    one = Indexer(committed, backend, clock=clock)
    yield one
    await one.close()
    await backend.close()


async def find(indexer: Indexer, text: str) -> list[str]:
    """The titles that a stranger finds."""
    async with indexer.db.session() as session:
        results = await guide.search(
            session,
            ANONYMOUS,
            SearchQuery(text=text),
            index=indexer.backend,
            at=indexer.clock.now(),
            text_limit=300,
            page_limit=100,
        )
    return [
        found.row.title if isinstance(found.row, models.Product) else found.row.live_revision.title
        for found in results.found
    ]


async def drain(indexer: Indexer) -> None:
    while await indexer.step():
        pass


async def test_a_published_content_is_found_and_a_draft_is_not(
    committed: Database, clock: FixedClock, indexer: Indexer
):
    async with committed.session() as session:
        ada = await make.creator(session)
        live = await make.content(session, ada, title="Green tea by the lake", text="Longjing, spring water.")
        await make.content(session, ada, title="Green tea, a draft", live=False)
        await publishing.changed(session, live, clock)

    await drain(indexer)

    assert await find(indexer, "green tea") == ["Green tea by the lake"]
    assert await find(indexer, "longjing") == ["Green tea by the lake"]


async def test_chinese_is_found_by_one_character_and_by_words(committed: Database, clock: FixedClock, indexer: Indexer):
    async with committed.session() as session:
        content = await make.content(session, await make.creator(session), title="杭州西湖边喝龙井", language="zh")
        await publishing.changed(session, content, clock)

    await drain(indexer)

    for asked in ("茶井", "井", "西湖", "龙井"):
        assert await find(indexer, asked) == ["杭州西湖边喝龙井"], asked


async def test_a_withdrawn_content_is_hidden_before_the_index_knows(
    committed: Database, clock: FixedClock, indexer: Indexer
):
    async with committed.session() as session:
        content = await make.content(session, await make.creator(session), title="Green tea")
        await publishing.changed(session, content, clock)
    await drain(indexer)

    async with committed.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=clock)
    at_once = await find(indexer, "tea")
    await drain(indexer)

    assert at_once == []
    assert await indexer.backend.count() == 0


async def test_a_suspended_creators_contents_leave_the_index(committed: Database, clock: FixedClock, indexer: Indexer):
    async with committed.session() as session:
        ada = await make.creator(session)
        await publishing.changed(session, await make.content(session, ada, title="Green tea"), clock)
    await drain(indexer)
    assert await indexer.backend.count() == 1

    async with committed.session() as session:
        await publishing.suspend(session, SYSTEM, ada.uid, reason="spam", clock=clock)
    await drain(indexer)

    assert await indexer.backend.count() == 0


async def test_a_product_off_the_shelf_is_not_found(committed: Database, clock: FixedClock, indexer: Indexer):
    async with committed.session() as session:
        await make.product(session, title="Kettle, blue")
        await make.product(session, title="Kettle, red", is_on_shelf=False)

    await drain(indexer)  # the first index is made from everything there is

    assert await find(indexer, "kettle") == ["Kettle, blue"]


async def test_only_one_indexer_writes(committed: Database, clock: FixedClock, indexer: Indexer, tmp_path: Path):
    async with committed.session() as session:
        content = await make.content(session, await make.creator(session), title="Green tea")
        await publishing.changed(session, content, clock)
    second_backend = EmbeddedBackend(tmp_path / "index")
    second = Indexer(committed, second_backend, clock=clock)

    await drain(indexer)
    async with committed.session() as session:
        await publishing.changed(session, await session.get_one(models.Content, content.id), clock)

    assert await second.step() is False
    assert await indexer.step() is True
    await second.close()
    await second_backend.close()


async def test_an_index_that_somebody_removed_is_made_anew(
    committed: Database, clock: FixedClock, indexer: Indexer, tmp_path: Path
):
    async with committed.session() as session:
        ada = await make.creator(session)
        first = await make.content(session, ada, title="Green tea")
        second = await make.content(session, ada, title="Black tea")
        await publishing.changed(session, first, clock)
    await drain(indexer)

    shutil.rmtree(tmp_path / "index")
    async with committed.session() as session:
        await publishing.changed(session, await session.get_one(models.Content, second.id), clock)
    with pytest.raises(IndexAway):
        await indexer.step()
    await drain(indexer)

    assert sorted(await find(indexer, "tea")) == ["Black tea", "Green tea"]


async def test_an_indexer_that_cannot_open_the_index_leaves_the_place_to_another(
    committed: Database, clock: FixedClock, indexer: Indexer, tmp_path: Path
):
    blocking = EmbeddedBackend(tmp_path / "index")
    first = Indexer(committed, blocking, clock=clock)
    assert await first.step() is False
    await first.close()  # its lock is free, but the index is still open for writing

    with pytest.raises(IndexHasAWriter):
        await indexer.step()
    await blocking.close()

    assert await indexer.step() is False
    assert indexer.has_place
