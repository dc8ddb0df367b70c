"""Accounts and their keys over GraphQL: made, changed, rotated, ended; the secret is seen once and kept nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.ids import global_id, new_uid
from services import keys
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code path } }"
CREATE = f"""
mutation ($input: CreateApiKeyInput!) {{
  createApiKey(input: $input) {{
    ... on CreateApiKeyPayload {{ secret apiKey {{ id name prefix scopes revokedAt }} }}
    {PROBLEMS}
  }}
}}"""
ROTATE = f"""
mutation ($input: RotateApiKeyInput!) {{
  rotateApiKey(input: $input) {{ ... on RotateApiKeyPayload {{ secret apiKey {{ id name }} }} {PROBLEMS} }}
}}"""
REVOKE = f"""
mutation ($input: RevokeApiKeyInput!) {{
  revokeApiKey(input: $input) {{ ... on RevokeApiKeyPayload {{ apiKey {{ revokedAt }} }} {PROBLEMS} }}
}}"""
ACCOUNT = f"""
mutation ($input: CreateAccountInput!) {{
  createAccount(input: $input) {{ ... on CreateAccountPayload {{ account {{ id name email isSuspended }} }} {PROBLEMS} }}
}}"""
UPDATE = f"""
mutation ($input: UpdateAccountInput!) {{
  updateAccount(input: $input) {{ ... on UpdateAccountPayload {{ account {{ name email }} }} {PROBLEMS} }}
}}"""


async def person(session: AsyncSession, *scopes: Scope) -> tuple[models.Account, Caller]:
    account = await make.account(session)
    return account, Caller(name="ada", account_id=account.id, scopes=frozenset(scopes or (Scope.ACCOUNT_WRITE,)))


async def test_a_key_is_made_seen_once_and_opens_the_door(api: Asking, session: AsyncSession, clock: FixedClock):
    account, caller = await person(session, Scope.ACCOUNT_WRITE, Scope.FEED_READ)
    asked = {
        "accountId": global_id("Account", account.uid),
        "name": "phone",
        "scopes": ["feed:read"],
        "idempotencyKey": "k",
    }

    made = (await api.as_(caller).data(CREATE, input=asked))["createApiKey"]
    again = (await api.as_(caller).data(CREATE, input=asked))["createApiKey"]

    assert made["apiKey"] == again["apiKey"]
    assert again["secret"] is None
    behind = await keys.caller_of(session, made["secret"], at=clock.now())
    assert (behind.account_id, behind.scopes) == (account.id, {"feed:read"})
    secret = made["secret"].partition(".")[2]
    assert secret not in str((await session.execute(text("SELECT * FROM idempotency_keys"))).all())


async def test_a_key_is_rotated_and_revoked_by_its_account(api: Asking, session: AsyncSession, clock: FixedClock):
    account, caller = await person(session)
    issued = await keys.create(session, caller, account.uid, "phone", [], clock=clock)
    old = global_id("ApiKey", issued.key.uid)

    new = (await api.as_(caller).data(ROTATE, input={"apiKeyId": old}))["rotateApiKey"]
    ended = await api.as_(caller).data(REVOKE, input={"apiKeyId": old})

    assert new["apiKey"]["name"] == "phone"
    assert new["apiKey"]["id"] != old
    assert ended["revokeApiKey"]["apiKey"]["revokedAt"] == clock.now().isoformat()
    assert (await keys.caller_of(session, new["secret"], at=clock.now())).account_id == account.id
    with pytest.raises(keys.RevokedKey):
        await keys.caller_of(session, issued.secret, at=clock.now())


async def test_nobody_tends_the_keys_or_account_of_another(api: Asking, session: AsyncSession, clock: FixedClock):
    account, ada = await person(session)
    _, eve = await person(session)
    issued = await keys.create(session, ada, account.uid, "phone", [], clock=clock)
    key, theirs = {"apiKeyId": global_id("ApiKey", issued.key.uid)}, {"accountId": global_id("Account", account.uid)}
    nothing, nobody = {"apiKeyId": global_id("ApiKey", new_uid())}, {"accountId": global_id("Account", new_uid())}

    async def codes(document: str, sent: dict[str, Any]) -> list[tuple[str, list[str]]]:
        (answer,) = (await api.as_(eve).data(document, input=sent)).values()
        return [(problem["code"], problem["path"]) for problem in answer["problems"]]

    for document, foreign, unknown in (
        (ROTATE, key, nothing),
        (REVOKE, key, nothing),
        (CREATE, theirs | {"name": "x", "scopes": []}, nobody | {"name": "x", "scopes": []}),
        (UPDATE, theirs | {"name": "Eve"}, nobody | {"name": "Eve"}),
    ):
        assert await codes(document, foreign) == await codes(document, unknown)

    row = await session.get_one(models.ApiKey, issued.key.id, populate_existing=True)
    assert (row.revoked_at, account.name) == (None, "Ada")
    seen = await api.as_(eve).data(
        "query ($id: ID!) { node(id: $id) { id } viewer { account { apiKeys(first: 5) { nodes { id } } } } }",
        id=global_id("Account", account.uid),
    )
    assert seen == {"node": None, "viewer": {"account": {"apiKeys": {"nodes": []}}}}


async def test_whoever_lacks_the_scope_learns_its_name_before_anything_else(api: Asking, session: AsyncSession):
    _, caller = await person(session, Scope.FEED_READ)
    asked = {"accountId": "nonsense", "name": "", "scopes": []}

    without = await api.as_(caller).data(CREATE, input=asked)
    stranger = await api.data(CREATE, input=asked)

    assert without["createApiKey"]["problems"] == [{"code": "MISSING_SCOPE", "path": []}]
    assert stranger["createApiKey"]["problems"] == [{"code": "NOT_SIGNED_IN", "path": []}]


async def test_operators_make_accounts(api: Asking, session: AsyncSession):
    operator = api.as_((await person(session, Scope.OPERATE))[1])
    _, caller = await person(session)

    made = await operator.data(ACCOUNT, input={"name": "Bo", "email": "bo@example.org"})
    taken = await operator.data(ACCOUNT, input={"name": "Bo", "email": "BO@example.org"})
    refused = await api.as_(caller).data(ACCOUNT, input={"name": "Bo"})

    assert made["createAccount"]["account"].items() >= {"name": "Bo", "isSuspended": False}.items()
    assert taken["createAccount"]["problems"] == [{"code": "EMAIL_TAKEN", "path": ["input", "email"]}]
    assert refused["createAccount"]["problems"] == [{"code": "OPERATORS_ONLY", "path": []}]


async def test_an_account_changes_what_it_names_and_nothing_else(api: Asking, session: AsyncSession):
    account, caller = await person(session)
    subject = {"accountId": global_id("Account", account.uid)}

    named = await api.as_(caller).data(UPDATE, input=subject | {"name": " Ada L. ", "email": "ada@example.org"})
    kept = await api.as_(caller).data(UPDATE, input=subject)
    without = await api.as_(caller).data(UPDATE, input=subject | {"email": None})
    refused = await api.as_(caller).data(UPDATE, input=subject | {"name": ""})

    assert named["updateAccount"]["account"] == {"name": "Ada L.", "email": "ada@example.org"}
    assert kept == named
    assert without["updateAccount"]["account"] == {"name": "Ada L.", "email": None}
    nowhere = await api.as_(caller).data(UPDATE, input=subject | {"email": "nowhere"})
    assert refused["updateAccount"]["problems"] == [{"code": "MALFORMED_NAME", "path": ["input", "name"]}]
    assert nowhere["updateAccount"]["problems"] == [{"code": "MALFORMED_EMAIL", "path": ["input", "email"]}]
    (entry,) = (
        await session.scalars(
            select(models.AuditEntry.actor).where(models.AuditEntry.action == "account.updated").limit(1)
        )
    ).all()
    assert entry == "ada"


async def test_a_viewer_sees_its_account_and_who_acts_for_it(api: Asking, session: AsyncSession, clock: FixedClock):
    account, caller = await person(session)
    await keys.create(session, caller, account.uid, "phone", [], clock=clock)
    document = "{ viewer { name actedBy account { name uid apiKeys(first: 5) { totalCount nodes { name } } } } }"

    viewer = (await api.as_(caller).data(document))["viewer"]

    assert viewer == {
        "name": "ada",
        "actedBy": None,
        "account": {
            "name": "Ada",
            "uid": str(account.uid),
            "apiKeys": {"totalCount": 1, "nodes": [{"name": "phone"}]},
        },
    }
