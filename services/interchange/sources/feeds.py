"""RSS, Atom and JSON Feed: an existing site becomes articles."""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import feedparser
import orjson

from models.texts import scrub
from services.interchange import bodies
from services.interchange.sources.base import (
    KEY_LENGTH,
    Defaults,
    Unreadable,
    article,
    asset,
    line,
    source_of,
    stamp,
)

# a feed is read whole; what is larger is no feed but an archive to be split
FEED_BYTES = 64 * 1024 * 1024
# what stands at the end of a feed that came whole; comments of caches may follow
CLOSING = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
END_BYTES = 8 * 1024


def _whole(file: BinaryIO) -> bytes:
    data = file.read(FEED_BYTES + 1)
    if len(data) > FEED_BYTES:
        raise Unreadable(f"This feed is larger than {FEED_BYTES // 2**20} MiB; split it.")
    return data


def xml(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """The entries of an RSS or Atom feed. Unreadable when it is none."""
    data = _whole(file)
    if b"<!ENTITY" in data:
        raise Unreadable("This feed defines entities, which no feed needs and some abuse; remove them.")
    parsed = feedparser.parse(data, sanitize_html=False)
    if not parsed.get("version"):
        raise Unreadable(f"This is not a feed that can be read ({parsed.get('bozo_exception', 'no RSS, no Atom')}).")
    # the parser takes what is not well-formed, as feeds often are; but half an entry would overwrite the whole one
    if not CLOSING.search(data.replace(b"\0", b"")[-END_BYTES:]):
        raise Unreadable("This feed breaks off before its end; fetch it again, whole.")
    source = source_of(parsed.feed.get("link") or parsed.feed.get("id"), name)
    for entry in parsed.entries:
        yield from _entry(entry, source, defaults)


def _entry(entry: Any, source: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    contents = entry.get("content") or []
    markup = next((one.value for one in contents if one.get("value")), "") or entry.get("summary", "")
    summary = bodies.plain(entry.get("summary", ""))[:100_000] if contents else ""
    key = line(entry.get("id") or entry.get("link") or entry.get("title"), KEY_LENGTH) or line(
        bodies.plain(markup), 200
    )
    revision = {
        "title": line(bodies.plain(entry.get("title", ""))) or line(bodies.plain(markup), 80),
        "summary": line(summary, 1_000),
        "html": markup,
        "published_at": stamp(_instant(entry.get("published_parsed") or entry.get("updated_parsed"))),
    }
    covers = [found for url in _covers(entry)[:1] if (found := asset(url))]
    yield from article(source, key, defaults, _said(revision), covers=covers)


def _covers(entry: Any) -> list[str]:
    pictures = [one.get("url") for one in (*entry.get("media_content", ()), *entry.get("media_thumbnail", ()))
                if str(one.get("medium", "image")) == "image" and "video" not in str(one.get("type", ""))]  # fmt: skip
    enclosed = [one.get("href") for one in entry.get("enclosures", ()) if str(one.get("type", "")).startswith("image/")]
    return [url for url in (*enclosed, *pictures) if url]


def _instant(parsed: time.struct_time | None) -> datetime | None:
    try:
        return None if parsed is None else datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _said(revision: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in revision.items() if value not in (None, "")}


def json(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    """The items of a JSON Feed. Unreadable when it is none."""
    try:
        feed = orjson.loads(_whole(file))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"This is not JSON ({error}).") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise Unreadable("This JSON is no JSON Feed: it has no items.")
    source = source_of(feed.get("home_page_url") or feed.get("feed_url"), name)
    for item in feed["items"]:
        # what is no object has no id either, and is refused for that
        yield from _item(item if isinstance(item, dict) else {}, source, defaults)


def _item(item: dict[str, Any], source: str, defaults: Defaults) -> Iterator[dict[str, Any]]:
    def text(field: str) -> str:
        value = item.get(field)
        return str(value) if isinstance(value, str | int) else ""

    markup = text("content_html")
    words = text("content_text")
    revision: dict[str, Any] = {
        "title": line(text("title")) or line(words or bodies.plain(markup), 80),
        "summary": line(text("summary"), 1_000),
        "html": markup,
        "published_at": _iso(text("date_published") or text("date_modified")),
    }
    if not markup and words:
        revision["body"] = [{"type": "paragraph", "spans": [{"text": scrub(words)[:100_000]}]}]
    covers = [found for url in (text("image") or text("banner_image"),) if (found := asset(url))]
    key = line(text("id") or text("url"), KEY_LENGTH)
    yield from article(source, key, defaults, _said(revision), covers=covers)


def _iso(text: str) -> str | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return stamp(found if found.tzinfo else found.replace(tzinfo=UTC))
