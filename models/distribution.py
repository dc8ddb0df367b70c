"""Submissions of contents to channels, the decisions on them with all that was pinned, and the quota they use."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Enum,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class SubmissionState(enum.StrEnum):
    MACHINE_AUDIT = "MACHINE_AUDIT"
    HUMAN_AUDIT = "HUMAN_AUDIT"
    TRIAL = "TRIAL"
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


_WAITING = "'MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL', 'ACCEPTED'"
_ENDED_BY_CLOCK = "'MACHINE_AUDIT', 'HUMAN_AUDIT', 'TRIAL'"
DELIVERED = (SubmissionState.DELIVERED, SubmissionState.CONFIRMED)
"""The channel has it."""


class SubmissionActor(enum.StrEnum):
    """Whose step it was: the engine's, an auditor's, the channel's, its author's side's, the clock's, an operator's."""

    ENGINE = "ENGINE"
    AUDITOR = "AUDITOR"
    CHANNEL = "CHANNEL"
    AUTHOR = "AUTHOR"
    CLOCK = "CLOCK"
    OPERATOR = "OPERATOR"


class RefusalKind(enum.StrEnum):
    """Why a channel did not take what was delivered: the content, a right that is missing, something that may pass, or not."""

    CONTENT = "CONTENT"
    PERMISSION = "PERMISSION"
    TRANSIENT = "TRANSIENT"
    PERMANENT = "PERMANENT"


class Outcome(enum.StrEnum):
    """What the engine said: fit as it is, fixable by an edit, closed to this creator, or not what the channel takes."""

    ELIGIBLE = "ELIGIBLE"
    FIXABLE = "FIXABLE"
    IMPOSSIBLE = "IMPOSSIBLE"
    NOT_FOR_THIS = "NOT_FOR_THIS"


class Submission(Identified, Created, Base):
    """One content at one channel. `attempt` grows when it is submitted anew; the pack version is pinned."""

    __tablename__ = "submissions"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    state: Mapped[SubmissionState]
    attempt: Mapped[int] = mapped_column(server_default="1")
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id", use_alter=True))
    state_since: Mapped[datetime] = mapped_column(server_default=func.now())
    deadline_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    # what the channel itself said of it: how it is called there, where it stands, or why it was refused
    external_id: Mapped[str | None]
    external_url: Mapped[str | None]
    refusal: Mapped[RefusalKind | None]
    # which of the pack's own reasons a person named who did not let it pass
    reason_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    # what became of its products since it was decided on, by the pack's say: code, uid of the product, since when
    flags: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    # human audit: its turn by the pack's order of formats (lower is sooner), who has it before them, and until when nobody
    # else gets it
    audit_rank: Mapped[int] = mapped_column(server_default=text("0"))
    auditor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    claimed_until: Mapped[datetime | None]
    # why an auditor handed it on to operators
    escalated_at: Mapped[datetime | None]
    escalation: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("content_id", "channel_id"),
        CheckConstraint("(auditor_id IS NULL) = (claimed_until IS NULL)", name="claimed_by_somebody"),
        CheckConstraint("(escalated_at IS NULL) = (escalation IS NULL)", name="escalated_for_a_reason"),
        Index("ix_submissions_channel_state", "channel_id", "state", "state_since"),
        Index("ix_submissions_deadline", "deadline_at", postgresql_where=text("deadline_at IS NOT NULL")),
        # what waits for somebody, and what the clock ends
        Index("ix_submissions_waiting", "state", "state_since", postgresql_where=text(f"state IN ({_WAITING})")),
        Index("ix_submissions_overdue", "deadline_at", postgresql_where=text(f"state IN ({_ENDED_BY_CLOCK})")),
        Index("ix_submissions_refused", "id", postgresql_where=text("refusal = 'TRANSIENT'")),
        Index("ix_submissions_auditor", "auditor_id", postgresql_where=text("auditor_id IS NOT NULL")),
        Index(
            "ix_submissions_queue",
            "audit_rank",
            "state_since",
            "id",
            postgresql_where=text("state = 'HUMAN_AUDIT'"),
        ),
    )


def _state(column: str) -> Enum:
    """A state with a check of its own name: a table that has two of them needs two."""
    return Enum(SubmissionState, native_enum=False, create_constraint=True, length=40, name=column)


class SubmissionEvent(Base):
    """A step of a submission: from which state to which, when, by whom, why. Never changed, but by an erasure."""

    __tablename__ = "submission_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    attempt: Mapped[int]
    # none: it was made by this step
    from_state: Mapped[SubmissionState | None] = mapped_column(_state("from_state"))
    to_state: Mapped[SubmissionState] = mapped_column(_state("to_state"))
    at: Mapped[datetime]
    taken_by: Mapped[SubmissionActor]
    # who that was, by name
    actor: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None]
    reason_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        Index("ix_submission_events_submission", "submission_id", "id"),
        Index("ix_submission_events_account", "account_id", postgresql_where=text("account_id IS NOT NULL")),
    )


class FactSnapshot(Base):
    """What was known of creator, products, pictures and tags when something was decided; stored once by its digest."""

    __tablename__ = "fact_snapshots"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]

    __table_args__ = (CheckConstraint("octet_length(digest) = 32", name="is_sha256"),)


class Decision(Identified, Base):
    """What the engine said of a submission and everything needed to say it again. Never changed."""

    __tablename__ = "decisions"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    attempt: Mapped[int]
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    pack_version_id: Mapped[int] = mapped_column(ForeignKey("pack_versions.id"))
    snapshot_digest: Mapped[bytes] = mapped_column(ForeignKey("fact_snapshots.digest"))
    outcome: Mapped[Outcome]
    findings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    quota_used: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    engine_version: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (Index("ix_decisions_submission", "submission_id", "attempt"),)


class QuotaPeriod(enum.StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    TOTAL = "TOTAL"


class QuotaCounter(Base):
    """How much of a channel's quota is used in a period; creator 0 counts for the channel as a whole. Changed only by
    one conditional statement, so fifty submissions at once cannot overdraw it.
    """

    __tablename__ = "quota_counters"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    creator_id: Mapped[int]
    period: Mapped[QuotaPeriod]
    starts_on: Mapped[date]
    used_count: Mapped[int]

    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "creator_id", "period", "starts_on"),
        CheckConstraint("used_count >= 0", name="not_negative"),
    )


class QuotaUse(Base):
    """One attempt of one submission took quota: at most once, however often it is retried."""

    __tablename__ = "quota_uses"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    attempt: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (PrimaryKeyConstraint("submission_id", "attempt"),)
