"""Contents and products for tests of search, with defaults that match nothing by accident."""

from __future__ import annotations

from datetime import UTC, datetime

from search.documents import ContentDocument, Document, ProductDocument, Tombstone, document
from search.query import Kind

PUBLISHED = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def content(
    number: int,
    title: str = "Untitled",
    *,
    version: int = 1,
    kind: str = "ARTICLE",
    language: str = "zh",
    summary: str = "",
    body: str = "",
    tag_ids: tuple[int, ...] = (),
    tag_words: tuple[str, ...] = (),
    creator_id: int = 1,
    creator_name: str = "",
    published_at: datetime = PUBLISHED,
    channel_ids: tuple[int, ...] = (),
) -> Document:
    return document(
        ContentDocument(
            number,
            version,
            kind,
            language,
            title,
            summary,
            body,
            tag_ids,
            tag_words,
            creator_id,
            creator_name,
            published_at,
            channel_ids,
        )
    )


def product(
    number: int,
    title: str = "Untitled",
    *,
    version: int = 1,
    description: str = "",
    brand: str = "",
    tag_ids: tuple[int, ...] = (),
    price: int | None = None,
    currency: str | None = None,
    published_at: datetime = PUBLISHED,
) -> Document:
    return document(
        ProductDocument(number, version, "zh", title, description, brand, tag_ids, (), published_at, price, currency)
    )


def tombstone(number: int, *, version: int, kind: Kind = Kind.CONTENT, buried_at: datetime = PUBLISHED) -> Tombstone:
    return Tombstone(kind, number, version, buried_at)
