"""Files named by an address: fetched and checked like any other, never from inside, tried three times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.store import Store, StoreAway
from models import UploadState
from services.assets import fetching, pieces, uploading
from services.assets.fetching import Fetcher
from services.assets.receiving import Receiver
from tests import make
from tests.core.test_fetching import ok, onward, server
from tests.services.assets.arriving import HASH, PICTURE, in_store, keys, looked_at
from tests.services.assets.test_uploading import LIMITS, Author, again, an_author

Answer = Callable[[str], bytes]


@pytest.fixture
def receiver(db: Database, store: Store, clock: FixedClock) -> Receiver:
    return Receiver(db, store, LIMITS, 24, clock)


@pytest.fixture
async def author(receiver: Receiver) -> Author:
    return await an_author(receiver)


@pytest.fixture
def fetcher(receiver: Receiver) -> Fetcher:
    return Fetcher(receiver.db, receiver.store, LIMITS, receiver.clock, inside=True)


async def begun(author: Author, url: str, **known: Any) -> models.AssetUpload:
    """An upload of an address; what may be named from outside was looked at when it was begun."""
    upload = await author.begin(url="https://pictures.example/tea.png", byte_count=None, **known)
    async with author.receiver.db.session() as session:
        (await session.get_one(models.AssetUpload, upload.id)).url = url
    return upload


async def fetched(fetcher: Fetcher, author: Author, answer: Answer, **known: Any) -> models.AssetUpload:
    """What became of a file at an address that answers so."""
    async with server(answer) as port:
        upload = await begun(author, f"http://127.0.0.1:{port}/tea.png", **known)
        assert await fetcher.step()
    return await again(author.receiver, upload)


async def test_a_file_is_fetched_and_waits_to_be_looked_at(fetcher: Fetcher, author: Author):
    upload = await fetched(fetcher, author, lambda _: ok(PICTURE))

    assert (upload.state, upload.sha256, upload.media_type) == (UploadState.PROBING, HASH, "image/png")
    assert (upload.byte_count, upload.received_count) == (len(PICTURE), len(PICTURE))
    assert await keys(fetcher.store) == [in_store()]
    assert not await fetcher.step()


async def test_redirects_are_followed_by_the_same_rules(fetcher: Fetcher, author: Author):
    def answer(head: str) -> bytes:
        return ok(PICTURE) if "GET /there " in head else onward("/there")

    assert (await fetched(fetcher, author, answer)).state is UploadState.PROBING


async def test_an_address_that_leads_inside_is_not_fetched(fetcher: Fetcher, author: Author):
    asked = []

    def answer(head: str) -> bytes:
        asked.append(head)
        return ok(PICTURE)

    upload = await fetched(replace(fetcher, inside=False), author, answer)

    assert (upload.state, upload.failure, asked) == (UploadState.REFUSED, "UNSAFE_ADDRESS", [])


async def test_a_name_that_leads_inside_is_not_fetched(fetcher: Fetcher, author: Author):
    async def inside(_host: str, _port: int) -> list[str]:
        return ["10.0.0.1"]

    upload = await author.begin(url="https://pictures.example/tea.png", byte_count=None)

    assert await replace(fetcher, inside=False, resolve=inside).step()

    assert (await again(author.receiver, upload)).failure == "UNSAFE_ADDRESS"


async def test_an_address_that_fails_is_tried_three_times_with_pauses(
    fetcher: Fetcher, author: Author, clock: FixedClock
):
    asked = 0

    def answer(_head: str) -> bytes:
        nonlocal asked
        asked += 1
        return b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    async with server(answer) as port:
        upload = await begun(author, f"http://127.0.0.1:{port}/")
        steps = []
        for pause in (0, 29, 1, 119, 1, 10_000):
            clock.move(timedelta(seconds=pause))
            steps.append(await fetcher.step())

    assert (steps, asked) == ([True, False, True, False, True, False], 3)
    upload = await again(author.receiver, upload)
    assert (upload.state, upload.failure) == (UploadState.REFUSED, "CANNOT_FETCH")


@pytest.mark.parametrize(
    ("content", "known", "failure"),
    [
        (b"<html>", {}, "UNSUPPORTED_FILE"),
        (b"", {}, "EMPTY_FILE"),
        (PICTURE, {"media_type": "video/mp4"}, "WRONG_MEDIA_TYPE"),
        (PICTURE, {"sha256": bytes(32)}, "CHECKSUM_MISMATCH"),
        (PICTURE + bytes(LIMITS.image), {}, "FILE_TOO_LARGE"),
    ],
)
async def test_a_file_that_we_do_not_take_is_not_fetched_twice(
    fetcher: Fetcher, author: Author, content: bytes, known: dict[str, Any], failure: str
):
    upload = await fetched(fetcher, author, lambda _: ok(content), **known)

    assert (upload.state, upload.failure) == (UploadState.REFUSED, failure)
    assert await keys(fetcher.store) == []


async def test_an_endless_file_is_cut(fetcher: Fetcher, author: Author, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pieces, "PIECE", 100_000)
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PICTURE + bytes(LIMITS.image + 300_000)

    upload = await fetched(fetcher, author, lambda _: endless)

    assert upload.failure == "FILE_TOO_LARGE"
    assert await keys(fetcher.store) == []


async def test_what_was_cancelled_meanwhile_leaves_nothing(fetcher: Fetcher, author: Author):
    async with server(lambda _: ok(PICTURE)) as port:
        upload = await begun(author, f"http://127.0.0.1:{port}/")

        async def cancelling(_host: str, _port: int) -> list[str]:
            async with fetcher.db.session() as session:
                await uploading.give_up(session, upload.uid, store=fetcher.store, clock=fetcher.clock)
            return ["127.0.0.1"]

        assert await replace(fetcher, resolve=cancelling).step()

    assert (await again(author.receiver, upload)).state is UploadState.EXPIRED
    assert await keys(fetcher.store) == []


async def test_a_fetch_whose_worker_died_is_begun_anew_and_at_last_given_up(
    fetcher: Fetcher, author: Author, clock: FixedClock
):
    async with server(lambda _: ok(PICTURE)) as port:
        upload = await begun(author, f"http://127.0.0.1:{port}/")
        for _ in range(2):  # claimed, and never heard of again
            assert await fetcher._claim(None) is not None
            assert not await fetcher.step()
            clock.move(timedelta(seconds=61))
        assert await fetcher.step()

    assert (await again(author.receiver, upload)).state is UploadState.PROBING


async def test_our_own_store_away_does_not_count_against_the_address(
    fetcher: Fetcher, author: Author, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    async def away(*_args: Any) -> None:
        raise StoreAway("away")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", away)
        upload = await fetched(fetcher, author, lambda _: ok(PICTURE))

    assert (upload.state, upload.attempts) == (UploadState.FETCHING, 0)


async def test_two_fetchers_never_fetch_the_same(committed: Database, store: Store, clock: FixedClock):
    author = await an_author(Receiver(committed, store, LIMITS, 24, clock))
    fetcher, asked = Fetcher(committed, store, LIMITS, clock, inside=True), 0

    def answer(_head: str) -> bytes:
        nonlocal asked
        asked += 1
        return ok(PICTURE)

    async with server(answer) as port:
        await begun(author, f"http://127.0.0.1:{port}/")
        steps = await asyncio.gather(*(fetcher.step() for _ in range(4)))

    assert (sorted(steps), asked) == ([False, False, False, True], 1)


async def test_linked_assets_get_their_bytes_and_stay_themselves(fetcher: Fetcher, author: Author, clock: FixedClock):
    async with server(lambda _: ok(PICTURE)) as port:
        async with fetcher.db.session() as session:
            url = f"http://127.0.0.1:{port}/tea.png"
            linked = await make.asset(session, creator_id=author.creator.id, url=url, width=9, height=9)
            others = await make.asset(session)
            sent = {"creator_id": author.creator.id, "hours": 24, "clock": clock}
            first = await fetching.fetch_linked(session, SYSTEM, **sent)
            second = await fetching.fetch_linked(session, SYSTEM, **sent)
            foreign = await fetching.fetch_linked(session, author.caller, uids=[others.uid], hours=1, clock=clock)
        assert await fetcher.step()
    await looked_at(fetcher.db, fetcher.store, clock)

    assert ([one.asset_uid for one in first], second, foreign) == ([linked.uid], [], [])
    async with fetcher.db.session() as session:
        asset = (await session.scalars(select(models.Asset).where(models.Asset.id == linked.id))).one()
    assert (asset.sha256, asset.url, asset.width, asset.facts_source.value) == (HASH, url, 16, "PROBED")


async def test_a_fetch_that_is_broken_off_by_a_stop_is_begun_anew(fetcher: Fetcher, author: Author):
    asked = asyncio.Event()

    async def silent(_host: str, _port: int) -> list[str]:
        asked.set()
        await asyncio.Event().wait()
        return []

    async with server(lambda _: ok(PICTURE)) as port:
        upload = await begun(author, f"http://127.0.0.1:{port}/")
        working = asyncio.create_task(replace(fetcher, resolve=silent).step())
        await asked.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert (await again(author.receiver, upload)).attempts == 0
        assert await fetcher.step()

    assert (await again(author.receiver, upload)).state is UploadState.PROBING
