"""Who may see and change accounts, creators, organisations and their papers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

import models
from core.caller import Caller, Scope
from core.errors import Forbidden, NotFound
from services.access.rights import TENDING, WRITING, may_edit, require, tended_creators, tended_organisations


class NoSuchCreator(NotFound):
    code = "NO_SUCH_CREATOR"


def accounts(caller: Caller) -> ColumnElement[bool]:
    """Accounts are seen by themselves and by operators."""
    if caller.is_operator:
        return true()
    return models.Account.id == caller.account_id if caller.account_id is not None else false()


def organisations(caller: Caller) -> ColumnElement[bool]:
    return true() if caller.is_operator else models.Organisation.suspended_at.is_(None)


def members(caller: Caller) -> ColumnElement[bool]:
    """Who belongs to an organisation is seen by those who do, and by operators."""
    if caller.is_operator:
        return true()
    return models.OrganisationMember.organisation_id.in_(sorted(tended_organisations(caller)))


def contracts(caller: Caller) -> ColumnElement[bool]:
    """Contracts are the business of both sides, and of operators."""
    if caller.is_operator:
        return true()
    own = sorted(tended_creators(caller, (*WRITING, Scope.ORGANISATION_WRITE)) - caller.contracted_ids)
    return or_(
        models.Contract.organisation_id.in_(sorted(tended_organisations(caller))), models.Contract.creator_id.in_(own)
    )


def api_keys(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    is_known = caller.account_id is not None and caller.has(Scope.ACCOUNT_WRITE)
    return models.ApiKey.account_id == caller.account_id if is_known else false()


def hidden_creators() -> ColumnElement[list[int]]:
    """The ids of creators who are suspended or erased: few, read once a statement by a partial index."""
    gone = or_(models.Creator.suspended_at.is_not(None), models.Creator.erased_at.is_not(None))
    return func.array(select(models.Creator.id).where(gone).scalar_subquery())


def creators(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller)
    shown = and_(models.Creator.suspended_at.is_(None), models.Creator.erased_at.is_(None))
    return or_(shown, models.Creator.id.in_(sorted(own_ids))) if own_ids else shown


async def editable_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    """The creator, for a caller who may act as it."""
    statement = select(models.Creator).where(models.Creator.uid == uid, creators(caller))
    creator = (await session.execute(statement)).scalar_one_or_none()
    if creator is None or creator.erased_at is not None:
        raise NoSuchCreator("There is no such creator, or you may not see it.")
    if not may_edit(caller, creator.id):
        raise Forbidden("Only the creator, an organisation under contract, or an operator may do this.")
    return creator


async def shown_creator(session: AsyncSession, caller: Caller, uid: UUID) -> models.Creator:
    """A creator who is neither suspended nor erased: the others are unknown, to operators too."""
    creator = models.Creator
    is_shown = and_(creator.suspended_at.is_(None), creator.erased_at.is_(None))
    found = (await session.scalars(select(creator).where(creator.uid == uid, creators(caller), is_shown))).one_or_none()
    if found is None:
        raise NoSuchCreator("There is no such creator, or you may not see it.")
    return found


def applications(caller: Caller) -> ColumnElement[bool]:
    """Applications are the business of the account that tends them, with a key for that, and of operators."""
    if caller.is_operator:
        return true()
    is_known = caller.account_id is not None and caller.has(Scope.DOCUMENT_WRITE)
    return models.Application.account_id == caller.account_id if is_known else false()


def trusted_documents(caller: Caller) -> ColumnElement[bool]:
    """The documents of an application, for whoever may see it."""
    if caller.is_operator:
        return true()
    own = select(models.Application.id).where(applications(caller))
    return models.TrustedDocument.application_id.in_(own)


def engaging_account(caller: Caller) -> int:
    """The account that follows, likes, saves, comments and votes: whoever calls must be one, and may."""
    require(caller, Scope.ENGAGEMENT_WRITE)
    if caller.account_id is None:
        raise Forbidden("Only an account can do this.")
    return caller.account_id


def shown_account(account_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """That what this account said may be shown: it is neither suspended nor erased."""
    account = models.Account
    hidden = or_(account.suspended_at.is_not(None), account.erased_at.is_not(None))
    # the erased grow more with the years: looked up one by one, in an index of the hidden only
    return ~select(account.id).where(account.id == account_id, hidden).correlate_except(account).exists()


def follows(caller: Caller) -> ColumnElement[bool]:
    """Who follows a creator is the business of the creator's side, and of operators."""
    if caller.is_operator:
        return true()
    own_ids = tended_creators(caller, TENDING)
    own = models.Follow.creator_id.in_(sorted(own_ids))
    return and_(own, shown_account(models.Follow.account_id)) if own_ids else false()
