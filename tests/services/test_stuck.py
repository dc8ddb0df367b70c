"""What stands where it should have left is found with its cause; what goes its way is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller
from models import Consumer, DirtyKind, RefusalKind
from models import SubmissionState as State
from services import stuck
from services.stuck import StuckCause as Cause
from tests import make

NOW = datetime.now(UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def submission(session: AsyncSession, *, taken: bool = False, **values: Any) -> models.Submission:
    channel = await make.channel(session, body={"key": "house.test"})
    creator = await make.creator(session)
    content = await make.content(session, creator)
    if taken:
        values |= {"auditor_id": (await make.account(session)).id}
    row = models.Submission(
        content_id=content.id,
        channel_id=channel.id,
        revision_id=content.live_revision_id,
        pack_version_id=channel.pack_version_id,
        **({"state_since": NOW - 2 * MINUTE} | values),
    )
    session.add(row)
    await session.flush()
    return row


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"state": State.MACHINE_AUDIT}, (Cause.NOT_DISTRIBUTED, -2 * MINUTE)),
        # a while from now: this test may come minutes after the module was read
        ({"state": State.MACHINE_AUDIT, "state_since": NOW + HOUR}, None),
        ({"state": State.ACCEPTED}, (Cause.NOT_DISTRIBUTED, -2 * MINUTE)),
        ({"state": State.HUMAN_AUDIT, "deadline_at": NOW + HOUR}, None),
        ({"state": State.HUMAN_AUDIT, "deadline_at": NOW - HOUR}, (Cause.OVERDUE, -HOUR)),
        ({"state": State.HUMAN_AUDIT, "state_since": NOW - 25 * HOUR}, (Cause.NOBODY_AUDITS, -25 * HOUR)),
        ({"state": State.HUMAN_AUDIT, "escalated_at": NOW, "escalation": "Is it?"}, (Cause.ESCALATED, 0 * HOUR)),
        ({"state": State.HUMAN_AUDIT, "taken": True, "claimed_until": NOW - HOUR}, (Cause.CLAIM_LAPSED, -HOUR)),
        ({"state": State.HUMAN_AUDIT, "taken": True, "claimed_until": NOW + HOUR}, None),
        ({"state": State.TRIAL, "deadline_at": NOW - HOUR}, (Cause.OVERDUE, -HOUR)),
        ({"state": State.TRIAL}, None),
        ({"state": State.DELIVERED}, None),
        ({"state": State.DELIVERED, "deadline_at": NOW - HOUR}, (Cause.NOT_CONFIRMED, -HOUR)),
        ({"state": State.DELIVERED, "refusal": RefusalKind.TRANSIENT}, (Cause.REFUSED_FOR_NOW, -2 * MINUTE)),
        ({"state": State.CONFIRMED, "refusal": RefusalKind.TRANSIENT}, (Cause.REFUSED_FOR_NOW, -2 * MINUTE)),
        ({"state": State.FAILED, "refusal": RefusalKind.PERMANENT, "deadline_at": NOW - HOUR}, None),
    ],
)
async def test_each_cause(session: AsyncSession, values: dict[str, Any], expected: tuple[Cause, timedelta] | None):
    row = await submission(session, **values)

    found = await stuck.of_submissions(session, SYSTEM, [row.id])

    assert {one.cause: one.since - NOW for one in found.values()} == dict([expected] if expected else [])
    assert await stuck.counts(session) == ({expected[0]: 1} if expected else {})


@pytest.mark.parametrize("state", [State.ACCEPTED, State.DELIVERED])  # what stands, and its edit cannot be distributed
async def test_a_failing_mark_is_the_cause_and_its_words_are_for_operators(session: AsyncSession, state: State):
    row = await submission(session, state=state)
    mark = {"consumer": Consumer.DISTRIBUTION, "kind": DirtyKind.CONTENT, "object_id": row.content_id}
    session.add(models.DirtyMark(**mark, attempts=8, parked_at=NOW, failure="ZeroDivisionError()"))
    await session.flush()

    ours = (await stuck.of_submissions(session, SYSTEM, [row.id]))[row.id]
    theirs = (await stuck.of_submissions(session, Caller(name="ada"), [row.id]))[row.id]

    assert (ours.cause, ours.said) == (Cause.DISTRIBUTION_FAILED, "ZeroDivisionError()")
    assert (theirs.cause, theirs.said) == (Cause.DISTRIBUTION_FAILED, None)
    assert await stuck.counts(session) == {Cause.DISTRIBUTION_FAILED: 1}


async def test_a_refusal_for_now_counts_from_when_it_was_said(session: AsyncSession):
    row = await submission(session, state=State.DELIVERED, refusal=RefusalKind.TRANSIENT, reason="Later.")
    step = {"attempt": 1, "to_state": State.DELIVERED, "actor": "bot", "taken_by": "CHANNEL"}
    session.add(models.SubmissionEvent(submission_id=row.id, at=NOW - MINUTE, **step))
    await session.flush()

    found = (await stuck.of_submissions(session, SYSTEM, [row.id]))[row.id]

    assert (found.since, found.said) == (NOW - MINUTE, "Later.")


def test_each_cause_has_advice_in_both_languages():
    assert {cause for cause in Cause if all(stuck.ADVICE[cause])} == set(Cause)


async def test_it_is_found_by_indexes(session: AsyncSession):
    # a table as small as this one is read along any index just as well
    for way in ("seqscan", "indexscan"):
        await session.execute(text(f"SET LOCAL enable_{way} = off"))
    statement = str(
        stuck._statement().where(stuck.is_stuck()).compile(session.bind, compile_kwargs={"literal_binds": True})
    )
    plan = "\n".join(await session.scalars(text(f"EXPLAIN {statement.replace(':', chr(92) + ':')}")))
    assert "BitmapOr" in plan, plan
    assert {index for index in ("ix_submissions_waiting", "ix_submissions_refused") if index not in plan} == set(), plan
