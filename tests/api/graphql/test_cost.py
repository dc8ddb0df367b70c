"""What a query costs: the published formula, reckoned before anything is read and never less than what an answer holds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.utilities import get_operation_ast
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.execution import Executor
from api.graphql.limits import Limits
from api.graphql.schema import printed, schema
from api.graphql.tariff import PARTS, Tariff
from core.settings import Settings
from tests import make
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.api.graphql.counting import weight

DOCS = Path(__file__).parents[3] / "docs" / "graphql"
PAGE = (DOCS / "cost.md").read_text()
EXECUTOR = Executor(schema, Limits())
CORE = EXECUTOR.core
TARIFF = Tariff(CORE)
CONTENTS = "{ contents(first: %d) { nodes { %s } } }"


def cost(document: str, **values: Any) -> int:
    prepared = EXECUTOR.prepare(document)
    assert prepared.document is not None, prepared.errors
    assert prepared.bill is not None
    operation = get_operation_ast(prepared.document)
    assert operation is not None
    root = CORE.get_root_type(operation.operation)
    assert root is not None
    return prepared.bill.cost(operation, root.name, values)


def examples() -> Iterator[tuple[str, dict[str, Any], int]]:
    """Each example of the page with its variables and the cost that it says."""
    for block, told in re.findall(r"```graphql\n([^`]*)```\n\n((?:Cost.*\n)+)", PAGE):
        for given, number in re.findall(r"Cost(?: with `(.*?)`)?: ([\d,]+)\.", told):
            yield block, json.loads(given or "{}"), int(number.replace(",", ""))


EXAMPLES = list(examples())


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```graphql") + 1 == 8


@pytest.mark.parametrize(("document", "values", "told"), EXAMPLES)
def test_an_example_costs_what_the_page_says(document: str, values: dict[str, Any], told: int) -> None:
    assert cost(document, **{"wanted": False, **values}) == told


def test_the_page_names_the_numbers_that_hold() -> None:
    settings = Settings(_env_file=None)

    assert f"more than\n{settings.graphql_cost:,} is refused" in PAGE
    assert f"| a stranger's address | {settings.anonymous_bucket:,} | {settings.anonymous_refill:,} |" in PAGE
    assert f"| an account | {settings.account_bucket:,} | {settings.account_refill:,} |" in PAGE


@pytest.mark.parametrize("path", sorted((DOCS / "examples").glob("*.graphql")), ids=lambda path: path.stem)
def test_each_example_document_stays_under_half_of_the_limit(path: Path) -> None:
    prepared = EXECUTOR.prepare(path.read_text())

    assert prepared.bill is not None, prepared.errors
    for operation in prepared.bill.document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            root = CORE.get_root_type(operation.operation)
            assert root is not None
            assert prepared.bill.cost(operation, root.name, {"first": 20}) < Limits().cost / 2


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ __typename }", 1),
        ("{ __schema { types { name } } }", 1),
        ("{ contents(first: 7) { totalCount } }", 1),
        ("{ contents(last: 7) { nodes { id } } }", 8),
        ("{ contents(first: 7) { nodes { id } edges { cursor node { id } } } }", 15),
        ("{ contents(first: 7) { ...f } } fragment f on ContentConnection { ... { nodes { id } } }", 8),
        # what is out of range or missing is refused, and holds nothing that would count
        ("{ contents(first: 100000) { nodes { id } } }", 101),
        ("{ contents(first: -5) { nodes { id } } }", 1),
        ("{ contents { nodes { id } } }", 2),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ('{ nodes(ids: ["a", "b"]) { ... on Creator { avatar { url } } ... on Product { id } } }', 4),
        ('{ nodes(ids: ["a"]) { ... on Creator { a: avatar { url } } ... on Node { ... on Creator { avatar { url } } } } }', 3),
        ('{ node(id: "a") { ...f ...f } } fragment f on Creator { avatar { url } }', 3),
        (CONTENTS % (10, "covers(first: 3) { url } products(first: 2) { nodes { price { amount } pictures(first: 1) { url } } }"), 91),
        (CONTENTS % (10, "covers { url }"), 211),
        (CONTENTS % (10, "covers(first: 50) { url }"), 211),
        (CONTENTS % (1, "body { html }"), 12),
        (CONTENTS % (1, "... on Gallery { pictures { asset { url } anchors { product { title } } } }"), 402),
        ('{ search(text: "", first: 20) { nodes { id } edges { node { id } } facets { values { count } } } }', 50),
        ('{ feed(key: "a", first: 5) { items { content { id } } } }', 11),
        ('{ creator(handle: "a") { avatar @skip(if: true) { url } homepage @include(if: false) { number } } }', 1),
    ],
)  # fmt: skip
def test_the_formula(document: str, told: int) -> None:
    assert cost(document) == told


def test_variables_decide_and_are_remembered_by_what_they_decide() -> None:
    sized = (
        "query ($size: Int, $ids: [ID!]!, $no: Boolean!)"
        " { contents(first: $size) { nodes { id } } nodes(ids: $ids) { id } viewer @skip(if: $no) { name } }"
    )

    assert cost(sized, size=5, ids=["a"], no=False) == 8
    assert cost(sized, size=5, ids=["b"], no=True) == 7
    assert cost(sized, size=50, ids=["b", "c"], no=True) == 53
    bill = EXECUTOR.prepare(sized).bill
    assert bill is not None
    assert bill.deciding == ("ids", "no", "size")
    for size in range(500):
        assert cost(sized, size=size, ids=[], no=True) == 1 + min(size, 100)
    assert len(bill._known) <= 200


def test_reckoning_is_linear_in_fragments() -> None:
    """Fragments within fragments on an interface: each is looked at once for each type, not once for each way to it."""

    def seconds(count: int) -> float:
        each = " ".join(
            f"fragment f{n} on Node {{ ...f{n + 1} ... on Content {{ ...f{n + 1} }} }}" for n in range(count)
        )
        document = f"{{ nodes(ids: []) {{ ...f0 }} }} {each} fragment f{count} on Node {{ id }}"
        bill = Executor(schema, Limits(fields=10**9, depth=99)).prepare(document).bill
        assert bill is not None
        operation = get_operation_ast(bill.document)
        assert operation is not None
        started = time.thread_time()
        assert bill.cost(operation, "Query", {}) == 1
        return time.thread_time() - started

    few, many = seconds(9), seconds(27)

    assert many < 20 * few  # by every way it would be a hundred thousand times as much


async def test_every_answer_says_what_it_costs_and_a_dear_one_is_refused_before_anything_is_read(api: Asking) -> None:
    limited = api.set(graphql_cost=100)
    at_limit = CONTENTS % (99, "id")

    assert (await limited.send(at_limit))["extensions"] == {"cost": {"requested": 100, "limit": 100}}
    with api.statements() as seen:
        answer = await limited.send(CONTENTS % (100, "id"))

    assert seen == []
    assert answer["extensions"] == {"cost": {"requested": 101, "limit": 100}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["COST_TOO_HIGH"]
    assert answer["errors"][0]["message"].startswith("This answer may hold 101 objects, and at most 100 are answered")
    assert "data" not in answer
    # known before the cost is: no figure that would mean nothing
    assert "extensions" not in await limited.send("{ nonsense }")


async def test_no_answer_holds_more_than_it_was_said_to_cost(api: Asking, session: AsyncSession) -> None:
    """Lists as full as they can be asked for; and every answer of these tests is checked too (counting.py)."""
    world = await worlds.build(session)
    for place in range(12):
        tags = [await make.tag(session, world.taxonomy, f"full-{place}-{n}") for n in range(3)]
        await make.content(session, world.creator, tags=tuple(tags), covers=(world.asset,))
    asked = "__typename tags(first: 3) { __typename } covers(first: 1) { __typename }"
    document = "{ contents(first: 12) { __typename nodes { %s } edges { node { __typename } } } }" % asked  # noqa: UP031  (braces)

    answer = await api.send(document)

    assert weight(answer["data"]) == answer["extensions"]["cost"]["requested"] == 1 + 12 * 5 + 12
    assert weight({"contents": {"__typename": "ContentConnection", "nodes": [{"__typename": "Article"}] * 3}}) == 4
    owner = replace(api, caller=make.acting_as(world.creator))
    assert weight(await owner.data("{ viewer { __typename creators(first: 1) { nodes { __typename } } } }")) == 2


def test_whatever_leads_to_objects_says_how_many() -> None:
    """A list without a size would count as one object, however long it is."""
    by_parent = {name for price in TARIFF.prices.values() if price.size for name in price.size.sized_fields or ()}
    unsized = []
    for (of, name), price in TARIFF.prices.items():
        one = CORE.type_map[of].fields[name].type  # type: ignore[attr-defined]  # the tariff is of object types
        is_list = is_list_type(one.of_type if is_non_null_type(one) else one)
        if (
            is_list
            and price.below
            and price.size is None
            and name not in by_parent
            and is_dear(CORE.type_map[price.below])
        ):
            unsized.append(f"{of}.{name}")

    assert unsized == []


def is_dear(named: GraphQLNamedType) -> bool:
    """Whether objects of this type can cost anything: themselves, or what can be asked below them."""
    seen: set[str] = set()
    stack = [CORE.type_map[name] for name in TARIFF.possible[named.name]]
    while stack:
        one = stack.pop()
        if TARIFF.weights[one.name]:
            return True
        if one.name not in seen and isinstance(one, GraphQLObjectType):
            seen.add(one.name)
            below = [
                get_named_type(field.type)
                for field in one.fields.values()
                if not is_leaf_type(get_named_type(field.type))
            ]
            stack.extend(CORE.type_map[name] for each in below for name in TARIFF.possible[each.name])
    return False


def test_an_implementation_costs_no_more_than_its_interface_says() -> None:
    for (of, name), price in TARIFF.prices.items():
        for possible in TARIFF.possible[of]:
            same = TARIFF.prices[possible, name]
            assert (same.weight, same.size) == (price.weight, price.size), f"{possible}.{name}"


def test_the_parts_that_cost_nothing_are_types_of_the_schema() -> None:
    assert [name for name in sorted(PARTS) if name not in CORE.type_map] == []


def test_the_published_schema_carries_every_price() -> None:
    """Whoever reads schema.graphql alone reckons the same."""
    published = build_schema(printed())

    def stated(node: Any, directive: str) -> dict[str, Any]:
        found = next((one for one in node.directives or () if one.name.value == directive), None)
        return {} if found is None else {one.name.value: plain(one.value) for one in found.arguments}

    def plain(value: Any) -> Any:
        if hasattr(value, "values"):
            return [one.value for one in value.values]
        return int(value.value) if isinstance(value.value, str) and value.value.isdecimal() else value.value

    for (of, name), price in TARIFF.prices.items():
        node = published.type_map[of].fields[name].ast_node  # type: ignore[attr-defined]  # as above
        assert stated(node, "cost").get("weight") == price.weight, f"{of}.{name}"
        size = stated(node, "listSize")
        assert bool(size) == (price.size is not None) or price.below is None, f"{of}.{name}"
        if price.size is not None:
            assert size.get("assumedSize") == (price.size.assumed_size or None)
            assert size.get("slicingArguments", []) == list(price.size.slicing_arguments or [])
            assert size.get("sizedFields", []) == list(price.size.sized_fields or [])
    for named in published.type_map.values():
        if isinstance(named, GraphQLObjectType) and named.ast_node:
            assert stated(named.ast_node, "cost").get("weight", 1) == TARIFF.weights[named.name], named.name
    for directive in published.directives:
        assert [name for name, one in directive.args.items() if not one.description] == [], directive.name
