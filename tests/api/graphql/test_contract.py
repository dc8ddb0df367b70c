"""The schema as a contract: current, described, capped, with refusals as data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graphql import (
    DirectiveDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
    specified_directives,
)

from api.graphql.nodes import findable_types
from api.graphql.schema import CONTRACT, printed, schema

CORE = schema._schema
OWN = [named for name, named in CORE.type_map.items() if not name.startswith("__")]
OBJECTS = [named for named in OWN if isinstance(named, GraphQLObjectType | GraphQLInterfaceType)]


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for named in OBJECTS:
        for name, one in named.fields.items():
            yield f"{named.name}.{name}", one


def things() -> Iterator[tuple[str, str | None]]:
    """Everything in the schema that a reader may need explained."""
    for named in OWN:
        if named.name not in {"Boolean", "Float", "ID", "Int", "String"}:
            yield named.name, named.description
        yield from parts(named)


def parts(named: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    match named:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for name, one in named.fields.items():
                yield f"{named.name}.{name}", one.description
                for argument, detail in one.args.items():
                    yield f"{named.name}.{name}({argument})", detail.description
        case GraphQLInputObjectType():
            for name, part in named.fields.items():
                yield f"{named.name}.{name}", part.description
        case GraphQLEnumType():
            for name, value in named.values.items():
                yield f"{named.name}.{name}", value.description
        case _:
            pass


def test_the_published_contract_is_current() -> None:
    assert CONTRACT.read_text() == printed(), "run `headwater schema`, and read what changed"


def test_everything_is_described() -> None:
    assert [name for name, description in things() if not (description or "").strip()] == []


def directives() -> Iterator[tuple[str, str | None]]:
    """The directives of the printed schema, which Strawberry adds to it only when it prints."""
    printed_ones = [one for one in parse(CONTRACT.read_text()).definitions if isinstance(one, DirectiveDefinitionNode)]
    for one in printed_ones:
        if one.name.value not in {directive.name for directive in specified_directives}:
            yield f"@{one.name.value}", one.description and one.description.value
            for argument in one.arguments or ():
                yield f"@{one.name.value}({argument.name.value})", argument.description and argument.description.value


def test_directives_and_their_arguments_are_described() -> None:
    described = dict(directives())

    assert {"@cost", "@cost(weight)", "@listSize", "@requiresScopes(scopes)"} <= described.keys()
    assert [name for name, description in described.items() if not (description or "").rstrip().endswith(".")] == []


def test_nothing_in_the_contract_is_said_twice() -> None:
    """A tool refuses the whole schema for it, as graphql-core does here."""
    build_schema(CONTRACT.read_text())


def test_descriptions_are_sentences() -> None:
    assert [name for name, description in things() if not (description or "").rstrip().endswith((".", ":"))] == []


def test_every_mutation_takes_one_input_and_answers_its_payload_or_a_refusal() -> None:
    assert CORE.mutation_type is not None
    for name, one in CORE.mutation_type.fields.items():
        verb = name[0].upper() + name[1:]
        result = get_named_type(one.type)
        assert isinstance(result, GraphQLUnionType), name
        assert result.name == f"{verb}Result"
        assert {member.name for member in result.types} == {f"{verb}Payload", "Refused"}
        assert list(one.args) == ["input"]
        assert str(one.args["input"].type) == f"{verb}Input!"


def test_every_connection_can_be_walked_both_ways() -> None:
    connections = [(name, one) for name, one in fields() if get_named_type(one.type).name.endswith("Connection")]

    assert len(connections) > 15
    for name, one in connections:
        assert {"first", "after", "last", "before"} <= set(one.args), name
        assert all(not is_non_null_type(one.args[argument].type) for argument in ("first", "last")), name


def test_a_list_of_rows_is_a_connection_or_says_its_cap() -> None:
    uncapped = []
    for name, one in fields():
        declared = one.extensions.get("strawberry-definition")
        source = declared.metadata.get("source") if declared else None
        inner = one.type.of_type if is_non_null_type(one.type) else one.type
        if not is_list_type(inner) or name.rpartition(".")[2] in {"nodes", "edges"}:
            continue
        held = get_named_type(inner)
        is_row = isinstance(held, GraphQLInterfaceType) or (
            isinstance(held, GraphQLObjectType) and any(face.name == "Node" for face in held.interfaces)
        )
        capped = getattr(source, "most", 0) > 0 or "at most" in (one.description or "")
        if is_row and not capped:
            uncapped.append(name)

    assert uncapped == []


@pytest.mark.parametrize("name", sorted(findable_types()))
def test_what_node_finds_says_that_it_is_a_node(name: str) -> None:
    found = CORE.type_map[name]

    assert isinstance(found, GraphQLObjectType | GraphQLInterfaceType)
    assert "Node" in {face.name for face in found.interfaces}


def test_every_node_can_be_found() -> None:
    node = CORE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    formats = {found.name for found in CORE.get_possible_types(CORE.type_map["Content"])}

    assert {found.name for found in CORE.get_possible_types(node)} - formats == findable_types() - {"Content"}
