"""Documents that are known beforehand: whose they are, how many there may be, and which are forgotten first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM, Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError
from core.ids import new_uid
from services import access, documents
from services.documents import Bounds, NewDocument
from tests import make

PLENTY = Bounds(100, 1_000_000)
A, B, C = (NewDocument(f"query {name} {{ __typename }}", name) for name in "ABC")


async def developer(session: AsyncSession, *scopes: Scope) -> Caller:
    account = await make.account(session)
    return Caller(name="dev", account_id=account.id, scopes=frozenset(scopes or (Scope.DOCUMENT_WRITE,)))


async def texts(session: AsyncSession, application: models.Application) -> set[str]:
    table = models.TrustedDocument
    return set(await session.scalars(select(table.text).where(table.application_id == application.id)))


async def audited(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id)))


async def test_an_application_is_tended_by_the_account_that_made_it(session: AsyncSession):
    caller = await developer(session)
    stranger = await developer(session)

    made = await documents.create_application(session, caller, "shop-web", " Shop ")

    assert (made.key, made.name, made.account_id) == ("shop-web", "Shop", caller.account_id)
    for who, sees in [(caller, True), (SYSTEM, True), (make.operator(), True), (stranger, False), (Caller(), False)]:
        assert bool(await documents.by_uids(session, who, [made.uid])) is sees
    assert await audited(session) == ["application.created"]


@pytest.mark.parametrize(
    ("key", "name", "code"),
    [
        ("taken", "Shop", "APPLICATION_EXISTS"),
        ("", "Shop", "MALFORMED_APPLICATION_KEY"),
        ("Shop", "Shop", "MALFORMED_APPLICATION_KEY"),
        ("-shop", "Shop", "MALFORMED_APPLICATION_KEY"),
        ("a" * 65, "Shop", "MALFORMED_APPLICATION_KEY"),
        ("shop", " ", "MALFORMED_NAME"),
    ],
)
async def test_an_application_has_a_key_of_its_own(session: AsyncSession, key: str, name: str, code: str):
    caller = await developer(session)
    await documents.create_application(session, SYSTEM, "taken", "Other")

    with pytest.raises(DomainError) as refused:
        await documents.create_application(session, caller, key, name)

    assert refused.value.code == code
    assert await session.scalar(select(func.count()).select_from(models.Application)) == 1


async def test_an_account_tends_a_bounded_number_of_applications(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(documents, "MOST_APPLICATIONS", 2)
    caller = await developer(session)
    for key in ("a", "b"):
        await documents.create_application(session, caller, key, "Shop")

    with pytest.raises(documents.TooManyApplications):
        await documents.create_application(session, caller, "c", "Shop")
    await documents.create_application(session, replace(caller, scopes=frozenset({Scope.OPERATE})), "c", "Shop")


async def test_registering_again_changes_nothing(session: AsyncSession):
    caller = await developer(session)
    made = await documents.create_application(session, caller, "shop", "Shop")

    first = await documents.register(session, caller, made.uid, [A, B, A], bounds=PLENTY)
    again = await documents.register(session, caller, made.uid, [B, C], bounds=PLENTY)
    once_more = await documents.register(session, caller, made.uid, [A, B, C], bounds=PLENTY)
    nothing = await documents.register(session, caller, made.uid, [], bounds=PLENTY)

    assert [done.added for done in (first, again, once_more, nothing)] == [2, 1, 0, 0]
    assert await texts(session, made) == {A.text, B.text, C.text}
    assert await documents.trusted_text(session, documents.digest(B.text)) == B.text
    assert (await audited(session)).count("documents.registered") == 2


async def test_the_same_document_of_two_applications_outlives_one_of_them(session: AsyncSession):
    one = await documents.create_application(session, SYSTEM, "one", "One")
    two = await documents.create_application(session, SYSTEM, "two", "Two")
    for made in (one, two):
        await documents.register(session, SYSTEM, made.uid, [A], bounds=PLENTY)

    removed = await documents.remove(session, SYSTEM, one.uid, [documents.digest(A.text), documents.digest(B.text)])
    still = await documents.trusted_text(session, documents.digest(A.text))
    await documents.remove(session, SYSTEM, two.uid, [documents.digest(A.text)])

    assert removed.removed == 1
    assert still == A.text
    assert await documents.trusted_text(session, documents.digest(A.text)) is None


@pytest.mark.parametrize(
    ("bounds", "code"),
    [(Bounds(1, 1_000), "TOO_MANY_DOCUMENTS"), (Bounds(9, 2 * len(A.text) - 1), "DOCUMENTS_TOO_LARGE")],
)
async def test_documents_are_taken_up_to_their_bounds_and_none_beyond(session: AsyncSession, bounds: Bounds, code: str):
    made = await documents.create_application(session, SYSTEM, "shop", "Shop")
    await documents.register(session, SYSTEM, made.uid, [A], bounds=bounds)

    async with session.begin_nested() as attempt:
        with pytest.raises(DomainError) as refused:
            await documents.register(session, SYSTEM, made.uid, [B], bounds=bounds)
        await attempt.rollback()
    at_the_bound = Bounds(2, 2 * len(A.text))
    await documents.register(session, SYSTEM, made.uid, [B], bounds=at_the_bound)

    assert refused.value.code == code
    assert await texts(session, made) == {A.text, B.text}


async def test_nobody_registers_for_others(session: AsyncSession):
    owner, stranger = await developer(session), await developer(session)
    made = await documents.create_application(session, owner, "shop", "Shop")
    too_narrow = replace(owner, scopes=frozenset({Scope.CONTENT_WRITE}))

    for caller, uid, expected in [
        (stranger, made.uid, documents.NoSuchApplication),
        (owner, new_uid(), documents.NoSuchApplication),
        (too_narrow, made.uid, access.MissingScope),
    ]:
        with pytest.raises(expected):
            await documents.register(session, caller, uid, [A], bounds=PLENTY)
        with pytest.raises(expected):
            await documents.remove(session, caller, uid, [documents.digest(A.text)])
    with pytest.raises(access.MissingScope):
        await documents.create_application(session, too_narrow, "other", "Other")
    assert await texts(session, made) == set()


async def test_of_remembered_documents_the_longest_unused_is_forgotten(session: AsyncSession, clock: FixedClock):
    async def remember(document: NewDocument) -> None:
        clock.at += timedelta(minutes=2)
        await documents.remember(session, document.text, most=2, clock=clock)

    async def remembered() -> set[str]:
        return set(await session.scalars(select(models.PersistedQuery.text)))

    await remember(A)
    await remember(B)
    clock.at += timedelta(minutes=2)
    assert await documents.known_text(session, documents.digest(A.text), clock=clock) == A.text
    await remember(C)

    assert await remembered() == {A.text, C.text}
    await remember(A)
    await remember(B)
    assert await remembered() == {A.text, B.text}
    assert await documents.known_text(session, documents.digest(C.text), clock=clock) is None


async def test_what_two_remember_at_once_stays_bounded(committed: Database, clock: FixedClock):
    async def remember(document: NewDocument) -> None:
        async with committed.session() as session:
            await documents.remember(session, document.text, most=1, clock=clock)

    async with committed.session() as first:
        await documents.remember(first, A.text, most=1, clock=clock)
        # whoever does not wait for the first sees nothing of it, and would leave both
        second = asyncio.create_task(remember(B))
        await asyncio.wait({second}, timeout=0.2)
    await second

    async with committed.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.PersistedQuery)) == 1


async def test_sets_that_are_registered_at_once_stay_bounded_too(committed: Database):
    bounds = Bounds(4, 1_000_000)
    async with committed.session() as session:
        made = await documents.create_application(session, SYSTEM, "shop", "Shop")

    async def register(number: int) -> bool:
        pair = [NewDocument(f"query Q{number}{part} {{ __typename }}") for part in "ab"]
        try:
            async with committed.session() as session:
                await documents.register(session, SYSTEM, made.uid, pair, bounds=bounds)
        except documents.TooManyDocuments:
            return False
        return True

    done = await asyncio.gather(*(register(number) for number in range(5)))

    async with committed.session() as session:
        assert sum(done) == 2
        assert len(await texts(session, made)) == 4
