"""The WebSocket protocol graphql-transport-ws: who may speak, in which order, and how a connection ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import models
from api.graphql import streaming
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from services import keys, lives, loops, streams
from services.streams import Happened
from tests import make
from tests.api.graphql.live import SECONDS, Server, Socket, served

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
ROOM = "subscription ($id: ID!, $after: String) { liveRoom(contentId: $id, after: $after) { cursor } }"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "POLL_SECONDS", 0.01)


@pytest.fixture
async def server(db: Database, clock: FixedClock) -> AsyncIterator[Server]:
    async with served(db, clock, stream_operations=3) as there:
        yield there


async def room(db: Database) -> models.Content:
    async with db.session() as session:
        creator = await make.creator(session)
        content = await make.content(session, creator, format=models.Format.LIVE)
        session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
        await session.flush()
        return content


async def count(db: Database, clock: FixedClock, content: models.Content, events: int) -> None:
    """So many things happen in a room."""
    happened = [Happened(lives.of_room(content.id), lives.VIEWERS, {"count": one, "peak": 0}) for one in range(events)]
    async with db.session() as session:
        await streams.append(session, happened, at=clock.now())


async def test_queries_and_refusals_have_their_messages(server: Server):
    socket = server.socket()
    assert await socket.open() == {"type": "websocket.accept", "subprotocol": "graphql-transport-ws", "headers": []}
    await socket.say({"type": "ping"})
    assert await socket.next() == {"type": "pong"}
    await socket.say(INIT)
    assert await socket.next() == ACK
    await socket.say({"type": "ping", "payload": {"at": 7}})
    assert await socket.next() == {"type": "pong", "payload": {"at": 7}}
    await socket.say({"type": "pong"})
    await socket.say({"type": "complete", "id": "of nothing"})

    payload = {"query": "query A { __typename } query B { b: __typename }", "operationName": "B"}
    await socket.say({"id": "1", "type": "subscribe", "payload": payload})
    answer = await socket.next()
    assert (answer["id"], answer["type"], answer["payload"]["data"]) == ("1", "next", {"b": "Query"})
    assert await socket.next() == {"id": "1", "type": "complete"}
    await socket.subscribe("1", 'mutation { takeDownContent(input: {contentId: "eA", reason: "spam"}) { __typename } }')
    answer = await socket.next()
    assert answer["type"] == "next"
    assert (await socket.next())["type"] == "complete"
    await socket.subscribe("2", "{ nothing }")
    refused = await socket.next()
    assert (refused["id"], refused["type"]) == ("2", "error")
    assert [error["extensions"]["code"] for error in refused["payload"]] == ["VALIDATION_FAILED"]
    # after an error there is no complete: the next message answers the next question
    await socket.subscribe("2", "{ __typename }")
    assert (await socket.next())["type"] == "next"


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}], 4401, "Unauthorized"),
        ([INIT, ACK, INIT], 4429, "Too many initialisation requests"),
        (["nothing"], 4400, "Messages are JSON"),
        (["[]"], 4400, "A message is an object with a type"),
        ([{"type": 1}], 4400, "A message is an object with a type"),
        ([{"type": "start"}], 4400, "Invalid message type 'start'"),
        ([{"type": "connection_init", "payload": 1}], 4400, "`payload` is an object"),
        ([{"type": "connection_init", "payload": {"Authorization": 1}}], 4400, "`authorization` is a text"),
        ([INIT, ACK, {"type": "subscribe", "payload": {"query": "{ a }"}}], 4400, "`id` is a text of 1 to 200 characters"),
        ([INIT, ACK, {"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}], 4400, "`id` is a text of 1 to 200 characters"),
        ([INIT, ACK, {"type": "subscribe", "id": "1", "payload": {"query": 1}}], 4400, "`query` is a text."),
        ([INIT, ACK, {"type": "subscribe", "id": "1"}], 4400, None),
        ([INIT, ACK, {"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}], 4400, "`variables` is a JSON object or null."),
        ([INIT, ACK, {"type": "complete"}], 4400, "`id` is a text of 1 to 200 characters"),
        ([INIT, ACK, {"type": "next", "id": "1"}], 4400, "Invalid message type 'next'"),
        ([{"type": "connection_init", "payload": {"Authorization": "Bearer nothing"}}], 4403, "MALFORMED_CREDENTIALS"),
        (['{"type": "ping", "payload": {"a": "' + "é" * 524_280 + '"}}'], 1009, "A message holds at most 1048576 bytes"),
    ],
)  # fmt: skip
async def test_what_breaks_the_protocol_closes_the_connection(
    server: Server, messages: list[Any], code: int, reason: str | None
):
    socket = server.socket()
    await socket.open()

    for message in messages:
        if message == ACK:
            assert await socket.next() == ACK
        else:
            await socket.say(message)

    closed = await socket.closed()
    assert closed[0] == code
    assert reason is None or closed[1] == reason
    assert server.open_streams == 0


async def test_only_the_one_subprotocol_is_spoken(server: Server):
    for protocols in ((), ("graphql-ws",)):
        socket = server.socket(protocols=protocols)
        assert await socket.open() == {"type": "websocket.accept", "subprotocol": None, "headers": []}
        assert await socket.closed() == (4406, "Subprotocol not acceptable")
    both = server.socket(protocols=("graphql-ws", "graphql-transport-ws"))
    assert (await both.open())["subprotocol"] == "graphql-transport-ws"


async def test_pages_of_foreign_origins_and_foreign_hosts_are_not_let_in(db: Database, clock: FixedClock):
    async with served(db, clock, allowed_origins="https://shop.example", allowed_hosts="headwater.example") as server:
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}, {"origin": "null"}):
            refused = await server.socket(**headers).open()
            assert refused["type"] == "websocket.close", headers
        for headers in ({"origin": "https://shop.example"}, {"origin": "https://headwater.example"}, {}):
            assert (await server.socket(**headers).open())["type"] == "websocket.accept", headers


async def test_whoever_does_not_introduce_themselves_in_time_is_shown_out(db: Database, clock: FixedClock):
    async with served(db, clock, stream_init_ms=100) as server:
        socket = server.socket()
        await socket.open()
        await socket.say({"type": "ping"})
        await socket.next()

        assert await socket.closed() == (4408, "Connection initialisation timeout")
        assert server.open_streams == 0


async def test_a_key_may_stand_in_the_first_message_or_in_the_handshake(
    server: Server, db: Database, clock: FixedClock
):
    async with db.session() as session:
        account = await make.account(session, name="Ada")
        issued = await keys.create(session, SYSTEM, account.uid, "test", ["content:write"], clock=clock)
    bearer = f"Bearer {issued.secret}"

    anonymous = await server.socket().introduced()
    told = await server.socket().introduced(authorization=bearer)
    shown = await server.socket(authorization=bearer).introduced()
    wins = await server.socket(authorization="Bearer nothing").introduced(Authorization=bearer)

    names = []
    for socket in (anonymous, told, shown, wins):
        await socket.subscribe("1", "{ viewer { account { name } } }")
        names.append((await socket.next())["payload"]["data"]["viewer"])
    assert names == [None, *[{"account": {"name": "Ada"}}] * 3]


async def followed(db: Database, clock: FixedClock, socket: Socket, *ids: str) -> models.Content:
    """A room that these operations follow: each was told one thing, and rests until there is more."""
    content = await room(db)
    beginning = await _tail(db, content)
    await count(db, clock, content, 1)
    for id_ in ids:
        await socket.subscribe(id_, ROOM, id=global_id("Content", content.uid), after=beginning)
        assert (await socket.next())["id"] == id_
    return content


async def test_an_operation_ends_when_the_client_says_so_and_its_name_is_free_again(
    server: Server, db: Database, clock: FixedClock
):
    socket = await server.socket().introduced()
    await followed(db, clock, socket, "1")

    await socket.say({"id": "1", "type": "complete"})
    content = await followed(db, clock, socket, "1")
    await count(db, clock, content, 1)

    assert (await socket.next())["type"] == "next"
    assert server.app.state.news.followers == 1
    await socket.subscribe("1", "{ __typename }")
    assert await socket.closed() == (4409, "Subscriber for 1 already exists")
    assert server.app.state.news.followers == 0


async def test_operations_of_a_connection_are_bounded(server: Server, db: Database, clock: FixedClock):
    socket = await server.socket().introduced()
    await followed(db, clock, socket, "0", "1", "2")

    await socket.subscribe("3", "{ __typename }")

    refused = await socket.next()
    assert (refused["id"], refused["type"]) == ("3", "error")
    assert [error["extensions"]["code"] for error in refused["payload"]] == ["TOO_MANY_AT_ONCE"]
    await socket.say({"id": "0", "type": "complete"})
    await socket.subscribe("3", "{ __typename }")
    assert (await socket.next())["type"] == "next"


async def test_connections_are_bounded_for_a_caller_and_in_all(db: Database, clock: FixedClock):
    async with served(db, clock, streams_per_caller=2, streams=3) as server:
        async with db.session() as session:
            account = await make.account(session, name="Ada")
            issued = await keys.create(session, SYSTEM, account.uid, "test", ["content:write"], clock=clock)
        first, _ = await server.socket().introduced(), await server.socket().introduced()

        third = server.socket()
        await third.open()
        await third.say(INIT)
        assert await third.closed() == (1013, "TOO_MANY_STREAMS")
        await server.socket(authorization=f"Bearer {issued.secret}").introduced()
        full = server.socket(authorization=f"Bearer {issued.secret}")
        await full.open()
        assert await full.closed() == (1013, "TOO_MANY_STREAMS")
        assert server.open_streams == 3
        await first.leave()
        await server.socket().introduced()


async def test_a_client_that_takes_nothing_is_closed_and_nothing_piles_up_for_it(
    db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    made: list[Any] = []
    answer = streaming._answer

    async def noted(*given: Any) -> Any:
        made.append(given)
        return await answer(*given)

    monkeypatch.setattr(streaming, "_answer", noted)
    async with served(db, clock, stream_write_ms=100) as server:
        content = await room(db)
        socket = await server.socket().introduced()
        beginning = await _tail(db, content)
        await socket.subscribe("1", ROOM, id=global_id("Content", content.uid), after=beginning)
        await count(db, clock, content, 500)
        # one message lies in the pipe, the next one waits for it: no more are made
        async with asyncio.timeout(SECONDS):
            while socket.serving is not None and server.open_streams:  # noqa: ASYNC110  (nothing tells of it)
                await asyncio.sleep(0.005)

        assert len(made) == 2
        assert (await socket.next())["type"] == "next"
        assert await socket.closed() == (1013, "SLOW_READER")
        assert server.open_streams == 0
        assert server.app.state.news.followers == 0


async def _tail(db: Database, content: models.Content) -> str:
    async with db.session() as session:
        return (await lives.tails(session, SYSTEM, [content.id]))[content.id]


async def test_a_server_that_ends_tells_its_clients_to_come_back(server: Server, db: Database, clock: FixedClock):
    socket = await server.socket().introduced()
    await followed(db, clock, socket, "1")
    waiting = server.socket()
    await waiting.open()

    server.app.state.connections.end()

    assert await socket.closed() == (1012, "SERVER_ENDS")
    assert await waiting.closed() == (1012, "SERVER_ENDS")
    late = server.socket()
    await late.open()
    assert await late.closed() == (1012, "SERVER_ENDS")
    assert server.open_streams == 0


async def test_an_accident_is_told_without_details_and_ends_only_its_operation(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("SECRET")

    socket = await server.socket().introduced()
    with monkeypatch.context() as patched:
        patched.setattr("api.graphql.streaming.opened", broken)
        await socket.subscribe("1", "{ __typename }")
        message = await socket.next()

    assert (message["id"], message["type"]) == ("1", "error")
    assert [error["extensions"]["code"] for error in message["payload"]] == ["INTERNAL"]
    assert "SECRET" not in str(message)
    await socket.subscribe("1", "{ __typename }")
    assert (await socket.next())["type"] == "next"
