"""What the files of the sample may refer to by a short key; a name that nobody has is refused where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID

from sample import picture_records
from sample.naming import uid
from sample.reading import BadSample


@dataclass(frozen=True, slots=True)
class Known:
    """Keys by kind; `pictures` gathers those that are asked for, in order: they are what must be drawn."""

    creators: AbstractSet[str]
    products: AbstractSet[str]
    shops: AbstractSet[str]
    contents: AbstractSet[str]
    tags: AbstractSet[str]
    fields: AbstractSet[str]
    roles: AbstractSet[str]
    channels: AbstractSet[str]
    pictures: dict[str, None] = field(default_factory=dict)

    def creator(self, key: str) -> UUID:
        return _uid("creator", key, self.creators)

    def product(self, key: str) -> UUID:
        return _uid("product", key, self.products)

    def shop(self, key: str) -> UUID:
        return _uid("shop", key, self.shops)

    def content(self, key: str) -> UUID:
        return _uid("content", key, self.contents)

    def picture(self, key: str) -> UUID:
        for product in picture_records.read(key).products:
            among("product", product, self.products)
        self.pictures.setdefault(key)
        return picture_records.uid_of(key)

    def tag(self, code: str) -> str:
        return among("tag", code, self.tags)

    def channel(self, key: str) -> str:
        return among("channel", key, self.channels)


def among(kind: str, key: str, keys: Iterable[str]) -> str:
    if key not in keys:
        raise BadSample(f"no {kind} is called {key}")
    return key


def _uid(kind: str, key: str, keys: AbstractSet[str]) -> UUID:
    return uid(kind, among(kind, key, keys))
