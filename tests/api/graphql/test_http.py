"""GraphQL over HTTP: media types, status codes, and bad input that is told so."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import text

from api.graphql.context import Context
from api.graphql.negotiation import GRAPHQL, JSON, negotiated
from api.graphql.requests import BadRequest
from services.keys import UnknownKey
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
    assert posted.json() == got.json()
    assert posted.json()["data"] == {"__typename": "Query"}
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
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/json, */*", JSON),
        ("application/json; q = 0.5 , */* ; q=0.1", JSON),
        ("application/json;q=0.3;x=1, application/graphql-response+json;q=0.7", GRAPHQL),
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
        (b'{"query": "{ __typename }", "documentId": "sha256:' + b"0" * 64 + b'"}', "BAD_REQUEST_SHAPE"),
        (b'{"documentId": 7}', "MALFORMED_DOCUMENT_ID"),
        (b'{"documentId": "sha256:' + b"A" * 64 + b'"}', "MALFORMED_DOCUMENT_ID"),
        (b'{"documentId": "md5:' + b"0" * 32 + b'"}', "MALFORMED_DOCUMENT_ID"),
        (b'{"extensions": {"persistedQuery": 1}}', "BAD_REQUEST_SHAPE"),
        (b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}', "BAD_REQUEST_SHAPE"),
        (
            b'{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "' + b"0" * 64 + b'"}}}',
            "BAD_REQUEST_SHAPE",
        ),
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
        (b'{"query": "{ __typename }", "variables": {"n": 1e999}}', "NOT_JSON"),
        (b'{"query": "{ __typename }", "variables": {"n": NaN}}', "NOT_JSON"),
        (b'{"query": "{ __typename }", "variables": {"n": ' + b"[" * 1_030 + b"]" * 1_030 + b"}}", "NOT_JSON"),
        (b'{"query": "{ __typename }", "extensions": {"n": ' + b"[" * 60 + b"]" * 60 + b"}}", "VARIABLES_TOO_DEEP"),
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
        ({"content_type": "application/json; charset = utf-16"}, "UNSUPPORTED_CHARSET"),
        ({"content_type": ""}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_encoding": "gzip"}, "UNSUPPORTED_ENCODING"),
    ],
)
async def test_a_body_of_another_type_is_a_coded_415(api: Asking, headers: dict[str, str], expected: str) -> None:
    response = await post(api, orjson.dumps(ASK), **headers)

    assert response.status_code == 415
    assert code(response) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        'Application/JSON; charset="UTF-8"',
        "application/json;charset=utf8",
        "application/json; profile=x; charset=utf-8",
    ],
)
async def test_json_may_say_that_it_is_utf_8(api: Asking, content_type: str) -> None:
    response = await post(api, orjson.dumps(ASK), content_type=content_type)

    assert response.status_code == 200


async def test_a_body_of_two_types_is_of_none(api: Asking) -> None:
    sent = [("content-type", "application/json"), ("content-type", "text/plain")]
    async with api.client() as client:
        response = await client.post("/graphql", content=orjson.dumps(ASK), headers=sent)

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_byte_order_mark_is_passed_over_and_of_equal_names_the_last_counts(api: Asking) -> None:
    marked = await post(api, b"\xef\xbb\xbf" + orjson.dumps(ASK))
    doubled = await post(api, b'{"query": "{ nothing }", "query": "{ __typename }"}')

    assert marked.json()["data"] == doubled.json()["data"] == {"__typename": "Query"}


async def test_what_an_address_asks_is_read_strictly(api: Asking) -> None:
    async with api.client() as client:
        for address, expected in [
            ("?query=%7B__typename%7D&query=%7B__typename%7D", "PARAMETER_TWICE"),
            ("?query=%7B__typename%7D&variables=%7B%7D&variables=%7B%7D", "PARAMETER_TWICE"),
            ("?query=%FF", "NOT_UTF8"),
            ("?query=%7B__typename%7D%ED%A0%80", "NOT_UTF8"),
            ("?query=%7B__typename%7D&variables=%7B%22a%22:%22%FF%22%7D", "NOT_UTF8"),
            ("?" + "&".join(f"a{place}=1" for place in range(101)), "BAD_REQUEST_SHAPE"),
            ("?variables=%7B%7D", "QUERY_MISSING"),
            ("?documentId=sha256:0", "MALFORMED_DOCUMENT_ID"),
        ]:
            response = await client.get(f"/graphql{address}")
            assert (response.status_code, code(response)) == (400, expected), address
        unknown_once_and_twice = await client.get("/graphql?query=%7B__typename%7D&utm=1&utm=2&operationName=")

    assert unknown_once_and_twice.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("name", "setting", "most"),
    [("variables", "graphql_variable_values", 100), ("extensions", "graphql_variable_values", 100)],
)
async def test_values_are_taken_up_to_their_limit_and_not_one_beyond(
    api: Asking, name: str, setting: str, most: int
) -> None:
    small = api.set(**{setting: most})

    at_the_limit = await post(small, orjson.dumps(ASK | {name: {"n": [1] * (most - 1)}}))
    one_above = await post(small, orjson.dumps(ASK | {name: {"n": [1] * most}}))

    assert at_the_limit.status_code == 200
    assert (one_above.status_code, code(one_above)) == (400, "TOO_MANY_VALUES")


async def test_variables_nest_up_to_their_limit_and_no_deeper(api: Asking) -> None:
    small = api.set(graphql_variable_depth=5)

    def nested(depth: int) -> bytes:
        return (
            b'{"query": "{ __typename }", "variables": {"n": ' + b"[" * (depth - 1) + b"1" + b"]" * (depth - 1) + b"}}"
        )

    assert (await post(small, nested(5))).status_code == 200
    assert code(await post(small, nested(6))) == "VARIABLES_TOO_DEEP"
    assert code(await post(api, nested(51))) == "VARIABLES_TOO_DEEP"


async def test_numbers_of_any_length_in_a_document_are_told_apart_from_accidents(api: Asking) -> None:
    for literal in ("9" * 5_000, "-" + "9" * 5_000, "1e999", "9" * 5_000 + ".5"):
        codes = await api.codes(f"{{ contents(first: {literal}) {{ nodes {{ id }} }} }}")
        assert codes == ["VALIDATION_FAILED"], literal[:10]


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


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused_and_told_which_there_are(api: Asking, method: str) -> None:
    async with api.client() as client:
        response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


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


async def test_an_address_is_taken_up_to_its_limit_and_not_a_byte_beyond(api: Asking) -> None:
    asked = "/graphql?query=%7B__typename%7D&x="
    async with api.client() as client:
        at_the_limit = await client.get(asked + "1" * (8_192 - len(asked) + 1))
        one_above = await client.get(asked + "1" * (8_192 - len(asked) + 2))

    assert at_the_limit.status_code == 200
    assert (one_above.status_code, code(one_above)) == (414, "URL_TOO_LONG")


async def test_headers_are_taken_up_to_their_limit_and_not_a_byte_beyond(api: Asking) -> None:
    async with api.set(header_limit=4_096).client() as client:
        plain = client.build_request("GET", "/graphql", params=ASK, headers={"x-filler": ""})
        room = 4_096 - sum(len(name) + len(value) for name, value in plain.headers.raw)
        at_the_limit = await client.get("/graphql", params=ASK, headers={"x-filler": "1" * room})
        one_above = await client.get("/graphql", params=ASK, headers={"x-filler": "1" * (room + 1)})

    assert at_the_limit.status_code == 200
    assert (one_above.status_code, code(one_above)) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"query": "{"}, "SYNTAX_ERROR"),
        ({"query": " "}, "SYNTAX_ERROR"),
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


@pytest.mark.parametrize(
    ("body", "status_2025", "status_2026"),
    [
        (b"{", 400, 400),
        (b'{"query": "{"}', 400, 400),
        (b'{"qeury": "{ __typename }"}', 400, 422),
        (b'{"query": "{ __typename }", "variables": [7]}', 400, 422),
        (b'{"query": "{ nothing }"}', 400, 422),
        (b'{"query": "query A { __typename }", "operationName": "B"}', 400, 422),
        (b'{"query": "query ($id: ID!) { content(id: $id) { id } }"}', 400, 422),
        (b'{"query": "{ content(id: \\"nonsense\\") { id } __typename }"}', 200, 294),
        (b'{"query": "{ __typename }"}', 200, 200),
    ],
)
async def test_one_setting_switches_to_the_status_codes_of_the_newer_edition(
    api: Asking, body: bytes, status_2025: int, status_2026: int
) -> None:
    newer = api.set(graphql_status_codes="2026")

    assert (await post(api, body, accept=GRAPHQL)).status_code == status_2025
    assert (await post(newer, body, accept=GRAPHQL)).status_code == status_2026
    # clients of the old media type notice nothing
    assert (await post(newer, body, accept=JSON)).status_code == (await post(api, body, accept=JSON)).status_code


async def test_what_is_not_of_the_document_keeps_its_status_in_either_edition(api: Asking) -> None:
    newer = api.set(graphql_status_codes="2026")

    assert (await post(newer, b"{}", content_type="text/plain", accept=GRAPHQL)).status_code == 415
    assert (await post(newer, b"{}", accept="text/html")).status_code == 406
    async with newer.client() as client:
        by_get = await client.get("/graphql", params={"query": "mutation { __typename }"}, headers={"accept": GRAPHQL})
    assert by_get.status_code == 405


async def test_an_answer_names_at_most_ten_errors_and_says_when_there_were_more(api: Asking) -> None:
    many = await api.send("{ " + " ".join(f"nothing{place}" for place in range(30)) + " }")

    assert len(many["errors"]) == 10
    assert many["errors"][-1]["extensions"]["code"] == "TOO_MANY_ERRORS"
    assert many["errors"][-1]["message"] == "There are more errors than are shown here; the first 9 are."


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


async def test_bad_credentials_and_an_absent_database_are_told_with_the_headers_that_belong_to_them(
    api: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> Context:
        raise UnknownKey("This key is not known here.")

    async def away(*_: Any) -> Context:
        raise ConnectionRefusedError

    monkeypatch.setattr(api, "open_context", refused)
    unknown = await post(api, orjson.dumps(ASK))
    monkeypatch.setattr(api, "open_context", away)
    absent = await post(api, orjson.dumps(ASK))

    assert (unknown.status_code, code(unknown), unknown.headers["www-authenticate"]) == (401, "UNKNOWN_KEY", "Bearer")
    assert (absent.status_code, code(absent), absent.headers["retry-after"]) == (503, "DATABASE_AWAY", "2")


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
