"""Clean-outs as they are read: by operators, and of one creator by whoever may look into them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import models
from core.reads import OneRead, Order, PageRead
from services import access

by_ids = OneRead(models.CleanOut, models.CleanOut.id, access.only_operators)
by_uids = OneRead(models.CleanOut, models.CleanOut.uid, access.only_operators)
# one list of all clean-outs: its key is always 0
listed = PageRead(
    "clean_outs.listed",
    models.CleanOut,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.only_operators,
    orders=(Order("newest", (models.CleanOut.id,)),),
)
verdicts_of = PageRead(
    "clean_outs.verdicts_of",
    models.CleanOutVerdict,
    match=lambda key: models.CleanOutVerdict.clean_out_id == key,
    key_type=BigInteger(),
    visible=access.only_operators,
    orders=(Order("creator", (models.CleanOutVerdict.creator_id,), descending=False),),
)


class Said(NamedTuple):
    """What a clean-out said of a creator."""

    verdict: models.CleanOutVerdict
    run: models.CleanOut


async def last_said(session: AsyncSession, creator_id: int) -> dict[int, Said]:
    """By channel, what the newest clean-out that was no rehearsal said of the creator, where it was its last word: whoever
    stayed in the one after it has none.
    """
    run, verdict = models.CleanOut, models.CleanOutVerdict
    one = aliased(run)
    newest = (
        select(one.id)
        .where(one.channel_id == models.Channel.id, one.is_rehearsal.is_(False), one.finished_at.is_not(None))
        .order_by(one.id.desc())
        .limit(1)
        .correlate(models.Channel)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(models.Channel.id, verdict, run)
        .select_from(models.Channel)
        .join(run, run.id == newest)
        .join(verdict, (verdict.clean_out_id == run.id) & (verdict.creator_id == creator_id))
    )
    return {channel_id: Said(said, of) for channel_id, said, of in rows}
