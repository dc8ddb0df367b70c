"""Who may see channels, their feeds, and what was submitted to them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select, true

import models
from core.caller import Caller, Scope
from services.access.rights import tended_creators


def submissions(caller: Caller) -> ColumnElement[bool]:
    """Submissions are their creator's business, the operators', and once delivered that of the channel's integration."""
    if caller.is_operator:
        return true()
    one = models.Submission
    seen: list[ColumnElement[bool]] = []
    if own_ids := tended_creators(caller):
        own = select(models.Content.id).where(models.Content.creator_id.in_(sorted(own_ids)))
        seen.append(one.content_id.in_(own))
    if caller.channel_ids and caller.has(Scope.DELIVERY_WRITE):
        delivered = or_(one.state.in_(models.DELIVERED), one.refusal.is_not(None))
        seen.append(and_(one.channel_id.in_(sorted(caller.channel_ids)), delivered))
    return or_(false(), *seen)


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
