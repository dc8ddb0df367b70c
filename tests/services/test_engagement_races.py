"""What readers do at once: the counts are those of the rows, whatever overtakes what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller, Scope
from core.clock import FixedClock
from core.db import Database
from services import access, accounts, answers, callers, comments, engagement, following
from tests import make

TIMES = 8
"""Of each there and each back."""
Work = Callable[[AsyncSession], Awaitable[Any]]


async def at_once(db: Database, *works: Work) -> None:
    """Each in a transaction of its own, sixteen at any moment: more would wait for connections instead of locks."""
    turns = asyncio.Semaphore(16)

    async def one(work: Work) -> None:
        async with turns, db.session() as session:
            await work(session)

    await asyncio.gather(*(one(work) for work in works))


async def test_counts_stay_those_of_the_rows_whatever_happens_at_once(committed: Database, clock: FixedClock) -> None:
    async with committed.session() as session:
        ada, bob = await make.creator(session), await make.creator(session, name="Bob")
        asked = await make.content(session, ada, format=models.Format.QNA)
        answer, other = await make.answer(session, asked, bob), await make.answer(session, asked, bob)
        host = await make.author(session, ada, Scope.CONTENT_PUBLISH)
        operator = await make.reader(session, scopes=(Scope.OPERATE,))
        readers = [await make.reader(session) for _ in range(4)]
        above = [await comments.add(session, readers[0], asked.uid, "above", clock=clock) for _ in range(4)]
        accounts_of = [await session.get_one(models.Account, reader.account_id) for reader in readers]

    def does(service: Any, caller: Caller, *given: Any, **named: Any) -> Work:
        return lambda session: service(session, caller, *given, **named)

    # the same pair, there and back
    pair: list[Work] = []
    for _ in range(TIMES):
        reader = readers[0]
        pair += [
            does(engagement.like, reader, asked.uid, clock=clock),
            does(engagement.unlike, reader, asked.uid),
            does(engagement.save, reader, asked.uid, clock=clock),
            does(engagement.unsave, reader, asked.uid),
            does(following.follow, reader, bob.uid, clock=clock),
            does(following.unfollow, reader, bob.uid),
            does(answers.vote, reader, answer.uid, clock=clock),
            does(answers.unvote, reader, answer.uid),
        ]
    accepting = [does(answers.accept, host, one.uid, clock=clock) for one in (answer, other) * 4]
    await at_once(committed, *pair, *accepting)
    assert await differences(committed) == []
    async with committed.session() as session:
        assert len(list(await session.scalars(select(models.Answer.id).where(models.Answer.is_accepted)))) == 1
    await at_once(committed, *(work for work in pair[::2] for _ in range(2)))
    assert await totals(committed, bob.id, answer.id) == (1, 1, 1, 1)
    assert await differences(committed) == []

    # replies while what they reply to is hidden and shown, and while those who speak are suspended
    def reply(to: UUID, reader: Caller) -> Work:
        async def work(session: AsyncSession) -> None:
            try:
                await comments.add(session, reader, asked.uid, "reply", clock=clock, parent=to)
            except (access.NoSuchComment, callers.SuspendedAccount):
                return

        return work

    await at_once(
        committed,
        *(reply(comment.uid, reader) for comment in above for reader in readers),
        *(does(comments.hide, host, comment.uid, clock=clock) for comment in above[:2]),
        *(does(accounts.suspend, operator, one.uid, reason="r", clock=clock) for one in accounts_of[2:]),
    )
    assert await differences(committed) == []
    await at_once(
        committed,
        *(does(comments.show, host, comment.uid, clock=clock) for comment in above[:2]),
        *(reply(comment.uid, readers[1]) for comment in above),
        does(accounts.reinstate, operator, accounts_of[2].uid),
    )
    assert await differences(committed) == []


async def totals(db: Database, creator_id: int, answer_id: int) -> tuple[int, ...]:
    count = models.ContentCount
    async with db.session() as session:
        row = (await session.execute(select(count.likes_count, count.saves_count))).one()
        creator = await session.get_one(models.Creator, creator_id)
        answer = await session.get_one(models.Answer, answer_id)
        return (*row, creator.followers_count, answer.votes_count)


async def differences(db: Database) -> list[str]:
    """Where a count is not the number of its rows."""
    count, comment = models.ContentCount, models.Comment
    like = select(func.count()).select_from(models.Like).where(models.Like.content_id == count.content_id)
    save = select(func.count()).select_from(models.Save).where(models.Save.content_id == count.content_id)
    shown = select(func.count()).select_from(comment).where(comment.content_id == count.content_id)
    shown = shown.where(access.shown_comments())
    found: list[str] = []
    async with db.session() as session:
        for name, counted, true in (
            ("likes", count.likes_count, like),
            ("saves", count.saves_count, save),
            ("comments", count.comments_count, shown),
        ):
            rows = await session.execute(select(counted, true.correlate(count).scalar_subquery()).select_from(count))
            found += [f"{name}: {one} for {other}" for one, other in rows if one != other]
        for row in await session.scalars(select(comment).where(comment.parent_id.is_(None))):
            replies = select(func.count()).select_from(comment).where(comment.parent_id == row.id)
            true_count = await session.scalar(replies.where(access.shown_by_itself(comment)))
            if row.replies_count != true_count:
                found.append(f"replies: {row.replies_count} for {true_count}")
        found += await _foreign(session, models.Creator, "followers_count", models.Follow.creator_id)
        found += await _foreign(session, models.Answer, "votes_count", models.AnswerVote.answer_id)
    return found


async def _foreign(session: AsyncSession, model: Any, name: str, rows_of: Any) -> list[str]:
    true = select(func.count()).where(rows_of == model.id).correlate(model).scalar_subquery()
    rows = await session.execute(select(getattr(model, name), true))
    return [f"{name}: {one} for {other}" for one, other in rows if one != other]
