"""Connections: both ways, while rows come and go; and every wrong way of asking told by its code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests import make
from tests.api.graphql.asking import Asking

FORWARD = """query ($first: Int, $after: String, $last: Int, $before: String) {
  contents(first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { title } }
  }
}"""


async def many(session: AsyncSession, count: int) -> None:
    """Contents named by number; each three share an instant, so that ids must break the tie."""
    ada = await make.creator(session)
    for number in range(count):
        at = datetime(2026, 11, 1 + number // 3, tzinfo=UTC)
        await make.content(session, ada, title=str(number), published_at=at)


async def ask(api: Asking, **arguments: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await api.data(FORWARD, **arguments))["contents"]
    return page


def titles(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["title"] for edge in page["edges"]]


async def test_a_list_is_walked_forward_and_backward_in_the_same_order(api: Asking, session: AsyncSession) -> None:
    await many(session, 10)
    expected = [str(number) for number in reversed(range(10))]

    forward, after = [], None
    while True:
        page = await ask(api, first=4, after=after)
        forward += titles(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backward: list[str] = []
    before = None
    while True:
        page = await ask(api, last=4, before=before)
        backward = titles(page) + backward
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break

    assert forward == backward == expected


async def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(api: Asking, session: AsyncSession) -> None:
    await many(session, 6)
    first = await ask(api, first=3)

    bob = await make.creator(session, name="Bob")
    await make.content(session, bob, title="new", published_at=datetime(2026, 11, 20, tzinfo=UTC))
    second = await ask(api, first=3, after=first["pageInfo"]["endCursor"])

    assert titles(first) + titles(second) == ["5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "PAGE_SIZE_REQUIRED"),
        ({"first": 1, "last": 1}, "PAGE_SIZE_REQUIRED"),
        ({"first": 0}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": -1}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": 101}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"last": 101}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": 1, "before": "x"}, "PAGE_BOTH_WAYS"),
        ({"last": 1, "after": "x"}, "PAGE_BOTH_WAYS"),
        ({"first": 1, "after": "x"}, "UNKNOWN_CURSOR"),
        ({"first": 1, "after": "é"}, "UNKNOWN_CURSOR"),
        ({"first": 1, "after": "A" * 5_000}, "UNKNOWN_CURSOR"),
    ],
)
async def test_a_wrong_way_of_asking_is_told_by_its_code(api: Asking, arguments: dict[str, Any], code: str) -> None:
    assert await api.codes(FORWARD, **arguments) == [code]


async def test_the_largest_page_is_answered(api: Asking, session: AsyncSession) -> None:
    await many(session, 3)

    assert titles(await ask(api, first=100)) == ["2", "1", "0"]


async def test_a_cursor_of_another_list_or_filter_is_foreign(api: Asking, session: AsyncSession) -> None:
    await many(session, 3)
    cursor = (await ask(api, first=1))["pageInfo"]["endCursor"]
    filtered = """query ($after: String) {
      contents(first: 1, after: $after, filter: {formats: [ARTICLE]}) { nodes { id } }
    }"""

    assert await api.codes("query ($c: String) { channels(first: 1, after: $c) { nodes { id } } }", c=cursor) == [
        "FOREIGN_CURSOR"
    ]
    assert await api.codes(filtered, after=cursor) == ["FOREIGN_CURSOR"]
    assert await api.codes(FORWARD, first=1, after=cursor[:-2] + "AA") == ["UNKNOWN_CURSOR"]


async def test_the_count_is_taken_only_when_it_is_asked_for(api: Asking, session: AsyncSession) -> None:
    await many(session, 3)

    with api.statements() as without:
        await ask(api, first=1)
    with api.statements() as with_count:
        data = await api.data("{ contents(first: 1) { totalCount nodes { title } } }")

    assert data["contents"]["totalCount"] == 3
    assert (len(without), len(with_count)) == (1, 2)
