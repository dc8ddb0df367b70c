"""Creators as they are read: by id, uid and handle, with their fields and certified roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import OneRead, Order, PageRead, any_of
from services import access

by_ids = OneRead(models.Creator, models.Creator.id, access.creators)
by_uids = OneRead(models.Creator, models.Creator.uid, access.creators)
by_handles = OneRead(models.Creator, models.Creator.handle, access.creators)
# one list of all creators: its key is always 0
listed = PageRead(
    "creators.listed",
    models.Creator,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.creators,
    orders=(
        Order("followed", (models.Creator.followers_count, models.Creator.id)),
        Order("newest", (models.Creator.created_at, models.Creator.id)),
        Order("level", (models.Creator.level, models.Creator.followers_count, models.Creator.id)),
        Order("handle", (models.Creator.handle,), descending=False),
    ),
)


# those whom the caller may act as: one list, its key is always 0
acted_as = PageRead(
    "creators.acted_as",
    models.Creator,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=lambda caller: access.creators(caller) & models.Creator.id.in_(sorted(caller.creator_ids)),
    orders=(Order("handle", (models.Creator.handle,), descending=False),),
)


def _signed_with(key: Any) -> ColumnElement[bool]:
    """The creators that an organisation acts for today (UTC)."""
    today = func.timezone("UTC", func.now()).cast(Date)
    contract = models.Contract
    signed = select(contract.creator_id).where(contract.organisation_id == key, contract.period.op("@>")(today))
    return models.Creator.id.in_(signed.correlate(key.table))


under_contract = PageRead(
    "creators.under_contract",
    models.Creator,
    match=_signed_with,
    key_type=BigInteger(),
    visible=access.creators,
    orders=listed.orders,
)


@dataclass(frozen=True, slots=True)
class CreatorFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `fields` and `roles` are codes;
    `start`, in lower case, is how handle or name begins.
    """

    kinds: tuple[models.CreatorKind, ...] = ()
    level_from: int = 0
    fields: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    start: str = ""

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        several = (sorted(self.kinds), sorted(self.fields), sorted(self.roles))
        return repr((several, self.level_from, self.start))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `creators` rows. A code that does not exist matches nobody."""
        creator, chosen, held = models.Creator, models.CreatorField, models.CreatorRole
        parts: list[ColumnElement[bool]] = []
        if self.kinds:
            parts.append(creator.kind.in_(self.kinds))
        if self.level_from:
            parts.append(creator.level >= self.level_from)
        if self.fields:
            parts.append(creator.id.in_(select(chosen.creator_id).where(chosen.field_code.in_(self.fields))))
        if self.roles:
            parts.append(creator.id.in_(select(held.creator_id).where(held.role_code.in_(self.roles))))
        if self.start:
            begins = [func.starts_with(func.lower(text), self.start) for text in (creator.handle, creator.name)]
            parts.append(or_(*begins))
        return and_(true(), *parts)


@dataclass(frozen=True, slots=True)
class CertifiedRole:
    """A calling that a creator is certified in, and since when where that is known."""

    role: models.Role
    certified_on: date | None


async def fields_of(session: AsyncSession, _caller: Caller, ids: Sequence[int]) -> dict[int, list[models.Field]]:
    """The subjects that each creator chose, by code."""
    link = models.CreatorField
    statement = select(link.creator_id, models.Field).join(models.Field, models.Field.code == link.field_code)
    found: dict[int, list[models.Field]] = defaultdict(list)
    rows = await session.execute(statement.where(link.creator_id == any_of(ids)).order_by(link.field_code))
    for creator_id, field in rows:
        found[creator_id].append(field)
    return found


async def roles_of(session: AsyncSession, _caller: Caller, ids: Sequence[int]) -> dict[int, list[CertifiedRole]]:
    """The certified roles of each creator, by code."""
    link = models.CreatorRole
    statement = select(link.creator_id, link.certified_on, models.Role).join(
        models.Role, models.Role.code == link.role_code
    )
    found: dict[int, list[CertifiedRole]] = defaultdict(list)
    rows = await session.execute(statement.where(link.creator_id == any_of(ids)).order_by(link.role_code))
    for creator_id, certified_on, role in rows:
        found[creator_id].append(CertifiedRole(role, certified_on))
    return found
