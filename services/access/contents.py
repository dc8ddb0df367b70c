"""Who may see and change contents, their versions, and what is decided about them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

import models
from core.caller import Caller
from core.errors import Forbidden, NotFound
from services.access.people import hidden_creators
from services.access.rights import may_edit, tended_creators, tended_organisations


class NoSuchContent(NotFound):
    code = "NO_SUCH_CONTENT"


def public_contents() -> ColumnElement[bool]:
    """What everybody may see: live, and not of a hidden creator. The visibility predicate of the whole product."""
    return and_(models.Content.is_live, models.Content.creator_id != func.all(hidden_creators()))


def contents(caller: Caller) -> ColumnElement[bool]:
    """Contents that this caller may see: the public ones, and its own in any state but erased."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    if not own_ids:
        return public_contents()
    own = models.Content.creator_id.in_(sorted(own_ids))
    return or_(public_contents(), and_(own, models.Content.state != models.ContentState.ERASED))


def drafts(caller: Caller) -> ColumnElement[bool]:
    """Contents of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    if not own_ids:
        return false()
    own = models.Content.creator_id.in_(sorted(own_ids))
    return and_(own, models.Content.state != models.ContentState.ERASED)


def revisions(caller: Caller) -> ColumnElement[bool]:
    """Versions of contents, of which this caller may see what is not published."""
    if caller.is_operator:
        return true()
    return models.Revision.content_id.in_(select(models.Content.id).where(drafts(caller)))


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


async def live_content(session: AsyncSession, caller: Caller, uid: UUID, *, lock: bool = False) -> models.Content:
    """A published content, for a caller who may see it: what is no longer, or not yet, shown takes no part in this."""
    statement = select(models.Content).where(models.Content.uid == uid, contents(caller), models.Content.is_live)
    statement = statement.with_for_update() if lock else statement
    content = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if content is None:
        raise NoSuchContent("There is no such content, or it is not published.")
    return content


def reviews(caller: Caller) -> ColumnElement[bool]:
    """Reviews are the business of both sides: the organisation's members, and whoever may change the content."""
    if caller.is_operator:
        return true()
    organisation_ids, own_ids = tended_organisations(caller), tended_creators(caller)
    mine = models.Review.organisation_id.in_(sorted(organisation_ids))
    if not own_ids:
        return mine if organisation_ids else false()
    return or_(mine, models.Review.content_id.in_(select(models.Content.id).where(drafts(caller))))


def appeals(caller: Caller) -> ColumnElement[bool]:
    """Appeals against takedowns are the business of the content's side, and of operators."""
    if caller.is_operator:
        return true()
    return models.Appeal.content_id.in_(select(models.Content.id).where(drafts(caller)))
