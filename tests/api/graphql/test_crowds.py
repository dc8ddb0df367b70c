"""Every connection of the schema costs the same statements for one row, ten, and a hundred; and siblings share them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from sqlalchemy.ext.asyncio import AsyncSession

from api.graphql.fields import Column
from api.graphql.limits import Limits
from api.graphql.schema import schema
from core.ids import global_id
from tests.api.graphql import crowd as crowds
from tests.api.graphql.asking import Asking
from tests.api.graphql.crowd import SIZE, Crowd

CORE = schema._schema
WIDE = Limits(tokens=1_000_000, depth=100, fields=1_000_000, aliases=1_000_000, cost=1_000_000_000)
Shown = GraphQLObjectType | GraphQLInterfaceType
# how to come to what is no node: the type of node, and the way from there
WAYS = {"Query": ("", "%s"), "Viewer": ("", "viewer { %s }"), "LiveRoom": ("Live", "room { %s }")}
# what is no rows of the database: hits of the index, and two versions compared in memory
ELSEWHERE = {"Query.search", "RevisionDiff.blocks", "RevisionDiff.details"}


def owners() -> dict[str, dict[str, GraphQLField]]:
    """The types that have connections of their own, with those fields."""
    found: dict[str, dict[str, GraphQLField]] = {}
    for named in CORE.type_map.values():
        if not isinstance(named, Shown) or named.name.startswith("__"):
            continue
        inherited = {name for face in named.interfaces for name in face.fields}
        own = {
            name: one
            for name, one in named.fields.items()
            if get_named_type(one.type).name.endswith("Connection")
            and name not in inherited
            and f"{named.name}.{name}" not in ELSEWHERE
        }
        if own:
            found[named.name] = own
    return found


OWNERS = owners()


def told(named: Any, *, lists_too: bool) -> Iterator[str]:
    """What a row is asked: each field that has to look somewhere, and of what it leads to that it is there."""
    if not isinstance(named, Shown):
        yield "__typename"
        return
    for name, one in named.fields.items():
        declared = one.extensions.get("strawberry-definition")
        is_plain = declared is not None and isinstance(declared.metadata.get("source"), Column)
        # a column of the row costs nothing, whatever the number
        if is_plain or any(is_required_argument(argument) for argument in one.args.values()):
            continue
        target = get_named_type(one.type)
        if is_leaf_type(target):
            yield name
        elif not target.name.endswith("Connection"):
            yield f"{name} {{ __typename }}"
        elif lists_too:
            yield f"{name}(first: 3) {{ totalCount nodes {{ __typename }} }}"


def lists(owner: str, told_already: set[str], *, lists_too: bool) -> str:
    """All connections of a type; each kind of row told in full once, wherever it is met first."""
    asked = []
    for name, one in OWNERS[owner].items():
        connection = get_named_type(one.type)
        assert isinstance(connection, GraphQLObjectType)
        row = get_named_type(connection.fields["nodes"].type)
        more = () if row.name in told_already else told(row, lists_too=lists_too)
        inner = " ".join(["__typename", *more])
        told_already.add(row.name)
        asked.append(f"{name}(first: $n) {{ pageInfo {{ hasNextPage }} nodes {{ {inner} }} }}")
    return " ".join(asked)


@dataclass
class Document:
    text: str
    way: str

    def rows(self, data: Mapping[str, Any]) -> dict[str, int]:
        """How many rows each list of the first owner answered."""
        found: Any = data
        if "nodes" in data:
            found = data["nodes"][0]
        for step in self.way.replace("%s", "").replace("{", "").replace("}", "").split():
            found = found[step]
        return {name: len(one["nodes"]) for name, one in found.items() if isinstance(one, dict) and "nodes" in one}


def document(owner: str, told_already: set[str], *, lists_too: bool = False) -> Document:
    node, way = WAYS.get(owner, (owner, "%s"))
    inner = way % lists(owner, told_already, lists_too=lists_too)
    if not node:
        return Document(f"query ($n: Int!) {{ {inner} }}", way)
    text = f"query ($ids: [ID!]!, $n: Int!) {{ nodes(ids: $ids) {{ ... on {node} {{ {inner} }} }} }}"
    return Document(text, way)


def ids(crowd: Crowd, owner: str, *, and_other: bool = False) -> list[str]:
    node = WAYS.get(owner, (owner, ""))[0]
    name = node if node in crowd.full else "Content"
    rows = [crowd.full[name], *([crowd.other[name]] if and_other else [])]
    return [global_id("Content" if name == "Live" else name, row.uid) for row in rows]


async def test_every_connection_keeps_its_bound_at_one_ten_and_a_hundred_rows_and_siblings_share_it(
    api: Asking, session: AsyncSession
) -> None:
    crowd = await crowds.build(session)
    asking = replace(api, caller=crowd.caller, limits=WIDE)
    told_already: set[str] = set()
    for owner in OWNERS:
        await _keeps_its_bound(asking, crowd, owner, document(owner, told_already))
    for owner in crowd.other:
        await _shares(asking, crowd, owner, document(owner, set(), lists_too=True))


async def _keeps_its_bound(asking: Asking, crowd: Crowd, owner: str, asked: Document) -> None:
    named = {} if "$ids" not in asked.text else {"ids": ids(crowd, owner)}
    costs: dict[int, Counter[str]] = {}
    for size in (1, 10, SIZE):
        with asking.statements() as seen:
            data = await asking.data(asked.text, n=size, **named)
        assert asked.rows(data) == dict.fromkeys(OWNERS[owner], size), f"fill the lists of {owner} in crowd.py"
        costs[size] = Counter(seen)
    few, some, most = (sum(costs[size].values()) for size in (1, 10, SIZE))
    # one row may be one that is there already, such as a content among its translations: then less is read
    assert few <= some == most, (owner, few, some, most, (costs[SIZE] - costs[1]).most_common(3))


async def _shares(asking: Asking, crowd: Crowd, owner: str, asked: Document) -> None:
    with asking.statements() as alone:
        await asking.data(asked.text, n=2, ids=ids(crowd, owner))
    with asking.statements() as together:
        await asking.data(asked.text, n=2, ids=ids(crowd, owner, and_other=True))

    # siblings of different latency may reach a loader twice: alone more often than together
    assert len(together) <= len(alone), (owner, (Counter(together) - Counter(alone)).most_common(3))
