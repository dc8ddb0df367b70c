"""What is not published is not there: by no path that the schema has, for nobody who has no right to it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
)
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.limits import Limits
from api.graphql.nodes import findable_types
from api.graphql.schema import schema
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from services import feeds, keys
from tests import make
from tests.api.graphql import hidden as hiding
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.api.graphql.hidden import Hidden
from tests.api.graphql.live import served
from tests.api.graphql.walking import Walk, together, walk
from tests.api.graphql.world import SECRET, World

CORE = schema._schema
# the walk asks for more at once than any client may
WIDE = Limits(
    length=1_000_000, tokens=1_000_000, depth=100, fields=1_000_000, aliases=1_000_000, repeats=10**9, cost=10**12
)
# what a stranger is told where the answer would be somebody's business
TOLD = {
    "NO_SUCH_CONTENT",
    "NO_SUCH_CREATOR",
    "FORBIDDEN",
    "INTROSPECTION_OFF",
    "MISSING_SCOPE",
    "OPERATORS_ONLY",
    "NOT_SIGNED_IN",
    "MALFORMED_PREVIEW",
}
# what is below an object is the same wherever it was met: it is walked to the end from one root that answers each of them,
# and from the one that only its own caller sees
TO_THE_END = ("nodes", "viewer")
# the roots that tell those whose business it is of everything
TELLING = (*TO_THE_END, "applications", "assets", "creator", "organisation", "pack", "submissions")
# where one refusal leaves nothing of the whole answer: asked alone, lest it hides what others tell
ALL_OR_NOTHING = {
    "_service", "appeals", "applications", "assets", "auditQueue", "channelAccess", "cleanOuts", "distributionPlan", "erasurePreview", "erasures", "proposedTags",
    "rehearsal", "rehearsals", "stuckSubmissions", "submissionStatesCursor", "submissions", "suggestTags",
}  # fmt: skip
# what everybody may see, whatever its state
NEVER_HIDDEN = {"Brand", "Product", "Shop", "Tag", "Taxonomy"}


@pytest.fixture
async def world(session: AsyncSession) -> World:
    await make.instance(session)
    return await worlds.build(session)


@pytest.fixture
async def stranger(api: Asking, world: World, tmp_path: Path) -> AsyncIterator[Asking]:
    """A stranger, in front of an index that is behind the times."""
    index = await worlds.stale_index(tmp_path / "index", world)
    yield replace(api, index=index, limits=WIDE)
    await index.close()


def secrets(answer: Any) -> set[str]:
    """What an answer tells that it should not."""
    written = json.dumps(answer)
    return {one.strip() for one in re.findall(rf"{SECRET}[\w .@-]*", written)} | set(
        re.findall(rf": ({hiding.SHARE})\b", written)
    )


async def planted(session: AsyncSession) -> set[str]:
    """Everything in the database that says that it is a secret."""
    rows = "SELECT t::text FROM {0} t WHERE t::text LIKE '%{1}%'"
    tables = [name for name in models.Base.metadata.tables if name != "alembic_version"]
    found = await session.scalars(text(" UNION ALL ".join(rows.format(name, SECRET) for name in tables)))
    return {one.strip() for row in found for one in re.findall(rf"{SECRET}[\w .@-]*", row)}


@cache
def walked(root: str) -> Walk:
    return walk(CORE, root, levels=100 if root in TO_THE_END else 3)


def questions(asked: Mapping[str, list[dict[str, Any]]]) -> Iterator[tuple[set[str], str, dict[str, Any]]]:
    """All variants of some root fields in few documents, each with the names of the fields and the variables."""
    parts = {f"{root}_{index}": (root, given) for root, some in asked.items() for index, given in enumerate(some)}
    alone = {name for name, (root, _) in parts.items() if root in ALL_OR_NOTHING}
    for names in (parts.keys() - alone, *({name} for name in sorted(alone))):
        some = {name: walked(parts[name][0]) for name in sorted(names)}
        if some:
            variables = {f"{name}_{one}": value for name in some for one, value in parts[name][1].items()}
            yield names, together(some), variables


def ids_of(hidden: Hidden) -> list[str]:
    return [global_id(name, row.uid) for name, rows in hidden.rows.items() for row in rows]


def roots(world: World, hidden: Hidden) -> dict[str, list[dict[str, Any]]]:
    """For each root field the arguments that could lead to something hidden; the last lead to the most."""
    shown = [global_id("Content", row.uid) for row in world.public]
    # the rest of them are among the nodes
    contents = [global_id("Content", world.hidden[name].uid) for name in ("draft", "suspended")] + shown[-1:]
    suspended, creator = (global_id("Creator", row.uid) for row in (world.suspended, world.creator))
    public = [
        *shown,
        creator,
        global_id("Asset", world.asset.uid),
        global_id("Channel", world.channel.uid),
        global_id("Product", world.product.uid),
    ]
    every = [*ids_of(hidden), global_id("Tag", world.tag.uid), global_id("Taxonomy", world.taxonomy.uid), *public]
    versions = [global_id("Revision", uid) for uid in world.versions]
    page = {"first": 50}
    return {
        "_entities": [{"representations": [{"__typename": "Creator", "id": one} for one in (suspended, creator)]}],
        "_service": [{}],
        "appeals": [page],
        "applications": [page],
        "asset": [
            {"id": global_id("Asset", hidden.rows["Asset"][0].uid)},
            {"id": global_id("Asset", world.asset.uid)},
        ],
        "assetUpload": [{"id": global_id("AssetUpload", hidden.rows["AssetUpload"][0].uid)}],
        "assets": [page | {"filter": {"contains": SECRET.lower()}}, page],
        "auditQueue": [page],
        "brand": [{"id": global_id("Brand", new_uid())}],
        "brands": [page],
        "channel": [{"key": "test.private"}, {"key": "test.all"}],
        "channelAccess": [{"creatorId": one} for one in (suspended, creator)],
        "channelForm": [{"channel": key, "format": "ARTICLE"} for key in ("test.private", "test.all")],
        "channels": [{"last": 20}, page],
        "cleanOuts": [page],
        "content": [{"id": one} for one in contents],
        "contents": [
            {"last": 50},
            page | {"filter": {"tags": ["scene:camping"]}},
            page | {"filter": {"creatorIds": [suspended]}},
            page | {"order": "MOST_LIKED"},
            page,
        ],
        "creator": [{"handle": world.suspended.handle}, {"handle": world.creator.handle}],
        "creators": [page, page | {"filter": {"startsWith": SECRET.lower()}}],
        "distributionPlan": [{"contentId": one} for one in contents],
        "erasurePreview": [{"creatorId": suspended}],
        "erasures": [page],
        "feed": [
            page | {"key": "test.private", "after": feeds.encode("test.private", 1, 0)},
            page | {"key": "test.all"},
            page | {"key": "test.all", "after": feeds.encode("test.all", 1, 0)},
        ],
        # a true token opens a draft's page: what of that stays shut, tests of homepages say
        "homepagePreview": [{"token": "A" * 97}],
        "homepageTemplates": [{"kind": "MEDIA"}],
        "node": [{"id": versions[1]}, {"id": creator}],
        "nodes": [{"ids": every}],
        "organisation": [{"handle": "gone"}, {"handle": "north"}],
        "organisations": [page],
        "pack": [{"digest": digit * 64} for digit in "132"],
        "product": [{"id": global_id("Product", world.product.uid)}],
        "products": [page],
        "proposedTags": [page],
        "rateLimit": [{}],
        "rehearsal": [{"id": global_id("Rehearsal", hidden.rows["Rehearsal"][0].uid)}],
        "rehearsals": [page],
        "renditionSizes": [{}],
        "revisionDiff": [{"beforeId": versions[0], "afterId": versions[1]}],
        "search": [
            page | {"text": "", "order": "NEWEST"},
            page | {"text": "camping", "facets": ["KIND", "FORMAT", "LANGUAGE", "TAG", "CREATOR"]},
        ],
        "shop": [{"id": global_id("Shop", new_uid())}],
        "shops": [page],
        "submissionStatesCursor": [{"creatorId": creator}],
        "submissions": [page],
        "stuckSubmissions": [page],
        "suggestTags": [{"text": "We go camping."}],
        "tag": [{"code": "scene:camping"}],
        "tags": [page],
        "taxonomies": [page],
        "taxonomy": [{"code": "scene"}],
        "viewer": [{}],
    }


async def test_no_path_leads_anybody_to_what_is_not_theirs(
    stranger: Asking, session: AsyncSession, world: World
) -> None:
    hidden = await hiding.build(session, world)
    every = roots(world, hidden)
    assert CORE.query_type is not None
    assert set(every) == set(CORE.query_type.fields), "a new root field needs its arguments here"

    most = {root: variants[-1:] for root, variants in every.items()}
    others = {root: variants[:-1] for root, variants in every.items()}
    for caller in await hiding.strangers(session, hidden):
        asking = stranger.as_(caller)
        # how else it may be asked for differs for nobody: strangers try all of it
        for names, asked, given in chain(questions(most), questions(others if caller.is_anonymous else {})):
            answer = await asking.send(asked, **given)
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            assert codes <= TOLD, (caller.name, names, answer["errors"][:2])
            assert secrets(answer) == set(), (caller.name, names)
            assert answer.get("data") or len(names) == 1, (caller.name, answer["errors"][:2])


async def test_everything_that_is_hidden_is_there_to_be_found(
    stranger: Asking, session: AsyncSession, world: World
) -> None:
    """The same walks by those whose business it is: what strangers do not find is no accident of the world."""
    hidden = await hiding.build(session, world)
    every = roots(world, hidden)
    found: set[str] = set()
    for caller in (hidden.owner, make.operator()):
        asking = stranger.as_(caller)
        for _, asked, given in questions({root: every[root][-1:] for root in TELLING}):
            found |= secrets(await asking.send(asked, **given))

    assert await planted(session) - found == set()


def test_the_walk_asks_for_every_field_that_there_is() -> None:
    asked: set[str] = set()
    assert CORE.query_type is not None
    for root in CORE.query_type.fields:
        asked |= walk(CORE, root).asked
    assert CORE.subscription_type is not None
    for root in CORE.subscription_type.fields:
        asked |= walk(CORE, root, "subscription").asked

    everything = {f"{named.name}.{name}" for named in _below_the_roots() for name in named.fields}
    assert everything - asked == set()


def _below_the_roots() -> Iterator[GraphQLObjectType]:
    """Every type of object that a query or a subscription may answer; the others are of mutations only."""
    waiting: list[Any] = [CORE.query_type, CORE.subscription_type]
    seen: set[str] = set()
    while waiting:
        named = waiting.pop()
        if named.name in seen or is_leaf_type(named):
            continue
        seen.add(named.name)
        if not isinstance(named, GraphQLUnionType):
            waiting.extend(get_named_type(one.type) for one in named.fields.values())
        if isinstance(named, GraphQLObjectType):
            yield named
        else:
            waiting.extend(CORE.get_possible_types(named))


@dataclass(frozen=True)
class Named:
    """A place of a root field where an object is named."""

    root: str
    argument: str
    part: str | None
    is_many: bool

    @property
    def is_nameless(self) -> bool:
        """Whether any type may be named."""
        return self.argument in {"id", "ids"} and self.root in {"node", "nodes"}

    @property
    def type_name(self) -> str:
        of = {"beforeId": "Revision", "afterId": "Revision", "folderIds": "AssetFolder", "id": self.root}.get(
            self.part or self.argument
        )
        name = of or (self.part or self.argument).removesuffix("s").removesuffix("Id")
        return name[0].upper() + name[1:]

    def arguments(self, *ids: str) -> dict[str, Any]:
        value: Any = list(ids) if self.is_many else ids[0]
        beside = {"draft": {"format": "ARTICLE", "title": "Tea"}} if self.argument == "unsaved" else {}
        beside |= {"language": "en"} if beside and self.part == "creatorId" else {}
        given = {self.argument: {self.part: value, **beside} if self.part else value}
        if self.root == "revisionDiff":
            given = dict.fromkeys(("beforeId", "afterId"), value)
        return given | ({"text": "camping"} if self.root == "search" else {})


def named() -> Iterator[Named]:
    """Every place of a query where an object is named by its id."""
    assert CORE.query_type is not None
    for root, one in CORE.query_type.fields.items():
        for name, argument in one.args.items():
            yield from _named(root, name, argument)


def _named(root: str, name: str, argument: GraphQLArgument) -> Iterator[Named]:
    type_ = get_named_type(argument.type)
    if type_.name == "ID":
        yield Named(root, name, None, _is_many(argument.type))
    if isinstance(type_, GraphQLInputObjectType):
        for part, field in type_.fields.items():
            if get_named_type(field.type).name == "ID":
                yield Named(root, name, part, _is_many(field.type))


def _is_many(type_: Any) -> bool:
    return is_list_type(getattr(type_, "of_type", type_)) or is_list_type(type_)


def brief(place: Named) -> str:
    """The root field, asked for no more than whether it answers something."""
    assert CORE.query_type is not None
    one = CORE.query_type.fields[place.root]
    target = get_named_type(one.type)
    given = place.arguments("")
    more = {"first": "5"} if "first" in one.args else {}
    declared = ", ".join(f"${name}: {one.args[name].type}" for name in given)
    called = ", ".join([*(f"{name}: ${name}" for name in given), *(f"{name}: {size}" for name, size in more.items())])
    inner = "" if is_leaf_type(target) else "{ totalCount nodes { __typename } }" if more else "{ __typename }"
    return f"query ({declared}) {{ {place.root}({called}) {inner} }}"


async def test_what_is_hidden_looks_like_what_never_was(stranger: Asking, session: AsyncSession, world: World) -> None:
    """The same data, the same words, and as many statements, so that not even the time tells."""
    hidden = await hiding.build(session, world)
    findable = findable_types() - NEVER_HIDDEN
    assert findable == findable & hidden.rows.keys(), "something of each kind must be hidden"

    for caller in await hiding.strangers(session, hidden):
        asking = stranger.as_(caller)
        for place in named():
            types = findable if place.is_nameless else {place.type_name} - NEVER_HIDDEN
            rows = [
                (name, row.uid) for name in sorted(types) for row in hidden.rows[name][: 100 if place.is_many else 1]
            ]
            for some in [rows] if place.is_many else [[row] for row in rows]:
                await _looks_alike(asking, place, some)
        for handle, unknown in (("creator(handle", world.suspended.handle), ("organisation(handle", "gone")):
            for one in (unknown, "never-was"):
                assert await asking.data(f'{{ {handle}: "{one}") {{ __typename }} }}') == {
                    handle.partition("(")[0]: None
                }
        for key in ("test.private", "never.was"):
            asked = f'{{ channel(key: "{key}") {{ __typename }} feed(key: "{key}", first: 5) {{ __typename }} }}'
            assert await asking.data(asked) == {"channel": None, "feed": None}


async def _looks_alike(asking: Asking, place: Named, rows: list[tuple[str, UUID]]) -> None:
    if not rows:
        return
    asked = brief(place)
    with asking.statements() as before:
        nowhere = await asking.send(asked, **place.arguments(*(global_id(name, new_uid()) for name, _ in rows)))
    with asking.statements() as after:
        there = await asking.send(asked, **place.arguments(*(global_id(name, uid) for name, uid in rows)))
    assert told(there) == told(nowhere), (asking.caller.name, place, rows)
    assert len(after) == len(before), (asking.caller.name, place, rows)


def told(answer: dict[str, Any]) -> tuple[Any, list[Any]]:
    problems = [(one["message"], one["path"], one["extensions"]["code"]) for one in answer.get("errors", [])]
    return answer.get("data"), problems


async def test_lists_show_their_author_what_everybody_sees(stranger: Asking, world: World) -> None:
    owner = stranger.as_(make.acting_as(world.creator))
    query = """query ($h: String!) {
      contents(first: 50) { totalCount }
      creator(handle: $h) {
        contents(first: 50) { totalCount }
        homepage { blocks {
          ... on PageHero { content { title } }
          ... on PageContents { contents { title } }
          ... on PageTabs { tabs { contents { title } } }
          ... on PageLive { content { title } }
        } }
      }
      feed(key: "test.all", first: 50) { items { content { title } } }
    }"""

    assert await owner.data(query, h=world.creator.handle) == await stranger.data(query, h=world.creator.handle)


@pytest.mark.parametrize("state", ["EXPIRED_KEY", "REVOKED_KEY"])
async def test_a_key_that_is_over_opens_no_door(db: Database, session: AsyncSession, clock: FixedClock, state: str):
    over = {"EXPIRED_KEY": {"expires_at": clock.now()}, "REVOKED_KEY": {"revoked_at": clock.now()}}
    account = await make.account(session)
    issued = await keys.create(session, SYSTEM, account.uid, "laptop", list(hiding.ALL_BUT_OPERATE), clock=clock)
    await session.execute(update(models.ApiKey).values(**over[state]))
    known = {"authorization": f"Bearer {issued.secret}"}
    mutation = 'mutation { createApplication(input: {key: "mine", name: "Mine"}) { __typename } }'

    async with served(db, clock) as server:
        transport = httpx2.ASGITransport(app=server.app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://headwater.example") as client:
            answers = [
                await client.post("/graphql", json={"query": "{ __typename }"}, headers=known),
                await client.post("/graphql", json={"query": mutation}, headers=known),
                await client.get("/graphql", params={"query": "{ __typename }"}, headers=known),
            ]
        stream = server.events({"query": 'subscription { feedItems(key: "all") { cursor } }'}, **known)
        status, _ = await stream.open()
        told_by_stream = await stream.whole()
        sockets = [server.socket(**known), server.socket()]
        for socket, payload in zip(sockets, ({}, known), strict=True):
            await socket.open()
            await socket.say({"type": "connection_init", "payload": payload})
        closed = [await socket.closed() for socket in sockets]

    assert [(one.status_code, _code(one.json())) for one in answers] == [(401, state)] * 3
    assert all(one.json().keys() == {"errors"} for one in answers)
    assert (status, _code(told_by_stream)) == (401, state)
    assert closed == [(4403, state)] * 2
    assert (await session.scalars(select(models.Application))).all() == []


def _code(answer: dict[str, Any]) -> str:
    code: str = answer["errors"][0]["extensions"]["code"]
    return code


async def test_streams_of_what_is_hidden_end_like_those_of_what_never_was(
    db: Database, session: AsyncSession, clock: FixedClock, world: World
) -> None:
    """Of a room that is a draft, and of the submissions of a creator whom the key belongs to but may not look into."""
    account = await make.account(session)
    identity = {"kind": models.IdentityKind.CREATOR, "creator_id": world.creator.id}
    session.add(models.Identity(account_id=account.id, **identity))
    issued = await keys.create(session, SYSTEM, account.uid, "feeds", [Scope.FEED_READ], clock=clock)
    known = {"authorization": f"Bearer {issued.secret}"}
    hidden = {"liveRoom": world.hidden["of a live"], "submissionStates": world.creator}
    asked = {
        "liveRoom": "subscription ($id: ID!) { liveRoom(contentId: $id) { cursor } }",
        "submissionStates": "subscription ($id: ID!) { submissionStates(creatorId: $id) { cursor } }",
    }
    assert CORE.subscription_type is not None
    assert asked.keys() == CORE.subscription_type.fields.keys() - {"feedItems"}

    async with served(db, clock) as server:
        for root, row in hidden.items():
            answers = []
            for uid in (row.uid, new_uid()):
                variables = {"id": global_id(type(row).__name__, uid)}
                stream = server.events({"query": asked[root], "variables": variables}, **known)
                status, _ = await stream.open()
                answers.append((status, told(json.loads((await stream.next())["data"]))))
            assert answers[0] == answers[1], root
            assert answers[0][1][1], root
