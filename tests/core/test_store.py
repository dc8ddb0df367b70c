from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Misconfigured
from core.store import PART, NothingThere, Store, StoreAway, StoreFull, open_store
from tests.stores.contract import Contract, keys, pieces

# writes the first parts of an object, says so, and then waits for more until it is killed
WRITER = """
import asyncio, sys
from pathlib import Path
from core.store import PART, open_store

async def endless():
    for _ in range(4):
        yield b"x" * PART
    print("half", flush=True)
    await asyncio.Event().wait()

async def write():
    await open_store("", Path(sys.argv[1])).put("ab/abcd", endless())

asyncio.run(write())
"""


class TestFolder(Contract):
    @pytest.fixture
    def kept(self, store: Store) -> Store:
        return store


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def folder_of(store: Store) -> Path:
    assert store.folder is not None
    return store.folder


async def test_a_writer_killed_in_the_middle_leaves_nothing_that_could_be_read_and_is_cleaned_up_after(store: Store):
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(store.folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"half\n"
    writer.kill()
    await writer.communicate()
    left = files(folder_of(store))

    now = datetime.now(UTC)
    assert await keys(store) == []
    with pytest.raises(NothingThere):
        await store.read("ab/abcd")
    assert await store.remove_unfinished(now - timedelta(hours=1)) == 0
    await store.put("ab/abcd", pieces(b"whole"))
    assert await store.remove_unfinished(now + timedelta(hours=1)) == 1

    assert left == ["ab", "ab/abcd#1"]
    assert await store.read("ab/abcd") == b"whole"
    assert files(folder_of(store)) == ["ab", "ab/abcd"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process grows beyond a mebibyte: what a full disk looks like to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    asked = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, asked)


async def test_a_full_disk_is_said_and_nothing_half_stays(store: Store, small_files: None):
    with pytest.raises(StoreFull):
        await store.put("ab/abcd", b"x" * (1 << 21))
    with pytest.raises(StoreFull):
        await store.put("ab/abcd", pieces(b"x" * PART, b"x"))

    assert [path for path in folder_of(store).rglob("*") if path.is_file()] == []


async def test_a_folder_that_went_away_is_a_store_that_is_away(store: Store):
    folder_of(store).rmdir()
    folder_of(store).write_text("somebody put a file here")

    with pytest.raises(StoreAway):
        await store.put("ab/abcd", b"a picture")


async def test_a_cancelled_write_leaves_nothing(store: Store):
    begun = asyncio.Event()

    async def waiting():
        yield b"x" * PART
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.put("ab/abcd", waiting()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    async with asyncio.timeout(5):  # a thread of the client does it, a moment later
        while any(path.is_file() for path in folder_of(store).rglob("*")):  # noqa: ASYNC110  (a thread that is not ours)
            await asyncio.sleep(0.01)


async def test_folders_go_with_the_last_file_in_them(store: Store):
    await store.put("uploads/one/0", b"a")
    await store.put("uploads/two/0", b"b")
    await store.put("uploads/two/1", b"c")
    await store.put("uploads/three/0", b"d")

    await store.copy("uploads/one/0", "ab/abcd")
    await store.delete("uploads/one/0")
    await store.delete("uploads/two/0")
    await store.delete("uploads/three/0")

    assert files(folder_of(store)) == ["ab", "ab/abcd", "uploads", "uploads/two", "uploads/two/1"]


def test_only_its_owner_may_look_into_the_folder(tmp_path: Path):
    before = os.umask(0o022)
    open_store("", tmp_path / "deep" / "assets")
    os.umask(before)

    assert (tmp_path / "deep" / "assets").stat().st_mode & 0o777 == 0o700


def test_a_folder_may_lie_anywhere(tmp_path: Path):
    assert open_store(f"file://{tmp_path}/else where", tmp_path / "assets").folder == tmp_path / "else where"
    assert not (tmp_path / "assets").exists()


def test_a_folder_that_cannot_be_made_is_said_at_the_start(tmp_path: Path):
    (tmp_path / "assets").write_text("a file")

    with pytest.raises(Misconfigured, match="cannot be made"):
        open_store("", tmp_path / "assets")
