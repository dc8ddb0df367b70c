"""RSS, Atom and JSON Feed: an existing site becomes articles."""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import feedparser
import orjson

from models.texts import scrub
from services.interchange import bodies
from services.interchange.sources.base import (
    KEY_LENGTH,
    Defaults,
    Found,
    Unreadable,
    article,
    asset,
    dumped,
    line,
    source_of,
    stamp,
)

# a feed is read whole; what is larger is no feed but an archive to be split
FEED_BYTES = 64 * 1024 * 1024
# what in a document is no tag though it may look like one; unclosed, it goes on to the end
_UNSPOKEN = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")


def _whole(file: BinaryIO) -> bytes:
    data = file.read(FEED_BYTES + 1)
    if len(data) > FEED_BYTES:
        raise Unreadable(f"This feed is larger than {FEED_BYTES // 2**20} MiB; split it.")
    return data


def xml(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[Found]:
    """The entries of an RSS or Atom feed. Unreadable when it is none."""
    data = _whole(file)
    if b"<!ENTITY" in data:
        raise Unreadable("This feed defines entities, which no feed needs and some abuse; remove them.")
    parsed = feedparser.parse(data, sanitize_html=False)
    if not parsed.get("version"):
        raise Unreadable(f"This is not a feed that can be read ({parsed.get('bozo_exception', 'no RSS, no Atom')}).")
    # the parser takes what is not well-formed, as feeds often are; but half an entry would overwrite the whole one
    if not _is_whole(data, parsed.get("encoding")):
        raise Unreadable("This feed breaks off before its end; fetch it again, whole.")
    source = source_of(parsed.feed.get("link") or parsed.feed.get("id"), name)
    entries = (_entry(number, entry, source, defaults) for number, entry in enumerate(parsed.entries, start=1))
    yield from _distinct(entries)


def _is_whole(data: bytes, encoding: str | None) -> bool:
    """Whether the outermost element of a document ends, which a lenient parser does not ask. Its own words do not count:
    a text may speak of `</rss>`. Nothing more is asked: much that is not well-formed can be read all the same.
    """
    try:
        text = data.decode(encoding or "utf-8", "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    tags = _UNSPOKEN.sub("", text)
    root = _ROOT.search(tags)
    if root is None:
        return False
    end = re.compile(rf"</{re.escape(root[1])}\s*>|<{re.escape(root[1])}\b[^>]*/>", re.IGNORECASE)
    return end.search(tags) is not None


def _distinct(given: Iterable[Found]) -> Iterator[Found]:
    """Each key once: of two items with the same one and other words, the second would overwrite the first."""
    known: dict[str, tuple[int, int]] = {}
    for found in given:
        key = found.records[-1].get("external_key") if isinstance(found.records[-1], dict) else None
        if key is None or found.problems:
            yield found
            continue
        said = hash(dumped(found.records[-1]))
        number, first = known.setdefault(key, (found.number, said))
        if first == said:
            yield found
        else:
            problems = [("external_key", f"item {number} has this key already, and other words")]
            yield replace(found, records=found.records[-1:], problems=problems, undated=None)


def _entry(number: int, entry: Any, source: str, defaults: Defaults) -> Found:
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
        "published_at": stamp(_instant(_dated(entry, "published_parsed", "updated_parsed"))),
    }
    covers = [found for url in _covers(entry)[:1] if (found := asset(url))]
    date = _dated(entry, "published", "updated") or ""
    return article(number, source, key, defaults, _said(revision), covers=covers, date=date)


def _dated(entry: Any, *names: str) -> Any:
    # asked first, because the parser would otherwise answer with the one for the other, and warn that it will not for long
    return next((said for name in names if name in entry and (said := entry[name])), None)


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


def json(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[Found]:
    """The items of a JSON Feed. Unreadable when it is none."""
    try:
        feed = orjson.loads(_whole(file))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"This is not JSON ({error}).") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise Unreadable("This JSON is no JSON Feed: it has no items.")
    source = source_of(feed.get("home_page_url") or feed.get("feed_url"), name)
    items = (_item(number, item, source, defaults) for number, item in enumerate(feed["items"], start=1))
    yield from _distinct(items)


def _item(number: int, item: Any, source: str, defaults: Defaults) -> Found:
    if not isinstance(item, dict):
        return Found(number, [item], [("", "an item of a JSON Feed is an object: {…}")])

    def text(field: str) -> str:
        value = item.get(field)
        return str(value) if isinstance(value, str | int) else ""

    markup = text("content_html")
    words = text("content_text")
    revision: dict[str, Any] = {
        "title": line(text("title")) or line(words or bodies.plain(markup), 80),
        "summary": line(text("summary"), 1_000),
        "html": markup,
        "published_at": _iso(text("date_published")) or _iso(text("date_modified")),
    }
    if not markup and words:
        revision["body"] = [{"type": "paragraph", "spans": [{"text": scrub(words)[:100_000]}]}]
    covers = [found for url in (text("image") or text("banner_image"),) if (found := asset(url))]
    key = line(text("id") or text("url"), KEY_LENGTH)
    date = text("date_published") or text("date_modified")
    return article(number, source, key, defaults, _said(revision), covers=covers, date=date)


def _iso(text: str) -> str | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return stamp(found if found.tzinfo else found.replace(tzinfo=UTC))
