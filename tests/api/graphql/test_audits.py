"""What the public audits of GraphQL over HTTP ask of a server, for machines without Node: every MUST, SHOULD and MAY.

The audits themselves run in tests/contract/ where Node is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson
import pytest

from api.graphql.negotiation import GRAPHQL, JSON
from tests.api.graphql.asking import Asking

ANY = "any"
"""The Accept header of a client that sends none."""

NAMED = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"


@dataclass(frozen=True)
class Audit:
    what: str
    sent: Any
    status: int = 200
    accepts: tuple[str, ...] = (JSON, GRAPHQL)
    answers: str | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def wrong(name: str, *values: Any) -> list[Audit]:
    """A parameter of a type that it does not take."""
    sent = {"query": "{ __typename }"}
    return [Audit(f"{name} as {value!r}", sent | {name: value}, 400, accepts=(ANY, JSON, GRAPHQL)) for value in values]


AUDITS = [
    Audit("the newer type is answered in kind", {"query": "{ __typename }"}, accepts=(GRAPHQL,), answers=GRAPHQL),
    Audit("the older type is answered in kind", {"query": "{ __typename }"}, accepts=(JSON,), answers=JSON),
    Audit("whatever may come is JSON", {"query": "{ __typename }"}, accepts=("*/*", ANY), answers=JSON),
    Audit(
        "UTF-8 may be named",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        headers={"content-type": "application/json; charset=utf-8"},
    ),
    Audit("a type is needed", {"query": "{ __typename }"}, 415, headers={}),
    Audit("a body is needed", b"", 400, accepts=(ANY, JSON, GRAPHQL)),
    Audit("a query is needed", {"notquery": "{ __typename }"}, 400, accepts=(ANY, JSON, GRAPHQL)),
    Audit("half a JSON", b'{ "not a JSON', 400),
    Audit("an operation is named", {"query": "query Query { __typename }", "operationName": "Query"}),
    *(Audit(f"{name} is null", {"query": "{ __typename }", name: None})
      for name in ("variables", "operationName", "extensions")),
    Audit("variables are an object", {"query": NAMED, "variables": {"name": "sometype"}}),
    Audit("extensions are an object", {"query": "{ __typename }", "extensions": {"some": "value"}}),
    *wrong("query", {"obj": "ect"}, 0, False, ["array"]),
    *wrong("operationName", {"obj": "ect"}, 0, False, ["array"]),
    *wrong("variables", "string", 0, False, ["array"]),
    *wrong("extensions", "string", 0, False, ["array"]),
    *(Audit(what, sent, status, accepts=(accept,))
      for what, sent in [
          ("a document that does not parse", {"query": "{"}),
          ("a document that does not validate", {"query": UNKNOWN}),
          ("a variable that does not coerce", {"query": "query ($id: ID!) { __typename }", "variables": {"id": None}}),
      ]
      for accept, status in [(JSON, 200), (GRAPHQL, 400)]),
]  # fmt: skip


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.what)
async def test_a_server_passes_the_audits_of_graphql_over_http(api: Asking, audit: Audit) -> None:
    body = audit.sent if isinstance(audit.sent, bytes) else orjson.dumps(audit.sent)
    async with api.set(profile="development").client() as client:
        for accept in audit.accepts:
            request = client.build_request("POST", "/graphql", content=body, headers=audit.headers)
            del request.headers["accept"]
            if accept != ANY:
                request.headers["accept"] = accept
            response = await client.send(request)

            assert response.status_code == audit.status, (accept, response.text)
            answer = response.content.decode("utf-8")
            assert audit.answers is None or response.headers["content-type"] == f"{audit.answers}; charset=utf-8"
            if accept == GRAPHQL and audit.status >= 400:
                assert "data" not in orjson.loads(answer)


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
async def test_a_server_passes_the_audits_by_get(api: Asking, accept: str) -> None:
    async with api.set(profile="development").client() as client:

        async def got(**parameters: str) -> httpx2.Response:
            return await client.get("/graphql", params=parameters, headers={"accept": accept})

        assert (await got(query="{ __typename }")).status_code == 200
        typed = await got(query=NAMED, variables='{"name":"sometype"}')
        assert (typed.status_code, typed.json()["data"]) == (200, {"__type": None})
        assert (await got(query="mutation { __typename }")).status_code == 405
