"""What an organisation has to consent to before it goes out, and which revision of a content may go out next."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.clock import Clock
from core.errors import Conflict
from models import ReviewState, RevisionState


class ReviewRequired(Conflict):
    """The creator's organisation wants to see it before it goes out."""

    code = "REVIEW_REQUIRED"


async def demanded_by(session: AsyncSession, creator_id: int, on: date) -> models.Organisation | None:
    """The organisation under contract with the creator on that day, if it demands to review what goes out."""
    contract, organisation = models.Contract, models.Organisation
    found = await session.scalars(
        select(organisation)
        .join(contract, contract.organisation_id == organisation.id)
        .where(
            contract.creator_id == creator_id,
            contract.period.op("@>")(on),
            organisation.demands_review,
            organisation.suspended_at.is_(None),
        )
    )
    return found.one_or_none()


async def next_revision(
    session: AsyncSession, caller: Caller, content: models.Content, clock: Clock
) -> models.Revision | None:
    """What would go out next: the approved revision, else the draft; None when there is neither.

    ReviewRequired for a draft that an organisation wants to see first; an operator may pass it by. The content is locked.
    """
    waiting = await waiting_revision(session, content)
    if waiting is not None and await is_approved(session, waiting):
        return waiting
    if content.draft_revision_id is None and (waiting is None or waiting.state is not RevisionState.IN_REVIEW):
        return None
    if not caller.is_operator:
        await refuse_unreviewed(session, content, clock)
    if content.draft_revision_id is None:
        return None
    return await session.get_one(models.Revision, content.draft_revision_id, populate_existing=True)


async def refuse_unreviewed(session: AsyncSession, content: models.Content, clock: Clock) -> None:
    """ReviewRequired when an organisation demands to see first what goes out of this creator."""
    organisation = await demanded_by(session, content.creator_id, clock.now().date())
    if organisation is not None:
        raise ReviewRequired(f"{organisation.name} reviews what goes out: submit it for review, and have it approved.")


async def waiting_revision(session: AsyncSession, content: models.Content) -> models.Revision | None:
    """The revision that is in review or scheduled, if there is one."""
    if content.waiting_revision_id is None:
        return None
    return await session.get_one(models.Revision, content.waiting_revision_id, populate_existing=True)


async def is_approved(session: AsyncSession, revision: models.Revision) -> bool:
    """Whether it is in review and was approved: it may go out."""
    return revision.state is RevisionState.IN_REVIEW and await was_given(session, revision)


async def was_given(session: AsyncSession, revision: models.Revision) -> bool:
    """Whether an organisation has approved this revision."""
    review = models.Review
    found = await session.scalar(
        select(review.id).where(review.revision_id == revision.id, review.state == ReviewState.APPROVED)
    )
    return found is not None
