"""What a draft is before any channel asks: its fields with our own limits, and what stands where nothing is said.

A draft has the shape of what the engine sees, so that the path of a finding ("covers.0", "details.lead") is a path into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.channels.forms.schemas import Schema
from services.channels.terms import Format

MOST_COVERS = 20
MOST_PRODUCTS = 200
MOST_TAGS = 100
MOST_ANCHORS = 50
MOST_FORM_CHARACTERS = 2_000
LONGEST_TITLE = 500
LONGEST_LINE = 1_000
LONGEST_PROSE = 100_000

Sort = Literal["text", "list", "count", "number", "answer"]


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a draft. `sort` says what stands there: a text, a list that the engine sees, a list of which it sees the
    count, a number, or an answer to a channel's form. `empty` is what the engine sees where the draft says nothing.
    """

    path: str
    sort: Sort
    schema: Schema
    empty: str | int | tuple[()] | None = None

    @property
    def is_told(self) -> bool:
        """Whether saying nothing is an answer: else it counts as not known."""
        return self.empty is not None


def _text(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest}


def _list(most: int | None = None, items: Schema | None = None) -> Schema:
    return {"type": "array"} | ({"maxItems": most} if most else {}) | ({"items": items} if items else {})


def _whole(minimum: int = 0, maximum: int | None = None) -> Schema:
    return {"type": "integer", "minimum": minimum} | ({} if maximum is None else {"maximum": maximum})


def _file() -> Schema:
    """Facts of a file: pixels, bytes, milliseconds, bits per second; what is not known is left out."""
    known: dict[str, Schema] = {
        "uid": {"type": "string"},
        "media_type": {"type": "string"},
        "bytes": _whole(),
        "width": _whole(1),
        "height": _whole(1),
        "duration_ms": _whole(),
        "bitrate": _whole(),
        "has_alt_text": {"type": "boolean"},
        "is_animated": {"type": "boolean"},
        "has_transparency": {"type": "boolean"},
        "white_background": _whole(0, 100),
        "source": {"enum": ["probed", "declared"], "default": "probed"},
    }
    return {"type": "object", "properties": known}


def _picture() -> Schema:
    file = _file()
    return file | {"properties": file["properties"] | {"anchors": _whole(0, MOST_ANCHORS) | {"default": 0}}}


def _product() -> Schema:
    codes: Schema = {"type": "array", "items": {"type": "string"}}
    known: dict[str, Schema] = {
        "uid": {"type": "string"},
        "title": {"type": "string"},
        "shop_uid": {"type": "string"},
        "shop_scores": {"type": "object", "additionalProperties": _whole(0, 500)},
        "categories": codes,
        "pools": codes,
        "is_on_shelf": {"type": "boolean"},
        "image": _file(),
    }
    return {"type": "object", "properties": known, "required": ["title"]}


def _link() -> Schema:
    host = {"type": "string", "not": {"pattern": f"[{'A-Z'}\\u0000-\\u0020]"}}
    return {"type": "object", "properties": {"url": {"type": "string"}, "host": host}, "required": ["host"]}


TAGS: Schema = {
    "type": "array",
    "maxItems": MOST_TAGS,
    "items": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "ancestors": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["code"],
    },
}
ANSWER: Schema = {"type": ["string", "integer", "boolean"], "maxLength": MOST_FORM_CHARACTERS}

_ALL: tuple[Place, ...] = (
    Place(
        "title", "text", {"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE, "pattern": r"^[^\n\r]*$"}, ""
    ),
    Place("summary", "text", _text(LONGEST_PROSE), ""),
    Place("covers", "list", _list(MOST_COVERS, _file()), ()),
    Place("text", "text", {"type": "string"}, ""),
    Place("pictures", "list", _list(None, _picture()), ()),
    Place("videos", "list", _list(None, _file()), ()),
    Place("products", "list", _list(MOST_PRODUCTS, _product()), ()),
    Place("is_original", "answer", {"type": "boolean"}),
    Place("language", "text", {"type": "string", "not": {"pattern": "[^0-9A-Za-z-]"}, "minLength": 2}, ""),
    Place("paragraphs", "list", _list(None, {"type": "string"}), ()),
    Place("headings", "number", _whole(), 0),
    Place("links", "list", _list(None, _link()), ()),
)
DERIVED = frozenset({"paragraphs", "headings", "links", "details.sections"})
"""What follows from the body, and is not filled in by itself."""

_OWN: Mapping[Format, Mapping[str, Schema]] = {
    "ARTICLE": {},
    "QNA": {"question": _text(LONGEST_PROSE)},
    "LIVE": {"running_order": _list(500)},
    "GALLERY": {"pictures": _list(200)},
    "SHORT_VIDEO": {"video_url": _text(2_000), "chapters": _list(200), "subtitles": _list(50), "products": _list(200)},
    "RANKED_LIST": {"criteria": _text(LONGEST_PROSE), "entries": _list(200)},
    "ITEM_NOTE": {"highlights": _list(20, _text(LONGEST_LINE)), "verdict": _text(LONGEST_PROSE)},
    "COLLOCATION": {"anchors": _list(50), "pieces": _list(50)},
}
# An address is either there or not; other texts of a format are empty at worst.
_MAY_BE_MISSING = frozenset({"video_url"})


class Draft:
    """The fields of a draft of one format, with those that a channel asks besides."""

    def __init__(self, form: Format, asked: Iterable[str] = ()) -> None:
        self.form = form
        own = [_own(name, schema) for name, schema in _OWN[form].items()]
        self._places = {place.path: place for place in (*_ALL, *own, Place("details.sections", "number", _whole(), 0))}
        for path in asked:
            self._places.setdefault(path, place_of(path))

    def __iter__(self) -> Any:
        return iter(self._places.values())

    def place(self, path: str) -> Place:
        """The field at this path, whether or not the form names it."""
        return self._places.get(path) or place_of(path)

    def schema(self) -> Schema:
        """Our own limits. Answers to forms of other channels, and tags of other taxonomies, may be there as well."""
        properties: dict[str, Schema] = {"format": {"const": self.form}}
        nested: dict[str, dict[str, Schema]] = {"details": {}, "tags": {}}
        for place in self:
            head, _, name = place.path.partition(".")
            (nested[head] if name else properties)[name or head] = place.schema
        properties["details"] = _open(nested["details"], ANSWER)
        properties["tags"] = _open(nested["tags"], TAGS)
        needed = ["format", "language", "title"]
        return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _own(name: str, schema: Schema) -> Place:
    """A field that a format has of its own; of its lists the engine sees how long they are."""
    if schema["type"] == "array":
        return Place(f"details.{name}", "count", schema, 0)
    return Place(f"details.{name}", "text", schema, None if name in _MAY_BE_MISSING else "")


def place_of(path: str) -> Place:
    """A field that no draft has of itself: tags of a taxonomy, or an answer to a channel's form."""
    return Place(path, "list", TAGS, ()) if path.startswith("tags.") else Place(path, "answer", ANSWER)


def _open(properties: dict[str, Schema], others: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": others}
