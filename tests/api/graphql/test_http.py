"""GraphQL over HTTP: media types, status codes, and bad input that is told so."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import text

from api.graphql.http import GRAPHQL, JSON, negotiated
from api.graphql.requests import BadRequest
from tests import make
from tests.api.graphql.asking import Asking

ASK = {"query": "{ __typename }"}


async def post(api: Asking, body: bytes, **headers: str) -> httpx2.Response:
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.client() as client:
        return await client.post("/graphql", content=body, headers=sent)


def code(response: httpx2.Response) -> str:
    (error,) = response.json()["errors"]
    assert error["extensions"]["requestId"]
    return str(error["extensions"]["code"])


async def test_a_query_is_answered_by_post_and_by_get(api: Asking) -> None:
    async with api.client() as client:
        posted = await client.post("/graphql", json=ASK)
        got = await client.get("/graphql", params=ASK)

    assert posted.status_code == got.status_code == 200
    assert posted.json() == got.json() == {"data": {"__typename": "Query"}}
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    assert posted.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        ("application/graphql-response+json; charset=utf-8, application/json; q=0.9", GRAPHQL),
        ("application/graphql-response+json;q=0.4, application/json", JSON),
        ("text/html, application/graphql-response+json;q=0.1", GRAPHQL),
        ("application/json;q=0, */*", GRAPHQL),
        ("APPLICATION/JSON", JSON),
    ],
)
def test_the_media_type_is_negotiated(accept: str | None, media_type: str) -> None:
    assert negotiated(accept) == media_type


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "application/json;q=nonsense"])
def test_a_client_that_takes_neither_media_type_is_refused(accept: str) -> None:
    with pytest.raises(BadRequest) as refused:
        negotiated(accept)

    assert (refused.value.status, refused.value.code) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"null", "BAD_REQUEST_SHAPE"),
        (b"7", "BAD_REQUEST_SHAPE"),
        (b'"{ __typename }"', "BAD_REQUEST_SHAPE"),
        (b"[]", "BAD_REQUEST_SHAPE"),
        (b'[{"query": "{ __typename }"}]', "BAD_REQUEST_SHAPE"),
        (b"{}", "QUERY_MISSING"),
        (b'{"query": null}', "QUERY_MISSING"),
        (b'{"query": 7}', "BAD_REQUEST_SHAPE"),
        (b'{"query": " "}', "BAD_REQUEST_SHAPE"),
        (b'{"query": "{ __typename }", "variables": []}', "BAD_REQUEST_SHAPE"),
        (b'{"query": "{ __typename }", "variables": "{}"}', "BAD_REQUEST_SHAPE"),
        (b'{"query": "{ __typename }", "extensions": 1}', "BAD_REQUEST_SHAPE"),
        (b'{"query": "{ __typename }", "operationName": 7}', "BAD_REQUEST_SHAPE"),
        (b"", "NOT_JSON"),
        (b"query { __typename }", "NOT_JSON"),
        (b'{"query": "\xff"}', "NOT_JSON"),
        (b'{"query": "\xc0\xaf"}', "NOT_JSON"),
        (b'{"query": "{ __typename }", "operationName": "\\ud800"}', "NOT_JSON"),
        (b'{"query": "{ __typename }", "variables": {"n": ' + b"9" * 5_000 + b"}}", "NOT_JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "NOT_JSON"),
        (b'{"query": "{ __typename }", "variables": {"n": ' + b"[" * 60 + b"]" * 60 + b"}}", "VARIABLES_TOO_DEEP"),
        (b'{"query": "{ __typename }", "variables": {"n": [' + b"1," * 10_000 + b"1]}}", "TOO_MANY_VALUES"),
        (b'{"query": "{ __typename }", "variables": {"n": "\\u0000"}}', "INVALID_CHARACTER"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "NOT_JSON"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_what_is_no_graphql_request_is_a_coded_400(api: Asking, body: bytes, expected: str, accept: str) -> None:
    response = await post(api, body, accept=accept)

    assert response.status_code == 400
    assert code(response) == expected
    assert response.headers["content-type"].startswith(accept)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content_type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/x-www-form-urlencoded"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/graphql"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "multipart/form-data; boundary=x"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/json; charset=latin-1"}, "UNSUPPORTED_CHARSET"),
        ({"content_encoding": "gzip"}, "UNSUPPORTED_ENCODING"),
    ],
)
async def test_a_body_of_another_type_is_a_coded_415(api: Asking, headers: dict[str, str], expected: str) -> None:
    response = await post(api, orjson.dumps(ASK), **headers)

    assert response.status_code == 415
    assert code(response) == expected


async def test_json_may_say_that_it_is_utf_8(api: Asking) -> None:
    response = await post(api, orjson.dumps(ASK), content_type='Application/JSON; charset="UTF-8"')

    assert response.status_code == 200


async def test_a_body_is_taken_up_to_its_limit_and_not_a_byte_beyond(api: Asking) -> None:
    small = api.set(body_limit=2_000)
    body = orjson.dumps(ASK)

    at_the_limit = await post(small, body + b" " * (2_000 - len(body)))
    one_above = await post(small, body + b" " * (2_001 - len(body)))

    assert at_the_limit.status_code == 200
    assert one_above.status_code == 413
    assert code(one_above) == "BODY_TOO_LARGE"


async def test_a_body_that_does_not_say_its_length_is_limited_too(api: Asking) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 1_000

    async with api.set(body_limit=2_000).client() as client:
        response = await client.post("/graphql", content=endless(), headers={"content-type": "application/json"})

    assert response.status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused_and_told_which_there_are(api: Asking, method: str) -> None:
    async with api.client() as client:
        response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_mutation_by_get_is_refused(api: Asking, accept: str) -> None:
    async with api.client() as client:
        response = await client.get("/graphql", params={"query": "mutation { __typename }"}, headers={"accept": accept})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert code(response) == "MUTATION_BY_GET"


async def test_bad_variables_in_an_address_are_a_coded_400(api: Asking) -> None:
    async with api.client() as client:
        response = await client.get("/graphql", params=ASK | {"variables": "{"})

    assert response.status_code == 400
    assert code(response) == "NOT_JSON"


async def test_an_address_beyond_its_limit_is_a_coded_414(api: Asking) -> None:
    async with api.client() as client:
        response = await client.get("/graphql", params={"query": "{ __typename }" + " " * 9_000})

    assert response.status_code == 414
    assert code(response) == "URL_TOO_LONG"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"query": "{"}, "SYNTAX_ERROR"),
        ({"query": "{ nothing }"}, "VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "UNKNOWN_OPERATION"),
        ({"query": "query A { __typename }", "operationName": "B"}, "UNKNOWN_OPERATION"),
        ({"query": "query ($id: ID!) { content(id: $id) { id } }"}, "BAD_VARIABLES"),
        ({"query": "query ($id: ID!) { content(id: $id) { id } }", "variables": {"id": {}}}, "BAD_VARIABLES"),
    ],
)
async def test_a_document_that_cannot_be_executed_is_400_or_for_old_clients_200(
    api: Asking, request_: dict[str, Any], expected: str
) -> None:
    body = orjson.dumps(request_)

    newer = await post(api, body, accept=GRAPHQL)
    older = await post(api, body, accept=JSON)

    assert (newer.status_code, older.status_code) == (400, 200)
    for response in (newer, older):
        assert "data" not in response.json()
        assert {error["extensions"]["code"] for error in response.json()["errors"]} == {expected}


async def test_a_partial_answer_is_200_under_both_media_types(api: Asking) -> None:
    body = orjson.dumps({"query": '{ content(id: "nonsense") { id } __typename }'})

    for accept in (JSON, GRAPHQL):
        response = await post(api, body, accept=accept)
        assert response.status_code == 200
        assert response.json()["data"] == {"content": None, "__typename": "Query"}
        assert code(response) == "MALFORMED_ID"


async def test_an_answer_names_at_most_ten_errors_and_says_when_there_were_more(api: Asking) -> None:
    many = await api.send("{ " + " ".join(f"nothing{place}" for place in range(30)) + " }")

    assert len(many["errors"]) == 10
    assert many["errors"][-1]["extensions"]["code"] == "TOO_MANY_ERRORS"
    assert many["errors"][-1]["message"] == "There were 30 errors in all; the first 9 are shown."


async def test_what_we_did_not_raise_says_nothing_of_our_insides(api: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("api.graphql.feeds._page", broken)
    answer = await api.send('{ feed(key: "x", first: 1) { key } __typename }')

    assert answer["data"] == {"feed": None, "__typename": "Query"}
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "swordfish" not in str(answer)


async def test_a_request_that_takes_too_long_is_told_so(api: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*_: Any, **__: Any) -> None:
        async with api.db.session() as session:
            await session.execute(text("SELECT pg_sleep(5)"))

    monkeypatch.setattr("api.graphql.feeds._page", slow)
    response = await post(
        api.set(request_timeout_ms=100), orjson.dumps({"query": '{ feed(key: "x", first: 1) { key } }'})
    )

    assert response.status_code == 503
    assert code(response) == "TOO_SLOW"


async def test_strangers_cannot_introspect_in_production(api: Asking) -> None:
    assert await api.codes("{ __schema { queryType { name } } }") == ["INTROSPECTION_OFF"]
    assert await api.codes('{ ...all } fragment all on Query { __type(name: "Query") { name } }') == [
        "INTROSPECTION_OFF"
    ]
    assert await api.codes("{ __typename }") == []
    assert await api.as_(make.operator()).codes("{ __schema { queryType { name } } }") == []
    assert await api.set(profile="development").codes("{ __schema { queryType { name } } }") == []


async def test_names_are_suggested_in_development_only(api: Asking) -> None:
    hidden = await api.send("{ contentz(first: 1) { nodes { id } } }")
    shown = await api.set(profile="development").send("{ contentz(first: 1) { nodes { id } } }")

    assert "Did you mean" not in hidden["errors"][0]["message"]
    assert "Did you mean 'content" in shown["errors"][0]["message"]


async def test_the_editor_is_there_in_development_only(api: Asking) -> None:
    headers = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with api.set(profile="development").client() as client:
        shown = await client.get("/graphql", headers=headers)
    async with api.client() as client:
        hidden = await client.get("/graphql", headers=headers)

    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/html")
    assert "curl https://content.example/graphql" in shown.text
    assert "needs a network" in shown.text
    assert (hidden.status_code, code(hidden)) == (400, "QUERY_MISSING")


async def test_a_nul_is_refused_with_the_request_that_holds_it_or_the_document(api: Asking) -> None:
    in_variables = orjson.dumps({"query": "{ __typename }", "variables": {"n": "\0"}})
    in_document = orjson.dumps({"query": '{ creator(handle: "\\u0000") { name } }'})

    for body, accept, status in [
        (in_variables, JSON, 400),
        (in_variables, GRAPHQL, 400),
        (in_document, JSON, 200),
        (in_document, GRAPHQL, 400),
    ]:
        response = await post(api, body, accept=accept)
        assert (response.status_code, code(response)) == (status, "INVALID_CHARACTER")
