"""The schema holds to the Relay server specification, and every list is a connection or says why it needs no pages."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.schema import schema
from core.ids import global_id, new_uid
from tests import make
from tests.api.graphql.asking import Asking

CORE = schema._schema
SHOWN = [
    named
    for named in CORE.type_map.values()
    if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__")
]
CONNECTIONS = [named for named in SHOWN if named.name.endswith("Connection")]
# values of one stored thing, whose number its own kind bounds
BY_KIND = {
    "Label": "one for each language",
    "Finding": "one or a few for each rule of a pack",
    "Quota": "one for each limit of a pack",
    "TextSpan": "the runs of one text of at most 100,000 characters",
    "Highlight": "the matches in one title",
    "ProductAttribute": "the properties of one product",
    "Problem": "the mistakes in one input",
}


def test_page_info_is_as_relay_wants_it() -> None:
    info = CORE.type_map["PageInfo"]
    assert isinstance(info, GraphQLObjectType)

    assert {name: str(one.type) for name, one in info.fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda named: named.name)
def test_a_connection_has_edges_nodes_and_a_place(connection: GraphQLObjectType) -> None:
    base = connection.name.removesuffix("Connection")
    edge = get_named_type(connection.fields["edges"].type)
    assert isinstance(edge, GraphQLObjectType)
    row = get_named_type(edge.fields["node"].type).name

    assert edge.name == f"{base}Edge"
    assert {name: str(connection.fields[name].type) for name in ("edges", "nodes", "pageInfo", "totalCount")} == {
        "edges": f"[{base}Edge!]!",
        "nodes": f"[{row}!]!",
        "pageInfo": "PageInfo!",
        "totalCount": "Int!",
    }
    assert {name: str(edge.fields[name].type) for name in ("node", "cursor")} == {
        "node": f"{row}!",
        "cursor": "String!",
    }


def test_every_field_with_a_connection_is_walked_both_ways() -> None:
    for named in SHOWN:
        for name, one in named.fields.items():
            if get_named_type(one.type) in CONNECTIONS:
                arguments = {key: str(argument.type) for key, argument in one.args.items()}
                expected = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
                assert arguments | expected == arguments, f"{named.name}.{name}"


def test_node_and_nodes_are_as_relay_wants_them() -> None:
    query, node = CORE.query_type, CORE.type_map["Node"]
    assert query is not None
    assert isinstance(node, GraphQLInterfaceType)

    assert {name: str(one.type) for name, one in node.fields.items()} == {"id": "ID!"}
    assert str(query.fields["node"].type) == "Node"
    assert {name: str(one.type) for name, one in query.fields["node"].args.items()} == {"id": "ID!"}
    assert str(query.fields["nodes"].type) == "[Node]!"
    assert {name: str(one.type) for name, one in query.fields["nodes"].args.items()} == {"ids": "[ID!]!"}


def _inner(one: GraphQLField) -> Any:
    return one.type.of_type if is_non_null_type(one.type) else one.type


def _is_bounded(one: GraphQLField) -> bool:
    """Whether the field says how many there can be at most, or takes the number as an argument."""
    declared = one.extensions.get("strawberry-definition")
    source = declared.metadata.get("source") if declared else None
    directives = declared.directives if declared else ()
    sizes = [getattr(one_, "assumed_size", None) or getattr(one_, "slicing_arguments", None) for one_ in directives]
    return "at most" in (one.description or "") or getattr(source, "most", 0) > 0 or any(sizes)


def test_a_list_of_objects_is_a_connection_or_says_how_many_it_holds_at_most() -> None:
    unbounded = [
        f"{named.name}.{name}"
        for named in SHOWN
        for name, one in named.fields.items()
        if is_list_type(_inner(one))
        and not is_leaf_type(get_named_type(one.type))
        and not isinstance(get_named_type(one.type), GraphQLUnionType)
        and named not in CONNECTIONS
        and get_named_type(one.type).name not in BY_KIND
        and not _is_bounded(one)
    ]

    # `feed` itself takes the number
    assert unbounded == ["Feed.items"]


async def test_nodes_may_repeat_and_ids_say_what_is_wrong_with_which(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session)
    row = await make.content(session, ada)
    content, creator = global_id("Content", row.uid), global_id("Creator", ada.uid)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    ids = [content, creator, content, global_id("Nothing", new_uid()), creator]

    with api.statements() as seen:
        found = (await api.data(query, ids=ids))["nodes"]
    answer = await api.send(query, ids=[content, "nonsense", ""])

    assert [one and one["id"] for one in found] == [content, creator, content, None, creator]
    assert len(seen) == 2, "one statement a type"
    extensions = answer["errors"][0]["extensions"]
    assert extensions["code"] == "MALFORMED_ID"
    problems = extensions["problems"]
    assert [(one["code"], one["path"]) for one in problems] == [
        ("MALFORMED_ID", ["ids", "1"]),
        ("MALFORMED_ID", ["ids", "2"]),
    ]
