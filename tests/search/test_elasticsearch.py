from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from search.backend import IndexAway, IndexNeedsRebuild, Request
from search.backends.elasticsearch import ElasticsearchBackend
from search.documents import Document
from search.matching import text_query
from search.query import Kind, Order
from tests.search.contract import Contract, found, put
from tests.search.entries import content


@pytest.fixture
async def backend(elasticsearch_url: str) -> AsyncIterator[ElasticsearchBackend]:
    made = ElasticsearchBackend(elasticsearch_url, alias=f"test-{uuid4().hex[:12]}")
    await made.start_generation()
    await made.swap()
    yield made
    await made.remove()
    await made.close()


class TestElasticsearch(Contract):
    pass


async def test_without_an_index_a_rebuild_is_asked_for(elasticsearch_url):
    fresh = ElasticsearchBackend(elasticsearch_url, alias=f"test-{uuid4().hex[:12]}")

    with pytest.raises(IndexNeedsRebuild):
        await fresh.search(Request(text_query("咖啡")))
    with pytest.raises(IndexNeedsRebuild):
        await fresh.write([content(1)])
    with pytest.raises(IndexNeedsRebuild):
        await fresh.open_for_writing()

    await fresh.close()


async def test_an_index_of_another_format_asks_for_a_rebuild(backend, elasticsearch_url, monkeypatch):
    alias = backend._alias
    monkeypatch.setattr("search.backends.elasticsearch.INDEX_FORMAT", 0)
    later = ElasticsearchBackend(elasticsearch_url, alias=alias)

    with pytest.raises(IndexNeedsRebuild, match="format 1"):
        await later.count()

    await later.close()


async def test_leftovers_of_an_interrupted_rebuild_are_removed_and_neighbours_kept(backend, elasticsearch_url):
    neighbour = ElasticsearchBackend(elasticsearch_url, alias=f"{backend._alias}-neighbour")
    await neighbour.start_generation()
    await neighbour.swap()
    await put(neighbour, content(7))
    await backend.start_generation()
    begun = backend._begun
    later = ElasticsearchBackend(elasticsearch_url, alias=backend._alias)

    await later.open_for_writing()

    assert not await later._client.indices.exists(index=begun)
    assert await found(neighbour) == [7]
    await neighbour.remove()
    await neighbour.close()
    await later.close()


async def test_a_document_that_the_engine_refuses_is_not_counted_as_written(backend):
    with pytest.raises(IndexAway, match="refused 1 of 2 documents"):
        await backend.write([content(1), Document(Kind.CONTENT, 2, 1, {"no_such_field": "x"})])


async def test_an_index_that_somebody_removed_is_missed_and_not_made_by_accident(backend):
    await put(backend, content(1))
    await backend._client.indices.delete(index=await backend._current())

    with pytest.raises(IndexNeedsRebuild):
        await backend.search(Request(None, order=Order.NEWEST))
    with pytest.raises(IndexNeedsRebuild):
        await backend.write([content(2)])

    assert not await backend._client.indices.exists(index=backend._alias)


async def test_a_server_that_is_not_there_is_said_to_be_away():
    gone = ElasticsearchBackend("http://127.0.0.1:1")

    with pytest.raises(IndexAway):
        await gone.search(Request(None, order=Order.NEWEST))
    with pytest.raises(IndexAway):
        await gone.write([content(1)])

    await gone.close()


async def test_a_server_that_hangs_is_given_up_in_time():
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hanging = ElasticsearchBackend(f"http://127.0.0.1:{port}", timeout_s=0.1)

    with pytest.raises(IndexAway):
        await asyncio.wait_for(hanging.search(Request(text_query("咖啡"))), 1.5)

    await hanging.close()
    server.close()
    await server.wait_closed()
