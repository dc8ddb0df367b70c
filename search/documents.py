"""What the index holds of a content or a product: plain facts in, one document of tokens and filter values out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from search import analysis
from search.query import Kind

INDEX_FORMAT = 1
"""Grows whenever fields or tokens change, so that an index written by older code is noticed and rebuilt."""

_KIND_CODES = {Kind.CONTENT: 1, Kind.PRODUCT: 2}
_KINDS = {code: kind for kind, code in _KIND_CODES.items()}
_ID_BITS = 60
_ORDER_BITS = 31
LARGEST_ID = (1 << _ID_BITS) - 1

FieldValue = str | int | list[int]


@dataclass(frozen=True, slots=True)
class ContentDocument:
    """What search knows of a content that everyone may see. `tag_words`: labels and aliases in every language."""

    id: int
    version: int
    format: str
    language: str
    title: str
    summary: str
    body: str
    tag_ids: tuple[int, ...]
    tag_words: tuple[str, ...]
    creator_id: int
    creator_name: str
    published_at: datetime
    channel_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductDocument:
    """What search knows of a product. The price is in minor units of the currency, None where it is unknown."""

    id: int
    version: int
    language: str
    title: str
    description: str
    brand: str
    tag_ids: tuple[int, ...]
    tag_words: tuple[str, ...]
    published_at: datetime
    price: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One entry of the index. `fields` is what every engine writes, under the same names."""

    kind: Kind
    id: int
    version: int
    fields: dict[str, FieldValue]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Says that this object is not to be found, so that a late write of an older version cannot bring it back."""

    kind: Kind
    id: int
    version: int
    buried_at: datetime

    @property
    def fields(self) -> dict[str, FieldValue]:
        """No kind and no words: no query matches it."""
        buried = max(0, int(self.buried_at.timestamp()))
        return {"key": key(self.kind, self.id), "version": self.version, "buried": buried}


Change = Document | Tombstone


def document(source: ContentDocument | ProductDocument) -> Document:
    """The entry for one object: its words read in every way, and what filters and facets need."""
    if isinstance(source, ContentDocument):
        return _of_content(source)
    return _of_product(source)


def _of_content(source: ContentDocument) -> Document:
    everything = (source.title, source.summary, source.creator_name, *source.tag_words, source.body)
    fields = _common(Kind.CONTENT, source) | _texts(source.title, everything)
    fields |= {"format": source.format, "creator_id": source.creator_id, "channel_ids": list(source.channel_ids)}
    return Document(Kind.CONTENT, source.id, source.version, fields)


def _of_product(source: ProductDocument) -> Document:
    everything = (source.title, source.brand, *source.tag_words, source.description)
    fields = _common(Kind.PRODUCT, source) | _texts(source.title, everything)
    if source.price is not None and source.currency is not None:
        fields |= {"price": source.price, "currency": source.currency}
    return Document(Kind.PRODUCT, source.id, source.version, fields)


def _common(kind: Kind, source: ContentDocument | ProductDocument) -> dict[str, FieldValue]:
    return {
        "key": key(kind, source.id),
        "version": source.version,
        "kind": kind.value,
        "language": source.language,
        "tag_ids": list(source.tag_ids),
        "recency": recency(kind, source.id, source.published_at),
    }


def _texts(title: str, everything: tuple[str, ...]) -> dict[str, FieldValue]:
    readings = {"title": analysis.analyse(title), "all": analysis.analyse("\n".join(everything))}
    return {
        f"{zone}_{reading}": " ".join(tokens)
        for zone, read in readings.items()
        for reading, tokens in read._asdict().items()
    }


def key(kind: Kind, object_id: int) -> int:
    """One number for one object; the objects of a kind lie side by side, in the order of their ids."""
    return _KIND_CODES[kind] << _ID_BITS | object_id


def of_key(number: int) -> tuple[Kind, int]:
    """The object that a key stands for."""
    return _KINDS[number >> _ID_BITS], number & LARGEST_ID


def recency(kind: Kind, object_id: int, published_at: datetime) -> int:
    """A number that orders by second of publishing, then by object: unique as long as ids stay under 2^29.

    Instants before 1970 and after 2106 are drawn to those ends.
    """
    tie = (object_id << 2 | _KIND_CODES[kind]) & (1 << _ORDER_BITS) - 1
    return recency_from(published_at) | tie


def recency_from(instant: datetime) -> int:
    """The least recency of anything published in or after the second of this instant."""
    return min(max(0, int(instant.timestamp())), (1 << 32) - 1) << _ORDER_BITS


def published_second(number: int) -> int:
    """The second since 1970 that a recency was made from."""
    return number >> _ORDER_BITS
