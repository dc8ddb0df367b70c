"""Human audit over the API: the queue with all that an auditor needs, verdicts, and what authors read of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from models import SubmissionState
from services import publishing
from services.distribution import Distributor
from tests import make
from tests.api.graphql.asking import Asking
from tests.api.graphql.doing import do, id_of, recorded
from tests.services.packs import install, pack
from tests.services.test_auditing import AUDIT, KEY, SHARP

GUIDE = (Path(__file__).parents[3] / "docs" / "auditing.md").read_text()
TASK = """audit { stamp escalation escalatedAt checklist { place message(language: "zh") }
  reasons { code text(language: "en") } claim { until isYours auditor { id } } }"""
QUEUE = f"""query ($n: Int!, $after: String, $filter: AuditFilter) {{
  auditQueue(first: $n, after: $after, filter: $filter) {{ totalCount pageInfo {{ endCursor }}
    nodes {{ id state deadlineAt content {{ title }} decision {{ outcome }} rendition {{ title text }} {TASK} }} }} }}"""
SHOWN = f"submission {{ id state reason reasons {{ code text }} {TASK} }}"


@dataclass
class Desk:
    api: Asking
    session: AsyncSession
    author: Asking
    auditor: Asking
    rows: list[models.Submission]

    async def queue(self, asking: Asking | None = None, n: int = 10, **given: Any) -> Any:
        return (await (asking or self.auditor).data(QUEUE, n=n, **given))["auditQueue"]

    async def do(self, mutation: str, shows: str = SHOWN, asking: Asking | None = None, **sent: Any) -> Any:
        return await do(asking or self.auditor, mutation, shows, **sent)


@pytest.fixture
async def desk(api: Asking, session: AsyncSession, db: Database, clock: FixedClock) -> Desk:
    await install(db, pack(KEY, audit=AUDIT, rules=[SHARP]))
    ada = await make.creator(session)
    for number in range(3):
        content = await make.content(session, ada, live=False, title=f"Tea {number}")
        await publishing.publish(session, SYSTEM, content.uid, channels=[KEY], clock=clock)
    await Distributor(db, clock=clock, base_url="https://content.example").drain()
    rows = list(await session.scalars(select(models.Submission).order_by(models.Submission.id)))
    account = await make.account(session, name="Ann")
    scopes = frozenset({Scope.AUDIT_WRITE})
    ann = Caller(name="ann", account_id=account.id, channel_ids=frozenset({rows[0].channel_id}), scopes=scopes)
    return Desk(api, session, api.as_(await make.author(session, ada)), api.as_(ann), rows)


async def test_the_queue_says_what_there_is_to_look_at(desk: Desk):
    queue = await desk.queue(n=2)
    first, second = queue["nodes"]

    assert (queue["totalCount"], [first["id"], second["id"]]) == (3, [id_of(row) for row in desk.rows[:2]])
    assert (first["state"], first["content"]["title"], first["decision"]) == (
        "HUMAN_AUDIT",
        "Tea 0",
        {"outcome": "ELIGIBLE"},
    )
    assert first["deadlineAt"] == "2026-11-27T08:00:00+00:00"
    assert (first["rendition"]["title"], first["rendition"]["text"]) == ("Tea 0", "Tea, then the lake.")
    task = first["audit"]
    assert task.pop("stamp") != second["audit"]["stamp"]
    assert task == {
        "escalation": None,
        "escalatedAt": None,
        "checklist": [{"place": "rules.0", "message": "图片清晰吗？"}],
        "reasons": [
            {"code": "too-dark", "text": "The pictures are too dark."},
            {"code": "off-topic", "text": "It is about something else."},
            {"code": "rules.0", "text": "Is the picture sharp?"},
        ],
        "claim": None,
    }
    rest = await desk.queue(after=queue["pageInfo"]["endCursor"])
    assert [one["id"] for one in rest["nodes"]] == [id_of(desk.rows[2])]


async def test_a_page_of_the_queue_costs_the_same_statements_for_one_row_and_for_three(desk: Desk):
    counts = []
    for n in (1, 3):
        with desk.auditor.statements() as seen:
            await desk.queue(n=n)
        counts.append(len(seen))

    assert counts[0] == counts[1] <= 21, counts


async def test_claims_are_kept_given_back_and_listed(desk: Desk):
    shown = "submissions { id audit { claim { until isYours } } }"
    first, second, third = (id_of(row) for row in desk.rows)

    claimed = await desk.do("claimAudits", shown, count=2, minutes=30, idempotencyKey="k")
    assert claimed == await desk.do("claimAudits", shown, count=2, minutes=30, idempotencyKey="k")
    until = {"until": "2026-11-24T08:30:00+00:00", "isYours": True}
    assert claimed == [{"id": one, "audit": {"claim": until}} for one in (first, second)]
    kept = await desk.do("renewAudits", shown, submissionIds=[second])
    assert kept == [{"id": second, "audit": {"claim": until | {"until": "2026-11-24T08:15:00+00:00"}}}]
    given_back = await desk.do("releaseAudits", shown, submissionIds=[second])
    assert given_back == [{"id": second, "audit": {"claim": None}}]
    mine = await desk.queue(filter={"onlyMine": True, "channels": [KEY], "formats": ["ARTICLE"]})
    assert [one["id"] for one in mine["nodes"]] == [first]
    account = await make.account(desk.session, name="Ben")
    ben = desk.api.as_(replace(desk.auditor.caller, name="ben", account_id=account.id))
    theirs = (await desk.queue(ben))["nodes"][0]["audit"]["claim"]
    assert (theirs["isYours"], theirs["auditor"]) == (False, None)
    refused = await desk.do("releaseAudits", shown, submissionIds=[first, third, global_id("Submission", new_uid())])
    assert refused == [("NOT_CLAIMED", "submissionIds.1"), ("NO_SUCH_SUBMISSION", "submissionIds.2")]
    assert await desk.do("claimAudits", shown, count=51, minutes=0) == [
        ("CLAIM_OUT_OF_RANGE", "count"),
        ("CLAIM_OUT_OF_RANGE", "minutes"),
    ]
    assert await desk.do("claimAudits", shown, channels=["x"]) == [("UNKNOWN_CHANNEL", "channels.0")]
    assert await desk.do("claimAudits", shown, count=5, formats=["LIVE"]) == []


async def test_authors_read_the_channels_words_and_no_name(desk: Desk):
    await desk.do("claimAudits", "submissions { id }")
    seen = (await desk.queue(n=1))["nodes"][0]["audit"]["stamp"]
    one = {"submissionId": id_of(desk.rows[0]), "seen": seen}

    malformed = await desk.do("rejectSubmission", submissionId="zzz", seen=seen, reasons=[], note=" ")
    assert malformed == [("MALFORMED_ID", "submissionId"), ("REASON_OUT_OF_RANGE", "note")]
    assert await desk.do("rejectSubmission", **one, reasons=["dark"]) == [("UNKNOWN_REASON", "reasons.0")]
    assert await desk.do("rejectSubmission", **one, reasons=[]) == [("REASON_REQUIRED", "reasons")]
    assert await desk.do("acceptSubmission", **one | {"seen": "other"}) == [("STALE_AUDIT", "")]
    rejected = await desk.do("rejectSubmission", **one, reasons=["rules.0", "off-topic"], note="Sorry.")

    said = [
        {"code": "rules.0", "text": "Is the picture sharp?"},
        {"code": "off-topic", "text": "It is about something else."},
    ]
    known = {"id": id_of(desk.rows[0]), "state": "REJECTED", "reason": "Sorry.", "reasons": said, "audit": None}
    assert rejected == known
    read = await desk.author.data(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on {SHOWN.replace('submission', 'Submission', 1)} }} }}",
        id=id_of(desk.rows[0]),
    )
    assert read["node"] == known
    # who looked at it still sees what became of it; nobody else of another channel ever did
    listed = "{ submissions(first: 5, filter: {states: [REJECTED]}) { nodes { id } } }"
    assert (await desk.auditor.data(listed))["submissions"]["nodes"] == [{"id": id_of(desk.rows[0])}]
    elsewhere = desk.api.as_(replace(desk.auditor.caller, channel_ids=frozenset({-1})))
    assert (await elsewhere.data(listed))["submissions"]["nodes"] == []
    assert (await desk.queue(elsewhere))["nodes"] == []
    waiting = await desk.author.data("{ submissions(first: 5) { nodes { state audit { stamp } } } }")
    assert {one["audit"] for one in waiting["submissions"]["nodes"]} == {None}


@pytest.mark.parametrize("document", re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL))
async def test_what_the_page_about_audits_asks_is_answered(desk: Desk, document: str):
    asked = document.replace("aiguangjie.daily", KEY)
    given = {"id": id_of(desk.rows[0]), "seen": "0" * 16}

    answer = await desk.auditor.data(asked, **{name: given[name] for name in given if f"${name}" in asked})

    assert answer


async def test_accepting_handing_on_and_trials(desk: Desk):
    await desk.do("claimAudits", "submissions { id }", count=3)
    stamps = {one["id"]: one["audit"]["stamp"] for one in (await desk.queue())["nodes"]}
    first, second, third = ({"submissionId": id_of(row), "seen": stamps[id_of(row)]} for row in desk.rows)
    op = desk.api.as_(replace(make.operator(), account_id=(await make.account(desk.session)).id))

    assert (await desk.do("acceptSubmission", **first, note="Well done."))["reason"] == "Well done."
    assert await desk.do("acceptSubmission", **first) == [("WRONG_SUBMISSION_STATE", "")]
    assert await desk.do("escalateSubmission", **second, why=" ") == [("REASON_OUT_OF_RANGE", "why")]
    handed_on = await desk.do("escalateSubmission", **second, why="An advertisement?")
    assert (handed_on["state"], handed_on["audit"]["escalation"], handed_on["audit"]["claim"]) == (
        "HUMAN_AUDIT",
        "An advertisement?",
        None,
    )
    assert await desk.do("acceptSubmission", **second) == [("NOT_CLAIMED", "")]
    escalated = await desk.queue(op, filter={"onlyEscalated": True})
    assert [one["id"] for one in escalated["nodes"]] == [second["submissionId"]]
    taken = await desk.do("claimAudits", "submissions { id }", op, onlyEscalated=True)
    assert taken == [{"id": second["submissionId"]}]
    row = desk.rows[2]
    row.state = SubmissionState.TRIAL
    await desk.session.flush()
    assert await desk.do("endTrial", **third, passed=False) == [("REASON_REQUIRED", "reasons")]
    ended = await desk.do("endTrial", **third, passed=False, reasons=["too-dark"])
    assert (ended["state"], [one["code"] for one in ended["reasons"]]) == ("REJECTED", ["too-dark"])
    own = desk.api.as_(replace(op.caller, creator_ids=desk.author.caller.creator_ids))
    assert await desk.do("acceptSubmission", asking=own, **second) == [("CONFLICT_OF_INTEREST", "")]
    done = ["audit.accepted", "audit.escalated", "audit.claimed", "trial.failed"]
    assert (await recorded(desk.session))[-4:] == done
