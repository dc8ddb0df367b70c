"""Members of organisations: who belongs to one, as what, from when to when."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Conflict, Forbidden, NotFound
from core.reads import OneRead, Order, PageRead
from models import OrganisationRole
from services import access, audit, callers, organisations

by_ids = OneRead(
    models.OrganisationMember, models.OrganisationMember.id, access.members, eager=(models.OrganisationMember.account,)
)
of_organisations = PageRead(
    "memberships.of_organisations",
    models.OrganisationMember,
    match=lambda key: models.OrganisationMember.organisation_id == key,
    key_type=BigInteger(),
    visible=access.members,
    orders=(Order("newest", (models.OrganisationMember.id,)),),
    eager=("account",),
)


class NoSuchMember(NotFound):
    code = "NO_SUCH_MEMBER"


class AlreadyMember(Conflict):
    code = "ALREADY_MEMBER"


class MembershipOver(Conflict):
    code = "MEMBERSHIP_OVER"


class LastOwner(Conflict):
    """An organisation with members keeps an owner: otherwise nobody could tend it."""

    code = "LAST_OWNER"


async def add(
    session: AsyncSession,
    caller: Caller,
    organisation_uid: UUID,
    account_uid: UUID,
    role: OrganisationRole,
    *,
    clock: Clock,
) -> models.OrganisationMember:
    """Let an account belong to an organisation from today on. Owners are made by owners and operators."""
    organisation = await organisations.tended(session, caller, organisation_uid, clock=clock)
    today = clock.now().date()
    await _check_owner(session, caller, organisation, role, today)
    account = await session.scalar(select(models.Account).where(models.Account.uid == account_uid))
    if account is None or account.erased_at is not None:
        raise callers.NoSuchAccount("There is no such account.", path=("account",))
    member = models.OrganisationMember
    # the lock on the organisation lets nobody else add the same account meanwhile
    if await session.scalar(
        select(member.id).where(
            member.organisation_id == organisation.id,
            member.account_id == account.id,
            member.period.op("&&")(Range(today, None)),
        )
    ):
        raise AlreadyMember("This account is a member already: change its role instead.", path=("account",))
    added = models.OrganisationMember(
        organisation_id=organisation.id, account_id=account.id, role=role, period=Range(today, None)
    )
    session.add(added)
    await session.flush()
    audit.record(session, caller, "member.added", added, organisation_id=organisation.id, role=role.value)
    return added


async def change_role(
    session: AsyncSession, caller: Caller, member_uid: UUID, role: OrganisationRole, *, clock: Clock
) -> models.OrganisationMember:
    """Give a member another role, from now on."""
    member, organisation = await _going_on(session, caller, member_uid, clock)
    await organisations.tended(session, caller, organisation.uid, clock=clock)
    today = clock.now().date()
    await _check_owner(session, caller, organisation, role, today)
    await _check_owner(session, caller, organisation, member.role, today)
    if member.role is OrganisationRole.OWNER and role is not OrganisationRole.OWNER:
        await _check_another_owner(session, member, today)
    audit.record(session, caller, "member.changed", member, was=member.role.value, role=role.value)
    member.role = role
    await session.flush()
    return member


async def end(session: AsyncSession, caller: Caller, member_uid: UUID, *, clock: Clock) -> models.OrganisationMember:
    """End a membership today: from now on the account does not act for the organisation. Everybody may leave."""
    member, organisation = await _going_on(session, caller, member_uid, clock)
    today = clock.now().date()
    if member.account_id != caller.account_id:
        await organisations.tended(session, caller, organisation.uid, clock=clock)
        await _check_owner(session, caller, organisation, member.role, today)
    if member.role is OrganisationRole.OWNER:
        await _check_another_owner(session, member, today)
    # a period is never empty: who came today leaves a day that lies before
    begun, before = member.period.lower, today - timedelta(days=1)
    member.period = Range(before if begun is None else min(begun, before), today)
    audit.record(session, caller, "member.ended", member, organisation_id=organisation.id)
    await session.flush()
    return member


async def _going_on(
    session: AsyncSession, caller: Caller, uid: UUID, clock: Clock
) -> tuple[models.OrganisationMember, models.Organisation]:
    """The membership, which goes on today, and its organisation, which is locked for as long as it is changed."""
    member = models.OrganisationMember
    found = select(models.Organisation.uid).join(member, member.organisation_id == models.Organisation.id)
    organisation_uid = await session.scalar(found.where(member.uid == uid, access.members(caller)))
    if organisation_uid is None:
        raise NoSuchMember("There is no such member, or you may not see it.")
    organisation = await organisations.locked(session, caller, organisation_uid)
    row = (
        await session.scalars(select(member).where(member.uid == uid).execution_options(populate_existing=True))
    ).one()
    if row.period.upper is not None and row.period.upper <= clock.now().date():
        raise MembershipOver("This membership has ended: add the account again.")
    return row, organisation


async def _check_owner(
    session: AsyncSession, caller: Caller, organisation: models.Organisation, role: OrganisationRole, on: date
) -> None:
    if role is not OrganisationRole.OWNER or caller.is_operator:
        return
    if await organisations.role_in(session, caller, organisation.id, on) is not OrganisationRole.OWNER:
        raise Forbidden("Only an owner of the organisation, or an operator, makes and removes owners.")


async def _check_another_owner(session: AsyncSession, member: models.OrganisationMember, on: date) -> None:
    other = models.OrganisationMember
    found = await session.scalar(
        select(other.id)
        .where(
            other.organisation_id == member.organisation_id,
            other.id != member.id,
            other.role == OrganisationRole.OWNER,
            other.period.op("@>")(on),
        )
        .limit(1)
    )
    if found is None:
        raise LastOwner("This is the only owner: make another one first.")
