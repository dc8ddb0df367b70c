"""The public audits of GraphQL over HTTP against a server on a socket. Without Node: tests/api/graphql/test_audits.py."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from api.app import create_app
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from scripts import sockets
from services.runtime import Runtime
from tests.contract import packages

HEAD = b"HEAD /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
FILLED = b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: "
BODY = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 400000\r\n\r\n"


class Telling(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@asynccontextmanager
async def served(db: Database, clock: FixedClock) -> AsyncIterator[tuple[str, int]]:
    """Host and port of the application, as `headwater serve` has it, for as long as needed."""
    settings = Settings(profile="development", data=Path("/nowhere"), _env_file=None)
    runtime = Runtime(settings, db, clock, index=None, store=None)  # type: ignore[arg-type]  # nothing here searches
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Telling(sockets.configured(create_app(settings, runtime), settings))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.listens.wait()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            await serving


async def raw(host: str, port: int, sent: bytes) -> bytes:
    """Everything that is answered until the server closes the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_every_must_and_should_of_the_public_audits_holds(db: Database, clock: FixedClock) -> None:
    installed = packages.needed()
    script = Path(__file__).with_name("audits.mjs")

    async with served(db, clock) as (host, port):
        audits = await asyncio.create_subprocess_exec(
            "node", str(script), str(installed), f"http://{host}:{port}/graphql", stdout=asyncio.subprocess.PIPE
        )
        told, _ = await asyncio.wait_for(audits.communicate(), 30)

    results: list[dict[str, Any]] = json.loads(told)
    assert len(results) > 60
    assert [one for one in results if one["status"] != "ok"] == []


async def test_a_socket_shows_what_the_application_says(db: Database, clock: FixedClock) -> None:
    async with served(db, clock) as (host, port):
        head, _, body = (await raw(host, port, HEAD)).partition(b"\r\n\r\n")
        too_much = await raw(host, port, FILLED + b"x" * 17_000 + b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"etag: " in head.lower()
    assert body == b""
    assert too_much.startswith(b"HTTP/1.1 431 ")
    assert b"HEADERS_TOO_LARGE" in too_much


async def test_a_head_without_end_is_cut_off_and_a_long_body_is_not(db: Database, clock: FixedClock) -> None:
    body = b'{"query": "{ __typename }"}'.ljust(400_000)
    async with served(db, clock) as (host, port):
        # not a byte more than it takes: what a server has not read when it closes becomes a reset
        most = sockets.ROOM * (8_192 + 16_384)
        endless = await raw(host, port, FILLED.ljust(most + 1, b"x"))
        endless_line = await raw(host, port, b"GET /".ljust(most + 1, b"x"))
        twice_on_one_connection = await raw(host, port, BODY + body + HEAD)

        reader, writer = await asyncio.open_connection(host, port)
        writer.write(HEAD.replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FILLED.ljust(most + 1, b"x"))
        later_on_one_connection = await asyncio.wait_for(reader.read(), 10)
        writer.close()

    assert endless.startswith(b"HTTP/1.1 400 ")
    assert later_on_one_connection.startswith(b"HTTP/1.1 400 ")
    assert b"too large" in endless
    assert endless_line.startswith(b"HTTP/1.1 400 ")
    assert twice_on_one_connection.count(b"HTTP/1.1 200 ") == 2
