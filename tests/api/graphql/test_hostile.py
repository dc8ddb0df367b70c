"""Requests that mean harm: each is answered with a code, and others are served meanwhile. In milliseconds: bench/graphql_hostile.py."""

from __future__ import annotations

import asyncio
import gc

import pytest

from api.graphql.execution import FEW, Executor
from api.graphql.limits import Limits
from api.graphql.preparing import MOST_WAITING, QUICK, Documents, TooBusy
from api.graphql.schema import schema
from bench import bombs
from tests.api.graphql.asking import Asking

CORE = schema._schema
TOLD = {
    "fragments that double, 40": "TOO_MANY_DEFINITIONS",
    "fragments that double, 28": "TOO_MANY_FIELDS",
    "fragments, all to all": "TOO_MANY_FIELDS",
    "depth": "TOO_DEEP",
    "inline fragments in each other": "TOO_DEEP",
    "lists in lists": "COST_TOO_HIGH",
    "aliases": "TOO_MANY_ALIASES",
    "fields": "TOO_MANY_FIELDS",
    "the same field": None,
    "the same objects": "TOO_MANY_REPEATS",
    "fields that cannot be merged": "VALIDATION_FAILED",
    "directives": "TOO_MANY_DIRECTIVES",
    "operations": "TOO_MANY_DEFINITIONS",
    "types around and around": "VALIDATION_FAILED",
    "the whole schema": None,
    "a literal of 90 kB": None,
    "a literal of 1 MiB": "DOCUMENT_TOO_LONG",
    "commas, 1 MiB": "DOCUMENT_TOO_LONG",
    "tokens, 1 MiB": "DOCUMENT_TOO_LONG",
    "10,000 values in variables": "TOO_MANY_IDS",
    "more values than allowed": "TOO_MANY_VALUES",
    "a variable of 1 MiB": "SEARCH_REFUSED",
    "JSON, 500,000 deep": "NOT_JSON",
    "JSON, a number of 1 MiB": "NOT_JSON",
    "JSON, 60,000 keys": "TOO_MANY_VALUES",
}


def test_every_kind_of_harm_is_here() -> None:
    assert list(bombs.kinds()) == list(TOLD)


@pytest.mark.parametrize("kind", TOLD)
async def test_harm_is_answered_with_a_code(api: Asking, kind: str) -> None:
    body = bombs.body(kind, 1)
    assert len(body) <= bombs.MIB

    async with api.set(profile="development", graphql_cost=10_000).client() as client:
        response = await client.post("/graphql", content=body, headers={"content-type": "application/json"})

    errors = response.json().get("errors")
    assert (errors[0]["extensions"]["code"] if errors else None) == TOLD[kind]
    assert response.status_code < 500


def within(count: int) -> str:
    """A long document that is read to its end, and no other is like it."""
    return f"#{count}\n{{ {'__typename ' * 150}}}"


async def test_others_are_served_while_a_long_document_is_read() -> None:
    documents = Documents(CORE, Limits(), kept=0)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while not read.done():
            turns += 1
            await asyncio.sleep(0)

    read = asyncio.ensure_future(documents.prepared(within(1)))
    await turn()

    assert len(within(1)) > QUICK
    assert (await read).errors == ()
    # read on the spot it would have been done before the first turn had come back
    assert turns > 1


async def test_no_more_than_so_many_long_documents_wait() -> None:
    documents = Documents(CORE, Limits(), kept=0)
    # refused in a moment, so that the test is
    fresh = [f"{{ a{place} }} #{'x' * QUICK}" for place in range(MOST_WAITING + 2)]

    found = await asyncio.gather(*map(documents.prepared, fresh), return_exceptions=True)

    assert [type(one) for one in found[MOST_WAITING:]] == [TooBusy, TooBusy]
    assert not any(isinstance(one, BaseException) for one in found[:MOST_WAITING])
    assert (await documents.prepared(fresh[-1])).code == "VALIDATION_FAILED"


async def test_who_finds_no_room_is_told_when_to_come_again(api: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.graphql.preparing.MOST_WAITING", 0)

    async with api.client() as client:
        response = await client.post("/graphql", json={"query": within(2)})

    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "TOO_BUSY"
    assert response.headers["retry-after"]


def test_what_was_seen_is_remembered_within_bounds() -> None:
    executor = Executor(schema, Limits(), kept=3, largest=2_000)

    for number in range(5):
        executor.prepare(f"{{ a{number}: __typename }}")
    executor.prepare("{ __typename }" + " " * 2_000)

    assert [executor.documents.known(f"{{ a{number}: __typename }}") is not None for number in range(5)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert executor.documents.known("{ __typename }" + " " * 2_000) is None


def test_what_is_remembered_has_so_many_characters_together_and_can_be_executed() -> None:
    documents = Executor(schema, Limits(), characters=100).documents
    first, second, third = (f"{{ a{number}: __typename }}" + " " * 20 for number in range(3))

    for text in (first, second, "{ nobody }", third):
        documents.prepare(text)

    assert len(first) * 3 > 100
    assert [documents.known(text) is not None for text in (first, second, "{ nobody }", third)] == [
        False, True, False, True,
    ]  # fmt: skip


async def test_many_values_are_read_aside_and_few_at_once(api: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    monkeypatch.setattr("api.graphql.preparing.MOST_WAITING", 0)

    few = await api.codes(document, ids=["x"] * (FEW - 1))
    many = await api.codes(document, ids=["x"] * FEW)

    # the list itself is a value
    assert (few, many) == (["TOO_MANY_IDS"], ["TOO_BUSY"])


@pytest.mark.parametrize("kind", ["operations", "aliases", "directives", "the same objects"])
def test_a_refused_document_leaves_no_garbage_behind(kind: str) -> None:
    executor = Executor(schema, Limits())
    gc.collect()
    gc.disable()
    try:
        executor.prepare(f"#{kind}\n{bombs.DOCUMENTS[kind]}")
        # what it was parsed into would be some ten thousand objects that wait for the collector
        assert gc.collect() < 500
    finally:
        gc.enable()
