"""What is said of a file when it is announced: what it shows, whom to name, where it shall lie, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Invalid, NotFound
from services import access, names
from services.objections import Objections

MOST_TAGS = 20


class NoSuchFolder(NotFound):
    code = "NO_SUCH_FOLDER"


class ExpiresInThePast(Invalid):
    code = "EXPIRES_IN_THE_PAST"


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of an asset before it is there. `origin` is where it comes from: an address, or words; tags are named
    taxonomy:code, in order.
    """

    alternative_text: str = ""
    credit: str = ""
    licence: str = ""
    origin: str = ""
    folder_uid: UUID | None = None
    tags: tuple[str, ...] = ()
    expires_at: datetime | None = None


async def checked(
    session: AsyncSession, caller: Caller, creator_id: int | None, labels: Labels, *, clock: Clock
) -> dict[str, Any]:
    """The same as an upload keeps it (`said`), for a file of this creator, without its tags; all that is wrong is raised
    together.
    """
    against = Objections()
    for part in ("alternative_text", "credit", "licence", "origin"):
        against.take(names.prose, getattr(labels, part), "source" if part == "origin" else part)
    against.take(_ahead, labels.expires_at, clock)
    folder_id = await _folder(session, caller, creator_id, labels.folder_uid, against)
    against.check()
    said = {
        "alternative_text": labels.alternative_text,
        "credit": labels.credit,
        "licence": labels.licence,
        "origin": labels.origin,
        "folder_id": folder_id,
        "expires_at": labels.expires_at.isoformat() if labels.expires_at else None,
    }
    return {name: value for name, value in said.items() if value}


def _ahead(expires_at: datetime | None, clock: Clock) -> None:
    if expires_at is not None and expires_at <= clock.now():
        raise ExpiresInThePast("Give a time in the future, or none.", path=("expires_at",))


async def _folder(
    session: AsyncSession, caller: Caller, creator_id: int | None, uid: UUID | None, against: Objections
) -> int | None:
    if uid is None:
        return None
    folder = models.AssetFolder
    statement = select(folder.id).where(folder.uid == uid, access.asset_folders(caller))
    found = await session.scalar(statement.where(folder.creator_id == creator_id))
    if found is None:
        against.note(NoSuchFolder("There is no such folder of this creator.", path=("folder_id",)))
    return found
