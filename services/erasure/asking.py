"""Asking for an erasure: from the commit on nothing of the person is shown, and their names are gone; the rest follows."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict
from models import DirtyKind
from services import access, audit, callers, comments, outbox
from services.feeds import former

MOST_CREATORS = 99
"""Creators that go with an account in one transaction (our own choice: people have one or two)."""


class TooManyCreators(Conflict):
    """More creators would go with the account than one transaction takes."""

    code = "TOO_MANY_CREATORS"


async def erase_creator(session: AsyncSession, caller: Caller, creator_uid: UUID, *, clock: Clock) -> models.Erasure:
    """Erase a creator for good, by an operator. Asked again it answers with the erasure that there is."""
    access.require(caller, Scope.OPERATE)
    creator = await creator_of(session, creator_uid, lock=True)
    known = await session.scalar(select(models.Erasure).where(models.Erasure.creator_id == creator.id))
    return known or await _creator(session, caller, creator, clock)


async def erase_account(
    session: AsyncSession, caller: Caller, account_uid: UUID, *, clock: Clock
) -> list[models.Erasure]:
    """Erase an account for good, by an operator, and every creator that nobody else acts as; the account's comes first."""
    access.require(caller, Scope.OPERATE)
    account = await account_of(session, account_uid, lock=True)
    known = await session.scalar(select(models.Erasure).where(models.Erasure.account_id == account.id))
    if known is not None:
        return [known]
    creators = list(await session.scalars(own_creators(account.id).with_for_update()))
    if len(creators) > MOST_CREATORS:
        message = f"{len(creators)} creators would go with this account, more than {MOST_CREATORS}: erase them first."
        raise TooManyCreators(message)
    # the creators first: afterwards nothing tells whose they were
    theirs = [await _creator(session, caller, creator, clock) for creator in creators]
    return [await _account(session, caller, account, clock), *theirs]


async def creator_of(session: AsyncSession, uid: UUID, *, lock: bool = False) -> models.Creator:
    """The creator, whatever its state."""
    statement = select(models.Creator).where(models.Creator.uid == uid)
    statement = statement.with_for_update() if lock else statement
    creator = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if creator is None:
        raise access.NoSuchCreator("There is no such creator.")
    return creator


async def account_of(session: AsyncSession, uid: UUID, *, lock: bool = False) -> models.Account:
    """The account, whatever its state."""
    statement = select(models.Account).where(models.Account.uid == uid)
    statement = statement.with_for_update() if lock else statement
    account = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if account is None:
        raise callers.NoSuchAccount("There is no such account.")
    return account


def own_creators(account_id: int) -> Select[models.Creator]:
    """The creators that this account acts as, and no other account does."""
    mine, others = models.Identity, aliased(models.Identity)
    shared = exists().where(others.creator_id == models.Creator.id, others.account_id != account_id)
    return (
        select(models.Creator)
        .where(
            models.Creator.id.in_(select(mine.creator_id).where(mine.account_id == account_id)),
            models.Creator.erased_at.is_(None),
            ~shared,
        )
        .order_by(models.Creator.id)
    )


async def _creator(session: AsyncSession, caller: Caller, creator: models.Creator, clock: Clock) -> models.Erasure:
    erased = f"erased-{creator.uid.hex}"
    creator.handle, creator.name, creator.bio = erased, "", ""
    creator.avatar_id = creator.source = creator.external_key = creator.suspended_because = None
    creator.erased_at, creator.version = clock.now(), creator.version + 1
    await session.flush()
    # the address of a feed holds the handle
    await former.rename(session, creator.id, f"creator.{erased}")
    contract = models.Contract
    await session.execute(
        update(contract).where(contract.creator_id == creator.id).values(source=None, external_key=None)
    )
    await comments.recount(session, creator_ids=[creator.id])
    # what must disappear goes before everything else that waits
    await outbox.mark(session, DirtyKind.CREATOR, [creator.id], urgency=outbox.URGENT)
    return await _begun(session, caller, models.Erasure(creator_id=creator.id), "creator.erased", creator, clock)


async def _account(session: AsyncSession, caller: Caller, account: models.Account, clock: Clock) -> models.Erasure:
    account.name, account.email, account.suspended_because = "", None, None
    account.erased_at = clock.now()
    await session.flush()
    key = models.ApiKey
    await session.execute(
        update(key)
        .where(key.account_id == account.id)
        .values(name="", revoked_at=func.coalesce(key.revoked_at, clock.now()))
        .execution_options(synchronize_session=False)
    )
    for table in (models.AccountLogin, models.Identity, models.IdempotencyKey):
        await session.execute(delete(table).where(table.account_id == account.id))
    await _end_memberships(session, account.id, clock.now().date())
    application = models.Application
    await session.execute(
        update(application).where(application.account_id == account.id).values(name="", account_id=None)
    )
    await comments.recount(session, account_ids=[account.id])
    return await _begun(session, caller, models.Erasure(account_id=account.id), "account.erased", account, clock)


async def _end_memberships(session: AsyncSession, account_id: int, today: date) -> None:
    """Memberships end yesterday; those that had not begun by then never were."""
    member = models.OrganisationMember
    theirs = member.account_id == account_id
    await session.execute(delete(member).where(theirs, func.lower(member.period) >= today))
    ended = func.daterange(func.lower(member.period), today)
    await session.execute(
        update(member)
        .where(theirs, func.coalesce(func.upper(member.period), date.max) > today)
        .values(period=ended)
        .execution_options(synchronize_session=False)
    )


async def _begun(
    session: AsyncSession,
    caller: Caller,
    erasure: models.Erasure,
    action: str,
    subject: models.Account | models.Creator,
    clock: Clock,
) -> models.Erasure:
    erasure.asked_by_id, erasure.asked_at = caller.account_id, clock.now()
    session.add(erasure)
    await session.flush()
    audit.record(session, caller, action, subject)
    await session.flush()
    # wake the workers
    await session.execute(select(func.pg_notify(outbox.CHANNEL, "")))
    return erasure
