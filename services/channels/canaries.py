"""Canaries: versions of a pack that rule for a share of a channel's creators, beside the version in force for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.errors import Conflict, Invalid, NotFound
from services import audit
from services.channels import installing, versions
from services.channels.catalogues import PLACES
from services.channels.versions import AmbiguousDigest

MOST = PLACES - 1
"""Percent that canaries of one channel have together at most: somebody must be ruled by the version in force."""


class CanaryShareOutOfRange(Invalid):
    """No percentage that a canary can have."""

    code = "CANARY_SHARE_OUT_OF_RANGE"


class CanaryShareTaken(Conflict):
    """Other canaries of the channel have so much that this is not left."""

    code = "CANARY_SHARE_TAKEN"


class NoSuchCanary(NotFound):
    """No such version runs as a canary of the channel."""

    code = "NO_SUCH_CANARY"


class PackInForce(Conflict):
    """The version rules the channel already: it cannot be tried beside itself."""

    code = "PACK_IN_FORCE"


async def running(session: AsyncSession, channel: models.Channel) -> list[tuple[models.PackCanary, models.PackVersion]]:
    """The canaries of a channel with their versions, in the order in which they were started."""
    canary, version = models.PackCanary, models.PackVersion
    rows = await session.execute(
        select(canary, version)
        .join(version, version.id == canary.pack_version_id)
        .where(canary.channel_id == channel.id)
        .order_by(canary.started_at, version.id)
        .execution_options(populate_existing=True)
    )
    return [(one, of) for one, of in rows]


async def share(
    session: AsyncSession, caller: Caller, channel: models.Channel, version: models.PackVersion, percent: int
) -> bool:
    """Let a version rule for this percentage of the channel's creators: start it, or change its share. False when it has
    just that.

    Whoever it has stays with it while it grows. CanaryShareOutOfRange, CanaryShareTaken, PackInForce; MalformedPack for a
    version that cannot be read.
    """
    check_percent(percent)
    versions.readable(channel, version)
    channel = await installing.locked(session, channel.id)
    if channel.pack_version_id == version.id:
        raise PackInForce(f"{channel.key} is ruled by {version.digest[:12]} already, for everybody.")
    others = [one for one, _ in await running(session, channel) if one.pack_version_id != version.id]
    own = await session.get(models.PackCanary, (channel.id, version.id))
    places = _places(channel, list(own.places) if own else [], others, percent)
    if own is None:
        of = {"channel_id": channel.id, "pack_version_id": version.id, "started_by": caller.name}
        session.add(models.PackCanary(**of, percent=percent, places=places))
        _record(session, caller, "canary_started", channel, version, percent=percent)
    elif own.percent != percent:
        _record(session, caller, "canary_changed", channel, version, percent=percent, before=own.percent)
        own.percent, own.places = percent, places
    else:
        return False
    await session.flush()
    return True


def check_percent(percent: int) -> int:
    """The percentage, if a canary can have it at all; CanaryShareOutOfRange."""
    if not 1 <= percent <= MOST:
        said = f"A canary has 1 to {MOST} percent of the creators; for all of them promote it, for none stop it."
        raise CanaryShareOutOfRange(said, path=("percent",))
    return percent


async def named(
    session: AsyncSession, channel: models.Channel, digest: str | None = None
) -> tuple[models.PackCanary, models.PackVersion]:
    """The canary of this digest, or of one that begins so; without one the only canary there is.

    NoSuchCanary, AmbiguousDigest.
    """
    there = await running(session, channel)
    if digest is not None:
        wanted = await versions.version(session, channel, digest)
        there = [each for each in there if each[1].id == wanted.id]
        if not there:
            raise NoSuchCanary(f"{wanted.digest[:12]} is no canary of {channel.key}.", path=("digest",))
    if not there:
        raise NoSuchCanary(f"{channel.key} has no canary.", path=("channel",))
    if len(there) > 1:
        digests = ", ".join(version.digest[:12] for _, version in there)
        raise AmbiguousDigest(
            f"{channel.key} has several canaries, give the digest of one: {digests}.", path=("digest",)
        )
    return there[0]


async def stop(
    session: AsyncSession, caller: Caller, channel: models.Channel, digest: str | None = None
) -> models.PackVersion:
    """Let the version in force rule again for the creators of a canary; the version that it was."""
    channel = await installing.locked(session, channel.id)
    canary, version = await named(session, channel, digest)
    await session.delete(canary)
    _record(session, caller, "canary_stopped", channel, version, percent=canary.percent)
    await session.flush()
    return version


async def promote(
    session: AsyncSession, caller: Caller, channel: models.Channel, digest: str | None = None
) -> models.PackVersion:
    """Put the version of a canary in force for everybody; other canaries go on beside it."""
    channel = await installing.locked(session, channel.id)
    _, version = await named(session, channel, digest)
    await installing.put_in_force(session, caller, versions.readable(channel, version), version)
    return version


def _places(channel: models.Channel, own: list[int], others: Sequence[models.PackCanary], percent: int) -> list[int]:
    """The places that a canary has with this share, of those that no other holds: the ones it has come first."""
    taken = {place for one in others for place in one.places}
    left = MOST - len(taken)
    if percent > left:
        said = (
            f"Other canaries of {channel.key} have {len(taken)} percent: at most {left} are left."
            if left
            else (f"Other canaries of {channel.key} have all {MOST} percent: stop one of them first.")
        )
        raise CanaryShareTaken(said, path=("percent",))
    free = [place for place in range(PLACES) if place not in taken and place not in own]
    return [*own, *free][:percent]


def _record(
    session: AsyncSession,
    caller: Caller,
    what: str,
    channel: models.Channel,
    version: models.PackVersion,
    **details: Any,
) -> None:
    audit.record(session, caller, f"pack.{what}", channel, digest=version.digest, **details)
