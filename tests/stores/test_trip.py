"""A picture's whole way over an S3 server: sent, joined, looked into, served without its place, cropped, given up."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

import models
from core.caller import SYSTEM
from core.clock import FixedClock
from core.db import Database
from core.settings import Settings
from core.store import Store
from services import asset_adding
from services.asset_adding import Outcome
from services.assets import keeping, retiring
from services.assets.labels import Labels
from services.assets.renditions import Maker
from services.assets.serving import SERVED
from services.media.recipes import Fit, Format, Recipe
from services.media.sandbox import Sandbox
from services.runtime import Runtime
from tests.services.media import drawn

KIND = Recipe(width=96, height=96, fit=Fit.COVER, format=Format.WEBP)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox()
    yield made
    await made.close()


async def keys(store: Store) -> set[str]:
    return {entry.key async for entry in store.entries()}


async def test_a_picture_goes_its_way_over_a_bucket(
    db: Database, bucket: Store, clock: FixedClock, sandbox: Sandbox, tmp_path: Path
):
    runtime = Runtime(Settings(), db, clock, None, bucket, sandbox=sandbox)  # type: ignore[arg-type]
    told = drawn.placed("image/jpeg", image=drawn.quarters(192, 96))
    (tmp_path / "told.jpg").write_bytes(told)
    house = await asset_adding.prepared(runtime, None, Labels())

    added = await house.add(str(tmp_path / "told.jpg"))
    assert added.outcome is Outcome.ADDED, added.problem
    assert added.asset is not None
    digest = hashlib.sha256(told).digest()
    assert drawn.CANARY.encode() in told
    row = await Maker(db, bucket, sandbox, clock).make(digest, KIND)
    served = await bucket.read(keeping.rendition_key(digest, SERVED))
    lying = await keys(bucket)
    async with db.session() as session:
        gone = await retiring.delete(session, SYSTEM, added.asset.uid)
    await retiring.clear(db, bucket, [gone])
    async with db.session() as session:
        left = await session.scalar(select(func.count()).select_from(models.Blob))

    assert (added.asset.width, added.asset.facts_source) == (192, "PROBED")
    assert (row.width, row.height) == (96, 96)
    assert drawn.CANARY.encode() not in served
    assert lying == {
        keeping.key_of(digest), keeping.rendition_key(digest, SERVED), keeping.rendition_key(digest, KIND.name)
    }  # fmt: skip
    assert (left, await keys(bucket)) == (0, set())
