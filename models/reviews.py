"""Reviews: an organisation looks at a revision before it goes out."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class ReviewState(enum.StrEnum):
    """WAITING for a decision, APPROVED, RETURNED to the author with a note, or CANCELLED by who asked for it."""

    WAITING = "WAITING"
    APPROVED = "APPROVED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class Review(Identified, Created, Base):
    """One request for review of one sealed revision. With `publishes` the consent puts it out at once, at the channels of
    `channel_ids` (null: all that match).
    """

    __tablename__ = "reviews"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), unique=True)
    state: Mapped[ReviewState] = mapped_column(server_default="WAITING")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    publishes: Mapped[bool] = mapped_column(server_default=text("false"))
    channel_ids: Mapped[list[int] | None]

    __table_args__ = (
        CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_when_over"),
        CheckConstraint("state <> 'RETURNED' OR note IS NOT NULL", name="returned_says_why"),
        Index("uq_reviews_waiting", "content_id", unique=True, postgresql_where=text("state = 'WAITING'")),
        Index("ix_reviews_organisation_state", "organisation_id", "state", "id"),
    )
