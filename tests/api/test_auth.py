"""From the headers of a request to the caller behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers

import models
from api.auth import MalformedCredentials, MalformedOnBehalf, OnlyOperatorsActForOthers, caller_from
from core.caller import ANONYMOUS, SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import new_uid
from core.settings import Settings
from services import accounts, callers, keys, publishing
from services.runtime import Runtime
from tests import make

KEY = "hw_0123456789ab." + "A" * 43


def runtime(db: Database, clock: FixedClock) -> Runtime:
    settings = Settings(data=Path("/nowhere"), _env_file=None)
    return Runtime(settings, db, clock, index=None, store=None)  # type: ignore[arg-type]  # nothing here searches


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


async def operator_key(session: AsyncSession, clock: FixedClock) -> str:
    return await accounts.first_operator(session, "Op", clock=clock, another=True)


def on_behalf(secret: str, *accounts_named: str) -> Headers:
    named = [(b"headwater-on-behalf-of", one.encode()) for one in accounts_named]
    return Headers(raw=[(b"authorization", f"Bearer {secret}".encode()), *named])


async def test_an_operator_acts_for_an_account_and_may_do_what_the_account_may(
    db: Database, session: AsyncSession, clock: FixedClock
):
    account, creator = await make.account(session), await make.creator(session)
    await accounts.act_as(session, SYSTEM, account.uid, creator)
    secret = await operator_key(session, clock)

    caller = await caller_from(on_behalf(secret, str(account.uid)), runtime(db, clock))
    await publishing.publish(session, caller, (await make.content(session, creator, live=False)).uid, clock=clock)
    await session.flush()

    assert (caller.account_id, caller.creator_ids, caller.is_operator) == (account.id, {creator.id}, False)
    entry = await session.scalar(select(models.AuditEntry).where(models.AuditEntry.action == "content.published"))
    assert entry is not None
    assert caller.acted_by is not None
    assert (entry.actor, entry.account_id) == (caller.acted_by.name, caller.acted_by.account_id)
    assert entry.on_behalf_of == f"account:{account.uid}"


async def test_nobody_else_acts_for_an_account(db: Database, session: AsyncSession, clock: FixedClock):
    account = await make.account(session)
    issued = await keys.create(session, SYSTEM, account.uid, "laptop", [Scope.ACCOUNT_WRITE], clock=clock)

    with pytest.raises(OnlyOperatorsActForOthers):
        await caller_from(on_behalf(issued.secret, str(account.uid)), runtime(db, clock))
    with pytest.raises(OnlyOperatorsActForOthers):
        await caller_from(Headers({"headwater-on-behalf-of": str(account.uid)}), runtime(db, clock))


async def test_an_operator_names_one_account_that_is_there(db: Database, session: AsyncSession, clock: FixedClock):
    account, gone = await make.account(session), await make.account(session)
    gone.suspended_at = clock.now()
    await session.flush()
    secret = await operator_key(session, clock)

    for named in (["x"], [""], [str(account.uid)] * 2):
        with pytest.raises(MalformedOnBehalf):
            await caller_from(on_behalf(secret, *named), runtime(db, clock))
    with pytest.raises(callers.NoSuchAccount):
        await caller_from(on_behalf(secret, str(new_uid())), runtime(db, clock))
    with pytest.raises(callers.SuspendedAccount):
        await caller_from(on_behalf(secret, str(gone.uid)), runtime(db, clock))


async def test_a_token_is_refused_where_no_issuer_is_set(db: Database, clock: FixedClock):
    with pytest.raises(MalformedCredentials):
        await caller_from(carrying("Bearer aa.bb.cc"), runtime(db, clock))
