"""Submissions and the decisions on them as their creators read them. What moves them is services/submissions.py."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import OneRead, Order, PageRead, everything
from services import access

_newest = Order("newest", (models.Submission.state_since, models.Submission.id))

by_ids = OneRead(models.Submission, models.Submission.id, access.submissions)
by_uids = OneRead(models.Submission, models.Submission.uid, access.submissions)
of_contents = PageRead(
    "submissions.of_contents",
    models.Submission,
    match=lambda key: models.Submission.content_id == key,
    key_type=BigInteger(),
    visible=access.submissions,
    orders=(_newest,),
)
# one list of all that the caller may see: its key is always 0
listed = PageRead(
    "submissions.listed",
    models.Submission,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.submissions,
    orders=(_newest,),
)
# reached from a submission that the caller may see
decisions_by_ids = OneRead(models.Decision, models.Decision.id, everything)
decisions_of = PageRead(
    "decisions.of_submissions",
    models.Decision,
    match=lambda key: models.Decision.submission_id == key,
    key_type=BigInteger(),
    visible=everything,
    orders=(Order("newest", (models.Decision.attempt, models.Decision.id)),),
)


@dataclass(frozen=True, slots=True)
class SubmissionFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `channels` are keys."""

    states: tuple[models.SubmissionState, ...] = ()
    channels: tuple[str, ...] = ()
    creators: tuple[UUID, ...] = ()
    is_flagged: bool | None = None

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        named = (sorted(self.states), sorted(self.channels), sorted(map(str, self.creators)))
        return repr(named if self.is_flagged is None else (*named, self.is_flagged))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `submissions` rows. What is not there to be seen matches nothing."""
        parts: list[ColumnElement[bool]] = []
        if self.states:
            parts.append(models.Submission.state.in_(self.states))
        if self.channels:
            named = select(models.Channel.id).where(models.Channel.key.in_(self.channels))
            parts.append(models.Submission.channel_id.in_(named))
        if self.creators:
            of_creators = (
                select(models.Content.id)
                .join(models.Creator, models.Creator.id == models.Content.creator_id)
                .where(models.Creator.uid.in_(self.creators))
            )
            parts.append(models.Submission.content_id.in_(of_creators))
        if self.is_flagged is not None:
            parts.append((func.jsonb_array_length(models.Submission.flags) > 0).is_(self.is_flagged))
        return and_(true(), *parts)
