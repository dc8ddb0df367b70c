"""Submissions that stand where they should not: why, since when, and what to do. Found by indexes, in two statements."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core.caller import Caller
from core.reads import Order, PageRead, any_of
from models import Consumer, DirtyKind, RefusalKind
from models import SubmissionState as State
from services import access
from services.channels.findings import Words
from services.submissions import STANDING

DISTRIBUTED_WITHIN = timedelta(minutes=1)
AUDITED_WITHIN = timedelta(days=1)
"""For this long a submission waits for an auditor to take it before it is said that nobody audits."""


class StuckCause(enum.StrEnum):
    """Why a submission stands where it stands."""

    DISTRIBUTION_FAILED = "DISTRIBUTION_FAILED"
    NOT_DISTRIBUTED = "NOT_DISTRIBUTED"
    OVERDUE = "OVERDUE"
    ESCALATED = "ESCALATED"
    CLAIM_LAPSED = "CLAIM_LAPSED"
    NOBODY_AUDITS = "NOBODY_AUDITS"
    REFUSED_FOR_NOW = "REFUSED_FOR_NOW"
    NOT_CONFIRMED = "NOT_CONFIRMED"


ADVICE = {
    StuckCause.DISTRIBUTION_FAILED: Words(
        "Distributing its content fails: `headwater stats` shows how. Any change of the content tries it again.",
        "分发该内容时出错：`headwater stats` 会显示原因。内容有任何改动都会重新尝试。",
    ),
    StuckCause.NOT_DISTRIBUTED: Words(
        "No distributor has come to it: is a worker running?", "还没有分发器处理到它：后台进程是否在运行？"
    ),
    StuckCause.OVERDUE: Words(
        "Its deadline has passed, and nobody moved it: is a worker running?",
        "期限已过而未被处理：后台进程是否在运行？",
    ),
    StuckCause.ESCALATED: Words(
        "An auditor handed it on: an operator has to judge it.", "审核员已上报：需由运营人员裁定。"
    ),
    StuckCause.CLAIM_LAPSED: Words(
        "Whoever took it did not judge it in time: somebody else may take it.",
        "领取者未在时限内审核：其他审核员可以领取。",
    ),
    StuckCause.NOBODY_AUDITS: Words(
        "Nobody has taken it from the audit queue for a day: the channel needs auditors.",
        "超过一天无人领取审核：该频道需要审核员。",
    ),
    StuckCause.REFUSED_FOR_NOW: Words(
        "The channel refused it for now: its integration has to try again, or to say why not.",
        "频道暂时未接收：对接方需重试，或说明拒收原因。",
    ),
    StuckCause.NOT_CONFIRMED: Words(
        "The channel has not said that it shows it: does its integration run?",
        "频道尚未确认展示：其对接程序是否在运行？",
    ),
}
"""What to do about each."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A submission that stands where it should not. `said` is what went wrong, where somebody or something said so; of a
    failure of our own only operators are told what it was.
    """

    submission_id: int
    cause: StuckCause
    since: datetime
    said: str | None

    @property
    def advice(self) -> Words:
        return ADVICE[self.cause]


def _in(*states: State) -> ColumnElement[bool]:
    # not as parameters: the indexes are for these states only
    return models.Submission.state.in_([literal_column(f"'{state.value}'") for state in states])


def is_stuck() -> ColumnElement[bool]:
    """The condition on `submissions` rows, by the time of the database."""
    one, now = models.Submission, func.now()
    too_long = or_(one.deadline_at < now, one.escalated_at.is_not(None), one.claimed_until < now)
    mark = models.DirtyMark
    failing = select(mark.object_id).where(
        mark.consumer == Consumer.DISTRIBUTION, mark.kind == DirtyKind.CONTENT, mark.failure.is_not(None)
    )
    untaken = and_(one.auditor_id.is_(None), one.state_since < now - AUDITED_WITHIN)
    return or_(
        # as an array, which an index can be asked for
        and_(_in(*STANDING), one.content_id == func.any(func.array(failing.scalar_subquery()))),
        and_(_in(State.MACHINE_AUDIT), one.state_since < now - DISTRIBUTED_WITHIN),
        and_(_in(State.ACCEPTED), one.state_since < now - DISTRIBUTED_WITHIN),
        and_(_in(State.HUMAN_AUDIT), or_(too_long, untaken)),
        and_(_in(State.TRIAL), one.deadline_at < now),
        and_(_in(State.DELIVERED), one.deadline_at < now),
        and_(one.refusal == literal_column(f"'{RefusalKind.TRANSIENT.value}'"), _in(State.DELIVERED, State.CONFIRMED)),
    )


# one list of all that the caller may see: its key is always 0
listed = PageRead(
    "submissions.stuck",
    models.Submission,
    match=lambda key: key == 0,
    key_type=BigInteger(),
    visible=access.submissions,
    orders=(Order("oldest", (models.Submission.state_since, models.Submission.id), descending=False),),
    listed=is_stuck,
)


async def of_submissions(session: AsyncSession, caller: Caller, ids: Sequence[int]) -> dict[int, Stuck]:
    """Those of these submissions that are stuck, by id. Reached from ones that the caller may see."""
    rows = await session.execute(_statement().where(models.Submission.id == any_of(ids), is_stuck()))
    found = [_told(row, caller) for row in rows]
    return {one.submission_id: one for one in found}


async def counts(session: AsyncSession) -> dict[StuckCause, int]:
    """How many are stuck, by cause."""
    found = _statement().where(is_stuck()).subquery()
    rows = await session.execute(select(found.c.cause, func.count()).group_by(found.c.cause))
    counted = {str(cause): int(count) for cause, count in rows}
    return {cause: counted[cause.value] for cause in StuckCause if cause.value in counted}


def _statement() -> Any:
    one, mark, event, now = models.Submission, models.DirtyMark, models.SubmissionEvent, func.now()
    last = select(func.max(event.at)).where(event.submission_id == one.id).correlate(one).scalar_subquery()
    is_waiting = one.state.in_((State.MACHINE_AUDIT, State.ACCEPTED))
    causes = (
        (
            and_(one.state.in_(STANDING), mark.failure.is_not(None)),
            StuckCause.DISTRIBUTION_FAILED,
            mark.marked_at,
            mark.failure,
        ),
        (is_waiting, StuckCause.NOT_DISTRIBUTED, one.state_since, None),
        (and_(one.state.in_((State.HUMAN_AUDIT, State.TRIAL)), one.deadline_at < now), StuckCause.OVERDUE, one.deadline_at, None),
        (one.escalated_at.is_not(None), StuckCause.ESCALATED, one.escalated_at, one.escalation),
        (one.claimed_until < now, StuckCause.CLAIM_LAPSED, one.claimed_until, None),
        (one.state == State.HUMAN_AUDIT, StuckCause.NOBODY_AUDITS, one.state_since, None),
        (one.refusal == RefusalKind.TRANSIENT, StuckCause.REFUSED_FOR_NOW, func.coalesce(last, one.state_since), one.reason),
        (one.state == State.DELIVERED, StuckCause.NOT_CONFIRMED, one.deadline_at, None),
    )  # fmt: skip
    whens: list[Any] = [(when, cause.value) for when, cause, _, _ in causes]
    moments: list[Any] = [(when, since) for when, _, since, _ in causes]
    words: list[Any] = [(when, said) for when, _, _, said in causes if said is not None]
    on = and_(mark.consumer == Consumer.DISTRIBUTION, mark.kind == DirtyKind.CONTENT, mark.object_id == one.content_id)
    return select(
        one.id, case(*whens).label("cause"), case(*moments).label("since"), case(*words).label("said")
    ).outerjoin(mark, on)


def _told(row: Any, caller: Caller) -> Stuck:
    cause = StuckCause(row.cause)
    is_ours = cause in {StuckCause.DISTRIBUTION_FAILED, StuckCause.ESCALATED}
    return Stuck(row.id, cause, row.since, row.said if caller.is_operator or not is_ours else None)
