"""Reading feeds: what is live now, or the log after a cursor; whatever is handed out passes the visibility predicate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import cursors
from core.caller import Caller
from core.errors import Gone, NotFound
from core.reads import any_of
from models import FeedEvent
from services import access
from services.assets import sizes
from services.channels import installing, rendering
from services.channels.packs import Pack
from services.channels.rendering import Rendition
from services.channels.shapes import Rendering
from services.feeds import former
from services.gathering import Gathered, gather

MOST_EPOCHS = 2**15 - 1


class NoSuchFeed(NotFound):
    code = "NO_SUCH_FEED"


class CursorGone(Gone):
    """The cursor is of a history that a restore left behind, or of a part that is no longer kept."""

    code = "CURSOR_GONE"


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
    """Part of a feed. `tail` continues after everything on the page, and `position` is its number: to poll with, or to wait
    for more; `older` goes further back.
    """

    feed: models.Feed
    title: str
    items: list[Item]
    tail: str
    position: int
    older: str | None
    is_log: bool
    has_more: bool

    def cut(self, count: int) -> FeedPage:
        """The first items of this page, as a page of its own that leads on to the others."""
        if count >= len(self.items):
            return self
        kept, last = self.items[:count], self.items[count - 1]
        if self.is_log:
            return replace(self, items=kept, tail=last.cursor, position=last.position, has_more=True)
        return replace(self, items=kept, older=last.cursor, has_more=True)


async def by_key(session: AsyncSession, caller: Caller, key: str) -> models.Feed:
    """The feed of this key, for a caller who may read it."""
    # PostgreSQL knows no text with a NUL in it, so no key has one
    feed = None
    if "\0" not in key:
        feed = await session.scalar(select(models.Feed).where(models.Feed.key == key, access.feeds(caller)))
        feed = feed or await former.by_key(session, caller, key)
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
        position=tail,
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
    offer = await _offer(session, packs.values())
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
                rendering.render(pack, one.facts).in_sizes(offer) if one else None,
            )
        )
    return items


async def _offer(session: AsyncSession, packs: Iterable[Pack]) -> Collection[tuple[int, int]]:
    """The sizes that pictures may be given in, where these packs want any: a version that rules no more may have wanted what
    nobody asks for now.
    """
    if not any(_wants_sizes(pack.rendering) for pack in packs):
        return ()
    return (await sizes.offered(session)).by_sides


def _wants_sizes(shapes: Rendering) -> bool:
    return bool(shapes.picture and shapes.picture.ratios) or bool(shapes.products and shapes.products.ratio)


async def _public(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    rows = await session.scalars(
        select(models.Content.id).where(models.Content.id == any_of(ids), access.public_contents())
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
