"""Works: everything that a creator has here, in whatever state, as those see it who work on it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import Order, PageRead
from models import ContentState, RevisionState
from services import access, contents


class WorkStage(enum.StrEnum):
    """Where a work stands; one can be in several: live, with a draft beside it and a version scheduled."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    WITHDRAWN = "WITHDRAWN"
    TAKEN_DOWN = "TAKEN_DOWN"


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Values within one part are alternatives, parts add up; empty means no condition."""

    stages: tuple[WorkStage, ...] = ()
    formats: tuple[models.Format, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        return repr((sorted(self.stages), sorted(self.formats), sorted(self.languages)))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `contents` rows."""
        parts: list[ColumnElement[bool]] = []
        if self.stages:
            parts.append(or_(*(_at(stage) for stage in self.stages)))
        if self.formats:
            parts.append(models.Content.format.in_(self.formats))
        if self.languages:
            parts.append(models.Content.language.in_(self.languages))
        return and_(true(), *parts)


def _at(stage: WorkStage) -> ColumnElement[bool]:
    content, revision = models.Content, models.Revision
    if stage is WorkStage.LIVE:
        return and_(content.is_live)
    if stage in (WorkStage.WITHDRAWN, WorkStage.TAKEN_DOWN):
        return content.state == ContentState(stage.value)
    if stage is WorkStage.DRAFT:
        return and_(content.draft_revision_id.is_not(None), content.state == ContentState.VISIBLE)
    waiting = select(revision.state).where(revision.id == content.waiting_revision_id).scalar_subquery()
    return waiting == RevisionState(stage.value)


of_creators = PageRead(
    "works.of_creators",
    models.Content,
    match=lambda key: models.Content.creator_id == key,
    key_type=BigInteger(),
    visible=access.drafts,
    listed=lambda: models.Content.state != ContentState.ERASED,
    orders=(
        Order("newest", (models.Content.id,)),
        Order("oldest", (models.Content.id,), descending=False),
    ),
    eager=("live_revision", "draft_revision", "waiting_revision"),
    without=contents.TEXTS,
)
