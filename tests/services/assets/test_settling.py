"""Uploads whose bytes were looked at become assets with measured facts, or are refused and leave nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from models import AssetFactsSource, AssetKind, DirtyKind, ProbeState, UploadState
from services.assets import fetching, keeping, settling
from services.media.facts import PROBE_VERSION
from tests import make

CONTENT = b"a picture"
DIGEST = hashlib.sha256(CONTENT).digest()
FOUND: dict[str, Any] = {
    "kind": "IMAGE",
    "media_type": "image/png",
    "has_location": False,
    "width": 750,
    "height": 1000,
    "duration_ms": None,
    "sharpness": 40,
}


@pytest.fixture
async def blob(session: AsyncSession, store: Store, clock: FixedClock) -> models.Blob:
    """A picture that was looked at."""
    await keeping.keep(session, store, CONTENT, "application/octet-stream")
    made = await session.get_one(models.Blob, DIGEST)
    made.probe_state, made.probed_at, made.probe_version = ProbeState.PROBED, clock.now(), PROBE_VERSION
    made.media_type, made.facts = "image/png", FOUND
    await session.flush()
    return made


async def upload(session: AsyncSession, clock: FixedClock, **values: Any) -> models.AssetUpload:
    known = {"state": UploadState.PROBING, "sha256": DIGEST, "file_name": "tea.png", "expires_at": clock.now()} | values
    row = models.AssetUpload(**known)
    session.add(row)
    await session.flush()
    return row


async def refuse(session: AsyncSession, blob: models.Blob) -> None:
    blob.probe_state, blob.probe_failure = ProbeState.REFUSED, "BROKEN_FILE"
    await session.flush()


async def assets_of(session: AsyncSession) -> list[models.Asset]:
    return list(await session.scalars(select(models.Asset).order_by(models.Asset.id)))


async def test_an_upload_becomes_an_asset_as_it_was_said_and_measured(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    ada, topics = await make.creator(session), await make.taxonomy(session)
    tea, lake = await make.tag(session, topics, "tea"), await make.tag(session, topics, "lake")
    folder = models.AssetFolder(creator_id=ada.id, name="Hangzhou")
    session.add(folder)
    account = await make.account(session)
    await session.flush()
    said = {
        "alternative_text": "A cup of tea",
        "credit": "Ada",
        "licence": "CC BY 4.0",
        "origin": "https://ada.example",
        "folder_id": folder.id,
        "expires_at": "2027-01-01T00:00:00+00:00",
        "tag_ids": [lake.id, tea.id, lake.id, -1],
    }
    sent = await upload(session, clock, creator_id=ada.id, account_id=account.id, said=said)

    (asset,) = await settling.settle(session, store, blob, clock=clock)

    assert (sent.state, sent.failure) == (UploadState.READY, None)
    assert (asset.uid, asset.creator_id, asset.folder_id) == (sent.asset_uid, ada.id, folder.id)
    assert (asset.sha256, asset.url, asset.file_name) == (DIGEST, None, "tea.png")
    assert (asset.kind, asset.media_type, asset.byte_count) == (AssetKind.IMAGE, "image/png", len(CONTENT))
    assert (asset.width, asset.height, asset.duration_ms, asset.bitrate) == (750, 1000, None, None)
    assert asset.facts_source is AssetFactsSource.PROBED
    assert asset.facts == {"has_location": False, "sharpness": 40}
    assert (asset.alternative_text, asset.credit, asset.licence) == ("A cup of tea", "Ada", "CC BY 4.0")
    assert asset.origin == "https://ada.example"
    assert asset.expires_at is not None
    assert asset.expires_at.year == 2027
    tags = select(models.AssetTag.tag_id).where(models.AssetTag.asset_id == asset.id).order_by(models.AssetTag.position)
    assert list(await session.scalars(tags)) == [lake.id, tea.id]
    entry = (await session.scalars(select(models.AuditEntry).where(models.AuditEntry.action == "asset.uploaded"))).one()
    assert (entry.actor, entry.account_id, entry.object_id) == ("system", account.id, asset.id)


async def test_all_uploads_of_the_same_bytes_are_settled_once(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    for _ in range(20):
        await upload(session, clock)

    first = await settling.settle(session, store, blob, clock=clock)
    again = await settling.settle(session, store, blob, clock=clock)

    assert len({asset.uid for asset in first}) == 20
    assert again == []
    assert len(await assets_of(session)) == 20


async def test_nothing_is_settled_before_somebody_has_looked(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    blob.probe_state = ProbeState.WAITING
    sent = await upload(session, clock)

    assert await settling.settle(session, store, blob, clock=clock) == []
    assert sent.state is UploadState.PROBING


async def test_what_was_refused_leaves_nothing_behind(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    sent = await upload(session, clock)
    await refuse(session, blob)

    assert await settling.settle(session, store, blob, clock=clock) == []

    assert (sent.state, sent.failure) == (UploadState.REFUSED, "BROKEN_FILE")
    assert await assets_of(session) == []
    assert await store.byte_count(keeping.key_of(DIGEST)) is None
    assert await session.scalar(select(func.count()).select_from(models.Blob)) == 0


async def test_an_imported_asset_keeps_bytes_that_were_refused_and_what_was_said_of_them(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    asset = await make.asset(session, sha256=DIGEST, facts_source=AssetFactsSource.DECLARED)
    sent = await upload(session, clock)
    await refuse(session, blob)

    await settling.settle(session, store, blob, clock=clock)

    assert sent.state is UploadState.REFUSED
    assert (asset.width, asset.facts_source) == (1200, AssetFactsSource.DECLARED)
    assert await store.byte_count(keeping.key_of(DIGEST)) == len(CONTENT)


@pytest.mark.parametrize(("most", "state"), [(9, UploadState.READY), (8, UploadState.REFUSED)])
async def test_a_file_may_not_be_larger_than_files_of_the_kind_that_it_turned_out_to_be(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob, most: int, state: UploadState
):
    sent = await upload(session, clock)

    await settling.settle(session, store, blob, clock=clock, most={AssetKind.IMAGE: most}.__getitem__)

    assert sent.state is state
    assert sent.failure == (None if state is UploadState.READY else "FILE_TOO_LARGE")
    assert (await store.byte_count(keeping.key_of(DIGEST)) is None) == (state is UploadState.REFUSED)


async def test_a_link_gets_its_bytes_and_what_shows_it_is_judged_anew(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    ada = await make.creator(session)
    asset = await make.asset(session, creator_id=ada.id, facts_source=AssetFactsSource.DECLARED)
    content = await make.content(session, ada, covers=(asset,))
    await make.content(session, ada)
    sent = await upload(session, clock, creator_id=ada.id, asset_uid=asset.uid, url=asset.url)

    (settled,) = await settling.settle(session, store, blob, clock=clock)

    assert settled is asset
    assert (asset.sha256, asset.width, asset.facts_source) == (DIGEST, 750, AssetFactsSource.PROBED)
    assert asset.url is not None
    assert sent.state is UploadState.READY
    marks = await session.scalars(
        select(models.DirtyMark.object_id).where(models.DirtyMark.kind == DirtyKind.CONTENT).distinct()
    )
    assert list(marks) == [content.id]


async def test_a_link_that_was_deleted_while_it_was_fetched_does_not_come_back(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    ada = await make.creator(session)
    link = await make.asset(session, creator_id=ada.id)
    fetched = await fetching.fetch_linked(session, SYSTEM, uids=[link.uid], hours=1, clock=clock)
    fetched[0].state, fetched[0].sha256 = UploadState.PROBING, DIGEST
    await session.delete(link)
    await session.flush()

    assert await settling.settle(session, store, blob, clock=clock) == []

    assert fetched[0].state is UploadState.EXPIRED
    assert await assets_of(session) == []
    assert await store.byte_count(keeping.key_of(DIGEST)) is None


async def test_bytes_that_an_asset_has_are_never_others(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    older = await keeping.keep(session, store, b"an older picture", "image/png")
    asset = await make.asset(session, sha256=older)
    sent = await upload(session, clock, asset_uid=asset.uid)

    await settling.settle(session, store, blob, clock=clock)

    assert sent.state is UploadState.READY
    assert (asset.sha256, asset.width) == (older, 1200)
    assert await store.byte_count(keeping.key_of(DIGEST)) is None


async def test_facts_reach_everything_that_has_the_bytes_once(session: AsyncSession, blob: models.Blob):
    ada = await make.creator(session)
    assets = [await make.asset(session, sha256=DIGEST, media_type="image/gif") for _ in range(2)]
    kettle = await make.product(session)
    session.add(models.ProductAsset(product_id=kettle.id, position=0, asset_id=assets[0].id))
    content = await make.content(session, ada, covers=(assets[1],))

    assert await settling.spread(session, blob) == 2
    assert await settling.spread(session, blob) == 0

    assert [(one.media_type, one.width, one.facts_source) for one in assets] == [
        ("image/png", 750, AssetFactsSource.PROBED)
    ] * 2
    rows = await session.execute(select(models.DirtyMark.kind, models.DirtyMark.object_id).distinct())
    assert {(kind, id_) for kind, id_ in rows} == {(DirtyKind.CONTENT, content.id), (DirtyKind.PRODUCT, kettle.id)}


async def test_an_upload_in_a_folder_that_is_gone_lies_in_none(
    session: AsyncSession, store: Store, clock: FixedClock, blob: models.Blob
):
    ada, bob = await make.creator(session), await make.creator(session, name="Bob")
    folder = models.AssetFolder(creator_id=bob.id, name="Bob's")
    session.add(folder)
    await session.flush()
    await upload(session, clock, creator_id=ada.id, said={"folder_id": -1})
    await upload(session, clock, creator_id=ada.id, said={"folder_id": folder.id})

    made = await settling.settle(session, store, blob, clock=clock)

    assert [asset.folder_id for asset in made] == [None, None]


async def test_whoever_waits_for_an_upload_is_told_after_the_commit(
    committed: Database, store: Store, clock: FixedClock
):
    told: asyncio.Queue[str] = asyncio.Queue()
    connection = await committed.listen()
    await connection.add_listener(settling.NEWS, lambda *said: told.put_nowait(said[-1]))
    async with committed.session() as session:
        await keeping.keep(session, store, CONTENT, "image/png")
        blob = await session.get_one(models.Blob, DIGEST)
        await refuse(session, blob)
        sent = await upload(session, clock)
        await settling.settle(session, store, blob, clock=clock)

    async with asyncio.timeout(5):
        assert await told.get() == str(sent.uid)
    await connection.close()
