"""The queue of human audit: what waits for a person, in which order, and what that person needs to know of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, false, select, true
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import Order, PageRead, any_of
from models import SubmissionState
from services import access
from services.auditing.grounds import Ground, grounds, packs_of

# as a literal, so that a prepared statement too finds the index that holds nothing but these
WAITING: ColumnElement[bool] = models.Submission.state == bindparam(
    "waiting", SubmissionState.HUMAN_AUDIT, type_=models.Submission.state.type, literal_execute=True
)
TURN = (models.Submission.audit_rank, models.Submission.state_since, models.Submission.id)
"""The order of the queue: by the pack's order of formats, then who waits longest."""

# one list of all that the caller may judge: its key is always 0
waiting = PageRead(
    "audits.waiting",
    models.Submission,
    match=lambda key: and_(key == 0, WAITING),
    key_type=BigInteger(),
    visible=access.auditable,
    orders=(Order("turn", TURN, descending=False),),
)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Values within one part are alternatives, parts add up; empty means no condition. `channels` are keys."""

    channels: tuple[str, ...] = ()
    formats: tuple[models.Format, ...] = ()
    only_mine: bool = False
    only_escalated: bool = False

    @property
    def text(self) -> str:
        """What names the filter: equal filters, equal text."""
        return repr((sorted(self.channels), sorted(self.formats), self.only_mine, self.only_escalated))

    async def condition(self, session: AsyncSession, caller: Caller) -> ColumnElement[bool]:  # noqa: ARG002  (the protocol's)
        """The condition on `submissions` rows. What is not there to be seen matches nothing."""
        one = models.Submission
        parts: list[ColumnElement[bool]] = []
        if self.channels:
            parts.append(one.channel_id.in_(select(models.Channel.id).where(models.Channel.key.in_(self.channels))))
        if self.formats:
            parts.append(of_formats(self.formats))
        if self.only_mine:
            parts.append(one.auditor_id == caller.account_id if caller.account_id is not None else false())
        if self.only_escalated:
            parts.append(one.escalated_at.is_not(None))
        return and_(true(), *parts)


def of_formats(formats: Sequence[models.Format]) -> ColumnElement[bool]:
    content = models.Content
    of_one = select(content.id).where(content.id == models.Submission.content_id, content.format.in_(formats))
    return of_one.correlate(models.Submission).exists()


@dataclass(frozen=True, slots=True)
class Task:
    """A submission for whoever judges it. `stamp` names what there is to be seen: each decision, and so each attempt and
    version, has another. `checklist` are the findings that need eyes, `grounds` what a rejection may name.
    """

    stamp: str
    auditor_id: int | None
    claimed_until: datetime | None
    escalated_at: datetime | None
    escalation: str | None
    checklist: list[dict[str, Any]]
    grounds: list[Ground]


async def tasks(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, Task]:
    """By submission what its auditor needs. Those that wait for nobody, or that the caller may not judge, are absent."""
    one = models.Submission
    rows = await session.execute(
        select(one, models.Decision.findings)
        .outerjoin(models.Decision, models.Decision.id == one.decision_id)
        .where(one.id == any_of(ids), one.state.in_(access.LOOKED_AT), access.auditable(caller))
    )
    found = [(submission, findings) for submission, findings in rows]
    packs = await packs_of(session, {submission.pack_version_id for submission, _ in found})
    reasons = {version_id: list(grounds(pack)) for version_id, pack in packs.items()}
    return {
        submission.id: Task(
            stamp(submission),
            submission.auditor_id,
            submission.claimed_until,
            submission.escalated_at,
            submission.escalation,
            [finding for finding in findings or () if finding["status"] == "manual"],
            reasons.get(submission.pack_version_id, []),
        )
        for submission, findings in found
    }


def stamp(submission: models.Submission) -> str:
    """What an auditor had before them, in 16 letters: every decision has another, and so every attempt and version."""
    seen = f"{submission.uid}.{submission.decision_id}"
    return hashlib.sha256(seen.encode()).hexdigest()[:16]
