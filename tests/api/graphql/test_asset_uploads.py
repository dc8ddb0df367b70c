"""Uploads over GraphQL: announced, sent to the address that is answered, completed, given up, and fetched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id, new_uid
from core.store import Store
from services import signatures
from services.assets import uploading
from services.assets.receiving import Receiver
from tests import make
from tests.api.graphql.asking import Asking
from tests.services.assets.arriving import HASH, PICTURE, body, looked_at
from tests.services.assets.test_uploading import LIMITS

UPLOAD = """
    id state fileName mediaType byteCount receivedCount expiresAt address failure { code message }
    creator { handle } asset { id width alternativeText }
"""
CREATE = f"""mutation ($input: CreateAssetUploadInput!) {{ createAssetUpload(input: $input) {{
    ... on CreateAssetUploadPayload {{ upload {{ {UPLOAD} }} }} ... on Refused {{ problems {{ code path }} }} }} }}"""
IMPORT = f"""mutation ($input: ImportAssetInput!) {{ importAsset(input: $input) {{
    ... on ImportAssetPayload {{ upload {{ {UPLOAD} }} }} ... on Refused {{ problems {{ code path }} }} }} }}"""
COMPLETE = f"""mutation ($input: CompleteAssetUploadInput!) {{ completeAssetUpload(input: $input) {{
    ... on CompleteAssetUploadPayload {{ upload {{ {UPLOAD} }} }} ... on Refused {{ problems {{ code path }} }} }} }}"""
CANCEL = """mutation ($input: CancelAssetUploadInput!) { cancelAssetUpload(input: $input) {
    ... on CancelAssetUploadPayload { upload { state address } } ... on Refused { problems { code path } } } }"""
ONE = f"query ($id: ID!) {{ assetUpload(id: $id) {{ {UPLOAD} }} node(id: $id) {{ id }} }}"
LIST = "{ viewer { assetUploads(first: 10) { nodes { fileName state } } } }"


class Ada:
    """A creator who asks GraphQL, and sends bytes as its addresses take them."""

    def __init__(self, api: Asking, caller: Caller, creator: models.Creator, receiver: Receiver) -> None:
        self.api, self.caller, self.creator, self.receiver = api.as_(caller), caller, creator, receiver

    async def create(self, **known: Any) -> dict[str, Any]:
        sent = {
            "creatorId": global_id("Creator", self.creator.uid),
            "fileName": "a/tea.png",
            "byteCount": len(PICTURE),
        } | known
        return await self.do(CREATE, **sent)

    async def do(self, document: str, **sent: Any) -> dict[str, Any]:
        (answer,) = (await self.api.data(document, input=sent)).values()
        found: dict[str, Any] = answer.get("upload") or {"problems": answer["problems"]}
        return found

    async def send(self, upload: dict[str, Any], content: bytes = PICTURE) -> None:
        async with self.receiver.db.session() as session:
            secret = await signatures.secret_of(session)
        uid = uploading.uid_of(secret, upload["address"].rpartition("/")[2])
        await self.receiver.receive(uid, 0, body(content))

    async def probe(self, **values: Any) -> None:
        await looked_at(self.receiver.db, self.receiver.store, self.receiver.clock, **values)


@pytest.fixture
async def ada(api: Asking, session: AsyncSession, db: Database, clock: FixedClock, store: Store) -> Ada:
    await make.instance(session)
    creator = await make.creator(session)
    receiver = Receiver(db, store, LIMITS, 24, clock)
    return Ada(replace(api, store=store), await make.author(session, creator), creator, receiver)


async def test_a_file_is_announced_sent_completed_and_an_asset(ada: Ada):
    begun = await ada.create(alternativeText="A pot of tea", mediaType="image/png")
    await ada.send(begun)
    waiting = await ada.do(COMPLETE, uploadId=begun["id"], waitSeconds=0)
    await ada.probe()
    done = await ada.do(COMPLETE, uploadId=begun["id"])

    assert (begun["state"], begun["fileName"], begun["receivedCount"]) == ("RECEIVING", "tea.png", 0)
    assert begun["expiresAt"] == "2026-11-25T08:00:00+00:00"
    assert (begun["creator"]["handle"], begun["asset"], begun["failure"]) == (ada.creator.handle, None, None)
    assert (waiting["state"], waiting["receivedCount"], waiting["address"]) == ("PROBING", len(PICTURE), None)
    assert (done["state"], done["asset"]["width"], done["asset"]["alternativeText"]) == ("READY", 16, "A pot of tea")


async def test_completing_waits_for_the_prober(ada: Ada):
    begun = await ada.create()
    await ada.send(begun)

    done, _ = await asyncio.gather(ada.do(COMPLETE, uploadId=begun["id"]), ada.probe())

    assert done["state"] == "READY"


async def test_a_refused_file_says_why_in_the_language_of_who_asks(ada: Ada):
    begun = await ada.create()
    await ada.send(begun)
    await ada.probe(probe_state="REFUSED", probe_failure="BROKEN_FILE", probed_at=None)

    english = await ada.do(COMPLETE, uploadId=begun["id"])
    async with ada.api.client() as client:
        asked = {"query": ONE, "variables": {"id": begun["id"]}}
        answer = await client.post("/graphql", json=asked, headers={"Accept-Language": "zh"})

    assert (english["state"], english["asset"], english["failure"]["code"]) == ("REFUSED", None, "BROKEN_FILE")
    assert english["failure"]["message"].startswith("The file is broken or cut short")
    assert answer.json()["data"]["assetUpload"]["failure"]["message"].startswith("文件已损坏")


async def test_an_upload_with_bytes_missing_is_not_completed(ada: Ada):
    begun = await ada.create()

    assert await ada.do(COMPLETE, uploadId=begun["id"]) == {"problems": [{"code": "UPLOAD_INCOMPLETE", "path": []}]}


@pytest.mark.parametrize("what", [COMPLETE, CANCEL])
async def test_an_upload_that_is_not_there_is_pointed_at(ada: Ada, what: str):
    unknown = global_id("AssetUpload", new_uid())

    assert await ada.do(what, uploadId=unknown) == {
        "problems": [{"code": "NO_SUCH_UPLOAD", "path": ["input", "uploadId"]}]
    }


async def test_own_bytes_need_not_be_sent_again(ada: Ada):
    begun = await ada.create()
    await ada.send(begun)
    await ada.probe()

    again = await ada.create(sha256=HASH.hex().upper())

    assert (again["state"], again["address"], again["asset"]["width"]) == ("READY", None, 16)


async def test_the_same_key_announces_once(ada: Ada, session: AsyncSession):
    first = await ada.create(idempotencyKey="one")
    second = await ada.create(idempotencyKey="one")

    assert first == second
    assert len((await session.scalars(select(models.AssetUpload.id))).all()) == 1


async def test_a_cancelled_upload_takes_nothing(ada: Ada):
    begun = await ada.create()

    assert await ada.do(CANCEL, uploadId=begun["id"]) == {"state": "EXPIRED", "address": None}


async def test_everything_wrong_is_told_at_once(ada: Ada):
    told = await ada.create(
        creatorId="x",
        folderId="y",
        sha256="z",
        byteCount=0,
        mediaType="text/html",
        tags=["x"],
        expiresAt="2026-01-01T00:00:00Z",
    )

    assert sorted((one["code"], one["path"]) for one in told["problems"]) == [
        ("EMPTY_FILE", ["input", "byteCount"]),
        ("EXPIRES_IN_THE_PAST", ["input", "expiresAt"]),
        ("MALFORMED_ID", ["input", "creatorId"]),
        ("MALFORMED_ID", ["input", "folderId"]),
        ("MALFORMED_SHA256", ["input", "sha256"]),
        ("MALFORMED_TAG_CODE", ["input", "tags", "0"]),
        ("UNSUPPORTED_FILE", ["input", "mediaType"]),
    ]


async def test_a_file_of_the_house_is_for_operators(ada: Ada, api: Asking):
    told = await ada.create(creatorId=None)

    assert told == {"problems": [{"code": "CREATOR_NEEDED", "path": ["input", "creatorId"]}]}


async def test_a_file_is_fetched_from_an_address(ada: Ada):
    begun = await ada.do(
        IMPORT, creatorId=global_id("Creator", ada.creator.uid), url="https://pictures.example/a/tea%20pot.png?size=2"
    )
    unsafe = await ada.do(IMPORT, creatorId=global_id("Creator", ada.creator.uid), url="http://x.example:22/")

    assert (begun["state"], begun["fileName"], begun["address"]) == ("FETCHING", "tea pot.png", None)
    assert unsafe == {"problems": [{"code": "UNSAFE_ADDRESS", "path": ["input", "url"]}]}


async def test_uploads_are_listed_for_whom_they_belong_to(ada: Ada, api: Asking, session: AsyncSession):
    begun = await ada.create()
    await ada.create(fileName="second.png")
    eve = api.as_(await make.author(session, await make.creator(session, name="Eve")))

    mine = (await ada.api.data(LIST))["viewer"]["assetUploads"]["nodes"]
    theirs = (await eve.data(LIST))["viewer"]["assetUploads"]["nodes"]
    found = await ada.api.data(ONE, id=begun["id"])
    foreign = await eve.data(ONE, id=begun["id"])

    assert [one["fileName"] for one in mine] == ["second.png", "tea.png"]
    assert theirs == []
    assert found == {"assetUpload": begun, "node": {"id": begun["id"]}}
    assert foreign == {"assetUpload": None, "node": None}


async def test_an_operator_sees_an_upload_and_not_its_address(ada: Ada, api: Asking):
    begun = await ada.create()

    seen = (await api.as_(make.operator()).data(ONE, id=begun["id"]))["assetUpload"]

    assert seen == begun | {"address": None}
    assert begun["address"] is not None


async def test_the_end_of_an_upload_moves_with_its_bytes(ada: Ada, clock: FixedClock):
    begun = await ada.create()
    clock.move(timedelta(hours=5))
    await ada.send(begun, PICTURE[:10])

    seen = (await ada.api.data(ONE, id=begun["id"]))["assetUpload"]

    assert (seen["receivedCount"], seen["expiresAt"]) == (10, "2026-11-25T13:00:00+00:00")


async def test_a_narrow_key_lists_no_uploads(ada: Ada, api: Asking):
    narrow = replace(ada.caller, scopes=frozenset({Scope.FEED_READ}))

    assert await api.as_(narrow).codes(LIST) == ["MISSING_SCOPE"]
