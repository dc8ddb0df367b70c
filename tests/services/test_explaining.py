"""Why it came to this, in the same bytes for ever; and whether it would come to the same today."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text, update

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import new_uid
from core.store import Store
from services import erasure, explaining, outbox, publishing, submissions, verifying
from services.channels import engine
from services.channels.findings import Evaluation, Outcome
from services.distribution import Distributor
from services.explaining import NoSuchDecision, explain
from services.verifying import Agreement, Hindrance, Verification
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
TITLE = {"kind": "text.length", "severity": "block", "field": "title", "max": 10, "unit": "graphemes"}
RULES = [
    TITLE,
    {"kind": "product.count", "severity": "warn", "max": 0},
    {"kind": "tag.exactly_n", "severity": "warn", "taxonomy": "topic", "n": 2},
]


class Desk:
    """A content with a product and a tag at a channel that finds something to say of each."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        self.distributor = Distributor(db, clock=clock, base_url=BASE)

    async def open(self, *, rules: list[dict[str, Any]] = RULES, **parts: Any) -> None:
        await install(self.db, pack("test.one", rules=rules, quota={"per_creator_per_day": 5}, **parts))
        async with self.db.session() as session:
            self.creator = await make.creator(session, level=3)
            self.product = await make.product(session)
            self.tag = await make.tag(session, await make.taxonomy(session), "tea")
            self.content = await make.content(
                session, self.creator, tags=(self.tag,), products=(self.product,), live=False
            )
        await self.publish()

    async def publish(self) -> None:
        async with self.db.session() as session:
            await publishing.publish(session, SYSTEM, self.content.uid, clock=self.clock)
        await self.distributor.drain()

    async def submission(self) -> models.Submission:
        async with self.db.session() as session:
            return (await session.scalars(select(models.Submission))).one()

    async def explained(self, caller: Caller = SYSTEM, *, attempt: int | None = None) -> explaining.Explanation:
        uid = (await self.submission()).uid
        async with self.db.session() as session:
            return await explain(session, caller, uid, attempt=attempt)

    async def verified(self) -> list[Verification]:
        return [one async for batch in verifying.every(self.db, SYSTEM, at_once=1) for one in batch]

    async def change(self, *statements: str) -> None:
        async with self.db.session() as session:
            for statement in statements:
                await session.execute(text(statement))


@pytest.fixture
async def desk(db: Database, clock: FixedClock) -> Desk:
    made = Desk(db, clock)
    await made.open()
    return made


async def move_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs, code, facts: all of them another than on the day of the decision."""
    await install(desk.db, pack("test.one", gates={"level": {"min": 6}}))
    async with desk.db.session() as session:
        other = await make.tag(session, await make.taxonomy(session, "mood"), "calm")
        await session.execute(
            update(models.Product).values(title="Pot", price_minor=1, version=models.Product.version + 1)
        )
        await session.execute(update(models.Tag).values(labels={"en": "Renamed", "zh": "改名"}))
        await session.execute(update(models.Creator).values(level=6, followers_count=9, handle="renamed"))
        await session.execute(update(models.Content).values(tag_ids=[other.id]))
        await outbox.mark(session, models.DirtyKind.CONTENT, [desk.content.id])
    for module in (engine, submissions, verifying):
        monkeypatch.setattr(module, "ENGINE_VERSION", 99)
    desk.clock.move(timedelta(days=400))
    await desk.distributor.drain()


async def test_an_explanation_holds_everything_that_was_pinned(desk: Desk):
    submission = await desk.submission()

    told = orjson.loads((await desk.explained()).to_json())

    async with desk.db.session() as session:
        decision = (await session.scalars(select(models.Decision))).one()
        version = (await session.scalars(select(models.PackVersion))).one()
    assert told == {
        "form": 1,
        "submission": str(submission.uid),
        "content": str(desk.content.uid),
        "decision": str(decision.uid),
        "attempt": 1,
        "decided_at": "2026-11-24T08:00:00+00:00",
        "outcome": "FIXABLE",
        "engine_version": str(engine.ENGINE_VERSION),
        "pack": {"key": "test.one", "digest": version.digest},
        "revision": {"number": 1, "stamp": "1.1"},
        "facts": {"digest": decision.snapshot_digest.hex(), "snapshot": told["facts"]["snapshot"]},
        "quota_used": {"per_creator_per_day": 0},
        "findings": decision.findings,
        "earlier": [],
    }
    assert [(one["code"], one["actual"]) for one in told["findings"]] == [
        ("text.length", 21), ("product.count", 1), ("tag.exactly_n", ["tea"]),
    ]  # fmt: skip
    snapshot = told["facts"]["snapshot"]
    assert [snapshot["creator"]["level"], snapshot["products"][0]["title"]] == [3, "Kettle"]
    assert [one["code"] for one in snapshot["content"]["tags"]["topic"]] == ["tea"]


async def test_packs_code_and_facts_move_on_and_the_bytes_are_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    before = (await desk.explained()).to_json()

    await move_on(desk, monkeypatch)
    after = (await desk.explained()).to_json()

    assert after == before


async def test_another_attempt_changes_nothing_about_the_first(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    before = await desk.explained()
    await move_on(desk, monkeypatch)
    async with desk.db.session() as session:
        await session.execute(update(models.Submission).values(state="WITHDRAWN", reason=submissions.HIDDEN))
        await outbox.mark(session, models.DirtyKind.CONTENT, [desk.content.id])
    await desk.distributor.drain()

    first, second = await desk.explained(attempt=1), await desk.explained()

    assert first.to_json() == before.to_json()
    assert (second.this.attempt, second.this.engine_version, second.this.outcome.value) == (2, "99", "ELIGIBLE")
    assert second.earlier == (before.this,)
    assert second.pack.digest != before.pack.digest
    with pytest.raises(NoSuchDecision):
        await desk.explained(attempt=3)


async def test_of_an_erased_content_codes_and_ids_are_told_and_no_values(desk: Desk, store: Store):
    before = orjson.loads((await desk.explained()).to_json())
    async with desk.db.session() as session:
        account = await make.account(session, name="Op")
        operator = Caller(name="op", account_id=account.id, scopes=frozenset({Scope.OPERATE}))
        asked = await erasure.erase_creator(session, operator, desk.creator.uid, clock=desk.clock)
    await erasure.finish(desk.db, store, desk.clock, [asked.id])

    after = orjson.loads((await desk.explained()).to_json())
    (verified,) = await desk.verified()

    assert after["facts"] == {"digest": before["facts"]["digest"], "snapshot": None}
    assert after["findings"] == [
        {name: one[name] for name in ("code", "path", "place", "severity", "status", "version")}
        for one in before["findings"]
    ]
    assert {name for name in after if after[name] != before[name]} == {"facts", "findings"}
    assert (verified.agreement, verified.because, verified.outcome_now) == (Agreement.CANNOT, Hindrance.ERASED, None)


async def test_the_creators_side_and_operators_are_told_and_nobody_else(desk: Desk):
    submission = await desk.submission()
    channel = Caller(
        name="x", account_id=1, channel_ids=frozenset({submission.channel_id}), scopes=frozenset({Scope.DELIVERY_WRITE})
    )
    async with desk.db.session() as session:
        eve = await make.creator(session)
        await session.execute(update(models.Submission).values(state="DELIVERED"))

    assert (await desk.explained(make.acting_as(desk.creator))).submission == submission.uid
    for caller in (channel, make.acting_as(eve), make.acting_as(desk.creator, Scope.FEED_READ), Caller()):
        with pytest.raises(NoSuchDecision):
            await desk.explained(caller)
        async with desk.db.session() as session:
            assert await verifying.verifications(session, caller, [submission.decision_id or 0]) == {}
    async with desk.db.session() as session:
        with pytest.raises(NoSuchDecision):
            await explain(session, SYSTEM, new_uid())


async def test_many_are_told_with_as_many_statements_as_one(desk: Desk):
    for key in ("test.two", "test.three"):
        await install(desk.db, pack(key))
    async with desk.db.session() as session:
        await session.execute(update(models.Content).values(version=models.Content.version + 1))
        await outbox.mark(session, models.DirtyKind.CONTENT, [desk.content.id])
    await desk.distributor.drain()

    async with desk.db.session() as session:
        ids = list(await session.scalars(select(models.Decision.id)))
        found = await explaining.explanations(session, SYSTEM, ids)

    assert {one.pack.key for one in found.values()} == {"test.one", "test.two", "test.three"}
    assert [one.decision_id for one in found.values()] == list(found)


async def test_judged_again_from_the_pins_it_comes_to_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    await move_on(desk, monkeypatch)

    (verified,) = await desk.verified()

    assert (verified.agreement, verified.because) == (Agreement.SAME, None)
    assert (verified.outcome_then.value, verified.outcome_now.value) == ("FIXABLE", "FIXABLE")
    assert verified.engine_then != verified.engine_now


async def test_another_engine_that_says_otherwise_is_found_out(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    evaluate, judged = engine.evaluate, {"outcome": Outcome.ELIGIBLE}

    def kinder(*given: Any, **named: Any) -> Evaluation:
        found = evaluate(*given, **named)
        _first, second, third = found.findings
        return replace(found, **judged, findings=(second, replace(third, actual=7), second))

    monkeypatch.setattr(verifying, "evaluate", kinder)
    (verified,) = await desk.verified()

    assert (verified.agreement, verified.outcome_now) == (Agreement.DIFFERENT, models.Outcome.ELIGIBLE)
    assert [one["code"] for one in verified.only_then] == ["text.length", "tag.exactly_n"]
    assert [(one["code"], one["actual"]) for one in verified.only_now] == [("tag.exactly_n", 7), ("product.count", 1)]


async def test_better_words_for_the_same_findings_are_no_difference(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    evaluate = engine.evaluate

    def clearer(*given: Any, **named: Any) -> Evaluation:
        found = evaluate(*given, **named)
        return replace(
            found, findings=tuple(replace(one, message_en="Clearer.", hint_zh="更好。") for one in found.findings)
        )

    monkeypatch.setattr(verifying, "evaluate", clearer)
    (verified,) = await desk.verified()

    assert (verified.agreement, verified.only_then, verified.only_now) == (Agreement.SAME, (), ())


async def test_another_outcome_alone_is_a_difference(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    evaluate = engine.evaluate
    monkeypatch.setattr(verifying, "evaluate", lambda *a, **b: replace(evaluate(*a, **b), outcome=Outcome.IMPOSSIBLE))

    (verified,) = await desk.verified()

    assert (verified.agreement, verified.only_then, verified.only_now) == (Agreement.DIFFERENT, (), ())


@pytest.mark.parametrize(
    ("broken", "because"),
    [
        ("UPDATE fact_snapshots SET body = '{\"content\": 1}'", Hindrance.UNREADABLE_FACTS),
        ("UPDATE revisions SET body = '[{\"type\": 1}]'", Hindrance.UNREADABLE_FACTS),
        ("UPDATE pack_versions SET body = '{\"schema\": 9}'", Hindrance.UNREADABLE_PACK),
    ],
)
async def test_what_cannot_be_read_any_more_is_said_and_stops_nothing(desk: Desk, broken: str, because: Hindrance):
    await desk.change("SET LOCAL session_replication_role = 'replica'", broken)

    (verified,) = await desk.verified()

    assert (verified.agreement, verified.because) == (Agreement.CANNOT, because)
    assert (await desk.explained()).this.outcome is models.Outcome.FIXABLE


async def test_a_decision_about_spent_quota_is_judged_by_what_was_used_then(db: Database, clock: FixedClock):
    desk = Desk(db, clock)
    await install(db, pack("test.limited", quota={"per_creator_per_day": 1}))
    async with db.session() as session:
        ada = await make.creator(session)
        contents = [await make.content(session, ada, live=False) for _ in range(2)]
        for content in contents:  # one batch: both find the quota free, and one takes it
            await publishing.publish(session, SYSTEM, content.uid, clock=clock)
    await desk.distributor.drain()
    clock.move(timedelta(days=1))

    verified = await desk.verified()

    assert sorted(one.outcome_then.value for one in verified) == ["ELIGIBLE", "FIXABLE"]
    assert [one.agreement for one in verified] == [Agreement.SAME] * 2
