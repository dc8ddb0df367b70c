"""Search as a connection: hits with their places, both ways, and every wrong cursor told by its code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from search.query import Order, SearchQuery
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.core.forging import forged

QUERY = """query ($text: String!, $order: SearchOrder!, $first: Int, $after: String, $last: Int, $before: String) {
  search(text: $text, order: $order, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } nodes { id }
  }
}"""


@pytest.fixture
async def searching(api: Asking, session: AsyncSession, tmp_path: Path) -> AsyncIterator[Asking]:
    """Eight contents that can be found, and six that the index does not know to be hidden."""
    world = await worlds.build(session)
    index = await worlds.stale_index(tmp_path / "index", world)
    yield replace(api, index=index)
    await index.close()


async def test_hits_are_walked_both_ways_past_what_is_hidden(searching: Asking) -> None:
    async def page(**arguments: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await searching.data(QUERY, text="camping", **arguments))["search"]
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        return found

    for order in ("NEWEST", "RELEVANCE"):
        forward: list[str] = []
        after = None
        while True:
            found = await page(order=order, first=4, after=after)
            assert found["pageInfo"]["hasPreviousPage"] == (after is not None)
            forward += [node["id"] for node in found["nodes"]]
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        backward: list[str] = []
        before = None
        while True:
            found = await page(order=order, last=4, before=before)
            assert found["pageInfo"]["hasNextPage"] == (before is not None)
            backward = [node["id"] for node in found["nodes"]] + backward
            before = found["pageInfo"]["startCursor"]
            if not found["pageInfo"]["hasPreviousPage"]:
                break

        assert forward == backward
        assert len(forward) == len(set(forward)) == 8
        assert found["totalCount"] == 14


@pytest.mark.parametrize(
    "payload", [b"[]", b"[1,2]", b'["NEWEST"]', b'["LATEST",1]', b'["NEWEST","1"]', b'["NEWEST",true]']
)
async def test_a_genuine_cursor_over_no_place_is_unknown(searching: Asking, payload: bytes) -> None:
    cursor = forged(SearchQuery("camping", order=Order.NEWEST).scope, payload)

    assert await searching.codes(QUERY, text="camping", order="NEWEST", first=1, after=cursor) == ["UNKNOWN_CURSOR"]


async def test_a_cursor_belongs_to_its_words_and_its_order(searching: Asking) -> None:
    found = (await searching.data(QUERY, text="camping", order="NEWEST", first=1))["search"]
    cursor = found["pageInfo"]["endCursor"]
    far = forged(SearchQuery("camping", order=Order.NEWEST).scope, b'["NEWEST",-1]')

    assert await searching.codes(QUERY, text="camp", order="NEWEST", first=1, after=cursor) == ["FOREIGN_CURSOR"]
    assert await searching.codes(QUERY, text="camping", order="RELEVANCE", first=1, after=cursor) == ["FOREIGN_CURSOR"]
    assert await searching.codes(QUERY, text="camping", order="NEWEST", last=1, before=far) == ["SEARCH_REFUSED"]
    assert await searching.codes(QUERY, text="camping", order="NEWEST") == ["PAGE_SIZE_REQUIRED"]
