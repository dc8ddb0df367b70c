"""Organisations: made by operators, tended by their owners and managers; and the one that acts for a creator on a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.reads import OneRead, Order, PageRead
from models import OrganisationRole
from services import access, audit, names
from services.objections import Objections

TENDING = (OrganisationRole.OWNER, OrganisationRole.MANAGER)
"""The roles that change an organisation, its members and its contracts."""

HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

by_ids = OneRead(models.Organisation, models.Organisation.id, access.organisations)
by_uids = OneRead(models.Organisation, models.Organisation.uid, access.organisations)
by_handles = OneRead(models.Organisation, models.Organisation.handle, access.organisations)
listed = PageRead(
    "organisations.listed",
    models.Organisation,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.organisations,
    orders=(Order("handle", (models.Organisation.handle,), descending=False),),
)


class NoSuchOrganisation(NotFound):
    code = "NO_SUCH_ORGANISATION"


class HandleTaken(Conflict):
    code = "HANDLE_TAKEN"


class MalformedHandle(Invalid):
    code = "MALFORMED_HANDLE"


def checked_handle(handle: str) -> str:
    """The handle; MalformedHandle when an address cannot hold it."""
    if not HANDLE.fullmatch(handle):
        message = "A handle is up to 64 small letters, digits, dots, dashes and underscores, and begins with one of the first two."
        raise MalformedHandle(message, path=("handle",))
    return handle


async def create(
    session: AsyncSession, caller: Caller, handle: str, name: str, *, demands_review: bool = False, clock: Clock
) -> models.Organisation:
    """A new organisation without members, by an operator. With `demands_review` it sees what its creators publish first."""
    access.require(caller, Scope.OPERATE)
    against = Objections()
    against.take(checked_handle, handle)
    if await session.scalar(select(models.Organisation.id).where(models.Organisation.handle == handle)):
        against.note(HandleTaken("There is an organisation with this handle already.", path=("handle",)))
    called = against.take(names.checked, name, "name")
    against.check()
    organisation = models.Organisation(
        handle=handle, name=called, demands_review=demands_review, created_at=clock.now()
    )
    session.add(organisation)
    await session.flush()
    audit.record(session, caller, "organisation.created", organisation)
    return organisation


async def update(
    session: AsyncSession,
    caller: Caller,
    uid: UUID,
    *,
    name: str | None = None,
    demands_review: bool | None = None,
    clock: Clock,
) -> models.Organisation:
    """Change what it is called, and whether it sees first what its creators publish. What is None stays."""
    organisation = await tended(session, caller, uid, clock=clock)
    if name is not None:
        organisation.name = names.checked(name, "name")
    if demands_review is not None:
        organisation.demands_review = demands_review
    audit.record(session, caller, "organisation.updated", organisation, demands_review=organisation.demands_review)
    await session.flush()
    return organisation


async def suspend(
    session: AsyncSession, caller: Caller, uid: UUID, *, reason: str, clock: Clock
) -> models.Organisation:
    """Hide an organisation, and stop its members from acting for its creators. The creators stay what they are."""
    access.require(caller, Scope.OPERATE)
    organisation = await locked(session, caller, uid)
    if organisation.suspended_at is None:
        organisation.suspended_at = clock.now()
        audit.record(session, caller, "organisation.suspended", organisation, reason=reason)
        await session.flush()
    return organisation


async def reinstate(session: AsyncSession, caller: Caller, uid: UUID) -> models.Organisation:
    """Show a suspended organisation again, and let its members act."""
    access.require(caller, Scope.OPERATE)
    organisation = await locked(session, caller, uid)
    if organisation.suspended_at is not None:
        organisation.suspended_at = None
        audit.record(session, caller, "organisation.reinstated", organisation)
        await session.flush()
    return organisation


async def tended(session: AsyncSession, caller: Caller, uid: UUID, *, clock: Clock) -> models.Organisation:
    """The organisation, locked, for an operator or one who owns or manages it today."""
    access.require(caller, Scope.ORGANISATION_WRITE)
    organisation = await locked(session, caller, uid)
    if not caller.is_operator and await role_in(session, caller, organisation.id, clock.now().date()) not in TENDING:
        raise Forbidden("Only an owner or manager of the organisation, or an operator, may do this.")
    return organisation


async def locked(session: AsyncSession, caller: Caller, uid: UUID) -> models.Organisation:
    """The organisation, locked; NoSuchOrganisation where this caller may not see it."""
    statement = select(models.Organisation).where(models.Organisation.uid == uid, access.organisations(caller))
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    organisation = (await session.scalars(statement)).one_or_none()
    if organisation is None:
        raise NoSuchOrganisation("There is no such organisation, or you may not see it.")
    return organisation


async def role_in(session: AsyncSession, caller: Caller, organisation_id: int, on: date) -> OrganisationRole | None:
    """What the caller is in an organisation on a day."""
    member = models.OrganisationMember
    role: OrganisationRole | None = await session.scalar(
        select(member.role).where(
            member.organisation_id == organisation_id,
            member.account_id == caller.account_id,
            member.period.op("@>")(on),
        )
    )
    return role


async def of_creators(
    session: AsyncSession, caller: Caller, ids: Sequence[int], *, on: date
) -> dict[int, models.Organisation]:
    """The organisation under contract with each creator on that day, where there is one."""
    contract = models.Contract
    statement = (
        select(contract.creator_id, models.Organisation)
        .join(models.Organisation, models.Organisation.id == contract.organisation_id)
        .where(
            contract.creator_id == func.any(bindparam("ids", list(ids), type_=ARRAY(BigInteger))),
            contract.period.op("@>")(on),
            access.organisations(caller),
        )
    )
    return dict((await session.execute(statement)).all())
