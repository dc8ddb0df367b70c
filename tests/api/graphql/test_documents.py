"""Applications and their documents over GraphQL: created, registered, listed, removed; each bad document named at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.ids import global_id, new_uid
from services import documents
from tests import make
from tests.api.graphql.asking import Asking

PROBLEMS = "... on Refused { problems { code message path } }"
CREATE = f"""
mutation ($input: CreateApplicationInput!) {{
  createApplication(input: $input) {{ ... on CreateApplicationPayload {{ application {{ id key name }} }} {PROBLEMS} }}
}}"""
REGISTER = f"""
mutation ($input: RegisterDocumentsInput!) {{
  registerDocuments(input: $input) {{
    ... on RegisterDocumentsPayload {{ addedCount documentIds application {{ documents(first: 9) {{ totalCount }} }} }}
    {PROBLEMS}
  }}
}}"""
REMOVE = f"""
mutation ($input: RemoveDocumentsInput!) {{
  removeDocuments(input: $input) {{
    ... on RemoveDocumentsPayload {{ removedCount application {{ documents(first: 9) {{ totalCount }} }} }}
    {PROBLEMS}
  }}
}}"""
LIST = """
{ applications(first: 10) { totalCount nodes { key documents(first: 10) { nodes { documentId name text } } } } }"""
A, B = "query A { __typename }", "{ viewer { name } }"


async def developer(session: AsyncSession) -> Caller:
    account = await make.account(session)
    return Caller(name="dev", account_id=account.id, scopes=frozenset({Scope.DOCUMENT_WRITE}))


@pytest.fixture
async def dev(api: Asking, session: AsyncSession) -> Asking:
    return api.as_(await developer(session))


async def created(dev: Asking, key: str = "shop") -> str:
    data = await dev.data(CREATE, input={"key": key, "name": "Shop"})
    return str(data["createApplication"]["application"]["id"])


def sent(application: str, *texts: str, **more: Any) -> dict[str, Any]:
    return {"applicationId": application, "documents": [{"text": text} for text in texts]} | more


async def test_documents_are_registered_listed_and_removed(dev: Asking) -> None:
    application = await created(dev)
    ids = [f"sha256:{documents.digest(text).hex()}" for text in (A, B, A)]

    registered = (await dev.data(REGISTER, input=sent(application, A, B, A)))["registerDocuments"]
    again = (await dev.data(REGISTER, input=sent(application, B)))["registerDocuments"]
    listed = await dev.data(LIST)
    removed = (await dev.data(REMOVE, input={"applicationId": application, "documentIds": ids}))["removeDocuments"]

    assert registered == {"addedCount": 2, "documentIds": ids, "application": {"documents": {"totalCount": 2}}}
    assert again["addedCount"] == 0
    assert listed["applications"]["totalCount"] == 1
    (shown,) = listed["applications"]["nodes"]
    assert shown["key"] == "shop"
    assert sorted(shown["documents"]["nodes"], key=lambda one: str(one["name"])) == [
        {"documentId": ids[1], "name": "", "text": B},
        {"documentId": ids[0], "name": "A", "text": A},
    ]
    assert removed == {"removedCount": 2, "application": {"documents": {"totalCount": 0}}}


async def test_every_bad_document_is_named_and_none_is_registered(dev: Asking, session: AsyncSession) -> None:
    application = await created(dev)
    deep = "{ " + "a { " * 40 + "b" + " }" * 41
    texts = [A, "{", "{ nothing }", "fragment f on Query { viewer { name } }", deep, "", "{ __typename } " * 2, B]

    refused = await dev.data(REGISTER, input=sent(application, *texts))

    assert [(one["code"], one["path"]) for one in refused["registerDocuments"]["problems"]] == [
        ("SYNTAX_ERROR", ["input", "documents", "1", "text"]),
        ("VALIDATION_FAILED", ["input", "documents", "2", "text"]),
        ("VALIDATION_FAILED", ["input", "documents", "3", "text"]),
        ("TOO_DEEP", ["input", "documents", "4", "text"]),
        ("SYNTAX_ERROR", ["input", "documents", "5", "text"]),
        ("VALIDATION_FAILED", ["input", "documents", "6", "text"]),
    ]
    assert refused["registerDocuments"]["problems"][1]["message"].endswith("(line 1)")
    assert await session.scalar(select(func.count()).select_from(models.TrustedDocument)) == 0


async def test_what_an_installation_allows_is_a_setting(dev: Asking, session: AsyncSession) -> None:
    application = await created(dev)
    small = dev.set(trusted_documents=1)

    refused = await small.data(REGISTER, input=sent(application, A, B))
    taken = await small.data(REGISTER, input=sent(application, A))
    too_large = await dev.set(trusted_document_bytes=len(A) + len(B) - 1).data(REGISTER, input=sent(application, B))

    assert [one["code"] for one in refused["registerDocuments"]["problems"]] == ["TOO_MANY_DOCUMENTS"]
    assert taken["registerDocuments"]["addedCount"] == 1
    assert [one["code"] for one in too_large["registerDocuments"]["problems"]] == ["DOCUMENTS_TOO_LARGE"]
    assert list(await session.scalars(select(models.TrustedDocument.text))) == [A]


async def test_a_registration_is_bounded_at_once(dev: Asking) -> None:
    application = await created(dev)

    many = await dev.data(REGISTER, input=sent(application, *[A] * 101))
    removal = await dev.data(REMOVE, input={"applicationId": application, "documentIds": ["x"] * 101})

    assert [(one["code"], one["path"]) for one in many["registerDocuments"]["problems"]] == [
        ("TOO_MANY_ITEMS", ["input", "documents"])
    ]
    assert [(one["code"], one["path"]) for one in removal["removeDocuments"]["problems"]] == [
        ("TOO_MANY_ITEMS", ["input", "documentIds"])
    ]


async def test_bad_ids_are_all_named(dev: Asking) -> None:
    wrong = global_id("Content", new_uid())

    refused = await dev.data(REMOVE, input={"applicationId": wrong, "documentIds": ["x", "sha256:" + "0" * 64, "y"]})

    assert [(one["code"], one["path"]) for one in refused["removeDocuments"]["problems"]] == [
        ("WRONG_ID_TYPE", ["input", "applicationId"]),
        ("MALFORMED_DOCUMENT_ID", ["input", "documentIds", "0"]),
        ("MALFORMED_DOCUMENT_ID", ["input", "documentIds", "2"]),
    ]


async def test_applications_of_others_do_not_exist(api: Asking, dev: Asking, session: AsyncSession) -> None:
    application = await created(dev)
    await dev.data(REGISTER, input=sent(application, A))
    stranger = api.as_(await developer(session))
    absent = global_id("Application", new_uid())

    for mutation, name, more in [
        (REGISTER, "registerDocuments", {"documents": [{"text": A}]}),
        (REMOVE, "removeDocuments", {"documentIds": [f"sha256:{documents.digest(A).hex()}"]}),
    ]:
        foreign = await stranger.data(mutation, input={"applicationId": application} | more)
        unknown = await stranger.data(mutation, input={"applicationId": absent} | more)
        assert foreign == unknown
        assert [(one["code"], one["path"]) for one in foreign[name]["problems"]] == [
            ("NO_SUCH_APPLICATION", ["input", "applicationId"])
        ]
    assert await stranger.data(LIST) == {"applications": {"totalCount": 0, "nodes": []}}
    assert await stranger.data("query ($id: ID!) { node(id: $id) { id } }", id=application) == {"node": None}
    assert (await api.as_(make.operator()).data(LIST))["applications"]["totalCount"] == 1
    assert await api.codes(LIST) == ["NOT_SIGNED_IN"]


async def test_registering_needs_its_scope(dev: Asking) -> None:
    application = await created(dev)
    narrow = dev.as_(dataclasses.replace(dev.caller, scopes=frozenset()))

    refused = await narrow.data(REGISTER, input=sent(application, A))

    assert [one["code"] for one in refused["registerDocuments"]["problems"]] == ["MISSING_SCOPE"]
    assert "document:write" in refused["registerDocuments"]["problems"][0]["message"]


async def test_the_same_key_registers_once(dev: Asking) -> None:
    application = await created(dev)
    first = await dev.data(REGISTER, input=sent(application, A, idempotencyKey="deploy-7"))

    assert await dev.data(REGISTER, input=sent(application, A, idempotencyKey="deploy-7")) == first
    assert first["registerDocuments"]["addedCount"] == 1
