"""Who may see what others wrote under contents, and in live rooms."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import aliased

import models
from core.caller import Caller
from core.errors import NotFound
from services.access.contents import contents
from services.access.people import hidden_creators, shown_account
from services.access.rights import TENDING, has_any, own_creator_ids, tended_creators


class NoSuchComment(NotFound):
    code = "NO_SUCH_COMMENT"


class NoSuchAnswer(NotFound):
    code = "NO_SUCH_ANSWER"


class NoSuchMessage(NotFound):
    code = "NO_SUCH_MESSAGE"


def answers(caller: Caller) -> ColumnElement[bool]:
    """Answers to questions that this caller may see: the public ones, and its own in any state but erased."""
    if caller.is_operator:
        return true()
    answer, own_ids = models.Answer, tended_creators(caller, TENDING)
    public = and_(answer.state == models.AnswerState.VISIBLE, answer.creator_id != func.all(hidden_creators()))
    own = and_(answer.creator_id.in_(sorted(own_ids)), answer.state != models.AnswerState.ERASED)
    return and_(or_(public, own) if own_ids else public, _in_seen_content(caller, answer))


def shown_by_itself(comment: type[models.Comment]) -> ColumnElement[bool]:
    return and_(
        comment.state == models.CommentState.VISIBLE,
        shown_account(comment.account_id),
        or_(comment.creator_id.is_(None), comment.creator_id != func.all(hidden_creators())),
    )


def shown_comments() -> ColumnElement[bool]:
    """What everybody may see under a content that they see: neither it nor what it replies to was taken away."""
    above = aliased(models.Comment)
    is_shown = (
        select(above.id).where(above.id == models.Comment.parent_id, shown_by_itself(above)).correlate(models.Comment)
    )
    return and_(shown_by_itself(models.Comment), or_(models.Comment.parent_id.is_(None), is_shown.exists()))


def comments(caller: Caller) -> ColumnElement[bool]:
    """Comments under contents that the caller may see: those that are shown, its own in any state but erased, and those
    that it hid under its own contents, or that others hid there.
    """
    if caller.is_operator:
        return true()
    seen = [shown_comments()]
    comment, content = models.Comment, models.Content
    if caller.account_id is not None and has_any(caller, TENDING):
        own = or_(comment.account_id == caller.account_id, comment.creator_id.in_(sorted(own_creator_ids(caller))))
        seen.append(and_(own, comment.state != models.CommentState.ERASED))
    if own_ids := tended_creators(caller, TENDING):
        theirs = select(content.id).where(content.creator_id.in_(sorted(own_ids)))
        seen.append(and_(comment.state == models.CommentState.HIDDEN, comment.content_id.in_(theirs)))
    return and_(or_(*seen), _in_seen_content(caller, comment))


def comments_in_seen_contents(caller: Caller) -> ColumnElement[bool]:
    """For lists that say themselves which comments stand in them."""
    return true() if caller.is_operator else _in_seen_content(caller, models.Comment)


def _in_seen_content(
    caller: Caller, row: type[models.Answer | models.Comment | models.LiveMessage | models.LivePush]
) -> ColumnElement[bool]:
    content = select(models.Content.id).where(models.Content.id == row.content_id, contents(caller))
    return content.correlate(row).exists()


def shown_messages() -> ColumnElement[bool]:
    """What everybody in a live room may read."""
    message = models.LiveMessage
    return and_(
        message.state == models.MessageState.VISIBLE,
        shown_account(message.account_id),
        or_(message.creator_id.is_(None), message.creator_id != func.all(hidden_creators())),
    )


def live_messages(caller: Caller) -> ColumnElement[bool]:
    """Messages in live rooms that the caller may see: those that are shown, its own in any state but erased, and those
    that were hidden in its own rooms.
    """
    if caller.is_operator:
        return true()
    message, content = models.LiveMessage, models.Content
    seen = [shown_messages()]
    if caller.account_id is not None and has_any(caller, TENDING):
        seen.append(and_(message.account_id == caller.account_id, message.state != models.MessageState.ERASED))
    if own_ids := tended_creators(caller, TENDING):
        theirs = select(content.id).where(content.creator_id.in_(sorted(own_ids)))
        seen.append(and_(message.state == models.MessageState.HIDDEN, message.content_id.in_(theirs)))
    return and_(or_(*seen), _in_seen_content(caller, message))


def live_pushes(caller: Caller) -> ColumnElement[bool]:
    """Whoever sees a live room sees what is pushed in it."""
    return true() if caller.is_operator else _in_seen_content(caller, models.LivePush)
