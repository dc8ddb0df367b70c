"""Between the drafts that forms are about and the facts that the engine judges, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.channels.facts import AssetFacts, ContentFacts, Facts, Link, ProductFacts, TagFacts
from services.channels.forms.drafts import Draft
from tests.services.channels.channel_facts import creator

Drafted = dict[str, Any]


def facts_of(draft: Mapping[str, Any]) -> Facts:
    """What the engine sees of a draft."""
    pictures = draft.get("pictures", [])
    content = ContentFacts(
        uid="c1",
        format=draft["format"],
        language=draft["language"],
        title=draft["title"],
        summary=draft.get("summary", ""),
        text=draft.get("text", ""),
        paragraphs=tuple(draft.get("paragraphs", ())),
        headings_count=draft.get("headings", 0),
        links=tuple(Link(each.get("url", ""), each["host"]) for each in draft.get("links", ())),
        covers=_files(draft.get("covers", [])),
        pictures=_files(pictures),
        anchors=tuple(each.get("anchors", 0) for each in pictures),
        videos=_files(draft.get("videos", [])),
        tags={
            taxonomy: tuple(TagFacts(tag["code"], tuple(tag.get("ancestors", ()))) for tag in tags)
            for taxonomy, tags in draft.get("tags", {}).items()
        },
        details=_details(draft),
        is_original=draft.get("is_original"),
    )
    return Facts(content, creator(), tuple(_product(each) for each in draft.get("products", ())))


def _files(given: list[dict[str, Any]]) -> tuple[AssetFacts, ...]:
    return tuple(map(_file, given))


def _file(given: dict[str, Any]) -> AssetFacts:
    return AssetFacts(**{"uid": "file"} | {name: value for name, value in given.items() if name != "anchors"})


def _details(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What a format has of its own is always known; of its lists their lengths are."""
    own = [place for place in Draft(draft["format"]) if place.path.startswith("details.") and place.is_told]
    known = {place.path.partition(".")[2]: place.empty for place in own}
    given = draft.get("details", {})
    return known | {name: len(value) if isinstance(value, list) else value for name, value in given.items()}


def _product(given: dict[str, Any]) -> ProductFacts:
    known: dict[str, Any] = {"uid": "p"} | given
    for name in ("categories", "pools"):
        known[name] = frozenset(known.get(name, ()))
    return ProductFacts(**known | {"image": _file(given["image"]) if "image" in given else None})


def draft_of(facts: Facts) -> Drafted:
    """A draft of which the engine sees these facts (without those of details that a draft always knows)."""
    content = facts.content
    anchors = [{"anchors": count} for count in content.anchors]
    lists = {place.path: place for place in Draft(content.format) if place.sort == "count"}
    details = {
        name: ["x"] * value if f"details.{name}" in lists else value
        for name, value in content.details.items()
        if value is not None
    }
    draft = {
        "format": content.format,
        "language": content.language,
        "title": content.title,
        "summary": content.summary,
        "text": content.text,
        "paragraphs": list(content.paragraphs),
        "headings": content.headings_count,
        "links": [{"url": link.url, "host": link.host.lower()} for link in content.links],
        "covers": [_known(file) for file in content.covers],
        "pictures": [
            _known(file) | (anchors[place] if place < len(anchors) else {})
            for place, file in enumerate(content.pictures)
        ],
        "videos": [_known(file) for file in content.videos],
        "products": [_known_product(product) for product in facts.products],
        "tags": {
            taxonomy: [{"code": tag.code, "ancestors": list(tag.ancestors)} for tag in tags]
            for taxonomy, tags in content.tags.items()
        },
        "details": details,
    }
    return draft | ({} if content.is_original is None else {"is_original": content.is_original})


def _known(file: AssetFacts) -> dict[str, Any]:
    return {name: value for name, value in asdict(file).items() if value is not None and name != "kind"}


def _known_product(product: ProductFacts) -> dict[str, Any]:
    names = ("uid", "title", "shop_uid", "is_on_shelf")
    known = {name: getattr(product, name) for name in names if getattr(product, name) is not None}
    known |= {name: sorted(getattr(product, name)) for name in ("categories", "pools")}
    known["shop_scores"] = dict(product.shop_scores)
    return known | ({"image": _known(product.image)} if product.image else {})
