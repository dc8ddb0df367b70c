"""Who may see channels, their feeds, and what was submitted to them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true

import models
from core.caller import Caller, Scope
from models import SubmissionState
from services.access.contents import public_contents
from services.access.rights import tended_creators

LOOKED_AT = (SubmissionState.HUMAN_AUDIT, SubmissionState.TRIAL)
"""The states in which people decide on a submission."""


def submissions(caller: Caller) -> ColumnElement[bool]:
    """Submissions are their creator's business, the operators', once they are delivered or on trial that of the channel's
    integration, and from human audit on that of those who audit for the channel.
    """
    if caller.is_operator:
        return true()
    one = models.Submission
    seen: list[ColumnElement[bool]] = []
    if own_ids := tended_creators(caller):
        own = select(models.Content.id).where(models.Content.creator_id.in_(sorted(own_ids)))
        seen.append(one.content_id.in_(own))
    if caller.channel_ids and caller.has(Scope.DELIVERY_WRITE):
        on_trial = and_(one.state == SubmissionState.TRIAL, _of_public_content())
        delivered = or_(one.state.in_(models.DELIVERED), one.refusal.is_not(None), on_trial)
        seen.append(and_(one.channel_id.in_(sorted(caller.channel_ids)), delivered))
    if caller.channel_ids and caller.has(Scope.AUDIT_WRITE):
        step = models.SubmissionEvent
        was = exists().where(step.submission_id == one.id, step.from_state.in_(LOOKED_AT)).correlate(one)
        seen.append(and_(audited(caller), or_(one.state.in_(LOOKED_AT), was), _of_public_content()))
    return or_(false(), *seen)


def audited(caller: Caller) -> ColumnElement[bool]:
    """Submissions to channels for which this caller may audit, by the say of the pack that is pinned to each."""
    if caller.is_operator:
        return true()
    if not (caller.channel_ids and caller.has(Scope.AUDIT_WRITE)):
        return false()
    version = models.PackVersion
    own_people = select(version.id).where(version.body["audit"]["auditors"].astext == "channel")
    one = models.Submission
    by_them = one.pack_version_id == func.any(func.array(own_people.scalar_subquery()))
    return and_(one.channel_id.in_(sorted(caller.channel_ids)), by_them)


def partial_to(caller: Caller) -> frozenset[int]:
    """The creators whose contents this caller never audits, nor whoever acts in its place: those that it may act as."""
    return caller.creator_ids | (caller.acted_by.creator_ids if caller.acted_by else frozenset())


def auditable(caller: Caller) -> ColumnElement[bool]:
    """Submissions that this caller may judge: of what it audits that which is shown as it was submitted, and is not its own."""
    content = models.Content
    conditions = [content.live_revision_id == models.Submission.revision_id]
    if own := partial_to(caller):
        conditions.append(content.creator_id.not_in(sorted(own)))
    return and_(audited(caller), _of_public_content(*conditions))


def _of_public_content(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Submissions of a content that everybody may see, for which these hold too."""
    of_it = models.Content.id == models.Submission.content_id
    # asked of each row, and not a join: a queue is read in its order until there are enough, however long it is
    shown = select(true()).where(of_it, public_contents(), *conditions).correlate(models.Submission)
    return shown.scalar_subquery().is_(True)


def explained(caller: Caller) -> ColumnElement[bool]:
    """Contents of which this caller may know what the decisions on them stood on: the scores, goods and quotas of a creator
    are the business of the creator's side and of operators, and not of the channel.
    """
    return true() if caller.is_operator else models.Content.creator_id.in_(sorted(tended_creators(caller)))


def channels(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    return or_(models.Channel.is_private.is_(False), models.Channel.id.in_(sorted(caller.channel_ids)))


def feeds(caller: Caller) -> ColumnElement[bool]:
    """A private channel's feed needs a key with that channel in its scope; the others are public."""
    if caller.is_operator:
        return true()
    private = select(models.Channel.id).where(models.Channel.is_private.is_(True))
    granted = sorted(caller.channel_ids) if caller.has(Scope.FEED_READ) else []
    return or_(
        models.Feed.channel_id.is_(None), models.Feed.channel_id.not_in(private), models.Feed.channel_id.in_(granted)
    )
