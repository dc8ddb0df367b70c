"""Codes that only the way of a document through the executor produces."""

from __future__ import annotations

import pytest

from api.graphql import preparing
from tests.api.graphql.asking import Asking

SEARCH = '{ search(text: "tea", first: 5) { totalCount } }'
CREATOR = 'query ($handle: String = "ada") { creator(handle: $handle) { name } }'


async def test_an_argument_that_only_its_variable_makes_null_is_named(api: Asking) -> None:
    assert await api.codes(CREATOR, handle=None) == ["BAD_ARGUMENT"]
    assert await api.codes(CREATOR) == []


async def test_a_subscription_is_followed_and_not_answered_once(api: Asking) -> None:
    answer = await api.send('subscription { feedItems(key: "weitao.article") { __typename } }')

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SUBSCRIPTION_NOT_STREAMED"]
    assert "data" not in answer


async def test_search_without_an_index_is_away_and_not_empty(api: Asking) -> None:
    answer = await api.send(SEARCH)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SEARCH_AWAY"]
    assert answer["data"] is None


async def test_long_documents_beyond_what_may_wait_are_turned_away(
    api: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "{ " + " ".join(f"a{number}: __typename" for number in range(3)) + " #" + "long" * 300 + "\n}"
    monkeypatch.setattr(preparing, "MOST_WAITING", 0)

    assert await api.codes(long) == ["TOO_BUSY"]
    assert await api.codes("{ short: __typename }") == []
