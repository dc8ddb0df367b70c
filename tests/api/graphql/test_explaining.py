"""Why it came to this, whether it would again, and why not here: as clients ask for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from services import explaining, publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.services.packs import install, pack

TITLE = {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}
EXPLAINED = """
  explanation {
    attempt outcome decidedAt engineVersion decisionUuid json
    revision { number stamp } pack { key digest } facts { digest snapshot } quotaUsed { name used }
    findings { code place severity status message(language: "zh") hint actual allowed evidence }
    verification {
      agreement because outcomeThen outcomeNow engineVersionThen engineVersionNow onlyThen { code } onlyNow { code }
    }
  }
"""
SUBMISSION = f"query ($id: ID!) {{ node(id: $id) {{ ... on Submission {{ {EXPLAINED} }} }} }}"
ACCESS = """query ($id: ID!, $channels: [String!], $states: [ChannelAccessState!], $language: String) {
  channelAccess(creatorId: $id, channels: $channels) {
    open: count(state: OPEN) closed: count(state: CLOSED)
    channels(states: $states) {
      state isMember channel { key } quota { name left }
      gates { depth place code status blocks message(language: $language) actual wanted distance note source }
    }
  }
}"""


class Told:
    """A content that was rejected at a channel for its title."""

    creator: models.Creator
    submission: models.Submission


@pytest.fixture
async def told(db: Database, clock: FixedClock) -> Told:
    made = Told()
    await install(db, pack("test.short", rules=[TITLE], quota={"per_creator_per_day": 3}))
    async with db.session() as session:
        made.creator = await make.creator(session, level=3, followers_count=90)
        content = await make.content(session, made.creator, live=False)
        await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(db, clock=clock, base_url="https://content.example").drain()
    async with db.session() as session:
        made.submission = (await session.scalars(select(models.Submission))).one()
    return made


async def asked(asking: Asking, told: Told) -> dict[str, Any]:
    answer = await asking.data(SUBMISSION, id=global_id("Submission", told.submission.uid))
    found: dict[str, Any] = answer["node"]["explanation"]
    return found


async def test_a_submission_says_why_with_everything_that_was_pinned(api: Asking, told: Told):
    found = await asked(api.as_(make.acting_as(told.creator)), told)

    async with api.db.session() as session:
        stored = await explaining.explain(session, SYSTEM, told.submission.uid)
    assert found.pop("json") == stored.to_json().decode()
    snapshot = orjson.loads(found["facts"].pop("snapshot"))
    assert (snapshot["creator"]["level"], snapshot["creator"]["followers_count"]) == (3, 90)
    assert found == {
        "attempt": 1,
        "outcome": "FIXABLE",
        "decidedAt": "2026-11-24T08:00:00+00:00",
        "engineVersion": stored.this.engine_version,
        "decisionUuid": str(stored.this.decision),
        "revision": {"number": 1, "stamp": "1.1"},
        "pack": {"key": "test.short", "digest": stored.pack.digest},
        "facts": {"digest": stored.facts.digest},
        "quotaUsed": [{"name": "per_creator_per_day", "used": 0}],
        "findings": [
            {
                "code": "text.length",
                "place": "rules.0",
                "severity": "BLOCK",
                "status": "FAILED",
                "message": stored.findings[0]["message_zh"],
                "hint": stored.findings[0]["hint_en"],
                "actual": "21",
                "allowed": found["findings"][0]["allowed"],
                "evidence": found["findings"][0]["evidence"],
            }
        ],
        "verification": {
            "agreement": "SAME",
            "because": None,
            "outcomeThen": "FIXABLE",
            "outcomeNow": "FIXABLE",
            "engineVersionThen": stored.this.engine_version,
            "engineVersionNow": stored.this.engine_version,
            "onlyThen": [],
            "onlyNow": [],
        },
    }


async def test_of_erased_findings_the_codes_are_told(api: Asking, told: Told):
    async with api.db.session() as session:
        await session.execute(text("SET LOCAL headwater.erasing = 'on'"))
        await session.execute(text("UPDATE fact_snapshots SET body = '{}'"))
        kept = '[{"code": "text.length", "path": "title", "place": "rules.0", "severity": "block", "status": "failed", "version": 1}]'
        await session.execute(text("UPDATE decisions SET findings = CAST(:kept AS jsonb)"), {"kept": kept})

    found = await asked(api.as_(make.operator()), told)

    assert found["facts"]["snapshot"] is None
    assert found["findings"] == [
        {
            "code": "text.length",
            "place": "rules.0",
            "severity": "BLOCK",
            "status": "FAILED",
            "message": "这条说明的内容已被删除。",
            "hint": None,
            "actual": None,
            "allowed": None,
            "evidence": "{}",
        }
    ]
    assert (found["verification"]["agreement"], found["verification"]["because"]) == ("CANNOT", "ERASED")


async def test_a_channel_sees_what_was_delivered_and_not_what_it_stood_on(api: Asking, told: Told):
    async with api.db.session() as session:
        await session.execute(text("UPDATE submissions SET state = 'DELIVERED'"))
    channel = Caller(
        name="x",
        account_id=1,
        channel_ids=frozenset({told.submission.channel_id}),
        scopes=frozenset({Scope.DELIVERY_WRITE}),
    )

    query = (
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Submission {{ state decision {{ outcome {EXPLAINED} }} }} }} }}"
    )
    answer = await api.as_(channel).data(query, id=global_id("Submission", told.submission.uid))

    assert answer["node"] == {"state": "DELIVERED", "decision": {"outcome": "FIXABLE", "explanation": None}}


async def test_many_submissions_are_explained_and_verified_in_as_many_statements_as_one(
    api: Asking, told: Told, clock: FixedClock
):
    query = f"{{ submissions(first: 50) {{ nodes {{ {EXPLAINED} }} }} }}"
    owner = api.as_(make.acting_as(told.creator))
    with owner.statements() as few:
        assert len((await owner.data(query))["submissions"]["nodes"]) == 1
    async with api.db.session() as session:
        for _ in range(3):
            content = await make.content(session, told.creator, live=False)
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await Distributor(api.db, clock=clock, base_url="https://content.example").drain()

    with owner.statements() as many:
        nodes = (await owner.data(query))["submissions"]["nodes"]

    assert [one["explanation"]["verification"]["agreement"] for one in nodes] == ["SAME"] * 4
    assert len(many) == len(few)


async def test_why_not_here_is_answered_gate_by_gate(api: Asking, told: Told):
    source = {"provenance": "captured", "confidence": "A"}
    gates = {"all": [{"level": {"min": 3}}, {"followers": {"min": 100}, "source": source}], "note": "As seen."}
    await install(api.db, pack("test.closed", gates=gates), pack("test.short"))
    owner, creator = api.as_(make.acting_as(told.creator)), global_id("Creator", told.creator.uid)

    found = (await owner.data(ACCESS, id=creator, language="zh"))["channelAccess"]
    closed = (await owner.data(ACCESS, id=creator, states=["CLOSED"]))["channelAccess"]["channels"]

    assert (found["open"], found["closed"]) == (1, 1)
    assert [(one["channel"]["key"], one["state"], len(one["gates"])) for one in found["channels"]] == [
        ("test.short", "OPEN", 0),
        ("test.closed", "CLOSED", 3),
    ]
    assert found["channels"][1]["gates"][2]["message"] == "至少 100 位粉丝：未满足（90，还差 10）。"
    (one,) = closed
    assert one["gates"] == [
        {
            "depth": 0, "place": "gates", "code": "gate.all", "status": "MISSING", "blocks": True,
            "message": "All of these: 1 of 2 hold.", "actual": "1", "wanted": "2", "distance": 1,
            "note": "As seen.", "source": None,
        },
        {
            "depth": 1, "place": "gates.all.0", "code": "creator.level", "status": "MET", "blocks": False,
            "message": "A level from L3 to L6: yes (L3).", "actual": "3", "wanted": '{"max":6,"min":3}', "distance": 0,
            "note": None, "source": None,
        },
        {
            "depth": 1, "place": "gates.all.1", "code": "creator.followers", "status": "MISSING", "blocks": True,
            "message": "At least 100 followers: no (90, 10 short).", "actual": "90", "wanted": '{"min":100}', "distance": 10,
            "note": None, "source": '{"confidence":"A","provenance":"captured"}',
        },
    ]  # fmt: skip


async def test_why_not_here_is_told_to_the_creators_side_only(api: Asking, told: Told):
    async with api.db.session() as session:
        eve = await make.creator(session)
    creator = global_id("Creator", told.creator.uid)

    assert await api.codes(ACCESS, id=creator) == ["NOT_SIGNED_IN"]
    assert await api.as_(make.acting_as(told.creator, Scope.FEED_READ)).codes(ACCESS, id=creator) == ["MISSING_SCOPE"]
    assert await api.as_(make.acting_as(eve)).codes(ACCESS, id=creator) == ["FORBIDDEN"]
    assert await api.as_(make.acting_as(eve)).codes(ACCESS, id=global_id("Creator", new_uid())) == ["NO_SUCH_CREATOR"]
    assert await api.as_(make.operator()).codes(ACCESS, id=creator, channels=["test.no"]) == ["UNKNOWN_CHANNEL"]
