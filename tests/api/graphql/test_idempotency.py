"""Idempotency keys: one effect and one answer however often a mutation is sent; the key says nothing to others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from services import idempotency
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code path } }"
CREATE = f"""
mutation ($input: CreateContentInput!) {{
  createContent(input: $input) {{ ... on CreateContentPayload {{ content {{ id title }} }} {PROBLEMS} }}
}}"""
PUBLISH = f"""
mutation ($input: PublishContentInput!) {{
  publishContent(input: $input) {{ ... on PublishContentPayload {{ content {{ id state }} }} {PROBLEMS} }}
}}"""
KEY = {"idempotencyKey": "5f0c"}


def article(creator: models.Creator, **more: Any) -> dict[str, Any]:
    draft = {"format": "ARTICLE", "title": "Tea"}
    return {"creatorId": global_id("Creator", creator.uid), "language": "en", "draft": draft} | more


async def contents_count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(models.Content)) or 0


async def author_of(session: AsyncSession) -> tuple[models.Creator, Caller]:
    creator = await make.creator(session)
    return creator, await make.author(session, creator)


async def test_the_same_key_and_input_is_done_once_and_answers_the_same(api: Asking, session: AsyncSession):
    creator, author = await author_of(session)

    first = await api.as_(author).data(CREATE, input=article(creator, **KEY))
    again = await api.as_(author).data(CREATE, input=article(creator, **KEY))

    assert again == first
    assert first["createContent"]["content"]["title"] == "Tea"
    assert await contents_count(session) == 1


async def test_without_a_key_the_same_input_is_done_twice(api: Asking, session: AsyncSession):
    creator, author = await author_of(session)

    for _ in range(2):
        await api.as_(author).data(CREATE, input=article(creator, idempotencyKey=None))

    assert await contents_count(session) == 2
    assert await session.scalar(select(func.count()).select_from(models.IdempotencyKey)) == 0


@pytest.mark.parametrize("other", [{"language": "zh"}, {"draft": {"format": "ARTICLE", "title": "Coffee"}}])
async def test_the_same_key_for_another_input_is_refused(api: Asking, session: AsyncSession, other: dict[str, Any]):
    creator, author = await author_of(session)
    await api.as_(author).data(CREATE, input=article(creator, **KEY))

    refused = await api.as_(author).data(CREATE, input=article(creator, **KEY) | other)

    assert refused["createContent"]["problems"] == [
        {"code": "IDEMPOTENCY_CONFLICT", "path": ["input", "idempotencyKey"]}
    ]
    assert await contents_count(session) == 1


async def test_the_same_key_for_another_mutation_is_refused(api: Asking, session: AsyncSession):
    creator, author = await author_of(session)
    made = (await api.as_(author).data(CREATE, input=article(creator, **KEY)))["createContent"]["content"]

    refused = await api.as_(author).data(PUBLISH, input={"contentId": made["id"]} | KEY)

    assert [one["code"] for one in refused["publishContent"]["problems"]] == ["IDEMPOTENCY_CONFLICT"]


async def test_a_refusal_is_not_remembered(api: Asking, session: AsyncSession):
    creator, author = await author_of(session)
    content = await make.content(session, creator, live=False)
    content.state = models.ContentState.TAKEN_DOWN
    await session.flush()
    asked = {"contentId": global_id("Content", content.uid)} | KEY

    refused = await api.as_(author).data(PUBLISH, input=asked)
    content.state = models.ContentState.VISIBLE
    await session.flush()
    done = await api.as_(author).data(PUBLISH, input=asked)

    assert [one["code"] for one in refused["publishContent"]["problems"]] == ["TAKEN_DOWN"]
    assert done["publishContent"]["content"]["state"] == "VISIBLE"


async def test_a_key_is_the_callers_own(api: Asking, session: AsyncSession):
    ada, author = await author_of(session)
    eve, other = await author_of(session)

    await api.as_(author).data(CREATE, input=article(ada, **KEY))
    done = await api.as_(other).data(CREATE, input=article(eve, **KEY))

    assert "content" in done["createContent"]
    assert await contents_count(session) == 2


async def test_a_repeated_answer_shows_no_more_than_its_caller_may_see(api: Asking, session: AsyncSession):
    creator, author = await author_of(session)
    await api.as_(author).data(CREATE, input=article(creator, **KEY))

    elsewhere = replace(author, creator_ids=frozenset())
    refused = await api.as_(elsewhere).data(CREATE, input=article(creator, **KEY))

    assert refused["createContent"] == {"problems": [{"code": "NO_LONGER_VISIBLE", "path": []}]}


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "\u202e\u0007"])
async def test_a_key_has_a_form(api: Asking, session: AsyncSession, key: str):
    creator, author = await author_of(session)

    refused = await api.as_(author).data(CREATE, input=article(creator, idempotencyKey=key))

    assert [one["code"] for one in refused["createContent"]["problems"]] == ["MALFORMED_IDEMPOTENCY_KEY"]


async def test_keys_are_forgotten_after_two_days(session: AsyncSession, clock: FixedClock):
    caller = Caller(name="ada", account_id=7)
    await idempotency.begin(session, caller, "old", "m", bytes(32), clock=clock)
    clock.move(idempotency.KEPT)
    await idempotency.begin(session, caller, "new", "m", bytes(32), clock=clock)
    clock.move(timedelta(seconds=1))

    assert await idempotency.forget(session, clock=clock) == 1
    assert (await session.scalars(select(models.IdempotencyKey.key))).all() == ["new"]


async def test_sent_many_times_at_once_it_is_done_once(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        creator, author = await author_of(session)
    asking = Asking(committed, clock, author)

    answers = await asyncio.gather(*(asking.data(CREATE, input=article(creator, **KEY)) for _ in range(12)))

    assert len({str(answer) for answer in answers}) == 1
    async with committed.session() as session:
        assert await contents_count(session) == 1


async def test_whoever_waits_too_long_for_the_same_key_is_told(committed: Database, clock: FixedClock):
    hasty = Database(committed.url.render_as_string(hide_password=False), lock_timeout_ms=100)
    caller = Caller(name="ada", account_id=7)

    async with committed.session() as session:
        await idempotency.begin(session, caller, "k", "m", bytes(32), clock=clock)
        with pytest.raises(idempotency.IdempotencyInProgress):
            async with hasty.session() as other:
                await idempotency.begin(other, caller, "k", "m", bytes(32), clock=clock)
    await hasty.close()
