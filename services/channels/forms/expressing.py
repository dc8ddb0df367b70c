"""What rules about words, counts, tags and products ask, as JSON Schema, and whether that is all they ask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Literal, NamedTuple

from services.channels.forms.conditions import sized
from services.channels.forms.drafts import Draft, Place
from services.channels.forms.schemas import (
    VISIBLE,
    Schema,
    at,
    bounds,
    either,
    everything,
    having,
    literally,
)
from services.channels.rules import links, originality, products, tags, text
from services.channels.rules.base import Counted, Rule, within
from services.channels.rules.images import ImageCount
from services.channels.rules.videos import VideoCount
from services.channels.terms import Unit

MOST_SPLITS = 60
"""Into how many pairs of bounds a bound of a sum is taken apart, at most."""

# How many of a unit one code point can be; None where a code point may come with any number of others, or for far more.
_MOST_PER_CODE_POINT: dict[Unit, int | None] = {
    "code_points": 1, "graphemes": 1, "utf16": 2, "bytes": 4, "full_width": 2, "x_weighted": None,
}  # fmt: skip
# Units of which each code point is at least one: no text is shorter in them than in code points.
_NEVER_FEWER = frozenset({"code_points", "utf16", "bytes"})


class Said(NamedTuple):
    """What a draft that passes a rule fulfils; `is_whole` when a draft that fulfils it passes, too."""

    schema: Schema
    is_whole: bool


UNSAID = Said({}, is_whole=False)
"""Of a rule about which JSON Schema can say nothing."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rule is read in: the draft it is about, and whether its pack takes an import's word of files."""

    draft: Draft
    accepts_declared: bool = False


@singledispatch
def express(rule: Rule, setting: Setting) -> Said:  # noqa: ARG001  (the kinds below look at it)
    """The rule as a schema of the whole draft. A kind that is not known here is for the engine alone."""
    return UNSAID


def length(unit: Unit, minimum: int | None, maximum: int | None) -> Said:
    """A length, for which JSON Schema counts code points: exactly, or as far as no text that the unit takes is refused."""
    if unit == "code_points":
        return Said(bounds(minimum, maximum, "Length"), is_whole=True)
    most = _MOST_PER_CODE_POINT[unit]
    # a text is there in any unit or in none
    least = min(minimum or 0, 1) if most is None else -(-(minimum or 0) // most)
    surely = bounds(least or None, maximum if unit in _NEVER_FEWER else None, "Length")
    return Said(surely, is_whole=maximum is None and (minimum or 0) <= 1)


def of_place(place: Place, schema: Schema, *, takes_nothing: bool) -> Schema:
    """The value at this place is so; it may be left out where that says something, and what it says is taken."""
    return at(place.path, schema, needed=not (place.is_told and takes_nothing))


@express.register(text.TextLength)
def _(rule: text.TextLength, setting: Setting) -> Said:
    place, said = setting.draft.place(rule.field), length(rule.unit, rule.min, rule.max)
    takes_nothing = place.empty == "" and within(0, rule.min, rule.max)
    return Said(of_place(place, {"type": "string"} | said.schema, takes_nothing=takes_nothing), said.is_whole)


@express.register(text.TextRequired)
def _(rule: text.TextRequired, setting: Setting) -> Said:
    filled: dict[str, Schema] = {
        "text": {"pattern": VISIBLE},
        "list": {"minItems": 1},
        "count": {"minItems": 1},
        "number": {"minimum": 1},
        "answer": {"pattern": VISIBLE, "not": {"enum": [0, False]}},
    }
    places = [setting.draft.place(field) for field in rule.fields]
    return Said(everything(at(place.path, filled[place.sort], needed=True) for place in places), is_whole=True)


@express.register(text.ParagraphMax)
def _(rule: text.ParagraphMax, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    said = length(rule.unit, None, rule.max)
    return Said(at("paragraphs", {"items": said.schema}, needed=False), said.is_whole) if said.schema else UNSAID


@express.register(text.DetailCount)
def _(rule: text.DetailCount, setting: Setting) -> Said:
    place = setting.draft.place(rule.field)
    return Said(_bounded(place, rule.min, rule.max), is_whole=True)


def _bounded(place: Place, minimum: int | None, maximum: int | None) -> Schema:
    return of_place(place, sized(place, minimum, maximum), takes_nothing=within(0, minimum, maximum))


def counted(rule: Counted, place: Place) -> Said:
    """A count between bounds, or one of those allowed."""
    if not rule.allowed:
        return Said(_bounded(place, rule.min, rule.max), is_whole=True)
    numbers = [sized(place, count, count) for count in rule.allowed]
    return Said(of_place(place, either(numbers), takes_nothing=0 in rule.allowed), is_whole=True)


@express.register(links.LinkCount)
def _(rule: links.LinkCount, setting: Setting) -> Said:
    return counted(rule, setting.draft.place("links"))


@express.register(VideoCount)
def _(rule: VideoCount, setting: Setting) -> Said:
    return counted(rule, setting.draft.place("videos"))


@express.register(products.ProductCount)
def _(rule: products.ProductCount, setting: Setting) -> Said:
    return counted(rule, setting.draft.place("products"))


@express.register(ImageCount)
def _(rule: ImageCount, setting: Setting) -> Said:
    if rule.of == "images":
        return _both_counted(rule, setting.draft)
    if rule.of == "products":
        return _pictured(rule)
    return counted(rule, setting.draft.place(rule.of))


def _pictured(rule: Counted) -> Said:
    """So many products have a picture."""
    exactly: list[tuple[int | None, int | None]] = [(count, count) for count in rule.allowed]
    ranges = exactly or [(rule.min, rule.max)]
    counts = [{"contains": {"required": ["image"]}, "minContains": low or 0} | bounds(None, high, "Contains")
              for low, high in ranges]  # fmt: skip
    return Said(at("products", either(counts), needed=not any(within(0, *each) for each in ranges)), is_whole=True)


def _both_counted(rule: Counted, draft: Draft) -> Said:
    """A bound of a sum, taken apart: at least 2 of both are 2 of one, or 1 and 1, or 2 of the other."""
    covers, pictures = draft.place("covers"), draft.place("pictures")

    def split(total: int, of: Literal["least", "most", "exactly"]) -> Schema:
        pairs = [(first, total - first) for first in range(total + 1)]
        low, high = of != "most", of != "least"
        return either(
            [
                everything(
                    _bounded(place, count if low else None, count if high else None)
                    for place, count in ((covers, one), (pictures, other))
                )
                for one, other in pairs
            ]
        )

    if sum(each + 1 for each in (*rule.allowed, rule.min or 0, rule.max or 0)) > MOST_SPLITS:
        return UNSAID
    if rule.allowed:
        return Said(either([split(total, "exactly") for total in rule.allowed]), is_whole=True)
    parts = [split(rule.min, "least")] if rule.min is not None else []
    parts += [split(rule.max, "most")] if rule.max is not None else []
    return Said(everything(parts), is_whole=True)


@express.register(links.LinkHosts)
def _(rule: links.LinkHosts, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    known = "|".join(literally(host) for host in rule.hosts)
    # not with $, which some validators let pass a line break
    host = having(host={"pattern": rf"(^|\.)({known})\.*(?![\s\S])"})
    return Said(at("links", {"items": host}, needed=False), is_whole=True)


@express.register(tags.ExactlyN)
def _(rule: tags.ExactlyN, setting: Setting) -> Said:
    return Said(_bounded(setting.draft.place(f"tags.{rule.taxonomy}"), rule.n, rule.n), is_whole=True)


@express.register(originality.Original)
def _(rule: originality.Original, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    return Said(at("is_original", {"const": True}, needed=True), is_whole=True)


def _each_product(schema: Schema, *, is_whole: bool = True) -> Said:
    return Said(at("products", {"items": schema}, needed=False), is_whole)


@express.register(products.AnchorCount)
def _(rule: products.AnchorCount, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    anchors: Schema = {"properties": {"anchors": bounds(rule.min, rule.max, "imum")}}
    if not within(0, rule.min, rule.max):
        anchors["required"] = ["anchors"]
    return Said(at("pictures", {"items": anchors}, needed=False), is_whole=True)


@express.register(products.DistinctShops)
def _(rule: products.DistinctShops, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    # there are never more shops than products
    return Said(at("products", {"minItems": rule.min}, needed=True), is_whole=False)


@express.register(products.ProductPool)
def _(rule: products.ProductPool, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    return _each_product(having(pools={"contains": {"enum": list(rule.any)}}))


@express.register(products.ShopScoreMin)
def _(rule: products.ShopScoreMin, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    if rule.score is not None:
        return _each_product(having(shop_scores=having(**{rule.score: {"minimum": rule.min}})))
    return _each_product(having(shop_scores={"minProperties": 1, "additionalProperties": {"minimum": rule.min}}))


@express.register(products.OnShelf)
def _(rule: products.OnShelf, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    return _each_product(having(is_on_shelf={"const": True}))


@express.register(products.ProductTitleLength)
def _(rule: products.ProductTitleLength, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    said = length(rule.unit, rule.min, rule.max)
    return _each_product(having(title=said.schema), is_whole=said.is_whole) if said.schema else UNSAID


@express.register(products.CategoryIn)
def _(rule: products.CategoryIn, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    return _each_product(having(categories={"contains": {"enum": list(rule.any)}}))


@express.register(products.CategoryNotIn)
def _(rule: products.CategoryNotIn, setting: Setting) -> Said:  # noqa: ARG001  (one signature for all)
    refused: Schema = {"not": {"contains": {"enum": list(rule.any)}}}
    return _each_product(having(categories={"minItems": 1} | refused))
