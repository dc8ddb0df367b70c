"""What readers of a feed are shown of a content, as one short print: when it changes the feed says `updated`."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from services.channels.rendering import Rendition
from services.gathering import Gathered


class Fingerprints:
    """The prints of one content in however many renditions: what they share is written once."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._beside: dict[tuple[str, ...], bytes] = {}

    def of(self, rendition: Rendition) -> bytes:
        """16 bytes over revision and rendition, and over what stands beside them on a feed's page: who wrote it, the labels
        of its tags, names and prices of the products it leads to, where its files are.
        """
        products = rendition.products
        if products not in self._beside:
            self._beside[products] = self._written(products)
        return hashlib.blake2b(rendition.to_json() + self._beside[products], digest_size=16).digest()

    def _written(self, products: tuple[str, ...]) -> bytes:
        gathered = self._gathered
        shown: list[Any] = [
            gathered.revision.id,
            gathered.creator.name,
            gathered.creator.handle,
            gathered.labels,
            [
                (product.uid, product.title, product.price_minor, product.currency, product.is_on_shelf)
                for product in gathered.facts.products
                if product.uid in products
            ],
            sorted((uid, asset.url or "", (asset.sha256 or b"").hex()) for uid, asset in gathered.assets.items()),
        ]
        return orjson.dumps(shown)
