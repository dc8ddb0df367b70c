"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): a page of a feed as bytes; pure.

What the format has no word for stands under `_headwater`: event, position, version and cursor of an item, the cursor to
poll with, and the products that it leads to. An item that says a content was withdrawn, or that a newer entry has
replaced, carries no payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any
from urllib.parse import urlencode

import orjson

from services.channels.facts import Facts, ProductFacts
from services.channels.rendering import ProductCard, RenderedPicture, Rendition
from services.feeds import FeedPage, Item

MEDIA_TYPE = "application/feed+json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed is served: the base of its addresses, and the authority of its `tag:` URIs (RFC 4151)."""

    base_url: str
    authority: str
    authority_on: date

    def tag(self, content_uid: str) -> str:
        return f"tag:{self.authority},{self.authority_on.isoformat()}:content:{content_uid}"

    def feed(self, key: str, **query: str | int) -> str:
        return f"{self.base_url}/feeds/{key}.json" + (f"?{urlencode(query)}" if query else "")

    def asset(self, uid: str) -> str:
        return f"{self.base_url}/assets/{uid}"


def render(page: FeedPage, place: Place, *, limit: int, most_bytes: int) -> tuple[bytes, str]:
    """The page as a JSON Feed document, and the cursor to poll with.

    Items that are longer together than `most_bytes` are left to the next page; the first always has its place.
    """
    items = [orjson.dumps(_item(item, place)) for item in page.items]
    sizes = accumulate(len(item) for item in items)
    page = page.cut(max(1, sum(size <= most_bytes for size in sizes)))
    return _document(page, place, [orjson.Fragment(item) for item in items[: len(page.items)]], limit), page.tail


def _document(page: FeedPage, place: Place, items: list[orjson.Fragment], limit: int) -> bytes:
    key = page.feed.key
    next_url = None
    if page.older is not None:
        next_url = place.feed(key, before=page.older, limit=limit)
    elif page.is_log and page.has_more:
        next_url = place.feed(key, after=page.tail, limit=limit)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": page.title,
        "home_page_url": f"{place.base_url}/feeds",
        "feed_url": place.feed(key),
        "description": "The log after a cursor, oldest first." if page.is_log else "What is live now, newest first.",
        "next_url": next_url,
        "_headwater": {
            "key": key,
            "cursor": page.tail,
            "follow_url": place.feed(key, after=page.tail),
            "has_more": page.has_more,
        },
        "items": items,
    }
    return orjson.dumps({name: value for name, value in document.items() if value is not None})


def _item(item: Item, place: Place) -> dict[str, Any]:
    said: dict[str, Any] = {
        "event": item.event.value.lower(),
        "position": item.position,
        "version": item.version,
        "cursor": item.cursor,
        "has_payload": item.rendition is not None,
    }
    if item.rendition is None:
        # the format asks for a content; there is none that may be shown
        return {"id": place.tag(item.content_uid), "content_text": "", "_headwater": said}
    payload = {name: value for name, value in _payload(item, place).items() if value not in (None, [], "")}
    return {"id": place.tag(item.content_uid), **payload, "_headwater": said | _more(item, place)}


def _payload(item: Item, place: Place) -> dict[str, Any]:
    assert item.gathered is not None
    assert item.rendition is not None
    one, shown = item.gathered, item.rendition
    return {
        "url": shown.link,
        "title": shown.title,
        "summary": shown.summary,
        "content_html": shown.markup if shown.format == "html" else None,
        "content_text": shown.text or shown.title,
        "image": _address(shown.picture, _urls(one.facts), place) if shown.picture else None,
        "date_published": (one.content.published_at or item.appeared_at).isoformat(),
        "date_modified": (one.content.changed_at or item.changed_at).isoformat(),
        "authors": [{"name": one.creator.name, "url": place.feed(f"creator.{one.creator.handle}")}],
        "tags": list(one.labels),
        "language": one.content.language,
        "attachments": _attachments(item, place),
    }


def _more(item: Item, place: Place) -> dict[str, Any]:
    assert item.gathered is not None
    assert item.rendition is not None
    one, shown = item.gathered, item.rendition
    products, urls = {product.uid: product for product in one.facts.products}, _urls(one.facts)
    return {
        "format": one.content.format.value,
        # entries of a list, pictures with anchors, chapters: what the body does not hold
        "details": {name: value for name, value in one.revision.details.items() if name != "form"},
        "appeared_at": item.appeared_at.isoformat(),
        "hashtags": list(shown.hashtags),
        "disclosure": shown.disclosure,
        "markup": _markup(shown),
        "pictures": [_address(picture, urls, place) for picture in shown.pictures],
        "products": [_card(card, products[card.uid], urls, place) for card in shown.cards],
    }


def _markup(shown: Rendition) -> dict[str, str] | None:
    """Markup for which the format has no word: of messengers, Markdown."""
    if shown.markup is None or shown.format == "html":
        return None
    return {"format": shown.format, "text": shown.markup}


def _card(card: ProductCard, product: ProductFacts, urls: Mapping[str, str | None], place: Place) -> dict[str, Any]:
    told = {
        "id": card.uid,
        "title": card.title,
        "price_minor": card.price_minor,
        "currency": card.currency,
        "shop": card.shop,
        "brand": card.brand,
        "image": _address(card.picture, urls, place) if card.picture else None,
        "url": card.link,
        "reason": card.reason,
        "is_on_shelf": product.is_on_shelf,
    }
    return {name: value for name, value in told.items() if value is not None}


def _attachments(item: Item, place: Place) -> list[dict[str, Any]]:
    assert item.gathered is not None
    found = []
    for video in item.gathered.facts.content.videos:
        attachment: dict[str, Any] = {
            "url": video.url or place.asset(video.uid),
            "mime_type": video.media_type or "application/octet-stream",
        }
        if video.bytes:
            attachment["size_in_bytes"] = video.bytes
        if video.duration_ms:
            attachment["duration_in_seconds"] = round(video.duration_ms / 1000, 3)
        found.append(attachment)
    return found


def _urls(facts: Facts) -> dict[str, str | None]:
    """Where the pictures of a content and its products are, by uid."""
    images = (product.image for product in facts.products if product.image is not None)
    return {asset.uid: asset.url for asset in (*images, *facts.content.pictures, *facts.content.covers)}


def _address(picture: RenderedPicture, urls: Mapping[str, str | None], place: Place) -> str:
    """Where a picture is: cut as the channel prefers when we hold its bytes, else where it lives."""
    ours = place.asset(picture.uid)
    url = urls.get(picture.uid) or ours
    return url if url != ours or picture.name is None else f"{url}/{picture.name}"
