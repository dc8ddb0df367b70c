"""Appending to feeds: each step gets its number under the lock of the feed's head, so numbers follow commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

import models
from core.reads import any_of
from models import FeedEvent, FeedKind

NEWS = "headwater_feeds"


@dataclass(frozen=True, slots=True)
class Said:
    """What a feed last said of a content."""

    feed_id: int
    content_id: int
    version: int
    is_live: bool
    revision_id: int
    pack_version_id: int | None
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Stated:
    """What is true now of a content in a feed: the revision, the pack that renders it, the print of the rendition."""

    revision_id: int
    pack_version_id: int | None
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class _Entry:
    feed_id: int
    content_id: int
    event: FeedEvent
    version: int
    stated: Stated


def step(said: Said | None, stated: Stated | None) -> FeedEvent | None:
    """The event that leads from what was last said to what is true now; None when they agree."""
    if stated is None:
        return FeedEvent.WITHDRAWN if said is not None and said.is_live else None
    if said is None:
        return FeedEvent.PUBLISHED
    if not said.is_live:
        return FeedEvent.RESTORED
    same = said.revision_id == stated.revision_id and said.fingerprint == stated.fingerprint
    return None if same else FeedEvent.UPDATED


async def heads_of(
    session: AsyncSession, channel_ids: Iterable[int], creator_ids: Iterable[int]
) -> dict[tuple[FeedKind, int], int]:
    """The ids of the feeds of these channels and creators."""
    feed = models.Feed
    rows = await session.execute(
        select(feed.id, feed.kind, func.coalesce(feed.channel_id, feed.creator_id)).where(
            (feed.channel_id == any_of(channel_ids)) | (feed.creator_id == any_of(creator_ids))
        )
    )
    return {(kind, subject): feed_id for feed_id, kind, subject in rows}


async def append(
    session: AsyncSession,
    said: Sequence[Said],
    true: Mapping[tuple[int, int], Stated],
    *,
    order: Mapping[int, datetime],
    at: datetime,
) -> int:
    """Number and append the steps of these contents in all their feeds; returns how many there were.

    `true` holds what is true now by (feed, content), and is whole for the contents in `said`. The contents must be
    locked. `order` tells when each was published: within a batch the older one gets the smaller number.
    """
    before = {(one.feed_id, one.content_id): one for one in said}
    entries = []
    for key in before.keys() | true.keys():
        last, now = before.get(key), true.get(key)
        event = step(last, now)
        if event is not None:
            kept = now or Stated(last.revision_id, last.pack_version_id, last.fingerprint)  # type: ignore[union-attr]  # a withdrawal follows something said
            entries.append(_Entry(*key, event, (last.version if last else 0) + 1, kept))
    if entries:
        entries.sort(key=lambda one: (one.feed_id, order.get(one.content_id, at), one.content_id))
        await _write(session, entries, at)
    return len(entries)


async def _write(session: AsyncSession, entries: Sequence[_Entry], at: datetime) -> None:
    heads = await session.execute(
        select(models.FeedHead.feed_id, models.FeedHead.position)
        .where(models.FeedHead.feed_id == any_of(one.feed_id for one in entries))
        .order_by(models.FeedHead.feed_id)
        .with_for_update(key_share=True)
    )
    last = dict(heads.all())
    positions = []
    for one in entries:
        last[one.feed_id] += 1
        positions.append(last[one.feed_id])
    columns = {
        "feeds": ([one.feed_id for one in entries], BigInteger),
        "contents": ([one.content_id for one in entries], BigInteger),
        "positions": (positions, BigInteger),
        "events": ([one.event.value for one in entries], Text),
        "versions": ([one.version for one in entries], BigInteger),
        "revisions": ([one.stated.revision_id for one in entries], BigInteger),
        "packs": ([one.stated.pack_version_id for one in entries], BigInteger),
        "prints": ([one.stated.fingerprint for one in entries], LargeBinary),
    }
    values: list[Any] = [bindparam(name, value, type_=ARRAY(type_)) for name, (value, type_) in columns.items()]
    await session.execute(_APPEND.bindparams(*values, bindparam("at", at, type_=DateTime(timezone=True))))
    await session.execute(select(func.pg_notify(NEWS, "")))


# One statement: items, what each feed now says, and its head, from the same rows.
_APPEND = text(
    """
    WITH step AS (
        SELECT * FROM unnest(:feeds, :contents, :positions, :events, :versions, :revisions, :packs, :prints)
            AS step(feed_id, content_id, position, event, version, revision_id, pack_version_id, fingerprint)
    ), appended AS (
        INSERT INTO feed_items (feed_id, position, epoch, event, content_id, version, appended_at)
        SELECT feed_id, position, (SELECT max(number) FROM epochs), event, content_id, version, :at FROM step
    ), said AS (
        INSERT INTO feed_contents (feed_id, content_id, position, version, is_live, revision_id, pack_version_id,
                                   fingerprint, appeared_at, changed_at)
        SELECT feed_id, content_id, position, version, event <> 'WITHDRAWN', revision_id, pack_version_id, fingerprint,
               :at, :at
        FROM step
        ON CONFLICT (feed_id, content_id) DO UPDATE SET
            position = excluded.position, version = excluded.version, is_live = excluded.is_live,
            revision_id = excluded.revision_id, pack_version_id = excluded.pack_version_id,
            fingerprint = excluded.fingerprint, changed_at = excluded.changed_at
    )
    UPDATE feed_heads SET position = moved.position
    FROM (SELECT feed_id, max(position) AS position FROM step GROUP BY feed_id) AS moved
    WHERE feed_heads.feed_id = moved.feed_id
    """
)
