"""Fetching what others name by an address, without becoming their way into our network.

The name is resolved once, every address it has is checked, and the connection goes to a checked address: what a name
means later cannot change where we connect. Redirects are followed by the same rules, few; no proxy of the environment
is used; size and time are bounded.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import BinaryIO

import httpx2

from core.errors import Invalid, Unavailable

# what is_global takes for public and is none, or leads to an address of another kind
_NOT_PUBLIC = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "::ffff:0:0/96"))
)
PORTS = frozenset({80, 443})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 65_536

Resolve = Callable[[str, int], Awaitable[list[str]]]
Sink = Callable[[bytes], Awaitable[None]]


class UnsafeAddress(Invalid):
    """The address leads, or may lead, inside."""

    code = "UNSAFE_ADDRESS"


class CannotFetch(Unavailable):
    """The other side does not answer, or not with what was asked for."""

    code = "CANNOT_FETCH"


@dataclass(frozen=True, slots=True)
class Limits:
    """`inside` lets addresses of inner networks and any port pass: for tests and for operators who mean it."""

    byte_count: int = 256 * 1024 * 1024
    seconds: float = 120.0
    silence_seconds: float = 15.0
    redirects: int = 3
    inside: bool = False


def is_public(address: str) -> bool:
    """Whether an IP address stands for a machine on the public internet."""
    parsed = ip_address(address)
    if any(parsed in network for network in _NOT_PUBLIC if network.version == parsed.version):
        return False
    return _is_plainly_public(parsed)


def _is_plainly_public(parsed: IPv4Address | IPv6Address) -> bool:
    return parsed.is_global and not (
        parsed.is_multicast or parsed.is_reserved or parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified
    )


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotFetch(f"{host} has no address ({error}).") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def fetch(url: str, into: BinaryIO, *, limits: Limits | None = None, resolve: Resolve = resolve) -> str:
    """Write what stands at `url` into a file and return the address it came from in the end.

    UnsafeAddress when it leads inside, CannotFetch when it cannot be had within the limits.
    """

    async def write(chunk: bytes) -> None:
        into.write(chunk)

    return await stream(url, write, limits=limits, resolve=resolve)


async def stream(url: str, into: Sink, *, limits: Limits | None = None, resolve: Resolve = resolve) -> str:
    """The same, with each piece handed on as it comes: the next is read when that was taken. What `into` raises passes."""
    limits = limits or Limits()
    try:
        async with asyncio.timeout(limits.seconds), _client(limits) as client:
            for _ in range(limits.redirects + 1):
                onward = await _attempt(client, url, into, limits, resolve)
                if onward is None:
                    return url
                url = onward
    except TimeoutError as error:
        raise CannotFetch(f"{url} took longer than {limits.seconds:g} s.") from error
    except httpx2.HTTPError as error:
        raise CannotFetch(f"{url} cannot be fetched ({type(error).__name__}: {error}).") from error
    raise CannotFetch(f"{url} redirects more than {limits.redirects} times.")


def _client(limits: Limits) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(limits.silence_seconds))


async def _attempt(client: httpx2.AsyncClient, url: str, into: Sink, limits: Limits, resolve: Resolve) -> str | None:
    """One request to a checked address; the address to go on to when it redirects."""
    target = _parsed(url, limits)
    address = await _checked_address(target, limits, resolve)
    pinned = target.copy_with(host=address)
    headers = {"Host": target.netloc.decode("ascii"), "Accept-Encoding": "identity", "User-Agent": "headwater"}
    request = client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": target.host})
    response = await client.send(request, stream=True)
    try:
        if response.status_code in REDIRECTS and "location" in response.headers:
            return str(target.join(response.headers["location"]))
        if response.status_code != 200:
            raise CannotFetch(f"{url} answers {response.status_code}.")
        await _copy(response, into, limits, url)
    finally:
        await response.aclose()
    return None


def check(url: str, limits: Limits | None = None) -> None:
    """UnsafeAddress when it can be seen of an address, without asking anybody, that it is not fetched from."""
    _parsed(url, limits or Limits())


def _parsed(url: str, limits: Limits) -> httpx2.URL:
    try:
        target = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise UnsafeAddress(f"{url[:200]!r} is no address ({error}).") from error
    if target.scheme not in {"http", "https"} or not target.host:
        raise UnsafeAddress(f"{url[:200]!r}: give an address that starts with http:// or https://.")
    if target.userinfo:
        raise UnsafeAddress("An address with a password in it is not fetched.")
    if not limits.inside and _port(target) not in PORTS:
        raise UnsafeAddress(f"{url[:200]!r}: only the ports 80 and 443 are fetched from.")
    return target


def _port(target: httpx2.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


async def _checked_address(target: httpx2.URL, limits: Limits, resolve: Resolve) -> str:
    found = await resolve(target.host, _port(target))
    if not found:
        raise CannotFetch(f"{target.host} has no address.")
    if not limits.inside:
        for address in found:
            # one bad address among good ones is how a name is made to lead inside
            if not is_public(address.split("%")[0]):
                raise UnsafeAddress(f"{target.host} leads to {address}, which is not on the public internet.")
    return found[0]


async def _copy(response: httpx2.Response, into: Sink, limits: Limits, url: str) -> None:
    size = 0
    async for chunk in response.aiter_raw(CHUNK):
        size += len(chunk)
        if size > limits.byte_count:
            raise CannotFetch(f"{url} is larger than {limits.byte_count:,} bytes.")
        await into(chunk)
