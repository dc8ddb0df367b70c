"""What the engine sees of a content, its creator and its products: plain values that can be hashed, pinned and read again.

`None` always means "not known"; an empty text or tuple means "known to be empty". Nothing here is ever looked up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, TypeAdapter

from models.blocks import Block

Detail = str | int | bool | None
Among = Literal["channel", "creator", "all"]


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """A file: pixels, bytes, milliseconds, bits per second; `source` says whether we measured or were told.

    `white_background` is the share of a picture's border that is near white, in percent; `url` is where the file can be had;
    `perceptual_hash` is what a picture looks like (services/media/likeness.py), in hexadecimal.
    """

    uid: str
    kind: Literal["IMAGE", "VIDEO", "AUDIO", "SUBTITLES"] = "IMAGE"
    media_type: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    bitrate: int | None = None
    has_alt_text: bool | None = None
    is_animated: bool | None = None
    has_transparency: bool | None = None
    white_background: int | None = None
    source: Literal["probed", "declared"] = "probed"
    url: str | None = None
    perceptual_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the body: its address, its host in lower case, and where it stands ("body.3")."""

    url: str
    host: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class TagFacts:
    """A tag on the content: its code, the codes of all its ancestors, its label per language."""

    code: str
    ancestors: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product as it is offered; scores of its shop in hundredths (460 is 4.60).

    `categories` holds the codes of its category tags and of all their ancestors; empty means that none is known.
    """

    uid: str
    title: str
    price_minor: int | None = None
    currency: str | None = None
    shop_uid: str | None = None
    shop: str | None = None
    shop_scores: Mapping[str, int] = field(default_factory=dict)
    brand: str | None = None
    categories: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    is_on_shelf: bool | None = None
    image: AssetFacts | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class CreatorFacts:
    """Who submits. `pass_rate` in percent; `scores` by name (quality, health, index, fan_value, activity), 0-1000.

    `invited_channels` and `connected_channels` hold keys of entries or of their platforms; `departed_channels` those that
    ended the creator's right, with the day from which they may come back (None: none is set). `accepted_by_format` counts
    contents that some channel accepted, up to 20 of a format.
    """

    uid: str
    handle: str
    name: str
    kind: str | None = None
    level: int | None = None
    fields: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    scores: Mapping[str, int | None] = field(default_factory=dict)
    followers_count: int | None = None
    certified_on: date | None = None
    published_30d_count: int | None = None
    pass_rate: int | None = None
    is_seller: bool | None = None
    invited_channels: frozenset[str] = frozenset()
    connected_channels: frozenset[str] = frozenset()
    departed_channels: Mapping[str, date | None] = field(default_factory=dict)
    accepted_by_format: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """The content that comes nearest to the text ("text") or a picture ("covers.0") of this one, among those that were there
    before: at a channel, of the creator, or anywhere.

    `percent` is how much of the text is the same, `bits` in how many of their 64 two pictures differ; `content` is the uid of
    the other, where it may be named.
    """

    path: str
    among: Among
    percent: int | None = None
    bits: int | None = None
    channel: str | None = None
    content: str | None = None

    @property
    def order(self) -> tuple[str, str, str]:
        """The place among others: equal facts must be equal bytes."""
        return self.path, self.among, self.channel or ""


@dataclass(frozen=True, slots=True)
class ContentFacts:
    """One revision of a content.

    `text` is the plain body and `paragraphs` its paragraphs; `pictures` those in body and gallery, in order, and
    `anchors` the count of products anchored in each of them; `tags` by code of the taxonomy, in the author's order;
    `details` the format's own part (texts and counts) and what a channel's form asks, by name. `body` has the same words as
    `text`, with everything that stands among them, and `notes` what the author says of products, by uid. `duplicates` is None
    where nobody compared.
    """

    uid: str
    format: str
    language: str
    title: str
    summary: str = ""
    text: str = ""
    paragraphs: tuple[str, ...] = ()
    headings_count: int = 0
    links: tuple[Link, ...] = ()
    covers: tuple[AssetFacts, ...] = ()
    pictures: tuple[AssetFacts, ...] = ()
    anchors: tuple[int, ...] = ()
    videos: tuple[AssetFacts, ...] = ()
    tags: Mapping[str, tuple[TagFacts, ...]] = field(default_factory=dict)
    details: Mapping[str, Detail] = field(default_factory=dict)
    published_at: datetime | None = None
    is_original: bool | None = None
    url: str | None = None
    body: tuple[Block, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    duplicates: tuple[Likeness, ...] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a decision rests on, apart from the pack, the time and the quota used."""

    content: ContentFacts
    creator: CreatorFacts
    products: tuple[ProductFacts, ...] = ()

    def to_json(self) -> bytes:
        """The canonical form: JSON with sorted keys and sorted sets; equal facts give equal bytes."""
        return orjson.dumps(self, default=_plain, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, text: bytes) -> Facts:
        """The facts whose canonical form this is; pydantic.ValidationError when it is none."""
        return _FACTS.validate_json(text)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal: the name under which a snapshot is pinned."""
        return hashlib.sha256(self.to_json()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is no fact")


_FACTS = TypeAdapter(Facts)
