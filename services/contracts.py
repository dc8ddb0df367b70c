"""Contracts: an organisation acts for a creator, for a share, from a day to a day; never two at once."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.reads import OneRead, Order, PageRead
from services import access, audit, organisations
from services.objections import Objections

newest = Order("newest", (models.Contract.id,))
by_ids = OneRead(models.Contract, models.Contract.id, access.contracts)
of_organisations = PageRead(
    "contracts.of_organisations",
    models.Contract,
    match=lambda key: models.Contract.organisation_id == key,
    key_type=BigInteger(),
    visible=access.contracts,
    orders=(newest,),
)
of_creators = PageRead(
    "contracts.of_creators",
    models.Contract,
    match=lambda key: models.Contract.creator_id == key,
    key_type=BigInteger(),
    visible=access.contracts,
    orders=(newest,),
)


class NoSuchContract(NotFound):
    code = "NO_SUCH_CONTRACT"


class ContractOverlaps(Conflict):
    """An organisation acts for this creator in that time already."""

    code = "CONTRACT_OVERLAPS"


class ContractOver(Conflict):
    code = "CONTRACT_OVER"


class MalformedPeriod(Invalid):
    code = "MALFORMED_PERIOD"


async def sign(
    session: AsyncSession,
    caller: Caller,
    organisation_uid: UUID,
    creator_uid: UUID,
    *,
    begins_on: date,
    ends_on: date | None = None,
    share_basis_points: int = 0,
    clock: Clock,
) -> models.Contract:
    """Let an organisation act for a creator from `begins_on` to the day before `ends_on` (None: without an end).

    By the creator itself, who gives its rights away, or by an operator; an organisation cannot take a creator on alone.
    `share_basis_points` is the organisation's share of what the creator earns, 0 to 10,000.
    """
    access.require(caller, Scope.CREATOR_WRITE)
    creator = await access.editable_creator(session, caller, creator_uid)
    if not caller.is_operator and creator.id in caller.contracted_ids:
        raise Forbidden("Only the creator itself, or an operator, signs: an organisation does not sign for both sides.")
    against = Objections()
    against.take(check_terms, begins_on, ends_on, share_basis_points, clock=clock)
    organisation = None
    try:
        organisation = await organisations.locked(session, caller, organisation_uid)
    except organisations.NoSuchOrganisation as error:
        against.note(organisations.NoSuchOrganisation(error.message, path=("organisation",)))
    against.check()
    assert organisation is not None, "else it stands among the objections"
    contract = models.Contract(
        organisation_id=organisation.id,
        creator_id=creator.id,
        period=Range(begins_on, ends_on),
        share_basis_points=share_basis_points,
    )
    await _check_free(session, creator, contract.period)
    session.add(contract)
    await session.flush()
    audit.record(session, caller, "contract.signed", contract, organisation_id=organisation.id)
    return contract


async def end(
    session: AsyncSession, caller: Caller, uid: UUID, *, ends_on: date | None = None, clock: Clock
) -> models.Contract:
    """End a contract before its time, today or on a later day: by the creator, the organisation, or an operator."""
    found = select(models.Contract).where(models.Contract.uid == uid, access.contracts(caller))
    contract = (await session.scalars(found.with_for_update().execution_options(populate_existing=True))).one_or_none()
    if contract is None:
        raise NoSuchContract("There is no such contract, or you may not see it.")
    await _check_side(session, caller, contract, clock)
    today = clock.now().date()
    day = ends_on or today
    upper = contract.period.upper
    if upper is not None and upper <= today:
        raise ContractOver("This contract has ended.")
    if day < today or (upper is not None and day > upper):
        raise MalformedPeriod(
            "A contract is ended today or later, and not prolonged: sign a new one.", path=("ends_on",)
        )
    # a period is never empty: one that ends on its first day moves that day back
    begun, before = contract.period.lower, day - timedelta(days=1)
    contract.period = Range(before if begun is None else min(begun, before), day)
    audit.record(session, caller, "contract.ended", contract, ends_on=day.isoformat())
    await session.flush()
    return contract


async def _check_side(session: AsyncSession, caller: Caller, contract: models.Contract, clock: Clock) -> None:
    if caller.is_operator:
        return
    if contract.creator_id in caller.creator_ids - caller.contracted_ids:
        access.require(caller, Scope.CREATOR_WRITE)
        return
    access.require(caller, Scope.ORGANISATION_WRITE)
    role = await organisations.role_in(session, caller, contract.organisation_id, clock.now().date())
    if role not in organisations.TENDING:
        raise Forbidden("Only the creator, an owner or manager of the organisation, or an operator may do this.")


async def _check_free(session: AsyncSession, creator: models.Creator, period: Range[date]) -> None:
    # two who sign at once take turns at the creator's row
    await session.execute(
        select(models.Creator.id).where(models.Creator.id == creator.id).with_for_update(key_share=True)
    )
    other = models.Contract
    taken = select(other.id).where(other.creator_id == creator.id, other.period.op("&&")(period)).limit(1)
    if await session.scalar(taken) is not None:
        message = "An organisation acts for this creator in that time already: end that contract first."
        raise ContractOverlaps(message, path=("begins_on",))


def check_terms(begins_on: date, ends_on: date | None, share: int, *, clock: Clock) -> None:
    """Raise all that is wrong with the days and the share of a contract."""
    problems = []
    if begins_on < clock.now().date():
        problems.append(Problem("MALFORMED_PERIOD", "A contract begins today or later.", ("begins_on",)))
    if ends_on is not None and ends_on <= begins_on:
        problems.append(Problem("MALFORMED_PERIOD", "A contract ends after the day on which it begins.", ("ends_on",)))
    if not 0 <= share <= 10_000:
        message = "A share is 0 to 10,000 basis points: hundredths of a percent."
        problems.append(Problem("SHARE_OUT_OF_RANGE", message, ("share_basis_points",)))
    if problems:
        raise Invalid("The contract cannot be signed like this.", problems=problems)
