"""Feeds whose address held a name that had to go: found by those who know it, and by nobody from what we keep."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from services import access


async def rename(session: AsyncSession, creator_id: int, key: str) -> None:
    """Give the feed of a creator another key; whoever follows it by the old one is still told what is gone."""
    feed = models.Feed
    old = await session.scalar(select(feed.key).where(feed.creator_id == creator_id))
    if old is not None:
        values = {"key": key, "former_key_mark": await _mark(session, old)}
        await session.execute(update(feed).where(feed.creator_id == creator_id).values(**values))


async def by_key(session: AsyncSession, caller: Caller, key: str) -> models.Feed | None:
    """The feed that had this key once, named as it was asked for: cursors are bound to that."""
    mark = await _mark(session, key)
    found = select(models.Feed).where(models.Feed.former_key_mark == mark, access.feeds(caller))
    feed: models.Feed | None = await session.scalar(found)
    if feed is not None:
        session.expunge(feed)
        feed.key = key
    return feed


async def _mark(session: AsyncSession, key: str) -> bytes:
    # with our secret: the marks of all names that anybody could think of cannot be reckoned elsewhere
    secret = await session.scalar(select(models.Instance.secret)) or b""
    return hmac.new(secret, key.encode(), hashlib.sha256).digest()
