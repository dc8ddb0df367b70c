"""Following creators: who follows whom. What the followed published is services/timeline.py."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Forbidden
from core.ids import new_uid
from core.reads import Order, PageRead, any_of
from services import access

_latest = Order("newest", (models.Follow.followed_at, models.Follow.id))

followers_of = PageRead(
    "following.followers_of",
    models.Follow,
    match=lambda key: models.Follow.creator_id == key,
    key_type=BigInteger(),
    visible=access.follows,
    orders=(_latest,),
    eager=("account",),
)
followed_by = PageRead(
    "following.followed_by",
    models.Creator,
    match=lambda key: models.Follow.account_id == key,
    key_type=BigInteger(),
    visible=access.creators,
    target=models.Follow.creator_id,
    orders=(_latest,),
)


class OwnCreator(Forbidden):
    """An account does not follow what it publishes as, nor find its own answers helpful."""

    code = "OWN_CREATOR"


async def followed(session: AsyncSession, caller: Caller, creator_ids: Sequence[int]) -> dict[int, bool]:
    """Those of the creators that the caller follows."""
    follow = models.Follow
    statement = select(follow.creator_id).where(
        follow.account_id == caller.account_id, follow.creator_id == any_of(creator_ids)
    )
    return dict.fromkeys(await session.scalars(statement), True)


async def follow(session: AsyncSession, caller: Caller, creator_uid: UUID, *, clock: Clock) -> models.Creator:
    """Follow a creator from now on. Following again changes nothing."""
    account_id = access.engaging_account(caller)
    creator = await access.shown_creator(session, caller, creator_uid)
    if creator.id in access.own_creator_ids(caller):
        raise OwnCreator("This is a creator that you publish as: follow others.")
    values = {"account_id": account_id, "creator_id": creator.id, "followed_at": clock.now(), "uid": new_uid()}
    made = await session.scalar(
        insert(models.Follow).values(**values).on_conflict_do_nothing().returning(models.Follow.id)
    )
    if made is not None:
        await _counted(session, creator.id, models.Creator.followers_count + 1)
    return creator


async def unfollow(session: AsyncSession, caller: Caller, creator_uid: UUID) -> models.Creator | None:
    """No longer follow a creator, whom the caller may see or not; None when not. Doing it again changes nothing."""
    account_id = access.engaging_account(caller)
    creator, follow = models.Creator, models.Follow
    own = select(follow.id).where(follow.creator_id == creator.id, follow.account_id == account_id)
    is_seen = access.creators(caller)
    found = (
        await session.execute(select(creator, is_seen).where(creator.uid == creator_uid, or_(is_seen, own.exists())))
    ).one_or_none()
    if found is None:
        raise access.NoSuchCreator("There is no such creator, or you may not see it.")
    gone = await session.scalar(
        delete(follow).where(follow.account_id == account_id, follow.creator_id == found[0].id).returning(follow.id)
    )
    if gone is not None:
        # an import may have set the count anew in between
        await _counted(session, found[0].id, func.greatest(creator.followers_count - 1, 0))
    return found[0] if found[1] else None


async def forget(session: AsyncSession, account_ids: Sequence[int]) -> None:
    """Undo everything that these accounts follow, for good: part of erasing a person."""
    follow, creator = models.Follow, models.Creator
    gone = list(
        await session.scalars(
            delete(follow).where(follow.account_id == any_of(account_ids)).returning(follow.creator_id)
        )
    )
    # sorted, so that two of these cannot wait for each other
    for creator_id in sorted(set(gone)):
        left = func.greatest(creator.followers_count - gone.count(creator_id), 0)
        await _counted(session, creator_id, left)


async def _counted(session: AsyncSession, creator_id: int, count: ColumnElement[int]) -> None:
    statement = update(models.Creator).where(models.Creator.id == creator_id).values(followers_count=count)
    await session.execute(statement.execution_options(synchronize_session=False))
