"""A small world in which submissions are driven by everybody who may: authors, auditors, channels, operators, the clock,
distributors and accidents, in any order. After each step it says what is not as it must be.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from models import RefusalKind
from models import SubmissionState as State
from services import access, auditing, deadlines, deliveries, outbox, publishing, submissions, verifying
from services.distribution import Distributor
from services.explaining import explain
from services.submission_states import TRANSITIONS
from tests import make
from tests.services.packs import install, pack

BASE = "https://headwater.example"
ZONE = "Asia/Shanghai"
DAILY, TOTAL = 2, 40
DAY = {"per_creator_per_day": DAILY}
REASONS = [{"code": "dull", "text": {"en": "It is dull.", "zh": "乏味。"}}]
SHORT = {"kind": "text.length", "severity": "block", "field": "title", "max": 12, "unit": "graphemes"}
HUMAN = {"path": ["machine", "human"], "human_hours": 30, "reasons": REASONS}
WHOLE = {
    "path": ["machine", "human", "trial"],
    "human_hours": 30,
    "trial_hours": 20,
    "confirmation_hours": 8,
    "reasons": REASONS,
}
PACKS = (
    pack("test.open", quota=DAY, audit={"path": ["machine"], "confirmation_hours": 10}),
    pack("test.eyes", rules=[SHORT], audit=HUMAN),
    pack("test.trial", quota={"total": TOTAL, "resubmission_counts": True}, audit={"path": ["machine", "trial"], "trial_hours": 10}),
    pack("test.whole", quota={**DAY, "resubmission_counts": True}, audit=WHOLE),
)  # fmt: skip


class _AccidentError(Exception):
    """Something breaks when nearly all of a batch is written."""


class _Dying(Distributor):
    async def _tell(self, *_: Any, **__: Any) -> int:
        raise _AccidentError


@dataclass
class World:
    """Authors with some contents each, four channels; `counts` of what was done, `refused` of what may not be."""

    db: Database
    clock: FixedClock
    authors: list[Caller] = field(default_factory=list)
    creators: list[models.Creator] = field(default_factory=list)
    contents: list[models.Content] = field(default_factory=list)
    auditor: Caller = field(default_factory=Caller)
    channel: Caller = field(default_factory=Caller)
    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    @classmethod
    async def made(cls, db: Database, clock: FixedClock, *, contents: int) -> World:
        await install(db, *PACKS)
        world = cls(db, clock)
        async with db.session() as session:
            for _ in range(max(2, contents // 4)):
                creator = await make.creator(session)
                world.creators.append(creator)
                world.authors.append(await make.author(session, creator))
            for number in range(contents):
                creator = world.creators[number % len(world.creators)]
                world.contents.append(await make.content(session, creator, live=False, title=f"Tea {number}"))
            account = (await make.account(session, name="Op")).id
            bot = (await make.account(session, name="Bot")).id
            channels = frozenset(await session.scalars(select(models.Channel.id)))
        world.auditor = Caller(name="op", account_id=account, scopes=frozenset({Scope.OPERATE}))
        scopes = frozenset({Scope.DELIVERY_WRITE})
        world.channel = Caller(name="bot", account_id=bot, channel_ids=channels, scopes=scopes)
        return world

    async def do(self, name: str, n: int) -> None:
        """One of `ACTIONS`, on what `n` chooses. A refusal is an answer; anything else that is raised is an accident of ours."""
        try:
            await ACTIONS[name](self, n)
        except DomainError as error:
            self.refused[error.code] += 1
        else:
            self.counts[name] += 1

    def distributor(self) -> Distributor:
        return Distributor(self.db, clock=self.clock, base_url=BASE)

    def content(self, n: int) -> models.Content:
        return self.contents[n % len(self.contents)]

    def author(self, content: models.Content) -> Caller:
        return self.authors[[one.id for one in self.creators].index(content.creator_id)]

    async def chosen(self, session: AsyncSession, n: int, *states: State) -> models.Submission | None:
        """One of the submissions in these states, or of all of them, so that steps that may not be taken are tried."""
        ids = [one.id for one in self.contents]
        statement = (
            select(models.Submission).where(models.Submission.content_id.in_(ids)).order_by(models.Submission.id)
        )
        rows = (await session.scalars(statement)).all()
        fitting = [row for row in rows if row.state in states] if n % 5 else rows
        return fitting[n % len(fitting)] if fitting else None


async def _publish(world: World, n: int) -> None:
    content = world.content(n)
    named = [None, ["test.open", "test.eyes"], ["test.whole", "test.trial"]][n % 3]
    async with world.db.session() as session:
        await publishing.publish(session, world.author(content), content.uid, channels=named, clock=world.clock)


async def _edit(world: World, n: int) -> None:
    async with world.db.session() as session:
        content = await session.get_one(models.Content, world.content(n).id, with_for_update=True)
        if content.draft_revision_id is None:
            newest = select(func.max(models.Revision.number)).where(models.Revision.content_id == content.id)
            number = (await session.scalar(newest) or 0) + 1
            title = f"Tea {number}" + " and much more of it" * (n % 3 == 0)
            draft = models.Revision(content_id=content.id, number=number, title=title, body=[], details={}, summary="")
            draft.state = models.RevisionState.DRAFT
            session.add(draft)
            await session.flush()
            content.draft_revision_id = draft.id
    await _publish(world, n)


async def _withdraw_content(world: World, n: int) -> None:
    content = world.content(n)
    async with world.db.session() as session:
        await publishing.withdraw(session, world.author(content), content.uid, reason="Not now.", clock=world.clock)


async def _on_submission(
    world: World, n: int, states: tuple[State, ...], act: Callable[[AsyncSession, models.Submission], Awaitable[Any]]
) -> None:
    async with world.db.session() as session:
        row = await world.chosen(session, n, *states)
        if row is not None:
            await act(session, row)


async def _owner(world: World, session: AsyncSession, row: models.Submission) -> Caller:
    return world.author(await session.get_one(models.Content, row.content_id))


async def _withdraw(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        caller = await _owner(world, session, row)
        await deliveries.withdraw(session, caller, row.uid, reason="Mine again.", clock=world.clock)

    await _on_submission(world, n, submissions.STANDING, act)


async def _resubmit(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        await deliveries.resubmit(session, await _owner(world, session, row), row.uid, clock=world.clock)

    await _on_submission(world, n, submissions.ENDED, act)


async def _accept(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        await auditing.accept(session, world.auditor, row.uid, clock=world.clock)

    await _on_submission(world, n, (State.HUMAN_AUDIT,), act)


async def _reject(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        await auditing.reject(session, world.auditor, row.uid, reasons=["dull"], clock=world.clock)

    await _on_submission(world, n, (State.HUMAN_AUDIT,), act)


async def _escalate(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        await auditing.escalate(session, world.auditor, row.uid, why="Is it?", clock=world.clock)

    await _on_submission(world, n, (State.HUMAN_AUDIT,), act)


async def _end_trial(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        passed = n % 2 == 0
        given: dict[str, Any] = {
            "passed": passed,
            "reasons": () if passed else ("dull",),
            "note": None if passed else "Nobody read it.",
        }
        await auditing.end_trial(session, world.auditor, row.uid, **given, clock=world.clock)

    await _on_submission(world, n, (State.TRIAL,), act)


async def _confirm(world: World, n: int) -> None:
    async def act(session: AsyncSession, row: models.Submission) -> None:
        for _ in range(2):
            await deliveries.confirm(session, world.channel, row.uid, external_id=f"x-{n % 3}", clock=world.clock)

    await _on_submission(world, n, models.DELIVERED, act)


async def _refuse(world: World, n: int) -> None:
    refusal = deliveries.Refusal(list(RefusalKind)[n % 4], "No.")

    async def act(session: AsyncSession, row: models.Submission) -> None:
        await deliveries.refuse(session, world.channel, row.uid, refusal, clock=world.clock)

    await _on_submission(world, n, models.DELIVERED, act)


async def _time_passes(world: World, n: int) -> None:
    world.clock.move(timedelta(hours=1 + n % 14))


async def _deadlines(world: World, _: int) -> None:
    await asyncio.gather(*(deadlines.step(world.db, world.clock) for _ in range(2)))


async def _take_down(world: World, n: int) -> None:
    async with world.db.session() as session:
        await publishing.take_down(session, world.auditor, world.content(n).uid, reason="No.", clock=world.clock)


async def _restore(world: World, n: int) -> None:
    async with world.db.session() as session:
        await publishing.restore(session, world.auditor, world.content(n).uid, clock=world.clock)


async def _suspend(world: World, n: int) -> None:
    async with world.db.session() as session:
        creator = world.creators[n % len(world.creators)]
        if n % 3:
            await publishing.reinstate(session, world.auditor, creator.uid)
        else:
            await publishing.suspend(session, world.auditor, creator.uid, reason="No.", clock=world.clock)


async def _distribute(world: World, _: int) -> None:
    await asyncio.gather(*(world.distributor().drain() for _ in range(2)))


async def _step(world: World, _: int) -> None:
    await world.distributor().step()


async def _die(world: World, _: int) -> None:
    await _Dying(world.db, clock=world.clock, base_url=BASE).step()
    # what failed waits for a while; news free it
    await _mark(world, 0)


async def _mark(world: World, _: int) -> None:
    async with world.db.session() as session:
        await outbox.mark(session, models.DirtyKind.CONTENT, [one.id for one in world.contents])


ACTIONS: dict[str, Callable[[World, int], Awaitable[None]]] = {
    "publish": _publish,
    "edit": _edit,
    "withdraw content": _withdraw_content,
    "withdraw": _withdraw,
    "resubmit": _resubmit,
    "accept": _accept,
    "reject": _reject,
    "escalate": _escalate,
    "end trial": _end_trial,
    "confirm": _confirm,
    "refuse": _refuse,
    "time passes": _time_passes,
    "deadlines": _deadlines,
    "take down": _take_down,
    "restore": _restore,
    "suspend or reinstate": _suspend,
    "distribute": _distribute,
    "one step": _step,
    "die": _die,
    "mark twice": _mark,
}


async def wrong(world: World) -> list[str]:
    """What is not as it must be, whatever happened before: histories, quotas, and feeds where nothing waits."""
    async with world.db.session() as session:
        rows = (await session.scalars(select(models.Submission).order_by(models.Submission.id))).all()
        found = [*await _histories(session, rows), *await _quotas(session, rows)]
        if not await session.scalar(
            select(select(models.DirtyMark).where(models.DirtyMark.consumer == "DISTRIBUTION").exists())
        ):
            found += await _feeds(session, rows)
    return found


async def unexplained(world: World) -> list[str]:
    """Submissions that were decided on and are not explained, or would not come to the same today."""
    found = []
    async with world.db.session() as session:
        for row in await session.scalars(select(models.Submission).where(models.Submission.decision_id.is_not(None))):
            await explain(session, world.auditor, row.uid)
            again = await verifying.of_submission(session, world.auditor, row.uid)
            found += [f"{row.id}: {one.agreement}" for one in again if one.agreement is not verifying.Agreement.SAME]
    return found


async def _histories(session: AsyncSession, rows: Any) -> list[str]:
    events = defaultdict(list)
    for event in await session.scalars(select(models.SubmissionEvent).order_by(models.SubmissionEvent.id)):
        events[event.submission_id].append(event)
    found = []
    for row in rows:
        steps = events[row.id]
        chain = [None, *(step.to_state for step in steps)]
        if [step.from_state for step in steps] != chain[:-1] or chain[-1] is not row.state:
            found.append(f"{row.id}: its history is {chain}, and it stands in {row.state}")
        found += [
            f"{row.id}: {step.taken_by} took {step.from_state} -> {step.to_state}"
            for step in steps
            if step.taken_by not in TRANSITIONS[step.from_state].get(step.to_state, ())
        ]
        entries = sum(step.to_state is State.MACHINE_AUDIT for step in steps)
        if not entries == row.attempt == steps[-1].attempt:
            found.append(f"{row.id}: {entries} entries, attempt {row.attempt}")
        if row.auditor_id is not None and row.state is not State.HUMAN_AUDIT:
            found.append(f"{row.id}: claimed in {row.state}")
        if row.decision_id is None and row.state not in {State.MACHINE_AUDIT, State.WITHDRAWN, State.EXPIRED}:
            found.append(f"{row.id}: {row.state} without a decision")
    return found


async def _quotas(session: AsyncSession, rows: Any) -> list[str]:
    owners = dict(list(await session.execute(select(models.Content.id, models.Content.creator_id))))
    by_id = {row.id: row for row in rows}
    uses: Counter[tuple[Any, ...]] = Counter()
    for use in await session.scalars(select(models.QuotaUse)):
        row = by_id[use.submission_id]
        day = use.taken_at.astimezone(ZoneInfo(ZONE)).date()
        uses[row.channel_id, owners[row.content_id], "DAY", day] += 1
        uses[row.channel_id, 0, "TOTAL", None] += 1
    found = []
    for counter in await session.scalars(select(models.QuotaCounter)):
        on = counter.starts_on if counter.period.value == "DAY" else None
        taken = uses[counter.channel_id, counter.creator_id, counter.period.value, on]
        if taken != counter.used_count or counter.used_count > (DAILY if on else TOTAL):
            found.append(
                f"quota {counter.channel_id} {counter.creator_id} {on}: {counter.used_count} used, {taken} taken"
            )
    return found


async def _feeds(session: AsyncSession, rows: Any) -> list[str]:
    public = dict(
        list(
            await session.execute(
                select(models.Content.id, models.Content.live_revision_id).where(access.public_contents())
            )
        )
    )
    shown = {
        (row.channel_id, row.content_id, row.revision_id)
        for row in rows
        if row.state in submissions.SHOWN and public.get(row.content_id) == row.revision_id
    }
    said = await session.execute(
        select(models.Feed.channel_id, models.FeedContent.content_id, models.FeedContent.revision_id)
        .join(models.Feed, models.Feed.id == models.FeedContent.feed_id)
        .where(models.Feed.channel_id.is_not(None), models.FeedContent.is_live)
    )
    there = {tuple(each) for each in said}
    # what passed, was ended or hidden has nothing that waits to be handed over
    late = [f"{row.id}: accepted, and nobody delivers it" for row in rows if row.state is State.ACCEPTED]
    return [*late, *(f"feed and state differ: {each}" for each in sorted(shown ^ there))]
