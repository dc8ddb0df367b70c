"""GraphQL over server-sent events: what is told by a status, what by an event, and how a client goes on where it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from services import keys, lives, loops, publishing, streams
from services.streams import Happened
from tests import make
from tests.api.graphql.live import Server, served

COUNTS = """
subscription ($id: ID!, $after: String) {
  liveRoom(contentId: $id, after: $after) { cursor ... on LiveViewersChanged { viewersCount } }
}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.01)


@pytest.fixture
async def server(db: Database, clock: FixedClock) -> AsyncIterator[Server]:
    async with served(db, clock) as there:
        yield there


@pytest.fixture
async def content(db: Database) -> models.Content:
    async with db.session() as session:
        creator = await make.creator(session)
        row = await make.content(session, creator, format=models.Format.LIVE)
        session.add(models.LiveRoom(content_id=row.id, starts_at=make.EARLY))
        await session.flush()
        return row


async def count(server: Server, content: models.Content, *counts: int) -> None:
    """So many watch, one after the other."""
    of_room = lives.of_room(content.id)
    async with server.db.session() as session:
        happened = [Happened(of_room, lives.VIEWERS, {"count": one, "peak": 0}) for one in counts]
        await streams.append(session, happened, at=server.clock.now())


def asking(content: models.Content, after: str | None = None) -> dict[str, Any]:
    return {"query": COUNTS, "variables": {"id": global_id("Content", content.uid), "after": after}}


def counted(event: dict[str, str]) -> int:
    assert event["event"] == "next", event
    number: int = orjson.loads(event["data"])["data"]["liveRoom"]["viewersCount"]
    return number


async def test_a_stream_says_where_it_begins_and_what_happens_then(server: Server, content: models.Content):
    stream = server.events(asking(content))

    status, headers = await stream.open()
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert "content-length" not in headers
    assert headers["x-request-id"]
    beginning = await stream.next()
    assert beginning.keys() == {"id"}
    await count(server, content, 7, 8)
    first, second = await stream.next(), await stream.next()

    assert [counted(first), counted(second)] == [7, 8]
    assert [one["id"] for one in (first, second)] == [
        orjson.loads(one["data"])["data"]["liveRoom"]["cursor"] for one in (first, second)
    ]
    assert server.open_streams == 1
    await stream.leave()
    assert server.open_streams == 0
    assert server.app.state.news.followers == 0


async def test_the_last_event_id_wins_over_after(server: Server, content: models.Content):
    await count(server, content, 1, 2, 3)
    beginning = server.events(asking(content))
    await beginning.open()
    now = (await beginning.next())["id"]
    await count(server, content, 4, 5)
    four = (await beginning.next())["id"]

    again = server.events(asking(content, now), last_event_id=four)
    await again.open()
    assert (await again.next()) == {"id": four}
    assert counted(await again.next()) == 5
    told = server.events(asking(content, now), last_event_id="")
    await told.open()
    assert (await told.next()) == {"id": now}
    assert counted(await told.next()) == 4
    lost = server.events(asking(content, now), last_event_id="nothing")
    await lost.open()
    event = await lost.next()
    assert [error["extensions"]["code"] for error in orjson.loads(event["data"])["errors"]] == ["UNKNOWN_CURSOR"]
    assert (await lost.next()) == {"event": "complete", "data": ""}


async def test_a_query_is_a_stream_of_one_event(server: Server):
    stream = server.events({"query": "{ __typename }"})

    await stream.open()

    event = await stream.next()
    assert event["event"] == "next"
    assert orjson.loads(event["data"])["data"] == {"__typename": "Query"}
    assert (await stream.next()) == {"event": "complete", "data": ""}
    assert await stream.part() is None
    assert server.open_streams == 0


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "SYNTAX_ERROR"),
        ("subscription { nothing }", "VALIDATION_FAILED"),
        ("subscription ($a: ID!) { liveRoom(contentId: $a) { cursor } }", "BAD_VARIABLES"),
        ('subscription { liveRoom(contentId: "eA") { cursor } }', "MALFORMED_ID"),
        ('subscription { submissionStates(creatorId: "eA") { cursor } }', "NOT_SIGNED_IN"),
    ],
)
async def test_what_is_wrong_with_a_document_arrives_as_an_event(server: Server, document: str, code: str):
    stream = server.events({"query": document})

    assert (await stream.open())[0] == 200

    event = await stream.next()
    assert (event["event"], "id" in event) == ("next", False)
    body = orjson.loads(event["data"])
    assert [error["extensions"]["code"] for error in body["errors"]] == [code]
    assert "data" not in body
    assert (await stream.next()) == {"event": "complete", "data": ""}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"nothing", {}, 400, "NOT_JSON"),
        ({}, {}, 400, "QUERY_MISSING"),
        ({"query": "{ a }"}, {"content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"query": "{ a }"}, {"accept": "application/json"}, 406, "NOT_ACCEPTABLE"),
        ({"query": "{ a }"}, {"authorization": "Bearer nothing"}, 401, "MALFORMED_CREDENTIALS"),
        ({"query": "{ a }"}, {"origin": "https://evil.example"}, 403, "FOREIGN_ORIGIN"),
        ({"documentId": f"sha256:{'0' * 64}"}, {}, 404, "UNKNOWN_DOCUMENT"),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_by_its_status(
    server: Server, body: Any, headers: dict[str, str], status: int, code: str
):
    stream = server.events(body, **headers)

    found, _ = await stream.open()

    answer = await stream.whole()
    assert (found, answer["errors"][0]["extensions"]["code"]) == (status, code)


async def test_a_get_may_follow_and_not_change(server: Server, content: models.Content):
    document = (
        COUNTS.replace("($id: ID!, $after: String)", "")
        .replace("$id, after: $after", "ID")
        .replace("ID", f'"{global_id("Content", content.uid)}"')
    )
    follows, changes = (server.events(b"") for _ in range(2))
    mutation = 'mutation { takeDownContent(input: {contentId: "eA", reason: "spam"}) { __typename } }'
    for stream, text in ((follows, document), (changes, mutation)):
        query = "".join(f"%{byte:02X}" for byte in text.encode())
        stream.scope |= {"method": "GET", "query_string": f"query={query}".encode()}

    assert (await follows.open())[0] == 200
    assert (await follows.next()).keys() == {"id"}
    status, headers = await changes.open()

    assert (status, headers["allow"]) == (405, "POST")
    assert (await changes.whole())["errors"][0]["extensions"]["code"] == "MUTATION_BY_GET"


async def test_a_quiet_stream_says_that_it_lives(db: Database, clock: FixedClock, content: models.Content):
    async with served(db, clock, stream_heartbeat_ms=100) as server:
        stream = server.events(asking(content))
        await stream.open()
        await stream.next()

        assert await stream.part() == b":\n\n"
        assert await stream.part() == b":\n\n"


async def test_a_client_that_takes_nothing_is_let_go(db: Database, clock: FixedClock, content: models.Content):
    async with served(db, clock, stream_write_ms=100) as server:
        stream = server.events(asking(content))
        await stream.open()
        await stream.next()
        await count(server, content, *range(50))
        assert stream.serving is not None

        await stream.serving

        # one lay in the pipe; the server did not wait for the others to be taken, nor make them
        assert stream.outbox.qsize() == 1
        assert (server.open_streams, server.app.state.news.followers) == (0, 0)


async def test_a_stream_that_may_not_go_on_says_why(server: Server, content: models.Content):
    stream = server.events(asking(content))
    await stream.open()
    await stream.next()
    await count(server, content, 1)
    await stream.next()

    async with server.db.session() as session:
        await publishing.withdraw(session, SYSTEM, content.uid, reason="wrong", clock=server.clock)
    await count(server, content, 2)

    event = await stream.next()
    assert (event["event"], "id" in event) == ("next", False)
    assert [error["extensions"]["code"] for error in orjson.loads(event["data"])["errors"]] == ["NO_SUCH_CONTENT"]
    assert (await stream.next()) == {"event": "complete", "data": ""}


async def test_a_server_that_ends_ends_its_streams_unfinished(server: Server, content: models.Content):
    stream = server.events(asking(content))
    await stream.open()
    await stream.next()
    await count(server, content, 1)
    await stream.next()

    server.app.state.connections.end()

    # without `complete`: clients connect again and go on
    assert await stream.part() is None
    late = server.events(asking(content))
    status, headers = await late.open()
    assert (status, headers["retry-after"]) == (503, "2")
    assert (await late.whole())["errors"][0]["extensions"]["code"] == "SERVER_ENDS"


async def test_streams_are_bounded_for_a_caller(db: Database, clock: FixedClock, content: models.Content):
    async with served(db, clock, streams_per_caller=1) as server:
        async with db.session() as session:
            account = await make.account(session, name="Ada")
            issued = await keys.create(session, SYSTEM, account.uid, "test", ["content:write"], clock=clock)
        first = server.events(asking(content))
        await first.open()
        await first.next()

        second = server.events(asking(content))
        status, headers = await second.open()

        assert (status, headers["retry-after"]) == (429, "2")
        assert (await second.whole())["errors"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
        signed_in = server.events(asking(content), authorization=f"Bearer {issued.secret}")
        assert (await signed_in.open())[0] == 200


async def test_a_page_of_an_allowed_origin_may_read_the_stream(db: Database, clock: FixedClock):
    async with served(db, clock, allowed_origins="https://shop.example") as server:
        asked = server.events(b"", origin="https://shop.example", access_control_request_method="POST")
        asked.scope["method"] = "OPTIONS"
        status, headers = await asked.open()
        assert (status, headers["access-control-allow-origin"]) == (204, "https://shop.example")

        stream = server.events({"query": "{ __typename }"}, origin="https://shop.example")
        status, headers = await stream.open()
        assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example")
