"""Documents asked for by their hash: trusted ones, Apollo's handshake, and a mode in which nothing else is run."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.known import LONGEST
from api.graphql.negotiation import GRAPHQL, JSON
from core.caller import SYSTEM
from core.clock import FixedClock
from services import documents
from services.documents import Bounds, NewDocument
from tests import make
from tests.api.graphql.asking import Asking

TEXT = 'query Ada($handle: String = "ada") { creator(handle: $handle) { name } }'
OTHER = "query Other { __typename }"
DATA = {"creator": None}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_id(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"documentId": f"sha256:{sha256(text)}"} | more


def by_hash(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}} | more


@pytest.fixture
async def application(session: AsyncSession) -> models.Application:
    """An application that registered TEXT."""
    made = await documents.create_application(session, SYSTEM, "shop", "Shop")
    await documents.register(session, SYSTEM, made.uid, [NewDocument(TEXT)], bounds=Bounds(10, 100_000))
    return made


@pytest.fixture
async def client(api: Asking) -> AsyncIterator[httpx2.AsyncClient]:
    async with api.client() as opened:
        yield opened


async def told(client: httpx2.AsyncClient, sent: dict[str, Any], accept: str = GRAPHQL) -> tuple[int, Any]:
    """Status, and the code of the error or the data."""
    response = await client.post("/graphql", json=sent, headers={"accept": accept})
    answer = response.json()
    return response.status_code, answer["errors"][0]["extensions"]["code"] if "errors" in answer else answer["data"]


async def remembered(session: AsyncSession) -> set[str]:
    return set(await session.scalars(select(models.PersistedQuery.text)))


@pytest.mark.usefixtures("application")
async def test_a_registered_document_is_asked_for_by_its_id(client: httpx2.AsyncClient) -> None:
    got = await client.get("/graphql", params={"documentId": f"sha256:{sha256(TEXT)}", "variables": '{"handle":"ada"}'})

    assert await told(client, by_id()) == (200, DATA)
    assert await told(client, by_id(operationName="Ada", variables={"handle": "bo"})) == (200, DATA)
    assert await told(client, by_id(operationName="Bo")) == (400, "UNKNOWN_OPERATION")
    assert (got.status_code, got.json()["data"]) == (200, DATA)
    assert got.headers["etag"]
    assert got.headers["cache-control"] == "public, no-cache"


async def test_an_id_that_nobody_registered_is_told_alike_wherever_it_comes_from(
    client: httpx2.AsyncClient, session: AsyncSession, clock: FixedClock
) -> None:
    await documents.remember(session, OTHER, most=9, clock=clock)

    for text in (TEXT, OTHER):
        assert await told(client, by_id(text)) == (404, "UNKNOWN_DOCUMENT")
        assert await told(client, by_id(text), JSON) == (200, "UNKNOWN_DOCUMENT")
    by_get = await client.get("/graphql", params={"documentId": f"sha256:{sha256(TEXT)}"}, headers={"accept": GRAPHQL})
    assert (by_get.status_code, by_get.headers["cache-control"]) == (404, "no-store")


async def test_a_registered_mutation_is_not_done_by_get(
    client: httpx2.AsyncClient, application: models.Application, session: AsyncSession
) -> None:
    text = "mutation { __typename }"
    await documents.register(session, SYSTEM, application.uid, [NewDocument(text)], bounds=Bounds(10, 100_000))

    by_get = await client.get("/graphql", params={"documentId": f"sha256:{sha256(text)}"})

    assert by_get.status_code == 405
    assert await told(client, by_id(text)) == (200, {"__typename": "Mutation"})


@pytest.mark.usefixtures("application")
async def test_a_hot_document_costs_no_statement_and_a_removed_one_is_gone_within_seconds(
    api: Asking, application: models.Application, session: AsyncSession, clock: FixedClock
) -> None:
    plain = "query Plain { __typename }"
    await documents.register(session, SYSTEM, application.uid, [NewDocument(plain)], bounds=Bounds(10, 100_000))
    async with api.client() as client:
        with api.statements() as first:
            assert (await told(client, by_id(plain)))[0] == 200
        await documents.remove(session, SYSTEM, application.uid, [documents.digest(plain)])
        clock.at += timedelta(seconds=9)
        with api.statements() as hot:
            assert (await told(client, by_id(plain)))[0] == 200
        clock.at += timedelta(seconds=1)
        assert await told(client, by_id(plain)) == (404, "UNKNOWN_DOCUMENT")

    assert len(first) == 1
    assert hot == []


async def test_apollos_handshake_sends_a_text_once(client: httpx2.AsyncClient, session: AsyncSession) -> None:
    asked = await client.post("/graphql", json=by_hash(), headers={"accept": f"{GRAPHQL}, {JSON}"})
    sent = await told(client, by_hash(query=TEXT))
    known = await told(client, by_hash())
    by_get = await client.get(
        "/graphql", params={"extensions": f'{{"persistedQuery":{{"version":1,"sha256Hash":"{sha256(TEXT)}"}}}}'}
    )

    # the very words, and a 200 in JSON, are what clients wait for
    assert asked.status_code == 200
    assert asked.headers["content-type"].startswith(JSON)
    assert asked.headers["cache-control"] == "no-store"
    (error,) = asked.json()["errors"]
    assert error["message"] == "PersistedQueryNotFound"
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert sent == known == (200, DATA)
    assert by_get.json()["data"] == DATA
    assert await remembered(session) == {TEXT}


async def test_who_takes_no_json_is_told_by_the_status(client: httpx2.AsyncClient) -> None:
    assert await told(client, by_hash()) == (404, "PERSISTED_QUERY_NOT_FOUND")


async def test_nobody_is_given_another_document_than_was_hashed(
    client: httpx2.AsyncClient, session: AsyncSession
) -> None:
    poisoned = by_hash(TEXT, query=OTHER)

    assert await told(client, poisoned) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
    assert await told(client, poisoned, JSON) == (200, "PERSISTED_QUERY_HASH_MISMATCH")
    assert await remembered(session) == set()


@pytest.mark.parametrize("text", ["{", "{ nothing }", f"{{ __typename }} #{'x' * LONGEST}"])
async def test_what_cannot_be_run_or_is_too_long_is_not_remembered(
    client: httpx2.AsyncClient, session: AsyncSession, text: str
) -> None:
    await told(client, by_hash(text, query=text))

    assert await remembered(session) == set()
    assert await told(client, by_hash(text)) == (404, "PERSISTED_QUERY_NOT_FOUND")


async def test_the_number_remembered_is_a_setting(api: Asking, session: AsyncSession) -> None:
    async with api.set(persisted_queries=2).client() as client:
        for number in range(3):
            api.clock.at += timedelta(seconds=1)
            text = f"query Q{number} {{ __typename }}"
            await told(client, by_hash(text, query=text))

    assert await remembered(session) == {f"query Q{number} {{ __typename }}" for number in (1, 2)}


@pytest.mark.usefixtures("application")
async def test_without_memory_apollos_clients_are_told_to_send_texts(api: Asking, session: AsyncSession) -> None:
    async with api.set(persisted_queries=0).client() as client:
        response = await client.post("/graphql", json=by_hash(OTHER))
        sent = await told(client, by_hash(OTHER, query=OTHER))
        registered = await told(client, by_hash(TEXT))

    assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"
    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert sent == (200, {"__typename": "Query"})
    assert registered == (200, DATA)
    assert await session.scalar(select(func.count()).select_from(models.PersistedQuery)) == 0


@pytest.mark.usefixtures("application")
async def test_in_strict_mode_only_registered_documents_are_run(
    api: Asking, session: AsyncSession, clock: FixedClock
) -> None:
    await documents.remember(session, OTHER, most=9, clock=clock)
    strict = api.set(trusted_documents_only=True, profile="development")

    async with strict.client() as client:
        for allowed in (by_id(), by_hash(), {"query": TEXT}, by_hash(query=TEXT)):
            assert await told(client, allowed) == (200, DATA)
        for sent in ({"query": OTHER}, by_hash(OTHER, query=OTHER), {"query": f"{TEXT} "}, {"query": "{"}):
            assert await told(client, sent) == (403, "DOCUMENT_NOT_TRUSTED")
        # what was remembered before counts no longer
        assert await told(client, by_hash(OTHER)) == (404, "UNKNOWN_DOCUMENT")
        assert await told(client, {"query": "{ __schema { queryType { name } } }"}) == (403, "DOCUMENT_NOT_TRUSTED")
    assert await remembered(session) == {OTHER}


async def test_operators_run_what_they_want_in_strict_mode(api: Asking) -> None:
    strict = api.set(trusted_documents_only=True)

    assert await strict.as_(make.operator()).codes("{ __schema { queryType { name } } }") == []
    assert await strict.as_(make.operator()).codes(OTHER) == []
    assert await strict.codes(OTHER) == ["DOCUMENT_NOT_TRUSTED"]
