"""From an account to the caller that acts for it: what it may act as on a day, whatever credentials it came with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Date, Exists, Row, Select, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.errors import NotFound, Unauthenticated
from models import IdentityKind, OrganisationRole

EDITING = (OrganisationRole.OWNER, OrganisationRole.MANAGER, OrganisationRole.EDITOR)
"""The roles in an organisation that act for the creators under contract; an analyst reads."""

_DAY = bindparam("on", type_=Date)


class SuspendedAccount(Unauthenticated):
    code = "SUSPENDED_ACCOUNT"


class NoSuchAccount(NotFound):
    code = "NO_SUCH_ACCOUNT"


async def of_account(session: AsyncSession, account_id: int, *, name: str, scopes: Iterable[Scope], on: date) -> Caller:
    """The account as a caller with these scopes, in one statement. `name` stands in logs and the audit record: it must not
    be a person's. SuspendedAccount, or NoSuchAccount when it is not there or erased.
    """
    row = (await session.execute(_ONE_ACCOUNT, {"account": account_id, "on": on})).one_or_none()
    if row is None or row.erased_at is not None:
        raise NoSuchAccount("There is no such account, or you may not see it.")
    refuse_suspended(row)
    return caller(row, name=name, scopes=frozenset(str(scope) for scope in scopes))


def refuse_suspended(row: Row[Any]) -> None:
    if row.suspended_at is not None:
        raise SuspendedAccount("This account is suspended; ask an operator.")


def caller(row: Row[Any], *, name: str, scopes: frozenset[str], **more: Any) -> Caller:
    """The caller of a row that `behind` selected. Only who operates has the scope that says so."""
    return Caller(
        name=name,
        account_id=row.account_id,
        creator_ids=frozenset(row.own) | frozenset(row.contracted),
        contracted_ids=frozenset(row.contracted) - frozenset(row.own),
        organisation_ids=frozenset(row.organisations),
        shop_ids=frozenset(row.shops),
        scopes=scopes if row.operates else scopes - {Scope.OPERATE},
        **more,
    )


def behind(*columns: Any) -> Select[Any]:
    """`columns`, and everything that an account may act as `on` a day. The caller joins or names the account."""
    account, identity, creator = models.Account, models.Identity, models.Creator
    own = (
        select(identity.creator_id)
        .join(creator, creator.id == identity.creator_id)
        .where(identity.account_id == account.id, creator.erased_at.is_(None))
    )
    shops = select(identity.shop_id).where(identity.account_id == account.id, identity.shop_id.is_not(None))
    parts = {"own": own, "contracted": _contracted(), "organisations": _memberships(), "shops": shops}
    return select(
        *columns,
        account.id.label("account_id"),
        account.suspended_at,
        account.erased_at,
        *(func.array(part.correlate(account).scalar_subquery()).label(name) for name, part in parts.items()),
        operates(account.id).label("operates"),
    )


def operates(account_id: Any) -> Exists:
    identity = models.Identity
    return exists().where(identity.account_id == account_id, identity.kind == IdentityKind.OPERATOR)


def _contracted() -> Select[Any]:
    """The creators that an organisation of the account acts for by contract on the day."""
    contract, creator = models.Contract, models.Creator
    return (
        select(contract.creator_id)
        .join(creator, creator.id == contract.creator_id)
        .where(
            contract.organisation_id.in_(_memberships(models.OrganisationMember.role.in_(EDITING))),
            contract.period.op("@>")(_DAY),
            creator.erased_at.is_(None),
        )
    )


def _memberships(*conditions: Any) -> Select[Any]:
    """The ids of the organisations that the account is a member of on the day."""
    member, organisation = models.OrganisationMember, models.Organisation
    return (
        select(member.organisation_id)
        .join(organisation, organisation.id == member.organisation_id)
        .where(
            member.account_id == models.Account.id,
            member.period.op("@>")(_DAY),
            organisation.suspended_at.is_(None),
            *conditions,
        )
        .correlate(models.Account)
    )


_ONE_ACCOUNT = behind().where(models.Account.id == bindparam("account"))
