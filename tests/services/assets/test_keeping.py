"""Bytes and their row: put before the transaction that notes them, whoever removes the same ones meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

import models
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from models import ProbeState, UploadState
from services.assets import keeping, retiring, verifying
from services.assets.receiving import Receiver
from tests import make
from tests.services.assets.arriving import HASH, PICTURE, in_store, keys
from tests.services.assets.test_uploading import LIMITS, an_author


async def test_no_transaction_is_open_while_a_film_is_put_in_its_place(
    committed: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    open_: list[int | None] = []
    receiver, copy = Receiver(committed, store, LIMITS, 24, clock), Store.copy
    author = await an_author(receiver)

    async def looking(self: Store, source: str, target: str) -> None:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        async with committed.session() as session:
            open_.append(await session.scalar(text(idle)))
        await copy(self, source, target)

    monkeypatch.setattr(Store, "copy", looking)

    assert (await author.sent()).state is UploadState.PROBING
    assert open_ == [0]
    assert await keys(store) == [in_store()]


async def test_bytes_that_are_removed_between_their_place_and_their_row_are_put_again(
    committed: Database, store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    """Somebody else's asset has the same bytes, and goes with them when ours were just found in their place."""
    receiver, place = Receiver(committed, store, LIMITS, 24, clock), keeping.place
    author, removed = await an_author(receiver), []
    async with committed.session() as session:
        await keeping.keep(session, store, PICTURE, "image/png")

    async def crossing(*given: object) -> None:
        await place(*given)  # type: ignore[arg-type]  # as it was given
        async with committed.session() as session:
            removed.append(await keeping.remove_unused(session, store, HASH))

    monkeypatch.setattr(keeping, "place", crossing)
    upload = await author.sent()

    assert removed == [True, False], "the second time nothing knew them, so nothing was removed"
    assert (upload.state, await keys(store)) == (UploadState.PROBING, [in_store()])
    async with committed.session() as session:
        assert list(await session.scalars(select(models.Blob.sha256))) == [HASH]
        assert not await keeping.remove_unused(session, store, HASH), "the upload has them"


async def test_what_was_put_and_never_written_down_is_found(db: Database, store: Store, clock: FixedClock):
    await store.put("uploads/one/0-a", PICTURE)

    await keeping.place(db, store, "uploads/one/0-a", HASH, len(PICTURE))

    clock.move(timedelta(days=40_000))  # the store's own time is that of the machine
    found = [one.key async for one in verifying.Verifying(db, store, clock).find()]
    assert in_store() in found


async def test_bytes_that_were_refused_go_and_are_refused_at_once_when_they_come_again(
    db: Database, store: Store, clock: FixedClock
):
    receiver = Receiver(db, store, LIMITS, 24, clock)
    author = await an_author(receiver)
    async with db.session() as session:
        asset = await make.held(session, store, PICTURE, state=ProbeState.REFUSED)
        blob = await session.get_one(models.Blob, asset.sha256)
        blob.created_at = clock.now() - timedelta(hours=23)
        await session.flush()
        assert await retiring.sweep_refused(session, store, clock=clock) == 0
        blob.created_at = clock.now() - timedelta(hours=25)
        await session.flush()
        assert await retiring.sweep_refused(session, store, clock=clock) == 1
        assert await retiring.sweep_refused(session, store, clock=clock) == 0
    assert await keys(store) == []

    upload = await author.sent()

    assert upload.state is UploadState.REFUSED
    assert await keys(store) == []
    assert [one async for one in verifying.Verifying(db, store, clock).find()] == []
    async with db.session() as session:
        await verifying.look_again(session, None)
        states = await session.scalars(select(models.Blob.probe_state).execution_options(populate_existing=True))
        assert list(states) == [ProbeState.REFUSED], "there is nothing to look into"
