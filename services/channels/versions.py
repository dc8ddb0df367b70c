"""The versions of a channel's pack: what ruled it and since when, an earlier one by its digest, and the way back to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Conflict, Invalid, NotFound
from services.channels import installing
from services.channels.complaints import did_you_mean
from services.channels.packs import MalformedPack, Pack

SHORTEST = 6
"""So many characters of a digest are enough, as long as no other version begins with them."""


class NoSuchChannel(NotFound):
    """No channel has this key, or it only holds entries and has no pack."""

    code = "NO_SUCH_CHANNEL"


class NoSuchPackVersion(NotFound):
    """The channel never had a pack of this digest."""

    code = "NO_SUCH_PACK_VERSION"


class AmbiguousDigest(Invalid):
    """Several versions begin with what was given, or it is too short to tell."""

    code = "AMBIGUOUS_DIGEST"


class NoEarlierVersion(Conflict):
    """One version is all that ever ruled this channel."""

    code = "NO_EARLIER_VERSION"


@dataclass(frozen=True, slots=True)
class Install:
    """That a version began to rule: when, by whom, and how."""

    version_id: int
    digest: str
    installed_at: datetime
    installed_by: str
    step: models.InstallStep


async def entry(session: AsyncSession, key: str) -> models.Channel:
    """The channel of this key, which has a pack; NoSuchChannel with the nearest keys otherwise."""
    found = await session.scalar(select(models.Channel).where(models.Channel.key == key))
    if found is not None and found.pack_version_id is not None:
        return found
    keys = (await session.scalars(select(models.Channel.key).where(models.Channel.pack_version_id.is_not(None)))).all()
    below = sorted(one for one in keys if one.startswith(f"{key}."))
    if found is not None and below:
        raise NoSuchChannel(f"{key} only holds entries and has no pack: {', '.join(below)}.", path=("channel",))
    said = f"There is no channel {key} with a pack here.{did_you_mean(key, keys)}"
    raise NoSuchChannel(said, path=("channel",))


async def history(session: AsyncSession, channel: models.Channel) -> list[Install]:
    """What ruled this channel, the newest first."""
    installs, versions = models.PackInstall, models.PackVersion
    rows = await session.execute(
        select(installs, versions.digest)
        .join(versions, versions.id == installs.pack_version_id)
        .where(installs.channel_id == channel.id)
        .order_by(installs.id.desc())
    )
    return [Install(one.pack_version_id, digest, one.installed_at, one.installed_by, one.step) for one, digest in rows]


async def version(session: AsyncSession, channel: models.Channel, digest: str) -> models.PackVersion:
    """The version whose digest this is, or begins with."""
    if len(digest) < SHORTEST:
        raise AmbiguousDigest(
            f"{digest} is too short: give at least {SHORTEST} characters of the digest.", path=("digest",)
        )
    versions = models.PackVersion
    of_channel = select(versions).where(versions.channel_id == channel.id)
    begins = versions.digest.startswith(digest.lower(), autoescape=True)
    found = (await session.scalars(of_channel.where(begins).order_by(versions.id).limit(2))).all()
    if not found:
        said = f"{channel.key} never had a version {digest}: see headwater channels show {channel.key}."
        raise NoSuchPackVersion(said, path=("digest",))
    if len(found) > 1:
        raise AmbiguousDigest(
            f"Several versions of {channel.key} begin with {digest}: give more of the digest.", path=("digest",)
        )
    return found[0]


async def in_force(session: AsyncSession, channel: models.Channel) -> models.PackVersion:
    """The version that rules an entry now."""
    return await session.get_one(models.PackVersion, channel.pack_version_id)


def readable(channel: models.Channel, found: models.PackVersion) -> Pack:
    """The pack in a stored version; MalformedPack when this code cannot read it any more."""
    return _read(found, f"{found.digest[:12]} of {channel.key}")


def read(found: models.PackVersion) -> Pack:
    """The same, where nobody knows of which channel it is."""
    return _read(found, found.digest[:12])


def _read(found: models.PackVersion, name: str) -> Pack:
    try:
        return installing.read(found.body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise MalformedPack(f"The version {name} cannot be read any more: {where}: {first['msg']}") from error


async def earlier(session: AsyncSession, channel: models.Channel) -> models.PackVersion:
    """The version that ruled before the present one came: going back again goes further back, not forth to what was left."""
    ruling: list[int] = []
    for one in reversed(await history(session, channel)):
        if one.step is models.InstallStep.ROLLED_BACK and one.version_id in ruling:
            last = len(ruling) - 1 - ruling[::-1].index(one.version_id)
            del ruling[last + 1 :]
        else:
            ruling.append(one.version_id)
    if len(ruling) < 2:
        said = f"No other version ruled {channel.key} before this one: name one by its digest to put it in force."
        raise NoEarlierVersion(said)
    return await session.get_one(models.PackVersion, ruling[-2])


async def roll_back(session: AsyncSession, caller: Caller, channel: models.Channel, to: models.PackVersion) -> bool:
    """Put a version that the channel had before in force again; False when it rules already. NoSuchPackVersion for one that
    is kept and never ruled for everybody: it was rehearsed, or is a canary.

    It is a new line in the history and an audit record, not a change of either. Submissions keep what they were decided by.
    """
    if to.id not in {one.version_id for one in await history(session, channel)}:
        said = f"The version {to.digest[:12]} never ruled {channel.key}: install it, or promote the canary."
        raise NoSuchPackVersion(said, path=("digest",))
    return await installing.put_in_force(session, caller, readable(channel, to), to)
