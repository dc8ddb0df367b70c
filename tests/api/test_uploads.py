"""Files over HTTP: in one request, or piece by piece as tus 1.0 does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

import models
from api import upload_bodies
from core.caller import SYSTEM, Scope
from core.clock import FixedClock
from core.db import Database
from core.ids import global_id
from models import UploadState
from services import accounts, keys
from tests import make
from tests.api.door import BASE, Door, opened
from tests.services.assets.arriving import HASH, PICTURE, in_store, looked_at
from tests.services.assets.arriving import keys as stored

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}
NOW = {"Prefer": "wait=0"}


@pytest.fixture
async def door(db: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(db, clock, data=tmp_path, image_limit=100_000, video_limit=100_000, audio_limit=100_000) as there:
        yield there


class Sender:
    """A creator with a key, who sends files."""

    def __init__(self, door: Door, account: models.Account, creator: models.Creator, secret: str) -> None:
        self.door, self.account, self.creator = door, account, creator
        self.key = {"Authorization": f"Bearer {secret}"}

    async def add(self, content: Any = PICTURE, headers: dict[str, str] | None = None, **query: Any) -> httpx2.Response:
        asked = {"creator": self.creator.handle, "fileName": "tea.png"} | query
        sent = self.key | NOW | {"Content-Type": "image/png"} | (headers or {})
        return await self.door.client.post("/assets", params=asked, content=content, headers=sent)

    async def begin(
        self, *, length: int | str = len(PICTURE), metadata: str | None = None, **more: Any
    ) -> httpx2.Response:
        said = metadata if metadata is not None else self.metadata(creator=self.creator.handle, filename="tea.png")
        headers = self.key | TUS | {"Upload-Length": str(length), "Upload-Metadata": said} | more.pop("headers", {})
        return await self.door.client.post("/assets", headers=headers, **more)

    async def address(self) -> str:
        return path_of(await self.begin())

    def metadata(self, **said: str) -> str:
        return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())


def path_of(response: httpx2.Response) -> str:
    assert response.headers["location"].startswith(f"{BASE}/uploads/"), response.text
    return response.headers["location"].removeprefix(BASE)


@pytest.fixture
async def sender(door: Door) -> Sender:
    async with door.db.session() as session:
        creator = await make.creator(session)
        account = await accounts.create(session, SYSTEM, "Ada", clock=door.clock)
        session.add(models.Identity(account_id=account.id, kind=models.IdentityKind.CREATOR, creator_id=creator.id))
        return Sender(door, account, creator, await _key(session, account, door, Scope.CONTENT_WRITE))


async def _key(session: AsyncSession, account: models.Account, door: Door, scope: Scope) -> str:
    return (await keys.create(session, SYSTEM, account.uid, "laptop", [scope], clock=door.clock)).secret


def code(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["code"]


async def probe(door: Door) -> None:
    assert door.store is not None
    await looked_at(door.db, door.store, door.clock)


# --- one request


async def test_a_file_in_one_request_is_an_upload_until_it_was_looked_at(door: Door, sender: Sender):
    sent = await sender.add(alternativeText="A pot of tea")

    assert sent.status_code == 202
    assert sent.json() | {"id": "", "expiresAt": ""} == {
        "id": "",
        "state": "PROBING",
        "byteCount": len(PICTURE),
        "receivedCount": len(PICTURE),
        "expiresAt": "",
        "failure": None,
        "asset": None,
    }
    await probe(door)
    state = await door.client.get(path_of(sent))
    async with door.db.session() as session:
        asset = (await session.scalars(select(models.Asset))).one()
    assert (state.status_code, state.json()["state"]) == (200, "READY")
    assert state.json()["asset"] == {
        "id": global_id("Asset", asset.uid),
        "kind": "IMAGE",
        "mediaType": "image/png",
        "byteCount": len(PICTURE),
        "width": 16,
        "height": 16,
        "durationMs": None,
        "fileName": "tea.png",
        "url": f"{BASE}/assets/{asset.uid}",
    }
    assert (asset.creator_id, asset.alternative_text) == (sender.creator.id, "A pot of tea")


async def test_a_file_may_be_put_as_well(sender: Sender):
    sent = await sender.door.client.put(
        "/assets",
        params={"creator": sender.creator.handle, "fileName": "tea.png"},
        content=PICTURE,
        headers=sender.key | NOW | {"Content-Type": "image/png"},
    )

    assert (sent.status_code, sent.json()["state"], sent.json()["receivedCount"]) == (202, "PROBING", len(PICTURE))


async def test_a_file_that_was_looked_at_in_time_is_answered_with_its_asset(door: Door, sender: Sender):
    async def prober() -> None:
        for _ in range(500):
            if await _blobs(door):
                return await probe(door)
            await asyncio.sleep(0.01)
        raise TimeoutError

    sent, _ = await asyncio.gather(sender.add(headers={"Prefer": "wait=5"}), prober())
    again = await sender.add()

    assert (sent.status_code, sent.json()["asset"]["width"]) == (201, 16)
    assert again.status_code == 201


async def _blobs(door: Door) -> int:
    async with door.db.session() as session:
        return len((await session.scalars(select(models.Blob.sha256))).all())


@pytest.mark.parametrize(
    "flaw", ["BROKEN_FILE", "TOO_MANY_PIXELS", "TOO_MANY_FRAMES", "PROBE_TOO_SLOW", "PROBE_FAILED", "EMPTY_FILE"]
)
async def test_a_file_that_is_refused_says_why(door: Door, sender: Sender, flaw: str):
    sent = await sender.add()
    assert door.store is not None
    await looked_at(door.db, door.store, door.clock, probe_state="REFUSED", probe_failure=flaw, probed_at=None)

    english = (await door.client.get(path_of(sent))).json()
    chinese = (await door.client.get(path_of(sent), headers={"Accept-Language": "zh"})).json()
    over_tus = await door.client.head(path_of(sent), headers=TUS)
    again = await door.client.put(path_of(sent), content=PICTURE)

    assert (english["state"], english["failure"]["code"]) == ("REFUSED", flaw)
    assert english["failure"]["message"].isascii()
    assert not chinese["failure"]["message"].isascii()
    assert over_tus.status_code == 400
    assert code(again) == (400, flaw)
    assert await stored(door.store) == []


async def test_a_body_in_chunks_needs_no_length_and_has_a_limit(door: Door, sender: Sender):
    async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
        for one in pieces:
            yield one

    taken = await sender.add(chunks(PICTURE[:20], PICTURE[20:]))
    refused = await sender.add(chunks(PICTURE, *[bytes(10_000)] * 11))

    assert taken.status_code == 202
    assert code(refused) == (413, "FILE_TOO_LARGE")
    assert door.store is not None
    assert await stored(door.store) == [in_store()]


NO_FILES: list[tuple[dict[str, str], tuple[int, str]]] = [
    ({"Content-Type": "multipart/form-data; boundary=x"}, (415, "SEND_THE_BYTES")),
    ({"Content-Type": "application/x-www-form-urlencoded"}, (415, "SEND_THE_BYTES")),
    ({"Content-Encoding": "gzip"}, (415, "SEND_THE_BYTES")),
    ({"Content-Type": "application/json"}, (415, "UNSUPPORTED_FILE")),
    ({"Content-Type": "image/svg+xml"}, (415, "UNSUPPORTED_FILE")),
    ({"Content-Type": "video/mp4"}, (415, "WRONG_MEDIA_TYPE")),
    ({"Content-Digest": "sha-256=:AAAA:"}, (400, "BAD_UPLOAD_HEADER")),
    ({"Repr-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, (460, "CHECKSUM_MISMATCH")),
    ({"Authorization": "Bearer nonsense"}, (401, "MALFORMED_CREDENTIALS")),
    ({"Origin": "https://evil.example"}, (403, "FOREIGN_ORIGIN")),
]


async def test_what_is_no_file_of_ours_is_refused_with_a_code(door: Door, sender: Sender):
    told = [code(await sender.add(headers=headers)) for headers, _ in NO_FILES]

    assert told == [refusal for _, refusal in NO_FILES]
    assert door.store is not None
    assert await stored(door.store) == []


async def test_the_digest_of_the_body_is_verified(sender: Sender):
    digest = f"sha-512=:AA==:, sha-256=:{base64.b64encode(HASH).decode()}:"

    assert (await sender.add(headers={"Content-Digest": digest})).status_code == 202


UNMET: list[tuple[bytes, dict[str, str], tuple[int, str]]] = [
    (b"", {}, (400, "EMPTY_FILE")),
    (b"\x89PNG", {}, (415, "UNSUPPORTED_FILE")),
    (bytes(100_001), {}, (413, "FILE_TOO_LARGE")),
    (PICTURE, {"creator": "nobody"}, (404, "NO_SUCH_CREATOR")),
    (PICTURE, {"creator": ""}, (403, "CREATOR_NEEDED")),
    (PICTURE, {"creator": "Q29udGVudDo"}, (404, "NO_SUCH_CREATOR")),
    (PICTURE, {"folder": "x"}, (400, "MALFORMED_ID")),
    (PICTURE, {"expiresAt": "tomorrow"}, (400, "BAD_PARAMETER")),
    (PICTURE, {"expiresAt": "2027-01-01T00:00:00"}, (400, "BAD_PARAMETER")),
    (PICTURE, {"filename": "x"}, (400, "BAD_PARAMETER")),
]


async def test_a_request_that_cannot_be_met_is_refused_with_a_code(sender: Sender):
    told = [code(await sender.add(content, **query)) for content, query, _ in UNMET]

    assert told == [refusal for *_, refusal in UNMET]


async def test_a_file_needs_a_key_that_may_write(door: Door, sender: Sender):
    async with door.db.session() as session:
        narrow = await _key(session, sender.account, door, Scope.FEED_READ)

    assert code(await sender.add(headers={"Authorization": f"Bearer {narrow}"})) == (403, "MISSING_SCOPE")
    anonymous = await door.client.post("/assets", params={"creator": sender.creator.handle}, content=PICTURE)
    assert code(anonymous) == (403, "MISSING_SCOPE")


async def broken_off(door: Door, method: str, path: str, headers: dict[str, str], query: str = "") -> tuple[int, str]:
    """What is answered when the client goes away after some bytes."""
    answered: list[Any] = []
    events = iter([{"type": "http.request", "body": PICTURE[:20], "more_body": True}])

    async def receive() -> Any:
        return next(events, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        answered.append(message)

    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": sent}
    await door.client._transport.app(scope | {"http_version": "1.1", "scheme": "http"}, receive, send)
    start, *bodies = answered
    told = orjson.loads(b"".join(one["body"] for one in bodies))
    return start["status"], told["code"]


async def test_a_file_that_breaks_off_in_one_request_leaves_nothing(door: Door, sender: Sender):
    answered = await broken_off(door, "POST", "/assets", sender.key, f"creator={sender.creator.handle}")

    assert answered == (400, "UPLOAD_BROKEN_OFF")
    assert door.store is not None
    assert await stored(door.store) == []
    async with door.db.session() as session:
        assert (await session.scalars(select(models.AssetUpload.state))).all() == [UploadState.EXPIRED]


async def test_a_piece_that_breaks_off_is_kept(door: Door, sender: Sender):
    address = await sender.address()

    answered = await broken_off(door, "PATCH", address, PIECE | {"Upload-Offset": "0"})

    assert answered == (400, "UPLOAD_BROKEN_OFF")
    assert (await door.client.head(address)).headers["upload-offset"] == "20"


async def test_more_than_a_process_takes_at_once_are_told_to_come_again(door: Door, sender: Sender):
    door.client._transport.app.state.upload_places.left = 0

    refused = await sender.add()

    assert code(refused) == (503, "UPLOADS_BUSY")
    assert refused.headers["retry-after"] == "2"


# --- tus


async def test_an_upload_goes_on_from_where_it_is(door: Door, sender: Sender):
    begun = await sender.begin()
    address = path_of(begun)

    first = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=PICTURE[:30])
    asked = await door.client.head(address, headers=TUS)
    last = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "30"}, content=PICTURE[30:])
    after = await door.client.head(address, headers=TUS)

    assert (begun.status_code, begun.headers["upload-offset"]) == (201, "0")
    assert begun.headers["upload-expires"] == "Wed, 25 Nov 2026 08:00:00 GMT"
    assert (first.status_code, first.headers["upload-offset"], first.content) == (204, "30", b"")
    assert asked.status_code == 200
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == ("30", str(len(PICTURE)))
    assert asked.headers["cache-control"] == "no-store"
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(PICTURE)))
    assert "upload-expires" not in last.headers
    assert after.headers["upload-offset"] == after.headers["upload-length"]
    assert {one.headers["tus-resumable"] for one in (begun, first, asked, last, after)} == {"1.0.0"}


async def test_an_upload_may_begin_with_its_bytes(door: Door, sender: Sender):
    some = await sender.begin(headers=PIECE, content=PICTURE[:30])
    whole = await sender.begin(headers=PIECE, content=PICTURE)

    assert (some.status_code, some.headers["upload-offset"]) == (201, "30")
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, str(len(PICTURE)))
    assert (await door.client.get(path_of(whole))).json()["state"] == "PROBING"


async def test_what_is_said_of_a_file_comes_with_it(door: Door, sender: Sender):
    said = sender.metadata(
        creator=global_id("Creator", sender.creator.uid),
        name="../茶.png",
        type="image/png",
        alternativeText="A pot of tea",
        relativePath="null",
    )

    await sender.begin(metadata=said + ",empty")

    async with door.db.session() as session:
        upload = (await session.scalars(select(models.AssetUpload))).one()
    assert (upload.file_name, upload.media_type) == ("茶.png", "image/png")
    assert upload.said["alternative_text"] == "A pot of tea"


async def test_what_tus_can_here_is_told(door: Door):
    for path in ("/assets", "/uploads/x"):
        told = await door.client.options(path)

        assert (told.status_code, told.headers["tus-version"], told.headers["tus-resumable"]) == (204, "1.0.0", "1.0.0")
        assert told.headers["tus-extension"] == "creation,creation-with-upload,checksum,expiration,termination"
        assert (told.headers["tus-max-size"], told.headers["tus-checksum-algorithm"]) == ("5000000", "sha1,sha256")


async def test_a_browser_learns_what_a_page_may_send_and_read(db: Database, clock: FixedClock, tmp_path: Path):
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "tus-resumable,upload-offset,content-type",
    }
    async with opened(db, clock, data=tmp_path, allowed_origins="https://shop.example") as door:
        told = await door.client.options("/uploads/x", headers=asked)
        answer = await door.client.head("/uploads/x", headers={"Origin": "https://shop.example"} | TUS)
        evil = await door.client.options("/uploads/x", headers=asked | {"Origin": "https://evil.example"})

    assert told.headers["access-control-allow-origin"] == "https://shop.example"
    assert "PATCH" in told.headers["access-control-allow-methods"]
    assert told.headers["access-control-allow-headers"] == "tus-resumable,upload-offset,content-type"
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Upload-Offset" in answer.headers["access-control-expose-headers"]
    assert (evil.status_code, "access-control-allow-origin" in evil.headers) == (403, False)


async def test_another_version_is_412(door: Door, sender: Sender):
    address = await sender.address()
    other = {"Tus-Resumable": "0.2.2"}

    answers = [
        await sender.begin(headers=other),
        await door.client.head(address, headers=other),
        await door.client.patch(address, headers=PIECE | other | {"Upload-Offset": "0"}, content=PICTURE),
        await door.client.delete(address, headers=other),
    ]

    assert [one.status_code for one in answers] == [412] * 4
    assert {one.headers["tus-version"] for one in answers} == {"1.0.0"}
    without = await door.client.patch(address, headers={"Upload-Offset": "0"}, content=PICTURE)
    assert code(without) == (412, "UNSUPPORTED_TUS_VERSION")


async def test_another_place_is_409_and_tells_the_right_one(door: Door, sender: Sender):
    address = await sender.address()
    await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=PICTURE[:10])

    wrong = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=PICTURE[:10])

    assert code(wrong) == (409, "OFFSET_MISMATCH")
    assert wrong.headers["upload-offset"] == "10"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_piece_with_another_checksum_is_460_and_leaves_nothing(door: Door, sender: Sender, algorithm: str):
    address, headers = await sender.address(), PIECE | {"Upload-Offset": "0"}
    digest = base64.b64encode(hashlib.new(algorithm, PICTURE[:10]).digest()).decode()

    wrong = await door.client.patch(
        address, headers=headers | {"Upload-Checksum": f"{algorithm} {digest}"}, content=PICTURE[:9]
    )
    right = await door.client.patch(
        address, headers=headers | {"Upload-Checksum": f"{algorithm} {digest}"}, content=PICTURE[:10]
    )

    assert code(wrong) == (460, "CHECKSUM_MISMATCH")
    assert (right.status_code, right.headers["upload-offset"]) == (204, "10")


UNREADABLE: list[dict[str, str]] = [
    {"Upload-Checksum": "md5 1B2M2Y8AsgTpgAmY7PhCfg=="},
    {"Upload-Checksum": "sha1"},
    {"Upload-Checksum": "sha1 ***"},
    {"Upload-Checksum": "sha1 AAAA"},
    {"Upload-Offset": "-1"},
    {"Upload-Offset": ""},
    {"Upload-Offset": "1e3"},
    {"Upload-Offset": "9" * 40},
    {"Upload-Offset": "٣"},
]


async def test_headers_that_cannot_be_read_are_400(door: Door, sender: Sender):
    address = await sender.address()

    for headers in UNREADABLE:
        sent = {key: value.encode() for key, value in (PIECE | {"Upload-Offset": "0"} | headers).items()}
        answer = await door.client.patch(address, headers=sent, content=PICTURE)
        assert code(answer) == (400, "BAD_UPLOAD_HEADER"), headers


LENGTHS = [
    ("0", (400, "EMPTY_FILE")),
    ("-1", (400, "BAD_UPLOAD_HEADER")),
    ("", (400, "BAD_UPLOAD_HEADER")),
    ("0x10", (400, "BAD_UPLOAD_HEADER")),
    ("9" * 30, (400, "BAD_UPLOAD_HEADER")),
    ("9" * 18, (413, "FILE_TOO_LARGE")),
]


async def test_a_length_that_cannot_be_met_is_refused(sender: Sender):
    assert [code(await sender.begin(length=length)) for length, _ in LENGTHS] == [refusal for _, refusal in LENGTHS]


GARBAGE = ["creator ***", "creator YQ==,creator YQ==", "creator  YQ==", "ä YQ==", "filename /w==", "x" * 9_000]


async def test_metadata_that_cannot_be_read_is_400(sender: Sender):
    for metadata in GARBAGE:
        headers = {"Upload-Metadata": metadata.encode()}
        assert code(await sender.begin(headers=headers)) == (400, "BAD_UPLOAD_HEADER"), metadata


@pytest.mark.parametrize("header", ["Upload-Defer-Length", "Upload-Concat"])
async def test_what_tus_cannot_here_is_400(sender: Sender, header: str):
    assert code(await sender.begin(headers={header: "1"})) == (400, "BAD_UPLOAD_HEADER")


async def test_a_piece_of_another_type_is_415(door: Door, sender: Sender):
    answer = await door.client.patch(
        await sender.address(), headers=TUS | {"Content-Type": "image/png", "Upload-Offset": "0"}, content=PICTURE
    )

    assert code(answer) == (415, "SEND_THE_BYTES")


async def test_more_than_was_announced_is_413_and_is_cut(door: Door, sender: Sender):
    address, headers = await sender.address(), PIECE | {"Upload-Offset": "0"}

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    said = await door.client.patch(address, headers=headers, content=PICTURE + b"x")
    unsaid = await door.client.patch(address, headers=headers, content=endless())

    assert code(said) == code(unsaid) == (413, "LONGER_THAN_ANNOUNCED")
    # else the server would read on for as long as it is sent to
    assert unsaid.headers["connection"] == "close"
    assert (await door.client.head(address)).headers["upload-offset"] == "0"


async def test_a_given_up_upload_is_410(door: Door, sender: Sender):
    address = await sender.address()
    await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=PICTURE[:10])

    gone = await door.client.delete(address, headers=TUS)

    assert gone.status_code == 204
    assert code(await door.client.get(address)) == (410, "UPLOAD_EXPIRED")
    assert (await door.client.head(address, headers=TUS)).status_code == 410
    assert code(await door.client.delete(address, headers=TUS)) == (410, "UPLOAD_EXPIRED")
    assert door.store is not None
    assert await stored(door.store) == []


async def test_an_upload_that_nobody_went_on_with_is_410(door: Door, sender: Sender, clock: FixedClock):
    address = await sender.address()
    clock.move(timedelta(hours=24))

    answer = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=PICTURE)

    assert code(answer) == (410, "UPLOAD_EXPIRED")


async def test_a_finished_upload_takes_no_more_but_is_told_so_as_often_as_asked(door: Door, sender: Sender):
    address = path_of(await sender.begin(headers=PIECE, content=PICTURE))
    end = PIECE | {"Upload-Offset": str(len(PICTURE))}

    assert (await door.client.patch(address, headers=end, content=b"")).status_code == 204
    assert code(await door.client.delete(address, headers=TUS)) == (409, "UPLOAD_OVER")
    assert code(await door.client.put(address, content=PICTURE)) == (409, "UPLOAD_OVER")


async def test_a_method_may_be_named_in_a_header(door: Door, sender: Sender):
    address = await sender.address()

    sent = await door.client.post(
        address, headers=PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}, content=PICTURE[:10]
    )
    none = await door.client.post(address, headers=TUS, content=b"")

    assert (sent.status_code, sent.headers["upload-offset"]) == (204, "10")
    assert code(none) == (400, "BAD_UPLOAD_HEADER")


async def test_addresses_that_were_not_made_here_are_404(door: Door, sender: Sender):
    address = await sender.address()
    bad = [address[:-1], address + "A", address[:-4] + "AAAA", "/uploads/x", "/uploads/" + "A" * 66]

    assert [code(await door.client.get(one)) for one in bad] == [(404, "NO_SUCH_UPLOAD")] * 5


async def test_an_address_is_all_that_is_needed_and_stays_out_of_the_log(door: Door, sender: Sender):
    address = await sender.address()

    with capture_logs(processors=[merge_contextvars]) as logged:
        sent = await door.client.put(address, content=PICTURE[:4] + bytes(len(PICTURE) - 4))

    assert code(sent) == (415, "UNSUPPORTED_FILE")
    assert [(one["event"], one["path"]) for one in logged] == [("upload.refused", "/uploads/…")]
    assert address.removeprefix("/uploads/") not in str(logged)


async def test_put_takes_the_whole_file_again(door: Door, sender: Sender):
    address = await sender.address()
    await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=b"half of it")

    short = await door.client.put(address, content=PICTURE[:20], headers=NOW)
    whole = await door.client.put(address, content=PICTURE, headers=NOW)

    assert code(short) == (409, "UPLOAD_INCOMPLETE")
    assert (whole.status_code, whole.json()["state"]) == (202, "PROBING")


# --- slow ones


async def test_a_client_that_falls_silent_is_told_and_what_came_is_kept(
    door: Door, sender: Sender, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upload_bodies, "IDLE_SECONDS", 0.05)
    address = await sender.address()

    async def silent() -> AsyncIterator[bytes]:
        yield PICTURE[:20]
        await asyncio.Event().wait()

    answer = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=silent())

    assert code(answer) == (408, "UPLOAD_TOO_SLOW")
    assert (await door.client.head(address)).headers["upload-offset"] == "20"


async def test_a_trickle_is_ended(door: Door, sender: Sender, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upload_bodies, "WINDOW_SECONDS", 0.05)
    address = await sender.address()

    async def trickle() -> AsyncIterator[bytes]:
        for one in PICTURE:
            yield bytes([one])
            await asyncio.sleep(0.01)

    answer = await door.client.patch(address, headers=PIECE | {"Upload-Offset": "0"}, content=trickle())

    assert code(answer) == (408, "UPLOAD_TOO_SLOW")
