"""WordPress exports (WXR): posts and pages become articles; drafts, private, scheduled and locked ones become drafts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from services.interchange import bodies
from services.interchange.sources import trees
from services.interchange.sources.base import KEY_LENGTH, Defaults, Found, article, asset, line, source_of, stamp

CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
EXCERPT = re.compile(r"^\{http://wordpress\.org/export/[\d.]+/excerpt/\}encoded$")
WORDPRESS = re.compile(r"^\{http://wordpress\.org/export/[\d.]+/\}(.+)$")
KEPT_TYPES = frozenset({"post", "page"})
DRAFTS = frozenset({"draft", "pending", "private", "future"})
_SHORTCODE = re.compile(r"\[/?(?:caption|gallery|embed|audio|video)\b[^\[\]]{0,500}\]")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


def records(file: BinaryIO, name: str, defaults: Defaults) -> Iterator[Found]:
    """Needs a file that can be read twice: attachments, which posts name as their pictures, may come after them."""
    pictures: dict[str, str] = {}
    source = name
    for item in _items(file):
        if item["post_type"] == "attachment" and item["attachment_url"]:
            pictures[item["post_id"]] = item["attachment_url"]
        elif item["base"]:
            source = source_of(item["base"], name)
    file.seek(0)
    for number, item in enumerate(_items(file), start=1):
        if item["post_type"] in KEPT_TYPES and (item["status"] == "publish" or item["status"] in DRAFTS):
            yield _post(number, item, source, pictures, defaults)


def _items(file: BinaryIO) -> Iterator[dict[str, str]]:
    for element in trees.elements(file, frozenset({"item"})):
        yield _fields(element)


def _fields(element: Element) -> dict[str, str]:
    found = dict.fromkeys(
        ("post_type", "status", "post_id", "post_date_gmt", "post_password", "attachment_url", "excerpt", "thumbnail"),
        "",
    )
    found |= {"title": trees.text(element, "title"), "guid": trees.text(element, "guid")}
    found |= {"content": trees.text(element, CONTENT), "base": trees.text(element, "link") or found["guid"]}
    for child in element:
        own = WORDPRESS.match(child.tag)
        if own and own[1] == "postmeta":
            _read_meta(child, found)
        elif own and own[1] in found:
            found[own[1]] = (child.text or "").strip()
        elif EXCERPT.match(child.tag):
            found["excerpt"] = (child.text or "").strip()
    return found


def _read_meta(element: Element, found: dict[str, str]) -> None:
    texts = [(child.text or "").strip() for child in element]
    if texts[:1] == ["_thumbnail_id"] and len(texts) > 1:
        found["thumbnail"] = texts[1]


def _post(number: int, item: dict[str, str], source: str, pictures: dict[str, str], defaults: Defaults) -> Found:
    is_draft = item["status"] in DRAFTS or bool(item["post_password"])
    revision: dict[str, Any] = {
        "title": line(bodies.plain(item["title"])),
        "state": "DRAFT" if is_draft else "LIVE",
        "html": _markup(item["content"]),
    }
    if item["excerpt"]:
        revision["summary"] = line(bodies.plain(item["excerpt"]), 1_000)
    published = _instant(item["post_date_gmt"])
    if published and not is_draft:
        revision["published_at"] = stamp(published)
    covers = [found for url in (pictures.get(item["thumbnail"]),) if (found := asset(url))]
    key = line(f"post/{item['post_id']}" if item["post_id"] else item["guid"], KEY_LENGTH)
    return article(number, source, key, defaults, revision, covers=covers, date=item["post_date_gmt"])


def _markup(content: str) -> str:
    """The post as HTML: what WordPress adds when it shows a post, added here."""
    content = _SHORTCODE.sub("", content)
    if "<p" in content:
        return content
    return "".join(f"<p>{run}</p>" for run in _PARAGRAPHS.split(content))


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
