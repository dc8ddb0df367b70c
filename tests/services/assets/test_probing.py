"""The prober: each file is looked at once, whatever dies meanwhile, and what was found reaches all that has the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select, text

import models
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from core.store import Store, StoreAway
from models import AssetFactsSource, ProbeState, UploadState
from services import outbox, workers
from services.assets import keeping, probing
from services.assets.serving import SERVED
from services.media import facts
from services.media.facts import Facts, Flaw, PictureFacts, Refused
from services.media.sandbox import Ended, NotStarted, Sandbox
from services.runtime import Runtime
from tests import make
from tests.services.media import drawn

PNG = drawn.saved(drawn.quarters())
FOUND = PictureFacts(
    media_type="image/png", width=32, height=16, colour_space="srgb", bit_depth=8, white_background=25, sharpness=9,
    perceptual_hash="0" * 16,
)  # fmt: skip


@dataclass
class Looking(Sandbox):
    """A sandbox that answers as told, after `meanwhile`: for what happens around a probe, not in it."""

    answer: Facts | Exception = FOUND
    meanwhile: Callable[[], Any] = lambda: asyncio.sleep(0)
    looked: list[Path] = field(default_factory=list)

    async def probe(self, path: Path, _served: Path) -> Facts:
        self.looked.append(path)
        await self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def kept(db: Database, store: Store, content: bytes = PNG) -> bytes:
    async with db.session() as session:
        return await keeping.keep(session, store, content, "application/octet-stream")


async def sent(db: Database, clock: FixedClock, digest: bytes, **values: Any) -> models.AssetUpload:
    """An upload of these bytes that waits."""
    known = {"state": UploadState.PROBING, "sha256": digest, "expires_at": clock.now()} | values
    async with db.session() as session:
        row = models.AssetUpload(**known)
        session.add(row)
    return row


async def now(db: Database, row: models.AssetUpload) -> models.AssetUpload:
    async with db.session() as session:
        return await session.get_one(models.AssetUpload, row.id)


async def blob_of(db: Database, digest: bytes) -> models.Blob | None:
    async with db.session() as session:
        return await session.get(models.Blob, digest)


async def test_a_file_that_was_sent_becomes_an_asset_with_measured_facts(
    db: Database, store: Store, sandbox: Sandbox, clock: FixedClock
):
    digest = await kept(db, store)
    upload = await sent(db, clock, digest)

    assert await probing.step(db, store, sandbox, clock)
    assert not await probing.step(db, store, sandbox, clock)

    assert (await now(db, upload)).state is UploadState.READY
    blob = await blob_of(db, digest)
    assert blob is not None
    assert (blob.probe_state, blob.media_type, blob.probe_version) == (ProbeState.PROBED, "image/png", 1)
    assert (blob.probed_at, blob.probe_attempts, blob.probe_claimed_until) == (clock.now(), 0, None)
    assert blob.facts["width"] == 32
    async with db.session() as session:
        (asset,) = await session.scalars(select(models.Asset))
    assert (asset.uid, asset.width, asset.height, asset.facts_source) == (
        upload.asset_uid, 32, 16, AssetFactsSource.PROBED,
    )  # fmt: skip


async def test_the_copy_that_is_served_is_there_with_the_facts(
    db: Database, store: Store, sandbox: Sandbox, clock: FixedClock
):
    content = drawn.placed("image/jpeg")
    digest = await kept(db, store, content)

    await probing.step(db, store, sandbox, clock)

    async with db.session() as session:
        served = await session.get_one(models.Rendition, (digest, SERVED))
    copy = await store.read(keeping.rendition_key(digest, SERVED))
    assert drawn.CANARY.encode() not in copy
    assert (served.etag, served.byte_count) == (hashlib.sha256(copy).hexdigest(), len(copy))
    assert (served.media_type, served.width, served.height) == ("image/jpeg", 32, 16)
    assert await store.read(keeping.key_of(digest)) == content
    assert list(store.scratch.iterdir()) == []


async def test_a_file_that_is_none_of_ours_is_refused_and_gone(
    db: Database, store: Store, sandbox: Sandbox, clock: FixedClock
):
    digest = await kept(db, store, PNG[:60])
    upload = await sent(db, clock, digest)

    await probing.step(db, store, sandbox, clock)

    upload = await now(db, upload)
    assert (upload.state, upload.failure) == (UploadState.REFUSED, "BROKEN_FILE")
    assert await blob_of(db, digest) is None
    assert await store.byte_count(keeping.key_of(digest)) is None


async def test_twenty_uploads_of_the_same_bytes_are_looked_at_once(db: Database, store: Store, clock: FixedClock):
    digest, looking = await kept(db, store), Looking()
    for _ in range(20):
        await sent(db, clock, digest)

    while await probing.step(db, store, looking, clock):
        pass

    assert len(looking.looked) == 1
    async with db.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.Asset)) == 20


async def test_two_probers_never_look_at_one_file(committed: Database, store: Store, clock: FixedClock):
    digests = [await kept(committed, store, bytes([number])) for number in range(6)]
    looking = Looking()

    async def work() -> None:
        while await probing.step(committed, store, looking, clock):
            pass

    await asyncio.gather(*(work() for _ in range(4)))

    assert sorted(path.name for path in looking.looked) == sorted(digest.hex() for digest in digests)


async def test_what_somebody_waits_for_goes_before_what_was_imported(db: Database, store: Store, clock: FixedClock):
    imported = await kept(db, store, b"imported")
    awaited = await kept(db, store, b"awaited")
    await sent(db, clock, awaited)
    looking = Looking()

    while await probing.step(db, store, looking, clock):
        pass

    assert [path.name for path in looking.looked] == [awaited.hex(), imported.hex()]


async def test_no_transaction_is_open_while_a_file_is_looked_at(committed: Database, store: Store, clock: FixedClock):
    await kept(committed, store)
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND xact_start IS NOT NULL AND backend_type = 'client backend'"
    )
    counts = []

    async def meanwhile() -> None:
        async with committed.session() as session:
            counts.append(await session.scalar(others))

    await probing.step(committed, store, Looking(meanwhile=meanwhile), clock)

    assert counts == [0]


async def test_what_a_dead_worker_left_is_looked_at_when_its_lease_is_over(
    db: Database, store: Store, clock: FixedClock
):
    digest = await kept(db, store)
    upload = await sent(db, clock, digest)
    await probing._claim(db, Looking(), clock)

    assert not await probing.step(db, store, Looking(), clock)
    clock.move(timedelta(seconds=89))
    assert not await probing.step(db, store, Looking(), clock)
    clock.move(timedelta(seconds=2))
    assert await probing.step(db, store, Looking(), clock)

    assert (await now(db, upload)).state is UploadState.READY


async def test_whoever_comes_back_after_the_lease_changes_nothing(db: Database, store: Store, clock: FixedClock):
    digest = await kept(db, store)
    upload = await sent(db, clock, digest)

    async def meanwhile() -> None:
        clock.move(timedelta(minutes=5))
        assert await probing.step(db, store, Looking(), clock)

    late = FOUND.model_copy(update={"width": 99})
    await probing.step(db, store, Looking(answer=late, meanwhile=meanwhile), clock)

    assert (await now(db, upload)).state is UploadState.READY
    async with db.session() as session:
        (asset,) = await session.scalars(select(models.Asset))
    assert asset.width == 32


async def test_a_file_that_three_children_died_of_is_refused(db: Database, store: Store, clock: FixedClock):
    digest = await kept(db, store)
    upload = await sent(db, clock, digest)
    looking = Looking(answer=Refused(Flaw.PROBE_FAILED, "died"))

    for attempt in (1, 2):
        assert await probing.step(db, store, looking, clock)
        blob = await blob_of(db, digest)
        assert blob is not None
        assert (blob.probe_state, blob.probe_attempts) == (ProbeState.WAITING, attempt)
        assert not await probing.step(db, store, looking, clock)
        clock.move(probing.AGAIN)
    await probing.step(db, store, looking, clock)

    upload = await now(db, upload)
    assert (upload.state, upload.failure) == (UploadState.REFUSED, "PROBE_FAILED")
    assert len(looking.looked) == 3
    assert await blob_of(db, digest) is None


async def test_a_file_that_three_workers_died_of_is_refused_unseen(db: Database, store: Store, clock: FixedClock):
    digest, looking = await kept(db, store), Looking()
    upload = await sent(db, clock, digest)
    async with db.session() as session:
        (await session.get_one(models.Blob, digest)).probe_attempts = 3

    await probing.step(db, store, looking, clock)

    assert (await now(db, upload)).failure == "PROBE_FAILED"
    assert looking.looked == []


async def test_when_the_store_is_away_nothing_is_held_against_the_file(db: Database, store: Store, clock: FixedClock):
    digest = await kept(db, store)

    assert not await probing.step(db, store, Looking(answer=StoreAway("away")), clock)

    blob = await blob_of(db, digest)
    assert blob is not None
    assert (blob.probe_state, blob.probe_attempts) == (ProbeState.WAITING, 0)
    assert blob.probe_claimed_until == clock.now() + probing.STORE_AGAIN


async def test_a_sandbox_that_ends_gives_the_file_back_at_once(db: Database, store: Store, clock: FixedClock):
    digest = await kept(db, store)

    assert not await probing.step(db, store, Looking(answer=Ended()), clock)

    assert await probing.step(db, store, Looking(), clock)
    blob = await blob_of(db, digest)
    assert blob is not None
    assert blob.probe_state is ProbeState.PROBED


@pytest.mark.parametrize(
    ("accident", "attempts", "pause"),
    [
        (ZeroDivisionError("a mistake"), 1, probing.AGAIN),
        (OSError("no space left"), 0, probing.STORE_AGAIN),
        (NotStarted("no memory"), 0, probing.STORE_AGAIN),
    ],
)
async def test_an_accident_keeps_nobody_else_waiting(
    db: Database, store: Store, clock: FixedClock, accident: Exception, attempts: int, pause: timedelta
):
    both, failing, looking = (
        {await kept(db, store), await kept(db, store, b"another")},
        Looking(answer=accident),
        Looking(),
    )

    with pytest.raises(type(accident)):
        await probing.step(db, store, failing, clock)

    digest = bytes.fromhex(failing.looked[0].name)
    blob = await blob_of(db, digest)
    assert blob is not None
    assert (blob.probe_state, blob.probe_attempts) == (ProbeState.WAITING, attempts)
    assert blob.probe_claimed_until == clock.now() + pause
    assert await probing.step(db, store, looking, clock)
    assert {bytes.fromhex(path.name) for path in looking.looked} == both - {digest}


async def test_bytes_that_are_missing_refuse_uploads_and_are_looked_for_as_long_as_assets_have_them(
    db: Database, store: Store, clock: FixedClock
):
    digest = await kept(db, store)
    upload = await sent(db, clock, digest)
    async with db.session() as session:
        await make.asset(session, sha256=digest)
    await store.delete(keeping.key_of(digest))

    for _ in range(3):
        assert await probing.step(db, store, Looking(), clock)
        clock.move(probing.AGAIN)

    assert (await now(db, upload)).failure == "PROBE_FAILED"
    assert not await probing.step(db, store, Looking(), clock)
    await store.put(keeping.key_of(digest), PNG)
    async with db.session() as session:
        await probing.wake(session, digest)
    assert await probing.step(db, store, Looking(), clock)
    blob = await blob_of(db, digest)
    assert blob is not None
    assert blob.probe_state is ProbeState.PROBED


async def test_a_lease_is_not_ended_by_those_who_bring_the_same_bytes(db: Database, store: Store, clock: FixedClock):
    digest = await kept(db, store)
    again = Looking()

    async def meanwhile() -> None:
        async with db.session() as session:
            await probing.wake(session, digest)
        assert not await probing.step(db, store, again, clock)

    await probing.step(db, store, Looking(meanwhile=meanwhile), clock)

    assert again.looked == []


async def test_what_an_older_probe_looked_at_is_looked_at_again_and_shown_meanwhile(
    db: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    digest = await kept(db, store)
    async with db.session() as session:
        asset = await make.asset(session, sha256=digest)
    await probing.step(db, store, Looking(answer=FOUND.model_copy(update={"width": 31})), clock)
    assert not await probing.step(db, store, Looking(), clock)
    monkeypatch.setattr(probing, "PROBE_VERSION", facts.PROBE_VERSION + 1)
    states = []

    async def meanwhile() -> None:
        states.append(await blob_of(db, digest))

    assert await probing.step(db, store, Looking(meanwhile=meanwhile), clock)

    assert [(blob.probe_state, blob.facts["width"]) for blob in states] == [(ProbeState.PROBED, 31)]
    async with db.session() as session:
        assert (await session.get_one(models.Asset, asset.id)).width == 32
    assert not await probing.step(db, store, Looking(), clock)


async def test_a_newer_probe_that_refuses_what_was_fine_takes_nothing_away(
    db: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    digest = await kept(db, store)
    await probing.step(db, store, Looking(), clock)
    monkeypatch.setattr(probing, "PROBE_VERSION", facts.PROBE_VERSION + 1)

    assert await probing.step(db, store, Looking(answer=Refused(Flaw.BROKEN_FILE, "broken")), clock)

    blob = await blob_of(db, digest)
    assert blob is not None
    assert (blob.probe_state, blob.facts["width"]) == (ProbeState.PROBED, 32)
    assert await store.byte_count(keeping.key_of(digest)) == len(PNG)
    assert not await probing.step(db, store, Looking(), clock)


async def test_bytes_that_are_erased_while_the_copy_is_put_leave_none(
    db: Database, store: Store, sandbox: Sandbox, clock: FixedClock
):
    digest = await kept(db, store, drawn.placed("image/jpeg"))

    class Slow(Store):
        async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> None:
            async with db.session() as session:
                assert await keeping.remove_unused(session, store, digest)
            await store.put(key, content)

    await probing.step(db, Slow(store.objects, store.scratch, store.folder), sandbox, clock)

    assert await blob_of(db, digest) is None
    assert [entry.key async for entry in store.entries()] == []


async def test_a_prober_waits_for_no_poll(committed: Database):
    woken = asyncio.Event()
    connection = await committed.listen()
    await connection.add_listener(outbox.CHANNEL, lambda *_: woken.set())
    async with committed.session() as session:
        await probing.wake(session)
        assert not woken.is_set()

    async with asyncio.timeout(5):
        await woken.wait()
    await connection.close()


WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from core import logging
from core.clock import SystemClock
from core.db import Database
from core.store import open_store
from services.assets import probing
from services.media.sandbox import Sandbox

async def main(url, folder):
    sandbox, store = Sandbox(), open_store("", Path(folder))
    await sandbox._put_back(await sandbox._child())
    os.kill(sandbox.pids[0], signal.SIGSTOP)
    print(sandbox.pids[0], flush=True)
    await probing.step(Database(url), store, sandbox, SystemClock())

logging.configure("error", "console")
asyncio.run(main(*sys.argv[1:]))
"""
"""A worker that looks into a file, with a child that takes for ever."""


async def test_a_worker_that_is_killed_in_the_middle_takes_its_child_along_and_another_goes_on(
    committed: Database, store: Store, sandbox: Sandbox, tmp_path: Path
):
    assert store.folder is not None
    digest, clock = await kept(committed, store), FixedClock(datetime.now(UTC))
    upload = await sent(committed, clock, digest)
    url = committed.url.set(drivername="postgresql").render_as_string(hide_password=False)
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        url,
        str(store.folder),
        stdout=asyncio.subprocess.PIPE,
        # what it leaves behind is swept with the test's own
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert worker.stdout is not None
    async with asyncio.timeout(20):
        child = psutil.Process(int(await worker.stdout.readline()))
        await until(lambda: claimed(committed, digest))
        worker.kill()
        await worker.wait()
        await until(lambda: gone(child))

    assert not await probing.step(committed, store, sandbox, clock)
    clock.move(timedelta(minutes=3))
    assert await probing.step(committed, store, sandbox, clock)

    assert (await now(committed, upload)).state is UploadState.READY
    async with committed.session() as session:
        assert [asset.uid for asset in await session.scalars(select(models.Asset))] == [upload.asset_uid]


async def claimed(db: Database, digest: bytes) -> bool:
    blob = await blob_of(db, digest)
    return blob is not None and blob.probe_attempts == 1


async def gone(process: psutil.Process) -> bool:
    return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110  (the system has no event for it)
        await asyncio.sleep(0.005)


def runtime(db: Database, store: Store, clock: FixedClock, looking: Sandbox) -> Runtime:
    return Runtime(Settings(_env_file=None), db, clock, index=None, store=store, sandbox=looking)  # type: ignore[arg-type]  # nobody searches


async def test_draining_looks_into_all_that_waits(committed: Database, store: Store, clock: FixedClock):
    uploads = [await sent(committed, clock, await kept(committed, store, bytes([number]))) for number in range(3)]

    await workers.drain(runtime(committed, store, clock, Looking()), work={workers.Work.PROBE})

    assert [(await now(committed, upload)).state for upload in uploads] == [UploadState.READY] * 3


async def test_a_worker_that_stops_gives_back_what_takes_long(
    committed: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    digest, stop = await kept(committed, store), asyncio.Event()
    monkeypatch.setattr(workers, "SECONDS_TO_FINISH", 0.01)

    async def meanwhile() -> None:
        stop.set()
        await closed.wait()

    closed, looking = asyncio.Event(), Looking(answer=Ended(), meanwhile=meanwhile)
    monkeypatch.setattr(looking, "close", lambda: asyncio.sleep(0, closed.set()))

    async with asyncio.timeout(5):
        await workers.run(runtime(committed, store, clock, looking), stop, work={workers.Work.PROBE})

    blob = await blob_of(committed, digest)
    assert blob is not None
    assert (blob.probe_state, blob.probe_attempts) == (ProbeState.WAITING, 0)
    assert blob.probe_claimed_until == clock.now()
