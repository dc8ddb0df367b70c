"""The store compared with the database: what is missing, what is not what it was, what nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

import models
from core.clock import FixedClock
from core.db import Database
from core.store import Store
from models import ProbeState, UploadState
from services.assets import NoSuchAsset, keeping, pieces, verifying
from services.assets.verifying import Flaw, Found, Verifying
from tests import make
from tests.services.media import drawn

PNG = drawn.saved(drawn.quarters())
OLD = timedelta(days=2)


@pytest.fixture
def later() -> FixedClock:
    """When what a test has just written is no longer young."""
    return FixedClock(datetime.now(UTC) + OLD)


async def upload_of(session, state: UploadState = UploadState.RECEIVING) -> models.AssetUpload:
    upload = models.AssetUpload(state=state, expires_at=datetime.now(UTC) + timedelta(days=9))
    session.add(upload)
    await session.flush()
    return upload


async def flaws(db: Database, store: Store, clock: FixedClock, **how: bool) -> list[Found]:
    return [one async for one in Verifying(db, store, clock, **how).find()]


async def test_a_whole_store_has_no_flaws(db: Database, store: Store, session, later: FixedClock):
    asset = await make.held(session, store, PNG)
    await store.put(keeping.rendition_key(asset.sha256, "96x96-cover-auto.webp"), b"small")
    session.add(
        models.Rendition(
            sha256=asset.sha256, name="96x96-cover-auto.webp", media_type="image/webp", byte_count=5, etag="a"
        )
    )
    upload = await upload_of(session)
    await store.put(pieces.key(upload.uid, 0), b"a piece")
    await session.flush()

    assert await flaws(db, store, later) == []


async def test_bytes_that_are_missing_or_others_are_found_and_never_touched(
    db: Database, store: Store, session, later: FixedClock
):
    gone, other, shorter = [
        await make.held(session, store, drawn.saved(drawn.quarters(width))) for width in (8, 16, 24)
    ]
    await session.flush()
    await store.delete(keeping.key_of(gone.sha256))
    same_size = bytearray(await store.read(keeping.key_of(other.sha256)))
    same_size[-1] ^= 1
    await store.put(keeping.key_of(other.sha256), bytes(same_size))
    await store.put(keeping.key_of(shorter.sha256), b"cut")

    by_key = {one.key: one for one in await flaws(db, store, later, mends=True)}
    quick = {one.key for one in await flaws(db, store, later, is_quick=True)}

    assert by_key == {
        keeping.key_of(gone.sha256): Found(Flaw.MISSING, keeping.key_of(gone.sha256)),
        keeping.key_of(other.sha256): Found(Flaw.WRONG, keeping.key_of(other.sha256)),
        keeping.key_of(shorter.sha256): Found(Flaw.WRONG, keeping.key_of(shorter.sha256)),
    }
    assert quick == {keeping.key_of(gone.sha256), keeping.key_of(shorter.sha256)}
    assert await store.read(keeping.key_of(shorter.sha256)) == b"cut"


async def test_what_nobody_knows_is_taken_away_and_what_is_not_ours_stays(
    db: Database, store: Store, session, later: FixedClock, clock: FixedClock
):
    expired = await upload_of(session, UploadState.EXPIRED)
    await session.flush()
    orphans = sorted(
        [keeping.key_of(b"\1" * 32), keeping.rendition_key(b"\1" * 32, "served"), pieces.key(expired.uid, 0)]
    )
    for key in (*orphans, "strange"):
        await store.put(key, b"left")

    young = await flaws(db, store, FixedClock(datetime.now(UTC)), mends=True)
    seen = await flaws(db, store, later)
    mended = await flaws(db, store, later, mends=True)
    after = [entry.key async for entry in store.entries()]

    assert young == []
    assert {one.key: one.flaw for one in seen} == {**dict.fromkeys(orphans, Flaw.ORPHAN), "strange": Flaw.FOREIGN}
    assert not any(one.is_mended for one in seen)
    assert sorted(one.key for one in mended if one.is_mended) == orphans
    assert after == ["strange"]


async def test_a_rendition_that_is_missing_is_made_anew(db: Database, store: Store, session, later: FixedClock):
    asset = await make.held(session, store, PNG)
    named = {"sha256": asset.sha256, "name": "96x96-cover-auto.webp"}
    session.add(models.Rendition(**named, media_type="image/webp", byte_count=5, etag="a"))
    await session.flush()
    key = keeping.rendition_key(asset.sha256, named["name"])

    seen = await flaws(db, store, later)
    mended = await flaws(db, store, later, mends=True)

    assert (seen, mended) == ([Found(Flaw.MISSING, key)], [Found(Flaw.MISSING, key, is_mended=True)])
    assert await session.scalar(select(func.count()).select_from(models.Rendition)) == 0


async def test_looking_again_asks_for_these_or_for_all(db: Database, store: Store, session):
    probed = await make.held(session, store, PNG)
    refused = await make.held(session, store, b"GIF89a", state=ProbeState.REFUSED)
    link = await make.asset(session)
    await session.flush()
    blobs = select(models.Blob).execution_options(populate_existing=True)
    sound, broken, linked = probed.sha256, refused.sha256, link.uid

    await verifying.look_again(session, [probed.uid])
    one = {blob.sha256: (blob.probe_state, blob.probe_version) for blob in await session.scalars(blobs)}
    await verifying.look_again(session, None)
    all_ = {blob.sha256: blob.probe_state for blob in await session.scalars(blobs)}

    assert one[sound] == (ProbeState.PROBED, 0)
    assert one[broken][0] is ProbeState.REFUSED
    assert all_[broken] is ProbeState.WAITING
    with pytest.raises(NoSuchAsset, match="no bytes"):
        await verifying.look_again(session, [linked])


async def test_what_killed_writers_left_is_swept_once_a_day(store: Store, later: FixedClock):
    assert store.folder is not None
    left = store.folder / "ab" / "abcd#1"
    sweep = verifying.sweeper(store, later)

    left.parent.mkdir()
    left.touch()
    await sweep()
    first = left.exists()
    left.parent.mkdir(exist_ok=True)
    left.touch()
    await sweep()

    assert (first, left.exists()) == (False, True)
