"""Streams over real sockets: the public clients of both protocols through a restart, and a client that takes nothing.

Without Node: tests/api/graphql/test_websocket.py and test_event_streams.py.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets
from starlette.applications import Starlette

import models
from api.app import create_app
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from core.settings import Settings
from scripts import sockets
from services import keys, lives, streams
from services.runtime import Runtime
from services.streams import Happened
from tests import make
from tests.contract import packages
from tests.contract.test_audits import Telling

COUNTS = """
subscription ($id: ID!, $after: String) {
  liveRoom(contentId: $id, after: $after) { cursor ... on LiveViewersChanged { viewersCount } }
}
"""


@asynccontextmanager
async def served(
    db: Database, clock: FixedClock, port: int = 0, **set_: object
) -> AsyncIterator[tuple[int, Starlette]]:
    """The application on a port of this machine; when it ends it does so as `headwater serve` does."""
    settings = Settings(data=Path("/nowhere"), _env_file=None, **set_)  # type: ignore[arg-type]
    app = create_app(settings, Runtime(settings, db, clock, index=None, store=None))  # type: ignore[arg-type]  # nothing here searches
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = Telling(sockets.configured(app, settings))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.listens.wait()
        try:
            yield listening.getsockname()[1], app
        finally:
            app.state.connections.end()
            server.should_exit = True
            await serving


async def room(db: Database) -> tuple[models.Content, str]:
    """A live room, and the cursor from which to follow it."""
    async with db.session() as session:
        content = await make.content(session, await make.creator(session), format=models.Format.LIVE)
        session.add(models.LiveRoom(content_id=content.id, starts_at=make.EARLY))
        return content, (await lives.tails(session, SYSTEM, [content.id]))[content.id]


async def count(db: Database, clock: FixedClock, content: models.Content, *numbers: int) -> None:
    of_room = lives.of_room(content.id)
    async with db.session() as session:
        happened = [Happened(of_room, lives.VIEWERS, {"count": number, "peak": 0}) for number in numbers]
        await streams.append(session, happened, at=clock.now())


async def read_on(client: websockets.ClientConnection, read: list[str | bytes]) -> None:
    async for message in client:
        read.append(message)  # noqa: PERF401  (what came before it was closed counts)


async def test_the_public_clients_miss_nothing_when_the_server_is_restarted(
    committed: Database, clock: FixedClock
) -> None:
    installed = packages.needed()
    content, after = await room(committed)
    async with committed.session() as session:
        account = await make.account(session, name="Ada")
        issued = await keys.create(session, SYSTEM, account.uid, "test", ["content:write"], clock=clock)
    script, id_ = Path(__file__).with_name("live.mjs"), global_id("Content", content.uid)

    async with served(committed, clock) as (port, _):
        given = (str(installed), f"http://127.0.0.1:{port}", id_, after, "60", issued.secret)
        following = await asyncio.create_subprocess_exec("node", str(script), *given, stdout=asyncio.subprocess.PIPE)
        assert following.stdout is not None
        for number in range(30):
            await count(committed, clock, content, number)
        assert await asyncio.wait_for(following.stdout.readline(), 20) == b"half\n"
    await count(committed, clock, content, *range(30, 45))
    async with served(committed, clock, port):
        for number in range(45, 60):
            await count(committed, clock, content, number)
        told = json.loads(await asyncio.wait_for(following.stdout.readline(), 20))
        assert await asyncio.wait_for(following.wait(), 10) == 0

    assert told["ws"] == told["sse"] == list(range(60))
    assert told["closes"][0] == 1012
    assert (told["name"], told["refused"]) == ("Ada", "VALIDATION_FAILED")


async def test_a_client_that_reads_nothing_is_told_to_come_back_later(committed: Database, clock: FixedClock) -> None:
    content, after = await room(committed)
    text = "x" * 4_000
    # long names make long answers: the buffers between two sockets hold some megabytes
    document = COUNTS.replace("cursor", f"cursor {text}: __typename")
    variables = {"id": global_id("Content", content.uid), "after": after}
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": document, "variables": variables}}
    await count(committed, clock, content, *range(4_000))

    async with served(committed, clock, stream_write_ms=300) as (port, app):
        url = f"ws://127.0.0.1:{port}/graphql"
        async with websockets.connect(
            url, subprotocols=["graphql-transport-ws"], compression=None, max_queue=1
        ) as client:  # type: ignore[list-item]
            await client.send('{"type": "connection_init"}')
            assert json.loads(await client.recv()) == {"type": "connection_ack"}
            await client.send(json.dumps(subscribe))
            async with asyncio.timeout(20):
                while app.state.connections.count:  # noqa: ASYNC110  (nothing tells of it)
                    await asyncio.sleep(0.02)
            read: list[str | bytes] = []
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await read_on(client, read)

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "SLOW_READER")
    assert 0 < len(read) < 4_000
