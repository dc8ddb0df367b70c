"""How large a document may be: each limit held at its value and refused one above."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from graphql import get_introspection_query, parse

from api.graphql.execution import Executor
from api.graphql.limits import DocumentRefused, Limits, measure
from api.graphql.repeats import OBJECTS
from api.graphql.schema import schema
from core.settings import Settings
from tests.api.graphql.asking import Asking

SMALL = Limits(depth=3, fields=6, aliases=2, directives=2, operations=2, definitions=3, variables=2)
PUBLISHED = Limits.of(Settings(_env_file=None))


def refusal(document: str, limits: Limits = SMALL) -> str:
    with pytest.raises(DocumentRefused) as refused:
        measure(parse(document), limits)
    return refused.value.code


def leaves(count: int) -> str:
    return "{ " + " ".join(f"a{place}" for place in range(count)) + " }"


def deep(count: int) -> str:
    return "{ a " * (count - 1) + "{ a }" + " }" * (count - 1)


def aliased(count: int) -> str:
    return "{ " + " ".join(f"a{place}: a" for place in range(count)) + " }"


def directed(count: int) -> str:
    return "{ a " + "@x " * count + "}"


def operations(count: int) -> str:
    return " ".join(f"query A{place} {{ a }}" for place in range(count))


def fragments(count: int) -> str:
    """An operation and fragments: as many definitions in all."""
    spread = " ".join(f"...f{place}" for place in range(count - 1))
    return f"{{ {spread} }} " + " ".join(f"fragment f{place} on Q {{ a{place} }}" for place in range(count - 1))


def variables(count: int) -> str:
    return f"query ({', '.join(f'$a{place}: Int' for place in range(count))}) {{ a }}"


def introspecting(count: int) -> str:
    return "{ __schema " + deep(count - 1) + " }"


def introspected(count: int) -> str:
    return "{ __schema " + leaves(count - 1) + " }"


GROWING: dict[str, tuple[Callable[[int], str], str]] = {
    "depth": (deep, "TOO_DEEP"),
    "fields": (leaves, "TOO_MANY_FIELDS"),
    "aliases": (aliased, "TOO_MANY_ALIASES"),
    "directives": (directed, "TOO_MANY_DIRECTIVES"),
    "operations": (operations, "TOO_MANY_OPERATIONS"),
    "definitions": (fragments, "TOO_MANY_DEFINITIONS"),
    "variables": (variables, "TOO_MANY_VARIABLES"),
    "introspection_depth": (introspecting, "TOO_DEEP"),
    "introspection_fields": (introspected, "TOO_MANY_FIELDS"),
}


@pytest.mark.parametrize("name", GROWING)
def test_a_document_is_answered_at_a_published_limit_and_refused_one_above(name: str) -> None:
    make, code = GROWING[name]
    limit = getattr(PUBLISHED, name)

    measure(parse(make(limit)), PUBLISHED)

    assert refusal(make(limit + 1), PUBLISHED) == code


def test_the_limits_are_settings_with_the_published_defaults() -> None:
    assert Limits() == PUBLISHED
    settings = Settings(
        graphql_length=1_000, graphql_tokens=200, graphql_depth=6, graphql_fields=60, graphql_aliases=1, graphql_directives=2,
        graphql_operations=3, graphql_definitions=4, graphql_variables=5, graphql_repeats=101,
        graphql_introspection_depth=7, graphql_introspection_fields=61, graphql_errors=8, graphql_cost=1_001,
        page_limit=9, _env_file=None,
    )  # fmt: skip
    assert Limits.of(settings) == Limits(1_000, 200, 6, 60, 1, 2, 3, 4, 5, 101, 7, 61, 8, 1_001, 9)


def test_fields_depth_and_aliases_are_counted_as_fragments_expand() -> None:
    document = "{ a { ...f } b { ...f } } fragment f on Q { c ...g } fragment g on Q { x: d { e } }"

    size = measure(parse(document), Limits())

    assert (size.fields, size.depth, size.aliases) == (8, 3, 2)


def test_inline_fragments_are_no_level_of_their_own_and_cannot_nest_without_end() -> None:
    assert measure(parse("{ a { ... on Q { ... { b } } } }"), Limits()).depth == 2

    within = "{ " + "... { " * 11 + "a" + " }" * 11 + " }"
    measure(parse(within), SMALL)
    assert refusal("{ ... " + within + " }") == "TOO_DEEP"
    chain = "{ ...f0 } " + " ".join(f"fragment f{n} on Q {{ ... {{ ... {{ ...f{n + 1} }} }} }}" for n in range(4))
    assert refusal(chain + " fragment f4 on Q { a }", replace(SMALL, definitions=9)) == "TOO_DEEP"


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


def test_fragments_that_nobody_spreads_have_limits_too() -> None:
    idle = "{ a } fragment f on Q "

    measure(parse(idle + leaves(250)), SMALL)
    assert refusal(idle + leaves(251)) == "TOO_MANY_FIELDS"
    assert refusal(idle + deep(16)) == "TOO_DEEP"
    assert refusal(idle + "{ " + "a " * 201 + "}") == "TOO_MANY_REPEATS"


def test_an_unknown_fragment_is_left_to_validation() -> None:
    assert measure(parse("{ a ...missing }"), SMALL).fields == 1


@pytest.mark.parametrize("document", ['{ a(x: "\\u0000") }', '{ a { b(x: {y: ["z", "\\u0000"]}) } }'])
def test_no_text_in_a_document_holds_a_nul(document: str) -> None:
    assert refusal(document) == "INVALID_CHARACTER"


@pytest.mark.parametrize(
    ("document", "pairs"),
    [
        ("{ a a a }", 3),
        ("{ a b: a c: a }", 0),
        ("{ a { x } a { x } }", OBJECTS + 1),
        ("{ a { x } ...f ... { a { x } ...f } } fragment f on Q { a { x } }", 3 * OBJECTS + 3),
        ("{ a { x } b { x } }", 0),
    ],
)
def test_repeated_fields_are_counted_in_pairs_at_each_place_of_the_answer(document: str, pairs: int) -> None:
    if pairs:
        assert refusal(document, replace(SMALL, fields=9, repeats=pairs - 1)) == "TOO_MANY_REPEATS"
    measure(parse(document), replace(SMALL, fields=9, repeats=pairs))


async def test_a_document_has_so_many_characters(api: Asking) -> None:
    short = api.set(graphql_length=1_000)

    assert await short.codes("{ __typename }" + " " * 986) == []
    assert await short.codes("{ __typename }" + " " * 987) == ["DOCUMENT_TOO_LONG"]


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
    assert await api.codes("{ nodes(ids: " + "[" * 600 + "]" * 600 + ") { id } }") == ["TOO_DEEP"]


async def test_an_answer_shows_so_many_errors_and_says_that_there_are_more(api: Asking) -> None:
    few = api.set(graphql_errors=3)

    assert await few.codes("{ a b c }") == ["VALIDATION_FAILED"] * 3
    assert await few.codes("{ a b c d }") == ["VALIDATION_FAILED"] * 2 + ["TOO_MANY_ERRORS"]


OPTIONS = [
    name for name, one in inspect.signature(get_introspection_query).parameters.items() if isinstance(one.default, bool)
]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(get_introspection_query(), id="graphql-js, relay, graphql-codegen"),
        # GraphiQL, Apollo's rover and others switch several of these on
        pytest.param(get_introspection_query(**dict.fromkeys(OPTIONS, True)), id="everything that can be asked"),
        pytest.param(get_introspection_query(descriptions=False, type_depth=7), id="without descriptions"),
    ],
)
def test_standard_introspection_passes(asked: str) -> None:
    prepared = Executor(schema, PUBLISHED).prepare(asked)

    assert prepared.errors == ()
    assert prepared.size is not None
    assert prepared.size.is_introspection


async def test_the_schema_is_told_by_what_is_asked_of_it(api: Asking) -> None:
    """It is remembered: the document, the operation and the variables decide."""
    developer = api.set(profile="development")
    document = "query A($name: String!) { __type(name: $name) { name } } query B { __schema { queryType { name } } }"

    async def told(operation: str, **variables: str) -> object:
        async with developer.client() as client:
            body = {"query": document, "operationName": operation, "variables": variables}
            return (await client.post("/graphql", json=body)).json()["data"]

    for _ in range(2):
        assert await told("A", name="Tag") == {"__type": {"name": "Tag"}}
        assert await told("A", name="Shop") == {"__type": {"name": "Shop"}}
        assert await told("B") == {"__schema": {"queryType": {"name": "Query"}}}


async def test_introspection_with_anything_else_has_the_limits_of_a_query(api: Asking) -> None:
    assert refusal("{ __schema { a { b { c } } } a }") == "TOO_DEEP"
    assert refusal("{ __schema { a { b { c } } } ...f } fragment f on Q { a }") == "TOO_DEEP"
    measure(parse("{ ...f } fragment f on Q { __schema { a { b { c } } } }"), SMALL)
    # types within types within types: the answer would be the schema many times over
    around = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert await api.set(profile="development").codes(around) == ["VALIDATION_FAILED"]


# Each as large as it may be: within the tokens, and at the edge of another limit or beyond it.
HOSTILE = {
    "fields": leaves(1_900),
    "the same field": "{ " + "__typename " * 200 + "}",
    "the same objects": "{ " + 'creator(handle: "a") { name } ' * 60 + "}",
    "other arguments": "{ " + " ".join(f'creator(handle: "{n}") {{ name }}' for n in range(60)) + " }",
    "fragments of the same": "{ " + " ".join(f"...f{n}" for n in range(14)) + " } "
    + " ".join(f"fragment f{n} on Query {{ viewer {{ name scopes }} }}" for n in range(14)),
    "all to all": "{ ...f0 } "
    + " ".join(f"fragment f{n} on Query {{ {' '.join(f'...f{m}' for m in range(n + 1, 29))} a }}" for n in range(29)),
    "literals": "{ contents(first: 1, filter: {" + "formats: [ARTICLE] " * 300 + "}) { nodes { id } } }",
}  # fmt: skip


def test_hostile_documents_take_little_longer_than_a_large_honest_one() -> None:
    executor = Executor(schema, PUBLISHED, kept=0)
    honest = " ".join(f'f{n}: creator(handle: "a") {{ name bio language handle kind }}' for n in range(15))

    def seconds(document: str) -> float:
        started = time.thread_time()
        executor.prepare(document)
        return time.thread_time() - started

    usual = min(seconds("{ " + honest + " }") for _ in range(3))
    taken = {name: min(seconds(document) for _ in range(2)) / usual for name, document in HOSTILE.items()}

    # without the limits it is a hundred times as long
    assert {name: times for name, times in taken.items() if times > 10} == {}
