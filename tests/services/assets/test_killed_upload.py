"""An upload goes on after the process that received it was killed."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

from sqlalchemy import select

import models
from core.clock import SystemClock
from core.db import Database
from core.store import Store
from models import UploadState
from services.assets.file_limits import FileLimits
from services.assets.pieces import PIECE
from services.assets.receiving import Receiver
from tests.services.assets.arriving import PICTURE, body, in_store, keys
from tests.services.assets.test_uploading import an_author

LIMITS = FileLimits(image=10_000_000, video=10_000_000, audio=10_000_000)
CONTENT = PICTURE + bytes(PIECE + 300_000)

RECEIVING = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from core.clock import SystemClock
from core.db import Database
from core.store import open_store
from services.assets.file_limits import FileLimits
from services.assets.receiving import Receiver

async def body():
    while chunk := await asyncio.to_thread(sys.stdin.buffer.read1, 65536):
        yield chunk

async def main(url, folder, uid):
    limits = FileLimits(image=10_000_000, video=10_000_000, audio=10_000_000)
    receiver = Receiver(Database(url), open_store("", Path(folder)), limits, 24, SystemClock())
    await receiver.receive(UUID(uid), 0, body())

asyncio.run(main(*sys.argv[1:]))
"""


async def received_count(db: Database) -> int:
    async with db.session() as session:
        return (await session.scalars(select(models.AssetUpload.received_count))).one()


async def test_a_killed_process_loses_no_piece_that_was_put(committed: Database, store: Store):
    receiver = Receiver(committed, store, LIMITS, 24, SystemClock())
    upload = await (await an_author(receiver)).begin(byte_count=len(CONTENT))
    url = committed.url.set(drivername="postgresql").render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RECEIVING, url, str(store.folder), str(upload.uid),
        stdin=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdin is not None

    process.stdin.write(CONTENT[:-100])
    async with asyncio.timeout(20):
        while await received_count(committed) == 0:  # noqa: ASYNC110  (it is the other process that goes on)
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    process.stdin.close()

    there = (await receiver.joining.opened(upload.uid)).received_count
    done = await receiver.receive(upload.uid, there, body(CONTENT[there:]))
    assert there == PIECE
    assert (done.state, done.sha256) == (UploadState.PROBING, hashlib.sha256(CONTENT).digest())
    assert await keys(store) == [in_store(hashlib.sha256(CONTENT).digest())]
