"""What an author finds again: works in every state, and drafts that are put away."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.ids import global_id
from models import ContentState, Format, RevisionState
from tests import make
from tests.api.graphql.asking import Asking

WORKS = """
query ($handle: String!, $filter: WorkFilter, $order: WorkOrder) {
  creator(handle: $handle) { works(first: 20, filter: $filter, order: $order) { totalCount nodes { title } } }
}"""
DISCARD = """
mutation ($input: DiscardDraftInput!) {
  discardDraft(input: $input) {
    ... on DiscardDraftPayload { content { title state draft { stamp } } }
    ... on Refused { problems { code path } }
  }
}"""
PUBLISH = """
mutation ($id: ID!) {
  publishContent(input: { contentId: $id }) {
    ... on PublishContentPayload { content { state } }
    ... on Refused { problems { code } }
  }
}"""


async def waiting(session: AsyncSession, content: models.Content, state: RevisionState) -> None:
    times = {"scheduled_for": make.EARLY, "schedule_zone": "UTC"} if state is RevisionState.SCHEDULED else {}
    revision = models.Revision(
        content_id=content.id, number=2, title="Next", state=state, sealed_at=make.EARLY, **times
    )
    session.add(revision)
    await session.flush()
    content.waiting_revision_id = revision.id
    await session.flush()


async def studio(session: AsyncSession) -> models.Creator:
    """A creator with one work at each stage."""
    creator = await make.creator(session)
    await make.content(session, creator, title="Draft", live=False, language="zh")
    await make.content(session, creator, title="Live", format=Format.GALLERY)
    await waiting(session, await make.content(session, creator, title="Reviewed"), RevisionState.IN_REVIEW)
    await waiting(session, await make.content(session, creator, title="Scheduled"), RevisionState.SCHEDULED)
    await make.content(session, creator, title="Withdrawn", state=ContentState.WITHDRAWN)
    await make.content(session, creator, title="Removed", state=ContentState.TAKEN_DOWN)
    await make.content(session, creator, title="Erased", state=ContentState.ERASED)
    await make.content(session, await make.creator(session), title="Foreign", live=False)
    return creator


@pytest.mark.parametrize(
    ("filter_", "titles"),
    [
        (None, ["Removed", "Withdrawn", "Scheduled", "Reviewed", "Live", "Draft"]),
        ({"stages": ["DRAFT"]}, ["Draft"]),
        ({"stages": ["IN_REVIEW"]}, ["Reviewed"]),
        ({"stages": ["SCHEDULED"]}, ["Scheduled"]),
        ({"stages": ["LIVE"]}, ["Scheduled", "Reviewed", "Live"]),
        ({"stages": ["WITHDRAWN", "TAKEN_DOWN"]}, ["Removed", "Withdrawn"]),
        ({"formats": ["GALLERY"]}, ["Live"]),
        ({"languages": ["zh"], "stages": ["LIVE"]}, []),
    ],
)
async def test_an_author_finds_their_works_by_where_they_stand(
    api: Asking, session: AsyncSession, filter_: dict[str, Any] | None, titles: list[str]
):
    creator = await studio(session)
    author = api.as_(make.acting_as(creator))

    found = await author.data(WORKS, handle=creator.handle, filter=filter_)
    back = await author.data(WORKS, handle=creator.handle, filter=filter_, order="OLDEST")

    works = found["creator"]["works"]
    assert ([one["title"] for one in works["nodes"]], works["totalCount"]) == (titles, len(titles))
    assert [one["title"] for one in back["creator"]["works"]["nodes"]] == titles[::-1]


async def test_nobody_else_sees_that_there_are_works(api: Asking, session: AsyncSession):
    creator = await studio(session)
    foreign = make.acting_as(await make.creator(session))

    for asking in (api, api.as_(foreign)):
        assert await asking.data(WORKS, handle=creator.handle) == {"creator": {"works": None}}


async def test_a_draft_beside_what_is_live_is_put_away_and_stays_among_the_versions(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    content = await make.content(session, creator, title="Live")
    draft = models.Revision(content_id=content.id, number=2, title="Next")
    session.add(draft)
    await session.flush()
    content.draft_revision_id = draft.id
    await session.flush()
    author = api.as_(await make.author(session, creator))
    sent = {"contentId": global_id("Content", content.uid)}

    stale = await author.data(DISCARD, input=sent | {"expectedRevision": "2.9"})
    done = await author.data(DISCARD, input=sent | {"expectedRevision": "2.1"})
    again = await author.data(DISCARD, input=sent | {"expectedRevision": "2.1"})

    assert stale["discardDraft"] == {"problems": [{"code": "STALE_REVISION", "path": ["input", "expectedRevision"]}]}
    assert again["discardDraft"] == {"problems": [{"code": "NOTHING_TO_DISCARD", "path": []}]}
    assert done["discardDraft"]["content"] == {"title": "Live", "state": "VISIBLE", "draft": None}
    await session.refresh(draft)
    assert draft.state is RevisionState.DROPPED


async def test_what_was_never_published_is_put_away_whole_and_can_be_taken_up_again(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    content = await make.content(session, creator, title="Draft", live=False)
    author = api.as_(await make.author(session, creator))
    sent = {"contentId": global_id("Content", content.uid), "expectedRevision": "1.1"}

    done = await author.data(DISCARD, input=sent)
    drafts = await author.data(WORKS, handle=creator.handle, filter={"stages": ["DRAFT"]})
    away = await author.data(WORKS, handle=creator.handle, filter={"stages": ["WITHDRAWN"]})
    published = await author.data(PUBLISH, id=sent["contentId"])

    assert done["discardDraft"]["content"] == {"title": "Draft", "state": "WITHDRAWN", "draft": {"stamp": "1.1"}}
    assert (drafts["creator"]["works"]["totalCount"], away["creator"]["works"]["totalCount"]) == (0, 1)
    assert published["publishContent"] == {"content": {"state": "VISIBLE"}}


async def test_what_lacks_what_it_is_about_is_told_before_it_goes_out(api: Asking, session: AsyncSession):
    creator = await make.creator(session)
    content = await make.content(session, creator, format=Format.GALLERY, live=False)
    author = api.as_(await make.author(session, creator))

    refused = await author.data(PUBLISH, id=global_id("Content", content.uid))

    assert refused["publishContent"] == {"problems": [{"code": "INCOMPLETE"}]}
