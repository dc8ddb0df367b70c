"""A gateway's view: the contract as a subgraph, and the objects that other subgraphs point at."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLObjectType, ObjectTypeDefinitionNode, parse
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.federation import entities, with_keys
from api.graphql.schema import CONTRACT, schema
from core.ids import global_id, new_uid
from models import Format
from tests import make
from tests.api.graphql.asking import Asking

ENTITIES = """
query ($known: [_Any!]!) {
  _entities(representations: $known) {
    __typename
    ... on Article { id title }
    ... on Qna { id title }
    ... on Creator { id name contents(first: 5) { nodes { title } } }
    ... on Product { title }
  }
}
"""


def known(type_name: str, id_: str, **more: Any) -> dict[str, Any]:
    return {"__typename": type_name, "id": id_, **more}


async def test_objects_come_in_the_order_of_the_gateway_one_statement_for_each_type(
    api: Asking, session: AsyncSession
) -> None:
    ada, bob = await make.creator(session, name="Ada"), await make.creator(session, name="Bob")
    tea = await make.content(session, ada, title="Tea")
    why = await make.content(session, bob, title="Why?", format=Format.QNA)
    kettle = await make.product(session, title="Kettle")
    asked = [
        known("Creator", global_id("Creator", bob.uid)),
        known("Article", global_id("Content", tea.uid), handle="what a gateway knows besides"),
        known("Product", global_id("Product", kettle.uid)),
        known("Qna", global_id("Content", why.uid)),
        known("Creator", global_id("Creator", ada.uid)),
        known("Creator", global_id("Creator", bob.uid)),
    ]

    with api.statements() as few:
        found = (await api.data(ENTITIES, known=asked[:3]))["_entities"]
    with api.statements() as many:
        data = await api.data(ENTITIES, known=asked)

    assert [one["__typename"] for one in found] == ["Creator", "Article", "Product"]
    listed = [one.get("name") or one["title"] for one in data["_entities"]]
    assert listed == ["Bob", "Tea", "Kettle", "Why?", "Ada", "Bob"]
    assert data["_entities"][1]["id"] == asked[1]["id"]
    assert data["_entities"][0]["contents"] == {"nodes": [{"title": "Why?"}]}
    assert len(many) == len(few) == 4  # creators, contents, products; the contents of creators


async def test_what_is_unknown_of_another_type_or_not_to_be_seen_is_null(api: Asking, session: AsyncSession) -> None:
    ada = await make.creator(session, name="Ada")
    draft = await make.content(session, ada, title="Draft", live=False)
    tea = await make.content(session, ada, title="Tea")
    asked = [
        known("Creator", global_id("Creator", new_uid())),
        known("Article", global_id("Content", draft.uid)),
        known("Qna", global_id("Content", tea.uid)),
        known("Product", global_id("Creator", ada.uid)),
        known("Creator", global_id("Creator", ada.uid)),
    ]

    data = await api.data(ENTITIES, known=asked)

    assert [one and one["name"] for one in data["_entities"]] == [None, None, None, None, "Ada"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"__typename": "Novel", "id": "x"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": "PageInfo", "id": "x"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": "Content", "id": "x"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": ["Creator"], "id": "x"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": "Creator"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": "Creator", "id": 7}, "MALFORMED_REPRESENTATION"),
        ({"id": "x"}, "MALFORMED_REPRESENTATION"),
        ({"__typename": "Creator", "id": "no id of ours"}, "MALFORMED_ID"),
        ("Creator", "BAD_VARIABLES"),
        (7, "BAD_VARIABLES"),
    ],
    ids=str,
)
async def test_what_names_nothing_is_refused_with_its_place(api: Asking, given: Any, code: str) -> None:
    good = known("Creator", global_id("Creator", new_uid()))

    answer = await api.send(ENTITIES, known=[good, given])

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    if code != "BAD_VARIABLES":
        assert error["extensions"]["problems"][0]["path"][:2] == ["representations", "1"]


async def test_a_gateway_asks_for_a_hundred_objects_and_no_more(api: Asking) -> None:
    many = [known("Product", global_id("Product", new_uid())) for _ in range(101)]

    data = await api.data(ENTITIES.replace("contents(first: 5) { nodes { title } }", ""), known=many[:100])
    refused = await api.codes(ENTITIES.replace("contents(first: 5) { nodes { title } }", ""), known=many)

    assert data["_entities"] == [None] * 100
    assert refused == ["TOO_MANY_IDS"]


async def test_what_a_gateway_asks_costs_as_much_as_it_names(api: Asking) -> None:
    query = "query ($known: [_Any!]!) { _entities(representations: $known) { __typename } }"
    one = known("Product", global_id("Product", new_uid()))

    costs = [(await api.send(query, known=[one] * count))["extensions"]["cost"]["requested"] for count in (1, 10)]

    assert costs == [1, 10]


async def test_the_subgraph_is_the_published_contract_with_keys(api: Asking) -> None:
    told = await api.set(profile="development").data("{ _service { sdl } }")

    sdl = told["_service"]["sdl"]
    types = {one.name.value: one for one in parse(sdl).definitions if isinstance(one, ObjectTypeDefinitionNode)}
    keyed = {name for name, one in types.items() if any(each.name.value == "key" for each in one.directives or ())}
    asked = {field.name.value for field in types["Query"].fields}
    assert sdl == with_keys(CONTRACT.read_text())
    assert keyed == {
        name for name, one in types.items() if any(face.name.value == "Node" for face in one.interfaces or ())
    }
    assert {"Article", "Creator", "Product"} <= keyed
    assert {"creator", "node"} <= asked
    assert not {"_entities", "_service"} & asked
    assert not {"_Any", "_Entity", "_Service"} & types.keys()
    assert '@link(\n  url: "https://specs.apollo.dev/federation/v2.9"' in sdl


async def test_strangers_do_not_read_the_subgraph_where_they_may_not_introspect(api: Asking) -> None:
    assert await api.codes("{ _service { sdl } }") == ["INTROSPECTION_OFF"]
    assert await api.as_(make.operator()).codes("{ _service { __typename } }") == []


def test_every_type_with_a_global_id_is_an_entity() -> None:
    core = schema._schema
    node = core.type_map["Node"]

    named = {one.name for one in core.get_possible_types(node)}

    assert named == {one.__strawberry_definition__.name for one in entities()}
    assert named == {one.name for one in core.type_map["_Entity"].types if isinstance(one, GraphQLObjectType)}
