"""The whole application asked without a network, each request in a transaction that is undone behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.types import Message

from api.app import create_app
from api.graphql.schema import schema
from bench import fuzz_world
from bench.fuzz_checks import Response
from bench.fuzz_requests import JSON, PATH, Request
from bench.fuzz_world import Known, OneConnection
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from core.store import open_store
from services.news import News
from services.runtime import Runtime
from tests.api.graphql import world as worlds

MOST_PARTS = 5
SECONDS = 20.0
HEARTBEAT = 20
CORE: GraphQLSchema = schema._schema  # noqa: SLF001  (Strawberry has no public name for it)


@dataclass
class Fuzzed:
    """The application over one connection, and what is known of the world in it."""

    app: Starlette
    db: OneConnection
    known: Known

    async def ask(self, request: Request) -> Response:
        """The answer, after which the world is as it was."""
        async with self.db.undone():
            return await asyncio.wait_for(_Exchange(request).run(self.app), SECONDS)


@dataclass
class _Exchange:
    """One request and its answer. Of a stream so many parts are taken, or as many as come before it falls silent."""

    request: Request
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    start: Message = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=list)
    is_read: bool = False

    async def run(self, app: Starlette) -> Response:
        await app(self._scope(), self._receive, self._send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.start["headers"]}
        return Response(self.start["status"], headers, b"".join(self.parts))

    def _scope(self) -> dict[str, Any]:
        one = self.request
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "http",
            "method": one.method,
            "path": one.path,
            "raw_path": one.path.encode(),
            "root_path": "",
            "query_string": one.query_string,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in one.headers],
            "client": ("192.0.2.1", 1234),
            "server": ("content.example", 80),
            "state": {},
        }

    async def _receive(self) -> Message:
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        part = message.get("body", b"")
        is_silent = part == b":\n\n"
        if not is_silent:
            self.parts.append(part)
        if is_silent or len(self.parts) >= MOST_PARTS:
            self.gone.set()


@asynccontextmanager
async def fuzzed(db: Database, clock: FixedClock, folder: Path) -> AsyncIterator[Fuzzed]:
    """The application over an empty, migrated database, in which the world is then written."""
    async with db.session() as session:
        known, world = await fuzz_world.build(session, clock)
    one = OneConnection(db)
    index = await worlds.stale_index(folder / "index", world)
    settings = Settings(
        profile="production",
        public_url="https://content.example",
        data=folder,
        anonymous_bucket=0,
        account_bucket=0,
        _env_file=None,
    ).model_copy(update={"stream_heartbeat_ms": HEARTBEAT})
    app = create_app(settings, Runtime(settings, one, clock, index, open_store("", folder / "assets")))
    async with app.router.lifespan_context(app):
        # it listens beside the requests, for as long as all of them
        news = app.state.news = News(db)
        server = Fuzzed(app, one, known)
        await fuzz_world.learn_cursors(known, lambda text: _data(server, text))
        yield server
        await news.close()
    await index.close()


async def _data(server: Fuzzed, text: str) -> dict[str, Any]:
    headers = (("host", "content.example"), ("content-type", JSON))
    answer = await server.ask(Request("anonymous", "POST", PATH, b"", headers, orjson.dumps({"query": text})))
    found: dict[str, Any] = orjson.loads(answer.body)["data"]
    return found
