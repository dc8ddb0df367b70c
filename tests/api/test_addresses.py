"""Where a request comes from: the peer, or whom a trusted proxy names."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from api import addresses

PROXIES = "10.0.0.0/8, 2001:db8:ffff::/48, 192.0.2.1"


def of(peer: str | None, *forwarded: str, trusted: str = PROXIES) -> str:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    client = None if peer is None else (peer, 1234)
    return addresses.of(Request({"type": "http", "headers": headers, "client": client}), trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        # who is no proxy of ours may say what it likes
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", ["198.51.100.7:4711"], "198.51.100.7"),
        ("::ffff:10.1.2.3", ["198.51.100.7"], "198.51.100.7"),
        # only what our own proxies saw counts: what stands left of it a client may have written itself
        ("10.1.2.3", ["1.1.1.1, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("10.1.2.3", ["1.1.1.1", "198.51.100.7", "192.0.2.1"], "198.51.100.7"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.7, nonsense, 10.9.9.9"], "10.9.9.9"),
        ("10.1.2.3", ["10.4.4.4"], "10.4.4.4"),
        # one customer has a network of IPv6 addresses
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:ffff::1", ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::/64"),
        (None, [], "unknown"),
        ("testclient", [], "unknown"),
    ],
)
def test_the_address_of_a_client(peer: str | None, forwarded: list[str], found: str) -> None:
    assert of(peer, *forwarded) == found


def test_nobody_is_believed_unless_told() -> None:
    assert of("10.1.2.3", "198.51.100.7", trusted="") == "10.1.2.3"
