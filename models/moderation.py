"""What operators decide about contents and people: appeals against takedowns, and erasures with how far each came."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Created, Identified


class AppealState(enum.StrEnum):
    """WAITING for an operator, GRANTED (the content is back), or REFUSED."""

    WAITING = "WAITING"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


class Appeal(Identified, Created, Base):
    """The author's side objects to a takedown."""

    __tablename__ = "appeals"

    content_id: Mapped[int] = mapped_column(ForeignKey("contents.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    text: Mapped[str]
    state: Mapped[AppealState] = mapped_column(server_default="WAITING")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("(state = 'WAITING') = (decided_at IS NULL)", name="decided_when_over"),
        Index("uq_appeals_waiting", "content_id", unique=True, postgresql_where=sql("state = 'WAITING'")),
        Index("ix_appeals_state", "state", "id"),
    )


class Erasure(Identified, Base):
    """The erasure of an account or a creator. Nothing of theirs is shown from `asked_at`; their words are gone when it is
    finished. `counts` says of how many rows, by table; `digests` are the hashes of files that are still to be looked at.
    """

    __tablename__ = "erasures"

    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("creators.id"), unique=True)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
    digests: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))

    __table_args__ = (
        CheckConstraint("num_nonnulls(account_id, creator_id) = 1", name="one_subject"),
        Index("ix_erasures_unfinished", "id", postgresql_where=sql("finished_at IS NULL")),
    )
