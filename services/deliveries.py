"""What happens to a submission after the engine's word: channels confirm or refuse it, authors withdraw it or submit it anew."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Forbidden, NotFound
from models import Consumer, DirtyKind, RefusalKind, SubmissionActor, SubmissionState
from services import access, audit, names, outbox, submissions
from services.objections import Objections
from services.publishing import NotLive
from services.submission_states import WrongSubmissionState, audits, move, side_of

ENDS_AS = {
    RefusalKind.CONTENT: SubmissionState.REJECTED,
    RefusalKind.PERMISSION: SubmissionState.FAILED,
    RefusalKind.PERMANENT: SubmissionState.FAILED,
}
"""What a refusal makes of a submission; one that may pass leaves it where it stands, for another try."""


class NoSuchSubmission(NotFound):
    code = "NO_SUCH_SUBMISSION"


@dataclass(frozen=True, slots=True)
class Place:
    """A submission by its content and the key of its channel."""

    content: UUID
    channel: str


@dataclass(frozen=True, slots=True)
class Refusal:
    kind: RefusalKind
    message: str


async def confirm(
    session: AsyncSession,
    caller: Caller,
    which: UUID | Place,
    *,
    external_id: str,
    external_url: str | None = None,
    clock: Clock,
) -> models.Submission:
    """What a channel's integration says of what was delivered: under which id and where it stands there.

    Saying the same again changes nothing.
    """
    submission, content = await _at_the_channel(session, caller, which)
    against = Objections()
    against.take(names.checked, external_id, "external_id")
    if external_url is not None:
        against.take(names.link, external_url, "external_url")
    against.check()
    _expect(submission, models.DELIVERED, "was delivered")
    before = (submission.state, submission.external_id, submission.external_url, submission.refusal)
    if before == (SubmissionState.CONFIRMED, external_id, external_url or submission.external_url, None):
        return submission
    submission.external_id, submission.refusal = external_id, None
    submission.external_url = external_url or submission.external_url
    await _moved(session, caller, submission, content, SubmissionState.CONFIRMED, _channel(caller, submission), clock)
    audit.record(session, caller, "submission.confirmed", submission, external_id=external_id)
    return submission


async def refuse(
    session: AsyncSession, caller: Caller, which: UUID | Place, refusal: Refusal, *, clock: Clock
) -> models.Submission:
    """What a channel's integration says of what was delivered and not taken: why, and of which kind that is.

    Saying the same again changes nothing. A refusal that ends the submission leaves the channel's feed with a tombstone.
    """
    submission, content = await _at_the_channel(session, caller, which)
    state = ENDS_AS.get(refusal.kind, submission.state)
    if (submission.state, submission.refusal, submission.reason) == (state, refusal.kind, refusal.message):
        return submission
    _expect(submission, models.DELIVERED, "was delivered")
    submission.refusal = refusal.kind
    await _moved(session, caller, submission, content, state, _channel(caller, submission), clock, refusal.message)
    audit.record(session, caller, "submission.refused", submission, reason=refusal.message, kind=refusal.kind.value)
    if state in submissions.ENDED:
        await _look_again(session, content)
    return submission


async def withdraw(session: AsyncSession, caller: Caller, uid: UUID, *, reason: str, clock: Clock) -> models.Submission:
    """Take a content back from one channel, as its author. Published anew, or resubmitted, it may enter again."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    submission, content = await _own(session, caller, uid)
    by = side_of(caller, content.creator_id)
    await _moved(session, caller, submission, content, SubmissionState.WITHDRAWN, by, clock, reason)
    audit.record(session, caller, "submission.withdrawn", submission, reason=reason)
    await _look_again(session, content)
    return submission


async def resubmit(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock) -> models.Submission:
    """Submit a published content anew to a channel where its submission ended, as its author: another attempt."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    submission, content = await _own(session, caller, uid)
    if not content.is_live:
        raise NotLive("This content is not published, so no channel can take it: publish it first.")
    by = side_of(caller, content.creator_id)
    if content.channel_ids is not None and submission.channel_id not in content.channel_ids:
        content.channel_ids = [*content.channel_ids, submission.channel_id]
    await _moved(session, caller, submission, content, SubmissionState.MACHINE_AUDIT, by, clock)
    audit.record(session, caller, "submission.resubmitted", submission, attempt=submission.attempt)
    await _look_again(session, content)
    return submission


async def _at_the_channel(
    session: AsyncSession, caller: Caller, which: UUID | Place
) -> tuple[models.Submission, models.Content]:
    access.require(caller, Scope.DELIVERY_WRITE)
    submission, content = await _locked(session, caller, which)
    if not caller.is_operator and submission.channel_id not in caller.channel_ids:
        raise Forbidden("Only an integration whose key is for this channel, or an operator, may say so.")
    return submission, content


async def _moved(
    session: AsyncSession,
    caller: Caller,
    submission: models.Submission,
    content: models.Content,
    state: SubmissionState,
    by: SubmissionActor,
    clock: Clock,
    reason: str | None = None,
) -> None:
    pinned = await audits(session, [submission.pack_version_id])
    move(
        session,
        caller,
        submission,
        state,
        by=by,
        at=clock.now(),
        audit=pinned[submission.pack_version_id],
        reason=reason,
    )
    await session.flush()
    await submissions.tell(session, [submission], {content.id: content.creator_id}, at=clock.now())


def _channel(caller: Caller, submission: models.Submission) -> SubmissionActor:
    return SubmissionActor.CHANNEL if submission.channel_id in caller.channel_ids else SubmissionActor.OPERATOR


async def _look_again(session: AsyncSession, content: models.Content) -> None:
    """Let feeds follow. With a new version, a distributor that has judged the content meanwhile puts it back."""
    content.version += 1
    await session.flush()
    await outbox.mark(session, DirtyKind.CONTENT, [content.id], consumers=[Consumer.DISTRIBUTION])


async def _own(session: AsyncSession, caller: Caller, uid: UUID) -> tuple[models.Submission, models.Content]:
    submission, content = await _locked(session, caller, uid)
    if not access.may_edit(caller, content.creator_id):
        raise Forbidden("Only the content's creator, an organisation under contract, or an operator may do this.")
    return submission, content


async def _locked(
    session: AsyncSession, caller: Caller, which: UUID | Place
) -> tuple[models.Submission, models.Content]:
    """The submission and its content, both locked, the content first: as the distributor does it."""
    statement = select(models.Submission.id, models.Submission.content_id)
    found = (await session.execute(statement.where(_which(which), access.submissions(caller)))).one_or_none()
    if found is None:
        raise NoSuchSubmission("There is no such submission, or you may not see it.")
    content = await session.get_one(
        models.Content, found.content_id, with_for_update={"key_share": True}, populate_existing=True
    )
    submission = await session.get_one(models.Submission, found.id, with_for_update=True, populate_existing=True)
    return submission, content


def _which(which: UUID | Place) -> ColumnElement[bool]:
    if isinstance(which, UUID):
        return models.Submission.uid == which
    content = select(models.Content.id).where(models.Content.uid == which.content)
    channel = select(models.Channel.id).where(models.Channel.key == which.channel)
    return models.Submission.content_id.in_(content) & models.Submission.channel_id.in_(channel)


def _expect(submission: models.Submission, states: tuple[SubmissionState, ...], what: str) -> None:
    if submission.state not in states:
        raise WrongSubmissionState(f"The submission is {submission.state.value}; this needs one that {what}.")
