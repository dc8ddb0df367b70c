from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from core.fetching import CannotFetch, Limits, UnsafeAddress, fetch, is_public

INSIDE = Limits(inside=True, seconds=5, silence_seconds=1)
Answer = Callable[[str], bytes]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[int]:
    """A server on loopback that answers each request by its path, then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(answer(head))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def onward(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


async def as_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "192.88.99.1",
    ],
)  # fmt: skip
def test_addresses_that_lead_inside_are_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111"])
def test_addresses_of_the_internet_are_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://2130706433/", "ftp://a.example/", "file:///etc",
        "http://user:secret@93.184.215.14/", "http://93.184.215.14:22/", "http:///x", "http://[::ffff:127.0.0.1]/",
    ],
)  # fmt: skip
async def test_addresses_that_lead_inside_or_are_none_are_refused_before_connecting(url: str):
    with pytest.raises(UnsafeAddress):
        await fetch(url, io.BytesIO())


async def test_one_inner_address_among_public_ones_is_enough_to_refuse():
    async def both(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(UnsafeAddress, match=r"10\.0\.0\.1"):
        await fetch("https://blog.example/feed", io.BytesIO(), resolve=both)


async def test_it_connects_to_the_checked_address_and_asks_for_the_name():
    heads: list[str] = []

    def answer(head: str) -> bytes:
        heads.append(head)
        return ok(b"feed")

    async with server(answer) as port:
        into = io.BytesIO()
        await fetch(f"http://blog.example:{port}/feed", into, limits=INSIDE, resolve=as_loopback)

    assert into.getvalue() == b"feed"
    assert f"host: blog.example:{port}" in heads[0].lower()


async def test_a_redirect_is_followed_by_the_same_rules():
    asked: list[str] = []

    async def only_blog(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with server(lambda head: ok(b"x") if "GET /new" in head else onward("/new")) as port:
        url = await fetch(f"http://blog.example:{port}/old", io.BytesIO(), limits=INSIDE, resolve=only_blog)

    assert url == f"http://blog.example:{port}/new"
    assert asked == ["blog.example", "blog.example"]


async def test_a_redirect_to_another_scheme_is_refused_and_a_circle_ends():
    async with server(lambda head: onward("file:///etc/passwd" if "/file" in head else "/again")) as port:
        with pytest.raises(UnsafeAddress):
            await fetch(f"http://127.0.0.1:{port}/file", io.BytesIO(), limits=INSIDE)
        with pytest.raises(CannotFetch, match="redirects more than 3"):
            await fetch(f"http://127.0.0.1:{port}/again", io.BytesIO(), limits=INSIDE)


async def test_what_is_too_large_too_slow_or_not_there_is_refused():
    small = Limits(inside=True, byte_count=10, seconds=5, silence_seconds=1)
    silent = Limits(inside=True, seconds=0.3)

    async with server(lambda head: ok(b"x" * 11) if "/large" in head else b"HTTP/1.1 404 No\r\n\r\n") as port:
        with pytest.raises(CannotFetch, match="larger than 10 bytes"):
            await fetch(f"http://127.0.0.1:{port}/large", io.BytesIO(), limits=small)
        with pytest.raises(CannotFetch, match="answers 404"):
            await fetch(f"http://127.0.0.1:{port}/", io.BytesIO(), limits=small)
    async with server(lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx") as port:
        with pytest.raises(CannotFetch):
            await fetch(f"http://127.0.0.1:{port}/", io.BytesIO(), limits=silent)
