"""Creators as they are read: by id, uid and handle, with their fields and certified roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import OneRead, any_of
from services import access

by_ids = OneRead(models.Creator, models.Creator.id, access.creators)
by_uids = OneRead(models.Creator, models.Creator.uid, access.creators)
by_handles = OneRead(models.Creator, models.Creator.handle, access.creators)


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
