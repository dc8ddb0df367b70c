"""Generated operations in a short form (bench/graphql_fuzz.py asks as many as one likes), and what the looking at answers sees."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bench.fuzz_checks import Response, Seen, Wrong, check
from bench.fuzz_requests import Request, requests
from bench.fuzz_server import CORE, Fuzzed, fuzzed
from core.clock import FixedClock
from core.db import Database
from tests.api.graphql.world import SECRET

OPERATIONS = 150
ASKED = Request("anonymous", "POST", "/graphql", b"", (("accept", "application/json"),), b"{}")
COST = {"cost": {"requested": 2, "limit": 10}}
HEADERS = {"content-type": "application/json; charset=utf-8", "x-request-id": "r1"}
EVENTS = HEADERS | {"content-type": "text/event-stream; charset=utf-8"}
PROBLEM = HEADERS | {"content-type": "application/problem+json"}


@pytest.fixture
async def server(committed: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Fuzzed]:
    async with fuzzed(committed, clock, tmp_path) as opened:
        yield opened


async def test_generated_operations_get_no_accident_no_uncoded_error_and_nothing_hidden(server: Fuzzed):
    loop = asyncio.get_running_loop()
    answers: list[Seen] = []

    @settings(
        max_examples=OPERATIONS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(request=requests(CORE, server.known))
    def ask(request: Request) -> None:
        response = asyncio.run_coroutine_threadsafe(server.ask(request), loop).result()
        answers.append(check(request, response))

    await asyncio.to_thread(ask)

    # enough of them got past the door, and enough did not
    assert sum(seen.has_data for seen in answers) > OPERATIONS / 3
    assert sum(seen.objects for seen in answers) > OPERATIONS / 3
    assert sum(bool(seen.codes) for seen in answers) > OPERATIONS / 10


def answer(status: int = 200, headers: dict[str, str] = HEADERS, **body: Any) -> Response:
    return Response(status, headers, orjson.dumps(body))


def error(code: str = "NOT_SIGNED_IN", message: str = "No.", **extensions: Any) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code, "requestId": "r1", **extensions}}


@pytest.mark.parametrize(
    ("request_", "response", "told"),
    [
        (ASKED, answer(500, errors=[error("INTERNAL")]), "status 500"),
        (ASKED, answer(errors=[error("INTERNAL")], data=None), "an accident"),
        (ASKED, answer(errors=[error("NEVER_HEARD_OF")], data=None), "undocumented error"),
        (ASKED, answer(errors=[{"message": "No.", "extensions": {}}], data=None), "uncoded"),
        (ASKED, answer(errors=[error(requestId="r2")], data=None), "request id"),
        (ASKED, answer(errors=[error(message="")], data=None), "without a message"),
        (ASKED, answer(errors=[error()] * 11, data=None), "short list"),
        (ASKED, answer(data=None), "nobody says why"),
        (ASKED, answer(), "neither data nor errors"),
        (ASKED, answer(data={"a": 1}, more=2), "no answer of GraphQL"),
        (ASKED, answer(403, errors=[error()]), "NOT_SIGNED_IN with status 403"),
        (ASKED, answer(401, errors=[error()], data={"a": 1}), "with data"),
        (ASKED, answer(400, data={"a": 1}), "without an error"),
        (ASKED, answer(headers=HEADERS | {"content-type": "text/html"}, data={"a": 1}), "media type"),
        (ASKED, answer(errors=[error(message="asyncpg says no")], data=None), "our insides"),
        (ASKED, answer(data={"title": SECRET}), "what is hidden"),
        (ASKED, answer(data={"problems": [{"__typename": "Problem", "code": "HM"}]}), "undocumented problem"),
        (ASKED, answer(errors=[error(problems=[{"code": "HM"}])], data=None), "undocumented problem"),
        (ASKED, answer(data={"a": {"__typename": "Creator"}}, extensions=COST), None),
        (ASKED, answer(data={"a": [{"__typename": "Creator"}] * 3}, extensions=COST), "was to cost 2"),
        (ASKED, Response(200, HEADERS, b'{"data": {"a": NaN}}'), "NaN in JSON"),
        (ASKED, Response(200, HEADERS, b'{"data": {'), "no JSON"),
        (ASKED, Response(200, EVENTS, b'event: next\ndata: {"data": null}\n\n'), "nobody says why"),
        (ASKED, Response(200, EVENTS, b"event: hm\n\n"), "an event"),
        (ASKED, Response(421, PROBLEM, b'{"code": "UNKNOWN_HOST", "request_id": "r1"}'), None),
        (ASKED, Response(400, PROBLEM, b'{"code": "UNKNOWN_HOST", "request_id": "r1"}'), "with status 400"),
        (replace(ASKED, caller="author"), answer(data={"title": SECRET}), None),
        (replace(ASKED, body=b"asyncpg"), answer(data={"title": "asyncpg"}), None),
    ],
)
def test_an_answer_that_nobody_should_get_is_told(request_: Request, response: Response, told: str | None):
    if told is None:
        check(request_, response)
        return
    with pytest.raises(Wrong, match=told):
        check(request_, response)


def test_a_request_is_shown_as_a_command_that_sends_the_same():
    shown = replace(ASKED, body=b'{"query": "{ a(b: \'c\') }"}').curl()

    sent = shlex.split(shown)
    assert sent[:5] == ["curl", "-sS", "-X", "POST", "http://127.0.0.1:8000/graphql"]
    assert sent[5:] == ["-H", "accept: application/json", "--data-binary", '{"query": "{ a(b: \'c\') }"}']
