"""The states of a submission: one table of the steps that there are, and the one place where a step is taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Conflict
from models import SubmissionState as State
from services.channels.packs import Audit

TRANSITIONS: dict[State | None, frozenset[State]] = {
    None: frozenset({State.MACHINE_AUDIT}),
    State.MACHINE_AUDIT: frozenset(
        {State.HUMAN_AUDIT, State.TRIAL, State.ACCEPTED, State.REJECTED, State.WITHDRAWN, State.EXPIRED}
    ),
    State.HUMAN_AUDIT: frozenset(
        {State.TRIAL, State.ACCEPTED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.MACHINE_AUDIT}
    ),
    State.TRIAL: frozenset({State.ACCEPTED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.MACHINE_AUDIT}),
    State.ACCEPTED: frozenset({State.DELIVERED, State.REJECTED, State.WITHDRAWN, State.FAILED, State.MACHINE_AUDIT}),
    State.DELIVERED: frozenset(
        {State.CONFIRMED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.FAILED, State.MACHINE_AUDIT}
    ),
    State.CONFIRMED: frozenset({State.REJECTED, State.WITHDRAWN, State.FAILED, State.MACHINE_AUDIT}),
    State.REJECTED: frozenset({State.MACHINE_AUDIT}),
    State.WITHDRAWN: frozenset({State.MACHINE_AUDIT}),
    State.EXPIRED: frozenset({State.MACHINE_AUDIT}),
    State.FAILED: frozenset({State.MACHINE_AUDIT}),
}
"""From each state, those that may follow. Whoever takes another step is told WRONG_SUBMISSION_STATE."""


class WrongSubmissionState(Conflict):
    code = "WRONG_SUBMISSION_STATE"


def move(
    session: AsyncSession,
    caller: Caller,
    submission: models.Submission,
    to: State,
    *,
    at: datetime,
    audit: Audit | None = None,
    reason: str | None = None,
    reason_codes: Iterable[str] = (),
) -> None:
    """Take the step to this state, with its row in the history; `audit` is that of the pinned pack, for the deadline.

    WrongSubmissionState when there is no such step.
    """
    before = submission.state
    if to not in TRANSITIONS[before]:
        raise WrongSubmissionState(f"The submission is {before.value}; from there it cannot become {to.value}.")
    codes = list(reason_codes)
    submission.state, submission.state_since, submission.reason, submission.reason_codes = to, at, reason, codes
    submission.deadline_at = deadline(audit, to, at)
    submission.auditor_id = submission.claimed_until = submission.escalated_at = submission.escalation = None
    session.add(
        models.SubmissionEvent(
            submission_id=submission.id,
            attempt=submission.attempt,
            from_state=before,
            to_state=to,
            at=at,
            actor=(caller.acted_by or caller).name,
            reason=reason,
            reason_codes=codes,
        )
    )


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
