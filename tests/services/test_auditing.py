"""Human audit: who gets what to judge, what becomes of it, and that nobody judges the same, or their own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Forbidden
from core.ids import new_uid
from core.store import Store
from models import Format, SubmissionState
from services import auditing, decisions, erasure, publishing
from services.access import MissingScope
from services.auditing import AuditFilter, Wanted
from services.deliveries import NoSuchSubmission
from services.distribution import Distributor
from services.planning import UnknownChannel
from services.submission_states import WrongSubmissionState
from tests import make
from tests.services.packs import install, pack

KEY = "test.audited"
REASONS = [
    {"code": "too-dark", "text": {"en": "The pictures are too dark.", "zh": "图片太暗。"}},
    {"code": "off-topic", "text": {"en": "It is about something else.", "zh": "与主题无关。"}},
]
SHARP = {
    "kind": "manual",
    "severity": "block",
    "check": "is-sharp",
    "text": {"en": "Is the picture sharp?", "zh": "图片清晰吗？"},
}
AUDIT = {
    "path": ["machine", "human"],
    "human_hours": 72,
    "auditors": "channel",
    "priority": ["QNA", "ARTICLE"],
    "reasons": REASONS,
}


@dataclass
class Desk:
    """A channel with auditors of its own, an author, and what they submit."""

    db: Database
    session: AsyncSession
    clock: FixedClock
    author: models.Creator
    distributor: Distributor

    async def submit(self, *, format: Format = Format.ARTICLE, title: str = "Tea") -> models.Submission:  # noqa: A002
        """A content that waits for a person."""
        content = await make.content(self.session, self.author, live=False, format=format, title=title)
        await publishing.publish(self.session, SYSTEM, content.uid, channels=[KEY], clock=self.clock)
        await self.distributor.drain()
        return await self.of(content)

    async def of(self, content: models.Content) -> models.Submission:
        found = await self.session.scalars(
            select(models.Submission)
            .where(models.Submission.content_id == content.id)
            .execution_options(populate_existing=True)
        )
        return found.one()

    async def auditor(self, name: str = "Ann") -> Caller:
        account = await make.account(self.session, name=name)
        channel = (await self.session.scalars(select(models.Channel.id).where(models.Channel.key == KEY))).one()
        scopes = frozenset({Scope.AUDIT_WRITE})
        return Caller(name=name, account_id=account.id, channel_ids=frozenset({channel}), scopes=scopes)

    async def operator(self) -> Caller:
        account = await make.account(self.session, name="Op")
        return Caller(name="op", account_id=account.id, scopes=frozenset({Scope.OPERATE}))

    async def claim(self, caller: Caller, *, count: int = 1, **wanted: Any) -> list[models.Submission]:
        return await auditing.claim(self.session, caller, Wanted(**wanted), count=count, clock=self.clock)

    async def edit(self, submission: models.Submission) -> None:
        """A new version of the content goes out; nobody has looked at it yet."""
        old = await self.session.get_one(models.Revision, submission.revision_id)
        content = await self.session.get_one(models.Content, submission.content_id)
        draft = models.Revision(content_id=content.id, number=2, title="Better tea", summary="", body=old.body)
        self.session.add(draft)
        await self.session.flush()
        content.draft_revision_id = draft.id
        await publishing.publish(self.session, SYSTEM, content.uid, channels=[KEY], clock=self.clock)
        await self.session.flush()


@pytest.fixture
async def desk(db: Database, session: AsyncSession, clock: FixedClock) -> Desk:
    await install(db, pack(KEY, audit=AUDIT, rules=[SHARP]))
    distributor = Distributor(db, clock=clock, base_url="https://headwater.example")
    return Desk(db, session, clock, await make.creator(session), distributor)


async def events(session: AsyncSession, submission: models.Submission) -> list[tuple[str, str, str | None, list[str]]]:
    """(to, by whom, reason, codes) of its steps after the engine's."""
    step = models.SubmissionEvent
    rows = await session.execute(
        select(step.to_state, step.taken_by, step.reason, step.reason_codes)
        .where(step.submission_id == submission.id, step.taken_by != models.SubmissionActor.ENGINE)
        .order_by(step.id)
    )
    return [(to.value, by.value, reason, codes) for to, by, reason, codes in rows]


async def test_the_queue_goes_by_the_packs_order_of_formats_and_then_by_who_waits_longest(desk: Desk):
    waiting = []
    for form in (Format.ARTICLE, Format.QNA, Format.ARTICLE, Format.QNA):
        desk.clock.at += timedelta(minutes=1)
        waiting.append(await desk.submit(format=form))
    ann = await desk.auditor()

    claimed = [await desk.claim(ann) for _ in range(5)]

    order = [1, 3, 0, 2]
    assert [[one.id for one in each] for each in claimed] == [*[[waiting[place].id] for place in order], []]
    assert {one.deadline_at - one.state_since for one in waiting if one.deadline_at} == {timedelta(hours=72)}
    assert (claimed[0][0].auditor_id, claimed[0][0].claimed_until) == (
        ann.account_id,
        desk.clock.now() + auditing.LEASE,
    )


async def test_what_is_claimed_is_free_again_when_it_is_released_or_its_time_is_over(desk: Desk):
    one = await desk.submit()
    ann, ben = await desk.auditor(), await desk.auditor("Ben")

    assert await desk.claim(ann) == [one]
    assert await desk.claim(ben) == []
    desk.clock.at += timedelta(minutes=14)
    await auditing.renew(desk.session, ann, [one.uid], clock=desk.clock)
    desk.clock.at += timedelta(minutes=14)
    assert await desk.claim(ben) == []
    await auditing.release(desk.session, ann, [one.uid])
    assert await desk.claim(ben) == [one]
    desk.clock.at += timedelta(minutes=15)
    # nobody took it, so it is still Ben's to judge
    await auditing.renew(desk.session, ben, [one.uid], lease=timedelta(minutes=1), clock=desk.clock)
    desk.clock.at += timedelta(minutes=1)
    assert await desk.claim(ann) == [one]
    with pytest.raises(auditing.NotClaimed):
        await auditing.renew(desk.session, ben, [one.uid], clock=desk.clock)
    with pytest.raises(NoSuchSubmission):
        await auditing.release(desk.session, ann, [new_uid()])


async def test_accepted_goes_on_and_rejected_says_every_reason_in_the_channels_words(desk: Desk):
    good, bad = await desk.submit(), await desk.submit()
    ann = await desk.auditor()
    await desk.claim(ann, count=2)
    tasks = await auditing.tasks(desk.session, ann, [good.id, bad.id])
    task = tasks[bad.id]

    assert [one["message_en"] for one in task.checklist] == ["Is the picture sharp?"]
    assert [one.code for one in task.grounds] == ["too-dark", "off-topic", "rules.0"]
    await auditing.accept(desk.session, ann, good.uid, seen=tasks[good.id].stamp, clock=desk.clock)
    codes = ["too-dark", "rules.0", "too-dark"]
    await auditing.reject(
        desk.session, ann, bad.uid, reasons=codes, seen=task.stamp, note="All of them.", clock=desk.clock
    )

    assert (good.state, good.auditor_id, good.claimed_until) == (SubmissionState.ACCEPTED, None, None)
    assert (bad.state, bad.reason, bad.reason_codes) == (
        SubmissionState.REJECTED,
        "All of them.",
        ["too-dark", "rules.0"],
    )
    told = await auditing.told(desk.session, SYSTEM, [good.id, bad.id])
    assert [[one.words["zh"] for one in each] for each in told.values()] == [["图片太暗。", "图片清晰吗？"]]
    assert await events(desk.session, good) == [("ACCEPTED", "AUDITOR", None, [])]
    assert await events(desk.session, bad) == [("REJECTED", "AUDITOR", "All of them.", ["too-dark", "rules.0"])]
    await desk.distributor.drain()
    await desk.session.refresh(good)
    assert good.state is SubmissionState.DELIVERED
    done = list(await desk.session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id)))
    assert done[-4:] == ["audit.claimed", "audit.claimed", "audit.accepted", "audit.rejected"]


async def refused(work: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(DomainError) as caught:
        await work
    return [(one.code, one.path) for one in caught.value.problems]


async def test_a_rejection_names_reasons_that_the_pack_has(desk: Desk):
    one = await desk.submit()
    ann = await desk.auditor()
    await desk.claim(ann)

    def reject(*reasons: str, note: str | None = None) -> Any:
        return auditing.reject(desk.session, ann, one.uid, reasons=reasons, note=note, clock=desk.clock)

    assert await refused(reject(note="No.")) == [("REASON_REQUIRED", ("reasons",))]
    unknown = [("UNKNOWN_REASON", ("reasons", 0)), ("UNKNOWN_REASON", ("reasons", 2))]
    assert await refused(reject("to-dark", "off-topic", "rules.1")) == unknown
    with pytest.raises(auditing.UnknownReason) as caught:
        await reject("to-dark")
    assert "Did you mean too-dark?" in caught.value.problems[0].message
    assert one.state is SubmissionState.HUMAN_AUDIT


async def test_where_the_pack_has_no_reasons_a_note_says_why(desk: Desk):
    await install(desk.db, pack(KEY, audit=AUDIT | {"reasons": []}))
    one = await desk.submit()
    ann = await desk.auditor()
    await desk.claim(ann)

    bare = auditing.reject(desk.session, ann, one.uid, reasons=(), clock=desk.clock)
    assert await refused(bare) == [("REASON_REQUIRED", ("note",))]
    await auditing.reject(desk.session, ann, one.uid, reasons=(), note="Dull.", clock=desk.clock)
    assert (one.state, one.reason) == (SubmissionState.REJECTED, "Dull.")


async def test_only_who_claimed_it_or_an_operator_judges(desk: Desk):
    one, other = await desk.submit(), await desk.submit()
    ann, ben, op = await desk.auditor(), await desk.auditor("Ben"), await desk.operator()
    assert await desk.claim(ann) == [one]

    for free in (one, other):
        with pytest.raises(auditing.NotClaimed):
            await auditing.accept(desk.session, ben, free.uid, clock=desk.clock)
    await auditing.accept(desk.session, op, one.uid, clock=desk.clock)
    with pytest.raises(WrongSubmissionState):
        await auditing.reject(desk.session, ann, one.uid, reasons=["too-dark"], clock=desk.clock)
    assert one.state is SubmissionState.ACCEPTED


async def test_what_the_auditor_did_not_see_is_not_judged(desk: Desk):
    one = await desk.submit()
    ann = await desk.auditor()
    await desk.claim(ann)
    seen = auditing.stamp(one)
    content = await desk.session.get_one(models.Content, one.content_id)

    await desk.edit(one)
    # the distributor has not heard of it yet
    assert await refused(auditing.accept(desk.session, ann, one.uid, seen=seen, clock=desk.clock)) == [
        ("STALE_AUDIT", ())
    ]
    assert await desk.claim(await desk.operator(), channels=(KEY,)) == []
    await desk.distributor.drain()
    again = await desk.of(content)
    assert (again.state, again.attempt, again.auditor_id) == (SubmissionState.HUMAN_AUDIT, 2, None)
    await desk.claim(ann)
    stale = auditing.accept(desk.session, ann, one.uid, seen=seen, clock=desk.clock)
    assert await refused(stale) == [("STALE_AUDIT", ())]
    await auditing.accept(desk.session, ann, one.uid, seen=auditing.stamp(again), clock=desk.clock)
    assert again.state is SubmissionState.ACCEPTED


async def test_what_is_withdrawn_leaves_the_queue_at_once(desk: Desk):
    one = await desk.submit()
    ann, op = await desk.auditor(), await desk.operator()
    await desk.claim(ann)
    content = await desk.session.get_one(models.Content, one.content_id)

    await publishing.withdraw(desk.session, SYSTEM, content.uid, reason="Wrong.", clock=desk.clock)

    # before any distributor heard of it
    assert await auditing.tasks(desk.session, ann, [one.id]) == {}
    named = {"at": desk.clock.now(), "base_url": "https://x.example"}
    assert await auditing.exhibits(desk.session, ann, [one.id], **named) == {}
    assert await decisions.by_ids(desk.session, ann, [one.id]) == {}
    with pytest.raises(auditing.StaleAudit):
        await auditing.accept(desk.session, op, one.uid, clock=desk.clock)


async def test_nobody_judges_contents_of_a_creator_they_may_act_as(desk: Desk):
    one = await desk.submit()
    ann = await desk.auditor()
    own = replace(ann, creator_ids=frozenset({desk.author.id}))
    op = replace(await desk.operator(), creator_ids=frozenset({desk.author.id}))
    # an operator who acts in an auditor's place brings their own creators along
    standing_in = replace(ann, acted_by=op)

    for caller in (own, op, standing_in):
        assert await desk.claim(caller, channels=(KEY,)) == []
        assert await auditing.tasks(desk.session, caller, [one.id]) == {}
        with pytest.raises(auditing.ConflictOfInterest):
            await auditing.accept(desk.session, caller, one.uid, clock=desk.clock)
    assert await desk.claim(ann, channels=(KEY,)) == [one]


async def test_the_pack_says_whether_the_channels_people_or_operators_audit(desk: Desk):
    theirs = await desk.submit()
    await install(desk.db, pack(KEY, audit=AUDIT | {"auditors": "operator"}))
    ours = await desk.submit()
    ann, op = await desk.auditor(), await desk.operator()
    narrow = replace(ann, scopes=frozenset({Scope.FEED_READ}))

    assert await desk.claim(op, count=9) == [ours]
    assert await desk.claim(ann, count=9) == [theirs]
    assert await desk.claim(op, count=9, channels=(KEY,)) == []
    for caller in (narrow, replace(ann, channel_ids=frozenset())):
        with pytest.raises(Forbidden):
            await desk.claim(caller)
    with pytest.raises(MissingScope):
        await auditing.accept(desk.session, narrow, theirs.uid, clock=desk.clock)
    with pytest.raises(NoSuchSubmission):
        await auditing.accept(desk.session, ann, ours.uid, clock=desk.clock)
    with pytest.raises(UnknownChannel):
        await desk.claim(ann, channels=("test.other",))
    with pytest.raises(Forbidden):
        await desk.claim(SYSTEM)
    assert await refused(desk.claim(ann, count=51, channels=("x",))) == [
        ("CLAIM_OUT_OF_RANGE", ("count",)),
        ("UNKNOWN_CHANNEL", ("channels", 0)),
    ]


async def test_what_is_escalated_is_for_operators(desk: Desk):
    one, other = await desk.submit(), await desk.submit()
    ann, op = await desk.auditor(), await desk.operator()
    await desk.claim(ann)

    await auditing.escalate(desk.session, ann, one.uid, why="Is this an advertisement?", clock=desk.clock)

    assert (one.state, one.auditor_id, one.escalation) == (
        SubmissionState.HUMAN_AUDIT,
        None,
        "Is this an advertisement?",
    )
    assert await desk.claim(ann, count=9) == [other]
    condition = await AuditFilter(only_escalated=True).condition(desk.session, ann)
    assert list(await desk.session.scalars(select(models.Submission).where(condition))) == [one]
    assert await desk.claim(op, count=9) == [one]
    for caller, mine in ((op, [one]), (ann, [other]), (SYSTEM, [])):
        condition = await AuditFilter(only_mine=True).condition(desk.session, caller)
        assert list(await desk.session.scalars(select(models.Submission).where(condition))) == mine
    await auditing.accept(desk.session, op, one.uid, clock=desk.clock)
    assert (one.state, one.escalated_at, one.escalation) == (SubmissionState.ACCEPTED, None, None)


async def test_a_trial_is_seen_by_the_channel_and_ended_by_its_auditors(desk: Desk):
    await install(desk.db, pack(KEY, audit=AUDIT | {"path": ["machine", "human", "trial"], "trial_hours": 24}))
    good, bad = await desk.submit(), await desk.submit()
    ann, op = await desk.auditor(), await desk.operator()
    bot = replace(ann, scopes=frozenset({Scope.DELIVERY_WRITE}))
    assert await decisions.by_ids(desk.session, bot, [good.id, bad.id]) == {}
    for one in (good, bad):
        await auditing.accept(desk.session, op, one.uid, clock=desk.clock)

    assert (good.state, good.deadline_at) == (SubmissionState.TRIAL, desk.clock.now() + timedelta(hours=24))
    await desk.distributor.drain()
    assert (
        list(
            await desk.session.scalars(select(models.FeedItem.position).join(models.Feed).where(models.Feed.key == KEY))
        )
        == []
    )
    assert (await decisions.by_ids(desk.session, bot, [good.id, bad.id])).keys() == {good.id, bad.id}
    named = {"at": desk.clock.now(), "base_url": "https://x.example"}
    assert {one.title for one in (await auditing.exhibits(desk.session, bot, [good.id], **named)).values()} == {"Tea"}
    with pytest.raises(WrongSubmissionState):
        await auditing.accept(desk.session, ann, good.uid, clock=desk.clock)
    with pytest.raises(MissingScope):
        await auditing.end_trial(desk.session, bot, good.uid, passed=True, clock=desk.clock)
    await auditing.end_trial(desk.session, ann, good.uid, passed=True, clock=desk.clock)
    await auditing.end_trial(desk.session, ann, bad.uid, passed=False, reasons=["off-topic"], clock=desk.clock)
    assert (good.state, bad.state, bad.reason_codes) == (
        SubmissionState.ACCEPTED,
        SubmissionState.REJECTED,
        ["off-topic"],
    )


async def test_an_erasure_takes_what_auditors_wrote(desk: Desk, store: Store):
    handed_on, rejected = await desk.submit(), await desk.submit()
    op = await desk.operator()
    await auditing.escalate(desk.session, op, handed_on.uid, why="SECRET why", clock=desk.clock)
    await auditing.reject(desk.session, op, rejected.uid, reasons=["too-dark"], note="SECRET note", clock=desk.clock)

    erasing = await erasure.erase_creator(desk.session, SYSTEM, desk.author.uid, clock=desk.clock)
    await desk.session.flush()
    await erasure.finish(desk.db, store, desk.clock, [erasing.id])

    tables = ("submissions", "submission_events", "audit_entries", "stream_events")
    left = [
        await desk.session.scalar(text(f"SELECT count(*) FROM {name} t WHERE t::text LIKE '%SECRET%'"))
        for name in tables
    ]
    assert left == [0, 0, 0, 0]
    codes = await desk.session.scalar(text("SELECT reason_codes FROM submissions WHERE id = :id"), {"id": rejected.id})
    assert codes == ["too-dark"]


async def test_of_ten_who_claim_at_once_nobody_gets_the_same(committed: Database, clock: FixedClock):
    await install(committed, pack(KEY, audit=AUDIT))
    async with committed.session() as session:
        author = await make.creator(session)
        channel, version = (
            await session.execute(
                select(models.Channel.id, models.Channel.pack_version_id).where(models.Channel.key == KEY)
            )
        ).one()
        for _ in range(15):
            content = await make.content(session, author)
            session.add(
                models.Submission(
                    content_id=content.id,
                    channel_id=channel,
                    state=SubmissionState.HUMAN_AUDIT,
                    revision_id=content.live_revision_id,
                    pack_version_id=version,
                )
            )
        accounts = [await make.account(session, name=str(number)) for number in range(10)]
    scopes = frozenset({Scope.AUDIT_WRITE})

    async def claim(account: models.Account) -> list[int]:
        caller = Caller(name=account.name, account_id=account.id, channel_ids=frozenset({channel}), scopes=scopes)
        async with committed.session() as session:
            return [one.id for one in await auditing.claim(session, caller, Wanted(), count=2, clock=clock)]

    claimed = await asyncio.gather(*(claim(account) for account in accounts))

    given = [id_ for each in claimed for id_ in each]
    assert len(given) == len(set(given)) == 15
    assert max(len(each) for each in claimed) == 2
