"""Files on their way to clients that are slow, take nothing, or go away: they hold no session and no memory, and end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import models
from api import files
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from tests import make
from tests.api.door import Door, opened

FILM = bytes(range(256)) * 4_800  # ten pieces


class Taker:
    """A client at the application's own level: it takes pieces as it likes, and may go away."""

    def __init__(self, door: Door, path: str) -> None:
        self.app = door.client._transport.app  # type: ignore[attr-defined]
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"headwater.example")],
            "client": ("127.0.0.1", 1),
            "server": ("headwater.example", 80),
            "state": {},
        }
        self.taken: list[int] = []
        self.gone = asyncio.Event()

    async def take(self) -> None:
        """Every piece."""

    async def run(self) -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                self.taken.append(len(message["body"]))
                await self.take()

        await self.app(self.scope, receive, send)


@pytest.fixture
async def quick(db: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(db, clock, data=tmp_path, request_timeout_ms=100, file_write_ms=100) as there:
        yield there


async def long_film(door: Door) -> str:
    assert door.store is not None
    async with door.db.session() as session:
        film = await make.held(session, door.store, FILM, "video/mp4", kind=models.AssetKind.VIDEO)
    await door.live(covers=(film,))
    return f"/assets/{film.uid}"


async def test_a_download_may_take_longer_than_a_request(quick: Door):
    taker = Taker(quick, await long_film(quick))

    async def slowly() -> None:
        await asyncio.sleep(0.02)

    taker.take = slowly  # type: ignore[method-assign]
    began = time.monotonic()
    await taker.run()

    assert time.monotonic() - began > 0.1
    assert sum(taker.taken) == len(FILM)
    assert max(taker.taken) <= 2 * files.PIECE


async def test_a_client_that_takes_nothing_more_is_cut_off(quick: Door):
    taker = Taker(quick, await long_film(quick))

    async def never() -> None:
        await asyncio.Event().wait()

    taker.take = never  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await taker.run()

    assert len(taker.taken) == 1


async def test_a_client_that_goes_away_ends_the_reading(quick: Door, monkeypatch: pytest.MonkeyPatch):
    taker = Taker(quick, await long_film(quick))
    read: list[int] = []
    stream = Store.stream

    async def counting(self: Store, *given: Any, **named: Any) -> AsyncIterator[bytes]:
        async for piece in stream(self, *given, **named):
            read.append(len(piece))
            yield piece

    async def leave() -> None:
        taker.gone.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Store, "stream", counting)
    taker.take = leave  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await taker.run()

    assert len(taker.taken) == len(read) == 1


async def test_what_is_read_is_read_without_a_session(quick: Door):
    taker = Taker(quick, await long_film(quick))
    free: list[bool] = []

    async def look() -> None:
        free.append(not quick.db._turn.locked())  # type: ignore[attr-defined]

    taker.take = look  # type: ignore[method-assign]
    await taker.run()

    assert set(free) == {True}
