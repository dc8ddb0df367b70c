"""Following creators: counted exactly, seen by those whom it concerns, and gathered into a timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from services import following
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code path } }"
FOLLOW = f"""
mutation ($id: ID!) {{
  followCreator(input: {{creatorId: $id}}) {{
    ... on FollowCreatorPayload {{ creator {{ name followersCount isFollowedByViewer }} }} {PROBLEMS}
  }}
}}"""
UNFOLLOW = f"""
mutation ($id: ID!, $key: String) {{
  unfollowCreator(input: {{creatorId: $id, idempotencyKey: $key}}) {{
    ... on UnfollowCreatorPayload {{ creator {{ name followersCount isFollowedByViewer }} }} {PROBLEMS}
  }}
}}"""
FOLLOWERS = """
query ($handle: String!) {
  creator(handle: $handle) {
    followersCount isFollowedByViewer followers(first: 10) { totalCount nodes { name followedAt } }
  }
}"""
FOLLOWING = "{ viewer { following(first: 10) { totalCount nodes { name } } } }"
TIMELINE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: ContentFilter) {
  viewer {
    timeline(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount nodes { title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}"""


def id_of(creator: models.Creator) -> str:
    return global_id("Creator", creator.uid)


async def count(session: AsyncSession, creator: models.Creator) -> int:
    found = await session.scalar(select(models.Creator.followers_count).where(models.Creator.id == creator.id))
    assert found is not None
    return found


async def follow(session: AsyncSession, caller: Caller, *creators: models.Creator) -> None:
    assert caller.account_id is not None
    session.add_all(
        models.Follow(account_id=caller.account_id, creator_id=one.id, followed_at=make.EARLY) for one in creators
    )
    await session.flush()


async def test_a_creator_is_followed_once_and_unfollowed_once(api: Asking, session: AsyncSession) -> None:
    ada, rio = await make.creator(session, followers_count=41), await make.reader(session)
    reader = api.as_(rio)

    for _ in range(2):
        done = await reader.data(FOLLOW, id=id_of(ada))
        followed = {"name": "Ada", "followersCount": 42, "isFollowedByViewer": True}
        assert done == {"followCreator": {"creator": followed}}
    assert (await reader.data(FOLLOWING))["viewer"]["following"] == {"totalCount": 1, "nodes": [{"name": "Ada"}]}
    for _ in range(2):
        done = await reader.data(UNFOLLOW, id=id_of(ada))
        followed = {"name": "Ada", "followersCount": 41, "isFollowedByViewer": False}
        assert done == {"unfollowCreator": {"creator": followed}}
    assert (await reader.data(FOLLOWING))["viewer"]["following"] == {"totalCount": 0, "nodes": []}


async def test_only_the_creators_side_and_operators_see_who_follows(api: Asking, session: AsyncSession) -> None:
    ada, bob = await make.creator(session), await make.creator(session, name="Bob")
    rio, kim = await make.reader(session), await make.reader(session, name="kim@example.org")
    gone = await make.reader(session, name="Gone")
    await api.as_(rio).data(FOLLOW, id=id_of(ada))
    api.clock.move(timedelta(minutes=1))
    await api.as_(kim).data(FOLLOW, id=id_of(ada))
    await api.as_(gone).data(FOLLOW, id=id_of(ada))
    account = await session.get_one(models.Account, gone.account_id)
    account.suspended_at = api.clock.now()
    await session.flush()

    seen = {
        "totalCount": 2,
        "nodes": [
            # an address is nobody's public name
            {"name": None, "followedAt": "2026-11-24T08:01:00+00:00"},
            {"name": "Rio", "followedAt": "2026-11-24T08:00:00+00:00"},
        ],
    }

    async def shown(caller: Caller | None) -> dict[str, Any]:
        asking = api if caller is None else api.as_(caller)
        creator: dict[str, Any] = (await asking.data(FOLLOWERS, handle=ada.handle))["creator"]
        assert creator["followersCount"] == 3
        return creator

    assert (await shown(make.acting_as(ada)))["followers"] == seen
    assert (await shown(make.operator()))["followers"]["totalCount"] == 3
    assert (await shown(make.acting_as(bob)))["followers"] is None
    assert (await shown(None)) == {"followersCount": 3, "isFollowedByViewer": None, "followers": None}
    assert (await shown(rio))["isFollowedByViewer"] is True


async def test_who_cannot_be_followed_and_who_cannot_follow(api: Asking, session: AsyncSession) -> None:
    ada, eve = await make.creator(session), await make.creator(session, name="Eve", suspended_at=make.EARLY)
    rio, author = await make.reader(session), await make.author(session, ada, Scope.ENGAGEMENT_WRITE)
    narrow = await make.reader(session, scopes=(Scope.FEED_READ,))

    async def refused(caller: Caller | None, id_: str, mutation: str = FOLLOW) -> list[str]:
        asking = api if caller is None else api.as_(caller)
        (answer,) = (await asking.data(mutation, id=id_)).values()
        return [problem["code"] + ":" + ".".join(problem["path"]) for problem in answer["problems"]]

    assert await refused(None, id_of(ada)) == ["NOT_SIGNED_IN:"]
    assert await refused(narrow, id_of(ada)) == ["MISSING_SCOPE:"]
    assert await refused(author, id_of(ada)) == ["OWN_CREATOR:"]
    for nobody in (id_of(eve), global_id("Creator", new_uid())):
        assert await refused(rio, nobody) == ["NO_SUCH_CREATOR:input.creatorId"]
        assert await refused(rio, nobody, UNFOLLOW) == ["NO_SUCH_CREATOR:input.creatorId"]
    assert await refused(await make.reader(session, scopes=(Scope.OPERATE,)), id_of(eve)) == [
        "NO_SUCH_CREATOR:input.creatorId"
    ]
    assert await refused(rio, global_id("Content", ada.uid)) == ["WRONG_ID_TYPE:input.creatorId"]
    assert (await session.scalars(select(models.Follow.id))).all() == []
    assert await count(session, ada) == 0


async def test_a_suspended_creator_stays_followed_unseen_and_can_be_left(api: Asking, session: AsyncSession) -> None:
    ada, rio = await make.creator(session), await make.reader(session)
    reader = api.as_(rio)
    await reader.data(FOLLOW, id=id_of(ada))
    ada.suspended_at = make.EARLY
    await session.flush()

    assert (await reader.data(FOLLOWING))["viewer"]["following"] == {"totalCount": 0, "nodes": []}
    for _ in range(2):  # sent again it answers the same
        assert await reader.data(UNFOLLOW, id=id_of(ada), key="k") == {"unfollowCreator": {"creator": None}}
    assert await count(session, ada) == 0
    assert (await reader.data(UNFOLLOW, id=id_of(ada)))["unfollowCreator"]["problems"][0]["code"] == "NO_SUCH_CREATOR"


async def test_an_import_may_lower_the_count_below_what_is_taken_back(session: AsyncSession) -> None:
    ada, rio = await make.creator(session), await make.reader(session)
    await follow(session, rio, ada)

    await following.unfollow(session, rio, ada.uid)

    assert await count(session, ada) == 0


async def test_erasing_a_person_undoes_what_they_follow(session: AsyncSession) -> None:
    ada, bob = await make.creator(session, followers_count=9), await make.creator(session, followers_count=9)
    rio, kim = await make.reader(session), await make.reader(session)
    await follow(session, rio, ada, bob)
    await follow(session, kim, ada)
    assert rio.account_id is not None

    await following.forget(session, [rio.account_id])

    assert [await count(session, ada), await count(session, bob)] == [8, 8]
    assert (await session.scalars(select(models.Follow.account_id))).all() == [kim.account_id]


@pytest.fixture
async def reader(api: Asking, session: AsyncSession) -> Asking:
    """Somebody who follows three creators, two of whom published, in a world where others do, too."""
    ada, bob = await make.creator(session), await make.creator(session, name="Bob")
    quiet, other = await make.creator(session, name="Quiet"), await make.creator(session, name="Other")
    rio = await make.reader(session)
    await follow(session, rio, ada, bob, quiet)
    for hour in range(6):
        creator, at = (ada, bob, other)[hour % 3], make.EARLY + timedelta(hours=hour)
        format_ = models.Format.GALLERY if hour == 3 else models.Format.ARTICLE
        await make.content(session, creator, title=f"{creator.name} {hour}", published_at=at, format=format_)
    # two at the same instant stand in the order of their ids
    await make.content(session, bob, title="Bob 4b", published_at=make.EARLY + timedelta(hours=4))
    await make.content(session, ada, title="draft", live=False)
    await make.content(session, ada, title="withdrawn", state=models.ContentState.WITHDRAWN)
    return api.as_(rio)


EVERYTHING = ["Bob 4b", "Bob 4", "Ada 3", "Bob 1", "Ada 0"]


def titles(page: dict[str, Any]) -> list[str]:
    return [node["title"] for node in page["nodes"]]


async def test_a_timeline_holds_what_the_followed_published_newest_first(reader: Asking) -> None:
    with reader.statements() as seen:
        page = (await reader.data(TIMELINE, first=10))["viewer"]["timeline"]

    assert titles(page) == EVERYTHING
    assert page["totalCount"] == 5
    # the page and the count, whatever is followed
    assert len([one for one in seen if "follows" in one]) == 2


@pytest.mark.parametrize("size", [1, 4])
async def test_a_timeline_is_walked_both_ways(reader: Asking, size: int) -> None:
    forward: list[str] = []
    cursor, more = None, True
    while more:
        page = (await reader.data(TIMELINE, first=size, after=cursor))["viewer"]["timeline"]
        assert page["pageInfo"]["hasPreviousPage"] is bool(forward)
        forward += titles(page)
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    backward: list[str] = []
    cursor, more = None, True
    while more:
        page = (await reader.data(TIMELINE, last=size, before=cursor))["viewer"]["timeline"]
        assert page["pageInfo"]["hasNextPage"] is bool(backward)
        backward = titles(page) + backward
        cursor, more = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]

    assert forward == EVERYTHING
    assert backward == EVERYTHING


async def test_a_timeline_is_narrowed_and_its_cursors_know_it(reader: Asking) -> None:
    galleries = {"formats": ["GALLERY"]}
    narrowed = (await reader.data(TIMELINE, first=10, filter=galleries))["viewer"]["timeline"]
    cursor = (await reader.data(TIMELINE, first=1))["viewer"]["timeline"]["pageInfo"]["endCursor"]
    behind_all = (await reader.data(TIMELINE, last=1))["viewer"]["timeline"]["pageInfo"]["endCursor"]

    assert titles(narrowed) == ["Ada 3"]
    assert narrowed["totalCount"] == 1
    assert await reader.codes(TIMELINE, first=1, after=cursor, filter=galleries) == ["FOREIGN_CURSOR"]
    assert await reader.codes(TIMELINE, first=1, after="nonsense") == ["UNKNOWN_CURSOR"]
    nothing = (await reader.data(TIMELINE, first=1, after=behind_all))["viewer"]["timeline"]
    assert titles(nothing) == []
    assert nothing["pageInfo"]["hasPreviousPage"] is True


async def test_a_timeline_forgets_at_once_what_is_taken_back(reader: Asking, session: AsyncSession) -> None:
    bob = (await session.scalars(select(models.Creator).where(models.Creator.name == "Bob"))).one()
    bob.suspended_at = make.EARLY
    await session.flush()

    page = (await reader.data(TIMELINE, first=2))["viewer"]["timeline"]

    assert titles(page) == ["Ada 3", "Ada 0"]
    assert page["totalCount"] == 2
    assert page["pageInfo"]["hasNextPage"] is False


async def test_whoever_follows_nobody_has_an_empty_timeline(api: Asking, session: AsyncSession) -> None:
    await make.content(session, await make.creator(session))

    page = (await api.as_(await make.reader(session)).data(TIMELINE, first=2))["viewer"]["timeline"]

    assert page["nodes"] == []
    assert page["pageInfo"]["hasNextPage"] is False
