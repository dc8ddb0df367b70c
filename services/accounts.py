"""Accounts and what they act as: made, suspended, given and refused identities."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, NotFound
from core.reads import OneRead
from models import IdentityKind
from services import access, audit, callers, comments, keys, names, publishing
from services.objections import Objections

Subject = models.Creator | models.Shop | models.Organisation

_KINDS: dict[type[Subject], tuple[IdentityKind, str]] = {
    models.Creator: (IdentityKind.CREATOR, "creator_id"),
    models.Shop: (IdentityKind.MERCHANT, "shop_id"),
    models.Organisation: (IdentityKind.ORGANISATION_MEMBER, "organisation_id"),
}
_ALONE = (IdentityKind.CONSUMER, IdentityKind.OPERATOR)


class EmailTaken(Conflict):
    code = "EMAIL_TAKEN"


class MalformedEmail(Invalid):
    code = "MALFORMED_EMAIL"


class OperatorExists(Conflict):
    """There is an operator with a valid key already."""

    code = "OPERATOR_EXISTS"


class NoSuchIdentity(NotFound):
    code = "NO_SUCH_IDENTITY"


by_ids = OneRead(models.Account, models.Account.id, access.accounts)
by_uids = OneRead(models.Account, models.Account.uid, access.accounts)


async def create(
    session: AsyncSession, caller: Caller, name: str, *, clock: Clock, email: str | None = None
) -> models.Account:
    """A new account, by an operator. It acts as nobody yet."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    known = against.take(names.checked, name, "name")
    address = None if email is None else against.take(_email, email)
    if address is not None and await by_email(session, address):
        against.note(EmailTaken("There is an account with this e-mail address already.", path=("email",)))
    against.check()
    account = models.Account(name=known, email=address, created_at=clock.now())
    session.add(account)
    await session.flush()
    audit.record(session, caller, "account.created", account)
    await session.flush()
    return account


async def update(
    session: AsyncSession,
    caller: Caller,
    account_uid: UUID,
    *,
    name: str | None = None,
    email: str | None = None,
    without_email: bool = False,
) -> models.Account:
    """Change the name or the address of an account: by itself or by an operator. What is None stays."""
    access.require(caller, Scope.ACCOUNT_WRITE)
    account = await locked(session, account_uid)
    if not caller.is_operator and caller.account_id != account.id:
        raise callers.NoSuchAccount("There is no such account, or you may not see it.")
    if name is not None:
        account.name = names.checked(name, "name")
    if without_email:
        account.email = None
    elif email is not None:
        address = _email(email)
        other = await by_email(session, address)
        if other is not None and other.id != account.id:
            raise EmailTaken("There is an account with this e-mail address already.", path=("email",))
        account.email = address
    audit.record(session, caller, "account.updated", account)
    await session.flush()
    return account


async def by_email(session: AsyncSession, email: str) -> models.Account | None:
    """The account with this address, whatever its capitals."""
    statement = select(models.Account).where(func.lower(models.Account.email) == func.lower(email))
    return (await session.scalars(statement)).one_or_none()


async def act_as(
    session: AsyncSession, caller: Caller, account_uid: UUID, subject: Subject | IdentityKind
) -> models.Identity:
    """Let an account act as a creator, a shop, for an organisation, as a consumer or as an operator, from now on.

    What it may do for an organisation is said by its membership there. Giving an identity again changes nothing.
    """
    access.require(caller, Scope.OPERATE)
    account = await locked(session, account_uid)
    kind, columns = _identity(subject)
    known = await _held(session, account, kind, columns)
    if known is not None:
        return known
    identity = models.Identity(account_id=account.id, kind=kind, **columns)
    session.add(identity)
    await session.flush()
    audit.record(session, caller, "identity.given", identity, account_id=account.id, kind=kind.value, **columns)
    await session.flush()
    return identity


async def stop_acting_as(
    session: AsyncSession, caller: Caller, account_uid: UUID, subject: Subject | IdentityKind
) -> None:
    """Take an identity away: the account's keys stop acting as it with the next request."""
    access.require(caller, Scope.OPERATE)
    account = await locked(session, account_uid)
    kind, columns = _identity(subject)
    identity = await _held(session, account, kind, columns)
    if identity is None:
        raise NoSuchIdentity("This account does not act as that.")
    audit.record(session, caller, "identity.taken", identity, account_id=account.id, kind=kind.value, **columns)
    await session.delete(identity)
    await session.flush()


async def suspend(
    session: AsyncSession, caller: Caller, account_uid: UUID, *, reason: str, clock: Clock
) -> models.Account:
    """Refuse all keys of an account, and hide the creators it acts as with all of theirs."""
    access.require(caller, Scope.OPERATE)
    account = await locked(session, account_uid)
    if account.suspended_at is not None:
        return account
    account.suspended_at, account.suspended_because = clock.now(), reason
    for creator in await _creators(session, account):
        await publishing.suspend(session, caller, creator.uid, reason=_with_account(account), clock=clock)
    await comments.recount(session, account_ids=[account.id])
    audit.record(session, caller, "account.suspended", account, reason=reason)
    await session.flush()
    return account


async def reinstate(session: AsyncSession, caller: Caller, account_uid: UUID) -> models.Account:
    """Take a suspended account's keys again, and show those of its creators that were hidden together with it."""
    access.require(caller, Scope.OPERATE)
    account = await locked(session, account_uid)
    if account.suspended_at is None:
        return account
    for creator in await _creators(session, account):
        if creator.suspended_because == _with_account(account):
            await publishing.reinstate(session, caller, creator.uid)
    account.suspended_at = account.suspended_because = None
    await comments.recount(session, account_ids=[account.id])
    audit.record(session, caller, "account.reinstated", account)
    await session.flush()
    return account


async def first_operator(session: AsyncSession, name: str, *, clock: Clock, another: bool = False) -> str:
    """The secret of a key for a new operator: how a production database gets its first one.

    OperatorExists when somebody operates it already, unless `another` is wanted. Whoever may call this holds the
    database itself.
    """
    if not another and await _is_operated(session, clock):
        raise OperatorExists("An operator with a valid key exists: ask them for a key, or say that you want another.")
    account = await create(session, SYSTEM, name, clock=clock)
    await act_as(session, SYSTEM, account.uid, IdentityKind.OPERATOR)
    issued = await keys.create(session, SYSTEM, account.uid, name, [Scope.OPERATE], clock=clock)
    return issued.secret


async def locked(session: AsyncSession, uid: UUID) -> models.Account:
    """The account, locked; NoSuchAccount when it is not there or erased."""
    statement = select(models.Account).where(models.Account.uid == uid).with_for_update(key_share=True)
    account = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if account is None or account.erased_at is not None:
        raise callers.NoSuchAccount("There is no such account, or you may not see it.")
    return account


def _identity(subject: Subject | IdentityKind) -> tuple[IdentityKind, dict[str, Any]]:
    if isinstance(subject, IdentityKind):
        if subject not in _ALONE:
            raise Invalid(f"As {subject.value} one acts for somebody: say for whom.", path=("subject",))
        return subject, {}
    kind, column = _KINDS[type(subject)]
    return kind, {column: subject.id}


async def _held(
    session: AsyncSession, account: models.Account, kind: IdentityKind, columns: dict[str, Any]
) -> models.Identity | None:
    statement = select(models.Identity).filter_by(account_id=account.id, kind=kind, **columns)
    return (await session.scalars(statement)).one_or_none()


async def _creators(session: AsyncSession, account: models.Account) -> list[models.Creator]:
    """The creators that the account acts as, locked: all before any of them is hidden or shown, in the order of locks."""
    identity, creator = models.Identity, models.Creator
    statement = (
        select(creator)
        .join(identity, identity.creator_id == creator.id)
        .where(identity.account_id == account.id, creator.erased_at.is_(None))
        .order_by(creator.id)
        .with_for_update(key_share=True, of=creator)
    )
    return list(await session.scalars(statement))


def _with_account(account: models.Account) -> str:
    """The reason that stands at creators hidden together with an account, and at no others."""
    assert account.suspended_at is not None
    return f"Suspended with account {account.uid} at {account.suspended_at.isoformat()}."


async def _is_operated(session: AsyncSession, clock: Clock) -> bool:
    key, account, identity = models.ApiKey, models.Account, models.Identity
    found = await session.scalar(
        select(key.id)
        .join(account, account.id == key.account_id)
        .join(identity, (identity.account_id == account.id) & (identity.kind == IdentityKind.OPERATOR))
        .where(
            key.scopes.any_() == Scope.OPERATE.value,
            key.revoked_at.is_(None),
            key.expires_at.is_(None) | (key.expires_at > clock.now()),
            account.suspended_at.is_(None),
            account.erased_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _email(email: str) -> str:
    address = names.checked(email, "email")
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or " " in address:
        raise MalformedEmail("This is no e-mail address.", path=("email",))
    return address
