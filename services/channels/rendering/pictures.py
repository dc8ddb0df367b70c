"""Which pictures go along, which leads, and in which crop each is given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from services.channels.facts import AssetFacts, Facts
from services.channels.rendering.renditions import RenderedPicture
from services.channels.rules.ratios import distance, has_ratio, parsed
from services.channels.shapes import PictureShape

NEAR_PERCENT = 2
ANY_PICTURE = PictureShape()


def chosen(shape: PictureShape, facts: Facts) -> tuple[RenderedPicture, ...]:
    """The pictures that go along, each once: first the one whose shape the channel likes best, then in order."""
    assets = list({asset.uid: asset for place in shape.from_ for asset in _pictures_at(place, facts)}.values())
    if shape.ratios and assets:
        best = min(assets, key=lambda asset: _liking(asset.width, asset.height, shape.ratios))
        assets = [best, *(asset for asset in assets if asset is not best)]
    return tuple(cropped(shape, asset) for asset in assets[: shape.max])


def cropped(shape: PictureShape, asset: AssetFacts) -> RenderedPicture:
    """The picture in the first liked ratio that it has, else in the first of all."""
    if not shape.ratios or asset.kind != "IMAGE":
        return RenderedPicture(asset.uid)
    rank, _ = _liking(asset.width, asset.height, shape.ratios)
    ratio = shape.ratios[rank if rank < len(shape.ratios) else 0]
    return RenderedPicture(asset.uid, at_width(ratio, shape.width), shape.fit, shape.format)


def sizes(shape: PictureShape) -> list[tuple[int, int]]:
    """All sizes that pictures of this shape may be given in."""
    return [at_width(ratio, shape.width) for ratio in shape.ratios]


def at_width(ratio: str, width: int) -> tuple[int, int]:
    """The size of a ratio ("16:9") at a width, with whole pixels: 750 to 422."""
    across, down = parsed(ratio)
    return width, max(1, (2 * width * down + across) // (2 * across))


def _pictures_at(place: str, facts: Facts) -> Iterable[AssetFacts]:
    if place == "products":
        return (product.image for product in facts.products if product.image is not None)
    return facts.content.covers if place == "covers" else facts.content.pictures


@lru_cache(maxsize=16384)
def _liking(width: int | None, height: int | None, ratios: tuple[str, ...]) -> tuple[int, float]:
    """How far down the list of ratios the picture's own stands, and how far it is from the first: less is better."""
    if not width or not height:
        return len(ratios) + 1, 0.0
    rank = next((i for i, ratio in enumerate(ratios) if has_ratio(width, height, ratio, NEAR_PERCENT)), len(ratios))
    return rank, distance(width, height, ratios[0])
