"""Tokens of an outside issuer (JWT, RFC 7519): checked against its published keys, and read into the caller they stand for.

The keys come from one address that the operator set (JWKS, RFC 7517), never from what a token says. They are kept for ten
minutes; a token signed by a key that is not among them has them fetched anew, at most twice a minute. While the issuer is
away the keys it last published go on for a day.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import orjson
import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import fetching
from core.caller import SYSTEM, Caller, Scope
from core.clock import Clock
from core.errors import Conflict, Invalid, Misconfigured, NotFound, Unauthenticated, Unavailable
from core.settings import Settings
from services import access, accounts, audit, callers, names
from services.objections import Objections

FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
LONGEST = 8_192
LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0 §2
KEPT = timedelta(minutes=10)
KEPT_AT_MOST = timedelta(hours=24)
ASKED_AGAIN_AFTER = timedelta(seconds=30)
FETCHING = fetching.Limits(byte_count=256 * 1024, seconds=5.0, silence_seconds=3.0, inside=True)
# a shared secret among published keys would let everybody sign
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLAIMS = ["exp", "iss", "aud", "sub"]

log = structlog.get_logger()


class InvalidToken(Unauthenticated):
    """It is not a token of the issuer for this installation, or its time has not come."""

    code = "INVALID_TOKEN"


class ExpiredToken(Unauthenticated):
    code = "EXPIRED_TOKEN"


class UnknownLogin(Unauthenticated):
    """The token is good, and there is no account for whom it names."""

    code = "UNKNOWN_LOGIN"


class MalformedLogin(Invalid):
    code = "MALFORMED_LOGIN"


class LoginTaken(Conflict):
    code = "LOGIN_TAKEN"


class NoSuchLogin(NotFound):
    code = "NO_SUCH_LOGIN"


class IssuerAway(Unavailable):
    """The keys of the issuer cannot be fetched, and none are known that may still be used."""

    code = "ISSUER_AWAY"


@dataclass(slots=True)
class Issuer:
    """The issuer of the settings with the keys it published. One in a process."""

    name: str
    audience: str
    jwks_url: str
    algorithms: tuple[str, ...]
    leeway: timedelta
    default_scopes: frozenset[str]
    makes_accounts: bool
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: datetime | None = None
    _asked_at: datetime | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, settings: Settings) -> Issuer | None:
        """That of the settings; None without one. Misconfigured where the settings do not fit together."""
        if not settings.jwt_issuer:
            return None
        if not (settings.jwt_audience and settings.jwt_jwks_url):
            raise Misconfigured("HEADWATER_JWT_ISSUER: set HEADWATER_JWT_AUDIENCE and HEADWATER_JWT_JWKS_URL with it.")
        algorithms = tuple(_split(settings.jwt_algorithms))
        if not algorithms or set(algorithms) - set(ALGORITHMS):
            raise Misconfigured(f"HEADWATER_JWT_ALGORITHMS: choose from {', '.join(ALGORITHMS)}.")
        scopes = frozenset(_split(settings.jwt_default_scopes))
        if scopes - set(Scope) or Scope.OPERATE in scopes:
            raise Misconfigured("HEADWATER_JWT_DEFAULT_SCOPES: name scopes that exist, and not operate.")
        return cls(
            settings.jwt_issuer,
            settings.jwt_audience,
            settings.jwt_jwks_url,
            algorithms,
            timedelta(seconds=settings.jwt_leeway_seconds),
            scopes,
            settings.jwt_makes_accounts,
        )

    async def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that this issuer signed for us and whose time it is; InvalidToken or ExpiredToken."""
        try:
            kid = jwt.get_unverified_header(token).get("kid") if len(token) <= LONGEST else None
            key = await self._key(kid)
            return jwt.decode(
                token,
                key,
                algorithms=list(self.algorithms),
                audience=self.audience,
                issuer=self.name,
                leeway=self.leeway,
                options={"require": CLAIMS},
            )
        except jwt.ExpiredSignatureError as error:
            raise ExpiredToken("This token has expired: sign in again.") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            # what exactly is wrong helps those who forge more than those who err
            raise InvalidToken("This token is not valid here: sign in again.") from error

    async def _key(self, kid: Any) -> jwt.PyJWK:
        if not isinstance(kid, str):
            raise InvalidToken("This token does not name its key.")
        now = datetime.now(UTC)
        is_old = self._fetched_at is None or now - self._fetched_at > KEPT
        if is_old or kid not in self._keys:
            await self._refresh(now)
        if self._fetched_at is None or now - self._fetched_at > KEPT_AT_MOST:
            raise IssuerAway("The issuer of this token does not answer; try again shortly.")
        if kid not in self._keys:
            raise InvalidToken("This token is not valid here: sign in again.")
        return self._keys[kid]

    async def _refresh(self, now: datetime) -> None:
        async with self._turn:
            if self._asked_at is not None and now - self._asked_at < ASKED_AGAIN_AFTER:
                return
            self._asked_at = now
            try:
                into = io.BytesIO()
                await fetching.fetch(self.jwks_url, into, limits=FETCHING)
                self._keys = _published(into.getvalue(), self.algorithms)
                self._fetched_at = now
            except (fetching.CannotFetch, fetching.UnsafeAddress, ValueError, TypeError, jwt.PyJWTError) as error:
                log.warning("issuer.away", error=str(error))


async def caller_of(session: AsyncSession, issuer: Issuer, claims: dict[str, Any], *, clock: Clock) -> Caller:
    """Who stands behind a token's claims: the account that its issuer and subject name. Made anew where the settings let
    everybody in, else UnknownLogin.
    """
    login, subject = models.AccountLogin, _subject(claims)
    found = select(login.account_id).where(login.issuer == issuer.name, login.subject == subject)
    account_id = await session.scalar(found)
    if account_id is None:
        if not issuer.makes_accounts:
            raise UnknownLogin("There is no account for this sign-in; ask an operator for one.")
        account_id = await _made(session, issuer, subject, claims, clock)
    name = f"login_{account_id}"
    return await callers.of_account(
        session, account_id, name=name, scopes=_scopes(issuer, claims), on=clock.now().date()
    )


def check_login(issuer: str, subject: str) -> None:
    """MalformedLogin, for each, where these are none that a token could name."""
    against = Objections()
    for name, value in (("issuer", issuer), ("subject", subject)):
        if not 1 <= len(value) <= LONGEST_SUBJECT or not value.isprintable():
            message = f"Give the {name} as the tokens have it: 1 to {LONGEST_SUBJECT} characters."
            against.note(MalformedLogin(message, path=(name,)))
    against.check()


async def link(session: AsyncSession, caller: Caller, account_uid: UUID, issuer: str, subject: str) -> models.Account:
    """Let whom an issuer signs in as `subject` act as an account, by an operator. Linking the same again changes nothing."""
    access.require(caller, Scope.OPERATE)
    account = await accounts.locked(session, account_uid)
    check_login(issuer, subject)
    if not await tie(session, account, issuer, subject):
        login = models.AccountLogin
        holder = await session.scalar(select(login.account_id).where(login.issuer == issuer, login.subject == subject))
        if holder != account.id:
            raise LoginTaken("Another account has this sign-in: unlink it there first.", path=("subject",))
        return account
    audit.record(session, caller, "login.linked", account, issuer=issuer)
    return account


async def unlink(session: AsyncSession, caller: Caller, account_uid: UUID, issuer: str, subject: str) -> models.Account:
    """Take a sign-in away from an account, by an operator: its tokens are refused with the next request."""
    access.require(caller, Scope.OPERATE)
    account = await accounts.locked(session, account_uid)
    login = models.AccountLogin
    gone = delete(login).where(login.issuer == issuer, login.subject == subject, login.account_id == account.id)
    if await session.scalar(gone.returning(login.account_id)) is None:
        raise NoSuchLogin("This account has no such sign-in.", path=("subject",))
    audit.record(session, caller, "login.unlinked", account, issuer=issuer)
    return account


async def tie(session: AsyncSession, account: models.Account, issuer: str, subject: str) -> bool:
    """Let an issuer's subject sign in as an account; False when that subject is tied already."""
    statement = insert(models.AccountLogin).values(issuer=issuer, subject=subject, account_id=account.id)
    made = await session.scalar(statement.on_conflict_do_nothing().returning(models.AccountLogin.account_id))
    return made is not None


async def _made(session: AsyncSession, issuer: Issuer, subject: str, claims: dict[str, Any], clock: Clock) -> int:
    # two first requests of the same person at once: the second waits, and finds what the first made
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{issuer.name} {subject}", 0))))
    login = models.AccountLogin
    found = await session.scalar(select(login.account_id).where(login.issuer == issuer.name, login.subject == subject))
    if found is not None:
        return found
    account = await accounts.create(session, SYSTEM, _name(claims), clock=clock)
    await tie(session, account, issuer.name, subject)
    await accounts.act_as(session, SYSTEM, account.uid, models.IdentityKind.CONSUMER)
    return account.id


def _subject(claims: dict[str, Any]) -> str:
    subject = str(claims["sub"])
    if not 1 <= len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise InvalidToken("This token names nobody.")
    return subject


def _name(claims: dict[str, Any]) -> str:
    given = claims.get("name") or claims.get("preferred_username")
    try:
        return names.checked(str(given)[:80], "name") if given else "Reader"
    except names.MalformedName:
        return "Reader"


def _scopes(issuer: Issuer, claims: dict[str, Any]) -> Iterable[Scope]:
    """What the token allows (`scope` as RFC 9068 §2.2.3 has it, a text, or a list); the settings' where it does not say."""
    given = claims.get("scope", claims.get("scp"))
    named = given.split() if isinstance(given, str) else given if isinstance(given, list) else issuer.default_scopes
    return [scope for scope in Scope if scope in named]


def _published(text: bytes, algorithms: tuple[str, ...]) -> dict[str, jwt.PyJWK]:
    """The keys of a JWKS that may sign for us, by their id."""
    found = orjson.loads(text)
    keys = {}
    for one in found["keys"]:
        if one.get("kty") == "oct" or one.get("use", "sig") != "sig" or not isinstance(one.get("kid"), str):
            continue
        try:
            key = jwt.PyJWK(one)
        except jwt.PyJWTError:
            continue  # a kind of key that we do not read, beside others that we do
        if key.algorithm_name in algorithms:
            keys[one["kid"]] = key
    return keys


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", text) if part]
