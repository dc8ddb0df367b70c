"""What is not published is not there: by no path that the schema has, for nobody who has no right to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type
from sqlalchemy.ext.asyncio import AsyncSession

import models
from api.graphql.limits import Limits
from api.graphql.schema import schema
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from services import feeds
from tests import make
from tests.api.graphql import world as worlds
from tests.api.graphql.asking import Asking
from tests.api.graphql.walking import walk
from tests.api.graphql.world import SECRET, World

CORE = schema._schema
# the walk asks for more at once than any client may
WIDE = Limits(tokens=1_000_000, depth=100, fields=1_000_000, aliases=1_000_000, repeats=10**9, cost=10**12)
# what a stranger is told where the answer would be somebody's business
TOLD = {"NO_SUCH_CONTENT", "FORBIDDEN", "NOT_SIGNED_IN", "MALFORMED_PREVIEW"}


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await worlds.build(session)


@pytest.fixture
async def stranger(api: Asking, world: World, tmp_path: Path) -> AsyncIterator[Asking]:
    """A stranger, in front of an index that is behind the times."""
    index = await worlds.stale_index(tmp_path / "index", world)
    yield replace(api, index=index, limits=WIDE)
    await index.close()


def roots(world: World, submission: models.Submission) -> dict[str, list[dict[str, Any]]]:
    """For each root field the arguments that could lead to something hidden."""
    # of what is public, the list that names something withdrawn and the question with hidden answers
    shown = [row for row in world.public if row.format in {models.Format.QNA, models.Format.RANKED_LIST}]
    ids = [global_id("Content", row.uid) for row in (*world.hidden.values(), *shown)]
    others = {
        "Creator": world.creator,
        "Tag": world.tag,
        "Taxonomy": world.taxonomy,
        "Product": world.product,
        "Channel": world.channel,
        "Submission": submission,
    }
    suspended = global_id("Creator", world.suspended.uid)
    every = [*ids, suspended, *(global_id(name, row.uid) for name, row in others.items())]
    versions = [global_id("Revision", uid) for uid in world.versions]
    return {
        "appeals": [{"first": 20}],
        "erasurePreview": [{"creatorId": suspended}],
        "erasures": [{"first": 20}],
        "revisionDiff": [{"beforeId": versions[0], "afterId": versions[1]}],
        "channel": [{"key": "test.all"}],
        "channels": [{"first": 20}, {"last": 20}],
        "content": [{"id": one} for one in ids],
        "contents": [
            {"first": 50},
            {"last": 50},
            {"first": 50, "filter": {"tags": ["scene:camping"]}},
            {"first": 50, "filter": {"creatorIds": [suspended]}},
            {"first": 50, "order": "MOST_LIKED"},
        ],
        "creator": [{"handle": world.creator.handle}, {"handle": world.suspended.handle}],
        "distributionPlan": [{"contentId": one} for one in ids],
        "feed": [
            {"key": "test.all", "first": 50},
            {"key": "test.all", "first": 50, "after": feeds.encode("test.all", 1, 0)},
        ],
        # a true token opens a draft's page: what of that stays shut, tests of homepages say
        "homepagePreview": [{"token": "A" * 97}],
        "homepageTemplates": [{"kind": "MEDIA"}],
        "node": [{"id": one} for one in every[-8:]],
        "nodes": [{"ids": every}],
        "product": [{"id": global_id("Product", world.product.uid)}],
        "search": [
            {"text": "camping", "first": 50, "facets": ["KIND", "FORMAT", "LANGUAGE", "TAG", "CREATOR"]},
            {"text": "", "first": 50, "order": "NEWEST"},
        ],
        "brand": [{"id": global_id("Brand", new_uid())}],
        "brands": [{"first": 20}],
        "creators": [{"first": 20}, {"first": 20, "filter": {"startsWith": SECRET.lower()}}],
        "products": [{"first": 20}],
        "shop": [{"id": global_id("Shop", new_uid())}],
        "shops": [{"first": 20}],
        "submissionStatesCursor": [{"creatorId": global_id("Creator", world.creator.uid)}],
        "submissions": [{"first": 20}],
        "tag": [{"code": "scene:camping"}],
        "tags": [{"first": 20}],
        "taxonomies": [{"first": 20}],
        "taxonomy": [{"code": "scene"}],
        "viewer": [{}],
    }


async def test_no_path_leads_a_stranger_to_what_is_not_published(
    stranger: Asking, session: AsyncSession, world: World
) -> None:
    submission = await worlds.submit(session, world, world.public[0])
    every = roots(world, submission)
    assert CORE.query_type is not None
    assert set(every) == set(CORE.query_type.fields), "a new root field needs its arguments here"

    for root, variants in every.items():
        walked = walk(CORE, root)
        for arguments in variants:
            answer = await stranger.send(walked.document, **arguments)
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            assert codes <= TOLD, (root, arguments, answer["errors"][:2])
            assert SECRET not in json.dumps(answer), (root, arguments)


async def test_the_walk_would_find_what_is_hidden(stranger: Asking, world: World) -> None:
    owner = stranger.as_(make.acting_as(world.creator))
    operator = stranger.as_(make.operator())
    content, creator = walk(CORE, "content"), walk(CORE, "creator")

    for name in ("withdrawn", "taken down", "draft"):
        answer = await owner.send(content.document, id=global_id("Content", world.hidden[name].uid))
        assert f"{SECRET} {name}" in json.dumps(answer)
    assert f"{SECRET} edit" in json.dumps(await owner.send(creator.document, handle=world.creator.handle))
    erased = await owner.send(content.document, id=global_id("Content", world.hidden["erased"].uid))
    assert SECRET not in json.dumps(erased)
    assert SECRET in json.dumps(await operator.send(creator.document, handle=world.suspended.handle))


def test_the_walk_asks_for_every_field_that_there_is() -> None:
    asked: set[str] = set()
    assert CORE.query_type is not None
    for root in CORE.query_type.fields:
        asked |= walk(CORE, root).asked
    assert CORE.subscription_type is not None
    for root in CORE.subscription_type.fields:
        asked |= walk(CORE, root, "subscription").asked

    everything = {
        f"{named.name}.{name}"
        for named in CORE.type_map.values()
        if isinstance(named, GraphQLObjectType) and not named.name.startswith("__") and named is not CORE.mutation_type
        for name in named.fields
        if not _is_only_of_mutations(named)
    }
    assert everything - asked == set()


def _is_only_of_mutations(named: GraphQLObjectType) -> bool:
    return named.name == "Refused" or named.name.endswith("Payload")


@pytest.mark.parametrize("name", ["withdrawn", "taken down", "erased", "draft", "suspended"])
async def test_what_is_hidden_looks_like_what_never_was(stranger: Asking, world: World, name: str) -> None:
    query = "query ($id: ID!) { content(id: $id) { title } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    plan = "query ($id: ID!) { distributionPlan(contentId: $id) { channels { outcome } } }"
    there = global_id("Content", world.hidden[name].uid)
    nowhere = global_id("Content", world.product.uid)

    assert await stranger.data(query, id=there) == await stranger.data(query, id=nowhere)
    assert (await stranger.send(plan, id=there))["errors"][0]["message"] == (
        (await stranger.send(plan, id=nowhere))["errors"][0]["message"]
    )


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


async def test_a_foreign_creator_sees_no_more_than_a_stranger(
    stranger: Asking, session: AsyncSession, world: World
) -> None:
    bob = await make.creator(session, name="Bob")
    foreign = stranger.as_(make.acting_as(bob))
    narrow = stranger.as_(Caller(name="key without scope", account_id=-9, scopes=frozenset({Scope.FEED_READ})))
    submission = await worlds.submit(session, world, world.public[0])

    for caller in (foreign, narrow):
        for root in ("content", "creator", "distributionPlan"):
            walked = walk(CORE, root)
            for arguments in roots(world, submission)[root]:
                answer = await caller.send(walked.document, **arguments)
                assert {error["extensions"]["code"] for error in answer.get("errors", [])} <= TOLD
                assert SECRET not in json.dumps(answer), (root, arguments)


def test_every_field_that_tells_of_a_content_is_reached_from_a_checked_root() -> None:
    """Roots that answer with plain values need no walk; this one holds that all others are objects."""
    assert CORE.query_type is not None
    for name, one in CORE.query_type.fields.items():
        assert isinstance(get_named_type(one.type), GraphQLObjectType | GraphQLInterfaceType), name
