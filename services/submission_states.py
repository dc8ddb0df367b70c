"""The states of a submission: one table of the steps that there are and of who takes them, and the one place where they are
taken, each with its row in the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, DateTime, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller
from core.errors import Conflict
from core.reads import any_of
from models import SubmissionActor
from models import SubmissionState as State
from services.channels.packs import Audit
from services.submission_rows import SubmissionRow

_ENGINE = frozenset({SubmissionActor.ENGINE})
_AUDITORS = frozenset({SubmissionActor.AUDITOR, SubmissionActor.OPERATOR})
_AT_THE_CHANNEL = frozenset({SubmissionActor.CHANNEL, SubmissionActor.OPERATOR})
# the engine when the content is hidden, or when the channel does not take it any more
_TAKEN_BACK = frozenset({SubmissionActor.AUTHOR, SubmissionActor.OPERATOR, SubmissionActor.ENGINE})
_CLOCK = frozenset({SubmissionActor.CLOCK})
# the engine when there is news: another revision, a file that was measured, a content that is public again
_ANEW = frozenset({SubmissionActor.AUTHOR, SubmissionActor.OPERATOR, SubmissionActor.ENGINE})

TRANSITIONS: dict[State | None, dict[State, frozenset[SubmissionActor]]] = {
    None: {State.MACHINE_AUDIT: _ENGINE},
    # What the engine lets pass it hands over in the same transaction: an ACCEPTED in between would be seen by nobody.
    State.MACHINE_AUDIT: {
        State.HUMAN_AUDIT: _ENGINE,
        State.TRIAL: _ENGINE,
        State.DELIVERED: _ENGINE,
        State.REJECTED: _ENGINE,
        State.WITHDRAWN: _TAKEN_BACK,
        State.EXPIRED: _CLOCK,
    },
    State.HUMAN_AUDIT: {
        State.TRIAL: _AUDITORS,
        State.ACCEPTED: _AUDITORS,
        State.REJECTED: _AUDITORS,
        State.WITHDRAWN: _TAKEN_BACK,
        State.EXPIRED: _CLOCK,
        State.MACHINE_AUDIT: _ENGINE,
    },
    # A trial that nobody broke off until its end has passed.
    State.TRIAL: {
        State.ACCEPTED: _AUDITORS | _CLOCK,
        State.REJECTED: _AUDITORS,
        State.WITHDRAWN: _TAKEN_BACK,
        State.MACHINE_AUDIT: _ENGINE,
    },
    State.ACCEPTED: {
        State.DELIVERED: _ENGINE,
        State.WITHDRAWN: _TAKEN_BACK,
        State.MACHINE_AUDIT: _ENGINE,
    },
    # To itself: a refusal that may pass, or another name for it there. It stands there no shorter for that.
    State.DELIVERED: {
        State.DELIVERED: _AT_THE_CHANNEL,
        State.CONFIRMED: _AT_THE_CHANNEL,
        State.REJECTED: _AT_THE_CHANNEL,
        State.FAILED: _AT_THE_CHANNEL,
        State.WITHDRAWN: _TAKEN_BACK,
        State.MACHINE_AUDIT: _ENGINE,
    },
    State.CONFIRMED: {
        State.CONFIRMED: _AT_THE_CHANNEL,
        State.REJECTED: _AT_THE_CHANNEL,
        State.FAILED: _AT_THE_CHANNEL,
        State.WITHDRAWN: _TAKEN_BACK,
        State.MACHINE_AUDIT: _ENGINE,
    },
    State.REJECTED: {State.MACHINE_AUDIT: _ANEW},
    State.WITHDRAWN: {State.MACHINE_AUDIT: _ANEW},
    State.EXPIRED: {State.MACHINE_AUDIT: _ANEW},
    State.FAILED: {State.MACHINE_AUDIT: _ANEW},
}
"""From each state, those that may follow, and whose step that is. Whoever takes another one is told WRONG_SUBMISSION_STATE."""


class WrongSubmissionState(Conflict):
    code = "WRONG_SUBMISSION_STATE"


class Step(NamedTuple):
    """A row of the history before it is written: the submission may not have an id yet."""

    submission: models.Submission | SubmissionRow
    attempt: int
    from_state: State | None
    to_state: State
    reason: str | None
    reason_codes: list[str]


def move(
    session: AsyncSession,
    caller: Caller,
    submission: models.Submission,
    to: State,
    *,
    by: SubmissionActor,
    at: datetime,
    audit: Audit | None = None,
    reason: str | None = None,
    reason_codes: Iterable[str] = (),
) -> None:
    """Take the step to this state, with its row in the history; `audit` is that of the pinned pack, for the deadline.

    WrongSubmissionState when there is no such step, or it is not one of those who may take it.
    """
    step = _taken(submission, to, by, at, audit, reason, reason_codes)
    session.add(
        models.SubmissionEvent(
            submission_id=submission.id,
            attempt=step.attempt,
            from_state=step.from_state,
            to_state=to,
            at=at,
            taken_by=by,
            actor=_who(caller).name,
            account_id=_who(caller).account_id,
            reason=reason,
            reason_codes=step.reason_codes,
        )
    )


@dataclass(slots=True)
class Moves:
    """The steps that one actor takes at one time, with their rows written in one statement however many there are."""

    at: datetime
    caller: Caller = SYSTEM
    by: SubmissionActor = SubmissionActor.ENGINE
    taken: list[Step] = field(default_factory=list)

    def take(
        self,
        submission: models.Submission | SubmissionRow,
        to: State,
        *,
        audit: Audit | None = None,
        reason: str | None = None,
        reason_codes: Iterable[str] = (),
    ) -> None:
        """As `move`, with the row held until `write`."""
        self.taken.append(_taken(submission, to, self.by, self.at, audit, reason, reason_codes))

    async def anew(self, session: AsyncSession, ended: Sequence[models.Submission]) -> Sequence[models.Submission]:
        """Back to the machine, each with another attempt."""
        pinned = await audits(session, {one.pack_version_id for one in ended})
        for one in ended:
            self.take(one, State.MACHINE_AUDIT, audit=pinned[one.pack_version_id])
        return ended

    async def write(self, session: AsyncSession) -> None:
        """Add the rows, in the order in which the steps were taken."""
        await session.flush()
        if self.taken:
            await session.execute(text(EVENTS).bindparams(*self.columns()))
            self.taken.clear()

    def columns(self) -> list[Any]:
        """What EVENTS takes."""
        columns: dict[str, tuple[list[Any], Any]] = {
            "ids": ([step.submission.id for step in self.taken], BigInteger),
            "attempts": ([step.attempt for step in self.taken], BigInteger),
            "froms": ([step.from_state for step in self.taken], Text),
            "tos": ([step.to_state for step in self.taken], Text),
            "reasons": ([step.reason for step in self.taken], Text),
            "codes": ([" ".join(step.reason_codes) for step in self.taken], Text),
        }
        who = _who(self.caller)
        return [
            *(bindparam(name, given, type_=ARRAY(type_)) for name, (given, type_) in columns.items()),
            bindparam("at", self.at, type_=DateTime(timezone=True)),
            bindparam("taken_by", self.by.value, type_=Text),
            bindparam("actor", who.name, type_=Text),
            bindparam("account_id", who.account_id, type_=BigInteger),
        ]


def _taken(
    submission: models.Submission | SubmissionRow,
    to: State,
    by: SubmissionActor,
    at: datetime,
    audit: Audit | None,
    reason: str | None,
    reason_codes: Iterable[str],
) -> Step:
    before: State | None = submission.state  # none before it was ever submitted
    _expect_step(before, to, by)
    if to is State.MACHINE_AUDIT:
        submission.attempt = 1 if before is None else submission.attempt + 1
        # a refusal was of what the channel had before
        submission.refusal = None
    if to is not before:
        submission.state, submission.state_since, submission.deadline_at = to, at, deadline(audit, to, at)
    submission.reason, submission.reason_codes = reason, list(reason_codes)
    submission.auditor_id = submission.claimed_until = submission.escalated_at = submission.escalation = None
    return Step(submission, submission.attempt, before, to, reason, submission.reason_codes)


def _expect_step(before: State | None, to: State, by: SubmissionActor) -> None:
    here = "not submitted yet" if before is None else before.value
    allowed = TRANSITIONS[before].get(to)
    if allowed is None:
        raise WrongSubmissionState(f"The submission is {here}; from there it cannot become {to.value}.")
    if by not in allowed:
        raise WrongSubmissionState(f"The submission is {here}; that it becomes {to.value} is not for this side to say.")


def deadline(audit: Audit | None, state: State, since: datetime) -> datetime | None:
    """By when a submission must have left this state, by its pack; None where the pack sets no hours."""
    if audit is None:
        return None
    hours = {
        State.MACHINE_AUDIT: audit.machine_hours,
        State.HUMAN_AUDIT: audit.human_hours,
        State.TRIAL: audit.trial_hours,
        State.ACCEPTED: audit.delivery_hours,
        State.DELIVERED: audit.confirmation_hours,
    }.get(state)
    return since + timedelta(hours=hours) if hours else None


async def audits(session: AsyncSession, version_ids: Iterable[int]) -> dict[int, Audit]:
    """What these versions of packs say of audits and deadlines, in one statement."""
    wanted = set(version_ids)
    if not wanted:
        return {}
    version = models.PackVersion
    rows = await session.execute(select(version.id, version.body["audit"]).where(version.id == any_of(wanted)))
    return {id_: Audit() if part is None else Audit.model_validate_json(orjson.dumps(part)) for id_, part in rows}


def side_of(caller: Caller, creator_id: int) -> SubmissionActor:
    """As whom somebody acts on a content: for its author, or as an operator."""
    is_operator = caller.acted_by is not None or (caller.is_operator and creator_id not in caller.creator_ids)
    return SubmissionActor.OPERATOR if is_operator else SubmissionActor.AUTHOR


def _who(caller: Caller) -> Caller:
    return caller.acted_by or caller


EVENTS = """
    INSERT INTO submission_events
        (submission_id, attempt, from_state, to_state, at, taken_by, actor, account_id, reason, reason_codes)
    SELECT id, attempt, from_state, to_state, :at, :taken_by, :actor, :account_id, reason, string_to_array(codes, ' ')
    FROM unnest(:ids, :attempts, :froms, :tos, :reasons, :codes) WITH ORDINALITY
        AS given(id, attempt, from_state, to_state, reason, codes, place)
    ORDER BY place
"""
"""Rows of the history, in order, by what `Moves.columns` gives."""


def as_markdown() -> str:
    """The table as docs/submissions.md shows it."""
    lines = ["| from | to | whose step |", "|---|---|---|"]
    for before, steps in TRANSITIONS.items():
        here = f"`{before.value}`" if before else "(new)"
        for to, actors in steps.items():
            whose = ", ".join(actor.value.lower() for actor in SubmissionActor if actor in actors)
            lines.append(f"| {here} | `{to.value}` | {whose} |")
    return "\n".join(lines)
