"""What makes contents public and takes them back: states and dirty marks only; the distributor does the numbering."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, DomainError, Forbidden, Invalid, Problem, together
from models import ContentState, DirtyKind, RevisionState
from services import (
    access,
    asset_binding,
    audit,
    comments,
    completeness,
    consent,
    outbox,
    stamps,
    submission_states,
    submissions,
    tagging,
)


class NotLive(Conflict):
    """It is not published, so it cannot be taken back."""

    code = "NOT_LIVE"


class NothingToPublish(Conflict):
    code = "NOTHING_TO_PUBLISH"


class TakenDown(Conflict):
    """An operator took it down; only an operator brings it back."""

    code = "TAKEN_DOWN"


class UnknownChannel(Invalid):
    code = "UNKNOWN_CHANNEL"


async def publish(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    *,
    channels: Sequence[str] | None = None,
    expected_revision: str | None = None,
    clock: Clock,
) -> models.Content:
    """Make the draft of a content (or its approved revision) the live one, or a withdrawn content visible again, and let it
    be distributed.

    `channels` names the entries to submit it to; without it, it goes to every one whose selector matches and whose gates
    pass. Naming a channel that rejected it before submits it there anew. Publishing what is live already does nothing.
    With `expected_revision`, the stamp of what the author saw, nothing newer goes out unseen.
    """
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    named, errors = await named_channels(session, caller, channels)
    revision = await _next(session, caller, content, expected_revision, clock, errors)
    if errors:
        raise together(errors)
    if revision is None and content.is_live and named is None:
        return content
    await show(session, caller, content, revision, named, clock)
    audit.record(session, caller, "content.published", content, channels=list(channels) if channels else None)
    return content


async def show(
    session: AsyncSession,
    caller: Caller,
    content: models.Content,
    revision: models.Revision | None,
    channel_ids: list[int] | None,
    clock: Clock,
) -> None:
    """Make a revision the live one (None: it stays the one it is), visible, submitted to these channels (None: all that
    match). Whether that may be was looked at; the content is locked.
    """
    if revision is not None:
        await _make_live(session, content, revision, clock)
    content.state, content.state_because, content.state_at = ContentState.VISIBLE, None, clock.now()
    content.channel_ids = channel_ids
    if channel_ids is not None:
        await _submit_anew(session, caller, content, channel_ids, clock)
    await changed(session, content, clock)


def refuse_hidden(content: models.Content) -> None:
    """TakenDown when an operator took it down."""
    errors = _against_showing(content)
    if errors:
        raise errors[0]


async def _next(
    session: AsyncSession,
    caller: Caller,
    content: models.Content,
    expected: str | None,
    clock: Clock,
    errors: list[DomainError],
) -> models.Revision | None:
    """What goes out; None: what is live stays so. What stands against it is added to the errors."""
    errors.extend(_against_showing(content))
    try:
        revision = await consent.next_revision(session, caller, content, clock)
    except consent.ReviewRequired as error:
        errors.append(error)
        return None
    if expected is not None and stamps.differs(revision, expected):
        errors.append(stamps.StaleRevision(revision))
    if revision is not None:
        errors.extend(completeness.missing(content, revision))
        errors.extend(await asset_binding.expired_in(session, revision))
    if revision is None and content.live_revision_id is None and content.state is not ContentState.TAKEN_DOWN:
        errors.append(NothingToPublish("This content has no draft to publish: write one, or cancel what is scheduled."))
    return revision


def _against_showing(content: models.Content) -> list[DomainError]:
    if content.state is ContentState.TAKEN_DOWN:
        return [TakenDown("An operator took this content down; ask them to restore it, or appeal.")]
    return []


async def hold(session: AsyncSession, caller: Caller, uids: Sequence[UUID]) -> None:
    """Lock those of these contents that the caller may change, in order of their ids, as everybody does who locks several."""
    content = models.Content
    await session.execute(
        select(content.id).where(content.uid.in_(uids), access.drafts(caller)).order_by(content.id).with_for_update()
    )


async def withdraw(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, reason: str, clock: Clock
) -> models.Content:
    """Take a live content back: unseen from now on, a tombstone in every feed that had it."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    if not content.is_live:
        raise NotLive("This content is not published, so there is nothing to withdraw.")
    await _hide(session, content, ContentState.WITHDRAWN, reason, clock)
    audit.record(session, caller, "content.withdrawn", content, reason=reason)
    return content


async def take_down(
    session: AsyncSession, caller: Caller, content_uid: UUID, *, reason: str, clock: Clock
) -> models.Content:
    """An operator removes a content from view; its author cannot publish it again."""
    _operators_only(caller)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    if content.state is ContentState.TAKEN_DOWN:
        raise TakenDown("This content is taken down already.")
    audit.record(session, caller, "content.taken_down", content, reason=reason, was=content.state.value)
    await _hide(session, content, ContentState.TAKEN_DOWN, reason, clock)
    return content


async def restore(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """An operator lifts a takedown: the content is again what its author had made of it, visible or withdrawn."""
    _operators_only(caller)
    content = await access.editable_content(session, caller, content_uid, lock=True)
    if content.state is not ContentState.TAKEN_DOWN:
        raise Conflict("This content was not taken down.")
    content.state = await _before_takedown(session, content)
    content.state_because, content.state_at = None, clock.now()
    await changed(session, content, clock)
    audit.record(session, caller, "content.restored", content)
    return content


async def suspend(
    session: AsyncSession, caller: Caller, creator_uid: UUID, *, reason: str, clock: Clock
) -> models.Creator:
    """Hide a creator and all of theirs, at once and everywhere."""
    _operators_only(caller)
    creator = await _locked_creator(session, caller, creator_uid)
    if creator.suspended_at is None:
        creator.suspended_at, creator.suspended_because = clock.now(), reason
        creator.version += 1
        await outbox.mark(session, DirtyKind.CREATOR, [creator.id], urgency=outbox.URGENT)
        await comments.recount(session, creator_ids=[creator.id])
        audit.record(session, caller, "creator.suspended", creator, reason=reason)
    return creator


async def reinstate(session: AsyncSession, caller: Caller, creator_uid: UUID) -> models.Creator:
    """Show a suspended creator again, and what of theirs is published."""
    _operators_only(caller)
    creator = await _locked_creator(session, caller, creator_uid)
    if creator.suspended_at is not None:
        creator.suspended_at = creator.suspended_because = None
        creator.version += 1
        await outbox.mark(session, DirtyKind.CREATOR, [creator.id])
        await comments.recount(session, creator_ids=[creator.id])
        audit.record(session, caller, "creator.reinstated", creator)
    return creator


async def changed(session: AsyncSession, content: models.Content, clock: Clock, *, urgency: int = outbox.USUAL) -> None:
    """Note that what is shown of a content changed: its version grows, and the consumers will look."""
    content.version += 1
    content.changed_at = clock.now()
    await session.flush()
    await outbox.mark(session, DirtyKind.CONTENT, [content.id], urgency=urgency)


async def _make_live(session: AsyncSession, content: models.Content, revision: models.Revision, clock: Clock) -> None:
    now = clock.now()
    if content.live_revision_id is not None:
        superseded = await session.get_one(models.Revision, content.live_revision_id)
        superseded.state = RevisionState.SUPERSEDED
        await session.flush()
    revision.state, revision.published_at = RevisionState.LIVE, now
    revision.sealed_at = revision.sealed_at or now
    if revision.id == content.waiting_revision_id:
        content.waiting_revision_id = None
    else:
        content.draft_revision_id = None
    content.live_revision_id = revision.id
    content.published_at = content.published_at or now
    content.is_history = False
    if revision.tag_ids is not None and revision.tag_ids != content.tag_ids:
        await tagging.replace(session, content, revision.tag_ids, models.TaggingSource.AUTHOR)
    await session.flush()


async def _hide(session: AsyncSession, content: models.Content, state: ContentState, reason: str, clock: Clock) -> None:
    content.state, content.state_because, content.state_at = state, reason, clock.now()
    # what must disappear goes before everything else that waits
    await changed(session, content, clock, urgency=outbox.URGENT)


async def _before_takedown(session: AsyncSession, content: models.Content) -> ContentState:
    """What a content was when it was taken down: the record of that says so."""
    entry = models.AuditEntry
    was = await session.scalar(
        select(entry.details["was"].astext)
        .where(entry.object_type == "Content", entry.object_id == content.id, entry.action == "content.taken_down")
        .order_by(entry.id.desc())
        .limit(1)
    )
    return ContentState(was) if was else ContentState.VISIBLE


async def named_channels(
    session: AsyncSession, caller: Caller, keys: Sequence[str] | None
) -> tuple[list[int] | None, list[DomainError]]:
    """The ids of the channels of these keys, where any are named; and what is wrong with the keys."""
    if keys is None:
        return None, []
    rows = await session.execute(
        select(models.Channel.key, models.Channel.id).where(
            models.Channel.key.in_(keys), models.Channel.pack_version_id.is_not(None), access.channels(caller)
        )
    )
    found = dict(rows.all())
    problems = [
        Problem("UNKNOWN_CHANNEL", f"There is no channel {key[:80]}: see the query channels.", ("channels", place))
        for place, key in enumerate(keys)
        if key not in found
    ]
    unknown = UnknownChannel("Some of the channels do not exist; nothing was published.", problems=problems)
    return sorted(found.values()), [unknown] if problems else []


async def _submit_anew(
    session: AsyncSession, caller: Caller, content: models.Content, channel_ids: list[int], clock: Clock
) -> None:
    submission = models.Submission
    ended = await session.scalars(
        select(submission)
        .where(
            submission.content_id == content.id,
            submission.channel_id.in_(channel_ids),
            submission.state.in_(submissions.ENDED),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    by = submission_states.side_of(caller, content.creator_id)
    moves = submission_states.Moves(clock.now(), caller, by)
    anew = await moves.anew(session, ended.all())
    await moves.write(session)
    await submissions.tell(session, anew, {content.id: content.creator_id}, at=clock.now())


def _operators_only(caller: Caller) -> None:
    if not caller.is_operator:
        raise Forbidden("Only an operator may do this.")


async def _locked_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    creator = await access.editable_creator(session, caller, uid)
    await session.refresh(creator, with_for_update=True)
    return creator
