"""Answers by GET: how long others may keep them, and that who has them already is not sent them again."""

from __future__ import annotations

import httpx2
import pytest
import strawberry
from graphql import parse
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.caching import CacheHint, CacheHints, cached
from api.graphql.negotiation import GRAPHQL
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from tests import make
from tests.api.door import opened
from tests.api.graphql.asking import Asking

QUERY = '{ creator(handle: "ada") { name } }'
VARY = {"accept", "accept-language", "authorization", "headwater-on-behalf-of"}


async def got(api: Asking, query: str = QUERY, method: str = "GET", **headers: str) -> httpx2.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.client() as client:
        return await client.request(method, "/graphql", params={"query": query}, headers=sent)


def vary(response: httpx2.Response) -> set[str]:
    return {one.strip().lower() for one in response.headers["vary"].split(",")}


async def test_an_answer_by_get_can_be_asked_for_again_by_its_tag(api: Asking, session: AsyncSession) -> None:
    creator = await make.creator(session, handle="ada")

    first = await got(api)
    tag = first.headers["etag"]
    again = await got(api, if_none_match=f'"other", W/{tag}')
    creator.name = "Ada Lovelace"
    await session.flush()
    changed = await got(api, if_none_match=tag)

    assert first.status_code == 200
    assert first.headers["cache-control"] == "public, no-cache"
    assert vary(first) == VARY
    assert (again.status_code, again.content) == (304, b"")
    assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
        name: first.headers[name] for name in ("etag", "cache-control", "vary")
    }
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_head_has_the_headers_of_get(api: Asking) -> None:
    by_get, by_head = await got(api), await got(api, method="HEAD")
    mutation = await got(api, "mutation { __typename }", method="HEAD")

    assert by_head.status_code == 200
    for name in ("etag", "cache-control", "content-type", "content-length", "vary"):
        assert by_head.headers[name] == by_get.headers[name]
    assert (mutation.status_code, mutation.headers["allow"]) == (405, "POST")


async def test_each_form_of_an_answer_has_a_tag_of_its_own(api: Asking) -> None:
    roomy = "query { __typename " + " ".join(f"a{'b' * 90}{place}: __typename" for place in range(13)) + " }"

    unzipped = await got(api, roomy, accept_encoding="identity")
    zipped = await got(api, roomy, accept_encoding="br, gzip;q=0.5")
    declined = await got(api, roomy, accept_encoding="gzip;q=0, *;q=0")

    assert len(unzipped.content) >= 1_000
    assert zipped.headers["etag"] == unzipped.headers["etag"][:-1] + '-gzip"'
    assert declined.headers["etag"] == unzipped.headers["etag"]


async def test_the_operator_says_how_long_and_a_key_makes_an_answer_private(api: Asking) -> None:
    longer = api.set(cache_max_age=60)

    assert (await got(longer)).headers["cache-control"] == "public, max-age=60"
    assert (await got(longer, authorization="Bearer x")).headers["cache-control"] == "private, max-age=60"
    assert (await got(api, authorization="Bearer x")).headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "query", ["{", "{ nothing }", "mutation { __typename }", '{ content(id: "nonsense") { id } __typename }']
)
async def test_what_went_wrong_is_kept_by_nobody(api: Asking, query: str) -> None:
    response = await got(api.set(cache_max_age=60), query, accept=GRAPHQL)

    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


async def test_an_answer_by_post_is_kept_by_nobody(api: Asking) -> None:
    async with api.set(cache_max_age=60).client() as client:
        response = await client.post("/graphql", json={"query": QUERY})

    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


async def test_who_is_asking_is_nobody_elses(api: Asking) -> None:
    response = await got(api.set(cache_max_age=60), "{ viewer { name } }")

    assert response.headers["cache-control"] == "private, no-cache"


async def test_what_is_stale_sooner_is_kept_shorter(api: Asking) -> None:
    query = f'{{ content(id: "{global_id("Content", new_uid())}") {{ ... on Live {{ room {{ viewersCount }} }} }} }}'

    for allowed, told in [(60, "public, max-age=5"), (3, "public, max-age=3"), (0, "public, no-cache")]:
        assert (await got(api.set(cache_max_age=allowed), query)).headers["cache-control"] == told


@strawberry.interface
class Thing:
    name: str = "a"


@strawberry.type
class Room(Thing):
    viewers: int = strawberry.field(default=1, metadata=cached(max_age=5))
    name: str = strawberry.field(default="a", metadata=cached(max_age=30))
    inner: Thing | None = None


@strawberry.type
class Query:
    @strawberry.field
    def room(self) -> Room | None:
        return None

    @strawberry.field
    def thing(self) -> Thing | None:
        return None

    mine: int = strawberry.field(default=1, metadata=cached(private=True))


HINTS = CacheHints(strawberry.Schema(query=Query, types=[Room])._schema)


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("{ __typename }", CacheHint()),
        ("{ room { inner { __typename } } }", CacheHint()),
        ("{ room { viewers } }", CacheHint(5)),
        ("{ room { name viewers } }", CacheHint(5)),
        ("{ thing { name } }", CacheHint(30)),
        ("{ thing { ... on Room { viewers } } }", CacheHint(5)),
        ("{ thing { ... { ...f } } } fragment f on Room { inner { ... on Room { viewers } } }", CacheHint(5)),
        ("{ mine room { name } }", CacheHint(30, is_private=True)),
        ("{ mine @skip(if: true) }", CacheHint(is_private=True)),
        ("query A { room { name } } query B { room { viewers } }", CacheHint(5)),
        ("{ __schema { types { name } } }", CacheHint()),
    ],
)
def test_of_all_fields_asked_for_the_least_counts(query: str, hint: CacheHint) -> None:
    assert HINTS.of(query, lambda: parse(query)) == hint
    assert HINTS.of(query, lambda: None) == hint, "remembered by its text"


def test_no_hint_goes_beyond_what_the_operator_allows() -> None:
    assert CacheHint(30).age(10) == 10
    assert CacheHint(5).age(10) == 5
    assert CacheHint().age(10) == 10
    assert CacheHint(0).age(10) == 0


async def test_answers_are_compressed_for_those_who_ask(db: Database, clock: FixedClock) -> None:
    query = "query { " + " ".join(f"a{'b' * 90}{place}: __typename" for place in range(13)) + " }"

    async def asked(method: str, encoding: str, **more: str) -> httpx2.Response:
        headers = {"accept-encoding": encoding, **more}
        async with opened(db, clock) as door:
            if method == "GET":
                return await door.client.get("/graphql", params={"query": query}, headers=headers)
            return await door.client.post("/graphql", json={"query": query}, headers=headers)

    for method in ("GET", "POST"):
        zipped, plain = await asked(method, "gzip"), await asked(method, "gzip;q=0")
        assert zipped.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert zipped.json() == plain.json()
        assert "accept-encoding" in vary(zipped) & vary(plain)

    fresh = await asked("GET", "gzip")
    unchanged = await asked("GET", "gzip", **{"if-none-match": fresh.headers["etag"]})
    of_the_other_form = await asked("GET", "identity", **{"if-none-match": fresh.headers["etag"]})
    assert unchanged.status_code == 304
    assert "accept-encoding" in vary(unchanged)
    assert of_the_other_form.status_code == 200
