"""Schedules come due: each is fired once, in a transaction of its own, with the rights that whoever set it has by then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from core.caller import SYSTEM, Caller, Scope
from core.clock import Clock
from core.db import Database, is_away
from core.errors import DomainError
from services import callers

log = structlog.get_logger()

OVERDUE = timedelta(minutes=1)
"""What has not gone out so long after its time is an alert (our own choice: a restart fits in)."""

LONGEST_WAIT = timedelta(seconds=1)


class Due(Protocol):
    """A kind of thing that goes live at a set time; a module can be one."""

    async def next_at(self, session: AsyncSession) -> datetime | None:
        """When the next one is due that nobody has failed to fire."""

    async def claim(self, session: AsyncSession, now: datetime) -> int | None:
        """The id of one that is due, locked until the transaction ends; those that others hold are passed over."""

    async def fire(self, session: AsyncSession, id_: int, clock: Clock) -> None:
        """Let it go live. A DomainError says why it may not."""

    async def fail(self, session: AsyncSession, id_: int, failure: str) -> None:
        """Keep why it was not fired, as CODE: sentence. It stays until somebody moves or cancels it."""

    async def overdue(self, session: AsyncSession, before: datetime) -> dict[str, int]:
        """How many were refused when they came due (`failed`), and how many should have gone out before (`overdue`)."""


async def step(db: Database, kinds: Sequence[Due], clock: Clock) -> bool:
    """Fire one of each kind that is due; wait for the next when it is near. True when there may be more at once."""
    fired = [await fire_one(db, kind, clock) for kind in kinds]
    return any(fired) or await _wait(db, kinds, clock)


async def fire_one(db: Database, kind: Due, clock: Clock) -> bool:
    """One that is due, if there is one: fired, or kept with the reason why not. A kill in between leaves it due."""
    async with db.session() as session:
        id_ = await kind.claim(session, clock.now())
        if id_ is None:
            return False
        try:
            async with session.begin_nested():
                await kind.fire(session, id_, clock)
        except DomainError as error:
            log.warning("schedule.refused", id=id_, code=error.code)
            await kind.fail(session, id_, f"{error.code}: {error.message}")
        except Exception as error:
            if isinstance(error, OSError) or (isinstance(error, DBAPIError) and is_away(error)):
                raise
            # it must not stand in the way of the others: kept where editors and operators see it
            log.exception("schedule.failed", id=id_)
            await kind.fail(
                session, id_, "INTERNAL: Something went wrong on our side; set it anew, or tell the operator."
            )
    return True


async def rights_of(session: AsyncSession, account_id: int | None, clock: Clock) -> Caller:
    """Whoever set a schedule, with what the account may do now; without an account it was done by command.

    SuspendedAccount, or NoSuchAccount for one that was erased.
    """
    if account_id is None:
        return SYSTEM
    scopes = (Scope.CONTENT_PUBLISH, Scope.CREATOR_WRITE, Scope.OPERATE)
    return await callers.of_account(session, account_id, name="schedule", scopes=scopes, on=clock.now().date())


def late_ms(due: datetime, now: datetime) -> int:
    return max(0, int((now - due) / timedelta(milliseconds=1)))


async def _wait(db: Database, kinds: Sequence[Due], clock: Clock) -> bool:
    """Sleep until the next one is due, if that is sooner than the next poll."""
    async with db.session() as session:
        nearest = [at for kind in kinds if (at := await kind.next_at(session)) is not None]
    ahead = min(nearest) - clock.now() if nearest else LONGEST_WAIT
    if not timedelta(0) < ahead < LONGEST_WAIT:
        return False
    await asyncio.sleep(ahead.total_seconds())
    return True
