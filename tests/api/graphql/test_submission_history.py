"""How a submission came to where it stands, told to each as it is theirs to know; and what is stuck."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from services import auditing, deadlines, publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, operator
from tests.services.packs import install, pack

REASON = {"code": "dull", "text": {"en": "It is dull.", "zh": "乏味。"}}
EYES = pack("test.eyes", audit={"path": ["machine", "human"], "human_hours": 72, "reasons": [REASON]})
EVENTS = """query ($id: ID!) { node(id: $id) { ... on Submission { events(first: 20) { nodes {
  before after by attempt actor reason reasons { code text } } } } } }"""
STUCK = '{ stuckSubmissions(first: 5) { nodes { state stuck { cause said advice(language: "zh") } } } }'


@pytest.fixture
async def submitted(api: Asking, session: AsyncSession, db: Database, clock: FixedClock) -> models.Submission:
    await install(db, EYES)
    content = await make.content(session, await make.creator(session), live=False)
    await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url="https://headwater.example").drain()
    return (await session.scalars(select(models.Submission))).one()


async def author_of(session: AsyncSession, row: models.Submission) -> Any:
    content = await session.get_one(models.Content, row.content_id)
    return await make.author(session, await session.get_one(models.Creator, content.creator_id))


async def history(asking: Asking, row: models.Submission) -> list[Any]:
    node = (await asking.data(EVENTS, id=id_of(row)))["node"]
    return [tuple(event.values()) for event in node["events"]["nodes"]]


async def test_every_step_is_told_with_its_reasons_and_names_only_to_operators(
    api: Asking, session: AsyncSession, clock: FixedClock, submitted: models.Submission
):
    author, judge = api.as_(await author_of(session, submitted)), api.as_(await operator(session))

    await auditing.reject(session, judge.caller, submitted.uid, reasons=["dull"], note="Sorry.", clock=clock)
    anew = await do(author, "resubmitSubmission", "submission { state }", submissionId=id_of(submitted))

    assert anew == {"state": "MACHINE_AUDIT"}
    why = [{"code": "dull", "text": "It is dull."}]
    steps = [
        (None, "MACHINE_AUDIT", "ENGINE", 1, "system", None, []),
        ("MACHINE_AUDIT", "HUMAN_AUDIT", "ENGINE", 1, "system", None, []),
        ("HUMAN_AUDIT", "REJECTED", "AUDITOR", 1, "op", "Sorry.", why),
        ("REJECTED", "MACHINE_AUDIT", "AUTHOR", 2, author.caller.name, None, []),
    ]
    assert await history(judge, submitted) == steps
    assert await history(author, submitted) == [(*step[:4], None, *step[5:]) for step in steps]


async def test_what_the_clock_says_is_said_in_the_readers_language(
    api: Asking, session: AsyncSession, db: Database, clock: FixedClock, submitted: models.Submission
):
    clock.move(timedelta(hours=72))
    await deadlines.step(db, clock)

    asked = 'query ($id: ID!) { node(id: $id) { ... on Submission { state en: reason(language: "en") zh: reason(language: "zh") } } }'
    told = (await api.as_(await author_of(session, submitted)).data(asked, id=id_of(submitted)))["node"]

    assert told == {"state": "EXPIRED", "en": "nobody judged it in time", "zh": "审核超过期限"}


async def test_what_is_stuck_is_told_to_those_whose_it_is(
    api: Asking, session: AsyncSession, submitted: models.Submission
):
    author, judge = api.as_(await author_of(session, submitted)), api.as_(await operator(session))
    other = api.as_(await make.author(session, await make.creator(session, name="Other")))
    assert (await author.data(STUCK))["stuckSubmissions"]["nodes"] == []
    await session.execute(
        update(models.Submission).values(
            escalated_at=text("now()"), escalation="Whose is it?", deadline_at=text("now() + interval '1 day'")
        )
    )

    advice = "审核员已上报：需由运营人员裁定。"
    told = {"state": "HUMAN_AUDIT", "stuck": {"cause": "ESCALATED", "said": None, "advice": advice}}
    assert (await author.data(STUCK))["stuckSubmissions"]["nodes"] == [told]
    assert (await other.data(STUCK))["stuckSubmissions"]["nodes"] == []
    told["stuck"]["said"] = "Whose is it?"
    assert (await judge.data(STUCK))["stuckSubmissions"]["nodes"] == [told]
    reader = api.as_(await make.author(session, await make.creator(session, name="Reader"), Scope.FEED_READ))
    assert await reader.codes(STUCK) == ["MISSING_SCOPE"]
