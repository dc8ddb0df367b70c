"""Packs in the database: installed once by digest, never changed, and the last good one when the newest cannot be read."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from services.channels import installing
from tests.services.packs import pack


async def test_installing_the_same_pack_again_changes_nothing(session: AsyncSession):
    first = await installing.install(session, SYSTEM, pack("test.one"))
    again = await installing.install(session, SYSTEM, pack("test.one"))

    assert (first, again) == (True, False)
    assert await session.scalar(select(func.count()).select_from(models.PackVersion)) == 1
    assert await session.scalar(select(func.count()).select_from(models.PackInstall)) == 1
    assert await session.scalar(select(models.Feed.key)) == "test.one"


async def test_a_new_version_rules_and_the_old_one_stays(session: AsyncSession):
    old, new = pack("test.one"), pack("test.one", selector={"formats": ["ARTICLE"]})
    await installing.install(session, SYSTEM, old)
    before = await installing.catalogue(session)

    await installing.install(session, SYSTEM, new)
    after = await installing.catalogue(session, before)

    assert before.by_key["test.one"].compiled.digest == old.digest
    assert after.by_key["test.one"].compiled.digest == new.digest
    kept = await installing.pinned(session, [before.by_key["test.one"].pack_version_id])
    assert [each.digest for each in kept.values()] == [old.digest]


async def test_going_back_to_an_earlier_version_makes_no_new_one(session: AsyncSession):
    old, new = pack("test.one"), pack("test.one", selector={"formats": ["ARTICLE"]})
    for each in (old, new, old):
        await installing.install(session, SYSTEM, each)

    assert (await installing.catalogue(session)).by_key["test.one"].compiled.digest == old.digest
    assert await session.scalar(select(func.count()).select_from(models.PackVersion)) == 2
    assert await session.scalar(select(func.count()).select_from(models.PackInstall)) == 3


async def test_an_unchanged_catalogue_is_given_back(session: AsyncSession):
    await installing.install(session, SYSTEM, pack("test.one"))

    first = await installing.catalogue(session)

    assert await installing.catalogue(session, first) is first


async def test_a_version_that_cannot_be_read_leaves_the_last_good_one_in_force(session: AsyncSession):
    good = pack("test.one")
    await installing.install(session, SYSTEM, good)
    channel = (await session.scalars(select(models.Channel))).one()
    broken = models.PackVersion(channel_id=channel.id, digest="0" * 64, body={"schema": 99})
    session.add(broken)
    await session.flush()
    await session.execute(update(models.Channel).values(pack_version_id=broken.id))
    session.add(models.PackInstall(channel_id=channel.id, pack_version_id=broken.id, installed_by="a later version"))
    await session.flush()

    catalogue = await installing.catalogue(session)

    assert catalogue.by_key["test.one"].compiled.digest == good.digest
