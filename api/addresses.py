"""Where a request comes from, behind proxies too: whose buckets strangers share."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
HOUSEHOLD = 64
"""The bits of an IPv6 address that one customer gets: whoever has them has all addresses behind."""


def of(connection: HTTPConnection, trusted: str) -> str:
    """The client's address, that of its network for IPv6. `trusted` are the proxies whose X-Forwarded-For is believed:
    from the right, the first address that is none of theirs.
    """
    found = _parsed(connection.client.host) if connection.client else None
    networks = _networks(trusted)
    if found is None or not _is_in(found, networks):
        return _shown(found)
    forwarded = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    for text in reversed(forwarded):
        named = _parsed(text.strip())
        if named is None:
            break
        found = named
        if not _is_in(named, networks):
            break
    return _shown(found)


@lru_cache(maxsize=8)
def _networks(trusted: str) -> tuple[Network, ...]:
    return tuple(ip_network(one.strip(), strict=False) for one in trusted.split(",") if one.strip())


def _parsed(text: str) -> Address | None:
    """An address as it stands in the header: perhaps with a port, IPv6 perhaps in brackets, IPv4 perhaps mapped into it."""
    host = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _shown(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, HOUSEHOLD), strict=False))
    return UNKNOWN if address is None else str(address)
