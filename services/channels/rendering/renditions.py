"""What a channel is given of a content, as plain values with one canonical form."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from services.channels.shapes import Markup


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """A picture by uid, with the size that the channel wants it in: what a rendition of the asset is asked for. Without a
    size it goes as it is.
    """

    uid: str
    size: tuple[int, int] | None = None
    fit: Literal["cover", "inside"] = "cover"
    format: Literal["auto", "avif", "jpeg", "png", "webp"] = "auto"

    def in_sizes(self, offered: Collection[tuple[int, int]]) -> RenderedPicture:
        """The same, as it is where its size is not among these."""
        return self if self.size is None or self.size in offered else RenderedPicture(self.uid)

    @property
    def name(self) -> str | None:
        """How the address of this rendition ends, such as "1080x608-cover.auto"; None for the file itself."""
        return None if self.size is None else f"{self.size[0]}x{self.size[1]}-{self.fit}.{self.format}"


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product as the channel shows it: what its pack leaves off the card is None. `reason` is the author's word for it."""

    uid: str
    title: str
    price_minor: int | None = None
    currency: str | None = None
    shop: str | None = None
    brand: str | None = None
    picture: RenderedPicture | None = None
    link: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rendition:
    """A content as one channel shows it.

    `text` is plain; `markup` says the same in the `format` that the channel reads, and is None where that is plain.
    """

    title: str
    summary: str
    text: str
    format: Literal["plain"] | Markup
    markup: str | None
    pictures: tuple[RenderedPicture, ...]
    hashtags: tuple[str, ...]
    link: str | None
    cards: tuple[ProductCard, ...]
    disclosure: str | None

    @property
    def picture(self) -> RenderedPicture | None:
        """The leading picture."""
        return self.pictures[0] if self.pictures else None

    @property
    def products(self) -> tuple[str, ...]:
        """The uids of the products, in order."""
        return tuple(card.uid for card in self.cards)

    def in_sizes(self, offered: Collection[tuple[int, int]]) -> Rendition:
        """The same with pictures in these sizes alone."""
        cards = tuple(
            replace(card, picture=card.picture.in_sizes(offered)) if card.picture is not None else card
            for card in self.cards
        )
        return replace(self, pictures=tuple(one.in_sizes(offered) for one in self.pictures), cards=cards)

    def to_json(self) -> bytes:
        """The canonical form."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal: equal as long as the channel would see no difference."""
        return hashlib.sha256(self.to_json()).hexdigest()
