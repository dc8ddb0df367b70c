"""The vocabulary of the schema: enums of the domain with a description for each value, and the scalars that are ours."""

import enum
from collections.abc import Mapping
from typing import NewType, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.scalar import ScalarDefinition

import models

Words = TypeVar("Words", bound=enum.EnumMeta)

BigInt = NewType("BigInt", int)
"""Counts, bytes and amounts: GraphQL's own Int ends at 2^31 - 1."""

SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number up to 2^53 - 1 either way, written as a JSON number: counts, bytes, minor units of money.",
        serialize=int,
        parse_value=int,
    )
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
