"""Accounts, their identities, their keys, and whom a key stands for."""

from __future__ import annotations

import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import ANONYMOUS, SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import Forbidden, Invalid, Misconfigured
from models import IdentityKind, OrganisationRole
from services import accounts, callers, keys
from services.access import MissingScope
from services.development_keys import development_keys
from tests import make

NOVEMBER = Range(date(2026, 11, 1), date(2026, 12, 1))
OCTOBER = Range(date(2026, 10, 1), date(2026, 11, 1))


async def key_for(session: AsyncSession, clock: FixedClock, *scopes: Scope, **asked: Any) -> tuple[models.Account, str]:
    account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
    issued = await keys.create(session, SYSTEM, account.uid, "laptop", scopes, clock=clock, **asked)
    return account, issued.secret


async def organisation(session: AsyncSession, handle: str = "agency", **facts: Any) -> models.Organisation:
    row = models.Organisation(handle=handle, name=handle.title(), **facts)
    session.add(row)
    await session.flush()
    return row


async def join(
    session: AsyncSession,
    account: models.Account,
    agency: models.Organisation,
    *,
    role: OrganisationRole = OrganisationRole.EDITOR,
    period: Range[date] = NOVEMBER,
) -> None:
    session.add(models.OrganisationMember(organisation_id=agency.id, account_id=account.id, role=role, period=period))
    await session.flush()


async def sign(
    session: AsyncSession, agency: models.Organisation, creator: models.Creator, period: Range[date] = NOVEMBER
) -> None:
    session.add(
        models.Contract(organisation_id=agency.id, creator_id=creator.id, period=period, share_basis_points=2_000)
    )
    await session.flush()


async def code_of(session: AsyncSession, presented: str, at: datetime) -> str:
    with pytest.raises(keys.Unauthenticated) as refused:
        await keys.caller_of(session, presented, at=at)
    return refused.value.code


async def test_a_key_stands_for_its_account_and_its_own_creators(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock, Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH)
    ada, _bob = await make.creator(session, name="Ada"), await make.creator(session, name="Bob")
    await accounts.act_as(session, SYSTEM, account.uid, ada)

    caller = await keys.caller_of(session, secret, at=clock.now())

    assert caller == Caller(
        name=secret.partition(".")[0],
        account_id=account.id,
        key_id=caller.key_id,
        creator_ids=frozenset({ada.id}),
        scopes=frozenset({"content:write", "content:publish"}),
    )


async def test_a_member_acts_for_the_creators_under_a_current_contract_only(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock, Scope.CONTENT_WRITE)
    agency, rival = await organisation(session), await organisation(session, "rival")
    now, before, elsewhere = [await make.creator(session) for _ in range(3)]
    await join(session, account, agency)
    await sign(session, agency, now)
    await sign(session, agency, before, OCTOBER)
    await sign(session, rival, elsewhere)

    caller = await keys.caller_of(session, secret, at=clock.now())

    assert caller.creator_ids == {now.id}
    assert caller.organisation_ids == {agency.id}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (OrganisationRole.OWNER, True),
        (OrganisationRole.MANAGER, True),
        (OrganisationRole.EDITOR, True),
        (OrganisationRole.ANALYST, False),
    ],
)
async def test_only_roles_that_edit_act_for_creators(
    session: AsyncSession, clock: FixedClock, role: OrganisationRole, acts: bool
):
    account, secret = await key_for(session, clock)
    agency, creator = await organisation(session), await make.creator(session)
    await join(session, account, agency, role=role)
    await sign(session, agency, creator)

    caller = await keys.caller_of(session, secret, at=clock.now())

    assert caller.creator_ids == ({creator.id} if acts else set())
    assert caller.organisation_ids == {agency.id}


async def test_a_membership_ends_with_its_last_day(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock)
    agency, creator = await organisation(session), await make.creator(session)
    await join(session, account, agency)
    await sign(session, agency, creator, Range(date(2026, 1, 1), None))

    last = await keys.caller_of(session, secret, at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    after = await keys.caller_of(session, secret, at=datetime(2026, 12, 1, tzinfo=UTC))

    assert (last.creator_ids, last.organisation_ids) == ({creator.id}, {agency.id})
    assert (after.creator_ids, after.organisation_ids) == (frozenset(), frozenset())


async def test_a_suspended_organisation_lends_nothing(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock)
    agency = await organisation(session, suspended_at=clock.now())
    creator = await make.creator(session)
    await join(session, account, agency)
    await sign(session, agency, creator)

    caller = await keys.caller_of(session, secret, at=clock.now())

    assert (caller.creator_ids, caller.organisation_ids) == (frozenset(), frozenset())


async def test_nobody_acts_as_an_erased_creator(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock)
    creator = await make.creator(session)
    await accounts.act_as(session, SYSTEM, account.uid, creator)
    creator.erased_at = clock.now()
    await session.flush()

    assert (await keys.caller_of(session, secret, at=clock.now())).creator_ids == frozenset()


async def test_a_key_opens_the_channels_it_was_made_for(session: AsyncSession, clock: FixedClock):
    private = await make.channel(session, "house.private", is_private=True)
    await make.channel(session, "house.other", is_private=True)

    _, secret = await key_for(session, clock, Scope.FEED_READ, channels=["house.private"])

    assert (await keys.caller_of(session, secret, at=clock.now())).channel_ids == {private.id}


async def test_unknown_keys_and_wrong_secrets_look_alike(session: AsyncSession, clock: FixedClock):
    _, secret = await key_for(session, clock)
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    presented = [
        wrong,
        "hw_000000000000." + secret[16:],
        secret[3:],
        secret + "A",
        "hw_",
        "",
        "hw_\x00",
        secret.upper(),
    ]

    refusals = []
    for one in presented:
        with pytest.raises(keys.UnknownKey) as refused:
            await keys.caller_of(session, one, at=clock.now())
        refusals.append((refused.value.code, refused.value.message))

    assert set(refusals) == {("UNKNOWN_KEY", "This key is not known here; check that it was copied whole.")}


async def test_only_who_holds_the_secret_learns_that_a_key_is_over(session: AsyncSession, clock: FixedClock):
    _, expiring = await key_for(session, clock, expires_at=clock.now() + timedelta(hours=1))
    account, revoked = await key_for(session, clock)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)
    await keys.revoke(session, SYSTEM, key.uid, clock=clock)
    account, suspended = await key_for(session, clock)
    await accounts.suspend(session, SYSTEM, account.uid, reason="spam", clock=clock)
    clock.move(timedelta(hours=1))

    with_secret = [await code_of(session, secret, clock.now()) for secret in (expiring, revoked, suspended)]
    without = [await code_of(session, secret[:17] + "A" * 42, clock.now()) for secret in (expiring, revoked, suspended)]

    assert with_secret == ["EXPIRED_KEY", "REVOKED_KEY", "SUSPENDED_ACCOUNT"]
    assert set(without) == {"UNKNOWN_KEY"}


async def test_a_key_is_good_until_the_instant_it_expires(session: AsyncSession, clock: FixedClock):
    end = clock.now() + timedelta(hours=1)
    account, secret = await key_for(session, clock, expires_at=end)

    assert (await keys.caller_of(session, secret, at=end - timedelta(microseconds=1))).account_id == account.id
    assert await code_of(session, secret, end) == "EXPIRED_KEY"


async def test_the_key_of_an_erased_account_is_unknown(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock)
    account.erased_at = clock.now()
    await session.flush()

    assert await code_of(session, secret, clock.now()) == "UNKNOWN_KEY"


async def test_the_database_keeps_no_secret(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)
    entries = (await session.scalars(select(models.AuditEntry))).all()

    assert len(key.secret_hash) == 32
    assert len(secret) == len("hw_") + 12 + 1 + 43
    assert secret.partition(".")[2] not in repr([vars(row) for row in (key, *entries)])


async def test_two_keys_are_valid_at_once_while_one_is_rotated(session: AsyncSession, clock: FixedClock):
    private = await make.channel(session, "house.private", is_private=True)
    end = clock.now() + timedelta(days=90)
    account, old = await key_for(session, clock, Scope.FEED_READ, channels=["house.private"], expires_at=end)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)
    clock.move(timedelta(days=80))

    issued = await keys.rotate(session, SYSTEM, key.uid, clock=clock, overlap=timedelta(hours=2))

    assert issued.key.expires_at == clock.now() + timedelta(days=90)
    callers = [await keys.caller_of(session, secret, at=clock.now()) for secret in (old, issued.secret)]
    assert [(one.account_id, one.scopes, one.channel_ids) for one in callers] == [
        (account.id, {"feed:read"}, {private.id})
    ] * 2
    clock.move(timedelta(hours=2))
    assert await code_of(session, old, clock.now()) == "EXPIRED_KEY"
    assert (await keys.caller_of(session, issued.secret, at=clock.now())).account_id == account.id


async def test_rotating_never_makes_the_old_key_live_longer(session: AsyncSession, clock: FixedClock):
    soon = clock.now() + timedelta(minutes=5)
    account, old = await key_for(session, clock, expires_at=soon)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)

    await keys.rotate(session, SYSTEM, key.uid, clock=clock)

    assert await code_of(session, old, soon) == "EXPIRED_KEY"


async def test_a_key_that_is_over_cannot_be_rotated(session: AsyncSession, clock: FixedClock):
    account, _ = await key_for(session, clock)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)
    await keys.revoke(session, SYSTEM, key.uid, clock=clock)

    with pytest.raises(keys.KeyIsOver):
        await keys.rotate(session, SYSTEM, key.uid, clock=clock)

    assert len(await keys.of_account(session, SYSTEM, account.uid)) == 1


async def test_a_key_tends_keys_of_its_account_that_may_do_no_more(session: AsyncSession, clock: FixedClock):
    account, strong = await key_for(session, clock, Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH)
    await keys.create(session, SYSTEM, account.uid, "reader", [Scope.CONTENT_WRITE], clock=clock)
    weaker, stronger = await keys.of_account(session, SYSTEM, account.uid)
    caller = await keys.caller_of(session, strong, at=clock.now())
    weak = Caller(account_id=account.id, scopes=frozenset({Scope.CONTENT_WRITE}))

    with pytest.raises(Forbidden):
        await keys.rotate(session, weak, stronger.uid, clock=clock)
    issued = await keys.rotate(session, caller, weaker.uid, clock=clock)
    await keys.revoke(session, weak, weaker.uid, clock=clock)

    assert issued.key.scopes == ["content:write"]
    assert [key.revoked_at for key in await keys.of_account(session, caller, account.uid)] == [
        None,
        clock.now(),
        None,
    ]


async def test_keys_of_others_do_not_exist(session: AsyncSession, clock: FixedClock):
    account, _ = await key_for(session, clock)
    _, foreign = await key_for(session, clock)
    stranger = await keys.caller_of(session, foreign, at=clock.now())
    (key,) = await keys.of_account(session, SYSTEM, account.uid)

    for caller in (stranger, ANONYMOUS):
        with pytest.raises(keys.NoSuchKey):
            await keys.revoke(session, caller, key.uid, clock=clock)
        with pytest.raises(keys.NoSuchKey):
            await keys.rotate(session, caller, key.uid, clock=clock)
        with pytest.raises(callers.NoSuchAccount):
            await keys.of_account(session, caller, account.uid)
    assert key.revoked_at is None


async def test_only_operators_make_accounts_keys_and_identities(session: AsyncSession, clock: FixedClock):
    account, secret = await key_for(session, clock, Scope.CONTENT_WRITE)
    caller, creator = await keys.caller_of(session, secret, at=clock.now()), await make.creator(session)
    before = await session.scalar(select(func.count()).select_from(models.AuditEntry))

    with pytest.raises(MissingScope):
        await keys.create(session, caller, account.uid, "more", [], clock=clock)
    with pytest.raises(MissingScope):
        await accounts.create(session, caller, "Bob", clock=clock)
    with pytest.raises(MissingScope):
        await accounts.act_as(session, caller, account.uid, creator)
    with pytest.raises(MissingScope):
        await accounts.suspend(session, caller, account.uid, reason="spite", clock=clock)

    assert await session.scalar(select(func.count()).select_from(models.AuditEntry)) == before


async def test_an_account_gives_its_keys_no_more_than_it_calls_with(session: AsyncSession, clock: FixedClock):
    private = await make.channel(session, "house.private", is_private=True)
    account, secret = await key_for(session, clock, Scope.ACCOUNT_WRITE, Scope.CONTENT_WRITE)
    other = await accounts.create(session, SYSTEM, "Eve", clock=clock)
    caller = await keys.caller_of(session, secret, at=clock.now())

    made = await keys.create(session, caller, account.uid, "phone", [Scope.CONTENT_WRITE], clock=clock)
    scopes = [Scope.CONTENT_WRITE, Scope.CONTENT_PUBLISH, Scope.OPERATE]
    with pytest.raises(Invalid) as refused:
        await keys.create(session, caller, account.uid, "more", scopes, channels=[private.key], clock=clock)
    with pytest.raises(callers.NoSuchAccount):
        await keys.create(session, caller, other.uid, "theirs", [], clock=clock)

    assert made.key.scopes == ["content:write"]
    assert [(problem.code, problem.path) for problem in refused.value.problems] == [
        ("SCOPE_BEYOND_YOURS", ("scopes", 1)),
        ("SCOPE_BEYOND_YOURS", ("scopes", 2)),
        ("UNKNOWN_CHANNEL", ("channels", 0)),
    ]


async def test_everything_wrong_with_a_key_is_said_at_once(session: AsyncSession, clock: FixedClock):
    account = await accounts.create(session, SYSTEM, "Ada", clock=clock)

    with pytest.raises(Invalid) as refused:
        await keys.create(
            session,
            SYSTEM,
            account.uid,
            "laptop",
            ["fly", Scope.OPERATE],
            channels=["house.nowhere"],
            expires_at=clock.now(),
            clock=clock,
        )

    assert [(problem.code, problem.path) for problem in refused.value.problems] == [
        ("UNKNOWN_SCOPE", ("scopes", 0)),
        ("NOT_AN_OPERATOR", ("scopes", 1)),
        ("UNKNOWN_CHANNEL", ("channels", 0)),
        ("EXPIRES_IN_THE_PAST", ("expires_at",)),
    ]
    assert await keys.of_account(session, SYSTEM, account.uid) == []


async def test_a_key_opens_at_most_two_hundred_channels(session: AsyncSession, clock: FixedClock):
    account = await accounts.create(session, SYSTEM, "Ada", clock=clock)
    session.add_all(
        models.Channel(key=f"house.c{n}", kind=models.ChannelKind.PLATFORM, names={}, time_zone="UTC")
        for n in range(201)
    )
    await session.flush()
    named = [f"house.c{n}" for n in range(201)]

    made = await keys.create(session, SYSTEM, account.uid, "most", [], channels=named[:200], clock=clock)
    with pytest.raises(Invalid) as refused:
        await keys.create(session, SYSTEM, account.uid, "more", [], channels=named, clock=clock)

    assert len(made.key.channel_ids) == 200
    assert [problem.code for problem in refused.value.problems] == ["TOO_MANY_CHANNELS"]


async def test_an_operators_key_operates_for_as_long_as_its_account_does(session: AsyncSession, clock: FixedClock):
    secret = await accounts.first_operator(session, "Root", clock=clock)
    caller = await keys.caller_of(session, secret, at=clock.now())
    account = await session.get_one(models.Account, caller.account_id)

    await accounts.stop_acting_as(session, SYSTEM, account.uid, IdentityKind.OPERATOR)

    assert caller.is_operator
    after = await keys.caller_of(session, secret, at=clock.now())
    assert (after.is_operator, after.scopes) == (False, frozenset())


async def test_there_is_one_first_operator(session: AsyncSession, clock: FixedClock):
    first = await accounts.first_operator(session, "Root", clock=clock)

    with pytest.raises(accounts.OperatorExists):
        await accounts.first_operator(session, "Second", clock=clock)

    another = await accounts.first_operator(session, "Second", clock=clock, another=True)
    callers = [await keys.caller_of(session, secret, at=clock.now()) for secret in (first, another)]
    assert [one.is_operator for one in callers] == [True, True]
    assert callers[0].account_id != callers[1].account_id


async def test_a_database_whose_operators_lost_their_keys_gets_a_first_one_again(
    session: AsyncSession, clock: FixedClock
):
    secret = await accounts.first_operator(session, "Root", clock=clock)
    caller = await keys.caller_of(session, secret, at=clock.now())
    account = await session.get_one(models.Account, caller.account_id)
    (key,) = await keys.of_account(session, SYSTEM, account.uid)
    await keys.revoke(session, SYSTEM, key.uid, clock=clock)

    again = await accounts.first_operator(session, "Root", clock=clock)

    assert (await keys.caller_of(session, again, at=clock.now())).is_operator


async def test_a_suspended_account_hides_its_creators_and_brings_back_only_those(
    session: AsyncSession, clock: FixedClock
):
    account, secret = await key_for(session, clock)
    ada, bob = await make.creator(session, name="Ada"), await make.creator(session, name="Bob")
    for creator in (ada, bob):
        await accounts.act_as(session, SYSTEM, account.uid, creator)
    bob.suspended_at, bob.suspended_because = make.EARLY, "fraud"
    await session.flush()

    await accounts.suspend(session, SYSTEM, account.uid, reason="spam", clock=clock)
    assert (ada.suspended_at, bob.suspended_at) == (clock.now(), make.EARLY)
    assert await code_of(session, secret, clock.now()) == "SUSPENDED_ACCOUNT"

    await accounts.reinstate(session, SYSTEM, account.uid)
    assert (ada.suspended_at, bob.suspended_at) == (None, make.EARLY)
    assert (await keys.caller_of(session, secret, at=clock.now())).creator_ids == {ada.id, bob.id}


async def test_an_address_belongs_to_one_account_whatever_its_capitals(session: AsyncSession, clock: FixedClock):
    await accounts.create(session, SYSTEM, "Ada", email="ada@example.org", clock=clock)

    with pytest.raises(accounts.EmailTaken):
        await accounts.create(session, SYSTEM, "Other", email="ADA@example.org", clock=clock)
    with pytest.raises(Invalid):
        await accounts.create(session, SYSTEM, "Other", email="ada", clock=clock)
    with pytest.raises(Invalid):
        await accounts.create(session, SYSTEM, " \x07", clock=clock)


async def test_an_identity_is_given_once(session: AsyncSession, clock: FixedClock):
    account, creator = await accounts.create(session, SYSTEM, "Ada", clock=clock), await make.creator(session)

    first = await accounts.act_as(session, SYSTEM, account.uid, creator)
    second = await accounts.act_as(session, SYSTEM, account.uid, creator)
    operator = await accounts.act_as(session, SYSTEM, account.uid, IdentityKind.OPERATOR)

    assert first.id == second.id
    assert (operator.kind, operator.creator_id) == (IdentityKind.OPERATOR, None)
    with pytest.raises(Invalid):
        await accounts.act_as(session, SYSTEM, account.uid, IdentityKind.CREATOR)


async def test_a_key_is_read_in_one_statement_and_noted_once_a_minute(
    db: Database, session: AsyncSession, clock: FixedClock
):
    account, secret = await key_for(session, clock)
    counted: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *call: counted.append(call[2].split()[0]))

    for step in (0, 59, 1, 59):
        clock.move(timedelta(seconds=step))
        await keys.caller_of(session, secret, at=clock.now())

    assert counted == ["SELECT", "UPDATE", "SELECT", "SELECT", "UPDATE", "SELECT"]
    (used,) = await session.scalars(select(models.ApiKey.last_used_at).where(models.ApiKey.account_id == account.id))
    assert used == clock.now() - timedelta(seconds=59)


async def test_noting_a_use_never_waits_for_another(committed: Database, clock: FixedClock):
    async with committed.session() as session:
        account, secret = await key_for(session, clock)

    async with committed.session() as holding:
        await keys.caller_of(holding, secret, at=clock.now())
        async with committed.session() as other:
            caller = await keys.caller_of(other, secret, at=clock.now())

    assert caller.account_id == account.id


async def test_development_keys_are_made_once(db: Database, session: AsyncSession, clock: FixedClock, tmp_path: Path):
    creator = await make.creator(session, handle="ada")
    private = await make.channel(session, "house.private", is_private=True)
    file = tmp_path / "data folder" / "keys.json"

    made = await development_keys(db, file, clock=clock)
    again = await development_keys(db, file, clock=clock)

    assert again == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]
    assert orjson.loads(file.read_bytes()) == {
        "operator": made.operator,
        "integration": made.integration,
        "author": made.author,
        "author_handle": "ada",
    }
    operator, integration, author = [
        await keys.caller_of(session, secret, at=clock.now())
        for secret in (made.operator, made.integration, made.author or "")
    ]
    assert operator.is_operator
    assert (integration.scopes, integration.channel_ids) == ({"feed:read", "delivery:write"}, {private.id})
    assert author.creator_ids == {creator.id}
    assert author.scopes == {"content:write", "content:publish", "creator:write", "engagement:write", "account:write"}
    assert await session.scalar(select(func.count()).select_from(models.ApiKey)) == 3


async def test_development_keys_follow_a_database_that_was_made_anew(
    db: Database, session: AsyncSession, clock: FixedClock, tmp_path: Path
):
    file = tmp_path / "keys.json"
    file.write_text('{"operator": "hw_0123456789ab.' + "A" * 43 + '", "integration": 3}')
    file.chmod(0o644)

    made = await development_keys(db, file, clock=clock)

    assert (made.author, made.author_handle) == (None, None)
    assert (await keys.caller_of(session, made.operator, at=clock.now())).is_operator
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    await make.creator(session, handle="ada")
    later = await development_keys(db, file, clock=clock)
    assert (later.operator, later.integration, later.author_handle) == (made.operator, made.integration, "ada")


async def test_a_lost_file_ends_the_keys_that_stood_in_it(
    db: Database, session: AsyncSession, clock: FixedClock, tmp_path: Path
):
    file = tmp_path / "keys.json"
    made = await development_keys(db, file, clock=clock)
    file.write_text("{")

    again = await development_keys(db, file, clock=clock)

    assert again.operator != made.operator
    assert await code_of(session, made.operator, clock.now()) == "REVOKED_KEY"


async def test_a_key_of_before_a_scope_was_needed_is_made_anew(
    db: Database, session: AsyncSession, clock: FixedClock, tmp_path: Path
):
    await make.creator(session, handle="ada")
    file = tmp_path / "keys.json"
    made = await development_keys(db, file, clock=clock)
    narrow = update(models.ApiKey).where(models.ApiKey.scopes.any_() == "engagement:write")
    await session.execute(narrow.values(scopes=["content:write"]))

    again = await development_keys(db, file, clock=clock)

    assert (again.operator, again.integration) == (made.operator, made.integration)
    assert again.author is not None
    assert "engagement:write" in (await keys.caller_of(session, again.author, at=clock.now())).scopes
    assert await code_of(session, made.author or "", clock.now()) == "REVOKED_KEY"


async def test_a_readable_key_file_is_closed_again(db: Database, clock: FixedClock, tmp_path: Path):
    file = tmp_path / "keys.json"
    made = await development_keys(db, file, clock=clock)
    file.chmod(0o644)

    assert await development_keys(db, file, clock=clock) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_development_keys_that_cannot_be_kept_are_not_made(
    db: Database, session: AsyncSession, clock: FixedClock, tmp_path: Path
):
    with pytest.raises(Misconfigured, match="HEADWATER_DATA: the development keys cannot be kept at"):
        await development_keys(db, tmp_path, clock=clock)

    assert await session.scalar(select(func.count()).select_from(models.ApiKey)) == 0
