"""The share of a creator's submissions that were accepted: who counts, who does not, and that a gate can ask for it."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from models import SubmissionState
from services import planning, publishing
from services.channel_access import AccessState, channel_access
from services.channels.engine import CompiledPack
from services.channels.findings import Evaluation, Outcome
from services.distribution import Distributor
from services.pass_rates import Counts, PassRates, are_asked, pass_rates
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
GATED = pack("test.trusted", gates={"all": [{"level": {"min": 0}}, {"not": {"pass_rate": {"min": 51}}}]})
TRUSTED = pack("test.trusted", gates={"pass_rate": {"min": 50}})


class Past:
    """Submissions of one creator to channels of their own, each judged as a test says."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock

    async def begin(self) -> None:
        async with self.db.session() as session:
            self.ada = await make.creator(session, name="Ada")
            self.bob = await make.creator(session, name="Bob")

    async def judged(
        self, *states: SubmissionState, days_ago: int = 1, by: models.Creator | None = None
    ) -> models.Content:
        """A content of Ada's (or of whoever is named) with one submission in each of these states."""
        async with self.db.session() as session:
            content = await make.content(session, by or self.ada)
            version_id = (await session.scalars(select(models.PackVersion.id))).one()
            for number, state in enumerate(states):
                channel = await make.channel(session, key=f"past.{content.id}-{number}")
                session.add(
                    models.Submission(
                        content_id=content.id,
                        channel_id=channel.id,
                        state=state,
                        revision_id=content.live_revision_id,
                        pack_version_id=version_id,
                        state_since=self.clock.now() - timedelta(days=days_ago),
                    )
                )
        return content

    async def rates(self, *contents: models.Content) -> PassRates:
        async with self.db.session() as session:
            ids = [self.ada.id, self.bob.id]
            return await pass_rates(session, ids, [content.id for content in contents], self.clock.now())


@pytest.fixture
async def past(db: Database, clock: FixedClock) -> Past:
    await install(db, TRUSTED)
    made = Past(db, clock)
    await made.begin()
    return made


async def planned(past: Past, content: models.Content) -> Evaluation:
    async with past.db.session() as session:
        (plan,) = await planning.plan(session, SYSTEM, content.uid, ["test.trusted"], clock=past.clock, base_url=BASE)
    return plan.evaluation


async def test_only_what_was_judged_within_thirty_days_counts(past: Past):
    state = SubmissionState
    await past.judged(state.ACCEPTED, state.DELIVERED, state.CONFIRMED, state.REJECTED)
    await past.judged(state.MACHINE_AUDIT, state.HUMAN_AUDIT, state.TRIAL, state.WITHDRAWN, state.EXPIRED, state.FAILED)
    await past.judged(state.REJECTED, days_ago=30)
    await past.judged(state.REJECTED, state.REJECTED, by=past.bob)

    rates = await past.rates()

    assert rates.of_creators == {past.ada.id: Counts(3, 4), past.bob.id: Counts(0, 2)}
    assert (rates.of(past.ada.id), rates.of(past.bob.id)) == (75, 0)


async def test_a_content_does_not_count_for_itself(past: Past):
    await past.judged(SubmissionState.DELIVERED, SubmissionState.REJECTED, SubmissionState.REJECTED)
    own = await past.judged(SubmissionState.DELIVERED)
    only = await past.judged(SubmissionState.DELIVERED, by=past.bob)

    rates = await past.rates(own, only)

    assert (rates.of(past.ada.id), rates.of(past.ada.id, own.id)) == (50, 33)
    assert (rates.of(past.bob.id), rates.of(past.bob.id, only.id)) == (100, None)


async def test_a_gate_on_the_pass_rate_lets_in_who_has_it_and_nobody_of_whom_it_is_not_known(past: Past):
    content = await past.judged()
    unknown = await planned(past, content)
    await past.judged(SubmissionState.DELIVERED, SubmissionState.REJECTED, SubmissionState.REJECTED)
    low = await planned(past, content)
    await past.judged(SubmissionState.CONFIRMED)
    enough = await planned(past, content)

    assert [(one.outcome, [(each.status, each.actual) for each in one.findings]) for one in (unknown, low, enough)] == [
        (Outcome.IMPOSSIBLE, [("unknown", None)]),
        (Outcome.IMPOSSIBLE, [("failed", 33)]),
        (Outcome.ELIGIBLE, []),
    ]


async def test_the_decision_counts_as_the_plan_did(past: Past):
    await past.judged(SubmissionState.DELIVERED, SubmissionState.DELIVERED, SubmissionState.REJECTED)
    async with past.db.session() as session:
        content = await make.content(session, past.ada, live=False)
    before = await planned(past, content)
    async with past.db.session() as session:
        await publishing.publish(session, SYSTEM, content.uid, clock=past.clock)
    await Distributor(past.db, clock=past.clock, base_url=BASE).drain()
    after = await planned(past, content)

    async with past.db.session() as session:
        decision = await session.scalar(
            select(models.Decision)
            .join(models.Submission, models.Submission.id == models.Decision.submission_id)
            .where(models.Submission.content_id == content.id)
        )
        assert decision is not None
        snapshot = await session.get_one(models.FactSnapshot, decision.snapshot_digest)
    assert (before.outcome, after.outcome, decision.outcome.value) == (Outcome.ELIGIBLE, Outcome.ELIGIBLE, "ELIGIBLE")
    assert orjson.loads(orjson.dumps(before.findings)) == decision.findings
    assert snapshot.body["creator"]["pass_rate"] == 66


async def test_a_creator_sees_how_far_the_pass_rate_is(past: Past):
    await past.judged(SubmissionState.DELIVERED, SubmissionState.REJECTED, SubmissionState.REJECTED)

    async with past.db.session() as session:
        (entry,) = await channel_access(session, SYSTEM, past.ada.uid, ["test.trusted"], clock=past.clock)

    assert entry.state is AccessState.CLOSED
    assert entry.gates is not None
    assert (entry.gates.actual, entry.gates.distance) == (33, 17)


def test_the_rate_is_counted_only_where_a_pack_asks_for_it():
    assert are_asked([CompiledPack(pack("test.open")), CompiledPack(GATED)])
    assert are_asked([CompiledPack(TRUSTED)])
    assert not are_asked(
        [CompiledPack(pack("test.open")), CompiledPack(pack("test.high", gates={"level": {"min": 6}}))]
    )
    assert CompiledPack(GATED).asked_of_creators == {"level", "pass_rate"}
