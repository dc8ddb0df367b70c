"""Feeds: ordered logs. Appending gives each step its number under the lock of the feed's head; reading never skips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, bindparam, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

import models
from core import cursors
from core.caller import Caller
from core.errors import Gone, NotFound
from models import FeedEvent, FeedKind
from services import access
from services.channels import installing, rendering
from services.channels.rendering import Rendition
from services.gathering import Gathered, gather

NEWS = "headwater_feeds"
MOST_EPOCHS = 2**15 - 1


class NoSuchFeed(NotFound):
    code = "NO_SUCH_FEED"


class CursorGone(Gone):
    """The cursor is of a history that a restore left behind, or of a part that is no longer kept."""

    code = "CURSOR_GONE"


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
            (feed.channel_id == _any(channel_ids)) | (feed.creator_id == _any(creator_ids))
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
        .where(models.FeedHead.feed_id == _any(one.feed_id for one in entries))
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


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as it is handed out. `gathered` and `rendition` are there only while this version may be shown."""

    position: int
    event: FeedEvent
    version: int
    content_uid: str
    cursor: str
    appeared_at: datetime
    changed_at: datetime
    gathered: Gathered | None
    rendition: Rendition | None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Part of a feed. `tail` continues after everything on the page: to poll with; `older` goes further back."""

    feed: models.Feed
    title: str
    items: list[Item]
    tail: str
    older: str | None
    is_log: bool
    has_more: bool

    def cut(self, count: int) -> FeedPage:
        """The first items of this page, as a page of its own that leads on to the others."""
        if count >= len(self.items):
            return self
        last = self.items[count - 1].cursor
        if self.is_log:
            return replace(self, items=self.items[:count], tail=last, has_more=True)
        return replace(self, items=self.items[:count], older=last, has_more=True)


async def by_key(session: AsyncSession, caller: Caller, key: str) -> models.Feed:
    """The feed of this key, for a caller who may read it."""
    # PostgreSQL knows no text with a NUL in it, so no key has one
    feed = None
    if "\0" not in key:
        feed = await session.scalar(select(models.Feed).where(models.Feed.key == key, access.feeds(caller)))
    if feed is None:
        raise NoSuchFeed(f"There is no feed {key[:80]!r}, or you may not read it: see the directory at /feeds.")
    return feed


async def page(
    session: AsyncSession,
    caller: Caller,
    key: str,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int,
    at: datetime,
    base_url: str,
) -> FeedPage:
    """A page of a feed.

    Without `after`: what is live now, newest first, one item a content (`before` goes on to older ones). With it: the
    log after that cursor, oldest first, tombstones and all. `at` is now.
    """
    feed = await by_key(session, caller, key)
    # read before the items: whoever polls from this tail may see an item twice, and never misses one
    head = await session.scalar(select(models.FeedHead.position).where(models.FeedHead.feed_id == feed.id)) or 0
    epoch = await session.scalar(select(func.max(models.Epoch.number))) or 1
    place: int | None = None
    if after is not None:
        place = await _place(session, feed, after, head)
        rows = await _log(session, feed.id, place, limit + 1)
    else:
        if before is not None:
            place = await _place(session, feed, before, head)
        rows = await _shown(session, feed.id, place, limit + 1)
    has_more, rows = len(rows) > limit, rows[:limit]
    items = await _items(session, feed, rows, epoch, at, base_url, is_log=after is not None)
    last = rows[-1].position if rows else None
    if after is None:
        tail: int = head
        older = encode(feed.key, epoch, last) if has_more and last is not None else None
    else:
        tail, older = (place or 0) if last is None else last, None
    return FeedPage(
        feed=feed,
        title=await _title(session, caller, feed),
        items=items,
        tail=encode(feed.key, epoch, tail),
        older=older,
        is_log=after is not None,
        has_more=has_more,
    )


def encode(key: str, epoch: int, position: int) -> str:
    """The cursor after this position of this feed."""
    return cursors.encode(f"feed:{key}", [epoch, position])


async def _place(session: AsyncSession, feed: models.Feed, cursor: str, head: int) -> int:
    match cursors.decode(f"feed:{feed.key}", cursor):
        case [int() as epoch, int() as position] if 0 < epoch <= MOST_EPOCHS and position >= 0:
            pass
        case _:
            raise cursors.UnknownCursor("This cursor is not one that this API handed out: take it from an answer.")
    known = await session.scalar(select(models.Epoch.number).where(models.Epoch.number == epoch))
    if known is None or position > head:
        raise CursorGone(f"This cursor is of a history that is no more: start again at /feeds/{feed.key}.json.")
    return position


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    event: FeedEvent
    version: int
    content_id: int
    content_uid: str
    appeared_at: datetime
    changed_at: datetime
    is_current: bool
    revision_id: int
    pack_version_id: int | None


async def _log(session: AsyncSession, feed_id: int, after: int, limit: int) -> list[_Row]:
    item, said, content = models.FeedItem, models.FeedContent, models.Content
    rows = await session.execute(
        select(item, said, content.uid)
        .join(said, (said.feed_id == item.feed_id) & (said.content_id == item.content_id))
        .join(content, content.id == item.content_id)
        .where(item.feed_id == feed_id, item.position > after)
        .order_by(item.position)
        .limit(limit)
    )
    return [
        _Row(
            one.position,
            one.event,
            one.version,
            one.content_id,
            str(uid),
            last.appeared_at,
            one.appended_at,
            last.is_live and last.version == one.version,
            last.revision_id,
            last.pack_version_id,
        )
        for one, last, uid in rows
    ]


async def _shown(session: AsyncSession, feed_id: int, before: int | None, limit: int) -> list[_Row]:
    said, content = models.FeedContent, models.Content
    further = [] if before is None else [said.position < before]
    # one by one, newest first: joined as a whole, the planner reads the whole feed for a page of it
    public = (
        select(content.uid)
        .where(content.id == said.content_id, content.live_revision_id == said.revision_id, access.public_contents())
        .limit(1)
        .lateral("public")
    )
    rows = await session.execute(
        select(said, public.c.uid)
        .join(public, true())
        .where(said.feed_id == feed_id, said.is_live, *further)
        .order_by(said.position.desc())
        .limit(limit)
    )
    return [
        _Row(
            one.position,
            FeedEvent.PUBLISHED if one.version == 1 else FeedEvent.UPDATED,
            one.version,
            one.content_id,
            str(uid),
            one.appeared_at,
            one.changed_at,
            True,
            one.revision_id,
            one.pack_version_id,
        )
        for one, uid in rows
    ]


async def _items(
    session: AsyncSession,
    feed: models.Feed,
    rows: Sequence[_Row],
    epoch: int,
    at: datetime,
    base_url: str,
    *,
    is_log: bool,
) -> list[Item]:
    current = [row.content_id for row in rows if row.is_current]
    shown = await _public(session, current) if is_log else set(current)
    # one that cannot be read must not take the feed from everybody
    gathered = await gather(session, sorted(shown), at=at, base_url=base_url, skip_unreadable=True) if shown else {}
    packs = await installing.pinned(session, {row.pack_version_id for row in rows if row.pack_version_id})
    items = []
    for row in rows:
        # a revision that was superseded a moment ago is not shown any more, even before the feed says so
        one = gathered.get(row.content_id) if row.is_current else None
        one = one if one is not None and one.revision.id == row.revision_id else None
        if one is None and not is_log:
            continue
        pack = rendering.PLAIN if row.pack_version_id is None else packs[row.pack_version_id]
        items.append(
            Item(
                row.position,
                row.event,
                row.version,
                row.content_uid,
                encode(feed.key, epoch, row.position),
                row.appeared_at,
                row.changed_at,
                one,
                rendering.render(pack, one.facts) if one else None,
            )
        )
    return items


async def _public(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    rows = await session.scalars(
        select(models.Content.id).where(models.Content.id == _any(ids), access.public_contents())
    )
    return set(rows)


async def _title(session: AsyncSession, caller: Caller, feed: models.Feed) -> str:
    """The name of the channel or creator; the key alone while the caller may not see whose feed it is."""
    if feed.channel_id is not None:
        names = await session.scalar(select(models.Channel.names).where(models.Channel.id == feed.channel_id)) or {}
        return str(names.get("en") or feed.key)
    shown = select(models.Creator.name).where(models.Creator.id == feed.creator_id, access.creators(caller))
    return await session.scalar(shown) or feed.key


async def directory(session: AsyncSession, caller: Caller) -> list[tuple[models.Feed, str, int]]:
    """The feeds of channels that this caller may read, with title and number of live items, by key."""
    said = models.FeedContent
    feed = models.Feed
    mine = select(feed.id).where(feed.channel_id.is_not(None), access.feeds(caller))
    counted = await session.execute(
        select(said.feed_id, func.count()).where(said.is_live, said.feed_id.in_(mine)).group_by(said.feed_id)
    )
    counts = dict(counted.all())
    rows = await session.execute(
        select(feed, models.Channel.names)
        .join(models.Channel, models.Channel.id == feed.channel_id)
        .where(access.feeds(caller))
        .order_by(feed.key)
    )
    return [(one, str(names.get("en") or one.key), counts.get(one.id, 0)) for one, names in rows]


def _any(ids: Iterable[int]) -> Any:
    return func.any(bindparam(None, sorted(set(ids)), type_=ARRAY(BigInteger)))
