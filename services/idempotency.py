"""Mutations that happen once, however often they are sent: the memory of a key is written with the effect, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, Invalid
from services.loops import Step, sweeping

LONGEST_KEY = 200
KEPT = timedelta(hours=48)
"""How long a key is remembered (our own choice: a day of retries, and one to notice)."""

FORGOTTEN_AT_ONCE = 5_000
PLACE = ("idempotency_key",)


class MalformedIdempotencyKey(Invalid):
    code = "MALFORMED_IDEMPOTENCY_KEY"


class IdempotencyConflict(Conflict):
    """The key was used before, for something else."""

    code = "IDEMPOTENCY_CONFLICT"


class IdempotencyInProgress(Conflict):
    """The same key is being worked on this very moment, for longer than we wait."""

    code = "IDEMPOTENCY_IN_PROGRESS"


async def begin(
    session: AsyncSession, caller: Caller, key: str, mutation: str, digest: bytes, *, clock: Clock
) -> dict[str, Any] | None:
    """What this caller's key was answered before; None when it is new, and from here on it is this transaction's.

    Whoever sends the same key meanwhile waits for this transaction to end. `digest` is the SHA-256 of the input.
    """
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        message = f"An idempotency key is a printable text of 1 to {LONGEST_KEY} characters, such as a UUID."
        raise MalformedIdempotencyKey(message, path=PLACE)
    values = {"account_id": _account(caller), "key": key, "mutation": mutation, "input_digest": digest}
    statement = insert(models.IdempotencyKey).values(**values, created_at=clock.now()).on_conflict_do_nothing()
    try:
        made = await session.scalar(statement.returning(models.IdempotencyKey.key))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_timeout
            message = "A request with this idempotency key is still being worked on; send it again in a moment."
            raise IdempotencyInProgress(message, path=PLACE) from error
        raise
    return None if made is not None else await _answered(session, caller, key, mutation, digest)


async def finish(session: AsyncSession, caller: Caller, key: str, answer: dict[str, Any]) -> None:
    """Remember what was answered, in the transaction of the effect."""
    kept = models.IdempotencyKey
    await session.execute(
        update(kept).where(kept.account_id == _account(caller), kept.key == key).values(answer=answer)
    )


async def forget(session: AsyncSession, *, clock: Clock) -> int:
    """Remove keys that are older than we promise to remember, a bounded number; how many were."""
    kept = models.IdempotencyKey
    old = select(kept.account_id, kept.key).where(kept.created_at < clock.now() - KEPT).limit(FORGOTTEN_AT_ONCE)
    gone = delete(kept).where(tuple_(kept.account_id, kept.key).in_(old)).returning(kept.key)
    return len((await session.execute(gone)).all())


def sweeper(db: Database, clock: Clock) -> Step:
    """A worker's step that forgets keys once in a while."""

    async def old(session: AsyncSession) -> bool:
        return await forget(session, clock=clock) == FORGOTTEN_AT_ONCE

    return sweeping(db, clock, old)


async def _answered(session: AsyncSession, caller: Caller, key: str, mutation: str, digest: bytes) -> dict[str, Any]:
    kept = models.IdempotencyKey
    row = (
        await session.execute(
            select(kept.mutation, kept.input_digest, kept.answer).where(
                kept.account_id == _account(caller), kept.key == key
            )
        )
    ).one()
    if (row.mutation, row.input_digest) != (mutation, digest):
        message = "This idempotency key was used for another request: take a new key for each thing to be done."
        raise IdempotencyConflict(message, path=PLACE)
    answer: dict[str, Any] = row.answer
    return answer


def _account(caller: Caller) -> int:
    # the mutations of strangers are refused before; what the house does itself has no account
    return caller.account_id or 0
