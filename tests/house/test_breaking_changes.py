"""A change that breaks clients of the last release is told with its reason, or it is none."""

from __future__ import annotations

import re

import pytest

from api.graphql import changes
from api.graphql.schema import CONTRACT
from tests.house import tree

PAGE = tree.ROOT / "docs" / "graphql" / "breaking-changes.md"
ROW = re.compile(r"^\| `([A-Z_]+: [^`]+)` \| ([^|]+) \|$", re.MULTILINE)


def told() -> dict[str, str]:
    """Reasons by change."""
    return dict(ROW.findall(PAGE.read_text("utf-8")))


def test_what_breaks_clients_of_the_last_release_is_told_with_its_reason() -> None:
    found = changes.changes(changes.RELEASED.read_text(), CONTRACT.read_text())

    assert {change: told().get(change) for change in found.breaking} == told()
    assert all(len(reason.split()) > 3 for reason in told().values())


@pytest.mark.parametrize(
    ("of", "becomes", "change"),
    [
        ("    id: ID!\n", "", "FIELD_REMOVED: Field Product.id was removed."),
        (
            "title: String!",
            "title: String",
            "FIELD_CHANGED_KIND: Field Product.title changed type from String! to String.",
        ),
        ("  OFF", "", "VALUE_REMOVED_FROM_ENUM: Enum value Shelf.OFF was removed."),
        (
            "product(id: ID!)",
            "product(id: ID!, on: Shelf!)",
            "REQUIRED_ARG_ADDED: A required argument Query.product(on:) was added.",
        ),
        (
            "input Wanted {",
            "input Wanted { shop: ID!",
            "REQUIRED_INPUT_FIELD_ADDED: A required field Wanted.shop was added.",
        ),
    ],
)
def test_a_broken_client_is_noticed(of: str, becomes: str, change: str) -> None:
    before = """
    type Query { product(id: ID!): Product products(of: Wanted!): [Product!]! }
    type Product {
    id: ID!
    title: String! shelf: Shelf }
    enum Shelf { ON
      OFF }
    input Wanted { title: String }
    """
    assert of in before

    found = changes.changes(before, before.replace(of, becomes, 1))

    assert found.breaking == (change,)


def test_what_may_surprise_is_told_apart_from_what_breaks() -> None:
    before = "type Query { shelf: Shelf } enum Shelf { ON }"

    found = changes.changes(before, before.replace("ON", "ON OFF"))

    assert found == changes.Changes((), ("VALUE_ADDED_TO_ENUM: Enum value Shelf.OFF was added.",))


def test_an_addition_is_no_change_that_a_client_would_notice() -> None:
    before = "type Query { title: String }"

    assert changes.changes(before, before.replace("}", "name(of: ID): String }")) == changes.Changes((), ())
