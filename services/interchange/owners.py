"""Whose contents a foreign input brings: a creator by handle, or a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from services import access
from services.interchange.records import uid_for

SOURCE = "headwater"


async def find(
    session: AsyncSession, handle: str, name: str | None, *, language: str
) -> tuple[UUID, dict[str, Any] | None]:
    """The creator's uid, and the record that makes it where it is not there yet and a name says to make it."""
    uid = await session.scalar(select(models.Creator.uid).where(models.Creator.handle == handle))
    if uid is not None:
        return uid, None
    if name is None:
        raise access.NoSuchCreator(f"There is no creator {handle}; make one with --create-creator NAME.")
    key = f"creator:{handle}"
    record = {
        "type": "creator", "source": SOURCE, "external_key": key, "handle": handle, "name": name, "language": language
    }  # fmt: skip
    return uid_for(SOURCE, key), record
