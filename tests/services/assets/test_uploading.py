"""Uploads: begun, received piece by piece, joined once, however often and by whomever it is tried."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from core.errors import DomainError, Invalid
from core.fetching import UnsafeAddress
from core.ids import new_uid
from core.store import Store
from models import UploadState
from services.access import NoSuchCreator
from services.assets import file_names, joining, pieces, receiving, uploading
from services.assets.failures import (
    ChecksumMismatch,
    EmptyFile,
    FileTooLarge,
    UnsupportedFile,
    WrongMediaType,
)
from services.assets.file_limits import FileLimits
from services.assets.joining import UploadIncomplete
from services.assets.labels import Labels
from services.assets.receiving import BrokenOff, Checksum, LongerThanAnnounced, OffsetMismatch, Receiver, TooManyPieces
from services.assets.uploading import (
    Announcement,
    NeedsCreator,
    NoSuchUpload,
    TooManyUploads,
    UploadExpired,
    UploadOver,
)
from tests import make
from tests.services.assets.arriving import HASH, PICTURE, body, broken, in_store, keys, looked_at, picture

LIMITS = FileLimits(image=3_000_000, video=9_000_000, audio=5_000_000)


@pytest.fixture
def receiver(db: Database, store: Store, clock: FixedClock) -> Receiver:
    return Receiver(db, store, LIMITS, 24, clock)


class Author:
    """A creator's account, and what it uploads."""

    def __init__(self, receiver: Receiver, creator: models.Creator, caller: Caller) -> None:
        self.receiver, self.creator, self.caller = receiver, creator, caller

    async def begin(self, **known: Any) -> models.AssetUpload:
        known = {"file_name": "tea.png", "byte_count": len(PICTURE)} | known
        async with self.receiver.db.session() as session:
            return await begin(session, self.receiver, self.caller, self.creator, **known)

    async def sent(self, content: bytes = PICTURE, **known: Any) -> models.AssetUpload:
        upload = await self.begin(**{"byte_count": len(content)} | known)
        return await self.receiver.receive(upload.uid, 0, body(content))


async def begin(
    session: AsyncSession, receiver: Receiver, caller: Caller, creator: models.Creator | None, **known: Any
) -> models.AssetUpload:
    return await uploading.begin(
        session,
        caller,
        creator.uid if creator else None,
        Announcement(**known),
        store=receiver.store,
        limits=receiver.limits,
        hours=receiver.hours,
        clock=receiver.clock,
    )


async def an_author(receiver: Receiver, name: str = "Ada") -> Author:
    async with receiver.db.session() as session:
        creator = await make.creator(session, name=name)
        return Author(receiver, creator, await make.author(session, creator))


@pytest.fixture
async def author(receiver: Receiver) -> Author:
    return await an_author(receiver)


async def again(receiver: Receiver, upload: models.AssetUpload) -> models.AssetUpload:
    async with receiver.db.session() as session:
        return (await session.scalars(select(models.AssetUpload).where(models.AssetUpload.id == upload.id))).one()


# --- the way of a file


async def test_what_has_arrived_whole_waits_to_be_looked_at_and_is_an_asset_then(receiver: Receiver, author: Author):
    labels = Labels(alternative_text="A pot of tea", credit="Ada", origin="https://ada.example/tea")

    upload = await author.sent(labels=labels)

    assert (upload.state, upload.sha256, upload.media_type) == (UploadState.PROBING, HASH, "image/png")
    assert await keys(receiver.store) == [in_store()]
    await looked_at(receiver.db, receiver.store, receiver.clock)
    upload = await again(receiver, upload)
    async with receiver.db.session() as session:
        asset = (await session.scalars(select(models.Asset).where(models.Asset.uid == upload.asset_uid))).one()
    assert (upload.state, upload.failure, upload.parts) == (UploadState.READY, None, [])
    assert (asset.creator_id, asset.sha256, asset.file_name) == (author.creator.id, HASH, "tea.png")
    assert (asset.alternative_text, asset.credit, asset.origin) == ("A pot of tea", "Ada", "https://ada.example/tea")
    assert (asset.width, asset.height, asset.byte_count) == (16, 16, len(PICTURE))


async def test_pieces_are_appended_where_the_last_ended(receiver: Receiver, author: Author):
    upload = await author.begin()

    first = await receiver.receive(upload.uid, 0, body(PICTURE[:10], PICTURE[10:20]))
    then = await receiver.receive(upload.uid, 20, body(PICTURE[20:]))

    assert (first.state, first.received_count, len(first.parts)) == (UploadState.RECEIVING, 20, 1)
    assert (then.state, then.sha256) == (UploadState.PROBING, HASH)


async def test_a_large_body_is_put_in_pieces_of_which_none_is_larger_than_one(
    receiver: Receiver, author: Author, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pieces, "PIECE", 1_000)
    content = PICTURE + bytes(2_500)
    upload = await author.begin(byte_count=len(content) + 1)

    got = await receiver.receive(upload.uid, 0, body(content))

    sizes = [await receiver.store.byte_count(name) for name in got.parts]
    assert sizes == [1_000, 1_000, len(content) - 2_000]


async def test_what_arrived_before_the_other_side_went_away_is_kept(receiver: Receiver, author: Author):
    upload = await author.begin()

    with pytest.raises(BrokenOff):
        await receiver.receive(upload.uid, 0, broken(PICTURE[:30]))

    assert (await again(receiver, upload)).received_count == 30
    assert (await receiver.receive(upload.uid, 30, body(PICTURE[30:]))).sha256 == HASH


async def test_a_piece_at_another_place_is_told_where_to_go_on(receiver: Receiver, author: Author):
    upload = await author.begin()
    await receiver.receive(upload.uid, 0, body(PICTURE[:10]))

    for offset in (0, 9, 11, len(PICTURE), 10**30):
        with pytest.raises(OffsetMismatch) as refused:
            await receiver.receive(upload.uid, offset, body(b"x"))
        assert refused.value.offset == 10

    assert (await again(receiver, upload)).received_count == 10
    assert len(await keys(receiver.store)) == 1


async def test_of_two_who_write_at_the_same_place_one_wins(committed: Database, store: Store, clock: FixedClock):
    receiver = Receiver(committed, store, LIMITS, 24, clock)
    author = await an_author(receiver)
    upload = await author.begin()
    both_are_in = asyncio.Barrier(2)

    async def slow() -> AsyncIterator[bytes]:
        yield PICTURE[:10]
        await both_are_in.wait()
        yield PICTURE[10:20]

    done = await asyncio.gather(*(receiver.receive(upload.uid, 0, slow()) for _ in range(2)), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["AssetUpload", "OffsetMismatch"]
    assert (await again(receiver, upload)).received_count == 20
    assert len(await keys(store)) == 1
    assert (await receiver.receive(upload.uid, 20, body(PICTURE[20:]))).sha256 == HASH


async def test_an_upload_begun_anew_is_not_mixed_with_what_a_slow_sender_adds(receiver: Receiver, author: Author):
    """Both have sent as many bytes: only the piece itself tells them apart."""
    upload = await author.begin()
    turn = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await turn.wait()
        yield b"late"

    await receiver.receive(upload.uid, 0, body(b"old "))
    late = asyncio.create_task(receiver.receive(upload.uid, 4, slow()))
    await asyncio.sleep(0.02)
    with pytest.raises(BrokenOff):
        await receiver.replace(upload.uid, broken(PICTURE[:4]))
    turn.set()

    with pytest.raises(OffsetMismatch):
        await late

    assert (await receiver.receive(upload.uid, 4, body(PICTURE[4:]))).sha256 == HASH


async def test_finishing_at_once_happens_once(committed: Database, store: Store, clock: FixedClock):
    receiver = Receiver(committed, store, LIMITS, 24, clock)
    author = await an_author(receiver)
    upload = await _all_there(receiver, author)

    done = await asyncio.gather(*(receiver.finish(upload.uid) for _ in range(4)))

    assert {one.state for one in done} == {UploadState.PROBING}
    assert await keys(store) == [in_store()]


async def _all_there(receiver: Receiver, author: Author) -> models.AssetUpload:
    """As a process leaves an upload that is killed after its last byte."""
    upload = await author.begin()
    name = pieces.key(upload.uid, 0)
    await receiver.store.put(name, PICTURE)
    async with receiver.db.session() as session:
        row = await session.get_one(models.AssetUpload, upload.id)
        row.parts, row.received_count = [name], len(PICTURE)
    return upload


async def test_whoever_asks_next_finishes_what_a_killed_process_left(
    receiver: Receiver, author: Author, clock: FixedClock
):
    upload = await _all_there(receiver, author)
    clock.move(timedelta(hours=25))

    assert (await receiver.finish(upload.uid)).state is UploadState.PROBING


async def test_a_process_killed_between_bytes_and_row_is_followed(
    receiver: Receiver, author: Author, monkeypatch: pytest.MonkeyPatch
):
    """The bytes are in their place, and nothing says so: the pieces are there to do it again."""
    upload = await _all_there(receiver, author)

    async def killed(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(joining.probing, "wake", killed)
        with pytest.raises(KeyboardInterrupt):
            await receiver.finish(upload.uid)
    assert in_store() in await keys(receiver.store)
    assert (await again(receiver, upload)).state is UploadState.RECEIVING

    assert (await receiver.finish(upload.uid)).state is UploadState.PROBING
    assert await keys(receiver.store) == [in_store()]


async def test_an_upload_cancelled_while_it_is_joined_leaves_nothing(
    receiver: Receiver, author: Author, monkeypatch: pytest.MonkeyPatch
):
    upload, put = await _all_there(receiver, author), Store.put

    async def cancelling(store: Store, key: str, content: Any) -> None:
        await put(store, key, content)
        async with receiver.db.session() as session:
            await uploading.give_up(session, upload.uid, store=store, clock=receiver.clock)

    monkeypatch.setattr(Store, "put", cancelling)
    with pytest.raises(UploadExpired):
        await receiver.finish(upload.uid)

    assert (await again(receiver, upload)).state is UploadState.EXPIRED
    assert await keys(receiver.store) == []


async def test_pieces_that_were_lost_are_told_and_not_joined_without(receiver: Receiver, author: Author):
    upload = await _all_there(receiver, author)
    await receiver.store.delete((await again(receiver, upload)).parts[0])

    with pytest.raises(UploadExpired):
        await receiver.finish(upload.uid)

    assert (await again(receiver, upload)).state is UploadState.EXPIRED


async def test_an_upload_without_a_size_ends_when_it_is_said(receiver: Receiver, author: Author):
    upload = await author.begin(byte_count=None)
    await receiver.receive(upload.uid, 0, body(PICTURE))

    with pytest.raises(UploadIncomplete):
        await receiver.finish(upload.uid)
    done = await receiver.finish(upload.uid, is_all=True)

    assert (done.state, done.byte_count) == (UploadState.PROBING, len(PICTURE))


async def test_missing_bytes_are_told(receiver: Receiver, author: Author):
    upload = await author.begin()
    await receiver.receive(upload.uid, 0, body(PICTURE[:5]))

    with pytest.raises(UploadIncomplete, match=f"5 of {len(PICTURE)} bytes"):
        await receiver.finish(upload.uid, is_all=True)


# --- what is refused


async def test_more_bytes_than_announced_are_cut(receiver: Receiver, author: Author):
    upload = await author.begin()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1_000)

    with pytest.raises(LongerThanAnnounced):
        await receiver.receive(upload.uid, 0, endless())

    assert (await again(receiver, upload)).received_count == 0
    assert await keys(receiver.store) == []


async def test_an_endless_stream_is_cut_at_the_limit_of_its_kind(receiver: Receiver, author: Author):
    upload, count = await author.begin(byte_count=None), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal count
        yield PICTURE
        while True:
            count += 100_000
            yield bytes(100_000)

    with pytest.raises(FileTooLarge):
        await receiver.replace(upload.uid, endless())

    # what it is shows with the first piece, of 4 MiB
    assert count < pieces.PIECE + 200_000
    upload = await again(receiver, upload)
    assert (upload.state, upload.failure, upload.parts) == (UploadState.REFUSED, "FILE_TOO_LARGE", [])
    assert await keys(receiver.store) == []


async def test_what_we_do_not_take_is_refused_with_its_first_bytes(receiver: Receiver, author: Author):
    upload, asked = await author.begin(byte_count=8_000_000), 0

    async def program() -> AsyncIterator[bytes]:
        nonlocal asked
        yield b"\x7fELF" + bytes(pieces.PIECE)
        asked += 1
        yield bytes(1_000)

    with pytest.raises(UnsupportedFile):
        await receiver.receive(upload.uid, 0, program())

    assert asked == 0
    assert (await again(receiver, upload)).failure == "UNSUPPORTED_FILE"
    with pytest.raises(UnsupportedFile):
        await receiver.receive(upload.uid, 0, body(PICTURE))


async def test_what_is_something_else_than_announced_is_refused(receiver: Receiver, author: Author):
    with pytest.raises(WrongMediaType):
        await author.sent(media_type="video/mp4")


@pytest.mark.parametrize("announced", [None, "", "application/octet-stream", "image/jpeg", "IMAGE/PNG; q=1"])
async def test_a_type_of_the_same_family_is_taken_for_what_it_is(author: Author, announced: str | None):
    assert (await author.sent(media_type=announced)).media_type == "image/png"


async def test_a_file_with_another_hash_is_refused(receiver: Receiver, author: Author):
    with pytest.raises(ChecksumMismatch):
        await author.sent(picture(9), sha256=HASH)

    assert await keys(receiver.store) == []


async def test_a_piece_with_another_checksum_leaves_nothing(receiver: Receiver, author: Author):
    upload = await author.begin()
    good = Checksum("sha1", hashlib.sha1(PICTURE[:40]).digest())

    with pytest.raises(ChecksumMismatch):
        await receiver.receive(upload.uid, 0, body(PICTURE[:39]), checksum=good)
    with pytest.raises(BrokenOff):
        await receiver.receive(upload.uid, 0, broken(PICTURE[:40]), checksum=good)
    assert await keys(receiver.store) == []
    taken = await receiver.receive(upload.uid, 0, body(PICTURE[:40]), checksum=good)

    assert taken.received_count == 40


async def test_small_pieces_do_not_make_a_row_grow_without_bound(
    receiver: Receiver, author: Author, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(receiving, "PIECES_BEYOND", -2)  # two pieces are what the largest film needs, twice counted
    upload = await author.begin()
    await receiver.receive(upload.uid, 0, body(b"1"))
    await receiver.receive(upload.uid, 1, body(b"2"))

    with pytest.raises(TooManyPieces):
        await receiver.receive(upload.uid, 2, body(b"3"))


async def test_a_film_larger_than_a_picture_may_be_is_no_picture(author: Author):
    with pytest.raises(FileTooLarge):
        await author.begin(media_type="image/png", byte_count=LIMITS.image + 1)
    assert (await author.begin(media_type="image/png", byte_count=LIMITS.image)).state is UploadState.RECEIVING


@pytest.mark.parametrize("size", [LIMITS.largest + 1, 2**63, 10**30])
async def test_a_file_larger_than_all_limits_is_refused_at_once(author: Author, size: int):
    with pytest.raises(FileTooLarge):
        await author.begin(byte_count=size)


@pytest.mark.parametrize("size", [0, -1])
async def test_an_empty_file_is_refused(author: Author, size: int):
    with pytest.raises(EmptyFile):
        await author.begin(byte_count=size)


@pytest.mark.parametrize("media_type", ["image/svg+xml", "image/", "image/" + "x" * 100, "image/\n", "application/zip"])
async def test_a_type_that_we_do_not_take_is_refused_at_once(author: Author, media_type: str):
    with pytest.raises(UnsupportedFile):
        await author.begin(media_type=media_type)


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://a:b@x.example/", "http://x.example:22/", "https://x/" + "y" * 2_000]
)
async def test_an_address_that_is_never_fetched_is_refused_at_once(author: Author, url: str):
    with pytest.raises(UnsafeAddress):
        await author.begin(url=url, byte_count=None)


async def test_everything_wrong_is_told_at_once(author: Author, clock: FixedClock):
    labels = Labels(credit="\x00", folder_uid=new_uid(), tags=("none:such",), expires_at=clock.now())

    with pytest.raises(Invalid) as refused:
        await author.begin(byte_count=0, media_type="application/pdf", url="ftp://x", labels=labels)

    assert [(one.code, one.path) for one in refused.value.problems] == [
        ("MALFORMED_TEXT", ("credit",)),
        ("EXPIRES_IN_THE_PAST", ("expires_at",)),
        ("NO_SUCH_FOLDER", ("folder_id",)),
        ("UNKNOWN_TAG", ("tags", 0)),
        ("UNSUPPORTED_FILE", ("media_type",)),
        ("EMPTY_FILE", ("byte_count",)),
        ("UNSAFE_ADDRESS", ("url",)),
    ]


# --- who may


async def test_one_uploads_for_creators_that_one_acts_as(receiver: Receiver, author: Author):
    other = await an_author(receiver, "Bo")

    async with receiver.db.session() as session:
        with pytest.raises(DomainError) as forbidden:
            await begin(session, receiver, author.caller, other.creator)
        narrow = dataclasses.replace(author.caller, scopes=frozenset({Scope.ENGAGEMENT_WRITE}))
        with pytest.raises(DomainError) as missing:
            await begin(session, receiver, narrow, author.creator)
        with pytest.raises(NoSuchCreator):
            await uploading.begin(
                session, author.caller, new_uid(), Announcement(), store=receiver.store, limits=LIMITS, hours=1,
                clock=receiver.clock,
            )  # fmt: skip

    assert (forbidden.value.code, missing.value.code) == ("FORBIDDEN", "MISSING_SCOPE")


async def test_only_operators_add_to_the_house(receiver: Receiver, author: Author):
    async with receiver.db.session() as session:
        with pytest.raises(NeedsCreator):
            await begin(session, receiver, author.caller, None)
        account = await make.account(session)
        upload = await begin(session, receiver, dataclasses.replace(make.operator(), account_id=account.id), None)

    assert upload.creator_id is None


async def test_an_account_has_so_many_unfinished_uploads(author: Author, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploading, "MOST_UNFINISHED", 2)
    await author.sent()
    await author.begin()
    await author.begin()

    with pytest.raises(TooManyUploads):
        await author.begin()


async def test_an_upload_that_is_erased_meanwhile_is_not_there(receiver: Receiver, author: Author, store: Store):
    upload = await author.begin()

    async def erased_in_the_middle() -> AsyncIterator[bytes]:
        yield PICTURE[:30]
        async with receiver.db.session() as session:
            await session.execute(delete(models.AssetUpload).where(models.AssetUpload.id == upload.id))
        yield PICTURE[30:]

    with pytest.raises(NoSuchUpload):
        await receiver.receive(upload.uid, 0, erased_in_the_middle())
    with pytest.raises(NoSuchUpload):
        await uploading.waited(receiver.db, upload.uid, seconds=5)
    assert await keys(store) == []


async def test_own_bytes_are_known_again_and_others_are_not(receiver: Receiver, author: Author):
    await author.sent()
    await looked_at(receiver.db, receiver.store, receiver.clock)
    other = await an_author(receiver, "Bo")

    known = await author.begin(sha256=HASH, file_name="again.png")
    unknown = await other.begin(sha256=HASH)

    assert (known.state, known.received_count) == (UploadState.READY, len(PICTURE))
    assert (unknown.state, unknown.received_count) == (UploadState.RECEIVING, 0)
    async with receiver.db.session() as session:
        count = select(func.count()).where(models.Asset.sha256 == HASH, models.Asset.creator_id == author.creator.id)
        assert await session.scalar(count) == 2


async def test_a_hash_of_bytes_of_another_length_is_not_believed(receiver: Receiver, author: Author):
    await author.sent()
    await looked_at(receiver.db, receiver.store, receiver.clock)
    longer = PICTURE + b"!"
    upload = await author.begin(sha256=HASH, byte_count=len(longer))

    with pytest.raises(ChecksumMismatch):
        await receiver.receive(upload.uid, 0, body(longer))


async def test_bytes_that_were_looked_at_are_not_looked_at_twice(receiver: Receiver, author: Author):
    await author.sent()
    await looked_at(receiver.db, receiver.store, receiver.clock)
    other = await an_author(receiver, "Bo")

    upload = await other.sent()

    assert upload.state is UploadState.READY


async def test_a_hash_announced_by_whoever_has_no_such_bytes_is_no_way_to_them(receiver: Receiver, author: Author):
    """Other bytes under the hash of somebody's file: refused, and the file is nobody else's."""
    await author.sent()
    await looked_at(receiver.db, receiver.store, receiver.clock)
    other = await an_author(receiver, "Bo")
    upload = await other.begin(sha256=HASH)

    with pytest.raises(ChecksumMismatch):
        await receiver.receive(upload.uid, 0, body(PICTURE[:-4] + b"abcd"))


# --- its end


async def test_an_upload_expires_some_time_after_its_last_byte(receiver: Receiver, author: Author, clock: FixedClock):
    upload = await author.begin()
    clock.move(timedelta(hours=23))
    await receiver.receive(upload.uid, 0, body(PICTURE[:10]))
    clock.move(timedelta(hours=23))
    await receiver.receive(upload.uid, 10, body(PICTURE[10:20]))
    clock.move(timedelta(hours=24))

    with pytest.raises(UploadExpired):
        await receiver.receive(upload.uid, 20, body(PICTURE[20:]))
    with pytest.raises(UploadExpired):
        await receiver.replace(upload.uid, body(PICTURE))


async def test_a_cancelled_upload_leaves_nothing(receiver: Receiver, author: Author):
    upload = await author.begin()
    await receiver.receive(upload.uid, 0, body(PICTURE[:10]))

    for _ in range(2):
        async with receiver.db.session() as session:
            gone = await uploading.cancel(
                session, author.caller, upload.uid, store=receiver.store, clock=receiver.clock
            )

    assert (gone.state, await keys(receiver.store)) == (UploadState.EXPIRED, [])
    with pytest.raises(UploadExpired):
        await receiver.receive(upload.uid, 10, body(PICTURE[10:]))


async def test_an_upload_cancelled_while_bytes_come_takes_none(receiver: Receiver, author: Author):
    upload = await author.begin()

    async def cancelling() -> AsyncIterator[bytes]:
        yield PICTURE[:10]
        async with receiver.db.session() as session:
            await uploading.give_up(session, upload.uid, store=receiver.store, clock=receiver.clock)

    with pytest.raises(UploadExpired):
        await receiver.receive(upload.uid, 0, cancelling())

    assert await keys(receiver.store) == []


async def test_what_is_all_there_takes_no_more_and_is_not_cancelled(receiver: Receiver, author: Author):
    upload = await author.sent()

    with pytest.raises(UploadOver):
        await receiver.receive(upload.uid, len(PICTURE), body(b"x"))
    async with receiver.db.session() as session:
        with pytest.raises(UploadOver):
            await uploading.cancel(session, author.caller, upload.uid, store=receiver.store, clock=receiver.clock)


async def test_uploads_of_others_are_unknown(receiver: Receiver, author: Author):
    upload = await author.begin()
    other = await an_author(receiver, "Bo")

    async with receiver.db.session() as session:
        with pytest.raises(NoSuchUpload):
            await uploading.cancel(session, other.caller, upload.uid, store=receiver.store, clock=receiver.clock)
    with pytest.raises(NoSuchUpload):
        await receiver.receive(new_uid(), 0, body(b"x"))


async def test_a_token_opens_its_own_upload_and_no_changed_one_does():
    uid, secret = new_uid(), b"s" * 32
    token = uploading.token(secret, uid)

    assert uploading.uid_of(secret, token) == uid
    foreign = uploading.token(b"t" * 32, uid)
    for bad in ("", "x", foreign, token[:-1], token + "A", token[:-1] + "!", token.swapcase(), "ä" * 66):
        with pytest.raises(NoSuchUpload):
            uploading.uid_of(secret, bad)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("tea.png", "tea.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\tea.png", "tea.png"),
        ("/", ""),
        ("..", ""),
        (".", ""),
        ("a/..", ""),
        ("tea\x00.png\r\n", "tea.png"),
        ("  tea  pot .png ", "tea pot .png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("茶.jpg", "茶.jpg"),
        ("a\ud800b", "ab"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("x" * 300, "x" * 255),
        ("con:stream$data", "con:stream$data"),
    ],
)
def test_a_name_is_its_last_part_without_what_cannot_be_seen(given: str, kept: str):
    assert file_names.cleaned(given) == kept
