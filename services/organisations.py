"""Organisations as they are read: by id, and the one that acts for a creator on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import OneRead


def _visible(caller: Caller) -> ColumnElement[bool]:
    return true() if caller.is_operator else models.Organisation.suspended_at.is_(None)


by_ids = OneRead(models.Organisation, models.Organisation.id, _visible)
by_uids = OneRead(models.Organisation, models.Organisation.uid, _visible)


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
            _visible(caller),
        )
    )
    return dict((await session.execute(statement)).all())
