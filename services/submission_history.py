"""The steps of submissions as they are read, with what stood behind the reasons that people named."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import Order, PageRead, any_of, everything
from services import deadlines, product_changes, submissions
from services.auditing.grounds import Ground, named, packs_of
from services.channels.findings import Words

# reached from a submission that the caller may see
of_submissions = PageRead(
    "submission_events.of_submissions",
    models.SubmissionEvent,
    match=lambda key: models.SubmissionEvent.submission_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(Order("oldest", (models.SubmissionEvent.id,), descending=False),),
)

OF_THE_HOUSE = {
    one.en: one
    for one in (
        Words(submissions.HIDDEN, "内容已不公开"),
        Words(submissions.NOT_TAKEN, "该频道不再收录"),
        Words(product_changes.TAKEN_BACK, "其中有商品已不符合该频道的要求"),
        *(Words(deadlines.REASONS[state], said) for state, said in deadlines.IN_CHINESE.items()),
    )
}
"""What nobody typed: reasons of the engine and of the clock, as they are stored and as they are read."""


def said(reason: str | None, language: str) -> str | None:
    """A reason in the language, where it is one of ours; what people wrote stays as they wrote it."""
    known = OF_THE_HOUSE.get(reason or "")
    return reason if known is None else str(getattr(known, language, known.en))


async def grounds(session: AsyncSession, _caller: Caller, ids: Sequence[int]) -> dict[int, list[Ground]]:
    """By step what stands behind its reason codes, in the pack that the attempt was decided by."""
    event, decision = models.SubmissionEvent, models.Decision
    pinned = (
        select(decision.pack_version_id)
        .where(decision.submission_id == event.submission_id, decision.attempt == event.attempt)
        .order_by(decision.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = select(event.id, event.reason_codes, pinned).where(event.id == any_of(ids), event.reason_codes != [])
    found = [tuple(row) for row in await session.execute(statement)]
    packs = await packs_of(session, {version_id for _, _, version_id in found if version_id is not None})
    return {id_: named(packs.get(version_id), codes) for id_, codes, version_id in found}
