"""What every source gives: lines of our own format, one record each, in the order of an import."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from core.errors import Invalid
from models.texts import scrub
from services.interchange import bodies
from services.interchange.records import uid_for

TITLE_LENGTH, KEY_LENGTH = 500, 500
_SPACE = re.compile(r"\s+")


class Unreadable(Invalid):
    """The input as a whole is not what it seemed to be."""

    code = "UNREADABLE_INPUT"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a foreign format does not say: whose contents these are, in which language, under which tags."""

    creator: UUID | None = None
    language: str = "en"
    tags: tuple[str, ...] = ()
    before: tuple[dict[str, Any], ...] = field(default=())  # records to stand first, such as that of a new creator

    def need_creator(self) -> str:
        if self.creator is None:
            raise Unreadable("This input has no creator of its own: name one with --creator HANDLE.")
        return str(self.creator)


def line(text: str | None, limit: int = TITLE_LENGTH) -> str:
    """A text in one line that can be published."""
    cleaned = _SPACE.sub(" ", scrub(text or "")).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1].rstrip() + "…"


def source_of(address: str | None, otherwise: str) -> str:
    """The name of a source: the host of its address, which stays when its pages move."""
    host = urlsplit(address).hostname if address else None
    return line(host or otherwise, KEY_LENGTH) or "import"


def asset(url: str | None, **facts: Any) -> dict[str, Any] | None:
    """The record of a picture that stays a link; None when the address cannot stand anywhere."""
    kept = bodies.link(url or "")
    if kept is None or kept.startswith("mailto:"):
        return None
    return {"type": "asset", "uid": str(bodies.picture_uid(kept)), "kind": "IMAGE", "url": kept} | facts


def article(
    source: str, key: str, defaults: Defaults, revision: dict[str, Any], *, covers: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """A content with the pictures that stand for it. Without a key it is refused later, and so has no uid to be kept."""
    yield from covers
    title = revision.pop("title", "") or "Untitled"
    yield {
        "type": "content", "uid": str(uid_for(source, key)) if key else None, "source": source, "external_key": key,
        "creator": defaults.need_creator(), "format": "ARTICLE", "language": defaults.language,
        "tags": [{"tag": tag} for tag in defaults.tags],
        "revisions": [{"title": title, "covers": [cover["uid"] for cover in covers]} | revision],
    }  # fmt: skip


def stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dumped(record: dict[str, Any]) -> bytes:
    return orjson.dumps({name: value for name, value in record.items() if value is not None})
