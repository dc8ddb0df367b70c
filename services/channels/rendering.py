"""What a channel is given of a content: a pure function of the pack's shapes and the facts, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
import regex

from services.channels import units
from services.channels.facts import AssetFacts, ContentFacts, Facts, TagFacts
from services.channels.packs import Hashtags, Pack, PictureShape, TextShape
from services.channels.rules.ratios import distance, has_ratio
from services.channels.terms import Localised

NEAR_PERCENT = 2
_ANY_PICTURE = PictureShape()
_NOT_OF_A_WORD = regex.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Rendition:
    """A content as one channel shows it. Pictures and products by uid; `html` stands for channels that want markup."""

    title: str
    summary: str
    text: str
    html: str | None
    picture: str | None
    pictures: tuple[str, ...]
    hashtags: tuple[str, ...]
    link: str | None
    products: tuple[str, ...]
    disclosure: str | None

    def to_json(self) -> bytes:
        """The canonical form."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal: equal as long as the channel would see no difference."""
        return hashlib.sha256(self.to_json()).hexdigest()


def render(pack: Pack, facts: Facts) -> Rendition:
    """The content in the shapes of this pack; a shape that the pack leaves out leaves the field as it is."""
    content, shapes = facts.content, pack.rendering
    hashtags = _hashtags(shapes.hashtags, content)
    products = tuple(product.uid for product in facts.products)[: shapes.products.max if shapes.products else None]
    link = _link(content.url, shapes.link.params if shapes.link else {})
    disclosure = None
    if shapes.disclosure is not None and (products or shapes.disclosure.when == "always"):
        disclosure = _in_language(shapes.disclosure.text, content.language)
    given = {"hashtags": " ".join(hashtags), "link": link or "", "disclosure": disclosure or ""}
    pictures = _pictures(shapes.picture or _ANY_PICTURE, facts)
    return Rendition(
        title=_shaped(shapes.title, "title", facts, given),
        summary=_shaped(shapes.summary, "summary", facts, given),
        text=_shaped(shapes.text, "text", facts, given),
        html=None,
        picture=pictures[0] if pictures else None,
        pictures=pictures,
        hashtags=hashtags,
        link=link,
        products=products,
        disclosure=disclosure,
    )


def _shaped(shape: TextShape | None, plain: str, facts: Facts, given: Mapping[str, str]) -> str:
    if shape is None:
        return field_text(plain, facts)
    parts = {field: given[field] if field in given else field_text(field, facts) for field in shape.fields}
    if shape.max is None:
        return _joined(parts, shape)
    whole = _fitted(parts, shape, shape.max, given)
    if shape.max_bytes is None or units.fits(whole, shape.max_bytes, "bytes"):
        return whole
    return _fitted(parts, shape.model_copy(update={"unit": "bytes"}), shape.max_bytes, given)


def _joined(parts: Mapping[str, str], shape: TextShape) -> str:
    return shape.separator.join(part for part in parts.values() if part)


def _fitted(parts: dict[str, str], shape: TextShape, maximum: int, given: Mapping[str, str]) -> str:
    """The parts joined within the maximum: texts give way from the last one backwards, then what is never cut goes."""
    whole = _joined(parts, shape)
    for field in reversed([field for field in parts if field not in given]):
        if units.fits(whole, maximum, shape.unit):
            return whole
        surplus = units.length(whole, shape.unit) - maximum
        parts[field] = _shortened(parts[field], units.length(parts[field], shape.unit) - surplus, shape)
        whole = _joined(parts, shape)
    for field in ("hashtags", "link", "disclosure"):
        if not units.fits(whole, maximum, shape.unit):
            parts.pop(field, None)
            whole = _joined(parts, shape)
    return units.truncate(whole, maximum, shape.unit, shape.ellipsis)


def _shortened(text: str, room: int, shape: TextShape) -> str:
    """The beginning of the text that has room; nothing, rather than an ellipsis alone."""
    shortened = units.truncate(text, room, shape.unit, shape.ellipsis) if room > 0 else ""
    return "" if shortened == shape.ellipsis else shortened


def field_text(path: str, facts: Facts) -> str:
    """The field at this path as text: labels of tags, titles of products; empty when there is nothing to say."""
    content = facts.content
    if path in {"title", "summary", "text", "language"}:
        return str(getattr(content, path))
    head, _, name = path.partition(".")
    if head == "products":
        return "\n".join(product.title for product in facts.products)
    if head == "paragraphs":
        return "\n".join(content.paragraphs)
    if head == "tags":
        return " ".join(label(tag, content.language) for tag in content.tags.get(name, ()))
    value = content.details.get(name) if head == "details" else None
    return "" if value is None or isinstance(value, bool) else str(value)


def label(tag: TagFacts, language: str) -> str:
    """The tag's name in the language, in the one it is a variety of, in English, in any, or else its code."""
    for wanted in (language, language.partition("-")[0], "en"):
        if tag.labels.get(wanted):
            return tag.labels[wanted]
    return next((tag.labels[language] for language in sorted(tag.labels)), tag.code)


def _hashtags(shape: Hashtags | None, content: ContentFacts) -> tuple[str, ...]:
    if shape is None:
        return ()
    labels = [label(tag, content.language) for name in shape.taxonomies for tag in content.tags.get(name, ())]
    words = dict.fromkeys(_NOT_OF_A_WORD.sub("", text) for text in labels)
    forms = {"hash": "#{}", "hash_pair": "#{}#", "plain": "{}"}
    fit = (word for word in words if word and (not shape.max_length or units.fits(word, shape.max_length, "graphemes")))
    return tuple(forms[shape.style].format(word) for word in fit)[: shape.max]


def _link(url: str | None, params: Mapping[str, str]) -> str | None:
    """The content's address with the channel's parameters, in the order of their names."""
    if url is None or not params:
        return url
    added = _encoded(tuple(sorted(params.items())))
    if "?" not in url and "#" not in url:
        return f"{url}?{added}"
    address = urlsplit(url)
    kept = [pair for pair in parse_qsl(address.query, keep_blank_values=True) if pair[0] not in params]
    return urlunsplit(address._replace(query="&".join(part for part in (urlencode(kept), added) if part)))


@lru_cache(maxsize=1024)
def _encoded(params: tuple[tuple[str, str], ...]) -> str:
    return urlencode(params)


def _pictures(shape: PictureShape, facts: Facts) -> tuple[str, ...]:
    """The pictures that go along, each once: first the one whose shape the channel likes best, then in order."""
    assets = list({asset.uid: asset for place in shape.from_ for asset in _pictures_at(place, facts)}.values())
    if shape.ratios and assets:
        best = min(assets, key=lambda asset: _liking(asset.width, asset.height, shape.ratios))
        assets = [best, *(asset for asset in assets if asset is not best)]
    return tuple(asset.uid for asset in assets)[: shape.max]


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


def _in_language(text: Localised, language: str) -> str:
    return text.zh if language.partition("-")[0] == "zh" else text.en


# How a content looks where no pack has a say: in its creator's own feed.
PLAIN = Pack.model_validate(
    {
        "schema": 1,
        "key": "headwater.plain",
        "kind": "private",
        "time_zone": "UTC",
        "name": {"en": "Plain", "zh": "原样"},
        "description": {"en": "As its author wrote it.", "zh": "保持作者原样。"},
        "source": {"provenance": "house", "confidence": "A"},
        "selector": {},
    }
)
