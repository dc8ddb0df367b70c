"""The record of what was done: written in the transaction that did it, never changed."""

from __future__ import annotations

from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller


class Recorded(Protocol):
    id: Any


def record(
    session: AsyncSession, caller: Caller, action: str, subject: Recorded, *, reason: str | None = None, **details: Any
) -> None:
    """Note that `caller` did `action` (such as content.withdrawn) to `subject`, in this transaction."""
    bound = structlog.contextvars.get_contextvars()
    session.add(
        models.AuditEntry(
            actor=caller.name,
            account_id=caller.account_id,
            action=action,
            object_type=type(subject).__name__,
            object_id=subject.id,
            reason=reason,
            request_id=bound.get("request_id"),
            details=details,
        )
    )
