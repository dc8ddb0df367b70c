"""How much of what creators submitted was accepted, in percent: counted only where a pack in force asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import case, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.reads import any_of
from services.channels.engine import CompiledPack

COUNTED = timedelta(days=30)
ACCEPTED = (models.SubmissionState.ACCEPTED, *models.DELIVERED)
JUDGED = (*ACCEPTED, models.SubmissionState.REJECTED)
FACT = "pass_rate"


class Counts(NamedTuple):
    """How many submissions were judged, and how many of them were accepted."""

    accepted: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True)
class PassRates:
    """What was judged of some creators within thirty days, and of that the part of the contents that are looked at."""

    of_creators: dict[int, Counts]
    of_contents: dict[int, Counts]

    def of(self, creator_id: int, content_id: int | None = None) -> int | None:
        """In percent, rounded down; None where nothing was judged. A content does not count for itself."""
        whole = self.of_creators.get(creator_id, Counts())
        own = Counts() if content_id is None else self.of_contents.get(content_id, Counts())
        judged = whole.judged - own.judged
        return (whole.accepted - own.accepted) * 100 // judged if judged else None


def are_asked(packs: Iterable[CompiledPack]) -> bool:
    """Whether one of these packs has a gate on the pass rate."""
    return any(FACT in pack.asked_of_creators for pack in packs)


async def pass_rates(
    session: AsyncSession, creator_ids: Iterable[int], content_ids: Sequence[int], at: datetime
) -> PassRates:
    """In one statement, for creators whose number does not matter and these of their contents."""
    own = case((models.Content.id == any_of(content_ids), models.Content.id), else_=null())
    rows = await session.execute(
        select(
            models.Content.creator_id,
            own,
            func.count().filter(models.Submission.state.in_(ACCEPTED)),
            func.count(),
        )
        .join(models.Submission, models.Submission.content_id == models.Content.id)
        .where(
            models.Content.creator_id == any_of(sorted(creator_ids)),
            models.Submission.state.in_(JUDGED),
            models.Submission.state_since > at - COUNTED,
        )
        .group_by(models.Content.creator_id, own)
    )
    of_creators: dict[int, Counts] = {}
    of_contents: dict[int, Counts] = {}
    for creator_id, content_id, accepted, judged in rows:
        before = of_creators.get(creator_id, Counts())
        of_creators[creator_id] = Counts(before.accepted + accepted, before.judged + judged)
        if content_id is not None:
            of_contents[content_id] = Counts(accepted, judged)
    return PassRates(of_creators, of_contents)
