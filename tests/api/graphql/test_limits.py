"""How large a document may be: each limit held at its value and refused one above."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query, parse

from api.graphql.limits import DocumentRefused, Limits, measure
from tests.api.graphql.asking import Asking

SMALL = Limits(depth=3, fields=6, aliases=2, directives=2, operations=2, definitions=3, variables=2)


def refusal(document: str, limits: Limits = SMALL) -> str:
    with pytest.raises(DocumentRefused) as refused:
        measure(parse(document), limits)
    return refused.value.code


@pytest.mark.parametrize(
    ("within", "beyond", "code"),
    [
        ("{ a { b { c } } }", "{ a { b { c { d } } } }", "TOO_DEEP"),
        ("{ a b c d e f }", "{ a b c d e f g }", "TOO_MANY_FIELDS"),
        ("{ x: a y: a }", "{ x: a y: a z: a }", "TOO_MANY_ALIASES"),
        ("{ a @x b @x }", "{ a @x b @x c @x }", "TOO_MANY_DIRECTIVES"),
        ("query A { a } query B { a }", "query A { a } query B { a } query C { a }", "TOO_MANY_OPERATIONS"),
        (
            "{ ...f ...g } fragment f on Q { a } fragment g on Q { a }",
            "{ ...f ...g ...h } fragment f on Q { a } fragment g on Q { a } fragment h on Q { a }",
            "TOO_MANY_DEFINITIONS",
        ),
        ("query ($a: Int, $b: Int) { a }", "query ($a: Int, $b: Int, $c: Int) { a }", "TOO_MANY_VARIABLES"),
    ],
)
def test_a_document_is_answered_at_a_limit_and_refused_one_above(within: str, beyond: str, code: str) -> None:
    measure(parse(within), SMALL)

    assert refusal(beyond) == code


def test_fields_depth_and_aliases_are_counted_as_fragments_expand() -> None:
    document = "{ a { ...f } b { ...f } } fragment f on Q { c ...g } fragment g on Q { x: d { e } }"

    size = measure(parse(document), Limits())

    assert (size.fields, size.depth, size.aliases) == (8, 3, 2)


def test_inline_fragments_are_no_level_of_their_own() -> None:
    assert measure(parse("{ a { ... on Q { ... { b } } } }"), Limits()).depth == 2


def test_the_largest_operation_counts() -> None:
    size = measure(parse("query A { a } query B { a { b { c } } d }"), Limits())

    assert (size.fields, size.depth) == (4, 3)


def test_a_fragment_bomb_is_measured_once_a_fragment() -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(28))
    bomb += " fragment f28 on Query { __typename }"

    with pytest.raises(DocumentRefused) as refused:
        measure(parse(bomb), Limits())

    assert refused.value.code == "TOO_MANY_FIELDS"
    assert refused.value.message.startswith("This document has more than a million fields; at most 500")


def test_fragments_that_lead_back_to_themselves_are_refused() -> None:
    assert refusal("{ ...f } fragment f on Q { ...g } fragment g on Q { a ...f }") == "FRAGMENT_CYCLE"
    assert refusal("{ ...f } fragment f on Q { ...f }") == "FRAGMENT_CYCLE"


def test_an_unknown_fragment_is_left_to_validation() -> None:
    assert measure(parse("{ a ...missing }"), SMALL).fields == 1


@pytest.mark.parametrize("document", ['{ a(x: "\\u0000") }', '{ a { b(x: {y: ["z", "\\u0000"]}) } }'])
def test_no_text_in_a_document_holds_a_nul(document: str) -> None:
    assert refusal(document) == "INVALID_CHARACTER"


async def test_tokens_are_counted_before_anything_is_built(api: Asking) -> None:
    small = api.set(graphql_tokens=100)

    # the braces and the end of the document count too
    assert await small.codes("{ " + "__typename " * 97 + "}") == []
    assert await small.codes("{ " + "__typename " * 99 + "}") == ["TOO_MANY_TOKENS"]


async def test_forty_fragments_that_double_are_refused_over_the_wire(api: Asking) -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))

    assert await api.codes(bomb) == ["TOO_MANY_DEFINITIONS"]


async def test_deep_nesting_without_end_is_refused(api: Asking) -> None:
    assert await api.codes("{ a" * 600 + " }" * 600) == ["TOO_DEEP"]


async def test_standard_introspection_passes(api: Asking) -> None:
    data = await api.set(profile="development").data(get_introspection_query())

    assert data["__schema"]["queryType"]["name"] == "Query"
