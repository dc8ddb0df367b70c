"""Public identities: a UUIDv7 made here at creation, never by the database, and the global ids built on it."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

import uuid_utils.compat

from core.errors import Invalid


class MalformedId(Invalid):
    """The text is not an id that this API has handed out."""

    code = "MALFORMED_ID"


def new_uid() -> UUID:
    """A fresh UUIDv7 (RFC 9562 §5.7): time-ordered, so indexes over it stay compact."""
    return uuid_utils.compat.uuid7()


def global_id(type_name: str, uid: UUID) -> str:
    """`type:uuid` in URL-safe base64 without padding: the `ID` of the GraphQL API."""
    raw = type_name.encode() + b":" + uid.bytes
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parse_global_id(text: str) -> tuple[str, UUID]:
    """The type name and the uuid inside a global id; MalformedId when it is none."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        name, separator, uid = raw[:-17], raw[-17:-16], raw[-16:]
        if separator != b":" or not name.isalpha():
            raise MalformedId(f"{text[:80]!r} is not an id: use one that this API returned.")
        parsed = UUID(bytes=uid)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(f"{text[:80]!r} is not an id: use one that this API returned.") from error
    if global_id(name.decode(), parsed) != text:
        raise MalformedId(f"{text[:80]!r} is not an id: use one that this API returned.")
    return name.decode(), parsed
