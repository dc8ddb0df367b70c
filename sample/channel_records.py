"""The channels of `channels/` with their packs, and which of the sample's creators each invited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from uuid import UUID

import orjson

from models import ChannelKind
from sample.naming import FOLDER
from services.channels import checking
from services.channels.packs import Pack, Platform
from services.interchange.records import ChannelRecord

PACKS = FOLDER.parent / "channels"


@cache
def catalogue() -> checking.Report:
    return checking.check(PACKS)


def keys() -> frozenset[str]:
    return frozenset(checked.pack.key for checked in catalogue().packs)


def channels(members: Mapping[str, Sequence[UUID]]) -> Iterator[ChannelRecord]:
    """Parents first. `members` are the creators that a channel invited, or that connected theirs, by its key."""
    yield from (_platform(platform) for platform in catalogue().platforms)
    for checked in catalogue().packs:
        yield _entry(checked.pack, members.get(checked.pack.key, ()))


def _platform(platform: Platform) -> ChannelRecord:
    return ChannelRecord(
        key=platform.key,
        external_id=platform.external_id,
        kind=ChannelKind(platform.kind.upper()),
        names=platform.name.model_dump(),
        time_zone=platform.time_zone,
    )


def _entry(pack: Pack, members: Sequence[UUID]) -> ChannelRecord:
    return ChannelRecord(
        key=pack.key,
        parent=pack.parent,
        external_id=pack.external_id,
        kind=ChannelKind(pack.kind.upper()),
        names=pack.name.model_dump(),
        time_zone=pack.time_zone,
        is_private=pack.kind == "private",
        pack=orjson.loads(pack.canonical()),
        members=tuple(members),
    )
