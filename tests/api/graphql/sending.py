"""Inputs made from the schema: for every mutation one that is complete and names the objects that it is given."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass
from datetime import date, datetime
from typing import Any

from strawberry.types.base import StrawberryContainer, StrawberryList, get_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.graphql.schema import Mutation, schema

# what a text must be like, by the name of its field; any other text is a sentence
TEXTS = {
    "at": "2027-01-01T09:00:00",
    "language": "fr",
    "time_zone": "Asia/Shanghai",
    "handle": "a-new-handle",
    "key": "a-new-key",
    "email": "new@example.org",
    "currency": "CNY",
    "url": "https://example.org/1",
    "href": "https://example.org/1",
    "code": "new_code",
    "taxonomy": "scene",
    "tag": "scene:camping",
    "into": "scene:hiking",
    "external_url": "https://example.org/1",
    "replay_url": "https://example.org/1",
    "accent": "#112233",
    "expected_revision": "1.1",
    "from_template": "media-front-page",
    "document_ids": f"sha256:{'0' * 64}",
    "text": "{ viewer { name } }",
}
# optional parts without which an input says nothing
WANTED = {"markdown"}


@dataclass(frozen=True)
class Sending:
    """A mutation and the type of its input."""

    name: str
    field: StrawberryField

    @property
    def type_name(self) -> str:
        return self.name[0].upper() + self.name[1:]

    @property
    def document(self) -> str:
        told = "problems { code message path }"
        bulk = f" ... on {self.type_name}Payload {{ results {{ {told} }} }}" if self.is_bulk else ""
        return (
            f"mutation ($input: {self.type_name}Input!) {{ {self.name}(input: $input) {{ __typename"
            f" ... on Refused {{ {told} }}{bulk} }} }}"
        )

    @property
    def is_bulk(self) -> bool:
        """Whether it answers for each of several objects."""
        payload = schema.get_type_by_name(f"{self.type_name}Payload")
        return any(field.python_name == "results" for field in payload.fields)  # type: ignore[union-attr]  # an object

    def input(self, ids: Mapping[str, str], **over: Any) -> dict[str, Any]:
        """A complete input; `ids` are the global ids of what it names, by type, `over` replaces parts of it."""
        return _object(self.field.arguments[0].type, ids) | over

    def spoilt(self, known: Mapping[str, str], **what: bool) -> dict[str, Any] | None:
        """The input with all its own `ids`, or `words`, malformed; None where it has none of them."""
        sent, is_spoilt = self.input(known), False
        for field in get_object_definition(_inner(self.field.arguments[0].type), strict=True).fields:
            name = to_camel_case(field.python_name)
            kind = "ids" if "id_of" in field.metadata else "words" if _inner(field.type) is str else None
            if what.get(kind or "") and name in sent and name != "idempotencyKey":
                bad = "no id" if kind == "ids" else "not \x07 this"
                sent[name] = [bad] if isinstance(sent[name], list) else bad
                is_spoilt = True
        return sent if is_spoilt else None


def mutations() -> Iterator[Sending]:
    definition = get_object_definition(Mutation, strict=True)
    for field in sorted(definition.fields, key=lambda field: field.python_name):
        yield Sending(to_camel_case(field.python_name), field)


def _object(type_: Any, ids: Mapping[str, str]) -> dict[str, Any]:
    definition = get_object_definition(_inner(type_), strict=True)
    made: dict[str, Any] = {}
    for field in definition.fields:
        is_needed = field.default is MISSING and field.default_factory is MISSING
        names_something = "id_of" in field.metadata
        if is_needed or names_something or definition.is_one_of or field.python_name in WANTED:
            made[to_camel_case(field.python_name)] = _value(field, field.type, ids)
        if definition.is_one_of:
            break
    return made


def _value(field: StrawberryField, type_: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(type_, StrawberryList):
        return [_value(field, type_.of_type, ids)]
    if isinstance(type_, StrawberryContainer):
        return _value(field, type_.of_type, ids)
    if "id_of" in field.metadata:
        return ids[field.metadata["id_of"]]
    if get_object_definition(type_) is not None:
        return _object(type_, ids)
    return _plain(field.python_name, type_)


def _plain(name: str, type_: Any) -> Any:
    if isinstance(type_, StrawberryEnumDefinition):
        return type_.values[0].name
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return next(iter(type_)).name
    known: dict[Any, Any] = {
        bool: True,
        int: 1,
        float: 0.5,
        datetime: "2027-01-01T09:00:00Z",
        date: "2027-01-01",
        str: TEXTS.get(name, "Some words."),
    }
    return known.get(type_, 1)


def _inner(type_: Any) -> Any:
    while isinstance(type_, StrawberryContainer):
        type_ = type_.of_type
    return type_
