"""The one place that says what a caller may see or change: GraphQL, feeds, search and previews all pass here."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

import models
from core.caller import Caller, Scope
from core.errors import Forbidden, NotFound


class NoSuchContent(NotFound):
    code = "NO_SUCH_CONTENT"


class NoSuchCreator(NotFound):
    code = "NO_SUCH_CREATOR"


class MissingScope(Forbidden):
    """The credentials are good, but not for this."""

    code = "MISSING_SCOPE"


def require(caller: Caller, scope: Scope) -> None:
    if not caller.has(scope):
        raise MissingScope(f"This needs a key with the scope {scope.value}; ask an operator for one.")


def hidden_creators() -> ColumnElement[list[int]]:
    """The ids of creators who are suspended or erased: few, read once a statement by a partial index."""
    gone = or_(models.Creator.suspended_at.is_not(None), models.Creator.erased_at.is_not(None))
    return func.array(select(models.Creator.id).where(gone).scalar_subquery())


def public_contents() -> ColumnElement[bool]:
    """What everybody may see: live, and not of a hidden creator. The visibility predicate of the whole product."""
    return and_(models.Content.is_live, models.Content.creator_id != func.all(hidden_creators()))


def contents(caller: Caller) -> ColumnElement[bool]:
    """Contents that this caller may see: the public ones, and its own in any state but erased."""
    if caller.is_operator:
        return true()
    if not caller.creator_ids:
        return public_contents()
    own = models.Content.creator_id.in_(sorted(caller.creator_ids))
    return or_(public_contents(), and_(own, models.Content.state != models.ContentState.ERASED))


def drafts(caller: Caller) -> ColumnElement[bool]:
    """Contents of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    if not caller.creator_ids:
        return false()
    own = models.Content.creator_id.in_(sorted(caller.creator_ids))
    return and_(own, models.Content.state != models.ContentState.ERASED)


def revisions(caller: Caller) -> ColumnElement[bool]:
    """Versions of contents, of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    return models.Revision.content_id.in_(select(models.Content.id).where(drafts(caller)))


def may_edit(caller: Caller, creator_id: int) -> bool:
    return caller.is_operator or creator_id in caller.creator_ids


def creators(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    shown = and_(models.Creator.suspended_at.is_(None), models.Creator.erased_at.is_(None))
    return or_(shown, models.Creator.id.in_(sorted(caller.creator_ids))) if caller.creator_ids else shown


def answers(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    return and_(
        models.Answer.state == models.AnswerState.VISIBLE, models.Answer.creator_id != func.all(hidden_creators())
    )


def submissions(caller: Caller) -> ColumnElement[bool]:
    """Submissions are their creator's business, and the operators'."""
    if caller.is_operator:
        return true()
    own = select(models.Content.id).where(models.Content.creator_id.in_(sorted(caller.creator_ids)))
    return models.Submission.content_id.in_(own) if caller.creator_ids else false()


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


async def editable_content(session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool = False) -> models.Content:
    """The content, for a caller who may change it. One that the caller may not even see does not exist for it."""
    statement = select(models.Content).where(models.Content.uid == uid, contents(caller))
    statement = statement.with_for_update() if lock else statement.options(joinedload(models.Content.live_revision))
    content = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if content is None or content.state is models.ContentState.ERASED:
        raise NoSuchContent("There is no such content, or you may not see it.")
    if not may_edit(caller, content.creator_id):
        raise Forbidden("Only its creator, an organisation under contract, or an operator may change this content.")
    return content


async def editable_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    """The creator, for a caller who may act as it."""
    statement = select(models.Creator).where(models.Creator.uid == uid, creators(caller))
    creator = (await session.execute(statement)).scalar_one_or_none()
    if creator is None or creator.erased_at is not None:
        raise NoSuchCreator("There is no such creator, or you may not see it.")
    if not may_edit(caller, creator.id):
        raise Forbidden("Only the creator, an organisation under contract, or an operator may do this.")
    return creator


def applications(caller: Caller) -> ColumnElement[bool]:
    """Applications are the business of the account that tends them, and of operators."""
    if caller.is_operator:
        return true()
    return false() if caller.account_id is None else models.Application.account_id == caller.account_id


def trusted_documents(caller: Caller) -> ColumnElement[bool]:
    """The documents of an application, for whoever may see it."""
    if caller.is_operator:
        return true()
    own = select(models.Application.id).where(applications(caller))
    return models.TrustedDocument.application_id.in_(own)
