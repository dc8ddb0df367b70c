"""Tokens of an outside issuer: who they stand for, and everything that must not pass for one."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import Misconfigured
from core.settings import Settings
from services import access, accounts, callers, tokens
from services.tokens import Issuer
from tests import make

ISSUER, AUDIENCE = "https://login.example/", "headwater"


@dataclass
class Login:
    """An issuer on loopback: it publishes keys, counts who asks, and signs."""

    keys: dict[str, Ed25519PrivateKey] = field(default_factory=lambda: {"one": Ed25519PrivateKey.generate()})
    more: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    is_away: bool = False
    port: int = 0

    def published(self) -> bytes:
        found = []
        for kid, key in self.keys.items():
            x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
            found.append({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"})
        return orjson.dumps({"keys": found + self.more})

    def token(self, kid: str = "one", key: Any = None, algorithm: str = "EdDSA", **claims: Any) -> str:
        known = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": time.time() + 60} | claims
        known = {name: value for name, value in known.items() if value is not None}
        return jwt.encode(known, key or self.keys[kid], algorithm=algorithm, headers={"kid": kid})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            body, status = (b"", b"503 Away") if self.is_away else (self.published(), b"200 OK")
            writer.write(b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield

    def issuer(self, **settings: Any) -> Issuer:
        known = {
            "jwt_issuer": ISSUER,
            "jwt_audience": AUDIENCE,
            "jwt_jwks_url": f"http://127.0.0.1:{self.port}/jwks",
        } | settings
        found = Issuer.of(Settings(_env_file=None, **known))
        assert found is not None
        return found


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    made = Login()
    async with made.listening():
        yield made


async def tied(session: AsyncSession, *, operates: bool = False) -> models.Account:
    account = await make.account(session)
    assert await tokens.tie(session, account, ISSUER, "ada")
    if operates:
        await accounts.act_as(session, SYSTEM, account.uid, models.IdentityKind.OPERATOR)
    return account


async def test_a_token_stands_for_the_account_that_its_subject_is_tied_to(
    login: Login, session: AsyncSession, clock: FixedClock
):
    account = await tied(session)
    creator = await make.creator(session)
    await accounts.act_as(session, SYSTEM, account.uid, creator)
    claims = await login.issuer().claims_of(login.token(scope="content:write content:publish dance"))

    caller = await tokens.caller_of(session, login.issuer(), claims, clock=clock)

    assert (caller.account_id, caller.creator_ids) == (account.id, {creator.id})
    assert caller.scopes == {"content:write", "content:publish"}
    assert caller.name == f"login_{account.id}"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, {"engagement:write", "account:write"}),
        ({"scope": ""}, set()),
        ({"scope": ["feed:read"]}, {"feed:read"}),
        ({"scp": "feed:read"}, {"feed:read"}),
        ({"scope": 7}, {"engagement:write", "account:write"}),
        ({"scope": "operate feed:read"}, {"feed:read"}),
    ],
)
async def test_a_token_may_do_what_its_scopes_say(
    login: Login, session: AsyncSession, clock: FixedClock, claims: dict[str, Any], expected: set[str]
):
    await tied(session)

    caller = await tokens.caller_of(session, login.issuer(), {"sub": "ada", **claims}, clock=clock)

    assert caller.scopes == expected
    assert not caller.is_operator


async def test_an_operator_may_sign_in_by_token(login: Login, session: AsyncSession, clock: FixedClock):
    await tied(session, operates=True)

    caller = await tokens.caller_of(session, login.issuer(), {"sub": "ada", "scope": "operate"}, clock=clock)

    assert caller.is_operator


async def test_whoever_is_tied_to_nothing_is_told_or_let_in_as_the_settings_say(
    login: Login, session: AsyncSession, clock: FixedClock
):
    claims = {"sub": "eve", "name": "Eve"}
    with pytest.raises(tokens.UnknownLogin):
        await tokens.caller_of(session, login.issuer(), claims, clock=clock)

    issuer = login.issuer(jwt_makes_accounts=True)
    first = await tokens.caller_of(session, issuer, claims, clock=clock)
    again = await tokens.caller_of(session, issuer, claims, clock=clock)

    assert first.account_id == again.account_id
    account = await session.get_one(models.Account, first.account_id)
    assert account.name == "Eve"


async def test_an_operator_links_and_unlinks_sign_ins(login: Login, session: AsyncSession, clock: FixedClock):
    account, other = await make.account(session), await make.account(session)
    issuer, claims = login.issuer(), {"sub": "ada"}
    eve = Caller(name="eve", account_id=account.id, scopes=frozenset({Scope.ACCOUNT_WRITE}))

    for _ in range(2):
        await tokens.link(session, SYSTEM, account.uid, ISSUER, "ada")
    linked = await tokens.caller_of(session, issuer, claims, clock=clock)
    with pytest.raises(tokens.LoginTaken):
        await tokens.link(session, SYSTEM, other.uid, ISSUER, "ada")
    with pytest.raises(tokens.NoSuchLogin):
        await tokens.unlink(session, SYSTEM, other.uid, ISSUER, "ada")
    for subject in ("", "a\0b", "x" * 256):
        with pytest.raises(tokens.MalformedLogin):
            await tokens.link(session, SYSTEM, other.uid, ISSUER, subject)
    for refused in (tokens.link, tokens.unlink):
        with pytest.raises(access.MissingScope):
            await refused(session, eve, account.uid, ISSUER, "ada")
    await tokens.unlink(session, SYSTEM, account.uid, ISSUER, "ada")

    assert linked.account_id == account.id
    with pytest.raises(tokens.UnknownLogin):
        await tokens.caller_of(session, issuer, claims, clock=clock)


@pytest.mark.parametrize("subject", ["", "a\0b", "x" * 256])
async def test_a_subject_that_names_nobody_is_refused(
    login: Login, session: AsyncSession, clock: FixedClock, subject: str
):
    with pytest.raises(tokens.InvalidToken):
        await tokens.caller_of(session, login.issuer(jwt_makes_accounts=True), {"sub": subject}, clock=clock)


async def test_a_name_that_is_none_makes_no_account_fail(login: Login, session: AsyncSession, clock: FixedClock):
    issuer = login.issuer(jwt_makes_accounts=True)

    caller = await tokens.caller_of(session, issuer, {"sub": "x", "name": "\x07"}, clock=clock)

    assert (await session.get_one(models.Account, caller.account_id)).name == "Reader"


async def test_the_first_requests_of_one_person_make_one_account(login: Login, committed: Database, clock: FixedClock):
    issuer = login.issuer(jwt_makes_accounts=True)

    async def sign_in() -> int | None:
        async with committed.session() as session:
            return (await tokens.caller_of(session, issuer, {"sub": "eve"}, clock=clock)).account_id

    found = await asyncio.gather(*(sign_in() for _ in range(8)))

    assert len(set(found)) == 1
    async with committed.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.Account)) == 1


async def test_a_suspended_account_does_not_sign_in(login: Login, session: AsyncSession, clock: FixedClock):
    account = await tied(session)
    await accounts.suspend(session, SYSTEM, account.uid, reason="spam", clock=clock)

    with pytest.raises(callers.SuspendedAccount):
        await tokens.caller_of(session, login.issuer(), {"sub": "ada"}, clock=clock)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example/"},
        {"iss": "https://login.example"},
        {"aud": "other"},
        {"aud": None},
        {"sub": None},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"sub": 7},
    ],
)
async def test_claims_that_are_not_for_us_are_refused_without_saying_which(login: Login, claims: dict[str, Any]):
    with pytest.raises(tokens.InvalidToken, match="This token is not valid here"):
        await login.issuer().claims_of(login.token(**claims))


async def test_the_issuers_clock_may_be_a_little_off(login: Login):
    issuer = login.issuer(jwt_leeway_seconds=30)

    assert (await issuer.claims_of(login.token(exp=time.time() - 20)))["sub"] == "ada"
    assert (await issuer.claims_of(login.token(nbf=time.time() + 20)))["sub"] == "ada"
    with pytest.raises(tokens.ExpiredToken):
        await issuer.claims_of(login.token(exp=time.time() - 40))


async def test_what_the_issuer_did_not_sign_is_refused(login: Login):
    issuer = login.issuer()
    public = login.keys["one"].public_key().public_bytes_raw()
    good = login.token()
    head, body, signature = good.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    forged = [
        login.token(key=Ed25519PrivateKey.generate()),
        login.token(key=public + bytes(32), algorithm="HS256"),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-2]}.{signature}",
        "a.b.c",
        "." * 2,
        good + "A" * 9_000,
    ]

    for token in forged:
        with pytest.raises(tokens.InvalidToken):
            await issuer.claims_of(token)
    assert (await issuer.claims_of(good))["sub"] == "ada"


async def test_a_shared_secret_among_the_published_keys_signs_nothing(login: Login):
    secret = base64.urlsafe_b64encode(b"s" * 64).rstrip(b"=").decode()
    login.more = [
        {"kty": "oct", "k": secret, "kid": "two", "alg": "HS256"},
        {"kty": "OKP", "crv": "X25519", "kid": "3"},
    ]

    with pytest.raises(tokens.InvalidToken):
        await login.issuer().claims_of(login.token(kid="two", key=b"s" * 64, algorithm="HS256"))


async def test_keys_are_kept_and_a_new_one_is_fetched_when_it_is_first_used(
    login: Login, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "ASKED_AGAIN_AFTER", timedelta(0))
    issuer = login.issuer()
    for _ in range(3):
        await issuer.claims_of(login.token())
    assert login.asked == 1

    login.keys = {"two": Ed25519PrivateKey.generate()}
    assert (await issuer.claims_of(login.token(kid="two")))["sub"] == "ada"

    assert login.asked == 2


async def test_unknown_keys_do_not_make_us_ask_again_and_again(login: Login):
    issuer = login.issuer()

    for kid in ("x", "y", "z"):
        with pytest.raises(tokens.InvalidToken):
            await issuer.claims_of(login.token(kid=kid, key=Ed25519PrivateKey.generate()))

    assert login.asked == 1


async def test_while_the_issuer_is_away_the_known_keys_go_on(login: Login, monkeypatch: pytest.MonkeyPatch):
    away, known = login.issuer(), login.issuer()
    await known.claims_of(login.token())
    login.is_away = True
    monkeypatch.setattr(tokens, "KEPT", timedelta(0))
    monkeypatch.setattr(tokens, "ASKED_AGAIN_AFTER", timedelta(0))

    assert (await known.claims_of(login.token()))["sub"] == "ada"
    with pytest.raises(tokens.IssuerAway):
        await away.claims_of(login.token())
    monkeypatch.setattr(tokens, "KEPT_AT_MOST", timedelta(0))
    with pytest.raises(tokens.IssuerAway):
        await known.claims_of(login.token())


@pytest.mark.parametrize(
    "settings",
    [
        {"jwt_audience": ""},
        {"jwt_jwks_url": ""},
        {"jwt_algorithms": "HS256"},
        {"jwt_algorithms": ""},
        {"jwt_algorithms": "none"},
        {"jwt_default_scopes": "operate"},
        {"jwt_default_scopes": "dance"},
    ],
)
def test_settings_that_do_not_fit_together_are_told(settings: dict[str, Any]):
    with pytest.raises(Misconfigured):
        replace(Login(), port=1).issuer(**settings)


def test_without_an_issuer_there_are_no_tokens():
    assert Issuer.of(Settings(_env_file=None)) is None
    assert Scope.OPERATE not in Login(port=1).issuer().default_scopes
