"""Renditions are made once: whoever asks meanwhile waits, here or in another process; what fails is not tried all the time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from core.store import Store, StoreAway
from services import assets
from services.assets import keeping, renditions
from services.assets.renditions import Maker, RenditionBusy, RenditionFailed, RenditionNotReady
from services.media.facts import Flaw, Refused
from services.media.recipes import Fit, Format, Made, Recipe
from services.media.sandbox import NotStarted, Sandbox
from tests import make

RECIPE = Recipe(width=750, height=422, fit=Fit.COVER, format=Format.WEBP)


class Counting(Sandbox):
    """It makes a file at once, or when it is let, and counts."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        super().__init__(places=2)
        self.count = 0
        self.failure = failure
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()

    async def render(self, path: Path, recipe: Recipe, target: Path) -> Made:
        self.count += 1
        self.has_begun.set()
        content = await asyncio.to_thread(path.read_bytes)
        await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure
        await asyncio.to_thread(target.write_bytes, content[::-1])
        return Made(
            media_type="image/webp", byte_count=4, width=recipe.width, height=recipe.height, sha256=f"{self.count:064}"
        )


async def picture(db: Database, store: Store) -> models.Asset:
    async with db.session() as session:
        return await make.held(session, store, b"abcd", "image/png")


def digest(asset: models.Asset) -> bytes:
    assert asset.sha256 is not None
    return asset.sha256


async def row_of(db: Database, asset: models.Asset) -> models.Rendition | None:
    async with db.session() as session:
        return await session.get(models.Rendition, (digest(asset), RECIPE.name))


async def test_what_fifty_ask_for_at_once_is_made_once(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    maker = Maker(db, store, sandbox, clock)

    found = await asyncio.gather(*(maker.make(digest(asset), RECIPE) for _ in range(50)))
    again = await maker.make(digest(asset), RECIPE)

    assert sandbox.count == 1
    assert {(one.etag, one.byte_count) for one in (*found, again)} == {(f"{1:064}", 4)}
    assert await store.read(assets.rendition_key(digest(asset), "750x422-cover-auto.webp")) == b"dcba"


async def test_what_two_processes_ask_for_is_made_by_one(committed: Database, store: Store, clock: FixedClock):
    asset = await picture(committed, store)
    sandboxes = Counting(), Counting()
    makers = [Maker(committed, store, sandbox, clock) for sandbox in sandboxes]

    found = await asyncio.gather(*(maker.make(digest(asset), RECIPE) for maker in makers for _ in range(25)))

    assert sum(sandbox.count for sandbox in sandboxes) == 1
    assert len({one.etag for one in found}) == 1


async def test_different_sizes_are_made_apart(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    maker = Maker(db, store, sandbox, clock)

    await asyncio.gather(*(maker.make(digest(asset), RECIPE.model_copy(update={"width": w})) for w in (96, 192)))

    async with db.session() as session:
        assert await session.scalar(select(func.count()).select_from(models.Rendition)) == 2
    assert sandbox.count == 2


async def test_who_stops_waiting_does_not_stop_the_making(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    sandbox.may_go_on.clear()
    maker = Maker(db, store, sandbox, clock)
    first = asyncio.create_task(maker.make(digest(asset), RECIPE))
    await asyncio.wait_for(sandbox.has_begun.wait(), 5)

    first.cancel()
    second = asyncio.create_task(maker.make(digest(asset), RECIPE))
    await asyncio.sleep(0)
    sandbox.may_go_on.set()

    assert (await second).etag == f"{1:064}"
    assert first.cancelled()


async def test_what_takes_long_is_made_while_its_askers_are_sent_away(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    sandbox.may_go_on.clear()
    maker = Maker(db, store, sandbox, clock, patience_seconds=0.02)

    with pytest.raises(RenditionNotReady):
        await maker.make(digest(asset), RECIPE)
    sandbox.may_go_on.set()
    maker.patience_seconds = 5
    found = await maker.make(digest(asset), RECIPE)

    assert (found.etag, sandbox.count) == (f"{1:064}", 1)


async def test_a_failure_is_remembered_for_a_minute(db: Database, store: Store, clock: FixedClock):
    asset = await picture(db, store)
    sandbox = Counting(failure=Refused(Flaw.PROBE_TOO_SLOW, "it takes too long"))
    maker = Maker(db, store, sandbox, clock)

    for left in (60, 40, 20):
        with pytest.raises(RenditionFailed, match=f"PROBE_TOO_SLOW.*{left} seconds") as failed:
            await maker.make(digest(asset), RECIPE)
        assert failed.value.retry_after == left
        clock.move(timedelta(seconds=20))
    sandbox.failure = None
    found = await maker.make(digest(asset), RECIPE)

    assert (sandbox.count, found.failure, found.claimed_until) == (2, None, None)


async def test_what_is_not_the_files_fault_is_tried_again_at_once(db: Database, store: Store, clock: FixedClock):
    asset = await picture(db, store)
    sandbox = Counting(failure=NotStarted("no room"))
    maker = Maker(db, store, sandbox, clock)

    with pytest.raises(RenditionBusy):
        await maker.make(digest(asset), RECIPE)
    sandbox.failure = StoreAway("The store is away.")
    with pytest.raises(StoreAway):
        await maker.make(digest(asset), RECIPE)
    sandbox.failure = None

    assert (await maker.make(digest(asset), RECIPE)).etag == f"{3:064}"


async def test_a_claim_of_somebody_who_died_runs_out(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    async with db.session() as session:
        until = clock.now() + timedelta(seconds=30)
        session.add(models.Rendition(sha256=digest(asset), name=RECIPE.name, claimed_until=until))
    maker = Maker(db, store, sandbox, clock, patience_seconds=0.02)

    with pytest.raises(RenditionNotReady):
        await maker.make(digest(asset), RECIPE)
    clock.move(timedelta(seconds=30))
    maker.patience_seconds = 5

    assert (await maker.make(digest(asset), RECIPE)).etag == f"{1:064}"


async def test_more_than_can_be_made_is_refused(
    db: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    asset, sandbox = await picture(db, store), Counting()
    sandbox.may_go_on.clear()
    monkeypatch.setattr(renditions, "MOST_WANTED", 3)
    maker = Maker(db, store, sandbox, clock)
    sizes = [RECIPE.model_copy(update={"width": width}) for width in (1, 2, 3, 4)]
    waiting = [asyncio.create_task(maker.make(digest(asset), size)) for size in sizes[:3]]
    await asyncio.wait_for(sandbox.has_begun.wait(), 5)

    with pytest.raises(RenditionBusy):
        await maker.make(digest(asset), sizes[3])
    sandbox.may_go_on.set()

    assert [one.width for one in await asyncio.gather(*waiting)] == [1, 2, 3]
    assert (await maker.make(digest(asset), sizes[3])).width == 4


async def test_what_is_erased_meanwhile_leaves_nothing(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    sandbox.may_go_on.clear()
    maker = Maker(db, store, sandbox, clock)
    asked = asyncio.create_task(maker.make(digest(asset), RECIPE))
    await asyncio.wait_for(sandbox.has_begun.wait(), 5)
    async with db.session() as session:
        await session.delete(await session.get_one(models.Asset, asset.id))
        await session.flush()
        assert await keeping.remove_unused(session, store, digest(asset))

    sandbox.may_go_on.set()

    with pytest.raises(assets.NoSuchAsset):
        await asked
    assert [entry.key async for entry in store.entries("")] == []
    with pytest.raises(assets.NoSuchAsset):
        await maker.make(digest(asset), RECIPE)


async def test_what_is_erased_while_it_is_written_leaves_nothing(
    committed: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    asset = await picture(committed, store)
    begins, may_go_on, put = asyncio.Event(), asyncio.Event(), Store.put

    async def slowly(self: Store, key: str, content: bytes) -> None:
        begins.set()
        await may_go_on.wait()
        await put(self, key, content)

    async def erase() -> bool:
        async with committed.session() as session:
            await session.delete(await session.get_one(models.Asset, asset.id))
            await session.flush()
            return await keeping.remove_unused(session, store, digest(asset))

    monkeypatch.setattr(Store, "put", slowly)
    asked = asyncio.create_task(Maker(committed, store, Counting(), clock).make(digest(asset), RECIPE))
    await asyncio.wait_for(begins.wait(), 5)
    erased = asyncio.create_task(erase())
    await asyncio.wait({erased}, timeout=0.1)
    may_go_on.set()

    assert (await asked).etag == f"{1:064}"
    assert await erased
    assert [entry.key async for entry in store.entries("")] == []


async def test_bytes_that_are_missing_are_no_failure_of_the_making(db: Database, store: Store, clock: FixedClock):
    asset = await picture(db, store)
    await store.delete(assets.key_of(digest(asset)))

    with pytest.raises(assets.NoSuchAsset):
        await Maker(db, store, Counting(), clock).make(digest(asset), RECIPE)

    row = await row_of(db, asset)
    assert row is not None
    assert (row.failure, row.claimed_until) == (None, clock.now())


async def test_a_process_that_ends_gives_its_claims_back(db: Database, store: Store, clock: FixedClock):
    asset, sandbox = await picture(db, store), Counting()
    sandbox.may_go_on.clear()
    maker = Maker(db, store, sandbox, clock)
    asked = asyncio.create_task(maker.make(digest(asset), RECIPE))
    await asyncio.wait_for(sandbox.has_begun.wait(), 5)

    await maker.close()

    with pytest.raises(asyncio.CancelledError):
        await asked
    row = await row_of(db, asset)
    assert row is not None
    assert (row.etag, row.claimed_until) == (None, clock.now())


@pytest.mark.parametrize(
    ("kind", "fit", "written_as", "name"),
    [
        ("IMAGE", Fit.COVER, Format.WEBP, "9x9-cover-250_750.webp"),
        ("IMAGE", Fit.INSIDE, Format.AVIF, "9x9-inside.avif"),
        ("IMAGE", Fit.INSIDE, Format.MP4, None),
        ("VIDEO", Fit.INSIDE, Format.MP4, "9x9-inside.mp4"),
        ("VIDEO", Fit.COVER, Format.MP4, None),
        ("VIDEO", Fit.COVER, Format.JPEG, "9x9-cover-250_750.jpeg"),
        ("AUDIO", Fit.INSIDE, Format.JPEG, None),
        ("SUBTITLES", Fit.INSIDE, Format.PNG, None),
    ],
)
def test_what_can_be_made_of_what(kind: str, fit: Fit, written_as: Format, name: str | None):
    asset = models.Asset(kind=models.AssetKind(kind), focal_x=250, focal_y=750)

    recipe = renditions.recipe_for(asset, 9, 9, fit, written_as)

    assert (recipe and recipe.name) == name
    assert recipe is None or recipe.is_film is (kind == "VIDEO")
