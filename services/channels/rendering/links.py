"""Addresses with the parameters that a channel wants on them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def linked(url: str | None, params: Mapping[str, str]) -> str | None:
    """The address with these parameters, in the order of their names; its own of the same names give way."""
    if url is None or not params:
        return url
    added = _encoded(tuple(sorted(params.items())))
    if "?" not in url and "#" not in url:
        return f"{url}?{added}"
    address = urlsplit(url)
    kept = [pair for pair in parse_qsl(address.query, keep_blank_values=True) if pair[0] not in params]
    return urlunsplit(address._replace(query="&".join(part for part in (urlencode(kept), added) if part)))


@lru_cache(maxsize=1024)
def _encoded(params: tuple[tuple[str, str], ...]) -> str:
    return urlencode(params)
