"""What uploads leave behind is taken away, and what is still wanted is not."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import models
from core.clock import FixedClock
from core.db import Database
from core.ids import new_uid
from core.settings import Settings
from core.store import Store
from models import UploadState
from services.assets import pieces, sweeping
from services.assets.receiving import Receiver
from tests.services.assets.arriving import PICTURE, body, in_store, keys, looked_at
from tests.services.assets.test_uploading import LIMITS, Author, again, an_author


@pytest.fixture
def receiver(db: Database, store: Store, clock: FixedClock) -> Receiver:
    return Receiver(db, store, LIMITS, 24, clock)


@pytest.fixture
async def author(receiver: Receiver) -> Author:
    return await an_author(receiver)


async def swept(receiver: Receiver) -> None:
    """All that a worker does in a while."""
    of = (receiver.db, receiver.store)
    settings = Settings(_env_file=None)
    steps = (
        sweeping.finisher(*of, settings, receiver.clock),
        sweeping.sweeper(*of, receiver.clock),
        sweeping.cleaner(*of, receiver.clock),
    )
    for step in steps:
        while await step():
            pass


async def test_an_upload_that_nobody_went_on_with_expires_with_its_pieces(
    receiver: Receiver, author: Author, clock: FixedClock
):
    late = await author.begin()
    await receiver.receive(late.uid, 0, body(PICTURE[:10]))
    clock.move(timedelta(hours=12))
    going_on = await author.begin()
    await receiver.receive(going_on.uid, 0, body(PICTURE[:10]))
    clock.move(timedelta(hours=12))

    await swept(receiver)

    assert (await again(receiver, late)).state is UploadState.EXPIRED
    kept = await again(receiver, going_on)
    assert (kept.state, kept.received_count) == (UploadState.RECEIVING, 10)
    assert await keys(receiver.store) == kept.parts


async def test_what_is_all_there_is_finished_and_never_expires(receiver: Receiver, author: Author, clock: FixedClock):
    upload = await author.begin()
    name = pieces.key(upload.uid, 0)
    await receiver.store.put(name, PICTURE)
    async with receiver.db.session() as session:
        row = await session.get_one(models.AssetUpload, upload.id)
        row.parts, row.received_count = [name], len(PICTURE)
    clock.move(timedelta(days=2))

    async with receiver.db.session() as session:
        assert await sweeping.expire(session, receiver.store, clock=clock) == 0
    await swept(receiver)

    assert (await again(receiver, upload)).state is UploadState.PROBING
    assert await keys(receiver.store) == [in_store()]


async def test_what_is_being_finished_is_left_to_whoever_does(receiver: Receiver, author: Author, clock: FixedClock):
    upload = await author.begin()
    async with receiver.db.session() as session:
        row = await session.get_one(models.AssetUpload, upload.id)
        row.parts, row.received_count = ["uploads/x"], len(PICTURE)
        row.claimed_until = clock.now() + timedelta(seconds=1)
        assert await sweeping.abandoned(session, clock=clock) == []
        clock.move(timedelta(seconds=1))
        assert await sweeping.abandoned(session, clock=clock) == [upload.uid]


async def test_what_cannot_be_finished_is_ended_and_not_tried_for_ever(receiver: Receiver, author: Author):
    upload = await author.begin()
    async with receiver.db.session() as session:
        row = await session.get_one(models.AssetUpload, upload.id)
        row.parts, row.received_count = [pieces.key(upload.uid, 0)], len(PICTURE)

    await swept(receiver)

    assert (await again(receiver, upload)).state is UploadState.EXPIRED


async def test_pieces_that_no_upload_lists_go_after_a_day(receiver: Receiver, author: Author, clock: FixedClock):
    upload = await author.begin()
    listed = await receiver.receive(upload.uid, 0, body(PICTURE[:10]))
    for name in (pieces.key(upload.uid, 0), pieces.key(new_uid(), 0), "uploads/odd"):
        await receiver.store.put(name, b"left")
    await receiver.store.put("ab/abcd", b"no piece at all")

    async with receiver.db.session() as session:
        clock.at = await _written(receiver.store) + timedelta(hours=24)
        young = await sweeping.remove_orphans(session, receiver.store, clock=clock)
        clock.move(timedelta(minutes=1))
        old = await sweeping.remove_orphans(session, receiver.store, clock=clock)

    assert (young, old) == (0, 3)
    assert await keys(receiver.store) == ["ab/abcd", *listed.parts]


async def _written(store: Store) -> datetime:
    """When the first piece was written, by the store's own clock."""
    return min([entry.written_at async for entry in store.entries(pieces.UPLOADS)])


async def test_rows_of_what_is_long_over_are_forgotten(receiver: Receiver, author: Author, clock: FixedClock):
    done = await author.sent()
    await looked_at(receiver.db, receiver.store, clock)
    waiting = await author.begin(file_name="second.png")
    async with receiver.db.session() as session:
        row = await session.get_one(models.AssetUpload, waiting.id)
        row.state, row.sha256 = UploadState.PROBING, bytes(32)
    clock.move(timedelta(days=31))
    await swept(receiver)
    before = await _rows(receiver)
    clock.move(timedelta(days=1))
    await swept(receiver)

    assert before == {done.id, waiting.id}
    assert await _rows(receiver) == {waiting.id}
    assert await keys(receiver.store) == [in_store()]


async def _rows(receiver: Receiver) -> set[int]:
    async with receiver.db.session() as session:
        return set(await session.scalars(select(models.AssetUpload.id)))


LEAVING = """
import sys
from services.media.child_folders import ChildFolder
print(ChildFolder.made().path, flush=True)
sys.stdin.read()
"""


async def test_what_killed_processes_left_on_this_machine_is_swept_when_a_worker_starts_and_every_hour(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store.scratch.mkdir(exist_ok=True)
    probe = store.scratch / "headwater-probe-abc"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEAVING, cwd=Path(__file__).parents[3], env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    child = Path((await process.stdout.readline()).decode().strip())
    (child / "cache").mkdir()
    tidy = sweeping.tidier(store, clock)

    def there(days: float) -> tuple[bool, bool]:
        for folder in (probe, child):
            if folder.exists():
                at = (clock.now() - timedelta(days=days)).timestamp()
                os.utime(folder, (at, at))
        return probe.exists(), child.exists()

    probe.mkdir()
    assert there(days=0.9) == (True, True)
    await tidy()
    assert there(days=1.1) == (True, True)
    await tidy()
    assert there(days=1.1) == (True, True), "an hour has not gone by"
    clock.move(timedelta(hours=1))
    there(days=1.1)
    await tidy()
    assert there(days=1.1) == (False, True), "whoever holds it lives"
    process.kill()
    await process.wait()
    clock.move(timedelta(hours=1))
    there(days=1.1)
    await tidy()
    assert there(days=1.1) == (False, False)
