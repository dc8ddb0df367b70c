"""What a person decides on a submission: accept it, reject it with reasons, hand it on, or end its trial."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict
from models import Consumer, DirtyKind, SubmissionActor, SubmissionState
from services import access, audit, outbox, submissions
from services.auditing import leases
from services.auditing.grounds import checked
from services.auditing.queue import stamp
from services.channels import installing
from services.channels.engine import state_after
from services.channels.findings import NextState
from services.channels.packs import Pack
from services.deliveries import NoSuchSubmission
from services.submission_states import WrongSubmissionState, move

AFTER = {NextState.TRIAL: SubmissionState.TRIAL, NextState.ACCEPTED: SubmissionState.ACCEPTED}


class StaleAudit(Conflict):
    """What the auditor saw is not what is submitted now: the content has a new version, or was submitted anew."""

    code = "STALE_AUDIT"


class ConflictOfInterest(Conflict):
    """Nobody judges the contents of a creator whom they may act as."""

    code = "CONFLICT_OF_INTEREST"


async def accept(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    *,
    seen: str | None = None,
    note: str | None = None,
    clock: Clock,
) -> models.Submission:
    """Let it pass human audit: on to its trial where the pack asks for one, else it is accepted and delivered.

    `seen` is the stamp of what the auditor had before them; without it, whatever is submitted now.
    """
    submission, content, pack = await _judged(session, caller, uid, SubmissionState.HUMAN_AUDIT, seen, clock)
    state = AFTER[state_after(pack, "human")]
    await _step(session, caller, submission, content, pack, state, clock, reason=note)
    audit.record(session, caller, "audit.accepted", submission, reason=note, attempt=submission.attempt)
    return submission


async def reject(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    *,
    reasons: Sequence[str],
    seen: str | None = None,
    note: str | None = None,
    clock: Clock,
) -> models.Submission:
    """Refuse it, for reasons of the pack (or, as rules.3, checks of it that failed before somebody's eyes), with a note."""
    submission, content, pack = await _judged(session, caller, uid, SubmissionState.HUMAN_AUDIT, seen, clock)
    await _rejected(session, caller, submission, content, pack, "audit.rejected", reasons, note, clock)
    return submission


async def escalate(
    session: AsyncSession, caller: Caller, uid: UUID, *, why: str, seen: str | None = None, clock: Clock
) -> models.Submission:
    """Hand it on to operators: it stays where it stands, and is no longer claimed."""
    submission, *_ = await _judged(session, caller, uid, SubmissionState.HUMAN_AUDIT, seen, clock)
    submission.auditor_id = submission.claimed_until = None
    submission.escalated_at, submission.escalation = clock.now(), why
    audit.record(session, caller, "audit.escalated", submission, reason=why, attempt=submission.attempt)
    await session.flush()
    return submission


async def end_trial(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    *,
    passed: bool,
    reasons: Sequence[str] = (),
    seen: str | None = None,
    note: str | None = None,
    clock: Clock,
) -> models.Submission:
    """Say what came of its trial: accepted and delivered, or rejected for reasons. Nobody needs to have claimed it."""
    submission, content, pack = await _judged(session, caller, uid, SubmissionState.TRIAL, seen, clock)
    if not passed:
        await _rejected(session, caller, submission, content, pack, "trial.failed", reasons, note, clock)
        return submission
    await _step(session, caller, submission, content, pack, SubmissionState.ACCEPTED, clock, reason=note)
    audit.record(session, caller, "trial.passed", submission, reason=note, attempt=submission.attempt)
    return submission


async def _rejected(
    session: AsyncSession,
    caller: Caller,
    submission: models.Submission,
    content: models.Content,
    pack: Pack,
    action: str,
    reasons: Sequence[str],
    note: str | None,
    clock: Clock,
) -> None:
    codes = checked(pack, reasons, note)
    state = SubmissionState.REJECTED
    await _step(session, caller, submission, content, pack, state, clock, reason=note, codes=codes)
    audit.record(session, caller, action, submission, reason=note, attempt=submission.attempt, reasons=codes)


async def _step(
    session: AsyncSession,
    caller: Caller,
    submission: models.Submission,
    content: models.Content,
    pack: Pack,
    state: SubmissionState,
    clock: Clock,
    *,
    reason: str | None,
    codes: Sequence[str] = (),
) -> None:
    now = clock.now()
    by = SubmissionActor.AUDITOR
    move(session, caller, submission, state, by=by, at=now, audit=pack.audit, reason=reason, reason_codes=codes)
    if state is SubmissionState.ACCEPTED:
        # with a new version, a distributor that has read the content meanwhile puts it back
        content.version += 1
        await session.flush()
        await outbox.mark(session, DirtyKind.CONTENT, [content.id], consumers=[Consumer.DISTRIBUTION])
    await session.flush()
    await submissions.tell(session, [submission], {content.id: content.creator_id}, at=now)


async def _judged(
    session: AsyncSession, caller: Caller, uid: UUID, state: SubmissionState, seen: str | None, clock: Clock
) -> tuple[models.Submission, models.Content, Pack]:
    """The submission in this state, locked with its content, for a caller who may judge it now; and its pinned pack."""
    access.require(caller, Scope.AUDIT_WRITE)
    submission, content = await _locked(session, caller, uid)
    if content.creator_id in access.partial_to(caller):
        raise ConflictOfInterest("You may act as the creator of this content: somebody else has to judge it.")
    if submission.state is not state:
        raise WrongSubmissionState(f"The submission is {submission.state.value}; this needs one that is {state.value}.")
    if seen is not None and seen != stamp(submission):
        raise StaleAudit("It was submitted anew since you saw it: look at it again, and give its new `stamp`.")
    if await session.scalar(select(models.Submission.id).where(_is(submission), access.auditable(caller))) is None:
        raise StaleAudit(
            "The content was changed or hidden since it was submitted: it is judged when it is submitted anew."
        )
    if state is SubmissionState.HUMAN_AUDIT:
        _expect_claim(submission, caller, clock)
    packs = await installing.pinned(session, [submission.pack_version_id])
    return submission, content, packs[submission.pack_version_id]


def _is(submission: models.Submission) -> ColumnElement[bool]:
    return models.Submission.id == submission.id


def _expect_claim(submission: models.Submission, caller: Caller, clock: Clock) -> None:
    if caller.is_operator or leases.holds(submission, caller.account_id):
        return
    if leases.held_by_other(submission, caller.account_id, clock.now()):
        raise leases.NotClaimed("Somebody else has this one before them: claim another.")
    raise leases.NotClaimed("Claim this one before you judge it.")


async def _locked(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Submission, models.Content]:
    """The submission and its content, both locked, the content first: as the distributor does it."""
    one = models.Submission
    found = (
        await session.execute(
            select(one.id, one.content_id).where(one.uid == uid, access.audited(caller), access.submissions(caller))
        )
    ).one_or_none()
    if found is None:
        raise NoSuchSubmission("There is no such submission, or you may not see it.")
    content = await session.get_one(
        models.Content, found.content_id, with_for_update={"key_share": True}, populate_existing=True
    )
    submission = await session.get_one(one, found.id, with_for_update=True, populate_existing=True)
    return submission, content
