"""API keys: made, renewed, taken back, and read into the caller they stand for."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthenticated
from core.reads import OneRead, Order, PageRead
from services import access, audit, callers, names
from services.objections import Objections

FORM = re.compile(r"hw_([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
OVERLAP = timedelta(hours=24)
"""How long a rotated key goes on beside its successor, unless said otherwise (our own choice)."""

MOST_CHANNELS = 200
"""How many private channels a key may open."""

_NOTED_AGAIN_AFTER = timedelta(minutes=1)
_NOBODYS = bytes(32)
_UNKNOWN = "This key is not known here; check that it was copied whole."


class UnknownKey(Unauthenticated):
    """No key reads like this. A wrong secret of a key that exists looks the same."""

    code = "UNKNOWN_KEY"


class ExpiredKey(Unauthenticated):
    """The secret is right, and its time is over: told only to whoever holds the secret."""

    code = "EXPIRED_KEY"


class RevokedKey(Unauthenticated):
    code = "REVOKED_KEY"


class NoSuchKey(NotFound):
    code = "NO_SUCH_KEY"


class KeyIsOver(Conflict):
    """It was revoked or has expired, so there is nothing to rotate."""

    code = "KEY_IS_OVER"


class Issued(NamedTuple):
    """A key as it is kept, and the secret that is shown this once: `hw_<prefix>.<32 random bytes in URL-safe base64>`."""

    key: models.ApiKey
    secret: str


async def create(
    session: AsyncSession,
    caller: Caller,
    account_uid: UUID,
    name: str,
    scopes: Iterable[str],
    *,
    clock: Clock,
    channels: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> Issued:
    """A key for an account: by an operator, or by the account itself for what the key it calls with may do as well.
    `channels` are the keys of the private channels whose feeds it opens.
    """
    access.require(caller, Scope.ACCOUNT_WRITE)
    account = await _account(session, account_uid)
    if not caller.is_operator and caller.account_id != account.id:
        raise callers.NoSuchAccount("There is no such account, or you may not see it.")
    wanted = list(scopes)
    granted = await _channel_ids(session, channels)
    operates = bool(await session.scalar(select(callers.operates(account.id))))
    problems = [*_wrong_scopes(caller, wanted, operates=operates), *_wrong_channels(caller, channels, granted)]
    if expires_at is not None and expires_at <= clock.now():
        problems.append(Problem("EXPIRES_IN_THE_PAST", "Give a time in the future, or none.", ("expires_at",)))
    against = Objections()
    called = against.take(names.checked, name, "name")
    if problems:
        against.note(Invalid("The key cannot be made like this; none was made.", problems=problems))
    against.check()
    key = models.ApiKey(
        account_id=account.id,
        name=called,
        scopes=sorted(set(wanted)),
        channel_ids=sorted(granted.values()),
        expires_at=expires_at,
        created_at=clock.now(),
    )
    return await _issue(session, caller, "key.created", key)


async def rotate(
    session: AsyncSession, caller: Caller, key_uid: UUID, *, clock: Clock, overlap: timedelta = OVERLAP
) -> Issued:
    """A successor with the same name, scopes, channels and length of life. The old key goes on for `overlap`, so that
    both are valid while the new one is put in place.
    """
    old = await _tended(session, caller, key_uid)
    now = clock.now()
    if _is_over(old, now):
        raise KeyIsOver("This key is revoked or expired; ask an operator for a new one.")
    lives = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    old.expires_at = min(now + overlap, old.expires_at or now + overlap)
    key = models.ApiKey(
        account_id=old.account_id,
        name=old.name,
        scopes=old.scopes,
        channel_ids=old.channel_ids,
        expires_at=lives,
        created_at=now,
    )
    return await _issue(session, caller, "key.rotated", key, replaces=str(old.uid))


async def revoke(session: AsyncSession, caller: Caller, key_uid: UUID, *, clock: Clock) -> models.ApiKey:
    """End a key: the next request with it is refused. Revoking again changes nothing."""
    key = await _tended(session, caller, key_uid)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        audit.record(session, caller, "key.revoked", key)
        await session.flush()
    return key


by_ids = OneRead(models.ApiKey, models.ApiKey.id, access.api_keys)
of_accounts = PageRead(
    "keys.of_accounts",
    models.ApiKey,
    match=lambda key: models.ApiKey.account_id == key,
    key_type=BigInteger(),
    visible=access.api_keys,
    orders=(Order("newest", (models.ApiKey.id,)),),
)


async def of_account(session: AsyncSession, caller: Caller, account_uid: UUID) -> list[models.ApiKey]:
    """All keys an account ever had, newest first, without their secrets: for itself and for operators."""
    account = await _account(session, account_uid)
    if not caller.is_operator and caller.account_id != account.id:
        raise callers.NoSuchAccount("There is no such account, or you may not see it.")
    keys = await session.scalars(
        select(models.ApiKey).where(models.ApiKey.account_id == account.id).order_by(models.ApiKey.id.desc())
    )
    return list(keys)


async def caller_of(session: AsyncSession, presented: str, *, at: datetime) -> Caller:
    """Who stands behind a key at this instant: one statement, and once a minute a second one that notes the use.

    UnknownKey, or, when the secret is right all the same, ExpiredKey, RevokedKey or callers.SuspendedAccount. Memberships and
    contracts count by the day in UTC.
    """
    form = FORM.fullmatch(presented)
    if form is None:
        raise UnknownKey(_UNKNOWN)
    prefix, secret = form.groups()
    row = (await session.execute(_BEHIND, {"prefix": prefix, "on": at.date()})).one_or_none()
    # one that does not exist costs the comparison too
    is_right = hmac.compare_digest(_hash(secret), row.secret_hash if row else _NOBODYS)
    if row is None or not is_right or row.erased_at is not None:
        raise UnknownKey(_UNKNOWN)
    _refuse_what_is_over(row, at)
    if row.last_used_at is None or row.last_used_at <= at - _NOTED_AGAIN_AFTER:
        await _note_use(session, row.id, at)
    # named by its key and not by the person: a name can be erased, and what was audited under it could not
    return callers.caller(
        row,
        name=f"hw_{row.prefix}",
        scopes=frozenset(row.scopes),
        key_id=row.id,
        channel_ids=frozenset(row.channel_ids),
    )


def _refuse_what_is_over(row: Row[Any], at: datetime) -> None:
    if row.revoked_at is not None:
        raise RevokedKey("This key was revoked; ask for a new one.")
    if row.expires_at is not None and row.expires_at <= at:
        raise ExpiredKey("This key has expired; ask for a new one.")
    callers.refuse_suspended(row)


_KEY = models.ApiKey
_BEHIND = (
    callers.behind(_KEY.id, _KEY.prefix, _KEY.secret_hash, _KEY.scopes, _KEY.channel_ids, _KEY.expires_at,
                   _KEY.revoked_at, _KEY.last_used_at)
    .join(models.Account, models.Account.id == _KEY.account_id)
    .where(_KEY.prefix == bindparam("prefix"))
)  # fmt: skip


async def _note_use(session: AsyncSession, key_id: int, at: datetime) -> None:
    # many requests come at once with the same key: one of them notes it, the others do not wait
    free = select(models.ApiKey.id).where(models.ApiKey.id == key_id).with_for_update(skip_locked=True, key_share=True)
    await session.execute(
        update(models.ApiKey)
        .where(models.ApiKey.id.in_(free))
        .values(last_used_at=at)
        .execution_options(synchronize_session=False)
    )


async def _issue(session: AsyncSession, caller: Caller, action: str, key: models.ApiKey, **details: Any) -> Issued:
    key.prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key.secret_hash = _hash(secret)
    session.add(key)
    await session.flush()
    audit.record(session, caller, action, key, scopes=list(key.scopes), account_id=key.account_id, **details)
    await session.flush()
    return Issued(key, f"hw_{key.prefix}.{secret}")


async def _tended(session: AsyncSession, caller: Caller, uid: UUID) -> models.ApiKey:
    """The key, locked, for a caller who may rotate or revoke it: an operator, or a key of the same account that may do
    no less. To everyone else there is no such key.
    """
    statement = select(models.ApiKey).where(models.ApiKey.uid == uid).with_for_update()
    key = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if key is None or not (caller.is_operator or caller.account_id == key.account_id):
        raise NoSuchKey("There is no such key, or it is not yours.")
    if not caller.is_operator and not (
        caller.scopes.issuperset(key.scopes) and caller.channel_ids.issuperset(key.channel_ids)
    ):
        raise Forbidden("This key may do more than the one you call with; use one that may do as much, or an operator.")
    return key


async def _account(session: AsyncSession, uid: UUID) -> models.Account:
    account = await session.scalar(select(models.Account).where(models.Account.uid == uid))
    if account is None or account.erased_at is not None:
        raise callers.NoSuchAccount("There is no such account, or you may not see it.")
    return account


async def _channel_ids(session: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
    if not keys:
        return {}
    rows = await session.execute(select(models.Channel.key, models.Channel.id).where(models.Channel.key.in_(keys)))
    return dict(rows.all())


def _wrong_scopes(caller: Caller, scopes: Sequence[str], *, operates: bool) -> Iterator[Problem]:
    """Scopes that do not exist, that the account cannot use, or that a caller would give away without having them."""
    for place, scope in enumerate(scopes):
        if scope not in set(Scope):
            yield Problem("UNKNOWN_SCOPE", f"There is no scope {scope[:80]}.", ("scopes", place))
        elif not caller.is_operator and scope not in caller.scopes:
            said = f"The key you call with has no scope {scope}, so it cannot give it to another."
            yield Problem("SCOPE_BEYOND_YOURS", said, ("scopes", place))
        elif scope == Scope.OPERATE and not operates:
            said = f"This account does not act as an operator, so its keys cannot have {scope}."
            yield Problem("NOT_AN_OPERATOR", said, ("scopes", place))


def _wrong_channels(caller: Caller, keys: Sequence[str], granted: dict[str, int]) -> Iterator[Problem]:
    """Channels that do not exist, or not for this caller; or too many of them."""
    if len(set(keys)) > MOST_CHANNELS:
        yield Problem("TOO_MANY_CHANNELS", f"A key opens at most {MOST_CHANNELS} channels.", ("channels",))
    for place, key in enumerate(keys):
        if key not in granted or not (caller.is_operator or granted[key] in caller.channel_ids):
            yield Problem("UNKNOWN_CHANNEL", f"There is no channel {key[:80]}.", ("channels", place))


def _is_over(key: models.ApiKey, at: datetime) -> bool:
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at)


def _hash(secret: str) -> bytes:
    # a plain hash is enough for 256 random bits: there is nothing to guess
    return hashlib.sha256(secret.encode()).digest()
