"""Opaque cursors: what to continue from, bound to what was asked, with a checksum and no secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from core.errors import Invalid

FORMAT = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 2_048
"""The longest cursor that is read; orders by a text take no more of it than fits."""


class UnknownCursor(Invalid):
    """The text was not handed out by this API, or was changed on the way."""

    code = "UNKNOWN_CURSOR"


class ForeignCursor(Invalid):
    """The cursor is genuine, but of another list, filter or order."""

    code = "FOREIGN_CURSOR"


def encode(scope: str, values: Sequence[Any]) -> str:
    """`values` (ints, texts, instants, nulls) as text that only `decode` with the same scope takes back."""
    payload = orjson.dumps([_pack(value) for value in values])
    head = bytes([FORMAT]) + _scope_digest(scope)
    check = zlib.crc32(head + payload).to_bytes(4, "big")
    return base64.urlsafe_b64encode(head + check + payload).rstrip(b"=").decode()


def decode(scope: str, text: str) -> list[Any]:
    """The values inside a cursor of this scope; UnknownCursor or ForeignCursor otherwise."""
    raw = _unwrap(text)
    head, check, payload = raw[:5], raw[5:9], raw[9:]
    if len(raw) < 9 or zlib.crc32(head + payload).to_bytes(4, "big") != check or head[0] != FORMAT:
        raise UnknownCursor("This cursor is not one that this API handed out: take it from an answer, unchanged.")
    if head[1:] != _scope_digest(scope):
        raise ForeignCursor("This cursor belongs to another list, filter or order: start this one without a cursor.")
    try:
        match orjson.loads(payload):
            case [*values]:
                return [_unpack(value) for value in values]
            case _:
                raise UnknownCursor("This cursor is not one that this API handed out: take it from an answer.")
    except (ValueError, OverflowError) as error:
        # the checksum is no secret: whoever computes it can put anything inside
        raise UnknownCursor("This cursor is not one that this API handed out: take it from an answer.") from error


def _unwrap(text: str) -> bytes:
    try:
        if len(text) > LONGEST:
            raise UnknownCursor("This cursor is longer than any that this API hands out.")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnknownCursor(
            "This cursor is not one that this API handed out: take it from an answer, unchanged."
        ) from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise UnknownCursor("This cursor is not one that this API handed out: take it from an answer, unchanged.")
    return raw


def _scope_digest(scope: str) -> bytes:
    return hashlib.blake2b(scope.encode(), digest_size=4).digest()


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": (value - EPOCH) // timedelta(microseconds=1)}
    return value


def _unpack(value: Any) -> Any:
    match value:
        case {"t": int(microseconds)} if not isinstance(microseconds, bool) and len(value) == 1:
            return EPOCH + timedelta(microseconds=microseconds)
        case dict() | list():
            raise ValueError("no value of a cursor")
        case _:
            return value
