"""The record of what was done: written in the transaction that did it, never changed."""

from __future__ import annotations

from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller


class Recorded(Protocol):
    id: Any


def record(
    session: AsyncSession, caller: Caller, action: str, subject: Recorded, *, reason: str | None = None, **details: Any
) -> None:
    """Note that `caller` did `action` (such as content.withdrawn) to `subject`, in this transaction.

    Whoever acted stands as actor; for whom they acted (an operator for an account, an agency for a creator under
    contract), beside it.
    """
    bound = structlog.contextvars.get_contextvars()
    actor = caller.acted_by or caller
    session.add(
        models.AuditEntry(
            actor=actor.name,
            account_id=actor.account_id,
            on_behalf_of=_for_whom(caller, subject),
            action=action,
            object_type=type(subject).__name__,
            object_id=subject.id,
            reason=reason,
            request_id=bound.get("request_id"),
            details=details,
        )
    )


def _for_whom(caller: Caller, subject: Recorded) -> str | None:
    if caller.acted_by is not None:
        return caller.name
    creator_id = subject.id if isinstance(subject, models.Creator) else getattr(subject, "creator_id", None)
    return f"creator:{creator_id}" if creator_id in caller.contracted_ids else None


async def said_last(session: AsyncSession, action: str, subject: Recorded, detail: str) -> str | None:
    """A detail of the last record that `action` was done to `subject`; None when there is none."""
    entry = models.AuditEntry
    said: str | None = await session.scalar(
        select(entry.details[detail].astext)
        .where(entry.object_type == type(subject).__name__, entry.object_id == subject.id, entry.action == action)
        .order_by(entry.id.desc())
        .limit(1)
    )
    return said
