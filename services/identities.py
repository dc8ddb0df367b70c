"""What accounts act as, as they and operators see it, given and taken by id."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, false, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.errors import Invalid
from core.reads import OneRead, Order, PageRead
from models import IdentityKind
from services import access, accounts, goods, organisations


class NotForThisKind(Invalid):
    """An identity names whom it acts for exactly where its kind calls for that, and of the right sort."""

    code = "NOT_FOR_THIS_KIND"


def _visible(caller: Caller) -> ColumnElement[bool]:
    if caller.is_operator:
        return true()
    is_known = caller.account_id is not None and caller.has(Scope.ACCOUNT_WRITE)
    return models.Identity.account_id == caller.account_id if is_known else false()


by_ids = OneRead(models.Identity, models.Identity.id, _visible)
of_accounts = PageRead(
    "identities.of_accounts",
    models.Identity,
    match=lambda key: models.Identity.account_id == key,
    key_type=BigInteger(),
    visible=_visible,
    orders=(Order("oldest", (models.Identity.id,), descending=False),),
)

SUBJECTS = {
    IdentityKind.CREATOR: "creator",
    IdentityKind.MERCHANT: "shop",
    IdentityKind.ORGANISATION_MEMBER: "organisation",
}


async def give(
    session: AsyncSession,
    caller: Caller,
    account_uid: UUID,
    kind: IdentityKind,
    *,
    creator: UUID | None = None,
    shop: UUID | None = None,
    organisation: UUID | None = None,
) -> models.Identity:
    """Let an account act as this, from now on, by an operator. Giving it again changes nothing."""
    access.require(caller, Scope.OPERATE)
    named = {"creator": creator, "shop": shop, "organisation": organisation}
    wanted = SUBJECTS.get(kind)
    given = [name for name, uid in named.items() if uid is not None]
    if given != [name for name in (wanted,) if name]:
        whom = f"exactly the {wanted} that it acts as" if wanted else "nobody"
        raise NotForThisKind(f"For {kind.value} name {whom}.", path=("kind",))
    uid = named[wanted] if wanted else None
    subject = kind if uid is None else await _subject(session, caller, kind, uid)
    return await accounts.act_as(session, caller, account_uid, subject)


async def take(session: AsyncSession, caller: Caller, uid: UUID) -> models.Account:
    """Take an identity away, by an operator; the account that had it. Its keys stop acting so with the next request."""
    access.require(caller, Scope.OPERATE)
    identity = (await session.scalars(select(models.Identity).where(models.Identity.uid == uid))).one_or_none()
    if identity is None:
        raise accounts.NoSuchIdentity("There is no such identity.")
    account = await session.get_one(models.Account, identity.account_id)
    subject: accounts.Subject | IdentityKind = identity.kind
    if identity.creator_id is not None:
        subject = await session.get_one(models.Creator, identity.creator_id)
    elif identity.shop_id is not None:
        subject = await session.get_one(models.Shop, identity.shop_id)
    elif identity.organisation_id is not None:
        subject = await session.get_one(models.Organisation, identity.organisation_id)
    await accounts.stop_acting_as(session, caller, account.uid, subject)
    return account


async def _subject(session: AsyncSession, caller: Caller, kind: IdentityKind, uid: UUID) -> accounts.Subject:
    if kind is IdentityKind.CREATOR:
        return await access.editable_creator(session, caller, uid)
    if kind is IdentityKind.ORGANISATION_MEMBER:
        return await organisations.locked(session, caller, uid)
    shop = (await session.scalars(select(models.Shop).where(models.Shop.uid == uid))).one_or_none()
    if shop is None:
        raise goods.NoSuchShop("There is no such shop.", path=("shop",))
    return shop
