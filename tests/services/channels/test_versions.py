"""Versions of packs: found by a part of their digest, brought back with all that they said of the channel."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import SYSTEM
from services.channels import installing, versions
from services.channels.packs import MalformedPack
from tests.services.packs import pack


async def ruled(session: AsyncSession, *packs: str) -> models.Channel:
    """A channel that had packs with these names, one after the other."""
    for name in packs:
        await installing.install(session, SYSTEM, pack("test.one", name={"en": name, "zh": name}))
    return await versions.entry(session, "test.one")


async def test_going_back_brings_the_name_back_and_adds_to_the_history(session: AsyncSession):
    channel = await ruled(session, "old", "new")

    to = await versions.earlier(session, channel)
    done = [await versions.roll_back(session, SYSTEM, channel, to) for _ in range(2)]

    assert done == [True, False]
    assert channel.names["en"] == "old"
    history = await versions.history(session, channel)
    assert [one.version_id == to.id for one in history] == [True, False, True]
    assert await session.scalar(select(func.count()).select_from(models.PackVersion)) == 2


async def test_what_ruled_before_is_the_last_other_version(session: AsyncSession):
    channel = await ruled(session, "one", "two", "three", "two")

    to = await versions.earlier(session, channel)

    assert versions.readable(channel, to).name.en == "three"


async def test_going_back_again_goes_further_back_and_never_to_what_was_left(session: AsyncSession):
    channel = await ruled(session, "one", "two", "three")
    came = []
    for _ in range(2):
        to = await versions.earlier(session, channel)
        await versions.roll_back(session, SYSTEM, channel, to)
        came.append(versions.readable(channel, to).name.en)

    assert came == ["two", "one"]
    with pytest.raises(versions.NoEarlierVersion):
        await versions.earlier(session, channel)


async def test_one_version_alone_leads_nowhere(session: AsyncSession):
    channel = await ruled(session, "old")

    with pytest.raises(versions.NoEarlierVersion):
        await versions.earlier(session, channel)


async def test_a_digest_is_told_by_its_beginning_when_it_is_enough(session: AsyncSession):
    channel = await ruled(session, "old")
    digests = ["abcdef" + "0" * 58, "abcdef" + "1" * 58]
    session.add_all([models.PackVersion(channel_id=channel.id, digest=one, body={}) for one in digests])
    await session.flush()

    assert (await versions.version(session, channel, "ABCDEF0")).digest == digests[0]
    for told in ("abcdef", "abcde"):
        with pytest.raises(versions.AmbiguousDigest):
            await versions.version(session, channel, told)
    for told in ("abcdef2", "%%%%%%%", "______1"):
        with pytest.raises(versions.NoSuchPackVersion):
            await versions.version(session, channel, told)


async def test_a_version_of_another_time_that_cannot_be_read_is_not_brought_back(session: AsyncSession):
    channel = await ruled(session, "old")
    broken = models.PackVersion(channel_id=channel.id, digest="0" * 64, body={"schema": 99})
    session.add(broken)
    await session.flush()
    ruled_once = {"channel_id": channel.id, "pack_version_id": broken.id, "installed_by": "a later version"}
    session.add(models.PackInstall(**ruled_once))
    await session.flush()

    with pytest.raises(MalformedPack, match=r"The version 000000000000 of test\.one cannot be read any more: schema: "):
        await versions.roll_back(session, SYSTEM, channel, broken)
    assert channel.pack_version_id != broken.id


async def test_a_channel_that_only_holds_entries_names_them(session: AsyncSession):
    await ruled(session, "old")
    channel = await session.scalar(select(models.Channel))
    session.add(models.Channel(key="test", kind=channel.kind, names=channel.names, time_zone="UTC"))
    await session.flush()

    with pytest.raises(versions.NoSuchChannel, match=r"test only holds entries and has no pack: test\.one\."):
        await versions.entry(session, "test")
    await session.execute(update(models.Channel).values(pack_version_id=None))
    with pytest.raises(versions.NoSuchChannel, match=r"^There is no channel test with a pack here\.$"):
        await versions.entry(session, "test")
