from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from search import indexing
from search.backend import IndexAway, IndexHasAWriter, IndexNeedsRebuild, Request
from search.backends.embedded import EmbeddedBackend
from search.documents import Document
from search.matching import text_query
from search.query import Order
from tests.search.contract import Contract, put
from tests.search.entries import content, tombstone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search index"


@pytest.fixture
async def backend(folder: Path) -> AsyncIterator[EmbeddedBackend]:
    made = EmbeddedBackend(folder)
    await made.start_generation()
    await made.swap()
    yield made
    await made.close()


class TestEmbedded(Contract):
    pass


async def ids(backend: EmbeddedBackend) -> list[int]:
    return sorted(one.id for one in (await backend.search(Request(None, order=Order.NEWEST, limit=100_000))).found)


async def reopened(folder: Path) -> EmbeddedBackend:
    fresh = EmbeddedBackend(folder)
    await fresh.open_for_writing()
    return fresh


def meta(folder: Path) -> Path:
    return folder / orjson.loads((folder / "current.json").read_bytes())["generation"] / "meta.json"


# Readers


async def test_a_reader_follows_commits_and_swaps_of_the_writer(backend, folder):
    reader = EmbeddedBackend(folder)
    seen = []

    await put(backend, content(1))
    seen.append(await ids(reader))
    await put(backend, content(2))
    seen.append(await ids(reader))
    await backend.start_generation()
    await backend.fill([content(3)])
    seen.append(await ids(reader))
    await backend.swap()
    seen.append(await ids(reader))

    assert seen == [[1], [1, 2], [1, 2], [3]]


async def test_a_reader_without_an_index_says_that_one_has_to_be_made(folder):
    with pytest.raises(IndexNeedsRebuild):
        await EmbeddedBackend(folder).search(Request(text_query("咖啡")))

    assert not folder.exists(), "reading makes nothing"


async def test_a_second_writer_is_refused_and_the_first_goes_on(backend, folder):
    second = EmbeddedBackend(folder)

    with pytest.raises(IndexHasAWriter):
        await second.open_for_writing()
    with pytest.raises(IndexHasAWriter):
        await second.start_generation()

    await put(backend, content(1))
    assert await ids(second) == [1]


async def test_a_reader_cannot_write(backend, folder):
    with pytest.raises(IndexAway):
        await EmbeddedBackend(folder).write([content(1)])


# Restarts


async def test_a_closed_index_is_opened_again_with_everything_committed(backend, folder):
    await put(backend, content(1, version=4), tombstone(2, version=9))
    await backend.write([content(3)])
    await backend.close()

    again = await reopened(folder)

    assert await ids(again) == [1]
    assert (await again.write([content(1, version=3), content(2, version=8)])).taken == 0
    await again.close()


async def test_leftovers_of_an_interrupted_rebuild_are_removed(backend, folder):
    await put(backend, content(1))
    await backend.start_generation()
    await backend.fill([content(2)])
    begun = {path for path in folder.iterdir() if path.is_dir()}
    await backend.close()

    again = await reopened(folder)

    assert len(begun) == 2
    assert [path for path in folder.iterdir() if path.is_dir()] == [meta(folder).parent]
    assert await ids(again) == [1]
    await again.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from search.backends.embedded import EmbeddedBackend
from tests.search.entries import content

async def main():
    backend = EmbeddedBackend(Path(sys.argv[1]))
    await backend.open_for_writing()
    for number in range(2, 1_000_000):
        await backend.write([content(number, "空气炸锅" * 20, body="正文" * 200), content(1, version=number)])
        if number % 10 == 0:
            await backend.commit()
            print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("commits", [1, 7])
async def test_a_writer_killed_in_the_middle_leaves_every_commit_whole(backend, folder, commits):
    await put(backend, content(1))
    await backend.close()
    with subprocess.Popen(  # noqa: ASYNC220  (nothing else runs on this loop)
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as writer:
        last = [int(writer.stdout.readline()) for _ in range(commits)][-1]
        os.kill(writer.pid, signal.SIGKILL)

    again = await reopened(folder)

    # The kill falls somewhere into the next commits: each of them is there as a whole, or not at all.
    held = await ids(again)
    assert held == list(range(1, len(held) + 1))
    assert len(held) >= last
    assert len(held) % 10 == 0
    assert (await again.write([content(1, version=len(held) - 1)])).taken == 0, "versions survived too"
    await put(again, content(9_999_999))
    assert 9_999_999 in await ids(again)
    await again.close()


# Damage


@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
@pytest.mark.parametrize("pattern", ["meta.json", "*.term", "*.fast"])
async def test_a_damaged_index_is_noticed_and_can_be_rebuilt(backend, folder, pattern, damage):
    await put(backend, content(1))
    await backend.close()
    [victim] = meta(folder).parent.glob(pattern)
    if damage == "gone":
        victim.unlink()
    else:
        os.truncate(victim, victim.stat().st_size // 2 if damage == "cut" else 0)

    again = EmbeddedBackend(folder)
    with pytest.raises(IndexNeedsRebuild):
        await again.search(Request(text_query("咖啡")))
    with pytest.raises(IndexNeedsRebuild):
        await again.open_for_writing()

    await again.start_generation()
    await again.fill([content(2)])
    await again.swap()
    assert await ids(again) == [2]
    await again.close()


@pytest.mark.parametrize("pointer", [b"", b"[]", b"{}", b'{"generation": "gone", "format": 1}'])
async def test_a_damaged_pointer_asks_for_a_rebuild(backend, folder, pointer):
    (folder / "current.json").write_bytes(pointer)

    with pytest.raises(IndexNeedsRebuild):
        await EmbeddedBackend(folder).count()


async def test_an_index_of_another_format_asks_for_a_rebuild(backend, folder):
    pointer = orjson.loads((folder / "current.json").read_bytes())
    (folder / "current.json").write_bytes(orjson.dumps(pointer | {"format": 999}))

    with pytest.raises(IndexNeedsRebuild, match="has format 999"):
        await EmbeddedBackend(folder).count()


async def test_a_rebuild_leaves_one_generation_behind_whether_it_ends_or_breaks(backend, folder):
    async def whole() -> AsyncIterator[list[Document]]:
        yield [content(1)]

    async def broken() -> AsyncIterator[list[Document]]:
        yield [content(2)]
        raise RuntimeError("the stream broke")

    await indexing.rebuild(backend, whole())
    after_the_end = [path for path in folder.iterdir() if path.is_dir()]
    with pytest.raises(RuntimeError):
        await indexing.rebuild(backend, broken())
    after_the_break = [path for path in folder.iterdir() if path.is_dir()]

    assert after_the_end == after_the_break == [meta(folder).parent]


async def test_an_engine_that_fails_to_write_is_let_go_and_opened_again_by_the_next_write(backend, folder):
    await put(backend, content(1))
    generation = meta(folder).parent
    kept = folder.parent / "elsewhere"
    generation.rename(kept)

    with pytest.raises(IndexAway):
        await put(backend, content(2, "空气炸锅"))

    with pytest.raises(IndexNeedsRebuild):
        await put(backend, content(2))

    kept.rename(generation)
    await put(backend, content(3))
    assert await ids(backend) == [1, 3]
