"""From the headers of a request to the caller behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers

from api.auth import MalformedCredentials, caller_from
from core.caller import ANONYMOUS, SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from services import accounts, keys
from services.runtime import Runtime

KEY = "hw_0123456789ab." + "A" * 43


def runtime(db: Database, clock: FixedClock) -> Runtime:
    settings = Settings(data=Path("/nowhere"), _env_file=None)
    return Runtime(settings, db, clock, index=None)  # type: ignore[arg-type]  # nothing here searches


def carrying(*values: str) -> Headers:
    return Headers(raw=[(b"authorization", value.encode("latin-1")) for value in values])


async def test_a_request_without_credentials_is_anonymous(db: Database, clock: FixedClock):
    assert await caller_from(carrying(), runtime(db, clock)) is ANONYMOUS


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_key_makes_the_caller(db: Database, session: AsyncSession, clock: FixedClock, scheme: str):
    account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
    issued = await keys.create(session, SYSTEM, account.uid, "laptop", [Scope.FEED_READ], clock=clock)

    caller = await caller_from(carrying(f"{scheme} {issued.secret}"), runtime(db, clock))

    assert (caller.account_id, caller.key_id, caller.scopes) == (account.id, issued.key.id, {"feed:read"})


@pytest.mark.parametrize(
    "values",
    [
        ("",),
        ("Bearer",),
        ("Bearer ",),
        (KEY,),
        (f"Basic {KEY}",),
        (f"Bearer {KEY} {KEY}",),
        (f"Bearer {KEY}x",),
        (f"Bearer {KEY}, Bearer {KEY}",),
        ("Bearer hw_" + "é" * 56,),
        ("Bearer " + "A" * 100_000,),
        (f"Bearer {KEY}", f"Bearer {KEY}"),
    ],
)
async def test_what_is_not_one_bearer_key_is_refused(db: Database, clock: FixedClock, values: tuple[str, ...]):
    with pytest.raises(MalformedCredentials) as refused:
        await caller_from(carrying(*values), runtime(db, clock))

    assert (refused.value.code, refused.value.status) == ("MALFORMED_CREDENTIALS", 401)


async def test_an_unknown_key_is_refused_and_never_anonymous(db: Database, clock: FixedClock):
    with pytest.raises(keys.UnknownKey) as refused:
        await caller_from(carrying(f"Bearer {KEY}"), runtime(db, clock))

    assert (refused.value.code, refused.value.status) == ("UNKNOWN_KEY", 401)


async def test_a_revoked_key_is_refused_by_the_next_request(db: Database, session: AsyncSession, clock: FixedClock):
    account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
    issued = await keys.create(session, SYSTEM, account.uid, "laptop", [], clock=clock)
    headers = carrying(f"Bearer {issued.secret}")
    assert (await caller_from(headers, runtime(db, clock))).account_id == account.id

    await keys.revoke(session, SYSTEM, issued.key.uid, clock=clock)

    with pytest.raises(keys.RevokedKey):
        await caller_from(headers, runtime(db, clock))


async def test_the_use_of_a_key_is_kept_after_the_request(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
        issued = await keys.create(session, SYSTEM, account.uid, "laptop", [], clock=clock)

    await caller_from(carrying(f"Bearer {issued.secret}"), runtime(committed, clock))

    async with committed.session() as session:
        (key,) = await keys.of_account(session, SYSTEM, account.uid)
    assert key.last_used_at == clock.now()
