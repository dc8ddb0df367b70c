"""The table of steps is the truth: whoever is named there takes them, nobody takes another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller
from models import SubmissionActor as By
from models import SubmissionState as State
from services import submission_states, submissions
from services.channels.packs import Audit
from services.submission_states import TRANSITIONS, Moves, WrongSubmissionState, move
from tests import make

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
EVERY = (None, *State)
DOCUMENT = Path(__file__).parents[2] / "docs" / "submissions.md"


def standing(state: State | None) -> models.Submission:
    row = models.Submission(content_id=1, channel_id=1)
    if state is not None:
        row.state, row.attempt, row.state_since = state, 1, NOW - timedelta(days=1)
    return row


@pytest.mark.parametrize("before", EVERY, ids=str)
def test_each_step_is_taken_by_those_named_and_by_nobody_else(before: State | None):
    for to, by in product(State, By):
        row, moves = standing(before), Moves(NOW, by=by)
        if by in TRANSITIONS[before].get(to, ()):
            moves.take(row, to)
            assert (row.state, len(moves.taken)) == (to, 1)
            assert row.state_since == (NOW if to is not before else NOW - timedelta(days=1))
        else:
            with pytest.raises(WrongSubmissionState):
                moves.take(row, to)
            assert (row.state, moves.taken) == (before, [])


def test_every_state_is_reached_and_left():
    reached = {to for steps in TRANSITIONS.values() for to in steps}
    assert reached == set(State)
    assert all(TRANSITIONS[state] for state in EVERY)
    # whatever ended can be tried anew, and nothing else is
    anew = {state for state in EVERY if state and By.AUTHOR in TRANSITIONS[state].get(State.MACHINE_AUDIT, ())}
    assert anew == set(submissions.ENDED) == set(State) - set(submissions.STANDING)
    assert all(State.WITHDRAWN in TRANSITIONS[state] for state in submissions.STANDING)


def test_another_attempt_begins_with_the_machine_and_forgets_what_was_said_of_the_last():
    row = standing(State.REJECTED)
    row.refusal, row.reason, row.reason_codes = models.RefusalKind.CONTENT, "No.", ["dull"]

    Moves(NOW, by=By.AUTHOR).take(row, State.MACHINE_AUDIT)

    assert (row.attempt, row.refusal, row.reason, row.reason_codes) == (2, None, None, [])


@pytest.mark.parametrize(
    ("state", "hours"),
    [
        (State.MACHINE_AUDIT, 1),
        (State.HUMAN_AUDIT, 2),
        (State.TRIAL, 3),
        (State.ACCEPTED, 4),
        (State.DELIVERED, 5),
        (State.CONFIRMED, None),
        (State.REJECTED, None),
    ],
)
def test_deadlines_are_the_packs(state: State, hours: int | None):
    given = {"machine_hours": 1, "human_hours": 2, "trial_hours": 3, "delivery_hours": 4, "confirmation_hours": 5}
    expected = NOW + timedelta(hours=hours) if hours else None

    assert submission_states.deadline(Audit(**given), state, NOW) == expected
    assert submission_states.deadline(Audit(), state, NOW) is None


def test_news_that_move_it_nowhere_keep_its_deadline():
    row = standing(State.DELIVERED)
    row.deadline_at = NOW + timedelta(hours=1)

    Moves(NOW, by=By.CHANNEL).take(row, State.DELIVERED, reason="Later.", audit=Audit(confirmation_hours=9))

    assert (row.deadline_at, row.state_since, row.reason) == (
        NOW + timedelta(hours=1),
        NOW - timedelta(days=1),
        "Later.",
    )


async def test_one_step_and_many_leave_the_same_rows(session: AsyncSession):
    channel = await make.channel(session, body={"key": "house.test"})
    content = await make.content(session, await make.creator(session))
    pinned = {"revision_id": content.live_revision_id, "pack_version_id": channel.pack_version_id}
    row = models.Submission(content_id=content.id, channel_id=channel.id, **pinned)
    session.add(row)
    moves = Moves(NOW)
    moves.take(row, State.MACHINE_AUDIT)
    moves.take(row, State.HUMAN_AUDIT)
    await moves.write(session)
    account = await make.account(session)
    acting = Caller(name="ada", acted_by=Caller(name="op", account_id=account.id))

    move(session, acting, row, State.REJECTED, by=By.AUDITOR, at=NOW, reason="No.", reason_codes=["dull", "long"])
    await session.flush()

    event = models.SubmissionEvent
    columns = (
        event.from_state,
        event.to_state,
        event.taken_by,
        event.actor,
        event.account_id,
        event.reason,
        event.reason_codes,
    )
    found = await session.execute(select(*columns).order_by(event.id))
    assert [tuple(each) for each in found] == [
        (None, State.MACHINE_AUDIT, By.ENGINE, SYSTEM.name, None, None, []),
        (State.MACHINE_AUDIT, State.HUMAN_AUDIT, By.ENGINE, SYSTEM.name, None, None, []),
        (State.HUMAN_AUDIT, State.REJECTED, By.AUDITOR, "op", account.id, "No.", ["dull", "long"]),
    ]


def test_the_page_about_submissions_shows_this_table():
    assert submission_states.as_markdown() in DOCUMENT.read_text(encoding="utf-8")
