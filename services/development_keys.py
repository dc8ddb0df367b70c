"""The keys of the development profile: made once for an operator, an author and an integration, kept in a file that
only its owner can read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Scope
from core.clock import Clock
from core.db import Database
from core.errors import Misconfigured, Unauthenticated
from models import IdentityKind
from services import accounts, keys

NAME = "development"
AUTHOR = (
    Scope.CONTENT_WRITE,
    Scope.CONTENT_PUBLISH,
    Scope.CREATOR_WRITE,
    Scope.ENGAGEMENT_WRITE,
    Scope.ACCOUNT_WRITE,
)
INTEGRATION = (Scope.FEED_READ, Scope.DELIVERY_WRITE)


@dataclass(frozen=True, slots=True)
class DevelopmentKeys:
    """Secrets by what they are for. There is no author while the database holds no creator."""

    operator: str
    integration: str
    author: str | None = None
    author_handle: str | None = None


async def development_keys(db: Database, path: Path, *, clock: Clock, handle: str | None = None) -> DevelopmentKeys:
    """The keys in the file at `path`, made or made anew where they are not there or no longer valid.

    The author acts as the creator `handle`, else as the first one there is; the integration reads every channel that is
    private now, and confirms deliveries of all. Misconfigured when the file cannot be read or written.
    """
    async with db.session() as session:
        # two starts at once make one set
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("headwater.development_keys"))))
        creator = await _creator(session, handle)
        known = _read(path)
        made = DevelopmentKeys(
            operator=await _key(session, "operator", known, [Scope.OPERATE], IdentityKind.OPERATOR, clock=clock),
            integration=await _key(
                session, "integration", known, INTEGRATION, clock=clock, channels=await _channels(session)
            ),
            author=None if creator is None else await _key(session, "author", known, AUTHOR, creator, clock=clock),
            author_handle=None if creator is None else creator.handle,
        )
        # before the commit: a file with keys that do not exist is mended by the next start, keys without a file are lost
        _write(path, made)
    return made


async def _creator(session: AsyncSession, handle: str | None) -> models.Creator | None:
    creator = models.Creator
    statement = select(creator).where(creator.suspended_at.is_(None), creator.erased_at.is_(None))
    if handle is not None:
        statement = statement.where(creator.handle == handle)
    return (await session.scalars(statement.order_by(creator.id).limit(1))).one_or_none()


async def _channels(session: AsyncSession) -> list[str]:
    """Private ones, whose feeds are read with the key, and then as many others as a key opens: it confirms deliveries."""
    channel = models.Channel
    takes = channel.is_private.is_(True) | channel.pack_version_id.is_not(None)
    statement = select(channel.key).where(takes).order_by(channel.is_private.desc(), channel.key)
    return list(await session.scalars(statement.limit(keys.MOST_CHANNELS)))


async def _key(
    session: AsyncSession,
    role: str,
    known: dict[str, str],
    scopes: Iterable[Scope],
    subject: accounts.Subject | IdentityKind | None = None,
    *,
    clock: Clock,
    channels: list[str] | None = None,
) -> str:
    email = f"{role}@{NAME}.invalid"  # a domain that never exists (RFC 2606)
    account = await accounts.by_email(session, email)
    if account is None:
        account = await accounts.create(session, SYSTEM, f"{NAME} {role}", email=email, clock=clock)
    if subject is not None:
        await accounts.act_as(session, SYSTEM, account.uid, subject)
    if await _is_valid(session, account, known.get(role), scopes, clock):
        return known[role]
    # the secrets of earlier ones are lost with their file
    earlier = models.ApiKey.account_id == account.id
    await session.execute(
        update(models.ApiKey).where(earlier, models.ApiKey.revoked_at.is_(None)).values(revoked_at=clock.now())
    )
    issued = await keys.create(session, SYSTEM, account.uid, NAME, scopes, clock=clock, channels=channels or ())
    return issued.secret


async def _is_valid(
    session: AsyncSession, account: models.Account, secret: str | None, scopes: Iterable[Scope], clock: Clock
) -> bool:
    """Whether the secret opens this account, for all that its key is made for today."""
    try:
        caller = await keys.caller_of(session, secret or "", at=clock.now())
    except Unauthenticated:
        return False
    return caller.account_id == account.id and caller.scopes >= {str(scope) for scope in scopes}


def _read(path: Path) -> dict[str, str]:
    """What the file says; nothing when there is none, or none that we wrote."""
    try:
        known = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    except OSError as error:
        raise _unusable(path, error) from error
    if not isinstance(known, dict):
        return {}
    return {name: value for name, value in known.items() if isinstance(value, str)}


def _write(path: Path, made: DevelopmentKeys) -> None:
    """Write the file whole or not at all, readable by its owner only from its first byte on."""
    content = orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and path.read_bytes() == content and not stat.S_IMODE(path.stat().st_mode) & 0o077:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123  (a descriptor)
            file.write(content)
        fresh.replace(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(f"HEADWATER_DATA: the development keys cannot be kept at {path} ({error.strerror}).")
