"""What every source gives: lines of our own format, one record each, in the order of an import."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
SHOWN_UNDATED = 5
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


@dataclass(frozen=True, slots=True)
class Found:
    """A row or an item of a foreign input: its line or number, and the records made of it, in the order of an import.

    With `problems` it is refused, as its only record or as it came. `undated` is what it gives for a date that nobody
    can read ("" for none at all), where it is published with one.
    """

    number: int
    records: Sequence[Any]
    problems: Sequence[tuple[str, str]] = ()
    undated: str | None = None
    is_line: bool = False


@dataclass(slots=True)
class Undated:
    """How many items had no readable date, and which ones first."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.count += 1
        if len(self.first) < SHOWN_UNDATED:
            self.first.append(f"item {found.number}" + (f" ({line(found.undated, 60)})" if found.undated else ""))

    def told(self) -> str:
        entries = "entry" if self.count == 1 else "entries"
        more = f" and {self.count - len(self.first):,} more" if self.count > len(self.first) else ""
        return (
            f"{self.count:,} {entries} had no readable date: {', '.join(self.first)}{more}."
            " Such an entry counts as published when it was first imported."
        )


def article(
    number: int,
    source: str,
    key: str,
    defaults: Defaults,
    revision: dict[str, Any],
    *,
    covers: Sequence[dict[str, Any]],
    date: str = "",
) -> Found:
    """A content with the pictures that stand for it; `date` is what the item gives for one. Refused is what has nothing
    to know it by, and what is published with nothing in it.
    """
    is_draft = revision.get("state") == "DRAFT"
    problems = (
        [] if key else [("external_key", "this item has neither an id nor an address to know it by: give it a key")]
    )
    is_empty = not revision.get("title") and not covers and not _has_words(revision)
    if is_empty and not is_draft:
        problems.append(("revisions.0.title", "this item has neither a title nor a text nor a picture"))
    title = revision.get("title") or line(revision.get("summary"), 80) or ("" if problems else "Untitled")
    record = {
        "type": "content", "uid": str(uid_for(source, key)) if key else None, "source": source,
        "external_key": key or None, "creator": defaults.need_creator(), "format": "ARTICLE",
        "language": defaults.language, "tags": [{"tag": tag} for tag in defaults.tags],
        "revisions": [{"covers": [cover["uid"] for cover in covers]} | revision | {"title": title}],
    }  # fmt: skip
    if problems:
        return Found(number, [record], problems)
    undated = None if is_draft or revision.get("published_at") else date
    return Found(number, [*covers, record], undated=undated)


def _has_words(revision: dict[str, Any]) -> bool:
    if revision.get("summary") or revision.get("body"):
        return True
    try:
        return bool(bodies.of_html(revision.get("html", "")).blocks)
    except bodies.TooLong:
        return True


def stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dumped(record: Any) -> bytes:
    """The line of a record; of what is no record, as it came."""
    if not isinstance(record, dict):
        return orjson.dumps(record)
    return orjson.dumps({name: value for name, value in record.items() if value is not None})
