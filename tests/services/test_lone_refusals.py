"""Refusals of small services that have no tests of their own."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.clock import FixedClock
from core.errors import Conflict
from models import IdentityKind
from services import accounts, publishing
from tests import make


async def test_an_identity_that_an_account_does_not_have_cannot_be_taken_away(session: AsyncSession) -> None:
    account = await make.account(session)

    with pytest.raises(accounts.NoSuchIdentity):
        await accounts.stop_acting_as(session, make.operator(), account.uid, await make.creator(session))
    with pytest.raises(accounts.NoSuchIdentity):
        await accounts.stop_acting_as(session, make.operator(), account.uid, IdentityKind.OPERATOR)

    assert await session.scalar(select(func.count()).select_from(models.AuditEntry)) == 0


async def test_what_was_not_taken_down_cannot_be_restored(session: AsyncSession, clock: FixedClock) -> None:
    content = await make.content(session, await make.creator(session))

    with pytest.raises(Conflict) as refused:
        await publishing.restore(session, make.operator(), content.uid, clock=clock)

    assert refused.value.code == "CONFLICT"
    assert content.state is models.ContentState.VISIBLE
