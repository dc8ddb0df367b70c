"""The vocabulary of the schema: enums of the domain with a description for each value, and the scalars that are ours."""

import enum
from collections.abc import Mapping
from datetime import date, datetime
from typing import NewType, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.scalar import ScalarDefinition

import models

Words = TypeVar("Words", bound=enum.EnumMeta)

BigInt = NewType("BigInt", int)
"""Counts, bytes and amounts: GraphQL's own Int ends at 2^31 - 1."""


def _instant(text: str) -> datetime:
    if not isinstance(text, str):
        raise ValueError("an instant is a text, such as 2026-11-24T08:00:00Z")  # noqa: TRY004  (a wrong value to the client)
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError("an instant says its zone, such as 2026-11-24T08:00:00Z or …+08:00")
    if not 1000 <= parsed.year <= 9000:
        raise ValueError("an instant lies between the years 1000 and 9000")
    return parsed


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**53:
        raise ValueError("a whole number of at most 2^53 - 1 either way")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant with its zone (RFC 3339), such as 2026-11-24T08:00:00+00:00.",
        serialize=datetime.isoformat,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day (ISO 8601), such as 2026-11-24.",
        serialize=date.isoformat,
        parse_value=date.fromisoformat,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number up to 2^53 - 1 either way, written as a JSON number: counts, bytes, minor units of money.",
        serialize=int,
        parse_value=_whole,
    ),
}


def described(words: Words, description: str, values: Mapping[str, str], *, name: str | None = None) -> Words:
    """Make a domain's enum one of the schema; every value must be described."""
    strawberry.enum(words, name=name, description=description)
    definition: StrawberryEnumDefinition = words.__strawberry_definition__  # type: ignore[attr-defined]  # set just above
    for value in definition.values:
        value.description = values[value.name]
    return words


# here and not with contents: channels speak of formats too
described(
    models.Format,
    "The form of a content.",
    {
        "ARTICLE": "A text to read.",
        "QNA": "A question with answers.",
        "LIVE": "A live room: announced, running, ended, or to be seen again.",
        "GALLERY": "Pictures in order, with products in them.",
        "SHORT_VIDEO": "A short film.",
        "RANKED_LIST": "Products or contents in an order, with reasons.",
        "ITEM_NOTE": "A note on exactly one product.",
        "COLLOCATION": "Products that go together, in one scene.",
    },
)
# and those who make and filter creators, of their kinds
described(
    models.CreatorKind,
    "What kind of author a creator is.",
    {
        "MEDIA": "A medium with an editorial office.",
        "PERSONALITY": "A well-known person.",
        "SELF_MEDIA": "Somebody who publishes on their own.",
        "MERCHANT": "A seller who publishes about what they sell.",
    },
)
# and those who show and filter assets
described(
    models.AssetKind,
    "What kind of file an asset is.",
    {
        "IMAGE": "A picture.",
        "VIDEO": "A film.",
        "AUDIO": "A sound recording.",
        "SUBTITLES": "The words of a film, as WebVTT or SubRip.",
    },
)
described(
    models.AssetFactsSource,
    "Where size, duration and all else that is known of a file come from.",
    {
        "PROBED": "Read from the bytes by us.",
        "DECLARED": "Said by whoever imported it; nobody checked.",
        "NONE": "Nothing is known yet.",
    },
)
