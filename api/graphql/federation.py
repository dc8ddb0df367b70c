"""The API as a part of a federated graph (Apollo Federation 2): what it tells a gateway, and the objects it is asked for.

A gateway reads the contract with keys from `_service`, and fetches the objects that other subgraphs point at by
`_entities`. The answers to both follow from the contract and from what `node` finds; no type says anything of its own.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NewType, Union

import strawberry
from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    ListValueNode,
    ObjectTypeDefinitionNode,
    StringValueNode,
    parse,
    print_ast,
)
from strawberry.tools import create_type
from strawberry.types.scalar import ScalarDefinition

from api.graphql.context import Info
from api.graphql.directives import sized_by
from api.graphql.nodes import Node, TooManyIds, find
from core.errors import Invalid

CONTRACT = Path(__file__).with_name("schema.graphql")
# Ours are those of the specification, so that gateways reckon with them; what is imported is not defined again.
IMPORTED = ("@cost", "@key", "@listSize", "@shareable")
LINK = f"""extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.9", import: [{", ".join(f'"{name}"' for name in IMPORTED)}]
)
"""
KEY, SHAREABLE = '@key(fields: "id")', "@shareable"
OWN = frozenset({"_Any", "_Entity", "_Service"})


class MalformedRepresentation(Invalid):
    """An object that a gateway asks for is not named by a type that has a key here, and its id."""

    code = "MALFORMED_REPRESENTATION"


Representation = NewType("Representation", object)


def _named(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("a representation is an object")  # noqa: TRY004  (a wrong value to the client)
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Representation: strawberry.scalar(
        name="_Any",
        description="What a gateway knows of an object of ours: `__typename` and `id`.",
        serialize=_named,
        parse_value=_named,
    )
}


@strawberry.type(name="_Service", description="What this API is to a gateway.")
class Service:
    sdl: str = strawberry.field(description="The contract with the keys of Apollo Federation 2, in GraphQL's language.")


@strawberry.field(name="_service", description="What a gateway reads of this API to compose it with others.")
async def service() -> Service:
    return Service(sdl=await asyncio.to_thread(subgraph))


async def _entities(
    info: Info,
    representations: Annotated[
        list[Representation],
        strawberry.argument(description="At most 100 objects, each by `__typename` and `id`."),
    ],
) -> list[Any]:
    limit = info.context.settings.page_limit
    if len(representations) > limit:
        message = f"At most {limit} objects at once; {len(representations)} were asked for."
        raise TooManyIds(message, path=("representations",))
    asked = [_read(place, given) for place, given in enumerate(representations)]
    found = await asyncio.gather(*(find(info, id_, "representations", n, "id") for n, (_, id_) in enumerate(asked)))
    # An object of another type than the gateway says is none that it knows.
    return [
        one if one is not None and type(one).__strawberry_definition__.name == name else None
        for one, (name, _) in zip(found, asked, strict=True)
    ]


def _read(place: int, given: Any) -> tuple[str, str]:
    """Type and id of a representation; other parts of a key are for gateways that know more than we told them."""
    name, id_ = given.get("__typename"), given.get("id")
    if not isinstance(id_, str) or name not in [one.__strawberry_definition__.name for one in entities()]:
        message = "A representation holds the name of a type with a key as __typename, and an id of it as id."
        raise MalformedRepresentation(message, path=("representations", place))
    return str(name), id_


@cache
def entities() -> tuple[Any, ...]:
    """The types that have a key: every object type with a global id, by name. Complete when the schema is built."""
    return tuple(sorted(set(_objects(Node)), key=lambda one: one.__strawberry_definition__.name))


def _objects(above: type) -> Iterator[Any]:
    below: list[type] = above.__subclasses__()
    for one in below:
        definition = one.__dict__.get("__strawberry_definition__")
        if definition is not None and not definition.is_interface:
            yield one
        yield from _objects(one)


def federated(query: type) -> type:
    """The root of queries with the two fields of a subgraph."""
    said = strawberry.union("_Entity", description="Every type of object that another subgraph may point at.")
    entity: Any = Annotated[Union[entities()], said]  # noqa: UP007  (made at run time)
    _entities.__annotations__["return"] = list[entity | None]
    fields = [
        strawberry.field(
            _entities,
            name="_entities",
            description="The objects that a gateway asks for, in their order; null where there is none to see.",
            directives=[sized_by("representations")],
        ),
        service,
    ]
    definition: Any = query.__dict__["__strawberry_definition__"]
    joined = type("Query", (create_type("Query", fields), query), {})
    return strawberry.type(joined, description=definition.description)


@cache
def subgraph() -> str:
    """The published contract as a subgraph."""
    return with_keys(CONTRACT.read_text())


def with_keys(contract: str) -> str:
    """A contract, with a key on each type that has a global id, and without what every subgraph has by itself."""
    document = parse(contract, no_location=True)
    kept = [_as_part(one) for one in document.definitions if not _is_given(one)]
    return LINK + "\n" + print_ast(DocumentNode(definitions=tuple(kept))) + "\n"


def _is_given(one: DefinitionNode) -> bool:
    name = getattr(getattr(one, "name", None), "value", "")
    return name in OWN or (isinstance(one, DirectiveDefinitionNode) and f"@{name}" in IMPORTED)


def _as_part(one: DefinitionNode) -> DefinitionNode:
    if not isinstance(one, ObjectTypeDefinitionNode):
        return one
    fields = tuple(_priced(each) for each in one.fields or () if each.name.value not in {"_entities", "_service"})
    has_id = any(face.name.value == "Node" for face in one.interfaces or ())
    # PageInfo: every subgraph with connections has it
    said = KEY if has_id else SHAREABLE if one.name.value == "PageInfo" else None
    directives = (*(one.directives or ()), *([_directive(said)] if said else ()))
    return replace(one, fields=fields, directives=directives)


def _priced(one: FieldDefinitionNode) -> FieldDefinitionNode:
    """Without a size that an argument's length says: to gateways a size is a number."""
    long = {argument.name.value for argument in one.arguments or () if "[" in print_ast(argument.type)}
    kept = [each for each in one.directives or () if each.name.value != "listSize" or not long & _texts(each)]
    return replace(one, directives=tuple(kept))


def _texts(directive: ConstDirectiveNode) -> set[str]:
    """All texts in the arguments of a directive."""
    lists = [one.value for one in directive.arguments or () if isinstance(one.value, ListValueNode)]
    return {one.value for values in lists for one in values.values if isinstance(one, StringValueNode)}


@cache
def _directive(text: str) -> ConstDirectiveNode:
    definition = parse(f"scalar Any {text}", no_location=True).definitions[0]
    directive: ConstDirectiveNode = definition.directives[0]  # type: ignore[attr-defined]  # a scalar's definition
    return directive


__all__ = ["SCALARS", "entities", "federated", "subgraph", "with_keys"]
