"""Channels and their entries as they are read: by id, uid and key, with the pack in force."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, and_, exists, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import ManyRead, OneRead, Order, PageRead, everything
from services import access

by_name = Order("key", (models.Channel.key,), descending=False)

by_ids = OneRead(models.Channel, models.Channel.id, access.channels)
by_uids = OneRead(models.Channel, models.Channel.uid, access.channels)
by_keys = OneRead(models.Channel, models.Channel.key, access.channels)
entries_of = PageRead(
    "channels.entries_of",
    models.Channel,
    match=lambda key: models.Channel.parent_id == key,
    key_type=BigInteger(),
    visible=access.channels,
    orders=(by_name,),
)
# one list of all channels: its key is always 0
listed = PageRead(
    "channels.listed",
    models.Channel,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.channels,
    orders=(by_name,),
)
# reached from a channel or a submission that the caller may see
packs_by_ids = OneRead(models.PackVersion, models.PackVersion.id, everything)
installs_of = PageRead(
    "packs.installs_of",
    models.PackInstall,
    match=lambda key: models.PackInstall.channel_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(Order("newest", (models.PackInstall.id,)),),
)
canaries_of = ManyRead(
    models.PackCanary,
    models.PackCanary.channel_id,
    everything,
    (models.PackCanary.started_at, models.PackCanary.pack_version_id),
)


def _told(caller: Caller) -> ColumnElement[bool]:
    """Versions that rule or ruled somebody at a channel that the caller may see; what was only looked at is the operators'."""
    version, install, canary = models.PackVersion, models.PackInstall, models.PackCanary
    if caller.is_operator:
        return true()
    ruled = exists().where(install.pack_version_id == version.id)
    tried = exists().where(canary.pack_version_id == version.id)
    return version.channel_id.in_(select(models.Channel.id).where(access.channels(caller))) & or_(ruled, tried)


packs_by_digests = OneRead(models.PackVersion, models.PackVersion.digest, _told)


@dataclass(frozen=True, slots=True)
class ChannelFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. A channel takes a format or a
    language when its pack names it, or names none; what has no pack takes nothing.
    """

    kinds: tuple[models.ChannelKind, ...] = ()
    formats: tuple[models.Format, ...] = ()
    languages: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    only_entries: bool = False

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        several = (sorted(self.kinds), sorted(self.formats), sorted(self.languages), sorted(self.parents))
        return repr((several, self.only_entries))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `channels` rows."""
        channel = models.Channel
        parts: list[ColumnElement[bool]] = []
        if self.kinds:
            parts.append(channel.kind.in_(self.kinds))
        if self.parents:
            parts.append(channel.parent_id.in_(select(channel.id).where(channel.key.in_(self.parents))))
        if self.only_entries:
            parts.append(channel.pack_version_id.is_not(None))
        for part, wanted in (("formats", self.formats), ("languages", self.languages)):
            if wanted:
                parts.append(_takes(part, [str(one) for one in wanted]))
        return and_(true(), *parts)


def _takes(part: str, wanted: list[str]) -> ColumnElement[bool]:
    """Whether the selector of the pack in force lets one of these values pass."""
    version = models.PackVersion
    named = func.coalesce(version.body["selector"][part], literal([], JSONB))
    fits = or_(named == literal([], JSONB), *[named.op("@>")(literal([one], JSONB)) for one in wanted])
    return models.Channel.pack_version_id.in_(select(version.id).where(fits))
