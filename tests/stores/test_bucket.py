from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import Misconfigured
from core.store import Patience, Store, StoreAway, open_store
from tests.stores.contract import Contract, pieces
from tests.stores.server import KEYS, Buckets

HEAD = b'Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\nETag: "a"\r\n'
Told = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TestBucket(Contract):
    @pytest.fixture
    def kept(self, bucket: Store) -> Store:
        return bucket


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A bucket at a server that says what it is told to."""

    @asynccontextmanager
    async def opened(say: Told, patience: Patience) -> AsyncIterator[Store]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await say(reader, writer)
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

        begun: list[asyncio.Task[None]] = []
        server = await asyncio.start_server(
            lambda *streams: begun.append(asyncio.create_task(answer(*streams))), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
            monkeypatch.setenv(name, value)
        async with server:
            yield open_store("s3://pictures", tmp_path / "assets", patience=patience)
            await asyncio.wait_for(asyncio.gather(*begun, return_exceptions=True), 5)

    return opened


async def test_a_bucket_that_is_not_there_takes_nothing(buckets: Buckets, monkeypatch, tmp_path: Path):
    for name, value in buckets.environment.items():
        monkeypatch.setenv(name, value)
    store = open_store("s3://nobody-made-this", tmp_path / "assets")

    with pytest.raises(StoreAway):
        await store.put("ab/abcd", b"a picture")
    with pytest.raises(StoreAway):
        await store.put("ab/abcd", pieces(b"a picture"))


async def test_a_write_that_broke_off_leaves_no_parts_in_the_bucket(bucket: Store, buckets: Buckets):
    async def broken() -> AsyncIterator[bytes]:
        yield b"a" * (9 << 20)
        raise RuntimeError("gone away")

    with pytest.raises(RuntimeError):
        await bucket.put("ab/abcd", broken())

    name = bucket.objects.config["bucket"]
    assert b"<Upload>" not in buckets.ask("GET", f"{name}?uploads")


async def test_a_transfer_that_takes_its_time_is_not_cut(elsewhere):
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n" + HEAD + b"\r\n")
        for _ in range(12):
            await asyncio.sleep(0.03)
            writer.write(b"x")
            await writer.drain()

    async with elsewhere(trickle, Patience(timedelta(seconds=0.25), 0)) as store:
        assert await store.read("ab/abcd") == b"x" * 12


async def test_a_bucket_that_falls_silent_is_away(elsewhere):
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with elsewhere(silent, Patience(timedelta(seconds=0.05), 0)) as store:
        async with asyncio.timeout(5):
            with pytest.raises(StoreAway):
                await store.read("ab/abcd")


async def test_what_the_bucket_fails_at_once_is_tried_again(elsewhere):
    answers = [
        b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + HEAD + b"\r\nx",
    ]

    async def failing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answers and await reader.readuntil(b"\r\n\r\n"):
            writer.write(answers.pop(0))

    async with elsewhere(failing, Patience(retries=1)) as store:
        assert await store.read("ab/abcd") == b"x"


async def test_a_bucket_that_lets_nobody_in_is_away_and_the_log_says_why(elsewhere):
    async def closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with elsewhere(closed, Patience(retries=0)) as store:
        with capture_logs() as logged, pytest.raises(StoreAway):
            await store.byte_count("ab/abcd")

    assert [(line["event"], line["failure"]) for line in logged] == [("store.failed", "PermissionDeniedError")]
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(logged)


async def test_copies_that_a_killed_reader_left_are_taken_away(bucket: Store):
    await bucket.put("ab/abcd", b"a picture")
    async with bucket.file("ab/abcd") as path:
        left = path.with_name("left") / "half"
        left.parent.mkdir()
        left.write_bytes(b"half")

        assert await bucket.remove_unfinished(datetime.now(UTC) - timedelta(hours=1)) == 0
        assert await bucket.remove_unfinished(datetime.now(UTC) + timedelta(hours=1)) == 2

    assert not left.parent.exists()


@pytest.mark.parametrize("url", ["ftp://somewhere/else", "s3://", "pictures", "file://relative", "http://host/bucket"])
def test_an_address_of_no_store_is_said_at_the_start(url: str, tmp_path: Path):
    with pytest.raises(Misconfigured, match="HEADWATER_ASSET_STORE"):
        open_store(url, tmp_path / "assets")
