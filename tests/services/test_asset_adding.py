"""Files of this machine become assets, or say why not."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from core.errors import Invalid
from core.settings import Settings
from core.store import Store, StoreAway
from services import asset_adding
from services.asset_adding import Added, Adding, Outcome
from services.assets import keeping, pieces
from services.assets.labels import Labels
from services.runtime import Runtime
from tests import make
from tests.services.assets.test_probing import FOUND, PNG, Looking


@pytest.fixture
def runtime(db: Database, store: Store, clock: FixedClock) -> Runtime:
    return Runtime(Settings(), db, clock, None, store, sandbox=Looking())  # type: ignore[arg-type]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a picture.png"
    path.write_bytes(PNG)
    return path


async def ready(runtime: Runtime, **said) -> Adding:
    return await asset_adding.prepared(runtime, None, Labels(**said))


def told(added: Added) -> tuple[Outcome, str | None]:
    return added.outcome, added.problem.code if added.problem else None


async def count(db: Database, model: type[models.Base]) -> int:
    async with db.session() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def test_a_file_becomes_an_asset_with_the_words_that_were_given(runtime: Runtime, picture: Path):
    added = await (await ready(runtime, credit="Ada", alternative_text="A field.")).add(str(picture))

    assert told(added) == (Outcome.ADDED, None)
    assert added.asset is not None
    assert (added.asset.file_name, added.asset.credit, added.asset.width) == ("a picture.png", "Ada", FOUND.width)
    assert await runtime.store.read(keeping.key_of(hashlib.sha256(PNG).digest())) == PNG


async def test_bytes_that_the_creator_has_are_skipped_also_at_once(runtime: Runtime, picture: Path, tmp_path: Path):
    (tmp_path / "the same.png").write_bytes(PNG)
    house = await ready(runtime)

    found = await asyncio.gather(*(house.add(str(tmp_path / name)) for name in ("a picture.png", "the same.png")))
    again = await house.add(str(picture))

    assert sorted(one.outcome for one in found) == [Outcome.ADDED, Outcome.PRESENT]
    assert again.outcome is Outcome.PRESENT
    assert again.asset is not None
    assert {one.asset.uid for one in found if one.asset} == {again.asset.uid}
    assert await count(runtime.db, models.Asset) == 1


async def test_what_others_have_is_no_reason_to_skip(runtime: Runtime, session, picture: Path):
    creator = await make.creator(session)
    await session.flush()

    await (await ready(runtime)).add(str(picture))
    own = await (await asset_adding.prepared(runtime, creator, Labels())).add(str(picture))

    assert own.outcome is Outcome.ADDED
    assert own.asset is not None
    assert own.asset.creator_id == creator.id
    assert len(runtime.sandbox.looked) == 1  # type: ignore[attr-defined]


async def test_a_folder_is_made_where_it_is_missing_and_found_where_it_is_not(runtime: Runtime, session, picture: Path):
    creator = await make.creator(session)
    await session.flush()

    for way in (("Spring", "Studio"), ("Spring", "Street"), ("Spring",)):
        await asset_adding.prepared(runtime, creator, Labels(), folder=way, is_rehearsal=True)
    rehearsed = await count(runtime.db, models.AssetFolder)
    studio = await asset_adding.prepared(runtime, creator, Labels(), folder=("Spring", "Studio"))
    await asset_adding.prepared(runtime, creator, Labels(), folder=("Spring", "Street"))
    added = await studio.add(str(picture))

    folders = await session.scalars(select(models.AssetFolder).order_by(models.AssetFolder.id))
    assert rehearsed == 0
    assert [one.name for one in folders] == ["Spring", "Studio", "Street"]
    assert added.asset is not None
    assert added.asset.folder_id is not None


async def test_what_is_wrong_with_the_words_is_said_before_the_first_file(runtime: Runtime):
    with pytest.raises(Invalid):
        await asset_adding.prepared(runtime, None, Labels(tags=("nothing:such",)))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.png", b"", "EMPTY_FILE"),
        ("page.png", b"<html><script>alert(1)</script>", "UNSUPPORTED_FILE"),
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "UNSUPPORTED_FILE"),
    ],
)
async def test_a_file_that_is_not_taken_says_why_and_leaves_nothing(
    runtime: Runtime, tmp_path: Path, name: str, content: bytes, code: str
):
    (tmp_path / name).write_bytes(content)

    assert told(await (await ready(runtime)).add(str(tmp_path / name))) == (Outcome.REFUSED, code)
    assert await count(runtime.db, models.AssetUpload) == 0


async def test_what_is_no_file_is_refused_without_waiting_for_it(runtime: Runtime, tmp_path: Path, picture: Path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(picture)
    house = await ready(runtime)

    assert told(await house.add(str(tmp_path / "pipe.png"))) == (Outcome.REFUSED, "NOT_A_FILE")
    assert told(await house.add(str(tmp_path))) == (Outcome.REFUSED, "NOT_A_FILE")
    assert told(await house.add(str(tmp_path / "link.png"), follow=False)) == (Outcome.REFUSED, "NOT_A_FILE")
    assert told(await house.add(str(tmp_path / "gone.png"))) == (Outcome.REFUSED, "NOT_READABLE")
    assert told(await house.add(str(tmp_path / "link.png"))) == (Outcome.ADDED, None)


async def test_a_file_that_is_too_large_is_not_even_read(runtime: Runtime, tmp_path: Path):
    with (tmp_path / "large.png").open("wb") as file:
        file.write(PNG)
        file.truncate(50_000_001)

    assert told(await (await ready(runtime)).add(str(tmp_path / "large.png"))) == (Outcome.REFUSED, "FILE_TOO_LARGE")


async def test_a_store_that_is_away_refuses_and_the_next_run_goes_on(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    large = PNG + bytes(2 * pieces.PIECE)
    (tmp_path / "large.png").write_bytes(large)
    puts = []
    put = Store.put

    async def failing(self: Store, key: str, content) -> None:
        puts.append(key)
        if len(puts) == 2:
            raise StoreAway("The store of assets does not answer.")
        await put(self, key, content)

    monkeypatch.setattr(Store, "put", failing)
    house = await ready(runtime)

    first = await house.add(str(tmp_path / "large.png"))
    second = await house.add(str(tmp_path / "large.png"))

    assert told(first) == (Outcome.REFUSED, "STORE_AWAY")
    assert told(second) == (Outcome.ADDED, None)
    assert [key.rpartition("/")[2].partition("-")[0] for key in puts if key.startswith("uploads/")] == [
        "0", str(pieces.PIECE), str(pieces.PIECE), str(2 * pieces.PIECE), "0",
    ]  # fmt: skip
    assert await count(runtime.db, models.AssetUpload) == 1


async def test_a_rehearsal_looks_and_keeps_nothing(runtime: Runtime, picture: Path):
    rehearsal = dataclasses.replace(await ready(runtime), is_rehearsal=True)

    added = await rehearsal.add(str(picture))
    address = await rehearsal.add("https://somewhere.example/a.png")

    assert told(added) == (Outcome.ADDED, None)
    assert added.facts == FOUND
    assert told(address) == (Outcome.REFUSED, "INVALID")
    assert await count(runtime.db, models.AssetUpload) == 0
    assert [entry async for entry in runtime.store.entries()] == []


def test_a_folder_gives_its_files_in_order_and_hides_what_is_hidden(tmp_path: Path):
    for name in ("b/2.png", "b/1.png", "a.png", ".hidden/3.png", "b/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "b" / "up").symlink_to(tmp_path)

    found = list(asset_adding.within(tmp_path, is_recursive=True))

    assert found == [(str(tmp_path / name), False) for name in ("a.png", "b/1.png", "b/2.png")]
    assert list(asset_adding.within(tmp_path, is_recursive=False)) == [(str(tmp_path), True)]


# What lies elsewhere


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    """The address of a server that has a picture at /there, and nothing at all else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        found, body = (b"200 OK", PNG) if asked.startswith(b"GET /there ") else (b"503 Busy", b"")
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (found, len(body), body))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_address_of_our_own_network_is_refused(runtime: Runtime, elsewhere: str):
    assert told(await (await ready(runtime)).add(f"{elsewhere}/there")) == (Outcome.REFUSED, "UNSAFE_ADDRESS")


async def test_a_link_gets_its_bytes_and_keeps_its_id(runtime: Runtime, session, elsewhere: str):
    creator = await make.creator(session)
    link = await make.asset(session, url=f"{elsewhere}/there", creator_id=creator.id)
    await make.asset(session, url=f"{elsewhere}/busy")
    await make.held(session, runtime.store, b"ours", creator_id=creator.id)
    await session.flush()

    wanted = await asset_adding.linked(runtime, creator)
    every = await asset_adding.linked(runtime, None)
    found = await asset_adding.brought(runtime, wanted[0], inside=True)
    left = await asset_adding.brought(runtime, every[1], inside=True)
    again = await asset_adding.brought(runtime, every[1], inside=True)

    assert [one.uid for one in wanted] == [link.uid]
    assert found.asset is not None
    assert (found.outcome, found.asset.uid, found.asset.facts_source) == (Outcome.ADDED, link.uid, "PROBED")
    assert (left.outcome, again.outcome) == (Outcome.WAITING, Outcome.WAITING)
    assert await asset_adding.linked(runtime, creator) == []
