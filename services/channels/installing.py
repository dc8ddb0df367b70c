"""Packs in the database: installed explicitly, named by their digest, never changed; and what is in force now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from models import InstallStep
from services import audit
from services.channels.catalogues import PLACES, Catalogue, Installed, Shares
from services.channels.engine import CompiledPack
from services.channels.packs import Pack, Platform, read_canonical
from services.channels.selectors import SelectorIndex

__all__ = ["Catalogue", "Installed"]

log = structlog.get_logger()


async def install_platforms(session: AsyncSession, platforms: Iterable[Platform]) -> None:
    """Write the parents of entries down, or their new names."""
    for platform in platforms:
        await _channel(
            session,
            platform.key,
            kind=models.ChannelKind(platform.kind.upper()),
            external_id=platform.external_id,
            names=platform.name.model_dump(),
            time_zone=platform.time_zone,
        )


async def install(session: AsyncSession, caller: Caller, pack: Pack) -> bool:
    """Put a pack in force for its channel; False when that version rules already. Older versions stay where pinned."""
    channel = await _described(session, pack)
    version_id = await store_version(session, channel.id, pack)
    return await _rule(session, caller, channel, version_id, InstallStep.INSTALLED, digest=pack.digest)


async def put_in_force(session: AsyncSession, caller: Caller, pack: Pack, version: models.PackVersion) -> bool:
    """Put a stored version, read as `pack`, in force (again); False when it rules already."""
    channel = await _described(session, pack)
    before = None if channel.pack_version_id is None else await session.get(models.PackVersion, channel.pack_version_id)
    replaced = None if before is None else before.digest
    return await _rule(
        session, caller, channel, version.id, InstallStep.ROLLED_BACK, digest=version.digest, replaced=replaced
    )


async def _described(session: AsyncSession, pack: Pack) -> models.Channel:
    """The row of the pack's channel, as the pack describes it, locked against others who would change what rules."""
    parent = None
    if pack.parent is not None:
        parent = await session.scalar(select(models.Channel.id).where(models.Channel.key == pack.parent))
    channel_id = await _channel(
        session,
        pack.key,
        kind=models.ChannelKind(pack.kind.upper()),
        external_id=pack.external_id,
        names=pack.name.model_dump(),
        time_zone=pack.time_zone,
        parent_id=parent,
        is_private=pack.kind == "private",
    )
    return await locked(session, channel_id)


async def locked(session: AsyncSession, channel_id: int) -> models.Channel:
    """The channel as it is now, locked against others who would change what rules."""
    # not FOR UPDATE: that waits for every distributor that refers to a channel, and they for us, in any order
    return await session.get_one(
        models.Channel, channel_id, with_for_update={"key_share": True}, populate_existing=True
    )


async def _rule(
    session: AsyncSession, caller: Caller, channel: models.Channel, version_id: int, step: InstallStep, **details: Any
) -> bool:
    if channel.pack_version_id == version_id:
        return False
    canary = models.PackCanary
    own = delete(canary).where(canary.channel_id == channel.id, canary.pack_version_id == version_id)
    # a canary that rules everybody is none any more, whoever brought it there
    if (await session.execute(own.returning(canary.percent))).scalar_one_or_none() is not None:
        step = InstallStep.PROMOTED
    channel.pack_version_id = version_id
    row = models.PackInstall(channel_id=channel.id, pack_version_id=version_id, installed_by=caller.name, step=step)
    session.add(row)
    audit.record(session, caller, f"pack.{step.lower()}", channel, **details)
    await session.flush()
    await ensure_feed(session, channel.key, models.FeedKind.CHANNEL, channel_id=channel.id)
    return True


async def ensure_feed(session: AsyncSession, key: str, kind: models.FeedKind, **subject: int) -> None:
    """The feed and its head, if they are not there yet."""
    fresh = insert(models.Feed).values(key=key, kind=kind, **subject).on_conflict_do_nothing()
    made = await session.scalar(fresh.returning(models.Feed.id))
    if made is not None:
        await session.execute(insert(models.FeedHead).values(feed_id=made).on_conflict_do_nothing())


async def _channel(session: AsyncSession, key: str, **values: Any) -> int:
    row = insert(models.Channel).values(key=key, **values)
    channel_id: int = (
        await session.execute(
            row.on_conflict_do_update(index_elements=[models.Channel.key], set_=values).returning(models.Channel.id)
        )
    ).scalar_one()
    return channel_id


async def store_version(session: AsyncSession, channel_id: int, pack: Pack) -> int:
    """Keep a version of a channel's pack without putting it in force; its id, also where it was kept before."""
    version = models.PackVersion
    row = insert(version).values(channel_id=channel_id, digest=pack.digest, body=orjson.loads(pack.canonical()))
    await session.execute(row.on_conflict_do_nothing())
    found: int = (
        await session.execute(select(version.id).where(version.channel_id == channel_id, version.digest == pack.digest))
    ).scalar_one()
    return found


async def stamp(session: AsyncSession) -> str:
    """Changes whenever any entry's version in force does, or a canary or its share. The same in another database only if
    all is the same.
    """
    version, channel, canary = models.PackVersion, models.Channel, models.PackCanary
    pinned = func.string_agg(
        func.concat(channel.id, ":", version.id, ":", version.digest), aggregate_order_by(text("','"), channel.id)
    )
    shared = func.string_agg(
        func.concat(canary.channel_id, ":", version.id, ":", version.digest, ":", canary.places),
        aggregate_order_by(text("','"), canary.channel_id, version.id),
    )
    ruling = select(pinned).join_from(channel, version, version.id == channel.pack_version_id).scalar_subquery()
    beside = select(shared).join_from(canary, version, version.id == canary.pack_version_id).scalar_subquery()
    return str(await session.scalar(select(func.md5(func.concat(ruling, ";", beside)))))


# the newest catalogue that this process read: making a hundred packs ready takes tens of milliseconds
_newest: dict[str, Catalogue] = {}


async def catalogue(session: AsyncSession, known: Catalogue | None = None) -> Catalogue:
    """All entries in force; `known`, or what this process read last, is given back when nothing changed since."""
    now = await stamp(session)
    if known is not None and known.stamp == now:
        return known
    if now in _newest:
        return _newest[now]
    rows = await session.execute(
        select(models.Channel.id, models.PackVersion.id, models.PackVersion.body)
        .join(models.PackVersion, models.PackVersion.id == models.Channel.pack_version_id)
        .order_by(models.Channel.key)
    )
    entries = []
    for channel_id, version_id, body in rows:
        entry = _compiled(channel_id, version_id, body) or await _last_good(session, channel_id)
        if entry is not None:
            entries.append(entry)
    found = Catalogue(
        now,
        {entry.compiled.pack.key: entry for entry in entries},
        {entry.channel_id: entry for entry in entries},
        SelectorIndex(entry.compiled.pack for entry in entries),
        await _shares(session),
    )
    _newest.clear()
    _newest[now] = found
    return found


async def catalogue_of(session: AsyncSession, creator_id: int) -> Catalogue:
    """All entries in force for one creator, canaries among them; their row is only read where there is a canary at all."""
    found = await catalogue(session)
    if not found.shares:
        return found
    uid = await session.scalar(select(models.Creator.uid).where(models.Creator.id == creator_id))
    return found if uid is None else found.seen_by(uid)


async def _shares(session: AsyncSession) -> Shares:
    """Who holds which of a channel's places; a canary that cannot be read holds none."""
    canary, version = models.PackCanary, models.PackVersion
    rows = await session.execute(
        select(canary.channel_id, version.id, version.body, canary.places)
        .join(version, version.id == canary.pack_version_id)
        .order_by(canary.channel_id, version.id)
    )
    held: defaultdict[str, list[Installed | None]] = defaultdict(lambda: [None] * PLACES)
    for channel_id, version_id, body, places in rows:
        entry = _compiled(channel_id, version_id, body)
        if entry is not None:
            for place in places:
                held[entry.compiled.pack.key][place] = entry
    return {key: tuple(places) for key, places in held.items()}


def _compiled(channel_id: int, version_id: int, body: dict[str, Any]) -> Installed | None:
    try:
        return Installed(channel_id, version_id, CompiledPack(read(body)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        reason = first["msg"]
        log.warning("pack.unreadable", channel=channel_id, version=version_id, key=where, reason=reason)
        return None


async def _last_good(session: AsyncSession, channel_id: int) -> Installed | None:
    """The newest version that ruled this channel and can be read: better than a channel that is shut."""
    installs = models.PackInstall
    rows = await session.execute(
        select(models.PackVersion.id, models.PackVersion.body)
        .join(installs, installs.pack_version_id == models.PackVersion.id)
        .where(installs.channel_id == channel_id)
        .order_by(installs.installed_at.desc(), installs.id.desc())
    )
    for version_id, body in rows:
        entry = _compiled(channel_id, version_id, body)
        if entry is not None:
            log.warning("pack.last_good", channel=entry.compiled.pack.key, version=version_id)
            return entry
    return None


def read(body: dict[str, Any]) -> Pack:
    """The pack in a stored version."""
    return read_canonical(orjson.dumps(body))


async def pinned(session: AsyncSession, version_ids: Iterable[int]) -> dict[int, Pack]:
    """Packs by version, in force or not."""
    wanted = sorted(set(version_ids))
    if not wanted:
        return {}
    rows = await session.execute(
        select(models.PackVersion.id, models.PackVersion.body).where(models.PackVersion.id.in_(wanted))
    )
    return {version_id: read(body) for version_id, body in rows}
