"""Comments under contents: written, withdrawn, hidden by the content's creator, taken down by operators; and counted.

A comment counts while it is shown: it, what it replies to, and their authors. Whatever changes that holds the content's row
of counts from before it looks until it is committed, so the counts are exact however many write at once. The order of locks
is: author, counts, comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import BigInteger, ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid
from core.reads import OneRead, Order, PageRead, any_of
from models import CommentState
from models.texts import Remark
from services import access, audit, callers

_remark: TypeAdapter[str] = TypeAdapter(Remark)

_order = (models.Comment.id,)
newest, oldest = Order("newest", _order), Order("oldest", _order, descending=False)

by_ids = OneRead(models.Comment, models.Comment.id, access.comments, eager=(models.Comment.account,))
by_uids = OneRead(models.Comment, models.Comment.uid, access.comments, eager=(models.Comment.account,))


def _list(name: str, match: Any, *orders: Order) -> PageRead[models.Comment]:
    return PageRead(
        name,
        models.Comment,
        match=match,
        key_type=BigInteger(),
        visible=access.comments_in_seen_contents,
        listed=access.shown_comments,
        orders=orders,
        eager=("account",),
    )


of_contents = _list(
    "comments.of_contents",
    lambda key: and_(models.Comment.content_id == key, models.Comment.parent_id.is_(None)),
    newest,
    oldest,
)
replies_of = _list("comments.replies_of", lambda key: models.Comment.parent_id == key, oldest, newest)
hidden_of = PageRead(
    "comments.hidden_of",
    models.Comment,
    match=lambda key: models.Comment.content_id == key,
    key_type=BigInteger(),
    visible=access.comments,
    listed=lambda: models.Comment.state == CommentState.HIDDEN,
    orders=(newest,),
    eager=("account",),
)


class MalformedComment(Invalid):
    code = "MALFORMED_COMMENT"


class ReplyToReply(Invalid):
    """Replies are one level deep."""

    code = "REPLY_TO_REPLY"


class CommentNotShown(Conflict):
    """It was withdrawn, hidden or taken down already."""

    code = "COMMENT_NOT_SHOWN"


class CommentNotHidden(Conflict):
    code = "COMMENT_NOT_HIDDEN"


class NotTakenDown(Conflict):
    """There is no takedown to lift."""

    code = "NOT_TAKEN_DOWN"


async def add(
    session: AsyncSession,
    caller: Caller,
    content_uid: UUID,
    text: str,
    *,
    clock: Clock,
    parent: UUID | None = None,
    as_creator: UUID | None = None,
) -> models.Comment:
    """Say something under a published content, as oneself or as a creator; with `parent` as a reply to that comment."""
    account_id = access.engaging_account(caller)
    said = checked(text)
    content = await access.live_content(session, caller, content_uid)
    creator_id = None if as_creator is None else (await access.editable_creator(session, caller, as_creator)).id
    await _hold_author(session, account_id, creator_id)
    await _hold_counts(session, content.id)
    above = None if parent is None else await _above(session, content, parent)
    comment = models.Comment(
        content_id=content.id,
        account_id=account_id,
        creator_id=creator_id,
        parent_id=None if above is None else above.id,
        text=said,
        created_at=clock.now(),
    )
    session.add(comment)
    await session.flush()
    await _count(session, content.id, 1)
    if above is not None:
        await _count_replies(session, [above.id])
    audit.record(session, caller, "comment.added", comment)
    return comment


async def withdraw(session: AsyncSession, caller: Caller, comment_uid: UUID, *, clock: Clock) -> models.Comment:
    """Whoever wrote it takes it back, with the replies to it."""
    access.engaging_account(caller)
    comment = await _held(session, caller, comment_uid)
    if not is_own(caller, comment):
        raise Forbidden("Only whoever wrote a comment may withdraw it.")
    if comment.state not in {CommentState.VISIBLE, CommentState.HIDDEN}:
        raise CommentNotShown("This comment was withdrawn or taken down already.")
    return await _turn(session, caller, comment, CommentState.WITHDRAWN, "comment.withdrawn", clock)


async def hide(session: AsyncSession, caller: Caller, comment_uid: UUID, *, clock: Clock) -> models.Comment:
    """The content's creator takes a comment from view, with the replies to it; may be shown again."""
    comment = await _held_by_host(session, caller, comment_uid)
    if comment.state is not CommentState.VISIBLE:
        raise CommentNotShown("This comment is not shown, so it cannot be hidden.")
    return await _turn(session, caller, comment, CommentState.HIDDEN, "comment.hidden", clock)


async def show(session: AsyncSession, caller: Caller, comment_uid: UUID, *, clock: Clock) -> models.Comment:
    """The content's creator shows a comment again that was hidden."""
    comment = await _held_by_host(session, caller, comment_uid)
    if comment.state is not CommentState.HIDDEN:
        raise CommentNotHidden("This comment was not hidden by the content's creator, so it cannot be shown again.")
    return await _turn(session, caller, comment, CommentState.VISIBLE, "comment.shown", clock)


async def take_down(
    session: AsyncSession, caller: Caller, comment_uid: UUID, *, reason: str, clock: Clock
) -> models.Comment:
    """An operator removes a comment from view, with the replies to it; whoever wrote it reads why."""
    access.require(caller, Scope.OPERATE)
    comment = await _held(session, caller, comment_uid)
    if comment.state not in {CommentState.VISIBLE, CommentState.HIDDEN}:
        raise CommentNotShown("This comment was withdrawn or taken down already.")
    return await _turn(session, caller, comment, CommentState.TAKEN_DOWN, "comment.taken_down", clock, reason=reason)


async def restore(session: AsyncSession, caller: Caller, comment_uid: UUID, *, clock: Clock) -> models.Comment:
    """An operator lifts a takedown: the comment is again what it was before, visible or hidden."""
    access.require(caller, Scope.OPERATE)
    comment = await _held(session, caller, comment_uid)
    if comment.state is not CommentState.TAKEN_DOWN:
        raise NotTakenDown("This comment was not taken down.")
    was = await audit.said_last(session, "comment.taken_down", comment, "was")
    return await _turn(session, caller, comment, CommentState(was or CommentState.VISIBLE), "comment.restored", clock)


async def recount(session: AsyncSession, *, account_ids: Sequence[int] = (), creator_ids: Sequence[int] = ()) -> None:
    """Count anew where these authors commented: to be called in the transaction that hides them, or shows them again,
    after that was flushed.
    """
    comment, count = models.Comment, models.ContentCount
    theirs = _by(account_ids, creator_ids)
    contents = select(comment.content_id).where(theirs)
    held = await session.scalars(
        select(count.content_id).where(count.content_id.in_(contents)).order_by(count.content_id).with_for_update()
    )
    ids = list(held)
    shown = select(func.count(comment.id)).where(comment.content_id == count.content_id, access.shown_comments())
    anew = shown.correlate(count).scalar_subquery()
    statement = update(count).where(count.content_id == any_of(ids)).values(comments_count=anew)
    await session.execute(statement.execution_options(synchronize_session=False))
    parents = await session.scalars(select(comment.parent_id).where(theirs, comment.parent_id.is_not(None)).distinct())
    await _count_replies(session, [parent for parent in parents if parent is not None])


async def erase(session: AsyncSession, *, account_ids: Sequence[int] = (), creator_ids: Sequence[int] = ()) -> int:
    """Remove the words of these authors for good, and the reasons that speak of them: part of erasing a person. How many
    comments there were.
    """
    comment = models.Comment
    blank = {"text": "", "state": CommentState.ERASED, "state_because": None}
    done = await session.scalars(
        update(comment)
        .where(_by(account_ids, creator_ids), comment.state != CommentState.ERASED)
        .values(blank)
        .returning(comment.id)
        .execution_options(synchronize_session=False)
    )
    erased = len(list(done))
    await recount(session, account_ids=account_ids, creator_ids=creator_ids)
    return erased


def _by(account_ids: Sequence[int], creator_ids: Sequence[int]) -> ColumnElement[bool]:
    comment = models.Comment
    return or_(comment.account_id == any_of(account_ids), comment.creator_id == any_of(creator_ids))


def checked(text: str) -> str:
    try:
        return _remark.validate_python(text)
    except ValidationError as error:
        said = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        message = f"A comment is a text of 1 to 2,000 characters: {said[:1].lower()}{said[1:]}."
        raise MalformedComment(message, path=("text",)) from error


async def _hold_author(session: AsyncSession, account_id: int, creator_id: int | None) -> None:
    """From here on the author can neither be suspended nor erased before this is committed, and counted."""
    account, creator = models.Account, models.Creator
    # columns of the row itself: whoever waits for a lock sees those anew, and subqueries as they were before
    held = select(account.id).where(
        account.id == account_id, account.suspended_at.is_(None), account.erased_at.is_(None)
    )
    if await session.scalar(held.with_for_update(read=True)) is None:
        raise callers.SuspendedAccount("This account is suspended; ask an operator.")
    if creator_id is not None:
        shown = and_(creator.suspended_at.is_(None), creator.erased_at.is_(None))
        held = select(creator.id).where(creator.id == creator_id, shown)
        if await session.scalar(held.with_for_update(read=True)) is None:
            raise access.NoSuchCreator("There is no such creator, or you may not see it.", path=("creator",))


async def _hold_counts(session: AsyncSession, content_id: int) -> None:
    """Lock the content's row of counts, made if there is none yet."""
    count = models.ContentCount
    made = insert(count).values(content_id=content_id)
    same = {"comments_count": count.comments_count}
    await session.execute(made.on_conflict_do_update(index_elements=[count.content_id], set_=same))


async def _above(session: AsyncSession, content: models.Content, uid: UUID) -> models.Comment:
    """The comment to reply to: shown, under this content, and no reply itself."""
    comment = models.Comment
    found = await session.scalar(
        select(comment).where(comment.uid == uid, comment.content_id == content.id, access.shown_comments())
    )
    if found is None:
        raise access.NoSuchComment("There is no such comment under this content.", path=("parent",))
    if found.parent_id is not None:
        raise ReplyToReply("This comment is a reply itself: reply to the comment that it answers.", path=("parent",))
    return found


async def _held(session: AsyncSession, caller: Caller, uid: UUID) -> models.Comment:
    """A comment that the caller may see, with the counts that it stands in: both locked."""
    comment = models.Comment
    seen = select(comment).where(comment.uid == uid, access.comments(caller), comment.state != CommentState.ERASED)
    content_id = await session.scalar(seen.with_only_columns(comment.content_id))
    if content_id is not None:
        await _hold_counts(session, content_id)
        again = seen.with_for_update(of=comment).execution_options(populate_existing=True)
        found = await session.scalar(again)
        if found is not None:
            return found
    raise access.NoSuchComment("There is no such comment, or you may not see it.")


async def _held_by_host(session: AsyncSession, caller: Caller, uid: UUID) -> models.Comment:
    """The same, for the creator of the content under which it stands."""
    access.require(caller, Scope.CONTENT_PUBLISH)
    comment = await _held(session, caller, uid)
    host = await session.scalar(select(models.Content.creator_id).where(models.Content.id == comment.content_id))
    if host is None or not access.may_edit(caller, host):
        raise Forbidden("Only the creator of the content, an organisation under contract, or an operator may do this.")
    return comment


def is_own(caller: Caller, comment: models.Comment) -> bool:
    own = access.own_creator_ids(caller)
    return comment.account_id == caller.account_id or (comment.creator_id is not None and comment.creator_id in own)


async def _turn(
    session: AsyncSession,
    caller: Caller,
    comment: models.Comment,
    state: CommentState,
    action: str,
    clock: Clock,
    *,
    reason: str | None = None,
) -> models.Comment:
    """Give the comment, whose counts are held, another state, and count what that shows or hides."""
    top_id, before = comment.parent_id or comment.id, comment.state
    shown = await _shown_in(session, top_id)
    comment.state, comment.state_because, comment.state_at = state, reason, clock.now()
    await session.flush()
    await _count(session, comment.content_id, await _shown_in(session, top_id) - shown)
    await _count_replies(session, [top_id])
    audit.record(session, caller, action, comment, reason=reason, was=before.value)
    await session.flush()
    return comment


async def _shown_in(session: AsyncSession, top_id: int) -> int:
    """How many are shown of a comment and the replies to it."""
    comment = models.Comment
    tree = or_(comment.id == top_id, comment.parent_id == top_id)
    return await session.scalar(select(func.count(comment.id)).where(tree, access.shown_comments())) or 0


async def _count(session: AsyncSession, content_id: int, step: int) -> None:
    count = models.ContentCount
    values = {"comments_count": count.comments_count + step}
    statement = update(count).where(count.content_id == content_id).values(values)
    await session.execute(statement.execution_options(synchronize_session=False))


async def _count_replies(session: AsyncSession, top_ids: Sequence[int]) -> None:
    """Count the replies to these comments anew. A reply counts by itself here: nobody sees the count without the comment."""
    comment, reply = models.Comment, aliased(models.Comment)
    shown = select(func.count(reply.id)).where(reply.parent_id == comment.id, access.shown_by_itself(reply))
    statement = (
        update(comment)
        .where(comment.id == any_of(top_ids))
        .values(replies_count=shown.correlate(comment).scalar_subquery())
    )
    await session.execute(statement.execution_options(synchronize_session=False))
