"""Following live in tests: the whole application as a server runs it, its WebSockets and streams of events without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from api.app import create_app
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from services.runtime import Runtime

SECONDS = 5.0
"""Longer than anything takes that is going to happen."""


@dataclass
class Socket:
    """The client's side of a WebSocket. What is not taken is not sent: the server waits."""

    app: Starlette
    scope: dict[str, Any]
    inbox: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(1))
    serving: asyncio.Task[None] | None = None

    async def open(self) -> dict[str, Any]:
        """Shake hands; the server's answer to that."""
        await self.inbox.put({"type": "websocket.connect"})
        self.serving = asyncio.create_task(self.app(self.scope, self.inbox.get, self.outbox.put))
        return await self.heard()

    async def heard(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.outbox.get(), SECONDS)

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        await self.inbox.put({"type": "websocket.receive", "text": text})

    async def next(self) -> dict[str, Any]:
        """The next message of the server."""
        heard = await self.heard()
        assert heard["type"] == "websocket.send", heard
        message: dict[str, Any] = orjson.loads(heard["text"])
        return message

    async def closed(self) -> tuple[int, str]:
        """(code, reason) with which the server closes now."""
        heard = await self.heard()
        assert heard["type"] == "websocket.close", heard
        return heard["code"], heard.get("reason", "")

    async def introduced(self, **payload: Any) -> Socket:
        await self.open()
        await self.say({"type": "connection_init", "payload": payload})
        assert await self.next() == {"type": "connection_ack"}
        return self

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:
        await self.say({"id": id_, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def payloads(self, id_: str, count: int) -> list[dict[str, Any]]:
        """The data of the next so many events of an operation, which must be without errors."""
        found = []
        for _ in range(count):
            message = await self.next()
            assert (message["id"], message["type"]) == (id_, "next"), message
            assert "errors" not in message["payload"], message
            found.append(message["payload"]["data"])
        return found

    async def leave(self) -> None:
        """The client is gone, all of a sudden."""
        await self.inbox.put({"type": "websocket.disconnect", "code": 1006})
        assert self.serving is not None
        await asyncio.wait_for(self.serving, SECONDS)


@dataclass
class Events:
    """The client's side of a stream of events."""

    app: Starlette
    scope: dict[str, Any]
    body: bytes
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(1))
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    serving: asyncio.Task[None] | None = None
    left: bytes = b""

    async def open(self) -> tuple[int, dict[str, str]]:
        """(status, headers) of the response."""
        self.serving = asyncio.create_task(self.app(self.scope, self._receive, self.outbox.put))
        start = await asyncio.wait_for(self.outbox.get(), SECONDS)
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def _receive(self) -> dict[str, Any]:
        if self.body is not None:
            body, self.body = self.body, None  # type: ignore[assignment]
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def part(self) -> bytes | None:
        """The next part of the body; None when it is over."""
        message = await asyncio.wait_for(self.outbox.get(), SECONDS)
        return message["body"] if message.get("more_body") else None

    async def next(self) -> dict[str, str]:
        """The fields of the next event that is no comment."""
        while True:
            part = await self.part()
            assert part is not None, "the stream is over"
            lines = [line for line in part.decode().split("\n") if line and not line.startswith(":")]
            if lines:
                return {line.partition(":")[0]: line.partition(":")[2].removeprefix(" ") for line in lines}

    async def whole(self) -> Any:
        """The body of an answer that is no stream."""
        body = b""
        while True:
            message = await asyncio.wait_for(self.outbox.get(), SECONDS)
            body += message["body"]
            if not message.get("more_body"):
                return orjson.loads(body)

    async def leave(self) -> None:
        self.gone.set()
        assert self.serving is not None
        await asyncio.wait_for(self.serving, SECONDS)


@dataclass
class Server:
    """The application over a test's database."""

    app: Starlette
    db: Database
    clock: FixedClock
    doors: list[Socket | Events] = field(default_factory=list)

    def socket(self, *, protocols: tuple[str, ...] = ("graphql-transport-ws",), **headers: str) -> Socket:
        scope = self._scope("websocket", "/graphql", headers) | {"subprotocols": list(protocols), "scheme": "ws"}
        door = Socket(self.app, scope)
        self.doors.append(door)
        return door

    def events(self, body: Any, **headers: str) -> Events:
        known = {"accept": "text/event-stream", "content-type": "application/json"} | headers
        scope = self._scope("http", "/graphql/stream", known) | {"method": "POST", "scheme": "http"}
        door = Events(self.app, scope, body if isinstance(body, bytes) else orjson.dumps(body))
        self.doors.append(door)
        return door

    def _scope(self, kind: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
        sent = {"host": "headwater.example"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("192.0.2.1", 1234),
            "server": ("headwater.example", 80),
            "state": {},
        }

    async def followed_by(self, count: int) -> None:
        """Until so many streams have begun."""
        async with asyncio.timeout(SECONDS):
            while self.app.state.news.followers < count:  # noqa: ASYNC110  (nothing tells of it)
                await asyncio.sleep(0.001)

    @property
    def open_streams(self) -> int:
        count: int = self.app.state.connections.count
        return count


@asynccontextmanager
async def served(db: Database, clock: FixedClock, **settings: Any) -> AsyncIterator[Server]:
    known: dict[str, Any] = {"public_url": "https://headwater.example", "data": Path("/nowhere"), "_env_file": None}
    runtime = Runtime(Settings(**known | settings), db, clock, index=None, store=None)  # type: ignore[arg-type]  # nothing here searches
    app = create_app(runtime.settings, runtime)
    async with app.router.lifespan_context(app):
        server = Server(app, db, clock)
        yield server
        for door in server.doors:
            if door.serving is not None and not door.serving.done():
                door.serving.cancel()
                await asyncio.gather(door.serving, return_exceptions=True)
