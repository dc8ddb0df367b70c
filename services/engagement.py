"""Liking and saving contents, and the counts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

import models
from core.caller import Caller
from core.clock import Clock
from core.ids import new_uid
from core.reads import OneRead, Order, PageRead, any_of, everything
from services import access, contents

# reached from a content that the caller may see
counts_of = OneRead(models.ContentCount, models.ContentCount.content_id, everything)


@dataclass(frozen=True, slots=True)
class Mark:
    """What an account leaves on a content, once: its table, when it was left, and where it is counted."""

    table: type[models.Like | models.Save]
    at: InstrumentedAttribute[Any]
    count: InstrumentedAttribute[int]


LIKE = Mark(models.Like, models.Like.liked_at, models.ContentCount.likes_count)
SAVE = Mark(models.Save, models.Save.saved_at, models.ContentCount.saves_count)


def _marked(name: str, mark: Mark, *newest: InstrumentedAttribute[Any]) -> PageRead[models.Content]:
    """What an account marked, the latest first, as far as it is published: marks on the rest stay, and are not listed."""
    return PageRead(
        name,
        models.Content,
        match=lambda key: mark.table.account_id == key,
        key_type=BigInteger(),
        visible=access.contents,
        listed=lambda: models.Content.is_live,
        target=mark.table.content_id,
        orders=(Order("newest", newest),),
        eager=("live_revision",),
        without=contents.TEXTS,
    )


liked_by = _marked("engagement.liked_by", LIKE, models.Like.liked_at, models.Like.content_id)
saved_by = _marked("engagement.saved_by", SAVE, models.Save.saved_at, models.Save.id)


async def liked(session: AsyncSession, caller: Caller, content_ids: Sequence[int]) -> dict[int, bool]:
    """Those of the contents that the caller likes."""
    return await _of_caller(session, caller, LIKE, content_ids)


async def saved(session: AsyncSession, caller: Caller, content_ids: Sequence[int]) -> dict[int, bool]:
    """Those of the contents that the caller saved."""
    return await _of_caller(session, caller, SAVE, content_ids)


async def like(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """Like a published content. Liking again changes nothing."""
    return await _leave(session, caller, LIKE, content_uid, clock)


async def save(session: AsyncSession, caller: Caller, content_uid: UUID, *, clock: Clock) -> models.Content:
    """Keep a published content for later. Saving again changes nothing."""
    return await _leave(session, caller, SAVE, content_uid, clock)


async def unlike(session: AsyncSession, caller: Caller, content_uid: UUID) -> models.Content | None:
    """No longer like a content; None when the caller may not see it any more. Doing it again changes nothing."""
    return await _take_back(session, caller, LIKE, content_uid)


async def unsave(session: AsyncSession, caller: Caller, content_uid: UUID) -> models.Content | None:
    """No longer keep a content; None when the caller may not see it any more. Doing it again changes nothing."""
    return await _take_back(session, caller, SAVE, content_uid)


async def forget(session: AsyncSession, account_ids: Sequence[int]) -> None:
    """Undo all likes and saves of these accounts, for good: part of erasing a person."""
    for mark in (LIKE, SAVE):
        gone = delete(mark.table).where(mark.table.account_id == any_of(account_ids)).returning(mark.table.content_id)
        left = list(await session.scalars(gone))
        # sorted, so that two of these cannot wait for each other
        for content_id in sorted(set(left)):
            await _counted(session, mark, content_id, -left.count(content_id))


async def _of_caller(session: AsyncSession, caller: Caller, mark: Mark, content_ids: Sequence[int]) -> dict[int, bool]:
    statement = select(mark.table.content_id).where(
        mark.table.account_id == caller.account_id, mark.table.content_id == any_of(content_ids)
    )
    return dict.fromkeys(await session.scalars(statement), True)


async def _leave(session: AsyncSession, caller: Caller, mark: Mark, uid: UUID, clock: Clock) -> models.Content:
    account_id = access.engaging_account(caller)
    content = await access.live_content(session, caller, uid)
    values = {"account_id": account_id, "content_id": content.id, mark.at.key: clock.now()}
    if mark is SAVE:
        values["uid"] = new_uid()
    statement = insert(mark.table).values(**values).on_conflict_do_nothing()
    if await session.scalar(statement.returning(mark.table.content_id)) is not None:
        await _counted(session, mark, content.id, 1)
    return content


async def _take_back(session: AsyncSession, caller: Caller, mark: Mark, uid: UUID) -> models.Content | None:
    account_id = access.engaging_account(caller)
    content, table = models.Content, mark.table
    own = select(table.content_id).where(table.content_id == content.id, table.account_id == account_id)
    is_seen = access.contents(caller)
    found = (
        await session.execute(select(content, is_seen).where(content.uid == uid, or_(is_seen, own.exists())))
    ).one_or_none()
    if found is None:
        raise access.NoSuchContent("There is no such content, or you may not see it.")
    gone = delete(table).where(table.account_id == account_id, table.content_id == found[0].id)
    if await session.scalar(gone.returning(table.content_id)) is not None:
        await _counted(session, mark, found[0].id, -1)
    return found[0] if found[1] else None


async def _counted(session: AsyncSession, mark: Mark, content_id: int, step: int) -> None:
    """One more or fewer, in one statement; the first makes the row."""
    count = models.ContentCount
    if step < 0:
        less = update(count).where(count.content_id == content_id).values({mark.count: mark.count + step})
        await session.execute(less.execution_options(synchronize_session=False))
        return
    first = insert(count).values({"content_id": content_id, mark.count.key: step})
    more = first.on_conflict_do_update(index_elements=[count.content_id], set_={mark.count.key: mark.count + step})
    await session.execute(more)
